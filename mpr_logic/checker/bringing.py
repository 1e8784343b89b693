"""Who would bring a wish about, and with which values: never with one that nobody has named.

A value of an action's argument is determined by what is wished for, or is one of the proposed action's, or
stands in a fact that holds beside a value that is determined. No column is crossed: such a value comes from a
column of the argument's own type, or, where that is a built-in one, of its type and name.
"""

from __future__ import annotations

from itertools import islice, product
from typing import TYPE_CHECKING, Any

from mpr_logic.checker.possible import TRIED
from mpr_logic.checker.solve import matched, solve
from mpr_logic.errors import EvaluationError
from mpr_logic.language.ast import Const, Var
from mpr_logic.language.printer import print_value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mpr_logic.analysis.program import Program, Rule, Signature
    from mpr_logic.checker.possible import Possible
    from mpr_logic.checker.wishes import Wish
    from mpr_logic.engine.protocol import Engine, Pattern
    from mpr_logic.language.ast import Param, Row, Value

BUILT_IN = frozenset({"symbol", "int", "float", "bool", "any"})

LEFT_OUT = "null"
"""The value of an argument that is left out."""

Asserted = "Mapping[str, Mapping[Row, float]]"


class Bringing:
    """Finds actions and changes, in the present state of an engine.

    Args:
        engine: answers what the rules of effects ask.
        facts: the asserted facts.
        possible: who can change what.
        action: the proposed action.
        args: its arguments.
        theta: what the body of an effect must weigh.
        tries: so many actions are named for one wish.
    """

    def __init__(
        self,
        engine: Engine,
        facts: Mapping[str, Mapping[Row, float]],
        possible: Possible,
        action: str,
        args: Row,
        theta: float,
        tries: int,
    ) -> None:
        self._engine = engine
        self._program: Program = engine.program
        self._facts = facts
        self._possible = possible
        self._theta = theta
        self._tries = tries
        params = self._program.schema.actions[action].params
        self._proposed = [(p, v) for p, v in zip(params, args, strict=True) if v != LEFT_OUT]

    def actions(self, wish: Wish) -> Iterator[tuple[str, Row]]:
        """The actions that bring a wish about, by being done or by their declared effects."""
        found: dict[tuple[str, Row], None] = {}
        if wish.comes and wish.relation.startswith(TRIED):
            name = wish.relation.partition(" ")[2]  # `possible.true` has no others
            found = dict.fromkeys((name, row) for row in self._filled(name, wish.row))
        for rule in self._possible.effects.get((wish.relation, wish.comes), ()):
            if rule.weight >= self._theta:
                found |= dict.fromkeys(islice(self._by(rule, wish.row), self._tries))
        yield from islice(found, self._tries)

    def changes(self, wish: Wish) -> Iterator[Row]:
        """The rows that somebody who may would have to change for a wish."""
        if wish.relation not in self._possible.who:
            return
        if None not in wish.row:
            yield tuple(wish.row)  # type: ignore[arg-type]
            return
        signature = self._program.schema.relations[wish.relation.removeprefix("not ")]
        choices: list[list[Any]] = []
        for place, (given, param) in enumerate(zip(wish.row, signature.params, strict=True)):
            if given is not None:
                choices.append([given])
            elif param.type in BUILT_IN:
                return  # any value would be invented
            else:
                there = {row[place] for row in self._facts.get(wish.relation, ())}
                own = [v for p, v in self._proposed if self._fits(p, param)]
                choices.append(list(dict.fromkeys([*own, *sorted(there, key=print_value)])))
        yield from islice(product(*choices), self._tries)

    def _by(self, rule: Rule, wanted: Pattern) -> Iterator[tuple[str, Row]]:
        """The actions that have an effect now, by one rule."""
        name = str(rule.action)
        bound: dict[str, Value] | None = {}
        for term, given in zip(rule.args[rule.given :], wanted, strict=True):
            if given is not None and bound is not None:
                bound = matched((term,), (given,), bound) if isinstance(term, (Var, Const)) else bound
        if bound is None:
            return
        try:
            ways = [b for b, weight in solve(self._engine, rule.body, bound) if weight >= self._theta]
        except EvaluationError:  # its body says more of the action than the effect determines
            self._engine.deadline.poll()
            ways = [bound]
        given_terms = rule.args[: rule.given]
        for bindings in sorted(ways, key=lambda b: sorted((n, print_value(v)) for n, v in b.items())):
            known = tuple(
                t.value if isinstance(t, Const) else bindings.get(t.name) if isinstance(t, Var) else None
                for t in given_terms
            )
            for row in self._filled(name, known):
                if matched(given_terms, row, bindings) is not None:
                    yield name, row

    def _filled(self, name: str, known: Pattern) -> Iterator[Row]:
        """The rows of an action's arguments where some are known."""
        signature = self._program.schema.actions[name]
        if None not in known:
            yield tuple(known)  # type: ignore[arg-type]
            return
        choices: list[list[Any]] = []
        for place, (given, param) in enumerate(zip(known, signature.params, strict=True)):
            if given is not None:
                choices.append([given])
            elif param.optional:
                choices.append([LEFT_OUT])
            else:
                choices.append(self._values(signature, known, place))
        yield from islice(product(*choices), self._tries)

    def _values(self, signature: Signature, known: Pattern, place: int) -> list[Value]:
        """The values for one argument: of the proposed action, and of facts that also say something of what
        is known of the others; where nothing is known, of any fact."""
        param = signature.params[place]
        found = dict.fromkeys(v for p, v in self._proposed if self._fits(p, param))
        beside = [(p, v) for p, v in zip(signature.params, known, strict=True) if v is not None]
        there: set[Value] = set()
        for name, each in self._program.schema.relations.items():
            places = [i for i, p in enumerate(each.params) if self._fits(p, param)]
            if not places:
                continue
            linked = [(i, v) for p, v in beside for i, q in enumerate(each.params) if self._fits(q, p)]
            for row in self._facts.get(name, ()):
                if not beside or any(row[i] == v for i, v in linked):
                    there.update(row[i] for i in places)
        return list(found | dict.fromkeys(sorted(there, key=print_value)))

    def _fits(self, column: Param, param: Param) -> bool:
        """Whether a value of a column may stand for a parameter: its type is the same, or one below it."""
        if param.type in BUILT_IN:
            return column.type == param.type and column.name == param.name
        type_ = column.type
        while type_ not in BUILT_IN and type_ != param.type:
            type_ = self._program.schema.types[type_]
        return type_ == param.type
