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


def errors(text: str, tool: dict[str, Any] = TOOL, code: str = "E0642") -> list[tuple[str, str]]:
    """The code and the helps of the errors with it of a text behind the schema, before the tools."""
    tools = (*Tools([tool]), *Tools([{"name": "look", "inputSchema": {}}]))
    signatures = [each.known for each in tools]
    found = vet(analyse([parse(SCHEMA + text)]), Deployment(tools=signatures))
    return [(d.code, d.help) for d in found if d.code == code]


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


@pytest.mark.parametrize(
    ("wrong", "help", "right"),
    [
        # Python: to < ["b"], len(to) > max_, min(lists); Rego: input.to < ["b"]; SQL: to BETWEEN ..
        ('send(to: T) :- T < "[\\"b\\"]"', "item(T, 0, X)", 'send(to: T) :- item(T, 0, X), X < "b"'),
        ('send(to: T) :- "[9]" >= T', "list_length(T, N)", "send(to: T) :- list_length(T, N), N > 1"),
        (
            "send(to: T, cc: U) :- T > U",
            "item(T, 0, X)",
            "send(to: T, cc: U) :- item(T, 0, X), item(U, 0, X)",
        ),
        ('send(opts: O) :- O > "{}"', 'field(O, "name", X)', "send(opts: O) :- field(O, size, X), X > 9"),
        ('send(bcc: B) :- item(B, 0, _), B > "[9]"', "item(B, 0, X)", "send(bcc: B) :- item(B, 0, X), X > 9"),
        (
            'send(bcc: B) :- "[9]" < max C : { past send(bcc: C), list_length(C, 2) }, item(B, 1, _)',
            "list_length(C, N)",
            "send(bcc: B) :- 9 < max N : { past send(bcc: C), list_length(C, N) }, item(B, 1, _)",
        ),
        (
            'look(_) :- past send(to: T), T < "[9]"',
            "item(T, 0, X)",
            "look(_) :- past send(to: T), item(T, 0, X), X < 9",
        ),
    ],
)
def test_an_order_of_lists(wrong: str, help: str, right: str) -> None:
    """A list, or an object, by the rule or by the tool's schema has no order; what is inside of it has."""
    ((code, said),) = errors(f"forbid {wrong}.", code="E0671")
    assert code == "E0671"
    assert help in said
    assert errors(f"forbid {right}.", code="E0671") == []


@pytest.mark.parametrize(
    "law",
    [
        'look(N) :- N < "[9]"',
        "send(to: T, cc: U) :- T != U",
        "send(bcc: B) :- B is int, B > 9",
        "send(bcc: B) :- item(B, _, X), X > 9",
        "send(note: N) :- item(N, P, X), P < 9",
        "send(bcc: B) :- item(B, _, N), N is int, N < 3",
    ],
)
def test_an_order_of_what_may_be_no_list(law: str) -> None:
    """Texts, equalities, positions, lengths and items are compared as before."""
    assert errors(f"forbid {law}.", code="E0671") == []
