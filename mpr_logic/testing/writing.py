"""Writes tests: what was decided, as the text of a test that expects it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.guard.replay import outcome_of
from mpr_logic.language.ast import Atom, Const, RuleTest, Sentence
from mpr_logic.language.printer import print_statement

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mpr_logic.guard.verdict import Verdict
    from mpr_logic.language.ast import Clause

BY = frozenset({"rejected", "advised", "escalated"})
"""The verdicts that rules speak for."""


def test_text(name: str, items: Iterable[Clause | Sentence]) -> str:
    """The text of a test."""
    return print_statement(RuleTest(name, tuple(items)))


def expectation(verdict: Verdict, atom: Atom) -> Sentence | None:
    """The sentence that expects what was decided about a call; None where it was not decided."""
    outcome, rules, _ = outcome_of(verdict)
    if outcome in ("undecided", "unfit", "rewritten"):
        return None
    if outcome in BY and rules:
        ids = sorted(set(rules))
        return Sentence(("expect", outcome), atom, "by", tuple(map(id_of, ids)))
    return Sentence(("expect", outcome), atom)


def id_of(id: str) -> Atom | Const:
    """The id of a rule as a test names it."""
    plain = id.replace("::", "").replace("_", "").isalnum() and id[:1].islower() and id.isascii()
    return Atom(id) if plain else Const(id)
