"""An argument is what its declaration says, or the call is refused: no list passes a rule on a text."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpr_logic.guard.guard import Guard
from mpr_logic.guard.tools import Tools

RULES = '.action bash(command: symbol)\nforbid bash(command: C) :- matches(C, "rm\\\\s").'
WORDS: list[Any] = [["rm", "-rf", "x"], {"program": "rm", "arguments": ["x"]}, [], {}, [["rm x"]], ["rm x"]]


@pytest.mark.parametrize("command", WORDS)
def test_a_list_or_an_object_is_no_text(command: Any) -> None:
    """A command that the rule would have met in a text does not pass it in another shape."""
    guard = Guard(text=RULES)
    assert not guard.check("bash", {"command": "rm -rf x"}).runs
    assert guard.check("bash", {"command": "ls x"}).runs
    verdict = guard.check("bash", {"command": command})
    assert not verdict.runs
    what = "a list" if isinstance(command, list) else "an object"
    assert (
        verdict.message == f"the argument `command` is {what}, and it is declared as symbol: give one value"
    )


@pytest.mark.parametrize("command", WORDS)
def test_any_takes_one_and_so_does_a_schema(command: Any) -> None:
    """Rules see inside an argument that is declared `any`, or has lists and objects in the tool's schema."""
    looks = '.action bash(command: any)\nforbid bash(command: C) :- item(C, _, "rm").'
    verdict = Guard(text=looks).check("bash", {"command": command})
    assert verdict.runs == (command != ["rm", "-rf", "x"])
    schema = {
        "type": "object",
        "properties": {"command": {"type": ["array", "object"]}},
        "required": ["command"],
    }
    tools = Tools([{"name": "bash", "inputSchema": schema}])
    assert Guard(text="", tools=tools).check("bash", {"command": command}).runs
    own = Guard(text=".action bash(command: symbol)", tools=tools)
    assert own.check("bash", {"command": command}).runs
    text = {"type": "object", "properties": {"command": {"type": "string"}}, "required": ["command"]}
    narrow = Guard(text="", tools=Tools([{"name": "bash", "inputSchema": text}]))
    assert not narrow.check("bash", {"command": command}).runs


FITS: dict[str, list[Any]] = {
    "symbol": ["a", "", "3", "true", True, False],
    "address": ["a", "", "3", "true", True, False],
    "int": [3, 0, -7, 3.0, 10**30],
    "steps": [3, 0, -7, 3.0, 10**30],
    "float": [3, 0, 3.5, -1.5e300],
    "bool": [True, False, "true", "false"],
    "any": ["a", 3, 3.5, True, [], {}, ["a"], {"a": 1}, None],
}
VALUES: list[Any] = [
    *("a", "", "3", "true", "false", "3.5", True, False, 3, 0, -7, 10**30, 3.0, 3.5, -1.5e300, None, [], {}),
    *(["a"], [3], {"a": 1}, [None], [[]]),
]


def guard_of(type_: str, mark: str = "") -> Guard:
    """A guard whose one action takes an argument of a type."""
    return Guard(text=f".type address <: symbol\n.type steps <: int\n.action go(x{mark}: {type_})")


@pytest.mark.parametrize("type_", FITS)
@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_every_type_takes_what_it_says(type_: str, value: Any) -> None:
    """Of every kind of JSON, each type takes its own and refuses the rest, with the argument's name."""
    fits = any(type(each) is type(value) and each == value for each in FITS[type_])
    fits = fits or type_ == "any" or (type_ in ("symbol", "address") and type(value) in (str, bool))
    fits = fits or (type_ == "float" and type(value) in (int, float))
    fits = fits or (type_ in ("int", "steps") and type(value) is float and value.is_integer())
    verdict = guard_of(type_).check("go", {"x": value})
    assert verdict.runs == fits
    assert fits or "`x`" in verdict.message


@pytest.mark.parametrize("type_", FITS)
def test_a_required_argument_that_is_missing_is_named(type_: str) -> None:
    """No arguments, a null where none may be, and another name in its place: each is refused."""
    guard = guard_of(type_)
    assert guard.check("go", {"X": "a"}).message == "no argument of `go` is named `X`"
    nothing: list[Any] = [{}, None, "", "{}"]
    for arguments in nothing:
        verdict = guard.check("go", arguments)
        assert not verdict.runs
        assert verdict.message.startswith("the argument `x` is missing: give it")
    assert guard.check("go", {"x": None}).runs == (type_ == "any")


def test_two_arguments_of_which_one_is_missing() -> None:
    """`{}` for two required arguments, and one of two, are refused; an optional one may be left out."""
    text = ".action put(o: symbol, r: symbol, how?: symbol)\n@id(hard) forbid put(how: hard)."
    guard = Guard(text=text)
    for arguments in ({}, {"o": "apple"}, {"r": "fridge"}, {"o": "apple", "how": "softly"}):
        assert "is missing" in guard.check("put", arguments).message
    assert guard.check("put", {"o": "apple", "r": "fridge"}).runs
    assert guard.check("put", {"o": "apple", "r": "fridge", "how": None}).runs
    assert guard.check("put", {"o": "apple", "r": "fridge", "how": "hard"}).rules == ("hard",)
    assert not guard.check("put", {"o": "apple", "r": "fridge", "how": "null"}).runs
    assert not guard.check("put", {"o": "apple", "r": "fridge", "how": ["hard"]}).runs


def test_what_is_left_out_is_null_to_rules() -> None:
    """A rule can ask for the absence of an optional argument."""
    guard = Guard(text=".action put(o: symbol, how?: any)\n@id(say) forbid put(how: null).")
    assert guard.check("put", {"o": "apple"}).rules == ("say",)
    assert guard.check("put", {"o": "apple", "how": 3}).runs


@given(
    st.dictionaries(
        st.sampled_from(["o", "r", "how", "x"]),
        st.none()
        | st.booleans()
        | st.integers()
        | st.text(max_size=5)
        | st.lists(st.text(max_size=2), max_size=2),
        max_size=4,
    )
)
def test_no_call_with_less_than_its_arguments_is_admitted(arguments: dict[str, Any]) -> None:
    """Whatever is given, an admitted call has both required arguments as texts, and nothing unknown."""
    guard = Guard(text=".action put(o: symbol, r: symbol, how?: symbol)")
    if guard.check("put", arguments).runs:
        assert arguments.keys() <= {"o", "r", "how"}
        assert all(isinstance(arguments[name], (str, bool)) for name in ("o", "r"))
        assert isinstance(arguments.get("how", ""), (str, bool, type(None)))
