"""``mpr mcp``: an MCP server that answers whether tool calls may be made."""

from __future__ import annotations

from typing import Annotated

import typer

from mpr_logic.cli import options as o
from mpr_logic.cli.output import YES, Answer, reply
from mpr_logic.cli.serve import make_guard

EXAMPLE = "mpr mcp docs/examples/office/office.dl --tools docs/examples/office/tools.json --dry-run"


def mcp(
    rules: o.RulesArgument = None,
    tools: o.ToolsOption = None,
    state: o.StateOption = None,
    theta: o.ThetaOption = 0.9,
    seconds: o.SecondsOption = 2.0,
    log: o.LogOption = None,
    hash: o.HashOption = False,
    operator: Annotated[
        bool, typer.Option("--operator", help="why tells proofs and repairs too: not for a model.")
    ] = False,
    watch: Annotated[
        float, typer.Option(metavar="S", help="Look for changed rules so often; 0: never.")
    ] = 1.0,
    lenient: o.LenientOption = False,
    param: o.ParamOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Load everything, and do not serve.")] = False,
    json: o.JsonOption = False,
    no_color: o.NoColorOption = False,
) -> None:
    """Serve check, why and list_rules as tools of MCP.

    The messages go over the standard streams.
    It advises whoever asks; to hold calls back, use mpr proxy.

    Exit status: 0 it served, or could have; 2 it could not.
    """

    def work() -> Answer:
        from mpr_logic.integrations.mcp.server import TOOLS, mcp_server

        if json and not dry_run:
            raise o.UsageError("the standard output is the protocol's: --json goes with --dry-run")
        guard = make_guard(
            rules,
            tools,
            state=state,
            mode=o.ModeName.enforce,
            theta=theta,
            seconds=seconds,
            log=log,
            hash=hash,
            lenient=lenient,
            param=param,
            prepare=True,
        )
        served = mcp_server(guard, operator=operator)
        if dry_run:
            content = {"tools": list(TOOLS), "version": guard.rules.program.version}
            return Answer(YES, f"would serve the tools {', '.join(TOOLS)}", content)
        if watch > 0:
            guard.watch(watch)
        try:
            served.run("stdio")
        finally:
            guard.close()
        return Answer(YES)

    reply("mcp", work, json=json, no_color=no_color)
