"""Types: their order, the types of a clause's variables, and whether every argument fits its column.

The built-in types stand as ``bool <: symbol <: any`` and ``int <: float <: any``; ``time``, ``date`` and
``duration`` stand right under ``any``. A declared type stands under its base. A constant and a computed
value have a *value type*, written ``=int``: they belong to every type over that base, since no declaration
lists the members of a type.

A variable has the narrowest of the types of the columns that bind it: positive literals, and the action of a
rule that speaks of one. A variable that ``=`` or an aggregate computes has a value type.
"""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from mpr_logic.analysis.occurrences import AGE, CLASS, split_numbered
from mpr_logic.analysis.report import argument, did_you_mean, some_of
from mpr_logic.analysis.terms import (
    EXPANDED,
    checked,
    flat,
    item_terms,
    item_vars,
    literals,
    names,
    plain,
    term_span,
    term_vars,
)
from mpr_logic.analysis.times import (
    MOMENTS,
    as_moment,
    moment_type,
    no_argument,
    no_moment,
    no_result,
    no_zone,
)
from mpr_logic.language.ast import (
    NOWHERE,
    Aggregate,
    Arithmetic,
    Call,
    Comparison,
    Const,
    Literal,
    Named,
    Param,
    Test,
    Var,
)
from mpr_logic.language.functions import EXPRESSIONS, FUNCTIONS
from mpr_logic.language.hints.foreign import TYPES
from mpr_logic.language.moments import Moment, kinds_of
from mpr_logic.language.printer import print_item, print_term, print_value
from mpr_logic.language.sets import is_set, set_kind, set_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from mpr_logic.analysis.desugar.part import SetFacts
    from mpr_logic.analysis.program import Schema, Signature
    from mpr_logic.analysis.report import DiagnosticCollector
    from mpr_logic.analysis.resolve import Resolved
    from mpr_logic.language.ast import BodyItem, Span, Term, Value


BUILTIN = ("symbol", "int", "float", "bool", "any", *MOMENTS)
UNKNOWN = "?"
"""The type of an argument of which inference knows nothing yet."""
NUMBERS = ("int", "float")
SYMBOLS = ("symbol", "bool")
_OVER = {"bool": "symbol", "symbol": "any", "int": "float", "float": "any", **dict.fromkeys(MOMENTS, "any")}


def base(types: Mapping[str, str], name: str) -> str:
    """The built-in type under a declared one, or of a value type (``=int`` gives ``int``)."""
    if name[0] == "=":
        return name[1:]
    while name in types:
        name = types[name]
    return name


def under(types: Mapping[str, str], lower: str, upper: str) -> bool:
    """Whether every value of type ``lower`` may stand where ``upper`` is asked for."""
    if upper == "any" or lower == upper:
        return True
    if lower[0] == "=":
        lower, upper, types = lower[1:], base(types, upper), {}
    step: str | None = lower
    while step is not None:
        if step == upper:
            return True
        step = types.get(step) or _OVER.get(step)
    return False


def meet(types: Mapping[str, str], first: str, second: str) -> str | None:
    """The narrower of two types; None where neither is under the other."""
    if first[0] == "=" and second[0] != "=":  # a declared type says more than a value's
        return second if base(types, first) == base(types, second) else _narrower(types, first, second)
    return _narrower(types, first, second)


def _narrower(types: Mapping[str, str], first: str, second: str) -> str | None:
    if under(types, first, second):
        return first
    return second if under(types, second, first) else None


def join(first: str, second: str) -> str:
    """The type that inference gives to values of two built-in types."""
    if first == second:
        return first
    return "symbol" if first in SYMBOLS and second in SYMBOLS else "any"


def value_type(value: Value) -> str:
    """The built-in type of a constant: bool for ``true`` and ``false``, else symbol, int or float."""
    if isinstance(value, str):
        return "bool" if value in ("true", "false") else "symbol"
    if isinstance(value, Moment):
        return value.type_
    return "int" if isinstance(value, int) else "float"


