"""The belief is made of what the agent reads and does, and of nothing else."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpr_logic import Action, Checker
from mpr_logic.envs.alfworld.belief import Belief, Places, kind_of
from mpr_logic.envs.alfworld.commands import OLD_PUT, action_of, command_of, positional
from mpr_logic.envs.alfworld.observations import Sentence, read, read_task

HELLO = "-= Welcome to TextWorld, ALFRED! =-\n\n"
ROOM = (
    "You are in the middle of a room. Looking quickly around you, you see a cabinet 1, a drawer 2,"
    " a drawer 1, a fridge 1, a shelf 1, and a sinkbasin 1."
)
TASK = "\n\nYour task is to: put a clean cup in shelf."
INTRO = HELLO + ROOM + TASK
NAMES = ("cabinet_1", "drawer_2", "drawer_1", "fridge_1", "shelf_1", "sinkbasin_1")
NOTHING = "Nothing happens."


def told(*turns: tuple[str, str]) -> Belief:
    """The belief after the first observation and then commands, each with its answer."""
    belief = Belief()
    belief.observe(None, INTRO)
    for command, text in turns:
        belief.observe(action_of(command), text)
    return belief


def test_first_observation_tells_the_room_and_the_task() -> None:
    """The agent learns which receptacles there are, that none is where it stands, and what is wanted."""
    belief = told()
    assert belief.facts == {
        *[f"receptacle({name}, {kind_of(name)})" for name in NAMES],
        *[f"not agent_at({name})" for name in NAMES],
        "task(clean)",
        "wanted(cup)",
        "target(shelf)",
    }
    assert list(belief.receptacles) == list(NAMES)


@pytest.mark.parametrize(
    ("goal", "what", "kinds"),
    [
        ("put a cd in dresser.", "put", ("cd", "dresser")),
        ("put some mug on desk.", "put", ("mug", "desk")),
        ("put two cd in safe.", "two", ("cd", "safe")),
        ("find two pen and put them in drawer.", "two", ("pen", "drawer")),
        ("put a clean cup in shelf.", "clean", ("cup", "shelf")),
        ("clean some cup and put it in shelf.", "clean", ("cup", "shelf")),
        ("put a hot egg in fridge.", "heat", ("egg", "fridge")),
        ("heat some egg and put it in fridge.", "heat", ("egg", "fridge")),
        ("put a cool pan in stoveburner.", "cool", ("pan", "stoveburner")),
        ("cool some pan and put it in stoveburner.", "cool", ("pan", "stoveburner")),
        ("look at bowl under the desklamp.", "light", ("bowl", "desklamp")),
        ("examine the bowl with the desklamp.", "light", ("bowl", "desklamp")),
    ],
)
def test_tasks(goal: str, what: str, kinds: tuple[str, str]) -> None:
    """Each of the sentences in which the games state a task is understood."""
    assert read_task(f"{ROOM}\n\nYour task is to: {goal}") == Sentence(what, kinds)


def test_task_in_other_words_leaves_the_room() -> None:
    """A task that a person wrote is not understood; what was said of the room is learned all the same."""
    belief = Belief()
    belief.observe(None, f"{HELLO}{ROOM}\n\nYour task is to: tidy up!")
    assert "receptacle(fridge_1, fridge)" in belief.facts
    assert not any(fact.startswith(("task", "wanted", "target")) for fact in belief.facts)
    assert belief.unread == 0


ARRIVED = ("go to shelf 1", "You arrive at shelf 1. On the shelf 1, you see a cup 1, and a mug 2.")
TAKEN = ("take cup 1 from shelf 1", "You pick up the cup 1 from the shelf 1.")
AT_FRIDGE = ("go to fridge 1", "You arrive at fridge 1. The fridge 1 is closed.")


@pytest.mark.parametrize(
    ("turns", "known", "unknown"),
    [
        (
            [ARRIVED],
            "at(cup_1, shelf_1); at(mug_2, shelf_1); kind(mug_2, mug); searched(shelf_1); agent_at(shelf_1)"
            "; not openable(shelf_1)",
            "opened(shelf_1); not agent_at(fridge_1); agent_at(fridge_1)",
        ),
        (
            [("go to shelf 1", "You arrive at loc 4. On the shelf 1, you see nothing.")],
            "agent_at(shelf_1); searched(shelf_1)",
            "receptacle(loc_4, loc)",
        ),
        (
            [AT_FRIDGE],
            "openable(fridge_1); not opened(fridge_1); agent_at(fridge_1)",
            "searched(fridge_1)",
        ),
        (
            [
                AT_FRIDGE,
                ("open fridge 1", "You open the fridge 1. The fridge 1 is open. In it, you see a egg 1."),
            ],
            "opened(fridge_1); searched(fridge_1); at(egg_1, fridge_1)",
            "not opened(fridge_1)",
        ),
        (
            [
                ("go to fridge 1", "You arrive at fridge 1. The fridge 1 is open. In it, you see nothing."),
                ("close fridge 1", "You close the fridge 1."),
            ],
            "not opened(fridge_1); searched(fridge_1)",
            "opened(fridge_1)",
        ),
        (
            [ARRIVED, TAKEN],
            "holding(cup_1); not at(cup_1, shelf_1); at(mug_2, shelf_1)",
            "at(cup_1, shelf_1)",
        ),
        (
            [ARRIVED, TAKEN, ("move cup 1 to shelf 1", "You move the cup 1 to the shelf 1.")],
            "at(cup_1, shelf_1)",
            "holding(cup_1); not at(cup_1, shelf_1)",
        ),
        (
            [ARRIVED, TAKEN, ("put cup 1 in/on shelf 1", "You put the cup 1 in/on the shelf 1.")],
            "at(cup_1, shelf_1)",
            "holding(cup_1)",
        ),
        (
            [ARRIVED, TAKEN, ("clean cup 1 with sinkbasin 1", "You clean the cup 1 using the sinkbasin 1.")],
            "is_clean(cup_1); agent_at(sinkbasin_1); agent_at(shelf_1)",
            "is_hot(cup_1)",
        ),
        (
            [("heat egg 1 with fridge 1", "You heat the egg 1 using the fridge 1.")],
            "is_hot(egg_1); not is_cold(egg_1)",
            "is_clean(egg_1)",
        ),
        (
            [("cool egg 1 with fridge 1", "You cool the egg 1 using the fridge 1.")],
            "is_cold(egg_1); not is_hot(egg_1)",
            "",
        ),
        ([("use desklamp 1", "You turn on the desklamp 1.")], "is_on(desklamp_1)", "not is_on(desklamp_1)"),
        ([("examine desklamp 1", "This desklamp 1 is off.")], "not is_on(desklamp_1)", "is_on(desklamp_1)"),
        (
            [("slice egg 1 with knife 1", "You sliced the egg 1 with the knife 1.")],
            "is_sliced(egg_1); kind(knife_1, knife)",
            "",
        ),
        ([("inventory", "You are carrying: a cup 1.")], "holding(cup_1); kind(cup_1, cup)", ""),
        ([ARRIVED, TAKEN, ("inventory", "You are not carrying anything.")], "", "holding(cup_1)"),
        (
            [("examine egg 1", "There's nothing special about egg 1.")],
            "not is_clean(egg_1); not is_hot(egg_1); not is_cold(egg_1); not is_sliced(egg_1)",
            "",
        ),
        (
            [("examine egg 1", "This is a hot and clean sliced egg 1.")],
            "is_clean(egg_1); is_hot(egg_1); is_sliced(egg_1); not is_cold(egg_1)",
            "",
        ),
        ([("examine egg 1", "This is a cold egg 1.")], "is_cold(egg_1); not is_clean(egg_1)", ""),
        (
            [("examine mug 1", "This is a normal mug 1. In it, you see a spoon 1.")],
            "inside(spoon_1, mug_1); kind(spoon_1, spoon)",
            "at(spoon_1, mug_1)",
        ),
        (
            [ARRIVED, ("look", "You are facing the shelf 1, and drawer 1. Next to it, you see a pen 1.")],
            "agent_at(drawer_1); not agent_at(fridge_1); beside(pen_1, shelf_1)",
            "",
        ),
        ([("help", "\nAvailable commands:\n  look:   look around\n")], "", "agent_at(shelf_1)"),
    ],
)
def test_sentences(turns: list[tuple[str, str]], known: str, unknown: str) -> None:
    """Each kind of sentence teaches what it says, and leaves the rest unknown."""
    belief = told(*turns)
    assert belief.unread == 0
    assert set(filter(None, known.split("; "))) <= belief.facts
    assert not set(unknown.split("; ")) & belief.facts


def test_whether_an_action_succeeded() -> None:
    """The games answer all that cannot be done with the same words; what cannot be read tells nothing."""
    belief = told()
    assert belief.observe(Action("open", "shelf_1"), NOTHING) is False
    assert belief.observe(action_of(ARRIVED[0]), ARRIVED[1]) is True
    assert belief.observe(Action("look"), "You see the sea.") is None
    assert belief.unread == 1


def test_refusal_tells_that_a_place_is_shared() -> None:
    """An agent that is refused the way to a receptacle is there already, as is all that shares the place."""
    belief = told(ARRIVED, ("go to drawer 1", NOTHING), AT_FRIDGE, ("go to cabinet 1", NOTHING))
    here, there = {"fridge_1", "cabinet_1"}, {"shelf_1", "drawer_1"}
    assert {f"agent_at({name})" for name in here} | {
        f"not agent_at({name})" for name in there
    } <= belief.facts
    back = ("go to drawer 1", "You arrive at drawer 1. The drawer 1 is closed.")
    belief.observe(action_of(back[0]), back[1])
    assert {f"agent_at({name})" for name in there} | {
        f"not agent_at({name})" for name in here
    } <= belief.facts


def test_refusal_of_what_needs_the_place_alone_tells_that_it_is_elsewhere() -> None:
    """A receptacle that cannot be examined is not here; one that is closed and cannot be opened, neither."""
    belief = told(ARRIVED, ("examine drawer 1", NOTHING))
    assert "not agent_at(drawer_1)" in belief.facts
    belief = told(AT_FRIDGE, ARRIVED, ("open drawer 2", NOTHING))
    assert not {"agent_at(drawer_2)", "not agent_at(drawer_2)"} & belief.facts


def test_unreadable_answer_leaves_what_it_may_have_changed_unknown() -> None:
    """The agent does not know any more where it is, or whether a door is open."""
    belief = told(AT_FRIDGE, ("open fridge 1", "Squeak."))
    assert not {"opened(fridge_1)", "not opened(fridge_1)"} & belief.facts
    belief = told(ARRIVED, ("take cup 1 from shelf 1", "Squeak."))
    assert not {"at(cup_1, shelf_1)", "not at(cup_1, shelf_1)", "searched(shelf_1)"} & belief.facts
    belief = told(ARRIVED, ("go to fridge 1", "Squeak."))
    assert not any("agent_at" in fact for fact in belief.facts)
    belief.observe(
        Action("look"), "You are in the middle of a room. Looking quickly around you, you see nothing."
    )
    assert {f"not agent_at({name})" for name in NAMES} <= belief.facts


FRAGMENTS = [
    "You are in the middle of a room. Looking quickly around you, you see",
    "Your task is to: put a",
    "You arrive at shelf 1.",
    "Your task is to: put two mod in not",
    "On the ",
    ", you see ",
    "nothing",
    "You pick up the ",
    " from the ",
    "not 1",
    "mod 2",
    "cup 1",
    " a shelf 1",
    " in ",
    "count",
    "The fridge 1 is closed.",
    "This is a hot and clean ",
    ".",
]
texts = st.one_of(st.text(), st.lists(st.sampled_from(FRAGMENTS), max_size=12).map("".join))
actions = st.sampled_from(
    [None, *map(Action, ("look", "go_to")), Action("open", 3), Action("go_to", "cup_1")]
)


@given(st.lists(st.tuples(actions, texts), max_size=6))
def test_any_text_is_read_or_passed_over(turns: list[tuple[Action | None, str]]) -> None:
    """No text makes the belief fail, and all that it holds is a fact by the rules' declarations."""
    belief = Belief()
    checker = Checker.load("rules/alfworld/0_world.dl")
    for action, text in turns:
        belief.observe(action, text)
        checker.update(add=belief.facts)


