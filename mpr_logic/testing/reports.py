"""Reports for other programs: JUnit's XML of the results, and lcov's tracefile of the coverage."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, ElementTree, SubElement

from mpr_logic.errors import StateError

if TYPE_CHECKING:
    from pathlib import Path

    from mpr_logic.testing.coverage import RuleCoverage
    from mpr_logic.testing.job import Report
    from mpr_logic.testing.running import CaseResult


def write_junit(report: Report, path: Path) -> None:
    """Write the results as JUnit's XML: a suite for each file, a case for each test or row.

    Raises:
        StateError: the file cannot be written.
    """
    root = Element("testsuites")
    files = sorted(report.results, key=lambda each: each.case.test.span.file)
    for file, group in groupby(files, lambda each: each.case.test.span.file):
        results = list(group)
        suite = SubElement(root, "testsuite", name=_xml(file), tests=str(len(results)))
        suite.set("failures", str(sum(each.status == "failed" for each in results)))
        suite.set("errors", str(sum(each.status == "error" for each in results)))
        suite.set("time", f"{sum(each.seconds for each in results):.6f}")
        for each in results:
            _case(suite, each)
    try:
        ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
    except OSError as error:
        raise StateError(f"`{path}` cannot be written: {error.strerror}") from None


def _case(suite: Element, result: CaseResult) -> None:
    span = result.case.test.span
    case = SubElement(
        suite,
        "testcase",
        classname=_xml(span.file),
        name=_xml(result.case.name),
        file=_xml(span.file),
        line=str(span.line),
        time=f"{result.seconds:.6f}",
    )
    for each in result.failures:
        tag = "error" if result.status == "error" else "failure"
        message = f"expected {each.expected}, found {each.found}" if each.expected else each.found
        failure = SubElement(case, tag, message=_xml(message))
        failure.text = _xml("\n".join([f"{each.span.file}:{each.span.line}", message, *each.why]))


def _xml(text: str) -> str:
    """The text with what XML cannot hold written as an escape."""
    return "".join(
        c if c in "\t\n" or (c >= " " and not "\ufffe" <= c <= "\uffff") else f"\\x{ord(c):02x}" for c in text
    )


def write_lcov(report: Report, path: Path) -> None:
    """Write the coverage as lcov's tracefile: a line for each rule, a branch for each of its points: the
    first that it fires, the others that a literal alone holds it back.

    Raises:
        StateError: the file cannot be written.
    """
    lines: list[str] = []
    for file, group in groupby(report.coverage.in_order(), lambda each: each.file):
        rules = list(group)
        lines += [f"SF:{file}", *_lines(rules), *_branches(rules), "end_of_record"]
    try:
        path.write_text("\n".join(["TN:", *lines, ""]), encoding="utf-8")
    except OSError as error:
        raise StateError(f"`{path}` cannot be written: {error.strerror}") from None


def _lines(rules: list[RuleCoverage]) -> list[str]:
    hits: dict[int, int] = {}
    for each in rules:
        hits[each.line] = hits.get(each.line, 0) + each.fired
    found = [f"DA:{line},{count}" for line, count in hits.items()]
    return [*found, f"LF:{len(hits)}", f"LH:{sum(count > 0 for count in hits.values())}"]


def _branches(rules: list[RuleCoverage]) -> list[str]:
    found = []
    for block, each in enumerate(rules):
        taken = [each.fired, *(each.decisive.get(at, 0) for at in each.literals)]
        found += [f"BRDA:{each.line},{block},{branch},{count}" for branch, count in enumerate(taken)]
    shown = sum(each.points[0] for each in rules)
    return [*found, f"BRF:{len(found)}", f"BRH:{shown}"]
