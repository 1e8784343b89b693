"""Rules and tools that do not fit: laws about what is no tool, names that lead nowhere, open actions beside
closed ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.analysis.lints.deployment import REST
from mpr_logic.analysis.program import ANY
from mpr_logic.analysis.report import count, did_you_mean, nearest
from mpr_logic.analysis.terms import literals
from mpr_logic.language.ast import NOWHERE, Span, Var

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mpr_logic.analysis.lints.deployment import ToolNames, ToolSignature
    from mpr_logic.analysis.lints.subject import Subject
    from mpr_logic.analysis.program import Fact, Program, Rule, Signature
    from mpr_logic.analysis.report import DiagnosticCollector
    from mpr_logic.language.ast import Value


def check_names(subject: Subject, report: DiagnosticCollector) -> None:
    """Report facts about names that lead nowhere, or to two places."""
    naming, actions = subject.tool_names, subject.program.schema.actions
    tools = subject.deployment.tools
    first: dict[tuple[Value, ...], tuple[Value, Span]] = {}
    for fact in (*naming.tool_names, *naming.argument_names):
        key, value = fact.row[:-1], fact.row[-1]
        old, place = first.setdefault((fact.relation, *key), (value, fact.span))
        if old != value:
            thing = "tool" if len(key) == 1 else f"argument of `{key[0]}`"
            report.error(
                "E0604",
                f"the {thing} `{key[-1]}` is said to be `{old}` and `{value}`",
                fact.span,
                f"keep one of them: the first is stated at {place}",
            )
    for fact in naming.tool_names:
        tool, action = map(str, fact.row)
        if action not in actions:
            _leads_nowhere(fact, action, "action", actions, report)
        elif tools is not None and all(tool != each.name for each in tools) and action in subject.actions:
            # an action that no tool is says so itself
            _leads_nowhere(fact, tool, "tool", (each.name for each in tools), report)
    for fact in naming.argument_names:
        action, _, word = map(str, fact.row)
        if action not in actions:
            _leads_nowhere(fact, action, "action", actions, report)
        elif word not in (params := [p.name for p in actions[action].params]):
            _leads_nowhere(fact, word, f"argument of `{action}`", params, report)


def _leads_nowhere(
    fact: Fact, name: str, thing: str, known: Iterable[str], report: DiagnosticCollector
) -> None:
    report.error(
        "E0604",
        f"`{fact.relation}` names `{name}`, and there is no such {thing}",
        fact.span,
        did_you_mean(name, known, "take the fact away, or name one that there is"),
    )


def check_actions(subject: Subject, report: DiagnosticCollector) -> None:
    """Report laws about actions that no tool is, arguments that tools do not have, and actions that are open
    where others are closed."""
    program, tools, reached = subject.program, subject.deployment.tools, subject.actions
    spoken = spoken_actions(program)
    if tools is not None:
        for action, span in spoken.items():
            if action not in reached:
                report.error(
                    "E0601",
                    f"`{action}` is no tool: what the rules say about it holds for no call",
                    span,
                    _tool_help(action, subject.tool_names),
                )
        for tool in tools:
            _arguments(tool, subject.tool_names, report)
    closed = program.schema.closed
    if not closed:
        return
    for action in reached:
        verdicts = program.rules_for(f"forbid {action}") + program.rules_for(f"permit {action}")
        if action not in closed and all(_of_any(rule, program) for rule in verdicts):
            signature = program.schema.actions[action]
            report.error(
                "E0602",
                f"no rule speaks of `{action}`, so every call of it is admitted; other actions are closed",
                _place(signature),
                f"close all actions, .default forbid *, or this one, .default forbid {action}; "
                "or write a rule about it",
            )


def spoken_actions(program: Program) -> dict[str, Span]:
    """The actions that rules and defaults speak of, each with the first place."""
    found: dict[str, Span] = {}
    for rule in program.rules:
        if rule.action is not None and not _of_any(rule, program):
            found.setdefault(rule.action, rule.clause.head.span)
    if not program.schema.all_closed:
        for action in program.schema.closed:
            found.setdefault(action, _place(program.schema.actions[action]))
    return found


def _of_any(rule: Rule, program: Program) -> bool:
    """Whether a rule speaks of all actions: nobody thought of this one in particular."""
    name = rule.clause.head.name
    return name == ANY and name not in program.schema.actions


def _place(signature: Signature) -> Span:
    return signature.span or NOWHERE


def _tool_help(action: str, naming: ToolNames) -> str:
    tools = [each.name for each in naming.deployment.tools or ()]
    given = [tool for tool, name in naming.action_of.items() if name == action]
    # a longer name of the same thing is as likely as a misspelt one
    close = nearest(action, tools) or next((t for t in tools if action in t or t in action), None)
    if given and close is None:
        return f"it is said to be the tool `{given[0]}`, which there is not"
    if close is None:
        shown = ", ".join(f"`{name}`" for name in tools[:8]) or "none"
        return f"the tools are {shown}{', ...' if len(tools) > 8 else ''}: name the action after one of them"
    return f'did you mean the tool `{close}`? name the action so, or state tool_name("{close}", {action})'


def _arguments(tool: ToolSignature, naming: ToolNames, report: DiagnosticCollector) -> None:
    """Arguments of a declared action that its tool does not take: rules would see nothing in them."""
    name = naming.action(tool.name)
    if name is None or tool.rest:
        return
    signature = naming.program.schema.actions[name]
    looked = _looked_at(naming.program, name)
    for place, param in enumerate(signature.params):
        names = naming.names(name, param.name)
        if place in looked and not any(each in tool.arguments or each == REST for each in names):
            left = [
                each
                for each in tool.arguments
                if all(each not in naming.names(name, p.name) for p in signature.params)
            ]
            report.error(
                "E0603",
                f"the tool `{tool.name}` has no argument `{names[0]}`: rules that look at it see nothing",
                param.span if param.span.line else _place(signature),
                did_you_mean(names[0], left or tool.arguments, f"it has {_listed(tool.arguments)}"),
            )


def _looked_at(program: Program, action: str) -> set[int]:
    """The places of an action's arguments that some rule looks at."""
    found: set[int] = set()
    for rule in program.rules:
        heads = [rule.args[: rule.given]] if rule.action == action else []
        tried = [each.atom.args for each in literals(rule.body) if each.atom.name.partition(" ")[2] == action]
        for args in (*heads, *tried):
            found |= {place for place, term in enumerate(args) if term != Var("_")}
    return found


def _listed(names: Iterable[str]) -> str:
    found = [f"`{name}`" for name in names]
    return ", ".join(found) if found else count(0, "argument")