def test_names_that_are_words_of_the_language() -> None:
    """A thing may be called what is a keyword in rules."""
    belief = told(("go to shelf 1", "You arrive at shelf 1. On the shelf 1, you see a not 1."))
    assert 'kind(not_1, "not")' in belief.facts
    belief.observe(None, f"{ROOM}\n\nYour task is to: put two max in min.")
    assert {'wanted("max")', 'target("min")', "two"} <= belief.facts


@given(st.data())
def test_places_know_what_follows_and_no_more(data: st.DataObject) -> None:
    """Whatever is learned, in any order: no pair is told wrongly, and each that follows is told."""
    names = [f"r_{number}" for number in range(6)]
    true = {name: data.draw(st.integers(0, 3)) for name in names}
    places = Places()
    places.add(names)
    learned = data.draw(st.lists(st.sampled_from(list(combinations(names, 2))), max_size=10))
    for one, other in learned:
        (places.join if true[one] == true[other] else places.part)(one, other)
    same = {(name, name) for name in names} | {pair for pair in learned if len({true[n] for n in pair}) == 1}
    apart = set(learned) - same
    for known in (same, apart):
        known |= {(other, one) for one, other in known}
    for _ in names:
        same |= {(a, d) for a, b in same for c, d in same if b == c}
    apart = {(a, d) for a, b in same for c, d in apart if b == c}
    apart = {(a, d) for a, b in apart for c, d in same if b == c}
    for name in names:
        assert places.together(name) == {other for one, other in same if one == name}
        assert places.apart(name) == {other for one, other in apart if one == name}


