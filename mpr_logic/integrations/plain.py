"""Guarded calls without a framework: a context around a call, a decorator of functions, and the calls that a
model proposes, made with the host's functions."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
from contextlib import suppress
from contextvars import ContextVar
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, get_type_hints, overload

from mpr_logic.checker import strict_json
from mpr_logic.errors import GuardError, MprError, RejectedError
from mpr_logic.extras import needed
from mpr_logic.guard.guard import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from contextvars import Token
    from types import TracebackType

    from mpr_logic.guard.calls import Call
    from mpr_logic.guard.conversation import Message
    from mpr_logic.guard.guard import Guard
    from mpr_logic.guard.verdict import Verdict

    Functions = Mapping[str, Callable[..., Any]]
    Told = Sequence[Message] | Callable[[], Sequence[Message]]  # from its beginning, or what gives it

_logger = logging.getLogger(__name__)

_INSIDE: ContextVar[tuple[Guard, ...]] = ContextVar("guards that let a call pass which goes on", default=())


def follow(guard: Guard, conversation: Told, session: str) -> None:
    """Tell a guard of a conversation, where a rule reads it. Inside of a call that it let pass nothing is
    told: there the words of a user are those that a model wrote. What cannot be read is a reason to reject.

    Args:
        guard: it hears what is new.
        conversation: all messages, from the beginning.
        session: the conversation or run.

    Raises:
        StateError: there are too many sessions.
    """
    if not guard.hears or any(each is guard for each in _INSIDE.get()):
        return
    try:
        guard.follow(conversation() if callable(conversation) else conversation, session=session)
    except Exception as error:
        _logger.error("the conversation could not be read", exc_info=error)
        guard.unheard("some of the conversation could not be read", session=session)


class Guarding:
    """A context around one call, sync or async: ``with Guarding(guard, "send", {"to": "ann"}) as call:``.

    Inside, ``call.arguments`` are those to make the call with, and ``call.verdict`` is the guard's. An
    exception inside is recorded as failure, and goes on; else the call counts as done, unless
    ``call.succeeded`` was set to what its result says. Set ``call.result`` to what it returned, whatever that
    is, for rules that read the conversation.

    Args:
        guard: it decides.
        tool: the tool's name.
        arguments: a JSON object, or the text of one.
        id: the id of the call, if it has one.
        session: the conversation or run.
        person: asked where the rules leave the call to a person, instead of the guard's approver: it gets
            the verdict, and returns whether the call may be made.
        conversation: the conversation so far, from its beginning, or a function that gives it, which is
            asked where a rule reads it. Inside of another call nothing is told: there the words of a user
            are those that a model wrote.

    Raises:
        RejectedError: by entering, where the call is not admitted.
    """

    verdict: Verdict

    def __init__(
        self,
        guard: Guard,
        tool: str,
        arguments: Any = None,
        *,
        id: str = "",
        session: str = "",
        person: Callable[[Verdict], bool] | None = None,
        conversation: Told | None = None,
    ) -> None:
        self.succeeded: bool | None = True
        self.result: Any = UNKNOWN
        self._guard = guard
        self._call: dict[str, Any] = {"tool": tool, "arguments": arguments, "id": id, "session": session}
        self._person = person
        self._conversation = conversation
        self._token: Token[tuple[Guard, ...]] | None = None

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments to make the call with."""
        return self.verdict.arguments

    def __enter__(self) -> Guarding:
        self._follow()
        return self._entered(self._guard.check(**self._call, ask=self._person is None))

    async def __aenter__(self) -> Guarding:
        self._follow()
        return self._entered(await self._guard.acheck(**self._call, ask=self._person is None))

    def _follow(self) -> None:
        if self._conversation is not None:
            follow(self._guard, self._conversation, self._call["session"])

    def _entered(self, verdict: Verdict) -> Guarding:
        if self._person is not None and verdict.outcome == "escalate" and not verdict.runs:
            verdict = self._guard.answer(verdict, self._person(verdict))
        if not verdict.runs:
            raise RejectedError(verdict)
        self.verdict = verdict
        self._token = _INSIDE.set((*_INSIDE.get(), self._guard))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if self._token is not None:
            with suppress(ValueError):  # it is left in another context than it was entered in
                _INSIDE.reset(self._token)
        result = returned(self._guard, self.result) if error is None else _said(error)
        self._guard.record(self.verdict, self.succeeded if error is None else False, result=result)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, _)


def _said(error: BaseException) -> str:
    """The words of an exception, for rules that read what failed."""
    return str(error) or type(error).__name__


__all__ = ["Guarding", "guarded"]

P = ParamSpec("P")
R = TypeVar("R")


