"""Writing into a memory: one transaction, its revisions, and what each change promotes or demotes."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, or_, select

from mpr_logic.errors import StoreError
from mpr_logic.memory.reading import MANY, Around, alive, around, head_of, load
from mpr_logic.memory.recordings import storable
from mpr_logic.memory.records import StoredRule
from mpr_logic.memory.tables import (
    CHANGES,
    CITATIONS,
    EPISODES,
    EVIDENCE,
    LESSONS,
    TRAJECTORIES,
    VERSIONS,
)
from mpr_logic.memory.trials import Trials

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection

    from mpr_logic.analysis.program import Schema
    from mpr_logic.memory.declarations import Checked
    from mpr_logic.memory.evidence import Kind
    from mpr_logic.memory.recordings import Recording
    from mpr_logic.memory.records import Observation
    from mpr_logic.memory.trials import Tried

_RANK = {"superseded": 0, "forgotten": 0, "candidate": 1, "advice": 2, "law": 3}


class Writer:
    """Writes within one transaction, which holds the lock of the memory."""

    def __init__(self, connection: Connection, theta: float) -> None:
        self.connection = connection
        self.theta = theta
        self._head = head_of(connection)
        self._number = connection.execute(select(func.max(VERSIONS.c.number))).scalar() or 0

    @property
    def here(self) -> Around:
        """What counts now."""
        return around(self.connection, self.theta)

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
        before = load(self.connection, self.theta, ids)
        yield
        after = load(self.connection, self.theta, ids)
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
        found = load(self.connection, self.theta, [id]).get(id)
        if found is None:
            raise unknown_rule(id)
        return found

    def equal(self, key: str) -> StoredRule | None:
        """The rule with this canonical form: the one that counts, else the newest; or the rule that had
        this form before a person changed it."""
        query = select(VERSIONS.c.rule).where(VERSIONS.c.key == key)
        ids = set(self.connection.execute(query).scalars())
        rules = load(self.connection, self.theta, ids).values() if ids else ()
        fitting = [r for r in rules if r.key == key or r.kind == "hand"]
        return max(fitting, key=lambda r: (r.key == key, _RANK[r.status] > 0, r.version), default=None)

    def teach(self, version: int, episodes: Iterable[int], revision: int, known: Iterable[int] = ()) -> None:
        """Note which episodes taught a version, but those already known to."""
        new = sorted(set(episodes) - set(known))
        self.check_episodes(new)
        if new:
            rows = [{"revision": revision, "version": version, "episode": e} for e in new]
            self.connection.execute(insert(LESSONS), rows)

    # -- episodes and evidence ------------------------------------------------------------------

    def add_episode(self, recording: Recording) -> int:
        """Store an episode. Returns its id."""
        id = (self.connection.execute(select(func.max(EPISODES.c.id))).scalar() or 0) + 1
        end = "won" if recording.won else "not won"
        revision = self.change("episode", f"{recording.task}, {end}", episode=id)
        values: dict[str, Any] = {
            name: getattr(recording, name) for name in ("task", "kind", "policy", "rules", "won", "turns")
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
        self, rows: Collection[Observation], rules: Mapping[str, StoredRule], schema: Schema, cause: str
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
            alive(EVIDENCE.c.revision, self.here.intervals)
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
