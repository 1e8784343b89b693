"""Repair: what would admit an action, by whom; each step of it was tried."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from mpr_logic import Action, Budget, Checker, EvaluationError
from mpr_logic.analysis import Program
from mpr_logic.checker.disclosure import decision_json, for_model, for_operator
from mpr_logic.checker.repair import Repair, RepairLimits
from mpr_logic.language.ast import Arithmetic, Call, Comparison, Literal, Var
from tests.checker.kitchen import Kitchen
from tests.checker.test_verdicts import guarded, tell
from tests.checker.test_versions import sources
from tests.helpers.programs import EXAMPLES, Case, slow_fuzz

PAYING = """
.type account <: symbol
.type person <: symbol
.decl ledger(a: account) changed_by("the accountant")
.decl blocked(a: account) changed_by("the bank")
.decl cleared(a: account) open_world changed_by("the bank")
.decl limit(a: account, n: int) changed_by("the controller")
.decl approved(a: account, by: person) changed_by("a manager")
.decl closed_on(day: symbol, a: account)
.decl note(a: account, text: symbol) changed_by("the clerk")
.decl staff(p: person)
.action pay(a: account, n: int)
.action audit(a: account, by: person)
.action close(a: account)
.action describe(a: account)
ledger(acct_1). blocked(acct_3). limit(acct_1, 500). closed_on(monday, acct_1). note(acct_1, "old").
approved(acct_1, ann).
@disclose(repair) forbid pay(A, _) :- not ledger(A).
@disclose(repair) forbid pay(A, _) :- blocked(A).
@disclose(repair) forbid pay(A, N) :- limit(A, M), N > M.
@disclose(repair) forbid audit(A, _) :- not approved(A, _).
@disclose(repair) forbid close(A) :- not cleared(A).
@disclose(repair) forbid close(A) :- closed_on(_, A).
@disclose(repair) forbid close(A) :- not closed_on(_, A).
@disclose(repair) forbid describe(A) :- not note(A, _).
"""

HOUSE = """
.type thing <: symbol
.type place <: symbol
.decl at(o: thing, p: place)
.decl here(p: place)
.decl holding(o: thing)
.decl shut(p: place)
.decl lit(p: place)
.action go(p: place)
.action open(p: place)
.action take(o: thing, p: place)
.action drop(o: thing)
.action eat(o: thing)
.action sign(o: thing, by: symbol)
.decl signed(o: thing)
@disclose(repair) forbid eat(O) :- not holding(O).
@disclose(repair) forbid take(O, P) :- not here(P).
@disclose(repair) forbid take(O, P) :- shut(P).
@disclose(repair) forbid open(P) :- not here(P).
@disclose(repair) forbid drop(O) :- not holding(O).
@disclose(repair) forbid drop(O) :- not signed(O).
forbid go(P) :- lit(P).
go(P) causes here(P).
go(_) ends here(P) :- here(P).
open(P) ends shut(P).
take(O, _) causes holding(O).
take(O, P) ends at(O, P).
sign(O, _) causes signed(O).
at(apple, kitchen). at(key, cellar). here(hall). shut(cellar).
"""


def texts(found: tuple[Repair, ...]) -> list[str]:
    """The repairs as text."""
    return [str(each) for each in found]


def repaired(text: str, action: str, *facts: str) -> list[str]:
    """The repairs of an action under some rules, as text."""
    checker = Checker.from_text(text)
    checker.update(add=facts)
    return texts(checker.check(action).repairs)


def test_an_action_brings_it_about() -> None:
    """A closed fridge: open it, which is admissible. What only the rules' author states is not offered."""
    found = Kitchen().repairs("put", "d", "fridge_1")
    assert found == (
        Repair(
            (("opened", ("fridge_1",)),),
            (),
            ("open(fridge_1)",),
            text="after open(fridge_1): opened(fridge_1)",
        ),
    )
    assert found[0].reachable


def test_an_action_that_is_rejected_itself_is_not_advised() -> None:
    """Opening the fridge is no repair for a robot that does not stand before it."""
    kitchen = Kitchen()
    kitchen.checker.update(remove=["at(robot, fridge_1)"])
    assert kitchen.repairs("put", "d", "fridge_1") == ()


def test_what_nobody_can_change_has_no_repair() -> None:
    """A crowded shelf, a dirty thing that cannot be seen to be clean, a failure of the past, a time, an hour:
    without an action or a person that changes them there is nothing to offer, and nothing is invented."""
    kitchen = Kitchen()
    assert kitchen.repairs("put", "d", "shelf") == ()
    assert kitchen.repairs("serve", "a") == ()
    assert kitchen.repairs("clean", "c") == ()
    flights = """
    .decl booked(r: symbol, t: symbol)
    .decl hour(h: int)
    .decl fine(r: symbol)
    hour(23). booked("ZZ99", "2024-06-01").
    .action cancel(r: symbol)
    fine(R) :- booked(R, T), T >= "2024-05-14".
    forbid cancel(R) :- not fine(R).
    forbid cancel(_) :- hour(H), H > 22.
    """
    assert repaired(flights, 'cancel("AB12")') == []
    by_the_desk = flights.replace("t: symbol)", 't: symbol) changed_by("the desk")')
    assert repaired(by_the_desk, 'cancel("AB12")') == []


