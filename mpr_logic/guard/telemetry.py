"""A span of OpenTelemetry for each check, where that is installed and the host has configured it."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from mpr_logic.guard.calls import Call
    from mpr_logic.guard.verdict import Verdict

    Ender = Callable[[Verdict], None]
    Spans = Callable[[Call], AbstractContextManager[Ender]]

NAME = "mpr.check"


PROVIDER = "OTEL_PYTHON_TRACER_PROVIDER"
"""The variable of the environment by which OpenTelemetry is configured without code."""


def make_spans() -> Spans:
    """A function that opens a span for a call and takes the verdict before it ends, without the arguments."""
    if PROVIDER in os.environ:
        with suppress(ImportError):
            import opentelemetry.trace  # noqa: F401
    return _span


def _span(call: Call) -> AbstractContextManager[Ender]:
    """The span of a call. A host may configure OpenTelemetry after the guard was made, so this looks at each
    call; to import it takes longer than to import a guard, so that is left to the host that uses it."""
    if "opentelemetry.trace" not in sys.modules:
        return _NO_SPAN
    from opentelemetry import trace

    return _NO_SPAN if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider) else _recorded(call)


@contextmanager
def _recorded(call: Call) -> Iterator[Ender]:
    from opentelemetry import trace

    with trace.get_tracer("mpr_logic").start_as_current_span(NAME) as span:
        yield lambda verdict: span.set_attributes(_attributes(verdict)) if span.is_recording() else None


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
