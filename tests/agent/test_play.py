"""The loop: what is rejected is not done, and what is done is what was decided."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpr_logic import Budget, Checker, StateError
from mpr_logic.agent.loop import ATTEMPTS, play
from mpr_logic.agent.policies import StrongestPreference, View
from mpr_logic.agent.trajectory import Turn
from mpr_logic.checker.action import Action
from tests.helpers.boxes import RULES, Boxes

ENDLESS = ".decl n(x: int) n(0). n(Y) :- n(X), Y = X + 1. forbid wait :- n(1000000)."
LAWS = (RULES / "2_rules.dl").read_text()


class Says:
    """Proposes these, one after the other, and then nothing; keeps what it was shown."""

    name = "says"

    def __init__(self, *proposals: Action | str | None) -> None:
        self._proposals = iter(proposals)
        self.views: list[View] = []

    def choose(self, view: View) -> Action | str | None:
        self.views.append(view)
        return next(self._proposals, None)


class Insists:
    """Proposes the same for ever."""

    name = "insists"

    def __init__(self, proposal: Action | str) -> None:
        self.proposal = proposal

    def choose(self, view: View) -> Action | str | None:
        return self.proposal


def boxed(extra: str = "", *, budget: Budget | None = None, laws: str = LAWS) -> Checker:
    """A checker of the boxes, with further rules."""
    return Checker.from_text(f"{Boxes.declarations}\n{laws}\n{extra}", budget=budget)


def names(turns: Sequence[Turn]) -> list[str]:
    """The action of each turn."""
    return [str(turn.action) for turn in turns]


def test_the_strongest_preference_wins() -> None:
    """A policy that follows the rules' preferences opens the boxes by name, and takes the coin."""
    world = Boxes(2)
    turns = list(play(world, boxed(), StrongestPreference()))
    assert names(turns) == ["None", "open(box_1)", "open(box_2)", "take(box_2)"]
    assert [turn.number for turn in turns] == [0, 1, 2, 3]
    assert [turn.observation.won for turn in turns] == [False, False, False, True]
    assert not any(turn.fallback for turn in turns)
    assert world.done == [turn.action for turn in turns[1:]]


def test_the_start() -> None:
    """Turn 0 is what the agent sees before it acts: nothing was proposed, and all is new."""
    start = next(play(Boxes(2), boxed(), StrongestPreference()))
    assert (start.decisions, start.action, start.fallback) == ((), None, False)
    assert start.observation.text.startswith("Find the coin.")
    assert (start.added, start.removed) == ({"box(box_1)", "box(box_2)", "left(20)"}, set())


def test_a_turn_is_one_call() -> None:
    """Waiting twice is two calls, so the third is rejected; what failed counts by itself."""
    law = '@id(patience) @because("{N} waits") forbid wait() :- N = count : { past wait() }, N >= 2.'
    lost = '@id(lost) @because("{N} failed") forbid open(X) :- N = count : { failed open(X) }, N >= 2.'
    policy = Says("wait", "wait", "wait", "open(box_1)", "open(box_1)", "open(box_1)", "open(box_1)")
    turns = list(play(Boxes(2), boxed(law + lost, laws=""), policy))
    assert names(turns) == ["None", "wait", "wait", *["open(box_1)"] * 3, "None"]
    assert [d.rules for turn in turns for d in turn.decisions if not d.admissible] == [
        ("patience",),
        ("lost",),
    ]


def test_a_rejection_is_not_done() -> None:
    """After a rejection the policy is asked again, with the rejection in its view and the state as it was."""
    world, policy = Boxes(2), Says("take(box_2)", "open(box_2)", "take(box_2)")
    _, first, second = play(world, boxed(), policy)
    assert [decision.admissible for decision in first.decisions] == [False, True]
    assert first.decisions[0].reasons[0].id == "shut"
    assert [len(view.refused) for view in policy.views] == [0, 1, 0]
    assert policy.views[1].refused == first.decisions[:1]
    assert all(view.guided for view in policy.views)
    assert first.added == {"opened(box_2)", "coin_in(box_2)", "left(19)"}
    assert first.removed == {"left(20)"}
    assert second.observation.won
    assert [str(action) for action in world.done] == ["open(box_2)", "take(box_2)"]


