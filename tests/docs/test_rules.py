"""The rules that the documentation shows have a grip: what a reader copies does what it says."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import pytest

from mpr_logic.analysis import analyse
from mpr_logic.analysis.lints import vet
from mpr_logic.analysis.program import Program
from mpr_logic.errors import ProgramError
from mpr_logic.language.parser import parse
from tests.helpers.pages import PAGES, blocks, name_of


class RuleSet(NamedTuple):
    """Rules that are loaded together: texts by name, those of them that are shown, and whether they are shown
    for having lost their grip."""

    texts: dict[str, str]
    shown: Collection[str]
    lost: bool = False


def rule_sets(page: Path) -> Iterator[RuleSet]:
    """The rule sets of a page: each file as the last block leaves it, the files of a folder together, and
    each block that is no file, by itself or beside the page's files."""
    files: dict[str, str] = {}
    folders: dict[str, RuleSet] = {}
    shown = [block for block in blocks(page) if "wrong" not in block.words]
    for block in shown:
        if block.file is not None and block.file[0].endswith(".dl"):
            name, text, more = block.file
            files[name] = f"{files[name]}\n{text}" if more else text
            folder = str(PurePosixPath(name).parent)
            key = name if folder == "." else folder
            texts = {**(folders[key].texts if key in folders else {}), name: files[name]}
            folders[key] = RuleSet(texts, texts, "lost" in block.words)
    yield from folders.values()
    for block in shown:
        if block.kind == "dl" and block.file is None:
            alone = {f"line {block.line}": block.text}
            whole = program(alone) is not None
            yield RuleSet(alone if whole else files | alone, alone, "lost" in block.words)


def program(texts: dict[str, str]) -> Program | None:
    """The program of a rule set; None for states, and where tools declare the actions."""
    try:
        return analyse([parse(text, name) for name, text in texts.items()])
    except ProgramError:
        return None


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_shown_rules_have_a_grip(page: Path) -> None:
    """The rules that a page shows have a grip, and those that it marks as having lost it have none."""
    for texts, shown, lost in rule_sets(page):
        rules = program(texts)
        if rules is not None:
            found = [d for d in vet(rules) if d.severity == "error" and d.span.file in shown]
            assert bool(found) == lost, f"{name_of(page)}: {', '.join(shown)}: {found or 'this has a grip'}"
