"""Which kinds of parts of texts the rules about an action ask for, so that no others need be traced.

A guard traces the values of a call: its arguments, and the parts of their texts. Rules that ask only for
hosts have no use for the numbers, unless one ranges over whatever values there are:
``origin(value: V, tool: T)`` where nothing else says what V is. So each place where a rule takes something
for a traced value is looked at. Its variable must be *tied* to a value that is traced in any case: an
argument of the action or what is inside it, a part of a kind that is asked for, who wrote an item in which
such a value stands, or an argument of the call that returned it. The rule may tie it, or each that calls it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, TypeGuard

from mpr_logic.analysis.strata import read_by
from mpr_logic.language.ast import Aggregate, Comparison, Const, Literal, Var

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mpr_logic.analysis.program import Program, Rule
    from mpr_logic.language.ast import Term

_VALUE: Final = "value"
_CALL: Final = "call"  # a number of a call, which is not the value of that number


class _Place(NamedTuple):
    """A column, and what is taken to stand there: a value or a call."""

    column: int
    sort: str


class _Tie(NamedTuple):
    """A variable that is tied, as a value or as a call."""

    name: str
    sort: str


_MET = frozenset({_Place(0, _VALUE), _Place(3, _CALL), _Place(6, _VALUE)})
_INSIDE = frozenset({_Place(0, _VALUE), _Place(2, _VALUE)})

# By built-in relation: the places that must be tied, and those that are then.
_NEEDS = {
    "origin": frozenset({_Place(0, _VALUE)}),
    "found_in": frozenset({_Place(0, _VALUE)}),
    "mentions": frozenset({_Place(0, _VALUE)}),
    "selected_by": frozenset({_Place(0, _CALL)}),
}
_GIVES = {
    "origin": _MET,
    "found_in": _MET,
    "mentions": _INSIDE,
    "selected_by": frozenset({_Place(0, _CALL), _Place(1, _VALUE)}),
    "argument": frozenset({_Place(1, _VALUE)}),
}
_LOOKS_INSIDE = frozenset({"item", "field"})  # of what is tied; of anything else they may be asked too


class _UntiedError(Exception):
    """Some rule ranges over all values that are traced."""


def kinds_asked(program: Program, heads: Iterable[str]) -> frozenset[str] | None:
    """The kinds of parts that the rules of some heads, and all that they read, ask for; None where those of
    every kind matter.

    Args:
        program: the checked rules.
        heads: of rules about one action, and about its effects.
    """
    heads = set(heads)
    rules = [rule for head in sorted(heads | read_by(program, heads)) for rule in program.rules_for(head)]
    try:
        kinds = {_kind(each) for rule in rules for each in _literals(rule) if each.atom.name == "mentions"}
        ties = _Ties(program, rules)
        for rule in rules:
            ties.check(rule, called=rule.head not in heads)
    except _UntiedError:
        return None
    return frozenset(kinds)


def _kind(literal: Literal) -> str:
    term = literal.atom.args[1] if len(literal.atom.args) == 3 else None
    if not isinstance(term, Const):
        raise _UntiedError
    return str(term.value)


def _literals(rule: Rule) -> Iterator[Literal]:
    """The literals of a body, those in the braces of aggregates too."""
    for item in rule.body:
        for each in item.body if isinstance(item, Aggregate) else (item,):
            if isinstance(each, Literal):
                yield each


class _Ties:
    """By derived relation the places that whoever calls it must tie, and those that are tied then. The first
    grow and the second shrink until all rules agree."""

    def __init__(self, program: Program, rules: list[Rule]) -> None:
        relations = program.schema.relations
        own = {name for name in (*_GIVES, *_LOOKS_INSIDE) if relations[name].builtin}
        self._inside = _LOOKS_INSIDE & own
        self._needs = {name: each for name, each in _NEEDS.items() if name in own}
        self._gives = {name: each for name, each in _GIVES.items() if name in own}
        stated = {fact.relation for fact in program.facts}
        stated |= {name for name, each in relations.items() if each.input or each.changed_by}
        for rule in rules:
            places = frozenset(_Place(i, s) for i in range(len(rule.args)) for s in (_VALUE, _CALL))
            self._needs[rule.head] = frozenset()
            self._gives[rule.head] = frozenset() if rule.head in stated else places
        while any(self._learn(rule) for rule in rules):
            pass

    def _learn(self, rule: Rule) -> bool:
        """Take in what a rule needs and gives; says whether that is news."""
        begin = self._given(rule)
        tied = self._tied(rule, begin)
        asked = {_tie(literal, place) for literal in _literals(rule) for place in self._needed(literal)}
        own = {i: term.name for i, term in enumerate(rule.args) if _is_named(term)}
        here = {_Place(i, s): _Tie(name, s) for i, name in own.items() for s in (_VALUE, _CALL)}
        needed = {place: tie for place, tie in here.items() if tie in asked and tie not in tied}
        for place in sorted(needed, reverse=True):
            rest = {tie for other, tie in needed.items() if other != place}
            if needed[place] in self._tied(rule, begin | rest):
                del needed[place]
        tied = self._tied(rule, begin | set(needed.values()))
        before = self._needs[rule.head], self._gives[rule.head]
        self._needs[rule.head] |= needed.keys()
        self._gives[rule.head] &= {place for place, tie in here.items() if tie in tied}
        return before != (self._needs[rule.head], self._gives[rule.head])

    def _given(self, rule: Rule) -> set[_Tie]:
        """The arguments of the action that a head speaks of; a plain relation may be asked with anything."""
        terms = rule.args[: rule.given] if rule.action is not None else ()
        return {_Tie(each.name, _VALUE) for each in terms if _is_named(each)}

    def _needed(self, literal: Literal) -> frozenset[_Place]:
        return self._needs.get(literal.atom.name, frozenset())

    def _given_by(self, literal: Literal, tied: set[_Tie]) -> set[_Tie]:
        """The ties that a literal makes, where these are made."""
        name, args = literal.atom.name, literal.atom.args
        if name in self._inside:
            whole, last = args[0], args[-1]
            found = _is_named(whole) and _Tie(whole.name, _VALUE) in tied
            return {_Tie(last.name, _VALUE)} if found and _is_named(last) else set()
        if any(_tie(literal, place) not in tied for place in self._needed(literal)):
            return set()
        found_here = (_tie(literal, place) for place in self._gives.get(name, ()))
        return {tie for tie in found_here if tie is not None}

    def _tied(self, rule: Rule, begin: set[_Tie]) -> set[_Tie]:
        """All ties of a rule, where these are made."""
        tied = set(begin)
        while True:
            before = len(tied)
            for item in rule.body:
                if isinstance(item, Literal) and not item.negated:
                    tied |= self._given_by(item, tied)
                elif isinstance(item, Comparison) and item.op == "=":
                    for one, other in ((item.left, item.right), (item.right, item.left)):
                        if _is_named(one) and _is_named(other):
                            tied |= {_Tie(other.name, sort) for name, sort in tied if name == one.name}
            if len(tied) == before:
                return tied

    def check(self, rule: Rule, *, called: bool) -> None:
        """Check that all that a rule takes for a traced value is tied, by the rule, or by those that call it
        where it is ``called``.

        Raises:
            _UntiedError: something is not.
        """
        begin = self._given(rule)
        if called:
            begin |= {
                _Tie(term.name, sort)
                for place, sort in self._needs[rule.head]
                if _is_named(term := rule.args[place])
            }
        tied = self._tied(rule, begin)
        for literal in _literals(rule):
            for place in self._needed(literal):
                if _tie(literal, place) not in tied:
                    raise _UntiedError


def _tie(literal: Literal, place: _Place) -> _Tie | None:
    """The tie that a place of a literal needs or gives; None where no named variable stands there."""
    term: Term = literal.atom.args[place.column]
    return _Tie(term.name, place.sort) if _is_named(term) else None


def _is_named(term: Term) -> TypeGuard[Var]:
    return isinstance(term, Var) and not term.anonymous
