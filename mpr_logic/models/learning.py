"""From the episodes of a memory to rules in it: what reflectors find, held at the gate."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from mpr_logic.analysis import analyse
from mpr_logic.analysis.report import count
from mpr_logic.errors import ProgramError, StateError
from mpr_logic.language.ast import Module
from mpr_logic.language.parser import parse_clause
from mpr_logic.language.printer import print_clause
from mpr_logic.memory.induction.gate import Gate
from mpr_logic.memory.induction.refine import NAME, induce
from mpr_logic.memory.induction.replay import RecordedEpisode, Replay, read_episodes
from mpr_logic.memory.records import ACTIVE, PassedOver, RuleOutcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mpr_logic.language.ast import Clause
    from mpr_logic.memory.induction.gate import GateOutcome, LearnedRule
    from mpr_logic.memory.induction.refine import SearchLimits
    from mpr_logic.memory.records import Kind
    from mpr_logic.memory.store import Memory
    from mpr_logic.models.reflection import Reflection


@dataclass(frozen=True, slots=True)
class Lesson:
    """The result of learning from the recorded episodes.

    ``trials`` and ``failures`` are the numbers of trials and of those that failed; ``outcomes`` are the
    gate's verdicts on the candidates; ``rules`` are the ids of the rules that hold now, by the gate's ids.
    ``passed_over`` are the episodes that could not be learned from. ``unfit`` are the learned rules that do
    not fit the background, each with the reason: they stay as they are. ``cuts`` are the searches for
    conditions that the limits cut short, each with the reason."""

    episodes: int
    trials: int
    failures: int
    outcomes: tuple[GateOutcome, ...]
    rules: dict[str, str]
    passed_over: tuple[PassedOver, ...] = ()
    unfit: dict[str, str] = field(default_factory=dict)
    cuts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """A candidate on its way to the gate: who wrote it, and after which episode if after one alone."""

    text: str
    source: str
    kind: Kind
    episode: int | None = None

    @property
    def about(self) -> str | None:
        """The episode as the replay names it."""
        return None if self.episode is None else str(self.episode)


def learn(
    memory: Memory,
    background: Sequence[Module],
    limits: SearchLimits | None = None,
    *,
    reflections: Mapping[int, Reflection] | None = None,
    induced: bool = True,
    refine: bool = True,
) -> Lesson:
    """Learn from all episodes of a memory. What the memory has learned before is held against them too;
    evidence that was seen before is not counted twice. An episode that does not fit the background, such as
    one with an action that is not declared any more, is passed over, and the lesson names it.

    Args:
        memory: the rules go into it, with the episodes that taught them and their evidence.
        background: the modules of the declarations and of all hand-written rules.
        limits: what the search may cost.
        reflections: what a model made of failed episodes, by their numbers in the memory.
        induced: whether rules are sought without a model too.
        refine: whether a roughly right rule is made right; else it is refused.

    Raises:
        ProgramError: the background is not valid.
        StoreError: the memory cannot be read or written.
        EvaluationError: the engine could not finish.
    """
    memory.declare(analyse(background))
    episodes, passed_over = _episodes(memory)
    replay = Replay(background, episodes, passing_over=True)
    passed_over += replay.passed_over
    known, unfit = _known(memory, replay)
    gate = Gate(background, replay, limits, learned=known.values(), refine=refine)
    proposals = list(_proposed(reflections or {}))
    cuts: dict[str, None] = {}
    if induced:
        # without its reason: where the gate widens a rule, another fits it
        proposals += [
            Proposal(print_clause(each, annotations=False), _source(each), "induced")
            for each in induce(replay, limits, cuts)
        ]
    outcomes = tuple(
        gate.admit(each.text, each.source, each.about, searched=each.kind == "induced") for each in proposals
    )
    writers: dict[str, Proposal] = {}
    for proposal, outcome in zip(proposals, outcomes, strict=True):
        for rule in outcome.rules:
            writers.setdefault(rule.id, proposal)
    rules = {id: _put(memory, replay, admitted, writers.get(id)) for id, admitted in gate.rules.items()}
    for proposal, outcome in zip(proposals, outcomes, strict=True):
        for old in outcome.superseded:
            if old in known and outcome.rules and outcome.rules[0].id in rules:
                memory.supersede(old, rules[outcome.rules[0].id], "a wider rule was learned")
        if outcome.verdict == "refused":
            memory.refuse(outcome.text, outcome.reason, kind=proposal.kind, episode=proposal.episode)
    for episode, reflection in (reflections or {}).items():
        for each in reflection.refused:
            memory.refuse(each.text, each.reason, kind="model", episode=episode)
    seen = [row for id, admitted in gate.rules.items() for row in _evidence(replay, rules[id], admitted)]
    read = len(episodes) - len(replay.passed_over)
    memory.observe(seen, f"{count(len(replay.trials), 'trial')} of {count(read, 'episode')}")
    memory.hold({rules[id]: why for id, why in gate.holds().items()})
    failures = replay.failed.bit_count()
    return Lesson(
        read,
        len(replay.trials),
        failures,
        outcomes,
        rules,
        tuple(passed_over),
        unfit,
        tuple(cuts | gate.cuts),
    )


def _proposed(reflections: Mapping[int, Reflection]) -> Iterator[Proposal]:
    for episode, reflection in reflections.items():
        for candidate in reflection.candidates:
            yield Proposal(candidate.text, candidate.source, "model", episode)


def _episodes(memory: Memory) -> tuple[list[RecordedEpisode], list[PassedOver]]:
    """The episodes that are not forgotten, each by its number in the memory; and those whose lines cannot be
    read."""
    found: list[RecordedEpisode] = []
    passed_over: list[PassedOver] = []
    tasks = {each.id: each.task for each in memory.episodes()}
    for number, lines in memory.trajectories():
        try:
            read = read_episodes(lines, f"<episode {number}>")
        except StateError as error:
            passed_over.append(PassedOver(str(number), tasks[number], None, str(error)))
        else:
            found += [replace(episode, id=str(number)) for episode in read]
    return found, passed_over


def _known(memory: Memory, replay: Replay) -> tuple[dict[str, Clause], dict[str, str]]:
    """The learned rules that count, by their ids; and of those that do not fit the background, such as one
    about an action that has another name now, what is wrong with them."""
    fitting: dict[str, Clause] = {}
    unfit: dict[str, str] = {}
    for rule in memory.rules(ACTIVE):
        if rule.kind == "hand":
            continue
        clause = parse_clause(rule.text)
        if replay.valid(clause):
            fitting[rule.id] = clause
            continue
        try:
            analyse([*replay.background, Module((clause,), file=f"<{rule.id}>")])
        except ProgramError as error:
            unfit[rule.id] = error.summary
        else:
            fitting[rule.id] = clause
    return fitting, unfit


def _source(clause: Clause) -> str:
    (text,) = clause.annotation("source") or (NAME,)
    return str(text)


def _put(memory: Memory, replay: Replay, admitted: LearnedRule, writer: Proposal | None) -> str:
    """Store a rule that was let in; its id in the memory. One that was let in before has no ``writer``: it
    is there already, and keeps the one that it had."""
    clause = admitted.clause
    because = clause.annotation("because")
    taught = {int(trial.episode) for trial in replay.chosen(admitted.right)}
    if writer is not None and writer.episode is not None:
        taught.add(writer.episode)
    stored = memory.put(
        print_clause(clause, annotations=False),
        kind="induced" if writer is None else writer.kind,
        source=_source(clause),
        because=str(because[0]) if because else None,
        episodes=sorted(taught),
    )
    return stored.id


def _evidence(replay: Replay, rule: str, admitted: LearnedRule) -> Iterator[RuleOutcome]:
    """The observations of a rule in the recorded trials. Of each episode one trial speaks for it, since no
    more than one of a group counts; against it every one does."""
    prefers = admitted.clause.kind == "prefer"
    first = {trial.episode: trial for trial in reversed(replay.chosen(admitted.right))}
    for trials, wrong in ((first.values(), not prefers), (replay.chosen(admitted.wrong), prefers)):
        for trial in trials:
            yield RuleOutcome(rule, int(trial.episode), trial.turn, wrong=wrong)
