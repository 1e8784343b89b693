"""The proofs of one relation's facts, kept while the state stays as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.errors import EvaluationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mpr_logic.engine.provenance.proof import Proof
    from mpr_logic.language.ast import Row

    Find = Callable[[Row], Proof | None]


class Proved(dict["Row", "Proof"]):
    """``proved[row]`` is the proof of a fact that holds, found when it is first asked for. A dictionary with
    ``__missing__``, so that compiled code reads a known proof without a call.

    ``finder`` makes, when it is first needed, the function that finds a proof of the relation; ``used``
    is the list to enter where there are proofs to forget."""

    __slots__ = ("_find", "_finder", "_relation", "_used")

    def __init__(self, relation: str, finder: Callable[[str], Find], used: list[Proved]) -> None:
        super().__init__()
        self._relation = relation
        self._finder = finder
        self._find: Find | None = None
        self._used = used

    def ask(self, row: Row) -> Proof | None:
        """The proof of a fact; None where it does not hold."""
        found = self.get(row)
        if found is None:
            if self._find is None:
                self._find = self._finder(self._relation)
            found = self._find(row)
            if found is not None:
                if not self:
                    self._used.append(self)
                self[row] = found
        return found

    def __missing__(self, row: Row) -> Proof:
        if self._find is None:
            self._find = self._finder(self._relation)
        found = self._find(row)
        if found is not None:
            if not self:
                self._used.append(self)
            self[row] = found
        else:
            raise EvaluationError(f"the proof of `{self._relation}` was lost: the engine contradicts itself")
        return found
