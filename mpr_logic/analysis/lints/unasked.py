"""Laws that read what calls tell, and ask for none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.analysis.informed import relation_asked, unasked

if TYPE_CHECKING:
    from mpr_logic.analysis.lints.subject import Subject
    from mpr_logic.analysis.report import DiagnosticCollector


def check_unasked(subject: Subject, report: DiagnosticCollector) -> None:
    """Report laws that go by what is known of a relation, although a call could tell more of it."""
    program = subject.program
    told = {each.relation for each in program.schema.tells}
    seen: set[tuple[int, str]] = set()
    for law, literal in unasked(program.rules, program.schema) if told else ():
        name = relation_asked(literal)
        if (id(law.clause), name) in seen:
            continue
        seen.add((id(law.clause), name))
        if name in told:
            message = f"this law reads `{name}`, and no call that tells it takes what the law has"
            help = "declare one that does, `action(X) tells relation(X, _).`; the law goes by what is known"
        else:
            message = f"this law reads `{name}`, which is defined by itself: it is followed for one turn only"
            help = "what lies behind is not asked for: the law goes by what is known"
        report.warn("W0638", message, literal.span if literal.span.line else law.clause.head.span, help)
