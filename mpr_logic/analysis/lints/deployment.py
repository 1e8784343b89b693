"""The place where rules will run: its tools, its host, and the facts at the start."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mpr_logic.analysis.program import Fact, Program
    from mpr_logic.language.ast import Value

Domain: TypeAlias = "frozenset[Value] | None"
"""The only values of a column, or of a variable; None where there may be others."""


@dataclass(frozen=True, slots=True)
class ToolSignature:
    """A tool as its schema describes it.

    Attributes:
        name: the tool's name.
        arguments: the names of its arguments, each with the only values that the schema lets in.
        rest: whether it takes arguments that it does not name.
        hints: what it says of itself, such as ``readOnlyHint``. Rules go by what their own files say.
        kinds: for arguments, the kinds of JSON that the schema lets in, such as ``array``.
    """

    name: str
    arguments: Mapping[str, Domain] = field(default_factory=dict)
    rest: bool = False
    hints: Mapping[str, bool] = field(default_factory=dict)
    kinds: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Deployment:
    """The known facts about the place where rules will run, beside the rules themselves.

    Attributes:
        tools: the tools that there are; None where only the rules name them.
        functions: the relations that functions of the host fill.
        facts: the state at the start.
        theta: the weight from which a forbid rejects.
    """

    tools: Sequence[ToolSignature] | None = None
    functions: frozenset[str] = frozenset()
    facts: Sequence[Fact] = ()
    theta: float = 0.9


REST = "*"
"""Stands, in ``argument_name``, for all arguments that a tool does not name."""


class ToolNames:
    """The facts ``tool_name`` and ``argument_name``: which tool is which action, and its arguments."""

    def __init__(self, program: Program, deployment: Deployment) -> None:
        self.program = program
        self.deployment = deployment
        self.tool_names = [f for f in program.facts if f.relation == "tool_name" and len(f.row) == 2]
        self.argument_names = [f for f in program.facts if f.relation == "argument_name" and len(f.row) == 3]
        self.action_of = {str(fact.row[0]): str(fact.row[1]) for fact in self.tool_names}
        self._mapped = frozenset(self.action_of.values())
        self._names: dict[tuple[str, str], list[str]] = {}
        for fact in self.argument_names:
            action, name, word = map(str, fact.row)
            self._names.setdefault((action, word), []).append(name)

    def action(self, tool: str) -> str | None:
        """The declared action of a tool; None where there is none, or it is another tool's."""
        name = self.action_of.get(tool, tool)
        stranger = tool not in self.action_of and name in self._mapped
        return name if name in self.program.schema.actions and not stranger else None

    def names(self, action: str, word: str) -> list[str]:
        """The names that calls may use for an argument of an action."""
        return self._names.get((action, word), [word])

    def actions(self) -> dict[str, tuple[Domain, ...]]:
        """The actions that calls can be of, each with the domains of its arguments."""
        declared = self.program.schema.actions
        if self.deployment.tools is None:
            return {name: (None,) * signature.arity for name, signature in declared.items()}
        found: dict[str, tuple[Domain, ...]] = {}
        for tool in self.deployment.tools:
            name = self.action(tool.name)
            if name is None:
                continue
            row = tuple(self._domain(tool, name, param.name) for param in declared[name].params)
            old = found.get(name)
            found[name] = row if old is None else tuple(map(_union, old, row))
        return found

    def kinds(self) -> dict[str, list[frozenset[str]]]:
        """For each action that tools are, the kinds of JSON that each argument may be, null left out; none
        where a tool does not say."""
        declared = self.program.schema.actions
        found: dict[str, list[frozenset[str]]] = {}
        for tool in self.deployment.tools or ():
            name = self.action(tool.name)
            if name is not None:
                row = [self._kinds(tool, name, param.name) for param in declared[name].params]
                old = found.get(name, row)
                found[name] = [a | b if a and b else frozenset() for a, b in zip(old, row, strict=True)]
        return found

    def _kinds(self, tool: ToolSignature, action: str, word: str) -> frozenset[str]:
        found = [tool.kinds.get(name, frozenset()) for name in self.names(action, word)]
        return frozenset().union(*found) - {"null"} if all(found) else frozenset()

    def _domain(self, tool: ToolSignature, action: str, word: str) -> Domain:
        values: set[Value] = set()
        for name in self.names(action, word):
            domain = tool.arguments.get(name)
            if domain is None:
                return None
            values |= domain
        return frozenset(values)


def _union(one: Domain, other: Domain) -> Domain:
    return None if one is None or other is None else one | other
