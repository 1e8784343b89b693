"""The agent's knowledge of which receptacles share a place."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Places:
    """Receptacles, of some of which it is known that they share a place, or that they do not.

    Several receptacles may stand at one place, and the games do not say which. Sharing is an
    equivalence, so it is kept as groups; where two receptacles are known to be apart, all of the one's
    group are apart from all of the other's.
    """

    def __init__(self) -> None:
        self._group: dict[str, set[str]] = {}
        self._apart: dict[str, set[str]] = {}  # one set for all of a group

    def add(self, names: Iterable[str]) -> None:
        """Take receptacles in of which nothing is known yet."""
        for name in names:
            if name not in self._group:
                self._group[name] = {name}
                self._apart[name] = set()

    def __contains__(self, name: str | None) -> bool:
        return name in self._group

    def together(self, name: str) -> set[str]:
        """The receptacles that are known to share this one's place, itself among them."""
        return self._group[name]

    def apart(self, name: str) -> set[str]:
        """The receptacles that are known to stand at another place than this one."""
        return self._apart[name]

    def join(self, one: str, other: str) -> None:
        """Learn that two share a place. What contradicts what is known is passed over."""
        if other in self._group[one] or other in self._apart[one]:
            return
        group = self._group[one] | self._group[other]
        apart = self._apart[one] | self._apart[other]
        for name in group:
            self._group[name], self._apart[name] = group, apart
        for name in apart:
            self._apart[name] |= group

    def part(self, one: str, other: str) -> None:
        """Learn that two do not share a place. What contradicts what is known is passed over."""
        mine, others = self._group[one], self._group[other]
        if other in mine or other in self._apart[one]:
            return
        self._apart[one] |= others
        self._apart[other] |= mine

    def alone(self, names: Iterable[str]) -> None:
        """Learn that some receptacles are all that stand at their place."""
        first, *others = names
        for other in others:
            self.join(first, other)
        for name in self._group.keys() - self._group[first]:
            self.part(first, name)
