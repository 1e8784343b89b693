"""The calls of the history, each an occurrence of its own in an aggregate.

``succeeded pay`` is a set of argument rows: outside of aggregates a call that was made three times is one
row. Inside the braces of an aggregate a literal of the history ranges over the calls. There it becomes a
literal of the core relation ``call succeeded pay``, whose rows begin with the number of the call, and a
variable that no text can name stands for that number. So distinct bindings are distinct calls.

In one pair of braces ``past A`` and an outcome of ``A`` with the same arguments speak of one call:
``{ past pay(T, B), not failed pay(T, B) }`` are the calls that did not fail, whatever became of equal ones.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mpr_logic.language.ast import Aggregate, Atom, Literal, Var

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from mpr_logic.analysis.program import Program
    from mpr_logic.language.ast import BodyItem, Comparison, Row, Term, Test

CALL = "call "
"""The prefix of a relation of calls; the name of the history's relation follows it."""

CLASS = "class "
"""The prefix of the history of a class of actions: it is derived from the histories of its members."""

OUTCOMES = ("succeeded", "failed")
HISTORY = ("past", *OUTCOMES)


def is_history(relation: str) -> bool:
    """Whether a core relation speaks of what was tried: of the rows or of the calls."""
    return relation.removeprefix(CALL).partition(" ")[0] in HISTORY


def tell_apart(
    body: Sequence[Literal | Comparison | Test], fresh: Callable[[], str]
) -> list[Literal | Comparison | Test]:
    """The items of an aggregate's braces, those of the history as literals of calls. ``fresh`` makes the
    names of the variables that stand for the calls' numbers."""
    positive = [i for i in body if isinstance(i, Literal) and not i.negated and _is_said(i.atom.name)]
    tried = {_said(i): Var(fresh(), i.span) for i in positive if _word(i) == "past"}
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


def _is_said(relation: str) -> bool:
    """Whether a relation is the history of an action, or of a class."""
    return is_history(relation.removeprefix(CLASS))


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


def as_written(item: BodyItem) -> BodyItem:
    """An item of a rule as its author wrote it: calls are told apart by nothing that has a name."""
    if isinstance(item, Literal) and item.atom.name.startswith((CALL, CLASS)):
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
    if not atom.name.startswith(CALL):
        return atom
    return Atom(atom.name.removeprefix(CALL), atom.args[1:], atom.names[1:], atom.span)


def _of_rows(item: BodyItem) -> BodyItem:
    """An item in which no calls are told apart."""
    if isinstance(item, Literal):
        return replace(item, atom=_without_number(item.atom))
    if isinstance(item, Aggregate):
        return replace(item, body=tuple(map(_of_rows, item.body)))  # type: ignore[arg-type]
    return item


def program_as_written(program: Program) -> Program:
    """The program in which aggregates speak of the history as their authors do, without the rules that only
    ask to look first: to be read, not to be run."""
    if not program.calls and not program.uncertain:
        return program
    rules = [rule for rule in program.rules if rule.asks is None]
    return replace(
        program,
        rules=tuple(
            replace(rule, body=tuple(map(_of_rows, rule.body)))
            for rule in rules
            if not rule.head.startswith(CALL)
        ),
        facts=tuple(fact for fact in program.facts if not fact.relation.startswith(CALL)),
        calls=frozenset(),
    )


def calls_read(body: Iterable[BodyItem]) -> Iterator[str]:
    """The relations of the history whose calls the aggregates of a body range over."""
    for item in body:
        if isinstance(item, Aggregate):
            for inner in item.body:
                if isinstance(inner, Literal) and inner.atom.name.startswith(CALL):
                    yield inner.atom.name.removeprefix(CALL)


def call_of(relation: str, row: Row) -> tuple[str, Row, int | None]:
    """A relation and row as the author speaks of them, and the number of the call where it is one."""
    if relation.startswith(CALL):
        number, *args = row
        assert isinstance(number, int)
        return relation.removeprefix(CALL).removeprefix(CLASS), tuple(args), number
    return relation.removeprefix(CLASS), row, None


class Calls:
    """The calls of a history, numbered in the order in which they were entered.

    A call is entered as up to two facts: that it was tried, and how it went. An outcome belongs to a call
    with the same arguments whose outcome was not known: which of several such calls makes no difference.
    """

    def __init__(self) -> None:
        self._last = 0
        self._numbers: dict[str, dict[Row, dict[int, float]]] = {}  # with the weight of each
        self._lone: dict[tuple[bool, str, Row], dict[int, None]] = {}
        """By whether the fact is an outcome, the action and the arguments: the calls of one fact."""

    def enter(self, relation: str, row: Row, weight: float) -> int:
        """Enter one fact of one call; the number of the call."""
        word, _, action = relation.partition(" ")
        outcome = word != "past"
        others = self._lone.get((not outcome, action, row))
        if others:
            number = next(iter(others))
            self._forget((not outcome, action, row), number)
        else:
            self._last += 1
            number = self._last
            self._lone.setdefault((outcome, action, row), {})[number] = None
        self._numbers.setdefault(relation, {}).setdefault(row, {})[number] = weight
        return number

    def put(self, relation: str, row: Row, number: int, weight: float) -> None:
        """Put back what was taken out of one call."""
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

    def __iter__(self) -> Iterator[tuple[str, Row, float]]:
        """Each fact as often as it was entered, in the order of the calls."""
        found = [
            (number, relation, row, weight)
            for relation, rows in self._numbers.items()
            for row, numbers in rows.items()
            for number, weight in numbers.items()
        ]
        found.sort(key=lambda each: each[0])
        return ((relation, row, weight) for _, relation, row, weight in found)
