"""Command hooks of coding agents: what they send before a tool runs, and what they understand as an answer.

An agent runs a command with one JSON object on its standard input, and reads an answer from its standard
output. What is not understood is denied, by exit status 2, which every one of these agents takes as a block
with the standard error as the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mpr_logic.adapters.calls import Call, Limits, canonical, parsed
from mpr_logic.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mpr_logic.adapters.verdict import Verdict

SIZE = 4 * 1024 * 1024
"""So many characters an event has at most."""


@dataclass(frozen=True, slots=True)
class Agent:
    """A coding agent: how a call is read from the event that comes before a tool runs; how the agent is
    told a decision (``allow``, ``deny``, ``ask``, or ``pass``: no objection, and its own permissions decide),
    the reason, and rewritten arguments or None; whether it can ask a person; whether it takes rewritten
    arguments."""

    name: str
    read: Callable[[dict[str, Any]], Call]
    told: Callable[[str, str, dict[str, Any] | None], dict[str, Any]]
    asks: bool
    rewrites: bool


def read_event(agent: Agent, text: str | bytes) -> Call:
    """The call that an event announces.

    Raises:
        StateError: it is no such event.
    """
    event = parsed(text, Limits(size=SIZE))
    if not isinstance(event, dict) or not event:
        raise StateError("the standard input holds no event: a JSON object is expected")
    return agent.read(event)


def reply(agent: Agent, verdict: Verdict, *, allow: bool = False) -> dict[str, Any]:
    """What to answer for a verdict.

    Args:
        agent: whom.
        verdict: the guard's.
        allow: say that an admitted call is allowed, which lets it pass the agent's own permissions; else only
            that there is no objection.
    """
    admitted = "allow" if allow else "pass"
    if verdict.runs and (verdict.outcome != "modify" or verdict.mode == "shadow"):
        return _said(agent, admitted, "", None)
    if verdict.runs:
        if not agent.rewrites or not (allow or agent.asks):
            told = f"Call it with these arguments instead: {canonical(verdict.arguments)}"
            return _said(agent, "deny", told, None)
        return _said(agent, "allow" if allow else "ask", "a rule rewrote the arguments", verdict.arguments)
    if verdict.outcome == "escalate" and agent.asks:
        return _said(agent, "ask", verdict.message, None)
    return _said(agent, "deny", verdict.message or "it was rejected", None)


def _said(agent: Agent, decision: str, reason: str, arguments: dict[str, Any] | None) -> dict[str, Any]:
    return agent.told(decision, reason, arguments)


def _call(event: dict[str, Any], expected: str, tool: str, arguments: str, session: str, id: str) -> Call:
    """A call whose parts stand in these fields of the event."""
    name = event.get("hook_event_name", expected)
    if name != expected:
        raise StateError(f"the event is `{str(name)[:60]}`: this hook is for `{expected}`")
    if not isinstance(event.get(tool), str) or arguments not in event:
        raise StateError(f"the event has no `{tool}` and `{arguments}`")
    return Call(event[tool], event[arguments], str(event.get(id) or ""), str(event.get(session) or ""))


# -- Claude Code, VS Code: https://code.claude.com/docs/en/hooks -------------------------------------


def _claude_read(event: dict[str, Any]) -> Call:
    return _call(event, "PreToolUse", "tool_name", "tool_input", "session_id", "tool_use_id")


def _claude_told(decision: str, reason: str, arguments: dict[str, Any] | None) -> dict[str, Any]:
    if decision == "pass":
        return {}
    found: dict[str, Any] = {"hookEventName": "PreToolUse", "permissionDecision": decision}
    if reason:
        found["permissionDecisionReason"] = reason
    if arguments is not None:
        found["updatedInput"] = arguments
    return {"hookSpecificOutput": found}


# -- Codex: https://developers.openai.com/codex/hooks ------------------------------------------------


def _codex_told(decision: str, reason: str, arguments: dict[str, Any] | None) -> dict[str, Any]:
    # on an answer that it does not know it runs the tool: an allow is nothing, and it cannot ask
    return {} if decision in ("allow", "pass") else _claude_told("deny", reason, None)


# -- Gemini CLI: https://geminicli.com/docs/hooks/reference ------------------------------------------


def _gemini_read(event: dict[str, Any]) -> Call:
    return _call(event, "BeforeTool", "tool_name", "tool_input", "session_id", "tool_use_id")


def _gemini_told(decision: str, reason: str, arguments: dict[str, Any] | None) -> dict[str, Any]:
    found: dict[str, Any] = {} if decision == "pass" else {"decision": decision}
    if reason:
        found["reason"] = reason
    if arguments is not None:
        found["hookSpecificOutput"] = {"hookEventName": "BeforeTool", "tool_input": arguments}
    return found


# -- Cursor: https://cursor.com/docs/agent/hooks -----------------------------------------------------


def _cursor_read(event: dict[str, Any]) -> Call:
    name = event.get("hook_event_name")
    if name == "beforeShellExecution" and isinstance(event.get("command"), str):
        session = str(event.get("conversation_id") or "")
        return Call("Shell", {"command": event["command"]}, str(event.get("generation_id") or ""), session)
    if name not in ("preToolUse", "beforeMCPExecution"):
        raise StateError(f"the event is `{str(name)[:60]}`: this hook is for what comes before a tool runs")
    return _call(event, str(name), "tool_name", "tool_input", "conversation_id", "tool_use_id")


def _cursor_told(decision: str, reason: str, arguments: dict[str, Any] | None) -> dict[str, Any]:
    found: dict[str, Any] = {"permission": "allow" if decision == "pass" else decision}
    if reason:
        found |= {"user_message": reason, "agent_message": reason}
    return found


# -- GitHub Copilot: https://docs.github.com/en/copilot/reference/hooks-configuration ----------------


def _copilot_read(event: dict[str, Any]) -> Call:
    if not isinstance(event.get("toolName"), str) or "toolArgs" not in event:
        raise StateError("the event has no `toolName` and `toolArgs`")
    return Call(event["toolName"], event["toolArgs"], "", str(event.get("sessionId") or ""))


def _copilot_told(decision: str, reason: str, arguments: dict[str, Any] | None) -> dict[str, Any]:
    if decision == "pass":
        return {}
    return {"permissionDecision": decision} | ({"permissionDecisionReason": reason} if reason else {})


AGENTS = {
    each.name: each
    for each in (
        Agent("claude", _claude_read, _claude_told, asks=True, rewrites=True),
        Agent("codex", _claude_read, _codex_told, asks=False, rewrites=False),
        Agent("gemini", _gemini_read, _gemini_told, asks=False, rewrites=True),
        Agent("cursor", _cursor_read, _cursor_told, asks=False, rewrites=False),
        Agent("copilot", _copilot_read, _copilot_told, asks=False, rewrites=False),
    )
}
"""The agents that are known, by name."""
