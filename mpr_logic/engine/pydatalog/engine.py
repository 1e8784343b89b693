"""The second opinion: a core program run on pyDatalog, an engine that nobody here wrote.

The strata are run one after the other. The rules of a stratum are given to pyDatalog with the rows
of what they read, it joins, recurs and negates, and the rows it answers are kept until a fact
changes. So a ``not`` always speaks of a finished relation, and a question about one action runs the
rules of that action alone.

Max-min weights are done by levels. Only finitely many weights can occur: those of the rules and of
the rows that a stratum reads, and their complements. A row weighs at least t where a boolean
program derives it: the rules of weight t and more, over the rows of weight t and more, ``not a``
holding where 1 - w(a) is at least t. The highest such level is the row's weight, exactly.
"""

from __future__ import annotations

from copy import copy
from functools import partial
from typing import TYPE_CHECKING

from mpr_logic.engine.deadline import Deadline
from mpr_logic.engine.protocol import Budget, Engine
from mpr_logic.engine.pydatalog.rules import asked, predicate, translate
from mpr_logic.engine.pydatalog.session import LogicGoal, session
from mpr_logic.engine.semiring import semiring as semiring_named
from mpr_logic.errors import BudgetError, InexpressibleError
from mpr_logic.language.ast import Var

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mpr_logic.analysis.atoms import Pattern
    from mpr_logic.analysis.program import Program, Rule
    from mpr_logic.engine.provenance.proof import Proof, RuleProof
    from mpr_logic.engine.pydatalog.rules import Translation, Use
    from mpr_logic.engine.pydatalog.session import LogicSession
    from mpr_logic.language.ast import Row, Span, Value

Weights = dict["Row", float]


def inexpressible(program: Program, semiring: str = "maxmin") -> list[str]:
    """Return the reasons why pyDatalog cannot run a program; empty where it can.

    pyDatalog derives what is true or not, so weights must be levels of truth: products of weights
    are none. A relation with modes is answered by a function, which asks its rules in a session of their own:
    it cannot ask itself. Nothing else is beyond it: what it lacks, it lets a function answer.
    """
    reasons = []
    if semiring == "product":
        reasons.append("a product of weights is worked out along each proof, and pyDatalog keeps no proofs")
    relations = program.schema.relations
    asked_again = sorted(n for n in program.recursive if n in relations and relations[n].given)
    return reasons + [
        f"`{name}` is recursive and has modes, and pyDatalog asks each question anew" for name in asked_again
    ]


