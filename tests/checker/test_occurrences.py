"""In aggregates each call of the history is an occurrence of its own; outside of them nothing counts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpr_logic.checker.checker import Checker
from mpr_logic.checker.render import proof_json, proof_text, rule_text
from mpr_logic.checker.verifier import verify
from mpr_logic.engine.choice import EngineChoice
from mpr_logic.engine.provenance.proof import AggregateStep, RuleProof
from tests.helpers.examples import at_most

RULES = """
.decl person(p: symbol)
.decl sum_to(p: symbol, s: int)
.decl sum_of(w: symbol, s: int)
.decl calls_to(p: symbol, n: int)
.decl calls(w: symbol, n: int)
.decl open_calls(n: int)
.decl open_or_good(s: int)
.decl good_again(n: int)
.decl bounds(low: int, high: int)
.decl pairs(n: int)
.decl rows(t: symbol, b: int)
.decl distinct(s: int)
.action pay(to: symbol, amount: int)
.action look(at: symbol)
person(ann). person(bob). person(cy).
sum_to(T, S) :- person(T), S = sum B : { succeeded pay(T, B) }.
sum_of("past", S) :- S = sum B : { past pay(_, B) }.
sum_of("succeeded", S) :- S = sum B : { succeeded pay(_, B) }.
sum_of("failed", S) :- S = sum B : { failed pay(_, B) }.
calls_to(T, N) :- N = count : { past pay(T, _) }.
calls("past", N) :- N = count : { past pay(_, _) }.
calls("succeeded", N) :- N = count : { succeeded pay(to: _) }.
calls("failed", N) :- N = count : { failed pay(_, _) }.
open_calls(N) :- N = count : { past pay(T, B), not succeeded pay(T, B), not failed pay(T, B) }.
open_or_good(S) :- S = sum B : { past pay(T, B), not failed pay(T, B) }.
good_again(N) :- N = count : { past pay(T, B), succeeded pay(T, B) }.
bounds(L, H) :- L = min B : { past pay(_, B) }, H = max B : { past pay(_, B) }.
pairs(N) :- N = count : { past pay(_, _), past look(_) }.
rows(T, B) :- past pay(T, B).
distinct(S) :- S = sum B : { rows(_, B) }.
"""

PEOPLE = ("ann", "bob", "cy")
AMOUNTS = st.integers(-1, 2)
Call = tuple[str, int, "bool | None"]
CALLS = st.lists(
    st.tuples(st.sampled_from(PEOPLE), AMOUNTS, st.sampled_from([True, False, None])), max_size=9
)
LOOKS = st.integers(0, 3)


def expected(calls: Iterable[Call], looks: int = 0) -> dict[str, set[tuple[Any, ...]]]:
    """Return the rows of the relations of RULES after these calls, by Python's own sums over the list."""
    made = list(calls)
    good = [(t, b) for t, b, how in made if how is True]
    bad = [(t, b) for t, b, how in made if how is False]
    tried = [(t, b) for t, b, _ in made]
    amounts = [b for _, b in tried]
    said = {"past": tried, "succeeded": good, "failed": bad}
    return {
        "sum_to": {(p, sum(b for t, b in good if t == p)) for p in PEOPLE},
        "sum_of": {(word, sum(b for _, b in each)) for word, each in said.items()},
        "calls_to": {(p, n) for p in PEOPLE if (n := sum(t == p for t, _ in tried))},
        "calls": {(word, len(each)) for word, each in said.items()},
        "open_calls": {(sum(how is None for _, _, how in made),)},
        "open_or_good": {(sum(b for _, b, how in made if how is not False),)},
        "good_again": {(len(good),)},
        "bounds": {(min(amounts), max(amounts))} if amounts else set(),
        "pairs": {(len(tried) * looks,)},
        "rows": set(tried),
        "distinct": {(sum(b for _, b in set(tried)),)},
    }


def found(checker: Checker) -> dict[str, set[tuple[Any, ...]]]:
    """The same, as a checker derives it."""
    relations = checker.program.schema.relations
    arity = {name: relations[name].arity for name in expected([])}
    return {
        name: set(checker.query(f"{name}({', '.join(f'V{i}' for i in range(n))})"))
        for name, n in arity.items()
    }


