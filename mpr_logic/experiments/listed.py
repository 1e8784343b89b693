"""The simulator's own list as rules: what no agent has, as the upper mark that methods are held against."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.language.ast import Atom, Clause, DefaultDecl, Literal, Module, RelationDecl, Var

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from collections.abc import Set as AbstractSet

    from mpr_logic.agent.environment import Environment, Observation
    from mpr_logic.analysis.program import Program
    from mpr_logic.checker.action import Action

PREFIX = "listed_"


def listing(program: Program) -> Module:
    """Rules that permit what is listed and nothing else: for each action of a program
    ``.decl listed_a(..)``, ``.default forbid a`` and ``permit a(X) :- listed_a(X).``"""
    statements: list[RelationDecl | DefaultDecl | Clause] = []
    for action in program.schema.actions.values():
        args = tuple(Var(f"X{i}") for i, _ in enumerate(action.params))
        name = f"{PREFIX}{action.name}"
        statements += [
            RelationDecl(name, action.params),
            DefaultDecl(action.name),
            Clause("permit", Atom(action.name, args), (Literal(Atom(name, args)),)),
        ]
    return Module(tuple(statements), file="<the simulator's list>")


class Listed:
    """An environment whose state also says what it would do now.

    Args:
        world: the environment.
        possible: what it would do.
    """

    def __init__(self, world: Environment, possible: Callable[[], Collection[Action]]) -> None:
        self._world = world
        self._possible = possible
        self.declarations = world.declarations

    def reset(self) -> Observation:
        """See :class:`Environment`."""
        return self._world.reset()

    def step(self, action: Action) -> Observation:
        """See :class:`Environment`."""
        return self._world.step(action)

    def state(self) -> AbstractSet[str]:
        """What the agent knows, and what is listed."""
        return self._world.state() | {f"{PREFIX}{action}" for action in self._possible()}

    def candidates(self) -> Sequence[Action]:
        """See :class:`Environment`."""
        return self._world.candidates()
