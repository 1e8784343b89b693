"""Influence: what the outcome of one call can do to the verdict about another.

It finds the relations that carry an outcome to a verdict, and which of two states is the worse one.

An action is decided by rules that read relations; an effect, or the history, of another action writes some of
them. Those are what must be looked at while that other action is under way. Where every path from a relation
to a rejection has the same sign, the state with more of its rows (or with fewer) is the worse one: what is
admitted there is admitted in the other. The same holds of a number in a column, such as what has been spent,
where it is only ever compared. What follows no such order is looked at state by state.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mpr_logic.analysis.occurrences import CALL, OUTCOMES, is_history, split_numbered
from mpr_logic.analysis.strata import read_by
from mpr_logic.analysis.terms import (
    inner_terms,
    item_vars,
    literals,
    names,
    term_vars,
    vars_of,
)
from mpr_logic.analysis.totality import may_fail
from mpr_logic.language.ast import Aggregate, Arithmetic, Comparison, Const, Literal, Var

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mpr_logic.analysis.program import Program, Rule
    from mpr_logic.language.ast import Term

MORE, FEWER = 1, -1
_BOTH = frozenset({MORE, FEWER})
_NUMBERS = ("int", "float")


@dataclass(frozen=True)
class Influence:
    """The relations and actions that can bear on the verdict about one action.

    Attributes:
        relations: the core relations that its rules read, directly, through others, or through effects.
        actions: those whose outcome writes one of these.
        signs: by relation, the directions in which a further row is worse.
        sums: by relation, the columns whose number decides by its sign which direction that is.
        numbers: by relation, the column in which a number is worse the larger (or smaller) it is.
        ordered: False where no state is worse than another.
    """

    relations: frozenset[str]
    actions: frozenset[str]
    signs: Mapping[str, frozenset[int]] = field(default_factory=dict)
    sums: Mapping[str, frozenset[tuple[int, int]]] = field(default_factory=dict)
    numbers: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    ordered: bool = True


def influence_on(program: Program, action: str) -> Influence:
    """The influence of all actions on the verdict about one."""
    heads = {f"forbid {action}", f"permit {action}"}
    effects = {rule.head for rule in program.rules if rule.clause.kind in ("causes", "ends")}
    actions: set[str] = set()
    while True:
        read = read_by(program, heads)
        # of an open-world relation, what is seen to hold is no longer seen not to
        both = read | {_opposite(each) for each in read}
        coming = {head for head in effects if written_by(head)[0] in both}
        if coming <= heads:
            break
        heads |= coming
    actions = {written_by(head)[1] for head in heads & effects}
    for name in read:
        word, _, of = split_numbered(name)[1].partition(" ")
        if word in OUTCOMES:
            actions.add(of)
    relations = frozenset(read | {written_by(head)[0] for head in heads & effects})
    relations |= {_opposite(each) for each in relations if not is_history(each)}
    if not actions:
        return Influence(relations, frozenset())
    rules = [rule for head in (*heads, *read) for rule in program.rules_for(head)]
    if any(rule.weight < 1 for rule in rules if rule.clause.kind not in ("forbid", "permit")):
        return Influence(relations, frozenset(actions), ordered=False)
    return _Order(program, action, relations, frozenset(actions), rules).found()


def written_by(head: str) -> tuple[str, str]:
    """The relation that an effect's head writes, and the action that it is an effect of."""
    _, relation, _, action = head.split(" ")
    return relation, action


def _opposite(relation: str) -> str:
    return relation.removeprefix("not ") if relation.startswith("not ") else f"not {relation}"


class _NoOrderError(Exception):
    """A number is used in a way that has no order."""


