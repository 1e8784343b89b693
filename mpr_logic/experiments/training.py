"""Training: rounds of play that write a memory (Meta-Policy Reflexion, Algorithm 1a).

Each round plays every task with the rules of the rounds before it as guidance, nothing checked; then what
was recorded is reflected on, and the memory learns from all of it. The paper updates after each episode that
failed; here a round is the unit, so that its episodes may be played side by side.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mpr_logic.agent.environment import worlds
from mpr_logic.checker.loading import load_modules
from mpr_logic.experiments.arms import play_all
from mpr_logic.memory.induction.refine import SearchLimits
from mpr_logic.memory.store import Memory
from mpr_logic.models.learning import Lesson, learn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from mpr_logic.experiments.arms import Arm, PlayedEpisode
    from mpr_logic.experiments.executors import Executor
    from mpr_logic.models.reflection import Reflection


@dataclass(frozen=True, slots=True)
class Learner:
    """The settings by which a memory learns. ``location`` is where it is kept: a file, or an SQLAlchemy URL;
    ``conditions`` is the most conditions that a rule joins; ``induced`` and ``refine`` are as in
    :func:`learn`."""

    location: str
    environment: str
    conditions: int = 1
    induced: bool = True
    refine: bool = True
    theta: float = 0.9


CHUNK = 5
"""The number of episodes of a scripted player in one piece of work; each episode of a model is a piece of its
own."""


@dataclass(frozen=True, slots=True)
class Reflecting:
    """The player that reflects on lost episodes, which is a model, and the number of answers it gives."""

    player: Any
    samples: int = 4


@dataclass(frozen=True, slots=True)
class Round:
    """A round of training: what was played in it, and what was learned after it."""

    number: int
    played: tuple[PlayedEpisode, ...]
    lesson: Lesson


def train(
    learner: Learner,
    arm: Arm,
    places: Sequence[int],
    rounds: int,
    executor: Executor,
    reflecting: Reflecting | None = None,
    say: Callable[[str, int], None] = lambda what, more: None,
) -> Iterator[Round]:
    """Train a memory, round by round; what it holds already is where it begins.

    Args:
        learner: the memory, and how it learns.
        arm: who plays, and by which method.
        places: the tasks.
        rounds: how often each is played.
        executor: where the work is done.
        reflecting: a model that reflects on the episodes that were lost.
        say: told of what is going on, and how many more episodes are played.

    Raises:
        GameError: a task cannot be played.
        StoreError: the memory cannot be read or written.
        ModelError: a model cannot be reached.
        EvaluationError: the engine could not finish.
    """
    first = episodes_of(learner)
    for number in range(1, rounds + 1):
        what = f"round {number}"
        # the player draws by the round: a training that goes on is not to repeat the draws of the first
        here = replace(arm, round=first + number, learned=known(learner))
        played: list[PlayedEpisode] = []
        for part in chunks(executor, here, places):
            played += part
            say(what, len(part))
        with Memory.open(learner.location, theta=learner.theta) as memory:
            ids = remember(memory, [each.lines for each in played])
        say(f"learning from {what}", 0)
        lost = {id: each.lines for id, each in zip(ids, played, strict=True) if not each.result.won}
        reflections = reflected(executor, learner, reflecting, lost)
        (lesson,) = executor.map(study, [(learner, reflections)])
        yield Round(number, tuple(played), lesson)


def episodes_of(learner: Learner) -> int:
    """Return the number of episodes in a memory; 0 where it is not there yet.

    Raises:
        StoreError: it cannot be read.
    """
    with Memory.open(learner.location, theta=learner.theta) as memory:
        return len(memory.episodes())


def chunks(executor: Executor, arm: Arm, places: Sequence[int]) -> Iterator[list[PlayedEpisode]]:
    """Play tasks, a few at a time; yield what is done in the order of the tasks, so that a memory numbers its
    episodes alike whoever is done first.

    Raises:
        GameError: a task cannot be played.
    """
    size = 1 if arm.player.reads else CHUNK
    parts = [places[i : i + size] for i in range(0, len(places), size)]
    yield from executor.map(play_all, [(arm, part) for part in parts])


def reflected(
    executor: Executor,
    learner: Learner,
    reflecting: Reflecting | None,
    lost: Mapping[int, Sequence[dict[str, Any]]],
) -> dict[int, Reflection]:
    """Return the reflections of a model on lost episodes, by the episodes' numbers in the memory.

    Raises:
        ModelError: the model cannot be reached.
    """
    if reflecting is None:
        return {}
    player, samples = reflecting.player, reflecting.samples
    ids = sorted(lost)
    work = [(player, learner.environment, lost[id], id, samples) for id in ids]
    return dict(zip(ids, executor.map(reflect_on, work), strict=True))


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
    """Return the reflection of a model on a lost episode, whose number in the memory is ``number``.

    Raises:
        ModelError: the model cannot be reached.
    """
    from mpr_logic.models.episodes import read_episode
    from mpr_logic.models.grammars import Vocabulary
    from mpr_logic.models.reflection import reflect

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
            SearchLimits(conditions=learner.conditions),
            reflections=reflections,
            induced=learner.induced,
            refine=learner.refine,
        )


def known(learner: Learner, *, create: bool = True) -> str:
    """The rules that a memory holds now, as ``.dl`` text with their weights. Without ``create`` the memory
    must be there.

    Raises:
        StoreError: the memory cannot be read.
    """
    with Memory.open(learner.location, theta=learner.theta, create=create) as memory:
        return memory.export()
