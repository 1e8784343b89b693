"""The checker as its user meets it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpr_logic import Action, Checker, StateError
from mpr_logic.engine.choice import EngineChoice
from mpr_logic.engine.protocol import counted
from mpr_logic.errors import EvaluationError

RULES = """
.type object <: symbol
.type receptacle <: object
.decl openable(r: receptacle)
.decl opened(r: receptacle)
.decl holding(o: object)
.decl at(o: object, r: receptacle)
.decl inside(o: object, r: receptacle)
.decl crowded(r: receptacle)
.decl has_slot(r: receptacle)
.decl hot(o: object) open_world
.action put(o: object, r: receptacle)
.action open(r: receptacle)
.action touch(o: object)
.action burn(o: object)
.default forbid burn

@id(closed) @because("{R} is closed: open it first")
forbid put(O, R) :- openable(R), not opened(R).
@id(empty) forbid put(O, R) :- not holding(O).
@id(full) 0.7 :: forbid put(O, R) :- crowded(R), holding(O).
@id(nested) forbid put(O, R) :- inside(R, O).
@id(again) forbid open(R) :- failed open(R).
@id(hot) forbid touch(O) :- hot(O).
@id(cool) @overrides(hot) permit touch(O) :- holding(O).
@id(unless_cold) forbid burn(O) :- not hot(O).
permit burn(O) :- at(O, stove).
crowded(R) :- N = count : { at(_, R) }, N > 1.
inside(X, Y) :- at(X, Y).
inside(X, Z) :- at(X, Y), inside(Y, Z).
open(R) causes opened(R).
put(O, R) causes at(O, R).
put(O, R) ends holding(O).
0.6 :: prefer open(R) :- openable(R), not opened(R).
0.8 :: prefer put(O, R) :- holding(O), has_slot(R).
openable(fridge).
"""


@pytest.fixture(name="checker")
def _checker() -> Checker:
    return Checker.from_text(RULES)


def test_a_rejection_explains_itself(checker: Checker) -> None:
    """The decision carries the reason's text, its proof with the place of each fact, and the repair."""
    checker.update(add=["holding(apple)"], source="observation 3")
    decision = checker.check("put(apple, fridge)")
    assert (decision.admissible, decision.verdict, decision.rules) == (False, "forbidden", ("closed",))
    reason = decision.reasons[0]
    assert reason.text == "fridge is closed: open it first"
    assert reason.where == "<rules>:19:1"
    assert reason.proof is not None
    assert reason.proof.bindings == {"O": "apple", "R": "fridge"}
    repair = decision.repairs[0]
    assert repair.actions == ("open(fridge)",)
    assert repair.add == (("opened", ("fridge",)),)


def test_what_the_repair_says_is_true(checker: Checker) -> None:
    """Doing the repair's action admits what was rejected."""
    checker.update(add=["holding(apple)"])
    repair = checker.check("put(apple, fridge)").repairs[0]
    for action in repair.actions:
        assert checker.check(action).admissible
        checker.record(action, succeeded=True)
    assert checker.check("put(apple, fridge)").admissible


def test_below_theta_is_advice(checker: Checker) -> None:
    """A forbid lighter than theta is advice, and law where theta is lower."""
    facts = ["opened(fridge)", "holding(egg)", "at(milk, fridge)", "at(ham, fridge)"]
    checker.update(add=facts)
    decision = checker.check("put(egg, fridge)")
    assert decision.admissible
    assert [(a.id, a.weight) for a in decision.advice] == [("full", 0.7)]
    strict = Checker.from_text(RULES, theta=0.7)
    strict.update(add=facts)
    assert strict.check("put(egg, fridge)").rules == ("full",)


def test_a_permit_overrides_that_very_rule(checker: Checker) -> None:
    """An override lifts the rule that it names and no other."""
    checker.update(add=["hot(pan)"])
    assert checker.check("touch(pan)").rules == ("hot",)
    checker.update(add=["holding(pan)"])
    assert checker.check("touch(pan)").admissible


