"""A span of OpenTelemetry for each check, where that is installed and the host has configured it."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from mpr_logic.guard.calls import Call
    from mpr_logic.guard.verdict import Verdict

    Ender = Callable[[Verdict], None]
    Spans = Callable[[Call], AbstractContextManager[Ender]]

NAME = "mpr.check"


def make_spans() -> Spans:
    """A function that opens a span for a call and takes the verdict before it ends, without the arguments."""
    try:
        from opentelemetry import trace
    except ImportError:
        return _none

    @contextmanager
    def recorded(call: Call) -> Iterator[Ender]:
        with trace.get_tracer("mpr_logic").start_as_current_span(NAME) as span:
            yield lambda verdict: span.set_attributes(_attributes(verdict)) if span.is_recording() else None

    def spans(call: Call) -> AbstractContextManager[Ender]:
        # asked for each time: a host may configure it after the guard was made
        configured = not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)
        return recorded(call) if configured else _NO_SPAN

    return spans


def _none(_: Call) -> AbstractContextManager[Ender]:
    return _NO_SPAN


def _nothing(_: Verdict) -> None:
    """Keep nothing of a verdict."""


_NO_SPAN = nullcontext(_nothing)
"""The context of a check whose spans nobody takes."""


def _attributes(verdict: Verdict) -> dict[str, Any]:
    found = {
        "gen_ai.tool.name": str(verdict.call.tool)[:200],
        "gen_ai.tool.call.id": str(verdict.call.id)[:200],
        "mpr.outcome": verdict.outcome,
        "mpr.runs": verdict.runs,
        "mpr.mode": verdict.mode,
        "mpr.rules": list(verdict.rules),
        "mpr.version": verdict.version,
        "mpr.id": verdict.id,
    }
    return found if verdict.error is None else found | {"mpr.error": verdict.error.partition(":")[0]}
