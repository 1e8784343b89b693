"""The action that rules see in a tool call: found by the tool's name, typed once, with its facts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from mpr_logic.analysis.atoms import coerce_row
from mpr_logic.analysis.program import Fact
from mpr_logic.analysis.report import did_you_mean
from mpr_logic.checker.action import Action
from mpr_logic.checker.structures import NULL, OPENED, constant, inside, structure
from mpr_logic.errors import StateError
from mpr_logic.guard.calls import kind_of
from mpr_logic.guard.tools import REST
from mpr_logic.language.ast import Span

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from mpr_logic.analysis.program import Program, Signature
    from mpr_logic.guard.tools import Argument, Tool, Tools
    from mpr_logic.language.ast import Row, Value

_HERE = Span("the call", 0, 0, 0, 0)

LOOKED_AT = OPENED | {"argument"}
"""The built-in relations that say what the arguments of a call are, and what is inside."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """A call as rules see it: the action, and the facts of ``argument``, ``item``, ``list_length`` and
    ``field`` about its arguments; ``values`` are these as they were given, in the order of the
    declaration."""

    action: Action
    facts: tuple[Fact, ...]
    values: tuple[Any, ...] = ()

    @property
    def lasting(self) -> list[Fact]:
        """The facts that still hold when another call is proposed."""
        return [fact for fact in self.facts if fact.relation != "argument"]


class _Parameter(NamedTuple):
    """An argument of an action: its names in a call, the declared type and the built-in one below it, whether
    ``null`` may stand for it, its default as a tuple of one, and what the tool's schema says of it."""

    word: str
    names: tuple[str, ...]
    type: str
    base: str
    optional: bool
    nullable: bool
    default: tuple[Any, ...]
    argument: Argument | None


