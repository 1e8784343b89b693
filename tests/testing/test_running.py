"""Tests of rules are run as a guard decides: what is given, what is made, what is expected."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings

from mpr_logic.errors import MprError
from mpr_logic.guard.guard import Guard
from mpr_logic.testing.job import Report, run_tests
from mpr_logic.testing.running import Setup
from tests.helpers.strategies import broken_texts

RULES = """
.decl known(a: symbol) input
.decl spent(n: int) input key()
.decl sick(a: symbol) open_world
.action pay(a: symbol, n: int)
.action call(a: symbol)
.action ask(a: symbol)
.action greet(a: symbol)
.param most: int = 100
call(A) tells sick(A).
@id(stranger)
forbid pay(A, _) :- not known(A).
@id(much) @escalate
forbid pay(_, N) :- N > $most.
@id(even)
0.5 :: forbid pay(_, N) :- 0 = N mod 2.
@id(less) @rewrite(n, 7)
forbid pay(_, N) :- N = 77.
@id(sick)
forbid greet(A) :- sick(A).
@id(late)
forbid ask(_) :- now_at(T), hour(T, "UTC") >= 22.
@id(rude)
forbid ask(A) :- said(_, user, T), contains(T, "no").
@id(again)
forbid call(A) :- past call(A).
pay(_, N) causes spent(S + N) :- spent(S).
"""


def run(tmp_path: Path, tests: str, rules: str = RULES, **setup: object) -> Report:
    """Run tests that stand in one file with rules."""
    file = tmp_path / "rules.dl"
    file.write_text(rules + tests, encoding="utf-8")
    return run_tests([str(file)], Setup(**setup))  # type: ignore[arg-type]


def statuses(report: Report) -> list[str]:
    """The status of each case, in order."""
    return [each.status for each in report.results]


@pytest.mark.parametrize(
    "sentence",
    [
        "known(ann). expect admitted pay(ann, 3).",
        "known(ann). expect advised pay(ann, 4) by even.",
        "known(ann). expect escalated pay(ann, 101) by much.",
        "known(ann). expect rewritten pay(ann, 77) to pay(ann, 7).",
        "expect rejected pay(ann, 3) by stranger.",
        "expect rejected pay(ann, 3).",
        "expect rejected pay(ann, 101) by stranger, much.",
        "expect uninformed greet(bob).",
        "expect uninformed greet(bob) asks call(bob).",
        "sick(bob). expect rejected greet(bob) by sick.",
        "not sick(bob). expect admitted greet(bob).",
        'expect unfit pay(ann, "much").',
        "known(ann). expect known(ann). expect not known(bob). expect known(_).",
        'now "2026-01-01T10:00:00Z". expect admitted ask(ann).',
        'now "2026-01-01T23:00:00Z". expect rejected ask(ann) by late.',
        'now "2026-01-01T10:00:00Z". user "no". expect rejected ask(ann) by rude.',
        'now "2026-01-01T10:00:00Z". user "yes". expect admitted ask(ann).',
        'now "2026-01-01T10:00:00Z". said(0, user, "oh no"). expect rejected ask(ann) by rude.',
        "past call(ann). expect rejected call(ann) by again. expect admitted call(bob).",
        "run call(ann). expect rejected call(ann) by again.",
        "known(ann). spent(1). run pay(ann, 3). expect spent(4).",
        "known(ann). spent(1). run pay(ann, 3) fails. expect spent(1).",
        "known(ann). spent(1). run pay(ann, 3) pending. expect spent(1).",
        "known(ann). spent(1). run pay(ann, 101) approved. expect spent(102).",
        "param most = 5. known(ann). expect escalated pay(ann, 7) by much.",
        "expect rejected pay(ann, N) by stranger :- N in {1, 3, 5}.",
        "known(ann). expect admitted pay(A, N) :- (A, N) in {(ann, 1), (ann, 3)}.",
        'expect rejected pay(ann, 3) by "stranger".',
    ],
)
def test_what_is_so_passes(tmp_path: Path, sentence: str) -> None:
    """Each expectation passes where the guard decides so."""
    report = run(tmp_path, f'.test "t" {{ {sentence} }}')
    assert statuses(report) == ["passed"], report.results[0].failures


@pytest.mark.parametrize(
    ("sentence", "found"),
    [
        ("expect admitted pay(ann, 3).", "rejected by stranger"),
        ("known(ann). expect rejected pay(ann, 3).", "admitted"),
        ("known(ann). expect rejected pay(ann, 4).", "advised by even"),
        ("known(ann). expect admitted pay(ann, 4).", "advised by even"),
        ("known(ann). expect preferred pay(ann, 4).", "no rule prefers it"),
        ("expect rejected pay(ann, 3) by much.", "rejected by stranger"),
        ("expect rejected pay(ann, 101) by stranger.", "rejected by"),
        ("known(ann). expect advised pay(ann, 3).", "admitted"),
        ("known(ann). expect rejected pay(ann, 101) by much.", "escalated by much"),
        ("known(ann). expect rewritten pay(ann, 77) to pay(ann, 8).", "rewritten to"),
        ("expect uninformed greet(bob) asks call(ann).", "it asks call(bob)"),
        ("expect known(ann).", "it does not hold"),
        ("known(ann). expect not known(_).", "it holds"),
        ("run pay(ann, 3).", "rejected by stranger"),
        ("known(ann). run pay(ann, 101).", "escalated by much"),
        ("known(ann). expect admitted pay(A, 3) :- A in {ann, bob}.", "rejected by stranger"),
    ],
)
def test_what_is_not_so_fails(tmp_path: Path, sentence: str, found: str) -> None:
    """Each expectation fails where the guard decides otherwise, and says what was found, and where."""
    report = run(tmp_path, f'\n.test "t" {{\n {sentence} }}')
    assert statuses(report) == ["failed"]
    (failure,) = report.results[0].failures
    assert found in failure.found
    assert failure.span.line == len(RULES.split("\n")) + 2


@pytest.mark.parametrize(
    ("sentence", "message"),
    [
        ("expect admitted ask(ann).", "`ask` cannot be decided without `now`: say the time of the check"),
        ("holding(ann). expect admitted call(ann).", "relation `holding` is not declared"),
        ("expect admitted fly(ann).", "action `fly` is not declared"),
        ("expect pay(ann, 3).", "`pay` is an action: say what is expected of it"),
        ("param least = 3. expect admitted call(ann).", "least"),
        ('now "today". expect admitted ask(ann).', "`today` is no time with a zone"),
        ('state "nowhere.json".', "nowhere.json"),
        ('recording "nowhere.json" at 1.', "nowhere.json"),
    ],
)
def test_what_cannot_be_run_is_an_error(tmp_path: Path, sentence: str, message: str) -> None:
    """A test that does not fit the rules, or lacks what they read, is no failure: it could not be run."""
    report = run(tmp_path, f'.test "t" {{ {sentence} }}')
    assert statuses(report) == ["error"]
    assert message in report.results[0].failures[0].found


def test_the_rule_that_was_to_speak_is_explained(tmp_path: Path) -> None:
    """Where a rule was expected to reject and did not, the failure shows which of its literals fails."""
    report = run(tmp_path, '.test "t" { known(ann). expect rejected pay(ann, 3) by stranger, much. }')
    why = "\n".join(report.results[0].failures[0].why)
    assert "rule stranger at " in why
    assert "not known(ann) fails" in why
    held = run(tmp_path, '.test "t" { known(ann). expect not known(ann). }')
    assert held.results[0].failures[0].why[0].startswith("known(ann)")
    unknown = run(tmp_path, '.test "t" { expect rejected pay(ann, 3) by strangr. }')
    assert "no rule about pay has the id `strangr`" in unknown.results[0].failures[0].why


def test_tests_know_nothing_of_each_other(tmp_path: Path) -> None:
    """Facts, history, the time and parameters of one test are gone in the next, also of shared relations."""
    shared = RULES.replace("input key()", "key() shared")
    tests = """
    .test "first" {
        param most = 5. now "2026-01-01T23:00:00Z". known(ann). spent(3). run pay(ann, 3). expect spent(6).
    }
    .test "second" { expect not known(_). expect not spent(_). known(ann). expect admitted pay(ann, 7). }
    .test "third" { expect admitted ask(ann). }
    """
    for rules in (RULES, shared):
        assert statuses(run(tmp_path, tests, rules)) == ["passed", "passed", "error"]


def test_tables_make_a_case_of_each_row(tmp_path: Path) -> None:
    """A table before the braces makes a case of each row, named by it; ranges multiply."""
    tests = '.test "t" :- A in {ann, bob}, N in {1, 3} { known(ann). expect admitted pay(A, N). }'
    report = run(tmp_path, tests)
    assert [(each.case.name, each.status) for each in report.results] == [
        ("t [A = ann, N = 1]", "passed"),
        ("t [A = ann, N = 3]", "passed"),
        ("t [A = bob, N = 1]", "failed"),
        ("t [A = bob, N = 3]", "failed"),
    ]


def test_a_recording_is_played_up_to_a_call(tmp_path: Path) -> None:
    """The calls before it count as made, and `it` is the call that comes next."""
    calls = [
        {"id": str(i), "name": "call", "arguments": {"a": who}} for i, who in enumerate(["ann", "bob", "ann"])
    ]
    messages: list[dict[str, object]] = []
    for each in calls:
        function = {"name": each["name"], "arguments": json.dumps(each["arguments"])}
        messages.append(
            {
                "role": "assistant",
                "tool_calls": [{"id": each["id"], "type": "function", "function": function}],
            }
        )
        messages.append({"role": "tool", "tool_call_id": each["id"], "content": "ok"})
    (tmp_path / "calls.json").write_text(json.dumps({"messages": messages}))
    tests = """
    .test "second" { recording "calls.json" at 2. expect admitted it. expect rejected call(ann) by again. }
    .test "third" { recording "calls.json" at 3. expect rejected it by again. }
    .test "all" { recording "calls.json". expect rejected call(bob) by again. }
    .test "none" { recording "calls.json" at 4. }
    """
    assert statuses(run(tmp_path, tests)) == ["passed", "passed", "passed", "error"]


def test_a_state_is_read_beside_the_test(tmp_path: Path) -> None:
    """A state file is looked for in the folder of the test."""
    (tmp_path / "facts.json").write_text('{"facts": {"known": [["ann"]]}}')
    report = run(tmp_path, '.test "t" { state "facts.json". expect admitted pay(ann, 3). }')
    assert statuses(report) == ["passed"]


def test_snapshots_of_proofs(tmp_path: Path) -> None:
    """A snapshot is written on demand, without lines and folders; another proof fails with the difference."""
    tests = '.test "t" { expect proof pay(ann, 3) as "kept/proof.txt". }'
    assert statuses(run(tmp_path, tests)) == ["failed"]
    assert statuses(run(tmp_path, tests, accept=True)) == ["passed"]
    kept = (tmp_path / "kept" / "proof.txt").read_text(encoding="utf-8")
    assert "rule stranger at rules.dl: forbid pay(A, _) :- not known(A)." in kept
    assert statuses(run(tmp_path, tests, "\n\n" + RULES)) == ["passed"]
    other = run(
        tmp_path,
        tests,
        RULES.replace("not known(A).", "not known(A), N > 2.").replace("(A, _) :- not", "(A, N) :- not"),
    )
    assert statuses(other) == ["failed"]
    assert any(line.startswith("+") and "N > 2" in line for line in other.results[0].failures[0].why)


def test_a_guard_passes_over_tests(tmp_path: Path) -> None:
    """Rules with tests among them are the same program, with the same version and decisions, as without."""
    tests = '.test "t" { known(ann). expect admitted pay(ann, 3). }'
    with_tests, without = Guard(text=RULES + tests), Guard(text=RULES)
    assert with_tests.rules.program.version == without.rules.program.version
    assert with_tests.check("pay", {"a": "ann", "n": 3}).outcome == "reject"


def test_which_rules_a_test_is_about(tmp_path: Path) -> None:
    """Tests alone are about their folder, or the one above `tests`; with `.use` about what they use."""
    test = '.test "t" { expect rejected pay(ann, 3) by stranger. }'
    for place in ("a/rules_test.dl", "a/tests/pay.dl"):
        file = tmp_path / place
        file.parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "a" / "rules.dl").write_text(RULES)
        file.write_text(test)
        assert statuses(run_tests([str(file)], Setup())) == ["passed"]
    using = tmp_path / "using.dl"
    using.write_text(f'.use "a/rules.dl"\n{test}')
    assert statuses(run_tests([str(using)], Setup())) == ["passed"]
    again = tmp_path / "again.dl"
    again.write_text(using.read_text())
    both = run_tests([str(using), str(again)], Setup())
    assert statuses(both) == ["passed", "passed"]
    assert len(both.suites) == 1  # files that use the same are one suite
    alone = tmp_path / "b" / "alone.dl"
    alone.parent.mkdir()
    alone.write_text(test)
    assert statuses(run_tests([str(alone)], Setup())) == ["error"]
    assert statuses(run_tests([str(alone)], Setup(), [str(tmp_path / "a" / "rules.dl")])) == ["passed"]


@pytest.mark.heavy
@settings(max_examples=25)
@given(broken_texts())
def test_any_text_is_a_result_or_an_error_of_ours(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    """Whatever stands in a file of tests, running it gives a report or raises an error of ours."""
    file = tmp_path_factory.mktemp("any") / "any_test.dl"
    file.write_text(text + '\n.test "last" {}', encoding="utf-8", errors="replace")
    try:
        report = run_tests([str(file)], Setup(strict=False))
    except MprError:
        return
    assert {each.status for each in report.results} <= {"passed", "failed", "error"}
