"""The costs of a large memory: importing its rules, entering evidence, reading them, and retrieval in a
state.

``python -m tests.bench.memory [--rules N] [--store STORE]``: the rules of the made-up household, each of them
seen right once. Importing is wall-clock time, since it waits for a disk or a server. Retrieval is processor
time, since it waits for nothing: 20 candidate actions in each state of the household's stream.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from mpr_logic import Checker
from mpr_logic.language.ast import Const, Var
from mpr_logic.language.parser import parse, parse_clause
from mpr_logic.language.printer import print_atom
from mpr_logic.memory.records import RuleOutcome
from mpr_logic.memory.retrieval import Retriever
from mpr_logic.memory.store import Memory
from tests.bench.household import BASE_RULES, household

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.bench.household import World

FACTS, STATES, ROUNDS = 2_000, 60, 5
ABOUT_ACTIONS = ("forbid", "permit", "prefer")
EPISODE = {"mpr_trajectory": 1, "line": "episode", "task": "household", "policy": "made up"}


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Print what a block has taken."""
    began = time.perf_counter()
    yield
    print(f"{what}: {time.perf_counter() - began:.1f} s", flush=True)


def fill(store: str, world: World) -> str:
    """A memory of the world's rules with their evidence; its export."""
    with Memory.open(store) as memory:
        with timed("parse the rules"):
            module = parse(world.program)
        with timed("import them"):
            found = memory.import_(module)
        print(f"{len(found.new):,} rules are new")
        rules = [
            each for each in memory.rules(ids=found.new) if parse_clause(each.text).kind in ABOUT_ACTIONS
        ]
        tried = [
            {"line": "turn", "number": n, "action": instance(rule.text), "succeeded": False}
            for n, rule in enumerate(rules, 1)
        ]
        episode = memory.add_episode([EPISODE, *tried])
        with timed("enter evidence of each"):
            memory.observe([RuleOutcome(r.id, episode, n, wrong=True) for n, r in enumerate(rules, 1)])
        with timed("read all"):
            memory.rules()
        with timed("export them"):
            return memory.export(declarations=True)


def instance(rule: str) -> str:
    """An action that a rule is about."""
    head = parse_clause(rule).head
    args = tuple(Const("thing") if isinstance(term, Var) else term for term in head.args)
    return print_atom(replace(head, args=args))


def retrieve(program: str, world: World) -> Iterator[list[float]]:
    """The milliseconds of retrieval in each state; the first round is the one that compiles."""
    checker = Checker.from_text(program)
    checker.update(add=world.facts_dl())
    checker.prepare()
    retriever = Retriever(checker)
    steps = world.steps(ROUNDS * STATES)
    for _ in range(ROUNDS):
        spent = []
        for _ in range(STATES):
            step = next(steps)
            checker.update(add=step.add_dl, remove=step.remove_dl)
            began = time.process_time()
            retriever.find(step.actions_text)
            spent.append(1e3 * (time.process_time() - began))
        yield spent


def main(argv: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.memory", description=__doc__)
    parser.add_argument("--rules", type=int, default=100_000, metavar="N")
    parser.add_argument("--store", metavar="STORE", help="an empty memory; by default a new file")
    options = parser.parse_args(argv)
    world = household(facts=FACTS, rules=max(options.rules, BASE_RULES))
    with tempfile.TemporaryDirectory() as folder:
        program = fill(options.store or str(Path(folder) / "memory.db"), world)
    print(f"retrieval in {STATES} states, in milliseconds")
    for number, spent in enumerate(retrieve(program, world), start=1):
        spent.sort()
        tail = spent[int(0.95 * len(spent))]
        print(
            f"  round {number}: median {median(spent):.1f}, 95 % {tail:.1f}, most {spent[-1]:.1f}", flush=True
        )


if __name__ == "__main__":
    main()
