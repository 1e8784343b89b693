"""The dependency graph of relations, and its strata: the order in which they can be evaluated.

The strata are the strongly connected components of the dependency graph, by Tarjan's algorithm
(R. Tarjan, Depth-first search and linear graph algorithms, SIAM J. Comput. 1, 1972). It is written out
here: importing networkx takes longer than analysing a hundred rules, and ``mpr check`` is started once for
each action. A test compares it with networkx, which describes the cycle when there is an error.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from mpr_logic.analysis.occurrences import split_numbered
from mpr_logic.analysis.terms import flat, literals
from mpr_logic.language.ast import Aggregate, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mpr_logic.analysis.program import Program
    from mpr_logic.analysis.report import DiagnosticCollector
    from mpr_logic.language.ast import BodyItem, Span

Edges = dict[tuple[str, str, str], "Span"]
"""From a head to a relation of its body, and how it is used (``""``, ``not`` or an aggregate's
function): where that is written first."""


DEEPEST = 100
"""The most derived relations that may build on each other under a rule about an action; of recursion only the
relation counts."""


def dependencies(body: Iterable[BodyItem]) -> Iterator[tuple[str, str, Span]]:
    """The relations that a body reads, how, and where."""
    for item in body:
        if isinstance(item, Literal):
            yield item.atom.name, "not" if item.negated else "", item.span
        elif isinstance(item, Aggregate):
            for inner in flat(item.body):
                if isinstance(inner, Literal):
                    yield inner.atom.name, item.function, inner.span


def read_by(program: Program, heads: Iterable[str]) -> frozenset[str]:
    """The core relations that the rules of some heads read, directly or through others.

    Where they read the calls of a history, that history too.
    """
    todo, seen = list(heads), set()
    while todo:
        for rule in program.rules_for(todo.pop()):
            for literal in literals(rule.body):
                if literal.atom.name not in seen:
                    seen.add(literal.atom.name)
                    todo.append(literal.atom.name)
    return frozenset(seen | {split_numbered(name)[1] for name in seen})


def stratify(
    heads: Iterable[str], edges: Edges, report: DiagnosticCollector
) -> tuple[tuple[tuple[str, ...], ...], frozenset[str]]:
    """The strata of the derived relations ``heads``, lowest first, and those that are recursive.

    A negation or an aggregate inside a stratum is reported: what it asks for would depend on itself.
    """
    graph: dict[str, list[str]] = {head: [] for head in heads}
    loops: set[str] = set()
    for head, used, _ in edges:
        if used in graph:
            graph[head].append(used)
            if used == head:
                loops.add(head)
    strata = tuple(tuple(sorted(group)) for group in components(graph))
    stratum = {name: i for i, group in enumerate(strata) for name in group}
    blamed: set[int] = set()
    for (head, used, how), span in edges.items():
        if how and used in graph and stratum[used] == stratum[head] and stratum[head] not in blamed:
            blamed.add(stratum[head])
            _report(head, used, how, span, edges, strata[stratum[head]], report)
    recursive = loops.union(*(group for group in strata if len(group) > 1))
    return strata, frozenset(recursive)


def nest(strata: Iterable[tuple[str, ...]], edges: Edges, report: DiagnosticCollector) -> None:
    """Report actions that rest on more than :data:`DEEPEST` derived relations which build on each other.

    A question goes down from one to the next, and Python does not nest calls without end: every check of such
    an action would be undecided.
    """
    reads: dict[str, list[tuple[str, Span]]] = {}
    for (head, used, _), span in edges.items():
        reads.setdefault(head, []).append((used, span))
    height: dict[str, int] = {}
    told: set[str] = set()
    for group in strata:
        below = [(height.get(used, 0), used, span) for head in group for used, span in reads.get(head, ())]
        deepest = max([high for high, _, _ in below], default=0)
        height.update(dict.fromkeys(group, deepest + 1))
        # the head of a rule about an action, such as `forbid open`, is no name alone
        if deepest <= DEEPEST or " " not in group[0]:
            continue
        last, span = next((used, span) for high, used, span in below if high == deepest)
        if last not in told:
            told.add(last)
            report.error(
                "E0307",
                f"more than {DEEPEST} derived relations build on each other, up to `{last}`, "
                f"which `{group[0]}` rests on",
                span,
                "derive it from relations further down, or let a rule read its own relation, which goes as "
                "far as the rows do",
            )


def components(graph: Mapping[str, list[str]]) -> Iterator[list[str]]:
    """The strongly connected components, each after those that it points to (Tarjan, no recursion)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    for root in graph:
        if root in index:
            continue
        work = [(root, iter(graph[root]))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while work:
            node, children = work[-1]
            for child in children:
                if child not in index:
                    index[child] = low[child] = len(index)
                    stack.append(child)
                    on_stack.add(child)
                    work.append((child, iter(graph[child])))
                    break
                if child in on_stack:
                    low[node] = min(low[node], index[child])
            else:
                work.pop()
                if work:
                    parent = work[-1][0]
                    low[parent] = min(low[parent], low[node])
                if low[node] == index[node]:
                    group: list[str] = []
                    while not group or group[-1] != node:
                        group.append(stack.pop())
                    on_stack.difference_update(group)
                    yield group


def _report(
    head: str,
    used: str,
    how: str,
    span: Span,
    edges: Edges,
    group: tuple[str, ...],
    report: DiagnosticCollector,
) -> None:
    import networkx as nx

    inside: nx.DiGraph[str] = nx.DiGraph((h, u) for h, u, _ in edges if h in group and u in group)
    path = [head, *nx.shortest_path(inside, used, head)]
    ways = {(h, u): w for h, u, w in sorted(edges)}  # the strongest word for an edge comes last
    ways[head, used] = how
    steps = [f"`{path[0]}`"]
    for start, end in pairwise(path):
        word = ways[start, end]
        steps.append(f"{word} `{end}`" if word else f"`{end}`")
    if how == "not":
        code, message = "E0401", f"`{head}` depends on its own negation"
    else:
        code, message = "E0402", f"`{head}` depends on a {how} over itself"
    report.error(
        code,
        f"{message}: {' <- '.join(steps)}",
        span,
        "break the cycle: no relation may need its own "
        + ("absence" if how == "not" else "complete rows")
        + " to be derived",
    )
