"""The exit status of real processes: never 0 by accident, whatever becomes of the output."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.command import TOP

MPR = f"{sys.executable} -m mpr_logic.cli"
YES = "check rules/kitchen --state docs/examples/kitchen/state.dl 'open(fridge_1)'"
NO = "check rules/kitchen --state docs/examples/kitchen/state.dl 'put(apple_1, fridge_1)'"


def shell(command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a shell command in the checkout."""
    return subprocess.run(
        ["bash", "-c", command],
        cwd=TOP,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env={**os.environ, **environment},
    )


def test_yes_and_no() -> None:
    """A process ends in 0 for an admissible action and in 1 for a rejected one."""
    assert shell(f"{MPR} {YES}").returncode == 0
    assert shell(f"{MPR} {NO}").returncode == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("command", [YES, f"{YES} --json", NO, "--help", "--version"])
def test_full_disk(command: str) -> None:
    """The status is 2 when the answer cannot be written, and the error says so."""
    done = shell(f"{MPR} {command} >/dev/full")
    assert done.returncode == 2
    assert "no space left" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", [YES, f"{YES} --json", "--help", "--version"])
def test_closed_output(command: str) -> None:
    """A closed standard output is 2; with the standard error closed too, the status still says it."""
    done = shell(f"{MPR} {command} >&-")
    assert done.returncode == 2
    assert "could not be written" in done.stderr
    assert shell(f"{MPR} {command} >&- 2>&-").returncode == 2


@pytest.mark.parametrize("command", [YES, f"{NO} --json", "--help"])
def test_broken_pipe(command: str) -> None:
    """A reader that went away is 2, without a traceback."""
    done = shell(f"set -o pipefail; ( {MPR} {command}; echo $? >&2 ) | true")
    assert done.stderr.strip().endswith("2")
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize(
    ("to", "unbuffered"),
    [
        ("2>&-", ""),
        ("2>/dev/full", ""),
        ("2>/dev/full", "1"),
        (">/dev/full 2>/dev/full", ""),
        (">&- 2>/dev/full", ""),
    ],
)
def test_unwritable_errors(to: str, unbuffered: str) -> None:
    """An error that cannot be written is still status 2, also where Python holds it back until its end."""
    command = "check rules/kitchen --state docs/examples/kitchen/state.dl 'guess(1)'"
    assert shell(f"{MPR} {command} {to}", PYTHONUNBUFFERED=unbuffered).returncode == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_unwritable_answers_and_errors() -> None:
    """The status is 2 when neither the answer nor the error can be written; an answer that was written
    counts."""
    for command in (f"{YES} --json", "--version"):
        assert shell(f"{MPR} {command} >/dev/full 2>/dev/full", PYTHONUNBUFFERED="").returncode == 2
    assert shell(f"{MPR} {NO} 2>/dev/full", PYTHONUNBUFFERED="").returncode == 1


def test_closed_input() -> None:
    """A state that is to come from a closed standard input is 2."""
    done = shell(f"{MPR} check rules/kitchen --state - 'open(fridge_1)' <&-")
    assert done.returncode == 2
    assert "standard input is closed" in done.stderr


def test_interrupt(tmp_path: Path) -> None:
    """An interrupted command says nothing and ends in 130."""
    rules = ".decl n(x: int) n(0). n(N + 1) :- n(N)."
    code = (
        # what runs in the background of a script starts with the signal ignored
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "import sys; from mpr_logic.cli.main import run; from mpr_logic import Checker\n"
        "asked = Checker.query\n"
        "def query(*given, **more):\n"
        "    print('ready', file=sys.stderr, flush=True)\n"
        "    return asked(*given, **more)\n"
        "Checker.query = query\n"
        "sys.exit(run(['query', sys.argv[1], '--seconds', '600', 'n(X)']))"
    )
    file = tmp_path / "rules.dl"
    file.write_text(rules)
    with subprocess.Popen(
        [sys.executable, "-c", code, str(file)], cwd=TOP, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stderr is not None
        assert running.stderr.readline() == "ready\n"
        running.send_signal(signal.SIGINT)
        assert running.wait(60) == 130
        assert running.stderr.read() == ""


def test_plain_encodings() -> None:
    """The trees are drawn in ASCII when the output can hold nothing else."""
    done = shell(f"{MPR} {NO}", PYTHONIOENCODING="ascii")
    assert done.returncode == 1
    assert done.stdout.isascii()
    assert "|- rule closed" in done.stdout


def test_imports_are_lazy() -> None:
    """The help loads no engine; a check on the native engine loads no second one and no terminal library."""
    heavy = "{'networkx', 'pyDatalog', 'clingo', 'lark', 'rich.console', 'mpr_logic.checker.checker'}"
    run = "import sys; from mpr_logic.cli.main import run; run(sys.argv[1:]); "
    found = f"print('loaded', sorted({heavy} & set(sys.modules)))"
    for arguments, loaded in (("--help", "[]"), (NO, "['mpr_logic.checker.checker']")):
        done = shell(f'{sys.executable} -c "{run}{found}" {arguments}')
        assert done.stdout.splitlines()[-1] == f"loaded {loaded}", done
