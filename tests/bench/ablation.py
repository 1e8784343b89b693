"""Ablation: the step with one technique of the engine switched off at a time.

All variants run in one process, block by block in random order, so that a slow moment of the machine meets
them alike. A technique earns its place if some scene is 5 % slower without it.
"""

from __future__ import annotations

import gc
import random
import time
from contextlib import AbstractContextManager, ExitStack
from itertools import islice
from math import inf
from typing import TYPE_CHECKING, Any, TypeAlias
from unittest.mock import patch

from mpr_logic.checker import grounding
from mpr_logic.engine import rule_groups
from mpr_logic.engine.topdown import compiler, ruleset
from tests.bench.peers.ours import Ours, Proving
from tests.bench.scenes import SCENES, STEPS, Scene
from tests.bench.table import Measured, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Switch: TypeAlias = "tuple[Any, str, object]"
"""One setting that is switched: an object, the name of its attribute, and the value to set it to."""

WHOLE = "all techniques"


def _nothing(*_: object) -> None:
    return None


def _no(*_: object) -> bool:
    return False


TECHNIQUES: dict[str, tuple[Switch, ...]] = {
    "rules of one shape in tables": ((rule_groups, "WORTH_A_TABLE", inf),),
    "reduced tables": ((ruleset, "MOST_BEHIND_ONE", 0),),
    "linear recursion walked": ((compiler, "walk", _nothing), (compiler, "walked_from", _nothing)),
    "inlining": ((compiler, "MOST_INLINED", 0),),
    "useless bindings dropped": ((compiler.Compiler, "_binding_is_useless", _no),),
    "light work not memoised": ((compiler, "LIGHT", -1),),
    "one record for a wide loop": ((compiler, "WIDE", inf),),
    "proofs decide": ((grounding, "is_total", _no),),
}


def run_ablation(quick: bool) -> Iterator[Task]:
    """Two tasks for each size of the household: verdicts alone, and with every rejection proved."""
    for scene in SCENES[:1] if quick else SCENES:
        if scene.missing() is None:
            for kind in (Ours, Proving):
                yield ablation(scene, kind, blocks=2 if quick else 22, size=5 if quick else 100)


def ablation(
    scene: Scene,
    kind: Callable[[Any], Ours],
    *,
    blocks: int,
    size: int,
    techniques: Mapping[str, tuple[Switch, ...]] = TECHNIQUES,
) -> Task:
    """The step of one scene, whole and without each technique; the answers must be the same."""
    off: dict[str, tuple[Switch, ...]] = {WHOLE: ()} | {f"without: {n}": s for n, s in techniques.items()}
    world = scene.world()
    stream, chance = iter(world.steps(STEPS)), random.Random(1)
    peers, rows = {}, {name: Measured(name, agrees=True) for name in off}
    for name, switches in off.items():
        with _switched(switches):
            peers[name] = kind(world)
    for number in range(blocks + 1):
        steps = list(islice(stream, size))
        answers = {}
        for name in chance.sample(list(off), len(off)):
            with _switched(off[name]):
                began = time.process_time()
                answers[name] = [peers[name].step(step) for step in steps]
                seconds = time.process_time() - began
            if number:  # the first block compiles
                rows[name].values.append(seconds / size * 1e6)
        for name, row in rows.items():
            row.agrees = row.agrees and answers[name] == answers[WHOLE]
        gc.collect()
    proved = ", every rejection proved" if kind is Proving else ""
    return Task(f"ablation: {scene.name}{proved}", "microseconds of CPU a step", list(rows.values()))


def _switched(switches: tuple[Switch, ...]) -> AbstractContextManager[object]:
    stack = ExitStack()
    for owner, name, value in switches:
        stack.enter_context(patch.object(owner, name, value))
    return stack
