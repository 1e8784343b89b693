"""Transactions on a memory: which revisions count after rollbacks, rules as they stand, and writing, with the
promotions and demotions that each change brings about."""

from __future__ import annotations

from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import and_, case, distinct, func, insert, or_, select, true

from mpr_logic.errors import StoreError
from mpr_logic.memory.evidence import PRIORS, Evidence, Trials, below
from mpr_logic.memory.records import Status, StoredRule
from mpr_logic.memory.schema import (
    CHANGES,
    CITATIONS,
    EPISODES,
    EVIDENCE,
    HOLDS,
    LESSONS,
    TRAJECTORIES,
    VERSIONS,
)
from mpr_logic.memory.trajectory import storable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Column, ColumnElement, Connection

    from mpr_logic.analysis.program import Schema
    from mpr_logic.memory.declarations import Checked
    from mpr_logic.memory.evidence import Tried
    from mpr_logic.memory.records import Kind, RuleOutcome
    from mpr_logic.memory.trajectory import Recording


MANY = 500
"""The most rules or episodes that a query names one by one; for more, all rows are read, and the others
left out afterwards."""

Intervals = tuple[tuple[int, int], ...]
"""Revisions from the first to the last of each pair."""


def head_revision(connection: Connection) -> int:
    """The newest revision; 0 where there is none."""
    return connection.execute(select(func.max(CHANGES.c.revision))).scalar() or 0


def live_revisions(connection: Connection, head: int) -> Intervals:
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


def is_live(column: Column[Any], intervals: Intervals) -> ColumnElement[bool]:
    """The condition that a revision counts."""
    if len(intervals) == 1:
        return column <= intervals[0][1]
    return or_(*(and_(column >= first, column <= last) for first, last in intervals))


