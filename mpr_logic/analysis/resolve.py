"""Resolver to core relations: what a clause speaks of, its arguments by position.

:func:`resolve_clause` gives a clause's head and body in the terms of
:mod:`mpr_logic.analysis.program`: every atom named by its core relation, every argument in its place,
every argument that a named atom leaves out an ``_``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mpr_logic.analysis.builtin_relations import DEFINED, FILLED, LANGUAGE, UNCHANGED
from mpr_logic.analysis.occurrences import AGE, CLASS, HISTORY, split_numbered
from mpr_logic.analysis.program import ANY, effect_head
from mpr_logic.analysis.report import count, declaration, declared_as, did_you_mean, nearest
from mpr_logic.analysis.terms import EXPANDED, term_span
from mpr_logic.language.ast import (
    DENIED,
    STATED,
    Aggregate,
    Alternatives,
    Arithmetic,
    Atom,
    Call,
    Const,
    Literal,
    Membership,
    Placed,
    Span,
    Test,
    Unknown,
    Var,
)
from mpr_logic.language.functions import FUNCTIONS
from mpr_logic.language.hints import foreign
from mpr_logic.language.hints.calls import function_form
from mpr_logic.language.qualify import JOINT
from mpr_logic.language.sets import is_set

if TYPE_CHECKING:
    from collections.abc import Callable

    from mpr_logic.analysis.program import Schema, Signature
    from mpr_logic.analysis.report import DiagnosticCollector
    from mpr_logic.language.ast import BodyItem, Clause, Comparison, Term, WrittenItem

VERDICTS = ("forbid", "permit", "prefer")
EFFECTS = ("causes", "ends")
FACTS_ONLY = ("absent", *HISTORY)
MAX_ITEMS = 200
NEAR = 0.75
"""The similarity from which a name is taken for a misspelt built-in relation."""


def _before(span: Span, name: str) -> Span:
    """The span of the argument name before a value: `name: ` on the same line."""
    column = span.column - len(name) - 2
    if column < 1:
        return span
    return Span(span.file, span.line, column, span.line, column + len(name))


@dataclass(frozen=True, slots=True)
class Resolved:
    """A clause in core relations. ``columns`` are the head's declared arguments, action first."""

    clause: Clause
    head: str
    columns: tuple[Signature, ...]
    args: tuple[Term, ...]
    given: int
    body: tuple[BodyItem, ...]


