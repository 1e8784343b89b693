"""Classes of actions without a member, and hints of tools that count for nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.analysis.classes import hinted
from mpr_logic.analysis.terms import literals
from mpr_logic.language.ast import ClassDecl, HintDecl

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mpr_logic.analysis.lints.subject import Subject
    from mpr_logic.analysis.report import DiagnosticCollector
    from mpr_logic.language.ast import Atom, Clause, Statement


def check_classes(subject: Subject, report: DiagnosticCollector) -> None:
    """Report rules that speak of a class without members. A class that asks for hints of tools may have none
    where hints are stated, and where no tools are known it may get them yet."""
    schema, tools = subject.program.schema, subject.deployment.tools
    statements = [each for module in subject.modules for each in module.statements]
    told = any(isinstance(each, HintDecl) for each in statements)
    asking = set() if tools is not None and not told else _asking(statements)
    if tools is None and not schema.actions:
        return
    seen: set[str] = set()
    for clause in subject.clauses:
        for atom in _actions(clause):
            of = None if atom.name in schema.actions else schema.classes.get(atom.name)
            if of is None or of.members or atom.name in seen or atom.name in asking:
                continue
            seen.add(atom.name)
            report.error(
                "E0640",
                f"the class `{atom.name}` has no member: what the rules say about it holds for no call",
                atom.span if atom.span.line else clause.span,
                f"put actions into it, .class {atom.name} {{action, ...}}; of what asks for a hint of "
                "tools, the rules say which have it: .hint action(readOnlyHint)",
            )


def check_hints(subject: Subject, report: DiagnosticCollector) -> None:
    """Report what tools say of themselves and the rules do not, where a class asks for it."""
    declared = [each for module in subject.modules for each in module.statements]
    told: dict[str, dict[str, bool]] = {}
    for each in declared:
        if isinstance(each, HintDecl):
            told.setdefault(each.action, {}).update(each.hints)
    asked = {
        member.name: member.span if member.span.line else each.span
        for each in declared
        if isinstance(each, ClassDecl)
        for member in each.members
        if member.hint
    }
    for tool in subject.deployment.tools or ():
        action = subject.tool_names.action(tool.name)
        for name, said in tool.hints.items():
            if action is None or name not in asked or hinted(action, name, told) == said:
                continue
            statement = f".hint {action}({'' if said else 'not '}{name})"
            report.warn(
                "W0641",
                f"the tool `{tool.name}` says {'' if said else 'not '}`{name}` of itself, "
                "and the rules do not go by it",
                asked[name],
                f"if you trust who describes it, state it in a rule file: {statement}"
                if name not in told.get(action, {})
                else f"the rules state the contrary: change that to {statement}, if the tool has changed",
            )


def _asking(statements: Iterable[Statement]) -> set[str]:
    """The classes that ask for hints, by themselves or by a class in them."""
    declared = [each for each in statements if isinstance(each, ClassDecl)]
    found: set[str] = set()
    before = -1
    while before < len(found):
        before = len(found)
        found |= {each.name for each in declared if any(m.hint or m.name in found for m in each.members)}
    return found


def _actions(clause: Clause) -> Iterator[Atom]:
    """The atoms of a clause that speak of actions."""
    if clause.kind != "relation":
        yield clause.head
    yield from (literal.atom for literal in literals(clause.body) if literal.tense is not None)
