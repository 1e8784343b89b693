"""What a guard hears: the messages of a conversation, in one form for every framework."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Role: TypeAlias = Literal["system", "user", "assistant", "tool"]
"""Who a message is from."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that the model proposed, as a conversation holds it.

    Args:
        id: the framework's id of the call; empty where it has none.
        tool: the tool's name.
        arguments: a JSON object; empty where what the model wrote cannot be read.
    """

    id: str
    tool: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Message:
    """A message of a conversation.

    Args:
        role: who it is from. What some call ``developer`` is ``system``.
        text: what was said; of a tool it is empty.
        calls: those that an assistant proposes.
        answers: of a tool, the id of the call that it answers.
        tool: of a tool, its name.
        content: of a tool, what it returned: a JSON value, or a text.
        error: of a tool, whether it failed.
        at: the time, in seconds since 1970, where it is known.
    """

    role: Role
    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    answers: str = ""
    tool: str = ""
    content: Any = None
    error: bool = False
    at: float | None = None
