"""The disclosure of a decision to a model: what each rule's author allows, and no more."""

from __future__ import annotations

import json

import pytest

from mpr_logic import Checker, Decision
from mpr_logic.checker.disclosure import decision_json, for_model, for_operator

LEVELS = ("nothing", "because", "repair", "proof")
RULES = """
.decl secret(x: symbol)
.decl code(x: symbol)
.action go(x: symbol)
.action wait()
.action clear(x: symbol)
{more}
@id(law) @because("{{X}} is off limits") {disclose}
forbid go(X) :- secret(X).
"""


def decide(disclose: str = "", more: str = "", **options: float) -> Decision:
    """A decision about what one fact forbids, by a rule with this annotation."""
    more += " clear(X) ends secret(X). clear(X) ends code(X)."
    checker = Checker.from_text(RULES.format(disclose=disclose, more=more), theta=options.get("theta", 0.9))
    checker.update(add=["secret(hall)", "code(hall)"])
    return checker.check("go(hall)")


@pytest.mark.parametrize("level", LEVELS)
def test_each_level_shows_more(level: str) -> None:
    """nothing, because, repair and proof each add one thing to what the model sees."""
    text = for_model(decide(f"@disclose({level})"))
    shown = LEVELS.index(level)
    assert text.startswith("go(hall) is rejected")
    assert ("off limits" in text) == (shown >= 1)
    assert ("it would be admissible after clear(hall): not secret(hall)" in text) == (shown >= 2)
    assert ("rule law at" in text) == (shown >= 3)
    assert ("no reason is disclosed" in text) == (shown == 0)


def test_the_default_is_the_because_text() -> None:
    """Without an annotation the because-text is shown, and nothing of the rule or the state beside it."""
    assert for_model(decide()) == "go(hall) is rejected\n- because hall is off limits"


def test_no_text_is_made_of_a_rule() -> None:
    """A rule without a because-text does not give its body away in its place."""
    checker = Checker.from_text(
        ".decl secret(x: symbol) .action go(x: symbol) forbid go(X) :- secret(X), X != door."
    )
    checker.update(add=["secret(hall)"])
    decision = checker.check("go(hall)")
    assert "secret" in for_operator(decision)
    assert for_model(decision) == "go(hall) is rejected\n- because a rule forbids `go` here"


def test_a_silent_reason_hides_the_repairs() -> None:
    """A repair deals with every reason: where one of them may not be told, neither may the repair."""
    silent = "@disclose(nothing) forbid go(X) :- code(X)."
    text = for_model(decide("@disclose(repair)", silent))
    assert "hall is off limits" in text
    assert "code" not in text
    assert "it would be admissible" not in text


@pytest.mark.parametrize(("silent", "repair"), [("nothing", False), ("because", False), ("repair", True)])
def test_a_silent_rule_hides_the_proof_above_it(silent: str, repair: bool) -> None:
    """A proof, or a repair, is shown only where every rule in the proof allows it."""
    hidden = f"@id(hidden) @disclose({silent}) secret(X) :- code(X).\nclear(X) ends code(X).\n"
    checker = Checker.from_text(RULES.format(disclose="@disclose(proof)", more=hidden))
    checker.update(add=["code(hall)"])
    text = for_model(checker.check("go(hall)"))
    assert "hall is off limits" in text
    assert "rule" not in text
    assert ("admissible after clear(hall): not code(hall)" in text) == repair


def test_advice() -> None:
    """Advice is told on the same terms."""
    told = '@because("mind the step") 0.5 :: forbid wait() :- code(X).'
    silent = '@because("a hidden thing") @disclose(nothing) 0.4 :: forbid wait() :- code(X).'
    checker = Checker.from_text(RULES.format(disclose="", more=told + silent))
    checker.update(add=["code(hall)"])
    decision = checker.check("wait")
    assert for_model(decision) == "wait is admissible\n- advice: mind the step"
    assert "a hidden thing" in for_operator(decision)


def test_a_models_own_mistake_is_told() -> None:
    """A model is told what is wrong with its action, so that it can mend it."""
    checker = Checker.from_text(RULES.format(disclose="", more=""))
    assert "takes 1 argument, not 2" in for_model(checker.check("go(hall, door)"))


def test_trouble_in_the_engine_is_not_told() -> None:
    """The engine's message about rules and state is for the operator alone."""
    checker = Checker.from_text(".decl n(x: int) .action go() forbid go() :- n(N), 1 / N > 0.")
    checker.update(add=["n(0)"])
    decision = checker.check("go")
    assert decision.verdict == "undecided"
    assert for_model(decision) == "go could not be decided, and is rejected\n- no reason is disclosed"
    assert "divided by zero" in for_operator(decision)


@pytest.mark.parametrize("level", LEVELS)
def test_json_tells_a_model_no_more_than_text(level: str) -> None:
    """The JSON for a model holds a proof and repairs only where the text does."""
    decision = decide(f"@disclose({level})")
    found = decision_json(decision, "model")
    assert found["text"] == for_model(decision)
    assert bool(found["reasons"]) == (level != "nothing")
    assert bool(found["repairs"]) == (level in ("repair", "proof"))
    assert ("proof" in json.dumps(found["reasons"])) == (level == "proof")
    assert "law" not in json.dumps({k: v for k, v in found.items() if k != "text"}) or level == "proof"


def test_no_proofs_no_repairs() -> None:
    """An engine that keeps no proofs still gives reasons in words, and no repairs."""
    checker = Checker.from_text(RULES.format(disclose="@disclose(proof)", more=""), engine="pydatalog")
    checker.update(add=["secret(hall)"])
    decision = checker.check("go(hall)")
    assert "because hall is off limits" in for_operator(decision)
    assert for_model(decision) == "go(hall) is rejected\n- because hall is off limits"
    assert decision_json(decision)["repairs"] == []
