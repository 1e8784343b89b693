"""``mpr lint``: what is wrong with rules, and what is most likely not meant."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mpr_logic.cli import options as o
from mpr_logic.cli.format import replace
from mpr_logic.cli.output import NO, YES, Answer, reply
from mpr_logic.cli.question import facts_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from mpr_logic.analysis.lints import Deployment
    from mpr_logic.analysis.program import Program, Signature
    from mpr_logic.language.ast import Module, Span

EXAMPLE = "mpr lint rules/kitchen"

FixOption = Annotated[
    bool, typer.Option("--fix", help="Write `input` behind the relations that nothing fills.")
]


def lint(
    rules: o.RulesArgument = None,
    tools: o.ToolsOption = None,
    state: o.StatesOption = None,
    theta: o.ThetaOption = 0.9,
    param: o.ParamOption = None,
    fix: FixOption = False,
    json: o.JsonOption = False,
    no_color: o.NoColorOption = False,
) -> None:
    """Find errors in rules, and what is most likely not meant.

    With --tools, also whether the rules fit the tools; with --state, its facts count as stated.

    With --fix, `input` is first written behind the declarations of the relations that rules read and nothing
    fills: it says that the host does.

    Exit status: 0 nothing found, 1 warnings, 2 errors.
    """

    def work() -> Answer:
        from mpr_logic.analysis import analyse
        from mpr_logic.analysis import lint as warnings
        from mpr_logic.analysis.lints import Deployment, undeclared_inputs, vet
        from mpr_logic.checker.loading import rule_files
        from mpr_logic.errors import ProgramError
        from mpr_logic.guard.rules import load_rules

        o.check_theta(theta)
        described = None
        if tools:
            from mpr_logic.guard.tools import Tools, read_tools

            described = Tools([each for path in tools for each in read_tools(path)])
        files = [str(each) for each in rule_files(rules or [])]

        def loaded() -> tuple[list[Module], Program, Deployment]:
            modules = load_rules(files, None, described)
            program = analyse(modules, params=o.params_of(param))
            tools = None if described is None else [each.known for each in described]
            facts = [fact for each in state or () for fact in facts_of(program, each)]
            return modules, program, Deployment(tools, facts=facts, theta=theta)

        modules, program, deployment = loaded()
        fixed = say_input(undeclared_inputs(program, deployment), files) if fix else []
        if fixed:
            modules, program, deployment = loaded()
        lost = vet(program, deployment, modules)
        if any(each.severity == "error" for each in lost):
            raise ProgramError(lost)
        found = list(dict.fromkeys([*warnings(modules, program), *lost]))
        content = {"diagnostics": [each.to_json() for each in found]}
        shown = ["\n".join(fixed)] if fixed else []
        text = "\n\n".join([*shown, *(each.render() for each in found)]) or "nothing found"
        return Answer(NO if found else YES, text, content)

    reply("lint", work, json=json, no_color=no_color)


def say_input(relations: Iterable[Signature], files: Collection[str]) -> list[str]:
    """Write ``input`` behind the declarations of relations, in those of the files that have them.

    Returns:
        The declarations as they are now, each with its place.

    Raises:
        ProgramError: a file cannot be read.
        OSError: one could not be written.
    """
    from mpr_logic.language.source import read_text

    places: dict[str, list[Span]] = {}
    for each in relations:
        if each.span is not None and each.span.file in files:
            places.setdefault(each.span.file, []).append(each.span)
    done = []
    for file, spans in places.items():
        lines = read_text(Path(file)).split("\n")
        for span in sorted(spans, key=lambda each: (each.line, each.column), reverse=True):
            line, end = lines[span.end_line - 1], span.end_column - 1
            lines[span.end_line - 1] = f"{line[:end]} input{line[end:]}"
        replace(Path(file), "\n".join(lines))
        done += [
            f"fixed {span.file}:{span.line}: {lines[span.end_line - 1].strip()}"
            for span in sorted(spans, key=lambda each: (each.line, each.column))
        ]
    return done
