"""The rules for AlfWorld: in order, and each says why; the judge that holds them against the simulator."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from mpr_logic import Action, Checker
from mpr_logic.agent.loop import Mirror, play
from mpr_logic.agent.policies import StrongestPreference
from mpr_logic.envs.alfworld import judging
from mpr_logic.envs.alfworld.commands import action_of
from mpr_logic.envs.alfworld.environment import AlfWorld
from mpr_logic.envs.alfworld.games import LAYOUT, TASK_TYPES, Game, games, splits
from mpr_logic.envs.alfworld.hidden import Truth
from mpr_logic.envs.alfworld.judge import judged, passed
from mpr_logic.envs.alfworld.judging import PLAYS, Judge, JudgedPlays
from mpr_logic.envs.alfworld.parallel import batches
from mpr_logic.envs.alfworld.player import played
from mpr_logic.envs.alfworld.simulator import Simulator
from mpr_logic.envs.alfworld.tables import count
from mpr_logic.errors import GameError
from tests.envs import room as hand_made
from tests.helpers.command import TOP, mpr

pytest.importorskip("textworld", reason="needs the extra: pip install 'mpr-logic[alfworld]'")

RULES = "rules/alfworld"
OVERLAP = "rules/alfworld/tables/overlap.dl"
SCREEN = 60
SINK = "Sink_bar_1_bar_SinkBasin"
AT_SINK = ["go to sinkbasin 1", "look"]
DATA = Path(os.environ.get("ALFWORLD_DATA", "none"), LAYOUT)
SPLITS = splits() if DATA.is_dir() else ()
needs_games = pytest.mark.skipif(not SPLITS, reason="needs the games of $ALFWORLD_DATA")


def room(**changes: str) -> Game:
    """The room written by hand, without what no real one has: apples that go into drawers, a drawer that is
    open at first, a thing that is listed on a countertop and in a drawer; here it is by the sink."""
    text = hand_made.problem().replace("(canContain DrawerType AppleType)", "")
    text = text.replace("(opened Drawer_bar_2)", "")
    text = text.replace("(inReceptacle Knife_bar_1 Drawer_bar_2)", f"(inReceptacle Knife_bar_1 {SINK})")
    return hand_made.room(problem=text, **changes)


def after(*commands: str, game: Game | None = None) -> tuple[Checker, AlfWorld]:
    """A checker that knows what the agent knows after some commands."""
    world, checker = AlfWorld(game or room()), Checker.load(RULES)
    world.reset()
    for command in commands:
        action = action_of(command)
        assert action is not None
        world.step(action)
    Mirror(checker).follow(world.state())
    return checker, world


def test_rules_are_canonical_and_clean() -> None:
    """The rules are formatted, without warnings, and each file that a person wrote fits on a screen."""
    assert mpr("fmt", "--check", RULES).status == 0
    assert mpr("lint", RULES).status == 0
    for file in (TOP / RULES).glob("*.dl"):
        assert len(file.read_text(encoding="utf-8").splitlines()) <= SCREEN, file.name


def test_every_forbid_and_prefer_says_why() -> None:
    """Each has an id and a text for people."""
    for file in (TOP / RULES).glob("*.dl"):
        text = file.read_text(encoding="utf-8")
        spoken = re.findall(r"^@id\(\w+\) @because\(", text, re.MULTILINE)
        assert len(spoken) == len(re.findall(r"^(?:[\d.]+ :: )?(?:forbid|prefer) ", text, re.MULTILINE))


def test_declarations_are_enough_for_a_state() -> None:
    """An environment's declarations suffice for all facts of its state."""
    world = AlfWorld(room())
    world.reset()
    checker = Checker.from_text(world.declarations)
    checker.update(add=world.state())
    assert checker.check(Action("go_to", "fridge_1")).admissible


