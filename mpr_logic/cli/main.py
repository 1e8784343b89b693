"""The command line ``mpr``: its commands, and the way into them."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from mpr_logic.cli import (
    check,
    evaluate,
    experiment,
    explain,
    format,
    hook,
    learn,
    lint,
    mcp,
    memory,
    options,
    play,
    proxy,
    query,
    replay,
    report,
    serve,
    testing,
    tools,
    why,
)
from mpr_logic.cli.options import UsageError
from mpr_logic.cli.output import INTERRUPTED, UNDECIDED, YES, complain, failure, send

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

# rich_markup_mode: plain help starts in half the time, and copies well
app = typer.Typer(
    name="mpr",
    cls=options.PanelGroup,
    invoke_without_command=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings=options.HELP,
)
for _panel, _verb, _command, _example in (
    ("Rules", "check", check.check, check.EXAMPLE),
    ("Rules", "why", why.why, why.EXAMPLE),
    ("Rules", "query", query.query, query.EXAMPLE),
    ("Rules", "lint", lint.lint, lint.EXAMPLE),
    ("Rules", "fmt", format.fmt, format.EXAMPLE),
    ("Rules", "test", testing.test, testing.EXAMPLE),
    ("Rules", "explain", explain.explain, explain.EXAMPLE),
    ("Guard", "tools", tools.tools, tools.EXAMPLE),
    ("Guard", "replay", replay.replay, replay.EXAMPLE),
    ("Guard", "serve", serve.serve, serve.EXAMPLE),
    ("Guard", "hook", hook.hook, hook.EXAMPLE),
    ("Guard", "proxy", proxy.proxy, proxy.EXAMPLE),
    ("Guard", "mcp", mcp.mcp, mcp.EXAMPLE),
    ("Agents", "play", play.play, play.EXAMPLE),
    ("Memory", "learn", learn.learn, learn.EXAMPLE),
    ("Agents", "eval", evaluate.evaluate, evaluate.EXAMPLE),
    ("Agents", "experiment", experiment.experiment, experiment.EXAMPLE),
    ("Agents", "report", report.report, report.EXAMPLE),
):
    app.command(
        _verb,
        epilog=options.example_of(_example),
        context_settings=options.HELP,
        rich_help_panel=_panel,
    )(_command)
app.add_typer(memory.app(), name="memory", rich_help_panel="Memory")


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            number = version("mpr-logic")
        except PackageNotFoundError:
            number = "(not installed: run from its sources)"
        typer.echo(f"mpr {number}")
        raise typer.Exit


@app.callback(epilog=options.example_of(check.EXAMPLE))
def group(
    context: typer.Context,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    """Check an agent's actions against rules, and say why.

    Exit status of every command: 0 yes, 1 no, 2 it could not be decided.
    """
    options.show_help(context)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: what stands behind ``mpr``; by default the process's own.

    Returns:
        The exit status: 0 admissible or found, 1 rejected or not found, 2 not decided, 130 interrupted.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    if sys.stdout is None:
        complain("error: the answer could not be written: the standard output is closed")
        return UNDECIDED
    try:
        command = typer.main.get_command(app)
        # it returns the status that a command exits with; what else a library returns is no answer
        status = command.main(given, prog_name="mpr", standalone_mode=False)
        sys.stdout.flush()
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except SystemExit as ended:  # a shell's completion was answered, or the pipe is broken
        return YES if ended.code == YES else UNDECIDED
    except Exception as error:
        return _refuse(error, given)
    return status if type(status) is int and status in (0, 1, UNDECIDED, INTERRUPTED) else UNDECIDED


def _refuse(error: Exception, given: Sequence[str]) -> int:
    """Say what is wrong with arguments that no command took."""
    # the exceptions of the command-line library have no common public type
    text = getattr(error, "format_message", None)
    verb = next((each for each in given if not each.startswith("-")), "")
    names = {each.name for each in app.registered_commands} | {each.name for each in app.registered_groups}
    known = verb if verb in names else ""
    if text is not None:
        said = str(text()).rstrip(".")
        error = UsageError(f"{said[:1].lower()}{said[1:]}: see {f'mpr {known}' if known else 'mpr'} --help")
    return send(known or "mpr", failure(error), json="--json" in given)


def main() -> None:
    """Run ``mpr`` with the arguments of the process, and exit with its status: the entry point of the
    installed command."""
    status = run()
    if not _flushed(sys.stdout):
        status = status or UNDECIDED
    _flushed(sys.stderr)  # where that cannot be written, the status says it
    sys.exit(status)


def _flushed(stream: TextIO | None) -> bool:
    """Write out what a standard stream still holds. Where that fails it is thrown away: else Python tries
    again on its way out, fails, and ends with status 120."""
    if stream is None:
        return False
    try:
        stream.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):  # it is closed: Python finds nothing to write either
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        return False
    return True
