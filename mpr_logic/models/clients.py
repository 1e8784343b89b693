"""Clients of language models: what completes a prompt, a scripted one, and one behind any OpenAI-compatible
server, with a cache of its answers."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
import threading
import time
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from typing import Literal as OneOf

from mpr_logic.analysis.report import count
from mpr_logic.errors import ModelError, MprError, ServerError
from mpr_logic.language.diagnostics import visible
from mpr_logic.models.grammars import START, gbnf_text, lark_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from mpr_logic.models.grammars import Grammar


@dataclass(frozen=True, slots=True)
class Completion:
    """An answer. The tokens are those that the server counted, 0 where it did not count; ``finished`` is
    False where the answer was cut at a limit; ``cached`` says that nobody was asked for it now."""

    text: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    finished: bool = True
    cached: bool = False


class Model(Protocol):
    """Completes prompts. ``name`` says which model it is; a scripted one says so."""

    name: str

    def complete(
        self,
        prompt: str,
        grammar: Grammar | None = None,
        n: int = 1,
        *,
        temperature: float = 0.0,
        max_tokens: int = 512,
    ) -> list[Completion]:
        """``n`` answers to a prompt.

        Args:
            prompt: what the model reads, as one message of the user.
            grammar: what the answer must be made of. A model that cannot be held to it answers freely.
            n: how many answers.
            temperature: how much chance there is in an answer, 0 for as little as can be.
            max_tokens: where an answer is cut.

        Raises:
            ModelError: there is no answer.
        """


@dataclass(slots=True)
class ScriptedModel:
    """Scripted: gives the answers that it was made with, one after the other, whatever it is asked.

    ``prompts`` are those that it was given, ``grammars`` what the answers were to be made of.
    """

    answers: Iterable[str]
    name: str = "scripted"
    prompts: list[str] = field(default_factory=list)
    grammars: list[Grammar | None] = field(default_factory=list)
    _left: Iterator[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._left = iter(self.answers)

    def complete(
        self,
        prompt: str,
        grammar: Grammar | None = None,
        n: int = 1,
        *,
        temperature: float = 0.0,
        max_tokens: int = 512,
    ) -> list[Completion]:
        """As :meth:`Model.complete`: the next answers of the script, at its end an error."""
        self.prompts.append(prompt)
        self.grammars.append(grammar)
        found = [Completion(text) for text in islice(self._left, n)]
        if len(found) < n:
            raise ModelError(
                f"the scripted model has no more answers: it was asked {count(len(self.prompts), 'time')}"
            )
        return found


class Cache:
    """A folder of answers. It holds the prompts and answers in clear text; keys of servers are not in it.

    Args:
        folder: where they are; it is made when the first answer is kept.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)

    def get(self, request: Mapping[str, Any]) -> dict[str, Any] | None:
        """The answer to this very request; None where there is none."""
        try:
            kept = json.loads(self._place(request).read_text(encoding="utf-8"))
            answer = kept["answer"] if kept["request"] == json.loads(_canonical(request)) else None
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        return answer if isinstance(answer, dict) else None

    def put(self, request: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        """Keep an answer.

        Raises:
            ModelError: it cannot be written.
        """
        place = self._place(request)
        text = json.dumps({"request": request, "answer": answer}, indent=1, sort_keys=True)
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=place.parent, suffix=".tmp")
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    file.write(text)
                Path(name).replace(place)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise ModelError(
                f"an answer cannot be kept in `{self.folder}` ({error.strerror}): name another folder"
            ) from None

    def _place(self, request: Mapping[str, Any]) -> Path:
        key = hashlib.sha256(_canonical(request).encode()).hexdigest()
        return self.folder / key[:2] / f"{key}.json"


def _canonical(request: Mapping[str, Any]) -> str:
    """The one text of a request, whatever the order of its keys."""
    return json.dumps(request, sort_keys=True, separators=(",", ":"), allow_nan=False)


Api = OneOf["chat", "responses"]
"""Chat completions, or the responses API."""

Constraint = OneOf["tool", "gbnf", "schema", "none"]
"""The way to tell a server a grammar: as a custom tool with Lark text (OpenAI), as ``grammar`` in GBNF
(llama.cpp), as a JSON schema (a choice among texts only), or not at all."""


class MalformedError(ModelError):
    """The error for an answer of a server that cannot be read: it may be worth another try."""


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


LONGEST = 200_000
"""The most characters of an answer that are kept; a stream that goes on beyond them is left."""
_OPENAI = "https://api.openai.com/v1"


@dataclass(frozen=True, slots=True)
class Usage:
    """The counts of a client's requests and tokens, and of the answers that its cache gave.

    ``cost`` is in the currency of the prices that the client was given, 0 without them; ``seconds`` is the
    time spent in waiting for answers.
    """

    requests: int = 0
    cached: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0
    seconds: float = 0.0

    def __add__(self, other: Usage) -> Usage:
        return Usage(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))


