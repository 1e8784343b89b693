"""Lines of models that are no commands: put right where one command is meant, else the nearest are named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpr_logic import Checker
from mpr_logic.agent.loop import Mirror, play
from mpr_logic.agent.model_policy import PromptForm, _refused
from mpr_logic.agent.policies import View
from mpr_logic.checker.action import Action
from mpr_logic.envs.alfworld.belief import Belief
from mpr_logic.envs.alfworld.commands import OLD_PUT, action_of
from mpr_logic.envs.alfworld.environment import Thoughts
from mpr_logic.envs.alfworld.lines import NEAREST, meant, nearest

ROOM = (
    "You are in the middle of a room. Looking quickly around you, you see a cabinet 2, a cabinet 1, "
    "a desk 1, a fridge 1, a toiletpaperhanger 1, and a sinkbasin 1.\nYour task is to: put a mug in desk."
)
DESK = ("go to desk 1", "On the desk 1, you see a desklamp 1, a mug 1, a pen 2, and a pen 1.")
TAKEN = ("take mug 1 from desk 1", "You pick up the mug 1 from the desk 1.")
SINK = ("go to sinkbasin 1", "On the sinkbasin 1, you see nothing.")


def after(*steps: tuple[str, str]) -> tuple[list[Action], Checker]:
    """The candidates, and a checker that knows what the agent knows, after some steps."""
    belief, checker = Belief(), Checker.load("rules/alfworld")
    belief.observe(None, ROOM)
    for command, answer in steps:
        belief.observe(action_of(command), answer)
    Mirror(checker).follow(belief.facts)
    return Thoughts().of(belief.receptacles, belief.objects), checker


AT_DESK = after(DESK)
HOLDING = after(DESK, TAKEN)
AT_SINK = after(DESK, TAKEN, SINK)


@pytest.mark.parametrize(
    ("line", "action"),
    [
        ("> go to fridge 1", "go_to(fridge_1)"),
        ("Action: go to fridge 1", "go_to(fridge_1)"),
        ("`go to fridge 1`.", "go_to(fridge_1)"),
        ('Act 3: "Go to the fridge 1"', "go_to(fridge_1)"),
        ("goto fridge1", "go_to(fridge_1)"),
        ("go to fridge 1 and open it", "go_to(fridge_1)"),
        ("go to fridge 1 to look for an egg", "go_to(fridge_1)"),
        ("go to fridge", "go_to(fridge_1)"),
        ("go to toilet paper hanger 1", "go_to(toiletpaperhanger_1)"),
        ("go to cabinet", None),
        ("go to cabinet 7", "go_to(cabinet_7)"),
        ("go to the cabinet (2)", "go_to(cabinet_2)"),
        ("take mug", "take(mug_1, desk_1)"),
        ("pick up the mug 1", "take(mug_1, desk_1)"),
        ("take mug from desk", "take(mug_1, desk_1)"),
        ("take pen from desk 1", None),
        ("take the cool mug 1 from desk 1", "take(mug_1, desk_1)"),
        ("turn on the desklamp", "use(desklamp_1)"),
        ("use mug 1 to take pen 1 from desk 1", None),
        ("take egg 1", None),
        ("think: take mug 1 from desk 1", None),
        ("take", None),
        ("give up", None),
        ("", None),
    ],
)
def test_at_a_desk(line: str, action: str | None) -> None:
    """A line that can mean one command is that command; one that may mean several, or none, is nothing."""
    found = meant(line, *AT_DESK)
    assert (None if found is None else str(found)) == action


@pytest.mark.parametrize(
    ("line", "action"),
    [
        ("put mug 1 in desk 1", "put(mug_1, desk_1)"),
        ("put mug 1 on the desk 1", "put(mug_1, desk_1)"),
        ("put mug 1 in/on desk", "put(mug_1, desk_1)"),
        ("move mug 1 to desk 1", "put(mug_1, desk_1)"),
        ("place the mug into the desk", "put(mug_1, desk_1)"),
        ("put mug down", "put(mug_1, desk_1)"),
    ],
)
def test_with_a_mug_in_the_hand(line: str, action: str) -> None:
    """Puts are said in many ways; what is in the hand and where the agent stands tell the rest."""
    assert str(meant(line, *HOLDING)) == action


def test_what_is_open_is_settled_by_what_can_be_done() -> None:
    """The sink is where the agent is, so that is where the mug is washed."""
    assert str(meant("wash the mug", *AT_SINK)) == "clean(mug_1, sinkbasin_1)"


def test_the_nearest_commands_can_be_done() -> None:
    """In the place of a line that means nothing stand admissible commands, as the game says them."""
    assert {*nearest("go to the cabinets", *AT_DESK)} >= {"go to cabinet 1", "go to cabinet 2"}
    found = nearest("put mug in/on", *HOLDING, put=OLD_PUT)
    assert found[0] == "put mug 1 in/on desk 1"
    assert len(found) <= NEAREST


WORDS = st.lists(st.sampled_from("go to take the mug 1 desk from put in ( ) 9 , and".split())).map(" ".join)


@given(st.text(max_size=60) | WORDS)
def test_any_line_is_read_or_not(line: str) -> None:
    """Whatever a model writes, it means an action of the world, or none."""
    found = meant(line, *AT_DESK)
    assert found is None or found in AT_DESK[0] or action_of(" ".join(str(found).split())) is None
    assert len(nearest(line, *AT_DESK)) <= NEAREST


class Speaker:
    """A policy that says lines, one after the other."""

    name = "speaker"

    def __init__(self, *said: str) -> None:
        self._said = list(said)
        self.refused: list[str] = []

    def choose(self, view: View) -> str | None:
        """The next line."""
        self.refused += list(_refused(view, PromptForm()))
        return self._said.pop(0) if self._said else None


def test_the_loop_puts_lines_right_and_names_the_nearest() -> None:
    """In a game a line is done as it is meant; one that means nothing is refused, with the nearest ones."""
    pytest.importorskip("textworld", reason="needs the extra: pip install 'mpr-logic[alfworld]'")
    from mpr_logic.envs.alfworld.environment import AlfWorld
    from tests.envs import room

    policy = Speaker("> Go to the fridge", "fetch the fridge", "open fridge now.")
    turns = list(play(AlfWorld(room.room()), Checker.load("rules/alfworld"), policy))
    assert [str(turn.action) for turn in turns[1:3]] == ["go_to(fridge_1)", "open(fridge_1)"]
    assert "the nearest that could be done: " in policy.refused[0]
    assert "open fridge 1" in policy.refused[0]