PROPOSALS = st.one_of(
    st.sampled_from(
        [*Boxes(3).candidates(), Action("fly"), Action("open", box="box_1"), Action("open", "x")]
    ),
    st.sampled_from(
        ["open(box_1)", "take(box_3)", "wait", "fly", "open(B)", "open(", "", "\udcff", "wait()."]
    ),
    st.none(),
)


@given(st.lists(PROPOSALS, max_size=30), st.integers(1, 5))
def test_only_the_admissible_is_done(proposals: list[Action | str | None], attempts: int) -> None:
    """Whatever is proposed, what is done was admissible, and the world, whose laws the rules are, did it."""
    world, checker = Boxes(3), boxed()
    turns = list(play(world, checker, Says(*proposals), attempts=attempts))
    for turn in turns[1:]:
        assert len(turn.decisions) <= attempts
        *refused, last = [decision.admissible for decision in turn.decisions] or [False]
        assert not any(refused)
        assert last == (turn.action is not None and not turn.fallback)
        if last:
            assert turn.decisions[-1].action == turn.action
        if turn.action is not None:
            assert turn.observation.succeeded
    done = [turn.action for turn in turns if turn.action is not None]
    assert world.done == done
    assert [turn.action is None for turn in turns[1:-1]] == [False] * (len(turns) - 2)
    assert turns[-1].action is None or turns[-1].observation.over


@pytest.mark.parametrize("attempts", [1, 2, ATTEMPTS])
def test_attempts_and_fallback(attempts: int) -> None:
    """Whoever proposes only what is rejected is asked so often; then what the rules prefer is done."""
    world = Boxes(2)
    turns = list(play(world, boxed(), Insists("take(box_1)"), attempts=attempts))
    assert names(turns[1:]) == ["open(box_1)", "open(box_2)", "take(box_2)"]
    assert all(turn.fallback and len(turn.decisions) == attempts for turn in turns[1:])


def test_fallback_where_there_is_no_other() -> None:
    """A policy that has no other proposal after a rejection leaves the turn to the fallback."""
    _, first, second = play(Boxes(2), boxed(), Says("take(box_1)", None))
    assert (names([first]), first.fallback, len(first.decisions)) == (["open(box_1)"], True, 1)
    assert (second.action, second.decisions) == (None, ())


def test_giving_up() -> None:
    """A policy that proposes nothing at all ends the episode; nothing is done."""
    world = Boxes(2)
    _, last = play(world, boxed(), Says())
    assert (last.number, last.action, last.fallback, last.decisions) == (1, None, False, ())
    assert not last.observation.over
    assert world.done == []


def test_no_fallback() -> None:
    """The episode ends with the rejections when the rules prefer nothing: there is no fallback."""
    laws = LAWS.replace("prefer", "forbid").replace("0.9", "0.1")
    _, last = play(Boxes(2), boxed(laws=laws), Insists("take(box_1)"))
    assert (last.action, last.fallback, len(last.decisions)) == (None, False, ATTEMPTS)


def test_shadow_blocks_nothing() -> None:
    """In shadow mode all is decided, and all is done; the policy is told that it is not guided."""
    world, policy = Boxes(2), Says("take(box_2)", "open(box_2)", "open(box_2)", Action("take", "box_2"))
    turns = list(play(world, boxed(), policy, shadow=True))
    assert names(turns[1:]) == ["take(box_2)", "open(box_2)", "open(box_2)", "take(box_2)"]
    assert [[d.admissible for d in turn.decisions] for turn in turns[1:]] == [
        [False],
        [True],
        [False],
        [True],
    ]
    assert [turn.observation.succeeded for turn in turns[1:]] == [False, True, False, True]
    assert not any(view.guided or view.refused for view in policy.views)