class Resolver:
    """Finds what names stand for, under one schema, and reports those that stand for nothing."""

    def __init__(self, schema: Schema, report: DiagnosticCollector) -> None:
        self.schema = schema
        self.report = report

    def relation(self, name: str, span: Span) -> Signature | None:
        """The declared relation of that name."""
        found = self.schema.relations.get(name)
        if found is not None:
            return found
        if name in self.schema.actions:
            self.report.error(
                "E0202",
                f"`{name}` is an action, not a relation",
                span,
                f"a body can ask whether it was tried: past {name}(...), or succeeded, or failed",
            )
        elif name in self.schema.classes and not self.schema.classes[name].signature.builtin:
            self.report.error(
                "E0202",
                f"`{name}` is a class of actions, not a relation",
                span,
                f"a body can ask whether one of them was tried: past {name}(...), or succeeded, or failed",
            )
        else:
            self.report.undeclared("relation", name, span, self._help(name))
        return None

    def _help(self, name: str) -> str:
        built_in = [n for n, s in self.schema.relations.items() if s.builtin]
        own = [n for n in self.schema.relations if n not in built_in]
        close = nearest(name, own) or nearest(name, built_in, NEAR)
        below = min((n for n in own if n.startswith(name + JOINT)), default=None)
        if below:
            return f"`{name}` is a prefix: a name under it is written `{below}`"
        return _instead(name) or (f"did you mean `{close}`?" if close else f"declare it: .decl {name}(...)")

    def action(self, name: str, span: Span, *, classes: bool = False) -> Signature | None:
        """The declared action of that name; ``classes``: or the class of actions."""
        found = self.schema.actions.get(name)
        if found is not None:
            return found
        if name in self.schema.classes:
            if classes:
                return self.schema.classes[name].signature
            self._class_alone(name, span)
        elif name in self.schema.relations:
            self.report.error(
                "E0202",
                f"`{name}` is a relation, not an action",
                span,
                f"declare .action {name}(...) under another name, or name a declared action",
            )
        else:
            known = (*self.schema.actions, *(c for c in self.schema.classes if classes and c != ANY))
            bare = name.rpartition(JOINT)[2]
            if bare in self.schema.actions:
                help = f"actions keep their names under a prefix: write `{bare}`"
            elif classes and name in foreign.EVERY:
                help = f"did you mean `{ANY}`, the class of all actions?"
            else:
                help = did_you_mean(name, known, f"declare it: .action {name}(...)")
            self.report.undeclared("action", name, span, help)
        return None

    def _class_alone(self, name: str, span: Span) -> None:
        members = [f"`{each}`" for each in self.schema.classes[name].members]
        shown = ", ".join(members[:8]) + (", ..." if len(members) > 8 else "")
        self.report.error(
            "E0245",
            f"`{name}` is a class of actions, and one action is meant here",
            span,
            f"name one of its members: {shown}" if members else "name an action: the class has no member",
        )

    def place(self, atom: Atom, signature: Signature, word: str, *, fill: bool) -> tuple[Term, ...] | None:
        """The arguments of an atom in the order of its declaration; ``fill``: those left out are ``_``."""
        if not atom.names:
            if len(atom.args) == signature.arity and not signature.tail:
                return atom.args
            arity = signature.arity - signature.tail
            if len(atom.args) == arity:
                return (*atom.args, Var("_", atom.span))
            self.report.error(
                "E0203",
                f"`{atom.name}` takes {count(arity, 'argument')}, not {len(atom.args)}",
                atom.span,
                self._declared(signature, word),
            )
            return None
        given = self._named(atom, signature, word)
        if given is None:
            return None
        missing = [p.name for p in signature.params if p.name not in given]
        if missing and not fill:
            self.report.error(
                "E0205",
                f"`{atom.name}` lacks its {'argument' if len(missing) == 1 else 'arguments'} "
                + ", ".join(f"`{m}`" for m in missing),
                atom.span,
                "only a body and the action of a rule may leave arguments out; "
                + self._declared(signature, word),
            )
            return None
        return tuple(given.get(p.name) or Var("_", atom.span) for p in signature.params)

    def _named(self, atom: Atom, signature: Signature, word: str) -> dict[str, Term] | None:
        known = {p.name for p in signature.params}
        given: dict[str, Term] = {}
        fine = True
        for name, term in zip(atom.names, atom.args, strict=True):
            span = _before(term_span(term, atom.span), name)
            if name not in known:
                otherwise = self._declared(signature, word, name)
                message = f"`{atom.name}` has no argument `{name}`"
                self.report.error("E0204", message, span, did_you_mean(name, sorted(known), otherwise))
                fine = False
            elif name in given:
                message = f"argument `{name}` of `{atom.name}` is given twice"
                self.report.error("E0204", message, span, "keep one of them")
                fine = False
            given[name] = term
        return given if fine else None

    def _declared(self, signature: Signature, word: str, wanted: str = "") -> str:
        """The declaration of a relation, action or class; of a class, whether it could share ``wanted``."""
        of = self.schema.classes.get(signature.name)
        if word != ".action" or of is None or signature.name in self.schema.actions:
            return declared_as(signature, word)
        said = declared_as(replace(signature, params=signature.params[: of.shared]), ".class")
        each = [{p.name: p.type for p in self.schema.actions[member].params} for member in of.members]
        types = {found.get(wanted) for found in each}
        if len(types) == 1 and None not in types and not signature.builtin:
            return f"{said}; its members have `{wanted}: {types.pop()}`, so let it share that"
        return f"{said}; the name of the member is `{signature.name}(action: A)`" if signature.tail else said

    def literal(self, literal: Literal) -> Literal | None:
        """A literal of a body as one of a core relation."""
        atom = literal.atom
        if " " in atom.name:
            return literal if is_set(atom.name) else self._numbered(literal)
        plain = literal.tense is None or literal.tense in (STATED, DENIED)
        if plain:
            signature = self.relation(atom.name, atom.span)
            core, word = f"not {atom.name}" if literal.tense == DENIED else atom.name, ".decl"
        else:
            signature = self.action(atom.name, atom.span, classes=True)
            core, word = f"{literal.tense} {atom.name}", ".action"
        if signature is None:
            return None
        args = self.place(atom, signature, word, fill=True)
        if args is None:
            return None
        if not plain and atom.name not in self.schema.actions:
            self.is_member(atom, args)
            names = tuple(param.name for param in signature.params)
            return Literal(Atom(CLASS + core, args, names, atom.span), literal.negated, None, literal.span)
        negated = literal.negated
        if negated and signature.open_world and literal.tense is None:
            self._no_wildcard(atom, args)
            core, negated = f"not {atom.name}", False
        given = signature.given if plain else 0
        if core == atom.name and args is atom.args and literal.tense is None and not given:
            return literal
        return Literal(Atom(core, args, (), atom.span), negated, None, literal.span, given)

    def _numbered(self, literal: Literal) -> Literal | None:
        """A literal that an expansion wrote: of the history, with the number of the call in front."""
        atom, span = literal.atom, literal.atom.span
        prefix, history = split_numbered(atom.name.removeprefix(AGE))
        word, _, name = history.partition(" ")
        signature = self.action(name, span, classes=True)
        if signature is None:
            return None
        of = CLASS if name not in self.schema.actions else ""
        if atom.name.startswith(AGE):
            return replace(literal, atom=Atom(f"{AGE}{of}{history}", atom.args, (), span))
        own = Atom(name, atom.args[1:], atom.names[1:], span)
        args = self.place(own, signature, ".action", fill=True)
        if args is None:
            return None
        names: tuple[str, ...] = ()
        if of:
            self.is_member(own, args)
            names = ("", *(param.name for param in signature.params))
        core = Atom(f"{prefix}{of}{word} {name}", (atom.args[0], *args), names, span)
        return replace(literal, atom=core)

    def is_member(self, atom: Atom, args: tuple[Term, ...]) -> None:
        """Report the name of an action that is not in the class."""
        of = self.schema.classes[atom.name]
        named = args[of.shared] if of.shared < len(args) else None
        if isinstance(named, Const) and named.value not in of.members:
            self.report.error(
                "E0246",
                f"`{named.value}` is not in the class `{atom.name}`",
                term_span(named, atom.span),
                did_you_mean(
                    str(named.value), of.members, "name one of its members, or put it into the class"
                ),
            )

    def _no_wildcard(self, atom: Atom, args: tuple[Term, ...]) -> None:
        for term in args:
            if isinstance(term, Var) and term.anonymous:
                self.report.error(
                    "E0305",
                    f"`not {atom.name}` leaves an argument open, but `{atom.name}` is seen only in part",
                    term_span(term, atom.span),
                    "an absence is observed of one fact at a time: bind every argument by a positive literal",
                )
                return

    def item(self, item: WrittenItem) -> BodyItem | None:
        """A body item, its literals resolved; None where one of them could not be."""
        if isinstance(item, Literal):
            return self.literal(item)
        if isinstance(item, Aggregate):
            return self._aggregate(item)
        if isinstance(item, (Alternatives, Membership, Unknown, Placed)):
            raise TypeError(EXPANDED)
        return item

    def _aggregate(self, item: Aggregate) -> Aggregate | None:
        body: list[Literal | Comparison | Test] = []
        for inner in item.body:
            new = self.item(inner)
            assert not isinstance(new, Aggregate)
            if new is not None:
                body.append(new)
        if len(body) < len(item.body):
            return None
        if all(new is old for new, old in zip(body, item.body, strict=True)):
            return item
        return Aggregate(item.target, item.function, item.expression, tuple(body), item.span)


