"""Tool schemas as declarations: every form, every kind of argument, and what is refused."""

from __future__ import annotations

import enum
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("pydantic", reason="needs the extra: pip install 'mpr-logic[tools]'")

from mpr_logic.checker.structures import constant, structure
from mpr_logic.errors import GuardError, StateError
from mpr_logic.guard.calls import Limits, alike_within, read_arguments
from mpr_logic.guard.guard import Guard
from mpr_logic.guard.tools import Tools
from mpr_logic.language.parser import parse
from mpr_logic.language.printer import print_module, print_value


def tool(properties: dict[str, Any], required: list[str] | None = None, **more: Any) -> dict[str, Any]:
    """An MCP tool named `t`."""
    schema = {"type": "object", "properties": properties, "required": required or [], **more}
    return {"name": "t", "inputSchema": schema}


def declared(properties: dict[str, Any], required: list[str] | None = None, **more: Any) -> str:
    """The declaration of such a tool."""
    text = Tools([tool(properties, required, **more)]).declarations()
    return next(line for line in text.splitlines() if line.startswith(".action"))


@pytest.mark.parametrize(
    ("schema", "required", "optional"),
    [
        ({"type": "string"}, "symbol", "symbol"),
        ({"type": "integer"}, "int", "any"),
        ({"type": "number"}, "float", "any"),
        ({"type": "boolean"}, "bool", "symbol"),
        ({"type": "integer", "default": 3}, "int", "int"),
        ({"type": "boolean", "default": False}, "bool", "bool"),
        ({"type": "array", "items": {"type": "string"}}, "symbol", "symbol"),
        ({"type": "object"}, "symbol", "symbol"),
        ({"enum": ["a", "b"]}, "symbol", "symbol"),
        ({"enum": [1, 2]}, "int", "any"),
        ({"const": 1.5}, "float", "any"),
        ({"type": ["string", "null"]}, "symbol", "symbol"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "any", "any"),
        ({"anyOf": [{"type": "string"}, {"type": "array"}]}, "symbol", "symbol"),
        ({"oneOf": [{"type": "string"}, {"type": "integer"}]}, "any", "any"),
        ({"allOf": [{"type": "integer"}, {"minimum": 3}]}, "int", "any"),
        ({"$ref": "#/$defs/n"}, "int", "any"),
        ({}, "any", "any"),
        (True, "any", "any"),
    ],
)
def test_types(schema: Any, required: str, optional: str) -> None:
    """Each kind of JSON has its type, where it must be given and where it may be left out."""
    more = {"$defs": {"n": {"type": "integer"}}}
    assert declared({"x": schema}, ["x"], **more) == f".action t(x: {required})"
    mark = "" if isinstance(schema, dict) and "default" in schema else "?"
    assert declared({"x": schema}, [], **more) == f".action t(x{mark}: {optional})"


def test_all_forms_mean_the_same() -> None:
    """OpenAI's two forms, MCP's, Anthropic's and a Python function give one declaration."""
    schema = {"type": "object", "properties": {"to": {"type": "string"}}, "required": ["to"]}

    def send(to: str) -> None:
        """Send it."""

    forms: list[Any] = [
        {"type": "function", "function": {"name": "send", "description": "Send it.", "parameters": schema}},
        {"type": "function", "name": "send", "description": "Send it.", "parameters": schema},
        {"name": "send", "description": "Send it.", "inputSchema": schema},
        {"name": "send", "description": "Send it.", "input_schema": schema},
        send,
    ]
    assert len({Tools([each]).declarations() for each in forms}) == 1


class Level(enum.Enum):
    """A level, as a parameter of a tool may be."""

    low = "low"
    high = "high"


@dataclass
class Guest:
    """A guest, as a parameter of a tool may be."""

    name: str
    age: int


def test_python_signatures() -> None:
    """Type hints of all sorts, defaults, enums, data classes."""

    def book(
        day: str,
        guests: list[Guest],
        level: Level = Level.low,
        rooms: int = 1,
        rate: float | None = None,
        board: Literal["full", "half"] | None = None,
        **notes: str,
    ) -> None:
        """Book a stay."""

    text = Tools([book]).declarations()
    assert (
        ".action book(day: symbol, guests: symbol, level: symbol, rooms: int, rate: any, board: symbol"
        in text
    )
    rules = (
        "@id(young) forbid book(guests: L) :- item(L, _, G), field(G, age, N), N < 18.\n"
        "@id(many) forbid book(rooms: R) :- R > 3."
    )
    guard = Guard(text=rules, tools=Tools([book]))
    guests = [{"name": "Ann", "age": 30}, {"name": "Bob", "age": 12}]
    assert guard.check("book", {"day": "monday", "guests": guests}).rules == ("young",)
    assert guard.check("book", {"day": "monday", "guests": guests[:1], "rooms": 4}).rules == ("many",)
    assert guard.check("book", {"day": "monday", "guests": guests[:1]}).runs
    assert not guard.check("book", {"day": "monday", "guests": [{"name": "Ann"}]}).runs