def comparable(first: str, second: str) -> bool:
    """Whether values of two built-in types may be equal or in order: numbers, symbols, times, or unknown."""
    return "any" in (first, second) or _kind(first) == _kind(second)


def _kind(name: str) -> str:
    return "number" if name in NUMBERS else "symbol" if name in SYMBOLS else name


def listing(members: Collection[str], types: Mapping[str, str], name: str) -> str | None:
    """The type, from this one upwards, that lists the values of a type; None where none does."""
    step: str | None = name
    while step is not None and step not in members:
        step = types.get(step)
    return step


def shown(name: str) -> str:
    """A type as a message names it."""
    return name.removeprefix("=")


# ---- the types of a clause: its variables, and whether every argument fits its column

NUMBER = Param("#call", "int")  # of a call, which no text can name
_POSITION = "positions count the calls from 1; when one was made is in `called_at(I, _, T)`"
LARGEST = int(sys.float_info.max)  # an int over it has no float
ARTICLE = {"int": "an int", "any": "a value of any type"}


def columns_of(schema: Schema, core: str) -> Signature:
    """The declaration behind a core relation that a body or a fact speaks of."""
    word, space, name = core.partition(" ")
    if not space:
        return schema.relations[word]
    if is_set(core):
        return _set_signature(core)
    if core.startswith(AGE):
        from mpr_logic.analysis.program import Signature  # which looks at the types of a clause

        return Signature(core, (NUMBER, Param("#age", "any")), ("int", "any"))
    prefix, plain = split_numbered(core)
    if prefix:
        action = columns_of(schema, plain)
        params, bases = (NUMBER, *action.params), ("int", *action.bases)
        members = (None, *action.members) if action.members else ()
        return replace(action, params=params, bases=bases, members=members)
    if core.startswith(CLASS):
        return schema.classes[name.partition(" ")[2]].signature
    return schema.relations[name] if word == "not" else schema.actions[name]


def _set_signature(core: str) -> Signature:
    """The column of a set: its members have the type of a value, as constants have."""
    from mpr_logic.analysis.program import Signature  # which looks at the types of a clause

    kind = set_kind(core)
    column = Param("member", kind if kind == "any" else f"={kind}")
    return Signature(f"in {set_text(core)}", (column,), (kind,), span=NOWHERE)


