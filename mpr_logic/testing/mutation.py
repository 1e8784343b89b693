"""Mutants: rules with one thing changed, and whether a test tells them from the rules.

A mutant that no test tells apart is a change that nobody would notice. A state and a call in which the two
decide otherwise is searched near the tests that there are; where there is one, it is the test to write.
"""

from __future__ import annotations

import logging
import random
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice, product
from typing import TYPE_CHECKING, NamedTuple

from mpr_logic.checker.loading import load_modules
from mpr_logic.errors import MprError
from mpr_logic.language.ast import (
    Aggregate,
    Alternatives,
    Atom,
    Clause,
    Comparison,
    Const,
    Literal,
    RuleTest,
    Var,
    nodes,
)
from mpr_logic.language.printer import print_item, print_module
from mpr_logic.testing.running import Bench
from mpr_logic.testing.writing import test_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mpr_logic.language.ast import (
        ComparisonOperator,
        Module,
        Sentence,
        Span,
        Value,
        WrittenItem,
    )
    from mpr_logic.testing.running import Setup
    from mpr_logic.testing.suites import Case, Suite

CALLS, VARIANTS = 40, 12
"""The most calls that are asked about in one state, and the most states near one test."""

OTHER = "other"
"""A value that no test speaks of, perhaps."""

_FLIPPED: dict[str, ComparisonOperator] = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "=": "!=", "!=": "="}


@dataclass(frozen=True, slots=True)
class Mutant:
    """Rules with one clause changed: ``change`` says how, ``new`` is the clause, None where it is gone."""

    module: int
    statement: int
    clause: Clause
    change: str
    new: Clause | None

    @property
    def span(self) -> Span:
        """The place of the clause."""
        return self.clause.span


@dataclass(frozen=True, slots=True)
class Survivor:
    """A mutant that no test tells apart; ``test`` is one that does, empty where none was found."""

    mutant: Mutant
    test: str = ""


@dataclass(slots=True)
class Mutation:
    """The mutants that were tried, how many of them a test told apart, and the others."""

    tried: int = 0
    killed: int = 0
    survivors: list[Survivor] = field(default_factory=list)

    @property
    def percent(self) -> float:
        """The part that was told apart, in percent; 100 where there were none."""
        return 100 * self.killed / self.tried if self.tried else 100.0


def mutants_of(modules: Sequence[Module]) -> list[Mutant]:
    """All mutants of the rules of some modules."""
    found: list[Mutant] = []
    clauses = [clause for module in modules for clause in module.clauses]
    for place, module in enumerate(modules):
        for at, clause in enumerate(module.statements):
            if isinstance(clause, Clause) and (clause.body or clause.kind not in _OBSERVED):
                changes = [("removed", None), *_changes(clause, clauses)]
                found += [Mutant(place, at, clause, change, new) for change, new in changes]
    return found


_OBSERVED = ("relation", "absent", "past", "succeeded", "failed")


def _changes(clause: Clause, clauses: Sequence[Clause]) -> Iterator[tuple[str, Clause]]:
    """The clause with a literal dropped or negated, a comparison moved, or a condition of another rule."""
    body = clause.body
    for at, item in enumerate(body):
        rest = (*body[:at], *body[at + 1 :])
        yield f"weakened: without `{print_item(item)}`", replace(clause, body=rest)
        for new in _items(item):
            text = f"changed: `{print_item(new)}` for `{print_item(item)}`"
            yield text, replace(clause, body=(*body[:at], new, *body[at + 1 :]))
    borrowed = _borrowed(clause, clauses)
    if borrowed is not None:
        text = f"strengthened: also `{print_item(borrowed)}`"
        yield text, replace(clause, body=(*body, borrowed))


def _items(item: WrittenItem) -> Iterator[WrittenItem]:
    match item:
        case Comparison():
            yield replace(item, op=_FLIPPED[item.op])
        case Aggregate() if item.op != "=":
            yield replace(item, op=_FLIPPED[item.op])
        case Literal():
            yield replace(item, negated=not item.negated)
        case Alternatives() if len(item.branches) > 2:
            for at in range(len(item.branches)):
                yield replace(item, branches=(*item.branches[:at], *item.branches[at + 1 :]))


