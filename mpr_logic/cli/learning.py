"""``mpr memory learn``: rules from the recorded episodes of a memory, without a model."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Annotated, Any

import typer

from mpr_logic.cli import options as o
from mpr_logic.cli.output import NO, YES, Answer, reply
from mpr_logic.cli.remembering import answer, opened, passed_over_lines, rule_json, table

EXAMPLE = "mpr memory learn memory.db rules.dl"


def learn(
    store: o.Store,
    files: Annotated[
        list[str] | None,
        typer.Argument(metavar="RULES...", help="The declarations, and what else is known before."),
    ] = None,
    conditions: Annotated[
        int, typer.Option(metavar="N", min=1, help="So many conditions are joined in a rule at most.")
    ] = 2,
    theta: o.Theta = 0.9,
    json: o.Json = False,
    no_color: o.NoColor = False,
) -> None:
    """Learn rules from the failures in the episodes of a memory, and weigh them by all that was seen. An
    episode that does not fit the rules, such as one with an action that is not declared, is passed over, and
    named.

    Exit status: 0 there are learned rules now, 1 there is none, 2 nothing was learned.
    """

    def work() -> Answer:
        if not files:
            raise o.Usage(
                f"no rules are named after {store}: give the files that declare what episodes speak of"
            )
        from mpr_logic.analysis.report import count
        from mpr_logic.checker.loading import load_modules
        from mpr_logic.memory.induction.refine import SearchLimits
        from mpr_logic.models.learning import learn as learn_from

        modules = load_modules(files)
        with opened(store, theta) as memory:
            lesson = learn_from(memory, modules, SearchLimits(conditions=conditions))
            rules = memory.rules(ids=sorted(set(lesson.rules.values())))
        rules.sort(key=lambda rule: (-rule.weight, rule.id))
        verdicts = Counter(outcome.verdict for outcome in lesson.outcomes)
        seen = {"episode": lesson.episodes, "trial": lesson.trials, "failure": lesson.failures}
        came = {name: verdicts[name] for name in ("admitted", "refined", "merged", "refused")}
        said = [*(count(n, name) for name, n in seen.items()), *(f"{n} {name}" for name, n in came.items())]
        cuts = [f"the search was cut short for {each}" for each in lesson.cuts]
        lines = [", ".join(said), *cuts, *passed_over_lines(lesson.passed_over, lesson.unfit), *table(rules)]
        counts = {f"{name}s": n for name, n in seen.items()} | came
        rows = [rule_json(rule) for rule in rules]
        passed_over = [asdict(each) for each in lesson.passed_over]
        left: dict[str, Any] = {"passed_over": passed_over, "unfit": lesson.unfit, "cuts": list(lesson.cuts)}
        return answer("learn", lines, YES if rules else NO, learned=counts, **left, rules=rows)

    reply("memory", work, json=json, no_color=no_color)
