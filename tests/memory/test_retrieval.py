"""Retrieval: the rules that matter in a state, held against a search through all of them."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from mpr_logic.checker.checker import Checker
from mpr_logic.errors import ProgramError
from mpr_logic.language.printer import print_clause
from mpr_logic.memory.retrieval import Retrieved, Retriever
from tests.helpers.stores import DECLARATIONS

pytest.importorskip("numpy", reason="needs the extra: pip install 'mpr-logic[memory]'")

BOXES = [f"box_{i}" for i in range(6)]
PLACES = [f"place_{i}" for i in range(4)]
SHAPES = (
    "forbid take(B) :- shut(B), heavy(B).",
    "forbid take({b}) :- shut({b}), not heavy({c}).",
    "forbid take(B) :- at(B, {p}), heavy({c}), shut({c}).",
    "forbid take(B) :- at(B, P), at({c}, P), heavy({b}).",
    "forbid take(B) :- at(B, P), not at({b}, P).",
    "forbid open(B) :- at(B, P), P != {p}, shut(B).",
    "forbid open({b}) :- N = count : {{ shut(_) }}, N > 2.",
    "forbid open(B) :- failed open(B), at({b}, {p}), not shut({c}).",
    "prefer open(B) :- shut(B), at(B, {p}), at({c}, {p}).",
)
ACTIONS = [f"{name}({box})" for name in ("take", "open") for box in BOXES]


def program(rng: random.Random, n: int) -> str:
    """Rules of all shapes, several of each, with weights."""
    lines = []
    for i in range(n):
        text = rng.choice(SHAPES).format(b=rng.choice(BOXES), c=rng.choice(BOXES), p=rng.choice(PLACES))
        lines.append(f"@id(x{i}) {rng.choice([0.5, 0.7, 0.95])} :: {text}")
    return DECLARATIONS + "\n".join(lines)


def state(rng: random.Random) -> list[str]:
    """Some facts."""
    facts = [f"at({box}, {rng.choice(PLACES)})" for box in BOXES]
    facts += [f"{name}({box})" for name in ("shut", "heavy") for box in rng.sample(BOXES, 3)]
    return [*facts, f"failed open({rng.choice(BOXES)})"]


def fires(text: str, facts: list[str], action: str) -> bool:
    """Whether a rule fires, by a checker that knows no other."""
    checker = Checker.from_text(f"{DECLARATIONS}{text}")
    checker.update(add=facts)
    name, _, args = action.rstrip(")").partition("(")
    kind = text.split()[0]
    return bool(checker._engine.fired(f"{kind} {name}", (args,)))


def ids(found: list[Retrieved], *, near: bool) -> set[str]:
    """The ids of the rules that fire, or of those that are near."""
    return {each.rule.id for each in found if (each.missing is not None) == near}


@pytest.mark.heavy
@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_missed(seed: int) -> None:
    """Each retrieved rule fires, or would fire without the literal that is said to be missing; and each rule
    that fires or is one literal away is retrieved."""
    rng = random.Random(seed)
    text = program(rng, 60)
    facts = state(rng)
    checker = Checker.from_text(text)
    checker.update(add=facts)
    found = Retriever(checker).find(ACTIONS, budget=10**6)
    fired, near = ids(found, near=False), ids(found, near=True)
    assert fired
    assert near
    for rule in checker.program.rules:
        clause = rule.clause
        mine = [a for a in ACTIONS if a.startswith(clause.head.name)]
        plain = replace(clause, annotations=(), weight=1.0)
        assert (rule.id in fired) == any(fires(print_clause(plain), facts, a) for a in mine)
        less = [replace(plain, body=(*plain.body[:i], *plain.body[i + 1 :])) for i in range(len(plain.body))]
        reachable = any(
            fires(print_clause(each), facts, a) for each in less if _valid(print_clause(each)) for a in mine
        )
        assert (rule.id in near) == (reachable and rule.id not in fired), print_clause(plain)


def _valid(text: str) -> bool:
    """Whether a rule can be evaluated."""
    try:
        Checker.from_text(f"{DECLARATIONS}{text}")
    except ProgramError:
        return False
    return True


def test_order_and_budget() -> None:
    """Those that fire come first, then the heavier, then the more specific; a smaller budget is a prefix."""
    rng = random.Random(3)
    checker = Checker.from_text(program(rng, 80))
    checker.update(add=state(rng))
    retriever = Retriever(checker, estimate=lambda text: len(text.split()))
    whole = retriever.find(ACTIONS, budget=10**6)
    order = [(e.missing is not None, -e.rule.weight, -len(e.rule.body), e.rule.id) for e in whole]
    assert order == sorted(order)
    for budget in (0, 7, 40, 200):
        some = retriever.find(ACTIONS, budget=budget)
        assert some == whole[: len(some)]
        assert sum(e.tokens for e in some) <= budget
        assert len(some) == len(whole) or sum(e.tokens for e in whole[: len(some) + 1]) > budget


def test_only_the_rules_that_are_asked_for() -> None:
    """Rules of a program that are not the memory's are left out; so are actions that are none."""
    checker = Checker.from_text(
        f"{DECLARATIONS}@id(a) forbid take(B) :- shut(B).\n@id(b) forbid take(B) :- heavy(B)."
    )
    checker.update(add=["shut(box_1)"])
    found = Retriever(checker, ids=["b"]).find(["take(box_1)", "fly(box_1)", "take("])
    assert [(each.rule.id, each.missing) for each in found] == [("b", "heavy(box_1)")]


def test_the_state_may_change() -> None:
    """A retriever is made once, and answers in each state anew."""
    checker = Checker.from_text(f"{DECLARATIONS}@id(a) forbid take(B) :- shut(B), heavy(B).")
    retriever = Retriever(checker)
    assert retriever.find(["take(box_1)"]) == []
    checker.update(add=["shut(box_1)"])
    assert [each.missing for each in retriever.find(["take(box_1)"])] == ["heavy(box_1)"]
    checker.update(add=["heavy(box_1)"])
    assert [each.missing for each in retriever.find(["take(box_1)"])] == [None]


def test_comparisons_in_bodies() -> None:
    """A rule whose body compares is looked at as others are."""
    checker = Checker.from_text(
        ".decl shut(b: symbol)\n.action take(b: symbol)\n@id(one) forbid take(B) :- shut(B), B != x."
    )
    checker.update(add=["shut(y)"])
    (found,) = Retriever(checker).find(["take(y)"])
    assert (found.rule.id, found.missing) == ("one", None)
    assert Retriever(checker).find(["take(z)"])[0].missing == "shut(z)"


def test_a_rule_about_a_class_is_retrieved_once() -> None:
    """The rule of a class is told once, as it was written, for any candidates among its members."""
    checker = Checker.from_text(
        f"{DECLARATIONS}.class handle(b: symbol) {{take, open}}\n"
        "forbid handle(B) :- shut(B), heavy(B).\nforbid handle(B) :- past handle(B), heavy(B)."
    )
    checker.update(add=["heavy(box_0)"])
    for facts, missing in (([], {"shut(box_0)", "past handle(b: box_0)"}), (["shut(box_0)"], {None})):
        checker.update(add=facts)
        found = Retriever(checker).find(["take(box_0)", "open(box_0)"])
        assert [each.text.split(" :-")[0] for each in found] == ["forbid handle(B)"] * 2
        assert missing <= {each.missing for each in found}
