"""Hooks of coding agents: each agent's own event and answer, and what is denied."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from mpr_logic.errors import StateError
from mpr_logic.guard.calls import Call
from mpr_logic.guard.guard import Guard
from mpr_logic.guard.store import Store
from mpr_logic.integrations import hooks
from mpr_logic.integrations.hooks import AGENTS, may_run, read_event, read_outcome, reply
from mpr_logic.language.printer import print_value
from tests.helpers.command import TOP, mpr, process

if TYPE_CHECKING:
    from pathlib import Path

    from mpr_logic.guard.verdict import Verdict

RULES = """
.action bash(command: symbol)
@id(push) @because("no force") forbid bash(command: C) :- contains(C, "--force").
@id(publish) @escalate @because("it is published") forbid bash(command: C) :- contains(C, "publish").
@id(quiet) @rewrite(command, "{C} -q") forbid bash(command: C) :- contains(C, "noise"), not contains(C, "-q").
"""


def event(agent: str, command: str) -> dict[str, Any]:
    """Return the event that an agent sends before it runs a command."""
    arguments = {"command": command}
    claude = {
        "session_id": "s",
        "cwd": "/x",
        "tool_name": "Bash",
        "tool_input": arguments,
        "tool_use_id": "c",
    }
    events: dict[str, dict[str, Any]] = {
        "claude": claude | {"hook_event_name": "PreToolUse", "permission_mode": "default"},
        "codex": claude | {"hook_event_name": "PreToolUse", "turn_id": "t", "model": "m"},
        "gemini": claude | {"hook_event_name": "BeforeTool", "tool_name": "run_shell_command"},
        "cursor": {
            "hook_event_name": "beforeShellExecution",
            "conversation_id": "s",
            "generation_id": "c",
            "command": command,
            "cwd": "/x",
        },
        "qwen": claude | {"hook_event_name": "PreToolUse", "tool_name": "run_shell_command"},
        "copilot": {"timestamp": 1, "cwd": "/x", "toolName": "Bash", "toolArgs": json.dumps(arguments)},
    }
    return events[agent]


def said(agent: str, command: str, **options: Any) -> dict[str, Any]:
    """Return the hook's answer to an agent that is about to run a command."""
    known = AGENTS[agent]
    call = read_event(known, json.dumps(event(agent, command)))
    verdict = Guard(text=f"{RULES}tool_name({print_value(call.tool)}, bash).").check(
        call.tool, call.arguments, id=call.id, session=call.session, ask=False
    )
    return reply(known, verdict, **options)


DENY = {
    "claude": ("hookSpecificOutput", "permissionDecision"),
    "codex": ("hookSpecificOutput", "permissionDecision"),
    "gemini": ("decision",),
    "cursor": ("permission",),
    "copilot": ("permissionDecision",),
    "qwen": ("hookSpecificOutput", "permissionDecision"),
}


def decision(agent: str, told: Any) -> Any:
    """The word for the decision in an answer."""
    for key in DENY[agent]:
        told = told.get(key, {})
    return told or None


@pytest.mark.parametrize("agent", AGENTS)
def test_rejected_calls_are_denied(agent: str) -> None:
    """Every agent is told no, with the reason, in its own words."""
    told = said(agent, "git push --force")
    assert decision(agent, told) == "deny"
    assert "no force" in json.dumps(told)


@pytest.mark.parametrize("agent", AGENTS)
def test_admitted_calls_meet_no_objection(agent: str) -> None:
    """An admitted call is left to the agent's own permissions, unless the host says otherwise."""
    told = said(agent, "ls")
    assert decision(agent, told) in (None, "allow")
    if agent != "cursor":  # which knows no other answer
        assert told == {}
    if agent != "codex":  # which takes an allow for an error
        assert decision(agent, said(agent, "ls", allow=True)) == "allow"


@pytest.mark.parametrize("agent", AGENTS)
def test_a_person_is_asked_where_the_agent_can(agent: str) -> None:
    """Escalated calls are the agent's to ask about; one that cannot ask denies them."""
    told = said(agent, "npm publish")
    assert decision(agent, told) == ("ask" if AGENTS[agent].asks else "deny")
    assert "it is published" in json.dumps(told)
    asks = "A person must approve" in json.dumps(told)
    assert asks != ("The call was rejected" in json.dumps(told))
    assert asks == (agent in ("claude", "qwen"))


@pytest.mark.parametrize("agent", AGENTS)
def test_rewritten_calls_never_run_as_they_were(agent: str) -> None:
    """An agent that takes new arguments gets them; the others are told to call again."""
    for allow in (False, True):
        told = said(agent, "make noise", allow=allow)
        assert "make noise -q" in json.dumps(told)
        if not AGENTS[agent].rewrites:
            assert decision(agent, told) == "deny"
    told = said("claude", "make noise", allow=True)["hookSpecificOutput"]
    assert (told["permissionDecision"], told["updatedInput"]) == ("allow", {"command": "make noise -q"})


