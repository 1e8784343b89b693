"""Evidence and weights: what holds for every record of a rule."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpr_logic.memory.evidence import LEVEL, PRIORS, Evidence, Prior
from mpr_logic.memory.records import Kind

pytest.importorskip("scipy", reason="needs the extra: pip install 'mpr-logic[memory]'")

COUNTS = st.integers(0, 3000)
KINDS = st.sampled_from(sorted(PRIORS))
THETAS = st.floats(1e-6, 1.0)


@given(KINDS, COUNTS, COUNTS, st.integers(1, 50), THETAS)
def test_a_failure_never_lowers_a_weight(kind: Kind, wrong: int, right: int, more: int, theta: float) -> None:
    """The more often it went wrong where the rule said so, the more the rule weighs."""
    prior = PRIORS[kind]
    before, after = Evidence(prior, wrong, right), Evidence(prior, wrong + more, right)
    assert after.weight(theta) >= before.weight(theta)
    assert after.bound() >= before.bound()


@given(KINDS, COUNTS, COUNTS, st.integers(1, 50), THETAS)
def test_a_success_never_raises_a_weight(kind: Kind, wrong: int, right: int, more: int, theta: float) -> None:
    """The more often it went right against the rule, the less the rule weighs."""
    prior = PRIORS[kind]
    before, after = Evidence(prior, wrong, right), Evidence(prior, wrong, right + more)
    assert after.weight(theta) <= before.weight(theta)
    assert after.bound() <= before.bound()


@given(KINDS, COUNTS, st.integers(1, 3000), THETAS)
def test_a_contradicted_rule_is_no_law(kind: Kind, wrong: int, right: int, theta: float) -> None:
    """One recorded success is enough to keep the weight strictly below theta, and above 0."""
    assert 0 < Evidence(PRIORS[kind], wrong, right).weight(theta) < theta


@given(KINDS, COUNTS, COUNTS, THETAS)
def test_a_weight_can_be_printed(kind: Kind, wrong: int, right: int, theta: float) -> None:
    """A weight is in (0, 1) and is the number that its text reads as; it is not above the bound by more
    than the least weight there is."""
    evidence = Evidence(PRIORS[kind], wrong, right)
    weight = evidence.weight(theta)
    assert 0 < weight < 1
    assert float(repr(weight)) == weight
    assert weight <= max(evidence.bound(), 1e-4)
    assert weight <= evidence.mean or weight == 1e-4


@pytest.mark.parametrize(("kind", "failures"), [("model", 21), ("induced", 10), ("hand", 0)])
def test_when_a_rule_becomes_law(kind: Kind, failures: int) -> None:
    """A rule becomes law after as many failures without a success as the documentation says."""
    first = next(n for n in range(100) if Evidence(PRIORS[kind], n).weight(0.9) >= 0.9)
    assert first == failures


def test_the_bound_is_the_quantile() -> None:
    """Of the uniform prior and n failures the bound is known: LEVEL ** (1 / (n + 1))."""
    for n in (0, 1, 9, 99):
        assert Evidence(Prior(1, 1), n).bound() == pytest.approx(LEVEL ** (1 / (n + 1)))
