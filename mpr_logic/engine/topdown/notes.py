"""Writes down, in compiled code, what a kept answer reads: see :mod:`mpr_logic.engine.topdown.dependencies`.

In a loop of many turns a note for each would cost more than the answer. There the lookup is noted once,
before the loop, by the columns that are known by then: a change of any row that they match forgets it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.engine.namespace import key, substituted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mpr_logic.engine.codegen import Writer
    from mpr_logic.engine.namespace import Alternative, Goal, Read


class Notes:
    """The notes of one function. ``reads`` has every lookup in a stored relation, ``sure`` the notes that
    are made by the time the next line runs."""

    def __init__(self, writer: Writer) -> None:
        self.reads: list[Read] = []
        self.sure: set[tuple[str, str]] = set()
        self._writer = writer
        self._place: int | None = None  # the line before which notes of a wide loop stand
        self._indent = 0
        self._outside = 0  # the loops around that line
        self._known: frozenset[str] = frozenset()
        self._noted: set[tuple[str, str]] = set()

    def begin(self, indent: int, known: frozenset[str]) -> bool:
        """A wide loop begins at the next line; ``known`` are the sources known before it. Says whether it
        is the outermost of such."""
        if self._place is not None:
            return False
        self._place, self._indent, self._known = len(self._writer.lines), indent, known
        self._outside = self._writer.looping
        self._noted = set()
        return True

    def end(self) -> None:
        """The wide loop ends."""
        self._place = None

    def read(self, relation: str, positions: tuple[int, ...], parts: Sequence[str]) -> None:
        """A stored relation is read here, by these columns with these values."""
        self.reads.append((relation, positions, tuple(parts)))
        if self._place is not None:
            fixed = [i for i, part in enumerate(parts) if part in self._known or part.startswith("C")]
            positions, parts = tuple([positions[i] for i in fixed]), [parts[i] for i in fixed]
        readers = self._writer.access.readers(relation, positions)
        if readers is not None:
            self._note(readers, key(parts) if parts else "()")

    def asked(self, goal: Goal, parts: Sequence[str]) -> None:
        """The answer to a goal is read here."""
        for each in goal.tests.alternatives if goal.tests is not None else ():
            self.tested(each, parts)
        if goal.readers is not None:
            self._here(goal.readers, goal.entry(parts))

    def tested(self, alternative: Alternative, parts: Sequence[str]) -> None:
        """An alternative of a condition is tested here."""
        for relation, positions, templates in alternative.reads:
            self.read(relation, positions, [substituted(t, parts) for t in templates])

    def _note(self, readers: str, key: str) -> None:
        if self._place is None:
            self._here(readers, key)
        elif (readers, key) not in self._noted | self.sure:
            self._noted.add((readers, key))
            for line in self._lines(readers, key, self._outside):
                self._writer.lines.insert(self._place, "    " * self._indent + line)
                self._place += 1

    def _here(self, readers: str, key: str) -> None:
        if (readers, key) not in self.sure:
            self.sure.add((readers, key))
            for line in self._lines(readers, key, self._writer.looping):
                self._writer.line(line)

    def _lines(self, readers: str, key: str, looping: int) -> list[str]:
        """The source of a note. What runs more than once must not enter one answer over and over."""
        if self._writer.reruns:
            return [f"out.note({readers}, {key})"]
        if not looping:
            return [f"{readers}[{key}].append(me)"]
        return [f"r = {readers}[{key}]", "if not r or r[-1] is not me: r.append(me)"]
