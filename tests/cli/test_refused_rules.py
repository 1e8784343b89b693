"""Rules that are refused: every command that guards ends with the diagnostics and status 2."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.helpers.command import TOP, mpr

DECLARED = ".action send(to: symbol)\n"
UNFIT = 'forbid send(to: T) :- T = "".\nforbid launch(where: _).\n'
"""There is no tool `launch`."""
TOOLS = [{"name": "send", "inputSchema": {"type": "object", "properties": {"to": {"type": "string"}}}}]
SERVER = """\
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    if "id" not in asked:
        continue
    if asked["method"] == "initialize":
        told = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}}
        told["serverInfo"] = {"name": "s", "version": "1"}
    else:
        told = {"tools": %s}
    print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": told}), flush=True)
"""


@pytest.fixture
def rules(tmp_path: Path) -> str:
    """A file of rules that do not fit the tools."""
    file = tmp_path / "rules.dl"
    file.write_text(UNFIT)
    return str(file)


@pytest.fixture
def tools(tmp_path: Path) -> str:
    """The tools that there are."""
    file = tmp_path / "tools.json"
    file.write_text(json.dumps(TOOLS))
    return str(file)


@pytest.mark.parametrize("command", ["serve", "hook", "mcp", "proxy"])
def test_guards_do_not_start(command: str, rules: str, tools: str) -> None:
    """A guard whose rules speak of a tool that there is not does not start: the diagnostic, and status 2."""
    if command in ("serve", "mcp"):
        pytest.importorskip(
            {"serve": "prometheus_client"}.get(command, command), reason=f"needs the extra: {command}"
        )
    pytest.importorskip("jsonschema", reason="needs the extra: pip install 'mpr-logic[tools]'")
    arguments = {
        "serve": (rules, "--tools", tools),
        "hook": (rules, "--tools", tools, "--event", "docs/examples/coding/event.json"),
        "mcp": (rules, "--tools", tools),
        "proxy": ("--rules", rules, "--tools", tools, "--", sys.executable, "-c", "pass"),
    }[command]
    done = mpr(command, *arguments)
    assert done.status == 2
    assert "rules.dl:2:8" in done.err
    assert "`launch`" in done.err


def test_a_proxy_ends_where_the_servers_tools_do_not_fit(tmp_path: Path, rules: str) -> None:
    """Without --tools the tools are known when the client asks for them: it gets an empty list, then the
    connection ends, though the client has more to say; the standard error has the diagnostic."""
    pytest.importorskip("jsonschema", reason="needs the extra: pip install 'mpr-logic[tools]'")
    server = tmp_path / "server.py"
    server.write_text(SERVER % json.dumps(TOOLS))
    command = [
        sys.executable,
        "-m",
        "mpr_logic.cli",
        "proxy",
        "--rules",
        rules,
        "--",
        sys.executable,
        str(server),
    ]
    with subprocess.Popen(
        command, cwd=TOP, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        assert running.stderr is not None

        def say(method: str, **more: Any) -> None:
            assert running.stdin is not None
            running.stdin.write(json.dumps({"jsonrpc": "2.0", "method": method, **more}) + "\n")
            running.stdin.flush()

        say("initialize", id=1, params={"protocolVersion": "2025-06-18", "capabilities": {}})
        assert json.loads(running.stdout.readline())["id"] == 1
        say("notifications/initialized")
        say("tools/list", id=2)
        assert json.loads(running.stdout.readline())["result"] == {"tools": []}
        assert running.stdout.readline() == ""  # the client has not ended
        assert running.wait(60) == 2
        said = running.stderr.read()
    assert "rules.dl:2:8" in said
    assert "`launch`" in said
    assert "Traceback" not in said


def test_a_proxy_ends_with_its_server() -> None:
    """The proxy ends with status 2 when the server ends without a word, though the client still listens."""
    command = [sys.executable, "-m", "mpr_logic.cli", "proxy", "--rules", "docs/examples/coding/coding.dl"]
    with subprocess.Popen(
        [*command, "--", sys.executable, "-c", "raise SystemExit(3)"],
        cwd=TOP,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.wait(60) == 2
        assert running.stderr is not None
        assert running.stderr.read() == "error: the server ended with status 3\n"
