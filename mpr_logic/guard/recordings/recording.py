"""Recordings: conversations of an agent with its user and its tools, as some file keeps them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from mpr_logic.errors import GuardError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mpr_logic.guard.conversation import Message

Label: TypeAlias = str | int | float | bool
"""The value of a property of a recording, such as whether the task was done."""

LONGEST_LABEL, MOST = 80, 10**15
"""Longer texts and larger numbers are no labels."""

LARGEST = 512 * 1024 * 1024
"""The most bytes of one JSON value."""


class Known(NamedTuple):
    """A change of an agent's knowledge of its world by a message: facts, as ``Checker.update`` takes them,
    that are new, and those that it holds no more."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recording:
    """A recorded conversation, or an episode of an agent in its world.

    Args:
        name: file and record, and what the format calls it.
        messages: all of them, in order.
        labels: by name.
        known: in a world, what the agent knows since a message, by the place of that message. The effects
            that rules declare are then not trusted: what was seen is here.
        remarks: what was not understood.
    """

    name: str
    messages: tuple[Message, ...]
    labels: Mapping[str, Label] = field(default_factory=dict)
    known: Mapping[int, Known] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Broken:
    """A record that could not be read: where it is, and what was expected."""

    name: str
    error: str


class BadRecordError(GuardError):
    """A record is not what its format says; the message says what was expected."""


@dataclass(frozen=True, slots=True)
class Format:
    """A format of recordings.

    Args:
        name: as people call it.
        shape: by what it is known, for the message that names all formats.
        fits: tells whether a JSON value is of this format.
        read: yields the recordings in a JSON value, each named by what the format calls it. Where values are
            ``joined`` it gets the list of those that belong together.
        joined: gives the key of the recording that a value belongs to; None to skip the value. Without it
            each value is read alone.
    """

    name: str
    shape: str
    fits: Callable[[Any], bool]
    read: Callable[[Any], Iterator[Recording]]
    joined: Callable[[Any], str | None] | None = None


def scalars(value: Mapping[str, Any], *names: str) -> dict[str, Label]:
    """The labels among the entries of an object: short texts, numbers and truth values.

    Args:
        value: the object.
        names: those that are asked for; all, where none are named.
    """
    found: dict[str, Label] = {}
    for name in names or value:
        each = value.get(name)
        if isinstance(each, (bool, int, float)):
            if abs(each) < MOST:  # no infinity, and no NaN
                found[str(name)] = each
        elif isinstance(each, str) and 0 < len(each) <= LONGEST_LABEL:
            found[str(name)] = each
    return found


def listed(value: Any, what: str) -> Sequence[Any]:
    """A value that must be a list.

    Raises:
        BadRecordError: it is none.
    """
    if not isinstance(value, list):
        raise BadRecordError(f"{what} is to be a list, not {type(value).__name__}")
    return value


def held(value: Any, what: str) -> Mapping[str, Any]:
    """A value that must be an object.

    Raises:
        BadRecordError: it is none.
    """
    if not isinstance(value, dict):
        raise BadRecordError(f"{what} is to be an object, not {type(value).__name__}")
    return value