def test_somebody_may_change_it() -> None:
    """A relation whose declaration names who may change it is offered with the name, its values those of the
    call, of the rule or of facts in the way; a column of a built-in type is never filled."""
    assert repaired(PAYING, "pay(acct_2, 1)") == ["if the accountant says: ledger(acct_2)"]
    assert repaired(PAYING, "pay(acct_3, 1)", "ledger(acct_3)") == ["if the bank says: not blocked(acct_3)"]
    assert repaired(PAYING, "pay(acct_3, 1)") == [
        "if the accountant says: ledger(acct_3), and if the bank says: not blocked(acct_3)"
    ]
    assert repaired(PAYING, "pay(acct_1, 900)") == ["if the controller says: not limit(acct_1, 500)"]
    assert repaired(PAYING, "close(acct_2)", "cleared(acct_2)") == []
    assert repaired(PAYING, "describe(acct_2)") == []


def test_no_column_is_crossed() -> None:
    """A value comes from the call's argument or from facts of the same type, whatever else has that value."""
    assert repaired(PAYING, "audit(acct_2, bob)", "staff(eve)") == [
        "if a manager says: approved(acct_2, bob)",
        "if a manager says: approved(acct_2, ann)",
    ]


def test_steps_before_steps() -> None:
    """A step comes after those that deal with the rules against it; the first step is admissible now, and
    each is tried with all that it changes."""
    assert repaired(HOUSE, "eat(apple)") == [
        "after go(kitchen), take(apple, kitchen): here(kitchen), holding(apple)"
    ]
    assert repaired(HOUSE, "eat(key)") == [
        "after go(cellar), open(cellar), take(key, cellar): here(cellar), not shut(cellar), holding(key)"
    ]
    assert repaired(HOUSE, "eat(key)", "lit(cellar)") == []


def test_what_was_never_seen_is_not_named() -> None:
    """No step takes a thing from a place that no fact ties it to, and none has a value of another column."""
    assert repaired(HOUSE, "eat(egg)") == []
    assert repaired(HOUSE, "take(key, attic)") == ["after go(attic): here(attic)"]  # the call names it
    assert repaired(HOUSE, "drop(apple)", "holding(apple)") == []  # nobody says who would sign
    signing = HOUSE.replace("by: symbol", "by: person")
    signing = signing.replace(".type place", ".type person <: symbol .type place")
    signing += ".decl clerk(p: person, o: thing) clerk(zoe, apple). clerk(jo, key)."
    assert repaired(signing, "drop(apple)", "holding(apple)") == ["after sign(apple, zoe): signed(apple)"]


def test_what_was_done_is_brought_about_by_doing_it() -> None:
    """An action that a rule wants tried, or succeeded, is itself the repair; a failed one stays failed, and a
    rule that counts may take several."""
    text = """
    .type person <: symbol
    .decl reviewer(p: person)
    .action deploy(s: symbol)
    .action test(s: symbol)
    .action ask(s: symbol, p: person)
    .decl approved(s: symbol, p: person)
    reviewer(ann). reviewer(bob).
    ask(S, P) causes approved(S, P) :- reviewer(P).
    forbid deploy(S) :- not succeeded test(S).
    forbid deploy(S) :- failed deploy(S).
    forbid deploy(S) :- N = count : { approved(S, _) }, N < 2.
    """
    checker = Checker.from_text(text)
    (found,) = checker.check("deploy(shop)").repairs
    assert sorted(found.actions) == ["ask(shop, ann)", "ask(shop, bob)", "test(shop)"]
    checker.record("deploy(shop)", succeeded=False)
    assert checker.check("deploy(shop)").repairs == ()


def test_what_an_action_spoils_is_seen() -> None:
    """A step whose other effects stand against the action is no repair."""
    text = """
    .decl warm(p: symbol)
    .decl dry(p: symbol)
    .action sow(p: symbol)
    .action heat(p: symbol)
    .action soak(p: symbol)
    heat(P) causes warm(P).
    heat(P) ends dry(P).
    forbid sow(P) :- not warm(P).
    forbid sow(P) :- not dry(P).
    """
    assert repaired(text, "sow(bed)", "dry(bed)") == []
    assert repaired(text.replace("heat(P) ends dry(P).", ""), "sow(bed)", "dry(bed)") == [
        "after heat(bed): warm(bed)"
    ]


def test_a_model_is_told_of_actions_only() -> None:
    """A fact that somebody may state is told to the operator only: a model would just claim it was said."""
    decision = Checker.from_text(PAYING).check("pay(acct_2, 1)")
    assert "if the accountant says: ledger(acct_2)" in for_operator(decision)
    assert "accountant" not in for_model(decision)
    assert decision_json(decision, "model")["repairs"] == []
    (said,) = decision_json(decision)["repairs"]
    assert (said["actions"], said["left"], said["who"]) == ([], ["ledger(acct_2)"], ["the accountant"])
    told = for_model(Checker.from_text(HOUSE).check("eat(apple)"))
    assert "it would be admissible after go(kitchen), take(apple, kitchen)" in told


