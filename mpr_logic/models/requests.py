"""What is sent to an OpenAI-compatible server, and what is read out of its answer: plain data, no network."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from typing import Literal as OneOf

from mpr_logic.errors import ModelError
from mpr_logic.models.gbnf import gbnf_text
from mpr_logic.models.grammar import START
from mpr_logic.models.larktext import lark_text
from mpr_logic.models.model import Completion

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mpr_logic.models.grammar import Grammar

Api = OneOf["chat", "responses"]
"""Chat completions, or the responses API."""

Constraint = OneOf["tool", "gbnf", "schema", "none"]
"""How a server is told a grammar: as a custom tool with Lark text (OpenAI), as ``grammar`` in GBNF
(llama.cpp), as a JSON schema (a choice among texts only), or not at all."""


class MalformedError(ModelError):
    """What a server sent cannot be read: it may be worth another try."""


TOOL = "answer"
_TOOL_TEXT = "Gives the answer, in the form that the grammar allows."


def body_of(
    prompt: str,
    grammar: Grammar | None,
    *,
    model: str,
    api: Api,
    constraint: Constraint,
    temperature: float,
    max_tokens: int,
) -> dict[str, Any]:
    """The body of a request."""
    body: dict[str, Any] = {"model": model, "temperature": temperature}
    if api == "chat":
        body |= {"messages": [{"role": "user", "content": prompt}], "max_completion_tokens": max_tokens}
    else:
        body |= {"input": prompt, "max_output_tokens": max_tokens, "store": False}
    if grammar is None or constraint == "none":
        return body
    if constraint == "gbnf":
        return body | {"grammar": gbnf_text(grammar)}
    if constraint == "tool":
        return body | (_chat_tool(grammar) if api == "chat" else _responses_tool(grammar))
    texts = texts_of(grammar)
    return body if texts is None else body | _schema(texts, api)


def texts_of(grammar: Grammar) -> list[str] | None:
    """The texts that a choice is among; None of a grammar that is more than a choice."""
    alternatives = grammar.rules[START]
    if any(len(each) != 1 or not isinstance(each[0], str) for each in alternatives):
        return None
    return [str(each[0]) for each in alternatives]


def _chat_tool(grammar: Grammar) -> dict[str, Any]:
    form = {"type": "grammar", "grammar": {"syntax": "lark", "definition": lark_text(grammar)}}
    tool = {"name": TOOL, "description": _TOOL_TEXT, "format": form}
    return {
        "tools": [{"type": "custom", "custom": tool}],
        "tool_choice": {"type": "custom", "custom": {"name": TOOL}},
    }


def _responses_tool(grammar: Grammar) -> dict[str, Any]:
    form = {"type": "grammar", "syntax": "lark", "definition": lark_text(grammar)}
    return {
        "tools": [{"type": "custom", "name": TOOL, "description": _TOOL_TEXT, "format": form}],
        "tool_choice": {"type": "custom", "name": TOOL},
    }


def _schema(texts: list[str], api: Api) -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": {"answer": {"type": "string", "enum": texts}},
        "required": ["answer"],
        "additionalProperties": False,
    }
    named = {"name": TOOL, "strict": True, "schema": schema}
    if api == "chat":
        return {"response_format": {"type": "json_schema", "json_schema": named}}
    return {"text": {"format": {"type": "json_schema", **named}}}


def completion_of(answer: Any, api: Api, *, schema: bool) -> Completion:
    """The completion in a server's answer.

    Args:
        answer: what it sent, as plain data.
        api: what it was asked by.
        schema: whether the text is a JSON object around the answer.

    Raises:
        MalformedError: the answer has not the form that the API gives it.
    """
    try:
        found = _from_chat(answer) if api == "chat" else _from_responses(answer)
        if schema and found.finished:
            text = str(json.loads(found.text)["answer"])
            found = Completion(text, found.prompt_tokens, found.completion_tokens)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise MalformedError(
            f"the server's answer is not one of the {api} API ({error!r}): check the base URL, "
            "and which of the two APIs the server offers"
        ) from None
    return found


def _from_chat(answer: Mapping[str, Any]) -> Completion:
    choice = answer["choices"][0]
    message = choice["message"]
    calls = message.get("tool_calls") or ()
    text = next((call["custom"]["input"] for call in calls if call.get("type") == "custom"), None)
    if text is None:
        text = message.get("content") or message.get("refusal") or ""
    usage = answer.get("usage") or {}
    return Completion(
        _text(text),
        int(usage.get("prompt_tokens") or 0),
        int(usage.get("completion_tokens") or 0),
        finished=choice.get("finish_reason") != "length",
    )


def _from_responses(answer: Mapping[str, Any]) -> Completion:
    text = ""
    for item in answer["output"]:
        if item["type"] == "custom_tool_call":
            text = item["input"]
            break
        if item["type"] == "message":
            text += "".join(part.get("text") or part.get("refusal") or "" for part in item["content"])
    usage = answer.get("usage") or {}
    return Completion(
        _text(text),
        int(usage.get("input_tokens") or 0),
        int(usage.get("output_tokens") or 0),
        finished=answer.get("status") != "incomplete",
    )


def _text(text: object) -> str:
    if not isinstance(text, str):
        raise TypeError(f"a text of type {type(text).__name__}")
    return text


class Gathered:
    """The pieces of a stream, put together again."""

    def __init__(self, api: Api) -> None:
        self.length = 0
        self._api = api
        self._content: list[str] = []
        self._input: list[str] = []
        self._finish: str | None = None
        self._usage: Mapping[str, Any] | None = None

    def add(self, piece: Any) -> None:
        """Take the next piece.

        Raises:
            MalformedError: it is none.
        """
        try:
            self._chat(piece) if self._api == "chat" else self._responses(piece)
        except (KeyError, TypeError, AttributeError) as error:
            raise MalformedError(
                f"the server streams what is not of the {self._api} API ({error!r})"
            ) from None

    def _chat(self, piece: Mapping[str, Any]) -> None:
        self._usage = piece.get("usage") or self._usage
        for choice in piece["choices"][:1]:
            self._finish = choice.get("finish_reason") or self._finish
            delta = choice["delta"]
            self._take(self._content, delta.get("content"))
            for call in delta.get("tool_calls") or ():
                self._take(self._input, (call.get("custom") or {}).get("input"))

    def _responses(self, piece: Mapping[str, Any]) -> None:
        match piece["type"]:
            case "response.output_text.delta":
                self._take(self._content, piece["delta"])
            case "response.custom_tool_call_input.delta":
                self._take(self._input, piece["delta"])
            case "response.completed" | "response.incomplete":
                self._finish = "stop" if piece["type"] == "response.completed" else "length"
                self._usage = piece["response"].get("usage")

    def _take(self, pieces: list[str], text: object) -> None:
        if text:
            pieces.append(_text(text))
            self.length += len(pieces[-1])

    def answer(self, *, whole: bool) -> dict[str, Any]:
        """All of it, as if it had come at once; not ``whole`` where it was left before its end.

        Raises:
            MalformedError: the stream came to no end of the answer.
        """
        if whole and self._finish is None:
            raise MalformedError("the stream broke off before the end of the answer")
        finish = self._finish if whole else "length"
        content, called = "".join(self._content), "".join(self._input)
        if self._api == "chat":
            calls = [{"type": "custom", "custom": {"input": called}}] if called else []
            message = {"content": content, "tool_calls": calls}
            return {"choices": [{"message": message, "finish_reason": finish}], "usage": self._usage}
        part = {"type": "message", "content": [{"text": content}]}
        output = [{"type": "custom_tool_call", "input": called}] if called else [part]
        status = "completed" if finish == "stop" else "incomplete"
        return {"output": output, "status": status, "usage": self._usage}
