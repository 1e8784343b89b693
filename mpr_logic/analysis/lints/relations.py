"""Relations that rules read and nothing can ever fill."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.analysis.lints.constants import like
from mpr_logic.analysis.lints.domains import literals_outside
from mpr_logic.analysis.occurrences import CLASS, HISTORY
from mpr_logic.analysis.report import declaration, where
from mpr_logic.analysis.terms import literals

if TYPE_CHECKING:
    from mpr_logic.analysis.lints.domains import Domains
    from mpr_logic.analysis.lints.subject import Subject
    from mpr_logic.analysis.program import Program, Rule, Signature
    from mpr_logic.analysis.report import DiagnosticCollector
    from mpr_logic.language.ast import Literal, Span


def check_filled(subject: Subject, report: DiagnosticCollector) -> None:
    """Report each relation that rules read, and that is empty for ever since nothing fills it."""
    program, domains = subject.program, subject.domains
    notes = _note(without_source(subject))
    for name, literal in _read(program).items():
        if name in domains.columns or name.startswith(("not ", CLASS)):
            continue  # of a class each member says it
        word, _, action = name.rpartition(" ")
        if word in HISTORY:
            report.error(
                "E0601",
                f"`{action}` is no tool, so no call of it was ever made",
                literal.span,
                "name the action of a tool",
            )
        elif not domains.has_source(name):
            signature = program.schema.relations[name]
            other = _like_another(subject, name)
            if signature.given:
                report.error(
                    "E0607",
                    f"`{name}` never holds: no rule concludes it",
                    literal.span,
                    f"did you mean `{other}`?" if other else "write a rule for it, or take the literal away",
                )
                continue
            report.error(
                "E0607",
                f"nothing ever fills `{name}`: no fact, no rule, no effect",
                literal.span,
                (f"did you mean `{other}`? " if other else "")
                + f"if the host fills it, say so: .decl {declaration(signature)} input; "
                f"else state facts of it{_declared(signature.span)}",
                () if other else notes,
            )
            notes = notes if other else ()
        elif _circular(domains, name):
            report.error(
                "E0607",
                f"nothing ever fills `{name}`: each of its rules needs it already",
                program.rules_for(name)[0].clause.head.span,
                "add a fact, or a rule, that it begins with",
            )
        elif effects := _continuing(domains, name):
            report.error(
                "E0607",
                f"nothing ever fills `{name}`: what causes it needs it already",
                effects[0].clause.head.span,
                f"add the fact that it begins with, or, if the host fills it, say so: .decl "
                f"{declaration(program.schema.relations[name])} input",
            )


def without_source(subject: Subject) -> list[Signature]:
    """The relations of which an author most likely forgot to say ``input``: they are declared, rules read
    them, nothing fills them, and their names are not those of others, misspelt."""
    program, domains = subject.program, subject.domains
    return [
        program.schema.relations[name]
        for name in _read(program)
        if " " not in name and name not in domains.columns and not domains.has_source(name)
        if program.schema.relations[name].span is not None and not program.schema.relations[name].given
        if _like_another(subject, name) is None
    ]


def _note(missing: list[Signature]) -> tuple[str, ...]:
    """The note that names a repair for all of these relations at once; none where there is only one."""
    names = ", ".join(f"`{each.name}`" for each in missing)
    return (f"`mpr lint --fix` says so of all that nothing fills: {names}",) if len(missing) > 1 else ()


def _like_another(subject: Subject, name: str) -> str | None:
    """The relation that was meant: something fills it, it has as many arguments, and a name that differs in
    one letter."""
    relations = subject.program.schema.relations
    others = (each for each, other in relations.items() if other.arity == relations[name].arity)
    return like(name, filter(subject.domains.has_source, others))


def _declared(span: Span | None) -> str:
    return f"; it is declared{where(span)}" if span is not None else ""


def _read(program: Program) -> dict[str, Literal]:
    """The core relations that bodies read, each with the first literal that does."""
    found: dict[str, Literal] = {}
    for rule in program.rules:
        for literal in literals(rule.body):
            found.setdefault(literal.atom.name, literal)
    return found


def _circular(domains: Domains, name: str) -> bool:
    """Whether every rule of a relation needs one that is filled by nothing but its own circle."""
    circle = next(
        (group for group in domains.program.strata if name in group and name in domains.program.recursive), ()
    )
    return bool(circle) and all(
        any(
            not literal.negated and literal.atom.name in circle and literal.atom.name not in domains.columns
            for literal in literals(rule.body)
        )
        for relation in circle
        for rule in domains.program.rules_for(relation)
    )


def _continuing(domains: Domains, name: str) -> list[Rule]:
    """The effects that fill a relation, where nothing else does and each of them needs it already."""
    effects = domains.effects.get(name, [])
    needed = [
        {item.atom.name for item in literals_outside(each.body) if not item.negated} for each in effects
    ]
    return effects if not domains.program.rules_for(name) and all(name in each for each in needed) else []
