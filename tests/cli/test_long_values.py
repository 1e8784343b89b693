"""Long values in explanations: cut on a terminal, and whole for programs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpr_logic.cli.output import LONGEST, shortened
from mpr_logic.language.printer import print_value
from tests.helpers.command import mpr
from tests.helpers.json_output import answer

RULES = """.action close(account: symbol)
@id(owed) @because("{A} still has {B}")
forbid close(A) :- returned(C, look_up, V), field(V, owner, A), field(V, balance, B), B > 0.
"""
RESULT = {"owner": "ann", "balance": 3, "notes": [f"note {n}" for n in range(200)], "last": "z"}


@pytest.fixture
def asked(tmp_path: Path) -> tuple[str, ...]:
    """The arguments of a check in which a long result counts."""
    (tmp_path / "rules.dl").write_text(RULES)
    (tmp_path / "state.json").write_text(json.dumps({"facts": {"returned": [[0, "look_up", RESULT]]}}))
    return str(tmp_path / "rules.dl"), "--state", str(tmp_path / "state.json"), "close(ann)"


@pytest.mark.parametrize("command", ["check", "why"])
def test_a_long_result(command: str, asked: tuple[str, ...]) -> None:
    """A proof on a terminal shows the ends of a long result; the rule, and JSON, are whole."""
    text = mpr(command, *asked).out
    assert "note 100" not in text
    assert max(len(line) for line in text.splitlines() if "rule owed at" not in line) < 3 * LONGEST
    step = re.search(r"✓ returned\(0, look_up, (.*)\): ", text)
    assert step is not None
    assert step[1].startswith(r'"{\"balance\":3,\"last\":\"z\",\"notes\":[\"note 0\",')
    assert step[1].endswith(r',\"note 199\"],\"owner\":\"ann\"}"')
    assert RULES.splitlines()[2] in text
    assert "note 100" in json.dumps(answer(mpr(command, *asked, "--json")))


@given(st.lists(st.text() | st.text('"\\\n\x1bé ', min_size=LONGEST - 60, max_size=LONGEST * 2), max_size=5))
def test_lines_can_still_be_told_apart(values: list[str]) -> None:
    """Each value keeps its quotes and its place in the line, is no longer than the bound, and a short one is
    as it was."""
    given = [f'"{text[1:-1]}"' if text[:1] == '"' else text for text in map(print_value, values)]
    line = "├─ ✓ " + ", ".join(["p(q", *given]) + ")"
    cut = shortened(line)
    found = re.findall(r'"(?:[^"\\]|\\.)*"', cut)
    whole = [each for each in given if each[0] == '"']
    assert len(found) == len(whole)
    for text, value in zip(found, whole, strict=True):
        assert len(text) <= LONGEST + 1
        assert (text == value) == (len(value) <= LONGEST)
    assert shortened(f"├─ rule r at a.dl:1:1: {line}") == f"├─ rule r at a.dl:1:1: {line}"