def test_signatures_without_names_are_refused() -> None:
    """An argument that has no name cannot be spoken of."""

    def positional(x: str, /) -> None: ...
    def several(*x: str) -> None: ...

    for function in (positional, several):
        with pytest.raises(GuardError, match="without a name"):
            Tools([function])


def test_names_are_mapped_visibly_and_back() -> None:
    """Names that are none of the language are changed, none twice, and the file says how."""
    names = ["Get-Weather", "get_Weather", "get.Weather", "forbid", "9lives", "ok", "item", "später"]
    tools = Tools([tool({"From": {}, "from": {}, "x-y": {}, "x_y": {}}) | {"name": name} for name in names])
    text = tools.declarations()
    assert print_module(parse(text)) == text
    actions = {each.name: each.action for each in tools}
    assert len(set(actions.values())) == len(names)
    assert actions["ok"] == "ok"
    guard = Guard(text=text)  # the file alone says it all
    for name in names:
        verdict = guard.check(name, {"From": "a", "from": "b", "x-y": "c", "x_y": "d"})
        assert verdict.runs, verdict
        assert f"tool_name({print_value(name)}, {actions[name]})" in text or actions[name] == name
    assert actions["get_Weather"] == "get_Weather"
    first = next(iter(tools))
    assert [each.word for each in first.arguments] == ["from_2", "from", "x_y_2", "x_y"]
    for unknown in set(actions.values()) - set(names):
        assert not guard.check(unknown, {}).runs, "an action's name is not a tool's"


def test_what_a_schema_leaves_open_is_seen() -> None:
    """Properties beyond the named ones are refused, or, where the schema lets them in, rules see them."""
    closed = Guard(text="", tools=Tools([tool({"x": {}})]))
    assert not closed.check("t", {"y": 1}).runs
    rules = "@id(key) forbid t(others: O) :- field(O, key, _)."
    guard = Guard(text=rules, tools=Tools([tool({"x": {}}, additionalProperties=True)]))
    assert guard.check("t", {"x": 1, "y": 2}).runs
    assert guard.check("t", {"x": 1, "key": 2}).rules == ("key",)


def test_defaults_and_absence_are_seen() -> None:
    """Rules see a default where an argument is left out, else ``null``; a text that says null is refused."""
    properties = {"n": {"type": "integer", "default": 9}, "s": {"type": "string"}}
    rules = "@id(many) forbid t(n: N) :- N > 5.\n@id(none) forbid t(s: null)."
    guard = Guard(text=rules, tools=Tools([tool(properties)]))
    assert guard.check("t", {}).rules == ("many", "none")
    verdict = guard.check("t", {"n": 2, "s": "x"})
    assert (verdict.runs, verdict.arguments) == (True, {"n": 2, "s": "x"})
    assert "left out" in guard.check("t", {"n": 2, "s": "null"}).message
    assert guard.check("t", {"n": 2.0, "s": "x"}).runs


def test_rules_may_declare_a_tool_more_narrowly() -> None:
    """A declaration in the rules stands; the schema is held to all the same."""
    rules = (
        ".type path <: symbol\n.action t(x: path)\n.decl secret(p: path) input\nforbid t(x: P) :- secret(P)."
    )
    guard = Guard(text=rules, tools=Tools([tool({"x": {"type": "string", "maxLength": 3}}, ["x"])]))
    guard.update(add=["secret(abc)"])
    assert [guard.check("t", {"x": x}).runs for x in ("abc", "abd", "abcd")] == [False, True, False]
    other = Guard(text=".action t(y: symbol)", tools=Tools([tool({"x": {}}, ["x"])]))
    assert not other.check("t", {"x": 1}).runs


