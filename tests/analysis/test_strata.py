"""Strata are the strongly connected components of the dependency graph, each after those it depends on."""

from __future__ import annotations

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from mpr_logic.analysis.strata import components

NODES = "abcdefgh"


@given(st.sets(st.tuples(st.sampled_from(NODES), st.sampled_from(NODES))))
def test_components_are_those_of_networkx(edges: set[tuple[str, str]]) -> None:
    """Our algorithm finds the components that networkx finds, and each one after all that it points to."""
    graph: dict[str, list[str]] = {node: [] for node in NODES}
    for start, end in sorted(edges):
        graph[start].append(end)
    found = list(components(graph))
    peer: nx.DiGraph[str] = nx.DiGraph(sorted(edges))
    peer.add_nodes_from(NODES)
    assert {frozenset(group) for group in found} == set(
        map(frozenset, nx.strongly_connected_components(peer))
    )
    place = {node: number for number, group in enumerate(found) for node in group}
    assert all(place[end] <= place[start] for start, end in edges)
