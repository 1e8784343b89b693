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
from typing import TYPE_CHECKING

from mpr_logic.engine.deadline import Deadline
from mpr_logic.engine.protocol import Budget, Engine
from mpr_logic.engine.pydatalog.rules import predicate, translate
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
    from mpr_logic.language.ast import Row, Span

Weights = dict["Row", float]


def inexpressible(program: Program, semiring: str = "maxmin") -> list[str]:
    """Return the reasons why pyDatalog cannot run a program; empty where it can.

    pyDatalog derives what is true or not, so weights must be levels of truth: products of weights
    are none. Nothing else is beyond it: what it lacks, it lets a function answer.
    """
    del program  # no checked program is beyond it; the parameter is for the day that one is
    if semiring == "product":
        return ["a product of weights is worked out along each proof, and pyDatalog keeps no proofs"]
    return []


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
        other._derived = {}
        return other

    def add(self, relation: str, row: Row, weight: float = 1.0, source: Span | str = "") -> None:
        """Assert a fact; one asserted before takes the new weight. The source is for proofs: unused."""
        self._facts.setdefault(relation, {})[row] = weight if self._semiring.weighted else 1.0
        self._derived = {}

    def remove(self, relation: str, row: Row) -> None:
        """Retract a fact; nothing happens where it was not asserted."""
        if self._facts.get(relation, {}).pop(row, None) is not None:
            self._derived = {}

    def source(self, relation: str, row: Row) -> Span | str:
        """Nothing: pyDatalog keeps no sources."""
        return ""

    def query(self, relation: str, pattern: Pattern) -> Weights:
        """The rows that match, each with its weight; of an action's relation, its arguments given."""
        rules = self._rules.get(relation, [])
        if any(each.rule.action is not None for each in rules):
            given = rules[0].rule.given
            action: Row = tuple(v for v in pattern[:given] if v is not None)
            rows: Weights = {}
            for found in self._actions(rules, action):
                for row, weight in found.items():
                    rows[action + row] = max(weight, rows.get(action + row, 0.0))
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
                todo = [relation for relation in group if relation in needed]
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
            weights = set(self._known(use.relation).values())
            levels.update(map(self._semiring.complement, weights) if use.negated else weights)
        return sorted((level for level in levels if level > 0), reverse=True)

    def _assert_rows(self, opened: LogicSession, uses: set[Use], facts: set[str], level: float) -> None:
        for use in uses:
            opened.declare(use.predicate, use.arity)
            bound = level if use.tier == "now" else 0.0
            rows = self._known(use.relation).items()
            if not use.negated:
                opened.assert_rows(use.predicate, (row for row, w in rows if w >= bound and w > 0))
            else:
                complement = self._semiring.complement
                opened.assert_rows(
                    use.predicate, (r for r, w in rows if complement(w) < bound or not complement(w))
                )
        for relation in facts:
            rows = self._facts.get(relation, {}).items()
            opened.assert_rows(predicate(relation, "now"), (row for row, w in rows if w >= level))

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
