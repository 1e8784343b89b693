"""SWI-Prolog through pyswip: goal-directed, recursion tabled, the state asserted and retracted."""

from __future__ import annotations

import itertools
import tempfile
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mpr_logic.language.ast import Aggregate, Atom, BodyItem, Comparison, Literal
from tests.bench.household import atom as ground
from tests.bench.plain import comparison, counted, plain_facts, plain_rules, relations, term

if TYPE_CHECKING:
    from tests.bench.household import Step, World
    from tests.bench.plain import Plain

_modules = itertools.count()

STEP = """
step(Add, Remove, Actions, Flags) :-
    forall(member(F, Remove), retract(F)), forall(member(F, Add), assertz(F)),@FORGET@
    findall(B, (member(A, Actions), (rejected(A) -> B = 0'1 ; B = 0'0)), Codes),
    atom_codes(Flags, Codes).
"""


class SwiProlog:
    """A step is one query: the changes, then every action in turn."""

    name = "SWI-Prolog, tables kept"
    incremental = True

    def __init__(self, world: World) -> None:
        self._prolog: Any = import_module("pyswip").Prolog()
        self._module = f"household_{next(_modules)}"
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"{self._module}.pl"
            path.write_text(program(world, self._module, self.incremental), encoding="utf-8")
            self._prolog.consult(str(path))

    def step(self, step: Step) -> list[bool]:
        add, remove, actions = (
            ", ".join(part) for part in (step.add_text, step.remove_text, step.actions_text)
        )
        goal = f"{self._module}:step([{add}], [{remove}], [{actions}], Flags)"
        (answer,) = self._prolog.query(goal)
        return [flag == "1" for flag in str(answer["Flags"])]

    def close(self) -> None:
        """The module stays in the process; the next world has its own."""


class SwiPrologAnew(SwiProlog):
    """Tables are made anew in every step, as Prologs do that cannot keep them."""

    name = "SWI-Prolog, tables anew"
    incremental = False


def program(world: World, module: str, incremental: bool) -> str:
    """The theta-cut as a Prolog module. Incremental tables are, of all that was tried, SWI's fastest."""
    how = " as incremental" if incremental else ""
    rules = plain_rules(world, candidates=False)
    facts = plain_facts(world)
    derived = {rule.head.name for rule in rules}
    known = {name: len(row) for name, row in facts} | relations(rules)
    tabled = _recursive(rules)
    under = _under(tabled, rules)
    lines = [f":- module({module}, []).", ":- style_check(-singleton).", ":- use_module(library(aggregate))."]
    for name, arity in sorted(known.items()):
        if name not in derived:
            lines.append(f":- dynamic {name}/{arity}{how if name in under else ''}.")
        else:
            lines.append(f":- discontiguous {name}/{arity}.")
    lines += [f":- table {name}/{known[name]}{how}." for name in sorted(tabled)]
    lines += [f"{_atom(rule.head)} :- {', '.join(map(_item, rule.body))}." for rule in rules]
    for name in sorted(n for n in derived if n.startswith("rejected_")):
        args = ", ".join(f"A{i}" for i in range(known[name]))
        lines.append(f"rejected({name.removeprefix('rejected_')}({args})) :- {name}({args}).")
    lines.append(STEP.replace("@FORGET@", "" if incremental else " abolish_all_tables,"))
    lines += sorted(f"{ground(fact)}." for fact in facts)
    return "\n".join(lines)


def _recursive(rules: Plain) -> set[str]:
    """Relations that a rule of their own mentions: the household's recursion is of that kind."""
    return {
        rule.head.name
        for rule in rules
        for item in rule.body
        if isinstance(item, Literal) and item.atom.name == rule.head.name
    }


def _under(names: set[str], rules: Plain) -> set[str]:
    """All that these relations depend on, and they themselves."""
    found = set(names)
    while True:
        more = {name for rule in rules if rule.head.name in found for name in relations([rule])}
        if more <= found:
            return found
        found |= more


def _atom(atom: Atom) -> str:
    return f"{atom.name}({', '.join(map(term, atom.args))})" if atom.args else atom.name


def _item(item: BodyItem) -> str:
    if isinstance(item, Literal):
        return f"\\+ {_atom(item.atom)}" if item.negated else _atom(item.atom)
    if isinstance(item, Comparison):
        return comparison(item, "==", "\\==", "=<")
    assert isinstance(item, Aggregate)
    literal, _ = counted(item)
    return f"aggregate_all(count, {_atom(literal.atom)}, {term(item.target)})"
