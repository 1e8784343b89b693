"""The states that a checker has been in: each is reached again from the present one by undoing changes.

A version points to the next one towards the present, with what has to be undone on the way back. So nothing
is copied, a version that nobody holds any more is forgotten, and nothing is noted where nobody holds the
present one. A question about an older one costs what has changed since.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from mpr_logic.errors import StaleDecisionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mpr_logic.language.ast import Row, Span

FAR = 100_000
"""The most changed facts that are undone to go back to a state."""

Undone: TypeAlias = "tuple[str, Row, float | None, Span | str]"
"""A fact as it was: its core relation, row, weight (None: it was not asserted) and source."""


class Version:
    """One state. ``newer`` is the next one towards the present; None for the present state itself.
    ``undo`` leads from there back to this one, to be undone from the last to the first."""

    __slots__ = ("__weakref__", "newer", "undo")

    newer: Version | None
    undo: Sequence[Undone]

    def back(self) -> list[Version]:
        """This version and those between it and the present, the one nearest to the present first.

        Raises:
            StaleDecisionError: too much has changed since.
        """
        found: list[Version] = []
        each, changes = self, 0
        while each.newer is not None:
            found.append(each)
            changes += len(each.undo)
            each = each.newer
        if changes > FAR:
            raise StaleDecisionError(
                f"{changes} facts have changed since this was decided, and at most {FAR} are undone for an "
                "answer: ask earlier"
            )
        found.reverse()
        return found