def test_rejected_and_not_permitted_are_two_answers(checker: Checker) -> None:
    """A closed action is unpermitted without a permit, and forbidden by a rule even with one."""
    assert checker.check("burn(log)").verdict == "unpermitted"
    checker.update(add=["at(log, stove)"])
    assert checker.check("burn(log)").admissible
    checker.update(add=["not hot(log)"])
    assert checker.check("burn(log)").rules == ("unless_cold",)


def test_open_world_takes_the_later_observation(checker: Checker) -> None:
    """Neither observed is unknown; of two observations the later one holds."""
    checker.update(add=["at(log, stove)", "not hot(log)"])
    checker.update(add=["hot(log)"])
    assert "not hot" not in checker.facts()
    assert checker.check("burn(log)").admissible
    checker.update(remove=["hot(log)"])
    assert checker.check("burn(log)").admissible


def test_history_decides(checker: Checker) -> None:
    """A failed action is remembered; an action that succeeded makes its changes."""
    checker.record("open(fridge)", succeeded=False)
    assert checker.check("open(fridge)").rules == ("again",)
    checker.record(Action("open", "box"), succeeded=True)
    assert checker.query("opened(X)") == {("box",): 1.0}
    assert checker.query("past open(X)") == {("fridge",): 1.0, ("box",): 1.0}


def test_effects_come_and_go(checker: Checker) -> None:
    """A fact that an action ends is retracted, and one that it causes is asserted."""
    checker.update(add=["holding(apple)", "opened(fridge)"])
    checker.record("put(apple, fridge)", succeeded=True)
    assert checker.facts()["at"] == {("apple", "fridge"): 1.0}
    assert "holding" not in checker.facts()


BAD = [
    ("putt(a, b)", "did you mean `put`?"),
    ("put(a)", "put(o: object, r: receptacle)"),
    ("put(a, b", "is not an action"),
    ("put(1, b)", "`object`"),
    ("put(X, b)", "put"),
    ("", "is not an action"),
    (7, "is a text or an Action"),
    (["put", "a", "b"], "is a text or an Action"),
    (Action("put", "a", float("nan")), "argument"),
    (Action("put", None), "argument"),  # type: ignore[arg-type]
    ("openable(fridge)", "openable"),
]


@pytest.mark.parametrize(("action", "part"), BAD, ids=[str(b[0]) or "empty" for b in BAD])
def test_bad_actions_are_rejected_not_raised(checker: Checker, action: str, part: str) -> None:
    """Whatever is proposed, the answer is a decision: undecided, which is a rejection."""
    decision = checker.check(action)
    assert (decision.admissible, decision.verdict) == (False, "undecided")
    assert part in decision.reasons[0].text
    assert decision.repairs == ()


def test_one_bad_action_leaves_the_others_alone(checker: Checker) -> None:
    """Among many candidates each is decided for itself."""
    checker.update(add=["opened(fridge)", "holding(a)"])
    decisions = checker.check_all(["put(a, fridge)", "nonsense(", "put(b, fridge)"])
    assert [d.verdict for d in decisions] == ["admissible", "undecided", "forbidden"]


def test_an_update_is_all_or_nothing(checker: Checker) -> None:
    """A fact that does not fit leaves the state as it was."""
    before = checker.facts()
    with pytest.raises(StateError):
        checker.update(add=["holding(a)", "holding(1)"], remove=["openable(fridge)"])
    assert checker.facts() == before


def test_a_decision_speaks_of_its_own_state(checker: Checker) -> None:
    """Whatever is asked of a decision when the state has changed is answered of the state it was made in,
    recorded or not, and the present state stays as it is."""
    recorded = checker.check("put(a, fridge)")
    late, prompt = checker.check_all(["put(a, fridge)", "put(b, fridge)"])
    assert prompt.rules == ("closed", "empty")
    repairs = checker.check("put(a, fridge)").repairs
    checker.update(add=["opened(fridge)"])
    checker.update(add=["holding(a)"], remove=["openable(fridge)"])
    before = checker.facts()
    for decision in (recorded, late, prompt):
        assert decision.rules == ("closed", "empty")
        assert decision.advice == ()
    assert recorded.repairs == late.repairs == repairs
    assert checker.facts() == before
    assert checker.check("put(a, fridge)").admissible


