"""Soft guidance: the rules that a policy is told before it chooses, whether or not they are checked then."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from mpr_logic.analysis.annotations import LEVELS
from mpr_logic.checker.render import because_text
from mpr_logic.errors import EvaluationError
from mpr_logic.language.ast import Annotation, Clause, Const
from mpr_logic.language.fence import in_place, on_one_line
from mpr_logic.language.printer import print_atom, print_clause
from mpr_logic.memory.declarations import EVIDENCE
from mpr_logic.memory.retrieval import HEADS, Retrieved, Retriever, tokens

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from mpr_logic.analysis.program import Rule
    from mpr_logic.checker.action import Action
    from mpr_logic.checker.checker import Checker
    from mpr_logic.language.ast import Module, Statement

BUDGET = 250
"""The most tokens that the texts of the rules told in one turn may have together."""


class Guide(Protocol):
    """Says which rules a policy is told. One guide serves many episodes, one after the other."""

    def find(self, checker: Checker, candidates: Sequence[Action]) -> Sequence[Retrieved]:
        """The rules to tell in the present state, the most important first. The ``text`` of each is one
        line for the policy to read.

        Args:
            checker: holds the rules and the state.
            candidates: the actions that the agent could think of.
        """


class Retrieval:
    """Tells the rules that matter now: those that fire for some candidate, then those one literal away.

    Args:
        ids: only these rules, such as a memory's, which are told whole unless they say ``@disclose``. By
            default all that forbid or prefer, and of those as much as their authors disclose.
        budget: the most tokens that the texts may have together.
        weights: whether the rules' weights are told.
    """

    def __init__(
        self, ids: Collection[str] | None = None, *, budget: int = BUDGET, weights: bool = True
    ) -> None:
        self._ids = None if ids is None else frozenset(ids)
        self._budget = budget
        self._weights = weights
        self._made: tuple[Checker, Retriever] | None = None

    def find(self, checker: Checker, candidates: Sequence[Action]) -> list[Retrieved]:
        """The rules to tell; none where the engine cannot finish.

        Raises:
            StoreError: the extra that it needs is not installed.
        """
        if self._made is None or self._made[0] is not checker:
            self._made = checker, Retriever(checker, self._ids)
        try:
            found = self._made[1].find(candidates, self._budget)
        except EvaluationError:
            return []
        left, told = self._budget, []
        for each in found:
            text = told_text(each.rule, whole=self._ids is not None, weights=self._weights)
            if text is None:
                continue
            left -= tokens(text)
            if left < 0:
                break
            told.append(replace(each, text=text, tokens=tokens(text)))
        return told


class WholeMemory:
    """Tells all rules, whatever the state is, the heaviest first, and cut to no budget: what retrieval is
    compared with. The arguments are those of :class:`Retrieval`."""

    def __init__(self, ids: Collection[str] | None = None, *, weights: bool = True) -> None:
        self._ids = None if ids is None else frozenset(ids)
        self._weights = weights
        self._made: tuple[Checker, list[Retrieved]] | None = None

    def find(self, checker: Checker, candidates: Sequence[Action]) -> list[Retrieved]:
        """All rules."""
        if self._made is None or self._made[0] is not checker:
            self._made = checker, self._all(checker)
        return self._made[1]

    def _all(self, checker: Checker) -> list[Retrieved]:
        rules = [
            rule
            for rule in checker.program.written
            if rule.clause.kind in HEADS and (self._ids is None or rule.id in self._ids)
        ]
        rules.sort(key=lambda rule: (-rule.weight, -len(rule.body), rule.id))
        texts = ((r, told_text(r, whole=self._ids is not None, weights=self._weights)) for r in rules)
        return [Retrieved(rule, None, text, tokens(text)) for rule, text in texts if text is not None]


def disclosed(module: Module) -> Module:
    """The exported rules of a memory, those that no person wrote open to whoever acts by them: what was
    learned is nobody's secret. Without that a model is told of no rejection by them what would mend it."""
    return replace(module, statements=tuple(map(_disclosed, module.statements)))


def _disclosed(statement: Statement) -> Statement:
    if not isinstance(statement, Clause) or statement.annotation(EVIDENCE) is None:
        return statement
    if statement.annotation("disclose") is not None:
        return statement
    note = Annotation("disclose", (Const(LEVELS[-1]),))
    return replace(statement, annotations=(*statement.annotations, note))


def told_text(rule: Rule, *, whole: bool, weights: bool) -> str | None:
    """A rule as one line for a policy: the clause, and why. It is the same in every state, so that a model
    which has read it need not read it again. None where the rule's author discloses nothing of it.

    Args:
        rule: the rule.
        whole: show the clause where its author has said nothing of that; else the because-text alone.
        weights: whether the weight is shown.
    """
    said = rule.clause.annotation("disclose")
    level = (str(said[0]) if said else LEVELS[0]) if said is not None else LEVELS[-1 if whole else 1]
    because = on_one_line(because_text(rule, {})) if rule.clause.annotation("because") else ""
    if level == LEVELS[-1]:
        clause = rule.clause if weights else replace(rule.clause, weight=1.0)
        text = in_place(" ".join(map(str.strip, print_clause(clause, annotations=False).split("\n"))))
        return f"{text} % {because}" if because else text
    if level not in LEVELS[1:] or not because:
        return None
    weight = f"{rule.weight:g} :: " if weights and rule.weight < 1 else ""
    return f"{weight}{rule.clause.kind} {on_one_line(print_atom(rule.clause.head))}: {because}"
