"""Answers as text and as JSON: everything for the operator, for the model what the author allows.

A detailed denial is an oracle: whoever may ask often enough learns the rules and the state from it. So
each rule says by ``@disclose(nothing | because | repair | proof)`` what a model may see of it; each
level shows more than the one before, and a rule that says nothing shows its because-text.
docs/reference/json.md has the keys of the JSON forms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from typing import Literal as OneOf

from mpr_logic.checker.decision import DISCLOSURES
from mpr_logic.checker.render import failed_text, pattern_text, proof_json, proof_lines, rule_text
from mpr_logic.checker.underway import OTHERS
from mpr_logic.engine.provenance.proof import AbsenceStep, AggregateStep, FactProof, RuleProof
from mpr_logic.errors import EvaluationError
from mpr_logic.language.fence import in_place, on_one_line
from mpr_logic.language.moments import json_value
from mpr_logic.language.printer import print_row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mpr_logic.checker.decision import Decision, Reason
    from mpr_logic.checker.repair import Repair
    from mpr_logic.checker.whynot import Attempt, WhyNot
    from mpr_logic.engine.provenance.proof import Proof

VERSION = 1
"""The version of the JSON forms; it grows when a key changes its meaning or goes away."""

Audience = OneOf["operator", "model"]

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
SHOWN = 4
"""The most calls under way that are named."""

_LEVELS = {name: number for number, name in enumerate(DISCLOSURES)}


def shows(reason: Reason, level: str) -> bool:
    """Whether the author of a reason's rule lets a model see it at this level of :data:`DISCLOSURES`.

    A proof, or a repair, is shown only where no other rule in the proof says ``@disclose`` with less.
    """
    if _LEVELS[reason.disclose] < _LEVELS[level]:
        return False
    if reason.proof is None:
        return level != "proof"
    return level in ("nothing", "because") or _open(reason.proof, _LEVELS[level])


def model_text(reason: Reason) -> str | None:
    """The text of a reason for a model; None where it may read nothing.

    Where no because-text was written, a sentence made of the rule would give its body away: then only
    that a rule stands against the action is said. It is one line, which cannot leave its place.
    """
    if not shows(reason, "because"):
        return None
    if reason.rule is None or names_values(reason):
        return on_one_line(reason.text)
    return f"a rule forbids `{reason.rule.clause.head.name}` here"


def _of_a_model(reason: Reason) -> bool:
    """Whether a model wrote the words of a reason: an export of a memory says who wrote a rule."""
    if reason.rule is None or not reason.rule.clause.annotation("because"):
        return False
    return (reason.rule.clause.annotation("evidence") or ("",))[0] == "model"


def names_values(reason: Reason) -> bool:
    """Whether what a model may read of a reason has the values in it: its author's words, or the proof."""
    written = reason.rule is not None and reason.rule.clause.annotation("because")
    return shows(reason, "because") and (bool(written) or shows(reason, "proof"))


def more_text(reason: Reason) -> str | None:
    """Say how many reasons a rule has besides those that are listed; None where it has no more."""
    return f"and {reason.more} more by the same rule" if reason.more else None


def repairs_of(decision: Decision) -> tuple[Repair, ...]:
    """The repairs of a decision; none where the engine keeps no proofs, or could not finish the search:
    the decision stands without them.

    Raises:
        StaleDecisionError: too much has changed since to go back to its state.
    """
    try:
        return decision.repairs
    except EvaluationError:
        return ()


def repairs_told(decision: Decision) -> tuple[Repair, ...]:
    """The repairs that a model may see: those that actions alone bring about, where every reason allows it,
    since a repair deals with all of them. That somebody could state another fact is nothing for a model:
    it would ask for it, or claim it.

    Raises:
        StaleDecisionError: too much has changed since to go back to its state.
    """
    if not decision.reasons or not all(shows(reason, "repair") for reason in decision.reasons):
        return ()
    return tuple(repair for repair in repairs_of(decision) if repair.reachable)


