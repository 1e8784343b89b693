"""Relations with a key: a later fact replaces the one with its key, and two at once are an error."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from mpr_logic import Action, Checker, evaluate
from mpr_logic.analysis.occurrences import is_history
from mpr_logic.analysis.program import Fact
from mpr_logic.checker.render import proof_text
from mpr_logic.checker.verifier import verify
from mpr_logic.errors import EvaluationError, ProgramError, StateError
from mpr_logic.guard.guard import Guard
from mpr_logic.language.ast import NOWHERE
from tests.helpers.examples import at_most
from tests.helpers.programs import Case, Change, cases

if TYPE_CHECKING:
    from pathlib import Path

    from mpr_logic.engine.choice import EngineChoice

RULES = """
.decl limit(account: symbol, most: int) key(account) changed_by("the controller")
.decl spent(n: int) key()
.decl seen(a: symbol, b: symbol, n: int) key(b, a)
.decl plain(n: int)
.decl high(account: symbol)
.decl twice(account: symbol)
.action pay(account: symbol, n: int)

high(A) :- limit(A, N), N > 5.
twice(A) :- N = count : { limit(A, _) }, N > 1.

@id(over) @because("{N} and {S} are more than {L}") forbid pay(A, N) :- limit(A, L), spent(S), N + S > L.
@id(no_limit) forbid pay(A, _) :- not limit(A, _).
pay(_, N) causes spent(T) :- spent(S), T = S + N.
"""
ENGINES = ("native", "both")


@pytest.fixture(params=ENGINES)
def checker(request: pytest.FixtureRequest) -> Checker:
    """A checker with an account of which 3 of 10 are spent."""
    made = Checker.from_text(RULES, engine=request.param)
    made.update(add=["limit(a, 10)", "limit(b, 1)", "spent(3)"])
    return made


def test_a_later_fact_replaces_the_one_with_its_key(checker: Checker) -> None:
    """The fact that was asserted before under the key is gone, with all that was derived from it."""
    assert checker.check("pay(a, 7)").admissible
    assert checker.query("high(A)") == {("a",): 1.0}
    checker.update(add=["limit(a, 4)"])
    assert checker.facts()["limit"] == {("a", 4): 1.0, ("b", 1): 1.0}
    assert not checker.check("pay(a, 7)").admissible
    assert checker.query("high(A)") == {}
    assert checker.query("limit(a, N)") == {("a", 4): 1.0}
    assert checker.query("twice(A)") == {}


def test_a_state_replaces_what_was_loaded_before(checker: Checker) -> None:
    """One state after the other is one update after the other."""
    checker.load_state({"facts": {"limit": [["a", 2]], "spent": [[0]]}})
    assert checker.facts()["limit"] == {("a", 2): 1.0, ("b", 1): 1.0}
    assert checker.facts()["spent"] == {(0,): 1.0}


def test_what_an_action_causes_replaces_and_needs_no_ends(checker: Checker) -> None:
    """A count is one row after each action, one that adds nothing among them."""
    for amount in (2, 0, 4):
        checker.record(Action("pay", "a", amount), succeeded=True)
    assert checker.facts()["spent"] == {(9,): 1.0}
    checker.record("pay(a, 1)", succeeded=False)
    assert checker.facts()["spent"] == {(9,): 1.0}


def test_two_rows_for_one_key_at_once_are_an_error(checker: Checker) -> None:
    """Two rows of one update have no order, so neither is the later: it is refused, and changes nothing."""
    before = checker.facts()
    for add in (["limit(a, 7)", "limit(a, 8)"], ["plain(1)", "spent(7)", "limit(a, 1)", "spent(8)"]):
        with pytest.raises(StateError, match="come at once") as caught:
            checker.update(add=add, remove=["limit(b, 1)"])
        assert all(f"`{each}`" in str(caught.value) for each in (add[-3:][-1],))
    assert checker.facts() == before
    checker.update(add=["limit(a, 7)", "limit(a, 7)", "limit(b, 8)", "plain(1)", "plain(2)"])
    assert checker.facts()["limit"] == {("a", 7): 1.0, ("b", 8): 1.0}


def test_the_error_names_both_rows_and_the_file(tmp_path: Path) -> None:
    """The message about two rows of one key says which they are, where, and what the key is."""
    file = tmp_path / "state.dl"
    file.write_text("limit(a, 10).\nspent(0).\nlimit(a, 100).\n")
    with pytest.raises(StateError) as caught:
        Checker.from_text(RULES).load_state(file)
    assert str(caught.value) == (
        f"{file}:3:1: `limit(a, 10)` and `limit(a, 100)` come at once, "
        "and `limit` has one row for each `account`: keep one of them"
    )
    file = tmp_path / "state.json"
    file.write_text('{"facts": {"spent": [[0], [1]]}}')
    with pytest.raises(StateError) as caught:
        Checker.from_text(RULES).load_state(file)
    assert str(caught.value) == (
        f"{file}: `spent(0)` and `spent(1)` come at once, and `spent` has one row at a time: keep one of them"
    )


def test_two_rows_from_one_action_are_an_error() -> None:
    """An action that would cause two rows for one key causes neither, and is not recorded."""
    checker = Checker.from_text(
        ".decl mode(m: symbol) key()\n.decl open(m: symbol)\n.action go()\ngo causes mode(M) :- open(M)."
    )
    checker.update(add=["open(a)", "open(b)"])
    with pytest.raises(StateError, match="come at once"):
        checker.record("go", succeeded=True)
    assert checker.facts() == {"open": {("a",): 1.0, ("b",): 1.0}}
    checker.update(remove=["open(a)"])
    checker.record("go", succeeded=True)
    assert checker.facts()["mode"] == {("b",): 1.0}


def test_a_retracted_row_leaves_its_key_free(checker: Checker) -> None:
    """Another row may come; one that is retracted though it was replaced takes nothing with it."""
    checker.update(remove=["spent(3)"])
    checker.update(add=["spent(4)"])
    checker.update(add=["spent(5)"], remove=["spent(3)", "limit(a, 9)"])
    assert checker.facts()["spent"] == {(5,): 1.0}
    assert ("a", 10) in checker.facts()["limit"]


def test_a_fact_of_the_rules_is_replaced_too() -> None:
    """A program's own fact only begins the state: an update replaces it."""
    for engine in ENGINES:
        checker = Checker.from_text(f"{RULES}limit(a, 10). spent(0).", engine=engine)  # type: ignore[arg-type]
        checker.update(add=["limit(a, 1)"])
        assert checker.facts()["limit"] == {("a", 1): 1.0}
        assert not checker.check("pay(a, 2)").admissible


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_assumed_replaces_for_a_while(engine: EngineChoice) -> None:
    """Inside, the assumed row is the only one for its key; afterwards the old one is back."""
    checker = Checker.from_text(f"{RULES}limit(a, 10). spent(0).", engine=engine)
    low = Fact("limit", ("a", 1), 1.0, NOWHERE)
    with checker.assuming([low, Fact("plain", (1,), 1.0, NOWHERE)]):
        assert checker.query("limit(a, N)") == {("a", 1): 1.0}
        assert not checker.check("pay(a, 2)").admissible
    assert checker.facts() == {"limit": {("a", 10): 1.0}, "spent": {(0,): 1.0}}
    assert checker.check("pay(a, 2)").admissible
    with pytest.raises(StateError, match="come at once"), checker.assuming([low, low._replace(row=("a", 2))]):
        pass
    assert checker.facts() == {"limit": {("a", 10): 1.0}, "spent": {(0,): 1.0}}
    checker.update(add=["limit(a, 3)"])
    assert checker.facts()["limit"] == {("a", 3): 1.0}