class _Order:
    """Finds which of two states is the worse one.

    Relations in which a number is only compared are assumed first; those for which that does not hold are
    dropped, until what is left holds together.
    """

    def __init__(
        self,
        program: Program,
        action: str,
        relations: frozenset[str],
        actions: frozenset[str],
        rules: list[Rule],
    ) -> None:
        self._program = program
        self._action = action
        self._relations, self._actions = relations, actions
        self._rules = rules
        self._numbers: dict[str, int] = {}
        self._signs: dict[str, set[int]] = {}
        self._sums: dict[str, set[tuple[int, int]]] = {}
        self._failing: dict[Rule, bool] = {}

    def found(self) -> Influence:
        """The order."""
        self._numbers = dict(self._candidates())
        while True:
            self._spread()
            directions: dict[str, int] = {}
            for relation, column in self._numbers.items():
                try:
                    found = self._directions(relation, column)
                except _NoOrderError:
                    continue
                if len(found) < 2:
                    directions[relation] = min(found, default=MORE)
            if directions.keys() == self._numbers.keys():
                break
            self._numbers = {each: self._numbers[each] for each in directions}
        return Influence(
            self._relations,
            self._actions,
            {name: frozenset(signs) for name, signs in self._signs.items()},
            {name: frozenset(sums) for name, sums in self._sums.items()},
            {name: (column, directions[name]) for name, column in self._numbers.items()},
        )

    def _candidates(self) -> Iterator[tuple[str, int]]:
        """Stored relations that effects write, each with its last column of numbers."""
        for rule in self._rules:
            if rule.clause.kind != "causes":
                continue
            relation = written_by(rule.head)[0]
            signature = self._program.schema.relations[relation]
            columns = [i for i, base in enumerate(signature.bases) if base in _NUMBERS]
            if not columns or signature.open_world or self._program.rules_for(relation):
                continue
            key = signature.key
            if key is None or set(range(signature.arity)) - set(key) == {columns[-1]}:
                yield relation, columns[-1]

    # -- the sign of a further row -------------------------------------------------------------

    def _spread(self) -> None:
        """Work out the signs, from the verdict downwards."""
        self._signs = {f"forbid {self._action}": {MORE}, f"permit {self._action}": {FEWER}}
        self._sums = {}
        before = -1
        while before != (size := self._size()):
            before = size
            for rule in self._rules:
                for name, signs in self._of_rule(rule):
                    self._signs.setdefault(name, set()).update(signs)

    def _size(self) -> int:
        return sum(map(len, self._signs.values())) + sum(map(len, self._sums.values()))

    def _head_signs(self, rule: Rule) -> frozenset[int]:
        """The directions in which it is worse that a rule fires."""
        kind = rule.clause.kind
        if kind not in ("causes", "ends"):
            found = frozenset(self._signs.get(_counted(rule.head), ()))
            return _BOTH if FEWER in found and self._may_fail(rule) else found
        relation = written_by(rule.head)[0]
        signature = self._program.schema.relations[relation]
        signs = frozenset(self._signs.get(relation, ()))
        if relation in self._numbers or relation in self._sums or signature.key is not None:
            return _BOTH
        if kind == "ends":
            return _turned(signs)
        return signs | _turned(frozenset(self._signs.get(_opposite(relation), ())))

    def _may_fail(self, rule: Rule) -> bool:
        """Whether a row may make that a rule has no answer: then nothing is admitted, whatever the head."""
        found = self._failing.get(rule)
        if found is None:
            found = self._failing[rule] = may_fail(self._program, rule)
        return found

    def _of_rule(self, rule: Rule) -> Iterator[tuple[str, frozenset[int]]]:
        signs = self._head_signs(rule)
        for item in rule.body:
            if isinstance(item, Literal):
                yield _counted(item.atom.name), _turned(signs) if item.negated else signs
            elif isinstance(item, Aggregate):
                yield from self._of_aggregate(rule, item, signs)

    def _of_aggregate(
        self, rule: Rule, item: Aggregate, signs: frozenset[int]
    ) -> Iterator[tuple[str, frozenset[int]]]:
        """The signs of the relations inside the braces: their rows make the value, and the first of them may
        make that there is a value at all."""
        inner = list(literals(item.body))
        try:
            value = (
                frozenset(self._uses(rule, item.target.name, signs))
                if isinstance(item.target, Var)
                else _BOTH
            )
        except _NoOrderError:
            value = _BOTH
        exists = signs if rule.groups or item.function in ("min", "max") else frozenset()
        if item.function == "min":
            value = _turned(value)
        for each in inner:
            found = value
            if item.function == "sum" and value:
                column = _summed(item, each)
                if column is None or self._program.rules_for(each.atom.name):
                    found = _BOTH
                else:  # worse or better by the sign of what a row adds, or takes away
                    adds = _turned(value) if each.negated else value
                    self._sums.setdefault(each.atom.name, set()).update((column, sign) for sign in adds)
                    found = frozenset()
            found |= exists
            if signs and self._may_fail(rule):
                found |= {MORE}
            yield _counted(each.atom.name), _turned(found) if each.negated else found

    # -- the order of a number -----------------------------------------------------------------

    def _directions(self, relation: str, column: int) -> set[int]:
        """The directions in which a number in a column is worse.

        Raises:
            _NoOrderError: it is used in a way that has no order.
        """
        found: set[int] = set()
        todo = [(relation, column, MORE)]
        seen = set(todo)
        while todo:
            name, place, sign = todo.pop()
            for rule in self._rules:
                for variable in _read_in(rule, name, place):
                    signs = self._head_signs(rule)
                    for use in self._flows(rule, variable, signs, (name, place)):
                        if isinstance(use, int):
                            found.add(use * sign)
                        else:
                            further = (use[0], use[1], use[2] * sign)
                            if further not in seen:
                                seen.add(further)
                                todo.append(further)
        return found

    def _uses(self, rule: Rule, variable: str, signs: frozenset[int]) -> set[int]:
        """The directions in which the value of an aggregate is worse."""
        found: set[int] = set()
        for use in self._flows(rule, variable, signs, None, bound=False):
            if isinstance(use, int):
                found.add(use)
            else:
                name, place, sign = use
                found |= {each * sign for each in self._directions(name, place)}
        return found

    def _flows(
        self,
        rule: Rule,
        variable: str,
        signs: frozenset[int],
        origin: tuple[str, int] | None,
        *,
        bound: bool = True,
        given_by: Comparison | None = None,
    ) -> Iterator[int | tuple[str, int, int]]:
        """The uses of the number in a variable of a rule.

        A comparison is a direction; a place in the head is a column with a sign. There are none while nothing
        depends on the head.

        Raises:
            _NoOrderError: it is used otherwise.
        """
        if not signs:
            return
        self._only_compared(rule, variable, bound=bound)
        for item in rule.body:
            if item is given_by or not isinstance(item, Comparison):
                continue
            if variable not in names(item_vars(item)):
                continue
            if item.op == "=":
                target, term = self._assigned(rule, item, variable)
                sign = _sign(term, variable)
                for use in self._flows(rule, target, signs, None, bound=False, given_by=item):
                    yield use * sign if isinstance(use, int) else (use[0], use[1], use[2] * sign)
                continue
            if item.op == "!=" or len(signs) != 1:
                raise _NoOrderError
            sides = {_sign(item.left, variable), -_sign(item.right, variable)} - {0}
            if len(sides) != 1:
                raise _NoOrderError
            (side,), (sign,) = sides, signs
            yield side * sign * (1 if item.op in (">", ">=") else -1)
        for place, term in enumerate(rule.args):
            if variable in names(term_vars(term)):
                yield from self._in_head(rule, place, term, variable, origin)

    def _in_head(
        self, rule: Rule, place: int, term: Term, variable: str, origin: tuple[str, int] | None
    ) -> Iterator[tuple[str, int, int]]:
        column, kind = place - rule.given, rule.clause.kind
        if column < 0:
            raise _NoOrderError
        if kind == "relation":
            yield rule.head, place, _sign(term, variable)
            return
        relation = written_by(rule.head)[0]
        if kind == "causes" and self._numbers.get(relation) == column:
            yield relation, column, _sign(term, variable)
        elif not (kind == "ends" and origin == (relation, column) and _ends_itself(rule, relation)):
            raise _NoOrderError

    def _only_compared(self, rule: Rule, variable: str, *, bound: bool) -> None:
        """Check that a variable stands in no other place than one literal, comparisons, and the head."""
        times = 0
        for item in rule.body:
            if isinstance(item, Literal):
                times += sum(each.name == variable for each in vars_of(item.atom.args))
            elif not isinstance(item, Comparison) and variable in names(item_vars(item)):
                target = isinstance(item, Aggregate) and item.target == Var(variable)
                inner = isinstance(item, Aggregate) and variable in names(vars_of(inner_terms(item)))
                if bound or not target or inner:
                    raise _NoOrderError
        if times != (1 if bound else 0):
            raise _NoOrderError

    def _assigned(self, rule: Rule, item: Comparison, variable: str) -> tuple[str, Term]:
        """The variable that an equation gives a value to, and its term."""
        elsewhere = names(vars_of(rule.args[: rule.given]))
        for other in rule.body:
            if other is not item and not isinstance(other, Comparison):
                elsewhere |= names(item_vars(other))
        for target, term in ((item.left, item.right), (item.right, item.left)):
            if isinstance(target, Var) and target.name != variable and target.name not in elsewhere:
                assigns = [
                    each
                    for each in rule.body
                    if isinstance(each, Comparison) and each.op == "=" and target in (each.left, each.right)
                ]
                if assigns == [item] and variable in names(term_vars(term)):
                    return target.name, term
        raise _NoOrderError


