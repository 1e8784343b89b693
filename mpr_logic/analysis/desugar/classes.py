"""Rules about classes of actions, as rules about their members.

A clause with a class in its head becomes one rule for each member. A class in a literal of the history
becomes a relation, ``class past write``, that is derived from the histories of the members: so it may stand
under ``not`` and in the braces of an aggregate, and no body is multiplied out. Both are made of resolved
clauses: the clause was checked once, with the arguments that all members share.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mpr_logic.analysis.occurrences import CLASS, split_numbered
from mpr_logic.analysis.program import Rule, effect_head
from mpr_logic.analysis.terms import literals
from mpr_logic.language.ast import NOWHERE, Atom, Clause, Comparison, Const, Literal, Var

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mpr_logic.analysis.program import ActionClass, Schema
    from mpr_logic.language.ast import BodyItem, Span, Term


def class_of(clause: Clause, schema: Schema) -> ActionClass | None:
    """The class that the head of a clause speaks of; None where it speaks of something else."""
    if clause.kind in ("relation", "absent") or clause.head.name in schema.actions:
        return None
    return schema.classes.get(clause.head.name)


def member_rules(rule: Rule, of: ActionClass, schema: Schema) -> list[Rule]:
    """A rule about a class, as one for each member."""
    given, effect = rule.args[: rule.given], rule.args[rule.given :]
    shared = {param.name: term for param, term in zip(of.signature.params[: of.shared], given, strict=False)}
    named = given[of.shared] if of.shared < len(given) else None
    found = []
    for name in of.members:
        if isinstance(named, Const) and named.value != name:
            continue
        action = schema.actions[name]
        span = rule.clause.head.span
        args = tuple(shared.get(param.name) or Var("_", span) for param in action.params)
        body = rule.body
        if isinstance(named, Var) and not named.anonymous:
            body = (Comparison("=", named, Const(name, named.span), named.span), *body)
        kind, clause = rule.clause.kind, rule.clause
        head = f"{kind} {name}" if clause.effect is None else effect_head(kind, clause.effect.name, name)
        found.append(replace(rule, head=head, args=args + effect, body=body, given=len(args)))
    return found


def names_member(item: BodyItem, rule: Rule) -> bool:
    """Whether an item of a rule about a class only says which member this is: its author wrote that into the
    head."""
    return (
        isinstance(item, Comparison)
        and rule.action not in (None, rule.clause.head.name)
        and item.right == Const(str(rule.action))
        and item.span == item.right.span
    )


def histories_read(body: Iterable[BodyItem]) -> Iterator[str]:
    """The relations of the histories of classes that a body reads."""
    for literal in literals(body):
        plain = split_numbered(literal.atom.name)[1]
        if plain.startswith(CLASS):
            yield literal.atom.name
            yield plain


def history_members(relation: str, schema: Schema) -> list[tuple[str, str]]:
    """For each member of a class, its name, and the relation of its history that is part of the class's."""
    prefix, plain = split_numbered(relation)
    word, _, name = plain.removeprefix(CLASS).partition(" ")
    return [(member, f"{prefix}{word} {member}") for member in schema.classes[name].members]


def history_rules(relation: str, schema: Schema) -> Iterator[Rule]:
    """The rules that derive the history of a class from the histories of its members."""
    prefix, plain = split_numbered(relation)
    word, _, name = plain.removeprefix(CLASS).partition(" ")
    of = schema.classes[name]
    names = tuple(param.name for param in of.signature.params)
    shared = names[: of.shared]
    variables = {each: Var(f"{each[0].upper()}{each[1:]}") for each in shared}
    number = (Var("#0"),) if prefix else ()
    span = of.signature.span or NOWHERE
    for member, history in history_members(relation, schema):
        action = schema.actions[member]
        args: tuple[Term, ...] = tuple(variables.get(param.name) or Var("_") for param in action.params)
        end = () if len(names) == of.shared else (Const(member),)
        head = (*variables.values(), *end)
        clause = _written(word, name, Atom(member, args), Atom(name, head, names), shared, span)
        body = (Literal(Atom(history, number + args, (), span), span=span),)
        yield Rule(f"{name}-{word}-{member}", relation, number + head, body, 1.0, 0, clause)


def _written(word: str, name: str, member: Atom, head: Atom, shared: tuple[str, ...], span: Span) -> Clause:
    """The rule as an author would write it: the history of a class is that of its members."""
    variables = dict(zip(head.names, head.args, strict=True))
    inside = replace(member, args=tuple(variables[each] for each in shared), names=shared)
    head = replace(head, name=f"{word} {name}", span=span)
    return Clause("relation", head, (Literal(inside, False, word),), span=span)  # type: ignore[arg-type]
