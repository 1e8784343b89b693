"""Whether every variable has a value when it is needed.

Values come from positive literals, from ``=`` with a side whose variables have values, from the
target of an aggregate, and in a rule about an action from the action's arguments: the question
binds those. In a rule of a relation with modes the question binds the columns with a plus. A literal of
such a relation takes values in these columns, and gives values in the others once it has them.

A variable inside the braces of an aggregate is *shared* where it stands outside them too. A shared
variable that something outside the braces binds keeps that value; one that nothing else binds is a
*group*: the aggregate is worked out for each of its values that occurs, and binds it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mpr_logic.analysis.report import declaration
from mpr_logic.analysis.terms import (
    inner_terms,
    item_terms,
    item_vars,
    names,
    plain,
    term_span,
    term_vars,
    vars_of,
)
from mpr_logic.language.ast import Aggregate, Comparison, Const, Literal, Var

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mpr_logic.analysis.program import Schema
    from mpr_logic.analysis.report import DiagnosticCollector
    from mpr_logic.analysis.resolve import Resolved
    from mpr_logic.language.ast import BodyItem, Span, Term


def positive(body: Iterable[BodyItem]) -> set[str]:
    """The variables that stand as arguments of positive literals without modes, braces left out."""
    return {
        t.name
        for item in body
        if isinstance(item, Literal) and not item.given
        for t in item.binding
        if isinstance(t, Var) and t.name != "_"
    }


def assigned(body: Sequence[BodyItem], known: set[str]) -> set[str]:
    """``known`` and the variables that ``=`` and literals with modes bind from it."""
    known = set(known)
    equations = [i for i in body if isinstance(i, Comparison) and i.op == "="]
    asked = [i for i in body if isinstance(i, Literal) and i.given and not i.negated]
    progress = True
    while progress:
        progress = False
        for literal in asked:
            if names(vars_of(literal.atom.args[: literal.given])) <= known:
                found = {t.name for t in literal.binding if isinstance(t, Var) and t.name != "_"}
                progress = progress or not found <= known
                known |= found
        for item in equations:
            for side, other in ((item.left, item.right), (item.right, item.left)):
                if isinstance(side, Var) and side.name != "_" and side.name not in known:
                    occurrences = list(term_vars(other))
                    if names(occurrences) <= known and not any(v.anonymous for v in occurrences):
                        known.add(side.name)
                        progress = True
    return known


def bound_outside(body: Sequence[BodyItem], given: set[str]) -> set[str]:
    """The variables that something other than the braces of an aggregate binds."""
    targets = {i.target.name for i in body if isinstance(i, Aggregate) and isinstance(i.target, Var)}
    return assigned(body, given | positive(body) | targets)


def shared(args: Sequence[Term], body: Sequence[BodyItem], aggregate: Aggregate) -> set[str]:
    """The variables inside the braces of an aggregate that stand outside of all braces too."""
    outside = {n for term in args for n in names(term_vars(term))}
    for item in body:
        for term in item_terms(item):
            outside |= names(term_vars(term))
    return outside & {n for term in inner_terms(aggregate) for n in names(term_vars(term))}


def groups(args: Sequence[Term], body: Sequence[BodyItem], given: set[str], aggregate: Aggregate) -> set[str]:
    """The group variables that an aggregate binds."""
    return shared(args, body, aggregate) - bound_outside(body, given)


class Safety:
    """The check of one clause; every variable is reported once."""

    def __init__(self, clause: Resolved, schema: Schema, report: DiagnosticCollector) -> None:
        self.clause = clause
        self.schema = schema
        self.report = report
        self.blamed: set[str] = set()
        self.given = names(v for t in clause.args[: clause.given] for v in term_vars(t))
        self.outside = bound_outside(clause.body, self.given)
        self.bound = self.outside

    def check(self) -> None:
        """Report every variable that has no value where it needs one."""
        clause = self.clause
        aggregates = [i for i in clause.body if isinstance(i, Aggregate)]
        inside = {id(a): shared(clause.args, clause.body, a) for a in aggregates}
        bound = set(self.outside)
        for each in aggregates:
            bound |= inside[id(each)] & assigned(each.body, positive(each.body))
        self.bound = bound = assigned(clause.body, bound)
        for item in clause.body:
            self._item(item, bound)
            if isinstance(item, Aggregate):
                self._aggregate(item, inside[id(item)])
        self._head(bound)
        if aggregates and not self.blamed:
            self._order(aggregates, inside)

    def _head(self, bound: set[str]) -> None:
        clause = self.clause
        for term in clause.args[clause.given :]:
            for var in term_vars(term):
                span = term_span(var, clause.clause.head.span)
                if var.anonymous:
                    message = "`_` in a head stands for no value"
                    self._blame(var, "E0302", message, span, "name a variable of the body")
                elif var.name not in bound and not clause.clause.body and not clause.given:
                    message = f"`{var.name}` is a variable, but a fact has none"
                    help = "a constant begins with a lower-case letter, or is quoted"
                    self._blame(var, "E0301", message, span, help)
                elif var.name not in bound:
                    message = f"`{var.name}` in the head is bound by nothing in the body"
                    self._blame(var, "E0301", message, span, self._bind(var))

    def _item(self, item: BodyItem, bound: set[str]) -> None:
        if isinstance(item, Literal):
            self._literal(item, bound)
        elif isinstance(item, Aggregate):
            if isinstance(item.target, Var) and item.target.anonymous:
                span = term_span(item.target, item.span)
                self._blame(item.target, "E0304", "`_` cannot take a value", span, "name a variable")
        else:
            for term in item_terms(item):
                self._needs(term, bound, item.span)

    def _literal(self, item: Literal, bound: set[str]) -> None:
        for place, term in enumerate(item.atom.args):
            if place < item.given:
                self._asked(item, place, bound)
            elif not isinstance(term, Var):
                self._needs(term, bound, item.span)
            elif item.negated and term.name != "_" and term.name not in bound:
                name = plain(term.name)
                self._blame(
                    term,
                    "E0303",
                    f"`{name}` stands in a negated literal, but nothing binds it",
                    term_span(term, item.span),
                    f"write `_` where any value will do, or bind `{name}` by a positive literal"
                    f"{self._by_question(term)}",
                )

    def _asked(self, item: Literal, place: int, bound: set[str]) -> None:
        """Report a column that the literal needs a value in and has none."""
        asked, param = item.atom.name, self.schema.relations[item.atom.name].params[place]
        for var in term_vars(item.atom.args[place]):
            span = term_span(var, item.span)
            if var.anonymous:
                message = f"`{asked}` is asked of a value: its argument `{param.name}` cannot be left open"
                help = f"give `{param.name}` a constant, or a variable that something else in the body binds"
                self._blame(var, "E0309", message, span, help)
            elif var.name not in bound:
                name = plain(var.name)
                message = f"`{name}` has no value, and argument `{param.name}` of `{asked}` needs one"
                help = f"bind `{name}` by a literal that lists its values{self._by_question(var)}"
                self._blame(var, "E0309", message, span, help)

    def _needs(self, term: Term, bound: set[str], span: Span) -> None:
        for var in term_vars(term):
            if var.anonymous:
                message = "`_` has no value to compare or to compute with"
                help = "name a variable that a positive literal binds"
                self._blame(var, "E0304", message, term_span(var, span), help)
            elif var.name not in bound:
                message = f"`{plain(var.name)}` has no value here: nothing binds it"
                self._blame(var, "E0304", message, term_span(var, span), self._bind(var))

    def _aggregate(self, item: Aggregate, inside: set[str]) -> None:
        bound = assigned(item.body, positive(item.body) | (inside & self.outside))
        for inner in item.body:
            self._item(inner, bound)
        if item.expression is not None:
            self._needs(item.expression, bound, item.span)

    def _order(self, aggregates: list[Aggregate], inside: dict[int, set[str]]) -> None:
        """Aggregates that use each other's results have no order in which they could run."""
        body = self.clause.body
        known = assigned(body, self.given | positive(body))
        left = list(aggregates)
        while left:
            ready = [a for a in left if inside[id(a)] & self.outside <= known]
            if not ready:
                self.report.error(
                    "E0306",
                    "this aggregate needs a value that depends on its own",
                    left[0].span,
                    "bind "
                    + ", ".join(f"`{n}`" for n in sorted(inside[id(left[0])] & self.outside - known))
                    + " by a positive literal, or by a rule of its own",
                )
                return
            for each in ready:
                known |= names(item_vars(each)) & (inside[id(each)] | names(term_vars(each.target)))
            known = assigned(body, known)
            left = [a for a in left if a not in ready]

    def _blame(self, var: Var, code: str, message: str, span: Span, help: str) -> None:
        if var.name not in self.blamed or var.anonymous:
            self.blamed.add(var.name)
            self.report.error(code, message, span, help)

    def _bind(self, var: Var) -> str:
        name = plain(var.name)
        return f"let a positive literal of the body have `{name}` as an argument{self._by_question(var)}"

    def _by_question(self, var: Var) -> str:
        """The declaration by which a question would give the variable a value; nothing where none would."""
        clause = self.clause
        signature = self.schema.relations.get(clause.clause.head.name)
        if var not in clause.args or clause.clause.kind != "relation" or not clause.clause.body:
            return ""
        if signature is None or signature.span is None or not signature.plain:
            return ""
        open_ = [place for place, term in enumerate(clause.args) if {*names(term_vars(term))} - self.bound]
        marked = clause.args[: open_[-1] + 1]
        if not all(isinstance(term, (Var, Const)) for term in marked):
            return ""
        params = [replace(p, bound=p.bound or i < len(marked)) for i, p in enumerate(signature.params)]
        asked = replace(signature, params=tuple(params))
        return f"; or declare .decl {declaration(asked)}: then each question gives it"
