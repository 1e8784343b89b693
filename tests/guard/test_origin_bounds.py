"""Bounds of what is heard: any value and any text is taken in within steps that grow with its size alone, and
what is beyond the limits is told.

Steps are calls, of Python and of C: no test here reads a clock.
"""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("yaml", reason="needs the extra: pip install 'mpr-logic[tools]'")

from hypothesis import given, settings
from hypothesis import strategies as st

from mpr_logic.errors import StateError
from mpr_logic.guard.calls import Limits
from mpr_logic.guard.conversation import Followed, Message
from mpr_logic.guard.guard import Guard
from mpr_logic.guard.origins import Origins, parts, records, traced
from mpr_logic.guard.origins import facts as facts_module
from mpr_logic.guard.origins.records import flat, leaves, values, written
from mpr_logic.guard.origins.spelling import canonical, respelt
from mpr_logic.guard.results import read_result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RULES = """
.action pay(to: symbol)
@because("{V} is nobody's") forbid pay(V) :- origin(V, model, _, _, _, _, _).
@because("{V} stands in a vault") forbid pay(V) :- found_in(V, result, vault, _, _, _, _).
"""
LIMITS = Limits(returned=1_000, heard=50_000)


@pytest.fixture(autouse=True, scope="module")
def tight() -> Iterator[None]:
    """Lower bounds than a guard has: what is counted is the same."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "MOST_VALUES", 1_000)
        patch.setattr(records, "MOST_WRITTEN", 5_000)
        yield


@contextmanager
def at_most(most: int) -> Iterator[list[int]]:
    """Count the steps that are taken inside, and end with an error where they are more."""
    steps = [0]

    def count(_frame: object, event: str, _of: object) -> None:
        if event in ("call", "c_call"):
            steps[0] += 1
            if steps[0] > most:
                sys.setprofile(None)
                raise AssertionError(f"more than {most} steps")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        yield steps
    finally:
        sys.setprofile(before)


def shared(depth: int, inner: Any, width: int = 2) -> Any:
    """A list of the same list, and so on: small in memory, and huge where it is written out."""
    for _ in range(depth):
        inner = [inner] * width
    return inner


def aliases(depth: int, inner: str) -> str:
    """The same as YAML."""
    lines = [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]" for n in range(1, depth)]
    return "\n".join([f"a0: &a0 {inner}", *lines])


def traces() -> Guard:
    """A guard whose rules ask where values come from, and that hears little."""
    return Guard(text=RULES, limits=LIMITS, strict=False)


BOMBS = [
    shared(31, 1),
    shared(28, []),
    shared(60, "a"),
    shared(30, {}, 3),
    [object(), shared(28, 1)],
    [{"a": shared(24, "b")} for _ in range(3)],
    ["x" * 50_000] * 100_000,
    [float("nan"), ["x" * 50_000] * 100_000],
    {"k" * 50_000: shared(25, 0)},
]


@pytest.mark.parametrize("bomb", BOMBS, ids=range(len(BOMBS)))
def test_a_value_that_repeats_itself_is_heard_in_bounded_time(bomb: Any) -> None:
    """A small value whose JSON has no end in sight is told to be too large, or read once each."""
    guard = traces()
    with at_most(3_000_000):
        guard.hear(Message("user", "Pay Kim."), Message("tool", tool="look", content=bomb))
        verdict = guard.check("pay", {"to": "Kim"})
    assert (verdict.outcome == "admit") == (verdict.error is None)
    assert verdict.error is None or "this session has more than" in verdict.error
    with at_most(3_000_000):
        assert len(Followed().news([Message("tool", tool="look", content=bomb)])) == 1


def test_more_than_the_limits_is_told() -> None:
    """Beyond the limits nothing is kept of a result, its counts say so, and later calls are rejected."""
    found = read_result(shared(20, 1), LIMITS)
    assert found.values > LIMITS.returned or found.characters > LIMITS.heard
    assert not found.value
    guard = traces()
    guard.hear(Message("user", "Pay Kim."), Message("tool", tool="look", content=[1] * 4_000))
    verdict = guard.check("pay", {"to": "Kim"})
    assert verdict.outcome == "reject"
    assert "more than 1000 values" in str(verdict.error)


RECORDS = [aliases(30, "[]"), aliases(30, '[""]'), aliases(30, "{}"), aliases(9, "[kim, ann]")]


@pytest.mark.parametrize("record", RECORDS, ids=range(len(RECORDS)))
def test_aliases_are_followed_in_bounded_time(record: str) -> None:
    """YAML whose aliases multiply is read as one text, in which its values are still found."""
    with at_most(40_000):
        found = leaves(record)
    assert [each.text for each in found] == [record]
    guard = traces()
    with at_most(3_000_000):
        guard.hear(Message("tool", tool="vault", content=record + "\nto: kim"))
        verdict = guard.check("pay", {"to": "kim"})
    assert verdict.outcome == "reject"
    assert verdict.decision is not None
    assert "kim stands in a vault" in verdict.decision.by_rule[0].text


def test_an_alias_of_a_long_text_is_not_read_again_and_again() -> None:
    """Texts count too: a record holds no more of them than the text that it was read from."""
    texts = ",".join(f"'x{n}'" for n in range(2_000))
    with at_most(100_000):
        found = leaves(f'a: &a "[{texts}]"\nl: [' + ",".join(["*a"] * 1_000) + "]\n")
    assert len(found) == 1


INNERMOST = ["", "kim", 7, 1.5, None, True, float("inf"), 16**4_200 - 1, b"x"]


def graph_of(innermost: int, steps: list[tuple[int, int, bool]]) -> Any:
    """A value whose lists and objects stand in it many times, in others or in themselves.

    Args:
        innermost: which of the values is inside.
        steps: of each further list or object the kind, the number of times that it holds the one before, and
            whether it holds the one before that.
    """
    built = [INNERMOST[innermost]] * 2
    for kind, times, older in steps:
        inner = [built[-1]] * times + built[-2:-1] * older
        if kind == 0:
            built.append({f"k{n}": each for n, each in enumerate(inner)})
        elif kind == 1:
            built.append(tuple(inner))
        else:
            if kind == 2:
                inner.append(inner)
            built.append(inner)
    return built[-1]


@settings(max_examples=20, deadline=None)
@given(
    st.integers(0, len(INNERMOST) - 1),
    st.lists(st.tuples(st.integers(0, 9), st.integers(1, 3), st.booleans()), max_size=45),
)
def test_any_graph_of_values_is_read_in_bounded_time(
    innermost: int, steps: list[tuple[int, int, bool]]
) -> None:
    """Each reader of a value ends, within steps that its parts and the limits bound."""
    graph = graph_of(innermost, steps)
    readers: list[Callable[[], object]] = [
        lambda: values(graph),
        lambda: flat(graph),
        lambda: leaves(graph),
        lambda: read_result(graph, LIMITS),
        lambda: Followed().news([Message("tool", tool="t", content=graph)]),
        lambda: Origins().called({"a": graph}),
        lambda: Origins().returned(0, "t", graph, {}),
    ]
    for read in readers:
        with at_most(500_000):
            read()
    result = read_result(graph, LIMITS)
    json.dumps(result.value, allow_nan=False)


PIECES = (
    *"a 1 . , : - / \\ @ ' \" [ ] ( ) { } < > & # % | = _ * ~ + ? ! \n \t".split(" "),
    *("a\n", "1\n", "1 1\n", "a ", "A ", "Aa: ", "A: ", "111 ", "1,", "1.", "a.", "a@", "a/", "\\a", "a: "),
    *("http://", "http:", "://", "http://[", "www.", " at ", " dot ", "[.", "(at)", "\\u0301", "%41", "&#"),
    *("&a ", "*a ", "- ", "? ", "[[", "{{", "{a: ", "a: [", "0x", "xn--a", "> ", "\n>", "=\n", "c:\\", "'s"),
    *("\u0301", "\u0316", "\uff9e", "\u0f73", "\u034f", "\u200b", "\ufdfa", "\u4e00", "\U0001f600", "\ud800"),
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=3),
    st.sampled_from(["", "a: ", "[", "{", "- ", "x "]),
)
def test_any_text_is_heard_in_steps_that_grow_with_its_length(pieces: list[str], begin: str) -> None:
    """A text of twice the length takes about twice the steps: heard, searched, and taken apart."""

    def steps(times: int) -> int:
        text = begin + "".join(pieces) * times
        with at_most(3_000_000) as taken:
            origins = Origins()
            origins.said(0, "user", text)
            origins.called({"a": text})
            origins.returned(0, "t", text, {})
            origins.returned(1, "t", {"from": text}, {})
            origins.all(text[:50])
            origins.first(text + "z")
            origins.fields_in(text)
            parts(text)
        assert len(canonical(text)) <= 20 * len(text) + 20  # of one sign NFKC makes up to 18
        assert len(respelt(text, canonical(text))) <= 60 * len(text) + 100
        return taken[0]

    once, twice = steps(200), steps(400)
    assert twice <= 2.6 * once + 2_000


@pytest.mark.parametrize(
    "text",
    [
        "a" + "\u0301" * 20_000 + "\u0316" * 20_000,
        "\u0301\uff9e" * 20_000,
        ("\u0301" * 30 + "\u0f73") * 1_000,
        "\u0301\u034f\u0316" * 20_000,
        "\\u0301" * 9_000 + "\\u0316" * 9_000,
    ],
)
def test_marks_on_one_letter_are_few(text: str) -> None:
    """Unicode's order of marks takes the square of their number: of a long row the first thirty count."""
    assert len(canonical(text)) <= 70


