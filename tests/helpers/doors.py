"""A world of coloured doors and keys, made up state by state, whose laws are known to the tests alone."""

from __future__ import annotations

import random
from functools import cache

from hypothesis import strategies as st

from mpr_logic.language import parse
from mpr_logic.language.ast import Clause, Module
from mpr_logic.language.parser import parse_clause
from mpr_logic.memory.induction.replay import RecordedEpisode, RecordedStep, Replay

DECLARATIONS = """
.type door <: symbol
.type key <: symbol
.type colour <: symbol

.decl colour(d: door, c: colour)
.decl holds(k: key)
.decl fits(k: key, c: colour)
.decl opened(d: door) open_world
.decl raining()
.decl painted(c: colour)

.action unlock(d: door, k: key)
.action enter(d: door)
.action wait()

painted(C) :- colour(_, C).
"""
COLOURS = ("red", "green", "blue")
DOORS = ("d1", "d2", "d3")
KEYS = ("k1", "k2", "k3")
ITEMS = (
    "holds(K)",
    "not holds(K)",
    "not holds(_)",
    "colour(D, C)",
    "colour(D, red)",
    "not colour(D, red)",
    "fits(K, C)",
    "not fits(K, C)",
    "fits(K, _)",
    "opened(D)",
    "not opened(D)",
    "holds(L)",
    "L != K",
    "fits(L, C)",
    "painted(C)",
    "raining",
    "failed unlock(D, K)",
    "not past unlock(D, _) since past enter(D)",
    "past wait after failed unlock(_, K)",
    "past enter(D) at 2",
    "N = count : { fits(_, C) }",
    "N > 1",
)
"""The literals that bodies of rules about ``unlock(D, K)`` are made of."""


def modules(rules: str = "") -> list[Module]:
    """The declarations, and hand-written rules."""
    return [parse(DECLARATIONS, "doors.dl"), parse(rules, "rules.dl")]


def state(draw: random.Random) -> set[str]:
    """A state that an agent may be in."""
    facts = {f"colour({door}, {draw.choice(COLOURS)})" for door in DOORS}
    facts |= {f"fits({key}, {draw.choice(COLOURS)})" for key in KEYS}
    facts |= {f"holds({key})" for key in KEYS if draw.random() < 0.5}
    for door in DOORS:
        seen = draw.random()
        if seen < 0.8:
            facts.add(f"opened({door})" if seen < 0.4 else f"not opened({door})")
    return facts | ({"raining"} if draw.random() < 0.5 else set())


def succeeds(facts: set[str], action: str, draw: random.Random) -> bool:
    """The laws: a key opens a door where it is held and fits the colour; a door lets in where it is open."""
    name, _, rest = action.partition("(")
    args = rest.rstrip(")").split(", ")
    if name == "unlock":
        door, key = args
        fits = any(f"colour({door}, {c})" in facts and f"fits({key}, {c})" in facts for c in COLOURS)
        return f"holds({key})" in facts and fits
    if name == "enter":
        unknown = f"opened({args[0]})" not in facts and f"not opened({args[0]})" not in facts
        return draw.random() < 0.5 if unknown else f"opened({args[0]})" in facts
    return True


def episodes(seed: int, number: int = 6, turns: int = 30) -> list[RecordedEpisode]:
    """Episodes of states that have nothing to do with each other, so that all comes together."""
    found = []
    for n in range(number):
        draw = random.Random(f"{seed} {n}")
        facts = state(draw)
        steps = [RecordedStep(0, None, None, (), tuple(sorted(facts)))]
        for turn in range(1, turns + 1):
            action = draw.choice(("unlock", "unlock", "enter", "wait"))
            if action != "wait":
                door, key = draw.choice(DOORS), draw.choice(KEYS)
                action = f"unlock({door}, {key})" if action == "unlock" else f"enter({door})"
            outcome = succeeds(facts, action, draw) if draw.random() < 0.9 else None
            new = state(draw)
            removed, added = tuple(sorted(facts - new)), tuple(sorted(new - facts))
            steps.append(RecordedStep(turn, action, outcome, removed, added))
            facts = new
        found.append(RecordedEpisode(f"ep-{n}", tuple(steps), f"ep-{n}"))
    return found


@cache
def replay(seed: int = 0, number: int = 12, turns: int = 60) -> Replay:
    """A replay of episodes; one for each seed, since nobody changes it."""
    return Replay(modules(), episodes(seed, number, turns))


def rule(text: str) -> Clause:
    """The clause of a text."""
    return parse_clause(text)


def valid(body: list[str]) -> bool:
    """Whether a rule about ``unlock(D, K)`` with this body has no faults."""
    return replay().valid(unlock(body))


def unlock(body: list[str]) -> Clause:
    """The rule that forbids ``unlock(D, K)`` where the body holds."""
    return rule(f"forbid unlock(D, K) :- {', '.join(body)}." if body else "forbid unlock(D, K).")


BODIES = st.lists(st.sampled_from(ITEMS), min_size=1, max_size=4, unique=True).filter(valid)
"""Bodies of valid rules about ``unlock(D, K)``."""
