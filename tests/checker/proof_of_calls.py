"""Steps of a proof about numbered calls: a text shows each call once, and more than one item may rest on it.

How long ago a call was made is derived by a rule that no author wrote, and is not printed: the clock's facts
tell it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from mpr_logic.analysis.occurrences import AGE, CALL, split_numbered
from mpr_logic.analysis.program import Rule
from mpr_logic.engine.provenance.proof import (
    AbsenceStep,
    AggregateStep,
    BuiltinStep,
    FactProof,
    ProofStep,
    RuleProof,
)
from mpr_logic.language.ast import Aggregate, Comparison, Const, Literal, Row, Test, Value, Var
from mpr_logic.language.moments import SECOND, Duration

if TYPE_CHECKING:
    from tests.checker.proof_reader import Reader

_Proof: TypeAlias = "FactProof | RuleProof"
_Bound: TypeAlias = "dict[str, Value]"


def as_asked(
    reader: Reader, item: Aggregate, shown: Sequence[_Proof], bindings: Mapping[str, Value]
) -> tuple[_Proof, ...]:
    """The proofs of a row of an aggregate, one for each positive literal of its braces."""
    asked = [each for each in item.body if isinstance(each, Literal) and not each.negated]
    _, proofs = next(_assigned(reader, asked, shown, dict(bindings)))
    return proofs


def placed_steps(
    reader: Reader, rule: Rule, places: Sequence[int], calls: Sequence[_Proof], bindings: Mapping[str, Value]
) -> dict[int, ProofStep]:
    """The steps of the items that a literal with a place in time came to, by their places in the body."""
    items = {place: rule.body[place] for place in places}
    if len(items) == 1:
        ((place, item),) = items.items()
        if isinstance(item, Literal) and item.negated:
            return {place: _absent(reader, item, calls, bindings)}
    asked = [each for each in items.values() if isinstance(each, Literal) and not each.negated]
    tests = [each for each in items.values() if isinstance(each, (Comparison, Test))]
    for bound, proofs in _assigned(reader, asked, calls, dict(bindings)):
        if all(_holds(test, bound) for test in tests):
            rest = iter(proofs)
            return {
                place: AggregateStep(place, 0, 1.0, ())  # of what is denied there is nothing
                if isinstance(item, Aggregate)
                else next(rest)
                if isinstance(item, Literal)
                else BuiltinStep(place)
                for place, item in items.items()
            }
    raise AssertionError((rule.id, calls))


def _absent(
    reader: Reader, literal: Literal, calls: Sequence[_Proof], bindings: Mapping[str, Value]
) -> AbsenceStep:
    """The absence of a call at a position; the call that is shown, if any, weakens it."""
    terms = (bindings.get(t.name) if isinstance(t, Var) else t for t in literal.atom.args)
    row = tuple(term.value if isinstance(term, Const) else term for term in terms)
    present = _as_said(reader, literal, calls[0]) if calls else None
    return AbsenceStep(literal.atom.name, row, 1.0 - (present.weight if present else 0.0), present)  # type: ignore[arg-type]


def _assigned(
    reader: Reader, asked: Sequence[Literal], shown: Sequence[_Proof], bound: _Bound
) -> Iterator[tuple[_Bound, tuple[_Proof, ...]]]:
    """Each way in which some literals rest on all that is shown, with the bindings that this gives."""

    def rest_of(place: int, bound: _Bound, used: tuple[_Proof, ...], proofs: tuple[_Proof, ...]) -> Any:
        if place == len(asked):
            if all(each in used for each in shown):
                yield bound, proofs
            return
        literal = asked[place]
        for each in shown:
            proof = _as_said(reader, literal, each)
            new = None if proof is None else _matched(literal, proof.row, bound)
            if proof is not None and new is not None:
                yield from rest_of(place + 1, new, (*used, each), (*proofs, proof))

    return rest_of(0, bound, (), ())  # type: ignore[no-any-return]


def _as_said(reader: Reader, literal: Literal, shown: _Proof) -> _Proof | None:
    """The proof of a literal's relation that rests on one that is shown; None where none does."""
    name = literal.atom.name
    if name.startswith(AGE):
        return _age(reader, name, shown)
    proof = shown
    prefix, _ = split_numbered(name)
    if prefix and isinstance(shown, FactProof) and shown.relation.startswith(CALL):
        relation = prefix + shown.relation.removeprefix(CALL)
        proof = FactProof(relation, shown.row, shown.weight, shown.source)
    proof = reader.of_class(name, proof)
    return proof if proof.relation == name else None


def _age(reader: Reader, name: str, shown: _Proof) -> RuleProof | None:
    """The proof of how long ago a call was made, of the rules of the language."""
    call = reader.of_class(CALL + name.removeprefix(AGE), shown)
    known, set_back = (rule for rule in reader.members[name] if not any(map(_is_denied, rule.body)))
    for told, weight in reader.facts.get("called", {}).items():
        for (now,), weight_of_now in reader.facts.get("now", {}).items():
            number, _, second = told
            if number != call.row[0]:
                continue
            assert isinstance(second, int)
            assert isinstance(now, int)
            facts = (call, FactProof("called", told, weight, ""), FactProof("now", (now,), weight_of_now, ""))
            bound: _Bound = {"#number": number, "#second": second, "#now": now}
            rule, age = set_back, Duration(0)
            if second <= now:
                rule, age = known, Duration((now - second) * SECOND)
                bound["#age"] = age
            steps = (*facts, *(BuiltinStep(place) for place in range(3, len(rule.body))))
            return RuleProof(name, (number, age), min(each.weight for each in facts), rule, bound, steps)
    return None


def _is_denied(item: object) -> bool:
    return isinstance(item, Literal) and item.negated


def _matched(literal: Literal, row: Row, bound: _Bound) -> _Bound | None:
    """The bindings with those that a row gives a literal; None where it does not fit."""
    new = dict(bound)
    for term, value in zip(literal.atom.args, row, strict=True):
        if isinstance(term, Const):
            fits = term.value == value
        else:
            assert isinstance(term, Var)
            fits = term.name == "_" or new.setdefault(term.name, value) == value
        if not fits:
            return None
    return new


def _holds(test: Comparison | Test, bound: _Bound) -> bool:
    """Whether positions have the order, or an age the length, that a test asks for. That what is denied is
    nothing is left to the verifier."""
    left, right = (test.left, test.right) if isinstance(test, Comparison) else test.args
    one, two = (bound.get(t.name) if isinstance(t, Var) else getattr(t, "value", None) for t in (left, right))
    if one is None or two is None:
        return True
    op = test.op if isinstance(test, Comparison) else "<="
    return {"<": one < two, ">": one > two, "<=": one <= two}[op]  # type: ignore[operator]
