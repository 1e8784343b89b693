"""The completion of bash, zsh and fish: what the shells run, and what the script does in one of them."""

from __future__ import annotations

import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.command import TOP, mpr

ASKED = {
    "bash": ("COMP_WORDS", "COMP_CWORD"),
    "zsh": ("_TYPER_COMPLETE_ARGS",),
    "fish": ("_TYPER_COMPLETE_ARGS",),
}


def completed(shell: str, line: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The answer of ``mpr`` to a shell that completes a line."""
    monkeypatch.setenv("_MPR_COMPLETE", f"complete_{shell}")
    monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", line)
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(len(line.split(" ")) - 1))
    done = mpr()
    assert done.status == 0
    return done.out


@pytest.mark.parametrize("shell", ASKED)
def test_completions(shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands, sub-commands, options, values of options and codes are completed in each shell."""
    for line, found, other in (
        ("mpr ex", "explain", "check"),
        ("mpr memory ro", "rollback", "stats"),
        ("mpr check --th", "--theta", "--now"),
        ("mpr check --engine py", "pydatalog", "native"),
        ("mpr explain W060", "W0605", "E0201"),
    ):
        out = completed(shell, line, monkeypatch)
        assert found in out
        assert other not in out


@pytest.mark.parametrize("shell", ASKED)
def test_scripts(shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """For each shell there is a script that hands over what the shell knows, and its shell can read it."""
    monkeypatch.setenv("_MPR_COMPLETE", f"source_{shell}")
    done = mpr()
    assert done.status == 0
    for variable in ("_MPR_COMPLETE", *ASKED[shell]):
        assert variable in done.out
    if (program := shutil.which(shell)) is not None:
        subprocess.run([program, "-n", "/dev/stdin"], input=done.out, text=True, check=True)


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_the_script_completes_in_bash(tmp_path: Path) -> None:
    """bash runs the script: a command that is begun is completed."""
    command = tmp_path / "mpr"
    command.write_text(f'#!/bin/sh\nPYTHONPATH="{TOP}" exec "{sys.executable}" -m mpr_logic.cli "$@"\n')
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    script = (
        f'PATH="{tmp_path}:$PATH"; eval "$(_MPR_COMPLETE=source_bash mpr)"\n'
        'COMP_WORDS=(mpr ex); COMP_CWORD=1; _mpr_completion mpr; echo "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert sorted(done.stdout.split()) == ["experiment", "explain"]