def test_a_function_of_the_host_gives_one_row_for_a_key() -> None:
    """Two rows of a host's function are no choice between them: the call is not made."""
    rows = [("a", 10)]
    guard = Guard(text=f"{RULES}spent(0).", relations={"limit": lambda call: rows})
    assert guard.check("pay", {"account": "a", "n": 5}).runs
    rows[:] = [("a", 10), ("a", 1)]
    verdict = guard.check("pay", {"account": "a", "n": 5})
    assert not verdict.runs
    assert "come at once" in str(verdict.error)


def test_proofs_of_what_was_replaced_are_of_the_new_row(checker: Checker) -> None:
    """The proof of a rejection cites the row that holds, and an independent verifier agrees."""
    if checker.engine_name != "native":
        return
    checker.update(add=["limit(a, 4)"])
    (reason,) = checker.check("pay(a, 7)").reasons
    assert reason.proof is not None
    shown = proof_text(reason.proof)
    assert "limit(a, 4)" in shown
    assert "limit(a, 10)" not in shown
    facts = {name: dict.fromkeys(rows, 1.0) for name, rows in checker.facts().items()}
    assert verify(reason.proof, checker.program, facts) == []


def test_a_row_that_is_tried_takes_the_place_of_another(checker: Checker) -> None:
    """A trial update replaces a row as any update does, and is undone as a whole."""
    facts = checker._facts
    with facts.at(facts.version):
        checker.update(add=["limit(a, 100)"])
        assert checker.query("limit(a, N)") == {("a", 100): 1.0}
        assert checker.query("twice(A)") == {}
    assert checker.query("limit(a, N)") == {("a", 10): 1.0}
    checker.update(add=["limit(a, 5)"])
    assert checker.query("limit(a, N)") == {("a", 5): 1.0}


