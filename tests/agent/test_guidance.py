"""Soft guidance: which rules are told, how they read, and what goes with the check and without it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from mpr_logic import Checker
from mpr_logic.agent.guidance import Guide, Retrieval, WholeMemory, disclosed
from mpr_logic.agent.loop import play
from mpr_logic.agent.policies import View
from mpr_logic.checker.action import Action
from mpr_logic.language.parser import parse
from mpr_logic.memory.retrieval import Retrieved, tokens
from tests.agent.cook import RULES, Kitchen
from tests.agent.test_play import Says

pytest.importorskip("numpy", reason="needs the extra: pip install 'mpr-logic[memory]'")

LAWS = """\
@id(shut) @because("{P} is shut: open it first") forbid put(O, P) :- openable(P), not opened(P).
@id(spoils) 0.6 :: forbid put(O, P) :- perishable(O), not cold(P).
@id(cool) @because("{O} keeps there") 0.7 :: prefer put(O, P) :- perishable(O), cold(P).
@id(secret) @because("hush") @disclose(nothing) forbid sniff(P) :- stove(P).
@id(half) @because("no {P}") @disclose(because) 0.8 :: forbid light(P) :- stove(P).
@id(open_book) @because("{P} is hot") @disclose(proof) forbid sniff(P) :- opened(P).
"""


def kitchen(laws: str = LAWS) -> tuple[Checker, Kitchen]:
    """A checker in the state of a kitchen, and the kitchen: the milk is held, and the fridge shut."""
    world = Kitchen()
    world.step(Action("take", "milk_1", "counter_1"))
    checker = Checker.from_text(f"{world.declarations}{laws}")
    checker.update(add=[*world.state(), "stove(stove_1)"])
    return checker, world


def texts(guide: Guide, candidates: Sequence[str | Action] = ()) -> list[str]:
    """The texts of the rules that a guide tells in the kitchen."""
    checker, world = kitchen()
    return [each.text for each in guide.find(checker, list(candidates) or world.candidates())]  # type: ignore[arg-type]


def test_retrieval() -> None:
    """It tells what fires for a candidate, the heaviest first, and then what nearly does."""
    checker, world = kitchen()
    found = Retrieval(["shut", "spoils", "cool"]).find(checker, world.candidates())
    assert [(each.rule.id, each.missing) for each in found] == [
        ("shut", None),
        ("cool", None),
        ("spoils", None),
    ]
    assert [str(each.action) for each in found] == ["put(milk_1, fridge_1)"] * 2 + ["put(milk_1, counter_1)"]
    checker.update(add=["opened(fridge_1)"])
    (last,) = Retrieval(["shut"]).find(checker, [Action("put", "milk_1", "fridge_1")])
    assert last.missing == "not opened(fridge_1)"


def test_how_a_rule_reads() -> None:
    """A rule that is named is told whole, with its weight and its because-text, on one line."""
    assert texts(Retrieval(["shut", "spoils"])) == [
        "forbid put(O, P) :- openable(P), not opened(P). % {P} is shut: open it first",
        "0.6 :: forbid put(O, P) :- perishable(O), not cold(P).",
    ]


def test_without_weights() -> None:
    """Weights are left out at will, by either guide; the order stays."""
    for guide in (
        Retrieval(["spoils", "cool"], weights=False),
        WholeMemory(["spoils", "cool"], weights=False),
    ):
        told = texts(guide)
        assert [text.split()[0] for text in told] == ["prefer", "forbid"]


def test_what_authors_disclose() -> None:
    """Of a rule whose author discloses less than its proof, no condition is told; of one that discloses
    nothing, nothing. Of rules that are not named, so of those whose authors say nothing of that."""
    candidates = ["sniff(stove_1)", "light(stove_1)", "put(milk_1, fridge_1)", "sniff(fridge_1)"]
    half = "0.8 :: forbid light(P): no {P}"
    whole = "forbid sniff(P) :- opened(P). % {P} is hot"
    shut = "forbid put(O, P): {P} is shut: open it first"
    ids = ["secret", "half", "open_book"]
    for guide in (Retrieval(ids), WholeMemory(ids)):
        assert sorted(texts(guide, candidates)) == [half, whole]
    for guide in (Retrieval(), WholeMemory()):
        assert sorted(texts(guide, candidates)) == [
            "0.7 :: prefer put(O, P): {O} keeps there",
            half,
            shut,
            whole,
        ]


@pytest.mark.parametrize("budget", [0, 10, 30, 60, 90, 10_000])
def test_budget(budget: int) -> None:
    """Retrieval keeps to its budget, counted over what is told; the whole memory is cut to none."""
    checker, world = kitchen()
    found = Retrieval(["shut", "spoils", "cool"], budget=budget).find(checker, world.candidates())
    assert sum(tokens(each.text) for each in found) <= budget
    assert len(found) == {0: 0, 10: 0, 30: 1, 60: 2, 90: 3, 10_000: 3}[budget]
    assert len(WholeMemory().find(checker, [])) == 4


def test_one_guide_for_many_checkers() -> None:
    """A guide serves one episode after the other: it tells the rules of the checker that it is given."""
    for guide in (Retrieval(), WholeMemory()):
        first, world = kitchen()
        second, _ = kitchen('@because("no") forbid put(O, P) :- cold(P).')
        assert len(guide.find(first, world.candidates())) > 1
        assert [each.text for each in guide.find(second, world.candidates())] == ["forbid put(O, P): no"]
        assert len(guide.find(first, world.candidates())) > 1


@pytest.mark.heavy
def test_an_engine_that_cannot_finish() -> None:
    """Guidance that cannot be worked out is none: the agent goes on."""
    checker, world = kitchen(".decl n(x: int) n(0). n(Y) :- n(X), Y = X + 1. forbid open(P) :- n(1000000).")
    assert Retrieval().find(checker, world.candidates()) == []


class Noting:
    """A guide that notes what it was asked, and tells nothing."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def find(self, checker: Checker, candidates: Sequence[Action]) -> list[Retrieved]:
        self.asked.append(len(candidates))
        return []


