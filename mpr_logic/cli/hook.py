"""``mpr hook``: what a coding agent runs before it uses a tool."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mpr_logic.cli import options as o
from mpr_logic.cli.output import YES, Answer, reply
from mpr_logic.cli.serve import make_guard

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLE = "mpr hook docs/examples/coding/coding.dl --event docs/examples/coding/event.json"


class AgentName(StrEnum):
    """The coding agent that runs the hook."""

    claude = "claude"
    codex = "codex"
    gemini = "gemini"
    cursor = "cursor"
    copilot = "copilot"
    qwen = "qwen"


def hook(
    rules: o.RulesArgument = None,
    agent: Annotated[AgentName, typer.Option(help="Whose hook this is.")] = AgentName.claude,
    tools: o.ToolsOption = None,
    state: o.StateOption = None,
    mode: o.ModeOption = o.ModeName.enforce,
    theta: o.ThetaOption = 0.9,
    seconds: o.SecondsOption = 2.0,
    log: o.LogOption = None,
    within: Annotated[
        float,
        typer.Option(metavar="S", min=0.1, help="Answer in this time or block: agents do not wait for ever."),
    ] = 20.0,
    allow: Annotated[
        bool, typer.Option("--allow", help="Allow what is admitted, past the agent's own permissions.")
    ] = False,
    lenient: o.LenientOption = False,
    param: o.ParamOption = None,
    event: Annotated[
        str | None, typer.Option(metavar="FILE", help="Take this event, not the standard input's: to try it.")
    ] = None,
    store: o.StoreOption = None,
    days: Annotated[
        float, typer.Option(metavar="N", min=0.0, help="Forget a session so long after its last call.")
    ] = 30.0,
    clear: Annotated[bool, typer.Option("--clear", help="Forget all sessions, and answer no event.")] = False,
    json: o.JsonOption = False,
    no_color: o.NoColorOption = False,
) -> None:
    """Decide about the tool calls of a coding agent, as its hook.

    It reads what the agent says before it uses a tool, or after, and answers in the agent's own format.
    The calls of each session are kept in the store, and count for its later ones.

    Exit status: 0 answered, 2 not understood, which blocks the tool; the standard error says why.
    """

    def work() -> Answer:
        from json import dumps

        from mpr_logic.checker.loading import rule_files
        from mpr_logic.guard.reloading import check_written
        from mpr_logic.guard.store import FOREVER, Store
        from mpr_logic.integrations import hooks

        where = store or hooks.default_path()
        if clear:
            with Store(where).writing() as transaction:
                gone = transaction.forget(0)
            told = "1 session is forgotten" if gone == 1 else f"{gone} sessions are forgotten"
            return Answer(YES, told, {"sessions": gone})
        known = hooks.AGENTS[agent.value]
        sent = _event(event, hooks.SIZE)
        ended = hooks.read_outcome(known, sent)
        call = hooks.read_event(known, sent) if ended is None else ended[0]
        check_written(str(file) for file in rule_files(rules or []))
        calls = Store(where, hold=FOREVER, wait=seconds)
        guard = make_guard(
            rules,
            tools,
            state=state,
            mode=mode,
            theta=theta,
            seconds=seconds,
            log=log,
            hash=False,
            lenient=lenient,
            param=param,
            store=calls,
        )
        check_written(guard.rules.files)  # those that are used, too
        key = hooks.session_key(rules or (), call.session)
        if ended is not None:
            hooks.settle(guard, calls, key, call, ended[1], hooks.outcome_result(known, sent))
            return Answer(YES, "{}", {"answer": {}})
        verdict = hooks.decide(
            guard,
            calls,
            key,
            call,
            days=days,
            may_run=lambda verdict: hooks.may_run(known, verdict, allow=allow),
            conversation=lambda: hooks.read_conversation(sent),
        )
        guard.close()
        calls.close()
        said = hooks.reply(known, verdict, allow=allow)
        return Answer(YES, dumps(said), {"answer": said})

    with _in_time(within):
        reply("hook", work, json=json, no_color=no_color)


def _event(path: str | None, size: int) -> bytes:
    if path is not None:
        with Path(path).open("rb") as file:
            return file.read(size + 1)
    return sys.stdin.buffer.read(size + 1) if sys.stdin is not None else b""


@contextmanager
def _in_time(seconds: float) -> Iterator[None]:
    """A context that ends the process with exit status 2 unless it is left in time. An agent whose hook is
    late runs the tool, and what is late may be the lock, the log or the rules as well as the question."""

    def late() -> None:
        sys.stderr.write(f"error: there was no answer within {seconds:g} seconds\n")
        sys.stderr.flush()
        os._exit(2)

    timer = threading.Timer(seconds, late)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
