"""Relations that are asked (`.decl outside(+p: path)`): decisions, proofs, why-not, repairs, refusals."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpr_logic import Action, Checker, evaluate, verify
from mpr_logic.analysis import analyse
from mpr_logic.analysis.influence import influence_on
from mpr_logic.engine.native import NativeEngine
from mpr_logic.engine.protocol import Budget
from mpr_logic.errors import BudgetError, InexpressibleError, StateError
from mpr_logic.guard.guard import Guard
from mpr_logic.language.ast import Const
from mpr_logic.language.parser import parse
from mpr_logic.language.printer import print_module, print_term

TOOLS = """.type path <: symbol
.action read(p: path)
.action write(p: path, text: symbol)
.action trust(f: path)
.decl folder(f: path)
trust(F) causes folder(F).
"""
ASKED = """.decl outside(+p: path)
outside(P) :- 0 = count : { folder(F), starts_with(P, F) }.
0.95 :: outside(P) :- contains(P, "..").
@id(r) @because("{P} is outside") forbid read(P) :- outside(P).
@id(w) @because("{P} is outside") forbid write(p: P) :- outside(P).
"""
PASTED = "".join(
    f'@id({id}) @because("{{P}} is outside") forbid {action} :- '
    "0 = count : { folder(F), starts_with(P, F) }.\n"
    f'@id({id}_2) @because("{{P}} is outside") 0.95 :: forbid {action} :- contains(P, "..").\n'
    for id, action in (("r", "read(P)"), ("w", "write(p: P)"))
)


def checker(rules: str = ASKED, **options: str) -> Checker:
    """A checker of the tools by these rules."""
    return Checker.from_text(TOOLS + rules, **options)  # type: ignore[arg-type]


PATHS = st.text("/.ab", max_size=6)


@pytest.mark.heavy
@settings(max_examples=30, deadline=None)
@given(st.sets(PATHS, max_size=3), st.lists(PATHS, min_size=1, max_size=5), st.sampled_from([0.9, 0.97]))
def test_it_decides_as_its_rules_pasted_into_each_law(
    folders: set[str], paths: list[str], theta: float
) -> None:
    """A law that asks gives the verdict of the laws into which the rules of the relation are written."""
    asked = Checker.from_text(TOOLS + ASKED, theta=theta)
    pasted = Checker.from_text(TOOLS + PASTED, theta=theta)
    for each in (asked, pasted):
        each.update(add=[f"folder({print_term(Const(folder))})" for folder in sorted(folders)])
    for path in paths:
        for action in (Action("read", path), Action("write", path, "x")):
            one, other = asked.check(action), pasted.check(action)
            assert (one.verdict, one.admissible) == (other.verdict, other.admissible)
            assert {r.text for r in one.reasons} == {r.text for r in other.reasons}
            for reason in one.reasons:
                assert reason.proof is not None
                assert verify(reason.proof, asked.program, asked.facts()) == []


@pytest.mark.parametrize("engine", ["native", "pydatalog", "both"])
def test_every_engine_answers_a_question_about_a_value(engine: str) -> None:
    """The relation is asked of one value at a time, by laws, by other relations and by a query."""
    each = checker(ASKED + ".decl leak(p: path)\nleak(P) :- folder(P), outside(P).", engine=engine)
    each.update(add=['folder("/w/")', 'folder("/w/..")'])
    assert not each.check(Action("read", "/etc")).admissible
    assert each.check(Action("read", "/w/a")).admissible
    assert dict(each.query('outside("/w/../a")')) == {("/w/../a",): 0.95}
    assert dict(each.query("leak(P)")) == {("/w/..",): 0.95}


def test_it_cannot_be_listed_stated_or_filled() -> None:
    """A query without a value, an update, a state and facts for `evaluate` are refused, by name."""
    each = checker()
    for listed in ("outside(P)", "outside(_)"):
        with pytest.raises(StateError, match="`outside` cannot be listed: a question gives `p` a value"):
            each.query(listed)
    with pytest.raises(StateError, match="`outside` is asked, never stated"):
        each.update(add=['outside("/x")'])
    with pytest.raises(StateError, match="outside"):
        each.load_state({"facts": ['outside("/x")']})
    with pytest.raises(StateError, match="`big` is asked, never stated"):
        evaluate(".decl big(+n: int)\nbig(N) :- N > 5.", {"big": [(6,)]})


def test_why_not_and_repairs_go_through_it() -> None:
    """Why-not names the literals of its rules that fail, and a repair is found behind a negation of it."""
    each = checker(
        ASKED.replace(":- outside(P)", ":- not inside(P)") + ".decl inside(+p: path)\n"
        "inside(P) :- folder(F), starts_with(P, F)."
    )
    (repair,) = each.check(Action("read", "/w/a")).repairs
    assert str(repair) == 'after trust("/w/a")'
    each.record('trust("/v/")', True)
    text = str(each.why_not('inside("/w/a")'))
    assert 'starts_with("/w/a", "/v/") is false' in text
    proof = each.why('inside("/v/a")')
    assert proof is not None
    assert (proof.relation, proof.row) == ("inside", ("/v/a",))


def test_an_argument_that_is_passed_on_may_be_computed() -> None:
    """A call may compute what it asks about; the rule's own rows say what it gives back."""
    rules = ".decl half(+n: int, h: int)\nhalf(N, N / 2) :- N mod 2 = 0.\n.decl r(n: int)\n"
    assert evaluate(rules + "r(H) :- q(N), half(N + 1, H). q(3). q(4).")["r"] == {(2,)}


