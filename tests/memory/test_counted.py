"""Tables of what was seen: no learned law rests on what they lack, and people's rules decide as before."""

from __future__ import annotations

import pytest

from mpr_logic.analysis import analyse
from mpr_logic.analysis.lints import vet
from mpr_logic.checker.checker import Checker
from mpr_logic.language.parser import parse
from mpr_logic.language.printer import print_clause, print_module
from mpr_logic.memory.induction.counted import counted_relations
from mpr_logic.memory.induction.gate import Gate
from mpr_logic.memory.induction.refine import SearchLimits, induce
from mpr_logic.memory.induction.replay import RecordedEpisode, RecordedStep, Replay

WORLD = """\
.type key <: symbol
.type lock <: symbol
.type sort <: symbol
.type hole <: symbol
.decl shape(k: key, s: sort) input
.decl lock_of(l: lock, h: hole) input
.decl held(k: key) input
.decl fits(s: sort, h: hole)
.action unlock(k: key, l: lock)
fits(round, disc).
fits(square, box).
"""
COMPLETE = WORLD.replace("h: hole)\n.action", "h: hole) complete\n.action")


def rooms(number: int = 15) -> list[RecordedEpisode]:
    """Rooms in which keys are tried on locks: one that fits and is held opens, others do not."""
    sorts, holes = ("round", "square"), ("disc", "box")
    found = []
    for n in range(number):
        steps = [RecordedStep(0, None, None, (), tuple(f"lock_of(l{i}, {h})" for i, h in enumerate(holes)))]
        for turn, (key, lock, held) in enumerate(
            ((k, i, h) for k in sorts for i in (0, 1) for h in (1, 0)), 1
        ):
            facts = (f"shape(k{turn}, {key})", *([f"held(k{turn})"] * held))
            steps.append(RecordedStep(turn, None, None, (), facts))
            steps.append(RecordedStep(turn, f"unlock(k{turn}, l{lock})", bool(held) and key == sorts[lock]))
        found.append(RecordedEpisode(f"room {n}", tuple(steps), f"room {n}"))
    return found


def learned(world: str) -> dict[str, str]:
    """The rules that are learned, each with what holds it back."""
    modules = [parse(world)]
    replay, limits = Replay(modules, rooms()), SearchLimits(conditions=1)
    gate = Gate(modules, replay, limits)
    for clause in induce(replay, limits):
        gate.admit(print_clause(clause, annotations=False), "induced", searched=True)
    holds = gate.holds()
    return {print_clause(r.clause, annotations=False): holds[id] for id, r in gate.rules.items()}


def test_what_a_table_lacks_makes_no_law() -> None:
    """The search finds the rule that is certain first; the other is kept, and held back with what to do."""
    found = learned(WORLD)
    assert list(found) == [
        "forbid unlock(K, L) :- not held(K).",
        "forbid unlock(K, L) :- shape(K, S), lock_of(L, H), not fits(S, H).",
    ]
    certain, counted = found.values()
    assert certain == ""
    assert counted.startswith("it rests on `not fits(S, H)`, and the table states what was seen")
    assert counted.endswith("declare `fits` complete")


def test_a_complete_table_makes_a_law() -> None:
    """The author says that the table has all there is."""
    found = learned(COMPLETE)
    assert len(found) == 2
    assert set(found.values()) == {""}


def test_a_rule_that_is_right_without_the_table_is_law() -> None:
    """The absence only narrows it."""
    modules = [parse(WORLD)]
    gate = Gate(modules, Replay(modules, rooms()), SearchLimits(conditions=1), refine=False)
    (rule,) = gate.admit(
        "forbid unlock(K, L) :- not held(K), shape(K, S), lock_of(L, H), not fits(S, H).", "test"
    ).rules
    assert gate.holds() == {rule.id: ""}


@pytest.mark.parametrize(
    ("attributes", "rules", "counted"),
    [
        ("", "", {"fits"}),
        ("complete", "", set()),
        ("input", "", set()),
        ("open_world", "", set()),
        ("", ".decl may(s: sort) may(S) :- fits(S, _).", {"fits", "may"}),
        ("", ".decl may(s: sort) complete may(S) :- fits(S, _).", {"fits"}),
        ("", ".decl odd(k: key) odd(K) :- shape(K, S), not fits(S, disc).", {"fits"}),
        ("", ".decl a(s: sort) .decl b(s: sort) a(S) :- b(S). b(S) :- a(S). b(S) :- fits(S, _).", None),
    ],
)
def test_which_relations_are_counted(attributes: str, rules: str, counted: set[str] | None) -> None:
    """Tables of facts that nothing else fills, and what is derived from them; what an author's rule denies is
    the author's to say."""
    text = WORLD.replace("h: hole)\n.action", f"h: hole) {attributes}\n.action")
    found = counted_relations(analyse([parse(text + rules)]))
    assert found == (counted if counted is not None else {"fits", "a", "b"})


def test_complete_changes_no_decision() -> None:
    """A person's rule decides as it did, and the word is kept by the printer; a program without it has the
    version that it had."""
    rule = "@id(odd) forbid unlock(K, L) :- shape(K, S), lock_of(L, H), not fits(S, H).\n"
    decisions = []
    for world in (WORLD, COMPLETE):
        checker = Checker.from_text(world + rule)
        checker.update(add=["shape(k1, round)", "lock_of(l1, box)", "shape(k2, square)"])
        decisions.append([checker.check(f"unlock({key}, l1)").admissible for key in ("k1", "k2")])
    assert decisions == [[False, True]] * 2
    assert " complete\n" in print_module(parse(COMPLETE))
    assert parse(print_module(parse(COMPLETE))) == parse(COMPLETE)
    plain, whole = (analyse([parse(world)]).version for world in (WORLD, COMPLETE))
    assert plain != whole


@pytest.mark.parametrize(
    "text",
    [
        ".decl p(x: symbol)\ncomplete(X) :- p(X).\n.decl complete(x: symbol)",
        ".decl q()\ncomplete.\n.decl complete()",
        ".decl q()\ncomplete :- q.\n.decl complete()",
        ".decl complete(complete: symbol) complete\ncomplete(complete).",
    ],
)
def test_the_word_stays_a_name(text: str) -> None:
    """A relation may be called so, also where its clause stands right behind a declaration."""
    module = parse(text)
    assert "complete" in analyse([module]).schema.relations
    assert parse(print_module(module)) == module


@pytest.mark.parametrize(
    ("written", "code"),
    [
        (".decl p(x: symbol) open_world complete\n.action a(x: symbol)\nforbid a(X) :- not p(X).", "W0676"),
        (".decl p(x: symbol) complete\np(a).\n.action a(x: symbol)\nforbid a(X) :- not p(X).", None),
    ],
)
def test_complete_and_seen_in_part(written: str, code: str | None) -> None:
    """Both at once contradict each other."""
    assert [d.code for d in vet(analyse([parse(written)])) if d.code.startswith("W067")] == [code] * bool(
        code
    )
