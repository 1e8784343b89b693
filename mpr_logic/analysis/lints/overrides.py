"""Laws that a permit always overrides, permits that change nothing, and what hangs on too little weight."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.analysis.lints.bodies import whole_numbers
from mpr_logic.analysis.lints.constraints import Constraints, negation
from mpr_logic.analysis.lints.style import says_open
from mpr_logic.analysis.report import where
from mpr_logic.analysis.terms import item_vars, rewrite_item
from mpr_logic.language.ast import Comparison, Literal, Var

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mpr_logic.analysis.lints.subject import Subject
    from mpr_logic.analysis.program import Program, Rule
    from mpr_logic.analysis.report import DiagnosticCollector
    from mpr_logic.language.ast import BodyItem, Term

MOST_STEPS = 2_000
"""The most steps of the search that maps the body of one rule into another's."""


def check_overrides(subject: Subject, report: DiagnosticCollector) -> None:
    """Report what the weights and the overrides of laws and permits leave without effect."""
    program, theta = subject.program, subject.deployment.theta
    rules: dict[int, list[Rule]] = {}
    for rule in program.rules:
        rules.setdefault(id(rule.clause), []).append(rule)
    laws = [rule for rule in program.written if rule.clause.kind == "forbid"]
    overridden: set[str] = set()
    for permit in program.written:
        if permit.clause.kind != "permit":
            continue
        permits = rules[id(permit.clause)]
        actions = {each.action for each in permits}
        ids = program.overrides.get(permit.id, frozenset())
        lifted = sorted(
            (law for law in laws if law.id in ids and not actions.isdisjoint(_actions(law, rules))),
            key=lambda law: law.id,
        )
        closed = not actions.isdisjoint(program.schema.closed)
        _permit(permit, program, closed, bool(lifted), theta, report)
        for law in lifted:
            _lifted(law, permit, rules, subject, overridden, report)
    for law in laws:
        _directives(law, theta, report)


def _actions(rule: Rule, rules: Mapping[int, Sequence[Rule]]) -> set[str | None]:
    return {each.action for each in rules[id(rule.clause)]}


def _permit(
    permit: Rule, program: Program, closed: bool, lifts: bool, theta: float, report: DiagnosticCollector
) -> None:
    """Report a permit that changes nothing."""
    action = permit.clause.head.name
    if not lifts and not closed and not says_open(permit, program):
        report.error(
            "E0612",
            f"this permit changes nothing: it overrides no rule, and `{action}` is allowed by default",
            permit.clause.head.span,
            f"name the rule that it overrides, @overrides(id), or declare .default forbid {action}",
        )
    elif permit.weight < theta and (lifts or closed):
        report.warn(
            "W0613",
            f"this permit weighs {permit.weight:g}, less than theta, {theta:g}: it permits nothing",
            permit.clause.head.span,
            "give it the weight that it needs, or take it away",
        )


def _lifted(
    law: Rule,
    permit: Rule,
    rules: Mapping[int, Sequence[Rule]],
    subject: Subject,
    overridden: set[str],
    report: DiagnosticCollector,
) -> None:
    """Report a law that a permit overrides always, or never. A clause is all the rules that it comes to."""
    program, laws, permits = subject.program, rules[id(law.clause)], rules[id(permit.clause)]
    pairs = [(one, other) for one in laws for other in permits if one.action == other.action]
    if all(_apart(program, one, other) for one, other in pairs):
        report.error(
            "E0610",
            f"this permit never meets the rule `{law.id}` that it overrides{where(law.clause.span)}",
            permit.clause.head.span,
            "the two cannot hold of one call: mend one of the bodies, or name another rule",
        )
    elif (
        permit.weight >= subject.deployment.theta
        and law.id not in overridden
        and all(any(covers(program, p, one) for p in permits if p.action == one.action) for one in laws)
    ):
        overridden.add(law.id)
        report.error(
            "E0609",
            f"this rule never rejects anything: the permit{where(permit.clause.span)} overrides it "
            "whenever it holds",
            law.clause.head.span,
            "give the permit a condition of its own, or take the rule away",
        )


