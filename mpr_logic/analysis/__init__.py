"""Static analysis of programs: names, types, safety, strata, ids.

:func:`analyse` turns parsed modules into the :class:`Program` that engines run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.analysis.analyse import analyse
from mpr_logic.analysis.atoms import coerce_row, resolve_atom, resolve_fact, signature_of
from mpr_logic.analysis.canonical import canonical_text, clause_id
from mpr_logic.analysis.program import Fact, Program, Rule, Schema, Signature, effect_head
from mpr_logic.analysis.shapes import abstract, rule_shape

if TYPE_CHECKING:
    from mpr_logic.analysis.lints import lint

__all__ = [
    "Fact",
    "Program",
    "Rule",
    "Schema",
    "Signature",
    "abstract",
    "analyse",
    "canonical_text",
    "clause_id",
    "coerce_row",
    "effect_head",
    "lint",
    "resolve_atom",
    "resolve_fact",
    "rule_shape",
    "signature_of",
]


if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Import the lints when they are first used: a checker needs none of them."""
        if name != "lint":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from mpr_logic.analysis.lints import lint

        globals()["lint"] = lint
        return lint