def _counted(relation: str) -> str:
    """Of the first and last calls of a history, its calls: with more of them there is a call before, or
    after, wherever there was one."""
    prefix, plain = split_numbered(relation)
    return CALL + plain if prefix else relation


def _turned(signs: frozenset[int]) -> frozenset[int]:
    return frozenset(-each for each in signs)


def _summed(item: Aggregate, literal: Literal) -> int | None:
    """The column of a literal inside the braces that a sum adds up; None where it is another sum."""
    if not isinstance(item.expression, Var):
        return None
    places = [i for i, term in enumerate(literal.atom.args) if term == item.expression]
    return places[0] if len(places) == 1 else None


def _read_in(rule: Rule, relation: str, column: int) -> Iterator[str]:
    """The variables that a rule reads a column into.

    Raises:
        _NoOrderError: it reads it in a way that has no order.
    """
    for item in rule.body:
        if isinstance(item, Aggregate) and any(each.atom.name == relation for each in literals(item.body)):
            raise _NoOrderError
        if isinstance(item, Literal) and item.atom.name == relation:
            term = item.atom.args[column]
            if isinstance(term, Var) and term.name == "_":
                continue
            if item.negated or not isinstance(term, Var):
                raise _NoOrderError
            yield term.name


def _ends_itself(rule: Rule, relation: str) -> bool:
    """Whether a rule ends the very row that it reads."""
    row = rule.args[rule.given :]
    return any(
        isinstance(item, Literal)
        and item.atom.name == relation
        and not item.negated
        and item.atom.args == row
        and all(isinstance(term, Const) or (isinstance(term, Var) and term.name != "_") for term in row)
        for item in rule.body
    )


def _sign(term: Term, variable: str) -> int:
    """Whether a term grows (1) or falls (-1) with a variable; 0 where it does not have it.

    Raises:
        _NoOrderError: neither.
    """
    match term:
        case Var(name):
            return 1 if name == variable else 0
        case Const():
            return 0
        case Arithmetic("+" | "-" as op):
            left, right = _sign(term.left, variable), _sign(term.right, variable)
            signs = {left, right if op == "+" else -right} - {0}
            if len(signs) > 1:
                raise _NoOrderError
            return signs.pop() if signs else 0
        case Arithmetic("*"):
            for one, other in ((term.left, term.right), (term.right, term.left)):
                if isinstance(one, Const) and isinstance(one.value, int | float):
                    if one.value == 0:
                        raise _NoOrderError
                    return _sign(other, variable) * (1 if one.value > 0 else -1)
    if variable in names(term_vars(term)):
        raise _NoOrderError
    return 0
