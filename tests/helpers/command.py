"""The command line, run as a user runs it: in this process for speed, or in one of its own."""

from __future__ import annotations

import contextlib
import io
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from mpr_logic.cli.main import run

TOP = Path(__file__).parent.parent.parent
KITCHEN = str(TOP / "rules" / "kitchen")
STATE = str(TOP / "docs" / "examples" / "kitchen" / "state.dl")


@dataclass(frozen=True)
class Done:
    """The exit status of a command, and the text that it wrote."""

    status: int
    out: str
    err: str


def mpr(*arguments: str, stdin: bytes = b"") -> Done:
    """Run ``mpr`` in this process, from the top of the checkout.

    What holds of every command is asserted here: the status is a documented one, there is no traceback,
    and an error leaves the standard output empty unless JSON was asked for.
    """
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="\n")
    err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="\n")
    given = io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8")
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        contextlib.chdir(TOP),
        patch.object(sys, "stdin", given),
    ):
        status = run(arguments)
    done = Done(status, *(_text(stream) for stream in (out, err)))
    asserted(done, arguments)
    return done


def process(*arguments: str | bytes, stdin: bytes = b"") -> Done:
    """Run ``mpr`` in a process of its own, from the top of the checkout; the same is asserted."""
    command = [sys.executable, "-m", "mpr_logic.cli", *arguments]
    done = subprocess.run(command, cwd=TOP, input=stdin, capture_output=True, check=False, timeout=300)
    found = Done(done.returncode, done.stdout.decode(), done.stderr.decode())
    asserted(found, arguments)
    return found


def examples(text: str) -> list[str]:
    """The examples in a help text; one of several lines is broken as a shell takes it."""
    whole = re.sub(r" \\\n +", " ", text.partition("Example:")[2])
    return re.findall(r"^ +mpr (.+)$", whole, re.MULTILINE)


def asserted(done: Done, arguments: tuple[str | bytes, ...]) -> None:
    """Assert what holds of every command."""
    said = f"{str(arguments)[:300]}\n{done.status}\n{done.out[:2000]}\n{done.err[:2000]}"
    assert done.status in (0, 1, 2), said
    assert "Traceback" not in done.out + done.err, said
    assert "should not happen" not in done.err, said
    if done.status == 2:
        assert done.err.strip(), said
        assert not done.out or "--json" in arguments, said


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode()
