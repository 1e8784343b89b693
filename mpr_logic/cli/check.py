"""``mpr check``: may this action be done?"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from mpr_logic.cli import options as o
from mpr_logic.cli.output import ASKED, NO, UNDECIDED, YES, Answer, reply, shortened
from mpr_logic.cli.question import Situation, question
from mpr_logic.errors import EvaluationError

EXAMPLE = "mpr check rules/kitchen --state docs/examples/kitchen/state.dl 'put(apple_1, fridge_1)'"


class AudienceName(StrEnum):
    """The reader of an answer: the operator sees all of it, a model only what the rules disclose."""

    operator = "operator"
    model = "model"


def check(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="RULES... ACTION", help="Rule files and folders, and last the action."),
    ] = None,
    state: o.StatesOption = None,
    theta: o.ThetaOption = 0.9,
    engine: o.EngineOption = o.EngineName.native,
    semiring: o.SemiringOption = o.SemiringName.maxmin,
    seconds: o.SecondsOption = 2.0,
    disclose: Annotated[
        AudienceName, typer.Option(help="Show all of it, or what the rules' authors let a model see.")
    ] = AudienceName.operator,
    tools: o.ToolsOption = None,
    now: o.NowOption = None,
    first: o.FirstOption = False,
    store: o.SnapshotOption = None,
    param: o.ParamOption = None,
    lenient: o.LenientOption = False,
    json: o.JsonOption = False,
    no_color: o.NoColorOption = False,
) -> None:
    """Decide about an action as a guard would.

    It is admissible, or rejected with a proof and a repair.

    Exit status: 0 admissible, 1 rejected, 2 not decided.
    """

    def work() -> Answer:
        asked = question(arguments, state, theta, engine, semiring, seconds, kind="action", needs_state=True)
        from mpr_logic.checker.disclosure import decision_json, for_model, for_operator

        situation = Situation(asked, tuple(tools or ()), now, first, lenient, store, param or ())
        guard = situation.held()
        verdict, decision = situation.verdict(guard)
        content: dict[str, Any] = {
            "decision": decision_json(decision, disclose.value),
            "outcome": verdict.outcome,
            "arguments": verdict.arguments,
        }
        if decision.verdict == "undecided":
            error = decision.reasons[0].error
            said = asked.placed(error) if isinstance(error, EvaluationError) else decision.reasons[0].text
            return Answer(UNDECIDED, f"error: {said}", content)
        of_model = disclose is AudienceName.model
        text = for_model(decision) if of_model else shortened(for_operator(decision))
        if verdict.outcome == "modify":
            text = f"✗ {asked.shown} is rejected as it is, and rewritten:\n{text}"
        elif verdict.outcome == "escalate":
            text += f"\n\n{ASKED}"
        return Answer(YES if verdict.outcome == "admit" else NO, text, content)

    reply("check", work, json=json, no_color=no_color)
