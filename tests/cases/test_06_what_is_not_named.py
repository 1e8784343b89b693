"""A closed set is closed for what it does not name, and a law about what is no tool is an error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mpr_logic.errors import ProgramError
from mpr_logic.guard.guard import Guard
from mpr_logic.guard.tools import Tools
from tests.helpers.command import mpr

if TYPE_CHECKING:
    from pathlib import Path


def transfer(amount: int) -> str:
    """Transfer."""
    return str(amount)


def wipe_disk(name: str) -> str:
    """Wipe."""
    return name


SMALL = ".default forbid transfer\npermit transfer(amount: N) :- N < 5."


def test_another_tool_beside_a_closed_one() -> None:
    """A tool of which no rule speaks is an error where others are closed; `.default forbid *` closes it."""
    tools = Tools([transfer, wipe_disk])
    with pytest.raises(ProgramError, match="no rule speaks of `wipe_disk`") as caught:
        Guard(text=SMALL, tools=tools)
    assert [each.code for each in caught.value.diagnostics] == ["E0602"]
    guard = Guard(text=SMALL.replace("forbid transfer", "forbid *"), tools=tools)
    assert guard.check("wipe_disk", {"name": "x"}).outcome == "reject"
    assert guard.check("transfer", {"amount": 1}).runs


def test_who_insists_is_warned() -> None:
    """With strict=False the same is a warning, which the guard's health tells."""
    guard = Guard(text=SMALL, tools=Tools([transfer, wipe_disk]), strict=False)
    assert "E0602" in guard.health()["warnings"][0]


def test_a_tool_that_was_renamed() -> None:
    """A law about an action that is no tool is an error, when it is loaded and when the tools change."""
    law = ".action wipe(name: symbol)\nforbid wipe(name: _)."
    with pytest.raises(ProgramError, match="did you mean the tool `wipe_disk`"):
        Guard(text=law, tools=Tools([wipe_disk]))
    guard = Guard(text="forbid wipe_disk(name: _).", tools=Tools([wipe_disk]))
    assert not guard.use(Tools([transfer]))
    assert "`wipe_disk` is not declared" in guard.health()["error"]
    assert guard.check("wipe_disk", {"name": "x"}).outcome == "reject"
    assert not guard.check("transfer", {"amount": 1}).runs


def test_an_action_of_another_file(tmp_path: Path) -> None:
    """The bundled closed set rejects what another file declares."""
    more, state = tmp_path / "more.dl", tmp_path / "state.dl"
    more.write_text(".action post(p: path, u: symbol)\n")
    state.write_text("")
    rules = ("rules/tools/world", "rules/tools/closed", str(more))
    assert mpr("lint", *rules).status == 0
    done = mpr("check", *rules, "--state", str(state), 'post("/workspace/a", "http://b")')
    assert (done.status, "not permitted" in done.out) == (1, True)
