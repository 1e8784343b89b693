"""The proofs of what fires, found at once, are those found rule by rule."""

from __future__ import annotations

import pytest

from mpr_logic.analysis import analyse
from mpr_logic.engine.native import NativeEngine
from mpr_logic.engine.provenance.proof import proof_of, rule_of
from mpr_logic.language.parser import parse

TEXT = """
.decl p(a: symbol) .decl q(a: symbol, b: symbol) .decl sure(a: symbol) .decl doubt(a: symbol)
.action act(a: symbol, b: symbol)
0.8 :: doubt(X) :- p(X).
doubt(X) :- q(X, X).
sure(X) :- q(X, _).
@id(absent) forbid act(A, B) :- not p(A).
@id(joined) 0.95 :: forbid act(A, B) :- q(A, C), q(C, B).
@id(derived) forbid act(A, B) :- sure(B), A != B.
@id(heavy) 0.97 :: forbid act(A, B) :- doubt(A).
@id(many) forbid act(A, B) :- q(A, C), doubt(C).
@id(counted) 0.5 :: forbid act(A, B) :- N = count : { q(A, _) }, N >= 2.
@id(t1) 0.95 :: forbid act(A, B) :- q(A, a), p(B). @id(t2) 0.6 :: forbid act(A, B) :- q(A, b), p(B).
@id(t3) 0.7 :: forbid act(A, B) :- q(A, c), p(B). @id(t4) 0.93 :: forbid act(A, B) :- q(A, d), p(B).
p(a). 0.7 :: p(c). q(a, b). q(b, c). 0.6 :: q(c, c). q(a, d). q(d, a).
"""


@pytest.mark.parametrize("semiring", ["maxmin", "product", "boolean"])
def test_found_at_once_and_rule_by_rule(semiring: str) -> None:
    """The same rules, weights and proofs; what weighs theta is apart from what does not."""
    engine = NativeEngine(analyse([parse(TEXT)]), semiring=semiring)
    both = engine.proofs_function("forbid act", 0.9)
    soft_alone = engine.proofs_function("forbid act", 0.9, soft=True)
    seen = set()
    for change in (None, ("p", ("b",)), ("q", ("d", "d"))):
        if change is not None:
            engine.add(*change)
        for args in [(a, b) for a in "abcd" for b in "abcd"]:
            laws, soft = both(args)
            assert all(weight >= 0.9 for _, weight in laws)
            assert all(weight < 0.9 for _, weight in soft)
            found = {rule_of(each): (weight, proof_of(each)) for each, weight in (*laws, *soft)}
            fired = engine.fired("forbid act", args)
            assert {r: w for r, (w, _) in found.items()} == dict(fired)
            assert len(laws) + len(soft) == len(fired)
            for rule, (_, proof) in found.items():
                assert proof == engine.explain(rule, args)
                seen.add(rule.id)
            alone = soft_alone(args)
            assert alone[0] == []
            assert [proof_of(p) for p, _ in alone[1]] == [proof_of(p) for p, _ in soft]
    assert seen == {rule.id for rule in engine.program.rules if rule.given}


def test_a_law_that_a_permit_overrides_does_not_stand() -> None:
    """Rule by rule and for rules of one shape; a permit or a law below theta has no part in it."""
    text = (
        ".decl p(a: symbol) .decl q(a: symbol, b: symbol) .decl r(a: symbol)"
        ".action act(a: symbol, b: symbol)"
        "@id(alone) forbid act(A, B) :- p(A)."
        "@id(light) 0.5 :: forbid act(A, B) :- p(A), r(B)."
        "@id(unsure) forbid act(A, B) :- r(A)."
        "@id(t1) forbid act(A, B) :- q(A, a), p(B). @id(t2) forbid act(A, B) :- q(A, b), p(B)."
        "@id(one) @overrides(alone, light, unsure) permit act(A, B) :- q(A, B)."
        "@id(two) @overrides(alone, t1) permit act(A, B) :- q(B, A)."
        "@id(weak) @overrides(alone, t2) 0.6 :: permit act(A, B) :- r(B)."
        "p(a). p(c). 0.95 :: r(b). 0.4 :: r(d). q(a, b). q(b, c). 0.7 :: q(c, c). q(c, a). q(d, a). q(a, a)."
    )
    program = analyse([parse(text)])
    engine = NativeEngine(program)
    firing = engine.proofs_function("forbid act", 0.9)
    left_out = set()
    for args in [(a, b) for a in "abcd" for b in "abcd"]:
        permits = [r.id for r, w in engine.fired("permit act", args) if w >= 0.9]
        lifted = {i for p in permits for i in program.overrides.get(p, ())}
        fired = engine.fired("forbid act", args)
        laws, soft = firing(args)
        assert {rule_of(p).id for p, _ in laws} == {r.id for r, w in fired if w >= 0.9} - lifted
        assert {rule_of(p).id for p, _ in soft} == {r.id for r, w in fired if w < 0.9}
        left_out |= {r.id for r, w in fired if w >= 0.9} & lifted
    assert left_out == {"alone", "unsure", "t1"}