@overload
def guarded(
    guard: Guard, function: Callable[P, R], *, name: str = "", session: str = ""
) -> Callable[P, R]: ...
@overload
def guarded(
    guard: Guard, function: None = None, *, name: str = "", session: str = ""
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
def guarded(guard: Guard, function: Any = None, *, name: str = "", session: str = "") -> Any:
    """Let every call of a function through a guard: ``@guarded(guard)``, or ``guarded(guard, function)``.

    Args:
        guard: it decides.
        function: sync or async, its arguments all named; of a method, the bound one.
        name: the tool's name, by default the function's.
        session: the conversation or run.

    Returns:
        A function that is called as the given one. It raises
        :class:`~mpr_logic.errors.RejectedError` where a call is not admitted; what a rule rewrote is passed
        on as the function's type hints read it. That it returned is recorded as success, an exception as
        failure.
    """
    if function is None:
        return lambda each: guarded(guard, each, name=name, session=session)
    tool = name or function.__name__
    binder = _Binder(function)

    if inspect.iscoroutinefunction(function):

        @wraps(function)
        async def acall(*args: Any, **named: Any) -> Any:
            given = binder.given(args, named)
            async with Guarding(guard, tool, binder.plain(given), session=session) as call:
                found = await function(**binder.changed(given, call.verdict))
                call.result = found
                return found

        return acall

    @wraps(function)
    def call(*args: Any, **named: Any) -> Any:
        given = binder.given(args, named)
        with Guarding(guard, tool, binder.plain(given), session=session) as call:
            found = function(**binder.changed(given, call.verdict))
            call.result = found
            return found

    return call


class _Binder:
    """Between the arguments of a Python function and those of a tool."""

    def __init__(self, function: Any) -> None:
        self._signature = inspect.signature(function)
        self._rest = [p.name for p in self._signature.parameters.values() if p.kind is p.VAR_KEYWORD]
        self._function = function

    def given(self, args: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any]:
        """The arguments by name, with their defaults; but None, which need not fit its hint, is left out."""
        bound = self._signature.bind(*args, **named)
        left_out = {
            name: each.default
            for name, each in self._signature.parameters.items()
            if name not in bound.arguments and each.default not in (each.empty, None)
        }
        found = dict(bound.arguments) | left_out
        for name in self._rest:
            found |= found.pop(name, {})
        return found

    def plain(self, given: dict[str, Any]) -> Any:
        """The arguments as JSON; what has no JSON is left as it is, and the guard rejects it."""
        try:
            return needed("pydantic_core", "tools").to_jsonable_python(given)
        except (ValueError, TypeError):
            return given

    def changed(self, given: dict[str, Any], verdict: Verdict) -> dict[str, Any]:
        """The arguments to call with: the very same, apart from those that a rule rewrote."""
        if not verdict.rewritten:
            return given
        read = needed("pydantic", "tools").TypeAdapter
        hints = get_type_hints(self._function)
        new = {
            name: read(hints[name]).validate_python(value) if name in hints else value
            for name, value in verdict.changes.items()
        }
        return {name: value for name, value in given.items() if name not in verdict.dropped} | new


def answer_calls(guard: Guard, calls: Iterable[Call], functions: Functions) -> list[str]:
    """Make the calls that the guard admits, one after the other.

    Args:
        guard: it decides.
        calls: the arguments of each are the text that the model wrote, or a JSON object.
        functions: by the name of the tool, what is called with the arguments.

    Returns:
        For each call the function's result (what is no text, as JSON), why it was not called, or that it
        failed; the exception itself goes to the log alone.
    """

    def one(call: Call) -> str:
        try:
            with Guarding(guard, call.tool, call.arguments, id=call.id, session=call.session) as admitted:
                found = _made(call, admitted, functions)
                if inspect.iscoroutine(found):
                    found.close()
                    raise GuardError(f"the function of `{call.tool}` is async: use `aanswer_calls`")
                admitted.result = found
                return _text(found)
        except Exception as error:
            return _failed(call, error)

    return [one(each) for each in calls]


async def aanswer_calls(guard: Guard, calls: Iterable[Call], functions: Functions) -> list[str]:
    """:func:`answer_calls` for async hosts: all calls at once; functions may be async, and those that are
    not run in threads."""

    async def one(call: Call) -> str:
        try:
            async with Guarding(
                guard, call.tool, call.arguments, id=call.id, session=call.session
            ) as admitted:
                found = await asyncio.to_thread(_made, call, admitted, functions)
                found = await found if inspect.isawaitable(found) else found
                admitted.result = found
                return _text(found)
        except Exception as error:
            return _failed(call, error)

    return await asyncio.gather(*map(one, calls))


def _made(call: Call, admitted: Guarding, functions: Functions) -> Any:
    """Call the function. In shadow mode it is called as it would be without a guard."""
    if call.tool not in functions:
        raise GuardError(f"no function is given for the tool `{call.tool[:60]}`")
    arguments = admitted.arguments
    if admitted.verdict.mode == "shadow" and isinstance(call.arguments, str):
        arguments = json.loads(call.arguments or "{}")
    return functions[call.tool](**arguments)


def returned(guard: Guard, found: Any) -> Any:
    """The value that a function returned, as JSON, where a rule may read it."""
    if not guard.hears or found is UNKNOWN or found is None or isinstance(found, (str, bool, int, float)):
        return found
    try:
        return strict_json.loads(_text(found))
    except (MprError, ValueError, TypeError):
        return found


def _text(result: Any) -> str:
    if isinstance(result, str):
        return result
    return str(needed("pydantic_core", "tools").to_json(result, fallback=str).decode())


def _failed(call: Call, error: Exception) -> str:
    """The text for the model about an exception: of ours the message, of others the kind alone."""
    if not isinstance(error, RejectedError):
        _logger.error("the tool `%s` failed", call.tool, exc_info=error)
    return str(error) if isinstance(error, MprError) else f"The tool failed: {type(error).__name__}."
