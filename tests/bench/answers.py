"""Times answers that cannot be finished in time, against their budget: run by hand.

``python -m tests.bench.answers [seconds]``
Each case asks for more than the budget allows. An answer is in time within 1.2 times the budget or 100 ms,
whichever is more, and the next question about something easy is answered at once.
"""

from __future__ import annotations

import random
import sys
import time
from typing import TYPE_CHECKING

from mpr_logic.checker import verifier
from mpr_logic.checker.checker import Checker
from mpr_logic.engine.bottomup.evaluate import evaluate
from mpr_logic.engine.protocol import Budget
from mpr_logic.errors import EvaluationError
from mpr_logic.guard.guard import Guard

if TYPE_CHECKING:
    from collections.abc import Callable

EASY = ".action easy() "
NUMBERS = [[n] for n in range(400)]


def guarded(text: str, seconds: float, state: object = None, **arguments: object) -> Callable[[], str]:
    """A check of a call of ``go`` with these arguments."""
    guard = Guard(text=EASY + text, state=state, timeout=seconds, strict=False)
    guard.check("easy", {})

    def ask() -> str:
        verdict = guard.check("go", dict(arguments))
        began = time.perf_counter()
        assert guard.check("easy", {}).runs
        assert time.perf_counter() - began < 0.1
        return f"{verdict.outcome} {str(verdict.error or '')[:50]}"

    return ask


def explained(text: str, seconds: float, state: object = None, **arguments: object) -> Callable[[], str]:
    """Return a question: why a call of ``go`` is rejected, with repairs."""
    guard = Guard(text=EASY + text, state=state, timeout=seconds, strict=False)

    def ask() -> str:
        verdict = guard.why("go", dict(arguments))
        return f"{verdict.outcome} {str(verdict.error or '')[:50]}"

    return ask


def asked(
    text: str, seconds: float, facts: dict[str, list[tuple[object, ...]]], ask: Callable[[Checker], object]
) -> Callable[[], str]:
    """Another question to a checker."""
    checker = Checker.from_text(text, budget=Budget(seconds=seconds))
    checker.load_state({"facts": {name: [list(row) for row in rows] for name, rows in facts.items()}})

    def run() -> str:
        try:
            return str(ask(checker))[:50]
        except EvaluationError as error:
            return f"{type(error).__name__}: {error}"[:60]

    return run


def evaluated(text: str, seconds: float, facts: dict[str, list[tuple[object, ...]]]) -> Callable[[], str]:
    """A program bottom-up."""

    def run() -> str:
        try:
            return str(sum(map(len, evaluate(text, facts, budget=Budget(seconds=seconds)).values())))
        except EvaluationError as error:
            return f"{type(error).__name__}: {error}"[:60]

    return run


def verified(seconds: float) -> Callable[[], str]:
    """A forged proof with a rule that counts."""
    rules = ".decl e(a: int) .action go() forbid go() :- N = count : { e(A), e(B), e(C) }, N > 5."
    small = Checker.from_text(rules + " e(1). e(2).")
    proof = small.check("go()").reasons[0].proof
    assert proof is not None
    facts: verifier.AssertedFacts = {"e": {(n,): 1.0 for n in range(400)}}
    verifier.SECONDS = seconds
    return lambda: str(verifier.verify(proof, small.program, facts))[:60]


