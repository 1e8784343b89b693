"""Mutants are noticed by good tests; of the others the test to write is shown, and it is true."""

from __future__ import annotations

from pathlib import Path

from mpr_logic.language.parser import parse
from mpr_logic.testing.job import Report, run_tests
from mpr_logic.testing.mutation import mutants_of
from mpr_logic.testing.running import Setup
from tests.helpers.command import mpr
from tests.helpers.json_output import answer

RULES = """
.decl known(a: symbol) input
.decl spent(n: int) input key()
.action pay(a: symbol, n: int)
@id(stranger)
forbid pay(A, N) :- not known(A), N > 10.
@id(over)
forbid pay(_, N) :- spent(S), S + N > 100.
pay(_, N) causes spent(S + N) :- spent(S).
"""
WEAK = (
    '.test "weak" { known(ann). spent(3). expect admitted pay(ann, 20). run pay(ann, 20). expect spent(23). }'
)


def mutated(tmp_path: Path, tests: str, rules: str = RULES, *, limit: int = 300, seed: int = 1) -> Report:
    """A run of tests and mutants."""
    file = tmp_path / "rules.dl"
    file.write_text(rules + tests, encoding="utf-8")
    report = run_tests([str(file)], Setup())
    report.try_mutants(Setup(), limit=limit, seed=seed, say=lambda done, of: None)
    return report


def test_each_kind_of_change_is_tried() -> None:
    """A rule is removed, weakened by each literal, its comparisons moved, its literals negated, and given a
    condition of another rule."""
    changes = [each.change for each in mutants_of([parse(RULES)]) if each.clause.span.line == 6]
    assert changes == [
        "removed",
        "weakened: without `not known(A)`",
        "changed: `known(A)` for `not known(A)`",
        "weakened: without `N > 10`",
        "changed: `N >= 10` for `N > 10`",
    ]
    strengthened = [each.change for each in mutants_of([parse(RULES + "forbid pay(A, N) :- N < 0.")])]
    assert "strengthened: also `N < 0`" in strengthened


def test_the_test_to_write_is_true_and_notices_the_change(tmp_path: Path) -> None:
    """Each test that is shown passes on the rules; once they are written, fewer changes go unnoticed."""
    report = mutated(tmp_path, WEAK)
    before = report.mutation
    assert before is not None
    shown = [each.test for each in before.survivors if each.test]
    assert shown
    after = mutated(tmp_path, "\n".join([WEAK, *shown]))
    assert after.passed, [each.failures for each in after.results]
    assert after.mutation is not None
    assert after.mutation.killed >= before.killed + len(shown)


def test_limit_and_seed(tmp_path: Path) -> None:
    """At most so many are drawn, and the same ones by the same seed."""
    first, again, other = (mutated(tmp_path, WEAK, limit=4, seed=seed).mutation for seed in (1, 1, 2))
    assert first is not None
    assert first.tried <= 4
    assert first == again
    assert other is not None


def test_status_and_output(tmp_path: Path) -> None:
    """With --mutate the status is 1 where a change goes unnoticed; nothing is tried where a test fails."""
    file = tmp_path / "rules.dl"
    file.write_text(RULES + WEAK)
    done = mpr("test", str(file), "--mutate")
    assert done.status == 1
    assert f"✗ {file}:6: no test notices it removed" in done.out
    assert "  this test would:\n    .test " in done.out
    found = answer(mpr("test", str(file), "--mutate", "--json"))
    assert found["mutants"]["tried"] == found["mutants"]["killed"] + len(found["mutants"]["survivors"])
    file.write_text(RULES + '.test "bad" { expect rejected pay(ann, 1). }')
    assert "mutants" not in answer(mpr("test", str(file), "--mutate", "--json"))
