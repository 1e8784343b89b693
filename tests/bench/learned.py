"""Rules as an agent learns them: 20 shapes that differ in their constants, most of them about other tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

SHAPES = (
    "forbid put({o}, C) :- task({t}), in_room(C, {r}).",
    "forbid put({o}, {c}) :- not clean({o}), task({t}).",
    "forbid put(O, {c}) :- task({t}), kind_of(O, {k}), not cold(O).",
    "forbid put(O, {c}) :- hot(O), fragile(O), task({t}).",
    "forbid put({o}, C) :- task({t}), closed(C).",
    "forbid put(O, C) :- kind_of(O, {k}), in(C, {r}), dark({r}), task({t}).",
    "forbid take({o}, C) :- task({t}), not agent_at(C).",
    "forbid take({o}, {c}) :- hidden({o}), task({t}).",
    "forbid take(O, {c}) :- task({t}), kind_of(O, {k}), holding(P), P != O.",
    "forbid take(O, C) :- kind_of(O, {k}), crowded(C), openable(C), task({t}).",
    "forbid take(O, C) :- task({t}), in(O, {c}), heavy(O), C != {c}.",
    "forbid go_to({c}) :- holding({o}), task({t}).",
    "forbid go_to({c}) :- task({t}), not holding({o}), opened({c}).",
    "forbid go_to(C) :- in(C, {r}), holding(O), kind_of(O, {k}), task({t}).",
    "forbid open({c}) :- task({t}), holding({o}).",
    "forbid open({c}) :- hands_full(), task({t}).",
    "forbid close({c}) :- task({t}), in({o}, {c}).",
    "forbid heat({o}, {c}) :- not clean({o}), task({t}).",
    "forbid cool(O, {c}) :- task({t}), kind_of(O, {k}), hot(O).",
    "prefer go_to({c}) :- holding({o}), in({c}, {r}), task({t}).",
)

TASKS = 500
"""Rules speak of so many tasks; the state names two of them, ``task_0`` and ``task_1``."""


def learned_rules(
    rng: random.Random,
    n: int,
    rooms: Sequence[str],
    receptacles: Sequence[str],
    objects: Sequence[str],
    kinds: Sequence[str],
) -> list[str]:
    """``n`` learned rules; one in 250 speaks of a task of the state, three of four weigh at least 0.9.

    A model writes the condition on the task first or last, as it comes."""
    rules = []
    for i in range(n):
        text = SHAPES[i % len(SHAPES)].format(
            o=rng.choice(objects),
            c=rng.choice(receptacles),
            r=rng.choice(rooms),
            k=rng.choice(kinds),
            t=f"task_{rng.randrange(TASKS)}",
        )
        weight = round(rng.uniform(0.9, 1.0) if rng.random() < 0.75 else rng.uniform(0.5, 0.9), 3)
        rules.append(f"@id(learned_{i}) {weight} :: {text}")
    return rules