def test_the_search_is_bounded() -> None:
    """With one supposed state allowed nothing is found, and with size 1 nothing of size 2."""
    kitchen = Kitchen(HOUSE)
    assert kitchen.repairs("eat", "apple") != ()
    assert kitchen.repairs("eat", "apple", limits=RepairLimits(checks=1)) == ()
    assert kitchen.repairs("eat", "apple", limits=RepairLimits(size=1)) == ()


@st.composite
def changing(draw: st.DrawFn) -> tuple[Case, str]:
    """A guarded case in which somebody may change some of the relations."""
    case, text = draw(guarded())
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if line.startswith(".decl e") and draw(st.booleans()):
            lines[number] = f'{line} changed_by("w{number}")'
    return case, "\n".join(lines)


@slow_fuzz
@settings(
    database=None,
    max_examples=max(EXAMPLES // 3, 1),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
@given(given_case=changing())
def test_every_repair_repairs(given_case: tuple[Case, str]) -> None:
    """In generated programs: the steps of a repair can be made one after the other, then the action is
    admitted, and without any one of them it is not; what changes is declared to be somebody's, or an
    action's effect; no value is new; and the search leaves nothing behind."""
    case, text = given_case
    checker = Checker.from_text(text, theta=0.6, budget=Budget(seconds=60))
    for step in case.facts:
        tell(checker, step)
    actions = [Action(name, *row) for name, rows in case.candidates.items() for row in rows[:4]]
    rejected = [
        d for d in checker.check_all(actions, proofs=True) if d.verdict in ("forbidden", "unpermitted")
    ]
    assume(rejected)
    for decision in rejected[:3]:
        before = sources(checker)
        found: tuple[Repair, ...] = ()
        with suppress(EvaluationError):
            found = checker.repairs(decision, limits=RepairLimits(found=3, checks=40))
        assert sources(checker) == before
        event("repaired" if found else "no repair")
        for each in found:
            _try(checker, decision.action, each)


def _computed(program: Program) -> set[tuple[str, int]]:
    """The arguments, as relations and places, for which some rule computes a value: it is not invented."""
    found = set()
    for rule in program.rules:
        names = {
            side.name
            for item in rule.body
            if isinstance(item, Comparison) and item.op == "="
            for side, other in ((item.left, item.right), (item.right, item.left))
            if isinstance(side, Var) and isinstance(other, Arithmetic | Call)
        }
        for item in rule.body:
            if isinstance(item, Literal):
                relation = item.atom.name.removeprefix("not ")
                terms = enumerate(item.atom.args)
                found |= {
                    (relation, at) for at, term in terms if isinstance(term, Var) and term.name in names
                }
    return found


def test_a_repair_names_times_of_rules_and_what_rules_compute() -> None:
    """A time that stands in a rule is known, and so is one that the rule makes of what is known."""
    declared = """
.decl k(n: int)
.decl e(t: time) open_world changed_by("w")
.action act()
.default forbid act
k(3).
"""
    made = 'permit act :- k(I), M = to_time(concat("1970-01-01T00:0", to_text(I), ":00Z")), e(M).'
    for rule, expected in (
        ('permit act :- not e("1970-01-01T00:00:00Z").', 'not e("1970-01-01T00:00:00Z")'),
        (made, 'e("1970-01-01T00:03:00Z")'),
    ):
        checker = Checker.from_text(declared + rule)
        decision = checker.check("act")
        (found,) = checker.repairs(decision)
        assert found.left == (expected,)
        _try(checker, decision.action, found)


def _try(checker: Checker, action: Any, repair: Repair) -> None:
    schema = checker.program.schema
    known = {v for rows in checker.facts().values() for row in rows for v in row}
    known |= {*action.args, *checker.program.constants()}
    computed = _computed(checker.program)
    for relation, row in (*repair.add, *repair.remove):
        assert {
            v for place, v in enumerate(row) if (relation.removeprefix("not "), place) not in computed
        } <= known
    for change, who in zip(repair.left, repair.who, strict=True):
        assert schema.relations[change.removeprefix("not ").partition("(")[0]].changed_by == who
    with checker.assuming([]):
        version = checker.version
        with checker.at(version):
            for text in repair.actions if repair.reachable else ():
                assert checker.check(text).admissible
                checker.record(text, succeeded=True)
            for change in repair.left if not repair.actions else ():
                relation = change.removeprefix("not ").partition("(")[0]
                if change.startswith("not ") and not schema.relations[relation].open_world:
                    checker.update(remove=[change.removeprefix("not ")])
                else:
                    checker.update(add=[change])
            if repair.reachable or not repair.actions:
                assert checker.check(action).admissible
