"""``mpr memory``: what was learned, where it comes from, and changing it by hand."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mpr_logic.cli import options as o
from mpr_logic.cli.memory_text import (
    change_lines,
    import_lines,
    passed_over_lines,
    refusal_lines,
    rule_lines,
    stats_lines,
    table,
    unfit_lines,
    untold_lines,
)
from mpr_logic.cli.output import NO, YES, Answer, complain, reply
from mpr_logic.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mpr_logic.memory.records import StoredRule
    from mpr_logic.memory.store import Memory

EXAMPLE = "mpr memory import sqlite:// rules/kitchen"
EXAMPLES = {
    "list": "mpr memory list memory.db --status law",
    "show": "mpr memory show memory.db closed",
    "log": "mpr memory log memory.db --last 10",
    "export": "mpr memory export memory.db > rules.dl",
    "import": "mpr memory import memory.db rules.dl",
    "learn": "mpr memory learn memory.db rules.dl",
    "forget": "mpr memory forget memory.db 1 --because 'it was a test'",
    "rollback": "mpr memory rollback memory.db 3",
    "stats": "mpr memory stats memory.db",
}

Because = Annotated[str, typer.Option(metavar="TEXT", help="The cause, for the log.")]


class StatusFilter(StrEnum):
    """The status of the rules that are listed."""

    active = "active"
    all = "all"
    candidate = "candidate"
    advice = "advice"
    law = "law"
    superseded = "superseded"
    forgotten = "forgotten"
    refused = "refused"


def list_(
    store: o.MemoryArgument,
    status: Annotated[
        StatusFilter, typer.Option(help="Only these; active are candidates, advice and law.")
    ] = StatusFilter.active,
    theta: o.ThetaOption = 0.9,
    json: o.JsonOption = False,
    no_color: o.NoColorOption = False,
) -> None:
    """List the rules, the heaviest first, with what was seen of them.

    Exit status: 0 there are some, 1 there is none, 2 the memory cannot be read.
    """

    def work() -> Answer:
        with _opened(store, theta) as memory:
            if status is StatusFilter.refused:
                found = memory.refused()
                lines, rows = refusal_lines(found), [asdict(each) for each in found]
            else:
                from mpr_logic.memory.records import ACTIVE

                named: dict[StatusFilter, Sequence[Any] | None] = {
                    StatusFilter.active: ACTIVE,
                    StatusFilter.all: None,
                }
                rules = memory.rules(named.get(status, [status.value]))
                rules.sort(key=lambda rule: (-rule.weight, rule.id))
                lines, rows = table(rules), [_rule_json(rule) for rule in rules]
        kind = "refused" if status is StatusFilter.refused else "rules"
        remark = "" if rows else f"the memory has no such rules ({status.value})"
        return _answer("list", lines, YES if rows else NO, remark, **{kind: rows})

    reply("memory", work, json=json, no_color=no_color)


def show(
    store: o.MemoryArgument,
    rule: Annotated[str, typer.Argument(metavar="RULE", help="The id of a rule.")],
    theta: o.ThetaOption = 0.9,
    json: o.JsonOption = False,
    no_color: o.NoColorOption = False,
) -> None:
    """Show a rule, its evidence, its episodes and its history.

    Exit status: 0 it is shown, 2 there is none, or the memory cannot be read.
    """

    def work() -> Answer:
        with _opened(store, theta) as memory:
            found, log, cited = memory.get(rule), memory.log(rule), memory.citations(rule)
            episodes = [each for each in memory.episodes() if each.id in found.episodes]
        return _answer(
            "show",
            rule_lines(found, episodes, cited, log),
            rule=_rule_json(found),
            episodes=[asdict(each) for each in episodes],
            citations=[asdict(each) for each in cited],
            changes=[asdict(each) for each in log],
        )

    reply("memory", work, json=json, no_color=no_color)


def log(
    store: o.MemoryArgument,
    rule: Annotated[str | None, typer.Option(metavar="RULE", help="Only what concerns this rule.")] = None,
    last: Annotated[int | None, typer.Option(metavar="N", min=1, help="Only the last N changes.")] = None,
    json: o.JsonOption = False,
    no_color: o.NoColorOption = False,
) -> None:
    """List the changes of a memory, with their causes.

    Exit status: 0 there are some, 1 there is none, 2 the memory cannot be read.
    """

    def work() -> Answer:
        with _opened(store) as memory:
            found = memory.log(rule, last)
        remark = "" if found else "there are no such changes"
        changes = [asdict(each) for each in found]
        return _answer("log", change_lines(found), YES if found else NO, remark, changes=changes)

    reply("memory", work, json=json, no_color=no_color)


def learn(
    store: o.MemoryArgument,
    files: Annotated[
        list[str] | None,
        typer.Argument(metavar="RULES...", help="The declarations, and what else is known before."),
    ] = None,
    conditions: Annotated[
        int, typer.Option(metavar="N", min=1, help="So many conditions are joined in a rule at most.")
    ] = 2,
    theta: o.ThetaOption = 0.9,
    json: o.JsonOption = False,
    no_color: o.NoColorOption = False,
) -> None:
    """Learn rules from the failures in the episodes of a memory.

    They are weighed by all that was seen. An episode that does not fit the rules, such as one with an action
    that is not declared, is passed over, and named.

    Exit status: 0 there are learned rules now, 1 there is none, 2 nothing was learned.
    """

    def work() -> Answer:
        if not files:
            raise o.UsageError(
                f"no rules are named after {store}: give the files that declare what episodes speak of"
            )
        from mpr_logic.analysis.report import count
        from mpr_logic.checker.loading import load_modules
        from mpr_logic.memory.induction.refine import SearchLimits
        from mpr_logic.models.learning import learn as learn_from

        modules = load_modules(files)
        with _opened(store, theta) as memory:
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
        rows = [_rule_json(rule) for rule in rules]
        passed_over = [asdict(each) for each in lesson.passed_over]
        left: dict[str, Any] = {"passed_over": passed_over, "unfit": lesson.unfit, "cuts": list(lesson.cuts)}
        return _answer("learn", lines, YES if rules else NO, learned=counts, **left, rules=rows)

    reply("memory", work, json=json, no_color=no_color)


def export(
    store: o.MemoryArgument,
    declarations: Annotated[
        bool, typer.Option("--declarations", help="Put the declarations in front.")
    ] = False,
    theta: o.ThetaOption = 0.9,
    json: o.JsonOption = False,
    no_color: o.NoColorOption = False,
) -> None:
    """Write the rules that count as .dl text.

    It can be read, checked with, edited and imported again.

    Exit status: 0 there are some, 1 there is none, 2 the memory cannot be read.
    """

    def work() -> Answer:
        with _opened(store, theta) as memory:
            text = memory.export(declarations=declarations)
        remark = "" if text else "the memory has no rules that count"
        return _answer("export", [text.rstrip("\n")], YES if text else NO, remark, text=text)

    reply("memory", work, json=json, no_color=no_color)


def import_(
    store: o.MemoryArgument,
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILES...", help="Rule files and folders, trajectories, recorded conversations."
        ),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Remove the rules that the rule files leave out.")
    ] = False,
    theta: o.ThetaOption = 0.9,
    json: o.JsonOption = False,
    no_color: o.NoColorOption = False,
) -> None:
    """Import rules as a person's, and recorded episodes.

    A memory that is not there is made. What is new in the rule files, or other than it was exported, is
    hand-written from then on. The rules of all files are imported, or none; with sqlite:// for the STORE
    nothing is kept. An episode with an action that does not fit what the memory has declared is kept, and
    named: learning passes over it. So are calls in recorded conversations (docs/how-to/replay-recordings.md)
    that are no declared action.

    Exit status: 0 done, 2 not done.
    """

    def work() -> Answer:
        from mpr_logic.cli.memory_recordings import episodes_in, holds_recordings
        from mpr_logic.guard.recordings.files import named_recorded
        from mpr_logic.memory.records import Imported

        if not files:
            raise o.UsageError(f"no files are named after {store}: give rule files, folders, or trajectories")
        from mpr_logic.checker.loading import load_modules

        paths = [each for each in files if not named_recorded(each)]
        if replace and not paths:
            raise o.UsageError("--replace would remove all rules: name the rule files that replace them")
        modules = load_modules(paths) if paths else []
        conversations = [each for each in files if each not in paths and holds_recordings(each)]
        trajectories = [
            (each, Path(each).read_bytes().decode("utf-8", "replace").split("\n"))
            for each in files
            if each not in paths and each not in conversations
        ]
        with _opened(store, theta, create=True) as memory:
            names = ", ".join(paths)
            found = (
                memory.import_(*modules, replace=replace, cause=names)
                if modules
                else Imported((), (), (), ())
            )
            episodes, unfit, untold = [], [], []
            read = [(each, episodes_in(each, memory)) for each in conversations]
            sources: list[tuple[str, Sequence[str | dict[str, Any]]]] = [
                *trajectories,
                *((each, found.lines) for each, found in read),
            ]
            for file, rows in sources:
                try:
                    ids = memory.add_episodes(rows, many=True)
                except StoreError as error:
                    raise StoreError(f"{file}: {error}") from None
                episodes += ids
                untold += untold_lines(memory, ids)
                unfit += [asdict(each) | {"file": file} for each in memory.unfit(ids)]
        content: dict[str, Any] = {name: list(ids) for name, ids in asdict(found).items()}
        left_out = [line for file, each in read for line in each.remarks(file)]
        lines = [*import_lines(found, episodes), *untold, *unfit_lines(unfit), *left_out]
        return _answer("import", lines, **content, episodes=episodes, unfit=unfit, left_out=left_out)

    reply("memory", work, json=json, no_color=no_color)


def forget(
    store: o.MemoryArgument,
    episode: Annotated[int, typer.Argument(metavar="EPISODE", help="The number of an episode.")],
    because: Because = "asked for",
    json: o.JsonOption = False,
    no_color: o.NoColorOption = False,
) -> None:
    """Forget an episode for good.

    All that it said is erased, and its evidence counts no more.

    Exit status: 0 done, 2 not done.
    """

    def change(memory: Memory) -> str:
        gone = memory.forget(episode, because)
        return "" if gone else "it is out of the memory; its bytes may be in the database's files until later"

    _changing("forget", store, change, json=json, no_color=no_color)


def rollback(
    store: o.MemoryArgument,
    revision: Annotated[int, typer.Argument(metavar="REVISION", help="The revision to go back to.")],
    because: Because = "asked for",
    json: o.JsonOption = False,
    no_color: o.NoColorOption = False,
) -> None:
    """Take back all changes after a revision; episodes stay.

    A rollback can be taken back too.

    Exit status: 0 done, 2 not done.
    """

    def change(memory: Memory) -> str:
        memory.rollback(revision, because)
        return ""

    _changing("rollback", store, change, json=json, no_color=no_color)


def stats(
    store: o.MemoryArgument,
    theta: o.ThetaOption = 0.9,
    json: o.JsonOption = False,
    no_color: o.NoColorOption = False,
) -> None:
    """Count what a memory holds, and check that the database is whole.

    Exit status: 0 it is whole, 1 it is damaged, 2 it cannot be read.
    """

    def work() -> Answer:
        with _opened(store, theta) as memory:
            intact, counts = memory.intact(), memory.stats()
        return _answer(
            "stats", stats_lines(counts, intact), YES if intact else NO, intact=intact, stats=counts
        )

    reply("memory", work, json=json, no_color=no_color)


@contextmanager
def _opened(store: str, theta: float = 0.9, *, create: bool = False) -> Iterator[Memory]:
    """The memory that a command is about.

    Raises:
        UsageError: theta is no weight.
        StoreError: it cannot be opened.
    """
    o.check_theta(theta)
    from mpr_logic.memory.store import Memory

    with Memory.open(store, theta=theta, create=create) as memory:
        yield memory
        if memory.outdated:
            names = ", ".join(f"`{name}`" for name in memory.outdated)
            complain(
                f"note: the memory declares {names} in an older form: the built-in one stands, and rules in "
                "the older form do not fit"
            )


def _answer(action: str, lines: list[str], status: int = YES, remark: str = "", **content: Any) -> Answer:
    """The answer of a sub-command."""
    return Answer(status, "\n".join(lines), {"action": action, **content}, remark=remark)


def _rule_json(rule: StoredRule) -> dict[str, Any]:
    """A rule; docs/reference/json.md says what each key holds."""
    return asdict(rule) | {"contradicted": rule.contradicted, "episodes": list(rule.episodes)}


def _changing(
    action: str, store: str, change: Callable[[Memory], str], *, json: bool, no_color: bool
) -> None:
    """Do one change, which may return a remark, and list what the log says of it."""

    def work() -> Answer:
        with _opened(store) as memory:
            before = memory.stats()["revision"]
            remark = change(memory)
            found = [each for each in memory.log() if each.revision > before]
        changes = [asdict(each) for each in found]
        return _answer(action, change_lines(found), YES, remark, changes=changes)

    reply("memory", work, json=json, no_color=no_color)


def group() -> None:
    """Look into a rule memory, and change it by hand.

    Exit status: 0 done or found, 1 nothing found, 2 it could not be done.
    """


def app() -> typer.Typer:
    """The command with its sub-commands."""
    made = typer.Typer(
        rich_markup_mode=None,
        context_settings=o.HELP,
        add_completion=False,
    )
    made.callback(epilog=o.example_of(EXAMPLE))(group)
    verbs: dict[str, Callable[..., None]] = {
        "list": list_,
        "show": show,
        "log": log,
        "learn": learn,
        "export": export,
        "import": import_,
        "forget": forget,
        "rollback": rollback,
        "stats": stats,
    }
    for name, command in verbs.items():
        made.command(name, epilog=o.example_of(EXAMPLES[name]), context_settings=o.HELP)(command)
    return made
