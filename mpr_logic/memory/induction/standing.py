"""Reasons that keep a learned rule from being law, however often it was right.

One group alone may have made it. Evidence is counted by groups (:mod:`mpr_logic.memory.evidence`). Here each
group is left out in turn, as in leave-one-group-out cross-validation (Stone 1974), and the others are asked
what they would have made of it:

- The others would not have admitted the rule: no failure of theirs speaks for it, or so few that chance
  explains them. Then one group has made it.
- The others would have admitted a wider rule, which a success in the group that was left out contradicts.
  Then a condition of the rule is known from one group alone, and the next one may need another.

Two reasons more keep a rule from being law: it denies what a table merely counts
(:mod:`mpr_logic.memory.induction.counted`), or other conditions explain its failures as well
(:mod:`mpr_logic.memory.induction.contrast`).

A rule that is held back is advice. It is judged anew whenever there is more to learn from.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mpr_logic.analysis.report import count
from mpr_logic.language.ast import Literal
from mpr_logic.language.printer import print_clause, print_item, print_row
from mpr_logic.memory.induction.counted import resting_on
from mpr_logic.memory.induction.operators import generalisations
from mpr_logic.memory.induction.refine import Compression

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mpr_logic.language.ast import Clause
    from mpr_logic.memory.induction.refine import Refiner


def holds(refiner: Refiner, clauses: Sequence[Clause]) -> list[str]:
    """For each rule that forbids, the reason that keeps it from being law; empty where there is none.

    Raises:
        EvaluationError: the engine could not finish.
    """
    replay = refiner.replay
    refiner.needs(clauses)
    wider = [[each for each in generalisations(clause) if replay.valid(each)] for clause in clauses]
    asked = [*clauses, *(each for found in wider for each in found)]
    covered = dict(zip(map(id, asked), replay.covers(asked), strict=True))  # in one walk
    found = []
    for clause, more in zip(clauses, wider, strict=True):
        judged = _OneRule(refiner, clause, covered[id(clause)])
        found.append(
            judged.made_by_one()
            or judged.narrowed_by_one([(w, covered[id(w)]) for w in more])
            or _counted(refiner, clause)
            or refiner.doubt(clause)
        )
    return found


def _counted(refiner: Refiner, clause: Clause) -> str:
    """The reason where the rule would be wrong but for what a table lacks; empty where it would not."""
    resting = resting_on(clause.body, refiner.counted)
    if not resting:
        return ""
    left = replace(clause, body=tuple(item for item in clause.body if item not in resting))
    replay = refiner.replay
    if left.body and replay.valid(left) and not replay.covers([left])[0] & replay.succeeded:
        return ""  # it is right whatever the table says
    name = next(item.atom.name for item in resting if isinstance(item, Literal))
    return (
        f"it rests on `{print_item(resting[0])}`, and the table states what was seen: "
        f"if it states all there is, declare `{name}` complete"
    )


class _OneRule:
    """The trials of a rule, group by group."""

    def __init__(self, refiner: Refiner, clause: Clause, covered: int) -> None:
        self._replay, self._limits = refiner.replay, refiner.limits
        trials = self._replay.of(clause.head.name)
        self._failed, self._succeeded = trials & self._replay.failed, trials & self._replay.succeeded
        self._covered = covered
        self._groups = self._replay.groups

    def made_by_one(self) -> str:
        """The reason where a group is needed to admit the rule; empty where none is."""
        speaking = {name: of for name, of in self._groups.items() if of & self._covered & self._failed}
        for name, of in speaking.items():
            left = self._covered & self._failed & ~of
            if not left:
                return f"all that speaks for it happened in `{name}`"
            if self._worth(of).bits(left, 0) <= 0 < self._worth(0).bits(self._covered, 0):
                cases = count((left & self._replay.cases).bit_count(), "failure")
                return f"without `{name}` no more than {cases} would speak for it, which may be chance"
        return ""

    def narrowed_by_one(self, wider: Sequence[tuple[Clause, int]]) -> str:
        """The reason where the others alone would have admitted a wider rule that one group contradicts;
        empty where none is."""
        for clause, covered in wider:
            against = covered & self._succeeded
            name = next((n for n, of in self._groups.items() if against and not against & ~of), None)
            if name is None:
                continue
            of = self._groups[name]
            most, now = (self._cases(each & ~of) for each in (covered, self._covered))
            if (now < most * self._limits.agreement or now == most) and self._worth(of).bits(covered, 0) > 0:
                trial = self._replay.chosen(against)[0]
                text = print_clause(clause, annotations=False)
                return (
                    f"without `{name}` it would be `{text}`, which {print_row(trial.action, trial.args)} "
                    f"in turn {trial.turn} of {trial.episode} contradicts: one group alone says what it needs"
                )
        return ""

    def _cases(self, trials: int) -> int:
        return (trials & self._failed & self._replay.cases).bit_count()

    def _worth(self, left_out: int) -> Compression:
        """The worth of rules without a group."""
        cases = self._replay.cases & ~left_out
        return Compression(self._failed & ~left_out, self._succeeded & ~left_out, cases, self._limits.chance)
