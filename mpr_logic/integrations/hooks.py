"""Command hooks of coding agents: what they send before a tool runs and after it, and what they understand
as an answer.

An agent runs a command with one JSON object on its standard input, and reads an answer from its standard
output. What is not understood is denied, by exit status 2 with the reason on the standard error: every one of
these agents takes that as a block. Some take exit status 2 without a word as a fault of the hook, and run the
tool; all of them run it where the hook takes longer than they wait.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mpr_logic.checker.structures import canonical
from mpr_logic.errors import StateError
from mpr_logic.guard.calls import Call, Limits, parsed, read_arguments
from mpr_logic.guard.conversation import UNKEPT
from mpr_logic.guard.guard import UNKNOWN
from mpr_logic.integrations.hook_transcripts import transcript
from mpr_logic.integrations.plain import follow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from mpr_logic.guard.conversation import Message
    from mpr_logic.guard.guard import Guard
    from mpr_logic.guard.store import Store
    from mpr_logic.guard.verdict import Verdict

SIZE = 4 * 1024 * 1024
"""The most characters of an event."""


_RESULTS = ("tool_result", "tool_output", "error", "error_message", "result_json", "output")
"""Other fields in which agents tell what a call returned, or why it failed."""


@dataclass(frozen=True, slots=True)
class Event:
    """The form of an agent's events before a tool runs, and after.

    ``names`` are those of the events before; where there is one name, it may be left out. ``tool``,
    ``arguments``, ``session`` and ``id`` are the fields of the call. ``after`` maps the names of the events
    after to those before, and ``result`` is the field that they have besides. Where events have no names,
    the one after has that field, or ``error``. ``shows`` says of a tool and its result whether it shows that
    the call went well, where the event does not say that it failed.
    """

    names: tuple[str, ...]
    after: dict[str, str] = field(default_factory=dict)
    tool: str = "tool_name"
    arguments: str = "tool_input"
    session: str = "session_id"
    id: str = "tool_use_id"
    result: str = "tool_response"
    shows: Callable[[str, Any], bool] = lambda tool, result: True

    def read(self, event: dict[str, Any]) -> Call:
        """The call that an event announces.

        Raises:
            StateError: it is no such event.
        """
        name = event.get("hook_event_name", self.names[0] if len(self.names) == 1 else None)
        if self.names and name not in self.names:
            expected = " or ".join(f"`{each}`" for each in self.names)
            raise StateError(f"the event is `{str(name)[:60]}`: this hook is for {expected}")
        if not isinstance(event.get(self.tool), str) or self.arguments not in event:
            raise StateError(f"the event has no `{self.tool}` and `{self.arguments}`")
        id, session = (str(event.get(field) or "") for field in (self.id, self.session))
        return Call(event[self.tool], event[self.arguments], id, session)

    def before(self, name: object) -> str:
        """The name of the event that comes before a call, by that of the one after."""
        return self.after[str(name)]

    def ended(self, event: dict[str, Any]) -> bool:
        """Whether an event comes after a call."""
        if self.names:
            return event.get("hook_event_name") in tuple(self.after)
        return event.get(self.result) is not None or event.get("error") is not None

    def went(self, event: dict[str, Any]) -> bool | None:
        """Whether the call that has ended did what it was meant to; None where nobody can tell: it was
        interrupted or ran out of its time, or the event does not tell a command that failed from one that
        went well. What else is not plainly said to have failed has succeeded. No text that a command may
        have written makes it a failure: that would give back what it held."""
        if event.get("is_interrupt") is True or event.get("failure_type") == "timeout":
            return None
        said = _answered(event, self.result)
        failed = said.get("isError") is True or said.get("resultType") in ("failure", "denied")
        named = str(event.get("hook_event_name")).endswith("Failure")
        if failed or bool(said.get("error")) or named or (not self.names and bool(event.get("error"))):
            return False
        return True if self.shows(str(event.get(self.tool)), event.get(self.result)) else None


def _answered(event: dict[str, Any], field: str) -> dict[str, Any]:
    """The object that an event has as the result, which MCP writes as a text; an empty one if it has none."""
    said = event.get(field)
    if said is None and isinstance(event.get("result_json"), str):
        try:
            said = parsed(event["result_json"], Limits(size=SIZE), "the result")
        except StateError:
            return {}
    return said if isinstance(said, dict) else {}


@dataclass(frozen=True, slots=True)
class CodingAgent:
    """A coding agent: how a call is read from the event that comes before a tool runs, and what comes
    ``after``; how the agent is told a decision (``allow``, ``deny``, ``ask``, or ``pass``: no objection, and
    its own permissions decide), the reason, and rewritten arguments or None; whether it can ask a person;
    whether it takes rewritten arguments."""

    name: str
    read: Callable[[dict[str, Any]], Call]
    after: Event
    told: Callable[[str, str, dict[str, Any] | None], dict[str, Any]]
    asks: bool = False
    rewrites: bool = False


def read_event(agent: CodingAgent, text: str | bytes) -> Call:
    """The call that an event announces.

    Raises:
        StateError: it is no such event.
    """
    return agent.read(_parsed(text))


def read_outcome(agent: CodingAgent, text: str | bytes) -> tuple[Call, bool | None] | None:
    """The call that an event says has been made, and whether it did what it was meant to, None where nobody
    can tell; None alone where the event comes before a call.

    Raises:
        StateError: it is no event of the agent.
    """
    event = _parsed(text)
    if not agent.after.ended(event):
        return None
    name = event.get("hook_event_name")
    before = event if name is None else event | {"hook_event_name": agent.after.before(name)}
    return agent.read(before), agent.after.went(event)


def outcome_result(agent: CodingAgent, text: str | bytes) -> Any:
    """The result of the call that an event tells of, or what it says of the failure; else ``UNKNOWN``.

    Raises:
        StateError: it is no event.
    """
    event = _parsed(text)
    fields = (agent.after.result, *_RESULTS)
    return next((event[field] for field in fields if event.get(field) is not None), UNKNOWN)


def read_conversation(text: str | bytes) -> list[Message]:
    """The messages of the transcript that an event names; none where it names none.

    Raises:
        StateError: it is no event, or the transcript cannot be read.
    """
    return transcript(_parsed(text))


def _parsed(text: str | bytes) -> dict[str, Any]:
    # some shells write a mark of the byte order before what they pipe
    unmarked = text.removeprefix("\ufeff") if isinstance(text, str) else text.removeprefix(b"\xef\xbb\xbf")
    event = parsed(unmarked, Limits(size=SIZE), "the event")
    if not isinstance(event, dict) or not event:
        raise StateError("the standard input holds no event: a JSON object is expected")
    return event


def reply(agent: CodingAgent, verdict: Verdict, *, allow: bool = False) -> dict[str, Any]:
    """The answer to an agent for a verdict.

    Args:
        agent: whom.
        verdict: the guard's.
        allow: say that an admitted call is allowed, which lets it pass the agent's own permissions; else only
            that there is no objection.
    """
    if verdict.rewritten and may_run(agent, verdict, allow=allow):
        decision = "allow" if allow else "ask"
        return agent.told(decision, "a rule rewrote the arguments", verdict.arguments)
    if verdict.rewritten:
        return agent.told(
            "deny", f"Call it with these arguments instead: {canonical(verdict.arguments)}", None
        )
    if verdict.runs:
        return agent.told("allow" if allow else "pass", "", None)
    if verdict.outcome == "escalate" and agent.asks:
        return agent.told("ask", verdict.message, None)
    return agent.told("deny", verdict.refusal or "it was rejected", None)


def may_run(agent: CodingAgent, verdict: Verdict, *, allow: bool = False) -> bool:
    """Whether a call may run by what :func:`reply` answers. One that was rewritten does not where the agent
    takes no other arguments: the model is told to make the call anew."""
    taken = agent.rewrites and (allow or agent.asks)
    return verdict.outcome == "escalate" or (verdict.runs and (taken or not verdict.rewritten))


def _fields(**given: Any) -> dict[str, Any]:
    """The fields of an answer that say something."""
    return {name: value for name, value in given.items() if value not in ("", None)}


# -- Claude Code, VS Code, Qwen Code: https://code.claude.com/docs/en/hooks --------------------------


def _tell_claude(decision: str, reason: str, arguments: dict[str, Any] | None) -> dict[str, Any]:
    if decision == "pass":
        return {}
    said = _fields(permissionDecision=decision, permissionDecisionReason=reason, updatedInput=arguments)
    return {"hookSpecificOutput": {"hookEventName": "PreToolUse", **said}}


# -- Codex: https://developers.openai.com/codex/hooks ------------------------------------------------


def _tell_codex(decision: str, reason: str, arguments: dict[str, Any] | None) -> dict[str, Any]:
    # on an answer that it does not know it runs the tool: an allow is nothing, it cannot ask, and not every
    # version takes new arguments
    return {} if decision in ("allow", "pass") else _tell_claude("deny", reason, None)


# -- Gemini CLI: https://geminicli.com/docs/hooks/reference ------------------------------------------


def _tell_gemini(decision: str, reason: str, arguments: dict[str, Any] | None) -> dict[str, Any]:
    new = None if arguments is None else {"hookEventName": "BeforeTool", "tool_input": arguments}
    return _fields(decision="" if decision == "pass" else decision, reason=reason, hookSpecificOutput=new)


# -- Cursor: https://cursor.com/docs/agent/hooks -----------------------------------------------------


def _read_cursor(event: dict[str, Any]) -> Call:
    if event.get("hook_event_name") == "beforeShellExecution" and isinstance(event.get("command"), str):
        session = str(event.get("conversation_id") or "")
        return Call("Shell", {"command": event["command"]}, str(event.get("generation_id") or ""), session)
    return _CURSOR.read(event)


def _tell_cursor(decision: str, reason: str, arguments: dict[str, Any] | None) -> dict[str, Any]:
    permission = "allow" if decision == "pass" else decision
    return _fields(permission=permission, user_message=reason, agent_message=reason)


# -- GitHub Copilot: https://docs.github.com/en/copilot/reference/hooks-configuration ----------------


def _read_copilot(event: dict[str, Any]) -> Call:
    call = _COPILOT.read(event)
    given = call.arguments
    # the text that a tool without parameters takes, such as a patch, is sent as it is
    if isinstance(given, str) and given.strip() and not given.lstrip().startswith("{"):
        return replace(call, arguments={"input": given})
    return call


def _tell_copilot(decision: str, reason: str, arguments: dict[str, Any] | None) -> dict[str, Any]:
    if decision == "pass":
        return {}
    return _fields(permissionDecision=decision, permissionDecisionReason=reason)


# -- after commands: what these agents say is the same after one that failed, but for what is looked at here


def _shown_by_codex(tool: str, result: Any) -> bool:
    """Whether the result is that of a tool of MCP: of all others Codex gives the text alone."""
    return isinstance(result, dict)


_NOT_WELL = re.compile(r"^(?:Exit Code|Error|Signal):", re.MULTILINE)
_EXITED = re.compile(r"<shellId: [^\s<>]+ completed with exit code 0>\s*\Z")


def _shown_by_gemini(tool: str, result: Any) -> bool:
    """Whether a command ended well: Gemini CLI adds a line to what it wrote where it did not."""
    if tool != "run_shell_command":
        return True
    text = result.get("llmContent") if isinstance(result, dict) else None
    return isinstance(text, str) and "Output:" in text and _NOT_WELL.search(text) is None


def _shown_by_copilot(tool: str, result: Any) -> bool:
    """Whether a command ended well: Copilot writes its exit code behind all that it wrote."""
    if tool not in ("bash", "powershell"):
        return True
    text = result.get("textResultForLlm") if isinstance(result, dict) else None
    return isinstance(text, str) and _EXITED.search(text) is not None


_CLAUDE = Event(("PreToolUse",), {"PostToolUse": "PreToolUse", "PostToolUseFailure": "PreToolUse"})
_CODEX = replace(_CLAUDE, shows=_shown_by_codex)
_GEMINI = Event(("BeforeTool",), {"AfterTool": "BeforeTool"}, shows=_shown_by_gemini)
_CURSOR = Event(
    ("preToolUse", "beforeMCPExecution"),
    {
        "postToolUse": "preToolUse",
        "postToolUseFailure": "preToolUse",
        "afterMCPExecution": "beforeMCPExecution",
        "afterShellExecution": "beforeShellExecution",
    },
    session="conversation_id",
)
_COPILOT = Event(
    (),
    tool="toolName",
    arguments="toolArgs",
    session="sessionId",
    id="",
    result="toolResult",
    shows=_shown_by_copilot,
)
AGENTS = {
    each.name: each
    for each in (
        CodingAgent("claude", _CLAUDE.read, _CLAUDE, _tell_claude, asks=True, rewrites=True),
        CodingAgent("codex", _CODEX.read, _CODEX, _tell_codex),
        CodingAgent("gemini", _GEMINI.read, _GEMINI, _tell_gemini, rewrites=True),
        CodingAgent("cursor", _read_cursor, _CURSOR, _tell_cursor),
        CodingAgent("copilot", _read_copilot, _COPILOT, _tell_copilot),
        # with new arguments it runs the call as it was
        CodingAgent("qwen", _CLAUDE.read, _CLAUDE, _tell_claude, asks=True),
    )
}
"""The agents that are known, by name."""


DAYS = 30.0
"""The days that a session is kept after its last call."""


def default_path(environment: Mapping[str, str] = os.environ) -> Path:
    """The default place of the store: a file in the user's folder for the state of programs."""
    if environment.get("MPR_STORE"):
        return Path(environment["MPR_STORE"])
    if environment.get("XDG_STATE_HOME"):
        folder = Path(environment["XDG_STATE_HOME"])
    elif sys.platform == "win32":
        folder = Path(environment.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        folder = Path.home() / "Library" / "Application Support"
    else:
        folder = Path.home() / ".local" / "state"
    return folder / "mpr" / "calls.db"


def session_key(rules: Iterable[str | os.PathLike[str]], session: str) -> str:
    """The key that a session is kept under: the same for the same rule files and the same session, whatever
    the session's name holds."""
    paths = sorted(str(Path(path).resolve()) for path in rules)
    return hashlib.sha256(json.dumps([paths, session]).encode()).hexdigest()


def decide(
    guard: Guard,
    store: Store,
    key: str,
    call: Call,
    *,
    days: float = DAYS,
    may_run: Callable[[Verdict], bool] = lambda verdict: verdict.runs or verdict.outcome == "escalate",
    conversation: Callable[[], Sequence[Message]] = tuple,
) -> Verdict:
    """Decide about a call after those that are kept of its session, and keep it where it may run. All of that
    is one transaction.

    Args:
        guard: it decides, and knows no call yet.
        store: where the calls are kept; the guard's own, where relations are shared.
        key: of the session.
        call: what is proposed.
        days: sessions are forgotten so long after their last call.
        may_run: whether the call may run by what the agent is told; one that does not is not kept.
        conversation: gives the conversation so far, where a rule reads it.

    Raises:
        StoreError: the calls could not be read, or this one not be kept: it must not be made.
    """
    with store.writing(guard.timeout) as transaction:
        transaction.forget(days * 86_400)
        _replay(guard, transaction.lines(key), call.session)
        follow(guard, conversation, call.session)
        verdict = guard.check(call.tool, call.arguments, id=call.id, session=call.session, ask=False)
        if may_run(verdict):
            transaction.add(key, _line(verdict) | _heard(guard))
            return verdict
        if verdict.runs:
            transaction.settle(verdict.id)  # it holds nothing of what is shared
        told = {"told": verdict.message} if guard.hears else {}
        transaction.add(key, {"kind": "rejected", "call": call.id, **told, **_heard(guard)})
    return verdict


def settle(
    guard: Guard, store: Store, key: str, call: Call, succeeded: bool | None, result: Any = UNKNOWN
) -> None:
    """Keep how a call went, and what it returned where a rule reads that. One that a person was asked about
    was made, then, and is entered now.

    Raises:
        StateError: no such call is kept, or it has ended.
        StoreError: it could not be kept.
    """
    with store.writing(guard.timeout) as transaction:
        lines = transaction.lines(key)
        _replay(guard, lines, call.session)
        line = _found(lines, call)
        if line is None:
            raise StateError(f"no call of `{call.tool[:60]}` that was admitted here waits for its outcome")
        if not line["runs"]:
            line = line | {"runs": True}
            transaction.add(key, line)
            _replay(guard, [line], call.session)
        guard.record(line["id"], succeeded, session=call.session)
        told = {"result": result} if guard.hears and result is not UNKNOWN else {}
        said = {"kind": "result", "id": line["id"], "succeeded": succeeded, **told}
        transaction.add(key, said | _heard(guard))


def _heard(guard: Guard) -> dict[str, bool]:
    """The mark of a line that was written when a rule read the conversation, and it was kept for that."""
    return {"heard": True} if guard.hears else {}


def _replay(guard: Guard, lines: Sequence[dict[str, Any]], session: str) -> None:
    """Enter what is kept; calls of tools that are no longer declared are left out."""
    if guard.hears and not all(line.get("heard") for line in lines):
        guard.unheard(UNKEPT, session=session)
    for line in lines:
        try:
            guard.replay([line | {"session": session}], session=session)
        except StateError:
            continue


def _line(verdict: Verdict) -> dict[str, Any]:
    line: dict[str, Any] = {
        "kind": "decision",
        "id": verdict.id,
        "call": verdict.call.id,
        "tool": verdict.call.tool,
        "arguments": verdict.given,
        "runs": verdict.runs,
        "mode": verdict.mode,
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
    }
    if verdict.known:
        line["known"] = verdict.known
    if verdict.rewritten:
        line["rewritten"] = verdict.arguments
    return line


def _found(lines: Sequence[dict[str, Any]], call: Call) -> dict[str, Any] | None:
    """The call that has ended, among those that have not: the first of the tool that has its id, or, where
    one of them is not given, its arguments; best of all, both. Of a call that was rewritten, an agent may
    tell the arguments that the model gave."""
    ended = {line["id"] for line in lines if line["kind"] == "result"}
    decisions = {line["id"]: line for line in lines if line["kind"] == "decision"}
    arguments = _written(call.arguments)
    best: tuple[int, dict[str, Any] | None] = (0, None)
    for line in decisions.values():
        if line["id"] in ended or line["tool"] != call.tool:
            continue
        named = bool(call.id) and line["call"] == call.id
        if call.id and line["call"] and not named:
            continue
        same = canonical(line.get("rewritten", line["arguments"])) == arguments
        score = 4 * named + 2 * same + (canonical(line["arguments"]) == arguments)
        if score > best[0]:
            best = score, line
    return best[1]


def _written(arguments: Any) -> str | None:
    """The arguments of a call in one form, whether they come as an object or as its text; None where they are
    none."""
    try:
        return canonical(read_arguments(arguments, Limits(size=SIZE)))
    except StateError:
        return None
