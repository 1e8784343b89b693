"""tiny-datalog: pure Python, from scratch at every step: its incremental engine has no negation."""

from __future__ import annotations

import copy
from importlib import import_module
from typing import TYPE_CHECKING, Any

from mpr_logic.language.ast import Aggregate, Atom, BodyItem, Comparison, Literal, Term, Var
from tests.bench.peers.base import candidates
from tests.bench.plain import comparison, counted, plain_facts, plain_rules, term

if TYPE_CHECKING:
    from tests.bench.household import Step, World
    from tests.bench.plain import PlainRule


class TinyDatalog:
    """The program is parsed and checked once; a step replaces its facts and runs it."""

    name = "tiny-datalog"

    def __init__(self, world: World) -> None:
        self._tiny: Any = import_module("tiny_datalog")
        rules = plain_rules(world, candidates=True)
        lines = [line for rule in rules for line in _clauses(rule)]
        self._program: Any = self._tiny.Program(self._tiny.parse("\n".join(lines)))
        self._facts = dict.fromkeys(plain_facts(world))

    def step(self, step: Step) -> list[bool]:
        for fact in step.remove:
            self._facts.pop(fact, None)
        self._facts.update(dict.fromkeys(step.add))
        engine = self._tiny.Engine(copy.copy(self._program))
        # as Engine.run does with the program's own facts, which this program has none of
        for name, row in self._facts:
            engine.rels[name].add(row)
            engine.first_seen[name, row] = 0
        for name, rows in candidates(step.actions).items():
            engine.rels[f"candidate_{name}"] |= rows
            engine.first_seen.update(((f"candidate_{name}", row), 0) for row in rows)
        found = engine.run()
        return [args in found.get(f"rejected_{name}", ()) for name, args in step.actions]

    def close(self) -> None:
        """Nothing is shared."""


def _clauses(rule: PlainRule) -> list[str]:
    """The rule, behind one that counts for each of its aggregates: tiny-datalog counts in heads."""
    lines: list[str] = []
    body: list[str] = []
    for i, item in enumerate(rule.body):
        if isinstance(item, Aggregate):
            literal, shared = counted(item)
            name = f"count_{i}_{rule.head.name}"
            each = tuple(Var("Each") if isinstance(a, Var) and a.anonymous else a for a in literal.atom.args)
            key = [*shared, "count(Each)"]
            lines.append(f"{name}({', '.join(key)}) :- {_atom(Atom(literal.atom.name, each))}.")
            body.append(f"{name}({', '.join([*shared, term(item.target)])})")
        else:
            body.append(_item(item))
    lines.append(f"{_atom(rule.head)} :- {', '.join(body)}.")
    return lines


def _atom(atom: Atom) -> str:
    args: tuple[Term, ...] = atom.args
    return f"{atom.name}({', '.join(map(term, args))})" if args else atom.name


def _item(item: BodyItem) -> str:
    if isinstance(item, Literal):
        return f"{'not ' if item.negated else ''}{_atom(item.atom)}"
    assert isinstance(item, Comparison)
    return comparison(item)