def forgotten_episodes(connection: Connection) -> set[int]:
    """The episodes that were forgotten: no rollback brings one back."""
    return set(connection.execute(select(CHANGES.c.episode).where(CHANGES.c.kind == "forget")).scalars())


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The view of the log with which the rows of rules are read: the revisions that count, the forgotten
    episodes (``gone``), and the weight from which a rule is law."""

    intervals: Intervals
    gone: set[int]
    theta: float


def snapshot(connection: Connection, theta: float) -> Snapshot:
    """The snapshot as of the newest revision."""
    return Snapshot(
        live_revisions(connection, head_revision(connection)), forgotten_episodes(connection), theta
    )


def load_rules(
    connection: Connection, theta: float, ids: Collection[str] | None = None
) -> dict[str, StoredRule]:
    """Rules by their ids, in the order in which they came; all of them, or some."""
    here = snapshot(connection, theta)
    rows = _versions(connection, here, ids)
    few = len(rows) <= MANY
    tallies = _tallies(connection, here, [row.key for row in rows.values()] if few else None)
    lessons = _lessons(connection, here, list(rows) if few else None)
    holds = _holds(connection, here, [row.number for row in rows.values()] if few else None)
    endings = _endings(connection, here, list(rows) if few else None)
    known: dict[tuple[str, str, int, int], float] = {}
    return {
        id: _rule(
            row,
            tallies[row.key],
            lessons.get(id, ()),
            endings.get(id),
            holds.get(row.number, ""),
            here,
            known,
        )
        for id, row in rows.items()
    }


def _versions(connection: Connection, here: Snapshot, ids: Collection[str] | None) -> Mapping[str, Any]:
    newest = select(func.max(VERSIONS.c.number)).where(is_live(VERSIONS.c.revision, here.intervals))
    if ids is not None and len(ids) <= MANY:
        newest = newest.where(VERSIONS.c.rule.in_(ids))
    query = select(VERSIONS).where(VERSIONS.c.number.in_(newest.group_by(VERSIONS.c.rule)))
    first = {row.rule: row for row in connection.execute(query.order_by(VERSIONS.c.number))}
    wanted = first.keys() if ids is None else set(ids)
    return {id: row for id, row in first.items() if id in wanted}


@dataclass(frozen=True, slots=True)
class _Tally:
    """The evidence of a rule: the groups in which it went wrong, and right; and the observations behind
    it."""

    wrong: int = 0
    right: int = 0
    trials: int = 0


def _tallies(connection: Connection, here: Snapshot, keys: list[str] | None) -> Mapping[str, _Tally]:
    group = case((EPISODES.c.group == "", EPISODES.c.task), else_=EPISODES.c.group)
    query = (
        select(EVIDENCE.c.key, EVIDENCE.c.wrong, func.count(distinct(group)), func.count())
        .join(EPISODES, EPISODES.c.id == EVIDENCE.c.episode)
        .where(is_live(EVIDENCE.c.revision, here.intervals))
        .where(EVIDENCE.c.episode.not_in(here.gone) if here.gone else true())
        .group_by(EVIDENCE.c.key, EVIDENCE.c.wrong)
    )
    found: dict[str, _Tally] = defaultdict(_Tally)
    rows = connection.execute(query if keys is None else query.where(EVIDENCE.c.key.in_(keys)))
    for key, wrong, groups, trials in rows:
        of = found[key]
        counted = {"wrong": groups} if wrong else {"right": groups}
        found[key] = replace(of, **counted, trials=of.trials + trials)
    return found


def _holds(connection: Connection, here: Snapshot, versions: list[int] | None) -> Mapping[int, str]:
    """The reasons that keep versions from being law: of each the newest that counts."""
    query = (
        select(HOLDS.c.version, HOLDS.c.reason)
        .where(is_live(HOLDS.c.revision, here.intervals))
        .order_by(HOLDS.c.id)
    )
    rows = connection.execute(query if versions is None else query.where(HOLDS.c.version.in_(versions)))
    return {row.version: row.reason for row in rows}


def _lessons(connection: Connection, here: Snapshot, ids: list[str] | None) -> Mapping[str, tuple[int, ...]]:
    query = (
        select(VERSIONS.c.rule, LESSONS.c.episode)
        .join(VERSIONS, VERSIONS.c.number == LESSONS.c.version)
        .where(is_live(LESSONS.c.revision, here.intervals))
    )
    found: dict[str, set[int]] = defaultdict(set)
    for rule, episode in connection.execute(query if ids is None else query.where(VERSIONS.c.rule.in_(ids))):
        found[rule].add(episode)
    return {rule: tuple(sorted(episodes)) for rule, episodes in found.items()}


def _endings(connection: Connection, here: Snapshot, ids: list[str] | None) -> Mapping[str, Any]:
    query = (
        select(CHANGES.c.rule, CHANGES.c.kind, CHANGES.c.to, CHANGES.c.revision)
        .where(CHANGES.c.kind.in_(("supersede", "remove")), is_live(CHANGES.c.revision, here.intervals))
        .order_by(CHANGES.c.revision)
    )
    found = connection.execute(query if ids is None else query.where(CHANGES.c.rule.in_(ids)))
    return {row.rule: row for row in found}


def _rule(
    row: Any,
    tally: _Tally,
    taught: Iterable[int],
    ending: Any | None,
    held: str,
    here: Snapshot,
    known: dict[tuple[str, str, int, int], float],
) -> StoredRule:
    kind = cast("Kind", row.kind)
    wrong, right = tally.wrong, tally.right
    counted = row.head, kind, wrong, right
    if counted not in known:
        known[counted] = belief(row.head, kind, wrong, right, here.theta)
    weight = row.weight if kind == "hand" else known[counted]
    if held and kind != "hand":
        weight = min(weight, below(here.theta))
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
        belief=known[counted],
        status=status,
        wrong=wrong,
        right=right,
        episodes=left,
        by=ended.to if ended is not None else None,
        trials=tally.trials,
        held=held if kind != "hand" else "",
    )


def belief(head: str, kind: Kind, wrong: int, right: int, theta: float) -> float:
    """The weight that a rule's evidence alone gives it."""
    evidence = Evidence(PRIORS[kind], wrong, right)
    if head != "prefer":
        return evidence.weight(theta)
    # advice is borne out by a success, and one failure does not refute it
    return Evidence(evidence.prior, right, wrong).weight(2.0)


_RANK = {"superseded": 0, "forgotten": 0, "candidate": 1, "advice": 2, "law": 3}


