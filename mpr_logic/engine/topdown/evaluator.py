"""Goal-directed evaluation over the state of one session: runs the compiled functions on its relations.

What a function has answered is memoised here until what the answer rests on changes. The functions themselves
are compiled once for all sessions: see :mod:`mpr_logic.engine.topdown.compiler`.
"""

from __future__ import annotations

from itertools import repeat
from operator import itemgetter
from typing import TYPE_CHECKING, Any, TypeVar

from mpr_logic.engine.namespace import Frame
from mpr_logic.engine.store import Relation
from mpr_logic.engine.topdown.memo import Memo, Support
from mpr_logic.engine.topdown.tabling import Tabling
from mpr_logic.engine.topdown.verdicts import VerdictCompiler, standing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mpr_logic.analysis.atoms import Pattern
    from mpr_logic.analysis.program import Rule
    from mpr_logic.engine.deadline import Deadline
    from mpr_logic.engine.protocol import Budget, Proofs
    from mpr_logic.engine.topdown.compiler import Compiler, Compilers
    from mpr_logic.language.ast import Row

T = TypeVar("T")

FEW = 100
"""The most rows of a relation that is indexed before anything is asked of it."""


class Evaluator:
    """The stored relations of a session, its memoised answers and its compiled functions.

    ``callbacks`` are functions of the modules above that compiled code calls, by name: each enters its own.

    Args:
        compilers: those of the program.
        budget: its bounds.
        deadline: when an answer must be there.
        like: a session of the same rules to begin with the facts of; either takes a copy of a relation before
            it changes it.
    """

    def __init__(
        self, compilers: Compilers, budget: Budget, deadline: Deadline, like: Evaluator | None = None
    ) -> None:
        self.compilers = compilers
        self.rules = rules = compilers.rules
        self.program = rules.program
        self.semiring = rules.semiring
        self.groups = rules.groups
        self.component = rules.component
        self.reduction = rules.reduction
        self.budget = budget
        self.deadline = deadline
        relations = rules.tables if like is None else like.relations
        self.relations: dict[str, Relation] = {name: each.share() for name, each in relations.items()}
        self.asserted: set[str] = set() if like is None else set(like.asserted)
        self.callbacks: dict[str, Callable[..., Any]] = {}
        self.reset()

    def reset(self) -> None:
        """Go on with other code: a relation has begun to be weighted, or a derived one to have facts. Nothing
        that was memoised is of use then."""
        light = {n for n, r in self.relations.items() if r.weighted} if self.semiring.weighted else set()
        self.compiler: Compiler = self.compilers.get(frozenset(light), frozenset(self.asserted))
        self.support = Support()
        for relation in self.relations.values():
            relation.watches.clear()
        self.frame: Frame = Frame(self.compiler.namespace, self, self.deadline)
        self._functions: dict[tuple[str, str], Callable[..., Any]] = {}
        self._named: dict[object, Callable[..., Any]] = {}
        self._tables: dict[tuple[str, ...], Tabling] = {}
        self._memos: dict[tuple[str, str], Memo] = {}

    # -- relations -----------------------------------------------------------------------------

    def relation_of(self, name: str) -> Relation:
        """The stored relation of a name."""
        found = self.relations.get(name)
        if found is None:
            arity = self.program.arity[name.removesuffix(" asserted")]
            found = self.relations[name] = Relation(name, arity)
            self._index(found)
        return found

    def relation(self, name: str) -> Relation:
        """The stored rows of a core relation; of a derived one, those that were asserted."""
        return self.relation_of(self.rules.stored_name(name))

    def stored(self, name: str) -> Relation | None:
        """The relation, where no rule derives it."""
        return None if name in self.groups else self.relation(name)

    def take(self, relation: Relation) -> None:
        """Make the rows of a relation this session's own, before one changes."""
        relation.take()
        self._index(relation)
        self.frame.renew(relation.name)

    def _index(self, relation: Relation) -> None:
        """Make the indexes that code reads of a relation while it has few rows: the next enter themselves
        there, and no question waits for it."""
        if len(relation) <= FEW:
            for positions in list(self.compiler.namespace.indexed.get(relation.name, ())):
                relation.index(positions)

    # -- functions -----------------------------------------------------------------------------

    def compiled(self, compile: Callable[[Compiler], T]) -> T:
        """The result of a compilation for the state as it is."""
        with self.compiler.working(self) as compiler:
            return compile(compiler)

    def named(self, identity: object, compile: Callable[[Compiler], str]) -> Callable[..., Any]:
        """The function whose name the compiler gives, kept under an identity."""
        found = self._named.get(identity)
        if found is None:
            found = self._named[identity] = self.frame.function(self.compiled(compile))
        return found

    def fired(self, head: str) -> Callable[..., list[tuple[Rule, float]]]:
        """The function that lists the rules of ``forbid a`` and the like that fire: see VerdictCompiler."""
        return self.named(head, lambda compiler: compiler.extension(VerdictCompiler).fired(head))

    def standing(self, action: str, theta: float, laws: Proofs, row: Row) -> Proofs:
        """The laws, of those that fire, that no permit overrides: see VerdictCompiler."""
        overriding = self.compiler.extension(VerdictCompiler).overriding
        return standing(overriding, self.fired(f"permit {action}"), theta, laws, row)

    def function(self, name: str, adornment: str) -> Callable[..., Any]:
        """The function for a derived relation: see Compiler."""
        asked = name, adornment
        found = self._functions.get(asked)
        if found is None:
            compiler = self.compiler
            if asked not in compiler.direct and asked not in compiler.memoised:
                self.compiled(lambda each: each.function(name, adornment))
            if asked in compiler.direct:
                found = self.frame.function(compiler.direct[asked])
            elif asked in compiler.memoised:
                found = self._from_memo(name, adornment)
            else:
                found = self._from_tables(name, adornment)
            self._functions[asked] = found
        return found

    def _from_memo(self, name: str, adornment: str) -> Callable[..., Any]:
        memo = self.memo(name, adornment)
        return memo.__getitem__ if adornment.count("b") == 1 else lambda *args: memo[args]

    def _from_tables(self, name: str, adornment: str) -> Callable[..., Any]:
        label, answers = f"{name} {adornment}", self.tables(name).answers
        if "f" in adornment:
            return lambda *args: answers(label, args)
        if self.compiler.weighted(name):
            return lambda *args: answers(label, args).get((), 0.0)
        return lambda *args: () in answers(label, args)

    def memo(self, name: str, adornment: str) -> Memo:
        """The answers of a function, kept until what they rest on changes."""
        found = self._memos.get((name, adornment))
        if found is None:
            code = self.compiler.memoised.get((name, adornment))
            if code is None:
                code = self.compiled(lambda compiler: compiler.memoise(name, adornment))
            function, arguments = self.frame.function(code), adornment.count("b")
            found = Memo(function, arguments, self.support, self.budget, self.deadline)
            self._memos[name, adornment] = found
        return found

    def tables(self, name: str) -> Tabling:
        """The tables of the recursion that a relation takes part in."""
        component = self.component[name]
        found = self._tables.get(component)
        if found is None:
            found = Tabling(self._recursion, self.support, self.budget, self.deadline)
            self._tables[component] = found
        return found

    def _recursion(self, label: str) -> Callable[..., None]:
        """The function of a tabled subgoal."""
        return self.named(("recursion", label), lambda compiler: compiler.recursion(label))


