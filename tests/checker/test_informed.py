"""A law that hangs on something unknown is answered with the call that tells it."""

from __future__ import annotations

from itertools import chain, combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpr_logic import Checker, ProgramError
from mpr_logic.analysis import analyse
from mpr_logic.analysis.lints import vet
from mpr_logic.checker.disclosure import decision_json
from mpr_logic.language import parse
from mpr_logic.language.printer import print_module

AIRLINE = """
.action get_details(id: symbol)
.action get_user(user: symbol)
.action cancel(id: symbol)
.decl reservation(id: symbol, user: symbol, cabin: symbol) input
.decl member(user: symbol, level: symbol) input
.decl gold(user: symbol)
get_details(R) tells reservation(R, _, _).
get_user(U) tells member(U, _).
gold(U) :- member(U, gold).
@id(basic) @because("{R} is basic economy")
forbid cancel(R) :- reservation(R, U, basic), not gold(U).
"""


def checker(text: str, *facts: str) -> Checker:
    """A checker of a text in a state."""
    found = Checker.from_text(text)
    found.update(add=facts)
    return found


@pytest.mark.parametrize(
    ("facts", "verdict", "asks"),
    [
        ([], "uninformed", ("get_details(ab12)",)),
        (["reservation(zz99, ann, basic)"], "uninformed", ("get_details(ab12)",)),
        (["past get_details(ab12)"], "uninformed", ("get_details(ab12)",)),
        (["failed get_details(ab12)"], "uninformed", ("get_details(ab12)",)),
        (["succeeded get_details(ab12)"], "admissible", ()),
        (["reservation(ab12, ann, business)"], "admissible", ()),
        (["reservation(ab12, ann, basic)"], "uninformed", ("get_user(ann)",)),
        (["reservation(ab12, ann, basic)", "member(ann, silver)"], "forbidden", ()),
        (["reservation(ab12, ann, basic)", "succeeded get_user(ann)"], "forbidden", ()),
        (["reservation(ab12, ann, basic)", "member(ann, gold)"], "admissible", ()),
    ],
)
def test_a_law_asks_for_what_it_needs_in_turn(facts: list[str], verdict: str, asks: tuple[str, ...]) -> None:
    """First the reservation, then its user; then the law speaks for itself."""
    decision = checker(AIRLINE, *facts).check("cancel(ab12)")
    assert (decision.verdict, decision.asks) == (verdict, asks)
    assert decision.admissible == (verdict == "admissible")


def test_the_answer_names_the_call_in_text_in_json_and_as_a_repair() -> None:
    """People, hosts and models are told the same call."""
    decision = checker(AIRLINE).check("cancel(ab12)")
    assert [r.text for r in decision.reasons] == ["not informed: call get_details(ab12) first"]
    assert decision.rules == ("basic",)
    for audience in ("operator", "model"):
        assert decision_json(decision, audience)["asks"] == ["get_details(ab12)"]
    assert [str(step) for repair in decision.repairs for step in repair.actions] == ["get_details(ab12)"]


def test_what_forbids_whatever_is_told_is_told_first() -> None:
    """A law that holds already makes the answer `forbidden`."""
    found = checker(AIRLINE + ".decl frozen() input\nforbid cancel(_) :- frozen().", "frozen")
    decision = found.check("cancel(ab12)")
    assert (decision.verdict, decision.asks, len(decision.reasons)) == ("forbidden", (), 2)
    assert decision.reasons[0].asks is None


def test_a_law_that_holds_by_one_row_asks_for_no_other() -> None:
    """One leg that was flown forbids, whatever is unknown of the others."""
    text = """.action status(leg: symbol)  .action cancel(id: symbol)
    .decl leg(id: symbol, leg: symbol) input  .decl flown(leg: symbol) input
    status(L) tells flown(L).
    forbid cancel(R) :- leg(R, L), flown(L)."""
    legs = "leg(ab12, one)", "leg(ab12, two)"
    assert checker(text, *legs, "flown(one)").check("cancel(ab12)").verdict == "forbidden"
    both = checker(text, *legs).check("cancel(ab12)")
    assert both.verdict == "uninformed"
    assert set(both.asks) == {"status(one)", "status(two)"}


def test_sums_and_counts_hang_on_what_they_range_over() -> None:
    """An aggregate over unknown rows is unknown."""
    text = """.action list(owner: symbol)  .action open(owner: symbol)
    .decl account(owner: symbol, id: symbol) input
    list(O) tells account(O, _).
    forbid open(O) :- N = count : { account(O, _) }, N >= 2."""
    assert checker(text).check("open(ann)").asks == ("list(ann)",)
    assert checker(text, "account(ann, a)").check("open(ann)").admissible
    assert checker(text, "account(ann, a)", "account(ann, b)").check("open(ann)").verdict == "forbidden"