def act(call: Call) -> str:
    """The text of a call."""
    return f"pay({call[0]}, {call[1]})"


def recorded(checker: Checker, call: Call) -> None:
    """Enter a call when it is over."""
    checker.record(act(call), call[2])


def in_two_steps(checker: Checker, call: Call) -> None:
    """Enter a call when it begins, and how it went."""
    checker.record(act(call))
    checker.record(act(call), call[2], entered=True)


def by_facts(checker: Checker, call: Call) -> None:
    """State a call, its outcome first."""
    checker.update(add=[f"{word} {act(call)}" for word in reversed(words(call))])


def words(call: Call) -> list[str]:
    """Return the words that hold of a call: ``past``, and ``succeeded`` or ``failed``."""
    return ["past", *({True: ["succeeded"], False: ["failed"], None: []}[call[2]])]


ENTER = {"recorded": recorded, "in two steps": in_two_steps, "by facts": by_facts}


@pytest.mark.heavy
@pytest.mark.parametrize("way", ENTER)
@settings(max_examples=at_most(40), deadline=None)
@given(calls=CALLS, looks=LOOKS)
def test_sums_and_counts_are_pythons_over_the_list_of_calls(way: str, calls: list[Call], looks: int) -> None:
    """However calls are entered, aggregates range over the list of them."""
    checker = Checker.from_text(RULES)
    for call in calls:
        ENTER[way](checker, call)
    for _ in range(looks):
        checker.record("look(shelf)")
    assert found(checker) == expected(calls, looks)


@pytest.mark.heavy
@settings(max_examples=at_most(25), deadline=None)
@given(calls=CALLS)
def test_all_engines_count_calls(calls: list[Call]) -> None:
    """The second engine, and both together, answer as the native one does."""
    engines: list[EngineChoice] = ["pydatalog", "both"]
    for engine in engines:
        checker = Checker.from_text(RULES, engine=engine)
        for call in calls:
            recorded(checker, call)
        right = expected(calls)
        for name in ("sum_to", "calls", "open_or_good", "bounds"):
            arity = len(checker.program.schema.relations[name].params)
            assert set(checker.query(f"{name}({', '.join('XY'[:arity])})")) == right[name]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("enter"), st.sampled_from(sorted(ENTER)), CALLS.filter(bool).map(lambda c: c[0])),
        st.tuples(st.just("forget"), st.sampled_from(PEOPLE), AMOUNTS),
        st.tuples(st.just("suppose"), st.just(""), CALLS),
    ),
    max_size=12,
)


@pytest.mark.heavy
@settings(max_examples=at_most(30), deadline=None)
@given(steps=STEPS)
def test_after_every_change_the_answers_are_those_of_a_fresh_checker(steps: list[Any]) -> None:
    """Calls that come, are assumed for a while and taken back leave what a fresh checker would hold."""
    checker, calls = Checker.from_text(RULES), list[Call]()
    for kind, which, what in steps:
        if kind == "enter":
            ENTER[which](checker, what)
            calls.append(what)
        elif kind == "forget":
            text = f"pay({which}, {what})"
            checker.update(remove=[f"{word} {text}" for word in ("past", "succeeded", "failed")])
            calls = [call for call in calls if call[:2] != (which, what)]
        else:
            facts = [checker._facts.fact(f"{word} {act(c)}") for c in what for word in words(c)]
            before = found(checker)
            with checker.assuming(facts):
                assert found(checker) == expected([*calls, *what])
            assert found(checker) == before
        fresh = Checker.from_text(RULES)
        for call in calls:
            recorded(fresh, call)
        assert found(checker) == found(fresh) == expected(calls)
        assert {k: v for k, v in checker.facts().items() if not k.startswith("call ")} == {
            k: v for k, v in fresh.facts().items() if not k.startswith("call ")
        }


def of_dl(calls: list[Call], folder: Path) -> Any:
    """A state as a .dl file."""
    path = folder / "state.dl"
    path.write_text("\n".join(f"{word} {act(c)}." for c in calls for word in words(c)))
    return path


def of_json(calls: list[Call], folder: Path) -> Any:
    """A state as a JSON file with a history."""
    path = folder / "state.json"
    path.write_text(json.dumps({"history": [{"action": act(c), "succeeded": c[2]} for c in calls]}))
    return path


