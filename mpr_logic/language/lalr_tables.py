"""The LALR(1) parse tables: made by Lark from ``grammar/mpr.lark``, kept beside it as JSON.

Lark reads the grammar and works out the LALR(1) tables. That, and importing Lark, costs ten times
what reading the finished tables costs, and ``mpr`` is started once for every action it checks, so
the tables are stored in ``grammar/mpr.tables.json``. Where the stored tables are not of this very
grammar they are made anew. After an edit of the grammar: ``python -m mpr_logic.language.lalr_compiler``.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from mpr_logic.resources import GRAMMAR, TABLES, checksum, grammar_text

END = "$END"


@dataclass(frozen=True, slots=True)
class Production:
    """One alternative of a rule. ``keep`` says which of its parts the builder gets."""

    name: str
    method: str | None  # the builder's method; None: its parts go to the rule above
    keep: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class ParseTables:
    """Parse tables, on which the driver runs.

    ``states``: for each state, symbol to number: n >= 0 is "go to state n", n < 0 is "reduce
    production -n - 1". ``words`` are the keywords and their terminals; ``scanner`` matches the next
    token, its group named by the terminal.
    """

    states: tuple[dict[str, int], ...]
    productions: tuple[Production, ...]
    starts: dict[str, int]
    ends: dict[str, int]
    words: dict[str, str]
    scanner: re.Pattern[str]
    ignored: frozenset[str]


@cache
def tables() -> ParseTables:
    """The tables of the grammar: the stored ones where they fit, else made by Lark."""
    text = grammar_text(GRAMMAR)
    try:
        stored: dict[str, Any] = json.loads(grammar_text(TABLES))
    except (OSError, ValueError):
        stored = {}
    if stored.get("grammar") != checksum(text):
        from mpr_logic.language.lalr_compiler import compile_grammar

        stored = compile_grammar(text)
    return _tables(stored)


def _tables(data: dict[str, Any]) -> ParseTables:
    pattern = "|".join(f"(?P<{name}>{regexp})" for name, regexp in data["patterns"])
    return ParseTables(
        states=tuple(data["states"]),
        productions=tuple(
            Production(name, method, tuple(keep)) for name, method, keep in data["productions"]
        ),
        starts=data["starts"],
        ends=data["ends"],
        words=data["words"],
        scanner=re.compile(pattern),
        ignored=frozenset(data["ignored"]),
    )
