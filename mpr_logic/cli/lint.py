"""``mpr lint``: what is wrong with rules, and what is most likely not meant."""

from __future__ import annotations

from mpr_logic.cli import options as o
from mpr_logic.cli.output import NO, YES, Answer, reply
from mpr_logic.cli.question import facts_of

EXAMPLE = "mpr lint rules/kitchen"


def lint(
    rules: o.RulesArgument = None,
    tools: o.ToolsOption = None,
    state: o.StatesOption = None,
    theta: o.ThetaOption = 0.9,
    json: o.JsonOption = False,
    no_color: o.NoColorOption = False,
) -> None:
    """Find errors in rules, and what is most likely not meant.

    With --tools, also whether the rules fit the tools; with --state, its facts count as stated.

    Exit status: 0 nothing found, 1 warnings, 2 errors.
    """

    def work() -> Answer:
        from mpr_logic.analysis import analyse
        from mpr_logic.analysis import lint as warnings
        from mpr_logic.analysis.lints import Deployment, vet
        from mpr_logic.checker.loading import rule_files
        from mpr_logic.errors import ProgramError
        from mpr_logic.guard.rules import load_rules

        o.check_theta(theta)
        described = None
        if tools:
            from mpr_logic.guard.tools import Tools, read_tools

            described = Tools([each for path in tools for each in read_tools(path)])
        modules = load_rules([str(each) for each in rule_files(rules or [])], None, described)
        program = analyse(modules)
        deployment = Deployment(
            tools=None if described is None else [each.known for each in described],
            facts=[fact for each in state or () for fact in facts_of(program, each)],
            theta=theta,
        )
        lost = vet(program, deployment, modules)
        if any(each.severity == "error" for each in lost):
            raise ProgramError(lost)
        found = [*warnings(modules, program), *lost]
        content = {"diagnostics": [each.to_json() for each in found]}
        text = "\n\n".join(each.render() for each in found) or "nothing found"
        return Answer(NO if found else YES, text, content)

    reply("lint", work, json=json, no_color=no_color)
