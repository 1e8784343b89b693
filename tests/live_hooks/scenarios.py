"""The scenarios that are tried with each agent, and their expected results: the files its shell tool made."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.live_hooks.scripted import ToolCall

if TYPE_CHECKING:
    from tests.live_hooks.agents import CodingAgent

RULES = """
.action shell(command: symbol, description?: any)
tool_name("TOOL", shell).
@id(bad) @because("bad.txt is not to be made")
forbid shell(command: C) :- contains(C, "bad").
@id(asked) @escalate @because("a person decides on asked.txt")
forbid shell(command: C) :- contains(C, "asked").
@id(first) @rewrite(command, "touch other.txt")
forbid shell(command: C) :- contains(C, "first").
@id(order) @because("before.txt comes first")
forbid shell(command: C) :- contains(C, "after"), not past shell(command: "touch before.txt").
@id(once) @because("once is enough")
forbid shell(command: C) :- contains(C, "once"), past shell(command: C).
@id(worked) @because("before.txt was not made")
forbid shell(command: C) :- contains(C, "worked"), not succeeded shell(command: "touch before.txt").
@id(broke) @because("nothing has failed")
forbid shell(command: C) :- contains(C, "broke"), not failed shell(command: "cat missing").
@id(found) @because("missing was not read")
forbid shell(command: C) :- contains(C, "found"), not succeeded shell(command: "cat missing").
"""
WORDS = """
.action shell(command: symbol, description?: any)
tool_name("TOOL", shell).
@id(unasked) @because("the user did not say so")
forbid shell(command: C) :- contains(C, "asked"), not wanted.
@id(unknown) @because("no call returned the word")
forbid shell(command: C) :- contains(C, "read"), not seen.
.decl wanted()
wanted :- said(_, user, T), contains(T, "go").
.decl seen()
seen :- returned(_, shell, R), contains(R, "password").
"""
BROKEN = "forbid forbid shell(.\n"

Edit = Callable[[str], str]
Calls = Sequence["str | ToolCall"]


def replaced(old: str, new: str) -> Edit:
    """An edit of the hook's command that replaces a part, which must be there."""

    def edit(command: str) -> str:
        assert old in command, f"{command!r} has no {old!r}"
        return command.replace(old, new)

    return edit


missing = replaced("mpr hook", "no-such-command hook")


def bare(command: str) -> str:
    """The hook's command without what comes behind ``||``, and there is no such command."""
    return missing(command).partition(" || ")[0]


@dataclass(frozen=True)
class Scenario:
    """One scenario: the agent's runs, and what must come of them. ``runs`` are runs of the agent, one after
    the other; each is the turns of the model; a turn is what it calls at once, shell commands or calls of
    other tools. ``made`` is what must be there afterwards, ``told`` what the model must have been told; only
    where it need not be ``answered`` the agent may refuse to run. ``hook`` edits the command of the hook,
    ``limit`` is its time limit in seconds, with ``every`` it is for every tool; ``extra`` are arguments of
    the agent. ``resumed`` runs are of one conversation; in ``delegated`` ones a subagent makes the calls too.
    ``events`` are announced at least; ``where`` says for which agents this is."""

    name: str
    what: str
    runs: Sequence[Sequence[Calls]]
    made: frozenset[str] = frozenset()
    told: tuple[str, ...] = ()
    hook: Edit = str
    limit: int | None = None
    rules: str = RULES
    trusted: bool = True
    answered: bool = True
    every: bool = False
    extra: tuple[str, ...] = ()
    resumed: bool = False
    delegated: bool = False
    events: int = 0
    where: Callable[[CodingAgent], bool] = lambda agent: True


def _files(*names: str) -> frozenset[str]:
    return frozenset(f"{name}.txt" for name in names)


def _touch(*names: str) -> list[str]:
    return [f"touch {name}.txt" for name in names]


def _typed(*extra: str) -> list[list[Calls]]:
    shell = ToolCall("exec_command", {"cmd": "sh", "tty": not extra, "yield_time_ms": 500})
    words = {
        "session_id": re.compile(r"session ID (\d+)"),
        "chars": "touch good.txt\n",
        "yield_time_ms": 1000,
    }
    return [[[shell], [ToolCall("write_stdin", words)]]]


