"""``python -m tests.bench.check_cost [--calls N]``: the cost of one ``Guard.check``, by what the rules ask.

Each scene is a guard that is made once, and calls no two of which are alike. Times are CPU time of the
thread, p50 and p99; the garbage collector is on. The verdicts are counted, so that nobody measures errors.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from mpr_logic.guard.guard import Guard
from tests.bench.guard import middle_and_tail

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LIMIT = """
.decl spent(n: int) key()
.action pay(to: symbol, n: int)
spent(0).
pay(_, N) causes spent(S + N) :- spent(S).
@because("{N} is more than is left") forbid pay(_, N) :- spent(S), S + N > 1000000.
"""
COUNT = """
.action pay(to: symbol, n: int)
@because("{S} was paid to {T}") forbid pay(T, N) :- S = sum B : { succeeded pay(T, B) }, S + N > 1000000.
"""
LIST = """
.decl internal(a: symbol)
.action send(to: any)
internal("p0@us").
@because("{A} is a stranger") forbid send(L) :- item(L, _, A), not internal(A).
"""
TEXT = """
.action run(command: symbol)
@because("a force push") forbid run(C) :- matches(C, "(?s)git .*push.*--force").
"""
SHELL = """
.action run(command: symbol)
@because("{C} removes files") forbid run(C) :- shell_runs(C, rm).
"""
PATHS = """
.action read(path: symbol)
@because("{P} is outside") forbid read(P) :- not path_inside(P, "/code", "/code").
"""
ONE = """
.decl blocked(who: symbol)
.action pay(to: symbol, n: int)
blocked(eve).
@because("{T} is blocked") forbid pay(T, _) :- blocked(T).
"""


class Scene(NamedTuple):
    """A case that is measured: rules, the arguments of the n-th call, and what is done before the first."""

    name: str
    rules: str
    tool: str
    arguments: Callable[[int], dict[str, Any]]
    before: int = 0  # calls made before
    ended: bool = True  # whether these have ended
    most: int = 10**9  # calls measured
    recorded: bool = True  # whether each call's outcome is known before the next
    admitted: bool = True  # what the answer is


def payment(n: int) -> dict[str, Any]:
    """A payment unlike all others."""
    return {"to": f"person_{n}", "n": n % 7}


SCENES = (
    Scene("one law, a name", ONE, "pay", payment),
    Scene(
        "the same, rejected with reason and proof",
        ONE,
        "pay",
        lambda n: {"to": "eve", "n": n},
        admitted=False,
    ),
    Scene("a limit, each call recorded", LIMIT, "pay", payment),
    Scene("a limit, 10 under way, an outcome between", LIMIT, "pay", payment, 10, ended=False),
    Scene("a limit, 1,000 under way, an outcome between", LIMIT, "pay", payment, 1_000, False, 100),
    Scene("a limit, no outcome known", LIMIT, "pay", payment, 10, ended=False, recorded=False),
    Scene("a sum over 1,000 calls to others", COUNT, "pay", payment, 1_000),
    Scene("a sum over 1,000 calls to the same", COUNT, "pay", lambda n: {"to": "ann", "n": n % 7}, 1_000),
    Scene(
        "a list of 200 items",
        LIST,
        "send",
        lambda n: {"to": [*["p0@us"] * 199, f"p{n}@them"]},
        admitted=False,
    ),
    Scene("`matches`, 1 KB", TEXT, "run", lambda n: {"command": f"git {n} " + "a b " * 250}),
    Scene("`matches`, 250 KB", TEXT, "run", lambda n: {"command": f"git {n} " + "a b " * 62_500}, most=300),
    Scene(
        "a command read by `shell_runs`", SHELL, "run", lambda n: {"command": f"cd /tmp/{n} && ls | wc -l"}
    ),
    Scene("a path read by `path_inside`", PATHS, "read", lambda n: {"path": f"src/./parts//{n}.py"}),
)


def measured(scene: Scene, calls: int) -> tuple[list[float], Counter[bool], float, float]:
    """The seconds of each check, the verdicts, and the seconds to make the guard and to begin a session."""
    start = time.process_time()
    guard = Guard(text=scene.rules, timeout=60)
    guard.check(scene.tool, scene.arguments(-1), session="first")
    made = time.process_time() - start
    start = time.process_time()
    guard.check(scene.tool, scene.arguments(-2), session="second")
    begun = time.process_time() - start
    for n in range(scene.before):
        verdict = guard.check(scene.tool, scene.arguments(10**6 + n))
        if scene.ended:
            guard.record(verdict, True)
    found, verdicts = [], Counter[bool]()
    for n in range(min(calls, scene.most)):
        arguments = scene.arguments(n)
        start = time.thread_time()
        verdict = guard.check(scene.tool, arguments)
        found.append(time.thread_time() - start)
        verdicts[verdict.runs] += 1
        if verdict.runs and scene.recorded:  # it failed, so that the next call meets the same state
            guard.record(verdict, False)
    return found, verdicts, made, begun


def main(argv: Sequence[str] | None = None) -> int:
    """Measure all scenes, and print a line for each."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.check_cost", description=__doc__)
    parser.add_argument("--calls", type=int, default=2_000)
    options = parser.parse_args(argv)
    for scene in SCENES:
        seconds, verdicts, made, begun = measured(scene, options.calls)
        p50, p99 = middle_and_tail(seconds)
        print(
            f"{scene.name:<45} p50 {p50:>8.0f} µs   p99 {p99:>8.0f} µs   {verdicts[True]:>5} admitted "
            f"{verdicts[False]:>5} rejected   made in {made * 1e3:.1f} ms, a session {begun * 1e6:.0f} µs",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
