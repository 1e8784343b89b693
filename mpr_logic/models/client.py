"""A client of language models behind any OpenAI-compatible server."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mpr_logic.errors import ModelError, MprError, ServerError
from mpr_logic.language.diagnostics import visible
from mpr_logic.models.model import Completion
from mpr_logic.models.requests import Gathered, MalformedError, body_of, completion_of, texts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mpr_logic.models.cache import Cache
    from mpr_logic.models.grammar import Grammar
    from mpr_logic.models.requests import Api, Constraint

LONGEST = 200_000
"""So many characters of an answer are kept; a stream is left there."""
_OPENAI = "https://api.openai.com/v1"


@dataclass(frozen=True, slots=True)
class Usage:
    """What was asked of a server, and what the cache saved. ``cost`` is in the currency of the prices that
    the client was given, 0 without them; ``seconds`` is the time spent in waiting for answers."""

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
        """What this client has used so far."""
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
        """What a server answers to a request beside the API, such as llama.cpp's ``/tokenize``: JSON as
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
        """What the server answers, after the retries of the package openai; its errors are ours."""
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
