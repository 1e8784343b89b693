"""Annotations: their names, the clauses that they may stand before, and their arguments.

An author's own annotation has a name that begins with ``x_``. Any other unknown name is an error, since a law
whose annotation is misspelt would be another law.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mpr_logic.analysis.report import did_you_mean, nearest, where

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mpr_logic.analysis.program import NamedConstant, Rule
    from mpr_logic.analysis.report import DiagnosticCollector
    from mpr_logic.language.ast import Annotation, Clause

_BRACE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_WANTS = {
    "id": "one name",
    "because": "one text",
    "source": "one text",
    "overrides": "the ids of forbid rules",
    "disclose": "nothing, because, repair or proof",
}
LEVELS = ("nothing", "because", "repair", "proof")
"""The levels of ``@disclose``: each lets a model see more than the one before."""


OWN = "x_"
"""The prefix of an author's own annotations."""

_HEADS = ("forbid", "permit", "prefer")
_PLACES = {"relation": "a rule for a relation"}
BEFORE: Mapping[str, tuple[str, ...]] = {
    "id": (),
    "because": (),
    "source": (),
    "evidence": (),  # the memory writes it beside the rules that it exports
    "overrides": ("permit",),
    "disclose": (*_HEADS, "relation"),
    "rewrite": ("forbid",),
    "escalate": ("forbid",),
}
"""The annotations that there are, and the kinds of clauses that each may stand before; none named: all."""


def _known(each: Annotation, clause: Clause, report: DiagnosticCollector) -> bool:
    """Whether an annotation is one, and stands before a clause where it means something."""
    if each.name.startswith(OWN) and each.name != OWN:
        return True
    kinds = BEFORE.get(each.name)
    if kinds is None:
        otherwise = f"one of your own begins with `{OWN}`: @{OWN}{each.name.lstrip('_')}"
        close = nearest(each.name, BEFORE)
        help = f"did you mean `@{close}`? {otherwise[0].upper()}{otherwise[1:]}" if close else otherwise
        report.error("E0228", f"there is no annotation `@{each.name}`", each.span, help)
        return False
    kind = "fact" if clause.kind == "relation" and not clause.body else clause.kind
    if not kinds or kind in kinds:
        return True
    of = {"fact": "a fact", "relation": "a rule for a relation", "absent": "`not`"}.get(kind, f"`{kind}`")
    if each.name == "overrides":
        message = f"{of if kind in ('fact', 'relation') else f'a {of} rule'} overrides nothing"
        help = "only a permit rule overrides: take the annotation away, or make it a permit"
        report.error("E0215", message, each.span, help)
    else:
        places = " or ".join(_PLACES.get(kind, f"`{kind}`") for kind in kinds)
        help = f"it stands before {places}: take it away, or move it there"
        report.error("E0229", f"`@{each.name}` means nothing before {of}", each.span, help)
    return False


def explicit_id(clause: Clause, report: DiagnosticCollector) -> str | None:
    """The id that a clause gives itself. Reports annotations that are none, that stand before the wrong
    clause, or whose arguments do not fit."""
    found: str | None = None
    seen: set[str] = set()
    for each in clause.annotations:
        wanted = _WANTS.get(each.name)
        if not _known(each, clause, report) or wanted is None:
            continue
        if not _fits(each):
            empty = wanted == "one text" and len(each.args) == 1 and each.args[0].value == ""
            message = f"the text of `@{each.name}` is empty" if empty else f"`@{each.name}` takes {wanted}"
            report.error("E0211", message, each.span, f"write it as {_EXAMPLES[each.name]}")
        elif each.name in seen:
            report.error("E0211", f"`@{each.name}` is given twice", each.span, "keep one of them")
        elif each.name == "id":
            found = str(each.args[0].value)
        seen.add(each.name)
    return found


_EXAMPLES = {
    "id": "@id(closed)",
    "because": '@because("{R} is closed")',
    "source": '@source("manual, page 3")',
    "overrides": "@overrides(closed)",
    "disclose": "@disclose(because)",
}


def _fits(each: Annotation) -> bool:
    texts = all(isinstance(a.value, str) and a.value for a in each.args)
    if each.name == "disclose":
        return len(each.args) == 1 and each.args[0].value in LEVELS
    return texts and (len(each.args) >= 1 if each.name == "overrides" else len(each.args) == 1)