def test_few_marks_are_as_they_were() -> None:
    """Marks as languages have them are not touched, and kana of half width are those of full width."""
    assert canonical("e\u0301") == "\u00e9"
    assert canonical("\uff76\uff9e") == "\u30ac"
    assert canonical("\uff8a\uff9f") == "\u30d1"
    row = "a" + "\u0316\u0301" * 15
    assert sorted(canonical(row)) == sorted("\u00e1" + "\u0316" * 15 + "\u0301" * 14)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("&#" + "9" * 5_000 + "; then kim", "kim"),
        ("&#" + "0" * 5_000 + "107;im", "kim"),
        ("{0x" + "f" * 9_000 + ": 'kim'}", "kim"),
        ("{'from': 0x" + "f" * 9_000 + ", 'to': 'kim'}", "kim"),
    ],
)
def test_numbers_of_very_many_digits_are_heard(text: str, value: str) -> None:
    """A number that Python does not write is no reason to stop hearing."""
    guard = traces()
    guard.hear(Message("tool", tool="look", content=text))
    assert guard.check("pay", {"to": value}).outcome == "admit"


def test_a_value_is_found_through_many_line_breaks() -> None:
    """An address that is written with one letter a line is found, as far as it has at most 64."""
    origins = Origins()
    origins.returned(0, "look", "to\n" + "\n".join("kim@elm.example") + "\n", {})
    origins.returned(1, "look", "\n".join("ann@elm.example") + "\n", {})
    assert origins.first("ann@elm.example")[0].call == 1


def test_all_facts_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """However few places there are, mentions count too: beyond the bound nothing is told."""
    monkeypatch.setattr(facts_module, "MOST_ROWS", 20)
    few, many = "one two three", " ".join(f"p{n}@elm.example" for n in range(30))
    assert traced(Origins(), [few], {"mentions"})
    with pytest.raises(StateError, match="more than 20"):
        traced(Origins(), [many], {"mentions"})


def test_a_number_is_no_text_of_its_name() -> None:
    """The place that was found of a text does not answer for a number, nor that of a truth value for 1."""
    origins = Origins()
    origins.returned(0, "look", {"tag": "#7", "n": 1}, {})
    origins.returned(1, "look", "nothing else", {})
    assert [each.source for each in origins.first(True)] == ["model"]
    assert [each.call for each in origins.first(1)] == [0]
    assert origins.first("#8") == origins.first(8)
    origins.returned(2, "look", {"n": 8}, {})
    assert [each.call for each in origins.first(8)] == [2]


def test_what_is_much_too_large_is_text_of_bounded_length() -> None:
    """A value is written as JSON, else as its texts, each list of it once."""
    assert written([1, "a"]) == '[1, "a"]'
    assert written(shared(30, "a")) == "a a"
