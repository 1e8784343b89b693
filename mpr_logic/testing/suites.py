"""Finds the tests below some paths, and the rules that each of them is about."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass, replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mpr_logic.checker.loading import rule_files
from mpr_logic.errors import StateError
from mpr_logic.language.ast import ActionDecl, Const, RelationDecl, RuleTest, Span, UseDecl, Var
from mpr_logic.language.parser import parse
from mpr_logic.language.printer import print_value
from mpr_logic.language.source import read_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mpr_logic.language.ast import Clause, Module, Range, Sentence, Value

TESTS = "tests"
"""The name of a folder whose tests are about the rules of the folder that it lies in."""


@dataclass(frozen=True, slots=True)
class Suite:
    """Rules, as paths of files and folders, and the files with the tests about them."""

    rules: tuple[str, ...]
    files: tuple[Module, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """One test to run: a test without a table, or one row of its table. ``row`` shows the row."""

    test: RuleTest
    items: tuple[Clause | Sentence, ...]
    row: str = ""

    @property
    def name(self) -> str:
        """The name of the test, and its row."""
        return f"{self.test.name} [{self.row}]" if self.row else self.test.name


def find_suites(paths: Iterable[str], rules: Sequence[str] = ()) -> tuple[list[Suite], list[str]]:
    """The tests below some paths, together where they are about the same rules.

    A file with declarations of its own, or that uses other files, is about its own rules and those. Any other
    is about those of its folder; where that is called ``tests``, of the folder above.

    Args:
        paths: files and folders.
        rules: the rules that all tests are about; by default what is said above.

    Returns:
        The suites, and the rule files below the paths that have no tests.

    Raises:
        ProgramError: a file with tests cannot be read, or is not valid.
        StateError: there is no file.
    """
    found: dict[tuple[str, ...], Suite] = {}
    others = []
    for file in rule_files(paths):
        text = read_text(file)
        module = parse(text, str(file)) if ".test" in text else None
        if module is None or not any(isinstance(each, RuleTest) for each in module.statements):
            others.append(str(file))
            continue
        about = tuple(rules) or _rules_of(file, module)
        key = about if rules else _used(file, module) or about
        known = found.get(key, Suite(about, ()))
        found[key] = Suite(known.rules, (*known.files, module))
    return list(found.values()), others


def _rules_of(file: Path, module: Module) -> tuple[str, ...]:
    if any(isinstance(each, RelationDecl | ActionDecl | UseDecl) for each in module.statements):
        return (str(file),)
    folder = file.parent
    return (str(folder.parent if folder.name == TESTS else folder),)


def _used(file: Path, module: Module) -> tuple[str, ...]:
    """The rules that a file of nothing but tests uses: files that use the same are one suite. Else empty."""
    own = [each for each in module.statements if not isinstance(each, RuleTest)]
    uses = [each for each in own if isinstance(each, UseDecl)]
    if not uses or len(uses) < len(own):
        return ()
    return (str(file.parent), *sorted(f"{each.path} as {each.prefix}" for each in uses))


def cases_of(module: Module, name: str = "") -> Iterator[Case]:
    """The cases of the tests of a file whose names have ``name`` in them."""
    for test in module.statements:
        if isinstance(test, RuleTest) and name.lower() in test.name.lower():
            for values in rows_of(test.ranges):
                items = tuple(filled(item, values) for item in test.items)
                yield Case(test, items, row_text(values))


def rows_of(ranges: Sequence[Range]) -> Iterator[dict[str, Value]]:
    """The rows of a table, each as the values of its variables; one empty row where there is no table."""
    for rows in product(*(each.rows for each in ranges)):
        yield {
            name: constant.value
            for each, row in zip(ranges, rows, strict=True)
            for name, constant in zip(each.variables, row, strict=True)
        }


def row_text(values: dict[str, Value]) -> str:
    """The row as people read it."""
    return ", ".join(f"{name} = {print_value(value)}" for name, value in values.items())


def filled(node: Any, values: dict[str, Value]) -> Any:
    """A node in which the variables of a table have their values."""
    if not values:
        return node
    if isinstance(node, Var):
        return Const(values[node.name], node.span) if node.name in values else node
    if isinstance(node, tuple) and not isinstance(node, Span):
        return tuple(filled(each, values) for each in node)
    if not is_dataclass(node) or isinstance(node, type):
        return node
    return replace(node, **{each.name: filled(getattr(node, each.name), values) for each in fields(node)})


def no_tests(paths: Iterable[str]) -> StateError:
    """The error where there is nothing to run."""
    named = " ".join(paths)
    return StateError(f'there is no test below `{named}`: write one into a .dl file, .test "name" {{ ... }}')
