"""Tests are proposed from recorded calls: short ones, of each kind of decision, and they pass."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mpr_logic.guard.guard import Guard
from mpr_logic.guard.log import DecisionLog
from mpr_logic.testing.job import propose_tests, run_tests
from mpr_logic.testing.running import Setup
from tests.helpers.command import mpr
from tests.helpers.json_output import answer
from tests.testing.test_running import RULES, statuses

ORDERS = "docs/examples/orders/orders.dl"
RECORDED = "docs/examples/orders/recorded.json"


def test_what_is_proposed_passes_and_is_short(tmp_path: Path) -> None:
    """Each kind of decision has one test, with what must stand before the call alone; all of them pass."""
    found = answer(mpr("test", ORDERS, "--from", RECORDED, "--json"))["proposed"]
    decisions = [each["decision"] for each in found]
    assert "cancel_order: rejected by look_first" in decisions
    assert len(decisions) == len(set(decisions))
    rejected = found[decisions.index("cancel_order: rejected by look_first")]["test"]
    assert len(rejected.split("\n")) == 3
    file = tmp_path / "proposed_test.dl"
    file.write_text("\n\n".join(each["test"] for each in found))
    report = run_tests([str(file)], Setup(), [ORDERS])
    assert set(statuses(report)) == {"passed"}
    assert len(report.results) == len(found)


def test_from_the_log_of_a_guard(tmp_path: Path) -> None:
    """A guard's own log is a recording: what was rejected, and what hangs on a state that is named."""
    rules = tmp_path / "rules.dl"
    rules.write_text(RULES)
    state = tmp_path / "state.json"
    state.write_text('{"facts": {"known": [["ann"]]}}')
    log = tmp_path / "guard.log"
    guard = Guard(str(rules), state=str(state), log=DecisionLog(log))
    guard.record(guard.check("call", {"a": "ann"}), True)
    guard.check("call", {"a": "ann"})
    guard.check("pay", {"a": "bob", "n": 3})
    guard.check("pay", {"a": "ann", "n": 3})
    guard.close()
    found = {
        each.decision: each.text for each in propose_tests([str(rules)], [str(log)], Setup(), str(state))
    }
    assert set(found) == {
        "call: admitted",
        "call: rejected by again",
        "pay: rejected by stranger",
        "pay: admitted",
    }
    assert "    run call(ann)" in found["call: rejected by again"]
    assert 'state "' in found["pay: admitted"]
    assert 'state "' not in found["pay: rejected by stranger"]


@pytest.mark.parametrize("messages", [[], [{"role": "user", "content": "hello"}]])
def test_where_there_is_nothing_to_propose(tmp_path: Path, messages: list[object]) -> None:
    """Without a call that the rules know, nothing is proposed, and the status is 1."""
    log = tmp_path / "log.json"
    call = {"id": "1", "type": "function", "function": {"name": "fly", "arguments": "{}"}}
    log.write_text(json.dumps({"messages": [*messages, {"role": "assistant", "tool_calls": [call]}]}))
    assert mpr("test", ORDERS, "--from", str(log)).status == 1
    log.write_text('{"nothing": 1}')
    assert mpr("test", ORDERS, "--from", str(log)).status == 2
