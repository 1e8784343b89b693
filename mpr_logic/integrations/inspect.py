"""Inspect: an approver of tool calls, for evaluations and agents.

``Task(..., approval=[ApprovalPolicy(guard_approver(guard), "*")])``; the policy must cover all tools.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from mpr_logic.extras import needed
from mpr_logic.guard.guard import UNKNOWN
from mpr_logic.guard.recordings.messages import messages_of
from mpr_logic.integrations.plain import follow

if TYPE_CHECKING:
    from collections.abc import Iterable

    from inspect_ai.approval import Approval, Approver, approver
    from inspect_ai.model import ChatMessage
    from inspect_ai.tool import ToolCall, ToolCallView

    from mpr_logic.guard.conversation import Message
    from mpr_logic.guard.guard import Guard
    from mpr_logic.guard.verdict import Verdict
else:
    approver = needed("inspect_ai.approval", "inspect").approver

MOST = 500
"""The most samples that are known at a time; the one that was quiet longest is forgotten first."""
_KEY = "mpr_logic.session"


@approver(name="mpr_logic/guard")
def guard_approver(guard: Guard, *, session: str | None = None, escalate: bool = False) -> Approver:
    """An approver that lets every tool call through a guard.

    Args:
        guard: it decides.
        session: the conversation or run; by default each sample is one.
        escalate: what the rules leave to a person goes to the policy's next approver, such as
            ``human_approver()``. Without, the guard's own approver is asked.
    """
    samples: OrderedDict[str, dict[str, Verdict]] = OrderedDict()
    begun: OrderedDict[str, str | None] = OrderedDict()  # by sample: the first message of its user

    def known(name: str) -> dict[str, Verdict]:
        found = samples.setdefault(name, {})
        samples.move_to_end(name)
        while len(samples) > MOST:
            guard.end(samples.popitem(last=False)[0])
        return found

    def is_own(history: list[ChatMessage]) -> bool:
        """Whether a conversation is the sample's own: in that of an agent in a tool, the user is a model."""
        first = next((each.id for each in history if each.role == "user"), None)
        own = begun.setdefault(_sample(), first)
        while len(begun) > MOST:
            begun.popitem(last=False)
        return own == first

    async def approve(
        message: str, call: ToolCall, view: ToolCallView, history: list[ChatMessage]
    ) -> Approval:
        name = session if session is not None else _sample()
        waiting = known(name)
        if guard.hears and is_own(history):
            follow(guard, lambda: messages(history), name)
        _record(guard, waiting, history)
        verdict = await guard.acheck(
            call.function, call.arguments, id=call.id, session=name, ask=not escalate
        )
        if verdict.runs:
            waiting[call.id] = verdict
        return _approval(verdict, call, escalate=escalate)

    return approve


def messages(conversation: Iterable[ChatMessage]) -> list[Message]:
    """The messages of a conversation in Inspect's classes, for rules that read it."""
    return messages_of((each.model_dump(mode="json") for each in conversation), guess=False)


def _sample() -> str:
    """The session of the sample that is being worked on: its store holds the name."""
    store = needed("inspect_ai.util", "inspect").store()
    if store.get(_KEY) is None:
        store.set(_KEY, uuid4().hex)
    return str(store.get(_KEY))


def _record(guard: Guard, waiting: dict[str, Verdict], history: list[ChatMessage]) -> None:
    """Enter how earlier calls went: an approver hears of it by the conversation alone."""
    for message in history:
        verdict = waiting.pop(message.tool_call_id or "", None) if message.role == "tool" else None
        if verdict is not None and message.role == "tool":
            result = messages([message])[0].content if guard.hears else UNKNOWN
            guard.record(verdict, message.error is None, result=result)


def _approval(verdict: Verdict, call: ToolCall, *, escalate: bool) -> Approval:
    approval: Any = needed("inspect_ai.approval", "inspect").Approval
    known = {"rules": list(verdict.rules), "verdict": verdict.id}
    if not verdict.runs:
        decision = "escalate" if escalate and verdict.outcome == "escalate" else "reject"
        said: Approval = approval(decision=decision, explanation=verdict.message, metadata=known)
    elif verdict.rewritten:
        changed = replace(call, arguments=verdict.arguments)
        said = approval(decision="modify", modified=changed, metadata=known)
    else:
        said = approval(decision="approve", metadata=known)
    return said