EVENTS = TOP / "tests" / "integrations" / "events"
"""An event of each agent as it was sent, with the folders and ids changed: see tests/live_hooks."""
SENT = {
    "claude": ("Bash", {"command": "touch good.txt"}),
    "codex": ("Bash", {"command": "touch good.txt"}),
    "gemini": ("run_shell_command", {"command": "touch good.txt"}),
    "copilot": ("bash", {"command": "touch good.txt", "description": "a file"}),
    "qwen": ("run_shell_command", {"command": "touch good.txt"}),
}
PATCH = "*** Begin Patch\n*** Add File: made.txt\n+hello\n*** End Patch\n"


@pytest.mark.parametrize("agent", SENT)
def test_real_events_are_understood(agent: str, tmp_path: Path) -> None:
    """An event that an agent really sent is read: tool, arguments and session; and the rules decide on it."""
    sent = (EVENTS / f"{agent}.json").read_bytes()
    call = read_event(AGENTS[agent], sent)
    assert (call.tool, call.arguments) == SENT[agent]
    assert call.session == "00000000-0000-4000-8000-000000000001"
    rules = tmp_path / "rules.dl"
    rules.write_text(
        ".action bash(command: symbol, description?: any)\n"
        f"tool_name({print_value(call.tool)}, bash).\n"
        '@because("once") forbid bash(command: C) :- past bash(command: C).'
    )
    command = ("hook", str(rules), "--agent", agent, "--log", str(tmp_path / "log.jsonl"))
    first, second = (json.loads(mpr(*command, stdin=sent).out) for _ in range(2))
    assert (first, decision(agent, second)) == ({}, "deny")
    assert "once" in json.dumps(second)


@pytest.mark.parametrize(("agent", "name"), [("codex", "command"), ("copilot", "input")])
def test_a_patch_is_a_call(agent: str, name: str) -> None:
    """The tool that takes a text: Codex sends it as an argument, Copilot as it is."""
    call = read_event(AGENTS[agent], (EVENTS / f"{agent}-patch.json").read_bytes())
    assert (call.tool, call.arguments) == ("apply_patch", {name: PATCH})


def test_a_text_is_no_way_round_the_arguments() -> None:
    """Arguments that are to be JSON, and are not, are those of no declared tool."""
    for text in ("touch x", '{"command": ', '{"command": "ls", "command": "rm"}', '["ls"]'):
        call = read_event(AGENTS["copilot"], json.dumps({"toolName": "bash", "toolArgs": text}))
        verdict = Guard(text=".action bash(command: any)").check(call.tool, call.arguments)
        assert not verdict.runs


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("claude", None),
        ("claude", "PostToolUse"),
        ("cursor", None),
        ("cursor", "postToolUse"),
        ("cursor", ""),
    ],
)
def test_an_event_of_another_name_is_no_call(agent: str, name: str | None) -> None:
    """However like a call it looks: nothing is said of what this hook is not for."""
    like = {"tool_name": "Bash", "tool_input": {"command": "ls"}, "hook_event_name": name}
    with pytest.raises(StateError, match="this hook is for"):
        read_event(AGENTS[agent], json.dumps(like))


def test_whose_events_have_names_says_them() -> None:
    """An event without a name is not understood from an agent whose events have several names."""
    like = json.dumps({"tool_name": "Bash", "tool_input": {"command": "ls"}})
    assert read_event(AGENTS["claude"], like).tool == "Bash"
    with pytest.raises(StateError, match="this hook is for"):
        read_event(AGENTS["cursor"], like)


@pytest.mark.parametrize("agent", AGENTS)
@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{}",
        b"[]",
        b"{",
        b"\xff",
        b'{"tool_name": 7}',
        b'{"hook_event_name": "Stop"}',
        b"null",
        b"[" * 99999,
    ],
)
def test_what_is_unclear_is_no_call(agent: str, text: bytes) -> None:
    """A text that is no event of the agent is refused."""
    with pytest.raises(StateError):
        read_event(AGENTS[agent], text)


CODING = "docs/examples/coding/coding.dl"


@pytest.mark.parametrize(
    ("arguments", "stdin"),
    [
        ((CODING,), b""),
        ((CODING,), b"{"),
        ((CODING,), b'{"hook_event_name": "PostToolUse", "tool_name": "Bash", "tool_input": {}}'),
        (("nowhere.dl",), b"{}"),
        ((), b"{}"),
        ((CODING, "--agent", "guess"), b"{}"),
        ((CODING, "--theta", "7"), json.dumps(event("claude", "ls")).encode()),
        ((CODING, "--log", "/nowhere/log"), json.dumps(event("claude", "ls")).encode()),
    ],
)
def test_whatever_goes_wrong_blocks(arguments: tuple[str, ...], stdin: bytes) -> None:
    """Exit status 2, which blocks in every agent, with the reason on the standard error."""
    done = mpr("hook", *arguments, stdin=stdin)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("error")


