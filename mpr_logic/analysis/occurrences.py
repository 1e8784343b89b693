"""The calls of the history, each an occurrence of its own in an aggregate.

``succeeded pay`` is a set of argument rows: outside of aggregates a call that was made three times is one
row. Inside the braces of an aggregate a literal of the history ranges over the calls. There it becomes a
literal of the core relation ``call succeeded pay``, whose rows begin with the number of the call, and a
variable that no text can name stands for that number. So distinct bindings are distinct calls.

In one pair of braces ``past A`` and an outcome of ``A`` with the same arguments speak of one call:
``{ past pay(T, B), not failed pay(T, B) }`` are the calls that did not fail, whatever became of equal ones.

The number of a call is its position in the history. A literal that is placed in time
(:mod:`mpr_logic.analysis.desugar.placed`) reads it, from the calls, or from ``first past read`` and ``last
past read``, which have a row for each row of ``past read``, the number of its first or last call in front.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mpr_logic.analysis.terms import item_terms, literals
from mpr_logic.language.ast import Aggregate, Atom, Literal, Var

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from mpr_logic.analysis.program import Fact, Program
    from mpr_logic.language.ast import BodyItem, Comparison, Row, Term, Test, WrittenItem

CALL = "call "
"""The prefix of a relation of calls; the name of the history's relation follows it."""

FIRST, LAST = "first ", "last "
"""The prefixes of relations with the first or the last call of each row of the history."""

NUMBERED = (CALL, FIRST, LAST)
"""The prefixes of relations whose rows begin with the number of a call."""

AGE = "age "
"""The prefix of a relation with the number of each call of a history, and how long ago it was made."""

CLASS = "class "
"""The prefix of the history of a class of actions: it is derived from the histories of its members."""

OUTCOMES = ("succeeded", "failed")
HISTORY = ("past", *OUTCOMES)


def split_numbered(relation: str) -> tuple[str, str]:
    """The prefix of a relation whose rows begin with the number of a call, and the relation of the history
    behind it; the prefix of any other relation is empty."""
    for prefix in NUMBERED:
        if relation.startswith(prefix):
            return prefix, relation.removeprefix(prefix)
    return "", relation


def is_history(relation: str) -> bool:
    """Whether a core relation speaks of what was tried: of the rows or of the calls."""
    return split_numbered(relation)[1].partition(" ")[0] in HISTORY


def tell_apart(
    body: Sequence[Literal | Comparison | Test], fresh: Callable[[], str]
) -> list[Literal | Comparison | Test]:
    """The items of an aggregate's braces, those of the history as literals of calls. ``fresh`` makes the
    names of the variables that stand for the calls' numbers."""
    positive = [i for i in body if isinstance(i, Literal) and not i.negated and _is_said(i.atom.name)]
    tried = {_said(i): Var(fresh(), i.span) for i in positive if _word(i) == "past"}
    tried |= dict(filter(None, map(_placed, body)))
    done: list[Literal | Comparison | Test] = []
    for item in body:
        if isinstance(item, Literal) and _is_said(item.atom.name):
            number = tried.get(_said(item)) if _complete(item) else None
            if number is None and not item.negated:
                number = Var(fresh(), item.span)
            if number is not None:
                atom = item.atom
                names = ("", *atom.names) if atom.names else ()
                item = replace(item, atom=Atom(CALL + atom.name, (number, *atom.args), names, atom.span))
        done.append(item)
    return done


def _placed(item: Literal | Comparison | Test) -> tuple[tuple[str, tuple[Term, ...]], Var] | None:
    """The call that a literal places at a variable, and that variable; None of any other item."""
    if not isinstance(item, Literal) or item.negated or not item.atom.name.startswith(CALL):
        return None
    plain = replace(item, atom=_without_number(item.atom))
    number = item.atom.args[0]
    return (_said(plain), number) if _word(plain) == "past" and isinstance(number, Var) else None


def _is_said(relation: str) -> bool:
    """Whether a relation is the history of an action, or of a class, without numbers."""
    return relation.removeprefix(CLASS).partition(" ")[0] in HISTORY


def _word(literal: Literal) -> str:
    return literal.atom.name.removeprefix(CLASS).partition(" ")[0]


def _said(literal: Literal) -> tuple[str, tuple[Term, ...]]:
    return literal.atom.name.removeprefix(CLASS).partition(" ")[2], _own(literal)


def _own(literal: Literal) -> tuple[Term, ...]:
    """The arguments of a call: of a class without the name of the member, which the call determines."""
    names = literal.atom.names
    return literal.atom.args[:-1] if names and names[-1] == "action" else literal.atom.args


def _complete(literal: Literal) -> bool:
    """Whether no argument is left open: each `_` may be another value."""
    return not any(isinstance(term, Var) and term.name == "_" for term in _own(literal))


def as_written(item: WrittenItem) -> WrittenItem:
    """An item of a rule as its author wrote it: calls are told apart by nothing that has a name."""
    if isinstance(item, Literal) and item.atom.name.startswith((*NUMBERED, CLASS)):
        atom = _without_number(item.atom)
        if atom.name.startswith(CLASS):
            named = [(n, t) for n, t in zip(atom.names, atom.args, strict=False) if t != Var("_")]
            names, args = tuple(n for n, _ in named), tuple(t for _, t in named)
            atom = Atom(atom.name.removeprefix(CLASS), args, names, atom.span)
        return replace(item, atom=atom)
    if isinstance(item, Aggregate):
        return replace(item, body=tuple(map(as_written, item.body)))  # type: ignore[arg-type]
    return item


