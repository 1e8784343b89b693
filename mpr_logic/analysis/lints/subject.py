"""The subject of lints: a program with its texts, and what is known of the place where it will run."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from mpr_logic.analysis.lints.deployment import ToolNames
from mpr_logic.analysis.lints.domains import Domains
from mpr_logic.analysis.lints.negatives import Negatives
from mpr_logic.analysis.lints.settled import named_in
from mpr_logic.analysis.occurrences import program_as_written

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mpr_logic.analysis.lints.deployment import Deployment, Domain
    from mpr_logic.analysis.program import Program
    from mpr_logic.language.ast import Clause, Module


class Subject:
    """The rules and the deployment that lints look at. Values that several lints need are worked out once,
    when the first lint asks for them.

    Attributes:
        program: the checked rules, in which aggregates speak of the history as their authors do.
        deployment: what is known of the tools, the host and the state.
        modules: the texts; none where only the program is known.
        clauses: the clauses as they are written.
    """

    def __init__(self, program: Program, deployment: Deployment, modules: Sequence[Module]) -> None:
        self.program = program_as_written(program)
        self.deployment = deployment
        self.modules = modules
        self.clauses: tuple[Clause, ...] = tuple(c for module in modules for c in module.clauses)

    @cached_property
    def tool_names(self) -> ToolNames:
        """The mapping between tools and actions."""
        return ToolNames(self.program, self.deployment)

    @cached_property
    def actions(self) -> Mapping[str, tuple[Domain, ...]]:
        """The actions that calls can be of, each with the domains of its arguments."""
        return self.tool_names.actions()

    @cached_property
    def negatives(self) -> Negatives:
        """The numbers of calls that may be negative."""
        return Negatives(self.domains, self.deployment.theta)

    @cached_property
    def domains(self) -> Domains:
        """The values that each relation may hold."""
        constants = self.program.schema.constants
        parameters = {name for name, constant in constants.items() if constant.type is not None}
        settings = (
            {c.head.name for c in self.clauses if not c.body and not parameters.isdisjoint(named_in(c.head))}
            if parameters
            else set[str]()
        )
        return Domains(self.program, self.deployment, self.actions, settings)
