"""Recorded runs of tau-bench and tau2-bench in the shop: what the rules say of them.

``python -m tests.envs.retail_recorded FILE`` prints the figures of docs/reference/retail-rules.md.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from mpr_logic.guard.replay import Replayer, ReplaySetup
from tests.envs.airline_recorded import runs
from tests.envs.policy_rules import print_times
from tests.helpers.command import TOP

RULES = TOP / "rules" / "retail"
ACTING = frozenset(
    {
        "cancel_pending_order",
        "exchange_delivered_order_items",
        "modify_pending_order_address",
        "modify_pending_order_items",
        "modify_pending_order_payment",
        "modify_user_address",
        "return_delivered_order_items",
    }
)
"""The tools that change something."""


@dataclass(frozen=True)
class Figures:
    """Figures of a file: the rules' decisions about its runs.

    Args:
        true: calls that a task is scored by and that a run made.
        stopped: those of them that the rules stop, by task, tool and laws.
        rewarded: runs with a reward.
        touched: calls stopped in them that are no true ones, with whether the tool refused them too.
        refused: calls that the tools refused, and how many of them the rules stop.
        seconds: how long each acting call took to decide.
    """

    true: int
    stopped: list[tuple[str, str, tuple[str, ...]]]
    rewarded: int
    touched: list[tuple[str, str, tuple[str, ...], bool]]
    refused: tuple[int, int]
    seconds: list[float]


def measure(path: Path) -> Figures:
    """Replay the runs of a file."""
    rules = Replayer(ReplaySetup(rules=(str(RULES),)))
    true = rewarded = failed = caught = 0
    figures = Figures(0, [], 0, [], (0, 0), [])
    for run in runs(path, ACTING):
        rewarded += run.rewarded
        ids = run.failed()
        for each in rules.decide(run.recording):
            if each.call.tool not in ACTING:
                continue
            figures.seconds.append(each.seconds)
            wrong = each.call.id in ids
            failed += wrong
            caught += wrong and each.stops
            true += run.true(each.call)
            if each.stops and run.true(each.call):
                figures.stopped.append((run.task, each.call.tool, each.rules))
            elif each.stops and run.rewarded:
                figures.touched.append((run.task, each.call.tool, each.rules, wrong))
    return Figures(true, figures.stopped, rewarded, figures.touched, (failed, caught), figures.seconds)


def main(path: str) -> None:
    """Print the figures of a file."""
    found = measure(Path(path))
    print(f"true calls {found.true}, of them stopped {len(found.stopped)}")
    for task, tool, laws in found.stopped:
        print(f"  task {task} {tool}: {', '.join(laws)}")
    print(f"calls that the tools refused {found.refused[0]}, of them stopped {found.refused[1]}")
    print(f"rewarded runs {found.rewarded}, other calls stopped in them {len(found.touched)}")
    for task, tool, laws, wrong in found.touched:
        print(f"  task {task} {tool}: {', '.join(laws)}{' (refused by the tool too)' if wrong else ''}")
    print_times(found.seconds)


if __name__ == "__main__":
    main(*sys.argv[1:])
