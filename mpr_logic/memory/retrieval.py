"""The rules of a memory that matter in a state: those that fire for a candidate action, then those one
literal away from it, the heaviest and most specific first, as many as a budget of tokens holds.

It is a query: the same state, rules and candidates give the same answer, in the same order.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from mpr_logic.checker.render import failed_text
from mpr_logic.checker.solve import body_steps, matched, run
from mpr_logic.engine.planner import item_variables, term_variables
from mpr_logic.errors import BudgetError, EvaluationError, StateError, StoreError
from mpr_logic.language.fence import in_place
from mpr_logic.language.printer import print_clause
from mpr_logic.memory.evidence import MISSING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from mpr_logic.analysis.program import Rule
    from mpr_logic.checker.action import Action
    from mpr_logic.checker.checker import Checker
    from mpr_logic.engine.planner import PlanStep
    from mpr_logic.engine.protocol import Engine
    from mpr_logic.memory.rule_index import StateLookup

HEADS = ("forbid", "prefer")
TRIES = 200
"""The most rules that one retrieval checks one by one for being a literal away: those that the index cannot
tell for sure."""

PLANS = 4096
"""The most plans that are kept, each of a rule's body without one of its items: the heaviest rules come up in
every state."""


def tokens(text: str) -> int:
    """An estimate of the tokens of a text, on the safe side for English and for rules: one for three
    characters."""
    return -(-len(text) // 3)


@dataclass(frozen=True, slots=True)
class Retrieved:
    """A rule that matters now. ``action`` is the first candidate that it fires for, or is one literal away
    from firing for: then ``missing`` is that literal, with what is known of its variables. It is None where
    nobody has looked for one, since all rules are told."""

    rule: Rule
    action: Action | None
    text: str
    tokens: int
    missing: str | None = None


class Retriever:
    """Retrieves rules of a checker's program; made once, it is asked in every state.

    Args:
        checker: holds the rules with their weights, and the state.
        ids: only these rules, such as the memory's; by default all that forbid or prefer.
        estimate: the tokens of a text.

    Raises:
        StoreError: the extra that it needs is not installed.
    """

    def __init__(
        self,
        checker: Checker,
        ids: Collection[str] | None = None,
        estimate: Callable[[str], int] = tokens,
    ) -> None:
        try:
            from mpr_logic.memory.rule_index import RuleIndex
        except ImportError:
            raise StoreError(MISSING) from None
        self._checker = checker
        self._estimate = estimate
        wanted = None if ids is None else set(ids)
        rules = [
            rule
            for rule in checker.program.rules
            if rule.clause.kind in HEADS and (wanted is None or rule.id in wanted)
        ]
        self._ranked = sorted(rules, key=lambda r: (-r.weight, -len(r.body), r.id))
        self._rank = {rule: rank for rank, rule in enumerate(self._ranked)}
        self._index = RuleIndex(self._ranked)
        self._steps = lru_cache(PLANS)(self._rest)

    def find(self, candidates: Iterable[str | Action], budget: int = 600) -> list[Retrieved]:
        """The rules that matter for some actions in the present state.

        Args:
            candidates: the actions; what is none of the program's is passed over.
            budget: the most tokens that the texts may have together.

        Raises:
            EvaluationError: the engine could not finish.
        """
        checker = self._checker
        found: list[Retrieved] = []
        left = budget
        with checker.asking() as engine:
            known = list(self._known(candidates))
            for each in self._all(known, engine):
                left -= each.tokens
                if left < 0:
                    break
                found.append(each)
        return found

    def _known(self, candidates: Iterable[str | Action]) -> Iterator[Action]:
        for action in candidates:
            try:
                yield self._checker.resolve(action)
            except StateError:
                continue

    def _all(self, candidates: list[Action], engine: Engine) -> Iterator[Retrieved]:
        """All that matter, the best first."""
        fired: dict[int, int] = {}
        for n, candidate in enumerate(candidates):
            for kind in HEADS:
                for rule, _ in engine.fired(f"{kind} {candidate.name}", candidate.args):
                    rank = self._rank.get(rule)
                    if rank is not None:
                        fired.setdefault(rank, n)
        done: set[int] = set()  # clauses: of a class each member has a rule
        for rank in sorted(fired):
            if (clause := id(self._ranked[rank].clause)) not in done:
                done.add(clause)
                yield self._retrieved(rank, candidates[fired[rank]], None)
        from mpr_logic.memory.rule_index import StateLookup

        look = StateLookup(self._index, engine)
        tries = 0
        for rank, n, place, exact in self._near(candidates, look):
            if (clause := id(self._ranked[rank].clause)) in done:
                continue
            if exact:
                missing = _text(self._ranked[rank], candidates[n], place)
            else:
                tries += 1
                if tries > TRIES:
                    return
                missing = self._missing(look, rank, candidates[n], place)
            if missing is not None:
                done.add(clause)
                yield self._retrieved(rank, candidates[n], missing)

    def _near(self, candidates: list[Action], look: StateLookup) -> Iterator[tuple[int, int, int, bool]]:
        """Ranks of rules that may be one literal away, for which candidate, by which item, and whether
        that is sure."""
        import numpy as np

        parts = [
            (ranks, np.full(len(ranks), n), places, np.full(len(ranks), exact))
            for n, candidate in enumerate(candidates)
            for kind in HEADS
            for ranks, places, exact in look.near(f"{kind} {candidate.name}", candidate.args)
        ]
        if not parts:
            return
        ranks, numbers, places, sure = (np.concatenate(column) for column in zip(*parts, strict=True))
        for i in np.lexsort((numbers, ranks)):
            yield int(ranks[i]), int(numbers[i]), int(places[i]), bool(sure[i])

    def _missing(self, look: StateLookup, rank: int, candidate: Action, place: int) -> str | None:
        """The one literal that keeps a rule from firing; None where more is missing."""
        rule = self._ranked[rank]
        given = matched(rule.args[: rule.given], candidate.args, {})
        if given is None:
            return None
        for i in range(len(rule.body)) if place < 0 else [place]:
            try:
                steps = self._steps(rank, i)
                bindings, _ = next(run(cast("Engine", look), steps, given), (None, 0.0))
            except BudgetError:
                raise
            except EvaluationError:
                continue  # what is left cannot be evaluated without that item
            if bindings is not None:
                return failed_text(rule.body[i], rule, bindings)
        return None

    def _rest(self, rank: int, place: int) -> tuple[PlanStep, ...]:
        """The body of a rule without one item, in steps."""
        rule = self._ranked[rank]
        given = {name for term in rule.args[: rule.given] for name in term_variables(term)}
        rest = [*rule.body[:place], *rule.body[place + 1 :]]
        rest.sort(key=lambda item: len(set(item_variables(item)) - given))
        return body_steps(rest, given)

    def _retrieved(self, rank: int, candidate: Action, missing: str | None) -> Retrieved:
        rule = self._ranked[rank]
        text = "\n".join(map(in_place, print_clause(rule.clause, annotations=False).split("\n")))
        return Retrieved(rule, candidate, text, self._estimate(text), missing)


def _text(rule: Rule, candidate: Action, place: int) -> str | None:
    """An item of a rule with what the candidate says of its variables; None where none is named."""
    given = matched(rule.args[: rule.given], candidate.args, {})
    return None if place < 0 or given is None else failed_text(rule.body[place], rule, given)
