"""The promises of every folder with a policy in words, and how its figures are printed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.helpers.command import TOP, mpr

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

SCREEN = 100
_LAW = r"(?:0\.5 :: )?forbid "


def check_form(folder: Path, *settings: Sequence[str]) -> None:
    """The rules are formatted, have no warnings, also with these settings; a file fits on a screen or so."""
    name = str(folder.relative_to(TOP))
    assert mpr("fmt", "--check", name).status == 0
    for options in ((), *settings):
        assert mpr("lint", name, *options).status == 0
    for file in folder.glob("*.dl"):
        assert len(file.read_text(encoding="utf-8").splitlines()) <= SCREEN, file.name


def check_laws(folder: Path, tests: str, record: str, *, but: Iterable[str] = ()) -> None:
    """Each law has an id, a reason, and a case in the tests; no rule names anything of a record.

    Args:
        folder: the rules.
        tests: the file with the cases, from the top.
        record: an expression that finds names of records.
        but: laws that have their case otherwise.
    """
    text = "\n".join(file.read_text(encoding="utf-8") for file in folder.glob("*.dl"))
    laws = re.findall(rf"^@id\((\w+)\)\s+@because\(.*\n{_LAW}", text, re.MULTILINE)
    assert len(laws) == len(re.findall(f"^{_LAW}", text, re.MULTILINE))
    here = (TOP / tests).read_text(encoding="utf-8")
    assert [law for law in laws if f'"{law}"' not in here and law not in but] == []
    assert re.findall(record, text) == []


def print_times(seconds: Iterable[float]) -> None:
    """Print how long the acting calls took to decide."""
    took = sorted(seconds)
    p50, p99 = took[len(took) // 2], took[int(len(took) * 0.99)]
    print(f"acting calls {len(took)}, p50 {p50:.4f} s, p99 {p99:.4f} s")
