"""From a roughly right rule to right ones: conditions are added until it covers failures and no success.

The search is that of inductive logic programming. Conditions (:mod:`mpr_logic.memory.literals`) are added by
FOIL's gain (Quinlan 1990), a few beams wide; failures that a rule covers are taken out, and the next rule is
sought for what is left. A rule is taken where it covers no success and is worth its length: the chance that
as many failures, drawn blindly among the trials of the action, would have missed every success must be so
small that it pays for the conditions that were chosen among (FOIL's encoding-length restriction, with the
hypergeometric chance as the worth). Of several, the one with most bits to spare is taken.
"""

from __future__ import annotations

import math
import time
from itertools import islice
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mpr_logic.memory.literals import Vocabulary, fresh, simplicity
from mpr_logic.memory.parts import head_variables
from mpr_logic.memory.shorten import wider_rules
from mpr_logic.analysis.terms import item_vars, names, rewrite_item
from mpr_logic.syntax.ast import Clause, Var

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mpr_logic.memory.literals import Condition
    from mpr_logic.memory.replay import Replay
    from mpr_logic.syntax.ast import BodyItem, Term


@dataclass(frozen=True, slots=True)
class Limits:
    """What a search may cost, and what it may find: ``literals`` in a body (one that has more may get one
    more), ``rules`` for one start, ``beam`` rules carried on in a round, ``candidates`` asked in a round,
    ``seconds`` in all; ``chance`` of a rule that says nothing to be taken all the same."""

    literals: int = 4
    rules: int = 8
    beam: int = 8
    candidates: int = 4000
    seconds: float = 60.0
    chance: float = 0.001


class Worth:
    """What covering failures is worth, in bits, for masks of failures ``left`` and of ``successes``, where
    one condition is chosen among ``choices``."""

    def __init__(self, left: int, successes: int, choices: int, chance: float) -> None:
        self.left, self.successes = left, successes
        self._failures, self._successes = left.bit_count(), successes.bit_count()
        self._price = math.log2(max(choices, 2))
        self._entry = -math.log2(chance)

    def bits(self, covered: int, literals: int) -> float:
        """What is to spare for a rule that covers no success, when its new literals are paid for."""
        missed = self._failures - (covered & self.left).bit_count()
        chance = _log2_ways(missed + self._successes, self._successes)
        all_ways = _log2_ways(self._failures + self._successes, self._successes)
        return all_ways - chance - literals * self._price - self._entry

    def gain(self, covered: int, before: int) -> float:
        """FOIL's gain of a rule that covers ``covered`` over one that covers ``before``."""
        right = (covered & self.left).bit_count()
        return right * (self._purity(covered) - self._purity(before))

    def _purity(self, covered: int) -> float:
        right, wrong = (covered & self.left).bit_count(), (covered & self.successes).bit_count()
        return math.log2(right / (right + wrong)) if right else -math.inf


def _log2_ways(n: int, k: int) -> float:
    """The logarithm of the number of ways to choose k of n."""
    return (math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)) / math.log(2)


@dataclass(frozen=True, slots=True)
class _Told:
    """A condition, and what the rule covers with it. ``apart``: it meets the rule in the head's variables
    only, so what it covers does not depend on what else was added."""

    condition: Condition
    covered: int
    apart: bool


@dataclass(frozen=True, slots=True)
class _Grown:
    """The conditions that were added, and what the rule covers then."""

    added: tuple[_Told, ...]
    covered: int

    @property
    def literals(self) -> int:
        """How many items were added."""
        return sum(len(told.condition) for told in self.added)


class Refiner:
    """Searches among the conditions that tell the trials of a replay apart."""

    def __init__(self, replay: Replay, limits: Limits | None = None) -> None:
        self.replay = replay
        self.limits = limits or Limits()
        self.vocabulary = Vocabulary(replay.program, replay.facts())

    def refine(self, clause: Clause, *, known: int = 0) -> list[Clause]:
        """Rules that each cover failures and no success, grown out of a rule about an action; none where
        none is worth its length. Failures in the mask ``known`` are covered already, and count for nothing.

        Raises:
            ProgramError: the rule is not valid.
            EvaluationError: the engine could not finish, or the time was over.
        """
        search = _Search(self, clause)
        trials = self.replay.of(clause.head.name)
        successes, left = trials & self.replay.succeeded, trials & self.replay.failed & ~known
        found: list[Clause] = []
        while left and len(found) < self.limits.rules:
            best = search.best(Worth(left, successes, len(search.told), self.limits.chance))
            if best is None:
                break
            best = self.generalise(best)
            found.append(best)
            left &= ~self.replay.covers([best])[0]
        return found

    def generalise(self, clause: Clause) -> Clause:
        """The rule without the body items and the constants that it does not need to cover no success, as
        long as what is left still says something. Its body is never empty.

        Raises:
            EvaluationError: the engine could not finish.
        """
        while True:
            wider = [(covered, each) for each in wider_rules(clause) if (covered := self._spotless(each))]
            if not wider:
                return clause
            clause = max(wider, key=lambda pair: pair[0].bit_count())[1]  # the first of the widest

    def _spotless(self, clause: Clause) -> int:
        """What a rule covers; nothing where that has a success in it, or too few failures to say anything, or
        where the rule is not valid."""
        if not self.replay.valid(clause):
            return 0  # what was taken out bound a variable
        covered = self.replay.covers([clause])[0]
        trials = self.replay.of(clause.head.name)
        successes = trials & self.replay.succeeded
        worth = Worth(trials & self.replay.failed, successes, 1, self.limits.chance)
        return covered if not covered & successes and worth.bits(covered, 0) > 0 else 0