class Typing:
    """The types of one clause. ``env`` maps a variable to its type, once :meth:`infer` has run. ``sets`` are
    the sets by the names of their relations."""

    def __init__(
        self, schema: Schema, report: DiagnosticCollector, sets: Mapping[str, SetFacts] | None = None
    ) -> None:
        self.schema = schema
        self.types = schema.types
        self.report = report
        self.env: dict[str, str] = {}
        self._sets = sets or {}
        self._within: dict[str, tuple[Value, ...]] = {}  # the set that a variable is in
        self._wide: dict[str, str] = {}  # the type that a variable would have without the set that it is in
        self._why: dict[str, str] = {}
        self._folded: dict[str, str] = {}  # what is summed to a variable, or is the least or the largest
        self._clash: set[str] = set()  # variables of two types: one report is enough

    def check(self, clause: Resolved) -> dict[str, str]:
        """Report what does not fit; returns the types of the variables."""
        self.infer(clause.args[: clause.given], clause.columns[:1], clause.body)
        self._head(clause)
        for item in flat(clause.body):
            self._item(item)
        return self.env

    def infer(self, given: Sequence[Term], columns: Sequence[Signature], body: Sequence[BodyItem]) -> None:
        """Find the types of the variables: those of the columns that bind them, then of what is computed."""
        if given:
            self._see_all(given, columns[0], 0)
        sets: list[Literal] = []
        for literal in literals(body):
            if literal.negated:
                continue
            name = literal.atom.name
            if " " in name and is_set(name):
                sets.append(literal)
            else:
                signature = columns_of(self.schema, name)
                self._see_all(literal.atom.args, signature, literal.given)
        tests = type_tests(body)
        computed = [i for i in flat(body) if isinstance(i, (Comparison, Aggregate))]
        outside = {id(item) for item in body}
        self._narrow(tests)
        for literal in sets:
            self._see_member(literal, outside=id(literal) in outside)
        self._computed(computed)
        self._narrow(tests)
        if sets:  # what nothing else binds has the type of the members
            for literal in sets:
                self._see_member(literal, outside=id(literal) in outside, binds=True)
            self._computed(computed)

    def type_of(self, term: Term) -> str | None:
        """The type of a term; None where a variable in it is bound by nothing."""
        if isinstance(term, Var):
            return self.env.get(term.name)
        if isinstance(term, Const):
            return f"={value_type(term.value)}"
        if isinstance(term, Call):
            return f"={FUNCTIONS[term.function].gives}"
        if isinstance(term, Named):
            raise TypeError(EXPANDED)
        left, right = self.type_of(term.left), self.type_of(term.right)
        if left is None or right is None:
            return None
        operands = {base(self.types, left), base(self.types, right)}
        if operands & set(MOMENTS):
            found = moment_type(term.op, base(self.types, left), base(self.types, right))
            return f"={found}" if found else None  # an error of its own
        if operands & set(SYMBOLS):
            return None  # an error of its own
        if operands == {"int"}:
            return "=int"
        return "=float" if "float" in operands else "=any"

    # -- finding ------------------------------------------------------------------------------

    def _see_all(self, args: Sequence[Term], signature: Signature, first: int) -> None:
        """See what the columns from ``first`` on say of their variables."""
        for term, param in zip(args[first:], signature.params[first:], strict=False):
            if isinstance(term, Var) and term.name != "_" and param.type != UNKNOWN:
                self._see(term, param.type, argument(param), signature)

    def _see_member(self, literal: Literal, *, outside: bool, binds: bool = False) -> None:
        """See a variable in a set. Outside of braces the type of the members takes the place of a wider one:
        what comes as `any`, and is one of a few names, may stand wherever these may."""
        (var,), kind = literal.atom.args, set_kind(literal.atom.name)
        if not isinstance(var, Var):
            return
        old = self.env.get(var.name)
        narrows = kind in SYMBOLS if old == "symbol" else old == "any" and kind not in ("any", "float")
        if (old is None and binds) or (outside and narrows):
            signature = columns_of(self.schema, literal.atom.name)
            self._wide[var.name] = old or "any"
            self.env[var.name] = signature.params[0].type
            self._why[var.name] = f"the set {set_text(literal.atom.name)}"
        if outside and literal.atom.name in self._sets:
            self._within.setdefault(var.name, self._sets[literal.atom.name].values)

    def _see(self, var: Var, type_: str, argument_: str, signature: Signature) -> None:
        place = f"{argument_} of `{signature.name}`"
        old = self.env.get(var.name)
        if old is None:
            self.env[var.name], self._why[var.name] = type_, place
            return
        narrower = meet(self.types, old, type_)
        if narrower is None:
            if self._is_lenient(signature, old, type_) or var.name in self._clash:
                self.env[var.name] = "any"  # the types were inferred: nobody said what it takes
                return
            self._clash.add(var.name)
            self.report.error(
                "E0206",
                f"`{plain(var.name)}` cannot be of type `{shown(old)}` and of type `{shown(type_)}`",
                var.span,
                f"{self._why[var.name]} takes `{shown(old)}`, {place} takes `{shown(type_)}`, "
                "and neither stands under the other",
            )
        elif narrower != old:
            self.env[var.name], self._why[var.name] = narrower, place

    def _narrow(self, tests: Iterable[tuple[str, str]]) -> None:
        """Give the variables of which ``is`` asks the type that it asks for."""
        for name, kind in tests:
            known = self.env.get(name)
            if kind not in BUILTIN and kind not in self.types:
                self._clash.add(name)  # of what type it is meant to be nobody knows
                continue
            narrower = None if known is None else self._meeting(known, kind)
            if narrower is not None and narrower != known:
                self.env[name], self._why[name] = narrower, f"`{plain(name)} is {kind}`"

    def _meeting(self, found: str, kind: str) -> str | None:
        """The type of what is of one type and passes the test for another; None where nothing is."""
        return meet(self.types, "any" if found == "=any" else found, kind)

    def _computed(self, items: list[Comparison | Aggregate]) -> None:
        # a chain X = Y + 1, Y = Z + 1 may be written in any order; what is set to the text of a time may be a
        # time by what else it is set to
        for some in ([item for item in items if not _text_of_moment(item)], items):
            progress = True
            while progress:
                progress = False
                for item in some:
                    progress = self._assign(item) or progress

    def _assign(self, item: Comparison | Aggregate) -> bool:
        if isinstance(item, Aggregate):
            bound = self._bind(item.target, self._aggregate_type(item))
            if bound and isinstance(item.target, Var) and isinstance(item.expression, Var):
                self._why[item.target.name] = f"`{item.function} {plain(item.expression.name)}`"
                self._folded[item.target.name] = plain(item.expression.name)
            return bound
        if item.op != "=":
            return False
        left = self._bind(item.left, self.type_of(item.right))
        return self._bind(item.right, self.type_of(item.left)) or left

    def _bind(self, term: Term, type_: str | None) -> bool:
        if not isinstance(term, Var) or term.name == "_" or type_ is None or term.name in self.env:
            return False
        self.env[term.name] = type_
        self._why[term.name] = _SET
        return True

    def _aggregate_type(self, item: Aggregate) -> str | None:
        if item.expression is None:
            return "=int"
        found = self.type_of(item.expression)
        if found is None or item.function != "sum":
            return found
        number = base(self.types, found)
        return None if number in (*SYMBOLS, "time", "date") else f"={number}"

    # -- checking -----------------------------------------------------------------------------

    def _head(self, clause: Resolved) -> None:
        place = 0
        for signature in clause.columns:
            for param in signature.params:
                term = clause.args[place]
                self._operands(term)
                found = self.type_of(term)
                wrong = found is not None and not under(self.types, found, param.type)
                wrong = wrong and not self._is_moment(term, param.type)
                if found is not None and (wrong or self._too_large(term, param.type)):
                    self._misfit(term, found, param, signature, clause.clause.head.span)
                elif found is not None and found[0] == "=" and self.schema.members:
                    self._listed(term, param, term_span(term, clause.clause.head.span))
                place += 1

    def _listed(self, term: Term, param: Param, span: Span) -> None:
        """Report a computed term in a column of an enumerated type, where no set says that it is of it."""
        over = listing(self.schema.members, self.types, param.type)
        within: tuple[Value, ...] | None = FUNCTIONS[term.function].values if isinstance(term, Call) else None
        within = (self._within.get(term.name) if isinstance(term, Var) else within) or None
        if over is None or isinstance(term, Const):
            return
        if within is None or not set(within) <= set(self.schema.members[over]):
            some = some_of(self.schema.members[over])
            self.report.error(
                "E0231",
                f"this may be none of the values of `{over}`, which {argument(param)} takes",
                span,
                f"add an item that says so: {term.name if isinstance(term, Var) else 'X'} in {{{some}}}",
            )

    def _item(self, item: BodyItem) -> None:
        if isinstance(item, Literal):
            self._literal(item)
        elif isinstance(item, Comparison):
            self._operands(item.left)
            self._operands(item.right)
            if not self._compares_moments(item) and item.op not in ("=", "!="):
                self._order(item)
        elif isinstance(item, Aggregate):
            self._aggregate(item)
        else:
            self._test(item)

    def _member(self, literal: Literal) -> None:
        """Report a term that can be none of the members of a set."""
        (term,), name = literal.atom.args, literal.atom.name
        self._operands(term)
        wide = self._wide.get(term.name) if isinstance(term, Var) else None
        kind = base(self.types, wide or self.type_of(term) or "any")
        if kind in MOMENTS and name in self._sets:
            for value in self._sets[name].values:
                if value_type(value) != kind and as_moment(value, kind) is None:
                    message = f"{print_value(value)} is no {kind}, and `{print_term(term)}` is one"
                    help = no_moment(Const(value), value_type(value), kind)
                    self.report.error("E0207", message, literal.span, help)
        elif not comparable(kind, set_kind(name)):
            message = f"`{print_term(term)}` is {_a(kind)}, and no member of {set_text(name)} is"
            help = self._why.get(term.name, "the body") if isinstance(term, Var) else ""
            help = f"{help} makes it `{kind}`: list values of that type" if help else f"list values of {kind}"
            self.report.error("E0206", message, term_span(term, literal.span), help)

    def _literal(self, literal: Literal) -> None:
        name = literal.atom.name
        if " " in name and is_set(name):
            self._member(literal)
            return
        signature = columns_of(self.schema, name)
        for term, param in zip(literal.atom.args, signature.params, strict=True):
            self._operands(term)
            found = self.type_of(term)
            if found is None:
                continue
            if param.bound:
                # its rules take the value as it is: no row is there to choose by its kind
                kind, wanted = base(self.types, found), base(self.types, param.type)
                fits = under(self.types, kind, wanted) and not self._too_large(term, param.type)
                fits = fits and meet(self.types, shown(found), param.type) is not None
                fits = fits or self._is_moment(term, param.type)
            elif isinstance(term, Var):
                # a positive literal has narrowed the variable; a negated one only asks
                fits = meet(self.types, found, param.type) is not None
            else:
                fits = under(self.types, found, param.type) or found == "=any"
                fits = fits and not self._too_large(term, param.type)
                fits = fits or self._is_moment(term, param.type)
            if not fits and not self._is_lenient(signature, found, param.type):
                self._misfit(term, found, param, signature, literal.span)

    def _is_lenient(self, signature: Signature, found: str, wanted: str) -> bool:
        """Whether another type is no error: of a column whose type was inferred, since nobody said what it
        takes; and of a built-in relation among numbers, which are compared by their values."""
        if signature.builtin:
            return {base(self.types, each.removeprefix("=")) for each in (found, wanted)} <= set(NUMBERS)
        return signature.span is None

    def _is_moment(self, term: Term, wanted: str) -> bool:
        """Whether a text stands for a value of a type of time, which is wanted here."""
        return isinstance(term, Const) and as_moment(term.value, base(self.types, wanted)) is not None

    def _too_large(self, term: Term, wanted: str) -> bool:
        value = term.value if isinstance(term, Const) else 0
        return isinstance(value, int) and abs(value) > LARGEST and base(self.types, wanted) == "float"

    def _misfit(self, term: Term, found: str, param: Param, signature: Signature, span: Span) -> None:
        if isinstance(term, Var) and term.name in self._clash:
            return
        place = f"{argument(param)} of `{signature.name}` takes `{param.type}`"
        span = term_span(term, span)
        if param is NUMBER and isinstance(term, Const):
            self.report.error(
                "E0207", f"`{term.value}` is {_a(found)}, but a position is an int", span, _POSITION
            )
            return
        if isinstance(term, Var):
            self.report.error(
                "E0206",
                f"`{plain(term.name)}` is of type `{shown(found)}`, but {place}",
                span,
                f"{self._why.get(term.name, 'the body')} makes it `{shown(found)}`: bind it more narrowly, "
                f"or declare .type {shown(found)} <: {param.type} if that is so"
                if found in self.types and param.type in self.types
                else f"{self._why.get(term.name, 'the body')} makes it `{shown(found)}`"
                + self._declare(term, found, param),
            )
        else:
            what = f"`{term.value}` is" if isinstance(term, Const) else "this is"
            found = base(self.types, found)
            if base(self.types, param.type) in MOMENTS:
                self.report.error(
                    "E0260",
                    f"{what} {_a(found)}, but {place}",
                    span,
                    no_moment(term, found, base(self.types, param.type)),
                )
                return
            meant = self._meant(term)
            help = f"{_hint(param.type)}; {meant}" if meant else _hint(param.type)
            self.report.error("E0207", f"{what} {_a(found)}, but {place}", span, help)

    def _declare(self, term: Var, found: str, param: Param) -> str:
        """Help for a variable that may be limited to the values of an enumerated type; or for one that is
        computed from columns of any type, the declaration to change."""
        over = listing(self.schema.members, self.types, param.type)
        if over is not None and base(self.types, found) in (base(self.types, over), "any"):
            return f"; or say which: {plain(term.name)} in {{{some_of(self.schema.members[over])}}}"
        if found.removeprefix("=") != "any":
            return ""
        if (folded := self._folded.get(term.name)) is not None:
            return f": inside the braces test `{folded} is {param.type}`"
        test = f"test it: `{plain(term.name)} is {param.type}`"
        if self._why.get(term.name) != _SET:
            return f": {test}"
        return (
            f", since a column that it is computed from is of type any: declare that one as `{param.type}`, "
            f"or {test}"
        )

    def _operands(self, term: Term) -> None:
        """Report arithmetic on what is no number, and text functions on what is no text."""
        if isinstance(term, Arithmetic):
            for side in (term.left, term.right):
                self._operands(side)
            kinds = [base(self.types, self.type_of(side) or "any") for side in (term.left, term.right)]
            if not set(MOMENTS).isdisjoint(kinds):
                if moment_type(term.op, kinds[0], kinds[1]) is None:
                    self.report.error("E0261", *no_result(term, *kinds))
                return
            for side in (term.left, term.right):
                self._want(side, NUMBERS, f"`{term.op}` takes numbers", term.span)
        elif isinstance(term, Call):
            self._call(term)

    def _call(self, term: Call) -> None:
        """Report the arguments of a function that are not what it takes."""
        function = FUNCTIONS[term.function]
        for place, each in enumerate(term.args):
            self._operands(each)
            kind = function.type_at(place, len(term.args))
            if kind == "symbol":
                self._want(each, SYMBOLS, f"`{term.function}` takes a symbol", term.span)
            elif kind == "int":
                self._want(each, ("int",), f"`{term.function}` takes an int", term.span)
            elif kind in MOMENTS:
                found = base(self.types, self.type_of(each) or "any")
                if found not in (kind, "any"):
                    self.report.error(*no_argument(term, each, found, kind))
        written = checked(term)
        if written is None or not isinstance(written.value, str):
            return
        if term.function not in EXPRESSIONS:
            if (fault := no_zone(written, term)) is not None:
                self.report.error(*fault)
        elif self._expression(written, "group", term.span):
            self._group(written.value, term)

    def _group(self, pattern: str, term: Call) -> None:
        """Report a group that an expression does not have."""
        which = term.args[2]
        groups = regex_groups(pattern)
        if isinstance(which, Const) and which.value not in (0, *groups):
            numbers = sum(isinstance(each, int) for each in groups)
            have = "no groups" if not numbers else "one group" if numbers == 1 else f"{numbers} groups"
            self.report.error(
                "E0252",
                f"the expression has {have}, and none is `{print_term(which)}`",
                term_span(which, term.span),
                "groups are counted from 1 by their opening parentheses, `(?P<name>..)` has a name too; "
                "0 is all that matches",
            )

    def _expression(self, pattern: Const, name: str, span: Span) -> bool:
        """Report a constant that is no regular expression; whether it is one."""
        if not isinstance(pattern.value, str):
            return False
        wrong = regex_fault(pattern.value)
        if wrong is not None:
            self.report.error(
                "E0217",
                f"this is no regular expression: {wrong}",
                term_span(pattern, span),
                f"`{name}` takes RE2's syntax, which has no back-references and no look-around",
            )
        return wrong is None

    def _want(self, term: Term, wanted: Sequence[str], rule: str, span: Span) -> None:
        found = self.type_of(term)
        if found is None or base(self.types, found) in (*wanted, "any"):
            return
        what = "this"
        if isinstance(term, (Var, Const)):
            what = f"`{plain(term.name) if isinstance(term, Var) else term.value}`"
        self.report.error(
            "E0212",
            f"{rule}, but {what} is {_a(base(self.types, found))}",
            term_span(term, span),
            self._meant(term) or _right_kind(base(self.types, found), wanted),
        )

    def _meant(self, *terms: Term) -> str:
        """The variable that a lower-case name may have been meant for."""
        for term in terms:
            if not isinstance(term, Const) or not isinstance(term.value, str):
                continue
            if term.value in self.schema.constants:
                return f"did you mean the named constant `${term.value}`?"
            if _PLAIN.fullmatch(term.value):
                return f"did you mean the variable `{term.value[0].upper()}{term.value[1:]}`?"
        return ""

    def _compares_moments(self, item: Comparison) -> bool:
        """Report a value of a type of time that is compared with one that is none; whether there is such a
        value."""
        first, second = (base(self.types, self.type_of(side) or "any") for side in (item.left, item.right))
        if set(MOMENTS).isdisjoint((first, second)):
            return False
        for side, kind, other in ((item.left, first, second), (item.right, second, first)):
            if kind in MOMENTS or self._is_moment(side, other) or kind == "any":
                continue
            self.report.error(
                "E0260" if kind in SYMBOLS and isinstance(side, Const) else "E0261",
                f"{_a(other)} is compared with {_a(kind)}",
                term_span(side, item.span),
                no_moment(side, kind, other),
            )
            return True
        if first != second and {first, second} <= set(MOMENTS):
            message = f"{_a(first)} is compared with {_a(second)}"
            self.report.error("E0261", message, item.span, no_moment(item.right, second, first))
        return True

    def _order(self, item: Comparison) -> None:
        left, right = self.type_of(item.left), self.type_of(item.right)
        if left is None or right is None:
            return
        first, second = base(self.types, left), base(self.types, right)
        if not comparable(first, second):
            self.report.error(
                "E0212",
                f"`{item.op}` has no order between {_a(first)} and {_a(second)}",
                item.span,
                self._meant(item.left, item.right)
                or "compare numbers with numbers and symbols with symbols; "
                "the number that a text writes is `to_int(T)`",
            )

    def _test(self, item: Test) -> None:
        if item.name == "is":
            self._type_test(item)
            return
        if item.name in ("during", "within"):
            self._span_of_time(item)
            return
        for term in item.args:
            self._operands(term)
            self._want(term, SYMBOLS, f"`{item.name}` takes symbols", item.span)
        pattern = item.args[1]
        if item.name == "matches" and isinstance(pattern, Const):
            self._expression(pattern, "matches", item.span)

    def _type_test(self, item: Test) -> None:
        """Report a test for a type that no value, or every value, of the term's type passes."""
        term, kind = item.args
        self._operands(term)
        found, wanted = self.type_of(term), str(kind.value) if isinstance(kind, Const) else "any"
        if wanted not in BUILTIN and wanted not in self.types:
            help = _NULL if wanted in NULLS else type_help(wanted, self.types)
            self.report.error("E0209", f"type `{wanted}` is not declared", term_span(kind, item.span), help)
            return
        if found is None or UNKNOWN in (found, wanted):
            return
        none = self._meeting(found, wanted) is None
        if item.negated:
            none = found not in ("any", "=any") and under(self.types, found, wanted)
        if none:
            self.report.error(
                "E0251",
                f"`{print_item(item)}` never holds: this is of type `{shown(found)}`",
                item.span,
                "take the test away, or ask for a type that some of its values have",
            )

    def _span_of_time(self, item: Test) -> None:
        """Report a span of time of what has none. What ``within`` subtracts is reported where it does."""
        wanted = ("time", "symbol") if item.name == "during" else ("duration", "duration")
        for term, kind in zip(item.args, wanted, strict=True):
            self._operands(term)
            found = base(self.types, self.type_of(term) or "any")
            if found not in (kind, "any") and not (kind == "symbol" and found == "bool"):
                help = no_moment(term, found, kind) if kind in MOMENTS else "name the hours in a text"
                message = f"`{item.name}` takes {_a(kind)}, but this is {_a(found)}"
                self.report.error("E0261", message, term_span(term, item.span), help)

    def _aggregate(self, item: Aggregate) -> None:
        if item.expression is None:
            return
        self._operands(item.expression)
        if isinstance(item.target, Const) and item.function != "count":
            self._compares_moments(Comparison("=", item.target, item.expression, item.span))
        if item.function == "sum":
            self._want(item.expression, (*NUMBERS, "duration"), "`sum` takes numbers", item.span)


