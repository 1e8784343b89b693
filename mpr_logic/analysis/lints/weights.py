"""Weights by a slip, and rules that never weigh as much as theta by what they rest on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mpr_logic.analysis.lints.domains import literals_outside

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mpr_logic.analysis.lints.subject import Subject
    from mpr_logic.analysis.program import Rule
    from mpr_logic.analysis.report import DiagnosticCollector


def check_weights(subject: Subject, report: DiagnosticCollector) -> None:
    """Report each law, and each permit that lifts something, whose body always weighs less than theta."""
    program, theta = subject.program, subject.deployment.theta
    most = greatest_weights(subject)
    for rule in program.rules:
        lifts = rule.id in program.overrides or rule.action in program.schema.closed
        if rule.clause.kind != "forbid" and not (rule.clause.kind == "permit" and lifts):
            continue
        if rule.weight < theta:
            continue  # it says so itself
        light = [
            item
            for item in literals_outside(rule.body)
            if not item.negated and most.get(item.atom.name, 1.0) < theta
        ]
        if light:
            name = light[0].atom.name
            does = "rejects" if rule.clause.kind == "forbid" else "permits"
            report.warn(
                "W0617",
                f"this rule never {does} anything: `{name}` weighs at most {most[name]:g}, "
                f"less than theta, {theta:g}",
                light[0].span,
                f"give the rules and facts of `{name}` the weight that they need, or this rule a "
                "weight below theta, which says that it is advice",
            )


JUST_BELOW = 0.05
"""A weight that is at most this far below theta is hardly meant as advice."""

_LAW = re.compile(
    r"(?i)\b(must|never|always|cannot|can't|only|forbidden|not (?:allowed|permitted)|may not|do not|no)\b"
)


def check_slips(subject: Subject, report: DiagnosticCollector) -> None:
    """Report a `forbid` that is advice by a slip, most likely: a digit too far, or just below theta where its
    reason reads like a law. What a memory has weighed is left in peace."""
    theta = subject.deployment.theta
    rules = [r for r in subject.program.rules if r.clause.kind == "forbid"]
    light = [rule for rule in rules if rule.weight < theta]
    for rule in light:
        if rule.clause.annotation("evidence") is not None:
            continue
        words = " ".join(str(each) for each in rule.clause.annotation("because") or ())
        words += " " + rule.id.replace("_", " ")
        shifted = round(rule.weight * 10, 12)
        if len(light) == 1 and theta <= shifted <= 1:
            why, meant = "all others are laws", f", or is {shifted:g} meant?"
        elif theta - rule.weight <= JUST_BELOW and _LAW.search(words):
            why, meant = "it reads like a law", f": give it {theta:g}"
        else:
            continue
        report.warn(
            "W0626",
            f"this rule weighs {rule.weight:g}, less than theta, {theta:g}, so it rejects nothing; {why}",
            rule.clause.head.span,
            f"should it reject{meant}",
        )


def greatest_weights(subject: Subject) -> Mapping[str, float]:
    """For each relation that only facts and rules fill, the weight that its rows reach at most; under every
    semiring a proof weighs no more than its lightest part."""
    program, hosted = subject.program, subject.domains.hosted
    most: dict[str, float] = {}
    for fact in program.facts:
        if fact.relation not in hosted:
            most[fact.relation] = max(most.get(fact.relation, 0.0), fact.weight)
    derived = [(rule, rule.head) for rule in program.rules if rule.clause.kind == "relation"]
    derived += [(rule, name) for name, rules in subject.domains.effects.items() for rule in rules]
    derived = [(rule, name) for rule, name in derived if name not in hosted]
    names = {*most, *(name for _, name in derived)}
    for _ in range(len(names) + 1):  # each round settles one relation at least
        before = dict(most)
        for rule, name in derived:
            most[name] = max(most.get(name, 0.0), _weight(rule, names, most))
        if most == before:
            break
    return {name: weight for name, weight in most.items() if weight > 0}


def _weight(rule: Rule, names: Iterable[str], most: Mapping[str, float]) -> float:
    parts = [
        most.get(item.atom.name, 0.0)
        for item in literals_outside(rule.body)
        if not item.negated and item.atom.name in names
    ]
    return min([rule.weight, *parts])