def _directives(law: Rule, theta: float, report: DiagnosticCollector) -> None:
    for name in ("escalate", "rewrite"):
        if law.weight < theta and any(each.name == name for each in law.clause.annotations):
            report.error(
                "E0611",
                f"`@{name}` hangs on a rule that weighs {law.weight:g}, less than theta, {theta:g}: "
                "it is advice, and nothing comes of it",
                law.clause.head.span,
                f"give the rule a weight of {theta:g} or more",
            )


def _placed(rule: Rule, mark: str) -> list[BodyItem]:
    """A rule's body about one call: the arguments of its action are named by their places, its other
    variables are told apart by a mark; what its head asks of the arguments are equations."""
    names: dict[str, str] = {}
    found: list[BodyItem] = []
    for place, term in enumerate(rule.args):
        here = Var(f"#{place}")
        if isinstance(term, Var) and term.name != "_" and term.name not in names:
            names[term.name] = here.name
        elif isinstance(term, Var) and term.name != "_":
            found.append(Comparison("=", here, Var(names[term.name])))
        elif not isinstance(term, Var):
            found.append(Comparison("=", here, term))

    def leaf(term: Term) -> Term:
        if isinstance(term, Var) and term.name != "_":
            return Var(names.get(term.name, f"{mark}{term.name}"))
        return term

    return [*found, *(rewrite_item(item, leaf) for item in rule.body)]


def _whole(program: Program, rule: Rule) -> set[str]:
    names = whole_numbers(program, rule)
    return {f"#{i}" for i, term in enumerate(rule.args) if isinstance(term, Var) and term.name in names}


def _apart(program: Program, law: Rule, permit: Rule) -> bool:
    """Whether no call meets both rules, though it can meet each."""
    whole = _whole(program, law) | _whole(program, permit)
    first, second = _placed(law, "law:"), _placed(permit, "permit:")
    if Constraints(first, whole=whole).fault() or Constraints(second, whole=whole).fault():
        return False
    return Constraints([*first, *second], whole=whole).fault() is not None


def covers(program: Program, general: Rule, special: Rule) -> bool:
    """Whether one rule about an action holds of every call that the other holds of."""
    whole = _whole(program, special)
    known = _placed(special, "")
    items = _placed(general, "?")
    if Constraints(known, whole=whole).fault() is not None:
        return False
    literals = [each for each in items if isinstance(each, Literal)]
    others = [each for each in items if not isinstance(each, Literal)]
    return _Mapping(known, others, whole).found(literals, {})


class _Mapping:
    """The search for values of one rule's own variables, with which its body follows from known items."""

    def __init__(self, known: Sequence[BodyItem], others: Sequence[BodyItem], whole: set[str]) -> None:
        self._known = known
        self._facts = Constraints(known, whole=whole)
        self._others = others
        self._whole = whole
        self._steps = 0

    def found(self, literals: Sequence[Literal], bound: Mapping[str, Term]) -> bool:
        """Whether these literals are among the known ones, and then all other items follow."""
        self._steps += 1
        if self._steps > MOST_STEPS:
            return False
        if not literals:
            return all(self._follows(_with(item, bound)) for item in self._others)
        first, *rest = literals
        for each in self._known:
            more = self._match(first, each, bound) if isinstance(each, Literal) else None
            if more is not None and self.found(rest, more):
                return True
        return False

    def _match(self, wanted: Literal, given: Literal, bound: Mapping[str, Term]) -> dict[str, Term] | None:
        if wanted.atom.name != given.atom.name or wanted.negated != given.negated:
            return None
        found = dict(bound)
        for term, other in zip(wanted.atom.args, given.atom.args, strict=True):
            if isinstance(term, Var) and term.name == "_":
                if wanted.negated and other != term:
                    return None  # that there is none at all says more
                continue
            if isinstance(term, Var) and term.name.startswith("?"):
                old = found.setdefault(term.name, other)
                if old != other and not self._facts.same(old, other):
                    return None
            elif not self._facts.same(term, other) and not (wanted.negated and other == Var("_")):
                return None
        return found

    def _follows(self, item: BodyItem) -> bool:
        if any(var.name.startswith("?") for var in item_vars(item)):
            return False
        if item in self._known:
            return True
        denied = negation(item)
        return (
            denied is not None and Constraints([*self._known, denied], whole=self._whole).fault() is not None
        )


def _with(item: BodyItem, bound: Mapping[str, Term]) -> BodyItem:
    return rewrite_item(item, lambda t: bound.get(t.name, t) if isinstance(t, Var) else t)
