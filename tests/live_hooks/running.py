"""One run of an agent under its hook, in fresh folders, against a scripted model."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.live_hooks.agents import Place, write
from tests.live_hooks.installing import CannotRunError
from tests.live_hooks.scripted import Turn, scripted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.live_hooks.agents import CodingAgent

SECONDS = 120
NOWHERE = "http://127.0.0.1:9"
"""A proxy that is not there: what an agent would send anywhere but to loopback goes nowhere."""


@dataclass
class Bench:
    """The folders of one scenario: ``top`` holds the agent's home, its work and a ``mpr`` that records."""

    top: Path
    agent: CodingAgent
    program: Path
    told: list[str] = field(default_factory=list)
    said: str = ""

    @property
    def work(self) -> Path:
        """The folder that the agent works in."""
        return self.top / "work"

    def events(self) -> list[dict[str, Any]]:
        """Return the events that the agent sent to its hook."""
        path = self.top / "events.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [json.loads(line) for line in lines if line.strip().startswith('{"')]

    def made(self) -> dict[str, str]:
        """The files that the agent's tool made, and what is in them."""
        return {path.name: path.read_text(encoding="utf-8") for path in sorted(self.work.glob("*.txt"))}

    def heard(self, words: str) -> bool:
        """Whether the model was told these words of its calls."""
        quoted = json.dumps(words, ensure_ascii=False)[1:-1]
        return any(words in each or quoted in each for each in self.told)

    def set_up(self, rules: str, hook: str) -> None:
        """Put the rules, the hook's file and the recording ``mpr`` in their places."""
        write(self.work / "coding.dl", rules)
        write(self.work / self.agent.file, hook)
        events, python = shlex.quote(str(self.top / "events.jsonl")), shlex.quote(sys.executable)
        write(
            self.top / "bin" / "mpr",
            f"#!/bin/sh\nevent=$(cat)\nprintf '%s\\n' \"$event\" >> {events}\n"
            f'printf \'%s\' "$event" | {python} -m mpr_logic.cli "$@"\n',
        )
        (self.top / "bin" / "mpr").chmod(0o755)

    def run(
        self,
        script: Sequence[Turn],
        *,
        trusted: bool = True,
        resume: tuple[str, ...] = (),
        extra: Sequence[str] = (),
    ) -> None:
        """Let the agent run while the model takes these turns."""
        home = self.top / "home"
        home.mkdir(exist_ok=True)
        with scripted(self.agent.dialect, *script) as model:
            started = self.agent.start(Place(home, self.work, model.url, trusted, resume))
            environment = {
                "HOME": str(home),
                "PATH": f"{self.top / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
                "LANG": "C.UTF-8",
                "NO_COLOR": "1",
                "HTTPS_PROXY": NOWHERE,
                "HTTP_PROXY": NOWHERE,
                "NO_PROXY": "127.0.0.1,localhost",
            }
            arguments = [*started.arguments[:-1], *extra, started.arguments[-1]]
            self.said = _ended([str(self.program), *arguments], self.work, environment | started.environment)
            self.told += model.answers()


def _ended(command: list[str], work: Path, environment: dict[str, str]) -> str:
    """Run a command until it ends, or until its time is up, and return the text that it wrote.

    Raises:
        CannotRunError: there is no such program for this machine.
    """
    try:
        process = subprocess.Popen(
            command,
            cwd=work,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise CannotRunError(f"{command[0]} cannot be run: {error.strerror}") from None
    try:
        return process.communicate(timeout=SECONDS)[0]
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        return f"{process.communicate()[0]}\nit did not end within {SECONDS} seconds"