def of_value(calls: list[Call], folder: Path) -> Any:
    """A state as a list of facts."""
    return [f"{word} {act(c)}" for c in calls for word in words(c)]


def of_rows(calls: list[Call], folder: Path) -> Any:
    """A state as rows of relations."""
    facts: dict[str, list[list[Any]]] = {}
    for call in calls:
        for word in words(call):
            facts.setdefault(f"{word} pay", []).append(list(call[:2]))
    return {"facts": facts}


@pytest.mark.heavy
@pytest.mark.parametrize("write", [of_dl, of_json, of_value, of_rows])
@settings(max_examples=at_most(20), deadline=None)
@given(calls=CALLS)
def test_a_call_that_a_state_lists_twice_is_two(
    write: Callable[[list[Call], Path], Any], calls: list[Call], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Every form of a state is a list of calls, not a set."""
    checker = Checker.from_text(RULES)
    checker.load_state(write(calls, tmp_path_factory.mktemp("state")))
    assert found(checker) == expected(calls)


@settings(max_examples=at_most(20), deadline=None)
@given(calls=CALLS, more=CALLS)
def test_a_call_that_the_rules_state_twice_is_two(calls: list[Call], more: list[Call]) -> None:
    """Facts of the history in the program's own text are calls too, and later ones come to them."""
    stated = "\n".join(f"{word} {act(c)}." for c in calls for word in words(c))
    checker = Checker.from_text(RULES + stated)
    for call in more:
        recorded(checker, call)
    assert found(checker) == expected([*calls, *more])
    assert len(checker.history()) == sum(len(words(call)) for call in more)


LIMIT = """
.decl closed(p: symbol)
.action pay(to: symbol, amount: int)
@id(too_much) @because("{S} were paid to {T}")
forbid pay(T, _) :- S = sum B : { succeeded pay(T, B), not closed(T) }, S > 0.
@id(too_often) @because("{N} calls")
forbid pay(_, _) :- N = count : { past pay(_, _) }, N > 0.
"""


def forged(proof: RuleProof, at: int, rows: Callable[[tuple[Any, ...]], Any]) -> RuleProof:
    """The proof with other rows of its aggregate."""
    step = proof.steps[at]
    assert isinstance(step, AggregateStep)
    new = replace(step, rows=tuple(rows(step.rows)))
    return replace(proof, steps=(*proof.steps[:at], new, *proof.steps[at + 1 :]))


@settings(max_examples=at_most(40), deadline=None)
@given(calls=CALLS, data=st.data())
def test_proofs_name_every_call_and_forged_ones_are_refused(calls: list[Call], data: st.DataObject) -> None:
    """The verifier takes the proof, and refuses it with a call dropped, doubled, or of another amount."""
    checker = Checker.from_text(LIMIT)
    for call in calls:
        recorded(checker, call)
    facts, program = checker.facts(), checker.program
    for reason in checker.check("pay(ann, 1)").reasons:
        proof = reason.proof
        assert isinstance(proof, RuleProof)
        step = proof.steps[0]
        assert isinstance(step, AggregateStep)
        meant = [c for c in calls if c[2] is True and c[0] == "ann"] if "paid" in reason.text else calls
        assert len(step.rows) == len(meant)
        assert verify(proof, program, facts) == []
        at = data.draw(st.integers(0, len(step.rows) - 1))
        (fact,) = step.rows[at]
        other = replace(fact, row=(*fact.row[:-1], _more(fact.row[-1])))
        unknown = replace(fact, row=(10_000, *fact.row[1:]))
        for wrong in (
            lambda rows: rows[:at] + rows[at + 1 :],  # noqa: B023
            lambda rows: (*rows, rows[at]),  # noqa: B023
            lambda rows: (*rows[:at], (other,), *rows[at + 1 :]),  # noqa: B023
            lambda rows: (*rows, (unknown,)),  # noqa: B023
        ):
            assert verify(forged(proof, 0, wrong), program, facts)
        assert verify(
            replace(proof, bindings={n: _more(v) for n, v in proof.bindings.items()}), program, facts
        )


def _more(value: Any) -> Any:
    return value + 1 if isinstance(value, int) else value


def test_a_proof_shows_each_call_in_the_authors_words() -> None:
    """Text and JSON speak of `succeeded pay`, with the number of the call; nothing hidden is seen."""
    checker = Checker.from_text(LIMIT)
    for _ in range(3):
        checker.record("pay(bob, 40)", True)
    reason = checker.check("pay(bob, 40)").reasons[0]
    assert reason.text == "120 were paid to bob"
    assert reason.proof is not None
    text = proof_text(reason.proof)
    assert "120 = sum B : { succeeded pay(bob, B), not closed(bob) }: 3 rows" in text
    for number in (1, 2, 3):
        assert f"succeeded pay(bob, 40): call {number}, pay(bob, 40) succeeded" in text
    assert "call succeeded" not in text
    assert "#" not in text
    nodes = proof_json(reason.proof)["nodes"]
    assert [n["call"] for n in nodes if "call" in n] == [1, 2, 3]
    assert {n["relation"] for n in nodes} == {"forbid pay", "succeeded pay"}
    assert "#" not in json.dumps(nodes)
    assert "call succeeded" not in json.dumps(nodes)


def test_why_not_speaks_in_the_authors_words() -> None:
    """An aggregate that fails is told as it was written."""
    checker = Checker.from_text(LIMIT)
    told = str(checker.why_not("pay(bob, 40)"))
    assert "sum B : { succeeded pay(T, B), not closed(T) }" in told or "S > 0" in told
    assert "call " not in told.replace("calls", "")
    assert "#" not in told


def test_the_id_of_a_rule_does_not_know_of_numbers() -> None:
    """A rule's id is a hash of the author's text, the same as before calls were told apart."""
    checker = Checker.from_text(
        ".action pay(to: symbol, amount: int)\n.decl s(n: int)\ns(S) :- S = sum B : { succeeded pay(_, B) }."
    )
    (rule,) = checker.program.rules
    assert rule.id == "rd6ce43505d"
    assert rule_text(rule) == "s(S) :- S = sum B : { succeeded pay(_, B) }."


def test_a_fact_that_is_taken_away_takes_all_its_calls() -> None:
    """A retracted call does not hold, in aggregates or outside."""
    checker = Checker.from_text(LIMIT)
    for _ in range(3):
        checker.record("pay(bob, 40)", True)
    checker.update(remove=["past pay(bob, 40)", "succeeded pay(bob, 40)"])
    assert checker.check("pay(bob, 40)").admissible
    assert checker.history() == []
    assert not any(checker.facts().values())


def test_equal_amounts_and_weights_of_calls() -> None:
    """The weakest call counts; a weight belongs to its call."""
    checker = Checker.from_text(".action pay(a: int)\n.decl s(n: int)\ns(S) :- S = sum B : { past pay(B) }.")
    checker.update(add=["0.5 :: past pay(40)", "past pay(40)"])
    assert checker.query("s(S)") == {(80,): 0.5}
    checker.update(remove=["past pay(40)"], add=["past pay(40)"])
    assert checker.query("s(S)") == {(40,): 1.0}


def test_a_program_without_such_aggregates_keeps_no_calls() -> None:
    """A history that no aggregate ranges over is a set of rows, each kept once."""
    checker = Checker.from_text(".action pay(a: int)\nforbid pay(X) :- past pay(X).")
    for _ in range(3):
        checker.record("pay(40)", True)
    assert checker.facts() == {"past pay": {(40,): 1.0}, "succeeded pay": {(40,): 1.0}}
    assert checker.program.calls == frozenset()


@pytest.mark.parametrize(("word", "least"), [("past", 1), ("past", 2), ("succeeded", 1), ("succeeded", 2)])
def test_a_call_that_lacks_is_a_repair(word: str, least: int) -> None:
    """The repair of too few calls is to make those that lack; one that was made counts."""
    checker = Checker.from_text(
        '.action step(x: symbol)\n.action finish()\n@because("{N} steps")\n'
        f"forbid finish() :- N = count : {{ {word} step(_) }}, M = {least}, N < M.\n"
        ".decl known(x: symbol)\nknown(a). known(b).\n@id(known) forbid step(X) :- not known(X)."
    )
    for made in range(least):
        (repair, *_) = checker.check("finish()").repairs
        assert len(repair.actions) == least - made
        checker.record("step(a)", True)
    assert checker.check("finish()").admissible
