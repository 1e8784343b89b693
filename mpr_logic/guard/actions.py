"""From a tool call to the action that rules know, its facts, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mpr_logic.analysis.atoms import coerce_row
from mpr_logic.analysis.program import Fact
from mpr_logic.analysis.report import did_you_mean
from mpr_logic.checker.action import Action
from mpr_logic.errors import StateError
from mpr_logic.guard.calls import NULL, constant, kind_of, structure
from mpr_logic.guard.tools import REST
from mpr_logic.language.ast import Span

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from mpr_logic.analysis.program import Program, Signature
    from mpr_logic.guard.tools import Argument, Tools
    from mpr_logic.language.ast import Param, Row, Value

_HERE = Span("the call", 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Proposed:
    """A call as rules see it: the action, and what ``item``, ``list_length`` and ``field`` say of its
    arguments; ``values`` are these as they were given, in the order of the declaration."""

    action: Action
    facts: tuple[Fact, ...]
    values: tuple[Any, ...] = ()


class Actions:
    """The actions of a program, by the names of tools.

    The facts ``tool_name(tool, action)`` and ``argument_name(action, name, argument)`` say which
    names differ; several tools may be one action, and several names one argument. Where ``tools`` are
    given a call must be of one of them, and of its schema.
    """

    def __init__(self, program: Program, tools: Tools | None) -> None:
        self._actions = program.schema.actions
        self._tools = tools
        names: dict[str, list[tuple[Value, ...]]] = {"tool_name": [], "argument_name": []}
        for fact in program.facts:
            if fact.relation in names:
                names[fact.relation].append(fact.row)
        self._action_of = {str(tool): str(action) for tool, action in names["tool_name"]}
        self._mapped = frozenset(self._action_of.values())
        self._names: dict[str, frozenset[str]] = {}
        self._names_of: dict[tuple[str, str], list[str]] = {}
        for action, name, word in names["argument_name"]:
            self._names_of.setdefault((str(action), str(word)), []).append(str(name))

    def action_of(self, tool: str) -> Signature:
        """The declaration of a tool's action.

        Raises:
            StateError: there is none.
        """
        unknown = self._tools is not None and self._tools.get(tool) is None
        found = self._actions.get(self._action_of.get(tool, tool))
        # a tool must not pass for another one whose action happens to be named so
        stranger = found is not None and tool not in self._action_of and found.name in self._mapped
        if found is None or unknown or stranger:
            free = (name for name in self._actions if name not in self._mapped)
            known = [t.name for t in self._tools] if self._tools else [*self._action_of, *free]
            help = did_you_mean(tool[:60], known, "only declared tools may be called")
            raise StateError(f"no tool `{tool[:60]}` is declared: {help}")
        return found

    def tool_of(self, action: str) -> str:
        """A tool that is this action: the action's own name, where no fact says another."""
        return next((tool for tool, name in self._action_of.items() if name == action), action)

    def name_of(self, action: str, word: str, arguments: Mapping[str, Any]) -> str:
        """What an argument of an action is named in a call; ``*`` for the one that holds all others."""
        names = self._names_of.get((action, word))
        if names is None:
            return word
        return next((name for name in names if name in arguments), names[0])

    def names(self, tool: str) -> Collection[str]:
        """The names that a tool's arguments have in a call; none where there is no such tool."""
        action = self._actions.get(self._action_of.get(tool, tool))
        if action is None:
            return ()
        found = self._names.get(action.name)
        if found is None:
            names = [self._names_of.get((action.name, each.name), [each.name]) for each in action.params]
            found = self._names[action.name] = frozenset(name for each in names for name in each)
        return found

    def propose(self, tool: str, arguments: dict[str, Any], *, opened: Collection[str]) -> Proposed:
        """The action of a call.

        Args:
            tool: the tool's own name.
            arguments: they must be JSON.
            opened: which of ``item``, ``list_length`` and ``field`` rules need.

        Raises:
            StateError: there is no such tool, or the arguments do not fit.
        """
        signature = self.action_of(tool)
        described = self._tools.get(tool) if self._tools is not None else None
        known = {}
        if described is not None:
            described.validate(arguments)
            known = {each.word: each for each in described.arguments}
        names = [self.name_of(signature.name, param.name, arguments) for param in signature.params]
        named = {name for name in names if name != REST}
        rest = {name: value for name, value in arguments.items() if name not in named}
        if rest and REST not in names:
            raise StateError(f"no argument of `{tool[:60]}` is named `{min(rest)[:60]}`")
        values = [
            rest if name == REST else _value(name, param, base, known.get(param.name), arguments)
            for name, param, base in zip(names, signature.params, signature.bases, strict=True)
        ]
        row = coerce_row(signature, [constant(value) for value in values])
        return Proposed(Action(signature.name, *row), opened_facts(values, opened), tuple(values))


def _value(name: str, param: Param, base: str, argument: Argument | None, given: dict[str, Any]) -> Any:
    """The value that a call gives for an argument; None for null, and where it was left out.

    Raises:
        StateError: it may not be left out, or not be of this kind, or rules could not tell it from null.
    """
    if name in given:
        value = given[name]
    elif argument is not None and argument.said.default:
        value = argument.said.default[0]
    elif param.optional:
        value = None
    else:
        raise StateError(f"the argument `{name}` is missing: give it; it is declared as {param.type}")
    nullable = param.optional or base == "any" or (argument is not None and argument.nullable)
    if value is None and not (nullable and base in ("symbol", "any")):
        raise StateError(f"the argument `{name}` is null: give it; it is declared as {param.type}")
    if value == NULL and nullable:
        raise StateError(
            f"the argument `{name}` is the text `{NULL}`, which rules would read as left out: "
            "leave it out, or write another text"
        )
    if isinstance(value, (list, dict)) and base != "any" and not (argument and argument.takes(value)):
        raise StateError(
            f"the argument `{name}` is {kind_of(value)}, and it is declared as {param.type}: give one value"
        )
    return int(value) if base == "int" and type(value) is float and value.is_integer() else value


def opened_facts(values: Sequence[Any], opened: Collection[str]) -> tuple[Fact, ...]:
    """The facts of some arguments in those of ``item``, ``list_length`` and ``field`` that are ``opened``."""
    if not opened:
        return ()
    found: dict[tuple[str, Row], Fact] = {}
    for value in values:
        for relation, row in structure(value):
            if relation in opened:
                found[relation, row] = Fact(relation, row, 1.0, _HERE)
    return tuple(found.values())
