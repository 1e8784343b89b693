"""The agents: package and version, how each is started without a person, and where its hook is set up."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.helpers.pages import DOCS, blocks
from tests.live_hooks import dialects
from tests.live_hooks.scripted import ToolCall

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.live_hooks.scripted import Dialect

PAGE = DOCS / "how-to" / "guard-coding-agents.md"


@dataclass(frozen=True)
class Place:
    """The surroundings of an agent's run: its home, the folder that it works in, the model's address, whether
    it is told to trust the folder, and the arguments that resume a conversation."""

    home: Path
    work: Path
    model: str
    trusted: bool = True
    resume: tuple[str, ...] = ()


@dataclass(frozen=True)
class Started:
    """The start of an agent: its arguments, and its environment variables besides the usual ones."""

    arguments: list[str]
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CodingAgent:
    """An agent: its npm package and the version held against; the dialect of its model; its shell tool and
    the tool's argument as the model names them; the tool's name in the hook's events, and the field of these
    with the session; the file with its hook, which the page shows; how it is started; in which scenarios a
    call is known to run unguarded; whether `mpr hook` gives it rewritten arguments; what its shell tool must
    be given besides; the field with a hook's time limit, and how many of it are a second; the arguments that
    resume its last conversation; a call that lets a subagent work; what it tells of how a command went;
    whether it names a transcript that ``mpr hook`` reads. What is not there is not tried."""

    name: str
    package: str
    version: str
    dialect: Dialect
    tool: str
    argument: str
    seen: str
    file: str
    start: Callable[[Place], Started]
    unguarded: frozenset[str]
    session: str = "session_id"
    rewrites: bool = False
    besides: dict[str, str] = field(default_factory=dict)
    limit: tuple[str, int] = ("timeout", 1)
    resume: tuple[str, ...] = ()
    subagent: ToolCall | None = None
    after: frozenset[str] = frozenset({"succeeded", "failed"})
    transcript: bool = False

    @property
    def program(self) -> str:
        """The path of the agent's program in the folder that npm installs it in."""
        return f"node_modules/.bin/{self.name}"

    def hook(self) -> str:
        """The hook's file as the page shows it."""
        files = [block.file for block in blocks(PAGE)]
        return next(text for name, text, _ in filter(None, files) if name == self.file)


