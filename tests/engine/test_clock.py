"""Plain Datalog and the time of the check: the caller says it, or hears that nobody did."""

from __future__ import annotations

import datetime as dt

import pytest

from mpr_logic import evaluate
from mpr_logic.errors import OptionError, ProgramError

MONDAY = "2026-01-05T10:00:00Z"
SEEN = '.decl seen(x: symbol, t: time)\nseen(a, "2026-01-05T00:00:00Z"). seen(b, "2026-01-01T00:00:00Z").\n'


@pytest.mark.parametrize("engine", ["native", "both"])
@pytest.mark.parametrize(
    ("text", "rows"),
    [
        (SEEN + "found(X) :- seen(X, T), within(T, 24h).", {("a",)}),
        (SEEN + "found(X) :- seen(X, T), not within(T, 24h).", {("b",)}),
        (SEEN + "found(N) :- N = count : { seen(_, T), within(T, 24h) }.", {(1,)}),
        (SEEN + "found(X) :- seen(X, T), (within(T, 1h) ; now_at(N), N - T > 2d).", {("b",)}),
        ('found(yes) :- during("mon-fri 9-17 UTC").', {("yes",)}),
        ('found(yes) :- not during("sat,sun UTC").', {("yes",)}),
        ("found(S) :- now(S).", {(1767607200,)}),
        ("within(a, b). found(X) :- within(X, b).", {("a",)}),
        ("found(X) :- during(X, b). during(a, b).", {("a",)}),
    ],
)
def test_the_time_that_is_said_is_read(engine: str, text: str, rows: set[tuple[object, ...]]) -> None:
    """Spans of time, `now` and `now_at` read it; a relation of the program's own keeps its name."""
    found = evaluate(text, now=MONDAY, engine=engine)
    assert found["found"] == rows
    assert not {"now", "now_at"} & found.keys()


def test_a_time_of_python_is_a_time() -> None:
    """A `datetime` with a zone is the instant that it names, in whole seconds."""
    time = dt.datetime(1970, 1, 1, 1, 0, 9, 999_999, tzinfo=dt.timezone(dt.timedelta(hours=1)))
    assert evaluate("s(S) :- now(S).", now=time)["s"] == {(9,)}


@pytest.mark.parametrize(
    "now", ["soon", "2026-01-05T10:00:00", dt.datetime(2026, 1, 5), 5, True, [], "9" * 999]
)
def test_what_is_no_time_is_refused(now: object) -> None:
    """A text without a zone, a number, anything: an error that says how a time is written."""
    with pytest.raises(OptionError, match=r"now: .*write it as"):
        evaluate("s(S) :- now(S).", now=now)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "found(X) :- seen(X, T), within(T, 24h).",
        "found(X) :- seen(X, T), not within(T, 24h).",
        "found(N) :- N = count : { seen(_, T), within(T, 24h) }.",
        "found(X) :- seen(X, T), (T = 3 ; within(T, 24h)).",
        'found(yes) :- during("mon-fri 9-17 UTC").',
        "found(S) :- now(S).",
        "found(T) :- now_at(T).",
    ],
)
def test_a_question_of_time_that_nobody_answers_is_an_error(text: str) -> None:
    """Without `now=` it would silently hold of nothing; with rows of one's own it is what they say."""
    with pytest.raises(ProgramError, match="asks for the time of the check, and nothing tells it here"):
        evaluate(text, {"seen": []})
    own: dict[str, list[tuple[object, ...]]] = {"now": [], "now_at": [], "within": [], "during": []}
    assert evaluate(text, {"seen": [], **own})["found"] in (set(), {(0,)})


@pytest.mark.parametrize("text", ["now(3). s(S) :- now(S).", ".decl now_at(t: time)\ns(S) :- now_at(S)."])
def test_a_clock_beside_a_relation_of_its_name(text: str) -> None:
    """The program's own relation would not hear of the time that is said."""
    with pytest.raises(OptionError, match="its own relation `now"):
        evaluate(text, now=MONDAY)
