"""The SQL schema of a memory. All tables are append-only but ``trajectories`` and ``citations``: they lose
what is forgotten.

``changes`` is the spine: each row is one revision, and every other row names the revision that brought
it. A rollback is a change too: what it takes back is no longer counted, and is still there.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

VERSION = 2
"""The version of these tables; it grows when an older mpr_logic could not read them."""

METADATA = MetaData()


def _revision() -> Column[int]:
    return Column("revision", Integer, ForeignKey("changes.revision"), nullable=False)


def _episode(*, optional: bool = False) -> Column[int]:
    return Column("episode", Integer, ForeignKey("episodes.id"), nullable=optional)


def _version() -> Column[int]:
    return Column("version", Integer, ForeignKey("versions.number"), nullable=False)


META = Table(
    "meta",
    METADATA,
    Column("name", String(40), primary_key=True),
    Column("value", Text, nullable=False),
)

CHANGES = Table(
    "changes",
    METADATA,
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("at", String(32), nullable=False),  # UTC, ISO 8601
    Column("kind", String(20), nullable=False),
    Column("rule", Text),
    Column("episode", Integer),
    Column("to", Text),  # what it leads to: the rule that supersedes, the revision rolled back to
    Column("cause", Text, nullable=False),
    Index("changes_kind", "kind"),
    Index("changes_rule", "rule"),
)

DECLARATIONS = Table(
    "declarations",
    METADATA,
    Column("revision", Integer, ForeignKey("changes.revision"), primary_key=True),
    Column("text", Text, nullable=False),
)

EPISODES = Table(
    "episodes",
    METADATA,
    Column("id", Integer, primary_key=True),
    _revision(),
    Column("task", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("policy", Text, nullable=False),
    Column("rules", Text, nullable=False),  # the version of the rules that decided
    Column("won", Boolean, nullable=False),
    Column("turns", Integer, nullable=False),
    Column("group", Text, nullable=False, server_default=""),  # empty in a memory of version 1: the task
)

TRAJECTORIES = Table(
    "trajectories",
    METADATA,
    Column("episode", Integer, ForeignKey("episodes.id"), primary_key=True),
    Column("text", Text, nullable=False),  # its JSON lines
)

CITATIONS = Table(
    "citations",
    METADATA,
    Column("id", Integer, primary_key=True),
    _episode(),
    Column("turn", Integer, nullable=False),
    Column("rule", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("law", Boolean, nullable=False),  # a reason of the rejection; else advice
    Column("weight", Float, nullable=False),
    Index("citations_rule", "rule"),
    Index("citations_episode", "episode"),
)

VERSIONS = Table(
    "versions",
    METADATA,
    Column("number", Integer, primary_key=True),
    _revision(),
    Column("rule", Text, nullable=False),
    Column("key", String(64), nullable=False),  # the hash of the canonical form
    Column("text", Text, nullable=False),  # without weight and @id
    Column("kind", String(10), nullable=False),
    Column("head", String(10), nullable=False),  # forbid, prefer, ...
    Column("literals", Integer, nullable=False),
    Column("weight", Float, nullable=False),  # the author's own; counts where a person wrote it
    Index("versions_rule", "rule"),
    Index("versions_key", "key"),
)

LESSONS = Table(
    "lessons",
    METADATA,
    Column("id", Integer, primary_key=True),
    _revision(),
    _version(),
    _episode(),
    Index("lessons_version", "version"),
    Index("lessons_episode", "episode"),
)

EVIDENCE = Table(
    "evidence",
    METADATA,
    Column("id", Integer, primary_key=True),
    _revision(),
    _version(),
    Column("key", String(64), nullable=False),
    _episode(),
    Column("turn", Integer, nullable=False),
    Column("wrong", Boolean, nullable=False),
    Index("evidence_key", "key"),
    Index("evidence_episode", "episode"),
)

REFUSED = Table(
    "refused",
    METADATA,
    Column("id", Integer, primary_key=True),
    _revision(),
    _episode(optional=True),
    Column("text", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("kind", String(10), nullable=False),
)

CONTRADICTIONS = Table(
    "contradictions",
    METADATA,
    Column("id", Integer, primary_key=True),
    _revision(),
    Column("rule", Text, nullable=False),
    Column("other", Text, nullable=False),
    Column("cause", Text, nullable=False),
)

PROBES = Table(
    "probes",
    METADATA,
    Column("id", Integer, primary_key=True),
    _revision(),
    _version(),
    Column("action", Text, nullable=False),
    Index("probes_version", "version"),
)

HOLDS = Table(
    "holds",
    METADATA,
    Column("id", Integer, primary_key=True),
    _revision(),
    _version(),
    Column(
        "reason", Text, nullable=False
    ),  # why it is no law, whatever its evidence; empty: nothing holds it
    Index("holds_version", "version"),
)
"""The reasons that keep rules from being law; of a version the newest row counts."""

SEALS = Table(
    "seals",
    METADATA,
    Column("number", Integer, primary_key=True),
    Column("ranges", Text, nullable=False),  # of each table the first and the last key
    Column("hash", String(64), nullable=False),
)
"""Hashes of what was written, in a SQLite file (see the module ``integrity``). A file may be older than
this."""
