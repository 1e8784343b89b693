"""The APIs that the agents speak, as far as a scripted model needs them."""

from __future__ import annotations

import json
from typing import Any

from tests.live_hooks.scripted import DONE, Dialect, Turn

_MODEL = "scripted"


def _id(turn: int, index: int) -> str:
    return f"call_{turn}_{index}"


# -- Messages: Claude Code ---------------------------------------------------------------------------

_SPENT = {"input_tokens": 10, "output_tokens": 10}


def _blocks(turn: int, calls: Turn) -> list[dict[str, Any]]:
    if not calls:
        return [{"type": "text", "text": DONE}]
    return [
        {"type": "tool_use", "id": _id(turn, n), "name": call.tool, "input": call.arguments}
        for n, call in enumerate(calls)
    ]


def _message(turn: int, calls: Turn) -> dict[str, Any]:
    stop = "tool_use" if calls else "end_turn"
    head = {"id": f"msg_{turn}", "type": "message", "role": "assistant", "model": _MODEL}
    content = _blocks(turn, calls)
    return head | {"content": content, "stop_reason": stop, "stop_sequence": None, "usage": _SPENT}


def _message_events(turn: int, calls: Turn) -> list[dict[str, Any]]:
    whole = _message(turn, calls)
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": whole | {"content": [], "stop_reason": None}}
    ]
    for n, block in enumerate(whole["content"]):
        if block["type"] == "text":
            empty, delta = block | {"text": ""}, {"type": "text_delta", "text": block["text"]}
        else:
            written = json.dumps(block["input"])
            empty, delta = block | {"input": {}}, {"type": "input_json_delta", "partial_json": written}
        events += [
            {"type": "content_block_start", "index": n, "content_block": empty},
            {"type": "content_block_delta", "index": n, "delta": delta},
            {"type": "content_block_stop", "index": n},
        ]
    stop = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    return [*events, {"type": "message_delta", "delta": stop, "usage": _SPENT}, {"type": "message_stop"}]


MESSAGES = Dialect(_message_events, _message)

# -- Responses: Codex, Copilot -----------------------------------------------------------------------


def _items(turn: int, calls: Turn) -> list[dict[str, Any]]:
    if not calls:
        content = [{"type": "output_text", "text": DONE, "annotations": []}]
        head = {"type": "message", "id": f"msg_{turn}", "role": "assistant", "status": "completed"}
        return [head | {"content": content}]
    return [
        {
            "type": "function_call",
            "id": f"fc_{turn}_{n}",
            "call_id": _id(turn, n),
            "name": call.tool,
            "arguments": json.dumps(call.arguments),
            "status": "completed",
        }
        for n, call in enumerate(calls)
    ]


def _response(turn: int, calls: Turn) -> dict[str, Any]:
    usage: dict[str, Any] = {
        **_SPENT,
        "total_tokens": 20,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": 0},
    }
    head = {"id": f"resp_{turn}", "object": "response", "created_at": 1, "model": _MODEL}
    return head | {"status": "completed", "output": _items(turn, calls), "usage": usage}


def _response_events(turn: int, calls: Turn) -> list[dict[str, Any]]:
    whole = _response(turn, calls)
    begun = whole | {"status": "in_progress", "output": [], "usage": None}
    events: list[dict[str, Any]] = [{"type": "response.created", "response": begun}]
    for n, item in enumerate(whole["output"]):
        at = {"output_index": n, "item_id": item["id"]}
        if item["type"] == "message":
            text = {"content_index": 0, "text": DONE, "part": item["content"][0]}
            empty = item | {"content": [], "status": "in_progress"}
            deltas = [
                at | {"type": "response.content_part.added"} | text,
                at | {"type": "response.output_text.delta", "content_index": 0, "delta": DONE},
                at | {"type": "response.output_text.done"} | text,
                at | {"type": "response.content_part.done"} | text,
            ]
        else:
            written = item["arguments"]
            empty = item | {"arguments": "", "status": "in_progress"}
            deltas = [
                at | {"type": "response.function_call_arguments.delta", "delta": written},
                at | {"type": "response.function_call_arguments.done", "arguments": written},
            ]
        events += [
            {"type": "response.output_item.added", "output_index": n, "item": empty},
            *deltas,
            {"type": "response.output_item.done", "output_index": n, "item": item},
        ]
    events.append({"type": "response.completed", "response": whole})
    return [event | {"sequence_number": n} for n, event in enumerate(events)]


RESPONSES = Dialect(_response_events, _response)

# -- generateContent: Gemini CLI ---------------------------------------------------------------------


def _content(turn: int, calls: Turn) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [{"text": DONE}]
    if calls:
        parts = [
            {"functionCall": {"id": _id(turn, n), "name": call.tool, "args": call.arguments}}
            for n, call in enumerate(calls)
        ]
    candidate = {"content": {"role": "model", "parts": parts}, "finishReason": "STOP", "index": 0}
    spent = {"promptTokenCount": 10, "candidatesTokenCount": 10, "totalTokenCount": 20}
    return {"candidates": [candidate], "usageMetadata": spent, "modelVersion": _MODEL}


GENERATE = Dialect(lambda turn, calls: [_content(turn, calls)], _content, named=False)
