"""The diagnostics of a text, as tests of mistakes compare them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.analysis import analyse
from mpr_logic.analysis.lints import vet
from mpr_logic.errors import ProgramError
from mpr_logic.language.parser import parse

if TYPE_CHECKING:
    from mpr_logic.language.diagnostics import Diagnostic


def found(text: str) -> list[Diagnostic]:
    """All diagnostics of a text: the errors for which it is refused, else those before the first call."""
    try:
        modules = [parse(text)]
        return list(vet(analyse(modules), None, modules))
    except ProgramError as error:
        return list(error.diagnostics)


def errors(text: str) -> list[tuple[str, str, str]]:
    """The codes, messages and helps of the errors for which a text is refused."""
    try:
        analyse([parse(text)])
    except ProgramError as error:
        return [(d.code, d.message, d.help) for d in error.diagnostics]
    return []