def for_model(decision: Decision) -> str:
    """A decision as text for the model that proposed the action: no more than each rule's author allows.

    Raises:
        StaleDecisionError: too much has changed since to go back to its state.
    """
    if decision.admissible:
        how = "is admissible"
    elif decision.verdict == "undecided":
        how = "could not be decided, and is rejected"
    else:
        how = "is rejected"
    lines = [f"{on_one_line(str(decision.action))} {how}"]
    told = dict.fromkeys(line for r in decision.reasons for line in _told(r, "because "))
    lines += [f"- {line}" for line in told]
    if told and decision.under_way:
        calls = under_way_text(decision, operator=False)
        which = "is" if len(decision.under_way) == 1 else "are"
        lines.append(f"- that is so if {calls}, which {which} under way: wait until the outcome is known")
    if not told and not decision.admissible:
        lines.append("- no reason is disclosed")
    for reason in decision.reasons:
        if shows(reason, "proof") and reason.proof is not None:
            lines += [f"  {in_place(line)}" for line in proof_lines(reason.proof)]
    if not decision.admissible:
        lines += [f"- it would be admissible {on_one_line(str(each))}" for each in repairs_told(decision)]
    advice = dict.fromkeys(line for r in decision.advice for line in _told(r, "advice: "))
    lines += [f"- {line}" for line in advice]
    return "\n".join(lines)


def _told(reason: Reason, word: str) -> Iterator[str]:
    text = model_text(reason)
    if text is not None:
        if _of_a_model(reason) and names_values(reason):  # data: nothing else here fences it
            text = 'a learned rule says "{}"'.format(text.replace('"', "'"))
        yield f"{word}{text}"
        if reason.more and names_values(reason):
            yield str(more_text(reason))


def for_operator(decision: Decision) -> str:
    """A decision as text for whoever runs the agent: reasons with proofs, repairs and advice.

    Raises:
        StaleDecisionError: too much has changed since to go back to its state.
    """
    lines = [_verdict(decision)]
    if decision.under_way:
        lines.append(f"in the state to come if {under_way_text(decision)}: what is under way counts")
    for reason in decision.reasons:
        lines += ["", f"because {_weighed(reason)}"]
        if reason.proof is not None:
            lines += proof_lines(reason.proof)
        elif reason.rule is not None:
            lines.append(f"by rule {reason.id} at {reason.where} (this engine keeps no proofs)")
        if reason.more:
            lines += ["", str(more_text(reason))]
    if repairs := repairs_of(decision):
        lines += ["", "repairs", *(f"- {repair}" for repair in repairs)]
    if decision.advice:
        lines += ["", f"advice (rules below theta {decision.theta:g})"]
        for reason in decision.advice:
            lines.append(f"- {_weighed(reason)}{_by(reason)}")
            lines += [f"  {more_text(reason)}"] if reason.more else []
    return "\n".join(lines)


def under_way_text(decision: Decision, *, operator: bool = True) -> str:
    """The outcomes that a decision assumes of calls under way; for a model in the names that it knows."""
    counted: dict[tuple[str, bool], int] = {}
    for each in decision.under_way:
        said = str(each.call.action) if operator else each.call.named or each.call.action.name
        counted[said, each.succeeds] = counted.get((said, each.succeeds), 0) + 1
    shown = list(counted.items())[-SHOWN:]
    told = [_outcomes(said, succeed, number) for (said, succeed), number in shown]
    if more := len(decision.under_way) - sum(number for _, number in shown):
        told.insert(0, f"{_counted(more, 'earlier call')} {'ends' if more == 1 else 'end'} so too")
    return " and ".join(told)


def _outcomes(said: str, succeed: bool, number: int) -> str:
    """Say that some calls of one name succeed, or fail."""
    if number == 1:
        return f"{said} {'succeeds' if succeed else 'fails'}"
    calls = f"{_counted(number, 'call')} of " + ("other sessions" if said == OTHERS else said)
    return f"{calls} {'succeed' if succeed else 'fail'}"


def _counted(number: int, noun: str) -> str:
    said = _NUMBERS[number] if number < len(_NUMBERS) else str(number)
    return f"{said} {noun}" + ("" if number == 1 else "s")


def _verdict(decision: Decision) -> str:
    if decision.admissible:
        return f"✓ {decision.action} is admissible"
    how = {
        "forbidden": "is rejected: forbidden",
        "uninformed": "is rejected: not informed",
        "unpermitted": "is rejected: not permitted",
        "undecided": "is rejected: undecided",
    }[decision.verdict]
    return f"✗ {decision.action} {how}"


def _weighed(reason: Reason) -> str:
    return reason.text if reason.weight == 1 else f"{reason.text} [{reason.weight:g}]"


def _by(reason: Reason) -> str:
    return f" (rule {reason.id} at {reason.where})" if reason.rule is not None else ""


