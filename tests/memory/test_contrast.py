"""A failure is explained by a change before the next success, and by nothing else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mpr_logic.language.parser import parse
from mpr_logic.language.printer import print_clause
from mpr_logic.memory.induction.contrast import Pair, changed, essential, pairs_of
from mpr_logic.memory.induction.gate import Gate
from mpr_logic.memory.induction.refine import SearchLimits, induce
from mpr_logic.memory.induction.replay import RecordedEpisode, RecordedStep, Replay

BOXES = """\
.type box <: symbol
.decl here(b: box) open_world
.decl looked(b: box) input
.decl shut(b: box) input
.action put(b: box)
"""
LIMITS = SearchLimits(conditions=1)


def room(name: str, *, back: bool = True, lids: bool = False, near: bool = False) -> RecordedEpisode:
    """A robot leaves out going to boxes: it fails, goes there, which it looks by, and succeeds. It comes
    ``back`` to boxes where it has looked before; ``lids`` are shut, and looked under when opened; ``near`` is
    a box where it stands from the first, unseen, and that it puts something into."""
    steps: list[RecordedStep] = []

    def turn(action: str | None, went: bool | None, removed: str = "", added: str = "") -> None:
        gone, new = ([fact for fact in text.split(";") if fact] for text in (removed, added))
        steps.append(RecordedStep(len(steps) + 1, action, went, tuple(gone), tuple(new)))

    for box in ("a", "b"):
        turn(f"put({box})", False)
        turn(None, None, f"not here({box})", f"here({box});looked({box})")
        turn(f"put({box})", True, f"here({box})", f"not here({box})")
    if back:
        turn(None, None, "", "not here(e);looked(e)")
        turn("put(e)", False)
        turn(None, None, "not here(e)", "here(e)")
        turn("put(e)", True)
    if lids:
        turn(None, None, "", "here(c);shut(c)")
        turn("put(c)", False)
        turn(None, None, "shut(c)", "looked(c)")
        turn("put(c)", True)
    if near:
        turn("put(d)", True)
    return RecordedEpisode(name, tuple(steps), name)


def learned(episodes: list[RecordedEpisode], *more: str) -> dict[str, str]:
    """The rules that are learned, and those of ``more`` that are let in, with what holds each back."""
    modules = [parse(BOXES)]
    replay = Replay(modules, episodes)
    gate = Gate(modules, replay, LIMITS)
    for text in more:
        gate.admit(text, "a model")
    for clause in induce(replay, LIMITS):
        gate.admit(print_clause(clause, annotations=False), "induced", searched=True)
    holds = gate.holds()
    return {print_clause(r.clause, annotations=False): holds[id] for id, r in gate.rules.items()}


LOOKED = "forbid put(B) :- not looked(B)."


def test_a_pair_is_a_failure_and_its_next_success() -> None:
    """The same action with the same arguments in the same episode, and no other."""
    replay = Replay([parse(BOXES)], [room("one"), room("two", back=False)])
    found = [(p.failure, p.success, p.group) for p in pairs_of(replay, "put")]
    assert found == [(0, 1, "one"), (2, 3, "one"), (4, 5, "one"), (6, 7, "two"), (8, 9, "two")]
    assert pairs_of(replay, "look") == []


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=12),
    st.sets(st.integers(0, 60), max_size=30),
)
def test_what_has_changed(places: list[tuple[int, int]], held: set[int]) -> None:
    """A condition has changed where it may have held at the failure and did not at the success."""
    pairs = [Pair(failure, success, "g") for failure, success in places]
    found = changed(pairs, sum(1 << n for n in held))
    assert [bool(found >> n & 1) for n in range(len(pairs))] == [
        a in held and b not in held for a, b in places
    ]


@given(st.lists(st.integers(0, 255), max_size=6), st.lists(st.sampled_from("xyz"), min_size=8, max_size=8))
def test_what_is_essential(changes: list[int], groups: list[str]) -> None:
    """A condition is essential where in pairs of two groups no other condition has changed."""
    pairs = [Pair(n, n + 8, group) for n, group in enumerate(groups)]
    found = essential(pairs, changes)
    for each in set(changes):
        alone = {
            groups[n]
            for n in range(8)
            if each >> n & 1 and not any(o >> n & 1 for o in set(changes) - {each})
        }
        assert (each in found) == (len(alone) >= 2)


def test_what_goes_along_is_no_reason() -> None:
    """Going changes both; coming back changes only where it stands. So having looked explains nothing, and a
    rule of a model that says so is held back."""
    episodes = [room(f"r{n}") for n in range(14)]
    assert learned(episodes) == {"forbid put(B) :- not here(B).": ""}
    held = learned(episodes, LOOKED)
    assert "`not here(B)` may explain" in held[LOOKED]


def test_what_cannot_be_told_apart_is_held_back() -> None:
    """A lid that is opened is looked under: shut or not looked, nobody can tell. Both are asked together."""
    episodes = [room(f"r{n}", lids=True) for n in range(14)]
    found = learned(episodes)
    assert found["forbid put(B) :- not here(B)."] == ""
    assert LOOKED not in found
    assert any("shut(B)" in text and not held for text, held in found.items())
    held = learned(episodes, LOOKED)
    assert held[LOOKED].startswith("nothing tells it from `shut(B)`")


def test_a_success_refutes_it_at_once() -> None:
    """A box where the robot stood from the first was never looked into, and took what was put: the rule does
    not come in."""
    episodes = [room(f"r{n}", lids=True, near=n == 3) for n in range(14)]
    assert LOOKED not in learned(episodes, LOOKED)


def test_without_pairs_nothing_is_doubted() -> None:
    """Who never tries again shows no contrast: the rule stands as its evidence does."""
    episodes = [room(f"r{n}", back=False) for n in range(14)]
    short = [RecordedEpisode(e.id, e.steps[:1], e.task) for e in episodes]
    others = [RecordedEpisode(f"o{n}", e.steps[1:3], f"o{n}") for n, e in enumerate(episodes)]
    assert "" in learned([*short, *others]).values()


def test_what_another_action_has_needed_may_explain_what_nobody_saw() -> None:
    """Lifting fails where the robot is known to be elsewhere. Where putting failed, nobody knew where it was:
    so that it had not looked is no reason."""
    boxes = BOXES + ".action lift(b: box)\n"
    steps = [
        RecordedStep(1, None, None, (), ("not here(a)", "looked(a)")),
        RecordedStep(1, "lift(a)", False),
        RecordedStep(2, "put(b)", False),
        RecordedStep(3, None, None, ("not here(a)",), ("here(a)", "here(c)", "looked(c)")),
        RecordedStep(4, "lift(a)", True),
        RecordedStep(5, "put(c)", True),
    ]
    episodes = [RecordedEpisode(f"r{n}", tuple(steps), f"r{n}") for n in range(14)]
    replay = Replay([parse(boxes)], episodes)
    gate = Gate([parse(boxes)], replay, LIMITS)
    (rule,) = gate.admit(LOOKED, "a model").rules
    assert gate.holds() == {rule.id: ""}
    gate.admit("forbid lift(B) :- not here(B).", "a model")
    assert gate.holds()[rule.id] == "whatever failed there, `not here(B)` may explain as well"
    assert LOOKED not in [print_clause(each, annotations=False) for each in induce(replay, LIMITS)]
