"""``failed_unchanged``: the proposed call has failed, and nothing that it depends on has changed since.

In a rule about an action it speaks of the call that is asked about. It becomes a literal of a relation for
each action, ``failed_unchanged put``, with the arguments of the call, which one rule of the language derives:

    failed_unchanged put(O, R) :-
        not succeeded C since failed put(O, R), failed put(O, R) at I,
        0 = count : { past C at J, J > I, not succeeded C, not failed C }.

``C`` is a class of the actions whose success may change what the call depends on: those with a declared
effect on a relation that the rules about the action read, directly or through others, or that the action
itself changes; those whose calls they read; and those that declare no effect at all, unless they are said to
read only. Where the rules say nothing of the action, all count that do not only read. So does the action
itself. Of a call whose outcome nobody knows it is not known that it changed nothing: that is the last line.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mpr_logic.analysis.builtin_relations import LANGUAGE, UNCHANGED
from mpr_logic.analysis.occurrences import CLASS, HISTORY, split_numbered
from mpr_logic.analysis.program import ActionClass, Rule, Signature
from mpr_logic.analysis.terms import literals
from mpr_logic.language.ast import Aggregate, Atom, Clause, Comparison, Const, Literal, Param, Placed, Var

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mpr_logic.analysis.program import Schema
    from mpr_logic.language.ast import BodyItem, Term


def reads_unchanged(body: Iterable[BodyItem]) -> bool:
    """Whether a body asks whether the proposed call has failed and nothing has changed since."""
    return any(literal.atom.name == UNCHANGED for literal in literals(body))


def of_the_call(rule: Rule) -> Rule:
    """A rule about an action with its literals ``failed_unchanged`` about the call that is asked about."""
    given = tuple(
        replace(term, name=f"#call{place}") if isinstance(term, Var) and term.anonymous else term
        for place, term in enumerate(rule.args[: rule.given])
    )

    def said(item: BodyItem) -> BodyItem:
        if isinstance(item, Aggregate):
            return replace(item, body=tuple(map(said, item.body)))  # type: ignore[arg-type]
        if not isinstance(item, Literal) or item.atom.name != UNCHANGED:
            return item
        return replace(item, atom=Atom(f"{UNCHANGED} {rule.action}", given, span=item.atom.span))

    return replace(rule, args=given + rule.args[rule.given :], body=tuple(map(said, rule.body)))


def changing(action: str, rules: Sequence[Rule], schema: Schema) -> frozenset[str]:
    """The actions whose success may change what a call of an action depends on."""
    read = _read(action, rules)
    effects: dict[str, set[str]] = {}  # by action, the relations that it writes
    for rule in rules:
        if rule.clause.effect is not None:
            effects.setdefault(str(rule.action), set()).add(rule.clause.effect.name)
    return frozenset(
        name
        for name in schema.actions
        if name == action
        or (name in effects and not effects[name].isdisjoint(read))
        or f"past {name}" in read
        or (name not in schema.reading and (not read or name not in effects))
    )


def _read(action: str, rules: Sequence[Rule]) -> set[str]:
    """The relations that the rules about an action read, and those that it changes; and, as ``past a``, the
    actions whose calls they read."""
    by_head: dict[str, list[Rule]] = {}
    for rule in rules:
        by_head.setdefault(rule.head, []).append(rule)
    effects = [rule for rule in rules if rule.clause.effect is not None and rule.action == action]
    todo = [f"forbid {action}", f"permit {action}", *(rule.head for rule in effects)]
    seen = {rule.clause.effect.name for rule in effects if rule.clause.effect is not None}
    while todo:
        for rule in by_head.get(todo.pop(), ()):
            new = {literal.atom.name for literal in literals(rule.body)} - seen
            seen |= new
            todo += new
    found = set()
    for name in seen:
        plain = split_numbered(name)[1]
        word, _, of = plain.partition(" ")
        if word in HISTORY:
            found.add(f"past {of}")
        elif not plain.startswith((CLASS, f"{UNCHANGED} ")):
            found.add(plain.removeprefix("not "))
    return found


def class_of_changes(action: str, members: Iterable[str]) -> ActionClass:
    """The class of the actions whose success may change what an action depends on."""
    name = f"what_may_change_{action}"
    param = Param("action", "symbol")
    signature = Signature(name, (param,), ("symbol",), span=LANGUAGE, builtin=True, tail=1)
    return ActionClass(signature, 0, tuple(sorted(members)))


def unchanged_clause(action: Signature, of: ActionClass) -> Clause:
    """The clause that says when a call of an action has failed, and nothing has changed since."""
    args: tuple[Term, ...] = tuple(Var(f"{p.name[0].upper()}{p.name[1:]}") for p in action.params)
    then, later = (_fresh(name, args) for name in ("Then", "Later"))

    def call(word: str, *, negated: bool = False) -> Literal:
        return Literal(Atom(of.signature.name, (), (), LANGUAGE), negated, word, LANGUAGE)  # type: ignore[arg-type]

    failed = Literal(Atom(action.name, args, (), LANGUAGE), False, "failed", LANGUAGE)
    open_calls = (
        Placed(call("past"), "at", later, LANGUAGE),
        Comparison(">", later, then, LANGUAGE),
        call("succeeded", negated=True),
        call("failed", negated=True),
    )
    body = (
        Placed(call("succeeded", negated=True), "since", failed, LANGUAGE),
        Placed(failed, "at", then, LANGUAGE),
        Aggregate(Const(0), "count", None, open_calls, LANGUAGE),  # type: ignore[arg-type]
    )
    head = Atom(f"{UNCHANGED} {action.name}", args, (), LANGUAGE)
    return Clause("relation", head, body, span=LANGUAGE)


def _fresh(name: str, others: Sequence[Term]) -> Var:
    while Var(name) in others:
        name += "_"
    return Var(name, LANGUAGE)