@pytest.mark.parametrize(
    "command",
    [
        "go to shelf 1",
        "take cup 1 from shelf 1",
        "slice egg 1 with knife 2",
        "use desklamp 1",
        "look",
        "help",
    ],
)
def test_commands_and_actions(command: str) -> None:
    """A command stands for an action, and that is said by the same command."""
    action = action_of(command)
    assert action is not None
    assert command_of(action) == command


def test_both_wordings_of_put() -> None:
    """The `put .. in/on` of older games and the `move .. to` of later ones are one action."""
    action = Action("put", "cup_1", "shelf_1")
    assert action_of("put cup 1 in/on shelf 1") == action_of("move cup 1 to shelf 1") == action
    assert command_of(action) == "move cup 1 to shelf 1"
    assert command_of(action, OLD_PUT) == "put cup 1 in/on shelf 1"
    assert action_of("dance") is None
    assert command_of(Action("dance", "wildly")) == "dance(wildly)"


def test_arguments_by_name() -> None:
    """An action may name its arguments, in any order."""
    assert positional(Action("slice", k="knife_1", o="egg_1")) == Action("slice", "egg_1", "knife_1")
    assert positional(Action("take", r="shelf_1", o="cup_1")) == Action("take", "cup_1", "shelf_1")
    assert positional(Action("go_to", to="shelf_1")) == Action("go_to", "shelf_1")


