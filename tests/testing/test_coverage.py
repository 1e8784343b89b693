"""Coverage tells which rules fired, and which literals alone held one back."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from mpr_logic.testing.job import run_tests
from mpr_logic.testing.reports import write_junit, write_lcov
from mpr_logic.testing.running import Setup

RULES = """
.decl owner(a: symbol, f: symbol) input
.decl open_file(f: symbol) input
.decl secret(f: symbol)
.decl far(+f: symbol)
.action read(a: symbol, f: symbol)
@id(secret)
secret(F) :- open_file(F), starts_with(F, "s").
@id(far)
far(F) :- matches(F, "^/"), not secret(F).
@id(others)
forbid read(A, F) :- not owner(A, F), not open_file(F).
@id(secrets)
forbid read(A, F) :- secret(F), 0 = count : { owner(A, _) }.
@id(away)
forbid read(_, F) :- far(F).
@id(either)
forbid read(A, F) :- (A = eve ; F = file_x), owner(A, F).
"""


def missing(tmp_path: Path, tests: str, rules: str = RULES) -> dict[str, list[str]]:
    """The points that tests do not show, by the ids of the rules."""
    file = tmp_path / "rules.dl"
    file.write_text(f'{rules}.test "t" {{ {tests} }}', encoding="utf-8")
    report = run_tests([str(file)], Setup())
    assert [each.status for each in report.results] == ["passed"], report.results[0].failures
    found: dict[str, list[str]] = {}
    for each in report.coverage.in_order():
        found.setdefault(each.id, []).extend(each.missing)
    return found


def test_nothing_is_shown_by_nothing(tmp_path: Path) -> None:
    """A test that asks nothing shows nothing."""
    assert missing(tmp_path, "")["others"] == ["it fires", "it is held back"]


def test_a_literal_is_shown_where_it_alone_is_false(tmp_path: Path) -> None:
    """Two literals that are false at once show neither; one that is false alone is shown."""
    both = missing(tmp_path, "owner(ann, f). open_file(f). expect admitted read(ann, f).")
    assert both["others"] == ["it fires", "it is held back"]
    one = missing(tmp_path, "owner(ann, f). expect admitted read(ann, f).")
    assert one["others"] == ["it fires", "`not open_file(F)` alone holds it back"]
    fires = missing(tmp_path, "expect rejected read(ann, f) by others. owner(bob, f). expect not secret(f).")
    assert fires["others"] == ["it is held back"]


def test_derived_relations_and_aggregates_are_followed(tmp_path: Path) -> None:
    """Rules of relations that a decision asks are looked at too, also of those that are asked with values."""
    found = missing(
        tmp_path,
        """
        open_file(song).
        expect rejected read(ann, song) by secrets.
        owner(ann, f).
        expect admitted read(ann, song).
        expect rejected read(ann, "/f") by others, away.
        """,
    )
    assert found["secrets"] == ["`secret(F)` alone holds it back"]
    assert found["secret"] == ["it is held back"]
    assert "it fires" not in found["away"] + found["far"]


def test_alternatives_are_rules_of_their_own(tmp_path: Path) -> None:
    """Each branch of an alternative is to be shown."""
    found = missing(tmp_path, "owner(eve, f). expect rejected read(eve, f) by either.")
    assert found["either"].count("it fires") == 1


@pytest.mark.parametrize(
    ("literal", "state"),
    [("p(X, Y)", "q(b)."), ("q(Y)", "p(a, b)."), ("Y != cat", "p(a, cat). q(cat).")],
)
def test_a_literal_that_binds_takes_its_dependents_along(tmp_path: Path, literal: str, state: str) -> None:
    """Without the literal that gives a variable its value, the others that need it do not count."""
    rules = """
    .decl p(x: symbol, y: symbol) input
    .decl q(y: symbol) input
    .action go(x: symbol)
    @id(r)
    forbid go(X) :- p(X, Y), q(Y), Y != cat.
    """
    found = missing(tmp_path, f"{state} expect admitted go(a).", rules)
    assert f"`{literal}` alone holds it back" not in found["r"]
    assert len(found["r"]) == 3


def test_reports_for_other_programs(tmp_path: Path) -> None:
    """JUnit's XML has a case for each row, with failures and errors; lcov's file a line for each rule."""
    file = tmp_path / "rules.dl"
    tests = """
    .test "good" :- F in {a, b} { owner(ann, F). expect admitted read(ann, F). }
    .test "bad" { expect admitted read(ann, f). }
    .test "broken" { nothing(a). }
    """
    file.write_text(RULES + tests)
    report = run_tests([str(file)], Setup())
    write_junit(report, tmp_path / "junit.xml")
    (suite,) = ET.parse(tmp_path / "junit.xml").getroot()
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("4", "1", "1")
    assert [each.get("name") for each in suite] == ["good [F = a]", "good [F = b]", "bad", "broken"]
    assert [[inner.tag for inner in each] for each in suite] == [[], [], ["failure"], ["error"]]
    write_lcov(report, tmp_path / "rules.info")
    lines = (tmp_path / "rules.info").read_text().split("\n")
    assert f"SF:{file}" in lines
    assert f"DA:{RULES.split(chr(10)).index('@id(others)') + 2},1" in lines
    shown, of = report.coverage.points
    assert {f"BRF:{of}", f"BRH:{shown}", "end_of_record"} <= set(lines)
