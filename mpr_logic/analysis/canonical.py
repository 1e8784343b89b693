"""The canonical form of a clause: one text for all clauses that differ only in the names of their
variables and in the order of their bodies. Its hash is the stable id of a clause without an @id.

Variables get ranks by colour refinement: head variables are told apart by their place, the others
by the items that they stand in, again and again until nothing changes. Constants count only where
that leaves a tie, so rules of one shape are ordered alike and the work is done once for a shape.
What is still tied is tried out; the least text wins.
"""

from __future__ import annotations

import hashlib
from itertools import pairwise
from typing import TYPE_CHECKING

from mpr_logic.analysis.annotations import explicit_id
from mpr_logic.analysis.desugar import core_clauses
from mpr_logic.analysis.normalise import apart
from mpr_logic.analysis.program import Program
from mpr_logic.analysis.report import DiagnosticCollector
from mpr_logic.analysis.resolve import Resolver, resolve_clause
from mpr_logic.analysis.terms import EXPANDED, item_vars, term_vars
from mpr_logic.errors import ProgramError
from mpr_logic.language.ast import Aggregate, Arithmetic, Comparison, Const, Literal, Named, Var

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mpr_logic.analysis.program import Schema
    from mpr_logic.analysis.resolve import Resolved
    from mpr_logic.language.ast import BodyItem, Clause, Term, Value


Ranks = dict[str, int]
MARK = "\x00"  # around the number of a placeholder in a template
WORK = 4_000  # items looked at before what is still tied is left in the order of the text
_MIRROR = {">": "<", ">=": "<="}


def clause_text(clause: Resolved) -> str:
    """The canonical text of a resolved clause."""
    return _Canonical(clause).text()


def clause_template(clause: Resolved) -> tuple[tuple[str, ...], tuple[int, ...]] | None:
    """The canonical text of a clause in which the variables ``$0``, ``$1``, ... stand for constants.

    Returns the pieces around the constants, and which constant follows each piece but the last;
    None where the constants decide the order, so that every clause must be ordered by itself.
    """
    canonical = _Canonical(clause)
    text = canonical.text()
    if canonical.ambiguous:
        return None
    parts = text.split(MARK)
    return tuple(parts[::2]), tuple(int(p) for p in parts[1::2])


def fill(template: tuple[tuple[str, ...], tuple[int, ...]], constants: list[Value]) -> str:
    """The canonical text of a clause from the template of its shape."""
    pieces, places = template
    text = [pieces[0]]
    for piece, place in zip(pieces[1:], places, strict=True):
        text.append(constant_text(constants[place]))
        text.append(piece)
    return "".join(text)


def constant_text(value: Value) -> str:
    """A constant, unambiguously."""
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return repr(value)


def short_id(text: str) -> str:
    """The id of a clause from its canonical text."""
    return "r" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:10]


def whole_text(parts: Iterable[str]) -> str:
    """The canonical text of a clause from those of its core clauses: a set, so that their order tells
    nothing."""
    return "\n".join(sorted(set(parts)))


