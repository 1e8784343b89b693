"""``mpr tools``: the schemas of tools as declarations that rules can use."""

from __future__ import annotations

from typing import Annotated

import typer

from mpr_logic.cli import options as o
from mpr_logic.cli.output import NO, YES, Answer, reply

EXAMPLE = "mpr tools docs/examples/office/tools.json"


def tools(
    schemas: Annotated[
        list[str] | None,
        typer.Argument(metavar="SCHEMAS...", help="JSON files of tools: a list, or an object with `tools`."),
    ] = None,
    skip: Annotated[
        bool, typer.Option("--skip", help="Leave out the tools that cannot be declared, and say why.")
    ] = False,
    json: o.JsonOption = False,
    no_color: o.NoColorOption = False,
) -> None:
    """Write tools with JSON schemas as .action declarations.

    The schemas are those of OpenAI, MCP or Anthropic.

    Exit status: 0 all are declared, 1 with --skip some are not, 2 it could not be done.
    """

    def work() -> Answer:
        from mpr_logic.guard.tools import Tools, read_tools

        if not schemas:
            raise o.UsageError("no schemas are named: give JSON files of tools, such as tools.json")
        found = Tools([each for path in schemas for each in read_tools(path)], strict=not skip)
        text = found.declarations()
        content = {
            "tools": [{"tool": each.name, "action": each.action} for each in found],
            "declarations": text,
            "refused": found.refused,
        }
        remark = "\n".join(f"left out: {error}" for error in found.refused.values())
        return Answer(NO if found.refused else YES, text.rstrip("\n"), content, remark)

    reply("tools", work, json=json, no_color=no_color)
