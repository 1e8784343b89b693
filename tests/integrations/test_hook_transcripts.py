"""Transcripts of coding agents: the user's words and the results of calls reach the rules of a hook."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mpr_logic.errors import StateError
from mpr_logic.guard.guard import Guard
from mpr_logic.guard.store import Store
from mpr_logic.integrations import hooks
from mpr_logic.integrations.hook_transcripts import transcript
from tests.helpers.command import mpr

if TYPE_CHECKING:
    from pathlib import Path

    from mpr_logic.guard.verdict import Verdict

RULES = """
.action bash(command: symbol)
tool_name("Bash", bash).
@id(asked) @because("nobody asked for a push")
forbid bash(C) :- contains(C, "git push"), not wanted.
.decl wanted()
wanted :- said(_, user, T), contains(T, "push").
@id(green) @because("the tests did not pass")
forbid bash(C) :- contains(C, "git push"), not green.
.decl green()
green :- newest(bash, N), returned(N, bash, V), field(V, stdout, O), O is symbol, contains(O, "passed").
green :- newest(bash, N), returned(N, bash, V), V is symbol, contains(V, "all passed").
@id(failures) @because("it was refused")
forbid bash("ls") :- refused(_, bash, _).
"""
CLAUDE = hooks.AGENTS["claude"]


def said(role: str, content: Any, **more: Any) -> dict[str, Any]:
    """A line of Claude Code's transcript."""
    return {"type": role, "sessionId": "s", "message": {"role": role, "content": content}, **more}


def used(id: str, command: str) -> dict[str, Any]:
    """One with a call."""
    return said("assistant", [{"type": "tool_use", "id": id, "name": "Bash", "input": {"command": command}}])


def answered(id: str, text: str, *, failed: bool = False) -> dict[str, Any]:
    """One with the answer to a call."""
    result = {"type": "tool_result", "tool_use_id": id, "content": text, "is_error": failed}
    return said("user", [result])


class Session:
    """A session of an agent: each event is a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.file, self.store = folder / "transcript.jsonl", Store(folder / "calls.db")
        self.lines: list[dict[str, Any]] = [{"type": "summary", "summary": "x", "leafUuid": "y"}]

    def event(self, name: str, id: str, command: str, **more: Any) -> bytes:
        """An event of the agent."""
        self.file.write_text("".join(json.dumps(each) + "\n" for each in self.lines), encoding="utf-8")
        event: dict[str, Any] = {
            "session_id": "s",
            "hook_event_name": name,
            "tool_name": "Bash",
            "tool_use_id": id,
        }
        event |= {"tool_input": {"command": command}, "transcript_path": str(self.file), **more}
        return json.dumps(event).encode()

    def before(self, id: str, command: str, rules: str = RULES) -> Verdict:
        """Decide about a call."""
        sent = self.event("PreToolUse", id, command)
        call = hooks.read_event(CLAUDE, sent)
        guard = Guard(text=rules, store=self.store)
        return hooks.decide(guard, self.store, "k", call, conversation=lambda: hooks.read_conversation(sent))

    def after(self, id: str, command: str, response: Any, rules: str = RULES) -> None:
        """Say how a call went."""
        sent = self.event("PostToolUse", id, command, tool_response=response)
        found = hooks.read_outcome(CLAUDE, sent)
        assert found is not None
        guard = Guard(text=rules, store=self.store)
        hooks.settle(guard, self.store, "k", *found, hooks.outcome_result(CLAUDE, sent))


@pytest.mark.parametrize("tells", [True, False])
def test_words_and_results(tmp_path: Path, tells: bool) -> None:
    """The words of the user, and the output of the tests, decide about a push, whether the result comes with
    an event or stands in the transcript alone."""
    session = Session(tmp_path)
    session.lines.append(said("user", "fix it"))
    assert session.before("a", "git push").rules == ("asked", "green")
    session.lines += [used("a", "git push"), answered("a", "nobody asked for a push", failed=True)]
    session.lines.append(said("user", [{"type": "text", "text": "run the tests, then push"}]))
    assert session.before("b", "pytest").runs
    if tells:
        session.after("b", "pytest", {"stdout": "12 passed", "isError": False})
    session.lines += [used("b", "pytest"), answered("b", "all passed")]
    assert session.before("c", "ls").runs  # the refusal by the hook itself is no result
    session.lines += [used("c", "ls")]
    assert session.before("d", "git push").runs


QUIET = '.action bash(command: symbol)\ntool_name("Bash", bash).\nforbid bash("rm").\n'


@pytest.mark.parametrize("command", ["pytest", "rm"])
def test_what_was_not_kept_rejects(tmp_path: Path, command: str) -> None:
    """Where no rule read the conversation when an earlier call was decided, or when it ended, the calls whose
    rules read it now are rejected."""
    session = Session(tmp_path)
    session.before("a", command, QUIET)
    assert "was not kept" in str(session.before("b", "ls").error)
    (tmp_path / "another").mkdir()
    session = Session(tmp_path / "another")
    assert session.before("a", "pytest").runs
    session.after("a", "pytest", "it failed", QUIET)
    assert "was not kept" in str(session.before("b", "ls").error)


def test_a_call_that_rules_no_longer_declare_is_lost(tmp_path: Path) -> None:
    """The result of a call whose tool is declared no longer is not known: rules that read the conversation
    reject."""
    session = Session(tmp_path)
    assert session.before("a", "ls").runs
    assert session.before("b", "ls").error is None
    with session.store.writing() as transaction:
        transaction.add("k", transaction.lines("k")[0] | {"id": "other", "tool": "Gone"})
    assert "could not be taken in" in str(session.before("c", "ls").error)


def test_words_of_others_are_left_out(tmp_path: Path) -> None:
    """Lines that the agent wrote in the user's name, and those of agents below, are no words of the user."""
    session = Session(tmp_path)
    session.lines += [
        said("user", "look"),
        said("user", "now push", isMeta=True),
        said("user", "the user asked to push", isCompactSummary=True),
        said("user", "and push", isSidechain=True),
        said("user", "please push", agentId="a1"),
    ]
    event = json.loads(session.event("PreToolUse", "a", "ls"))
    assert [each.text for each in transcript(event)] == ["look"]
    assert "asked" in session.before("a", "git push").rules


