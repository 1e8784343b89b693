"""A process for each peer: their heaps, threads and process-wide databases do not touch each other's times.

All times are CPU time of that process and its children.
"""

from __future__ import annotations

import gc
import multiprocessing
import resource
import time
from dataclasses import dataclass
from importlib import import_module
from itertools import islice
from typing import TYPE_CHECKING, Any

from tests.bench.plain import translate
from tests.bench.problems import PROBLEMS
from tests.bench.scenes import STEPS, Scene

if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.connection import Connection

    from tests.bench.peers import Spec
    from tests.bench.peers.base import Peer


@dataclass(frozen=True, slots=True)
class Block:
    """Some steps in a row: seconds for all, and for each which actions were rejected."""

    seconds: float
    rejected: Sequence[Sequence[bool]]


@dataclass(frozen=True, slots=True)
class Whole:
    """A batch problem solved: seconds, rows, a checksum of them in any order, peak megabytes."""

    seconds: float
    rows: int
    checksum: int
    megabytes: int


class Failed(Exception):
    """The peer raised, died, or took too long."""


class Worker:
    """A peer in its own process, holding one household."""

    def __init__(self, spec: Spec, scene: Scene, timeout: float) -> None:
        self._timeout = timeout
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, spec.place, scene), daemon=True)
        self._process.start()
        theirs.close()
        try:
            self.load_seconds: float = _answer(self._pipe, timeout)
        except Failed:
            self.close()
            raise

    def block(self, steps: int) -> Block:
        """The next steps of the stream."""
        self._pipe.send(steps)
        seconds, rejected = _answer(self._pipe, self._timeout)
        return Block(seconds, rejected)

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()


def solve(spec: Spec, problem: str, quick: bool, timeout: float) -> Whole:
    """One batch problem by one peer, in a process of its own; raises Failed."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_solve, args=(theirs, spec.place, problem, quick), daemon=True)
    process.start()
    theirs.close()
    try:
        return Whole(*_answer(ours, timeout))
    finally:
        process.kill()
        process.join()


def _answer(pipe: Connection, timeout: float) -> Any:
    try:
        answer = pipe.recv() if pipe.poll(timeout) else f"over {timeout:.0f} s"
    except EOFError:
        answer = "its process died"
    if isinstance(answer, str):
        raise Failed(answer)
    return answer


def cpu() -> float:
    """CPU seconds of this process and its ended children."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def named(place: str) -> Any:
    """The object that a spec's ``module:name`` names."""
    module, name = place.split(":")
    return getattr(import_module(module), name)


def _serve(pipe: Connection, place: str, scene: Scene) -> None:
    try:
        world = scene.world()
        stream = iter(world.steps(STEPS))
        kind = named(place)
        if place.split(":")[0] != "tests.bench.peers.ours":
            translate(world)
        began = cpu()
        peer: Peer = kind(world)
        pipe.send(cpu() - began)
        gc.collect()  # what loading left behind is not for a step to clear away
        while steps := list(islice(stream, pipe.recv())):
            began = cpu()
            rejected = [peer.step(step) for step in steps]
            pipe.send((cpu() - began, rejected))
    except EOFError:
        return
    except Exception as error:  # whatever a peer raises is its result
        pipe.send(f"{type(error).__name__}: {error}"[:300])


def _solve(pipe: Connection, place: str, problem: str, quick: bool) -> None:
    try:
        given = PROBLEMS[problem](quick)
        run = named(place)
        run(PROBLEMS[problem](True))  # a small one first: imports and start-up are not what is measured
        began = cpu()
        rows = run(given)
        seconds = cpu() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        pipe.send((seconds, len(rows), sum(map(hash, rows)) & (2**64 - 1), peak))
    except Exception as error:  # whatever a peer raises is its result
        pipe.send(f"{type(error).__name__}: {error}"[:300])
