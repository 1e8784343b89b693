"""Recorded episodes, their trials, and the trials that a rule covers: many rules are asked in one walk.

A *trial* is an action that was tried and whose outcome was seen. One engine is walked along the episodes by
their differences; all rules of a batch are rules of its program, and in the state before each trial it is
asked which of them fire for the action that was tried.

A set of trials is a *mask*: an int whose bit i stands for trial i.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from mpr_logic.analysis import Fact, analyse, canonical_text
from mpr_logic.analysis.analyse import Preparer
from mpr_logic.analysis.occurrences import NUMBERED, is_history
from mpr_logic.analysis.report import DiagnosticCollector
from mpr_logic.analysis.terms import item_vars, names, term_vars
from mpr_logic.checker.facts import FactBase
from mpr_logic.checker.parsing import resolve_action
from mpr_logic.checker.state import history_facts
from mpr_logic.engine.choice import make_engine
from mpr_logic.engine.protocol import Budget, Engine, counted
from mpr_logic.errors import BudgetError, MprError, StateError
from mpr_logic.language.ast import NOWHERE, Clause, Module
from mpr_logic.memory.records import PassedOver
from mpr_logic.memory.trajectory import read_trajectories

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from mpr_logic.language.ast import Row, Statement, WrittenItem


@dataclass(frozen=True, slots=True)
class RecordedStep:
    """One turn: the action that was tried (None: none was), whether it succeeded (None: nobody can tell),
    and the facts that went and came with it, as :meth:`Checker.update` takes them."""

    turn: int
    action: str | None
    succeeded: bool | None
    removed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordedEpisode:
    """The recorded steps of one episode. ``id`` tells it from other episodes; those of one ``task`` have the
    same world, and those of one ``group`` are no independent evidence: the task, where no other is named."""

    id: str
    steps: tuple[RecordedStep, ...]
    task: str
    group: str = ""


class _Observed(Protocol):
    @property
    def succeeded(self) -> bool | None: ...


class PlayedTurn(Protocol):
    """The part of :class:`mpr_logic.agent.loop.Turn` that a replay reads."""

    @property
    def number(self) -> int:
        """The number of the turn in its episode."""

    @property
    def action(self) -> object | None:
        """The action that was tried; None where none was."""

    @property
    def observation(self) -> _Observed:
        """The outcome that the agent saw."""

    @property
    def added(self) -> AbstractSet[str]:
        """The facts that came."""

    @property
    def removed(self) -> AbstractSet[str]:
        """The facts that went."""


def episode_of(id: str, turns: Iterable[PlayedTurn], task: str = "", group: str = "") -> RecordedEpisode:
    """The episode that some turns make."""
    return RecordedEpisode(id, tuple(_step(turn) for turn in turns), task or id, group)


def _step(turn: PlayedTurn) -> RecordedStep:
    action = None if turn.action is None else str(turn.action)
    removed, added = tuple(sorted(turn.removed)), tuple(sorted(turn.added))
    return RecordedStep(turn.number, action, turn.observation.succeeded, removed, added)


def read_episodes(lines: Iterable[str], file: str = "<trajectory>") -> list[RecordedEpisode]:
    """The episodes of a recording (docs/reference/trajectory.md). Each is named by its task, with ``#2``,
    ``#3`` behind it where the same task was played before. A last line that was cut off is left out.

    Raises:
        StateError: a line is none of a recording.
    """
    found: list[RecordedEpisode] = []
    played: Counter[str] = Counter()
    for each in read_trajectories(lines, file):
        played[each.task] += 1
        id = each.task if played[each.task] == 1 else f"{each.task}#{played[each.task]}"
        steps = tuple(RecordedStep(t.number, t.action, t.succeeded, t.removed, t.added) for t in each.turns)
        group = "" if each.group == each.task else each.group
        found.append(RecordedEpisode(id, steps, each.task, group))
    return found


def head_variables(clause: Clause) -> set[str]:
    """The variables that the head of a rule about an action binds."""
    return names(v for term in clause.head.args for v in term_vars(term))


def independent_parts(clause: Clause) -> list[Clause]:
    """A rule for each part of the body, with the head of the whole. A rule that always holds is one part."""
    bound = head_variables(clause)
    groups: list[tuple[set[str], list[WrittenItem]]] = []
    for item in clause.body:
        free = names(item_vars(item)) - bound
        items: list[WrittenItem] = [item]
        apart = []
        for other, others in groups:
            if free & other:
                free, items = free | other, others + items
            else:
                apart.append((other, others))
        groups = [*apart, (free, items)]
    if len(groups) < 2:
        return [clause]
    return [replace(clause, body=tuple(items)) for _, items in groups]


SECONDS = 10.0
"""The most seconds that one question to the engine may take in a replay. The first question of a walk also
compiles the rules, and they may be many."""

VERDICTS = ("forbid", "permit", "prefer")


@dataclass(frozen=True, slots=True)
class Trial:
    """An action that was tried in a turn of an episode of a group, and whether it succeeded."""

    group: str
    episode: str
    turn: int
    action: str
    args: Row
    succeeded: bool


@dataclass(frozen=True, slots=True)
class _Move:
    """A trial, where there is one, and the change of the state after it."""

    trial: int | None
    removed: tuple[Fact, ...]
    added: tuple[Fact, ...]


class Replay:
    """The trials of recorded episodes.

    Args:
        background: the modules of the declarations and of the hand-written rules. The relations that they
            derive may stand in the bodies of the rules that are replayed; what they say of actions counts
            for nothing here.
        episodes: what was recorded.
        passing_over: whether an episode that does not fit the background is left out as a whole, and listed
            in ``passed_over``.

    Raises:
        ProgramError: the background is not valid.
        StateError: an episode does not fit the background, and none is passed over.
    """

    def __init__(
        self, background: Sequence[Module], episodes: Iterable[RecordedEpisode], *, passing_over: bool = False
    ) -> None:
        self.background = tuple(replace(m, statements=_relations(m)) for m in background)
        self.program = analyse(self.background)
        self._moves: list[list[_Move]] = []
        self.passed_over: list[PassedOver] = []
        trials: list[Trial] = []
        facts = FactBase(self.program, make_engine(self.program))
        for episode in episodes:
            begun = len(trials)
            try:
                self._moves.append(list(self._read(episode, facts, trials)))
            except _UnreadableError as error:
                if not passing_over:
                    raise StateError(str(error.what)) from None
                del trials[begun:]
                self.passed_over.append(error.what)
        self.trials = tuple(trials)
        self.succeeded = mask(i for i, trial in enumerate(trials) if trial.succeeded)
        self.failed = mask(i for i, trial in enumerate(trials) if not trial.succeeded)
        cases = {(t.group, t.action, t.args, t.succeeded): i for i, t in reversed(list(enumerate(trials)))}
        self.cases = mask(cases.values())
        """The first trial of each case: of one action with one outcome in one group."""
        groups: dict[str, list[int]] = {}
        for i, trial in enumerate(trials):
            groups.setdefault(trial.group, []).append(i)
        self.groups = {group: mask(found) for group, found in groups.items()}
        """The trials of each group."""
        self._of = {a: mask(self._tried(a)) for a in self.program.schema.actions}
        self._masks: dict[str, int] = {}

    def of(self, action: str) -> int:
        """The trials of an action."""
        return self._of.get(action, 0)

    def within(self, episode: str | None) -> int:
        """The trials of an episode."""
        return mask(i for i, trial in enumerate(self.trials) if trial.episode == episode)

    def chosen(self, trials: int) -> list[Trial]:
        """The trials of a mask, in their order."""
        return [self.trials[i] for i in bits(trials)]

    def valid(self, clause: Clause) -> bool:
        """Whether a rule has no faults, over the declarations and relations of the background."""
        return Preparer(self.program.schema, DiagnosticCollector()).prepare(clause) is not None

    def facts(self) -> Iterator[tuple[str, Row]]:
        """The facts that came into the states, as core relations and rows, each as often as it came."""
        for moves in self._moves:
            for move in moves:
                for fact in move.added:
                    yield fact.relation, fact.row

    def covers(self, clauses: Sequence[Clause], seconds: float | None = None) -> list[int]:
        """For each rule about an action the trials of that action in which its body holds, at whatever
        weight. Bodies are taken apart where no variable of theirs connects them, and what was asked once is
        kept, so that rules with parts in common cost one walk for the parts that are new.

        Raises:
            ProgramError: a rule is not valid.
            EvaluationError: the engine could not finish; or ``seconds`` were over.
        """
        taken = [
            [(canonical_text(self.program, p), p) for p in independent_parts(clause)] for clause in clauses
        ]
        new = {text: p for found in taken for text, p in found if text not in self._masks}
        if new:
            for text, weights in zip(new, self.weights(list(new.values()), seconds), strict=True):
                self._masks[text] = mask(weights)
        masks = []
        for clause, found in zip(clauses, taken, strict=True):
            covered = self.of(clause.head.name)
            for text, _ in found:
                covered &= self._masks[text]
            masks.append(covered)
        return masks

    def weights(self, clauses: Sequence[Clause], seconds: float | None = None) -> list[dict[int, float]]:
        """For each rule about an action the trials in which its body holds, each with the body's weight.

        Raises:
            ProgramError: a rule is not valid.
            EvaluationError: the engine could not finish; or ``seconds`` were over.
        """
        asked = [replace(clause, weight=1.0, annotations=()) for clause in clauses]
        number = {id(clause): i for i, clause in enumerate(asked)}
        program = analyse([*self.background, Module(tuple(asked), file="<replayed>")])
        heads = {rule.head for rule in program.rules}
        found: list[dict[int, float]] = [{} for _ in asked]
        until = None if seconds is None else time.monotonic() + seconds
        each = counted() if seconds is None else Budget(seconds=min(SECONDS, max(seconds, 0.01)))
        engine = make_engine(program, budget=each)
        for index in self._walk(FactBase(program, engine), engine):
            if until is not None and time.monotonic() > until:
                raise BudgetError(f"the replay took longer than {seconds:g} s: there are too many rules")
            trial = self.trials[index]
            for word in VERDICTS:
                if f"{word} {trial.action}" in heads:
                    for rule, weight in engine.fired(f"{word} {trial.action}", trial.args):
                        # several rules of one clause may fire: the strongest counts
                        of = found[number[id(rule.clause)]]
                        of[index] = max(weight, of.get(index, 0.0))
        return found

    def _walk(self, facts: FactBase, engine: Engine) -> Iterator[int]:
        """Walk through all states; yield each trial, the engine being in the state before it."""
        first = {(f.relation, f.row): f for f in engine.program.facts if not is_history(f.relation)}
        for moves in self._moves:
            for move in moves:
                if move.trial is not None:
                    yield move.trial
                facts.update(move.added, move.removed)
            rows = {name: found for name, found in facts.rows.items() if not name.startswith(NUMBERED)}
            here = ((name, row) for name, found in rows.items() for row in found)
            facts.update((), [Fact(*key, 1.0, NOWHERE) for key in here if key not in first])
            facts.calls.last = 0  # the calls of each episode are numbered from the first
            missing = [fact for (name, row), fact in first.items() if row not in rows.get(name, ())]
            facts.update([*missing, *engine.program.history], ())
            engine.ready()

    def _read(self, episode: RecordedEpisode, facts: FactBase, trials: list[Trial]) -> Iterator[_Move]:
        for step in episode.steps:
            try:
                yield self._move(episode, step, facts, trials)
            except MprError as error:
                raise _UnreadableError(episode, step, str(error)) from None

    def _move(
        self, episode: RecordedEpisode, step: RecordedStep, facts: FactBase, trials: list[Trial]
    ) -> _Move:
        removed, added = map(facts.fact, step.removed), map(facts.fact, step.added)
        trial = None
        history: list[Fact] = []
        if step.action is not None:
            name, args = resolve_action(self.program, step.action)
            history = history_facts(self.program, step.action, step.succeeded)
            if step.succeeded is not None:
                trial = len(trials)
                group = episode.group or episode.task
                trials.append(Trial(group, episode.id, step.turn, name, args, step.succeeded))
        return _Move(trial, tuple(removed), (*history, *added))

    def _tried(self, action: str) -> Iterator[int]:
        return (i for i, trial in enumerate(self.trials) if trial.action == action)


class _UnreadableError(Exception):
    """A step of an episode does not fit the background."""

    def __init__(self, episode: RecordedEpisode, step: RecordedStep, reason: str) -> None:
        super().__init__(reason)
        self.what = PassedOver(episode.id, episode.task, step.turn, reason)


def _relations(module: Module) -> tuple[Statement, ...]:
    """All of a module but its clauses about actions."""
    return tuple(s for s in module.statements if not isinstance(s, Clause) or s.kind not in VERDICTS)


def mask(trials: Iterable[int]) -> int:
    """The mask of some trials' numbers."""
    found = 0
    for i in trials:
        found |= 1 << i
    return found


def bits(trials: int) -> Iterator[int]:
    """The numbers of the trials of a mask, in their order."""
    while trials:
        low = trials & -trials
        yield low.bit_length() - 1
        trials ^= low
