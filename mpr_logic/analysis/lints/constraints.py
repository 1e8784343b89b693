"""Whether the items of a body can hold together: equalities, bounds, order, texts, and what is denied.

It finds no more than simple reasoning does: what it does not understand counts as possible.
"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, TypeAlias

from mpr_logic.analysis.lints.moments import Span
from mpr_logic.analysis.lints.numbers import linear, quotient, remainder, unsolvable
from mpr_logic.analysis.lints.regex import Capitals
from mpr_logic.analysis.lints.text_tests import Texts, holds
from mpr_logic.analysis.terms import item_terms, term_vars
from mpr_logic.analysis.times import SPANS
from mpr_logic.language.ast import Aggregate, Arithmetic, Call, Comparison, Const, Literal, Test, Var
from mpr_logic.language.functions import FUNCTIONS
from mpr_logic.language.moments import Moment
from mpr_logic.language.printer import print_item, print_term

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from mpr_logic.language.ast import BodyItem, Term, Value

Node: TypeAlias = str | tuple[type, "Value"]
"""A variable by its name, or a constant with its type."""

FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!="}
OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "=": "!=", "!=": "="}
EXACT = 2**53
MOST_VALUES = 500
"""Of a variable with more values than this none is held against a test of texts: that takes long."""
IMPLIED = {"succeeded": "past", "failed": "past"}


class Bounds:
    """The numbers that a value may be: from ``low`` to ``high``, and where from each bound comes."""

    def __init__(self) -> None:
        self.low, self.high = -math.inf, math.inf
        self.open_low = self.open_high = False
        self.why_low: BodyItem | None = None
        self.why_high: BodyItem | None = None

    def above(self, value: float, strict: bool, why: BodyItem | None) -> None:
        """No number below this."""
        if value > self.low or (value == self.low and strict and not self.open_low):
            self.low, self.open_low, self.why_low = value, strict, why

    def below(self, value: float, strict: bool, why: BodyItem | None) -> None:
        """No number above this."""
        if value < self.high or (value == self.high and strict and not self.open_high):
            self.high, self.open_high, self.why_high = value, strict, why

    def empty(self, whole: bool) -> bool:
        """Whether there is no such number; or no such whole one."""
        if self.low > self.high or (self.low == self.high and (self.open_low or self.open_high)):
            return True
        if not whole or not (math.isfinite(self.low) and math.isfinite(self.high)):
            return False
        first = math.floor(self.low) + 1 if self.open_low else math.ceil(self.low)
        last = math.ceil(self.high) - 1 if self.open_high else math.floor(self.high)
        return first > last


class Constraints:
    """The conditions of a set of body items, taken together, so that contradictions among them are found.

    Args:
        items: literals with positional arguments, comparisons, tests and aggregates; of these only the
            target is looked at.
        domains: for variables, the only values that they can have.
        whole: the variables whose numbers are ints.
        least: for variables, the numbers that they are never below.
        aggregates: for aggregates, the least and the greatest number that they come to.
    """

    def __init__(
        self,
        items: Iterable[BodyItem],
        domains: Mapping[str, frozenset[Value]] | None = None,
        whole: Iterable[str] = (),
        least: Mapping[str, int] | None = None,
        aggregates: Mapping[Aggregate, tuple[float, float]] | None = None,
    ) -> None:
        self.items = list(items)
        self._parent: dict[Node, Node] = {}
        self._whole_names = set(whole)
        self._domains = dict(domains or {})
        self._least = dict(least or {})
        self._aggregates = aggregates or {}
        self._merge()
        self._whole = {self._find(name) for name in self._whole_names}

    def fault(self) -> str | None:
        """Return a reason why the items cannot hold together; None where they may."""
        return (
            self._constants()
            or self._fractions()
            or self._self_comparisons()
            or self._cancelled()
            or self._divided()
            or self._denied()
            or self._ranges()
            or self._moments()
            or self._orders()
            or self._choices()
            or self._lowered()
            or self._texts()
        )

    # -- equalities ----------------------------------------------------------------------------

    def _find(self, node: Node) -> Node:
        while (up := self._parent.get(node, node)) != node:
            node = up
        return node

    def _node(self, term: Term) -> Node | None:
        if isinstance(term, Var):
            return None if term.name == "_" else self._find(term.name)
        if isinstance(term, Const):
            return self._find(_constant(term.value))
        number = self._number(term)
        return None if number is None else self._find(number)

    def _number(self, term: Term) -> str | None:
        """A name for a number with bounds that a function gives for a variable, such as the length of a text:
        it is a value like that of a variable."""
        if not (isinstance(term, Call) and math.isfinite(FUNCTIONS[term.function].least)):
            return None
        if isinstance(term.args[0], Var) and all(isinstance(each, (Var, Const)) for each in term.args):
            return print_term(term)
        return None

    def _merge(self) -> None:
        for item in self.items:
            self._whole_names |= {each for each in map(self._number, item_terms(item)) if each is not None}
        for item in self.items:
            if isinstance(item, Comparison) and item.op == "=":
                left, right = self._node(item.left), self._node(item.right)
                if (
                    left is not None
                    and right is not None
                    and (isinstance(left, str) or isinstance(right, str))
                ):
                    # a constant stands for its class; two of them are a fault, and stay two
                    first, second = (right, left) if isinstance(right, str) else (left, right)
                    if first != second:
                        self._parent[first] = second
            elif isinstance(item, Aggregate) and item.function == "count" and isinstance(item.target, Var):
                self._whole_names.add(item.target.name)

    def value(self, term: Term) -> Value | None:
        """The constant that a term is known to be."""
        node = self._node(term)
        return node[1] if isinstance(node, tuple) else None

    def _constants(self) -> str | None:
        for item in self.items:
            if isinstance(item, Comparison) and item.op == "=":
                left, right = self.value(item.left), self.value(item.right)
                if left is not None and right is not None and not _same(left, right):
                    return self._because(item, [each for each in self.items if self._binds(each, item)])
        return None

    def _fractions(self) -> str | None:
        """An int that is to be a number with a fraction."""
        for item in self.items:
            if isinstance(item, Comparison) and item.op == "=":
                for term, other in ((item.left, item.right), (item.right, item.left)):
                    value = self.value(other)
                    if self._is_whole(term) and isinstance(value, float) and not value.is_integer():
                        return self._because(item, [e for e in self.items if self._binds(e, item)])
        return None

    def _is_whole(self, term: Term) -> bool:
        """Whether a term is an int, whatever its variables are."""
        if isinstance(term, Arithmetic):
            return self._is_whole(term.left) and self._is_whole(term.right)
        if isinstance(term, Const):
            return isinstance(term.value, int)
        if isinstance(term, Call):
            return FUNCTIONS[term.function].gives == "int"
        return term.name in self._whole_names

    def _cancelled(self) -> str | None:
        """A comparison of ints that does not hang on their values: ``N + 1 = N``, ``2 * N = 3``."""
        for item in self.items:
            if not (
                isinstance(item, Comparison) and self._is_whole(item.left) and self._is_whole(item.right)
            ):
                continue
            if unsolvable(linear(Arithmetic("-", item.left, item.right)), item.op):
                return self._because(item, [])
        return None

    def _divided(self) -> str | None:
        """A quotient, or a remainder, by 0: it has no value."""
        for item in self.items:
            for term in item_terms(item) if isinstance(item, Comparison) else ():
                if any(self.value(each.right) == 0 for each in _divisions(term)):
                    return self._because(item, [])
        return None

    def _binds(self, item: BodyItem, other: Comparison) -> bool:
        """Whether another equation binds one of the same variables."""
        if item is other or not isinstance(item, Comparison) or item.op != "=":
            return False
        names = {t.name for t in (other.left, other.right) if isinstance(t, Var)}
        return any(isinstance(t, Var) and t.name in names for t in (item.left, item.right))

    def _self_comparisons(self) -> str | None:
        for item in self.items:
            if not isinstance(item, Comparison):
                continue
            left, right = self._node(item.left), self._node(item.right)
            if left is not None and left == right and item.op in ("!=", "<", ">"):
                return self._because(item, [e for e in self.items if e is not item and _equates(e, item)])
            if (
                isinstance(left, tuple)
                and isinstance(right, tuple)
                and not _compares(left[1], item.op, right[1])
            ):
                return self._because(item, [e for e in self.items if e is not item and _equates(e, item)])
        return None

    def same(self, one: Term, other: Term) -> bool:
        """Whether two terms are known to have one value."""
        left, right = self._node(one), self._node(other)
        return left is not None and left == right

    # -- what is asserted and denied -----------------------------------------------------------

    def _denied(self) -> str | None:
        positive, negative = [], []
        for item in self.items:
            if not isinstance(item, Literal):
                continue
            name = item.atom.name
            if item.negated or name.startswith("not "):
                negative.append((name.removeprefix("not "), item))
            else:
                positive.append((name, item))
                word, _, action = name.partition(" ")
                if word in IMPLIED:  # what succeeded was tried
                    positive.append((f"{IMPLIED[word]} {action}", item))
        for name, no in negative:
            for other, yes in positive:
                if name == other and all(map(self._covers, no.atom.args, yes.atom.args)):
                    return self._because(yes, [no])
        return None

    def _covers(self, denied: Term, asserted: Term) -> bool:
        if isinstance(denied, Var) and denied.name == "_":
            return True
        return denied == asserted != Var("_") or self.same(denied, asserted)

    # -- numbers -------------------------------------------------------------------------------

    def _ranges(self) -> str | None:
        bounds: dict[Node, Bounds] = {}
        for name, number in self._least.items():
            known = self._find(name)
            if isinstance(known, str):
                bounds.setdefault(known, Bounds()).above(number, False, None)
            elif isinstance(known[1], (int, float)) and known[1] < number:
                return f"`{name}` is never less than {number}"
        for item in self.items:
            self._known_lengths(item, bounds)
            if isinstance(item, Aggregate):
                least = 0 if item.function == "count" else -math.inf
                low, high = self._aggregates.get(item, (least, math.inf))
                node = self._node(item.target)
                if isinstance(node, str):
                    mine = bounds.setdefault(node, Bounds())
                    mine.above(low, False, item)
                    mine.below(high, False, item)
                elif node is not None and isinstance(node[1], (int, float)) and not low <= node[1] <= high:
                    return self._because(item, [])
        comparisons = [i for i in self.items if isinstance(i, Comparison) and i.op != "!="]
        before: object = None
        for _ in range(4):  # bounds pass on along a few equations
            for item in comparisons:
                fault = self._bound(item, bounds)
                if fault is not None:
                    return fault
            now = [(each.low, each.high) for each in bounds.values()]
            if now == before:
                break
            before = now
        return self._pinned(bounds)

    def _known_lengths(self, item: BodyItem, bounds: dict[Node, Bounds]) -> None:
        for term in item_terms(item) if isinstance(item, Comparison) else ():
            if not (isinstance(term, Call) and term.function == "length"):
                continue
            node, value = self._node(term), self.value(term.args[0])
            if isinstance(node, str) and isinstance(value, str):
                bounds.setdefault(node, Bounds()).above(len(value), False, None)
                bounds[node].below(len(value), False, None)

    def _bound(self, item: Comparison, bounds: dict[Node, Bounds]) -> str | None:
        for term, op, other in (
            (item.left, item.op, item.right),
            (item.right, FLIPPED[item.op], item.left),
        ):
            low, high = self._range(other, bounds)
            if not isinstance(self._node(term), str):
                first, last = self._range(term, bounds)
                if not _possible((first, last), op, (low, high)):
                    return self._because(item, self._reasons(item, bounds))
                continue
            node = self._node(term)
            assert node is not None
            mine = bounds.setdefault(node, Bounds())
            if isinstance(term, Call):
                mine.above(FUNCTIONS[term.function].least, False, None)
                mine.below(FUNCTIONS[term.function].most, False, None)
            before = (mine.why_low, mine.why_high)
            if op in (">", ">=", "=") and low > -math.inf:
                mine.above(low, op == ">", item)
            if op in ("<", "<=", "=") and high < math.inf:
                mine.below(high, op == "<", item)
            if mine.empty(node in self._whole):
                known = [why for why in (*before, mine.why_low, mine.why_high) if why is not None]
                return self._because(item, known)
        return None

    def _pinned(self, bounds: Mapping[Node, Bounds]) -> str | None:
        for item in self.items:
            if not (isinstance(item, Comparison) and item.op == "!="):
                continue
            for term, other in ((item.left, item.right), (item.right, item.left)):
                node, value = self._node(term), self.value(other)
                mine = bounds.get(node) if isinstance(node, str) else None
                if mine is not None and value is not None and mine.low == mine.high == value:
                    known = [why for why in (mine.why_low, mine.why_high) if why is not None]
                    return self._because(item, known)
        return None

    def _range(self, term: Term, bounds: Mapping[Node, Bounds]) -> tuple[float, float]:
        if isinstance(term, Arithmetic):
            return self._computed(term, self._range(term.left, bounds), self._range(term.right, bounds))
        node = self._node(term)
        if isinstance(term, Call) and (node is None or node not in bounds):
            return FUNCTIONS[term.function].least, FUNCTIONS[term.function].most
        if isinstance(node, tuple) and isinstance(node[1], (int, float)) and _exact(node[1]):
            return float(node[1]), float(node[1])
        found = bounds.get(node) if node is not None else None
        return (found.low, found.high) if found is not None else (-math.inf, math.inf)

    def _computed(
        self, term: Arithmetic, left: tuple[float, float], right: tuple[float, float]
    ) -> tuple[float, float]:
        whole = self._is_whole(term)
        if term.op == "+":
            return left[0] + right[0], left[1] + right[1]
        if term.op == "-":
            return (0, 0) if self.same(term.left, term.right) else (left[0] - right[1], left[1] - right[0])
        if term.op == "*":
            ends = [a * b for a in left for b in right if not (a == 0 or b == 0)] or [0.0]
            inside_zero = left[0] <= 0 <= left[1] or right[0] <= 0 <= right[1]
            low, high = (min([*ends, 0.0]), max([*ends, 0.0])) if inside_zero else (min(ends), max(ends))
            return (max(low, 0.0) if self.same(term.left, term.right) else low), high
        return quotient(left, right, whole) if term.op == "/" else remainder(left, right, whole)

    def _reasons(self, item: Comparison, bounds: Mapping[Node, Bounds]) -> list[BodyItem]:
        found: list[BodyItem] = []
        for var in (*term_vars(item.left), *term_vars(item.right)):
            mine = bounds.get(self._find(var.name))
            if mine is not None:
                found += [why for why in (mine.why_low, mine.why_high) if why is not None]
        return found

    def _moments(self) -> str | None:
        """Times, dates or durations that two comparisons with constants leave none of."""
        spans: dict[tuple[str, str], Span] = {}
        unequal: list[tuple[tuple[str, str], int, Comparison]] = []
        for item in (each for each in self.items if isinstance(each, Comparison)):
            for term, op, other in (
                (item.left, item.op, item.right),
                (item.right, FLIPPED[item.op], item.left),
            ):
                node, value = self._node(term), self.value(other)
                if not (isinstance(node, str) and isinstance(value, Moment)):
                    continue
                mine = spans.setdefault((node, value.type_), Span())
                mine.narrow(op, value.number, item)
                if mine.empty():
                    return self._because(item, [each for each in mine.reasons() if each is not item])
                if op == "!=":
                    unequal.append(((node, value.type_), value.number, item))
        for of, number, item in unequal:
            if spans[of].without(number):
                return self._because(item, spans[of].reasons())
        return None

    # -- order between variables ---------------------------------------------------------------

    def _orders(self) -> str | None:
        """A circle of `<` and `<=` with a `<` in it."""
        edges: dict[Node, list[tuple[Node, bool, Comparison | None]]] = {}
        for item in self.items:
            if not (isinstance(item, Comparison) and item.op in ("<", "<=", ">", ">=")):
                continue
            left, right = self._node(item.left), self._node(item.right)
            if left is None or right is None:
                continue
            low, high = (left, right) if item.op in ("<", "<=") else (right, left)
            edges.setdefault(low, []).append((high, item.op in ("<", ">"), item))
        fixed = [each for each in _nodes(edges) if isinstance(each, tuple) and each[0] is not float]
        for kind in {each[0] for each in fixed}:  # numbers are held to their bounds
            ordered = sorted(each[1] for each in fixed if each[0] is kind)
            for less, more in itertools.pairwise(ordered):
                edges.setdefault((kind, less), []).append(((kind, more), True, None))
        for start, out in edges.items():
            for node, strict, asked in out:
                path = self._path(edges, node, start) if strict and asked is not None else None
                if path is not None and asked is not None:
                    return self._because(asked, path)
        return None

    def _path(
        self, edges: Mapping[Node, list[tuple[Node, bool, Comparison | None]]], start: Node, goal: Node
    ) -> list[BodyItem] | None:
        came: dict[Node, list[BodyItem]] = {start: []}
        agenda = [start]
        for node in agenda:  # which grows
            if node == goal:
                return came[node]
            for after, _, item in edges.get(node, ()):
                if after not in came:
                    came[after] = came[node] if item is None else [*came[node], item]
                    agenda.append(after)
        return None

    # -- the only values -----------------------------------------------------------------------

    def _choices(self) -> str | None:
        left: dict[Node, frozenset[Value]] = {}
        for name, values in self._domains.items():
            node = self._find(name)
            left[node] = left[node] & values if node in left else values
        for node, values in left.items():
            why: list[BodyItem] = []
            for item in self.items:
                if isinstance(item, (Comparison, Test)):
                    kept = self._kept(node, values, item)
                    why += [item] if len(kept) < len(values) else []
                    values = kept
            if isinstance(node, tuple) and not any(_same(node[1], value) for value in values):
                return f"`{node[1]}` is none of the values that there can be"
            if not values and why:
                return self._because(why[0], why[1:])
            if not values:
                return f"there is no value that `{_shown(node)}` can have"
        return None

    def _kept(self, node: Node, values: frozenset[Value], item: Comparison | Test) -> frozenset[Value]:
        """Those of the values of a variable with which a comparison, or a test, may hold."""
        if isinstance(item, Test):
            if item.name in SPANS:
                return values
            part = self.value(item.args[1])
            if not isinstance(node, str) or self._node(item.args[0]) != node or not isinstance(part, str):
                return values
            if item.name == "is":
                return frozenset(v for v in values if _may_be(v, part, item.negated))
            if len(values) > MOST_VALUES:
                return values
            return frozenset(
                v for v in values if not isinstance(v, str) or holds(v, item.name, part) != item.negated
            )
        for term, op, other in ((item.left, item.op, item.right), (item.right, FLIPPED[item.op], item.left)):
            value = self.value(other)
            if self._node(term) == node and isinstance(node, str) and value is not None:
                kept = frozenset(v for v in values if _compares(v, op, value))
                if len(kept) < len(values):
                    return kept
        return values

    # -- texts ---------------------------------------------------------------------------------

    def _texts(self) -> str | None:
        found: dict[Node, Texts] = {}
        for item in self.items:
            if not isinstance(item, Test) or item.name == "is" or item.name in SPANS:
                continue
            node, part = self._node(item.args[0]), self.value(item.args[1])
            if node is None or not isinstance(part, str):
                continue
            texts = found.setdefault(node, Texts(node[1] if isinstance(node, tuple) else None))
            other = texts.add(item, part)
            if other is not None:
                return self._because(item, [] if other is item else [other])
        return None

    def _lowered(self) -> str | None:
        """A text in lower case that is, or has in it, one that is not; likewise in upper case, or trimmed."""
        folded: dict[Node, tuple[BodyItem, Call]] = {}
        for item in self.items:
            if not (isinstance(item, Comparison) and item.op == "="):
                continue
            for term, other in ((item.left, item.right), (item.right, item.left)):
                node = self._node(other)
                if isinstance(term, Call) and _never_is(term, self.value(other)):
                    return self._because(item, [])
                if isinstance(term, Call) and isinstance(node, str):
                    folded[node] = item, term
        for item in self.items:
            if isinstance(item, Test) and not item.negated:
                text, tested = self.value(item.args[1]), item.args[0]
                if isinstance(tested, Call) and _never_has(tested, item.name, text):
                    return self._because(item, [])
                node = self._node(tested)
                if node is not None and node in folded and _never_has(folded[node][1], item.name, text):
                    return self._because(item, [folded[node][0]])
        return None

    def _because(self, item: BodyItem, others: Iterable[BodyItem]) -> str:
        shown = list(dict.fromkeys(_printed(each) for each in (*others, item)))
        if len(shown) == 1:
            return f"{shown[0]} holds of nothing"
        return f"{', '.join(shown[:-1])} and {shown[-1]} do not hold together"


def negation(item: BodyItem) -> BodyItem | None:
    """A comparison, or a test, that holds where this one does not; None for other items."""
    if isinstance(item, Comparison):
        return Comparison(OPPOSITE[item.op], item.left, item.right, item.span)  # type: ignore[arg-type]
    if isinstance(item, Test):
        return Test(item.name, item.args, not item.negated, item.span)
    return None


def _nodes(edges: Mapping[Node, Iterable[tuple[Node, bool, object]]]) -> set[Node]:
    """The ends of edges."""
    return {*edges, *(each[0] for out in edges.values() for each in out)}


def _divisions(term: Term) -> Iterator[Arithmetic]:
    """The quotients and remainders in a term."""
    if isinstance(term, Arithmetic):
        yield from _divisions(term.left)
        yield from _divisions(term.right)
        if term.op in ("/", "mod"):
            yield term


def _may_be(value: Value, kind: str, negated: bool) -> bool:
    """Whether a value may pass the test for a built-in type: only texts and numbers are told apart."""
    if kind == "any":
        return not negated
    fits = isinstance(value, str) == (kind in ("symbol", "bool"))
    return fits != negated or (negated and kind in ("int", "bool"))


_FOLDS: dict[str, Callable[[str], str]] = {"upper": str.upper, "casefold": str.casefold, "trim": str.strip}
"""Functions that change nothing in a text that they have made."""


def _never_is(call: Call, value: Value | None) -> bool:
    """Whether a function of a text never has this value."""
    if call.function == "lower":
        return _has_capitals(value)
    fold = _FOLDS.get(call.function)
    return fold is not None and isinstance(value, str) and value.isascii() and fold(value) != value


def _never_has(call: Call, test: str, part: Value | None) -> bool:
    """Whether a test never finds this part in what a function of a text makes."""
    if test == "matches":
        return call.function == "lower" and isinstance(part, str) and Capitals(part).needed
    return call.function != "trim" and _never_is(call, part)


def _has_capitals(value: Value | None) -> bool:
    """Whether a text has a character that no text in lower case has."""
    return isinstance(value, str) and any(character.lower() != character for character in value)


def _printed(item: BodyItem) -> str:
    return f"`{print_item(item)}`"


def _shown(node: Node) -> str:
    return node if isinstance(node, str) else str(node[1])


def _constant(value: Value) -> tuple[type, Value]:
    return (float, value) if isinstance(value, (int, float)) else (type(value), value)


def _same(one: Value, other: Value) -> bool:
    return _constant(one) == _constant(other)


def _exact(value: int | float) -> bool:
    """Whether a number is small enough for floats to hold it, and its neighbours, as they are."""
    return abs(value) <= EXACT


def _compares(left: Value, op: str, right: Value) -> bool:
    """Whether a comparison of constants holds; what has no order counts as possible."""
    if op in ("=", "!="):
        return _same(left, right) == (op == "=")
    if _constant(left)[0] is not _constant(right)[0]:
        return True
    less, more = left < right, left > right  # type: ignore[operator]
    return {"<": less, "<=": not more, ">": more, ">=": not less}[op]


def _equates(item: BodyItem, other: Comparison) -> bool:
    """Whether an item is an equation of a variable that the other speaks of."""
    names = {t.name for t in (other.left, other.right) if isinstance(t, Var)}
    return (
        isinstance(item, Comparison)
        and item.op == "="
        and any(isinstance(t, Var) and t.name in names for t in (item.left, item.right))
    )


def _possible(left: tuple[float, float], op: str, right: tuple[float, float]) -> bool:
    if op == "=":
        return left[0] <= right[1] and right[0] <= left[1]
    if op == "<":
        return left[0] < right[1]
    if op == "<=":
        return left[0] <= right[1]
    if op == ">":
        return left[1] > right[0]
    return left[1] >= right[0]