def _open(proof: Proof, level: int) -> bool:
    """Whether no rule in a proof asks to be shown less than this."""
    todo, seen = [proof], set()
    while todo:
        each = todo.pop()
        if id(each) in seen or isinstance(each, FactProof):
            continue
        seen.add(id(each))
        said = each.rule.clause.annotation("disclose")
        if said is not None and _LEVELS.get(str(said[0]) if said else "", 0) < level:
            return False
        todo += _parts(each)
    return True


def _parts(proof: RuleProof) -> Iterable[Proof]:
    for step in proof.steps:
        if isinstance(step, (FactProof, RuleProof)):
            yield step
        elif isinstance(step, AbsenceStep) and step.present is not None:
            yield step.present
        elif isinstance(step, AggregateStep):
            for row in step.rows:
                yield from row


# -- JSON ------------------------------------------------------------------------------------------


def decision_json(decision: Decision, audience: Audience = "operator") -> dict[str, Any]:
    """A decision: everything for the operator, for the model what each rule's author allows.

    Raises:
        StaleDecisionError: too much has changed since to go back to its state.
    """
    found: dict[str, Any] = {
        "action": str(decision.action),
        "admissible": decision.admissible,
        "verdict": decision.verdict,
    }
    if audience == "model":
        asks = [reason.asks for reason in decision.reasons if reason.disclose != "nothing"]
        found |= {"asks": list(dict.fromkeys(filter(None, asks)))} if decision.asks else {}
        return found | {
            "text": for_model(decision),
            "reasons": _allowed(decision.reasons),
            "advice": _allowed(decision.advice),
            "repairs": [repair_json(each) for each in repairs_told(decision)],
        }
    if decision.under_way:
        found["under_way"] = [
            {"call": each.call.id, "action": str(each.call.action), "succeeds": each.succeeds}
            for each in decision.under_way
        ]
    found |= {"asks": list(decision.asks)} if decision.asks else {}
    return found | {
        "theta": decision.theta,
        "version": decision.version,
        "seconds": decision.seconds,
        "reasons": [reason_json(each) for each in decision.reasons],
        "advice": [reason_json(each) for each in decision.advice],
        "repairs": [repair_json(each) for each in repairs_of(decision)],
    }


def reason_json(reason: Reason) -> dict[str, Any]:
    """A reason or a piece of advice, all of it. ``rule`` is null where no rule is behind it."""
    rule = reason.rule
    more = {"more": reason.more} if reason.more else {}
    return more | {
        "text": reason.text,
        "weight": reason.weight,
        "rule": None
        if rule is None
        else {"id": rule.id, "where": str(rule.clause.span), "text": rule_text(rule)},
        "disclose": reason.disclose,
        "proof": None if reason.proof is None else proof_json(reason.proof),
    }


def _allowed(reasons: Iterable[Reason]) -> list[dict[str, Any]]:
    found = []
    for reason in reasons:
        text = model_text(reason)
        if text is None:
            continue
        each: dict[str, Any] = {"text": text}
        if reason.more and names_values(reason):
            each["more"] = reason.more
        if shows(reason, "proof") and reason.proof is not None:
            each["proof"] = proof_json(reason.proof)
        found.append(each)
    return found


def repair_json(repair: Repair) -> dict[str, Any]:
    """A repair: facts that come to hold and cease to, the actions that bring them about, what they leave, and
    who may change that."""
    return {
        "text": str(repair),
        "add": [print_row(*fact) for fact in repair.add],
        "remove": [print_row(*fact) for fact in repair.remove],
        "actions": list(repair.actions),
        "left": list(repair.left),
        "who": list(repair.who),
    }


def why_not_json(answer: WhyNot) -> dict[str, Any]:
    """Return a why-not answer for JSON: each rule that could have derived the atom, and where it failed."""
    return {
        "atom": pattern_text(answer.relation, answer.pattern),
        "state": answer.state,
        "weight": answer.weight,
        "attempts": [_attempt_json(each) for each in answer.attempts],
        "omitted": answer.omitted,
    }


def _attempt_json(attempt: Attempt) -> dict[str, Any]:
    rule, failed = attempt.rule, attempt.failed
    return {
        "rule": {"id": rule.id, "where": str(rule.clause.span), "text": rule_text(rule)},
        "bindings": {n: json_value(v) for n, v in attempt.bindings.items() if not n.startswith("#")},
        "state": attempt.state,
        "failed": None if failed is None else failed_text(failed, rule, attempt.bindings),
        "index": attempt.index,
        "nearest": attempt.nearest,
        "passed": attempt.passed,
    }
