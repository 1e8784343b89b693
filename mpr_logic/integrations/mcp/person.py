"""Asks the user of an MCP client, by elicitation, about a call that rules leave to a person.

Up to the protocol's version of 2025-11-25 the client is sent a request while the call waits. Since 2026-07-28
the call is answered with the question, and made again with the user's answer.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from mpr_logic.checker.structures import canonical
from mpr_logic.integrations.mcp.messages import is_stateless, meta_of, params_of

if TYPE_CHECKING:
    from mpr_logic.guard.verdict import Verdict
    from mpr_logic.integrations.mcp.messages import Ask, Message

BY = "the client's user"
"""The name of who answered, in the log."""
MOST = 200
"""The most calls that wait for their answers at a time; the oldest is forgotten first."""
_SHOWN = 4_000
_CAPABILITIES = "io.modelcontextprotocol/clientCapabilities"
_KEY = "mpr"
_logger = logging.getLogger(__name__)


class ClientUser:
    """The user behind one client."""

    def __init__(self) -> None:
        self._asks = False
        self._waiting: OrderedDict[str, Verdict] = OrderedDict()

    def hello(self, initialize: Message) -> None:
        """Take from a client's handshake whether its user can be asked."""
        self._asks = _elicits(params_of(initialize).get("capabilities"))

    def can_be_asked(self, call: Message) -> bool:
        """Whether the client that makes this call shows questions to its user."""
        return _elicits(meta_of(call).get(_CAPABILITIES)) if is_stateless(call) else self._asks

    async def ask(self, verdict: Verdict, client: Ask, seconds: float) -> bool | None:
        """Ask the user; None where nobody answers."""
        try:
            answer = await asyncio.wait_for(client({"jsonrpc": "2.0", **_question(verdict)}), seconds)
        except TimeoutError:
            _logger.warning("the client's user did not answer within %g seconds", seconds)
            return None
        return _approved(answer.get("result"))

    def question(self, call: Message, verdict: Verdict) -> Message:
        """The answer to a call that asks the user first."""
        state = f"mpr-{uuid4().hex}"
        self._waiting[state] = verdict
        while len(self._waiting) > MOST:
            self._waiting.popitem(last=False)
        asked = {"resultType": "input_required", "inputRequests": {_KEY: _question(verdict)}}
        return {"jsonrpc": "2.0", "id": call["id"], "result": asked | {"requestState": state}}

    def answered(self, call: Message) -> tuple[Verdict, bool | None] | None:
        """The verdict that a call made again is about, and what the user said; None where it is none of
        those that wait. Another call than the one that the user saw was not answered."""
        params = params_of(call)
        state, answers = params.get("requestState"), params.get("inputResponses")
        verdict = self._waiting.pop(state, None) if isinstance(state, str) else None
        if verdict is None:
            return None
        seen = (verdict.call.tool, canonical(verdict.call.arguments))
        same = seen == (params.get("name"), canonical(params.get("arguments")))
        return verdict, _approved(answers.get(_KEY)) if same and isinstance(answers, dict) else None


def without_answer(call: Message, verdict: Verdict) -> Message:
    """A call without what its user answered, and with the arguments that were decided about: what the server
    gets."""
    kept = {k: v for k, v in params_of(call).items() if k not in ("requestState", "inputResponses")}
    return call | {"params": kept | {"arguments": verdict.arguments}}


def _elicits(capabilities: Any) -> bool:
    form = capabilities.get("elicitation") if isinstance(capabilities, dict) else None
    return isinstance(form, dict) and (not form or "form" in form)


def _question(verdict: Verdict) -> Message:
    arguments = canonical(verdict.arguments)
    if len(arguments) > _SHOWN:
        arguments = f"{arguments[:_SHOWN]}... ({len(arguments)} characters in all)"
    allow = {"type": "boolean", "title": "Allow this call", "default": False}
    return {
        "method": "elicitation/create",
        "params": {
            "mode": "form",
            "message": _printable(
                f"May `{verdict.call.tool}` be called with {arguments}?\n{verdict.message}"
            ),
            "requestedSchema": {"type": "object", "properties": {"allow": allow}, "required": ["allow"]},
        },
    }


def _printable(text: str) -> str:
    """A text that looks like what it is: a model may have written parts of it, to be read by a person."""
    return "".join(c if c == "\n" or c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _approved(result: Any) -> bool | None:
    """The user's choice in an elicitation's result; None where there is none."""
    if not isinstance(result, dict) or result.get("action") not in ("accept", "decline"):
        return None
    content = result.get("content")
    return result["action"] == "accept" and isinstance(content, dict) and content.get("allow") is True