class _Canonical:
    def __init__(self, clause: Resolved) -> None:
        self.clause = clause
        self.items = clause.body
        self.ambiguous = False  # the constants decided something, or would have
        self.with_constants = False
        self.work = 0
        self.occurs: dict[str, list[BodyItem]] = {}
        for item in clause.body:
            for name in dict.fromkeys(v.name for v in item_vars(item)):
                if _is_variable(name):
                    self.occurs.setdefault(name, []).append(item)

    def text(self) -> str:
        ranks = self._refine(self._start())
        if _tied(ranks) and self._has_constants(ranks):
            self.with_constants = True
            ranks = self._refine(ranks)
        ranks = self._settle(ranks)
        self.ambiguous = self.with_constants
        order = sorted(ranks, key=ranks.__getitem__)
        return self._whole({name: i for i, name in enumerate(order)})

    def _start(self) -> Ranks:
        ranks: Ranks = {}
        for term in self.clause.args:
            for var in term_vars(term):
                if _is_variable(var.name):
                    ranks.setdefault(var.name, len(ranks))
        last = len(ranks)
        for name in self.occurs:
            ranks.setdefault(name, last)
        return ranks

    def _has_constants(self, ranks: Ranks) -> bool:
        return "$" in self._whole(ranks, abstract=True)

    def _refine(self, ranks: Ranks) -> Ranks:
        """Tell variables apart by the items that they stand in until that tells no more apart."""
        classes = len(set(ranks.values()))
        while classes < len(ranks) and self.work < WORK:
            keys = {name: (rank, self._surroundings(name, ranks)) for name, rank in ranks.items()}
            order = {key: i for i, key in enumerate(sorted(set(keys.values())))}
            ranks = {name: order[key] for name, key in keys.items()}
            if len(order) == classes:
                break
            classes = len(order)
        return ranks

    def _surroundings(self, name: str, ranks: Ranks) -> tuple[tuple[str, str], ...]:
        # the variable itself is marked, so that its place in an item counts
        rank, ranks[name] = ranks[name], -1
        items = self.occurs.get(name, ())
        self.work += len(items)
        found = tuple(sorted(self._keyed(item, ranks) for item in items))
        ranks[name] = rank
        return found

    def _settle(self, ranks: Ranks) -> Ranks:
        """Give tied variables an order: the one with the least text."""
        tied = _tied(ranks)
        if not tied:
            return ranks
        if self.work >= WORK:
            return {name: i for i, name in enumerate(sorted(ranks, key=ranks.__getitem__))}
        choices = tied[:1] if self._interchangeable(tied) else tied
        best: tuple[str, Ranks] | None = None
        for name in choices:
            # twice the rank leaves room for the chosen one in front of the others
            chosen = {n: 2 * r + (n != name and r == ranks[name]) for n, r in ranks.items()}
            settled = self._settle(self._refine(chosen))
            text = self._whole(settled)
            if best is None or text < best[0]:
                best = (text, settled)
        assert best is not None
        return best[1]

    def _interchangeable(self, tied: list[str]) -> bool:
        """Whether swapping any two of them leaves the body as it is."""
        unique = {name: i for i, name in enumerate(self.occurs)}
        before = sorted(self._item(i, unique) for i in self.items)
        first = tied[0]
        for other in tied[1:]:
            self.work += len(self.items)
            swapped = {**unique, first: unique[other], other: unique[first]}
            if sorted(self._item(i, swapped) for i in self.items) != before:
                return False
        return True

    # -- text -----------------------------------------------------------------------------------

    def _whole(self, ranks: Ranks, *, abstract: bool = False) -> str:
        clause = self.clause
        head = ",".join(self._term(t, ranks, abstract) for t in clause.args)
        body = [self._item(item, ranks, abstract) for item in self._sorted(self.items, ranks)]
        return f"{clause.head}({head}):-{';'.join(body)}"

    def _keyed(self, item: BodyItem, ranks: Ranks) -> tuple[str, str]:
        shape = self._item(item, ranks, abstract=True)
        return shape, self._item(item, ranks) if self.with_constants else ""

    def _sorted(self, items: tuple[BodyItem, ...], ranks: Ranks) -> list[BodyItem]:
        keyed = sorted(
            ((self._item(i, ranks, abstract=True), self._item(i, ranks), n) for n, i in enumerate(items))
        )
        for (shape, _, _), (other, _, _) in pairwise(keyed):
            if shape == other and "$" in shape:
                self.ambiguous = True
        return [items[n] for _, _, n in keyed]

    def _item(self, item: BodyItem, ranks: Ranks, abstract: bool = False) -> str:
        if isinstance(item, Literal):
            args = ",".join([self._term(t, ranks, abstract) for t in item.atom.args])
            return f"{'not ' if item.negated else ''}{item.atom.name}({args})"
        if isinstance(item, Comparison):
            return self._comparison(item, ranks, abstract)
        if isinstance(item, Aggregate):
            target = self._term(item.target, ranks, abstract)
            expression = "" if item.expression is None else self._term(item.expression, ranks, abstract)
            inner = ";".join(self._item(i, ranks, abstract) for i in self._sorted(item.body, ranks))
            return f"{target}={item.function} {expression}{{{inner}}}"
        first, second = item.args
        if item.name == "is" and isinstance(second, Const):  # of one shape is what asks for one type
            kind = f"{'not ' if item.negated else ''}{second.value}"
            return f"{self._term(first, ranks, abstract)} is {kind}?"
        args = ",".join(self._term(t, ranks, abstract) for t in item.args)
        return f"{'not ' if item.negated else ''}{item.name}({args})?"

    def _comparison(self, item: Comparison, ranks: Ranks, abstract: bool) -> str:
        sides = [item.left, item.right]
        op = _MIRROR.get(item.op, item.op)
        if op != item.op:
            sides.reverse()
        elif op in ("=", "!="):
            shapes = [self._term(t, ranks, abstract=True) for t in sides]
            if shapes[0] == shapes[1] and "$" in shapes[0]:
                self.ambiguous = True
            sides.sort(key=lambda t: (self._term(t, ranks, abstract=True), self._term(t, ranks)))
        return op.join(self._term(t, ranks, abstract) for t in sides)

    def _term(self, term: Term, ranks: Mapping[str, int], abstract: bool = False) -> str:
        if isinstance(term, Var):
            if term.name == "_":
                return "_"
            if term.name[0] == "$":
                return "$" if abstract else f"{MARK}{term.name[1:]}{MARK}"
            return f"V{ranks[term.name]}"
        if isinstance(term, Const):
            return "$" if abstract else constant_text(term.value)
        if isinstance(term, Arithmetic):
            left, right = self._term(term.left, ranks, abstract), self._term(term.right, ranks, abstract)
            return f"({left} {term.op} {right})"
        if isinstance(term, Named):
            raise TypeError(EXPANDED)
        return f"{term.function}({','.join([self._term(t, ranks, abstract) for t in term.args])})"


