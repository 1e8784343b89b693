"""Guarded calls in plain Python: a decorator of functions, and a context manager around a call."""

from __future__ import annotations

import inspect
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, get_type_hints, overload

from mpr_logic.extras import needed
from mpr_logic.integrations.guarding import Guarding

if TYPE_CHECKING:
    from collections.abc import Callable

    from mpr_logic.guard.guard import Guard
    from mpr_logic.guard.verdict import Verdict

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
                return await function(**binder.changed(given, call.verdict))

        return acall

    @wraps(function)
    def call(*args: Any, **named: Any) -> Any:
        given = binder.given(args, named)
        with Guarding(guard, tool, binder.plain(given), session=session) as call:
            return function(**binder.changed(given, call.verdict))

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