def _text_of_moment(item: Comparison | Aggregate) -> bool:
    """Whether something is set to a text that stands for a time where one is wanted."""
    return isinstance(item, Comparison) and any(
        isinstance(side, Const) and isinstance(side.value, str) and kinds_of(side.value)
        for side in (item.left, item.right)
    )


def type_help(name: str, types: Mapping[str, str]) -> str:
    """Help for the name of a type that there is not."""
    if name in TYPES:
        return f"it is called {TYPES[name]} here; or declare your own: .type {name} <: {TYPES[name]}"
    return did_you_mean(name, (*types, *BUILTIN), f"declare it: .type {name} <: symbol")


def type_tests(body: Sequence[BodyItem]) -> list[tuple[str, str]]:
    """The variables of which ``is`` asks the type, each with that type: those of a test inside braces only
    where they stand nowhere else, since braces may be empty."""
    found = [test for test in body if isinstance(test, Test)]
    if any(isinstance(item, Aggregate) for item in body):
        outside = names(v for item in body for term in item_terms(item) for v in term_vars(term))
        for item in body:
            if isinstance(item, Aggregate):
                inner = [test for test in item.body if isinstance(test, Test)]
                found += [test for test in inner if not names(item_vars(test)) & outside]
    return [
        (test.args[0].name, str(test.args[1].value))
        for test in found
        if test.name == "is" and not test.negated
        if isinstance(test.args[0], Var) and isinstance(test.args[1], Const)
    ]


