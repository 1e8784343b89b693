"""The batch problems: a program, its facts by seed, and the relation whose rows are wanted."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

Pairs: TypeAlias = list[tuple[int, int]]

CLOSURE = """
path(X, Y) :- edge(X, Y).
path(X, Z) :- path(X, Y), edge(Y, Z).
"""
CLOSURE_SQL = """
WITH RECURSIVE path(x, y) AS (
    SELECT x, y FROM edge UNION SELECT path.x, edge.y FROM path JOIN edge ON path.y = edge.x
) SELECT x, y FROM path
"""
SAME_GENERATION = """
same(X, Y) :- parent(P, X), parent(P, Y).
same(X, Y) :- parent(A, X), same(A, B), parent(B, Y).
"""
SAME_GENERATION_SQL = """
WITH RECURSIVE same(x, y) AS (
    SELECT a.y, b.y FROM parent a JOIN parent b ON a.x = b.x
    UNION SELECT a.y, b.y FROM same JOIN parent a ON a.x = same.x JOIN parent b ON b.x = same.y
) SELECT x, y FROM same
"""
ANDERSEN = """
points(X, Y) :- address(X, Y).
points(X, Y) :- assign(X, Z), points(Z, Y).
points(X, W) :- load(X, Y), points(Y, Z), points(Z, W).
points(Z, W) :- store(X, Y), points(X, Z), points(Y, W).
"""


@dataclass(frozen=True, slots=True)
class Problem:
    """``sql`` is None where the recursion is not linear: SQL's answers would be wrong."""

    name: str
    program: str
    facts: dict[str, Pairs]
    result: str
    sql: str | None


def random_graph(quick: bool) -> Problem:
    """Closure of a random graph: 1,000 nodes, 5,000 edges."""
    nodes, edges = (100, 300) if quick else (1000, 5000)
    return Problem("closure, random graph", CLOSURE, {"edge": _pairs(1, nodes, edges)}, "path", CLOSURE_SQL)


def chain(quick: bool) -> Problem:
    """Closure of a chain of 2,000 edges: as many rounds."""
    edges: Pairs = [(i, i + 1) for i in range(60 if quick else 2000)]
    random.Random(2).shuffle(edges)
    return Problem("closure, chain", CLOSURE, {"edge": edges}, "path", CLOSURE_SQL)


def same_generation(quick: bool) -> Problem:
    """Same generation in a binary tree nine deep, its nodes numbered at random."""
    nodes = 2 ** (5 if quick else 10) - 1
    number = list(range(nodes))
    random.Random(3).shuffle(number)
    pairs = [(number[(child - 1) // 2], number[child]) for child in range(1, nodes)]
    return Problem("same generation", SAME_GENERATION, {"parent": pairs}, "same", SAME_GENERATION_SQL)


def andersen(quick: bool) -> Problem:
    """Andersen's points-to analysis of a random program: recursion that is not linear."""
    size = 100 if quick else 4000
    facts = {
        "address": _near(4, size, size // 2),
        "assign": _near(5, size, size * 68 // 100),
        "load": _near(6, size, size // 10),
        "store": _near(7, size, size // 20),
    }
    return Problem("Andersen points-to", ANDERSEN, facts, "points", None)


PROBLEMS: dict[str, Callable[[bool], Problem]] = {
    "random_graph": random_graph,
    "chain": chain,
    "same_generation": same_generation,
    "andersen": andersen,
}


def _pairs(seed: int, nodes: int, n: int) -> Pairs:
    rng = random.Random(seed)
    found: dict[tuple[int, int], None] = {}
    while len(found) < n:
        found[rng.randrange(nodes), rng.randrange(nodes)] = None
    return list(found)


def _near(seed: int, nodes: int, n: int) -> Pairs:
    """Pairs of nodes less than 20 apart, as a program's variables are used near each other."""
    rng = random.Random(seed)
    found: dict[tuple[int, int], None] = {}
    while len(found) < n:
        x = rng.randrange(nodes)
        found[x, (x + rng.randrange(1, 20)) % nodes] = None
    return list(found)