def test_time_that_runs_out_rejects() -> None:
    """A budget that runs out is a rejection that says so."""
    rows = " ".join(f"n({i})." for i in range(400))
    checker = Checker.from_text(
        f".decl n(i: int) .action go(i: int) {rows}"
        "forbid go(X) :- n(A), n(B), n(C), n(D), A + B + C + D > 5000, X > 0.",
        budget=counted(50),
    )
    decision = checker.check("go(1)")
    assert decision.verdict == "undecided"
    assert "time is over" in decision.reasons[0].text


def test_arithmetic_without_a_value_rejects() -> None:
    """A division by zero leaves the question undecided, which rejects."""
    checker = Checker.from_text(".decl n(i: int) .action go(i: int) n(0). forbid go(X) :- n(N), X / N > 1.")
    decision = checker.check("go(4)")
    assert (decision.admissible, decision.verdict) == (False, "undecided")
    assert "divided by zero" in decision.reasons[0].text


def test_a_failing_advice_does_not_decide() -> None:
    """A rule that could only be advice, and has no value, is named in the advice and decides nothing;
    whether proofs are recorded makes no difference."""
    checker = Checker.from_text(
        ".decl n(i: int) .action go(i: int) n(0). "
        "0.5 :: forbid go(X) :- n(N), X / N > 1. forbid go(X) :- n(X)."
    )
    for proofs in (True, False):
        admitted, rejected = checker.check_all(["go(4)", "go(0)"], proofs=proofs)
        assert (admitted.verdict, rejected.verdict) == ("admissible", "forbidden")
    recorded = checker.check("go(4)")
    assert "divided by zero" in recorded.advice[0].text


def test_a_proof_that_takes_too_long_does_not_decide() -> None:
    """One law settles it, and what else forbids it cannot be listed in time: whether proofs are recorded
    makes no difference to the verdict."""
    rows = " ".join(f"n(a{i})." for i in range(400))
    checker = Checker.from_text(
        f".decl n(x: symbol) .decl p(x: symbol) .action go(x: symbol) {rows} p(home)."
        "@id(cheap) forbid go(X) :- p(X). forbid go(_) :- n(A), n(B), n(C), A < B, B < C, C < A.",
        budget=counted(100),
    )
    for proofs in (True, False):
        home, away = checker.check_all(["go(home)", "go(away)"], proofs=proofs)
        assert (home.verdict, away.verdict) == ("forbidden", "undecided")
    first, note = checker.check("go(home)").reasons
    assert first.id == "cheap"
    assert first.proof is not None
    assert note.id is None
    assert "time is over" in note.text


def test_preferences_rank_the_admissible(checker: Checker) -> None:
    """Only admissible actions are preferred, the strongest first."""
    checker.update(add=["holding(a)", "has_slot(box)", "has_slot(fridge)"])
    ranked = checker.preferences(["open(fridge)", "put(a, box)", "put(a, fridge)"])
    assert [(str(action), weight) for action, weight, _ in ranked] == [
        ("put(a, box)", 0.8),
        ("open(fridge)", 0.6),
    ]


@pytest.mark.parametrize("engine", ["native", "both"])
def test_engines_decide_alike(engine: EngineChoice) -> None:
    """The second engine agrees on a whole small episode."""
    checker = Checker.from_text(RULES, engine=engine)
    checker.update(add=["holding(apple)", "at(box, shelf)", "at(apple, box)"])
    actions = ["put(apple, fridge)", "put(box, apple)", "open(fridge)", "burn(box)", "touch(apple)"]
    verdicts = [d.verdict for d in checker.check_all(actions)]
    assert verdicts == ["forbidden", "forbidden", "admissible", "unpermitted", "admissible"]
    checker.record("open(fridge)", succeeded=True)
    assert checker.check("put(apple, fridge)").admissible


