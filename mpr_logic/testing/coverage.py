"""Coverage: the rules that tests have shown to fire, and the literals that they have shown to hold one back.

A literal holds a rule back where it is false, and all other literals hold that can be evaluated without it:
then it alone decides, as modified condition/decision coverage asks of a condition (RTCA DO-178C, 6.4.4.2).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from mpr_logic.checker.render import failed_text
from mpr_logic.checker.solve import body_steps, extend, matched, rule_steps, run
from mpr_logic.engine.failures import ANYTHING_MAY_FAIL
from mpr_logic.engine.planner import Assign, Gather, Scan, item_variables
from mpr_logic.errors import EvaluationError
from mpr_logic.language.ast import Const, Var
from mpr_logic.language.printer import print_clause

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mpr_logic.analysis.atoms import Pattern
    from mpr_logic.analysis.program import Program, Rule
    from mpr_logic.checker.checker import Checker
    from mpr_logic.checker.solve import Bindings
    from mpr_logic.engine.planner import PlanStep
    from mpr_logic.engine.protocol import Engine
    from mpr_logic.language.ast import Row

MOST_BINDINGS = 200
"""The most bindings of a rule that are looked at for a literal that is false."""

MOST_QUESTIONS = 500
"""The most questions about derived relations that are followed from one decision."""

RuleKey = tuple[str, int, int, int]
"""A rule by its place: the file, line and column, and its number among the alternatives of its clause."""


@dataclass(slots=True)
class RuleCoverage:
    """One rule, and what tests have shown of it.

    ``literals`` are the texts of those that can be false, by their places in the body; ``fired`` counts the
    decisions in which it fired, ``decisive`` those in which a literal held it back, by its place.
    """

    id: str
    file: str
    line: int
    text: str
    literals: dict[int, str]
    fired: int = 0
    decisive: dict[int, int] = field(default_factory=dict)

    @property
    def missing(self) -> list[str]:
        """The points that no test shows, in words."""
        found = [] if self.fired else ["it fires"]
        if self.literals and not self.decisive:
            return [*found, "it is held back"]
        return found + [
            f"`{text}` alone holds it back" for at, text in self.literals.items() if at not in self.decisive
        ]

    @property
    def points(self) -> tuple[int, int]:
        """The number of its points that were shown, and of all: that it fires, and each literal."""
        return bool(self.fired) + len(self.decisive), 1 + len(self.literals)


class Coverage:
    """The rules of all suites, and what tests have shown of them."""

    def __init__(self) -> None:
        self.rules: dict[RuleKey, RuleCoverage] = {}

    def add_rules(self, program: Program) -> None:
        """Count the rules of a program among those that are to be shown."""
        for rule in program.rules:
            if rule.is_hidden or rule.asks is not None or not rule.clause.span.line:  # no author wrote it
                continue
            span = rule.clause.span
            if (key := _key(rule)) not in self.rules:
                texts = {at: failed_text(rule.body[at], rule, {}) for at in _fallible(rule)}
                text = print_clause(rule.clause, annotations=False)
                self.rules[key] = RuleCoverage(rule.id, span.file, span.line, text, texts)

    def look(self, checker: Checker, asked: Iterable[tuple[str, Pattern]]) -> None:
        """Note what a decision shows, in the state where the checker is.

        Args:
            checker: in the state of the decision.
            asked: the core relations that decide, each with the arguments asked about.
        """
        with checker.asking() as engine, suppress(EvaluationError, *ANYTHING_MAY_FAIL):
            follower = _Follower(engine)
            todo = list(asked)
            seen: set[tuple[str, Pattern]] = set()
            while todo and len(seen) < MOST_QUESTIONS:
                question = todo.pop()
                if question in seen:
                    continue
                seen.add(question)
                for rule in engine.program.rules_for(question[0]):
                    self._rule(follower, rule, question[1])
                todo += follower.taken()

    def _rule(self, engine: _Follower, rule: Rule, question: Pattern) -> None:
        start = _start(rule, question)
        if start is None:
            return
        found = self.rules.get(_key(rule)) if rule.asks is None else None
        with suppress(EvaluationError, *ANYTHING_MAY_FAIL):
            fires = any(True for _ in run(engine, rule_steps(rule), start))  # type: ignore[arg-type]
            if found is None:
                return
            found.fired += fires
            for at in found.literals:
                if _decides(engine, rule, at, start):
                    found.decisive[at] = found.decisive.get(at, 0) + 1

    @property
    def points(self) -> tuple[int, int]:
        """The number of points that were shown, and of all."""
        points = [each.points for each in self.rules.values()]
        return sum(shown for shown, _ in points), sum(of for _, of in points)

    @property
    def percent(self) -> float:
        """The part of the points that was shown, in percent; 100 where there are none."""
        shown, of = self.points
        return 100 * shown / of if of else 100.0

    @property
    def fired(self) -> int:
        """The number of rules that were shown to fire."""
        return sum(bool(each.fired) for each in self.rules.values())

    @property
    def literals(self) -> tuple[int, int]:
        """The number of literals that were shown to hold a rule back, and of all that could."""
        rules = self.rules.values()
        return sum(len(each.decisive) for each in rules), sum(len(each.literals) for each in rules)

    def in_order(self) -> list[RuleCoverage]:
        """All rules, by file and line."""
        return [self.rules[key] for key in sorted(self.rules)]


class _Follower:
    """An engine that notes which derived relations are asked, and about what."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._asked: dict[tuple[str, Pattern], None] = {}
        self.program = engine.program
        self.deadline = engine.deadline

    def query(self, relation: str, pattern: Pattern) -> dict[Row, float]:
        """The rows that match, as of the engine."""
        if self.program.rules_for(relation):
            self._asked[relation, pattern] = None
        return dict(self._engine.query(relation, pattern))

    def taken(self) -> list[tuple[str, Pattern]]:
        """The questions since the last time."""
        asked = list(self._asked)
        self._asked.clear()
        return asked


