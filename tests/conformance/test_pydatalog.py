"""The core cases of the suite on pyDatalog: all but those of the table."""

from __future__ import annotations

import pytest
from datalog_conformance.runner import YamlTestRunner

from mpr_logic.errors import InexpressibleError
from tests.conformance.adapter import Evaluator
from tests.conformance.cases import core_cases, load_case, projecting

INEXPRESSIBLE: dict[str, str] = {}
"""Files and what pyDatalog cannot express of them, a part of the error's text: none of the core cases."""

TOO_SLOW = {
    "recursion/souffle_example_hmmer": "52,153 facts, 24 rules in one recursion: not finished after 280 s",
    "recursion/souffle_example_lubm": "103,074 facts, 56 rules: 20 to 26 s",
}
"""Files that pyDatalog expresses and does not finish within 20 seconds."""

CASES = core_cases()
PARAMS = [
    pytest.param(
        file,
        name,
        id=f"{file}-{name}",
        marks=[pytest.mark.skip(reason=f"too slow: {TOO_SLOW[file]}")] if file in TOO_SLOW else [],
    )
    for file, name in CASES
]


@pytest.mark.parametrize(("file", "name"), PARAMS)
def test_pydatalog(file: str, name: str) -> None:
    """pyDatalog gives what the suite expects, or is refused for exactly the reason in the table."""
    runner = YamlTestRunner(Evaluator("pydatalog", projecting=projecting(file), seconds=60))
    if file in INEXPRESSIBLE:
        with pytest.raises(InexpressibleError, match=INEXPRESSIBLE[file]):
            runner.run_test_case(load_case(file, name))
    else:
        runner.run_test_case(load_case(file, name))


def test_the_tables_name_files_of_the_suite() -> None:
    """No line of a table outlives its file, and no file is in both."""
    files = {file for file, _ in CASES}
    assert TOO_SLOW.keys() <= files
    assert INEXPRESSIBLE.keys() <= files - TOO_SLOW.keys()


def test_92_of_114_cases_are_run() -> None:
    """How much of the suite the second engine is held to."""
    assert sum(file not in TOO_SLOW for file, _ in CASES) == 92
