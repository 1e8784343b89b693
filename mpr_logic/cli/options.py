"""What the commands have in common: their options, and from these a checker with its state."""

from __future__ import annotations

import math
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mpr_logic.analysis.program import Fact, Program
    from mpr_logic.errors import EvaluationError

HELP = {"help_option_names": ["-h", "--help"]}
"""The context of every command."""


class Engine(StrEnum):
    """Which engine answers."""

    native = "native"
    pydatalog = "pydatalog"
    both = "both"


class Semiring(StrEnum):
    """How weights combine."""

    maxmin = "maxmin"
    product = "product"
    boolean = "boolean"


class Usage(Exception):
    """Arguments that do not make a question; the message says what is missing."""


Store = Annotated[
    str, typer.Argument(metavar="STORE", help="The memory: a file, or an SQLAlchemy URL.", show_default=False)
]
Rules = Annotated[list[str] | None, typer.Argument(metavar="RULES...", help="Rule files and folders.")]
States = Annotated[
    list[str] | None,
    typer.Option(
        "--state",
        "-s",
        metavar="FILE",
        help="The state: .dl facts, or JSON; - is the standard input. May be given again: later ones win.",
    ),
]
Theta = Annotated[float, typer.Option(metavar="W", help="The weight from which a forbid rejects.")]
EngineOption = Annotated[Engine, typer.Option("--engine", help="Which engine answers; both must agree.")]
SemiringOption = Annotated[Semiring, typer.Option("--semiring", help="How weights combine.")]
Seconds = Annotated[float, typer.Option(metavar="S", help="The time that a question may take.")]
Json = Annotated[bool, typer.Option("--json", help="Write one JSON object (docs/reference/json.md).")]
NoColor = Annotated[bool, typer.Option("--no-color", help="Write without colours, as with NO_COLOR set.")]


@dataclass(frozen=True, slots=True)
class Question:
    """Rules, states and what is asked of them."""

    rules: tuple[str, ...]
    asked: str
    states: tuple[str, ...]
    theta: float
    engine: Engine
    semiring: Semiring
    seconds: float

    @property
    def shown(self) -> str:
        """The question, cut to what fits into a message."""
        return self.asked if len(self.asked) <= 80 else f"{self.asked[:77]}..."

    def placed(self, error: EvaluationError) -> EvaluationError:
        """The error with the question in front, which the engine does not know."""
        return type(error)(f"`{self.shown}`: {error}")

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Say of an engine's error what was asked."""
        from mpr_logic.errors import EvaluationError

        try:
            yield
        except EvaluationError as error:
            raise self.placed(error) from error


def question(
    arguments: Sequence[str] | None,
    states: Sequence[str] | None,
    theta: float,
    engine: Engine,
    semiring: Semiring,
    seconds: float,
    *,
    kind: str,
    needs_state: bool = False,
) -> Question:
    """Take the arguments of a command apart: rule files, and last what is asked.

    Raises:
        Usage: something is missing, or out of range.
    """
    *rules, asked = arguments or [""]
    if not asked.strip() or _names_rules(asked):
        found = f"the last argument, `{asked}`, names rules" if asked.strip() else "there is none"
        article = "an" if kind[0] in "aeiou" else "a"
        raise Usage(f"the last argument is to be {article} {kind}, and {found}: write {_EXAMPLES[kind]}")
    if not rules:
        raise Usage(
            f"no rules are named before `{asked}`: give rule files or folders first, such as rules/kitchen"
        )
    if needs_state and not states:
        raise Usage(
            "no state is named, and nothing can be decided of an unknown state: add --state FILE "
            "(an empty file, if nothing is known to hold)"
        )
    check_range(theta, seconds)
    return Question(tuple(rules), asked, tuple(states or ()), theta, engine, semiring, seconds)


def check_range(theta: float, seconds: float) -> None:
    """Hold two options to what they may be.

    Raises:
        Usage: one is out of range.
    """
    check_theta(theta)
    if not (seconds > 0 and math.isfinite(seconds)):
        raise Usage(f"--seconds is {seconds:g}: it is a time above 0, such as 2")


def check_theta(theta: float) -> None:
    """Raise Usage where theta is no weight."""
    if not 0 < theta <= 1:
        raise Usage(f"--theta is {theta:g}: it is a weight above 0 and at most 1, such as 0.9")


_EXAMPLES = {
    "action": "it like 'put(apple_1, fridge_1)'",
    "atom": "it like 'at(apple_1, fridge_1)'",
    "query": "it like 'at(X, fridge_1)'",
}


def _names_rules(text: str) -> bool:
    """Whether an argument is a path rather than an atom: then the atom was forgotten."""
    return "(" not in text and (text.endswith((".dl", ".json", "/")) or "/" in text or "\\" in text)


def facts_of(program: Program, state: str) -> list[Fact]:
    """The facts of a state as a command names it: a file, or - for the standard input.

    Raises:
        StateError: it cannot be read, or does not fit the rules.
    """
    from mpr_logic.checker.state import read_state, state_from_text

    if state != "-":
        return read_state(program, state)
    return state_from_text(program, _standard_input())


def _standard_input() -> str:
    from mpr_logic.errors import StateError
    from mpr_logic.language.source import MAX_BYTES

    if sys.stdin is None:
        raise StateError("<stdin>: the standard input is closed: give the state in a file")
    data = sys.stdin.buffer.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise StateError(f"<stdin>: the state is larger than {MAX_BYTES >> 20} MiB: split it")
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise StateError(
            f"<stdin>: byte {error.start + 1} of the state is not UTF-8 text: send it as UTF-8"
        ) from None