class PyDatalogEngine(Engine):
    """Answers ``query`` and ``fired`` as :class:`~mpr_logic.engine.protocol.Engine` says, on pyDatalog.

    Args:
        program: a checked program.
        semiring: ``maxmin`` or ``boolean``.
        budget: its ``seconds`` and ``facts`` bound each question.

    Raises:
        InexpressibleError: pyDatalog cannot run the program; the message lists why.
    """

    keeps_proofs = False

    def __init__(
        self,
        program: Program,
        *,
        semiring: str = "maxmin",
        budget: Budget | None = None,
        deadline: Deadline | None = None,
    ) -> None:
        reasons = inexpressible(program, semiring)
        if reasons:
            raise InexpressibleError("; ".join(reasons) + ": ask the native engine")
        self.program = program
        self._semiring = semiring_named(semiring)
        self.budget = budget or Budget()
        self.deadline = deadline or Deadline(self.budget.clock)
        self._facts: dict[str, Weights] = {}
        self._derived: dict[str, Weights] = {}
        self._answers: dict[tuple[str, Row], Weights] = {}  # of relations with modes, by what is asked
        self._rules: dict[str, list[Translation]] = {}
        for number, rule in enumerate(program.rules):
            self._rules.setdefault(rule.head, []).append(translate(rule, f"rule {number} x"))
        for fact in program.facts:
            self.add(fact.relation, fact.row, fact.weight)

    def fork(self, deadline: Deadline | None = None) -> PyDatalogEngine:
        """An engine of its own with the same rules, translated once for both, and the facts as they are."""
        other = copy(self)
        other.deadline = deadline or Deadline(self.budget.clock)
        other._facts = {name: dict(rows) for name, rows in self._facts.items()}
        other._derived, other._answers = {}, {}
        return other

    def add(self, relation: str, row: Row, weight: float = 1.0, source: Span | str = "") -> None:
        """Assert a fact; one asserted before takes the new weight. The source is for proofs: unused."""
        self._facts.setdefault(relation, {})[row] = weight if self._semiring.weighted else 1.0
        self._derived, self._answers = {}, {}

    def remove(self, relation: str, row: Row) -> None:
        """Retract a fact; nothing happens where it was not asserted."""
        if self._facts.get(relation, {}).pop(row, None) is not None:
            self._derived, self._answers = {}, {}

    def source(self, relation: str, row: Row) -> Span | str:
        """Nothing: pyDatalog keeps no sources."""
        return ""

    def query(self, relation: str, pattern: Pattern) -> Weights:
        """The rows that match, each with its weight; of an action's relation, its arguments given."""
        rules = self._rules.get(relation, [])
        if any(asked(each.rule) for each in rules):
            rows = self._asked(relation, tuple(v for v in pattern[: rules[0].rule.given] if v is not None))
        else:
            rows = self._rows([relation])[relation]
        return {
            row: weight
            for row, weight in rows.items()
            if all(want is None or want == value for want, value in zip(pattern, row, strict=True))
        }

    def fired(self, head: str, args: Row) -> list[tuple[Rule, float]]:
        """The rules of an action's head whose body holds for the arguments, with their weights."""
        rules = self._rules.get(head, [])
        answers = self._actions(rules, args)
        return [(each.rule, max(rows.values())) for each, rows in zip(rules, answers, strict=True) if rows]

    def explain(self, rule: Rule, args: Row) -> RuleProof | None:
        """Raises InexpressibleError: pyDatalog keeps no proofs."""
        raise InexpressibleError("pyDatalog keeps no proofs: ask the native engine")

    def prove(self, relation: str, row: Row) -> Proof | None:
        """Raises InexpressibleError: pyDatalog keeps no proofs."""
        raise InexpressibleError("pyDatalog keeps no proofs: ask the native engine")

    def _asked(self, relation: str, given: Row) -> Weights:
        """The rows of an action's relation, or of one with modes, that begin with these values."""
        rows = self._answers.get((relation, given))
        if rows is None:
            rows = {}
            for found in self._actions(self._rules.get(relation, ()), given):
                for row, weight in found.items():
                    rows[given + row] = max(weight, rows.get(given + row, 0.0))
            self._answers[relation, given] = rows
        return rows

    def _actions(self, rules: Sequence[Translation], action: Row) -> list[Weights]:
        """For each rule of an action, the arguments behind the action's with which it fires."""
        if not rules:
            return []
        with self.deadline.within(self.budget.seconds):
            self._rows({use.relation for each in rules for use in each.uses})
            return self._run(rules, [each.head for each in rules], action)

    def _rows(self, relations: Iterable[str]) -> dict[str, Weights]:
        """The rows of relations, their strata run where that has not been done."""
        needed = self._needed(relations)
        with self.deadline.within(self.budget.seconds):
            for group in self.program.strata:
                todo = [name for name in group if name in needed and not asked(self._rules[name][0].rule)]
                if todo:
                    rules = [each for relation in todo for each in self._rules[relation]]
                    heads = [self._head(relation) for relation in todo]
                    answers = self._run(rules, heads)
                    self._derived.update(zip(todo, answers, strict=True))
        return {relation: self._known(relation) for relation in relations}

    def _needed(self, relations: Iterable[str]) -> set[str]:
        """The derived relations that these depend on, themselves included, not run yet."""
        needed: set[str] = set()
        left = list(relations)
        while left:
            relation = left.pop()
            if relation in self._rules and relation not in self._derived and relation not in needed:
                needed.add(relation)
                left += {use.relation for each in self._rules[relation] for use in each.uses}
        return needed

    def _head(self, relation: str) -> LogicGoal:
        arity = len(self._rules[relation][0].head.terms)
        return LogicGoal(predicate(relation, "now"), tuple(Var(f"A{i}") for i in range(arity)))

    def _known(self, relation: str) -> Weights:
        """The rows of a relation that has been run, else its facts."""
        found = self._derived.get(relation)
        return self._facts.get(relation, {}) if found is None else found

    def _run(
        self, rules: Sequence[Translation], goals: Sequence[LogicGoal], action: Row | None = None
    ) -> list[Weights]:
        """Ask the goals of rules, level by level; a row's weight is the highest that answers it."""
        answers: list[Weights] = [{} for _ in goals]
        facts = {each.rule.head for each in rules if action is None}
        uses = {use for each in rules for use in each.uses}
        levels = self._levels(rules, uses, facts)
        for level in levels:
            with session(self.budget, self.deadline) as opened:
                self._assert_rows(opened, uses, facts, level)
                if action is not None:
                    opened.assert_rows("candidate", [action])
                self._assert_rules(opened, rules, level, several=len(levels) > 1)
                for goal, found in zip(goals, answers, strict=True):
                    for row in opened.ask(goal):
                        found.setdefault(row, level)
            if sum(map(len, answers)) > self.budget.facts:
                raise BudgetError(f"more than {self.budget.facts} facts were derived: raise the budget")
        return answers

    def _levels(self, rules: Sequence[Translation], uses: set[Use], facts: set[str]) -> list[float]:
        """The weights that can occur, highest first."""
        if not self._semiring.weighted:
            return [1.0]
        levels = {each.rule.weight for each in rules}
        for relation in facts:
            levels.update(self._facts.get(relation, {}).values())
        for use in uses:
            weights = self._weights(use.relation)
            levels.update(map(self._semiring.complement, weights) if use.negated else weights)
        return sorted((level for level in levels if level > 0), reverse=True)

    def _weights(self, relation: str) -> set[float]:
        """The weights that rows of a relation may have; with modes, those that its answers are made of."""
        rules = self._rules.get(relation, ())
        if not any(asked(each.rule) for each in rules):
            return set(self._known(relation).values())
        found = {each.rule.weight for each in rules}
        for use in {use for each in rules for use in each.uses}:
            below = self._weights(use.relation)
            found |= set(map(self._semiring.complement, below)) if use.negated else below
        return found

    def _assert_rows(self, opened: LogicSession, uses: set[Use], facts: set[str], level: float) -> None:
        for use in uses:
            bound = level if use.tier == "now" else 0.0
            if use.given:
                opened.resolve(use.predicate, use.arity, partial(self._answer, use, bound))
                continue
            opened.declare(use.predicate, use.arity)
            opened.assert_rows(use.predicate, self._counted(use, self._known(use.relation), bound))
        for relation in facts:
            rows = self._facts.get(relation, {}).items()
            opened.assert_rows(predicate(relation, "now"), (row for row, w in rows if w >= level))

    def _counted(self, use: Use, rows: Weights, bound: float) -> list[Row]:
        """The rows that count at a level of weight: that hold, or that keep a negation below it."""
        if not use.negated:
            return [row for row, w in rows.items() if w >= bound and w > 0]
        complement = self._semiring.complement
        return [r for r, w in rows.items() if complement(w) < bound or not complement(w)]

    def _answer(self, use: Use, bound: float, values: list[Value | None]) -> list[Row]:
        """The rows of a relation with modes that answer a goal."""
        given = tuple(v for v in values[: use.given] if v is not None)
        rows = self._counted(use, self._asked(use.relation, given), bound)
        return [row for row in rows if all(v is None or v == own for v, own in zip(values, row, strict=True))]

    def _assert_rules(
        self, opened: LogicSession, rules: Sequence[Translation], level: float, *, several: bool
    ) -> None:
        for each in rules:
            opened.declare(each.head.name, len(each.head.terms))
            if self._semiring.weighted and each.rule.weight < level:
                continue
            for clause in each.clauses:
                opened.assert_clause(clause)
            for computed in each.computed:
                computed.install(opened)
            for folded in each.folded:
                folded.install(opened, levels=several)
