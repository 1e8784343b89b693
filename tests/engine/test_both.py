"""Two engines side by side: one answer where they agree, an error that names the place where not."""

from __future__ import annotations

import pytest

from mpr_logic.analysis import analyse
from mpr_logic.engine.differential import BothEngine
from mpr_logic.engine.provenance.proof import FactProof, RuleProof
from mpr_logic.errors import DisagreementError, InexpressibleError
from mpr_logic.language.parser import parse

TEXT = """
.decl closed(r: symbol)
.decl shut(r: symbol)
.action put(o: symbol, r: symbol)
shut(R) :- closed(R).
@id(first) forbid put(_, R) :- shut(R).
@id(second) 0.5 :: forbid put(O, O).
"""


@pytest.fixture
def engine() -> BothEngine:
    """Both engines with one fact."""
    both = BothEngine(analyse([parse(TEXT)]))
    both.add("closed", ("box",), 0.75)
    return both


def test_agreement_is_the_native_answer(engine: BothEngine) -> None:
    """Engines that agree give their one answer, before and after changes."""
    assert engine.query("shut", (None,)) == {("box",): 0.75}
    assert [(r.id, w) for r, w in engine.fired("forbid put", ("box", "box"))] == [
        ("first", 0.75),
        ("second", 0.5),
    ]
    engine.remove("closed", ("box",))
    assert engine.query("shut", (None,)) == {}
    assert [r.id for r, _ in engine.fired("forbid put", ("box", "box"))] == ["second"]


def test_a_row_that_one_engine_lacks(engine: BothEngine) -> None:
    """A row that only one engine derives is an error that names the row, never an answer."""
    engine.second.add("closed", ("bag",))
    with pytest.raises(DisagreementError, match=r"`shut\(bag\)`: weight none by native, 1 by pyDatalog"):
        engine.query("shut", (None,))
    assert engine.query("shut", ("box",)) == {("box",): 0.75}


def test_a_weight_that_differs(engine: BothEngine) -> None:
    """The same row with another weight is a disagreement too."""
    engine.native.add("closed", ("box",), 0.8)
    with pytest.raises(DisagreementError, match=r"`shut\(box\)`: weight 0.8 by native, 0.75 by pyDatalog"):
        engine.query("shut", ("box",))


def test_a_rule_that_fires_in_one_engine_only(engine: BothEngine) -> None:
    """A law that one engine sees broken is an error that names the action and the rule."""
    engine.native.remove("closed", ("box",))
    with pytest.raises(DisagreementError, match=r"rules of forbid put\(cup, box\)\(first\)"):
        engine.fired("forbid put", ("cup", "box"))


def test_proofs_come_from_the_native_engine(engine: BothEngine) -> None:
    """Proofs are the native engine's, down to the fact that both were told."""
    proof = engine.prove("shut", ("box",))
    assert isinstance(proof, RuleProof)
    assert isinstance(proof.steps[0], FactProof)
    first = engine.program.rules_for("forbid put")[0]
    assert engine.explain(first, ("cup", "box")) is not None


def test_what_the_second_cannot_express_is_refused() -> None:
    """Two engines are not half asked: a program that pyDatalog cannot run is refused at once."""
    with pytest.raises(InexpressibleError):
        BothEngine(analyse([parse(TEXT)]), semiring="product")
