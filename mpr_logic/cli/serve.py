"""``mpr serve``: the guard over HTTP."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from mpr_logic.cli import options as o
from mpr_logic.cli.output import YES, Answer, complain, reply

if TYPE_CHECKING:
    from mpr_logic.guard.guard import Guard
    from mpr_logic.guard.store import Store
    from mpr_logic.guard.tools import Tools

EXAMPLE = "mpr serve docs/examples/office/office.dl --tools docs/examples/office/tools.json --dry-run"


def serve(
    rules: o.RulesArgument = None,
    tools: o.ToolsOption = None,
    state: o.StateOption = None,
    host: Annotated[str, typer.Option(metavar="NAME", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="N", help="0: any that is free.")] = 8088,
    name: Annotated[
        list[str] | None,
        typer.Option("--name", metavar="HOST", help="A host name that requests come by; * for any."),
    ] = None,
    mode: o.ModeOption = o.ModeName.enforce,
    theta: o.ThetaOption = 0.9,
    seconds: o.SecondsOption = 2.0,
    log: o.LogOption = None,
    hash: o.HashOption = False,
    store: o.StoreOption = None,
    hold: o.HoldOption = 3600.0,
    watch: o.WatchOption = 1.0,
    sessions_per_client: Annotated[
        int, typer.Option(metavar="N", min=1, help="The most sessions that one client may begin.")
    ] = 1_000,
    lenient: o.LenientOption = False,
    param: o.ParamOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Load everything, and do not listen.")] = False,
    json: o.JsonOption = False,
    no_color: o.NoColorOption = False,
) -> None:
    """Answer over HTTP whether tool calls may be made.

    Agents send the token in MPR_TOKEN, or one of several, set apart by spaces; operators the one in
    MPR_OPERATOR_TOKEN, without which nobody can change facts, answer for a person or end sessions.
    Without MPR_TOKEN only the loopback is served.

    Exit status: 0 it served, or could have; 2 it could not.
    """

    def work() -> Answer:
        from mpr_logic.integrations.http.app import application, check_address

        token = tokens_of("MPR_TOKEN")
        operator = tokens_of("MPR_OPERATOR_TOKEN")
        if len(operator) > 1:
            raise o.UsageError("MPR_OPERATOR_TOKEN holds one token")
        check_address(host, token)
        guard = make_guard(
            rules,
            tools,
            state=state,
            mode=mode,
            theta=theta,
            seconds=seconds,
            log=log,
            hash=hash,
            store=store,
            hold=hold,
            lenient=lenient,
            param=param,
            prepare=True,
        )
        app = application(
            guard,
            token=token,
            operator_token=operator[0] if operator else None,
            hosts=(host, *(name or ())),
            sessions_per_client=sessions_per_client,
        )
        content = {"host": host, "port": port, "version": guard.rules.program.version}
        if dry_run:
            return Answer(YES, f"would listen on http://{host}:{port}", content)
        if watch > 0:
            guard.watch(watch)
        try:
            listen(app, host, port)
        finally:
            guard.close()
        return Answer(YES, "", content)

    reply("serve", work, json=json, no_color=no_color)


def tokens_of(variable: str) -> list[str]:
    """The tokens that a variable of the environment holds; none where it is not set.

    Raises:
        Usage: it is set, and empty: somebody meant to ask for one.
    """
    if variable not in os.environ:
        return []
    found = os.environ[variable].split()
    if not found:
        raise o.UsageError(f"{variable} is set and empty: put a token in it, or unset it")
    return found


def make_guard(
    rules: list[str] | None,
    tools: list[str] | Tools | None,
    *,
    state: str | None,
    mode: o.ModeName,
    theta: float,
    seconds: float,
    log: str | None,
    hash: bool,
    store: str | Store | None = None,
    hold: float = 3600.0,
    lenient: bool = False,
    param: list[str] | None = None,
    prepare: bool = False,
) -> Guard:
    """A guard with what the options of a command name.

    Raises:
        Usage: no rules are named, or a number is out of range.
        MprError: something in the files is wrong.
    """
    from mpr_logic.guard.guard import Guard
    from mpr_logic.guard.log import DecisionLog
    from mpr_logic.guard.store import Store
    from mpr_logic.guard.tools import Tools, read_tools

    if not rules:
        raise o.UsageError("no rules are named: give rule files or folders, such as rules/kitchen")
    o.check_range(theta, seconds)
    if isinstance(tools, list):
        tools = Tools([each for path in tools for each in read_tools(path)]) if tools else None
    return Guard(
        *rules,
        tools=tools,
        mode=mode.value,
        state=state,
        theta=theta,
        timeout=seconds,
        strict=not lenient,
        log=DecisionLog(log, arguments="hash" if hash else "full") if log else None,
        store=Store(store, hold=hold) if isinstance(store, str) else store,
        params=o.params_of(param),
        prepare=prepare,
    )


def listen(app: object, host: str, port: int) -> None:
    """Serve until the process is told to end."""
    import socket

    from mpr_logic.extras import needed

    uvicorn = needed("uvicorn", "serve")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends small answers at once only on sockets that say they are TCP
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(2048)
        except (OSError, OverflowError) as error:
            raise o.UsageError(f"it cannot listen on {host}:{port}: {error}") from None
        complain(f"listening on http://{host}:{listener.getsockname()[1]}")
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
        server.run(sockets=[listener])
    sys.stderr.flush()