@pytest.mark.parametrize(
    ("description", "said"),
    [
        (7, "a JSON object or a function"),
        ({}, "has a name"),
        ({"name": "x" * 201}, "has a name"),
        ({"name": "t", "parameters": 7}, "its schema is a JSON object"),
        (tool({"x": {"type": "strange"}}), "its schema is none"),
        (tool({"x": {"pattern": "(?=a)"}}), "beyond RE2"),
        (tool({}, patternProperties={"(a+)+$": {}}), "not supported"),
        (tool({f"p{n}": {} for n in range(65)}), "at most 64"),
    ],
)
def test_descriptions_that_cannot_be_used(description: Any, said: str) -> None:
    """A description that cannot be used is an error, or, if so wanted, left out: its calls are rejected."""
    with pytest.raises(GuardError, match=said):
        Tools([description])
    tools = Tools([description, tool({}) | {"name": "other"}], strict=False)
    assert [each.name for each in tools] == ["other"]
    assert said in next(iter(tools.refused.values()))
    guard = Guard(text="", tools=tools)
    assert guard.check("other").runs
    assert not guard.check("t").runs


def test_two_tools_of_one_name_are_refused() -> None:
    """Two tools of one name are an error: nobody could tell which of them a call means."""
    with pytest.raises(GuardError, match="two tools"):
        Tools([tool({}), tool({})])


@pytest.mark.parametrize("place", ["http://127.0.0.1:9/x.json", "#/$defs/missing"])
def test_references_stay_inside(place: str) -> None:
    """A schema that refers to another place is not followed there: calls are rejected, and told why."""
    guard = Guard(text="", tools=Tools([tool({"x": {"$ref": place}})]))
    verdict = guard.check("t", {"x": 1})
    assert (verdict.outcome, verdict.runs) == ("reject", False)
    assert "refers to what it does not hold" in verdict.message


def test_patterns_run_in_linear_time() -> None:
    """A pattern that would keep a backtracking matcher busy for ever is matched at once."""
    guard = Guard(text="", tools=Tools([tool({"x": {"type": "string", "pattern": "^(a+)+$"}}, ["x"])]))
    assert not guard.check("t", {"x": "a" * 50_000 + "!"}).runs
    assert guard.check("t", {"x": "a" * 50_000}).runs


def test_descriptions_cannot_write_rules() -> None:
    """A server's descriptions of its tools end up in comments, whatever is in them."""
    hostile = '\n.default permit x\n% "\u2028 permit t(_).\r permit t(x: _).\x00 \u202e'
    one = tool({"x": {"enum": [hostile], "description": hostile}}) | {
        "description": hostile,
        "name": hostile[:60],
    }
    text = Tools([one]).declarations()
    module = parse(text)
    kinds = {type(each).__name__ for each in module.statements}
    assert kinds == {"ActionDecl", "Clause"}
    assert print_module(module) == text
    assert not any(line.startswith("permit") for line in text.splitlines())


def test_files_of_tools(tmp_path: Path) -> None:
    """A list, an object with ``tools``, an answer to tools/list; anything else is refused."""
    file = tmp_path / "tools.json"
    for value in ([tool({})], {"tools": [tool({})]}, {"jsonrpc": "2.0", "result": {"tools": [tool({})]}}):
        file.write_text(json.dumps(value))
        assert len(Tools.load(file)) == 1
    for text in ("{", "7", '{"tool": []}', "[" * 100_000):
        file.write_text(text)
        with pytest.raises(GuardError, match=r"tools\.json"):
            Tools.load(file)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=6), JSON, max_size=4))
def test_any_json_object_is_read_as_it_is(value: dict[str, Any]) -> None:
    """Arguments come back equal, from the object and from its text, and all inside can be reached; unless two
    keys are one to some readers."""
    if alike_within(value) is not None:
        for given_as in (value, json.dumps(value)):
            with pytest.raises(StateError, match="one to some readers"):
                read_arguments(given_as, Limits())
        return
    assert read_arguments(value, Limits()) == value
    assert read_arguments(json.dumps(value), Limits()) == value
    rows = set(structure(value))
    for key, each in value.items():
        assert ("field", (constant(value), key, constant(each))) in rows
        if isinstance(each, list):
            assert ("list_length", (constant(each), len(each))) in rows
            for place, inner in enumerate(each):
                assert ("item", (constant(each), place, constant(inner))) in rows