def _is_variable(name: str) -> bool:
    return name != "_" and name[0] != "$"


def _tied(ranks: Ranks) -> list[str]:
    """The variables that share the lowest shared rank; none where all are told apart."""
    seen: dict[int, list[str]] = {}
    for name, rank in ranks.items():
        seen.setdefault(rank, []).append(name)
    shared = [rank for rank, names in seen.items() if len(names) > 1]
    return seen[min(shared)] if shared else []


# ---- the id of a clause, outside of an analysis


def canonical_text(of: Program | Schema, clause: Clause) -> str:
    """A text that two clauses share exactly when they differ only in the names of their variables, in
    the order of their bodies, in named against positional arguments, in ``a < b`` against ``b > a``
    and in the sides of ``=`` and ``!=``. Weights and annotations take no part.

    Raises:
        ProgramError: the clause speaks of what is not declared, or with other arguments.
    """
    report = DiagnosticCollector()
    schema = of.schema if isinstance(of, Program) else of
    parts = core_clauses(clause, schema)
    resolved = [resolve_clause(each, Resolver(schema, report)) for each in parts]
    texts = [clause_text(apart(each)) for each in resolved if each is not None]
    if len(texts) < len(parts):
        raise ProgramError(report.found)
    return whole_text(texts)


def clause_id(of: Program | Schema, clause: Clause) -> str:
    """The id of a clause: its @id, or a hash of its canonical text. In a program that has several
    equal clauses the later ones have ``-2``, ``-3``, ... behind it.

    Raises:
        ProgramError: the clause speaks of what is not declared, or with other arguments.
    """
    return explicit_id(clause, DiagnosticCollector()) or short_id(canonical_text(of, clause))