class _Search:
    """The search for rules that grow out of one."""

    def __init__(self, refiner: Refiner, clause: Clause) -> None:
        self.clause = clause
        self._replay, self._limits = refiner.replay, refiner.limits
        self._until = time.monotonic() + self._limits.seconds
        self._most = max(self._limits.literals, len(clause.body) + 1) - len(clause.body)
        types = refiner.vocabulary.types(clause, self._replay.program.schema.actions[clause.head.name])
        self._variables = frozenset(types) | {n for item in clause.body for n in names(item_vars(item))}
        self._start = _Grown((), self._covers([clause])[0])
        self.told = self._conditions(refiner.vocabulary.conditions(clause, types))

    def best(self, worth: Worth) -> Clause | None:
        """The rule with most bits to spare, the simplest of several; None where none has any."""
        beam, best, most = [self._start], self._start, 0.0
        seen: set[int] = set()
        while beam:
            ranked: list[tuple[float, _Grown]] = []
            for each in self._longer(beam):
                if each.covered in seen or not each.covered & worth.left:
                    continue
                seen.add(each.covered)
                if each.covered & worth.successes:
                    gain = worth.gain(each.covered, self._start.covered)
                    if gain > 0:
                        ranked.append((gain, each))
                elif (bits := worth.bits(each.covered, each.literals)) > most and self._valid(each):
                    best, most = each, bits
            ranked.sort(key=lambda pair: -pair[0])
            beam = list(islice((each for _, each in ranked if self._valid(each)), self._limits.beam))
        return self._with(best.added) if best.added else None

    def _conditions(self, asked: list[Condition]) -> list[_Told]:
        """The conditions that leave some failures and not all trials, one for each set of trials: the
        simplest."""
        bound = head_variables(self.clause)
        all_told = [_Told(c, 0, self._shared(c) <= bound) for c in asked]
        all_told = [told for told in all_told if self._valid(_Grown((told,), 0))][: self._limits.candidates]
        covers = self._covers([self._with((told,)) for told in all_told])
        found: dict[int, _Told] = {}
        for told, covered in zip(all_told, covers, strict=True):
            if covered & self._replay.failed and covered != self._start.covered:
                found.setdefault(covered, replace(told, covered=covered))
        return list(found.values())

    def _longer(self, beam: list[_Grown]) -> Iterator[_Grown]:
        for each in beam:
            fitting = [t for t in self.told if each.literals + len(t.condition) <= self._most]
            joined = [t for t in fitting if not t.apart and not all(a.apart for a in each.added)]
            joined = [t for t in joined if self._valid(_Grown((*each.added, t), 0))]
            asked = self._covers([self._with((*each.added, t)) for t in joined]) if joined else []
            exact = dict(zip(map(id, joined), asked, strict=True))
            for told in fitting:
                covered = exact.get(id(told), each.covered & told.covered)
                if covered != each.covered:
                    yield _Grown((*each.added, told), covered)

    def _valid(self, grown: _Grown) -> bool:
        return self._replay.valid(self._with(grown.added))

    def _covers(self, clauses: list[Clause]) -> list[int]:
        return self._replay.covers(clauses, self._until - time.monotonic())

    def _shared(self, condition: Condition) -> set[str]:
        return {n for item in condition for n in names(item_vars(item))} & self._variables

    def _with(self, added: tuple[_Told, ...]) -> Clause:
        """The rule with conditions, the new variables of each kept apart."""
        body: list[BodyItem] = list(self.clause.body)
        taken = set(self._variables)
        for told in added:
            new = {n for item in told.condition for n in names(item_vars(item))} - self._variables
            names_: dict[str, str] = {}
            for name in sorted(new):
                names_[name] = fresh(name, taken)
                taken.add(names_[name])
            body += [_renamed(item, names_) for item in told.condition]
        return replace(self.clause, body=tuple(dict.fromkeys(body)))


def _renamed(item: BodyItem, new: Mapping[str, str]) -> BodyItem:
    def leaf(term: Term) -> Term:
        return Var(new[term.name]) if isinstance(term, Var) and term.name in new else term

    return rewrite_item(item, leaf)
