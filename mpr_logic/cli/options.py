"""Arguments and options that several commands have, and the ranges that their values are held to."""

from __future__ import annotations

import math
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mpr_logic.analysis.settings import WrittenValue

HELP = {"help_option_names": ["-h", "--help"]}
"""The context of every command."""


def example_of(example: str) -> str:
    """The end of a command's help: an example, broken into lines of 80 columns as a shell takes them."""
    from textwrap import wrap

    lines = wrap(example, 74, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False)
    return "\b\nExample:\n" + " \\\n".join(lines)


class PanelGroup(TyperGroup):
    """A group whose plain help lists its commands by panels. Each command is in one of them."""

    PANELS = ("Rules", "Guard", "Memory", "Agents")

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write a section for each panel."""
        panels: dict[str, list[tuple[str, Any]]] = {panel: [] for panel in self.PANELS}
        for name in self.list_commands(ctx):
            command: Any = self.get_command(ctx, name)
            panels[command.rich_help_panel].append((name, command))
        longest = max(map(len, self.commands))
        for panel, commands in panels.items():
            with formatter.section(panel):
                # names of one length: the help of all panels begins in one column
                formatter.write_dl(
                    [
                        (name.ljust(longest), command.get_short_help_str(formatter.width - 6 - longest))
                        for name, command in commands
                    ]
                )


def show_help(context: typer.Context) -> None:
    """Print the help where no command is named, and end with status 0."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit


class UsageError(Exception):
    """Arguments that do not make a question; the message says what is missing."""


# -- every command -------------------------------------------------------------------------------------

JsonOption = Annotated[bool, typer.Option("--json", help="Write one JSON object (docs/reference/json.md).")]
NoColorOption = Annotated[
    bool, typer.Option("--no-color", help="Write without colours, as with NO_COLOR set.")
]

# -- rules, states and engines -------------------------------------------------------------------------


class EngineName(StrEnum):
    """The engine that answers."""

    native = "native"
    pydatalog = "pydatalog"
    both = "both"


class SemiringName(StrEnum):
    """The semiring in which weights combine."""

    maxmin = "maxmin"
    product = "product"
    boolean = "boolean"


RulesArgument = Annotated[
    list[str] | None, typer.Argument(metavar="RULES...", help="Rule files and folders.")
]
StatesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--state",
        "-s",
        metavar="FILE",
        help="The state: .dl facts, or JSON; - is the standard input. May be given again: later ones win.",
    ),
]
ThetaOption = Annotated[float, typer.Option(metavar="W", help="The weight from which a forbid rejects.")]
EngineOption = Annotated[EngineName, typer.Option("--engine", help="Which engine answers; both must agree.")]
SemiringOption = Annotated[SemiringName, typer.Option("--semiring", help="How weights combine.")]
SecondsOption = Annotated[float, typer.Option(metavar="S", help="The time that a question may take.")]
ToolsOption = Annotated[
    list[str] | None,
    typer.Option("--tools", metavar="FILE", help="JSON schemas of the tools. May be given again."),
]
ParamOption = Annotated[
    list[str] | None,
    typer.Option(
        "--param", metavar="NAME=VALUE", help="The value of a parameter of the rules. May be given again."
    ),
]
LenientOption = Annotated[bool, typer.Option("--lenient", help="Go on with rules that have lost their grip.")]

# -- the moment of a check -----------------------------------------------------------------------------

NowOption = Annotated[
    str | None,
    typer.Option("--now", metavar="T", help="The time of the check: 2026-01-01T10:00:00Z, or seconds."),
]
FirstOption = Annotated[
    bool, typer.Option("--first", help="It is the first call of its session, and nothing was said before it.")
]
SnapshotOption = Annotated[
    str | None,
    typer.Option(
        "--store",
        metavar="WHERE",
        help="The guard's store of shared relations, which is read only; :memory: is an empty one.",
    ),
]

# -- guards --------------------------------------------------------------------------------------------


class ModeName(StrEnum):
    """Whether the guard blocks."""

    enforce = "enforce"
    shadow = "shadow"


LogOption = Annotated[str | None, typer.Option("--log", metavar="FILE", help="Append each decision there.")]
HashOption = Annotated[bool, typer.Option("--hash", help="Log a hash of the arguments instead of them.")]
WatchOption = Annotated[float, typer.Option(metavar="S", help="Look for changed rules so often; 0: never.")]
ModeOption = Annotated[ModeName, typer.Option(help="Block, or only decide and log.")]
StateOption = Annotated[
    str | None, typer.Option("--state", "-s", metavar="FILE", help="Facts that every session begins with.")
]
StoreOption = Annotated[
    str | None,
    typer.Option("--store", metavar="WHERE", help="Keep what is shared there: a file, or postgresql://..."),
]
HoldOption = Annotated[
    float,
    typer.Option("--hold", metavar="S", min=1.0, help="Hold what a call uses so long, at most."),
]

