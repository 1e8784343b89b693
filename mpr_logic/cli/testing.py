"""``mpr test``: tests of rules, and what they show of them."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from mpr_logic.cli import options as o
from mpr_logic.cli.output import (
    INTERRUPTED,
    NO,
    UNDECIDED,
    YES,
    Answer,
    failure,
    progress_bar,
    reply,
    send,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EXAMPLE = "mpr test rules/kitchen"

PAUSE = 0.5
"""The seconds between two looks at the files, with --watch."""


def test(
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="PATHS...", help="Files with tests, and folders of them.")
    ] = None,
    rules: Annotated[
        list[str] | None,
        typer.Option("--rules", metavar="RULES", help="The rules that are tested. May be given again."),
    ] = None,
    name: Annotated[
        str, typer.Option("-k", metavar="NAME", help="Run the tests alone that have this in their names.")
    ] = "",
    fail_under: Annotated[
        float, typer.Option(metavar="PCT", min=0, max=100, help="Fail where the coverage is less.")
    ] = 0.0,
    junit: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the results there, as JUnit's XML.")
    ] = None,
    lcov: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the coverage there, as lcov's tracefile.")
    ] = None,
    uncovered: Annotated[
        bool, typer.Option("--uncovered", help="List everything that no test shows, not the first of it.")
    ] = False,
    accept: Annotated[
        bool, typer.Option("--accept", help="Write the snapshots of proofs anew, instead of comparing them.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Run them again whenever a file changes, until it is interrupted.")
    ] = False,
    log: Annotated[
        list[str] | None,
        typer.Option("--from", metavar="LOG", help="Propose tests from recorded calls. May be given again."),
    ] = None,
    state: o.StateOption = None,
    mutate: Annotated[
        bool, typer.Option("--mutate", help="Change the rules in many ways, and see which no test notices.")
    ] = False,
    mutants: Annotated[int, typer.Option(metavar="N", min=1, help="Try so many changes, at most.")] = 300,
    seed: Annotated[int, typer.Option(metavar="N", help="For drawing them, where there are more.")] = 1,
    theta: o.ThetaOption = 0.9,
    seconds: o.SecondsOption = 2.0,
    tools: o.ToolsOption = None,
    param: o.ParamOption = None,
    lenient: o.LenientOption = False,
    quiet: o.QuietOption = False,
    json: o.JsonOption = False,
    no_color: o.NoColorOption = False,
) -> None:
    """Run the tests in rule files.

    It tells what they show of the rules, and what they do not. With --from it writes tests instead.

    Exit status: 0 all pass; 1 one fails, the coverage is too small, or with --mutate no test notices some
    change; 2 one could not be run.
    """

    def work() -> Answer:
        from mpr_logic.cli.testing_text import content_of, proposal, text_of
        from mpr_logic.testing.job import propose_tests, run_tests
        from mpr_logic.testing.reports import write_junit, write_lcov
        from mpr_logic.testing.running import Setup

        o.check_range(theta, seconds)
        if not paths:
            raise o.UsageError("no tests are named: give files or folders, such as rules/kitchen")
        setup = Setup(theta, seconds, not lenient, o.params_of(param), tuple(tools or ()), accept)
        if log:
            return proposal(propose_tests(rules or paths, log, setup, state))
        report = run_tests(paths, setup, rules or (), name)
        watched.update(report.loaded)
        if junit is not None:
            write_junit(report, junit)
        if lcov is not None:
            write_lcov(report, lcov)
        if mutate and report.passed:
            with _progress(quiet=quiet or json) as say:
                report.try_mutants(setup, limit=mutants, seed=seed, say=say)
        bad = report.count("failed") or report.coverage.percent < fail_under or report.survivors
        status = UNDECIDED if report.count("error") else NO if bad else YES
        text = text_of(report, fail_under, everything=uncovered)
        return Answer(status, text, content_of(report))

    watched = {*(paths or ()), *(rules or ())}
    if watch:
        _watch(work, watched, json=json, no_color=no_color)
    reply("test", work, json=json, no_color=no_color)


def _watch(work: Callable[[], Answer], watched: set[str], *, json: bool, no_color: bool) -> NoReturn:
    """Do the work again and again: each time that one of the files has changed.

    Raises:
        typer.Exit: it was interrupted.
    """
    from time import sleep

    try:
        while True:
            seen = _stamp(watched)
            try:
                answer = work()
            except Exception as error:  # a file that is being written may be broken for a moment
                answer = failure(error)
            send("test", answer, json=json, no_color=no_color)
            while _stamp(watched) == seen:
                sleep(PAUSE)
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED) from None


def _stamp(watched: set[str]) -> object:
    """The state of the files on disk: another one behind each change."""
    from mpr_logic.errors import MprError
    from mpr_logic.guard.rules import stamp

    try:
        return stamp(sorted(watched))
    except (MprError, OSError):
        return None


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """A line on the standard error that tells how many changes were tried."""
    shown = not quiet and sys.stderr is not None and sys.stderr.isatty()
    with progress_bar(0, quiet=not shown) as tell:
        yield lambda done, of: tell(f"{done} of {of} changes", 1)
