"""Memoised answers of compiled functions, and the support by which a change invalidates them.

While an answer is worked out, compiled code records its *support*: each lookup in a stored relation (by which
columns, with which key) and each other memoised answer that it reads. When a row changes, the answers that
looked where it stands are forgotten, and with them, in turn, all that rest on them. Nothing is patched, so
facts that support each other in a circle cannot survive a retraction.
(Dependency tracking as in self-adjusting computation: Acar 2005; the alternative for Datalog is
delete-and-rederive: Gupta, Mumick and Subrahmanian 1993.)
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, TypeAlias

from mpr_logic.engine.store import key_of
from mpr_logic.errors import BudgetError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mpr_logic.engine.deadline import Deadline
    from mpr_logic.engine.protocol import Budget
    from mpr_logic.engine.store import Relation

SELDOM = 15
"""A mask: the bounds are looked at once for each 16 answers."""

MOST = 200_000
"""After this many answers all are forgotten: what is recorded of them must not pile up."""

MemoEntry: TypeAlias = "tuple[int, Any]"
"""A memoised answer: the number of its memo, and its key there."""

Dependents: TypeAlias = "defaultdict[Any, list[MemoEntry]]"
"""By key: the answers that rest on what stands under it, some of them forgotten since, or twice: a list is
cheaper to enter than a set, and most are short."""


class Support:
    """The memos of one session, and which answers rest on what."""

    def __init__(self) -> None:
        self.made = 0  # answers since all were forgotten
        self._memos: list[tuple[dict[Any, Any], Dependents]] = []
        self._watched: dict[tuple[str, tuple[int, ...]], Dependents] = {}

    def enter(self, answers: dict[Any, Any]) -> tuple[int, Dependents]:
        """Enter a memo: its number, and the dependents of its answers."""
        dependents: Dependents = defaultdict(list)
        self._memos.append((answers, dependents))
        return len(self._memos) - 1, dependents

    def watch(self, relation: Relation, positions: tuple[int, ...]) -> Dependents:
        """The dependents of a stored relation by these columns: what is under a key that changes must be
        forgotten."""
        found = self._watched.get((relation.name, positions))
        if found is None:
            found = self._watched[relation.name, positions] = defaultdict(list)
            relation.watches.append((found, key_of(positions)))
        return found

    def forget(self, agenda: list[MemoEntry]) -> None:
        """Forget these answers, and all that rest on them."""
        memos = self._memos
        for number, key in agenda:  # which grows
            answers, dependents = memos[number]
            if answers.pop(key, None) is not None:  # else it was forgotten before, with its dependents
                found = dependents.pop(key, None)
                if found:
                    agenda += found

    def tidy(self) -> None:
        """Forget everything, if very much was recorded: to be called between questions only."""
        if self.made > MOST:
            self.made = 0
            for answers, dependents in self._memos:
                answers.clear()
                dependents.clear()
            for dependents in self._watched.values():
                dependents.clear()


class Memo(dict[Any, Any]):
    """The memoised answers of one function: ``memo[key]`` is worked out when it is first asked for. A
    dictionary with ``__missing__``, so that generated code reads a known answer without a call.

    The function takes the bound arguments, then the entry to record support for. ``dependents`` has the
    entries that rest on an answer of this memo.

    Raises:
        BudgetError: more facts were derived than the budget allows, or the time is over.
    """

    __slots__ = ("_deadline", "_function", "_most", "_number", "_single", "_support", "dependents")

    def __init__(
        self,
        function: Callable[..., Any],
        arguments: int,
        support: Support,
        budget: Budget,
        deadline: Deadline,
    ) -> None:
        super().__init__()
        self._function = function
        self._single = arguments == 1
        self._support = support
        self._number, self.dependents = support.enter(self)
        self._most = budget.facts
        self._deadline = deadline

    def __missing__(self, key: Any) -> Any:
        support = self._support
        support.made += 1
        if not support.made & SELDOM:
            self._look_at_bounds()
        entry = (self._number, key)
        answer = self._function(key, entry) if self._single else self._function(*key, entry)
        self[key] = answer
        return answer

    def _look_at_bounds(self) -> None:
        self._deadline.poll()
        if self._support.made > self._most:
            raise BudgetError(f"more than {self._most} facts were derived: bound the rules")
