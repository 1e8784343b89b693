"""Loading: 10,000 rules, and the first check of a process that has just begun."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.bench.household import BASE_FACTS, BASE_RULES
from tests.bench.peers import OURS, STEP_PEERS, Spec
from tests.bench.scenes import SEED, Scene
from tests.bench.table import Measured, Task
from tests.bench.worker import Failed, Worker

if TYPE_CHECKING:
    from collections.abc import Iterator

COLD = """
import json, sys, time
program, facts, action = json.load(sys.stdin)
began = time.process_time()
from mpr_logic import Checker
imported = time.process_time()
checker = Checker.from_text(program)
loaded = time.process_time()
checker.update(add=facts)
told = time.process_time()
checker.check(action)
checked = time.process_time()
print(json.dumps([1e3 * t for t in (imported - began, loaded - imported, told - loaded, checked - told)]))
"""
PHASES = ("import mpr_logic", "load 46 rules", "tell 339 facts", "first check, with its proof")


def run_load(quick: bool) -> Iterator[Task]:
    """Loading by all peers, then our cold start by its phases."""
    rules, repeats = (300, 1) if quick else (10_000, 3)
    task = Task(f"load: {rules:,} rules and {BASE_FACTS} facts", "CPU seconds")
    # clingo grounded anew reads its program at every step, not here
    peers = [spec for spec in STEP_PEERS if spec.name != "clingo, grounded anew"]
    task.rows = [_load(spec, rules, repeats) for spec in (OURS, *peers)]
    yield task
    yield cold(2 if quick else 9)


def _load(spec: Spec, rules: int, repeats: int) -> Measured:
    row = Measured(spec.name, note=spec.missing() or "", agrees=None if spec is OURS else True)
    for _ in range(0 if row.note else repeats):
        try:
            worker = Worker(spec, Scene(BASE_FACTS, rules), timeout=120)
        except Failed as failed:
            row.note = str(failed)
            break
        row.values.append(worker.load_seconds)
        worker.close()
    return row


def cold(repeats: int) -> Task:
    """A new process: what each phase takes until the first decision is there."""
    from tests.bench.household import atom, household

    world = household(SEED, facts=BASE_FACTS, rules=BASE_RULES)
    given = json.dumps([world.program, [atom(fact) for fact in world.facts], "put(apple_0, place_2)"])
    rows = [Measured(phase) for phase in PHASES]
    for _ in range(repeats):
        done = subprocess.run([sys.executable, "-c", COLD], input=given, capture_output=True, text=True)
        if done.returncode:
            rows[0].note = done.stderr.strip().splitlines()[-1]
            break
        for row, value in zip(rows, json.loads(done.stdout), strict=True):
            row.values.append(value)
    return Task("cold start", "milliseconds of CPU", rows)