def regex_fault(pattern: str) -> str | None:
    """RE2's message about a regular expression that it does not take; None where it does."""
    import re2  # only programs that use `matches` pay for it

    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20  # an expression takes some 50 ms to compile at most
    try:
        re2.compile(pattern, options)
    except re2.error as error:
        fault = error.args[0] if error.args else "RE2 does not take it"
        return fault.decode("utf-8", "replace") if isinstance(fault, bytes) else str(fault)
    return None


def regex_groups(pattern: str) -> list[int | str]:
    """The numbers of the groups of a regular expression, from 1, and the names that some have."""
    import re2

    found = re2.compile(pattern)
    return [*range(1, found.groups + 1), *found.groupindex]


def _a(name: str) -> str:
    return ARTICLE.get(name, f"a {name}")


_SET = "what it is set to"
_NULL = "what a call leaves out is the symbol `null`: write `= null`, or `!= null`"
NULLS = ("null", "nil", "none", "undefined")
_WRITTEN = "the number that a text writes is `to_int(T)` or `to_float(T)`"
_PLAIN = re.compile(r"[a-z][A-Za-z0-9_]*")


def _right_kind(found: str, wanted: Sequence[str]) -> str:
    """Help for a value of the wrong kind."""
    if found in SYMBOLS and wanted == NUMBERS:
        return f"{_WRITTEN}; texts are joined by `concat(T, U)`"
    if found in SYMBOLS and wanted != SYMBOLS:
        return _WRITTEN
    if found in NUMBERS and wanted == SYMBOLS:
        return "the text of a number is `to_text(N)`"
    return "take a value of the right type"


def _hint(wanted: str) -> str:
    return f"write a constant of type `{wanted}`, or change the declaration"