def test_rules_from_files_and_folders(tmp_path: Path) -> None:
    """A folder's files make one program; a proof names the file that a rule stands in."""
    (tmp_path / "a.dl").write_text(".decl p(x: symbol)\n.action go(x: symbol)\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.dl").write_text("forbid go(X) :- p(X).\n")
    checker = Checker.load(tmp_path)
    checker.update(add=["p(here)"])
    assert checker.check("go(here)").reasons[0].where == f"{tmp_path / 'sub' / 'b.dl'}:1:1"


def test_two_threads_never_meet() -> None:
    """Two checkers in two threads, each with its own facts, give each its own answers."""
    wrong: list[str] = []

    def work(name: str) -> None:
        checker = Checker.from_text(RULES)
        for turn in range(40):
            checker.update(add=[f"opened({name})", f"openable({name})", f"holding(h{turn})"])
            if not checker.check(f"put(h{turn}, {name})").admissible:
                wrong.append(name)
            checker.update(remove=[f"opened({name})"])
            if checker.check(f"put(h{turn}, {name})").admissible:
                wrong.append(name)

    threads = [threading.Thread(target=work, args=(f"r{i}",)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


FACTS = [
    "holding(a)",
    "opened(fridge)",
    "at(a, fridge)",
    "at(b, fridge)",
    "at(fridge, a)",
    "hot(a)",
    "not hot(a)",
]
ACTIONS = ["put(a, fridge)", "put(b, a)", "touch(a)", "burn(a)", "open(fridge)"]


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(FACTS)), max_size=12))
def test_decisions_after_updates_equal_those_from_scratch(changes: list[tuple[bool, str]]) -> None:
    """However a state came about, the decisions are those of a new checker with its facts."""
    old = Checker.from_text(RULES)
    for add, fact in changes:
        old.update(add=[fact] if add else [], remove=[] if add else [fact])
        old.check_all(ACTIONS)
    new = Checker.from_text(RULES)
    new.update(
        add=[
            f"{name}({', '.join(map(str, row))})"  # an absence is named "not p": so it reads as it is written
            for name, rows in old.facts().items()
            for row in rows
        ]
    )
    assert [d.verdict for d in old.check_all(ACTIONS)] == [d.verdict for d in new.check_all(ACTIONS)]


def test_what_is_prepared_is_not_compiled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """After prepare, a decision with its proof compiles nothing more."""
    checker = Checker.from_text(RULES)
    checker.update(add=["openable(fridge)"])
    checker.prepare()

    def refuse(*_: object) -> None:
        raise AssertionError("compiled after prepare")

    monkeypatch.setattr("mpr_logic.engine.namespace.Namespace.define", refuse)
    decision = checker.check("put(egg, fridge)")
    assert decision.rules
    assert decision.reasons[0].proof is not None


@pytest.mark.parametrize("fault", [AttributeError("no items"), KeyError("x"), IndexError("out of range")])
def test_a_fault_of_the_engine_admits_nothing(fault: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception that no rules should make compiled code raise rejects the action, as an error of ours."""
    checker = Checker.from_text(RULES)

    def fail(*_: object, **__: object) -> None:
        raise fault

    monkeypatch.setattr("mpr_logic.engine.topdown.rule_compiler.plan", fail)
    decision = checker.check("put(egg, fridge)")
    assert (decision.admissible, decision.verdict) == (False, "undecided")
    assert f"the engine has a fault ({type(fault).__name__}: " in decision.reasons[0].text
    with pytest.raises(EvaluationError, match="the engine has a fault"):
        checker.prepare()


def test_a_proof_is_of_one_fact() -> None:
    """`why` proves a fact that holds, gives None for one that does not, and says so of a variable."""
    checker = Checker.from_text(
        ".decl wet(x: symbol)\n.decl slips(x: symbol)\nwet(hall). slips(X) :- wet(X)."
    )
    proof = checker.why("slips(hall)")
    assert proof is not None
    assert proof.row == ("hall",)
    assert checker.why("slips(yard)") is None
    with pytest.raises(StateError, match="has a variable"):
        checker.why("slips(X)")
