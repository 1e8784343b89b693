"""Command hooks of coding agents: what they send before a tool runs and after it, and what they understand
as an answer.

An agent runs a command with one JSON object on its standard input, and reads an answer from its standard
output. What is not understood is denied, by exit status 2 with the reason on the standard error: every one of
these agents takes that as a block. Some take exit status 2 without a word as a fault of the hook, and run the
tool; all of them run it where the hook takes longer than they wait.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mpr_logic.errors import StateError
from mpr_logic.guard.calls import Call, Limits, canonical, parsed

if TYPE_CHECKING:
    from collections.abc import Callable

    from mpr_logic.guard.verdict import Verdict

SIZE = 4 * 1024 * 1024
"""So many characters an event has at most."""


@dataclass(frozen=True, slots=True)
class Event:
    """What an agent sends before a tool runs, and after: the ``names`` of the events before, and of their
    fields with the tool, its arguments, the session and the call's id; ``after`` maps the names of the
    events after to those before, and the ``result`` is the field that they have besides. Where there is one
    name, it may be left out."""

    names: tuple[str, ...]
    after: dict[str, str] = field(default_factory=dict)
    tool: str = "tool_name"
    arguments: str = "tool_input"
    session: str = "session_id"
    id: str = "tool_use_id"
    result: str = "tool_response"

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

    def went(self, event: dict[str, Any]) -> bool | None:
        """Whether the call of an event did what it was meant to; None where it has not been made. What is not
        plainly said to have failed has succeeded: nothing that it held is given back."""
        name, result = event.get("hook_event_name"), event.get(self.result)
        if name not in tuple(self.after) and (self.names or result is None):
            return None
        said = result if isinstance(result, dict) else {}
        failed = said.get("isError") is True or said.get("resultType") in ("failure", "denied")
        return not (failed or bool(said.get("error")) or str(name).endswith("Failure"))


@dataclass(frozen=True, slots=True)
class Agent:
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


def read_event(agent: Agent, text: str | bytes) -> Call:
    """The call that an event announces.

    Raises:
        StateError: it is no such event.
    """
    return agent.read(_parsed(text))


def read_outcome(agent: Agent, text: str | bytes) -> tuple[Call, bool] | None:
    """The call that an event says has been made, and whether it did what it was meant to; None where the
    event comes before a call.

    Raises:
        StateError: it is no event of the agent.
    """
    event = _parsed(text)
    went = agent.after.went(event)
    if went is None:
        return None
    name = event.get("hook_event_name")
    return agent.read(event if name is None else event | {"hook_event_name": agent.after.before(name)}), went


def _parsed(text: str | bytes) -> dict[str, Any]:
    # some shells write a mark of the byte order before what they pipe
    unmarked = text.removeprefix("\ufeff") if isinstance(text, str) else text.removeprefix(b"\xef\xbb\xbf")
    event = parsed(unmarked, Limits(size=SIZE))
    if not isinstance(event, dict) or not event:
        raise StateError("the standard input holds no event: a JSON object is expected")
    return event


def reply(agent: Agent, verdict: Verdict, *, allow: bool = False) -> dict[str, Any]:
    """What to answer for a verdict.

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


def may_run(agent: Agent, verdict: Verdict, *, allow: bool = False) -> bool:
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


_CLAUDE = Event(("PreToolUse",), {"PostToolUse": "PreToolUse", "PostToolUseFailure": "PreToolUse"})
_GEMINI = Event(("BeforeTool",), {"AfterTool": "BeforeTool"})
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
_COPILOT = Event((), tool="toolName", arguments="toolArgs", session="sessionId", id="", result="toolResult")
AGENTS = {
    each.name: each
    for each in (
        Agent("claude", _CLAUDE.read, _CLAUDE, _tell_claude, asks=True, rewrites=True),
        Agent("codex", _CLAUDE.read, _CLAUDE, _tell_codex),
        Agent("gemini", _GEMINI.read, _GEMINI, _tell_gemini, rewrites=True),
        Agent("cursor", _read_cursor, _CURSOR, _tell_cursor),
        Agent("copilot", _read_copilot, _COPILOT, _tell_copilot),
        # with new arguments it runs the call as it was
        Agent("qwen", _CLAUDE.read, _CLAUDE, _tell_claude, asks=True),
    )
}
"""The agents that are known, by name."""
