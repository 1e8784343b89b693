"""Helpers for the tests of a memory: declarations, episodes, and memories on SQLite and PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("sqlalchemy", reason="needs the extra: pip install 'mpr-logic[memory]'")

from mpr_logic.language.parser import parse
from mpr_logic.memory.records import RuleOutcome
from mpr_logic.memory.store import Memory

POSTGRES = os.environ.get("MPR_POSTGRES_URL")
"""The SQLAlchemy URL of a PostgreSQL database on which the same tests run too; None to skip them. They make
schemas of their own in it, one for each worker, named ``mpr_tests_...``."""

BACKENDS = ["sqlite", "postgresql"]

DECLARATIONS = """\
.decl shut(b: symbol)
.decl heavy(b: symbol)
.decl at(b: symbol, p: symbol)
.action take(b: symbol)
.action open(b: symbol)
"""
SHUT = "forbid take(B) :- shut(B)."


def location_of(backend: str, folder: Path) -> str:
    """An empty place for a memory."""
    if backend == "sqlite":
        return str(folder / "memory.db")
    if POSTGRES is None:
        pytest.skip("set MPR_POSTGRES_URL to run this on PostgreSQL")
    pytest.importorskip("psycopg", reason="needs the extra: pip install 'mpr-logic[postgres]'")
    from sqlalchemy import create_engine, make_url
    from sqlalchemy.schema import CreateSchema, DropSchema

    schema = f"mpr_tests_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    engine = create_engine(POSTGRES)
    with engine.begin() as connection:
        connection.execute(DropSchema(schema, cascade=True, if_exists=True))
        connection.execute(CreateSchema(schema))
    engine.dispose()
    url = make_url(POSTGRES).update_query_dict({"options": f"-c search_path={schema}"})
    return url.render_as_string(hide_password=False)


@contextmanager
def memory_at(location: str | Path, **options: Any) -> Iterator[Memory]:
    """A memory that knows the declarations."""
    with Memory.open(location, **options) as memory:
        memory.declare(parse(DECLARATIONS))
        yield memory


def episode(
    task: str = "box_1",
    *,
    won: bool = False,
    cites: str | None = None,
    tries: int = 1,
    action: str = "take",
    went: bool | None = False,
) -> list[dict[str, Any]]:
    """The lines of an episode: in turn N an action is tried at ``box_N``. The first goes as the episode
    goes, the others as they ``went``."""
    reason = {"text": "no", "weight": 0.95, "rule": {"id": cites, "where": "m.dl:1:1", "text": SHUT}}
    decision = {"action": f"{action}(box_1)", "reasons": [reason] if cites else [], "advice": []}
    heading = {"mpr_trajectory": 1, "line": "episode", "task": task, "kind": "boxes", "policy": "scripted"}
    turn = {"line": "turn", "number": 1, "decisions": [decision], "action": f"{action}(box_1)"}
    more: list[dict[str, Any]] = [
        {"line": "turn", "number": n, "decisions": [], "action": f"{action}(box_{n})", "succeeded": went}
        for n in range(2, tries + 1)
    ]
    first = turn | {"succeeded": won, "won": won, "over": tries == 1}
    return [heading | {"rules": "v1", "shadow": False}, first, *more]


def lived(memory: Memory, n: int, task: str = "room", **how: Any) -> list[int]:
    """Episodes of n tasks, each a group of its own, as :func:`episode` makes them; their numbers."""
    lines = [line for i in range(1, n + 1) for line in episode(f"{task}_{i}", **how)]
    return memory.add_episodes(lines, many=True)


def outcomes(rule: str, episodes: Sequence[int], *, wrong: bool = True) -> list[RuleOutcome]:
    """An observation of the first turn of each episode."""
    return [RuleOutcome(rule, each, 1, wrong=wrong) for each in episodes]


def failures(rule: str, episode: int, n: int, first: int = 0) -> list[RuleOutcome]:
    """Return n observations of turns in which the rule was right: the action failed."""
    return [RuleOutcome(rule, episode, first + i, wrong=True) for i in range(1, n + 1)]
