"""Answers on their way out: text for people, JSON for programs, and the exit status.

Whatever happens ends here in one of three statuses: 0 admissible or found, 1 rejected or not found,
2 not decided. What cannot be written was not answered, so a full disk or a closed pipe is 2 as well.
"""

from __future__ import annotations

import os
import re
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

import typer

from mpr_logic.cli.options import UsageError
from mpr_logic.errors import (
    EvaluationError,
    ExperimentError,
    GameError,
    GuardError,
    ModelError,
    MprError,
    ProgramError,
    StateError,
    StoreError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

VERSION = 1
"""The version of the JSON output: ``{"mpr_json": 1, ...}``; see docs/reference/json.md."""

YES, NO, UNDECIDED, INTERRUPTED = 0, 1, 2, 130

ASKED = "a person would be asked whether it may be done"
"""Said of a call that `@escalate` leaves to a person."""

LONGEST = 120
"""The most characters of a value in an explanation on a terminal; JSON has the whole."""

_QUOTED = re.compile(r'"(?:[^"\\]++|\\.)*+"')
_RULE = re.compile(r"[│|├└`─ -]*(rule|source)\b")

SHOWN = 20
"""Of more diagnostics than this, the rest are counted."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of a command: ``text`` for people, ``content`` for programs.

    ``text`` goes to the standard output, or, of an answer that is undecided, to the standard error;
    ``remark`` goes to the standard error. ``markdown`` says that the text is Markdown, which a terminal shows
    rendered.
    """

    status: int
    text: str = ""
    content: dict[str, Any] = field(default_factory=dict)
    remark: str = ""
    markdown: bool = False


def reply(command: str, work: Callable[[], Answer], *, json: bool, no_color: bool) -> NoReturn:
    """Do a command's work, write its answer, and end with its status.

    Raises:
        typer.Exit: always.
    """
    try:
        answer = work()
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None
    except Exception as error:  # nothing may end in a traceback, or in status 0 or 1 by accident
        answer = failure(error)
    raise typer.Exit(send(command, answer, json=json, no_color=no_color))


def send(command: str, answer: Answer, *, json: bool, no_color: bool = False) -> int:
    """Write an answer. Returns its status, or 2 where it could not be written."""
    failed = answer.status not in (YES, NO)
    if answer.remark or (failed and answer.text):
        complain(answer.remark or answer.text, no_color=no_color)
    try:
        if json:
            write(_json(command, answer), sys.stdout, no_color=True)
        elif answer.text and not failed:
            write(answer.text, sys.stdout, no_color=no_color, markdown=answer.markdown)
    except (OSError, ValueError) as error:
        complain(f"error: the answer could not be written: {_reason(error)}", no_color=no_color)
        return UNDECIDED
    return answer.status


def failure(error: BaseException) -> Answer:
    """The answer to what could not be decided: the error's message, and what is known of its place."""
    diagnostics: list[dict[str, Any]] = []
    if isinstance(error, ProgramError):
        kind, text = "program", _diagnostics(error)
        diagnostics = [each.to_json() for each in error.diagnostics]
        message = error.diagnostics[0].message if error.diagnostics else text
    else:
        kind, message = _kind(error)
        text = f"error: {message}"
    content = {"error": {"kind": kind, "message": message, "diagnostics": diagnostics}}
    return Answer(UNDECIDED, text, content)


def _kind(error: BaseException) -> tuple[str, str]:
    message = str(error)
    if isinstance(error, UsageError):
        return "usage", message
    if isinstance(error, StateError):
        return "state", message
    if isinstance(error, GameError):
        return "game", message
    if isinstance(error, ModelError):
        return "model", message
    if isinstance(error, StoreError):
        return "store", message
    if isinstance(error, ExperimentError):
        return "experiment", message
    if isinstance(error, GuardError):
        return "guard", message
    if isinstance(error, (EvaluationError, MprError)):
        return "evaluation", message
    if isinstance(error, (RecursionError, MemoryError)):
        return "evaluation", "this is nested deeper, or needs more memory, than there is: make it smaller"
    if isinstance(error, OSError):
        return "file", f"{error.filename or 'a file'} cannot be used: {_reason(error)}"
    return "internal", f"this should not happen, please report it: {type(error).__name__}: {message[:500]}"


def _diagnostics(error: ProgramError) -> str:
    found = error.diagnostics
    parts = [each.render() for each in found[:SHOWN]]
    if len(found) > SHOWN:
        parts.append(f"error: and {len(found) - SHOWN} more: mend these first")
    return "\n\n".join(parts)


def _json(command: str, answer: Answer) -> str:
    from json import dumps

    content = {"mpr_json": VERSION, "command": command, "status": answer.status, **answer.content}
    # ASCII alone: it passes through any terminal and any pipe
    return dumps(content, allow_nan=False, indent=2)


def shortened(text: str) -> str:
    """An explanation in which long quoted values are cut in the middle. Rules stay as they are written."""
    return "\n".join(
        line if _RULE.match(line) or len(line) <= LONGEST else _QUOTED.sub(_shortened, line)
        for line in text.split("\n")
    )


def _shortened(found: re.Match[str]) -> str:
    value = found[0]
    if len(value) <= LONGEST:
        return value
    head, rest = value[: LONGEST * 2 // 3], value[: -LONGEST // 3]
    return f"{head[: len(head) - _in_escape(head)]}…{value[len(rest) + _in_escape(rest) :]}"


def _in_escape(text: str) -> int:
    """1 where a text ends behind the backslash of an escape, else 0."""
    return (len(text) - len(text.rstrip("\\"))) % 2


def complain(text: str, *, no_color: bool = False) -> None:
    """Write to the standard error, as far as there is one."""
    try:
        write(text, sys.stderr, no_color=no_color)
    except (OSError, ValueError):
        return  # there is nowhere left to say it; the status does


def write(text: str, stream: TextIO | None, *, no_color: bool = False, markdown: bool = False) -> None:
    """Write lines, with colours on a terminal that wants them, and what would steer it made visible.

    Raises:
        OSError: it could not be written, all of it.
        ValueError: the stream is closed.
    """
    from mpr_logic.language.diagnostics import visible

    if stream is None:
        raise OSError("it is closed")
    lines = _fitting("\n".join(map(visible, text.split("\n"))), stream)
    if not no_color and not os.environ.get("NO_COLOR") and stream.isatty():
        if markdown:
            from rich.console import Console
            from rich.markdown import Markdown

            Console(file=stream).print(Markdown(lines, hyperlinks=False))
        else:
            from mpr_logic.checker.render import paint

            paint(lines, stream)
    else:
        stream.write(f"{lines}\n")
    stream.flush()


@contextmanager
def progress_bar(total: int, *, quiet: bool) -> Iterator[Callable[[str, int], None]]:
    """A progress bar on the standard error; yields what tells it what is going on, from any thread."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    if quiet:
        yield lambda what, more: None
        return
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
    lock = threading.Lock()
    with Progress(*columns, console=Console(file=sys.stderr)) as progress:
        bar = progress.add_task("", total=total)

        def say(what: str, more: int) -> None:
            with lock:
                progress.update(bar, advance=more, description=what)

        yield say


def _fitting(text: str, stream: TextIO) -> str:
    """The text in characters that the stream can encode."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        from mpr_logic.checker.render import ASCII

        return text.translate(ASCII).encode(encoding, "backslashreplace").decode(encoding)
    return text


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).lower()
