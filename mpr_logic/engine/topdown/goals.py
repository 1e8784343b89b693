"""One session's state, and the compiled functions run on it.

What a function has answered is kept here until what it was made from changes. The functions themselves
are compiled once for all sessions: see :mod:`mpr_logic.engine.topdown.compiler`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from mpr_logic.engine.namespace import Frame
from mpr_logic.engine.provenance.prover import Prover
from mpr_logic.engine.store import Relation
from mpr_logic.engine.topdown.checks import standing
from mpr_logic.engine.topdown.dependencies import Dependencies
from mpr_logic.engine.topdown.memo import Kept
from mpr_logic.engine.topdown.tabling import Tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from mpr_logic.analysis.program import Rule
    from mpr_logic.engine.deadline import Deadline
    from mpr_logic.engine.protocol import Budget, Proofs
    from mpr_logic.engine.topdown.compiler import Compiler
    from mpr_logic.engine.topdown.rules import RuleSet
    from mpr_logic.language.ast import Row

T = TypeVar("T")


class Goals:
    """The stored relations of a session, the answers that are kept, and its compiled functions.

    Args:
        rules: those of the program.
        budget: its bounds.
        deadline: when an answer must be there.
        like: a session of the same rules to begin with the facts of; either takes a copy of a relation before
            it changes it.
    """

    def __init__(self, rules: RuleSet, budget: Budget, deadline: Deadline, like: Goals | None = None) -> None:
        self.rules = rules
        self.program = rules.program
        self.semiring = rules.semiring
        self.groups = rules.groups
        self.component = rules.component
        self.live = rules.live
        self.budget = budget
        self.deadline = deadline
        relations = rules.tables if like is None else like.relations
        self.relations: dict[str, Relation] = {name: each.share() for name, each in relations.items()}
        self.asserted: set[str] = set() if like is None else set(like.asserted)
        self.prover = Prover(self)
        self.reset()

    def reset(self) -> None:
        """Go on with other code: a relation has begun to be weighted, or a derived one to have facts. Nothing
        that was kept is of use then."""
        light = {n for n, r in self.relations.items() if r.weighted} if self.semiring.weighted else set()
        self.compiler: Compiler = self.rules.compiler(frozenset(light), frozenset(self.asserted))
        self.dependencies = Dependencies()
        for relation in self.relations.values():
            relation.watches.clear()
        self.frame: Frame = Frame(self.compiler.namespace, self, self.deadline)
        self._functions: dict[tuple[str, str], Callable[..., Any]] = {}
        self._named: dict[object, Callable[..., Any]] = {}
        self._tables: dict[tuple[str, ...], Tables] = {}
        self._kept: dict[tuple[str, str], Kept] = {}
        self.prover.reset()

    # -- relations -----------------------------------------------------------------------------

    def relation_of(self, name: str) -> Relation:
        """The stored relation of a name."""
        found = self.relations.get(name)
        if found is None:
            arity = self.program.arity[name.removesuffix(" asserted")]
            found = self.relations[name] = Relation(name, arity)
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
        self.frame.renew(relation.name)

    # -- functions -----------------------------------------------------------------------------

    def compiled(self, compile: Callable[[Compiler], T]) -> T:
        """What the compiler makes, for the state as it is."""
        with self.compiler.working(self) as compiler:
            return compile(compiler)

    def named(self, identity: object, compile: Callable[[Compiler], str]) -> Callable[..., Any]:
        """The function whose name the compiler gives, kept under an identity."""
        found = self._named.get(identity)
        if found is None:
            found = self._named[identity] = self.frame.function(self.compiled(compile))
        return found

    def check(self, head: str) -> Callable[..., list[tuple[Rule, float]]]:
        """The function that lists the rules of ``forbid a`` and the like that fire: see Checks."""
        return self.named(head, lambda compiler: compiler.checks.function(head))

    def standing(self, action: str, theta: float, laws: Proofs, row: Row) -> Proofs:
        """Those of the laws that fire that no permit overrides: see Checks."""
        return standing(self.compiler.checks.overriding, self.check(f"permit {action}"), theta, laws, row)

    def function(self, name: str, adornment: str) -> Callable[..., Any]:
        """The function for a derived relation: see Compiler."""
        asked = name, adornment
        found = self._functions.get(asked)
        if found is None:
            compiler = self.compiler
            if asked not in compiler.direct and asked not in compiler.kept:
                self.compiled(lambda each: each.function(name, adornment))
            if asked in compiler.direct:
                found = self.frame.function(compiler.direct[asked])
            elif asked in compiler.kept:
                found = self._from_kept(name, adornment)
            else:
                found = self._from_tables(name, adornment)
            self._functions[asked] = found
        return found

    def _from_kept(self, name: str, adornment: str) -> Callable[..., Any]:
        kept = self.kept(name, adornment)
        return kept.__getitem__ if adornment.count("b") == 1 else lambda *args: kept[args]

    def _from_tables(self, name: str, adornment: str) -> Callable[..., Any]:
        label, answers = f"{name} {adornment}", self.tables(name).answers
        if "f" in adornment:
            return lambda *args: answers(label, args)
        if self.compiler.weighted(name):
            return lambda *args: answers(label, args).get((), 0.0)
        return lambda *args: () in answers(label, args)

    def kept(self, name: str, adornment: str) -> Kept:
        """The answers of a function, kept until what they were made from changes."""
        found = self._kept.get((name, adornment))
        if found is None:
            code = self.compiler.kept.get((name, adornment))
            if code is None:
                code = self.compiled(lambda compiler: compiler.keep(name, adornment))
            function, arguments = self.frame.function(code), adornment.count("b")
            found = Kept(function, arguments, self.dependencies, self.budget, self.deadline)
            self._kept[name, adornment] = found
        return found

    def tables(self, name: str) -> Tables:
        """The tables of the recursion that a relation takes part in."""
        component = self.component[name]
        found = self._tables.get(component)
        if found is None:
            found = Tables(self._body, self.dependencies, self.budget, self.deadline)
            self._tables[component] = found
        return found

    def _body(self, label: str) -> Callable[..., None]:
        """The goal function of a recursion."""
        return self.named(("body", label), lambda compiler: compiler.body(label))
