"""A setting of which there is one: of two limits, or two counts, the loosest does not win."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from mpr_logic import Checker
from mpr_logic.errors import StateError
from tests.helpers.command import mpr

if TYPE_CHECKING:
    from pathlib import Path

WORLD, OPEN, CLOSED = "rules/tools/world", "rules/tools/open", "rules/tools/closed"
FINE = {
    "ledger": [["acct_1"]],
    "domain": [["@house"]],
    "has_read": [["notes"]],
    "limit": [[1000]],
    "spent": [[300]],
    "most_mails": [[2]],
    "mails": [[1]],
}


@pytest.mark.parametrize("rules", [OPEN, CLOSED])
@pytest.mark.parametrize(
    ("relation", "rows", "action"),
    [
        ("limit", [[2000], [100]], "pay(acct_1, 600)"),
        ("limit", [[100], [2000]], "pay(acct_1, 600)"),
        ("spent", [[300], [990]], "pay(acct_1, 600)"),
        ("most_mails", [[1], [9]], 'send_mail("ann@house", notes)'),
        ("mails", [[9], [0]], 'send_mail("ann@house", notes)'),
    ],
)
def test_two_limits_admit_nothing(
    rules: str, relation: str, rows: list[list[int]], action: str, tmp_path: Path
) -> None:
    """With one row the action is admitted; with two at once it is not, and the error names both."""
    state = tmp_path / "host.json"
    state.write_text(json.dumps({"facts": FINE}))
    assert mpr("check", WORLD, rules, "--state", str(state), action).status == 0
    state.write_text(json.dumps({"facts": FINE | {relation: rows}}))
    said = mpr("check", WORLD, rules, "--state", str(state), action)
    assert said.status == 2
    assert all(f"{relation}({row[0]})" in said.err for row in rows)


@pytest.mark.parametrize("rules", [OPEN, CLOSED])
def test_the_later_limit_and_count_hold(rules: str) -> None:
    """A limit that is lowered is lowered; what was paid is one number, and the next payment counts on it."""
    checker = Checker.load(WORLD, rules)
    checker.load_state({"facts": FINE})
    assert checker.check("pay(acct_1, 600)").admissible
    checker.record("pay(acct_1, 600)", succeeded=True)
    assert checker.facts()["spent"] == {(900,): 1.0}
    assert not checker.check("pay(acct_1, 101)").admissible
    assert checker.check("pay(acct_1, 100)").admissible
    checker.update(add=["limit(950)"])
    assert not checker.check("pay(acct_1, 100)").admissible
    assert checker.check("pay(acct_1, 50)").admissible
    checker.record('send_mail("ann@house", notes)', succeeded=True)
    assert not checker.check('send_mail("ann@house", notes)').admissible
    with pytest.raises(StateError, match="come at once"):
        checker.update(add=["limit(950)", "limit(5000)"])