def _borrowed(clause: Clause, clauses: Sequence[Clause]) -> WrittenItem | None:
    """A condition of another rule with the same head, about variables that this one has too."""
    known = {node.name for node in nodes((clause.head, clause.body)) if isinstance(node, Var)}
    texts = {print_item(item) for item in clause.body}
    for other in clauses:
        if other is clause or (other.kind, other.head.name) != (clause.kind, clause.head.name):
            continue
        names = {
            theirs.name: ours.name
            for theirs, ours in zip(other.head.args, clause.head.args, strict=False)
            if isinstance(theirs, Var) and isinstance(ours, Var)
        }
        for item in other.body:
            used = {node.name for node in nodes(item) if isinstance(node, Var) and node.name != "_"}
            if (
                used <= known
                and all(names.get(name) == name for name in used)
                and print_item(item) not in texts
            ):
                return item
    return None


def mutate(
    suites: Sequence[tuple[Suite, Sequence[Case]]],
    setup: Setup,
    *,
    limit: int,
    seed: int,
    say: Callable[[int, int], None],
) -> Mutation:
    """Try mutants of the rules of some suites, whose tests all pass.

    Args:
        suites: each with its cases.
        setup: what the guards are made with.
        limit: the most mutants; of more so many are drawn.
        seed: for the draw.
        say: is told how many were done, of how many.

    Raises:
        MprError: the rules cannot be read.
    """
    loaded = [_Loaded(load_modules(suite.rules), list(cases)) for suite, cases in suites]
    todo: dict[tuple[str, int, int, str], list[tuple[_Loaded, Mutant]]] = {}
    for each in loaded:
        for mutant in mutants_of(each.modules):  # a rule of several suites may be noticed in any of them
            span = mutant.span
            key = (span.file, span.line, span.column, mutant.change)
            todo.setdefault(key, []).append((each, mutant))
    keys = sorted(todo)
    if len(keys) > limit:
        keys = sorted(random.Random(seed).sample(keys, limit))
    report = Mutation()
    with _quiet():
        for number, key in enumerate(keys, 1):
            _try(todo[key], setup, report)
            say(number, len(keys))
    return report


class _Loaded(NamedTuple):
    """The rules of a suite, and its cases, those in front that told the last mutants apart."""

    modules: list[Module]
    cases: list[Case]


def _try(mutants: Sequence[tuple[_Loaded, Mutant]], setup: Setup, report: Mutation) -> None:
    """Run the cases of each suite that has a rule on its mutant until one tells it apart. What makes no valid
    rules is passed over."""
    alive: list[tuple[_Loaded, Mutant, Bench]] = []
    for loaded, mutant in mutants:
        changed = Bench(setup, text=rules_text(loaded.modules, mutant))
        try:
            killer = next((case for case in loaded.cases if changed.run(case).status != "passed"), None)
        except MprError:
            continue
        if killer is not None:
            report.tried += 1
            report.killed += 1
            loaded.cases.remove(killer)
            loaded.cases.insert(0, killer)  # it is likely to tell the next one apart, too
            return
        alive.append((loaded, mutant, changed))
    if not alive:
        return
    report.tried += 1
    for loaded, mutant, changed in alive:
        test = _difference(mutant, Bench(setup, text=rules_text(loaded.modules)), changed, loaded.cases)
        if test:
            break
    report.survivors.append(Survivor(mutant, test))


def rules_text(modules: Sequence[Module], mutant: Mutant | None = None) -> str:
    """The text of some modules without their tests; with one clause changed."""
    texts = []
    for place, module in enumerate(modules):
        statements = list(module.statements)
        if mutant is not None and place == mutant.module:
            statements[mutant.statement : mutant.statement + 1] = [] if mutant.new is None else [mutant.new]
        kept = tuple(each for each in statements if not isinstance(each, RuleTest))
        texts.append(print_module(replace(module, statements=kept)))
    return "\n".join(texts)