ALLOW = replaced("mpr hook", "mpr hook --allow")
NO_TTY = ("--disable", "unified_exec_tty")
GOOD: list[list[Calls]] = [[_touch("good")]]
SCENARIOS = (
    Scenario("admitted", "an admitted call runs", GOOD, _files("good")),
    Scenario(
        "rejected",
        "a rejected call does not, and the model is told why",
        [[_touch("bad")]],
        told=("bad.txt is not to be made",),
    ),
    Scenario(
        "escalated",
        "what is left to a person does not run without one",
        [[_touch("asked")]],
        told=("a person decides on asked.txt",),
    ),
    Scenario(
        "rewritten",
        "with --allow the rewritten call runs, and the original does not",
        [[_touch("first")]],
        _files("other"),
        hook=ALLOW,
        where=lambda agent: agent.rewrites,
    ),
    Scenario(
        "told",
        "with --allow the model is told the new arguments, and nothing runs",
        [[_touch("first")]],
        told=("touch other.txt",),
        hook=ALLOW,
        where=lambda agent: not agent.rewrites,
    ),
    Scenario("unallowed", "without --allow nothing runs of what a rule rewrites", [[_touch("first")]]),
    Scenario(
        "unclear", "an event that is none blocks", GOOD, hook=replaced("mpr hook", "printf '{' | mpr hook")
    ),
    Scenario("broken", "rules that do not parse block", GOOD, rules=BROKEN),
    Scenario("missing", "a hook's command that is not there blocks", GOOD, hook=missing),
    Scenario(
        "killed",
        "a hook that is killed without a word blocks",
        GOOD,
        hook=replaced("mpr hook", "sh -c 'exit 137' mpr hook"),
    ),
    Scenario(
        "parallel",
        "calls of one turn are decided one by one",
        [[_touch("good", "bad", "fine")]],
        _files("good", "fine"),
        told=("bad.txt is not to be made",),
        events=3,
    ),
    Scenario(
        "once",
        "calls of one turn see each other in the history",
        [[["echo x >> once.txt", "echo x >> once.txt"]]],
        _files("once"),
        told=("once is enough",),
    ),
    Scenario(
        "history",
        "the calls of one run are its history",
        [[_touch("after"), _touch("before"), _touch("after")]],
        _files("before", "after"),
        told=("before.txt comes first",),
    ),
    Scenario(
        "sessions",
        "the calls of another run are not",
        [[_touch("before")], [_touch("after")]],
        _files("before"),
        told=("before.txt comes first",),
    ),
    Scenario(
        "resumed",
        "a conversation that is resumed has the history that it had",
        [[_touch("before")], [_touch("after")]],
        _files("before", "after"),
        resumed=True,
        where=lambda agent: bool(agent.resume),
    ),
    Scenario(
        "subagent",
        "a subagent's calls are decided too, in the same session",
        [[_touch("good", "bad")]],
        _files("good"),
        told=("bad.txt is not to be made",),
        delegated=True,
        events=4,
        where=lambda agent: agent.subagent is not None,
    ),
    Scenario(
        "succeeded",
        "a call that went well is known to have succeeded",
        [[_touch("before"), _touch("worked")]],
        _files("before", "worked"),
        where=lambda agent: "succeeded" in agent.after,
    ),
    Scenario(
        "failed",
        "a call that failed is known to have failed",
        [[["cat missing"], _touch("broke")]],
        _files("broke"),
        where=lambda agent: "failed" in agent.after,
    ),
    Scenario(
        "doubtful",
        "a call that failed has not succeeded, where nobody can tell that it failed",
        [[["cat missing"], _touch("broke", "found")]],
        told=("nothing has failed", "missing was not read"),
        where=lambda agent: "failed" not in agent.after,
    ),
    Scenario(
        "untold",
        "a call of which nobody can tell is not known to have succeeded",
        [[_touch("before"), _touch("worked")]],
        _files("before"),
        told=("before.txt was not made",),
        where=lambda agent: "succeeded" not in agent.after,
    ),
    Scenario(
        "said",
        "what the user said is read from the transcript",
        [[_touch("asked")]],
        _files("asked"),
        rules=WORDS,
        where=lambda agent: agent.transcript,
    ),
    Scenario(
        "returned",
        "what a call returned is known to the next",
        [[["echo password"], _touch("read")]],
        _files("read"),
        rules=WORDS,
        where=lambda agent: agent.transcript,
    ),
    # what an agent itself must do for its hook to hold: see CodingAgent.unguarded
    Scenario("bare", "such a command without `||` blocks", GOOD, hook=bare),
    Scenario("silent", "exit status 2 without a word blocks", GOOD, hook=lambda command: "exit 2"),
    Scenario(
        "late",
        "a hook beyond its time limit blocks",
        GOOD,
        hook=replaced("mpr hook", "sleep 4; mpr hook"),
        limit=1,
    ),
    Scenario(
        "untrusted",
        "in a folder that is not trusted nothing runs",
        GOOD,
        hook=missing,
        trusted=False,
        answered=False,
    ),
    Scenario(
        "typed",
        "what is typed into a running command is announced",
        _typed(),
        every=True,
        where=lambda agent: agent.name == "codex",
    ),
    Scenario(
        "no-tty",
        "nothing can be typed without terminals",
        _typed(*NO_TTY),
        every=True,
        extra=NO_TTY,
        where=lambda agent: agent.name == "codex",
    ),
)