@pytest.mark.parametrize(
    ("commands", "action", "why"),
    [
        ([], "go_to(sofa_1)", "there is no sofa_1 in this room"),
        ([], "open(fridge_1)", "you are not at fridge_1: go there first"),
        (["go to fridge 1"], "go_to(fridge_1)", "you are at fridge_1 already"),
        (["go to fridge 1"], "put(apple_2, fridge_1)", "fridge_1 is closed: open it first"),
        (["go to fridge 1", "open fridge 1"], "open(fridge_1)", "fridge_1 is open already"),
        (["go to countertop 1"], "open(countertop_1)", "countertop_1 has nothing that opens"),
        ([], "close(drawer_1)", "drawer_1 was never opened"),
        (["go to countertop 1"], "take(cup_1, countertop_1)", "there is no cup_1 in countertop_1"),
        (["go to countertop 1"], "take(desklamp_1, countertop_1)", "desklamp_1 cannot be carried"),
        (
            ["go to countertop 1", "take knife 1 from countertop 1"],
            "take(apple_1, countertop_1)",
            "you hold knife_1: put it down first",
        ),
        (["go to countertop 1"], "clean(knife_1, sinkbasin_1)", "you do not hold knife_1: take it first"),
        (
            ["go to countertop 1"],
            "heat(knife_1, fridge_1)",
            "things are heated in a microwave, not in fridge_1",
        ),
        (["go to countertop 1"], "heat(knife_1, microwave_1)", "knife_1 cannot be heated"),
        (["go to countertop 1"], "use(knife_1)", "knife_1 has no switch"),
        (["go to countertop 1", *AT_SINK], "use(desklamp_1)", "desklamp_1 is not where you are"),
        (["go to countertop 1"], "slice(apple_1, desklamp_1)", "desklamp_1 does not cut: take a knife"),
        (["go to countertop 1", *AT_SINK], "examine(apple_1)", "apple_1 is neither in your hand nor"),
    ],
)
def test_reasons(commands: list[str], action: str, why: str) -> None:
    """An action that cannot be done is rejected, for a reason that a person would give."""
    checker, _ = after(*commands)
    decision = checker.check(action)
    assert decision.verdict == "forbidden"
    assert any(reason.text.startswith(why) for reason in decision.reasons), decision.reasons


def test_a_shared_place_is_known_once_it_was_refused() -> None:
    """Nobody says that two receptacles share a place: it is not rejected to go there, until it was tried."""
    checker, _ = after("go to drawer 1")
    assert checker.check("go_to(cabinet_1)").admissible
    assert checker.check("open(cabinet_1)").admissible
    checker, _ = after("go to drawer 1", "go to cabinet 1")
    assert checker.check("go_to(cabinet_1)").verdict == "forbidden"
    assert checker.check("open(cabinet_1)").admissible
    checker, _ = after("go to drawer 1", "look", "go to fridge 1")
    assert checker.check("open(cabinet_1)").verdict == "forbidden"


def test_a_thing_is_where_it_was_seen() -> None:
    """A thing is not in a place that was never seen, unless things listed there are where it was seen too."""
    checker, _ = after("go to countertop 1", "go to drawer 1")
    assert checker.check("take(apple_1, drawer_2)").rules == ("not_there",)
    assert checker.check("take(apple_1, cabinet_1)").admissible
    assert checker.check("examine(apple_1)").admissible
    checker, _ = after("go to countertop 1", "go to fridge 1", "look")
    assert checker.check("examine(apple_1)").rules == ("out_of_sight",)


def test_a_thing_that_was_moved_may_still_be_where_else_it_was() -> None:
    """The games list a knife on the countertop and in the sink; put away, it is still in the sink."""
    checker, world = after(
        *["go to countertop 1", "take knife 1 from countertop 1"],
        *["go to drawer 1", "open drawer 1", "move knife 1 to drawer 1"],
    )
    assert "at(knife_1, drawer_1)" in world.state()
    assert "not_there" in checker.check("take(knife_1, countertop_1)").rules
    assert "not_there" not in checker.check("take(knife_1, sinkbasin_1)").rules
    for action in (Action("go_to", "sinkbasin_1"), Action("take", "knife_1", "sinkbasin_1")):
        assert world.step(action).succeeded


