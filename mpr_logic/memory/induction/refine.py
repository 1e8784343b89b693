"""Induction by sequential covering: a rule is specialised until it covers failures and no success.

The search is that of inductive logic programming. Refinements, which the module ``operators`` lists, are
added by FOIL's gain (Quinlan 1990), in a beam; failures that a rule covers are taken out, and the next rule
is sought for what is left. A rule is taken where it covers no success and is worth its length. Its worth is
the chance that as many failures, drawn blindly among the trials of the action, would have missed every
success (hypergeometric). That must be so small that it pays for the refinements that were chosen among: this
is FOIL's encoding-length restriction. Of several, the one with most bits to spare is taken.

:func:`induce` is the reflector ``induced``: rules from the failed steps alone, without any model. For each
action that has failed it begins with ``forbid a(X, ..)``.
"""

from __future__ import annotations

import math
import re
import time
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from mpr_logic.analysis.terms import item_vars, names, rewrite_written
from mpr_logic.errors import BudgetError
from mpr_logic.language.ast import Annotation, Atom, Clause, Const, Literal, Var
from mpr_logic.language.printer import print_atom, print_item
from mpr_logic.memory.induction.contrast import KNOWN, changed, essential, pairs_of
from mpr_logic.memory.induction.counted import counted_relations, resting_on
from mpr_logic.memory.induction.operators import RefinementOperator, StepBudget, fresh, generalisations
from mpr_logic.memory.induction.replay import head_variables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from mpr_logic.analysis.program import Signature
    from mpr_logic.language.ast import Term, WrittenItem
    from mpr_logic.memory.induction.operators import Refinement
    from mpr_logic.memory.induction.replay import Replay


SHOWN = 3
"""The most episodes that a source names; of the others it says how many they are."""

_VARIABLE = re.compile(r'("(?:[^"\\]|\\.)*")|\b([A-Z]\w*)')


def annotated(clause: Clause, **texts: str) -> Clause:
    """The rule with these annotations in the place of those of the same names."""
    kept = [each for each in clause.annotations if each.name not in texts]
    new = [Annotation(name, (Const(text),)) for name, text in texts.items()]
    return replace(clause, annotations=(*kept, *new))


def taught_by(who: str, episodes: Sequence[str]) -> str:
    """A source that names who learned a rule, and from which episodes."""
    rest = f" and {len(episodes) - SHOWN} more" if len(episodes) > SHOWN else ""
    return f"{who}: {', '.join(episodes[:SHOWN])}{rest}"


def reason(clause: Clause) -> str:
    """A because-text that says when the action has always failed: what is in the body, with its values."""
    body = " and ".join(_braced(print_item(item)) for item in clause.body)
    return f"{_braced(print_atom(clause.head))} has always failed" + (f" where {body}" if body else "")


def _braced(text: str) -> str:
    """A text with its variables in braces, and the braces of its constants and aggregates doubled."""
    pieces, last = [], 0
    for found in _VARIABLE.finditer(text):
        pieces.append(_doubled(text[last : found.start()]))
        quoted, name = found.groups()
        pieces.append(_doubled(quoted) if quoted else f"{{{name}}}")
        last = found.end()
    return "".join([*pieces, _doubled(text[last:])])


