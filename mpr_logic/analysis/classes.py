"""Classes of actions: which actions each one has, and the arguments that they share.

A class names actions, other classes, and hints of tools. What names an action decides over what names a class
or a hint, and of two that name the same, the one with ``not``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mpr_logic.analysis.program import ACTION, ANY, ActionClass, Signature
from mpr_logic.analysis.report import did_you_mean, nearest, where
from mpr_logic.analysis.strata import components
from mpr_logic.language.ast import ClassDecl, HintDecl, Param

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mpr_logic.analysis.report import DiagnosticCollector
    from mpr_logic.language.ast import Member, Span, Statement

HINTS: Mapping[str, bool] = {
    "readOnlyHint": False,
    "destructiveHint": True,
    "idempotentHint": False,
    "openWorldHint": True,
}
"""The hints of the Model Context Protocol (2025-06-18, ToolAnnotations), each with its default."""

Hints = dict[str, dict[str, bool]]


def action_class(signature: Signature, members: Iterable[str]) -> ActionClass:
    """A class whose members share the arguments of a signature."""
    shared = signature.arity
    if all(param.name != ACTION for param in signature.params):
        params, bases = (*signature.params, Param(ACTION, "symbol")), (*signature.bases, "symbol")
        listed = (*signature.members, None) if signature.members else ()
        signature = replace(signature, params=params, bases=bases, tail=1, members=listed)
    return ActionClass(signature, shared, tuple(members))


def collect_classes(
    declared: Sequence[ClassDecl],
    signatures: Mapping[str, Signature],
    hints: Hints,
    relations: Mapping[str, Signature],
    actions: Mapping[str, Signature],
    report: DiagnosticCollector,
) -> dict[str, ActionClass]:
    """The classes of a program, by name.

    Args:
        declared: their declarations.
        signatures: by name, the arguments of those whose names are free.
        hints: what tools say of their actions.
        relations: the declared relations.
        actions: the declared actions.
        report: takes what is wrong.
    """
    classes: dict[str, ActionClass] = {}
    if ANY not in actions:
        classes[ANY] = action_class(Signature(ANY, (), (), builtin=True), actions)
    named: dict[str, list[Member]] = {name: [] for name in signatures}
    for each in declared:
        if each.name in named:
            known = {*actions, *signatures, *classes}
            _known_members(each, known, relations, report)
            named[each.name] += [m for m in each.members if m.name in (HINTS if m.hint else known)]
    inner = {name: [m.name for m in found if m.name in signatures] for name, found in named.items()}
    for group in components(inner):
        name = group[0]
        if len(group) > 1 or name in inner[name]:
            path = " <- ".join([*sorted(group), min(group)])
            message = f"the class `{name}` stands in itself: {path}"
            report.error("E0243", message, _span(signatures[name]), "name the actions in one of them")
        found = set() if len(group) > 1 else _members(named[name], classes, hints, actions)
        own = [each for each in actions if each in found]
        fitting = [a for a in own if _fits(signatures[name], named[name], actions[a], report)]
        classes.update({each: action_class(signatures[each], fitting) for each in group})
    return classes


def one_class_each(statements: Iterable[Statement]) -> list[Statement]:
    """The statements, with one declaration for each class: it has all members that others name for it."""
    found: dict[object, Statement] = {}
    for number, each in enumerate(statements):
        old = found.get(each.name) if isinstance(each, ClassDecl) else None
        if isinstance(each, ClassDecl) and isinstance(old, ClassDecl):
            params = each.params if old.params is None else old.params
            found[each.name] = replace(old, params=params, members=(*old.members, *each.members))
        else:
            found[each.name if isinstance(each, ClassDecl) else number] = each
    return list(found.values())


def collect_hints(
    declared: Iterable[HintDecl], actions: Mapping[str, Signature], report: DiagnosticCollector
) -> Hints:
    """The hints that rule files state, by action and hint."""
    found: Hints = {}
    for each in declared:
        if each.action not in actions:
            help = did_you_mean(each.action, actions, f"declare it: .action {each.action}(...)")
            report.undeclared("action", each.action, each.span, help)
        for name, said in each.hints:
            if name not in HINTS:
                _no_hint(name, each.span, report)
            elif found.setdefault(each.action, {}).setdefault(name, said) != said:
                message = f"`{each.action}` is said to have `{name}`, and not to have it"
                report.error("E0244", message, each.span, "keep one of them")
    return found


def hinted(action: str, hint: str, hints: Hints) -> bool:
    """Whether an action has a hint, by what its tool says or else by the default of the specification.
    Nothing is destroyed by what only reads."""
    said = hints.get(action, {})
    if hint == "destructiveHint" and hint not in said:
        return not said.get("readOnlyHint", False)
    return said.get(hint, HINTS[hint])


def _members(
    named: Iterable[Member],
    classes: Mapping[str, ActionClass],
    hints: Hints,
    actions: Mapping[str, Signature],
) -> set[str]:
    """The actions of a class; those of the classes in it are known."""
    groups: tuple[set[str], set[str]] = set(), set()
    single: tuple[set[str], set[str]] = set(), set()
    for each in named:
        if each.hint:
            groups[each.negated].update(a for a in actions if hinted(a, each.name, hints))
        elif each.name in actions:
            single[each.negated].add(each.name)
        elif each.name in classes:  # else it is in a circle, which was reported
            groups[each.negated].update(classes[each.name].members)
    return ((groups[False] - groups[True]) | single[False]) - single[True]


def _known_members(
    each: ClassDecl, known: set[str], relations: Mapping[str, Signature], report: DiagnosticCollector
) -> None:
    seen: set[tuple[str, bool]] = set()
    for member in each.members:
        span = member.span if member.span.line else each.span
        if (member.name, member.hint) in seen:
            report.error("E0208", f"this names `{member.name}` twice", span, "keep one of them")
        seen.add((member.name, member.hint))
        if member.hint:
            if member.name not in HINTS:
                _no_hint(member.name, span, report)
        elif member.name in HINTS:
            help = f"write hint({member.name})"
            report.error("E0242", f"`{member.name}` is a hint of tools, no action", span, help)
        elif member.name in relations and member.name not in known:
            help = "a class has actions, and other classes"
            report.error("E0242", f"`{member.name}` is a relation, no action", span, help)
        elif member.name not in known:
            help = did_you_mean(member.name, known, f"declare it: .action {member.name}(...)")
            report.undeclared("action", member.name, span, help)


def _no_hint(name: str, span: Span, report: DiagnosticCollector) -> None:
    close = nearest(name, HINTS) or nearest(f"{name}Hint".lower(), [h.lower() for h in HINTS])
    spelt = next((h for h in HINTS if h.lower() == (close or "").lower()), None)
    help = f"did you mean `{spelt}`?" if spelt else f"there are {', '.join(f'`{h}`' for h in HINTS)}"
    report.error("E0244", f"there is no hint `{name}`", span, help)


def _fits(
    signature: Signature, named: Iterable[Member], member: Signature, report: DiagnosticCollector
) -> bool:
    """Whether a member has the arguments that a class shares, by name and type."""
    own = {param.name: param.type for param in member.params}
    faults = [
        f"has no argument `{param.name}`" if param.name not in own else _otherwise(param, own[param.name])
        for param in signature.params
        if own.get(param.name) != param.type
    ]
    if not faults:
        return True
    place = next((m.span for m in named if m.name == member.name and not m.hint and m.span.line), None)
    report.error(
        "E0241",
        f"`{member.name}` of the class `{signature.name}` {' and '.join(faults)}",
        place or _span(signature),
        f"take it out of the class, `not {member.name}`, or let the class share what all of its members have"
        f"; the action is declared{where(member.span)}",
    )
    return False


def _otherwise(param: Param, own: str) -> str:
    return f"has `{param.name}: {own}`, not `{param.name}: {param.type}`"


def _span(signature: Signature) -> Span:
    assert signature.span is not None  # a class is declared somewhere
    return signature.span
