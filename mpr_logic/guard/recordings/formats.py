"""The formats of recordings that are known. One is recognised by what a file holds, never by its name."""

from __future__ import annotations

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


def format_of(value: Any) -> Format | None:
    """The format of a JSON value; None where it is of none."""
    return next((each for each in FORMATS if each.fits(value)), None)


def unknown(value: Any) -> str:
    """The message about a value that is of no known format: what was seen, and which formats there are."""
    if isinstance(value, dict):
        keys = ", ".join(f"`{str(key)[:40]}`" for key in list(value)[:8])
        seen = f"an object with {keys or 'no keys'}"
    elif isinstance(value, list):
        seen = f"a list of {len(value)} values" if value else "an empty list"
    else:
        seen = f"the value {str(value)[:40]!r}"
    known = "; ".join(f"{each.name}: {each.shape}" for each in FORMATS)
    return f"it is of no known format: {seen}. There are {known}"