def test_the_log_is_the_history(tmp_path: Path) -> None:
    """Each call is a process of its own; the log tells it what came before, in this session alone."""
    log = str(tmp_path / "log.jsonl")

    def ask(tool: str, arguments: dict[str, Any], session: str = "s") -> dict[str, Any]:
        sent = {
            "hook_event_name": "PreToolUse",
            "session_id": session,
            "tool_name": tool,
            "tool_input": arguments,
        }
        done = mpr("hook", CODING, "--log", log, stdin=json.dumps(sent).encode())
        assert done.status == 0, done
        found: dict[str, Any] = json.loads(done.out)
        return found

    write = {"file_path": "/etc/hosts", "content": "x"}
    assert decision("claude", ask("Write", write)) == "deny"
    assert ask("Read", {"file_path": "/etc/hosts"}) == {}
    assert decision("claude", ask("Write", write, "other")) == "deny"
    assert ask("Write", write) == {}
    assert decision("claude", ask("Write", {"file_path": "/etc/passwd", "content": "x"})) == "deny"


def test_a_late_answer_blocks(tmp_path: Path) -> None:
    """An agent whose hook is late runs the tool: here another process holds the store, and does not end."""
    store = tmp_path / "calls.db"
    sent = json.dumps(event("claude", "ls")).encode()
    assert process("hook", CODING, "--store", str(store), stdin=sent).status == 0
    with closing(sqlite3.connect(store, isolation_level=None)) as held:
        held.execute("BEGIN EXCLUSIVE")
        done = process("hook", CODING, "--store", str(store), "--within", "0.5", stdin=sent)
    assert (done.status, done.out) == (2, "")
    assert done.err == "error: there was no answer within 0.5 seconds\n"


def test_parallel_hooks_see_each_other(tmp_path: Path) -> None:
    """Of processes that run at once, one is first."""
    rules = tmp_path / "once.dl"
    rules.write_text(".action pay(to: symbol)\nforbid pay(T) :- past pay(T).")
    sent = {"hook_event_name": "PreToolUse", "tool_name": "pay", "tool_input": {"to": "ann"}}
    command = [
        sys.executable,
        "-m",
        "mpr_logic.cli",
        "hook",
        str(rules),
        "--log",
        str(tmp_path / "log.jsonl"),
        *("--within", "280", "--seconds", "60"),  # a busy machine is not what is tried here
    ]
    running = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=TOP)
        for _ in range(4)
    ]
    told = [each.communicate(json.dumps(sent), timeout=300)[0] for each in running]
    assert sorted(json.loads(each) == {} for each in told) == [False, False, False, True]


@pytest.mark.parametrize("shared", ["", " shared"])
@pytest.mark.parametrize("agent", AGENTS)
def test_a_call_that_the_agent_is_to_make_anew_holds_nothing(agent: str, shared: str, tmp_path: Path) -> None:
    """An agent that takes no other arguments is told to make the rewritten call, and may; the one that did
    not run counts for nothing."""
    rules = f"""
        .decl spent(n: int) key(){shared}
        .action pay(n: int)
        spent(0).
        pay(N) causes spent(S + N) :- spent(S).
        @rewrite(n, 10) forbid pay(N) :- N = 12.
        forbid pay(N) :- spent(S), S + N > 15.
    """
    store = Store(tmp_path / "calls.db")

    def decided(n: int, id: str) -> Verdict:
        guard = Guard(text=rules, store=store)
        call = Call("pay", {"n": n}, id, "s")
        return hooks.decide(guard, store, "k", call, may_run=lambda each: may_run(AGENTS[agent], each))

    first = decided(12, "a")
    runs = may_run(AGENTS[agent], first)
    assert first.outcome == "modify"
    assert runs == (AGENTS[agent].asks and AGENTS[agent].rewrites)
    assert decided(10, "b").runs != runs
    assert not decided(10, "c").runs


@pytest.mark.parametrize("name", [["PreToolUse"], {}, 1, True, {"PostToolUse": 1}])
@pytest.mark.parametrize("agent", ["claude", "gemini", "cursor"])
def test_the_name_of_an_event_is_a_text(agent: str, name: object) -> None:
    """An event whose name is something else is no event, before a call or after."""
    like = json.dumps({"tool_name": "Bash", "tool_input": {}, "hook_event_name": name})
    assert read_outcome(AGENTS[agent], like) is None
    with pytest.raises(StateError, match="this hook is for"):
        read_event(AGENTS[agent], like)
