"""The formats of recordings that are known. One is recognised by what a file holds, never by its name.

A world that is installed may have formats of its own, for what agents in it were told in words: the attribute
``formats`` of what its entry point offers.
"""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from mpr_logic.guard.recordings.agents_sdk import AGENTS_SDK
from mpr_logic.guard.recordings.benchmarks import AGENTDOJO, TAU2_BENCH, TAU_BENCH
from mpr_logic.guard.recordings.chat import CHAT, MESSAGES
from mpr_logic.guard.recordings.coding_agents import CLAUDE_CODE, CODEX
from mpr_logic.guard.recordings.guard_log import GUARD_LOG
from mpr_logic.guard.recordings.inspect_logs import INSPECT
from mpr_logic.guard.recordings.langchain import LANGCHAIN
from mpr_logic.guard.recordings.shells import INTERCODE, OPENHANDS
from mpr_logic.guard.recordings.spans import OPENTELEMETRY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mpr_logic.guard.recordings.recording import Format

FORMATS: tuple[Format, ...] = (
    TAU2_BENCH,
    TAU_BENCH,
    AGENTDOJO,
    INSPECT,
    GUARD_LOG,
    OPENTELEMETRY,
    AGENTS_SDK,
    CLAUDE_CODE,
    CODEX,
    LANGCHAIN,
    OPENHANDS,
    INTERCODE,
    CHAT,
    MESSAGES,
)
"""All of them; where several fit a value, the first is taken: the general ones stand last."""

GENERAL = 2
"""The number of the general ones: before these, the formats of worlds are asked."""

WORLDS = "mpr_logic.environments"
"""The group of entry points under which worlds are offered."""


@cache
def world_formats() -> tuple[Format, ...]:
    """The formats of the worlds that are installed; one that cannot be loaded has none."""
    found: list[Format] = []
    for each in sorted(entry_points(group=WORLDS), key=lambda each: each.name):
        try:
            found += getattr(each.load(), "formats", ())
        except (ImportError, AttributeError):
            continue
    return tuple(found)


def format_of(value: Any) -> Format | None:
    """The format of a JSON value, or of a text that is no JSON; None where it is of none."""
    return next((each for each in _in_order() if each.fits(value)), None)


def _in_order() -> Iterator[Format]:
    """All formats; worlds are loaded only where none before them fits."""
    yield from FORMATS[:-GENERAL]
    yield from world_formats()
    yield from FORMATS[-GENERAL:]


def unknown(value: Any) -> str:
    """The message about a value that is of no known format: what was seen, and which formats there are."""
    if isinstance(value, dict):
        keys = ", ".join(f"`{str(key)[:40]}`" for key in list(value)[:8])
        seen = f"an object with {keys or 'no keys'}"
    elif isinstance(value, list):
        seen = f"a list of {len(value)} values" if value else "an empty list"
    else:
        seen = f"the value {str(value)[:40]!r}"
    known = "; ".join(f"{each.name}: {each.shape}" for each in _in_order())
    return f"it is of no known format: {seen}. There are {known}"
