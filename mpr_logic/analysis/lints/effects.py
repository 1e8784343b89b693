"""Effects that are to keep a sum, and do not: the old values stay, or the last one takes its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.analysis.lints.domains import literals_outside
from mpr_logic.analysis.strata import read_by
from mpr_logic.analysis.terms import item_terms, names, term_vars
from mpr_logic.language.ast import Arithmetic, Comparison, Var
from mpr_logic.language.printer import print_term

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mpr_logic.analysis.lints.subject import Subject
    from mpr_logic.analysis.program import Program, Rule
    from mpr_logic.analysis.report import DiagnosticCollector
    from mpr_logic.language.ast import Literal, Term


def check_effects(subject: Subject, report: DiagnosticCollector) -> None:
    """Report counters without a key whose old values let calls pass, and amounts that replace a sum."""
    program = subject.program
    permitting = read_by(program, {f"permit {action}" for action in program.schema.actions})
    ended = {
        (rule.clause.effect.name, rule.action)
        for rule in program.rules
        if rule.clause.kind == "ends" and rule.clause.effect is not None
    }
    for rule in program.rules:
        if rule.clause.kind != "causes" or rule.clause.effect is None:
            continue
        name = rule.clause.effect.name
        signature = program.schema.relations[name]
        if signature.key is not None:
            _replaced(rule, name, signature.key, program, report)
        elif name in permitting and (name, rule.action) not in ended and _counts(rule, name):
            report.warn(
                "W0632",
                f"`{name}` keeps its old values beside the new one, and a permit may take the least of them",
                rule.clause.effect.span,
                f"give it a key, which lets the new value replace the old one: .decl {name}(...) key()",
            )


def _reads(rule: Rule, name: str) -> Iterator[Literal]:
    """The literals of a body that ask a relation."""
    return (each for each in literals_outside(rule.body) if each.atom.name == name and not each.negated)


def _counts(rule: Rule, name: str) -> bool:
    """Whether an effect computes a new value from an old one of the same relation."""
    old = {v for literal in _reads(rule, name) for t in literal.atom.args for v in names(term_vars(t))}
    computed = [_meaning(term, rule) for term in rule.args[rule.given :]]
    return any(isinstance(each, Arithmetic) and names(term_vars(each)) & old for each in computed)


def _meaning(term: Term, rule: Rule) -> Term:
    """The term that a variable is said to be equal to; any other term itself."""
    for item in rule.body:
        if isinstance(item, Comparison) and item.op == "=":
            for one, other in ((item.left, item.right), (item.right, item.left)):
                if one == term and isinstance(other, Arithmetic):
                    return other
    return term


def _replaced(
    rule: Rule, name: str, key: Iterable[int], program: Program, report: DiagnosticCollector
) -> None:
    """An amount of the call put where a law of the same action adds that amount to what stands there."""
    for place, term in enumerate(rule.args[rule.given :]):
        if place in key or not isinstance(term, Var) or term not in rule.args[: rule.given]:
            continue
        argument = rule.args.index(term)
        for law in (*program.rules_for(f"forbid {rule.action}"), *program.rules_for(f"permit {rule.action}")):
            amount = law.args[argument]
            sums = [each for item in law.body if isinstance(item, Comparison) for each in _sums(item)]
            for literal in _reads(law, name):
                old = literal.atom.args[place]
                if any({old, amount} <= set(term_vars(each)) for each in sums) and old != amount:
                    report.warn(
                        "W0633",
                        f"`{name}` becomes `{print_term(term)}` here, and a law adds `{print_term(amount)}` "
                        f"to what is in `{name}`",
                        rule.clause.head.span,
                        f"add it up: {name}(S + {print_term(term)}), and {name}(S) in the body",
                    )
                    return


def _sums(item: Comparison) -> Iterator[Term]:
    """The sides of a comparison that are sums or differences."""
    return (term for term in item_terms(item) if isinstance(term, Arithmetic) and term.op in ("+", "-"))