RECURSION = """.decl collatz(+n: int, steps: int)
collatz(1, 0).
collatz(N, S + 1) :- N > 1, N mod 2 = 0, collatz(N / 2, S).
collatz(N, S + 1) :- N > 1, N mod 2 = 1, collatz(3 * N + 1, S).
.decl even(+n: int)
.decl odd(+n: int)
even(0).
even(N) :- N > 0, odd(N - 1).
odd(N) :- N > 0, even(N - 1).
.decl r(n: int, steps: int)
r(N, S) :- q(N), collatz(N, S), not even(N).
q(6). q(7). q(9).
"""


def test_recursion_asks_what_it_needs() -> None:
    """A recursive relation is worked out for the values that are asked for, downwards and in turns."""
    found = evaluate(RECURSION)
    assert found["r"] == {(7, 16), (9, 19)}
    assert "collatz" not in found
    assert evaluate(".decl p(+a: int, b: int)\np(A, B) :- e(A, B).\np(A, C) :- p(A, B), p(B, C).\n"
                    "e(1, 2). e(2, 3). e(3, 1). r(B) :- p(2, B).")["r"] == {(1,), (2,), (3,)}  # fmt: skip


def test_recursion_without_end_is_stopped() -> None:
    """A relation that asks itself of ever new values ends by the budget, and the action is rejected."""
    rules = ".action go(n: int)\n.decl far(+n: int)\nfar(N) :- far(N + 1).\n@id(f) forbid go(N) :- far(N)."
    endless = Checker.from_text(rules, budget=Budget(facts=500, seconds=20))
    decision = endless.check("go(1)")
    assert (decision.admissible, decision.verdict) == (False, "undecided")
    with pytest.raises(BudgetError, match="a recursion asked more than 500 questions"):
        endless.query("far(1)")


def test_pydatalog_says_that_it_cannot_recurse_through_it() -> None:
    """The second engine names the relation that it cannot answer, before it is asked anything."""
    with pytest.raises(InexpressibleError, match="`collatz` is recursive and has modes"):
        evaluate(RECURSION, engine="both")


def test_calls_under_way_are_seen_through_it() -> None:
    """A call under way counts where the sum is compared by a relation that is asked."""
    rules = """.action pay(n: int)
.decl spent(n: int) key()
.decl over(+n: int)
spent(0).
over(N) :- spent(S), S + N > 100.
@id(limit) @because("{N} is too much") forbid pay(N) :- over(N).
pay(N) causes spent(T) :- spent(S), T = S + N.
"""
    program = analyse([parse(rules)])
    assert influence_on(program, "pay").numbers == {"spent": (0, 1)}
    guard = Guard(text=rules)
    assert [guard.check("pay", {"n": n}).runs for n in (60, 60, 40)] == [True, False, True]


def test_the_plus_is_printed_and_is_a_part_of_the_version() -> None:
    """Printing keeps the plus, and a program without it is another program."""
    text = ".decl o(+a: int, b: int)\no(A, B) :- q(A, B).\n.decl q(a: int, b: int)\nq(1, 2).\n"
    assert ".decl o(+a: int, b: int)" in print_module(parse(text))
    assert analyse([parse(text)]).version != analyse([parse(text.replace("+", ""))]).version


def test_asking_for_a_value_that_is_not_known_takes_one_step() -> None:
    """The engine asks only for what is given: a relation with endless rows is no matter."""
    engine = NativeEngine(analyse([parse(RECURSION.replace("q(6). q(7). q(9).", ".decl q(n: int)"))]))
    assert engine.query("collatz", (6, None)) == {(6, 8): 1.0}
    assert engine.query("collatz", (6, 7)) == {}
    assert engine.query("even", (7,)) == {}
    with pytest.raises(BudgetError):
        NativeEngine(engine.program, budget=Budget(facts=3)).query("collatz", (27, None))