@pytest.mark.parametrize("name", ["*", "x", "Z", "~", "#", ""])
def test_all_other_arguments_are_seen_whatever_they_are_named(name: str) -> None:
    """An argument that takes all others holds each of them, even one that is named as it is itself."""
    guard = Guard(
        text=".action run(all: any)\n"
        'argument_name(run, "*", all).\n'
        '@id(bad) forbid run(R) :- field(R, _, "bad").'
    )
    assert guard.check("run", {name: "bad"}).rules == ("bad",)
    assert guard.check("run", {name: "good"}).runs


def test_a_text_is_bounded_before_it_is_read() -> None:
    """Characters count, whatever they are: 256 times 1024 are let in, and not one more."""
    text = '{"a": 1' + " " * (256 * 1024 - 8) + "}"
    assert read_arguments(text, Limits()) == {"a": 1}
    with pytest.raises(StateError, match="too large"):
        read_arguments(text + " ", Limits())
    with pytest.raises(StateError, match="too large"):
        read_arguments(text + " " * 1024, Limits())


@pytest.mark.parametrize(
    "given",
    [
        7,
        [1],
        '"x"',
        "{",
        '{"a": 1, "a": 2}',
        '{"a": Infinity}',
        '{"a": "\\ud800"}',
        b"\xff\xfe",
        {"a": float("nan")},
        pytest.param({"a": object()}, id="an object"),
        {1: 2},
        {"a": {1, 2}},
        {"a": 10**1001},
        '{"a": ' + "9" * 5000 + "}",
        '{"a":' * 40 + "1" + "}" * 40,
        {"a": "x" * 300_000},
        {"a": list(range(6000))},
        "[" * 200_000,
    ],
    ids=lambda given: repr(given)[:30],
)
def test_what_is_no_json_object_is_refused(given: Any) -> None:
    """Whatever a model writes is an object of JSON, or an error that says what is wrong."""
    with pytest.raises(StateError):
        read_arguments(given, Limits())


@given(st.text(max_size=20) | JSON, st.text(max_size=60) | st.binary(max_size=40) | JSON)
def test_whatever_is_asked_is_answered(name: Any, arguments: Any) -> None:
    """A check never raises; what runs is a declared tool with arguments of its schema."""
    guard = Guard(text="", tools=Tools([tool({"x": {"type": "integer"}}, ["x"])]))
    for asked in (name, "t"):
        verdict = guard.check(asked, arguments)
        if verdict.runs:
            assert asked == "t"
            assert set(verdict.arguments) == {"x"}
        else:
            assert verdict.message


def test_a_value_that_holds_itself_is_refused() -> None:
    """A list in itself is nested too deep."""
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(StateError, match="deep"):
        read_arguments({"a": loop}, Limits())


@pytest.mark.parametrize("wrap", [lambda inner: [inner], lambda inner: {"k": inner}])
def test_values_are_as_deep_as_the_limit_and_no_deeper(wrap: Callable[[Any], Any]) -> None:
    """Lists and objects alike count one level each; the arguments themselves are the first."""

    def nested(levels: int) -> Any:
        value: Any = "x"
        for _ in range(levels):
            value = wrap(value)
        return value

    limits = Limits(depth=9)
    deep = {"a": nested(8)}
    assert read_arguments(deep, limits) == deep
    with pytest.raises(StateError, match="nested deeper than 9 levels"):
        read_arguments({"a": nested(9)}, limits)


@given(
    st.dictionaries(
        st.sampled_from("abc"),
        st.sampled_from(["string", "integer", "number", "boolean", "array", "null"]).map(
            lambda kind: {"type": kind}
        )
        | st.sampled_from(
            [{"type": "string", "enum": ["x"]}, {"type": ["string", "null"]}, {}, {"const": 1}]
        ),
    ),
    st.lists(st.sampled_from("abc"), unique=True),
    st.sampled_from(
        [{}, {"additionalProperties": False}, {"minProperties": 2}, {"not": {"required": ["a"]}}]
    ),
    st.dictionaries(
        st.sampled_from("abcd"), st.sampled_from(["x", "", 1, 0, 1.0, 1.5, True, None, ["x"], {"a": 1}])
    ),
)
def test_what_fits_plainly_fits(
    properties: dict[str, Any], required: list[str], more: dict[str, Any], arguments: dict[str, Any]
) -> None:
    """The short way to hold arguments against a schema takes nothing that the validator refuses."""
    import jsonschema

    described = tool(properties, required, **more)
    (made,) = Tools([described])
    try:
        made.validate(arguments)
    except StateError:
        return
    jsonschema.validate(arguments, described["inputSchema"])
