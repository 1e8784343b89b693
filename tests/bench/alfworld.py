"""A second household: a generated AlfWorld game under rules/alfworld, as it is played.

The facts are the rules' own tables and what the agent knows; a step's changes are what an action taught it;
its candidates are half of what the simulator would admit and half of what the agent could think of, each
action as often as others. Other engines get the laws and what these rest on as plain Datalog: observed
absences become relations of their own, ``not_agent_at``, and ``not p(X, _)`` a helper relation. The law on
what has failed is left out: it reads the history of calls, which other engines do not keep.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from mpr_logic.checker.loading import load_program
from mpr_logic.language.ast import Atom, Literal, Term, Var
from mpr_logic.resources import rules_folder
from tests.bench.household import Action, Fact, Step, World
from tests.bench.plain import PlainRule

if TYPE_CHECKING:
    from pathlib import Path

    from mpr_logic.analysis.program import Program
    from mpr_logic.checker.action import Action as Proposed
    from tests.bench.plain import Plain

HISTORY = "5_again.dl"
"""The file with the law that reads the history."""


@dataclass(frozen=True, slots=True)
class AlfWorldHousehold(World):
    """The household of a seed. ``facts`` are those that the laws rest on; ``known`` all, in the language."""

    known: tuple[str, ...] = ()
    stream: tuple[Step, ...] = field(default=(), repr=False)

    def steps(self, n: int) -> Iterator[Step]:
        return iter(self.stream[:n])

    def facts_dl(self) -> list[str]:
        return list(self.known)

    def plain(self, *, candidates: bool) -> Plain:
        return laws(candidates)

    def arities(self) -> dict[str, int]:
        return {name: signature.arity for name, signature in program().schema.actions.items()}


def files() -> list[Path]:
    """The files with the rules."""
    return sorted(path for path in (rules_folder() / "alfworld").rglob("*.dl") if path.name != HISTORY)


@lru_cache(maxsize=1)
def program() -> Program:
    """The checked rules."""
    return load_program(files())


@lru_cache(maxsize=2)
def laws(candidates: bool) -> Plain:
    """The laws, and the rules that they rest on, as plain Datalog."""
    rules, helpers = [], {}
    for rule in program().rules:
        if rule.head not in relevant() or rule.head.startswith(("prefer ", "causes ", "ends ")):
            continue
        args = _named(rule.args)
        body = []
        if rule.action is not None and candidates:
            body.append(Literal(Atom(f"candidate_{rule.action}", args)))
        for item in rule.body:
            assert isinstance(item, Literal)
            item, helper = _projected(replace(item, atom=Atom(_plain(item.atom.name), item.atom.args)))
            # to some engines every `_` of a rule is one variable
            body.append(replace(item, atom=Atom(item.atom.name, _named(item.atom.args, f"U{len(body)}_"))))
            if helper is not None:
                helpers[helper.head.name] = helper
        rules.append(PlainRule(Atom(_plain(rule.head), args), tuple(body)))
    return [*helpers.values(), *rules]


@lru_cache(maxsize=1)
def relevant() -> frozenset[str]:
    """The core relations that a law rests on."""
    heads = {f"forbid {name}" for name in program().schema.actions}
    found, agenda = set(heads), list(heads)
    for name in agenda:  # which grows
        for rule in program().rules_for(name):
            for item in rule.body:
                assert isinstance(item, Literal)
                if item.atom.name not in found:
                    found.add(item.atom.name)
                    agenda.append(item.atom.name)
    return frozenset(found)


def household(seed: int, steps: int) -> AlfWorldHousehold:
    """The game of a seed, played for so many steps by what the simulator admits."""
    from mpr_logic.envs.alfworld.commands import action_of
    from mpr_logic.envs.alfworld.environment import AlfWorld
    from mpr_logic.envs.alfworld.rooms import generate

    world, draw = AlfWorld(generate(seed), steps=None), random.Random(seed)
    world.reset()
    first = frozenset(world.state())
    tables: set[Fact] = {
        (_plain(fact.relation), tuple(map(str, fact.row)))
        for fact in program().facts
        if fact.relation in relevant()
    }
    facts: dict[Fact, float] = dict.fromkeys([*sorted(tables, key=repr), *_facts(first)], 1.0)
    stream: list[Step] = []
    before = first
    while len(stream) < steps:
        listed = [a for command in world.simulator.commands() if (a := action_of(command)) is not None]
        world.step(draw.choice(listed))
        now = frozenset(world.state())
        if now == before:
            continue
        listed = [a for command in world.simulator.commands() if (a := action_of(command)) is not None]
        admitted, thinkable = _by_name(listed), _by_name(world.candidates())
        chosen = [_one(draw, admitted if i % 2 else thinkable) for i in range(20)]
        add, remove = now - before, before - now
        stream.append(
            Step(
                tuple(_facts(add)), tuple(_facts(remove)), tuple(chosen),
                add_dl=tuple(sorted(add)), remove_dl=tuple(sorted(remove)),
            )
        )  # fmt: skip
        before = now
    text = "\n".join(path.read_text(encoding="utf-8") for path in files())
    return AlfWorldHousehold(
        seed, text, facts, (), (), (), len(program().rules), tuple(sorted(first)), tuple(stream)
    )


def _by_name(actions: Sequence[Proposed]) -> dict[str, list[Proposed]]:
    """The actions about something, by their names in order."""
    found: dict[str, list[Proposed]] = {}
    for action in actions:
        if action.args:
            found.setdefault(action.name, []).append(action)
    return dict(sorted(found.items()))


def _one(draw: random.Random, actions: dict[str, list[Proposed]]) -> Action:
    """One of these actions; each name as often as others."""
    action = draw.choice(actions[draw.choice(list(actions))])
    return action.name, tuple(map(str, action.args))


def _facts(state: frozenset[str]) -> list[Fact]:
    """The facts of a state that the laws rest on."""
    found: list[Fact] = []
    for text in sorted(state):
        name, _, rest = text.partition("(")
        if name in relevant():
            found.append((_plain(name), tuple(rest.rstrip(")").split(", "))))
    return found


def _plain(name: str) -> str:
    return name.replace("forbid ", "rejected_").replace(" ", "_")


def _named(args: tuple[Term, ...], prefix: str = "Any") -> tuple[Term, ...]:
    """The arguments with a name for each ``_``."""
    return tuple(Var(f"{prefix}{i}") if t == Var("_") else t for i, t in enumerate(args))


def _projected(item: Literal) -> tuple[Literal, PlainRule | None]:
    """A ``not`` without ``_``: of a helper relation, which has the other columns."""
    kept = tuple(t for t in item.atom.args if t != Var("_"))
    if not item.negated or len(kept) == len(item.atom.args):
        return item, None
    columns = "".join("x" if t == Var("_") else "k" for t in item.atom.args)
    variables = tuple(Var(f"C{i}") if t != Var("_") else t for i, t in enumerate(item.atom.args))
    head = Atom(f"{item.atom.name}_{columns}", tuple(t for t in variables if t != Var("_")))
    body = (Literal(Atom(item.atom.name, variables)),)
    return replace(item, atom=Atom(head.name, kept)), PlainRule(head, body)