def test_the_call_that_tells_is_not_asked_for_before_itself() -> None:
    """A law about the call itself goes by what is known."""
    law = "\nforbid get_details(R) :- reservation(R, U, _), U != ann."
    assert checker(AIRLINE + law).check("get_details(ab12)").admissible


def test_a_permit_lifts_the_law_and_its_question() -> None:
    """A law that is overridden needs to know nothing."""
    found = checker(AIRLINE + ".decl chief() input\n@overrides(basic) permit cancel(_) :- chief().", "chief")
    assert found.check("cancel(ab12)").admissible


def test_unknown_holds_of_what_is_neither_stated_nor_denied() -> None:
    """``unknown`` is asked as any condition is."""
    text = """.action pay(to: symbol)  .decl trusted(who: symbol, why: symbol) open_world input
    @because("nothing is known of {T}") forbid pay(T) :- unknown trusted(T, _)."""
    assert checker(text).check("pay(eve)").verdict == "forbidden"
    assert checker(text, "trusted(eve, kin)").check("pay(eve)").admissible
    assert checker(text, "not trusted(eve, kin)").check("pay(eve)").admissible


def test_ids_of_laws_stay_when_a_call_is_declared_to_tell() -> None:
    """Evidence of a law is not lost."""
    plain = "\n".join(line for line in AIRLINE.splitlines() if " tells " not in line)
    law = "forbid cancel(R) :- reservation(R, _, closed)."
    of = {text: Checker.from_text(text + law).program for text in (plain, AIRLINE)}
    assert len({frozenset(rule.id for rule in program.written) for program in of.values()}) == 1
    assert of[plain].version != of[AIRLINE].version


def test_a_declaration_is_printed_as_it_is_read() -> None:
    """The printer writes what the parser reads."""
    text = "a(X, _) tells p(X, _).\nforbid a(X, Y) :- unknown p(X, _), (unknown q(Y) ; p(X, Y)).\n"
    module = parse(text)
    assert parse(print_module(module)) == module
    assert parse("tells tells tells.\nunknown(a).\n.action unknown(tells: symbol)").statements


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("forbid close(D) :- reservation(_, D, _).", "no call that tells it takes"),
        (
            ".decl linked(a: symbol, b: symbol)\nlinked(A, B) :- reservation(A, B, _).\n"
            "linked(A, B) :- linked(A, C), linked(C, B).\nforbid close(D) :- linked(D, home).",
            "one turn",
        ),
    ],
)
def test_a_law_that_can_ask_for_nothing_is_told(text: str, told: str) -> None:
    """Where no call can be asked for, the author is told before the first call."""
    program = analyse([parse(AIRLINE + ".action close(desk: symbol)\n" + text)])
    assert any(d.code == "W0638" and told in d.message for d in vet(program))


MISTAKES = [
    ("get_user(U) tells member(U, gold).", "E0270", "tells member(U, _)"),
    ("get_user(U) tells member(V, _).", "E0270", "tells member(U, _)"),
    ("get_user(ann) tells member(_, _).", "E0270", "get_user(_) tells member(_, _)"),
    ("get_user(U) tells member(U, _) :- gold(U).", "E0270", "get_user(U) tells member(U, _)."),
    ("@id(a) get_user(U) tells member(U, _).", "E0270", "get_user(U) tells member(U, _)."),
    ("get_user(U) tells gold(U).", "E0272", "get_user(U) tells member(U, _)."),
    ("get_usr(U) tells member(U, _).", "E0201", "get_user(U) tells member(U, _)."),
    ("get_user(U) tells membr(U, _).", "E0201", "get_user(U) tells member(U, _)."),
    ("member(U, _) tells get_user(U).", "E0202", "get_user(U) tells member(U, _)."),
    ("get_user(U) tells member(U).", "E0203", "get_user(U) tells member(U, _)."),
    ("forbid get_user(U) :- unknown member(U, _).", "E0271", "forbid get_user(U) :- not member(U, _)."),
    ("forbid get_user(U) :- not unknown member(U, _).", "E0101", "forbid get_user(U) :- member(U, _)."),
]