def _doubled(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SearchLimits:
    """The limits on what a search costs, and on the rules that it may find.

    Attributes:
        literals: the most in a body; one that has as many may get one more.
        conditions: the most that are added.
        rules: the most for one start.
        beam: the most rules carried on in a round.
        candidates: the most asked in a round.
        steps: the most of one enumeration of what may be asked.
        seconds: the time in all, where the others do not end it before.
        chance: the chance that a rule which says nothing is taken all the same.
        agreement: two explanations that have this share of failures in common are taken for one.
        excluded: relations that no added refinement speaks of, such as those that only help to derive others.
    """

    literals: int = 4
    conditions: int = 2
    rules: int = 8
    beam: int = 8
    candidates: int = 4000
    steps: int = 20_000
    seconds: float = 60.0
    chance: float = 0.001
    agreement: float = 0.9
    excluded: frozenset[str] = frozenset()


class Compression:
    """The worth, in bits, of a rule that covers some of the failures ``left`` and none of the ``successes``.

    Both are masks of trials. Only the trials in ``cases`` count, so that what was tried over and over counts
    once. ``chance`` is that of :class:`SearchLimits`."""

    def __init__(self, left: int, successes: int, cases: int, chance: float) -> None:
        self.left, self.successes, self._cases = left, successes, cases
        self._failures, self._successes = (left & cases).bit_count(), (successes & cases).bit_count()
        self._entry = -math.log2(chance)

    def bits(self, covered: int, price: float) -> float:
        """Return the bits saved by a rule that covers no success, less its ``price`` and those that every
        rule must save at least."""
        missed = self._failures - (covered & self.left & self._cases).bit_count()
        chance = _log2_ways(missed + self._successes, self._successes)
        all_ways = _log2_ways(self._failures + self._successes, self._successes)
        return all_ways - chance - price - self._entry

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
class _Candidate:
    """A refinement, and the trials that the rule covers with it. ``apart``: it meets the rule in the head's
    variables only, so what it covers does not depend on what else was added. ``price``: the bits to choose
    it."""

    refinement: Refinement
    covered: int
    apart: bool
    price: float = 0.0

    possible: int = 0
    """The trials in which it may hold for all that was known: where it holds, and where that is unknown."""


@dataclass(frozen=True, slots=True)
class _Node:
    """The refinements that were added, and the trials that the rule covers then."""

    added: tuple[_Candidate, ...]
    covered: int

    @property
    def price(self) -> float:
        """The bits to choose what was added."""
        return sum(candidate.price for candidate in self.added)

    @property
    def literals(self) -> int:
        """The number of body items that were added."""
        return sum(len(candidate.refinement) for candidate in self.added)


class Refiner:
    """Searches among the refinements that tell the trials of a replay apart."""

    def __init__(self, replay: Replay, limits: SearchLimits | None = None) -> None:
        self.replay = replay
        self.limits = limits or SearchLimits()
        self.operator = RefinementOperator(replay.program, replay.facts(), self.limits.excluded)
        self.counted = counted_relations(replay.program)
        """The relations of which a table says what was seen: no law rests on what they lack."""
        self.used: set[str] = set()
        self._searches: dict[tuple[str, int], _CoveringSearch] = {}
        self.cuts: dict[str, None] = {}
        """The searches that a limit cut short, each as a text: its action, and the reason."""

    def refine(self, clause: Clause, *, known: int = 0) -> list[Clause]:
        """Rules that each cover failures and no success, grown out of a rule about an action; none where
        none is worth its length. Failures in the mask ``known`` are covered already, and count for nothing.
        Where the search is cut short, by its limits, those that were found before; ``cuts`` says so.

        Raises:
            ProgramError: the rule is not valid.
            EvaluationError: the engine could not finish.
        """
        found: list[Clause] = []
        try:
            self._refined(clause, known, found)
        except BudgetError as error:
            self.cuts[f"{clause.head.name}: {error}"] = None
        return found

    def _refined(self, clause: Clause, known: int, found: list[Clause]) -> None:
        search = _CoveringSearch(self, clause)
        trials = self.replay.of(clause.head.name)
        successes, left = trials & self.replay.succeeded, trials & self.replay.failed & ~known
        for allowed, among in search.stages():
            left &= among
            while left and len(found) < self.limits.rules:
                worth = Compression(left, successes, self.replay.cases, self.limits.chance)
                best = search.best(worth, allowed)
                if best is None:
                    break
                best = self.generalise(best)
                of, left = left, left & ~self.replay.covers([best])[0]
                best = search.agreed(best, of if search.essential else trials)
                found.append(best)
                self.used.update(_pattern(item, search.types) for item in best.body)

    def needs(self, clauses: Iterable[Clause]) -> None:
        """Take the conditions of rules for such as actions need."""
        for clause in clauses:
            head = self.replay.program.schema.actions[clause.head.name]
            types = self.operator.types(clause, head)
            self.used.update(_pattern(item, types) for item in clause.body)

    def doubt(self, clause: Clause) -> str:
        """Return why a rule may be wrong although no success contradicts it: other conditions explain its
        failures, or nothing tells it from one; empty where there is no such reason. See
        :mod:`mpr_logic.memory.induction.contrast`.

        Raises:
            ProgramError: the rule is not valid.
            EvaluationError: the engine could not finish.
        """
        name = clause.head.name
        key = name, len(self.used)
        try:
            if key not in self._searches:
                start = most_general(self.replay.program.schema.actions[name])
                self._searches[key] = _CoveringSearch(self, start)
            return self._searches[key].doubt(clause)
        except BudgetError as error:
            return f"it could not be held against other conditions: {error}"

    def generalise(self, clause: Clause) -> Clause:
        """The rule without the body items and the constants that it does not need to cover no success: where
        it covers notably more without them, or just the same. What makes a small difference is kept: see
        ``SearchLimits.agreement``. Its body is never empty.

        Raises:
            EvaluationError: the engine could not finish.
        """
        while True:
            now = self._cases(self.replay.covers([clause])[0])
            wider = [(self._cases(self._spotless(each)), each) for each in generalisations(clause)]
            most, widest = max(
                wider, key=lambda pair: pair[0], default=(0, clause)
            )  # the first of the widest
            if now < most * self.limits.agreement:
                clause = widest
                continue
            needless = [each for cases, each in wider if cases == now > 0]
            if not needless:
                return clause
            clause = needless[0]

    def _cases(self, covered: int) -> int:
        return (covered & self.replay.failed & self.replay.cases).bit_count()

    def _spotless(self, clause: Clause) -> int:
        """Return the trials that a rule covers; none where a success is among them, where the failures are
        too few to say anything, or where the rule is not valid."""
        if not self.replay.valid(clause):
            return 0  # what was taken out bound a variable
        covered = self.replay.covers([clause])[0]
        trials = self.replay.of(clause.head.name)
        successes = trials & self.replay.succeeded
        worth = Compression(trials & self.replay.failed, successes, self.replay.cases, self.limits.chance)
        return covered if not covered & successes and worth.bits(covered, 0) > 0 else 0


class _CoveringSearch:
    """The search for rules that grow out of one."""

    def __init__(self, refiner: Refiner, clause: Clause) -> None:
        self.clause = clause
        self._replay, self._limits = refiner.replay, refiner.limits
        self._until = time.monotonic() + self._limits.seconds
        self._most = max(self._limits.literals, len(clause.body) + 1) - len(clause.body)
        head = self._replay.program.schema.actions[clause.head.name]
        self.types = refiner.operator.types(clause, head)
        self._used = frozenset(refiner.used)
        self._variables = frozenset(self.types) | {n for item in clause.body for n in names(item_vars(item))}
        self._start = _Node((), self._covers([clause])[0])
        self._cuts = refiner.cuts
        asked = self._within(lambda work: refiner.operator.refinements(clause, self.types, work))
        self._candidates = self._priced(self._telling(asked))
        self._allowed = self._candidates
        self._counted = refiner.counted
        self.essential = self._found_essential(asked)

    def stages(self) -> Iterator[tuple[list[_Candidate], int]]:
        """The refinements that rules are made of, with the trials that they may explain: first those that are
        essential; then, of what these leave, all but those that deny what was merely counted; then all."""
        trials = self._replay.of(self.clause.head.name)
        if self.essential:
            yield self.essential, trials
        for each in self.essential:
            trials &= ~each.possible
        sure = [t for t in self._candidates if not _resting(t, self._counted)]
        yield sure, trials
        if len(sure) < len(self._candidates):
            yield self._candidates, trials

    def best(self, worth: Compression, allowed: list[_Candidate]) -> Clause | None:
        """The rule with most bits to spare, the simplest of several, made of some refinements; None where
        none has any."""
        self._allowed = allowed
        beam, best, most = [self._start], self._start, 0.0
        seen: set[int] = set()
        while beam:
            ranked: list[tuple[float, _Node]] = []
            for each in self._longer(beam):
                if each.covered in seen or not each.covered & worth.left:
                    continue
                seen.add(each.covered)
                if each.covered & worth.successes:
                    gain = worth.gain(each.covered, self._start.covered)
                    if gain > 0:
                        ranked.append((gain, each))
                elif (bits := worth.bits(each.covered, each.price)) > most and self._earns(each):
                    best, most = each, bits
            ranked.sort(key=lambda pair: -pair[0])
            beam = list(islice((each for _, each in ranked if self._valid(each)), self._limits.beam))
        return self._with(best.added) if best.added else None

    def doubt(self, clause: Clause) -> str:
        """See :meth:`Refiner.doubt`."""
        body = set(clause.body)
        failed = self._covers([clause])[0] & self._replay.failed & self._replay.cases
        others = [t for t in self.essential if not set(t.refinement) <= body]
        if not others:
            return ""  # nothing else is known to matter
        explained = 0
        for each in others:
            explained |= each.possible
        rest = failed & ~explained
        shown = " and ".join(f"`{_body(t.refinement)}`" for t in others[:SHOWN])
        if not rest:
            return f"whatever failed there, {shown} may explain as well"
        for rival in self._consistent():
            if set(rival.refinement) & body or _resting(rival, self._counted):
                continue
            agreement = self._limits.agreement
            both = (rest & rival.covered).bit_count() >= rest.bit_count() * agreement
            if both and (failed & rival.covered).bit_count() < failed.bit_count() * agreement:
                return f"nothing tells it from `{_body(rival.refinement)}` where {shown} explains no failure"
        return ""

    def _consistent(self) -> list[_Candidate]:
        """The refinements that cover no success."""
        return [t for t in self._candidates if not t.covered & self._replay.succeeded]

    def _found_essential(self, asked: list[Refinement]) -> list[_Candidate]:
        """The refinements that are known to matter by themselves, with the trials in which they may hold."""
        pairs = pairs_of(self._replay, self.clause.head.name)
        told = [replace(t, possible=self._possible(t)) for t in (*self._consistent(), *self._unseen(asked))]
        changes = [changed(pairs, t.possible) for t in told]
        alone = essential(pairs, changes)
        succeeded = self._replay.of(self.clause.head.name) & self._replay.succeeded & self._replay.cases
        most = succeeded.bit_count() * (1 - KNOWN)
        found = []
        for each, change in zip(told, changes, strict=True):
            known = (each.possible & succeeded).bit_count() <= most
            needed = len(each.refinement) == 1 and _pattern(each.refinement[0], self.types) in self._used
            if change in alone or (known and needed):
                found.append(each)
        return found

    def _unseen(self, asked: list[Refinement]) -> list[_Candidate]:
        """The conditions that rules of other actions have needed, and nobody saw where this one failed."""
        there = {t.refinement for t in self._candidates}
        bound = head_variables(self.clause)
        needed = [
            _Candidate(r, 0, self._shared(r) <= bound)
            for r in asked
            if len(r) == 1 and r not in there and _pattern(r[0], self.types) in self._used
        ]
        valid = [t for t in needed if self._valid(_Node((t,), 0))]
        covers = self._covers([self._with((t,)) for t in valid])
        return [t for t, covered in zip(valid, covers, strict=True) if not covered]

    def _possible(self, candidate: _Candidate) -> int:
        match candidate.refinement:
            case (Literal(tense=None, atom=Atom() as atom, negated=negated),) if self._seen_in_part(
                atom.name
            ):
                other = (Literal(atom, negated=not negated),)
                opposite = _Candidate(other, 0, candidate.apart)
                if self._valid(_Node((opposite,), 0)):
                    trials = self._replay.of(self.clause.head.name)
                    return trials & ~self._covers([self._with((opposite,))])[0]
        return candidate.covered

    def _seen_in_part(self, relation: str) -> bool:
        signature = self._replay.program.schema.relations.get(relation)
        return signature is not None and signature.open_world

    def agreed(self, clause: Clause, among: int) -> Clause:
        """The rule together with the refinements that explain its failures among some trials as well as it
        does. Which of them is the reason cannot be told, so it fires where all of them hold (the vote of a
        version space)."""
        trials = self._replay.of(clause.head.name) & self._replay.cases
        failed, successes = trials & self._replay.failed, self._replay.succeeded
        covered = self._covers([clause])[0]
        for candidate in self._candidates:
            if (
                candidate.covered & successes
                or len(clause.body) + len(candidate.refinement) > self._limits.literals
            ):
                continue
            if set(candidate.refinement) & set(clause.body):
                continue
            both, one = covered & candidate.covered & failed, (covered | candidate.covered) & failed
            if both == one:
                continue
            both, one = both & among, one & among
            if both.bit_count() < one.bit_count() * self._limits.agreement:
                continue
            longer = self._with((candidate,), clause)
            if self._replay.valid(longer):
                clause = longer
                covered &= candidate.covered
        return clause

    def _telling(self, asked: list[Refinement]) -> list[_Candidate]:
        """The refinements that leave some failures and not all trials, one for each set of trials: the
        simplest."""
        bound = head_variables(self.clause)
        candidates = [_Candidate(c, 0, self._shared(c) <= bound) for c in asked]
        valid = (candidate for candidate in self._timely(candidates) if self._valid(_Node((candidate,), 0)))
        candidates = list(islice(valid, self._limits.candidates))
        covers = self._covers([self._with((candidate,)) for candidate in candidates])
        found: dict[int, _Candidate] = {}
        for candidate, covered in zip(candidates, covers, strict=True):
            if covered & self._replay.failed and covered != self._start.covered:
                found.setdefault(covered, replace(candidate, covered=covered))
        return list(found.values())

    def _priced(self, candidates: list[_Candidate]) -> list[_Candidate]:
        """The refinements with their prices: for each item as many bits as it takes to choose a refinement,
        and fewer for what other rules have needed."""
        full, known = math.log2(max(len(candidates), 2)), math.log2(len(self._used) + 2)
        prices = [
            sum(
                min(full, known) if _pattern(item, self.types) in self._used else full
                for item in t.refinement
            )
            for t in candidates
        ]
        return [replace(t, price=price) for t, price in zip(candidates, prices, strict=True)]

    def _longer(self, beam: list[_Node]) -> Iterator[_Node]:
        for each in beam:
            if len(each.added) >= self._limits.conditions:
                continue
            fitting = [t for t in self._allowed if each.literals + len(t.refinement) <= self._most]
            joined = [t for t in fitting if not t.apart and not all(a.apart for a in each.added)]
            joined = [t for t in self._timely(joined) if self._valid(_Node((*each.added, t), 0))]
            joined = self._within(partial(_some, joined))
            asked = self._covers([self._with((*each.added, t)) for t in joined]) if joined else []
            exact = dict(zip(map(id, joined), asked, strict=True))
            for candidate in self._timely(fitting):
                covered = exact.get(id(candidate), each.covered & candidate.covered)
                if covered != each.covered:
                    yield _Node((*each.added, candidate), covered)

    def _earns(self, grown: _Node) -> bool:
        """Whether the rule is valid, and each item that was added is worth its length by itself: without it,
        the rule covers successes enough that leaving them out is no accident."""
        if not self._valid(grown):
            return False
        clause, start = self._with(grown.added), len(self.clause.body)
        for i in range(start, len(clause.body)):
            without = replace(clause, body=clause.body[:i] + clause.body[i + 1 :])
            if not self._replay.valid(without):
                continue  # others need what it binds
            covered = self._covers([without])[0]
            failures, successes = covered & self._replay.failed, covered & self._replay.succeeded
            worth = Compression(failures, successes, self._replay.cases, self._limits.chance)
            if worth.bits(grown.covered, math.log2(len(self._candidates))) <= 0:
                return False
        return True

    def _valid(self, grown: _Node) -> bool:
        return self._replay.valid(self._with(grown.added))

    def _covers(self, clauses: list[Clause]) -> list[int]:
        return self._replay.covers(clauses, self._until - time.monotonic())

    def _within(self, work: Callable[[StepBudget], list[T]]) -> list[T]:
        """Return the result of work under the limits on steps and time; note it where they cut it short.

        Raises:
            BudgetError: the time was over.
        """
        bound = StepBudget(self._limits.steps, self._until)
        found = work(bound)
        if bound.cut:
            self._cuts[f"{self.clause.head.name}: {bound.cut}"] = None
        return found

    def _timely(self, things: Iterable[T]) -> Iterator[T]:
        """The things, as long as there is time.

        Raises:
            BudgetError: it was over.
        """
        for thing in things:
            if time.monotonic() > self._until:
                raise BudgetError(f"the search took longer than {self._limits.seconds:g} s")
            yield thing

    def _shared(self, refinement: Refinement) -> set[str]:
        return {n for item in refinement for n in names(item_vars(item))} & self._variables

    def _with(self, added: tuple[_Candidate, ...], clause: Clause | None = None) -> Clause:
        """The rule (that of the search, or one grown out of it) with refinements, the new variables of each
        kept apart."""
        clause = clause or self.clause
        body: list[WrittenItem] = list(clause.body)
        taken = self._variables | {n for item in body for n in names(item_vars(item))}
        for candidate in added:
            new = {n for item in candidate.refinement for n in names(item_vars(item))} - self._variables
            names_: dict[str, str] = {}
            for name in sorted(new):
                names_[name] = fresh(name, taken)
                taken |= {names_[name]}
            body += [_renamed(item, names_) for item in candidate.refinement]
        return replace(clause, body=tuple(dict.fromkeys(body)))


def _resting(candidate: _Candidate, counted: frozenset[str]) -> bool:
    return bool(resting_on(candidate.refinement, counted))


def _body(items: Iterable[WrittenItem]) -> str:
    return ", ".join(map(print_item, items))


def _some(things: list[T], work: StepBudget) -> list[T]:
    """As many of the things as there is work for."""
    return list(work.each(things))


def _pattern(item: WrittenItem, types: Mapping[str, str]) -> str:
    """The text of an item with types in the place of its variables' names: items that differ in these names
    alone have the same."""

    def leaf(term: Term) -> Term:
        return Var(types.get(term.name, "new")) if isinstance(term, Var) and term.name != "_" else term

    return print_item(rewrite_written(item, leaf))


def _renamed(item: WrittenItem, new: Mapping[str, str]) -> WrittenItem:
    def leaf(term: Term) -> Term:
        return Var(new[term.name]) if isinstance(term, Var) and term.name in new else term

    return rewrite_written(item, leaf)


NAME = "induced"


def induce(
    replay: Replay, limits: SearchLimits | None = None, cuts: dict[str, None] | None = None
) -> list[Clause]:
    """Rules learned from the trials of a replay, each with a ``@source`` that names the episodes which taught
    it, and a ``@because`` made of its body. Actions with most successes come first: what their rules needed
    is tried first where there is less to learn from. Where the limits cut a search short, ``cuts`` gets the
    action and the reason, and what was found before is returned.

    Raises:
        EvaluationError: the engine could not finish.
    """
    refiner = Refiner(replay, limits)
    if cuts is not None:
        refiner.cuts = cuts

    def successes(signature: Signature) -> tuple[int, str]:
        tried = replay.of(signature.name) & replay.succeeded & replay.cases
        return -tried.bit_count(), signature.name

    found: list[Clause] = []
    for signature in sorted(replay.program.schema.actions.values(), key=successes):
        if replay.of(signature.name) & replay.failed:
            found += [_explained(replay, clause) for clause in refiner.refine(most_general(signature))]
    return found


def most_general(signature: Signature) -> Clause:
    """The rule that forbids all that an action could be."""
    names: list[str] = []
    for param in signature.params:
        names.append(fresh(param.name, names))
    return Clause("forbid", Atom(signature.name, tuple(Var(name) for name in names)))


def _explained(replay: Replay, clause: Clause) -> Clause:
    """The rule with its reason, and with the episodes of the failures that it covers as its source."""
    covered = replay.chosen(replay.covers([clause])[0] & replay.failed)
    episodes = list(dict.fromkeys(trial.episode for trial in covered))
    return annotated(clause, because=reason(clause), source=taught_by(NAME, episodes))
