"""A message that was lost on its way: no call is admitted that it would have rejected."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from mpr_logic.errors import BudgetError, StateError
from mpr_logic.guard.calls import Limits
from mpr_logic.guard.conversation import Message, ToolCall
from mpr_logic.guard.guard import Guard
from mpr_logic.integrations.plain import Guarding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import CodeType, FrameType

DECLARED = ".action look(id: symbol)\n.action cancel(id: symbol)\n"
READING = (
    DECLARED
    + """
    forbid cancel(_) :- said(_, user, "STOP").
    forbid cancel(_) :- last_said(user, "STOP").
    forbid cancel(_) :- returned(_, look, V), field(V, state, "STOP").
    forbid cancel(_) :- asked_with(_, id, "STOP").
    forbid cancel(I) :- origin(I, result, _, _, _, _, _).
    .decl looked()
    looked :- returned(_, look, _).
    """
)
STOP = Message("user", "STOP")
PROPOSED = Message("assistant", calls=(ToolCall("c", "look", {"id": "STOP"}),))
RESULT = Message("tool", answers="c", tool="look", content={"id": "R1", "state": "STOP"})


class _Fault(Exception):
    """An exception at one point of a piece of work."""


class _Points:
    """The points of a piece of work at which something may go wrong: each function of ours, as often as it
    is first called from another line. At the ``fatal`` one a fault is raised. They begin after a function of
    that name."""

    def __init__(self, fatal: tuple[CodeType, int] | None = None, after: str = "locked") -> None:
        self.seen: dict[tuple[CodeType, int], None] = {}
        self._fatal = fatal
        self._after, self._begun = after, False

    def __enter__(self) -> _Points:
        sys.setprofile(self._called)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)

    def _called(self, frame: FrameType, event: str, _: Any) -> None:
        if event != "call" or "mpr_logic" not in frame.f_code.co_filename or frame.f_back is None:
            return
        self._begun |= frame.f_code.co_name == self._after
        if frame.f_code.co_name in ("_move", "_not_made", "hearing", "locked"):  # nothing has begun
            return
        point = frame.f_code, frame.f_back.f_lineno
        if not self._begun or point in self.seen:
            return
        self.seen[point] = None
        if point == self._fatal:
            sys.setprofile(None)
            raise _Fault


class Telling(NamedTuple):
    """A way in which a guard comes to know what rejects a call: what is done before, and what tells it."""

    before: Callable[[Guard], Any]
    tell: Callable[[Guard, Any], None]


def _recorded(guard: Guard, verdict: Any) -> None:
    guard.record(verdict, True, result=RESULT.content)


TELLINGS = {
    "words": Telling(lambda guard: None, lambda guard, _: guard.hear(STOP)),
    "results": Telling(lambda guard: None, lambda guard, _: guard.hear(RESULT)),
    "arguments": Telling(
        lambda guard: None, lambda guard, _: guard.hear(PROPOSED, Message("tool", answers="c", content="ok"))
    ),
    "followed": Telling(lambda guard: None, lambda guard, _: guard.follow([PROPOSED, RESULT, STOP])),
    "recorded": Telling(lambda guard: guard.check("look", {"id": "R1"}), _recorded),
    "guarding": Telling(
        lambda guard: Guarding(guard, "look", {"id": "R1"}).__enter__(), lambda guard, call: _left(call)
    ),
}


def _left(call: Guarding) -> None:
    call.result = RESULT.content
    call.__exit__(None, None, None)


@pytest.mark.parametrize("telling", TELLINGS.values(), ids=TELLINGS)
def test_whatever_fails_in_the_middle_a_lost_message_rejects(telling: Telling) -> None:
    """Wherever the work of being told may fail, what is told rejects the next call, or the guard knows that
    it does not know."""
    guard = Guard(text=READING, strict=False)
    assert guard.check("cancel", {"id": "R2"}).runs
    before = telling.before(guard)
    with _Points() as points:
        telling.tell(guard, before)
    assert not guard.check("cancel", {"id": "R2"}).runs
    assert len(points.seen) > 20
    for point in points.seen:
        guard.end("")
        assert guard.check("cancel", {"id": "R2"}).runs
        before = telling.before(guard)
        with suppress(_Fault, StateError), _Points(point):
            telling.tell(guard, before)
        assert not guard.check("cancel", {"id": "R2"}).runs, point


def test_a_rejection_that_could_not_be_noted_is_no_result() -> None:
    """Words in the place of a result never count as one, whatever fails on the way."""
    text = READING + 'forbid look("no").\nforbid cancel(_) :- not looked.'

    def told(guard: Guard) -> None:
        with suppress(_Fault):
            verdict = guard.check("look", {"id": "no"}, id="c")
            guard.hear(Message("tool", answers="c", tool="look", content=verdict.message))

    guard = Guard(text=text, strict=False)
    with _Points(after="_not_made") as points:
        told(guard)
    assert len(points.seen) > 10
    for point in points.seen:
        guard.end("")
        with _Points(point, after="_not_made"):
            told(guard)
        assert not guard.check("cancel", {"id": "R2"}).runs, point


def test_new_rules_that_fail_on_the_way_admit_nothing_that_they_reject(tmp_path: Path) -> None:
    """Where rules cannot be replaced wholly, the old ones hold, or the calls of the session are rejected."""
    file, new = tmp_path / "rules.dl", READING + "forbid cancel(_) :- looked."
    old = DECLARED + '.decl looked()\nlooked :- returned(_, look, _).\nforbid look("no") :- looked.'

    def begun() -> Guard:
        file.write_text(old, encoding="utf-8")
        guard = Guard(file, strict=False)
        guard.hear(STOP, PROPOSED, RESULT)
        file.write_text(new, encoding="utf-8")
        return guard

    guard = begun()
    with _Points(after="_move") as points:
        assert guard.reload(force=True)
    moving = [each for each in points.seen if Path(each[0].co_filename).stem in ("session", "conversation")]
    assert len(moving) > 10
    for point in moving:
        guard = begun()
        with suppress(_Fault), _Points(point, after="_move"):
            guard.reload(force=True)
        if guard.rules.hears.opens:  # the new ones
            assert not guard.check("cancel", {"id": "R2"}).runs, point
        assert guard.reload(force=True)
        assert not guard.check("cancel", {"id": "R2"}).runs, point


def test_a_message_that_waits_too_long_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where others hold the session for too long, what was to be heard is lost, and rules that read it
    reject."""
    guard = Guard(text=READING, strict=False)
    of = guard.session("")

    def late(seconds: float = -1) -> Iterator[None]:
        raise BudgetError("the calls before this one took too long")

    with monkeypatch.context() as patched:
        patched.setattr(of, "locked", late)
        with pytest.raises(BudgetError):
            guard.hear(STOP)
    assert "could not be taken in" in str(guard.check("cancel", {"id": "R2"}).error)
    assert guard.check("look", {"id": "R2"}).runs