@contextmanager
def _quiet() -> Iterator[None]:
    """A context in which guards do not log what they find in the mutants."""
    logger = logging.getLogger("mpr_logic.guard.guard")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


# -- the test to write ---------------------------------------------------------------------------------


def _difference(mutant: Mutant, original: Bench, changed: Bench, cases: Sequence[Case]) -> str:
    """A test that the rules pass and the mutant fails, near the tests that there are; empty where none is."""
    name = f"{mutant.span.file.rpartition('/')[2]}:{mutant.span.line}, {mutant.change.partition(':')[0]}"
    clause = mutant.clause
    about = clause.effect or clause.head

    def apart(case: Case, items: Sequence[Clause | Sentence], calls: Sequence[Atom]) -> _Apart | None:
        near = replace(case, items=tuple(items), row="")
        found = original.answers(near, calls, about, clause.kind)
        other = changed.answers(near, calls, about, clause.kind)
        for at, (expected, instead) in enumerate(zip(found, other, strict=False)):
            if expected is not None and expected != instead:
                return _Apart(at, _told_apart(expected, instead or ()))
        return None

    for case in cases:
        calls = list(islice(_calls(mutant, original, case), CALLS))
        given = [item for item in case.items if isinstance(item, Clause) or item.words[0] != "expect"]
        facts = [item for item in given if isinstance(item, Clause)]
        variants: list[list[Clause | Sentence]] = [given]
        variants += [[*facts]] if len(facts) < len(given) else []
        variants += [[item for item in facts if item is not each] for each in facts]
        for items in variants[:VARIANTS]:
            found = apart(case, items, calls)
            if found is None:
                continue
            place = found.place - (clause.effect is None)
            call = calls[place : place + 1] if place >= 0 else []
            for each in list(reversed(items)):  # what makes no difference is left out
                rest = [item for item in items if item is not each]
                smaller = apart(case, rest, call)
                items, found = (rest, smaller) if smaller is not None else (items, found)
            return test_text(name, [*items, *found.sentences])
    return ""


class _Apart(NamedTuple):
    """The place of the first answer in which rules and mutant differ, and what holds of the rules alone."""

    place: int
    sentences: list[Sentence]


def _told_apart(expected: Sequence[Sentence], instead: Sequence[Sentence]) -> list[Sentence]:
    """The sentences that hold of the rules and not of the mutant."""
    made = [each for each in expected if each.words[0] == "run"]
    told = [each for each in expected if each not in instead]
    more = [each for each in instead if each not in expected and each.words == ("expect",)]
    return [*made, *(told or [replace(each, words=("expect", "not")) for each in more])]


def _calls(mutant: Mutant, bench: Bench, case: Case) -> Iterator[Atom]:
    """Calls with the constants of a test, of the action that the changed rule is about, else of all. Each
    constant stands in columns of the types in which the test has it."""
    schema = bench.schema
    seen: dict[str, dict[Value, None]] = {}
    for node in nodes(case.items):
        signature = None
        if isinstance(node, Atom) and not node.names:
            signature = schema.relations.get(node.name) or schema.actions.get(node.name)
        for param, term in zip(
            signature.params if signature else (), getattr(node, "args", ()), strict=False
        ):
            if isinstance(term, Const):
                seen.setdefault(param.type, {})[term.value] = None
    head = mutant.clause.head.name
    said = [node.value for node in nodes(mutant.clause.body) if isinstance(node, Const)]
    more: dict[str, list[Value]] = {
        "int": [near for value in said if type(value) is int for near in (value, value + 1, value - 1)],
        "symbol": [*(value for value in said if isinstance(value, str)), OTHER],
    }
    for name in [head] if head in schema.actions else sorted(schema.actions):
        signature = schema.actions[name]
        columns = [
            list(dict.fromkeys([*seen.get(param.type, {}), *more.get(base, ())]))
            for param, base in zip(signature.params, signature.bases, strict=True)
        ]
        for row in islice(product(*columns), CALLS):
            yield Atom(name, tuple(map(Const, row)))
