"""clingo: once with its externals kept between steps, once grounded anew at every step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import clingo

from mpr_logic.language.ast import Aggregate, Atom, BodyItem, Comparison, Const, Literal, Var
from tests.bench.household import Fact
from tests.bench.household import atom as ground
from tests.bench.plain import actions_of, comparison, plain_facts, plain_rules, relations, term

if TYPE_CHECKING:
    from tests.bench.household import Action, Step, World

KEPT = 400
"""The externals are whatever the first so many steps name: clingo must be told of them before it grounds."""


class ClingoAnew:
    """Every step is a new program: the state and the candidates as facts."""

    name = "clingo, grounded anew"

    def __init__(self, world: World) -> None:
        self._rules = program(world)
        self._facts = dict.fromkeys(plain_facts(world))

    def step(self, step: Step) -> list[bool]:
        for fact in step.remove:
            self._facts.pop(fact, None)
        self._facts.update(dict.fromkeys(step.add))
        control = clingo.Control(["--warn=none"])
        facts = [*map(ground, self._facts), *(ground(candidate(action)) for action in step.actions)]
        control.add("base", [], self._rules + ".\n".join(facts) + ".")
        control.ground([("base", [])])
        return _solve(control, step)

    def close(self) -> None:
        """Nothing is shared."""


class ClingoKept:
    """Grounded once over everything that can come to hold; a step assigns externals and solves."""

    name = "clingo, externals kept"

    def __init__(self, world: World) -> None:
        facts = plain_facts(world)
        steps = list(world.steps(KEPT))
        change = {fact for step in steps for fact in (*step.add, *step.remove)}
        actions = {candidate(action) for step in steps for action in step.actions}
        self._control = clingo.Control(["--warn=none"])
        fixed = "".join(f"{ground(fact)}." for fact in facts if fact not in change)
        external = "".join(f"#external {ground(fact)}." for fact in sorted(change | actions, key=repr))
        self._control.add("base", [], program(world) + fixed + external)
        self._control.ground([("base", [])])
        self._symbols = {fact: _symbol(fact) for fact in change | actions}
        for fact in change.intersection(facts):
            self._control.assign_external(self._symbols[fact], True)
        self._last: list[Fact] = []

    def step(self, step: Step) -> list[bool]:
        assign, symbols = self._control.assign_external, self._symbols
        for fact in (*step.remove, *self._last):
            assign(symbols[fact], False)
        self._last = [candidate(action) for action in step.actions]
        for fact in (*step.add, *self._last):
            assign(symbols[fact], True)
        return _solve(self._control, step)

    def close(self) -> None:
        """Nothing is shared."""


def candidate(action: Action) -> Fact:
    """The fact that an action is proposed."""
    return f"candidate_{action[0]}", action[1]


def program(world: World) -> str:
    """The theta-cut for clingo, showing what is rejected."""
    rules = plain_rules(world, candidates=True)
    derived = {rule.head.name for rule in rules}
    lines = [f"#defined {name}/{n}." for name, n in relations(rules).items() if name not in derived]
    lines += [f"{_atom(rule.head)} :- {', '.join(map(_item, rule.body))}." for rule in rules]
    lines += ["#show.", *(f"#show rejected_{name}/{n}." for name, n in actions_of(world).items())]
    return "\n".join(lines) + "\n"


def _solve(control: clingo.Control, step: Step) -> list[bool]:
    rejected: set[str] = set()
    control.solve(on_model=lambda model: rejected.update(map(str, model.symbols(shown=True))))
    return [f"rejected_{name}({','.join(args)})" in rejected for name, args in step.actions]


def _symbol(fact: Fact) -> clingo.Symbol:
    args = [clingo.Number(a) if isinstance(a, int) else clingo.Function(a) for a in fact[1]]
    return clingo.Function(fact[0], args)


def _atom(atom: Atom) -> str:
    return f"{atom.name}({', '.join(map(term, atom.args))})" if atom.args else atom.name


def _item(item: BodyItem) -> str:
    if isinstance(item, Literal):
        return f"not {_atom(item.atom)}" if item.negated else _atom(item.atom)
    if isinstance(item, Comparison):
        return comparison(item)
    assert isinstance(item, Aggregate)
    (literal,) = item.body
    assert isinstance(literal, Literal)
    args = tuple(
        Var(f"Each{i}") if isinstance(a, Var) and a.anonymous else a for i, a in enumerate(literal.atom.args)
    )
    names = ", ".join(term(a) for a in args if not isinstance(a, Const))
    return f"{term(item.target)} = #count {{ {names} : {_atom(Atom(literal.atom.name, args))} }}"
