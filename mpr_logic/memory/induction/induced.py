"""The `induced` reflector: rules from the failed steps alone, without any model.

For each action that has failed it begins with ``forbid a(X, ..)`` and refines that into a few rules which
together cover the failures, and none of them a success.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.language.ast import Atom, Clause, Var
from mpr_logic.memory.induction.literals import fresh
from mpr_logic.memory.induction.refine import Refiner
from mpr_logic.memory.induction.wording import annotated, reason, taught_by

if TYPE_CHECKING:
    from mpr_logic.analysis.program import Signature
    from mpr_logic.memory.induction.refine import Limits
    from mpr_logic.memory.induction.replay import Replay

NAME = "induced"


def induce(replay: Replay, limits: Limits | None = None, cuts: dict[str, None] | None = None) -> list[Clause]:
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
            found += [told(replay, clause) for clause in refiner.refine(everything(signature))]
    return found


def everything(signature: Signature) -> Clause:
    """The rule that forbids all that an action could be."""
    names: list[str] = []
    for param in signature.params:
        names.append(fresh(param.name, names))
    return Clause("forbid", Atom(signature.name, tuple(Var(name) for name in names)))


def told(replay: Replay, clause: Clause) -> Clause:
    """The rule with its reason, and with the episodes of the failures that it covers as its source."""
    covered = replay.chosen(replay.covers([clause])[0] & replay.failed)
    episodes = list(dict.fromkeys(trial.episode for trial in covered))
    return annotated(clause, because=reason(clause), source=taught_by(NAME, episodes))