class Transaction:
    """Writes within one transaction, which holds the lock of the memory."""

    def __init__(self, connection: Connection, theta: float) -> None:
        self.connection = connection
        self.theta = theta
        self._head = head_revision(connection)
        self._number = connection.execute(select(func.max(VERSIONS.c.number))).scalar() or 0

    @property
    def here(self) -> Snapshot:
        """The snapshot with what this transaction has written so far."""
        return snapshot(self.connection, self.theta)

    def change(
        self,
        kind: str,
        cause: str,
        *,
        rule: str | None = None,
        episode: int | None = None,
        to: str | None = None,
    ) -> int:
        """Enter a change into the log. Returns its revision."""
        self._head += 1
        self.connection.execute(
            insert(CHANGES).values(
                revision=self._head,
                at=datetime.now(UTC).isoformat(timespec="milliseconds"),
                kind=kind,
                rule=rule,
                episode=episode,
                to=to,
                cause=storable(cause),
            )
        )
        return self._head

    @contextmanager
    def judging(self, ids: Collection[str] | None, cause: str) -> Iterator[None]:
        """Note each promotion and demotion of these rules (None: of all) that the block brings about."""
        before = load_rules(self.connection, self.theta, ids)
        yield
        after = load_rules(self.connection, self.theta, ids)
        for id in dict.fromkeys([*before, *after]):
            old, new = before.get(id), after.get(id)
            if old is None or new is None or old.status == new.status:
                continue
            kind = "promote" if _RANK[new.status] > _RANK[old.status] else "demote"
            self.change(kind, f"{cause}: {_judged(old, new)}", rule=id, to=new.status)

    # -- rules ----------------------------------------------------------------------------------

    def add_versions(self, items: Sequence[tuple[str, Checked, Kind]], revision: int) -> list[int]:
        """New versions of rules. Returns their numbers."""
        first = self._number + 1
        self._number += len(items)
        rows = [
            {
                "number": first + i,
                "revision": revision,
                "rule": id,
                "key": checked.key,
                "text": checked.text,
                "kind": kind,
                "head": checked.clause.kind,
                "literals": len(checked.clause.body),
                "weight": checked.clause.weight,
            }
            for i, (id, checked, kind) in enumerate(items)
        ]
        if rows:
            self.connection.execute(insert(VERSIONS), rows)
        return list(range(first, first + len(rows)))

    def free_id(self, checked: Checked) -> str:
        """An id for a new rule that no other rule has, or ever had."""
        for length in (10, 20, 40, 64):
            id = f"r{checked.key[:length]}"
            keys = self.connection.execute(select(VERSIONS.c.key).where(VERSIONS.c.rule == id)).scalars()
            if all(key == checked.key for key in keys):
                return id
        raise StoreError(f"there is no id left for `{checked.text[:80]}`")

    def rule(self, id: str) -> StoredRule:
        """A rule.

        Raises:
            StoreError: there is none with this id.
        """
        found = load_rules(self.connection, self.theta, [id]).get(id)
        if found is None:
            raise unknown_rule(id)
        return found

    def equal(self, key: str) -> StoredRule | None:
        """The rule with this canonical form: the one that counts, else the newest; or the rule that had
        this form before a person changed it."""
        query = select(VERSIONS.c.rule).where(VERSIONS.c.key == key)
        ids = set(self.connection.execute(query).scalars())
        rules = load_rules(self.connection, self.theta, ids).values() if ids else ()
        fitting = [r for r in rules if r.key == key or r.kind == "hand"]
        return max(fitting, key=lambda r: (r.key == key, _RANK[r.status] > 0, r.version), default=None)

    def teach(self, version: int, episodes: Iterable[int], revision: int, known: Iterable[int] = ()) -> None:
        """Note which episodes taught a version, but those already known to."""
        new = sorted(set(episodes) - set(known))
        self.check_episodes(new)
        if new:
            rows = [{"revision": revision, "version": version, "episode": e} for e in new]
            self.connection.execute(insert(LESSONS), rows)

    def hold(self, rule: StoredRule, reason: str) -> None:
        """Keep the version of a rule from being law, with the reason; with an empty one let it go."""
        if reason != rule.held:
            revision = self.change(
                "hold" if reason else "release", reason or "nothing holds it", rule=rule.id
            )
            row = {"revision": revision, "version": rule.version, "reason": storable(reason)}
            self.connection.execute(insert(HOLDS).values(**row))

    # -- episodes and evidence ------------------------------------------------------------------

    def add_episode(self, recording: Recording) -> int:
        """Store an episode. Returns its id."""
        id = (self.connection.execute(select(func.max(EPISODES.c.id))).scalar() or 0) + 1
        end = "won" if recording.won else "not won"
        revision = self.change("episode", f"{recording.task}, {end}", episode=id)
        values: dict[str, Any] = {
            name: getattr(recording, name)
            for name in ("task", "kind", "policy", "rules", "won", "turns", "group")
        }
        self.connection.execute(insert(EPISODES).values(id=id, revision=revision, **values))
        self.connection.execute(insert(TRAJECTORIES).values(episode=id, text=recording.text))
        if recording.cited:
            rows = [
                {"episode": id, "turn": c.turn, "rule": c.rule, "action": c.action}
                | {"law": c.law, "weight": c.weight}
                for c in recording.cited
            ]
            self.connection.execute(insert(CITATIONS), rows)
        return id

    def check_episodes(self, ids: Collection[int]) -> None:
        """Check that these episodes are stored, and not forgotten.

        Raises:
            StoreError: one is not.
        """
        known = set(self.connection.execute(select(TRAJECTORIES.c.episode)).scalars()) if ids else set()
        for id in ids:
            if id not in known:
                raise StoreError(f"there is no episode {id}, or it was forgotten: see `mpr memory stats`")

    def observe(
        self, rows: Collection[RuleOutcome], rules: Mapping[str, StoredRule], schema: Schema, cause: str
    ) -> int:
        """Store what is new among some observations. Returns how many that were.

        Raises:
            StoreError: an episode is unknown, or its record does not bear one of them out.
        """
        episodes = {row.episode for row in rows}
        self.check_episodes(episodes)
        trials = Trials(schema, self._texts(episodes), {id: rule.text for id, rule in rules.items()})
        known = self._known(episodes, {rule.key for rule in rules.values()}, trials)
        new: dict[tuple[str, int, Tried | None, bool], dict[str, Any]] = {}
        for row in rows:
            rule = rules[row.rule]
            place = rule.key, row.episode, trials.tried(row), row.wrong
            if place not in known and place not in new:
                new[place] = {"version": rule.version, "key": rule.key, "episode": row.episode}
                new[place] |= {"turn": row.turn, "wrong": row.wrong}
        if new:
            wrong = sum(row["wrong"] for row in new.values())
            said = f"{wrong} wrong, {len(new) - wrong} right"
            revision = self.change("observe", f"{cause}: {said}" if cause else said)
            self.connection.execute(insert(EVIDENCE), [row | {"revision": revision} for row in new.values()])
        return len(new)

    def _texts(self, episodes: Collection[int]) -> dict[int, str]:
        """The lines of some episodes."""
        query = select(TRAJECTORIES.c.episode, TRAJECTORIES.c.text)
        few = len(episodes) <= MANY
        rows = self.connection.execute(query.where(TRAJECTORIES.c.episode.in_(episodes)) if few else query)
        return {episode: text for episode, text in rows if episode in episodes}

    def _known(
        self, episodes: Collection[int], keys: Collection[str], trials: Trials
    ) -> set[tuple[str, int, Tried | None, bool]]:
        """The trials in some episodes that count already for the rules of some keys."""
        query = select(EVIDENCE.c.key, EVIDENCE.c.episode, EVIDENCE.c.turn, EVIDENCE.c.wrong).where(
            is_live(EVIDENCE.c.revision, self.here.intervals)
        )
        few = len(episodes) <= MANY
        rows = self.connection.execute(query.where(EVIDENCE.c.episode.in_(episodes)) if few else query)
        return {
            (key, episode, trials.known(episode, turn, bool(wrong)), bool(wrong))
            for key, episode, turn, wrong in rows
            if key in keys and episode in episodes
        }

    def touched(self, episode: int) -> set[str]:
        """The rules that an episode taught, or gave evidence of."""
        keys = select(EVIDENCE.c.key).where(EVIDENCE.c.episode == episode)
        lessons = select(LESSONS.c.version).where(LESSONS.c.episode == episode)
        query = select(VERSIONS.c.rule).where(or_(VERSIONS.c.key.in_(keys), VERSIONS.c.number.in_(lessons)))
        return set(self.connection.execute(query).scalars())


def unknown_rule(id: str) -> StoreError:
    """There is no such rule."""
    return StoreError(f"the memory has no rule `{id[:80]}`: `mpr memory list` names them")


def _judged(old: StoredRule, new: StoredRule) -> str:
    seen = f"{new.wrong} wrong, {new.right} right"
    return f"{old.status} to {new.status}, {seen}, weight {old.weight:g} to {new.weight:g}"
