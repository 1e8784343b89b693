"""What a memory tells of itself: its history, its episodes, its refusals, its numbers."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select

from mpr_logic.errors import StoreError
from mpr_logic.memory.reading import alive, around, forgotten, head_of, live, load
from mpr_logic.memory.records import Change, Citation, Contradiction, Refusal, StoredEpisode
from mpr_logic.memory.tables import (
    CHANGES,
    CITATIONS,
    CONTRADICTIONS,
    EPISODES,
    EVIDENCE,
    PROBES,
    REFUSED,
    TRAJECTORIES,
    VERSIONS,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Table

    from mpr_logic.memory.database import Database


COUNTED = {"refused": REFUSED, "contradictions": CONTRADICTIONS, "probes": PROBES}


class Reports:
    """The questions about a memory that change nothing.

    Every method may raise StoreError, where the memory cannot be read.
    """

    theta: float
    _database: Database

    def log(self, rule: str | None = None, last: int | None = None) -> list[Change]:
        """The changes in their order: all, those that concern a rule, or the last few of them."""
        with self._database.reading() as connection:
            intervals = live(connection, head_of(connection))
            query = select(CHANGES).order_by(CHANGES.c.revision.desc())
            if rule is not None:
                mine = select(VERSIONS.c.revision).where(VERSIONS.c.rule == rule)
                keys = select(VERSIONS.c.key).where(VERSIONS.c.rule == rule)
                seen = select(EVIDENCE.c.revision).where(EVIDENCE.c.key.in_(keys))
                named = or_(CHANGES.c.rule == rule, CHANGES.c.to == rule)
                query = query.where(or_(named, CHANGES.c.revision.in_(mine), CHANGES.c.revision.in_(seen)))
            rows = connection.execute(query if last is None else query.limit(last)).all()
        return [
            Change(**row._mapping, live=any(a <= row.revision <= b for a, b in intervals))
            for row in reversed(rows)
        ]

    def episodes(self) -> list[StoredEpisode]:
        """The episodes in their order, those that were forgotten too."""
        with self._database.reading() as connection:
            gone = forgotten(connection)
            rows = connection.execute(select(EPISODES).order_by(EPISODES.c.id)).all()
        return [StoredEpisode(**row._mapping, forgotten=row.id in gone) for row in rows]

    def trajectory(self, episode: int) -> list[str]:
        """The lines of an episode.

        Raises:
            StoreError: there is none, or it was forgotten.
        """
        with self._database.reading() as connection:
            query = select(TRAJECTORIES.c.text).where(TRAJECTORIES.c.episode == episode)
            text = connection.execute(query).scalar()
        if text is None:
            raise StoreError(f"there is no episode {episode}, or it was forgotten")
        return str(text).split("\n")

    def trajectories(self) -> Iterator[tuple[int, list[str]]]:
        """The lines of each episode that was not forgotten, with its id; one is read at a time."""
        for episode in self.episodes():
            if not episode.forgotten:
                yield episode.id, self.trajectory(episode.id)

    def refused(self) -> list[Refusal]:
        """The candidates that were refused, those of forgotten episodes left out."""
        return [
            Refusal(row.id, row.revision, row.text, row.reason, row.kind, row.episode)
            for row in self._live_rows(REFUSED)
        ]

    def contradictions(self) -> list[Contradiction]:
        """The pairs of rules that were found to say opposite things."""
        return [Contradiction(row.rule, row.other, row.cause) for row in self._live_rows(CONTRADICTIONS)]

    def citations(self, rule: str) -> list[Citation]:
        """The recorded decisions that name a rule."""
        with self._database.reading() as connection:
            query = select(CITATIONS).where(CITATIONS.c.rule == rule).order_by(CITATIONS.c.id)
            rows = connection.execute(query).all()
        return [Citation(r.episode, r.turn, r.rule, r.action, r.law, r.weight) for r in rows]

    def intact(self) -> bool:
        """Whether the database's own check of all that it holds finds no fault."""
        return self._database.intact()

    def stats(self) -> dict[str, Any]:
        """Counts of what the memory holds; docs/reference/json.md names them."""
        with self._database.reading() as connection:
            rules = load(connection, self.theta).values()
            here = around(connection, self.theta)
            episodes = connection.execute(select(EPISODES.c.id, EPISODES.c.won)).all()
            counts = {
                name: connection.execute(
                    select(func.count()).select_from(table).where(alive(table.c.revision, here.intervals))
                ).scalar()
                for name, table in (
                    ("refused", REFUSED),
                    ("contradictions", CONTRADICTIONS),
                    ("probes", PROBES),
                )
            }
            kinds = select(CHANGES.c.kind, func.count()).where(alive(CHANGES.c.revision, here.intervals))
            changes = {row[0]: row[1] for row in connection.execute(kinds.group_by(CHANGES.c.kind))}
            revision = head_of(connection)
        statuses, authors = Counter(r.status for r in rules), Counter(r.kind for r in rules)
        return {
            "revision": revision,
            "episodes": len(episodes),
            "won": sum(row.won for row in episodes),
            "forgotten": len(here.gone),
            "rules": {
                name: statuses[name] for name in ("candidate", "advice", "law", "superseded", "forgotten")
            },
            "authors": {name: authors[name] for name in ("hand", "model", "induced")},
            "wrong": sum(r.wrong for r in rules),
            "right": sum(r.right for r in rules),
            "contradicted": sum(r.contradicted for r in rules),
            "merged": changes.get("merge", 0),
            "promoted": changes.get("promote", 0),
            "demoted": changes.get("demote", 0),
            **counts,
        }

    def _live_rows(self, table: Table) -> list[Any]:
        with self._database.reading() as connection:
            intervals = live(connection, head_of(connection))
            query = select(table).where(alive(table.c.revision, intervals)).order_by(table.c.id)
            return list(connection.execute(query).all())
