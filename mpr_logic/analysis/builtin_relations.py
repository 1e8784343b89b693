"""The relations that every program has without a declaration: what the system itself fills or reads.

They are typed, and documented in ``docs/reference/language.md``. Of plain Datalog, where nothing need be
declared, they are no part: there the names are the user's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.analysis.program import Signature
from mpr_logic.language.ast import Param

if TYPE_CHECKING:
    from collections.abc import Mapping

SHELL = frozenset({"shell_runs", "shell_writes", "shell_opaque"})
"""What the reader of shell commands says of a text."""

FILLED = frozenset({"now", "called", "item", "list_length", "field"}) | SHELL
"""Those that the system fills: no clause of a program speaks of them in its head."""

_FORMS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "now": (("second", "int"),),
    "called": (("number", "int"), ("action", "symbol"), ("second", "int")),
    "item": (("list", "any"), ("position", "int"), ("value", "any")),
    "list_length": (("list", "any"), ("length", "int")),
    "field": (("object", "any"), ("name", "symbol"), ("value", "any")),
    "shell_runs": (("command", "symbol"), ("program", "symbol")),
    "shell_writes": (("command", "symbol"), ("path", "symbol")),
    "shell_opaque": (("command", "symbol"),),
    "tool_name": (("tool", "symbol"), ("action", "symbol")),
    "argument_name": (("action", "symbol"), ("name", "symbol"), ("argument", "symbol")),
}


def _signature(name: str, form: tuple[tuple[str, str], ...]) -> Signature:
    params = tuple(Param(*each) for each in form)
    return Signature(name, params, tuple(p.type for p in params), input=name in FILLED, builtin=True)


BUILT_IN: Mapping[str, Signature] = {name: _signature(name, form) for name, form in _FORMS.items()}
"""The built-in relations by their names."""
