"""Training: rounds of play that write a memory (Meta-Policy Reflexion, Algorithm 1a).

Each round plays every task with the rules of the rounds before it as guidance, nothing checked; then what
was recorded is reflected on, and the memory learns from all of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mpr_logic.agent.worlds import worlds
from mpr_logic.checking.loading import load_modules
from mpr_logic.memory.refine import Limits
from mpr_logic.memory.store import Memory
from mpr_logic.reflection.learning import Lesson, learn

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mpr_logic.reflection.reflect import Reflection


@dataclass(frozen=True, slots=True)
class Learner:
    """How a memory learns. ``location`` is where it is kept: a file, or an SQLAlchemy URL; ``conditions``
    are joined in a rule at most; ``induced`` and ``refine`` as in :func:`learn`."""

    location: str
    environment: str
    conditions: int = 1
    induced: bool = True
    refine: bool = True
    theta: float = 0.9


def remember(memory: Memory, episodes: Iterable[Sequence[Mapping[str, Any]]]) -> list[int]:
    """Store trajectories. One whose task and policy are there already is not stored again, so that a round
    which was cut off may be played anew. Returns the numbers of all of them.

    Raises:
        StoreError: the memory cannot be written, or a trajectory is none.
    """
    there = {(each.task, each.policy): each.id for each in memory.episodes()}
    found = []
    for lines in episodes:
        key = (str(lines[0]["task"]), str(lines[0]["policy"]))
        if key not in there:
            there[key] = memory.add_episode([dict(line) for line in lines])
        found.append(there[key])
    return found


def reflect_on(
    player: Any, environment: str, lines: Sequence[dict[str, Any]], number: int, samples: int
) -> Reflection:
    """What a model makes of a failed episode; ``number`` is the episode's in the memory.

    Raises:
        ModelError: the model cannot be reached.
    """
    from mpr_logic.reflection.episode import read_episode
    from mpr_logic.reflection.reflect import reflect
    from mpr_logic.reflection.vocabulary import Vocabulary

    vocabulary = Vocabulary.of(load_modules(worlds(environment).known))
    with player.opened() as seat:
        source = f"reflection: ep-{number} ({player.name})"
        return reflect(seat.model, read_episode(lines), vocabulary, samples=samples, source=source)


def study(learner: Learner, reflections: Mapping[int, Reflection] | None = None) -> Lesson:
    """Let a memory learn from all that it has recorded.

    Raises:
        StoreError: the memory cannot be read or written.
        EvaluationError: the engine could not finish.
    """
    background = load_modules(worlds(learner.environment).known)
    with Memory.open(learner.location, theta=learner.theta) as memory:
        return learn(
            memory,
            background,
            Limits(conditions=learner.conditions),
            reflections=reflections,
            induced=learner.induced,
            refine=learner.refine,
        )


def known(learner: Learner) -> str:
    """The rules that a memory holds now, as ``.dl`` text with their weights.

    Raises:
        StoreError: the memory cannot be read.
    """
    with Memory.open(learner.location, theta=learner.theta) as memory:
        return memory.export()