# -- a memory ------------------------------------------------------------------------------------------

MemoryArgument = Annotated[
    str, typer.Argument(metavar="STORE", help="The memory: a file, or an SQLAlchemy URL.", show_default=False)
]
OptionalMemoryArgument = Annotated[
    str | None,
    typer.Argument(metavar="STORE", help="The memory: a file, or an SQLAlchemy URL.", show_default=False),
]

# -- a model -------------------------------------------------------------------------------------------


class ChooseName(StrEnum):
    """The way in which a model chooses an action."""

    writing = "writing"
    grammar = "grammar"
    score = "score"


ModelOption = Annotated[
    str | None, typer.Option("--model", metavar="NAME", help="The model; else that of $MPR_MODEL.")
]
BaseUrlOption = Annotated[
    str | None,
    typer.Option(metavar="URL", help="Its server, up to and with /v1; else $OPENAI_BASE_URL, else OpenAI's."),
]
LocalOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="A model in a GGUF file, served here, instead of a server."),
]
CacheOption = Annotated[
    Path | None,
    typer.Option("--cache", metavar="FOLDER", help="Keep the model's answers there, and ask nothing twice."),
]
ChooseOption = Annotated[
    ChooseName,
    typer.Option(
        help="How the model chooses: it writes freely, it can write nothing but an action, or the likeliest "
        "is taken (on llama.cpp's server alone)."
    ),
]

# -- training ------------------------------------------------------------------------------------------


class TrainingPolicy(StrEnum):
    """The policy that plays the tasks of a training or an evaluation."""

    absent_minded = "absent-minded"
    forgetful = "forgetful"
    walkthrough = "walkthrough"
    model = "model"


EnvOption = Annotated[str, typer.Option(metavar="NAME", help="The environment.")]
SplitOption = Annotated[
    str | None, typer.Option(metavar="NAME", help="A split of it; without one, tasks are made by seed.")
]
TasksOption = Annotated[int, typer.Option(metavar="N", min=1, help="So many tasks.")]
SkipOption = Annotated[int, typer.Option(metavar="N", min=0, help="Leave out so many from the front.")]
DrawOption = Annotated[
    int | None, typer.Option(metavar="N", help="Shuffle the split by this number first.", show_default=False)
]
SeedOption = Annotated[int, typer.Option(metavar="N", help="For all that the player draws.")]
StepsOption = Annotated[
    int | None, typer.Option(metavar="N", min=1, help="After so many actions an episode is over.")
]


class ExecutorName(StrEnum):
    """The place where many processes work: this machine, or a Ray cluster."""

    local = "local"
    ray = "ray"


JobsOption = Annotated[int, typer.Option(metavar="N", min=1, help="The number of processes.")]
ExecutorOption = Annotated[ExecutorName, typer.Option(help="Where the work is done.")]
AddressOption = Annotated[
    str | None, typer.Option(metavar="A", help="Of a Ray cluster; without one, Ray runs here.")
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]
TrainingPolicyOption = Annotated[
    TrainingPolicy,
    typer.Option(
        help="Who plays: a scripted person who forgets little steps, and heeds rules (absent-minded) or "
        "repairs (forgetful); the walkthrough; or a language model."
    ),
]

# -- parameters of rules -------------------------------------------------------------------------------


def params_of(given: Sequence[str] | None) -> dict[str, WrittenValue]:
    """The values of parameters by their names; each is a text that the declared type says how to read.

    Raises:
        UsageError: one is not written NAME=VALUE, or a name is given twice.
    """
    from mpr_logic.analysis.settings import WrittenValue

    found: dict[str, WrittenValue] = {}
    for each in given or ():
        name, equal, value = each.partition("=")
        name = name.strip()
        if not equal or not name:
            raise UsageError(f"--param is {each[:60]!r}: write it NAME=VALUE, such as --param limit=500")
        if name in found:
            raise UsageError(f"--param gives `{name}` twice: keep one of them")
        found[name] = WrittenValue(value)
    return found


# -- ranges --------------------------------------------------------------------------------------------


def check_range(theta: float, seconds: float) -> None:
    """Hold two options to what they may be.

    Raises:
        UsageError: one is out of range.
    """
    check_theta(theta)
    if not (seconds > 0 and math.isfinite(seconds)):
        raise UsageError(f"--seconds is {seconds:g}: it is a time above 0, such as 2")


def check_theta(theta: float) -> None:
    """Raise UsageError where theta is no weight."""
    if not 0 < theta <= 1:
        raise UsageError(f"--theta is {theta:g}: it is a weight above 0 and at most 1, such as 0.9")
