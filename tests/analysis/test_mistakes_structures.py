"""Mistakes of people who take a list or an object for a text, with the message and the fix."""

from __future__ import annotations

from typing import Any

import pytest

from mpr_logic.analysis import analyse
from mpr_logic.analysis.lints import Deployment, vet
from mpr_logic.errors import ProgramError
from mpr_logic.guard.guard import Guard
from mpr_logic.guard.tools import Tools
from mpr_logic.language.parser import parse

LIST = {"type": "array", "items": {"type": "string"}}
PROPERTIES: dict[str, Any] = {
    "to": LIST,
    "opts": {"type": "object"},
    "cc": {"anyOf": [LIST, {"type": "null"}]},
    "bcc": {"anyOf": [LIST, {"type": "string"}]},
    "tag": {"enum": [["a"], ["b"]]},
    "note": {"type": "string"},
}
TOOL = {
    "name": "send",
    "inputSchema": {"type": "object", "properties": PROPERTIES, "required": ["to", "note"]},
}
SCHEMA = """.action send(to: symbol, opts?: symbol, cc?: any, bcc?: any, tag?: any, note: symbol)
.action look(note: symbol)
.class any_send(to: symbol) {send}
"""


def errors(text: str, tool: dict[str, Any] = TOOL) -> list[tuple[str, str]]:
    """The codes and helps of the errors of a text behind the schema, before the tools."""
    tools = (*Tools([tool]), *Tools([{"name": "look", "inputSchema": {}}]))
    signatures = [each.known for each in tools]
    found = vet(analyse([parse(SCHEMA + text)]), Deployment(tools=signatures))
    return [(d.code, d.help) for d in found if d.code == "E0642"]


@pytest.mark.parametrize(
    ("wrong", "help", "right"),
    [
        # Python: "eve" in to; Rego: input.to == "eve"; Cedar: context.to == ["eve"]; SQL: to = 'eve'
        ('send(to: T) :- T = "eve"', "item(To, _, X)", 'send(to: T) :- item(T, _, "eve")'),
        ('send(to: "eve")', "item(To, _, X)", 'send(to: T) :- item(T, _, "eve")'),
        ('any_send(to: "eve")', "item(To, _, X)", 'any_send(to: T) :- item(T, _, "eve")'),
        (
            'send(to: T) :- T != "ann"',
            "item(To, _, X)",
            'send(to: T) :- item(T, _, X), X != "ann"',
        ),
        (
            "send(to: T) :- T in {eve, bob}",
            "item(",
            "send(to: T) :- item(T, _, X), X in {eve, bob}",
        ),
        (
            'send(to: T) :- not ends_with(T, "@us")',
            "item(",
            'send(to: T) :- item(T, _, X), X is symbol, not ends_with(X, "@us")',
        ),
        (
            'send(to: T) :- starts_with(T, "x-")',
            "item(",
            'send(to: T) :- item(T, _, X), X is symbol, starts_with(X, "x-")',
        ),
        (
            "look(_) :- past send(to: eve)",
            "item(",
            "look(_) :- past send(to: T), item(T, _, eve)",
        ),
        (
            "look(_) :- 1 < count : { past send(to: T), T = eve }",
            "item(",
            "look(_) :- 1 < count : { past send(to: T), item(T, _, eve) }",
        ),
        (
            'send(opts: O) :- O = "force"',
            'field(Opts, "name", X)',
            "send(opts: O) :- field(O, force, true)",
        ),
        ("send(cc: 3)", "item(Cc, _, X)", "send(cc: C) :- list_length(C, 3)"),
    ],
)
def test_a_mistake_and_its_fix(wrong: str, help: str, right: str) -> None:
    """A comparison with a list or an object is told, with what to ask instead, and that is right."""
    ((code, said),) = errors(f"forbid {wrong}.")
    assert code == "E0642"
    assert help in said
    assert errors(f"forbid {right}.") == []


@pytest.mark.parametrize(
    "text",
    [
        'forbid send(to: "[\\"eve\\"]").',
        'forbid send(to: T) :- contains(T, "eve"), starts_with(T, "["), ends_with(T, "]").',
        "forbid send(opts: O) :- O = null.",
        "forbid send(cc: C) :- C != null.",
        'forbid send(bcc: B) :- B = "eve".',
        'forbid send(note: "eve").',
        'forbid send(tag: T) :- T = "[\\"a\\"]".',
        'forbid send(opts: "{}").',
    ],
)
def test_what_may_be_compared(text: str) -> None:
    """The text of a list, what was left out, and an argument that may be a text are no mistakes."""
    assert errors(text) == []


def test_what_a_tool_does_not_say_is_no_mistake() -> None:
    """Without a schema, or with one that does not say what an argument is, nothing is told."""
    assert errors("forbid send(to: eve).", {"name": "send", "inputSchema": {"properties": {"to": {}}}}) == []
    renamed = {"name": "send", "inputSchema": {"properties": {"To": LIST}}}
    assert errors('argument_name(send, "To", to). forbid send(to: eve).', renamed) != []


def test_a_guard_does_not_start_with_it() -> None:
    """A law that a list passes by is an error before the first call."""
    with pytest.raises(ProgramError, match="E0642"):
        Guard(text=SCHEMA + "forbid send(to: eve).", tools=Tools([TOOL, {"name": "look", "inputSchema": {}}]))
