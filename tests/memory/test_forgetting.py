"""To forget an episode leaves no trace of it: markers in every field are in no file of the memory."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("sqlalchemy", reason="needs the extra: pip install 'mpr-logic[memory]'")

from mpr_logic.memory.records import RuleOutcome
from mpr_logic.memory.store import Memory
from tests.helpers.examples import at_most
from tests.helpers.stores import BACKENDS, SHUT, episode, location_of, memory_at

MARK = "zq7marker"
"""In all that a forgotten episode says, with a letter behind it for each place."""


def marked() -> list[dict[str, Any]]:
    """An episode with a marker in every field that holds a text."""
    reason = {
        "text": f"{MARK}A",
        "weight": 0.9,
        "rule": {"id": f"{MARK}B", "text": f"{MARK}C", "because": f"{MARK}D"},
    }
    decision = {"action": f"take({MARK}e)", "admissible": False, "reasons": [reason], "repairs": [f"{MARK}F"]}
    heading = {"mpr_trajectory": 1, "line": "episode", "task": f"call {MARK}G on 555-0100"}
    heading |= {"kind": f"{MARK}H", "policy": f"{MARK}I", "rules": f"{MARK}J", "note": f"{MARK}K"}
    turn = {
        "line": "turn",
        "number": 1,
        "decisions": [decision],
        "action": f"take({MARK}l)",
        "text": f"{MARK}M",
    }
    facts = {"added": [f"shut({MARK}n)", f'heavy("{MARK}O said")'], "removed": [f"at({MARK}p, here)"]}
    return [heading, turn | facts | {"succeeded": False}]


def bytes_of(folder: Path) -> bytes:
    """All that lies in a folder."""
    return b"".join(each.read_bytes() for each in sorted(folder.iterdir()))


def rows_of(memory: Memory) -> str:
    """All rows of all tables, as a text."""
    from mpr_logic.memory.schema import METADATA

    with memory._database.reading() as connection:
        return repr([connection.execute(t.select()).all() for t in METADATA.sorted_tables])


@pytest.fixture(params=BACKENDS)
def memory(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Memory]:
    """An empty memory that knows the declarations."""
    with memory_at(location_of(request.param, tmp_path)) as found:
        yield found


def live_through(memory: Memory) -> tuple[int, dict[str, str]]:
    """An episode that is to be forgotten, and all that may come of one; its number, and rules by name."""
    gone, kept = memory.add_episode(marked()), memory.add_episode(episode(tries=3))
    rules = {
        "only": memory.put(
            f'forbid take(B) :- shut(B), at(B, "{MARK}q").',
            source=f"{MARK}R",
            because=f"{MARK}S {{B}}",
            episodes=[gone],
        ),
        "both": memory.put(SHUT, source=f"{MARK}T", because=f"{MARK}U", episodes=[gone, kept]),
        "later": memory.put("forbid take(B) :- heavy(B).", because="{B} is heavy", episodes=[kept]),
        "found": memory.put(
            f"forbid take({MARK}l) :- heavy({MARK}l).",
            kind="induced",
            source=f"induced: {gone}",
            episodes=[gone],
        ),
    }
    memory.put(SHUT, source=f"{MARK}V", because=f"{MARK}W", episodes=[gone])
    memory.refuse(f"forbid {MARK}x.", f"{MARK}Y", episode=gone)
    memory.refuse(f"forbid take({MARK}l).", f"as take({MARK}l) in turn 1 of {gone}")
    for rule in (rules["only"], rules["both"]):
        memory.observe([RuleOutcome(rule.id, gone, 1, wrong=True)], f"{MARK}Z")
    memory.observe([RuleOutcome(rules["both"].id, kept, n, wrong=True) for n in (1, 2, 3)], "replay")
    memory.contradict(rules["only"].id, rules["later"].id, f"both fire in take({MARK}l)")
    memory.probe(rules["only"].id, f"take({MARK}l)")
    memory.probe(rules["later"].id, f"take({MARK}l)")
    memory.supersede(rules["only"].id, rules["both"].id, f"wider than take({MARK}l)")
    cites = episode("box_9", cites=rules["both"].id)
    cites[1]["decisions"][0]["reasons"][0] |= {"text": f"{MARK}0"}
    cites[1]["decisions"][0]["reasons"][0]["rule"] |= {"text": f"{MARK}1", "because": f"{MARK}2"}
    memory.add_episode(cites)
    return gone, {name: rule.id for name, rule in rules.items()}


def test_no_row_holds_a_trace(memory: Memory) -> None:
    """Markers in every field of an episode, and of what came of it, are in no row afterwards; what others
    speak for stands as it did."""
    gone, ids = live_through(memory)
    assert MARK in rows_of(memory)
    before = memory.get(ids["both"])
    memory.forget(gone, because="she asked for it")
    assert MARK not in rows_of(memory)
    assert "555-0100" not in rows_of(memory)
    after = memory.get(ids["both"])
    assert (after.wrong, after.trials, after.episodes, after.status) == (1, 3, (2,), "advice")
    assert (after.key, after.text) == (before.key, SHUT)
    assert memory.get(ids["later"]).text == '@because("{B} is heavy")\nforbid take(B) :- heavy(B).'
    assert [memory.get(ids[name]).status for name in ("only", "found")] == ["superseded", "forgotten"]
    assert memory.log()[-1].kind == "forget" or any(c.cause == "she asked for it" for c in memory.log())
    assert json.loads(memory.trajectory(3)[1])["decisions"][0]["reasons"][0]["rule"]["id"] == ids["both"]
    memory.rollback(1)
    assert MARK not in rows_of(memory)
    assert memory.intact()


def test_no_file_holds_a_trace(tmp_path: Path) -> None:
    """Nor are they in the file, its free pages or its log, while it is open and when it is closed."""
    with memory_at(tmp_path / "memory.db") as memory:
        gone, _ = live_through(memory)
        assert MARK.encode() in bytes_of(tmp_path)
        assert memory.forget(gone)
        assert MARK.encode() not in bytes_of(tmp_path)
        assert b"555-0100" not in bytes_of(tmp_path)
    assert MARK.encode() not in bytes_of(tmp_path)


def test_a_reader_in_between(tmp_path: Path) -> None:
    """While another process reads, the log may keep the bytes, and that is said; the next time they go."""
    with memory_at(tmp_path / "memory.db", wait=0.05) as memory:
        gone, _ = live_through(memory)
        other = sqlite3.connect(tmp_path / "memory.db", isolation_level=None)
        other.execute("BEGIN")
        other.execute("SELECT * FROM episodes").fetchall()
        assert not memory.forget(gone)
        assert MARK not in rows_of(memory)
        other.execute("ROLLBACK")
        other.close()
        memory.forget(memory.add_episode(episode()))
        assert MARK.encode() not in bytes_of(tmp_path)


def test_the_words_of_others_stay(memory: Memory) -> None:
    """Words that other episodes, declarations or a person use too are no trace, and stay."""
    gone, kept = memory.add_episode(episode("box_1")), memory.add_episode(episode("box_1"))
    rule = memory.put("forbid take(box_1) :- shut(box_1).", because="box_1 is shut", episodes=[kept])
    memory.refuse("forbid take(box_1).", "it covers no failure")
    memory.forget(gone)
    assert memory.get(rule.id).text == '@because("box_1 is shut")\nforbid take(box_1) :- shut(box_1).'
    assert [each.text for each in memory.refused()] == ["forbid take(box_1)."]
    assert memory.episodes()[1].task == "box_1"


WORDS = st.text("abcxyz019_", min_size=1, max_size=6).map(lambda text: f"{MARK}{text}")


@pytest.mark.heavy
@settings(max_examples=at_most(25))
@given(words=st.lists(WORDS, min_size=6, max_size=6, unique=True), quoted=st.booleans())
def test_any_words(words: list[str], quoted: bool) -> None:
    """Whatever an episode speaks of, and however its rules are put, nothing of it stays."""
    task, box, place, told, source, because = words
    name = f'"{place} there"' if quoted else place
    lines = episode(task)
    lines[1] |= {"action": f"take({box})", "text": told, "added": [f"at({box}, {name})"]}
    with memory_at("sqlite://") as memory:
        gone = memory.add_episode(lines)
        memory.add_episode(episode())
        put = partial(memory.put, source=source, because=because, episodes=[gone])
        rule = put(f"forbid take(B) :- at(B, {name}).")
        memory.observe([RuleOutcome(rule.id, gone, 1, wrong=True)], told)
        put(f"forbid take({box}) :- shut({box}).", kind="induced")
        memory.forget(gone)
        assert MARK not in rows_of(memory)