@pytest.mark.parametrize(("text", "code", "fix"), MISTAKES, ids=[each[0] for each in MISTAKES])
def test_a_mistake_is_told(text: str, code: str, fix: str) -> None:
    """A wrong declaration is told with its place, and the fix is right."""
    with pytest.raises(ProgramError) as refused:
        Checker.from_text(AIRLINE + text)
    assert refused.value.diagnostics[0].code == code, refused.value
    assert refused.value.diagnostics[0].help
    Checker.from_text(
        AIRLINE + (fix if fix.endswith(".") else f"get_user(U) {fix}." if fix[0] == "t" else f"{fix}.")
    )


# -- nothing is admitted that hangs on something unknown -------------------------------------------

KEYS, VALUES = ("a", "b"), ("x", "y")
HEAD = """.action tell(k: symbol)  .action tell2(k: symbol)  .action go(k: symbol)
.decl p(k: symbol, v: symbol) input  .decl q(k: symbol, v: symbol) input  .decl c(k: symbol, l: symbol) input
.decl d(k: symbol, v: symbol)  .decl e(k: symbol)
"""
TELLS = "tell(K) tells p(K, _).\ntell2(K) tells q(K, _).\n"
ITEMS = st.sampled_from(
    "p(K, x);p(K, V);not p(K, y);q(K, V);not q(K, V);q(K, _);c(K, L);p(L, V);not p(L, x);d(K, V);not d(K, x);"
    "d(L, x);e(K);not e(L);N = count : { p(K, _) }, N < 2;N = count : { q(L, W) }, N >= 1;V != x".split(";")
)
RULES = st.sampled_from(
    "d(K, V) :- p(K, V), not q(K, V).;d(K, x) :- c(K, L), q(L, x).;d(K, V) :- p(K, V).;e(K) :- d(K, x).;"
    "e(K) :- c(K, L), not p(L, y).;d(a, V) :- p(a, V).;d(K, V) :- c(K, V).".split(";")
)
POSITIVE = "p(K, V)", "q(K, V)", "c(K, L)"


@st.composite
def programs(draw: st.DrawFn) -> str:
    """A law about `go(K)`, and rules of what it reads; every variable has a value."""
    rules = draw(st.lists(RULES, max_size=3, unique=True))
    items = draw(st.lists(ITEMS, min_size=1, max_size=4))
    body = ", ".join(items)
    if "V" in body and not {"p(K, V)", "q(K, V)", "p(L, V)", "d(K, V)"} & set(items):
        items.append("p(K, V)")
    if "L" in body and "c(K, L)" not in items:
        items.append("c(K, L)")
    return HEAD + "\n".join(rules) + f"\nforbid go(K) :- {', '.join(dict.fromkeys(items))}."


FACTS = st.sets(
    st.tuples(st.sampled_from("pqc"), st.sampled_from(KEYS), st.sampled_from((*VALUES, *KEYS))), max_size=5
)
TOLD = st.sets(st.tuples(st.sampled_from(("tell", "tell2")), st.sampled_from(KEYS)), max_size=2)


def completions(facts: set[tuple[str, str, str]], told: set[tuple[str, str]]) -> list[list[str]]:
    """The states that may be meant: any rows for what nothing is known of and nobody asked about."""
    open_rows = [
        f"{relation}({key}, {value})"
        for relation, call in (("p", "tell"), ("q", "tell2"))
        for key in KEYS
        if (call, key) not in told and not any(r == relation and k == key for r, k, _ in facts)
        for value in VALUES
    ]
    every = chain.from_iterable(combinations(open_rows, size) for size in range(len(open_rows) + 1))
    return [list(each) for each in every]


@pytest.mark.heavy
@settings(max_examples=40)
@given(programs(), FACTS, TOLD)
def test_an_action_is_admitted_only_where_all_that_may_be_told_would_admit_it(
    text: str, facts: set[tuple[str, str, str]], told: set[tuple[str, str]]
) -> None:
    """No rows that may be told would make the law reject; where it says `forbidden`, all would."""
    try:
        plain = Checker.from_text(text)
    except ProgramError:
        return
    stated = [f"{relation}({key}, {value})" for relation, key, value in facts]
    asked = checker(text + "\n" + TELLS, *stated, *(f"succeeded {call}({key})" for call, key in told))
    decision = asked.check("go(a)")
    if any(d.code == "W0638" for d in vet(asked.program)):
        return
    plain.update(add=stated)
    for more in completions(facts, told) if decision.verdict != "uninformed" else ():
        plain.update(add=more)
        assert plain.check("go(a)").admissible == decision.admissible, more
        plain.update(remove=more)
