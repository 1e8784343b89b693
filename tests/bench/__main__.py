"""``python -m tests.bench [step|flat|ablation|batch|load|all] [--json FILE] [--quick]``

Engines side by side in one run. What counts is the ratio: the machine's own speed is in no promise.
An engine whose answers differ from ours gets no ratio, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import json
import platform
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.ablation import run_ablation
from tests.bench.batch import run_batch
from tests.bench.load import run_load
from tests.bench.step import run_flat, run_steps
from tests.bench.table import Task, failures, print_task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

RUNS: dict[str, Callable[[bool], Iterator[Task]]] = {
    "step": run_steps,
    "flat": run_flat,
    "ablation": run_ablation,
    "batch": run_batch,
    "load": run_load,
}
NOTE = """Each engine runs in its own process; times are its CPU time, not wall-clock. Steps: mpr_logic has
weights and types on; the others have no weights and run the theta-cut of the same program (rules and facts
of weight at least 0.9). Souffle is not measured: neither PyPI, npm nor Debian 12 has it."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run, print, and say by the exit status whether all engines agreed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("what", nargs="?", choices=[*RUNS, "all"], default="all")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers there too")
    parser.add_argument("--quick", action="store_true", help="small sizes and few repeats: does it run?")
    options = parser.parse_args(argv)
    print(NOTE, flush=True)
    tasks: list[Task] = []
    for name in RUNS if options.what == "all" else (options.what,):
        for task in RUNS[name](options.quick):
            print_task(task)
            tasks.append(task)
    if options.json is not None:
        made = {
            "python": platform.python_version(),
            "quick": options.quick,
            "tasks": [t.as_json() for t in tasks],
        }
        options.json.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    for each in failures(tasks):
        print(f"different answers: {each}")
    return 1 if failures(tasks) else 0


if __name__ == "__main__":
    raise SystemExit(main())
