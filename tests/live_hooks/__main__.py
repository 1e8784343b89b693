"""``python -m tests.live_hooks [AGENT...] [--folder DIR] [--only SCENARIO] [--json FILE] [--record DIR]``

Holds ``mpr hook`` against coding agents themselves. They are installed by npm, and talk to a scripted model
on loopback; nothing is logged in to. The exit status is 1 where something is otherwise than the how-to page
says, and 2 where an agent cannot be run here.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from tests.live_hooks.agents import AGENTS
from tests.live_hooks.installing import CannotRunError, check_npm, install
from tests.live_hooks.recorded import record
from tests.live_hooks.scenarios import SCENARIOS
from tests.live_hooks.trying import Seen, attempt

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.live_hooks.agents import CodingAgent
    from tests.live_hooks.scenarios import Scenario


def main(argv: Sequence[str] | None = None) -> int:
    """Run, print a table, and say by the exit status whether the agents do as the page says."""
    parser = _parser()
    options = parser.parse_args(argv)
    if unknown := [name for name in options.agents if name not in AGENTS]:
        parser.error(f"no agent is named {unknown[0]!r}: there are {', '.join(AGENTS)}")
    console, errors = Console(), Console(stderr=True, soft_wrap=True)
    chosen = [AGENTS[name] for name in options.agents or AGENTS]
    tried = [each for each in SCENARIOS if not options.only or each.name in options.only]
    seen: list[Seen] = []
    left_out = False
    with tempfile.TemporaryDirectory(prefix="live-hooks-", ignore_cleanup_errors=True) as top:
        folder = options.folder or Path(top) / "agents"
        for agent in chosen:
            try:
                check_npm()
                seen += _agent(agent, folder.resolve(), tried, Path(top), errors)
            except CannotRunError as error:
                errors.print(f"error: {agent.name} is left out: {error}", markup=False)
                left_out = True
            except KeyboardInterrupt:
                errors.print("interrupted", markup=False)
                return 2
        if options.record:
            record(seen, options.record, Path(top))
    console.print(_table(chosen, tried, seen))
    wrong = [(each, words) for each in seen for words in each.wrong]
    for each, words in wrong:
        console.print(f"{each.agent.name}, {each.scenario.name}: {words}", markup=False)
    if options.json:
        options.json.write_text(json.dumps([each.as_json() for each in seen], indent=1) + "\n", "utf-8")
    return 2 if left_out else 1 if wrong else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.live_hooks", description=__doc__)
    parser.add_argument("agents", nargs="*", metavar="AGENT", help=", ".join(AGENTS))
    parser.add_argument(
        "--folder", type=Path, metavar="DIR", help="install the agents there; else for this run alone"
    )
    names = [each.name for each in SCENARIOS]
    parser.add_argument("--only", action="append", choices=names, metavar="SCENARIO", help=", ".join(names))
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was seen there too")
    parser.add_argument("--record", type=Path, metavar="DIR", help="write an event of each agent there")
    return parser


def _agent(
    agent: CodingAgent, folder: Path, scenarios: Sequence[Scenario], top: Path, console: Console
) -> Iterator[Seen]:
    program = install(agent, folder)
    for scenario in scenarios:
        if scenario.where(agent):
            found = attempt(agent, program, scenario, top / agent.name / scenario.name)
            known = ": it runs, as is known" if found.known and not found.wrong else ""
            console.print(
                f"{_mark(found)} {agent.name}: {scenario.name} ({scenario.what}){known}", markup=False
            )
            if found.wrong:
                console.print("\n".join([*found.wrong, found.said[-2000:]]), markup=False)
            yield found


def _table(agents: Sequence[CodingAgent], scenarios: Sequence[Scenario], seen: Sequence[Seen]) -> Table:
    table = Table("scenario", title="what ran under `mpr hook` (!: unguarded, as is known)")
    for agent in agents:
        table.add_column(f"{agent.name}\n{agent.version}")
    cells = {(each.agent.name, each.scenario.name): _cell(each) for each in seen}
    for scenario in scenarios:
        table.add_row(scenario.name, *(cells.get((agent.name, scenario.name), "") for agent in agents))
    return table


def _mark(seen: Seen) -> str:
    return "✗" if seen.wrong else "!" if seen.known else "✓"


def _cell(seen: Seen) -> str:
    ran = ", ".join(name.removesuffix(".txt") for name in seen.made) or "nothing"
    return f"{_mark(seen)} {ran}"


if __name__ == "__main__":
    raise SystemExit(main())
