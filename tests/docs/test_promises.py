"""The table of promises names tests that are there."""

from __future__ import annotations

import ast
import re

import pytest

from tests.helpers.pages import DOCS, TOP

PAGE = DOCS / "reference" / "guard-promises.md"


def rows() -> list[tuple[str, list[str]]]:
    """The promises of the page, each with the tests that it names."""
    found = re.findall(r"^\| (.+) \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return [(promise, re.findall(r"`([^`]+)`", tests)) for promise, tests in found if promise != "promise"]


def missing(test: str) -> str | None:
    """Return why a test, as `path::name`, is not there; None if it is."""
    path, _, name = test.partition("::")
    file = TOP / path
    if not file.is_file():
        return f"{path} is not there"
    tree = ast.parse(file.read_text(encoding="utf-8"))
    functions = {each.name for each in tree.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)}
    return None if name in functions else f"{path} has no function `{name}`"


def test_there_are_promises() -> None:
    """The table is there, and each of its rows names a test."""
    assert len(rows()) > 80
    assert [promise for promise, tests in rows() if not tests] == []


@pytest.mark.parametrize("test", sorted({test for _, tests in rows() for test in tests}))
def test_every_promise_has_its_test(test: str) -> None:
    """A test that a promise names is a function of the file that it names."""
    assert missing(test) is None, missing(test)


@pytest.mark.parametrize(
    "test", ["tests/none.py::test_x", "tests/docs/test_promises.py::test_x", "tests/docs"]
)
def test_what_is_not_there_is_told(test: str) -> None:
    """A test that is not there is found to be missing."""
    assert missing(test) is not None
