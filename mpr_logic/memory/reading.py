"""Reading a memory: what is live after rollbacks, and rules with their evidence, status and weight."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import and_, func, or_, select, true

from mpr_logic.memory.evidence import PRIORS, Evidence
from mpr_logic.memory.records import Status, StoredRule
from mpr_logic.memory.tables import CHANGES, EVIDENCE, LESSONS, VERSIONS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from sqlalchemy import Column, ColumnElement, Connection

    from mpr_logic.memory.evidence import Kind

MANY = 500
"""Of more rules than this all are read, and the others left out afterwards."""

Intervals = tuple[tuple[int, int], ...]
"""Revisions from the first to the last of each pair."""


def head_of(connection: Connection) -> int:
    """The newest revision; 0 where there is none."""
    return connection.execute(select(func.max(CHANGES.c.revision))).scalar() or 0


def live(connection: Connection, head: int) -> Intervals:
    """The revisions that count at ``head``: a rollback to R takes back all between R and itself, other
    rollbacks too."""
    rollbacks = connection.execute(
        select(CHANGES.c.revision, CHANGES.c.to)
        .where(CHANGES.c.kind == "rollback", CHANGES.c.revision <= head)
        .order_by(CHANGES.c.revision.desc())
    ).all()
    found: list[tuple[int, int]] = []
    last = head
    for revision, to in rollbacks:
        if revision <= last:
            found.append((revision, last))
            last = int(to)
    return (*reversed([*found, (0, last)]),)


def alive(column: Column[Any], intervals: Intervals) -> ColumnElement[bool]:
    """The condition that a revision counts."""
    if len(intervals) == 1:
        return column <= intervals[0][1]
    return or_(*(and_(column >= first, column <= last) for first, last in intervals))


def forgotten(connection: Connection) -> set[int]:
    """The episodes that were forgotten: no rollback brings one back."""
    return set(connection.execute(select(CHANGES.c.episode).where(CHANGES.c.kind == "forget")).scalars())


@dataclass(frozen=True, slots=True)
class Around:
    """What the rows of rules are read with."""

    intervals: Intervals
    gone: set[int]
    theta: float


def around(connection: Connection, theta: float) -> Around:
    """What counts now."""
    return Around(live(connection, head_of(connection)), forgotten(connection), theta)


def load(connection: Connection, theta: float, ids: Collection[str] | None = None) -> dict[str, StoredRule]:
    """Rules by their ids, in the order in which they came; all of them, or some."""
    here = around(connection, theta)
    rows = _versions(connection, here, ids)
    few = len(rows) <= MANY
    tallies = _tallies(connection, here, [row.key for row in rows.values()] if few else None)
    lessons = _lessons(connection, here, list(rows) if few else None)
    endings = _endings(connection, here, list(rows) if few else None)
    known: dict[tuple[str, str, int, int], float] = {}
    return {
        id: _rule(row, tallies[row.key], lessons.get(id, ()), endings.get(id), here, known)
        for id, row in rows.items()
    }


def _versions(connection: Connection, here: Around, ids: Collection[str] | None) -> Mapping[str, Any]:
    newest = select(func.max(VERSIONS.c.number)).where(alive(VERSIONS.c.revision, here.intervals))
    if ids is not None and len(ids) <= MANY:
        newest = newest.where(VERSIONS.c.rule.in_(ids))
    query = select(VERSIONS).where(VERSIONS.c.number.in_(newest.group_by(VERSIONS.c.rule)))
    first = {row.rule: row for row in connection.execute(query.order_by(VERSIONS.c.number))}
    wanted = first.keys() if ids is None else set(ids)
    return {id: row for id, row in first.items() if id in wanted}


def _tallies(connection: Connection, here: Around, keys: list[str] | None) -> Mapping[str, Counter[bool]]:
    found: dict[str, Counter[bool]] = defaultdict(Counter)
    query = (
        select(EVIDENCE.c.key, EVIDENCE.c.wrong, func.count())
        .where(alive(EVIDENCE.c.revision, here.intervals))
        .where(EVIDENCE.c.episode.not_in(here.gone) if here.gone else true())
        .group_by(EVIDENCE.c.key, EVIDENCE.c.wrong)
    )
    for key, wrong, n in connection.execute(query if keys is None else query.where(EVIDENCE.c.key.in_(keys))):
        found[key][bool(wrong)] += n
    return found


def _lessons(connection: Connection, here: Around, ids: list[str] | None) -> Mapping[str, tuple[int, ...]]:
    query = (
        select(VERSIONS.c.rule, LESSONS.c.episode)
        .join(VERSIONS, VERSIONS.c.number == LESSONS.c.version)
        .where(alive(LESSONS.c.revision, here.intervals))
    )
    found: dict[str, set[int]] = defaultdict(set)
    for rule, episode in connection.execute(query if ids is None else query.where(VERSIONS.c.rule.in_(ids))):
        found[rule].add(episode)
    return {rule: tuple(sorted(episodes)) for rule, episodes in found.items()}


def _endings(connection: Connection, here: Around, ids: list[str] | None) -> Mapping[str, Any]:
    query = (
        select(CHANGES.c.rule, CHANGES.c.kind, CHANGES.c.to, CHANGES.c.revision)
        .where(CHANGES.c.kind.in_(("supersede", "remove")), alive(CHANGES.c.revision, here.intervals))
        .order_by(CHANGES.c.revision)
    )
    found = connection.execute(query if ids is None else query.where(CHANGES.c.rule.in_(ids)))
    return {row.rule: row for row in found}


def _rule(
    row: Any,
    tally: Counter[bool],
    taught: Iterable[int],
    ending: Any | None,
    here: Around,
    known: dict[tuple[str, str, int, int], float],
) -> StoredRule:
    kind = cast("Kind", row.kind)
    wrong, right = tally[True], tally[False]
    case = row.head, kind, wrong, right
    if case not in known:
        known[case] = belief(row.head, kind, wrong, right, here.theta)
    weight = row.weight if kind == "hand" else known[case]
    lessons = tuple(taught)
    left = tuple(e for e in lessons if e not in here.gone)
    ended = ending if ending is not None and ending.revision > row.revision else None
    status: Status
    if ended is not None:
        status = "superseded" if ended.kind == "supersede" else "forgotten"
    elif kind != "hand" and lessons and not left and not wrong:
        status = "forgotten"
    elif kind != "hand" and not wrong and not right:
        status = "candidate"
    else:
        status = "law" if row.head != "prefer" and weight >= here.theta else "advice"
    return StoredRule(
        id=row.rule,
        version=row.number,
        revision=row.revision,
        key=row.key,
        text=row.text,
        kind=kind,
        head=row.head,
        literals=row.literals,
        weight=weight,
        belief=known[case],
        status=status,
        wrong=wrong,
        right=right,
        episodes=left,
        by=ended.to if ended is not None else None,
    )


def belief(head: str, kind: Kind, wrong: int, right: int, theta: float) -> float:
    """The weight that a rule's evidence alone gives it."""
    evidence = Evidence(PRIORS[kind], wrong, right)
    if head != "prefer":
        return evidence.weight(theta)
    # advice is borne out by a success, and one failure does not refute it
    return Evidence(evidence.prior, right, wrong).weight(2.0)
