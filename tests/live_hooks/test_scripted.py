"""The scripted model, asked as the agents ask it; and that each agent's hook is set up as the page shows."""

from __future__ import annotations

import json
import re
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from mpr_logic.integrations.hooks import AGENTS as KNOWN
from tests.live_hooks import __main__ as live
from tests.live_hooks import dialects
from tests.live_hooks.agents import AGENTS
from tests.live_hooks.recorded import anonymous
from tests.live_hooks.scenarios import SCENARIOS
from tests.live_hooks.scripted import DONE, ToolCall, scripted
from tests.live_hooks.trying import edited

if TYPE_CHECKING:
    from pathlib import Path

    from tests.live_hooks.agents import CodingAgent
    from tests.live_hooks.scripted import Dialect

ASKED: list[tuple[Dialect, str, dict[str, Any]]] = [
    (dialects.MESSAGES, "/v1/messages?beta=true", {"stream": True}),
    (dialects.RESPONSES, "/v1/responses", {"stream": True}),
    (dialects.GENERATE, "/v1beta/models/m:streamGenerateContent?alt=sse", {}),
    (dialects.MESSAGES, "/v1/messages", {}),
]


def post(url: str, body: dict[str, Any]) -> str:
    """Send a JSON body to a server, and return the text of its answer."""
    asked = urllib.request.Request(url, json.dumps(body).encode())
    with urllib.request.urlopen(asked, timeout=10) as answer:
        text: str = answer.read().decode()
    return text


@pytest.mark.parametrize(("dialect", "path", "body"), ASKED)
def test_the_script_is_gone_through(dialect: Dialect, path: str, body: dict[str, Any]) -> None:
    """Each turn once its ids are in the request, whatever was asked in between; then a last word."""
    first = (ToolCall("shell", {"command": "ls"}), ToolCall("shell", {"command": "pwd"}))
    second = (ToolCall("type", {"session": re.compile(r"session (\d+)"), "chars": "x"}),)
    offered = body | {"tools": [{"name": "shell"}]}
    with scripted(dialect, first, second) as model:
        assert DONE in post(model.url + path, body)  # no tools: a side request
        for _ in range(2):
            begun = post(model.url + path, offered)
            assert "call_0_0" in begun
            assert "call_0_1" in begun
        answered = post(model.url + path, offered | {"input": ["call_0_0", "session 17: no"]})
        assert "call_1_0" in answered
        assert "17" in answered
        assert DONE in post(model.url + path, offered | {"input": ["call_0_0", "call_1_0"]})
        assert [("no" in each) for each in model.answers()] == [True, False]


@pytest.mark.parametrize("dialect", [dialects.MESSAGES, dialects.RESPONSES, dialects.GENERATE])
def test_events_are_server_sent(dialect: Dialect) -> None:
    """A name where the dialect has one, one line of JSON, and an empty line."""
    path = next(path for each, path, _ in ASKED if each is dialect)
    with scripted(dialect) as model:
        text = post(model.url + path, {"stream": True})
    for event in text.strip().split("\n\n"):
        *name, data = event.split("\n")
        found = json.loads(data.removeprefix("data: "))
        assert name == ([f"event: {found['type']}"] if dialect.named else [])


@pytest.mark.parametrize("agent", AGENTS.values(), ids=list(AGENTS))
def test_the_page_sets_up_each_agent(agent: CodingAgent) -> None:
    """The hook of an agent that is known, which blocks with a word when it fails."""
    assert KNOWN[agent.name].rewrites == agent.rewrites
    shown = agent.hook()
    assert agent.name == "claude" or f"--agent {agent.name}" in shown
    assert "|| { echo 'mpr hook failed' >&2; exit 2; }" in shown
    for scenario in SCENARIOS:
        assert json.loads(edited(agent, scenario))


def test_recorded_events_name_no_machine(tmp_path: Path) -> None:
    """Neither folders nor ids."""
    work = str(tmp_path / "work")
    spelt = re.sub(r"[^A-Za-z0-9]", "-", work)
    text = f"{work} {spelt} {tmp_path / 'home'} 0b7d9f3e-1c2d-4e5f-8a9b-0c1d2e3f4a5b"
    plain = "00000000-0000-4000-8000-000000000001"
    assert anonymous(text, tmp_path) == f"/home/ann/demo -home-ann-demo /home/ann {plain}"


def test_a_missing_npm_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """In a sentence, and not a traceback."""
    monkeypatch.setenv("PATH", "/nowhere")
    assert live.main(["claude"]) == 2
    assert "there is no `node` on this machine" in capsys.readouterr().err
