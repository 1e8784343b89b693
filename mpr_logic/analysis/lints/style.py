"""Clauses that are valid and read oddly: warnings for who writes them, and no concern of a guard."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from mpr_logic.analysis.annotations import named_in_texts
from mpr_logic.analysis.report import DiagnosticCollector, where
from mpr_logic.analysis.resolve import EFFECTS
from mpr_logic.analysis.terms import flat, item_vars, literals, rewrite_item, term_span, term_vars
from mpr_logic.analysis.totality import given_by
from mpr_logic.analysis.types import Typing, base, comparable
from mpr_logic.language.ast import Comparison, Var

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mpr_logic.analysis.lints.subject import Subject
    from mpr_logic.analysis.program import Program, Rule
    from mpr_logic.language.ast import Atom, BodyItem, Clause, Term


def check_singletons(subject: Subject, report: DiagnosticCollector) -> None:
    """Report variables that stand only once in their clause."""
    for clause in subject.clauses:
        _singletons(clause, report)


def _singletons(clause: Clause, report: DiagnosticCollector) -> None:
    body = [v for item in clause.body for v in item_vars(item)]
    heads = clause.head.args if clause.effect is None else clause.head.args + clause.effect.args
    counts = Counter(v.name for v in body)
    counts.update(v.name for t in heads for v in term_vars(t))
    counts.update(named_in_texts(clause))
    for var in body:
        if counts[var.name] == 1 and not var.name.startswith("_"):
            report.warn(
                "W0501",
                f"`{var.name}` stands only once in this clause",
                term_span(var, clause.head.span),
                f"write `_` if any value will do (or `_{var.name}`, to keep the name); "
                "else look for a typing error",
            )


def _because(clause: Clause) -> str:
    texts = clause.annotation("because") or ()
    return " ".join(t for t in texts if isinstance(t, str))


def _mentioned(clause: Clause) -> Iterator[Atom]:
    if clause.kind in ("relation", "absent"):
        yield clause.head
    if clause.effect is not None:
        yield clause.effect
    for literal in literals(clause.body):
        if literal.tense is None:
            yield literal.atom


def check_unused(subject: Subject, report: DiagnosticCollector) -> None:
    """Report relations that are declared and that no clause speaks of."""
    used = {atom.name for clause in subject.clauses for atom in _mentioned(clause)}
    for name, signature in subject.program.schema.relations.items():
        if name not in used and signature.span is not None and not signature.builtin:
            report.warn(
                "W0503",
                f"relation `{name}` is declared, but no clause speaks of it",
                signature.span,
                "take the declaration away, or look for a typing error in a rule",
            )


def check_duplicates(subject: Subject, report: DiagnosticCollector) -> None:
    """Report rules and facts that are stated twice."""
    first: dict[str, Rule] = {}
    for rule in subject.program.written:
        # the id of a rule that is equal to an earlier one is that one's with a number behind it
        original = first.setdefault(rule.id.rpartition("-")[0] or rule.id, rule)
        if original.clause is not rule.clause and _equal(original, rule):
            report.warn(
                "W0502",
                f"this rule says the same as the one{where(original.clause.span)}",
                rule.clause.head.span,
                "keep the one with the weight that you mean",
            )
        first.setdefault(rule.id, rule)
    seen: dict[tuple[str, Atom], Clause] = {}
    for clause in subject.clauses:
        if clause.body or clause.kind not in ("relation", "absent"):
            continue  # of the history each is a call of its own
        old = seen.setdefault((clause.kind, clause.head), clause)
        if old is not clause:
            report.warn(
                "W0502",
                f"this fact is stated{where(old.span)} too",
                clause.head.span,
                "keep the one with the weight that you mean: the greater weight counts",
            )


def _equal(first: Rule, second: Rule) -> bool:
    return first.head == second.head and len(first.body) == len(second.body)


def check_verdicts(subject: Subject, report: DiagnosticCollector) -> None:
    """Report forbids without a reason, and permits without an effect."""
    for rule in subject.program.written:
        _verdict(rule, subject.program, report)


def _verdict(rule: Rule, program: Program, report: DiagnosticCollector) -> None:
    clause = rule.clause
    if clause.kind == "forbid" and not _because(clause):
        report.warn(
            "W0505",
            f"this rule forbids `{clause.head.name}` without a reason",
            clause.head.span,
            'say why in front of it: @because("{X} is closed: open it first")',
        )
    if clause.kind != "permit" or rule.id in program.overrides or says_open(rule, program):
        return
    if not any(each.action in program.schema.closed for each in program.rules_of(clause)):
        action = clause.head.name
        report.warn(
            "W0504",
            f"this permit changes nothing: it overrides no rule, and `{action}` is allowed by default",
            clause.head.span,
            f"name the rule that it overrides, @overrides(id), or declare .default forbid {action}",
        )


def says_open(rule: Rule, program: Program) -> bool:
    """Whether a permit has no condition at all: beside actions that are closed, it says that its own is
    open, and that this is meant."""
    if not program.schema.closed:
        return False
    names = [term.name for term in rule.args if isinstance(term, Var) and term.name != "_"]
    return not rule.body and all(isinstance(t, Var) for t in rule.args) and len(set(names)) == len(names)


def check_comparisons(subject: Subject, report: DiagnosticCollector) -> None:
    """Report comparisons of a number with a symbol."""
    for rule in subject.program.rules:
        _comparisons(rule, subject.program, report)


def _comparisons(rule: Rule, program: Program, report: DiagnosticCollector) -> None:
    equations = [i for i in flat(rule.body) if isinstance(i, Comparison) and i.op in ("=", "!=")]
    if not equations:
        return
    schema = program.schema
    typing = Typing(schema, DiagnosticCollector())
    columns = [given_by(program, rule)] if rule.given else []
    typing.infer(rule.args[: rule.given], columns, rule.body)
    for item in equations:
        left, right = typing.type_of(item.left), typing.type_of(item.right)
        if left is None or right is None:
            continue
        first, second = base(schema.types, left), base(schema.types, right)
        if not comparable(first, second):
            never = "never" if item.op == "=" else "always"
            report.warn(
                "W0506",
                f"this comparison {never} holds: one side is of type `{first}`, the other `{second}`",
                item.span,
                "compare numbers with numbers and symbols with symbols",
            )


def check_subsumed(subject: Subject, report: DiagnosticCollector) -> None:
    """Report rules that add nothing to a more general one of the same head and no smaller weight."""
    program = subject.program
    general: dict[tuple[str, BodyItem | None], list[tuple[frozenset[BodyItem], Rule]]] = {}
    keyed = [(rule, _renamed(rule)) for rule in program.rules]
    for rule, items in keyed:
        if items is not None:
            least = min(items, key=repr) if items else None
            general.setdefault((rule.head, least), []).append((items, rule))
    covering: dict[int, list[Rule | None]] = {}
    for rule, items in keyed:
        found = (
            other
            for item in (None, *(items or ()))
            for other_items, other in general.get((rule.head, item), ())
            if items is not None and other_items < items and other.clause is not rule.clause
        )
        other = next((each for each in found if _covers(each, rule, program)), None)
        covering.setdefault(id(rule.clause), []).append(other)
    for rule in program.written:
        others = covering[id(rule.clause)]
        if others[0] is not None and all(others):  # of alternatives and members each
            report.warn(
                "W0507",
                f"this rule adds nothing: the one{where(others[0].clause.span)} holds whenever it does",
                rule.clause.head.span,
                "take it away, or give it the greater weight if it is the surer one",
            )


def _covers(general: Rule, special: Rule, program: Program) -> bool:
    if general.weight < special.weight or general.clause.kind in ("permit", "relation", *EFFECTS):
        # a permit may override other rules, a relation may be built up case by case
        return False
    return not any(general.id in ids and special.id not in ids for ids in program.overrides.values())


def _renamed(rule: Rule) -> frozenset[BodyItem] | None:
    """The body with the head's variables named by their places; None where the head is no plain row
    of variables."""
    if not all(isinstance(t, Var) for t in rule.args):
        return None
    names = [t.name for t in rule.args if isinstance(t, Var) and t.name != "_"]
    if len(set(names)) < len(names):
        return None
    places = {t.name: f"#head{i}" for i, t in enumerate(rule.args) if isinstance(t, Var)}

    def leaf(term: Term) -> Term:
        if isinstance(term, Var) and term.name != "_" and term.name in places:
            return Var(places[term.name])
        return term

    return frozenset(rewrite_item(i, leaf) for i in rule.body)