class ToolAction:
    """A tool, and the action that its calls are to rules.

    Args:
        signature: the declaration of the action.
        tool: the tool with its schema; None where the declaration alone says what its arguments are.
        names: by argument of the declaration, its names in a call, where these are others.
    """

    def __init__(
        self, tool_name: str, signature: Signature, tool: Tool | None, names: Mapping[str, tuple[str, ...]]
    ) -> None:
        self.action = signature.name
        self._tool_name = tool_name
        self._signature = signature
        self._tool = tool
        described = {} if tool is None else {each.word: each for each in tool.arguments}
        self._parameters = []
        for param, base in zip(signature.params, signature.bases, strict=True):
            argument = described.get(param.name)
            nullable = param.optional or base == "any" or (argument is not None and argument.nullable)
            default = () if argument is None else argument.said.default
            called = names.get(param.name, (param.name,))
            self._parameters.append(
                _Parameter(param.name, called, param.type, base, param.optional, nullable, default, argument)
            )
        self.names = frozenset(name for each in self._parameters for name in each.names)
        """The names that arguments have in a call."""
        words = ((name, each.word) for each in self._parameters for name in each.names)
        self._words = {name: word for name, word in words if name not in (word, REST)}

    def worded(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """The arguments of a call by the names of the declaration, as far as that names them."""
        if self._words.keys().isdisjoint(arguments):
            return arguments
        return {self._words.get(name, name): value for name, value in arguments.items()}

    def propose(self, arguments: dict[str, Any], opened: Collection[str]) -> Proposed:
        """Type a call: the action with the arguments as constants, and the facts about them.

        Args:
            arguments: they must be JSON.
            opened: which of ``argument``, ``item``, ``list_length`` and ``field`` rules need.

        Raises:
            StateError: the arguments do not fit.
        """
        if self._tool is not None:
            self._tool.validate(arguments)
        names = [name_in(each.names, arguments) for each in self._parameters]
        rest: dict[str, Any] = {}
        named = {name for name in names if name != REST}
        if not named.issuperset(arguments):
            rest = {name: value for name, value in arguments.items() if name not in named}
            if REST not in names:
                raise StateError(f"no argument of `{self._tool_name[:60]}` is named `{min(rest)[:60]}`")
        values = tuple(
            [
                rest if name == REST else _value(name, each, arguments)
                for name, each in zip(names, self._parameters, strict=True)
            ]
        )
        row = tuple([value if type(value) in (str, int) else constant(value) for value in values])
        row = coerce_row(self._signature, row)
        facts = looked_at(self._signature, values, opened) if opened else ()
        return Proposed(Action(self.action, *row), facts, values)


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
        self._names: dict[str, dict[str, tuple[str, ...]]] = {}
        for action, name, word in names["argument_name"]:
            of = self._names.setdefault(str(action), {})
            of[str(word)] = (*of.get(str(word), ()), str(name))
        self._found: dict[str, ToolAction] = {}

    def find(self, tool: str) -> ToolAction | None:
        """The action that calls of a tool are; None where there is none."""
        try:
            return self.of(tool)
        except StateError:
            return None

    def of(self, tool: str) -> ToolAction:
        """The action that calls of a tool are.

        Raises:
            StateError: there is none.
        """
        found = self._found.get(tool)
        return self._make(tool) if found is None else found

    def _make(self, tool: str) -> ToolAction:
        described = None if self._tools is None else self._tools.get(tool)
        signature = self._actions.get(self._action_of.get(tool, tool))
        # a tool must not pass for another one whose action happens to be named so
        stranger = signature is not None and tool not in self._action_of and signature.name in self._mapped
        if signature is None or stranger or (described is None and self._tools is not None):
            free = (name for name in self._actions if name not in self._mapped)
            known = [t.name for t in self._tools] if self._tools else [*self._action_of, *free]
            help = did_you_mean(tool[:60], known, "only declared tools may be called")
            raise StateError(f"no tool `{tool[:60]}` is declared: {help}")
        names = self._names.get(signature.name, {})
        found = self._found[tool] = ToolAction(tool, signature, described, names)
        return found

    def tool_of(self, action: str) -> str:
        """A tool that is this action: the action's own name, where no fact says another."""
        return next((tool for tool, name in self._action_of.items() if name == action), action)

    def name_of(self, action: str, word: str, arguments: Mapping[str, Any]) -> str:
        """The name of an action's argument in a call; ``*`` for the one that holds all others."""
        return name_in(self._names.get(action, {}).get(word, (word,)), arguments)


def name_in(names: tuple[str, ...], arguments: Mapping[str, Any]) -> str:
    """The one of an argument's names by which a call gives it; else the first of them."""
    if len(names) == 1:
        return names[0]
    return next((name for name in names if name in arguments), names[0])


def _value(name: str, of: _Parameter, given: dict[str, Any]) -> Any:
    """The value that a call gives for an argument; None for null, and where it was left out.

    Raises:
        StateError: it may not be left out, or not be of this kind, or rules could not tell it from null.
    """
    if name in given:
        value = given[name]
    elif of.default:
        value = of.default[0]
    elif of.optional:
        value = None
    else:
        raise StateError(f"the argument `{name}` is missing: give it; it is declared as {of.type}")
    if value is None and not (of.nullable and of.base in ("symbol", "any")):
        raise StateError(f"the argument `{name}` is null: give it; it is declared as {of.type}")
    if value == NULL and of.nullable:
        raise StateError(
            f"the argument `{name}` is the text `{NULL}`, which rules would read as left out: "
            "leave it out, or write another text"
        )
    argument = of.argument
    if isinstance(value, (list, dict)) and of.base != "any" and not (argument and argument.takes(value)):
        raise StateError(
            f"the argument `{name}` is {kind_of(value)}, and it is declared as {of.type}: give one value"
        )
    return int(value) if of.base == "int" and type(value) is float and value.is_integer() else value


def looked_at(signature: Signature, values: Sequence[Any], opened: Collection[str]) -> tuple[Fact, ...]:
    """The facts about the arguments of one call, in those relations that are ``opened``."""
    found = opened_facts(values, opened)
    return (*found, *named_facts(signature, values)) if "argument" in opened else found


def named_facts(signature: Signature, values: Sequence[Any]) -> Iterator[Fact]:
    """The facts of ``argument``, by the names of the declaration; of null there is none."""
    for param, value in zip(signature.params, values, strict=True):
        if value is not None:
            yield Fact("argument", (param.name, inside(value)), 1.0, _HERE)


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
