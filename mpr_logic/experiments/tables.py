"""Tables as plain data, so that the terminal, the page and JSON give the same numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from mpr_logic.language.diagnostics import visible

if TYPE_CHECKING:
    from collections.abc import Iterable

Row: TypeAlias = dict[str, Any]
"""Keys and values of JSON; what could not be worked out is None."""

Form: TypeAlias = Literal[
    "text", "method", "count", "mean", "share", "points", "p", "score", "range", "points_range"
]


@dataclass(frozen=True, slots=True)
class Column:
    """How a table shows a key of its rows.

    ``interval`` names the keys that hold the ends of its interval; a range is nothing but an interval. A
    column that has a ``beside`` is left out where it is the same in all rows that have the same there.
    """

    key: str
    title: str
    form: Form = "text"
    interval: tuple[str, str] | None = None
    beside: tuple[str, ...] | None = None

    @property
    def number(self) -> bool:
        """Whether it holds numbers, which stand at the right."""
        return self.form not in ("text", "method")


@dataclass(frozen=True, slots=True)
class Table:
    """Rows, and the columns that show them. ``notes`` say how it is to be read.

    Of a table that is ``long``, a short report shows the rows with a true ``standing`` alone.
    """

    key: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    long: bool = False

    def short(self) -> tuple[Row, ...]:
        """The rows of a short report."""
        return tuple(row for row in self.rows if row["standing"]) if self.long else self.rows

    def shown(self, rows: tuple[Row, ...]) -> tuple[Column, ...]:
        """The columns to be shown of these rows."""
        return tuple(column for column in self.columns if _tells(column, rows))

    def heading(self) -> str:
        """The title, with what holds of all rows."""
        return f"{self.title} (all scripted)" if self.all_scripted else self.title

    @property
    def all_scripted(self) -> bool:
        """Whether no language model chose in any row."""
        marks = [row["scripted"] and row.get("baseline_scripted", True) for row in self.rows]
        return bool(marks) and all(marks)

    def cell(self, column: Column, row: Row) -> str:
        """What a column shows of a row: one line, in which nothing moves the cursor."""
        if column.form == "method":
            said = {"scripted": False, "baseline_scripted": False} if self.all_scripted else {}
            return method(row | said, column.key)
        if column.interval is not None:
            low, high = (row[key] for key in column.interval)
            ends = None if low is None else f"{_END[column.form](low)} to {_END[column.form](high)}"
            if column.form in ("range", "points_range"):
                return ends or "-"
        value = row[column.key]
        if value is None:
            return "-"
        text: str = _TEXT[column.form](value)
        return f"{text} ({ends})" if column.interval is not None and ends else text


def _tells(column: Column, rows: Iterable[Row]) -> bool:
    """Whether a column tells rows apart, or is always shown."""
    if column.beside is None:
        return True
    found: dict[tuple[object, ...], object] = {}
    return any(
        found.setdefault(tuple(row[key] for key in column.beside), row[column.key]) != row[column.key]
        for row in rows
    )


def method(row: Row, key: str = "method") -> str:
    """The method of a row, or its baseline, called what it is."""
    marks = [
        mark
        for mark in ("scripted", "privileged")
        if row[mark if key == "method" else f"{key}_{mark}"] and mark not in row[key]
    ]
    name = visible(row[key])
    return f"{name} ({', '.join(marks)})" if marks else name


def percent(share: float) -> str:
    """A share as percent."""
    return f"{100 * share:.1f} %"


def points(difference: float) -> str:
    """A difference of shares in percentage points, with its sign."""
    return f"{100 * difference + 0.0:+.1f}"


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _mean(value: float) -> str:
    return f"{value:.4g}" if abs(value) < 1000 else f"{value:.0f}"


_TEXT: dict[Form, Any] = {
    "text": lambda value: visible(str(value)),
    "count": str,
    "mean": _mean,
    "share": percent,
    "points": points,
    "p": _p,
    "score": lambda value: f"{value:.3f}",
}
_END: dict[Form, Any] = {
    **_TEXT,
    "share": lambda value: f"{100 * value:.1f}",
    "range": _mean,
    "points_range": points,
}