@pytest.mark.parametrize(("shadow", "guided"), [(True, False), (False, False), (True, True), (False, True)])
def test_soft_and_hard(shadow: bool, guided: bool) -> None:
    """Guidance and check go each without the other, both together, and neither."""
    world, checker = Kitchen(), Checker.load(RULES)
    policy = Says("put(milk_1, fridge_1)", "take(milk_1, counter_1)")
    guide = Retrieval() if guided else None
    _, first, *_ = play(world, checker, policy, shadow=shadow, guide=guide)
    assert [str(action) for action in world.done[:1]] == [
        "put(milk_1, fridge_1)" if shadow else "take(milk_1, counter_1)"
    ]
    assert [d.admissible for d in first.decisions] == ([False] if shadow else [False, True])
    assert all(bool(view.guidance) == guided for view in policy.views)
    assert all(view.guided == (guided or not shadow) for view in policy.views)


def test_what_a_view_shows() -> None:
    """The guide is asked once a turn, and the turns so far stand in the view of each proposal."""
    guide = Noting()
    policy = Says("put(milk_1, fridge_1)", "take(milk_1, counter_1)", "open(fridge_1)")
    turns = list(play(Kitchen(), Checker.load(RULES), policy, guide=guide))
    assert guide.asked == [len(Kitchen().candidates())] * 3
    seen: list[View] = policy.views
    assert [list(view.history) for view in seen] == [turns[:1], turns[:1], turns[:2], turns[:3]]


def test_what_was_learned_is_open() -> None:
    """Of a memory's export, rules that no person wrote are disclosed; what a hand has said stays."""
    learned = "@evidence(model, 30, 0) forbid open(P) :- cold(P)."
    said = "@disclose(nothing) @evidence(model, 30, 0) forbid sniff(P) :- cold(P)."
    by_hand = '@because("no") forbid light(P) :- cold(P).'
    module = disclosed(parse("\n".join((learned, said, by_hand))))
    assert [clause.annotation("disclose") for clause in module.clauses] == [("proof",), ("nothing",), None]