def _circle() -> list[Any]:
    inside: list[Any] = []
    inside.append(inside)
    return inside


def test_arguments_that_hold_themselves_are_taken_in() -> None:
    """A call whose arguments hold themselves is heard in bounded time, where rules ask for origins too."""
    guard = Guard(text=READING, strict=False)
    guard.hear(Message("assistant", calls=(ToolCall("c", "look", {"id": _circle()}),)), STOP)
    assert not guard.check("cancel", {"id": "R2"}).runs


def test_an_echo_of_arguments_without_json_is_no_origin() -> None:
    """A value in arguments that have no JSON is the model's own, also when a result repeats it."""
    text = DECLARED + 'forbid cancel(I) :- not origin(I, "result", _, _, _, _, _).'
    for odd in (object(), 1):
        guard = Guard(text=text)
        call = ToolCall("c", "look", {"id": ["MADE-UP-7", odd]})
        guard.hear(
            Message("assistant", calls=(call,)),
            Message("tool", answers="c", content="no MADE-UP-7, but KNOWN-8"),
        )
        assert guard.check("cancel", {"id": "KNOWN-8"}).runs
        assert not guard.check("cancel", {"id": "MADE-UP-7"}).runs


@pytest.mark.parametrize("limits", [Limits(heard=2000), Limits(messages=5)])
def test_calls_and_rejections_are_bounded(limits: Limits) -> None:
    """The notes about admitted and rejected calls stay within the limits; beyond them rules that read the
    conversation reject."""
    guard = Guard(text=READING + 'forbid look("no").', limits=limits, strict=False)
    for number in range(40):
        guard.check("look", {"id": "no" if number % 2 else "y" * 200}, id=f"c{number}")
    conversation = guard.session("").conversation
    assert len(conversation._admitted) + len(conversation._refusals) <= 10
    assert "this session has more than" in str(guard.check("cancel", {"id": "R2"}).error)


def test_rules_that_read_for_the_first_time_know_that_they_know_nothing(tmp_path: Path) -> None:
    """Of a session in which a call was decided when no rule read the conversation, nothing was kept, whether
    or not somebody told of it; one that has only begun goes on."""
    file = tmp_path / "rules.dl"
    file.write_text(DECLARED + 'forbid look("no").', encoding="utf-8")
    guard = Guard(file)
    guard.check("look", {"id": "R1"}, session="admitted")
    guard.check("look", {"id": "no"}, session="rejected")
    guard.session("fresh")
    file.write_text(READING, encoding="utf-8")
    guard = guard if guard.reload(force=True) else Guard(file)
    for name in ("admitted", "rejected"):
        assert "was not kept" in str(guard.check("cancel", {"id": "R2"}, session=name).error)
    assert guard.check("cancel", {"id": "R2"}, session="fresh").runs
