"""``mpr query``: which facts hold?"""

from __future__ import annotations

from typing import Annotated

import typer

from mpr_logic.cli import options as o
from mpr_logic.cli.output import NO, YES, Answer, reply
from mpr_logic.cli.question import Situation, question, read_of, told_time

EXAMPLE = "mpr query rules/kitchen --state docs/examples/kitchen/state.dl 'at(X, shelf_1)'"


def query(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="RULES... ATOM",
            help="Rule files and folders, and last an atom, which may have variables.",
        ),
    ] = None,
    state: o.StatesOption = None,
    engine: o.EngineOption = o.EngineName.native,
    semiring: o.SemiringOption = o.SemiringName.maxmin,
    seconds: o.SecondsOption = 2.0,
    tools: o.ToolsOption = None,
    now: o.NowOption = None,
    first: o.FirstOption = False,
    store: o.SnapshotOption = None,
    param: o.ParamOption = None,
    json: o.JsonOption = False,
    no_color: o.NoColorOption = False,
) -> None:
    """List the facts that match an atom, asserted or derived.

    Each is a line, with its weight in front where that is below 1.

    Exit status: 0 there are some, 1 there is none, 2 not decided.
    """

    def work() -> Answer:
        asked = question(arguments, state, 0.9, engine, semiring, seconds, kind="query")
        situation = Situation(
            asked, tuple(tools or ()), now, first, lenient=True, store=store, param=param or ()
        )
        guard = situation.guard()
        checker = guard.session("").checker
        from mpr_logic.language.moments import json_values
        from mpr_logic.language.parser import parse_clause
        from mpr_logic.language.printer import print_atom, print_row

        with asked.answering():
            situation.missing(guard, read_of(checker, asked.asked))
            if now is not None:
                checker.update(add=[told_time(guard)])
            found = checker.query(asked.asked)
        clause = parse_clause(f"{asked.asked.rstrip().removesuffix('.')}.")
        word = {"relation": "", "absent": "not "}.get(clause.kind, f"{clause.kind} ")
        rows = [(print_row(f"{word}{clause.head.name}", row), row, found[row]) for row in found]
        rows.sort(key=lambda each: each[0])
        content = {
            "query": f"{word}{print_atom(clause.head)}",
            "rows": [{"atom": atom, "row": json_values(row), "weight": weight} for atom, row, weight in rows],
        }
        if not rows:
            return Answer(NO, "", content, remark=f"nothing matches {content['query']}")
        text = "\n".join(atom if weight == 1 else f"{weight:g} :: {atom}" for atom, _, weight in rows)
        return Answer(YES, text, content)

    reply("query", work, json=json, no_color=no_color)