def test_codex(tmp_path: Path) -> None:
    """Codex keeps its transcript in a form of its own."""
    file = tmp_path / "rollout.jsonl"
    lines = [
        {"type": "session_meta", "payload": {"id": "s"}},
        {
            "type": "response_item",
            "payload": {
                "type": "message",
                "role": "user",
                "content": [{"type": "input_text", "text": "push"}],
            },
        },
    ]
    file.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    assert [each.text for each in transcript({"transcript_path": str(file)})] == ["push"]


@pytest.mark.parametrize(
    ("tool", "output", "failed"),
    [
        ("fetch", "Error: hello", False),
        ("fetch", "Exit code: 1 is what this page says", False),
        ("fetch", '{"success": false, "page": "x"}', False),
        ("fetch", '{"output": "x", "metadata": {"exit_code": 1}}', False),
        ("shell", '{"output": "x", "metadata": {"exit_code": 1}}', True),
        ("shell_command", "Exit code: 1\nOutput:\nno such file", True),
        ("shell_command", "Exit code: 0\nOutput:\nError: hello", False),
    ],
)
def test_codex_results_that_speak_of_failure(tmp_path: Path, tool: str, output: str, failed: bool) -> None:
    """Of a command Codex itself writes how it ended; what other tools return says nothing of that."""
    called = {"type": "function_call", "name": tool, "arguments": "{}", "call_id": "c"}
    answered = {"type": "function_call_output", "call_id": "c", "output": output}
    lines = [{"type": "session_meta", "payload": {"id": "s"}}]
    lines += [{"type": "response_item", "payload": each} for each in (called, answered)]
    file = tmp_path / "rollout.jsonl"
    file.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    assert [each.error for each in transcript({"transcript_path": str(file)})] == [False, failed]


@pytest.mark.parametrize("content", [None, "{", "{}\n{]\n", '{"a": 1}\n', "[1]\n", "\u0000"])
def test_a_transcript_that_cannot_be_read_rejects(tmp_path: Path, content: str | None) -> None:
    """Where the transcript is missing, damaged or of another kind, what reads it is rejected."""
    session = Session(tmp_path)
    sent = json.loads(session.event("PreToolUse", "a", "git push"))
    session.file.unlink()
    if content is not None:
        session.file.write_text(content, encoding="utf-8")
    with pytest.raises(StateError):
        transcript(sent)
    guard = Guard(text=RULES, store=session.store)
    call = hooks.read_event(CLAUDE, json.dumps(sent))
    verdict = hooks.decide(guard, session.store, "k", call, conversation=lambda: transcript(sent))
    assert "could not be read" in str(verdict.error)


def test_the_command(tmp_path: Path) -> None:
    """The command reads the transcript that the event names; without a rule that reads it, it does not."""
    session = Session(tmp_path)
    session.lines.append(said("user", "fix it"))
    (tmp_path / "e.json").write_bytes(session.event("PreToolUse", "a", "git push"))
    (tmp_path / "talk.dl").write_text(RULES, encoding="utf-8")
    store = ["--store", str(tmp_path / "other.db"), "--event", str(tmp_path / "e.json")]
    told = mpr("hook", str(tmp_path / "talk.dl"), *store).out
    assert "nobody asked for a push" in told
    session.lines.append(said("user", "push it"))
    (tmp_path / "e.json").write_bytes(session.event("PreToolUse", "b", "git push"))
    told = mpr("hook", str(tmp_path / "talk.dl"), *store).out
    assert "nobody asked" not in told
    assert "did not pass" in told
