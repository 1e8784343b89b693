"""A context-free grammar as data: what a model may write, before it is put into the notation of a server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

START = "start"
"""The name of the rule that stands for a whole answer."""


class Ref(NamedTuple):
    """Stands for what another rule stands for."""

    name: str


class Chars(NamedTuple):
    """From ``least`` to ``most`` characters of a set, written as in the brackets of a regular expression."""

    chars: str
    least: int
    most: int


Symbol: TypeAlias = str | Ref | Chars
"""A text stands for itself."""

Sequence: TypeAlias = tuple[Symbol, ...]


@dataclass(frozen=True, slots=True)
class Grammar:
    """``rules`` maps a name (lower-case letters and digits) to its alternatives, the rule ``start`` among
    them. No rule refers to itself, not even through others: whatever it stands for is finite."""

    rules: Mapping[str, tuple[Sequence, ...]]


def choice(texts: Iterable[str]) -> Grammar:
    """The grammar of an answer that is one of some texts, and nothing else.

    Raises:
        ValueError: there is no text.
    """
    alternatives = tuple((text,) for text in dict.fromkeys(texts))
    if not alternatives:
        raise ValueError("a choice needs at least one text")
    return Grammar({START: alternatives})