def write(path: Path, text: str) -> None:
    """Write a file, and make its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _start_claude(place: Place) -> Started:
    return Started(
        ["-p", "go", *place.resume, "--output-format", "json", "--dangerously-skip-permissions"],
        {
            "ANTHROPIC_BASE_URL": place.model,
            "ANTHROPIC_API_KEY": "none",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_AUTOUPDATER": "1",
            "IS_SANDBOX": "1",  # else it does not skip permissions for root
        },
    )


_CODEX = """model = "scripted"
model_provider = "scripted"
check_for_update_on_startup = false
[analytics]
enabled = false
[model_providers.scripted]
name = "scripted"
base_url = "{model}/v1"
env_key = "SCRIPTED_KEY"
wire_api = "responses"
"""


def _start_codex(place: Place) -> Started:
    folder = place.home / ".codex"
    config = _CODEX.format(model=place.model)
    if place.trusted:
        config += f'[projects.{json.dumps(str(place.work))}]\ntrust_level = "trusted"\n'
    write(folder / "config.toml", config)
    arguments = ["exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"]
    if place.trusted:
        arguments.append("--dangerously-bypass-hook-trust")
    return Started([*arguments, *place.resume, "go"], {"CODEX_HOME": str(folder), "SCRIPTED_KEY": "none"})


def _start_gemini(place: Place) -> Started:
    settings = {
        "security": {"auth": {"selectedType": "gemini-api-key"}},
        "privacy": {"usageStatisticsEnabled": False},
        "general": {"enableAutoUpdate": False},
    }
    write(place.home / ".gemini" / "settings.json", json.dumps(settings))
    environment = {"GEMINI_API_KEY": "none", "GOOGLE_GEMINI_BASE_URL": place.model}
    if place.trusted:
        environment["GEMINI_CLI_TRUST_WORKSPACE"] = "true"
    return Started(["-p", "go", *place.resume, "--yolo", "-m", "scripted"], environment)


def _start_copilot(place: Place) -> Started:
    trust = ["--trust-folder"] if place.trusted else []
    return Started(
        ["-p", "go", "--allow-all-tools", "--no-auto-update", *trust],
        {
            "COPILOT_PROVIDER_BASE_URL": f"{place.model}/v1",
            "COPILOT_PROVIDER_WIRE_API": "responses",
            "COPILOT_PROVIDER_API_KEY": "none",
            "COPILOT_MODEL": "scripted",
            "COPILOT_OFFLINE": "true",
        },
    )


def _start_qwen(place: Place) -> Started:
    settings = {"privacy": {"usageStatisticsEnabled": False}, "general": {"enableAutoUpdate": False}}
    write(place.home / ".qwen" / "settings.json", json.dumps(settings))
    return Started(
        ["-p", "go", *place.resume, "--yolo", "-m", "scripted", "--auth-type", "gemini"],
        {"GEMINI_API_KEY": "none", "GOOGLE_GEMINI_BASE_URL": place.model},
    )


AGENTS = {
    each.name: each
    for each in (
        CodingAgent(
            "claude",
            "@anthropic-ai/claude-code",
            "2.1.332",
            dialects.MESSAGES,
            tool="Bash",
            argument="command",
            seen="Bash",
            file=".claude/settings.json",
            start=_start_claude,
            unguarded=frozenset({"late", "bare"}),
            rewrites=True,
            resume=("--continue",),
            transcript=True,
            subagent=ToolCall(
                "Agent", {"description": "d", "prompt": "p", "subagent_type": "general-purpose"}
            ),
        ),
        CodingAgent(
            "codex",
            "@openai/codex",
            "0.171.0",
            dialects.RESPONSES,
            tool="exec_command",
            argument="cmd",
            seen="Bash",
            file=".codex/hooks.json",
            start=_start_codex,
            unguarded=frozenset({"late", "bare", "silent", "untrusted", "typed"}),
            resume=("resume", "--last"),
            transcript=True,
            after=frozenset(),
        ),
        CodingAgent(
            "gemini",
            "@google/gemini-cli",
            "0.61.0",
            dialects.GENERATE,
            tool="run_shell_command",
            argument="command",
            seen="run_shell_command",
            file=".gemini/settings.json",
            start=_start_gemini,
            unguarded=frozenset({"late", "silent"}),
            rewrites=True,
            after=frozenset({"succeeded"}),
            limit=("timeout", 1000),
            resume=("--resume", "latest"),
            subagent=ToolCall("invoke_agent", {"agent_name": "generalist", "prompt": "p"}),
        ),
        CodingAgent(
            "copilot",
            "@github/copilot",
            "1.0.102",
            dialects.RESPONSES,
            tool="bash",
            argument="command",
            seen="bash",
            file=".github/hooks/mpr.json",
            start=_start_copilot,
            unguarded=frozenset({"late", "untrusted"}),
            session="sessionId",
            besides={"description": "a file"},
            after=frozenset({"succeeded"}),
            limit=("timeoutSec", 1),
        ),
        CodingAgent(
            "qwen",
            "@qwen-code/qwen-code",
            "0.24.4",
            dialects.GENERATE,
            tool="run_shell_command",
            argument="command",
            seen="run_shell_command",
            file=".qwen/settings.json",
            start=_start_qwen,
            unguarded=frozenset({"late", "bare", "silent"}),
            limit=("timeout", 1000),
            resume=("--continue",),
        ),
    )
}
"""The agents by the name of their program, which is also that of their ``--agent``."""
