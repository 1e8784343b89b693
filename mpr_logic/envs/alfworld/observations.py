"""Reads what AlfWorld's games say, by ``grammar/alfworld.lark``: text in, sentences out."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from lark import Lark, Transformer, Tree
from lark.exceptions import LarkError

from mpr_logic.resources import grammar_text

if TYPE_CHECKING:
    from lark import Token

TASK = "Your task is to:"


class Sentence(NamedTuple):
    """One sentence of an observation, as it was parsed.

    ``what`` is the name that the grammar gives it (``arrived``, ``took``); ``names`` are the things it
    is about, in their order, as constants (``apple_1``), or for a task the kinds; ``things`` are those
    that it lists.
    """

    what: str
    names: tuple[str, ...] = ()
    things: tuple[str, ...] = ()


class _Reader(Transformer[object, object]):
    """Makes sentences while Lark parses."""

    def NAME(self, token: Token) -> str:  # noqa: N802
        return token.replace(" ", "_")

    def things(self, children: list[str]) -> tuple[str, ...]:
        return tuple(children)

    def observation(self, children: list[object]) -> tuple[object, ...]:
        return tuple(child for child in children if type(child) is Sentence)

    def task(self, children: list[Sentence]) -> Sentence:
        return children[0]

    def __default__(self, data: str, children: list[Any], meta: object) -> object:
        if data.startswith("_"):  # Lark's own rule for what is repeated
            return Tree(data, children)
        things: tuple[str, ...] = ()
        if children and isinstance(children[-1], tuple):
            things = children.pop()
        return Sentence(str(data), tuple(map(str, children)), things)


@cache
def _parser() -> Lark:
    return Lark(
        grammar_text("alfworld.lark"),
        parser="lalr",
        lexer="contextual",
        start=["observation", "task"],
        transformer=_Reader(),
        maybe_placeholders=False,
    )


def read(text: str) -> tuple[Sentence, ...] | None:
    """The sentences of an observation, without the task that the first one ends with; None where it
    is no text of these games."""
    try:
        found: tuple[Sentence, ...] = _parser().parse(text.partition(TASK)[0], start="observation")  # type: ignore[assignment]
    except LarkError:
        return None
    return found


def read_task(text: str) -> Sentence | None:
    """The task at the end of a first observation: ``what`` is put, two, clean, heat, cool or light, and
    ``names`` are the kind of the thing and that of the receptacle (or lamp). None where there is none
    that the games' templates make."""
    _, said, goal = text.partition(TASK)
    if not said:
        return None
    try:
        found: Sentence = _parser().parse(said + goal, start="task")  # type: ignore[assignment]
    except LarkError:
        return None
    return found