def _without_number(atom: Atom) -> Atom:
    prefix, plain = split_numbered(atom.name)
    return Atom(plain, atom.args[1:], atom.names[1:], atom.span) if prefix else atom


def _of_rows(body: Iterable[BodyItem]) -> Iterator[BodyItem]:
    """The items of a body, in which no calls are told apart, and none is placed in time."""
    body = tuple(body)
    numbers = {
        term
        for item in body
        if isinstance(item, Literal) and item.atom.name.startswith((*NUMBERED, AGE))
        for term in item.atom.args[: 2 if item.atom.name.startswith(AGE) else 1]
    }
    for item in body:
        if isinstance(item, Literal):
            if not item.atom.name.startswith(AGE):
                yield replace(item, atom=_without_number(item.atom))
        elif isinstance(item, Aggregate):
            yield replace(item, body=tuple(_of_rows(item.body)))  # type: ignore[arg-type]
        elif numbers.isdisjoint(item_terms(item)):
            yield item


def program_as_written(program: Program) -> Program:
    """The program in which aggregates speak of the history as their authors do, without the rules that only
    ask to look first: to be read, not to be run."""
    if not program.calls and not program.ends and not program.uncertain:
        return program
    rules = [rule for rule in program.rules if rule.asks is None]
    return replace(
        program,
        rules=tuple(
            replace(rule, body=tuple(_of_rows(rule.body)))
            for rule in rules
            if not rule.head.startswith((*NUMBERED, AGE))
        ),
        facts=tuple(fact for fact in program.facts if not fact.relation.startswith(NUMBERED)),
        calls=frozenset(),
        ends=frozenset(),
    )


def numbered_read(body: Iterable[BodyItem]) -> Iterator[str]:
    """The relations with numbers of calls that a body reads."""
    return (literal.atom.name for literal in literals(body) if literal.atom.name.startswith(NUMBERED))


def call_of(relation: str, row: Row) -> tuple[str, Row, int | None]:
    """A relation and row as the author speaks of them, and the number of the call where it is one."""
    prefix, plain = split_numbered(relation)
    if prefix:
        number, *args = row
        assert isinstance(number, int)
        return plain.removeprefix(CLASS), tuple(args), number
    return plain.removeprefix(CLASS), row, None


class Calls:
    """The calls of a history, numbered in the order in which they were entered.

    A call is entered as up to two facts: that it was tried, and how it went. An outcome belongs to a call
    with the same arguments whose outcome was not known, of several to the last, unless it is said to which.
    """

    def __init__(self) -> None:
        self.last = 0
        """The number of the last call."""
        self._numbers: dict[str, dict[Row, dict[int, float]]] = {}  # with the weight of each
        self._lone: dict[tuple[bool, str, Row], dict[int, None]] = {}
        """By whether the fact is an outcome, the action and the arguments: the calls of one fact."""

    def enter(self, relation: str, row: Row, weight: float) -> int:
        """Enter one fact of one call; the number of the call."""
        word, _, action = relation.partition(" ")
        outcome = word != "past"
        others = self._lone.get((not outcome, action, row))
        if others:
            number = next(reversed(others))
            self._forget((not outcome, action, row), number)
        else:
            number = self.last = self.last + 1
            self._lone.setdefault((outcome, action, row), {})[number] = None
        self._numbers.setdefault(relation, {}).setdefault(row, {})[number] = weight
        return number

    def put(self, relation: str, row: Row, number: int, weight: float) -> None:
        """Enter one fact of the call with this number."""
        self.last = max(self.last, number)
        word, _, action = relation.partition(" ")
        outcome = word != "past"
        if not self._forget((not outcome, action, row), number):
            self._lone.setdefault((outcome, action, row), {})[number] = None
        self._numbers.setdefault(relation, {}).setdefault(row, {})[number] = weight

    def weights(self, relation: str, row: Row) -> dict[int, float]:
        """The calls for which a row was entered, each with its weight; a copy."""
        return dict(self._numbers.get(relation, {}).get(row, ()))

    def take_out(self, relation: str, row: Row, number: int | None = None) -> list[int]:
        """Take out what one relation says of a row: of one call, or of all; the numbers of the calls."""
        known = self._numbers.get(relation, {})
        numbers = list(known.get(row, ())) if number is None else [number]
        word, _, action = relation.partition(" ")
        outcome = word != "past"
        for each in numbers:
            del known[row][each]
            if not self._forget((outcome, action, row), each):
                self._lone.setdefault((not outcome, action, row), {})[each] = None
        if row in known and not known[row]:
            del known[row]
        return numbers

    def _forget(self, key: tuple[bool, str, Row], number: int) -> bool:
        """Whether a fact of a call was its only one; it is none any more."""
        lone = self._lone.get(key, {})
        if number not in lone:
            return False
        del lone[number]
        if not lone:
            del self._lone[key]
        return True

    def __iter__(self) -> Iterator[tuple[int, str, Row, float]]:
        """Each fact as often as it was entered, its call's number in front, in the order of the calls."""
        found = [
            (number, relation, row, weight)
            for relation, rows in self._numbers.items()
            for row, numbers in rows.items()
            for number, weight in numbers.items()
        ]
        found.sort(key=lambda each: each[0])
        return iter(found)


def end_of(old: Fact | None, new: Fact) -> Fact:
    """The first or the last call of a row, of two. It is as sure as the surest call of the row."""
    if old is None:
        return new
    kept = old if (old.row[0] < new.row[0]) == new.relation.startswith(FIRST) else new  # type: ignore[operator]
    return kept._replace(weight=max(old.weight, new.weight))
