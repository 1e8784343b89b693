"""The words of ``mpr test``: its report as text, and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mpr_logic.cli.output import NO, YES, Answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mpr_logic.testing.job import Report
    from mpr_logic.testing.proposing import Proposed
    from mpr_logic.testing.running import CaseResult, Failure

SHOWN = 10
"""The most rules that are listed as not shown."""


def text_of(report: Report, fail_under: float, *, everything: bool) -> str:
    """The report for people: what failed, then what the tests show of the rules."""
    lines: list[str] = []
    for each in report.results:
        if each.status != "passed":
            lines += [*_result(each), ""]
    lines.append(_counts(report))
    lines += _coverage(report, everything=everything)
    lines += _mutation(report)
    if report.coverage.percent < fail_under:
        lines.append(f"✗ the coverage is below {fail_under:g}%")
    return "\n".join(lines)


def _counts(report: Report) -> str:
    seconds = sum(each.seconds for each in report.results)
    expectations = sum(each.expectations for each in report.results)
    failed, errors = report.count("failed"), report.count("error")
    parts = [f"{report.count('passed')} passed"]
    parts += [f"{failed} failed"] if failed else []
    parts += [f"{errors} could not be run"] if errors else []
    mark = "✗" if failed or errors else "✓"
    many = "expectation" if expectations == 1 else "expectations"
    return f"{mark} {', '.join(parts)}: {expectations} {many} in {seconds:.2f} s"


def _result(result: CaseResult) -> list[str]:
    said = "failed" if result.status == "failed" else "could not be run"
    lines = [f"✗ {result.case.name}: {said}"]
    for each in result.failures:
        lines += [f"  {line}" for line in _failure(each)]
    return lines


def _failure(failure: Failure) -> list[str]:
    place = f"{failure.span.file}:{failure.span.line}"
    if not failure.expected:  # an error may name the place itself
        return [failure.found if failure.found.startswith(failure.span.file) else f"{place}: {failure.found}"]
    return [
        f"{place}",
        f"  expected {failure.expected}",
        f"  found    {failure.found}",
        *(f"    {line}" for line in failure.why),
    ]


def _coverage(report: Report, *, everything: bool) -> list[str]:
    coverage = report.coverage
    literals, of = coverage.literals
    lines = [
        f"coverage {int(coverage.percent)}%: {coverage.fired} of {len(coverage.rules)} rules fire, "
        f"{literals} of {of} literals alone hold one back"
    ]
    missing = [each for each in coverage.in_order() if each.missing]
    lines += [
        f"  {rule.file}:{rule.line}: {rule.id}: not shown: {'; '.join(rule.missing)}"
        for rule in (missing if everything else missing[:SHOWN])
    ]
    if len(missing) > SHOWN and not everything:
        lines.append(f"  and {len(missing) - SHOWN} rules more: list them by --uncovered")
    if report.untested:
        named = ", ".join(report.untested[:3]) + (", ..." if len(report.untested) > 3 else "")
        lines.append(f"no test loads {len(report.untested)} rule files: {named}")
    return lines


def _mutation(report: Report) -> list[str]:
    mutation = report.mutation
    if mutation is None:
        return []
    lines = [
        f"mutants {int(mutation.percent)}%: a test notices {mutation.killed} of {mutation.tried} changes"
    ]
    for each in mutation.survivors:
        span = each.mutant.span
        lines += ["", f"✗ {span.file}:{span.line}: no test notices it {each.mutant.change}"]
        if each.test:
            lines += ["  this test would:", *(f"    {line}" for line in each.test.split("\n"))]
    return lines


def proposal(proposed: Sequence[Proposed]) -> Answer:
    """The answer with tests to paste, each under the decision that it expects."""
    if not proposed:
        return Answer(NO, "no test is proposed: the rules know none of the recorded calls", {"proposed": []})
    text = "\n\n".join(f"% {each.decision}\n{each.text}" for each in proposed)
    tests = [{"call": each.call, "decision": each.decision, "test": each.text} for each in proposed]
    return Answer(YES, text, {"proposed": tests})


def content_of(report: Report) -> dict[str, Any]:
    """The report for programs."""
    coverage = report.coverage
    content: dict[str, Any] = {
        "passed": report.count("passed"),
        "failed": report.count("failed"),
        "errors": report.count("error"),
        "tests": [_result_json(each) for each in report.results],
        "coverage": {
            "percent": round(coverage.percent, 2),
            "rules": [
                {
                    "id": each.id,
                    "file": each.file,
                    "line": each.line,
                    "fired": each.fired,
                    "literals": [
                        {"text": text, "decisive": each.decisive.get(at, 0)}
                        for at, text in each.literals.items()
                    ],
                    "missing": each.missing,
                }
                for each in coverage.in_order()
            ],
            "untested": report.untested,
        },
    }
    mutation = report.mutation
    if mutation is not None:
        content["mutants"] = {
            "tried": mutation.tried,
            "killed": mutation.killed,
            "survivors": [
                {
                    "file": each.mutant.span.file,
                    "line": each.mutant.span.line,
                    "change": each.mutant.change,
                    "test": each.test,
                }
                for each in mutation.survivors
            ],
        }
    return content


def _result_json(result: CaseResult) -> dict[str, Any]:
    span = result.case.test.span
    return {
        "name": result.case.name,
        "file": span.file,
        "line": span.line,
        "status": result.status,
        "expectations": result.expectations,
        "seconds": round(result.seconds, 6),
        "failures": [
            {
                "file": each.span.file,
                "line": each.span.line,
                "column": each.span.column,
                "expected": each.expected,
                "found": each.found,
                "why": list(each.why),
            }
            for each in result.failures
        ],
    }