def test_evaluate_knows_keys_where_they_are_declared() -> None:
    """Given rows come after those of the text; two of them for one key are refused."""
    text = ".decl level(a: symbol, n: int) key(a)\nlevel(x, 1). level(y, 1)."
    text += "most(N) :- N = max M : { level(_, M) }."
    for engine in ("native", "both"):
        found = evaluate(text, {"level": [("x", 7)]}, engine=engine)
        assert (found["level"], found["most"]) == ({("x", 7), ("y", 1)}, {(7,)})
    with pytest.raises(StateError, match="one key"):
        evaluate(text, {"level": [("x", 7), ("x", 8)]})


FACTS = st.one_of(
    st.builds(lambda a, n: f"limit({a}, {n})", st.sampled_from("abc"), st.integers(0, 9)),
    st.builds(lambda n: f"spent({n})", st.integers(0, 4)),
    st.builds(lambda a, b, n: f"seen({a}, {b}, {n})", *[st.sampled_from("ab")] * 2, st.integers(0, 3)),
    st.builds(lambda n: f"plain({n})", st.integers(0, 3)),
)
STEPS = st.lists(
    st.tuples(st.lists(FACTS, max_size=4), st.lists(FACTS, max_size=2), st.booleans()), max_size=8
)


def key_of(fact: str) -> str:
    """Return the relation and key of a fact, of which a state has one row; else the fact itself."""
    name, _, rest = fact.rstrip(")").partition("(")
    values = rest.split(", ")
    return {"limit": f"limit {values[0]}", "spent": "spent", "seen": f"seen {values[:2]}"}.get(name, fact)


@given(STEPS, st.sampled_from(ENGINES))
def test_any_updates_leave_the_last_row_of_each_key(
    steps: list[tuple[list[str], list[str], bool]], engine: EngineChoice
) -> None:
    """The state, what is derived from it and every decision are those of a fresh checker with the last rows,
    whatever came before, was assumed for a while, or was refused."""
    checker = Checker.from_text(RULES, engine=engine)
    expected: dict[str, str] = {}
    for add, remove, assumed in steps:
        checker.check("pay(a, 3)")  # so that there is something to forget
        wrong = len({key_of(f) for f in add}) < len(set(add))
        if wrong:
            with pytest.raises(StateError):
                checker.update(add, remove)
        elif assumed:
            with checker.assuming([checker._facts.fact(f) for f in add]):
                checker.query("twice(A)")
        else:
            checker.update(add, remove)
            for fact in remove:
                if expected.get(key_of(fact)) == fact:
                    del expected[key_of(fact)]
            expected |= {key_of(fact): fact for fact in add}
    fresh = Checker.from_text(RULES, engine=engine)
    fresh.update(add=expected.values())
    assert checker.facts() == fresh.facts()
    for question in ("high(A)", "twice(A)", "limit(A, N)", "seen(A, B, N)", "spent(N)"):
        assert checker.query(question) == fresh.query(question)
    for account in "abcd":
        action = f"pay({account}, 3)"
        assert checker.check(action).verdict == fresh.check(action).verdict
    assert checker.query("twice(A)") == {}


