"""Messages say in one helpful line what is wrong with an input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mpr_logic import Action, Checker, StateError, evaluate
from mpr_logic.guard.guard import Guard
from tests.helpers.command import mpr


def test_a_row_that_is_no_tuple() -> None:
    """The error says what a row is."""
    for rows in ([7], [None]):
        with pytest.raises(StateError, match="a row of `size` is a tuple or a list of values"):
            evaluate(".decl size(n: int)", {"size": rows})  # type: ignore[dict-item]


def test_half_a_surrogate_pair() -> None:
    """A text that is none is refused by the checker as by the guard, and is no fault of the engine."""
    text = '.action tell(what: symbol)\nforbid tell(W) :- matches(W, "secret").'
    decision = Checker.from_text(text).check(Action("tell", "\udc00 secret"))
    assert decision.verdict == "undecided"
    assert "half of a surrogate pair" in decision.reasons[0].text
    assert decision.reasons[0].text.encode()  # the message itself can be printed
    assert "half of a surrogate pair" in Guard(text=text).check("tell", {"what": "\udc00"}).message


def test_a_tool_is_called_by_the_name_of_its_action() -> None:
    """The name of the tool is proposed, not the name that was given."""
    guard = Guard(
        text='.action write(path: symbol)\ntool_name("Write", write).\nforbid write(P) :- matches(P, "^/").'
    )
    assert (
        guard.check("write", {"path": "/x"}).message == "no tool `write` is declared: did you mean `Write`?"
    )


def test_a_mark_before_an_event(tmp_path: Path) -> None:
    """A byte order mark before an event, or before arguments, is passed over."""
    rules, event = tmp_path / "rules.dl", tmp_path / "event.json"
    rules.write_text(
        '.action bash(command: symbol)\ntool_name("Bash", bash).\nforbid bash(C) :- contains(C, "rm").'
    )
    said = {
        "hook_event_name": "PreToolUse",
        "session_id": "s",
        "tool_name": "Bash",
        "tool_input": {"command": "rm x"},
    }
    event.write_bytes(b"\xef\xbb\xbf" + json.dumps(said).encode())
    done = mpr("hook", str(rules), "--event", str(event))
    assert done.status == 0
    assert '"deny"' in done.out
    guard = Guard(text='.action go(x: symbol)\nforbid go(X) :- contains(X, "b").')
    assert guard.check("go", '\ufeff{"x": "b"}').rules
    assert guard.check("go", b'\xef\xbb\xbf{"x": "b"}').rules


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
def test_a_log_that_cannot_be_written(caplog: pytest.LogCaptureFixture) -> None:
    """The call is rejected, and one line says why: no traceback."""
    from mpr_logic.guard.log import DecisionLog

    guard = Guard(
        text='.action go(x: symbol)\nforbid go(X) :- contains(X, "b").', log=DecisionLog("/dev/full")
    )
    assert not guard.check("go", {"x": "a"}).runs
    records = [r for r in caplog.records if "could not be logged" in r.getMessage()]
    assert [r.exc_info for r in records] == [None]
    assert "\n" not in records[0].getMessage()
