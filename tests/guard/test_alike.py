"""Keys that some readers take for one are refused: two in a call, and one beside what a schema names."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import pytest

pytest.importorskip("jsonschema", reason="needs the extra: pip install 'mpr-logic[tools]'")

from hypothesis import given
from hypothesis import strategies as st

from mpr_logic.errors import StateError
from mpr_logic.guard.calls import Limits, alike_within, read_arguments, two_alike
from mpr_logic.guard.guard import Guard
from mpr_logic.guard.tools import Tools
from mpr_logic.language.lookalikes import alike

SPELLINGS = [
    ("path", "Path"),
    ("arguments", "argument\u017f"),  # a long s
    ("key", "\u212aey"),  # the sign of the kelvin
    ("id", "\u0131d"),  # an i without a dot
    ("id", "\u0130D"),
    ("caf\u00e9", "cafe\u0301"),
    ("name", "\uff4e\uff41\uff4d\uff45"),  # letters of full width
    ("name", "na\u200bme"),
    ("stra\u00dfe", "STRASSE"),
    ("file", "\ufb01le"),  # one letter for f and i
    ("\u03c3", "\u03c2"),  # two small sigmas
    ("path", "path "),
    ("path", "\tPath"),
    ("path", "path\0x"),
]


@pytest.mark.parametrize(("one", "other"), SPELLINGS)
def test_spellings_of_one_key(one: str, other: str) -> None:
    """Keys that some readers take for one, without case or by a form of Unicode, are alike."""
    assert alike(one) == alike(other)
    for given_as in ({one: 1, other: 2}, json.dumps({"deep": [{"x": 0, other: 1, one: 2}]})):
        with pytest.raises(StateError, match="one to some readers"):
            read_arguments(given_as, Limits())


@given(st.text(max_size=8))
def test_every_way_to_change_case_is_seen(key: str) -> None:
    """However a reader folds keys, what it takes for one is alike."""
    forms = [unicodedata.normalize(form, key) for form in ("NFC", "NFD", "NFKC", "NFKD")]
    for other in (key.lower(), key.upper(), key.casefold(), key.swapcase(), key.title(), *forms):
        assert alike(other) == alike(key), (other, key)
        assert (two_alike({key: 1, other: 2}) is None) is (key == other)
    assert alike(alike(key)) == alike(key)


@pytest.mark.parametrize("keys", [["a", "b"], ["user_name", "username"], ["a", "\u0430"], ["x1", "x2"]])
def test_other_keys_are_others(keys: list[str]) -> None:
    """Letters that only look alike, and other words, are no spellings of one key."""
    assert two_alike(keys) is None
    assert list(read_arguments(dict.fromkeys(keys, 1), Limits())) == keys


def test_a_key_in_another_place_is_no_spelling() -> None:
    """Only keys of one object are compared."""
    assert alike_within({"a": {"A": 1}, "b": [{"a": 1}, {"A": 2}]}) is None
    assert alike_within([[{"b": {"c": 1, "C": 2}}]]) == ("c", "C")


SCHEMA: dict[str, Any] = {
    "type": "object",
    "$defs": {"file": {"type": "object", "properties": {"path": {"type": "string"}}}},
    "properties": {
        "path": {"type": "string"},
        "files": {"type": "array", "items": {"$ref": "#/$defs/file"}},
        "more": {"type": "object", "additionalProperties": {"$ref": "#/$defs/file"}},
        "either": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/file"}]},
        "loop": {"$ref": "#/properties/loop"},
    },
    "additionalProperties": True,
}
RULES = """
forbid read(path: P) :- P != null, not starts_with(P, "/data/").
forbid read(path: P) :- P != null, contains(P, "..").
forbid read(files: L) :- field(_, path, P), not starts_with(P, "/data/").
"""


@pytest.mark.parametrize(
    "arguments",
    [
        {"Path": "/etc"},
        {"PATH": "/etc", "x": 1},
        {"files": [{"path": "/data/a"}, {"Path": "/etc"}]},
        {"more": {"any": {"PATH": "/etc"}}},
        {"either": {"pAth": "/etc"}},
        {"file\u017f": []},
        {"path": "/data/a", "Path": "/etc"},
    ],
)
def test_a_tools_own_keys_in_another_spelling(arguments: dict[str, Any]) -> None:
    """Another spelling of a property that an open schema names is refused, at any depth."""
    guard = Guard(text=RULES, tools=Tools([{"name": "read", "inputSchema": SCHEMA}]), strict=False)
    verdict = guard.check("read", arguments)
    assert not verdict.runs
    assert "readers" in verdict.message


@pytest.mark.parametrize(
    "arguments", [{"path": "/data/a"}, {"other": "/etc"}, {"files": [{"path": "/data/b", "n": 1}]}, {}]
)
def test_further_properties_are_welcome(arguments: dict[str, Any]) -> None:
    """A property that is no spelling of a named one is left to the rules."""
    guard = Guard(text=RULES, tools=Tools([{"name": "read", "inputSchema": SCHEMA}]), strict=False)
    assert guard.check("read", arguments).runs, guard.check("read", arguments).message


def test_schemas_whose_references_multiply() -> None:
    """A schema that leads in circles, or doubles at each of its steps, is read in no time."""
    steps = {f"s{n}": {"anyOf": [{"$ref": f"#/$defs/s{n + 1}"}] * 2} for n in range(40)}
    ends = {"s40": {"properties": {"path": {}}, "anyOf": [{"$ref": "#"}, {"$ref": "#/$defs/s0"}]}}
    schema = {
        "type": "object",
        "$defs": steps | ends,
        "anyOf": [{"$ref": "#/$defs/s0"}],
        "additionalProperties": True,
    }
    (tool,) = Tools([{"name": "read", "inputSchema": schema}])
    assert [each.name for each in tool.arguments] == ["path"]
