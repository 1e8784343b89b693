"""Heard messages are kept exactly: places before a use, invisible letters, depth, calls of one id."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest

pytest.importorskip("jsonschema", reason="needs the extra: pip install 'mpr-logic[tools]'")

from mpr_logic.guard.calls import Limits
from mpr_logic.guard.conversation import Message, ToolCall
from mpr_logic.guard.guard import Guard
from mpr_logic.guard.results import read_result

RULES = """
.action read()
.action note(text: symbol)
.action pay(to: symbol)
forbid pay(T) :- found_in(value: T, source: result).
"""


def test_a_use_of_a_value_takes_no_earlier_place_away() -> None:
    """A value from a result is from there after a call with it too, however many messages lie between."""
    for more in range(3):
        guard = Guard(text=RULES)
        guard.hear(Message("tool", tool="read", content={"iban": "eve@evil.com"}))
        guard.hear(*[Message("user", "go on")] * more)
        assert guard.check("note", {"text": "eve@evil.com"}).runs
        assert not guard.check("pay", {"to": "eve@evil.com"}).runs


INVISIBLE = [
    chr(code)
    for code in range(0x110000)
    if unicodedata.category(chr(code)) in ("Cf", "Cc") and not chr(code).isspace()
] + ["\ufffc", "\u2800", "\u3164", "\U0001d159"]


def test_no_invisible_letter_hides_a_value() -> None:
    """Every format character, control and blank of Unicode makes no difference within a value."""
    shown = set("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")
    guard = Guard(text=RULES)
    guard.hear(Message("tool", tool="read", content={"iban": "eve@evil.com"}))
    for letter in INVISIBLE:
        if letter not in shown:  # marks of numbers, which are seen
            assert not guard.check("pay", {"to": f"eve@ev{letter}il.com"}).runs, hex(ord(letter))


@pytest.mark.parametrize("kind", ["list", "object"])
def test_a_result_is_as_deep_as_the_limit(kind: str) -> None:
    """A value within the limit is JSON, and one beyond it is a text: lists and objects alike."""

    def nested(depth: int) -> Any:
        value: Any = 1
        for _ in range(depth):
            value = [value] if kind == "list" else {"a": value}
        return value

    limits = Limits(depth=4)
    assert read_result(nested(4), limits).value == nested(4)
    assert isinstance(read_result(nested(5), limits).value, str)
    assert isinstance(read_result(nested(3000), limits).value, str)


def test_a_result_with_a_tools_name_is_of_that_tools_call() -> None:
    """Of two calls with one id, the result that names its tool has the arguments of that call."""
    rules = """
    .action look(at: symbol)
    .action read(file: symbol)
    .action go(to: symbol)
    forbid go(T) :- returned(C, read, _), not asked_with(C, file, T).
    """
    calls = (ToolCall("x", "look", {"at": "a"}), ToolCall("x", "read", {"file": "b"}))
    guard = Guard(text=rules)
    guard.hear(Message("assistant", calls=calls), Message("tool", answers="x", tool="read", content="ok"))
    assert guard.check("go", {"to": "b"}).runs
    assert not guard.check("go", {"to": "a"}).runs


def test_all_of_a_calls_characters_count() -> None:
    """The name of a tool and the arguments are added up to the limit of what is heard."""
    rules = ".action go() forbid go :- said(_, user, stop)."
    for name, size, runs in (("", 200, False), ("t", 10, True), ("t" * 60, 10, True), ("t" * 100, 10, False)):
        guard = Guard(text=rules, limits=Limits(heard=100))
        guard.hear(Message("assistant", calls=(ToolCall("", name, {"a": "x" * size}),)))
        assert guard.check("go", {}).runs is runs
