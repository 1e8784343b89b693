"""``mpr proxy``: a guard between an MCP client and a server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mpr_logic.cli import options as o
from mpr_logic.cli.output import UNDECIDED, YES, Answer, reply
from mpr_logic.cli.serve import listen, make_guard

if TYPE_CHECKING:
    from collections.abc import Callable

    from mpr_logic.guard.guard import Guard
    from mpr_logic.guard.tools import Tools

EXAMPLE = (
    "mpr proxy --rules docs/examples/office/office.dl --tools docs/examples/office/tools.json --dry-run -- "
    "office-server --stdio"
)


def proxy(
    command: Annotated[
        list[str] | None,
        typer.Argument(metavar="COMMAND...", help="The server's command, behind a --.", show_default=False),
    ] = None,
    rules: Annotated[
        list[str] | None,
        typer.Option("--rules", "-r", metavar="FILE", help="A rule file or folder. May be given again."),
    ] = None,
    url: Annotated[
        str | None, typer.Option(metavar="URL", help="A server over streamable HTTP, instead of a command.")
    ] = None,
    port: Annotated[
        int,
        typer.Option(metavar="N", help="With --url: where to listen on the loopback; 0: any that is free."),
    ] = 8089,
    tools: o.ToolsOption = None,
    state: o.StateOption = None,
    mode: o.ModeOption = o.ModeName.enforce,
    theta: o.ThetaOption = 0.9,
    seconds: o.SecondsOption = 2.0,
    log: o.LogOption = None,
    hash: o.HashOption = False,
    store: o.StoreOption = None,
    hold: o.HoldOption = 3600.0,
    watch: o.WatchOption = 1.0,
    ask: Annotated[
        bool,
        typer.Option(help="Ask the client's user about calls that @escalate rules leave to a person."),
    ] = True,
    method: Annotated[
        list[str] | None,
        typer.Option(
            "--method",
            metavar="NAME",
            help="A method that passes besides the protocol's own. May be given again.",
        ),
    ] = None,
    lenient: o.LenientOption = False,
    param: o.ParamOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Load everything, and start nothing.")] = False,
    json: o.JsonOption = False,
    no_color: o.NoColorOption = False,
) -> None:
    """Guard the tool calls between an MCP client and a server.

    Only the calls that the rules admit pass. The client runs this command in place of the server's own.
    Without --tools the tools are those that the server lists; where the rules do not fit them, the client
    gets an empty list, and the proxy ends.

    Exit status: 0 it served, or could have; 2 it could not.
    """

    def work() -> Answer:
        from mpr_logic.checker.loading import load_modules
        from mpr_logic.guard.tools import Tools, read_tools

        if bool(command) == bool(url):
            raise o.UsageError("a server is a command behind --, or --url: give one of them")
        if not rules:
            raise o.UsageError("no rules are named: give files or folders with --rules")
        if json and not (dry_run or url):
            raise o.UsageError(
                "the standard output is the protocol's: --json goes with --dry-run, or with --url"
            )

        def made(known: Tools) -> Guard:
            guard = make_guard(
                rules,
                known,
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
            if watch > 0 and not dry_run:
                guard.watch(watch)
            return guard

        fixed = made(Tools([each for path in tools for each in read_tools(path)])) if tools else None
        if fixed is None:
            o.check_range(theta, seconds)
            load_modules(rules)  # the tools are not known yet, but what is no rule file is none
        content = {"version": fixed.rules.program.version if fixed is not None else None}
        if dry_run:
            return Answer(YES, f"would stand before {url or ' '.join(command or [])}", content)
        return _serve(fixed or made, command, url, port, ask, method or [])

    reply("proxy", work, json=json, no_color=no_color)


def _serve(
    guard: Guard | Callable[[Tools], Guard],
    command: list[str] | None,
    url: str | None,
    port: int,
    ask: bool,
    methods: list[str],
) -> Answer:
    """Serve until the client ends, or the server, or somebody ends the process."""
    from mpr_logic.guard.guard import Guard
    from mpr_logic.integrations.mcp.gateway import Gateway

    try:
        if url is not None:
            from mpr_logic.integrations.mcp.http import proxy_application

            app = proxy_application(lambda name: Gateway(guard, session=name, ask=ask), url, methods=methods)
            listen(app, "127.0.0.1", port)
            return Answer(YES)

        async def over_stdio() -> int:
            from mpr_logic.integrations.mcp.messages import SIZE
            from mpr_logic.integrations.mcp.stdio import EndingClient, StandardStreams, proxy

            client = EndingClient(StandardStreams(SIZE))
            gateway = Gateway(guard if isinstance(guard, Guard) else client.ended_by(guard), ask=ask)
            status = await proxy(gateway, command or [], client, methods=methods)
            if client.error is not None:
                raise client.error
            return status

        from asyncio import run

        status = run(over_stdio())
        return Answer(UNDECIDED, f"error: the server ended with status {status}") if status else Answer(YES)
    finally:
        if isinstance(guard, Guard):
            guard.close()
