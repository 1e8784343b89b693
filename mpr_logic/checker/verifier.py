"""Checks proofs anew, from the rules and the facts alone; it shares no code with the engine."""

import contextlib
import graphlib
import time
from typing import Any

from mpr_logic.analysis.program import Program, Rule
from mpr_logic.checker.verifier_operators import OPERATORS as PLAIN
from mpr_logic.checker.verifier_times import OF_TIME
from mpr_logic.engine.provenance.proof import AbsenceStep, AggregateStep, BuiltinStep, FactProof, Proof
from mpr_logic.language.ast import Aggregate, Call, Comparison, Const, Literal, Row, Test, Var

OPERATORS = PLAIN | OF_TIME
AssertedFacts = dict[str, dict[Row, float]]  # the asserted rows of each core relation, and their weights
LIMIT, SECONDS = 1_000_000, 5.0  # of rows of one relation, and of time: beyond them nothing is verified


def verify(proof: Proof, program: Program, facts: AssertedFacts, *, semiring: str = "maxmin") -> list[str]:
    """The faults of a proof, of whatever shape; none if it follows from these rules and facts."""
    model, faults, todo, seen = NaiveModel(program, facts, semiring), list[str](), [proof], dict[int, Any]()
    rests_on = graphlib.TopologicalSorter[Any]()
    try:
        for node in todo:  # which grows
            claims, below = model._check(node)
            wrong = [(t, s) for t, s in claims if t != s and not (type(t) is float and abs(t - s) < 1e-9)]
            faults += [f"{node.relation}{node.row}: {said} where {true} follows" for true, said in wrong]
            rests_on.add((node.relation, node.row), *((each.relation, each.row) for each in below))
            todo += [seen.setdefault(id(each), each) for each in below if id(each) not in seen]
        rests_on.prepare()  # fails where a proof contains what it concludes
    except Exception as error:  # of any kind: what cannot be checked proves nothing
        faults.append(f"the proof cannot be checked: {type(error).__name__}: {error}")
    return faults