def cases(seconds: float) -> dict[str, Callable[[], str]]:
    """The cases, by name."""
    numbers = {"facts": {"e": NUMBERS}}
    decl = ".decl e(a: int) input .action go() "
    text = ".action go(a: symbol, r: symbol) "
    long = "xyxxy" * 50_000
    chance = random.Random(7)
    edges: list[tuple[object, ...]] = [
        (chance.randrange(4_000), chance.randrange(4_000)) for _ in range(40_000)
    ]
    chain: list[tuple[object, ...]] = [(n, n + 1) for n in range(4_000)]
    path = ".decl edge(a: int, b: int) input .decl path(a: int, b: int) .action go(a: int, b: int) "
    joined = "path(X, Y) :- edge(X, Y). path(X, Z) :- path(X, Y), path(Y, Z). "
    linear = "path(X, Y) :- edge(X, Y). path(X, Z) :- edge(X, Y), path(Y, Z), X != Z. "
    roles = (
        '.decl boss(a: symbol, b: symbol) input changed_by("the office") .decl over(a: symbol, b: symbol) '
        ".action go(a: symbol, b: symbol) .default forbid go "
        "over(X, Y) :- boss(X, Y). over(X, Z) :- over(X, Y), over(Y, Z). permit go(A, B) :- over(A, B). "
        ".action hire(a: symbol, b: symbol) hire(A, B) causes boss(A, B)."
    )
    bosses = [[f"p{n}", f"q{n}"] for n in range(6)]
    words = {"facts": {"w": [[f"{n} {'word ' * 2_000}"] for n in range(3_000)]}}
    patterns = {"facts": {"w": [[f"x[xy]{{{n % 40}}}{n}z"] for n in range(3_000)]}}
    laws = " ".join(f'forbid go(a: A) :- matches(A, "x[xy]{{{n % 40}}}z{n}").' for n in range(3_000))
    word = ".decl w(t: symbol) input .action go(a: symbol) "
    cross = "e(A), e(B), e(C), e(D), A + B + C + D = 9999"
    one = "forbid go(a: A) :- w(T), "
    return {
        "a count over a cross join": guarded(
            f"{decl}forbid go :- N = count : {{ e(A), e(B), e(C) }}, N > 5.", seconds, numbers
        ),
        "a sum over a cross join": guarded(
            f"{decl}forbid go :- N = sum A + B : {{ e(A), e(B), e(C) }}, N < 5.", seconds, numbers
        ),
        "a cross join": guarded(f"{decl}forbid go :- {cross}.", seconds, numbers),
        "a cheap law, then a cross join": guarded(
            f"{decl}forbid go :- e(3). forbid go :- {cross}.", seconds, numbers
        ),
        "a cross join to be rewritten": guarded(
            f".decl e(a: int) input .action go(a: int) @rewrite(a, 1) forbid go(0) :- {cross}.",
            seconds,
            numbers,
            a=0,
        ),
        "linear recursion": guarded(
            f"{path}{linear}forbid go(A, B) :- path(A, B).",
            seconds,
            {"facts": {"edge": [list(row) for row in edges]}},
            a=-1,
            b=-2,
        ),
        "non-linear recursion": guarded(
            f"{path}{joined}forbid go(A, B) :- path(B, A).",
            seconds,
            {"facts": {"edge": [list(row) for row in chain]}},
            a=0,
            b=3_999,
        ),
        "all of a recursion": guarded(
            f"{path}{joined}forbid go(A, B) :- path(X, X), X > A, X > B.",
            seconds,
            {"facts": {"edge": [list(row) for row in chain]}},
            a=0,
            b=1,
        ),
        "3,000 laws that match 250 KB": guarded(f".action go(a: symbol) {laws}", seconds, None, a=long),
        "3,000 expressions of the state over 250 KB": guarded(
            f"{word}{one}matches(A, T).", seconds, patterns, a=long
        ),
        "a huge expression of a call": guarded(
            f"{text}forbid go(a: A, r: R) :- matches(A, R).", seconds, None, a="x", r="x{0,1000}" * 50
        ),
        "a slow expression of a law": guarded(
            '.action go(a: symbol) forbid go(a: A) :- matches(A, "(x|y)*x(x|y){0,900}z").',
            seconds,
            None,
            a="".join(chance.choice("xy") for _ in range(250_000)),
        ),
        "a slow expression of a call": guarded(
            f"{text}forbid go(a: A, r: R) :- matches(A, R).",
            seconds,
            None,
            a="".join(chance.choice("xy") for _ in range(200_000)),
            r="(x|y)*x(x|y){0,200}z",
        ),
        "contains, over 3,000 long facts": guarded(
            f"{word}{one}contains(T, A).", seconds, words, a="word w" * 40
        ),
        "lower and starts_with, over 3,000 long facts": guarded(
            f"{word}{one}w(U), starts_with(lower(T), lower(U)), contains(U, A).", seconds, words, a="zz"
        ),
        "repairs of a recursive permit, 2 rows": explained(
            roles, seconds, {"facts": {"boss": bosses[:2]}}, a="p0", b="q1"
        ),
        "repairs of a recursive permit, 6 rows": explained(
            roles, seconds, {"facts": {"boss": bosses}}, a="p0", b="q5"
        ),
        "why not, over a cross join": asked(
            f".decl e(a: int) .action go() forbid go :- {cross}.",
            seconds,
            {"e": [(n,) for n in range(400)]},
            lambda checker: checker.why_not("go()"),
        ),
        "why, of a cross join": asked(
            f".decl e(a: int) .decl p() p() :- {cross}.",
            seconds,
            {"e": [(n,) for n in range(400)]},
            lambda checker: checker.why("p()"),
        ),
        "a query of a large closure": asked(
            f".decl edge(a: int, b: int) .decl path(a: int, b: int) {joined}",
            seconds,
            {"edge": edges},
            lambda checker: len(checker.query("path(X, Y)")),
        ),
        "bottom-up, set by set": evaluated(joined, seconds, {"edge": edges}),
        "bottom-up, a closure of a chain": evaluated(
            linear.replace(", X != Z", ""), seconds, {"edge": chain}
        ),
        "bottom-up, row by row": evaluated(
            "t(A, B, C, D) :- e(A), e(B), e(C), e(D).", seconds, {"e": [(n,) for n in range(400)]}
        ),
        "a forged proof with a count": verified(seconds),
    }


def main() -> int:
    """Print a line for each case; 1 where one is late."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 0.5
    bound = max(1.2 * seconds, 0.1)
    late = 0
    print(f"budget {seconds:g} s, bound {bound:g} s")
    for name, ask in cases(seconds).items():
        began = time.perf_counter()
        said = ask()
        took = time.perf_counter() - began
        late += took > bound
        print(f"{took:7.2f} s  {'late ' if took > bound else '     '} {name}: {said}", flush=True)
    return 1 if late else 0


if __name__ == "__main__":
    raise SystemExit(main())