def _instead(name: str) -> str:
    """Help for the name of a relation that other languages have built in; empty for any other."""
    if name in foreign.VERDICTS:
        return f"an action is spoken of by `{foreign.VERDICTS[name]} ACTION :- body.`"
    if name in FUNCTIONS:
        return f"`{name}` is a function, which stands where a value does: `Y = {function_form(name)}`"
    return foreign.RELATIONS.get(name) or foreign.FUNCTIONS.get(name, "")


def resolve_clause(clause: Clause, names: Resolver) -> Resolved | None:
    """A core clause in core relations; None where a name in it stands for nothing (reported)."""
    before = names.report.broken
    head = _HEADS[clause.kind](clause, names)
    if clause.body and clause.kind in FACTS_ONLY:
        names.report.error(
            "E0114",
            f"a clause that begins with `{'not' if clause.kind == 'absent' else clause.kind}` is a fact",
            clause.head.span,
            "take the body away: what was observed and what was tried is not derived",
        )
    if len(clause.body) > MAX_ITEMS or any(
        isinstance(i, Aggregate) and len(i.body) > MAX_ITEMS for i in clause.body
    ):
        names.report.error(
            "E0221",
            f"the body has more than {MAX_ITEMS} items",
            clause.head.span,
            "derive a relation from a part of it, and use that here",
        )
    body = tuple(new for item in clause.body if (new := names.item(item)) is not None)
    if head is None or names.report.broken > before:
        return None
    core, columns, args, given = head
    return Resolved(clause, core, columns, args, given, body)