def _key(rule: Rule) -> RuleKey:
    span = rule.clause.span
    return span.file, span.line, span.column, rule.part


def _start(rule: Rule, question: Pattern) -> Bindings | None:
    """The bindings that a question gives; None where it does not fit the head."""
    start: Bindings | None = {}
    for term, given in zip(rule.args, question, strict=True):
        if given is not None and start is not None and isinstance(term, Var | Const):
            start = matched((term,), (given,), start)
    return start


def _fallible(rule: Rule) -> list[int]:
    """The places of the items that can be false: not those that give a variable its value."""
    try:
        steps = rule_steps(rule)
    except EvaluationError:
        return []
    known = {name for term in rule.args[: rule.given] for name in _names(term)}
    found = []
    for step in steps:
        gives = isinstance(step, Gather) and isinstance(step.aggregate.target, Var)
        if not (isinstance(step, Assign) or (gives and step.aggregate.target.name not in known)):  # type: ignore[union-attr]
            found.append(step.index)
        known |= _bound_by(step)
    return sorted(found)


def _decides(engine: Any, rule: Rule, at: int, start: Bindings) -> bool:
    """Whether the item at a place is false while all others hold that can be evaluated without it."""
    others, step = _without(rule, at, frozenset(start))
    if step is None:
        return False
    bindings = run(engine, others, start)
    return any(
        not any(True for _ in extend(engine, step, each)) for each, _ in islice(bindings, MOST_BINDINGS)
    )


def _without(rule: Rule, at: int, given: frozenset[str]) -> tuple[tuple[PlanStep, ...], PlanStep | None]:
    """The steps of the other items, as many as can be evaluated, and the step of the item behind them; None
    where that cannot be evaluated there."""
    kept: list[int] = []
    steps: tuple[PlanStep, ...] = ()
    left = [place for place in range(len(rule.body)) if place != at]
    moved = True
    while moved:
        moved = False
        for place in list(left):
            with suppress(EvaluationError):
                steps = body_steps([rule.body[each] for each in [*kept, place]], given)
                kept.append(place)
                left.remove(place)
                moved = True
    known = given.union(*map(_bound_by, steps))
    try:
        (step,) = body_steps([rule.body[at]], known)
    except EvaluationError:
        return steps, None
    return steps, step


def _bound_by(step: PlanStep) -> set[str]:
    """The variables that have a value behind a step."""
    match step:
        case Scan(_, literal, _):
            return set(item_variables(literal))
        case Assign(_, variable, _):
            return {variable}
        case Gather(_, aggregate, keys, _, _, _):
            return set(keys) | _names(aggregate.target)
    return set()


def _names(term: Any) -> set[str]:
    return {term.name} if isinstance(term, Var) else set()
