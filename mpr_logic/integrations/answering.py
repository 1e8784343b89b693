"""For hosts that run the tools themselves: the calls that a model proposes, made with the host's functions,
and what the model is told of each."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
from typing import TYPE_CHECKING, Any

from mpr_logic.errors import GuardError, MprError, RejectedError
from mpr_logic.extras import needed
from mpr_logic.integrations.guarding import Guarding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mpr_logic.guard.calls import Call
    from mpr_logic.guard.guard import Guard

    Functions = Mapping[str, Callable[..., Any]]

_logger = logging.getLogger(__name__)


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
                return _text(await found if inspect.isawaitable(found) else found)
        except Exception as error:
            return _failed(call, error)

    return await asyncio.gather(*map(one, calls))


def _made(call: Call, admitted: Guarding, functions: Functions) -> Any:
    """What the function returns. In shadow mode it is called as it would be without a guard."""
    if call.tool not in functions:
        raise GuardError(f"no function is given for the tool `{call.tool[:60]}`")
    arguments = admitted.arguments
    if admitted.verdict.mode == "shadow" and isinstance(call.arguments, str):
        arguments = json.loads(call.arguments or "{}")
    return functions[call.tool](**arguments)


def _text(result: Any) -> str:
    if isinstance(result, str):
        return result
    return str(needed("pydantic_core", "tools").to_json(result, fallback=str).decode())


def _failed(call: Call, error: Exception) -> str:
    """What the model is told of an exception; of ours the message, of others the kind alone."""
    if not isinstance(error, RejectedError):
        _logger.error("the tool `%s` failed", call.tool, exc_info=error)
    return str(error) if isinstance(error, MprError) else f"The tool failed: {type(error).__name__}."
