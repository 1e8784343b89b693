"""All core cases of the suite on the native engine."""

from __future__ import annotations

import pytest
from datalog_conformance.runner import YamlTestRunner

from tests.conformance.adapter import Evaluator
from tests.conformance.cases import core_cases, load_case, projecting

CASES = core_cases()


@pytest.fixture(scope="session")
def evaluators() -> dict[str, Evaluator]:
    """One evaluator per file: its cases share their program."""
    return {}


def test_the_suite_has_its_114_core_cases() -> None:
    """The installed suite is the one that we claim to pass."""
    assert len(set(CASES)) == 114


@pytest.mark.parametrize(
    ("file", "name"),
    [
        pytest.param(
            file,
            name,
            id=f"{file}-{name}",
            marks=[
                pytest.mark.xdist_group(f"native {file}"),
                *([pytest.mark.slow] if "hmmer" in file else []),
            ],
        )
        for file, name in CASES
    ],
)
def test_native(file: str, name: str, evaluators: dict[str, Evaluator]) -> None:
    """The native engine gives exactly the rows, or the error, that the suite expects."""
    if file not in evaluators:
        evaluators.clear()  # the last file's model may hold 100,000 rows
        evaluators[file] = Evaluator("native", projecting=projecting(file))
    YamlTestRunner(evaluators[file]).run_test_case(load_case(file, name))