def test_read_is_none_for_other_texts() -> None:
    """Half a sentence, or another one, is no observation."""
    assert read("You arrive at") is None
    assert read("") is None


CUP_AT_SHELF = ("go to shelf 1", "On the shelf 1, you see a cup 1, and a cup 2.")
TAKEN = ("take cup 1 from shelf 1", "You pick up the cup 1 from the shelf 1.")


def test_a_refused_take_tells_where_a_thing_is_not() -> None:
    """With an empty hand, a thing that can be carried would have been taken from what is open here."""
    laid = ("put cup 1 in/on shelf 1", "You put the cup 1 in/on the shelf 1.")
    belief = told(CUP_AT_SHELF, TAKEN, laid, ("take cup 3 from shelf 1", NOTHING))
    assert "not at(cup_3, shelf_1)" in belief.facts
    belief = told(CUP_AT_SHELF, TAKEN, ("take cup 2 from shelf 1", NOTHING))
    assert "at(cup_2, shelf_1)" in belief.facts, "the hand was full"
    belief = told(CUP_AT_SHELF, ("take pen 1 from shelf 1", NOTHING))
    assert "not at(pen_1, shelf_1)" not in belief.facts, "it may be one that nobody can carry"


def test_a_refused_take_of_what_was_laid_down_tells_that_it_is_elsewhere() -> None:
    """The agent has put it there itself: so that is another place than this one."""
    laid = ("put cup 1 in/on shelf 1", "You put the cup 1 in/on the shelf 1.")
    seen = "On the drawer 1, you see nothing."
    steps = (CUP_AT_SHELF, TAKEN, laid, AT_FRIDGE, ("go to drawer 1", seen))
    belief = told(*steps)
    assert "not agent_at(shelf_1)" not in belief.facts
    belief = told(*steps, ("take cup 1 from shelf 1", NOTHING))
    assert "not agent_at(shelf_1)" in belief.facts