class NaiveModel:
    """All that follows, derived at need without plans or indexes: what absences and aggregates claim."""

    def __init__(self, program: Program, facts: AssertedFacts, semiring: str = "maxmin") -> None:
        self.program, self.facts, self.both = program, facts, OPERATORS[semiring]
        self.known, self.asked = dict(facts), dict[Any, None]()  # a relation that grows is a copy
        self.idle, self.until = set(program.strata), time.monotonic() + 0.75 * SECONDS

    def _check(self, proof: Any) -> tuple[list[tuple[Any, Any]], list[Any]]:  # what is true and said; below
        if isinstance(proof, FactProof):
            return [(self.both([self.facts[proof.relation][proof.row]]), proof.weight)], []
        rule, b, steps, below = proof.rule, dict(proof.bindings), proof.steps, list[Any]()
        claims = [(True, rule in self.program.rules), (rule.variables, set(b)), (rule.head, proof.relation)]
        claims.append((self.both([rule.weight, *(step.weight for step in steps)]), proof.weight))
        for index, (item, step) in enumerate(zip(rule.body, steps, strict=True)):
            must, proofs = step, steps[:0]
            if not isinstance(item, Literal) or item.negated:
                ((_, weight, shown),) = self._extend(item, b, rule)
                claims, must = [*claims, (weight, step.weight)], BuiltinStep(index)
            if isinstance(item, Aggregate):
                must, proofs = AggregateStep(index, shown[0], step.weight, step.rows), sum(step.rows, ())
                said = {tuple((each.relation, each.row) for each in row) for row in step.rows}
                claims.append(((len(shown) - 1, set(shown[1:])), (len(step.rows), said)))
            elif isinstance(item, Literal):
                atom, proofs = item.atom, tuple(filter(None, [step.present if item.negated else step]))
                claims += [((atom.name, 1), (e.relation, len(_match(atom.args, e.row, b)))) for e in proofs]
                if item.negated:
                    must = AbsenceStep(atom.name, shown, step.weight, step.present)
                    claims.append((weight, 1.0 - sum(each.weight for each in proofs)))
            claims, below = [*claims, (must, step)], [*below, *proofs]
        return [*claims, (1, len(_match(rule.args, proof.row, b)))], below

    def derive(self, rule: Rule, given: Row, rows: dict[Row, float]) -> dict[Row, float]:
        """Adds what a rule derives to rows, each with its best weight; given are what a question binds."""
        for start in _match(rule.args[: rule.given], given, {}):
            for b, weight, _ in self._solve(rule.body, start, rule):
                row = given + tuple(_value(term, b) for term in rule.args[rule.given :])
                rows[row] = max(rows.get(row, 0.0), self.both([rule.weight, weight]))
        return rows

    def _rows(self, lit: Literal, b: dict[str, Any]) -> dict[Row, float]:  # all that is known by then
        if time.monotonic() > self.until or len(self.known.get(lit.atom.name, ())) > LIMIT:
            raise OverflowError(f"it takes more than {SECONDS:g} seconds, or {LIMIT} rows of {lit.atom.name}")
        if (asked := (lit.atom.name, *(_value(t, b) for t in lit.atom.args[: lit.given]))) not in self.asked:
            self.asked[asked], before, at = None, None, len(self.asked)
            self.idle -= {(group := next((each for each in self.idle if lit.atom.name in each), ()))}
            while before != (before := ([self.known.get(n) for n in group], len(self.asked))):
                for rule in (each for each in self.program.rules if each.head in group):
                    for r in [a[1:] for a in [*self.asked][at:] if a[0] == rule.head] if rule.given else [()]:
                        self.known[rule.head] = self.derive(rule, r, dict(self.known.get(rule.head, {})))
            self.idle |= {group}  # what is asked of it before this, the rounds that go on derive
        return self.known.get(lit.atom.name, {})

    def _solve(self, items: tuple[Any, ...], b: dict[str, Any], rule: Rule) -> list[Any]:
        for at, item in enumerate(items):
            with contextlib.suppress(
                KeyError, ZeroDivisionError, ValueError, TypeError
            ):  # it waits for a later one
                found, rest = self._extend(item, b, rule), items[:at] + items[at + 1 :]
                kept = isinstance(item, Literal) and not item.negated
                more = [(v, old * kept, end) for new, v, old in found for end in self._solve(rest, new, rule)]
                return [(new, self.both([v, w]), old + rows) for v, old, (new, w, rows) in more]
        return {(): [(b, 1.0, ())]}[items]  # KeyError if all wait

    def _extend(self, item: Any, b: dict[str, Any], rule: Rule) -> list[Any]:  # bindings, weight, evidence
        if isinstance(item, Literal):
            name, args = item.atom.name, item.atom.args
            pattern = tuple(None if t == Var("_") else _value(t, b) for t in args if item.negated)
            known = [(i, _value(t, b)) for i, t in enumerate(args) if t != Var("_") and _names(t) <= b.keys()]
            rows = {r: w for r, w in self._rows(item, b).items() if all(r[i] == v for i, v in known)}
            found = [(n, self.both([w]), ((name, r),)) for r, w in rows.items() for n in _match(args, r, b)]
            absent = round(1.0 - max((w for _, w, _ in found), default=0.0), 12)
            return found if not item.negated else [(b, absent, pattern)] if absent else []
        if isinstance(item, Comparison) and item.op == "=":
            ends = (item.left, item.right) if _names(item.right) <= b.keys() else (item.right, item.left)
            return [(new, 1.0, ()) for new in _match(ends[:1], (_value(ends[1], b),), b)]
        if not isinstance(item, Aggregate):
            test = Comparison(item.name, *item.args) if isinstance(item, Test) else item  # type: ignore[arg-type]
            return [(b, 1.0, ())] if _value(test, b) != getattr(item, "negated", False) else []
        shared = _names(item.body, item.expression) & rule.variables
        members = self._solve(item.body, b | {name: b[name] for name in shared - rule.groups}, rule)
        if keys := shared - b.keys():
            groups = {tuple((key, new[key]) for key in keys) for new, _, _ in members}
            return [each for group in groups for each in self._extend(item, b | dict(group), rule)]
        if not members and (item.function in ("min", "max") or shared & rule.groups):
            return []
        value = OPERATORS[item.function]([_value(item.expression or Const(0), m[0]) for m in members])
        weight, shown = self.both([1.0, *(m[1] for m in members)]), (value, *(m[2] for m in members))
        return [(new, weight, shown) for new in _match((item.target,), (value,), b)]


def _names(*nodes: Any) -> set[str]:
    parts = [n if type(n) is tuple else [getattr(n, s) for s in getattr(n, "__slots__", ())] for n in nodes]
    return ({n.name for n in nodes if isinstance(n, Var)} - {"_"}).union(*(_names(*p) for p in parts if p))


def _match(terms: tuple[Any, ...], row: Row, b: dict[str, Any]) -> list[dict[str, Any]]:
    new = dict(zip((getattr(term, "name", "_") for term in terms), row, strict=True)) | b
    if None in row:  # of a function that has no value
        return []
    return [new] if all(t == Var("_") or _value(t, new) == v for t, v in zip(terms, row, strict=True)) else []


def _value(term: Any, b: dict[str, Any]) -> Any:
    if isinstance(term, Var | Const):
        return b[term.name] if isinstance(term, Var) else term.value
    name, *args = (getattr(term, slot) for slot in term.__slots__[:-1])
    values = [_value(each, b) for each in (args[0] if isinstance(term, Call) else args)]
    return OPERATORS[name](*values)
