"""Explains why something was not derived: for each rule that could have, the first literal that fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Literal as OneOf

from mpr_logic.analysis.report import nearest
from mpr_logic.analysis.terms import is_partial, rewrite_term
from mpr_logic.checker.render import (
    atom_text,
    failed_text,
    ground_item,
    pattern_text,
    rule_text,
)
from mpr_logic.checker.solve import MAXMIN, extend, groups, matched, pattern, rule_steps, term_value
from mpr_logic.checker.written import placed_item
from mpr_logic.engine.planner import Assign, Filter, Gather, item_variables
from mpr_logic.language.ast import Aggregate, Call, Comparison, Const, Literal, Test, Var
from mpr_logic.language.functions import FUNCTIONS
from mpr_logic.language.printer import print_item, print_row, print_term, print_value
from mpr_logic.language.sets import is_set

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mpr_logic.analysis.atoms import Pattern
    from mpr_logic.analysis.program import Rule
    from mpr_logic.checker.solve import Bindings
    from mpr_logic.engine.planner import PlanStep
    from mpr_logic.engine.protocol import Engine
    from mpr_logic.engine.semiring import Semiring
    from mpr_logic.language.ast import BodyItem, Value

BEAM = 200
"""The most bindings of a rule that are followed from literal to literal, the strongest first."""

ATTEMPTS = 50
"""The most rules that are listed; those whose head does not fit are left out first."""

AttemptState = OneOf["false", "unknown", "head", "weight", "unbound"]
"""The outcome of trying a rule: its ``failed`` item is false, or of an open-world relation and unknown; its
head does not fit the question; it fires, and ``nearest`` says with what weight; or the question
leaves open a variable that the item needs."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One rule that could have derived it.

    ``bindings`` are the best ones: under them the rule's items hold up to ``failed``, which is item
    ``index`` of the body. ``nearest`` says how near that was. ``passed`` counts the items that held.
    """

    rule: Rule
    bindings: Mapping[str, Value]
    failed: BodyItem | None
    index: int | None
    state: AttemptState
    nearest: str
    passed: int = 0


@dataclass(frozen=True, slots=True)
class WhyNot:
    """The explanation of why an atom does not hold. ``relation`` is a core relation, ``pattern`` its
    arguments, None for any value. ``weight`` is that of the strongest match, 0 where there is none. ``state``
    is ``unknown`` for an open-world relation of which neither the atom nor its absence was observed.
    """

    relation: str
    pattern: Pattern
    attempts: tuple[Attempt, ...]
    weight: float = 0.0
    state: OneOf["false", "unknown", "holds"] = "false"
    omitted: int = 0

    def lines(self) -> list[str]:
        """The answer as lines that people read."""
        return _lines(self)

    def __str__(self) -> str:
        return "\n".join(self.lines())


def why_not(engine: Engine, relation: str, pattern: Pattern, *, semiring: Semiring = MAXMIN) -> WhyNot:
    """Explain why an atom of a core relation does not hold, or why no rule forbids (permits) an action.

    For every rule with this head, items are tried in the order of the text (as far as they can be
    evaluated there), at most :data:`BEAM` bindings at a time; the first item that no binding
    satisfies is the one that fails.

    Args:
        engine: answers queries of base and derived relations.
        relation: the core relation: ``crowded``, ``forbid put``.
        pattern: its arguments; None stands for any value.
        semiring: how weights combine.

    Raises:
        EvaluationError: the engine could not finish.
    """
    rules = engine.program.rules_for(relation)
    attempts = [_attempt(engine, rule, pattern, semiring) for rule in rules]
    fitting = [a for a in attempts if a.state != "head"]
    others = [a for a in attempts if a.state == "head"]
    kept = (fitting + others)[: max(ATTEMPTS, len(fitting))]
    weight = _strength(engine, relation, pattern, attempts)
    state: OneOf["false", "unknown", "holds"] = "false"
    if weight > 0:
        state = "holds"
    elif _unknown(engine, relation, pattern):
        state = "unknown"
    return WhyNot(relation, pattern, tuple(kept), weight, state, len(attempts) - len(kept))


def _strength(engine: Engine, relation: str, pattern: Pattern, attempts: Iterable[Attempt]) -> float:
    if any(rule.given for rule in engine.program.rules_for(relation)) and None in pattern:
        return 1.0 if any(a.state == "weight" for a in attempts) else 0.0
    return max(engine.query(relation, pattern).values(), default=0.0)


def _attempt(engine: Engine, rule: Rule, question: Pattern, semiring: Semiring) -> Attempt:
    start: Bindings | None = {}
    for term, given in zip(rule.args, question, strict=True):
        if given is not None and start is not None:
            start = matched((term,), (given,), start)
    if start is None:
        head = pattern_text(rule.head, tuple(t.value if isinstance(t, Const) else None for t in rule.args))
        return Attempt(rule, {}, None, None, "head", f"it concludes {head} only")
    beam: list[tuple[Bindings, float]] = [(start, 1.0)]
    for passed, step in enumerate(rule_steps(rule)):
        item = rule.body[step.index]
        best = beam[0][0]
        if loose := _loose(step, item, best):
            return Attempt(rule, best, item, step.index, "unbound", f"`{loose}` has no value yet", passed)
        found: dict[tuple[tuple[str, Value], ...], tuple[Bindings, float]] = {}
        for bindings, weight in beam:
            for new, more in extend(engine, step, bindings, semiring):
                engine.deadline.poll()
                key = tuple(sorted(new.items()))
                total = semiring.both(weight, more)
                if total > found.get(key, (new, 0.0))[1]:
                    found[key] = new, total
        if not found:
            state, nearest = _failure(engine, step, item, best, rule)
            return Attempt(rule, best, item, step.index, state, nearest, passed)
        beam = sorted(engine.deadline.polled(found.values()), key=_strongest_first)[:BEAM]
    best, weight = beam[0]
    total = semiring.both(rule.weight if semiring.weighted else 1.0, weight)
    return Attempt(rule, best, None, None, "weight", f"it fires with weight {total:g}", len(rule.body))


def _strongest_first(found: tuple[Bindings, float]) -> tuple[float, list[tuple[str, str]]]:
    return -found[1], sorted((n, print_value(v)) for n, v in found[0].items())


def _loose(step: PlanStep, item: BodyItem, bindings: Mapping[str, Value]) -> str | None:
    """A variable that the step needs and the question does not give."""
    if isinstance(step, Filter) and not (isinstance(item, Literal) and not item.negated):
        return next((n for n in sorted(item_variables(item)) if n not in bindings), None)
    if isinstance(step, Assign):
        other = {n for n in item_variables(item) if n != step.variable}
        return next((n for n in sorted(other) if n not in bindings), None)
    return None


# -- how near it was -------------------------------------------------------------------------------


def _failure(
    engine: Engine, step: PlanStep, item: BodyItem, bindings: Bindings, rule: Rule
) -> tuple[AttemptState, str]:
    """The state of an item that does not hold, false or unknown, and what came nearest to making it true."""
    if isinstance(item, Literal):
        wanted = pattern(item.atom, bindings)
        if is_set(item.atom.name):
            return "false", _member(engine, item, bindings)
        if item.negated:
            return "false", _present(engine, item.atom.name, wanted)
        if _unknown(engine, item.atom.name, wanted):
            plain = item.atom.name.removeprefix("not ")
            return "unknown", f"{pattern_text(plain, wanted)} was neither observed to be true nor to be false"
        opposite = _opposite(engine, item.atom.name)
        if opposite and engine.query(opposite, wanted):
            return "false", _present(engine, opposite, wanted)
        return "false", _nearest(engine, item.atom.name, wanted, item.given)
    if isinstance(item, Aggregate) and isinstance(step, Gather):
        values = [found for _, found, _ in groups(engine, step, bindings)]
        if not values:
            return "false", "there is nothing to aggregate"
        return "false", f"the {item.function} is {print_value(values[0])}"
    assert isinstance(item, (Comparison, Test))
    if isinstance(item, Comparison) and (lacking := _no_value(item, bindings)):
        return "false", lacking
    placed = placed_item(item, rule)
    if placed is not None:
        return "false", _PLACED[placed.word, placed.literal.negated]
    return "false", f"{print_item(ground_item(item, bindings))} is false"


_PLACED = {
    ("within", False): "each such call is longer ago",
    ("within", True): "there is such a call",
    ("before", False): "no such call is before",
    ("before", True): "one is before",
    ("after", False): "no such call is after",
    ("after", True): "one is after",
    ("since", False): "there is none since",
    ("since", True): "there is one since",
}
"""The reason why a literal that is placed in time does not hold, though there are calls as it says."""


def _no_value(item: Comparison, bindings: Bindings) -> str | None:
    """The reason why a comparison fails whose function has no value; None where it has one."""
    for side in (item.left, item.right):
        if isinstance(side, Call) and is_partial(side) and term_value(side, bindings) is None:
            asked = rewrite_term(side, lambda term: Const(term_value(term, bindings) or 0))
            return f"{print_term(asked)} has no value: {FUNCTIONS[side.function].lacks}"
    return None


def _member(engine: Engine, item: Literal, bindings: Bindings) -> str:
    """The reason why a value is in a set, or not: the value asked about, and the member it is most like."""
    (term,) = item.atom.args
    value = (
        bindings.get(term.name) if isinstance(term, Var) else term.value if isinstance(term, Const) else None
    )
    if value is None:
        return "no member fits"
    text = print_value(value)
    members = {print_value(row[0]) for row in engine.query(item.atom.name, (None,))}
    close = nearest(text, members) if isinstance(value, str) and not item.negated else None
    return f"it is {text}" + (f", and {close} is one" if close else "")


def _present(engine: Engine, relation: str, wanted: Pattern) -> str:
    rows = engine.query(relation, wanted)
    row = min(rows, key=lambda r: (-rows[r], print_row(relation, r)))
    return f"{atom_text(engine.program, relation, row)} holds"


def _nearest(engine: Engine, relation: str, wanted: Pattern, given: int) -> str:
    """A row that differs in one argument; the last arguments are let go of first, and the first ``given``
    never: a question binds them."""
    for i in reversed(range(given, len(wanted))):
        if wanted[i] is not None:
            loose = (*wanted[:i], None, *wanted[i + 1 :])
            rows = engine.query(relation, loose)
            if rows:
                return f"the nearest is {min(atom_text(engine.program, relation, r) for r in rows)}"
    return f"nothing like {atom_text(engine.program, relation, wanted)} holds"


def _opposite(engine: Engine, relation: str) -> str | None:
    """Of an open-world relation that of its absences, and the other way round."""
    if relation.startswith("not "):
        return relation.removeprefix("not ")
    signature = engine.program.schema.relations.get(relation)
    return f"not {relation}" if signature is not None and signature.open_world else None


def _unknown(engine: Engine, relation: str, wanted: Pattern) -> bool:
    """Whether an atom of an open-world relation was neither observed to be true nor to be false."""
    opposite = _opposite(engine, relation)
    return opposite is not None and not engine.query(opposite, wanted)


# -- text ------------------------------------------------------------------------------------------


def _lines(answer: WhyNot) -> list[str]:
    lines = [_summary(answer)]
    for n, attempt in enumerate(answer.attempts, start=1):
        last = n == len(answer.attempts) and not answer.omitted
        first, *rest = _attempt_lines(attempt)
        lines.append(f"{'└─' if last else '├─'} {first}")
        lines += [f"{' ' if last else '│'}  {line}" for line in rest]
    if answer.omitted:
        lines.append(f"└─ and {answer.omitted} rules whose heads do not fit")
    return lines


def _summary(answer: WhyNot) -> str:
    kind, _, name = answer.relation.partition(" ")
    if kind in ("forbid", "permit", "prefer") and name:
        verb = "speaks for" if kind == "prefer" else f"{kind}s"
        who = "a rule" if answer.state == "holds" else "no rule"
        weight = f", with weight {answer.weight:g}" if answer.state == "holds" else ""
        return f"{who} {verb} {pattern_text(name, answer.pattern)}{weight}"
    atom = pattern_text(answer.relation, answer.pattern)
    if answer.state == "holds":
        return f"{atom} holds, with weight {answer.weight:g}"
    if answer.state == "unknown":
        return f"{atom} is unknown: it was neither observed to be true nor to be false"
    if not answer.attempts and not answer.omitted:
        return f"{atom} does not hold: no rule concludes it, and there is no such fact"
    return f"{atom} does not hold"


_MARKS = {"false": "✗", "unknown": "?", "head": "✗", "weight": "✓", "unbound": "?"}


def _attempt_lines(attempt: Attempt) -> list[str]:
    rule = attempt.rule
    lines = [f"rule {rule.id} at {rule.clause.span}: {rule_text(rule)}"]
    bound = {n: v for n, v in attempt.bindings.items() if not n.startswith(("_", "#"))}
    if bound:
        lines.append(f"with {', '.join(f'{n} = {print_value(v)}' for n, v in bound.items())}")
    mark = _MARKS[attempt.state]
    if attempt.failed is None:
        lines.append(f"{mark} {attempt.nearest}")
    else:
        # any other than a literal stands with its values in `nearest`, and so does a set
        literal = isinstance(attempt.failed, Literal) and not is_set(attempt.failed.atom.name)
        text = failed_text(attempt.failed, rule, attempt.bindings if literal else {})
        verb = "is unknown" if attempt.state == "unknown" else "fails"
        lines.append(f"{mark} {text} {verb}: {attempt.nearest}")
    return lines
