"""pyDatalog: its database is one for the whole process, so one household at a time."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from mpr_logic.language.ast import Aggregate, Atom, BodyItem, Comparison, Const, Literal, Term, Var
from tests.bench.peers.base import candidates
from tests.bench.plain import comparison, counted, plain_facts, plain_rules, relations, term

if TYPE_CHECKING:
    from tests.bench.household import Fact, Step, World


class PyDatalog:
    """Candidates are facts; each kind of action is one question. This suits pyDatalog best."""

    name = "pyDatalog, a question a kind"
    candidates = True

    def __init__(self, world: World) -> None:
        self._engine: Any = import_module("pyDatalog.pyDatalog")
        self._engine.Logic()  # a thread's first use needs a Logic
        self._engine.clear()
        rules = plain_rules(world, candidates=self.candidates)
        self._engine.load("\n".join(_clauses(rules)))
        for fact in plain_facts(world):
            self._assert(fact)
        derived = {rule.head.name for rule in rules}
        for name, arity in relations(rules).items():
            if name not in derived:  # a relation that never had a fact is an error to pyDatalog
                empty: Fact = (name, ("nothing",) * arity)
                self._assert(empty)
                self._retract(empty)

    def _assert(self, fact: Fact) -> None:
        self._engine.assert_fact(f"r_{fact[0]}", *(fact[1] or ("x",)))

    def _retract(self, fact: Fact) -> None:
        self._engine.retract_fact(f"r_{fact[0]}", *(fact[1] or ("x",)))

    def update(self, step: Step) -> None:
        """Make the changes."""
        for fact in step.remove:
            self._retract(fact)
        for fact in step.add:
            self._assert(fact)

    def step(self, step: Step) -> list[bool]:
        self.update(step)
        proposed = candidates(step.actions)
        rejected: set[tuple[str, tuple[str, ...]]] = set()
        for name, rows in proposed.items():
            for row in rows:
                self._assert((f"candidate_{name}", row))
        for name, rows in proposed.items():
            arity = len(next(iter(rows)))
            found = self._engine.ask(f"r_rejected_{name}({', '.join('XY'[:arity])})")
            if found is not None:
                rejected.update((name, row) for row in found.answers)
            for row in rows:
                self._retract((f"candidate_{name}", row))
        return [action in rejected for action in step.actions]

    def close(self) -> None:
        """Empty the process's one database."""
        self._engine.clear()


class PyDatalogEach(PyDatalog):
    """Each candidate is one question, its arguments bound: as one would write it first."""

    name = "pyDatalog, a question a candidate"
    candidates = False

    def step(self, step: Step) -> list[bool]:
        self.update(step)
        return [
            self._engine.ask(f"r_rejected_{name}({', '.join(map(repr, args))})") is not None
            for name, args in step.actions
        ]


def _clauses(rules: Any) -> list[str]:
    lines: list[str] = []
    for rule in rules:
        for item in rule.body:
            if isinstance(item, Aggregate):
                lines += _function(item)
    lines += [f"{_atom(rule.head)} <= {' & '.join(map(_item, rule.body))}" for rule in rules]
    return list(dict.fromkeys(lines))


def _function(item: Aggregate) -> list[str]:
    """pyDatalog counts by a function: ``n_in[C] == len_(X)``; of no group it has no value."""
    literal, shared = counted(item)
    (free,) = [i for i, a in enumerate(literal.atom.args) if isinstance(a, Var) and a.anonymous]
    args = list(literal.atom.args)
    args[free] = Var("Each")
    key = ", ".join(shared) or "'x'"
    return [f"(n_{literal.atom.name}[{key}] == len_(Each)) <= {_atom(Atom(literal.atom.name, tuple(args)))}"]


def _term(t: Term) -> str:
    return repr(t.value) if isinstance(t, Const) else term(t)


def _atom(atom: Atom) -> str:
    return f"r_{atom.name}({', '.join(map(_term, atom.args)) or repr('x')})"


def _item(item: BodyItem) -> str:
    if isinstance(item, Literal):
        return f"~({_atom(item.atom)})" if item.negated else _atom(item.atom)
    if isinstance(item, Comparison):
        text = comparison(item)
        if isinstance(item.right, Const) and isinstance(item.right.value, str):
            text = f"{term(item.left)} {item.op} {item.right.value!r}"
        return f"({text})"
    assert isinstance(item, Aggregate)
    literal, shared = counted(item)
    key = ", ".join(shared) or "'x'"
    return f"(n_{literal.atom.name}[{key}] == {term(item.target)})"
