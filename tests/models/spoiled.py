"""Scripted reflections, roughly right or poisoned: hand-written rules that were spoiled in known ways."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from mpr_logic.language.ast import Clause, Const, Literal, Var
from mpr_logic.language.printer import print_clause

if TYPE_CHECKING:
    from mpr_logic.language.ast import Term, WrittenItem


def spoiled(rules: Sequence[Clause], individuals: Sequence[str], seed: int = 0) -> Iterator[tuple[str, str]]:
    """For each rule: how it was spoiled, and its text. ``individuals`` are names of things in the world."""
    draw = random.Random(seed)
    others: list[WrittenItem] = [item for rule in rules for item in rule.body]
    for rule in rules:
        bare = replace(rule, annotations=(), comments=(), trailing=None)
        if len(bare.body) > 1:
            left_out = draw.randrange(len(bare.body))
            yield "too wide", _text(bare, bare.body[:left_out] + bare.body[left_out + 1 :])
        yield "too narrow", _text(bare, (*bare.body, draw.choice(others)))
        yield "about one thing", print_clause(_named(bare, draw.choice(individuals)))
        yield "turned round", _text(bare, tuple(_turned(item) for item in bare.body))
        yield "a permit", print_clause(replace(bare, kind="permit"))


def _text(rule: Clause, body: tuple[WrittenItem, ...]) -> str:
    return print_clause(replace(rule, body=body))


def _turned(item: WrittenItem) -> WrittenItem:
    return replace(item, negated=not item.negated) if isinstance(item, Literal) else item


def _named(rule: Clause, name: str) -> Clause:
    """The rule with its first variable replaced by a name."""
    first = next((term.name for term in rule.head.args if isinstance(term, Var) and not term.anonymous), None)

    def args(terms: tuple[Term, ...]) -> tuple[Term, ...]:
        return tuple(Const(name) if isinstance(t, Var) and t.name == first else t for t in terms)

    def item(old: WrittenItem) -> WrittenItem:
        return (
            replace(old, atom=replace(old.atom, args=args(old.atom.args)))
            if isinstance(old, Literal)
            else old
        )

    body = tuple(map(item, rule.body))
    return replace(rule, head=replace(rule.head, args=args(rule.head.args)), body=body)