_Head = tuple[str, "tuple[Signature, ...]", "tuple[Term, ...]", int]


def _relation_head(clause: Clause, names: Resolver) -> _Head | None:
    signature = names.relation(clause.head.name, clause.head.span)
    if signature is None:
        return None
    _not_filled(signature, clause.head, names, fact=not clause.body)
    args = names.place(clause.head, signature, ".decl", fill=False)
    core = clause.head.name
    if clause.kind == "absent":
        core = f"not {core}"
        if signature.given:
            _not_stated(signature, clause.head.span, names)
        elif not signature.open_world:
            names.report.error(
                "E0219",
                f"`{clause.head.name}` is not open-world: what is not stated does not hold anyway",
                clause.head.span,
                f"drop the fact, or declare it .decl {declaration(signature)} open_world",
            )
    if args is None:
        return None
    for term, param in zip(args, signature.params, strict=True):
        if param.bound and isinstance(term, (Arithmetic, Call)):
            names.report.error(
                "E0311",
                f"`{param.name}` of `{signature.name}` is what the question gives, and cannot be computed",
                term_span(term, clause.head.span),
                "write a variable here and compare it in the body",
            )
    return core, (signature,), args, signature.given


def _not_stated(signature: Signature, span: Span, names: Resolver) -> None:
    names.report.error(
        "E0310",
        f"`{signature.name}` is asked, never stated: no row of it comes or goes",
        span,
        "state a relation of your own, and let a rule of "
        f"`{signature.name}` read it; or take the plus out of .decl {declaration(signature)}",
    )


def _not_filled(signature: Signature, head: Atom, names: Resolver, *, fact: bool) -> None:
    """Report a head that speaks of what the system fills itself."""
    kept = signature.name in FILLED or signature.name in DEFINED or signature.name == UNCHANGED
    if not signature.builtin or (fact and not kept) or head.span == LANGUAGE:
        return
    only = "is filled by the system" if kept else "is stated by facts alone"
    help = "derive a relation of your own, and let it read this one"
    names.report.error("E0224", f"`{signature.name}` {only}: no rule or effect adds to it", head.span, help)


def _history_head(clause: Clause, names: Resolver) -> _Head | None:
    signature = names.action(clause.head.name, clause.head.span)
    if signature is None:
        return None
    args = names.place(clause.head, signature, ".action", fill=False)
    return None if args is None else (f"{clause.kind} {clause.head.name}", (signature,), args, 0)


def _action_head(clause: Clause, names: Resolver) -> _Head | None:
    signature = names.action(clause.head.name, clause.head.span, classes=True)
    effect = _effect(clause, names)
    if signature is None or (clause.effect is not None and effect is None):
        return None
    args = names.place(clause.head, signature, ".action", fill=True)
    if args is None:
        return None
    for term in args:
        if isinstance(term, (Arithmetic, Call)):
            names.report.error(
                "E0218",
                "the action of a rule takes variables and constants only",
                term_span(term, clause.head.span),
                "write a variable here and compare it in the body",
            )
    if signature.name not in names.schema.actions:
        names.is_member(clause.head, args)
    if effect is None or clause.effect is None:
        return f"{clause.kind} {signature.name}", (signature,), args, len(args)
    relation, effect_args = effect
    core = effect_head(clause.kind, relation.name, signature.name)
    return core, (signature, relation), args + effect_args, len(args)


def _effect(clause: Clause, names: Resolver) -> tuple[Signature, tuple[Term, ...]] | None:
    if clause.effect is None:
        return None
    relation = names.relation(clause.effect.name, clause.effect.span)
    if relation is None:
        return None
    _not_filled(relation, clause.effect, names, fact=False)
    if relation.given:
        _not_stated(relation, clause.effect.span, names)
    args = names.place(clause.effect, relation, ".decl", fill=False)
    return None if args is None else (relation, args)


_HEADS: dict[str, Callable[[Clause, Resolver], _Head | None]] = {
    "relation": _relation_head,
    "absent": _relation_head,
    **dict.fromkeys(HISTORY, _history_head),
    **dict.fromkeys((*VERDICTS, *EFFECTS), _action_head),
}
