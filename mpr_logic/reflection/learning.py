"""From the episodes of a memory to rules in it: what the induced reflector finds, held at the gate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mpr_logic.analysis import analyse
from mpr_logic.memory.episodes import Episode, read_episodes
from mpr_logic.memory.gate import Gate
from mpr_logic.memory.records import ACTIVE, Observation
from mpr_logic.memory.replay import Replay
from mpr_logic.reflection.induced import NAME, induce
from mpr_logic.syntax.parser import parse_clause
from mpr_logic.syntax.printer import print_clause

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mpr_logic.memory.gate import Admitted, Outcome
    from mpr_logic.memory.refine import Limits
    from mpr_logic.memory.store import Memory
    from mpr_logic.syntax.ast import Clause, Module


@dataclass(frozen=True, slots=True)
class Lesson:
    """What came of the recorded episodes: how many trials there were and how many of them failed, what
    became of each candidate, and the ids of the rules that hold now, by the gate's ids."""

    episodes: int
    trials: int
    failures: int
    outcomes: tuple[Outcome, ...]
    rules: dict[str, str]


def learn(memory: Memory, background: Sequence[Module], limits: Limits | None = None) -> Lesson:
    """Learn from all episodes of a memory, without a model. What the memory has learned before is held
    against them too; evidence that was seen before is not counted twice.

    Args:
        memory: the rules go into it, with the episodes that taught them and their evidence.
        background: the modules of the declarations and of all hand-written rules.
        limits: what the search may cost.

    Raises:
        ProgramError: the background is not valid.
        StateError: a recorded state does not fit the declarations.
        StoreError: the memory cannot be read or written.
        EvaluationError: the engine could not finish.
    """
    memory.declare(analyse(background))
    episodes = list(_episodes(memory))
    replay = Replay(background, episodes)
    known = {rule.id: parse_clause(rule.text) for rule in memory.rules(ACTIVE) if rule.kind != "hand"}
    gate = Gate(background, replay, limits, learned=known.values())
    # without its reason: where the gate widens a rule, another fits it
    outcomes = tuple(
        gate.admit(print_clause(each, annotations=False), _source(each)) for each in induce(replay, limits)
    )
    rules = {id: _put(memory, replay, admitted) for id, admitted in gate.rules.items()}
    for outcome in outcomes:
        for old in outcome.superseded:
            if old in known and outcome.rules:
                memory.supersede(old, rules[outcome.rules[0].id], "a wider rule was learned")
        if outcome.verdict == "refused":
            memory.refuse(outcome.text, outcome.reason, kind="induced")
    seen = [row for id, admitted in gate.rules.items() for row in _evidence(replay, rules[id], admitted)]
    memory.observe(seen, f"{len(replay.trials)} trials of {len(episodes)} episodes")
    failures = replay.failed.bit_count()
    return Lesson(len(episodes), len(replay.trials), failures, outcomes, rules)


def _episodes(memory: Memory) -> Iterator[Episode]:
    """The episodes that are not forgotten, each by its number in the memory."""
    for number, lines in memory.trajectories():
        for episode in read_episodes(lines, f"<episode {number}>"):
            yield replace(episode, id=str(number))


def _source(clause: Clause) -> str:
    (text,) = clause.annotation("source") or (NAME,)
    return str(text)


def _put(memory: Memory, replay: Replay, admitted: Admitted) -> str:
    """Store a rule that was let in; its id in the memory."""
    clause = admitted.clause
    because = clause.annotation("because")
    stored = memory.put(
        print_clause(clause, annotations=False),
        kind="induced",
        source=_source(clause),
        because=str(because[0]) if because else None,
        episodes=sorted({int(trial.episode) for trial in replay.chosen(admitted.right)}),
    )
    return stored.id


def _evidence(replay: Replay, rule: str, admitted: Admitted) -> Iterator[Observation]:
    """What was seen of a rule. Of what was tried over and over alike, one trial speaks for it; against it
    every one does."""
    prefers = admitted.clause.kind == "prefer"
    for trials, wrong in ((admitted.right & replay.cases, not prefers), (admitted.wrong, prefers)):
        for trial in replay.chosen(trials):
            yield Observation(rule, int(trial.episode), trial.turn, wrong=wrong)
