"""The sizes that a relation tells, on which the order of a body rests."""

from __future__ import annotations

import pytest

from mpr_logic.engine.store import Relation


@pytest.mark.parametrize("indexed", [False, True])
def test_how_many_rows_share_a_key(indexed: bool) -> None:
    """From a sample or from an index: few kinds of many things are many rows each, names are one."""
    relation = Relation("kind_of", 2)
    assert relation.bucket_size((1,)) is None
    for i in range(3000):
        relation.add((f"thing_{i}", f"kind_{i % 10}"))
    if indexed:
        relation.index((0,))
        relation.index((1,))
    assert relation.bucket_size((1,)) == 300
    assert relation.bucket_size((0,)) == 1
    assert relation.bucket_size(()) == 3000
    assert relation.largest_bucket((1,)) == 300
    relation.add(("thing_0", "kind_1"))
    assert (relation.largest_bucket((0,)), relation.largest_bucket((1,))) == (2, 301)
