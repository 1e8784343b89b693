"""``mpr replay``: what rules say of calls that were recorded."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mpr_logic.cli import options as o
from mpr_logic.cli.output import NO, UNDECIDED, YES, Answer, reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mpr_logic.guard.replay_job import ReplayJob
    from mpr_logic.guard.replay_tally import Tally

EXAMPLE = "mpr replay docs/examples/orders/orders.dl docs/examples/orders/recorded.json"

EXPLAINED = 20
"""The most examples, and the most calls that are named, of which one replay gives the proofs."""

PARTS = 4
"""The number of parts for each process. They are done one after the other, so that progress can be shown."""


def replay(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="RULES... CONVERSATIONS...",
            help="Rule files and folders, and then files and folders of recordings.",
        ),
    ] = None,
    against: Annotated[
        list[str] | None,
        typer.Option(metavar="RULES", help="Show what changes, from these rules. May be given again."),
    ] = None,
    tools: o.ToolsOption = None,
    state: o.StateOption = None,
    theta: o.ThetaOption = 0.9,
    seconds: o.SecondsOption = 2.0,
    param: o.ParamOption = None,
    now: Annotated[
        str | None,
        typer.Option(metavar="T", help="The time of all calls, instead of the recordings' own clock."),
    ] = None,
    lenient: o.LenientOption = False,
    by: Annotated[
        list[str] | None,
        typer.Option(metavar="LABEL", help="Count by this label of the recordings. May be given again."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Replay at most N recordings.")
    ] = None,
    why: Annotated[
        bool, typer.Option("--why", help="Explain the first example of each rule and outcome.")
    ] = False,
    call: Annotated[
        list[str] | None,
        typer.Option(metavar="CALL", help="Explain this call: 2, or 'tuesday, call 2'. May be given again."),
    ] = None,
    skip: Annotated[
        bool, typer.Option("--skip", help="Name records that are broken, and count them no failure.")
    ] = False,
    jobs: o.JobsOption = 1,
    executor: o.ExecutorOption = o.ExecutorName.local,
    address: o.AddressOption = None,
    quiet: o.QuietOption = False,
    json: o.JsonOption = False,
    no_color: o.NoColorOption = False,
) -> None:
    """Decide about the calls in recorded conversations.

    Each is decided with what was known at that moment. The formats of many frameworks, benchmarks and coding
    agents are recognised: see docs/how-to/replay-recordings.md.

    Exit status: 0 every call would run, or with --against nothing changes; 1 some would not, or something
    does; 2 a record is broken, or it could not be done.
    """

    def work() -> Answer:
        from mpr_logic.cli.question import seconds_of
        from mpr_logic.cli.replay_text import content_of, first_examples, text_of
        from mpr_logic.guard.replay import ReplaySetup
        from mpr_logic.guard.replay_job import CallName, ReplayJob

        o.check_range(theta, seconds)
        named = [CallName.read(each) for each in call or ()]
        rules, paths = _apart(arguments or [])

        def setup(rules: Sequence[str]) -> ReplaySetup:
            return ReplaySetup(
                tuple(rules),
                tools=tuple(tools or ()),
                state=state,
                theta=theta,
                seconds=seconds,
                strict=not lenient,
                params=o.params_of(param),
                now=seconds_of(now) if now is not None else None,
            )

        job = ReplayJob(
            setup(rules),
            tuple(paths),
            setup(against) if against else None,
            tuple(by) if by else None,
            limit,
        )
        with _progress(quiet=quiet or json) as say:
            tally = _replayed(job, executor, jobs, address, say)
        if why:
            examples = first_examples(tally, compared=bool(against))[:EXPLAINED]
            names = [CallName(each.recording, each.decided.number) for each in examples]
            tally.explain(job.explain(names, max((each.place[0] for each in examples), default=0)))
        explained = [*islice(job.explain(named), EXPLAINED)] if named else None
        content = content_of(tally, explained, compared=bool(against))
        missing = [each for each in named if not any(each.names(call) for call in explained or ())]
        differs = bool(tally.changes) if against else bool(tally.stopped or tally.undeclared)
        status = UNDECIDED if tally.broken and not skip else NO if differs else YES
        return Answer(status, text_of(tally, explained, missing, compared=bool(against)), content)

    reply("replay", work, json=json, no_color=no_color)


def _apart(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """The rules and the recordings among the arguments: rules stand first, and are ``.dl`` files, folders of
    them, or come with the package. The last argument names recordings.

    Raises:
        UsageError: one of them is missing.
    """
    rules = list(arguments[:1])
    for each in arguments[1:-1]:
        if not (each.endswith(".dl") or (Path(each).is_dir() and any(Path(each).rglob("*.dl")))):
            break
        rules.append(each)
    paths = list(arguments[len(rules) :])
    if not rules:
        raise o.UsageError("no rules are named: give rule files or folders, and then recordings")
    if not paths or paths[0].endswith(".dl"):
        raise o.UsageError(f"no recordings are named behind `{rules[-1]}`: give files or folders of them")
    return rules, paths


def _replayed(
    job: ReplayJob, executor: o.ExecutorName, jobs: int, address: str | None, say: Callable[[int, int], None]
) -> Tally:
    """Replay here, or in parts elsewhere."""
    if jobs == 1 and executor is o.ExecutorName.local:
        return job.replay(say=say)
    from concurrent.futures.process import BrokenProcessPool

    from mpr_logic.errors import GuardError
    from mpr_logic.experiments.executors import executor as made
    from mpr_logic.guard.replay_tally import Tally

    parts = jobs * PARTS
    job.check(parts)
    pool = made(executor.value, jobs, address)
    tally = Tally(job.by)
    try:
        for each in pool.map(_part, [(job, part, parts) for part in range(parts)]):
            tally.merge(each)
            say(tally.recordings, tally.calls)
    except BrokenProcessPool:
        raise GuardError("a process ended too early: there may be too little memory for --jobs") from None
    finally:
        pool.shutdown()
    return tally


def _part(job: ReplayJob, part: int, parts: int) -> Tally:
    return job.replay(part, parts)


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """A line on the standard error that tells how far the replay is; yields the function that updates it."""
    if quiet or sys.stderr is None or not sys.stderr.isatty():
        yield lambda recordings, calls: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns: tuple[Any, ...] = (SpinnerColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as progress:
        line = progress.add_task("reading", total=None)

        def say(recordings: int, calls: int) -> None:
            progress.update(line, description=f"{recordings:,} recordings, {calls:,} calls")

        yield say
