"""Variables that are most likely meant to be constants: with a capital, a word stands for any value."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from mpr_logic.analysis.annotations import named_in_texts
from mpr_logic.analysis.lints.constants import constants_of
from mpr_logic.analysis.terms import flat, item_terms, item_vars, literals, term_span, term_vars
from mpr_logic.analysis.types import columns_of
from mpr_logic.language.ast import Aggregate, Comparison, Var
from mpr_logic.language.printer import print_item, print_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mpr_logic.analysis.lints.subject import Subject
    from mpr_logic.analysis.program import Rule
    from mpr_logic.analysis.report import DiagnosticCollector
    from mpr_logic.language.ast import Span, Value


def check_capitals(subject: Subject, report: DiagnosticCollector) -> None:
    """Report variables that stand once, and are called like a constant of their column, or are equal to
    something."""
    known = _known(subject)
    for rule in subject.program.rules:
        single = _single(rule)
        if not single:
            continue
        for name, place, var, span in _columns(rule):
            value = var.name.lower()
            if var.name in single and len(value) > 1 and value in known.get((name, place), ()):
                signature = columns_of(subject.program.schema, name)
                report.warn(
                    "W0635",
                    f"`{var.name}` is a variable here, and stands for any `{signature.params[place].name}`",
                    term_span(var, span),
                    f"did you mean `{print_value(value)}`? If any will do, write `_`",
                )
        for item in flat(rule.body):
            if isinstance(item, Comparison) and item.op == "=":
                for term in item_terms(item):
                    if isinstance(term, Var) and term.name in single:
                        report.warn(
                            "W0619",
                            f"`{print_item(item)}` always holds: `{term.name}` is a variable that stands "
                            "nowhere else",
                            item.span,
                            f'did you mean `{term.name.lower()}`, or "{term.name}"?',
                        )
            elif isinstance(item, Aggregate) and isinstance(item.target, Var) and item.target.name in single:
                asks = "any number" if item.function in ("count", "sum") else "that there is any"
                report.warn(
                    "W0619",
                    f"nothing compares `{item.target.name}`: this `{item.function}` asks for {asks}",
                    item.span,
                    f"say how much it may be: {item.target.name} > 3",
                )


def _known(subject: Subject) -> dict[tuple[str, int], set[Value]]:
    """The constants of each column: of facts, of schemas, and of rules."""
    known: dict[tuple[str, int], set[Value]] = {}
    for name, columns in subject.domains.columns.items():
        for place, domain in enumerate(columns):
            known[name, place] = set(domain or ())
    for rule in subject.program.rules:
        for name, place, constant, _ in constants_of(rule):
            known.setdefault((name, place), set()).add(constant.value)
    return known


def _single(rule: Rule) -> set[str]:
    """The variables of a rule that stand once, the texts of its annotations counted."""
    counts = Counter(var.name for item in rule.body for var in item_vars(item))
    counts.update(var.name for term in rule.args for var in term_vars(term))
    counts.update(named_in_texts(rule.clause))
    return {name for name, count in counts.items() if count == 1 and not name.startswith("_")}


def _columns(rule: Rule) -> Iterator[tuple[str, int, Var, Span]]:
    """The variables in the atoms of a rule, as :func:`constants_of` has the constants."""
    if rule.action is not None:
        for place, term in enumerate(rule.args[: rule.given]):
            if isinstance(term, Var):
                yield f"past {rule.action}", place, term, rule.clause.head.span
    for literal in literals(rule.body):
        for place, term in enumerate(literal.atom.args):
            if isinstance(term, Var):
                yield literal.atom.name, place, term, literal.span
