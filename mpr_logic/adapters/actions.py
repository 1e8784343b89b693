"""From a tool call to the action that rules know, its facts, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mpr_logic.adapters.calls import NULL, constant, structure
from mpr_logic.adapters.tools import RELATIONS, REST
from mpr_logic.analysis.atoms import coerce_row
from mpr_logic.analysis.core import Fact
from mpr_logic.analysis.report import did_you_mean
from mpr_logic.checking.action import Action
from mpr_logic.errors import StateError
from mpr_logic.syntax.ast import Span

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mpr_logic.adapters.tools import Tools
    from mpr_logic.analysis.core import Program, Signature
    from mpr_logic.syntax.ast import Value

_HERE = Span("the call", 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Proposed:
    """A call as rules see it: the action, and what ``item`` and ``field`` say of its arguments."""

    action: Action
    facts: tuple[Fact, ...]


class Actions:
    """The actions of a program, by the names of tools.

    The declared facts ``tool_name(tool, action)`` and ``argument_name(action, name, argument)`` say which
    names differ; several tools may be one action, and several names one argument. Where ``tools`` are
    given a call must be of one of them, and of its schema.
    """

    def __init__(self, program: Program, tools: Tools | None) -> None:
        self._actions = program.schema.actions
        self._tools = tools
        self._named = {r: filled(program, r) for r in RELATIONS}
        names: dict[str, list[tuple[Value, ...]]] = {"tool_name": [], "argument_name": []}
        for fact in program.facts:
            if fact.relation in names and self._named[fact.relation]:
                names[fact.relation].append(fact.row)
        self._action_of = {str(tool): str(action) for tool, action in names["tool_name"]}
        self._mapped = frozenset(self._action_of.values())
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
            known = [t.name for t in self._tools] if self._tools else [*self._action_of, *self._actions]
            help = did_you_mean(tool[:60], known, "only declared tools may be called")
            raise StateError(f"no tool `{tool[:60]}` is declared: {help}")
        return found

    def name_of(self, action: str, word: str, arguments: Mapping[str, Any]) -> str:
        """What an argument of an action is named in a call; ``*`` for the one that holds all others."""
        names = self._names_of.get((action, word))
        if names is None:
            return word
        return next((name for name in names if name in arguments), names[0])

    def propose(self, tool: str, arguments: dict[str, Any], *, opened: bool) -> Proposed:
        """The action of a call.

        Args:
            tool: the tool's own name.
            arguments: they must be JSON.
            opened: whether some rule needs ``item`` or ``field``.

        Raises:
            StateError: there is no such tool, or the arguments do not fit.
        """
        signature = self.action_of(tool)
        described = self._tools.get(tool) if self._tools is not None else None
        known = {}
        if described is not None:
            described.validate(arguments)
            known = {each.word: each for each in described.arguments}
        left = dict(arguments)
        values: list[Any] = []
        for param, base in zip(signature.params, signature.bases, strict=True):
            name = self.name_of(signature.name, param.name, arguments)
            if name == REST:
                values.append(None)
                continue
            argument = known.get(param.name)
            if name in left:
                value = left.pop(name)
            elif argument is not None and argument.said.default:
                value = argument.said.default[0]
            else:
                value = None
            if value is None and base not in ("symbol", "any"):
                raise StateError(f"the argument `{name}` is missing or null: it is declared as {base}")
            if value == NULL and (argument is None or argument.nullable):
                raise StateError(
                    f"the argument `{name}` is the text `{NULL}`, which rules would read as left out: "
                    "leave it out, or write another text"
                )
            if base == "int" and type(value) is float and value.is_integer():
                value = int(value)
            values.append(value)
        for place, param in enumerate(signature.params):
            if self.name_of(signature.name, param.name, {}) == REST:
                values[place], left = left, {}
        if left:
            raise StateError(f"no argument of `{tool[:60]}` is named `{min(left)[:60]}`")
        row = coerce_row(signature, [constant(value) for value in values])
        return Proposed(Action(signature.name, *row), tuple(self._facts(values)) if opened else ())

    def _facts(self, values: list[Any]) -> list[Fact]:
        found: dict[tuple[str, Any], Fact] = {}
        for value in values:
            rows = list(structure(value))
            if value is not None and not isinstance(value, list):
                rows.append(("item", (constant(value), constant(value))))
            for relation, row in rows:
                if self._named[relation]:
                    found[relation, row] = Fact(relation, row, 1.0, _HERE)
        return list(found.values())


def filled(program: Program, relation: str) -> bool:
    """Whether the guard fills a relation: it is one of :data:`RELATIONS`, and declared in that way."""
    signature = program.schema.relations.get(relation)
    return signature is not None and RELATIONS[relation] == tuple((p.name, p.type) for p in signature.params)
