"""The theta-cut: the household's program as plain Datalog, for engines without weights, actions or overrides.

A clause of weight below theta is left out. This gives the same answers as weights do, because whatever the
household negates, it derives with weight at least theta or not at all. ``rejected_put(O, R)`` holds where
``put(O, R)`` is rejected.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from mpr_logic.analysis.terms import core_body
from mpr_logic.language.ast import (
    ActionDecl,
    Aggregate,
    Atom,
    BodyItem,
    Comparison,
    Const,
    DefaultDecl,
    Literal,
    Term,
    Var,
)
from mpr_logic.language.parser import parse
from tests.bench.household import THETA

if TYPE_CHECKING:
    from mpr_logic.language.ast import Clause, Module
    from tests.bench.household import Fact, World


@dataclass(frozen=True, slots=True)
class PlainRule:
    """``head :- body``: positional, unweighted, about relations alone."""

    head: Atom
    body: tuple[BodyItem, ...]


Plain: TypeAlias = list[PlainRule]


def plain_rules(world: World, *, candidates: bool) -> Plain:
    """The theta-cut of the world's program. With ``candidates`` every rule about an action begins with
    ``candidate_put(O, R)``, a fact of what is proposed, so that it is safe bottom-up."""
    return list(world.plain(candidates=candidates))


@lru_cache(maxsize=4)  # made before the clock runs: a peer's loading is not to include our parser
def theta_cut(program: str, candidates: bool) -> Plain:
    module = parse(program)
    kept = [clause for clause in module.clauses if clause.weight >= THETA]
    rules = [PlainRule(c.head, core_body(c)) for c in kept if c.kind == "relation"]
    overriding: dict[str, list[Atom]] = {}
    for i, clause in enumerate(c for c in kept if c.kind == "permit"):
        head = Atom(f"permit_{clause.head.name}_{i}", clause.head.args)
        rules.append(_about(clause, head, (), candidates))
        rules.append(_about(clause, Atom(f"permitted_{clause.head.name}", clause.head.args), (), candidates))
        for name in clause.annotation("overrides") or ():
            overriding.setdefault(str(name), []).append(head)
    for clause in kept:
        if clause.kind == "forbid":
            named = clause.annotation("id")
            permits = overriding.get(str(named[0]), []) if named else []
            denied = tuple(Literal(Atom(p.name, clause.head.args), negated=True) for p in permits)
            rules.append(_about(clause, _rejected(clause.head), denied, candidates))
    return rules + _closed(module, candidates)


def translate(world: World) -> None:
    """Make all translations of the world's program now."""
    for candidates in (False, True):
        plain_rules(world, candidates=candidates)
    actions_of(world)


def plain_facts(world: World) -> list[Fact]:
    """The facts of weight at least theta."""
    return [fact for fact, weight in world.facts.items() if weight >= THETA]


def actions_of(world: World) -> dict[str, int]:
    """The actions of the program and how many arguments each has."""
    return world.arities()


@lru_cache(maxsize=4)
def declared_actions(program: str) -> dict[str, int]:
    return {s.name: len(s.params) for s in parse(program).statements if isinstance(s, ActionDecl)}


def _rejected(action: Atom) -> Atom:
    return Atom(f"rejected_{action.name}", action.args)


def _about(clause: Clause, head: Atom, more: tuple[BodyItem, ...], candidates: bool) -> PlainRule:
    first = (Literal(Atom(f"candidate_{clause.head.name}", clause.head.args)),) if candidates else ()
    return PlainRule(head, (*first, *core_body(clause), *more))


def _closed(module: Module, candidates: bool) -> Plain:
    """The actions closed by default: rejected where nothing permits them."""
    rules: Plain = []
    arity = {s.name: len(s.params) for s in module.statements if isinstance(s, ActionDecl)}
    for each in module.statements:
        if isinstance(each, DefaultDecl):
            args: tuple[Term, ...] = tuple(Var(f"A{i}") for i in range(arity[each.action]))
            first = (Literal(Atom(f"candidate_{each.action}", args)),) if candidates else ()
            denied = Literal(Atom(f"permitted_{each.action}", args), negated=True)
            rules.append(PlainRule(Atom(f"rejected_{each.action}", args), (*first, denied)))
    return rules


def relations(rules: Plain) -> dict[str, int]:
    """Every relation in the rules, with its arity."""
    found = {rule.head.name: len(rule.head.args) for rule in rules}
    for rule in rules:
        for item in rule.body:
            inner = item.body if isinstance(item, Aggregate) else (item,)
            found.update({i.atom.name: len(i.atom.args) for i in inner if isinstance(i, Literal)})
    return found


def term(t: Term) -> str:
    """A variable, name or number: as Prolog, clingo and tiny-datalog write them too."""
    if isinstance(t, Var):
        return t.name
    assert isinstance(t, Const)
    return str(t.value)


def counted(item: Aggregate) -> tuple[Literal, list[str]]:
    """The one literal that an aggregate of the household counts, and the variables shared with its rule."""
    (literal,) = item.body
    assert isinstance(literal, Literal)
    assert item.function == "count"
    return literal, [a.name for a in literal.atom.args if isinstance(a, Var) and not a.anonymous]


def comparison(item: Comparison, equal: str = "=", differ: str = "!=", at_most: str = "<=") -> str:
    """``left op right`` with these spellings."""
    op = {"=": equal, "!=": differ, "<=": at_most}.get(item.op, item.op)
    return f"{term(item.left)} {op} {term(item.right)}"