def placeholders(text: str) -> Iterator[str | None]:
    """The names in the braces of a because-text; None for a brace that opens or closes nothing."""
    for match in _BRACE.finditer(text):
        if match.group() in ("{{", "}}"):
            continue
        yield match.group(1)  # None for a single brace


def named_in_texts(clause: Clause) -> Iterator[str]:
    """The variables that the annotations of a clause name in braces: its reason, what it rewrites."""
    for each in clause.annotations:
        for constant in each.args:
            if isinstance(constant.value, str):
                yield from (name for name in placeholders(constant.value) if name is not None)


def check_because(
    clause: Clause,
    known: frozenset[str],
    report: DiagnosticCollector,
    constants: Mapping[str, NamedConstant],
) -> None:
    """Report placeholders of ``@because`` that no variable of the clause fills, and no named constant."""
    for each in clause.annotations:
        if each.name != "because" or not each.args or not isinstance(each.args[0].value, str):
            continue
        text = each.args[0].value
        if "{" not in text and "}" not in text:
            continue
        for name in placeholders(text):
            if name is None:
                message = "a brace in the text opens or closes nothing"
                help = "write {{ and }} for plain braces"
            elif name in known or (name[:1] == "$" and name[1:] in constants):
                continue
            elif name[:1] == "$":
                message = f"the constant `{name}` in the text is not declared"
                close = nearest(name[1:], constants)
                help = f"did you mean `{{${close}}}`?" if close else f"declare it: .const {name[1:]} = value"
            else:
                message = f"`{{{name}}}` in the text is no variable that the clause binds"
                capital = name[:1].upper() + name[1:]
                close = capital if capital in known else nearest(name, known)
                close = f"${name}" if name in constants else close
                help = f"did you mean `{{{close}}}`?" if close else _bound(known)
            report.error("E0216", message, each.span, help)


def _bound(known: frozenset[str]) -> str:
    names = ", ".join(f"`{n}`" for n in sorted(known))
    return f"the clause binds {names or 'none'}; write {{{{ and }}}} for plain braces"


def resolve_overrides(
    rules: Iterable[Rule], named: Mapping[str, list[Rule]], report: DiagnosticCollector
) -> dict[str, frozenset[str]]:
    """For each permit rule with ``@overrides``, the ids of the forbid rules that it overrides.

    ``named`` maps an id as it is written to the rules that have it.
    """
    found: dict[str, frozenset[str]] = {}
    clauses: dict[int, list[Rule]] = {}
    for rule in rules:
        clauses.setdefault(id(rule.clause), []).append(rule)  # of a class one for each member
    for group in clauses.values():
        for each in group[0].clause.annotations:
            if each.name == "overrides" and _fits(each):
                ids = _overridden(group, each, named, report)
                found[group[0].id] = found.get(group[0].id, frozenset()) | ids
    return found


def _overridden(
    group: Sequence[Rule],
    annotation: Annotation,
    named: Mapping[str, list[Rule]],
    report: DiagnosticCollector,
) -> frozenset[str]:
    if group[0].clause.kind != "permit":  # it was reported
        return frozenset()
    ids: set[str] = set()
    heads = {f"forbid {rule.action}" for rule in group}
    spoken = group[0].clause.head.name
    for arg in annotation.args:
        name = str(arg.value)
        targets = named.get(name)
        span = arg.span if arg.span.line else annotation.span
        if targets is None:
            forbids = [n for n, rs in named.items() if any(rule.head in heads for rule in rs)]
            otherwise = f"name a forbid rule of `{spoken}` by its @id"
            help = did_you_mean(name, forbids, otherwise)
            report.error("E0214", f"no rule has the id `{name}`", span, help)
        elif all(rule.head not in heads for rule in targets):
            report.error(
                "E0215",
                f"`{name}` is no forbid rule of `{spoken}`",
                span,
                f"it is a rule of `{_subject(targets[0])}`{where(targets[0].clause.span)}; "
                "a permit overrides rules that forbid its own action",
            )
        else:
            ids.update(t.id for t in targets)
    return frozenset(ids)


def _subject(rule: Rule) -> str:
    """The head of a rule without its arguments, as its author named it."""
    return rule.head if rule.action is None else f"{rule.clause.kind} {rule.clause.head.name}"