class Client:
    """A model behind a server. It may be used from several threads.

    What is not given is taken from the environment: ``OPENAI_BASE_URL`` (else OpenAI's own server),
    ``OPENAI_API_KEY`` (a server of one's own needs none), ``MPR_MODEL``.

    Args:
        model: the name that the server knows it by.
        base_url: where the server is, up to and with ``/v1``.
        api_key: what it asks for.
        api: which of the two APIs is used.
        constraint: how the server is told a grammar; where None, OpenAI's own as a custom tool, any other
            as llama.cpp takes it. A server that does not know it leaves it out: answers are read with care.
        cache: where answers are kept.
        kept_as: what the cache knows the server by; its ``base_url`` where None. A model that is served in
            process has another one each time.
        timeout: how many seconds the server may be silent; with ``stream``, how long an answer may take.
        retries: how often a request is tried again: after a rate limit (when the server says), an error of
            the server, a broken connection, an answer that cannot be read; with growing pauses.
        stream: take answers as they come, so that an endless one is left at a limit.
        seed: of the first sample, where the server takes one; the next has the next.
        prices: of a million tokens of a prompt, and of an answer.
        extra: further keys of each request; None takes one away, for a server that refuses it.

    Raises:
        ModelError: no model is named, OpenAI's server is asked without a key, or the package openai is
            missing.
    """

    def __init__(
        self,
        model: str | None = None,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        api: Api = "chat",
        constraint: Constraint | None = None,
        cache: Cache | None = None,
        kept_as: str | None = None,
        timeout: float = 120.0,
        retries: int = 4,
        stream: bool = False,
        seed: int | None = None,
        prices: tuple[float, float] = (0.0, 0.0),
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        try:
            import openai
        except ImportError:
            raise ModelError(
                "the package `openai` is not installed: pip install 'mpr-logic[models]'"
            ) from None
        name = model or os.environ.get("MPR_MODEL")
        if not name:
            raise ModelError("no model is named: give its name, or set MPR_MODEL")
        self.name = name
        self.base_url = (base_url or os.environ.get("OPENAI_BASE_URL") or _OPENAI).rstrip("/")
        key = api_key or os.environ.get("OPENAI_API_KEY")
        if not key and self.base_url == _OPENAI:
            raise ModelError(
                "OpenAI's server needs a key: set OPENAI_API_KEY, or OPENAI_BASE_URL to another one"
            )
        self.api = api
        self.constraint: Constraint = constraint or ("tool" if self.base_url == _OPENAI else "gbnf")
        self.cache = cache
        self.kept_as = kept_as or self.base_url
        self.stream = stream
        self.seed = seed
        self.prices = prices
        self.extra = dict(extra or {})
        self._timeout = timeout
        self._retries = retries
        self._openai = openai
        self._server = openai.OpenAI(
            api_key=key or "none", base_url=self.base_url, timeout=timeout, max_retries=retries
        )
        self._lock = threading.Lock()
        self._usage = Usage()

    @property
    def usage(self) -> Usage:
        """The usage of this client so far."""
        return self._usage

    def complete(
        self,
        prompt: str,
        grammar: Grammar | None = None,
        n: int = 1,
        *,
        temperature: float = 0.0,
        max_tokens: int = 512,
    ) -> list[Completion]:
        """As :meth:`Model.complete`: each answer by a request of its own, after all retries an error."""
        schema = self.constraint == "schema" and grammar is not None and texts_of(grammar) is not None
        body = body_of(
            prompt,
            grammar,
            model=self.name,
            api=self.api,
            constraint=self.constraint,
            temperature=temperature,
            max_tokens=max_tokens,
        )
        body = {key: value for key, value in (body | self.extra).items() if value is not None}
        return [self._sample(body, number, schema=schema) for number in range(n)]

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Send a request beside the API, such as llama.cpp's ``/tokenize``, and return the answer: JSON as
        plain data. The path begins where the base URL has its ``/v1``.

        Raises:
            ModelError: it refused, or gave no usable answer.
        """
        request = {"base_url": self.kept_as, "path": path, "body": dict(body)}
        kept = self.cache.get(request) if self.cache else None
        if kept is not None:
            self._count(Usage(cached=1))
            return kept.get("value")
        server = self._server.with_options(base_url=self.base_url.removesuffix("/v1"))
        value = self._call(lambda: server.post(path, cast_to=object, body=dict(body)))
        self._count(Usage(requests=1))
        if self.cache:
            self.cache.put(request, {"value": value})
        return value

    # -- one answer

    def _sample(self, body: dict[str, Any], number: int, *, schema: bool) -> Completion:
        """One answer, from the cache where it is there."""
        if self.seed is not None and self.api == "chat":
            body = body | {"seed": self.seed + number}
        request = {"base_url": self.kept_as, "api": self.api, "body": body, "sample": number}
        kept = self.cache.get(request) if self.cache else None
        if kept is not None and _whole(kept):
            self._count(Usage(cached=1))
            return Completion(**kept, cached=True)
        found = self._asked(body, schema=schema)
        text = found.text[:LONGEST]
        finished = found.finished and text == found.text
        answer = Completion(text, found.prompt_tokens, found.completion_tokens, finished)
        self._count(Usage(1, 0, answer.prompt_tokens, answer.completion_tokens, self._cost(answer)))
        if self.cache:
            self.cache.put(request, {key: getattr(answer, key) for key in _KEPT})
        return answer

    def _asked(self, body: dict[str, Any], *, schema: bool) -> Completion:
        """Ask the server; again where what it sent cannot be read."""
        for _ in range(self._retries):
            with contextlib.suppress(MalformedError):
                return self._once(body, schema=schema)
        return self._once(body, schema=schema)

    def _once(self, body: dict[str, Any], *, schema: bool) -> Completion:
        path = "/chat/completions" if self.api == "chat" else "/responses"
        if self.stream:
            answer = self._call(lambda: self._streamed(path, body))
        else:
            answer = self._call(lambda: self._server.post(path, cast_to=object, body=body))
        return completion_of(answer, self.api, schema=schema)

    def _streamed(self, path: str, body: dict[str, Any]) -> Any:
        """The answer from a stream, left at the limit of its time or its length."""
        options = {"stream_options": {"include_usage": True}} if self.api == "chat" else {}
        until = time.monotonic() + self._timeout
        gathered = Gathered(self.api)
        with self._server.post(
            path,
            cast_to=object,
            body=body | {"stream": True} | options,
            stream=True,
            stream_cls=self._openai.Stream[object],
        ) as stream:
            try:
                for piece in stream:
                    gathered.add(piece)
                    if gathered.length > LONGEST or time.monotonic() > until:
                        return gathered.answer(whole=False)
            except self._openai.APIConnectionError as error:
                # the package tries again only where no answer has begun
                raise MalformedError(f"the stream broke off: {_short(error)}") from None
        return gathered.answer(whole=True)

    def _call(self, ask: Callable[[], Any]) -> Any:
        """Return the server's answer, after the retries of the package openai; turn its errors into ours."""
        began = time.monotonic()
        try:
            return ask()
        except self._openai.OpenAIError as error:
            raise explained(error, self.base_url, self.name) from None
        except MprError:
            raise
        except Exception as error:
            # what breaks while an answer is read, the package lets through as it is: JSON that is none, or an
            # error of the HTTP library below it, which has changed its name between versions
            raise MalformedError(f"the server's answer broke off or is not JSON: {_short(error)}") from None
        finally:
            self._count(Usage(seconds=time.monotonic() - began))

    def _cost(self, answer: Completion) -> float:
        return (self.prices[0] * answer.prompt_tokens + self.prices[1] * answer.completion_tokens) / 1_000_000

    def _count(self, more: Usage) -> None:
        with self._lock:
            self._usage += more


_KEPT = ("text", "prompt_tokens", "completion_tokens", "finished")
_KINDS = (str, int, int, bool)


def _whole(kept: Mapping[str, Any]) -> bool:
    """Whether an answer from the cache has what belongs to it: anyone may have edited the file."""
    return kept.keys() == {*_KEPT} and all(
        isinstance(kept[key], kind) for key, kind in zip(_KEPT, _KINDS, strict=True)
    )


def explained(error: Exception, base_url: str, model: str) -> ModelError:
    """An error of the package openai as ours: what is wrong, and what to do next."""
    import openai

    where = f"the model server at {base_url}"
    if isinstance(error, openai.APITimeoutError):
        return ModelError(
            f"{where} did not answer in time: wait longer (timeout), or ask for less (max_tokens)"
        )
    if isinstance(error, openai.APIConnectionError):
        return ServerError(f"{where} cannot be reached: {_short(error.__cause__ or error)}; is it running?")
    if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
        return ServerError(f"{where} refuses the key: set OPENAI_API_KEY to one that it takes")
    if isinstance(error, openai.NotFoundError):
        return ServerError(f"{where} knows no model `{model}`, or not this API: {_short(error)}")
    if isinstance(error, openai.RateLimitError):
        return ServerError(f"{where} has had too many requests, or the quota is used up: {_short(error)}")
    if isinstance(error, openai.APIStatusError):
        return ModelError(f"{where} answers with status {error.status_code}: {_short(error)}")
    return ModelError(f"{where} gave no usable answer: {_short(error)}")


def _short(error: BaseException, longest: int = 300) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return visible(text if len(text) <= longest else f"{text[:longest]} ...")
