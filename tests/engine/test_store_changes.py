"""Many changes of a relation at once come to the same as one by one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mpr_logic.analysis import analyse
from mpr_logic.engine.native import NativeEngine
from mpr_logic.engine.protocol import Engine
from mpr_logic.language.parser import parse

PROGRAM = analyse(
    [
        parse("""
        .decl edge(a: symbol, b: symbol) input
        .decl node(a: symbol) input
        .decl path(a: symbol, b: symbol)
        path(A, B) :- edge(A, B).
        path(A, C) :- edge(A, B), path(B, C).
        .decl alone(a: symbol)
        alone(A) :- node(A), not edge(A, _).
        """)
    ]
)
_NAMES = st.sampled_from("abcd")
_EDGES = st.tuples(_NAMES, _NAMES)
_WEIGHTS = st.sampled_from([1.0, 1.0, None, None, 0.5])
_CHANGES = st.lists(
    st.tuples(st.just("edge"), st.lists(st.tuples(_EDGES, _WEIGHTS, st.sampled_from(["", "here"]))))
    | st.tuples(st.just("node"), st.lists(st.tuples(st.tuples(_NAMES), _WEIGHTS, st.just("")))),
    max_size=5,
)


def _state(engine: NativeEngine) -> dict[str, object]:
    found: dict[str, object] = {
        name: engine.query(name, (None,) * PROGRAM.arity[name]) for name in ("edge", "node", "path", "alone")
    }
    found |= {f"{a} {b}": engine.query("path", (a, b)) for a in "abcd" for b in "abcd"}
    return found | {f"source {a}": engine.source("edge", (a, "a")) for a in "abcd"}


@given(_CHANGES)
def test_changes_at_once_are_those_one_by_one(changes: list[tuple[str, list[object]]]) -> None:
    """After each change all answers are those of an engine that was told fact by fact, in forks too."""
    at_once, single = NativeEngine(PROGRAM), NativeEngine(PROGRAM)
    for relation, facts in changes:
        assert _state(at_once) == _state(single)  # so that there are answers to forget
        at_once.change(relation, facts)  # type: ignore[arg-type]
        Engine.change(single, relation, facts)  # type: ignore[arg-type]
        other = at_once.fork()
        other.change(relation, [(fact[0], None, "") for fact in facts])  # type: ignore[index]
    assert _state(at_once) == _state(single)