@pytest.mark.parametrize("proposal", ["fly", "open(", "", "open(B)", Action("fly"), Action("open"), "\udcff"])
@pytest.mark.parametrize("shadow", [False, True])
def test_no_action(proposal: Action | str, shadow: bool) -> None:
    """A proposal that is no action of the rules is refused with the reason, in shadow mode too."""
    world = Boxes(2)
    _, first, _ = play(world, boxed(), Says(proposal, "wait"), shadow=shadow)
    assert [decision.verdict for decision in first.decisions] == ["undecided", "admissible"]
    assert first.decisions[0].reasons[0].text
    assert world.done == [Action("wait")]


@pytest.mark.parametrize("proposal", ["wait", Action("wait")])
def test_what_cannot_be_decided(proposal: Action | str) -> None:
    """A proposal that the engine cannot decide is rejected; in shadow mode it is done all the same."""
    for shadow in (False, True):
        world, checker = Boxes(2), boxed(ENDLESS, budget=Budget(seconds=20, facts=500))
        _, first, *_ = play(world, checker, Says(proposal, "open(box_1)"), shadow=shadow)
        assert first.decisions[0].verdict == "undecided"
        assert names([first]) == ["wait" if shadow else "open(box_1)"]


def test_named_arguments() -> None:
    """The world is handed actions as they are declared, whichever way they were proposed."""
    world = Boxes(1)
    list(play(world, boxed(), Says(Action("open", b="box_1"), "take(b: box_1)")))
    assert world.done == [Action("open", "box_1"), Action("take", "box_1")]


def test_a_world_that_ends() -> None:
    """The episode ends when the world says so, won or not, and before the first turn too."""
    turns = list(play(Boxes(2, steps=3), boxed(), Insists("wait")))
    assert len(turns) == 4
    assert turns[-1].observation.over
    assert not turns[-1].observation.won
    assert len(list(play(Boxes(0), boxed(), Insists("wait")))) == 1


def test_history() -> None:
    """Rules see in the history the actions that were tried, and whether they failed or succeeded."""
    checker = boxed()
    list(play(Boxes(2), checker, Says("take(box_1)", "open(box_1)"), shadow=True))
    assert checker.query("failed take(B)") == {("box_1",): 1.0}
    assert checker.query("succeeded open(B)") == {("box_1",): 1.0}
    assert checker.query("past wait") == {}


def test_the_world_is_right() -> None:
    """The world alone says what an action has changed: effects that rules declare are not taken as facts."""
    world, checker = Boxes(2), boxed("open(B) causes opened(box_2). open(B) ends box(B).")
    for _ in play(world, checker, Says("open(box_1)", "wait")):
        known = {name: set(rows) for name, rows in checker.facts().items() if " " not in name}
        assert known["box"] == {("box_1",), ("box_2",)}
        assert known.get("opened", set()) == {(box,) for box in world.opened}


def test_decisions_outlive_their_state() -> None:
    """The reasons of a turn's decisions are recorded, the repairs where that was asked for; otherwise they
    are worked out from the state of that turn when they are read."""
    for repairs in (True, False):
        _, first, *_ = play(Boxes(2), boxed(), Says("take(box_1)", "open(box_1)"), repairs=repairs)
        decision = first.decisions[0]
        assert decision.reasons[0].proof is not None
        assert (decision.recorded("repairs") is not None) == repairs
        assert decision.repairs[0].actions == ("open(box_1)",)


def test_an_engine_without_proofs() -> None:
    """On an engine that keeps no proofs there are no repairs, and the episode goes on."""
    checker = Checker(boxed().program, engine="pydatalog", budget=Budget(seconds=30))
    _, first, *_ = play(Boxes(2), checker, Says("take(box_1)", "open(box_1)"), repairs=True)
    assert first.decisions[0].repairs == ()
    assert names([first]) == ["open(box_1)"]


def test_a_world_that_does_not_fit() -> None:
    """A world that states what the rules do not declare is an error, which names it."""

    class Odd(Boxes):
        def state(self) -> set[str]:
            return {"bocks(box_1)"}

    turns: Iterator[Turn] = play(Odd(), boxed(), StrongestPreference())
    with pytest.raises(StateError, match="`bocks` is not declared"):
        next(turns)
