"""The agents from npm, in a folder each."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.live_hooks.agents import CodingAgent


class CannotRunError(Exception):
    """An agent cannot be had or started here; the message says why."""


def check_npm() -> None:
    """Make sure that node and npm are there.

    Raises:
        CannotRunError: one is not.
    """
    for name in ("node", "npm"):
        if shutil.which(name) is None:
            raise CannotRunError(f"there is no `{name}` on this machine: install Node.js 20 or newer")


def install(agent: CodingAgent, folder: Path) -> Path:
    """The program of an agent, which is installed unless this version is in the folder.

    Raises:
        CannotRunError: npm could not install it.
    """
    home = folder / f"{agent.name}-{agent.version}"
    program = home / agent.program
    if not program.exists():
        home.mkdir(parents=True, exist_ok=True)
        wanted = f"{agent.package}@{agent.version}"
        # Claude Code's own script puts its program in place, so the packages' scripts are run
        options = ["--no-audit", "--no-fund", "--prefix", str(home)]
        command = ["npm", "install", *options, wanted]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
        if done.returncode or not program.exists():
            raise CannotRunError(f"npm could not install {wanted}: {done.stderr.strip()[-500:]}")
    return program