def test_what_was_changed_while_another_row_was_assumed_stays() -> None:
    """A row that came inside is later than both, the assumed one and the one before it."""
    checker = Checker.from_text(f"{RULES}limit(a, 10). spent(0).")
    with checker.assuming([Fact("limit", ("a", 1), 1.0, NOWHERE)]):
        checker.update(add=["limit(a, 3)", "spent(2)"])
        assert checker.query("limit(a, N)") == {("a", 3): 1.0}
    assert checker.facts() == {"limit": {("a", 3): 1.0}, "spent": {(2,): 1.0}}


def test_an_older_state_has_its_own_rows() -> None:
    """A question about an earlier decision reads the row that held then; the present one comes back."""
    checker = Checker.from_text(f"{RULES}limit(a, 1). spent(0).")
    decision = checker.check("pay(a, 2)", proofs=False)
    checker.update(add=["limit(a, 10)"])
    checker.update(add=["limit(a, 20)", "spent(5)"])
    assert decision.reasons[0].text == "2 and 0 are more than 1"
    assert checker.facts() == {"limit": {("a", 20): 1.0}, "spent": {(5,): 1.0}}
    checker.update(add=["limit(a, 30)"])
    assert checker.facts()["limit"] == {("a", 30): 1.0}


@pytest.mark.heavy
@given(cases())
@settings(max_examples=at_most(20))
def test_generated_programs_answer_as_if_the_last_rows_were_all(case: Case) -> None:
    """With keys on what the state holds, any program answers after any changes as a fresh checker does that
    was given the rows that are left: nothing of a replaced row lives on."""
    text = re.sub(r"(?m)^(\.decl e\d\(c0: [^)]*\))", r"\1 key(c0)", case.text)
    try:
        checker = Checker.from_text(text)
    except ProgramError as error:
        if all(found.code == "E0226" for found in error.diagnostics):
            reject()  # two rows in the text
        raise
    fresh = Checker.from_text(text)
    for change in [*case.facts, *case.updates]:
        apply(change, checker)
        if is_history(change.relation):  # rows do not tell how often and in what order calls were made
            apply(change, fresh)
        for stratum in checker.program.strata[-1:]:
            ask(checker, stratum[0])  # so that there is something to forget
    rows = checker.facts()
    for name in (n for n in rows if re.fullmatch(r"e\d", n)):
        assert len({row[0] for row in rows[name]}) == len(rows[name])
    fresh.update(remove=stated(fresh))
    fresh.update(add=stated(checker))
    for relation in [*checker.program.schema.relations, *case.candidates]:
        if relation not in case.candidates:
            assert ask(checker, relation) == ask(fresh, relation)
        else:
            actions = [Action(relation, *row) for row in case.candidates[relation]]
            found = [[each.verdict for each in c.check_all(actions)] for c in (checker, fresh)]
            assert found[0] == found[1]


def apply(change: Change, checker: Checker) -> None:
    """Let a change happen."""
    fact = Fact(change.relation, change.row, change.weight or 1.0, NOWHERE)
    checker.update([fact] if change.weight else (), () if change.weight else [fact])


def stated(checker: Checker) -> list[Fact]:
    """The facts of a state but for its history."""
    return [
        Fact(name, row, weight, NOWHERE)
        for name, rows in checker.facts().items()
        if not is_history(name)
        for row, weight in rows.items()
    ]


def ask(checker: Checker, relation: str) -> object:
    """All rows of a relation; or that they have no value."""
    arity = checker.program.arity[relation]
    with checker.asking() as engine:
        try:
            return engine.query(relation, (None,) * arity) if " " not in relation else None
        except EvaluationError as error:
            return type(error)
