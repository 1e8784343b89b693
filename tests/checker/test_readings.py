"""A rule that stands against a call for several reasons tells them all."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, event, given, settings

from mpr_logic import Action, Budget, Checker, EvaluationError
from mpr_logic.checker.disclosure import decision_json, for_model, for_operator
from mpr_logic.checker.render import because_text
from mpr_logic.checker.solve import matched
from mpr_logic.checker.verifier import NaiveModel, verify
from mpr_logic.engine.choice import EngineChoice
from mpr_logic.guard.guard import Guard
from tests.checker.test_verdicts import guarded, tell
from tests.helpers.programs import EXAMPLES, Case, slow_fuzz

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mpr_logic.analysis.program import Rule
    from mpr_logic.language.ast import Row

RULES = """
.decl deny(w: symbol)
.decl owes(who: symbol, n: int)
.action send(to: symbol)
.action leave(who: symbol)
@id(denied) @because("{W} denies it") forbid send(_) :- deny(W).
@id(debts) @because("{P} owes {S}") forbid leave(P) :- S = sum N : { owes(P, N) }, S > 0.
@id(rumour) @because("{W} may deny it") 0.5 :: forbid send(_) :- deny(W), W != ann.
"""


def checker_of(*facts: str, engine: EngineChoice = "native") -> Checker:
    """A checker with some facts."""
    checker = Checker.from_text(RULES, engine=engine, budget=Budget(seconds=30))
    checker.update(add=facts)
    return checker


@pytest.mark.parametrize("engine", ["native", "pydatalog", "both"])
def test_each_reason_is_told(engine: EngineChoice) -> None:
    """Two who deny are two reasons, each with its proof where the engine keeps them: in the list, in the text
    for the operator and for the model, and in JSON. The rule is one."""
    decision = checker_of("deny(ann)", "deny(bob)", engine=engine).check("send(x)")
    assert [r.text for r in decision.reasons] == ["ann denies it", "bob denies it"]
    assert [bool(r.proof) for r in decision.reasons] == [engine != "pydatalog"] * 2
    assert decision.rules == ("denied",)
    assert len(decision.by_rule) == 1
    assert [r.text for r in decision.advice] == ["bob may deny it"]
    for text in (for_operator(decision), for_model(decision)):
        assert "because ann denies it" in text
        assert "because bob denies it" in text
    for audience in ("operator", "model"):
        found = decision_json(decision, audience)["reasons"]
        assert [r["text"] for r in found] == ["ann denies it", "bob denies it"]
        assert not any("more" in r for r in found)


def test_what_says_the_same_is_said_once() -> None:
    """Readings that differ in no word of the text are one reason."""
    decision = checker_of("owes(ann, 1)", "owes(ann, 2)").check("leave(ann)")
    assert [r.text for r in decision.reasons] == ["ann owes 3"]


@pytest.mark.parametrize("engine", ["native", "pydatalog", "both"])
def test_each_reason_of_an_alternative_is_told(engine: EngineChoice) -> None:
    """Alternatives say each what holds of them, though they bind different variables."""
    checker = Checker.from_text(
        """
        .decl deny(w: symbol)
        .decl late(day: int)
        .action send(to: symbol)
        deny(ann). deny(bob). late(3).
        @id(stop) forbid send(_) :- (deny(W) ; late(D), D > 2).
        @id(plain) @because("no") forbid send(_) :- (deny(W) ; late(D), D > 2).
        """,
        engine=engine,
        budget=Budget(seconds=30),
    )
    assert sorted(r.text for r in checker.check("send(x)").reasons) == [
        "no",
        "send(x) is forbidden by stop: deny(ann)",
        "send(x) is forbidden by stop: deny(bob)",
        "send(x) is forbidden by stop: late(3), 3 > 2",
    ]


def test_many_are_counted() -> None:
    """Ten are listed, and the rest counted: in text, in JSON and for a model."""
    decision = checker_of(*(f"deny(p{i:02})" for i in range(25))).check("send(x)")
    assert [r.text for r in decision.reasons] == [f"p{i:02} denies it" for i in range(10)]
    assert [r.more for r in decision.reasons] == [0] * 9 + [15]
    assert "and 15 more by the same rule" in for_operator(decision)
    assert "- and 15 more by the same rule" in for_model(decision)
    assert decision_json(decision)["reasons"][-1]["more"] == 15
    assert decision_json(decision, "model")["reasons"][-1]["more"] == 15


def test_a_silent_rule_does_not_count_aloud() -> None:
    """A model that may not read the values does not learn how many there are."""
    for disclose in ("", '@disclose(nothing) @because("{W}")'):
        checker = Checker.from_text(
            f".decl deny(w: symbol) .action go() {disclose} forbid go() :- deny(W), W != x."
        )
        checker.update(add=[f"deny(p{i})" for i in range(25)])
        decision = checker.check("go()")
        assert len(decision.reasons) == 10
        assert for_model(decision).count("\n") == 1
        assert "15" not in str(decision_json(decision, "model"))


def test_a_guard_tells_them_all() -> None:
    """The message of a verdict has every reason, and its log each rule once."""
    guard = Guard(text=RULES.replace("(w: symbol)", "(w: symbol) input").replace("n: int)", "n: int) input"))
    guard.update(add=["deny(ann)", "deny(bob)"])
    verdict = guard.check("send", {"to": "x"})
    assert "ann denies it" in verdict.message
    assert "bob denies it" in verdict.message
    assert verdict.rules == ("denied",)


@slow_fuzz
@settings(
    database=None,
    max_examples=max(EXAMPLES // 3, 1),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
@given(given_case=guarded())
def test_all_that_can_be_said_is_said(given_case: tuple[Case, str]) -> None:
    """In generated programs: the texts of a rule are those of all its derivations that weigh theta, derived
    naively, and the verifier takes the proof of each."""
    case, text = given_case
    checker = Checker.from_text(text, theta=0.6, budget=Budget(seconds=60))
    for step in case.facts:
        tell(checker, step)
    model = NaiveModel(checker.program, checker.facts(), "maxmin")
    for name, rows in case.candidates.items():
        for row in rows[:3]:
            with suppress(EvaluationError):
                decision = checker.check(Action(name, *row))
                for law in decision.by_rule:
                    rule = law.rule
                    if rule is None:
                        continue
                    parts = [r for r in checker.program.parts_of(rule) if r.asks == rule.asks]
                    said = [r for r in decision.reasons if r.rule in parts]
                    event(f"reasons of a rule: {min(len(said), 4)}")
                    true = {text for part in parts for text in _texts(model, part, row)}
                    assert len({r.text for r in said}) == len(said)
                    assert {r.text for r in said} <= true
                    assert len(said) + said[-1].more == len(true)
                    for each in said:
                        assert each.proof is not None
                        assert verify(each.proof, checker.program, model.facts) == []


def _texts(model: NaiveModel, rule: Rule, row: Row) -> Iterator[str]:
    """The sentences of a rule about a call, one for each derivation that weighs theta."""
    start = matched(rule.args, row, {})
    if start is None:
        return
    for bindings, weight, _ in model._solve(rule.body, start, rule):
        if min(rule.weight, weight) >= 0.6:
            yield because_text(rule, {n: v for n, v in bindings.items() if n != "_"}, row)
