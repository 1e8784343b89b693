"""``mpr why``: why does this hold, or why not?"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mpr_logic.cli import options as o
from mpr_logic.cli.output import NO, YES, Answer, reply, shortened
from mpr_logic.cli.question import Situation, question, read_of, told_time

if TYPE_CHECKING:
    from mpr_logic.checker.checker import Checker
    from mpr_logic.checker.decision import Decision
    from mpr_logic.guard.guard import Guard

EXAMPLE = "mpr why rules/kitchen --state docs/examples/kitchen/state.dl 'full(shelf_1)'"


def why(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="RULES... ATOM", help="Rule files and folders, and last a ground atom or an action."
        ),
    ] = None,
    state: o.StatesOption = None,
    theta: o.ThetaOption = 0.9,
    engine: o.EngineOption = o.EngineName.native,
    semiring: o.SemiringOption = o.SemiringName.maxmin,
    seconds: o.SecondsOption = 2.0,
    tools: o.ToolsOption = None,
    now: o.NowOption = None,
    first: o.FirstOption = False,
    store: o.SnapshotOption = None,
    param: o.ParamOption = None,
    json: o.JsonOption = False,
    no_color: o.NoColorOption = False,
) -> None:
    """Show the proof of a fact, or why it does not hold.

    Of an action, show the proofs that reject it, or why no rule does: then also of one that is forbidden by
    default, what permits it.

    Exit status: 0 there is a proof (of an action: it is rejected by a rule), 1 there is none, 2 not decided.
    """

    def work() -> Answer:
        asked = question(arguments, state, theta, engine, semiring, seconds, kind="atom")
        situation = Situation(
            asked, tuple(tools or ()), now, first, lenient=True, store=store, param=param or ()
        )
        guard = situation.guard()
        checker = guard.session("").checker
        with asked.answering():
            if not _is_fact(checker, asked.asked):
                return _action(situation, guard)
            situation.missing(guard, read_of(checker, asked.asked))
            if now is not None:
                checker.update(add=[told_time(guard)])
            return _fact(checker, asked.asked)

    reply("why", work, json=json, no_color=no_color)


def _is_fact(checker: Checker, text: str) -> bool:
    from mpr_logic.errors import ProgramError
    from mpr_logic.language.parser import parse_clause

    if "{" in text.partition("(")[0]:
        return False  # a tool, and the JSON of its arguments
    try:
        clause = parse_clause(f"{text.rstrip().removesuffix('.')}.")
    except ProgramError:
        return True  # the checker says what is wrong with it
    return clause.kind != "relation" or clause.head.name not in checker.program.schema.actions


def _fact(checker: Checker, atom: str) -> Answer:
    from mpr_logic.checker.render import proof_json, proof_text

    proof = checker.why(atom)
    if proof is None:
        return _why_not(checker, atom, "fact")
    content = {"kind": "fact", "found": True, "proofs": [proof_json(proof)], "why_not": None}
    return Answer(YES, shortened(proof_text(proof)), content)


def _why_not(checker: Checker, atom: str, kind: str) -> Answer:
    from mpr_logic.checker.disclosure import why_not_json

    answer = checker.why_not(atom)
    content = {"kind": kind, "found": False, "proofs": [], "why_not": why_not_json(answer)}
    return Answer(NO, shortened(str(answer)), content)


def _action(situation: Situation, guard: Guard) -> Answer:
    from mpr_logic.checker.disclosure import for_operator
    from mpr_logic.checker.render import proof_json
    from mpr_logic.errors import InexpressibleError

    _, decision = situation.verdict(guard)
    if decision.reasons and decision.reasons[0].error is not None:
        raise decision.reasons[0].error
    if decision.verdict not in ("forbidden", "uninformed"):
        return _unforbidden(situation, guard, decision)
    proofs = [reason.proof for reason in decision.reasons if reason.proof is not None]
    if not proofs:
        raise InexpressibleError("this engine keeps no proofs: ask with --engine native or both")
    found = [proof_json(proof) for proof in proofs]
    content: dict[str, Any] = {"kind": "action", "found": True, "proofs": found, "why_not": None}
    return Answer(YES, shortened(for_operator(decision)), content)


def _unforbidden(situation: Situation, guard: Guard, decision: Decision) -> Answer:
    """Return the explanation why no rule forbids an action, or none permits it, in the state that the guard
    saw."""
    from mpr_logic.guard.written import read_call

    call = read_call(guard, situation.asked.asked)
    rules, checker = guard.rules, guard.session("").checker
    tool = rules.actions.of(call.tool)
    name = tool.action
    seen = list(tool.propose(call.arguments, rules.needs(name).opens).facts)
    if situation.now is not None:
        seen.append(told_time(guard))
    with checker.assuming(seen):
        answer = _why_not(checker, str(decision.action), "action")
        if decision.admissible and name in rules.program.schema.closed:
            forbids = checker.why_not(str(decision.action), verdict="forbid")
            if forbids.state == "holds":
                text = f"{forbids}\n(each is overridden by a permit, or weighs less than theta)"
            else:
                text = str(forbids)
            answer = replace(answer, text=f"{answer.text}\n\n{shortened(text)}")
    return answer