def test_what_an_unread_answer_may_have_changed_is_not_rejected() -> None:
    """An unread answer leaves unknown where the thing is, and whether the door is open."""
    _, world = after("go to countertop 1", "go to fridge 1")
    world.belief.observe(Action("open", "fridge_1"), "Squeak.")
    world.belief.observe(Action("take", "apple_1", "countertop_1"), "Squeak.")
    checker = Checker.load(RULES)
    Mirror(checker).follow(world.state())
    assert checker.check("close(fridge_1)").admissible
    assert checker.check("take(apple_1, fridge_1)").admissible


def test_a_closed_door_is_repaired_by_opening() -> None:
    """The checker finds by the declared effects which action would admit the one that it rejected."""
    checker, _ = after("go to countertop 1", "take apple 1 from countertop 1", "go to fridge 1")
    decision = checker.check("put(apple_1, fridge_1)")
    assert decision.rules == ("through_a_door",)
    assert "open(fridge_1)" in decision.repairs[0].actions


def test_nothing_hidden_is_known() -> None:
    """The contents of a closed fridge show nowhere before it is opened."""
    _, world = after("go to fridge 1")
    assert not any("apple" in fact for fact in world.state() if not fact.startswith("wanted"))
    assert not any("apple" in str(action) for action in world.candidates())


def test_candidates_are_all_actions_over_what_was_seen() -> None:
    """With seven receptacles and three things seen: each action over each of them, once."""
    _, world = after("go to countertop 1")
    actions = world.candidates()
    assert len(actions) == len(set(actions)) == 3 + 4 * 7 + 3 * 2 + 5 * 3 * 7 + 3 * 3
    assert {str(action) for action in actions} >= {"look", "slice(apple_1, knife_1)", "examine(fridge_1)"}


def test_an_episode_ends() -> None:
    """An episode is over when it is won, or after a number of steps; after a reset it begins anew."""
    world = AlfWorld(room(), steps=2)
    assert world.reset().text.endswith("Your task is to: put a hot apple in countertop.")
    assert not world.step(Action("look")).over
    seen = world.step(Action("fly", "fridge_1"))
    assert (seen.over, seen.won, seen.succeeded) == (True, False, False)
    world.reset()
    assert not world.step(Action("go_to", "fridge_1")).over


@pytest.mark.parametrize("game", [room, hand_made.old_room])
def test_the_strongest_preference_wins(game: Callable[[], Game]) -> None:
    """The rules alone lead to the goal, in either wording of the games."""
    turns = list(play(AlfWorld(game()), Checker.load(RULES), StrongestPreference()))
    assert turns[-1].observation.won
    assert len(turns) < 20


@pytest.mark.parametrize("how", PLAYS)
def test_room_is_judged_right(how: str) -> None:
    """In the room written by hand nothing is rejected wrongly, missed, or believed wrongly."""
    tally = Judge(Checker.load(RULES), steps=40, seed=1).play(room(), how)
    assert passed(tally), tally.examples
    assert tally.listed.total() >= 100
    assert tally.rejected.total() > 300
    assert tally.unknowable.total() > 0


def test_judge_sees_a_wrong_rejection() -> None:
    """A rule that forbids what can be done is found out."""
    checker = Checker.from_text(_text() + "forbid open(fridge_1) :- agent_at(fridge_1).")
    tally = Judge(checker, steps=0, seed=1).play(room(), "walkthrough")
    assert tally.false == {"open": 1}
    assert tally.steps_rejected == 1
    assert not passed(tally)


def test_judge_sees_what_is_not_rejected() -> None:
    """Without the rule that hands hold one thing only, taking another is missed."""
    checker = Checker.from_text(re.sub(r"@id\(hands_full\).*\n.*\n", "", _text()))
    tally = Judge(checker, steps=0, seed=1).play(room(), "walkthrough")
    assert tally.missed["take"] > 0
    assert not passed(tally)


