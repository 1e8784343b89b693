"""Recorded runs of AgentDojo and AgentDyn: what the rules against planted instructions say of them.

``python -m tests.envs.injection_recorded FOLDER [--strictness LEVEL] [--every N] [--json FILE]`` prints the
figures of docs/reference/injection-rules.md, for each benchmark by suite and model. FOLDER holds the
benchmarks' own logs, one run a line: ``agentdojo/*.jsonl.xz`` and ``agentdyn/*.jsonl.xz``.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mpr_logic.experiments.statistics import wilson
from mpr_logic.guard.recordings.files import recordings_in
from mpr_logic.guard.recordings.recording import Recording
from mpr_logic.guard.replay import Replayer, ReplaySetup
from tests.helpers.command import TOP

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

RULES = TOP / "rules"
BENCHMARKS = ("agentdojo", "agentdyn")
SPOKEN = {("travel", "injection_task_5"), ("travel", "injection_task_6")}
"""Goals that need no call: the agent is to say something."""
PATIENCE = 60.0
"""The seconds for a check: on a busy machine two may be over, and a call that is late counts as rejected."""


@dataclass(frozen=True)
class Run:
    """A recorded run, and the first call of it that the rules stop.

    Args:
        benchmark: the folder.
        model: the file.
        suite: the suite of tools.
        name: the run's own.
        attacked: whether something was planted.
        done: whether the user's task was done.
        reached: whether the planted goal was reached.
        spoken: whether that goal needs no call.
        calls: the calls of the run.
        stopped: the number of the first call that is stopped, from 1; 0 for none.
        call: its tool and arguments.
        laws: the rules that stop it.
        message: their words.
    """

    benchmark: str
    model: str
    suite: str
    name: str
    attacked: bool
    done: bool
    reached: bool
    spoken: bool
    calls: int
    stopped: int = 0
    call: str = ""
    laws: tuple[str, ...] = ()
    message: str = ""

    @property
    def group(self) -> int | None:
        """The column that a run counts in: 0 its goal was reached, 1 clean and done, 2 attacked and done,
        None in none."""
        if self.attacked and self.reached:
            return None if self.spoken else 0
        if not self.done:
            return None
        return 2 if self.attacked else 1

    @property
    def good(self) -> bool:
        """Whether the rules say of it what they should."""
        return bool(self.stopped) == (self.group == 0)


class Suites:
    """The rules of each suite, read once."""

    def __init__(self, strictness: str, rules: Path = RULES) -> None:
        self._strictness = strictness
        self._rules = rules
        self._made: dict[str, Replayer] = {}

    def of(self, suite: str) -> Replayer:
        """The rules for a suite."""
        if suite not in self._made:
            parts = ("labels", "injection/generic", f"injection/suites/{suite}.dl")
            rules = tuple(str(self._rules / each) for each in parts)
            self._made[suite] = Replayer(
                ReplaySetup(rules, params={"strictness": self._strictness}, seconds=PATIENCE)
            )
        return self._made[suite]


def measure(files: Iterable[Path], suites: Suites, every: int = 1) -> Iterator[Run]:
    """Replay each ``every``-th run of the files."""
    for file in files:
        for number, (_, recording) in enumerate(recordings_in([file])):
            if number % every or not isinstance(recording, Recording):
                continue
            if not str(recording.labels["user_task_id"]).startswith(
                "injection_task"
            ):  # else a goal as a task
                yield _replayed(file, recording, suites)


def _replayed(file: Path, recording: Recording, suites: Suites) -> Run:
    labels = recording.labels
    suite, goal = str(labels["suite_name"]), str(labels.get("injection_task_id", ""))
    run = Run(
        file.parent.name,
        file.name.removesuffix(".jsonl.xz"),
        suite,
        recording.name.split("/")[-1],
        bool(labels["attacked"]),
        bool(labels.get("utility")),
        bool(labels.get("security")),
        (suite, goal) in SPOKEN,
        sum(len(each.calls) for each in recording.messages),
    )
    if run.group is None:
        return run
    for each in suites.of(suite).decide(recording):
        if each.stops:
            call = f"{each.call.tool}({json.dumps(dict(each.call.arguments), default=str)})"
            found = {"stopped": each.number, "call": call, "laws": each.rules, "message": each.message}
            return Run(**{**asdict(run), **found})
    return run


def share(runs: Sequence[Run], group: int) -> str:
    """The share of a column's runs of which the rules say what they should, with its interval."""
    of = [each for each in runs if each.group == group]
    good = sum(each.good for each in of)
    if not of:
        return "-"
    interval = wilson(good, len(of))
    low, high = f"{interval.low:.0%}".rstrip("%"), f"{interval.high:.0%}".rstrip("%")
    return f"{good / len(of):.0%} ({low} to {high}) of {len(of)}".replace("%", " %")


def table(runs: Sequence[Run]) -> Iterator[str]:
    """The lines of the page's table."""
    for benchmark in BENCHMARKS:
        rows: dict[str, list[Run]] = defaultdict(list)
        for each in runs:
            if each.benchmark == benchmark:
                for row in (f"**{benchmark}**", each.suite, each.model):
                    rows[row].append(each)
        suites = sorted({each.suite for each in runs})
        for row in sorted(rows, key=lambda each: (not each.startswith("*"), each not in suites, each)):
            yield f"| {row} | " + " | ".join(share(rows[row], group) for group in range(3)) + " |"


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.envs.injection_recorded", description=__doc__)
    parser.add_argument("folder", type=Path, help="the folder of the recordings")
    parser.add_argument("--strictness", choices=("lax", "usual", "strict"), default="usual")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only each N-th run")
    parser.add_argument("--rules", type=Path, default=RULES, help="the folder with labels and injection")
    parser.add_argument("--only", default="", help="files with this in their path")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write each run there, one a line")
    given = parser.parse_args()
    files = [file for each in BENCHMARKS for file in sorted((given.folder / each).glob("*.jsonl.xz"))]
    files = [each for each in files if given.only in str(each)]
    runs = list(measure(files, Suites(given.strictness, given.rules), given.every))
    if given.json is not None:
        given.json.write_text("".join(json.dumps(asdict(each)) + "\n" for each in runs), encoding="utf-8")
    print(
        "| | stopped | clean, untouched | attacked, untouched |", "|---|---|---|---|", *table(runs), sep="\n"
    )


if __name__ == "__main__":
    main()