def matching(evaluator: Evaluator, name: str, pattern: Pattern) -> dict[Row, float]:
    """The rows of a core relation that match a pattern, each with its weight."""
    bound = tuple(i for i, v in enumerate(pattern) if v is not None)
    values = tuple(v for v in pattern if v is not None)
    free = tuple(i for i in range(len(pattern)) if i not in bound)
    wanted = values[0] if len(values) == 1 else values
    relation = evaluator.stored(name)
    if relation is not None:
        rows = _rows(values, bound, free, relation.index(bound).get(wanted, ()) if free else [()])
        found = {row: relation.weight(relation.key(row)) for row in rows}
    else:
        adornment = "".join("b" if i in bound else "f" for i in range(len(pattern)))
        answer = evaluator.function(name, adornment)(*values)
        if not free:
            found = {values: float(answer)}
        else:
            weights = answer.values() if isinstance(answer, dict) else repeat(1.0)
            found = dict(zip(_rows(values, bound, free, answer), weights, strict=False))
    if not evaluator.semiring.weighted:
        return {row: 1.0 for row, weight in found.items() if weight}
    return {row: weight for row, weight in found.items() if weight}


def _rows(values: Row, bound: tuple[int, ...], free: tuple[int, ...], keys: Iterable[Any]) -> Iterable[Row]:
    """The rows of the bound values and the keys of the free columns."""
    rests: Iterable[Row] = zip(keys) if len(free) == 1 else keys
    if not bound:
        return rests
    if not free:
        return [values]
    columns = (*bound, *free)
    ordered = itemgetter(*map(columns.index, range(len(columns))))
    return [ordered(values + rest) for rest in rests]