def test_judge_sees_a_wrong_belief(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fact that is not so is found out, and so is a fact that stands for nothing hidden."""
    truth = Truth(Simulator(hand_made.room()).facts())
    facts = ["opened(fridge_1)", "not opened(drawer_1)", "searched(countertop_1)", "holding(cup_1)"]
    assert (
        truth.wrong(["not opened(fridge_1)", "receptacle(fridge_1, fridge)", "not agent_at(fridge_1)"]) == []
    )
    assert truth.wrong(facts) == facts
    with pytest.raises(ValueError, match="stands for no hidden fact"):
        truth.wrong(["haunted(fridge_1)"])
    monkeypatch.setattr(Truth, "wrong", lambda self, facts: ["opened(fridge_1)"])
    assert not passed(Judge(Checker.load(RULES), steps=0, seed=1).play(room(), "walkthrough"))


def _text() -> str:
    return "\n".join(file.read_text(encoding="utf-8") for file in sorted((TOP / RULES).rglob("*.dl")))


def _sample(split: str, of_each: int) -> list[int]:
    """The places of so many games of each task type."""
    ids = games(split).ids
    found = [[place for place, name in enumerate(ids) if name.startswith(kind)] for kind in TASK_TYPES]
    return [place for places in found for place in places[:: max(1, len(places) // of_each)][:of_each]]


@pytest.mark.slow
@needs_games
@pytest.mark.parametrize("split", SPLITS)
def test_games_are_judged_right(split: str) -> None:
    """Games of all types, of every split that is there, are judged right."""
    tally = judged(split, _sample(split, 1), rules=RULES, steps=15, seed=1)
    assert passed(tally), tally.examples


@pytest.mark.slow
@needs_games
@pytest.mark.parametrize("split", SPLITS)
def test_games_are_won_by_the_strongest_preference(split: str) -> None:
    """The guidance leads to the goal within 50 steps, in games of all types and all splits."""
    found = played(split, _sample(split, 2), rules=RULES, steps=50)
    assert sum(each.won for each in found) >= 0.95 * len(found), [each.game for each in found if not each.won]


@pytest.mark.slow
@needs_games
@pytest.mark.parametrize("split", SPLITS)
def test_what_is_said_of_all_games_is_so(split: str) -> None:
    """At first nothing is open; what is listed twice is in receptacles of kinds that the table names."""
    found = count(games(split))
    assert not found.opened
    listed = re.findall(r"^overlap\((\w+), (\w+)\)\.", (TOP / OVERLAP).read_text("utf-8"), re.MULTILINE)
    assert found.overlap <= set(listed)


@needs_games
def test_batches_are_drawn_by_the_seed() -> None:
    """The same seed draws the same games, each once; a split that is not there is an error of ours."""
    split = SPLITS[0]
    drawn = batches([split], 7, seed=3)
    assert drawn == batches([split], 7, seed=3)
    assert sorted({place for _, places in drawn for place in places}) == [p for _, ps in drawn for p in ps]
    with pytest.raises(GameError, match="no split"):
        batches(["nope"], None, seed=1)


def test_tallies_add_up() -> None:
    """Counts are summed, and of the examples a few are kept."""
    one, other = JudgedPlays(games=1, examples=["a"] * 15), JudgedPlays(games=2, examples=["b"] * 15)
    one.listed["open"] = other.listed["open"] = 2
    one.add(other)
    assert (one.games, one.listed, len(one.examples)) == (3, {"open": 4}, judging.EXAMPLES)
    assert one.figures()["listed"] == {"open": 4}


def test_commands_say_how_they_are_used(tmp_path: Path) -> None:
    """Each command explains itself."""
    import subprocess
    import sys

    for module in ("judge", "player", "tables"):
        found = subprocess.run(
            [sys.executable, "-m", f"mpr_logic.envs.alfworld.{module}", "--help"],
            capture_output=True,
            text=True,
            check=True,
            cwd=TOP,
        )
        assert "--split" in re.sub(r"\x1b\[[0-9;]*m", "", found.stdout)
