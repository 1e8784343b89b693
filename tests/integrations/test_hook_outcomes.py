"""Events that come after a call, in the form that each agent's documentation gives: they settle the call."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mpr_logic.guard.guard import UNKNOWN, Guard
from mpr_logic.guard.store import Store
from mpr_logic.integrations.hooks import (
    AGENTS,
    decide,
    may_run,
    outcome_result,
    read_event,
    read_outcome,
    settle,
)

if TYPE_CHECKING:
    from pathlib import Path

    from mpr_logic.guard.verdict import Verdict

RULES = """
.decl spent(n: int) key()
.action pay(n: int, to?: symbol)
spent(0).
pay(N, _) causes spent(S + N) :- spent(S).
@rewrite(n, 60) forbid pay(N, _) :- N = 61.
forbid pay(N, _) :- spent(S), S + N > 100, N != 61.
"""
GIVEN = {"n": 60}
TEXT = json.dumps(GIVEN)


def claude(name: str, **more: Any) -> dict[str, Any]:
    """An event of Claude Code, Qwen Code or Codex."""
    return {"hook_event_name": name, "tool_name": "pay", "tool_input": GIVEN, "tool_use_id": "a"} | more


def copilot(**more: Any) -> dict[str, Any]:
    """An event of Copilot, which has no name and no id of the call."""
    return {"sessionId": "s", "timestamp": 1, "cwd": "/x", "toolName": "pay", "toolArgs": GIVEN} | more


def cursor(name: str, **more: Any) -> dict[str, Any]:
    """An event of Cursor about a tool of MCP: its arguments are a text."""
    return {"hook_event_name": name, "conversation_id": "s", "tool_name": "pay", "tool_input": TEXT} | more


BEFORE: dict[str, dict[str, Any]] = {
    "claude": claude("PreToolUse"),
    "codex": claude("PreToolUse"),
    "qwen": claude("PreToolUse"),
    "gemini": claude("BeforeTool", tool_use_id=""),
    "copilot": copilot(),
    "cursor": cursor("beforeMCPExecution"),
}
GEMINI = {"llmContent": "paid", "returnDisplay": "paid"}
AFTER: list[tuple[str, dict[str, Any], bool | None]] = [
    ("claude", claude("PostToolUse", tool_response={"ok": True}), True),
    ("claude", claude("PostToolUse", tool_response='{"isError": true}'), True),  # the tool's own words
    ("claude", claude("PostToolUseFailure", error="no connection"), False),
    ("claude", claude("PostToolUseFailure", error="interrupted", is_interrupt=True), None),
    ("qwen", claude("PostToolUseFailure", error="no connection", is_interrupt=False), False),
    ("codex", claude("PostToolUse", tool_response="paid"), None),  # as after a command that failed
    ("codex", claude("PostToolUse", tool_response={"content": [], "isError": False}), True),
    ("codex", claude("PostToolUse", tool_response={"content": [], "isError": True}), False),
    ("gemini", claude("AfterTool", tool_use_id="", tool_response=GEMINI), True),
    (
        "gemini",
        claude("AfterTool", tool_use_id="", tool_response=GEMINI | {"error": {"message": "no"}}),
        False,
    ),
    ("copilot", copilot(toolResult={"resultType": "success", "textResultForLlm": "paid"}), True),
    ("copilot", copilot(toolResult={"resultType": "failure", "textResultForLlm": "no"}), False),
    ("copilot", copilot(toolArgs=TEXT, toolResult={"resultType": "denied"}), False),
    ("copilot", copilot(error="no connection"), False),
    ("cursor", cursor("afterMCPExecution", result_json='{"content": []}', duration=12), True),
    ("cursor", cursor("afterMCPExecution", result_json='{"isError": true}', duration=12), False),
    ("cursor", cursor("afterMCPExecution", result_json="{", duration=12), True),
    ("cursor", cursor("postToolUseFailure", error_message="no", failure_type="error"), False),
    ("cursor", cursor("postToolUseFailure", error_message="slow", failure_type="timeout"), None),
]


def asked(agent: str, store: Store, event: dict[str, Any]) -> bool:
    """Whether the hook lets a call run, in a process of its own."""
    guard, known = Guard(text=RULES, store=store), AGENTS[agent]
    assert read_outcome(known, json.dumps(event)) is None
    call = read_event(known, json.dumps(event))

    def runs(verdict: Verdict) -> bool:
        return may_run(known, verdict, allow=True)

    return runs(decide(guard, store, "k", call, may_run=runs))


def told(agent: str, store: Store, event: dict[str, Any]) -> None:
    """Tell the hook how a call went."""
    text = json.dumps(event)
    ended = read_outcome(AGENTS[agent], text)
    assert ended is not None
    settle(Guard(text=RULES, store=store), store, "k", *ended, outcome_result(AGENTS[agent], text))


@pytest.mark.parametrize(("agent", "after", "went"), AFTER)
def test_what_comes_after_settles_the_call(
    agent: str, after: dict[str, Any], went: bool | None, tmp_path: Path
) -> None:
    """A call that failed gives back what it held; one of which nobody can tell keeps it."""
    store = Store(tmp_path / "calls.db")
    before = BEFORE[agent]
    assert asked(agent, store, before)
    assert not asked(agent, store, before)
    told(agent, store, after)
    ended = read_outcome(AGENTS[agent], json.dumps(after))
    assert ended is not None
    assert ended[1] is went
    assert asked(agent, store, before) is (went is False)


@pytest.mark.parametrize(("agent", "after"), [(agent, after) for agent, after, _ in AFTER])
def test_what_a_call_returned_is_found(agent: str, after: dict[str, Any]) -> None:
    """Each agent names the field of the result, or of the message, in its own way."""
    found = outcome_result(AGENTS[agent], json.dumps(after))
    fields = {"tool_response", "toolResult", "error", "error_message", "result_json"}
    assert found in [after[name] for name in fields & after.keys()]
    event = {"hook_event_name": "postToolUse", "tool_name": "x", "tool_input": {}, "tool_output": "{}"}
    assert outcome_result(AGENTS["cursor"], json.dumps(event)) == "{}"
    assert outcome_result(AGENTS["cursor"], json.dumps({"hook_event_name": "postToolUse"})) is UNKNOWN


def test_an_agent_that_tells_the_models_arguments(tmp_path: Path) -> None:
    """Gemini CLI takes rewritten arguments, and tells the original ones afterwards."""
    store = Store(tmp_path / "calls.db")
    given = {"tool_input": {"n": 61}}
    assert asked("gemini", store, BEFORE["gemini"] | given)
    told("gemini", store, AFTER[9][1] | given)
    assert asked("gemini", store, BEFORE["gemini"])


def command(agent: str, wrote: str) -> dict[str, Any]:
    """The event of an agent after a command of its shell, in the form that the agent itself sent."""
    if agent == "copilot":
        return copilot(toolName="bash", toolResult={"resultType": "success", "textResultForLlm": wrote})
    if agent == "gemini":
        wrote = f"<untrusted_context>\n{wrote}\nProcess Group PGID: 16353\n</untrusted_context>"
        result: Any = {"llmContent": wrote, "returnDisplay": ""}
        return claude("AfterTool", tool_name="run_shell_command", tool_use_id="", tool_response=result)
    if agent == "qwen":
        result = {"llmContent": f"Command: x\nDirectory: (root)\n{wrote}", "returnDisplay": ""}
        return claude("PostToolUse", tool_name="run_shell_command", tool_response=result)
    return claude("PostToolUse", tool_name="Bash", tool_response=wrote)


@pytest.mark.parametrize(
    ("agent", "wrote", "went"),
    [
        ("codex", "", None),
        ("codex", "cat: missing: No such file or directory\n", None),
        ("gemini", "Output: (empty)", True),
        ("gemini", "Output: cat: missing: No such file or directory\nExit Code: 1", None),
        ("gemini", "Output: Exit Code: 0\nSignal: SIGKILL", None),
        ("gemini", "Command was automatically cancelled because it took too long", None),
        ("copilot", "\n<shellId: 0 completed with exit code 0>", True),
        ("copilot", "cat: missing: No such file or directory\n<shellId: 0 completed with exit code 1>", None),
        ("copilot", "<shellId: 0 completed with exit code 0>\n<shellId: 0 completed with exit code 1>", None),
        ("copilot", "<shellId: 0 completed with exit code 0>\nstill running", None),
        ("qwen", "Output: (empty)\nError: (none)\nExit Code: 0\nSignal: (none)", True),
    ],
)
def test_a_command_that_failed_is_no_success(agent: str, wrote: str, went: bool | None) -> None:
    """Three agents announce a command that failed as they do one that went well: it has not succeeded then,
    and gives nothing back, since the command may have written the words that tell so."""
    ended = read_outcome(AGENTS[agent], json.dumps(command(agent, wrote)))
    assert ended is not None
    assert ended[1] is went
