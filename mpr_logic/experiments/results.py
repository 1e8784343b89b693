"""Results: the record of one episode that all reports are made from, written and read, and results in groups
by who played, in which phase and round."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeAlias, TypeVar

from mpr_logic.errors import ExperimentError
from mpr_logic.language.diagnostics import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


T = TypeVar("T")

TableRow: TypeAlias = dict[str, Any]
"""Keys and values of JSON; what could not be worked out is None."""

Phase = Literal["train", "test"]

VERSION = 1
"""The version of a line: ``{"mpr_result": 1, ...}``; docs/reference/results.md has the keys."""

RESULTS, PLAN = "results.jsonl", "experiment.json"
"""The files of a run's folder: its episodes, and what was to be run."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """A rule spoke against a proposal: its weight then, and whether the action was indeed one that comes
    to nothing. Known where it was tried, or where the world's own judge was asked."""

    rule: str
    weight: float
    wrong: bool


@dataclass(frozen=True, slots=True)
class Result:
    """One episode: who played what, and what came of it.

    ``round`` counts the training rounds from 1; of a test it is how many went before. ``proposed`` are all
    actions that the policy proposed, ``rejected`` those that the checker did not let through; ``invalid``
    are the actions that reached the world and came to nothing. ``false_rejections`` are those that the
    world would have done, None where nobody can tell. ``rules`` were in force, ``laws`` of them at theta
    or above. Tokens and cost (US dollars) are those that the server counted; ``seconds`` is wall time.
    """

    method: str
    model: str
    seed: int
    phase: Phase
    round: int
    split: str
    task: str
    kind: str
    won: bool
    steps: int
    gave_up: bool = False
    proposed: int = 0
    rejected: int = 0
    invalid: int = 0
    false_rejections: int | None = None
    fallbacks: int = 0
    probes: int = 0
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float = 0.0
    seconds: float = 0.0
    rules: int = 0
    laws: int = 0
    forecasts: tuple[Forecast, ...] = ()


def result_json(result: Result) -> dict[str, Any]:
    """The line of a result."""
    return {"mpr_result": VERSION, **asdict(result)}


@dataclass(frozen=True, slots=True)
class MethodNote:
    """A note on a method, beside its name. ``privileged``: it was told what an agent cannot know;
    ``reflexion``: it tries a task again until it has won it."""

    name: str
    privileged: bool = False
    scripted: bool = False
    reflexion: bool = False


@dataclass(frozen=True, slots=True)
class ModelNote:
    """A note on a model, beside its name. ``scripted``: it is no model, a script chooses."""

    name: str
    scripted: bool = False


@dataclass(frozen=True, slots=True)
class RunPlan:
    """The plan of a run; a value that is None, or empty, is not known. ``steps`` is the cap of an episode."""

    name: str = ""
    methods: tuple[MethodNote, ...] = ()
    models: tuple[ModelNote, ...] = ()
    theta: float | None = None
    rounds: int | None = None
    steps: int | None = None
    commands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """The contents of the folder of an experiment. ``remarks`` say what was left out, and what is missing."""

    name: str
    results: tuple[Result, ...]
    plan: RunPlan
    remarks: tuple[str, ...]


def read_results(path: str | Path) -> list[Result]:
    """The episodes in a file of results, in the order of its lines. A last line that was cut off is left out;
    of lines about the same episode the first counts. Keys that are not known are left out.

    Raises:
        ExperimentError: the file cannot be read, or a line is none of a result; it is named.
    """
    return _read_results(Path(path))[0]


def read_run(folder: str | Path) -> Run:
    """Read the folder of an experiment; ``experiment.json`` may be missing.

    Raises:
        ExperimentError: a file cannot be read, is not valid, or holds no episode.
    """
    folder = Path(folder)
    results, remarks = _read_results(folder / RESULTS)
    if not results:
        raise ExperimentError(f"{folder / RESULTS}: it holds no episode yet: run the experiment first")
    plan = _read_plan(folder / PLAN)
    if plan is None:
        remarks.append(
            f"{PLAN} is missing: the step cap is not known, nor which methods are privileged or scripted"
        )
    plan = plan or RunPlan()
    return Run(plan.name or folder.resolve().name, tuple(results), plan, tuple(remarks))


def _read_results(path: Path) -> tuple[list[Result], list[str]]:
    reader = _Reader(Result)
    found: dict[tuple[object, ...], Result] = {}
    remarks: list[str] = []
    twice: list[int] = []
    for number, line in _lines(path):
        place = f"{path}:{number}"
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            if line.endswith(b"\n"):
                raise ExperimentError(f"{place}: this is not JSON: {error}") from None
            remarks.append(f"{place}: the last line was cut off, and is left out")
            break
        if not isinstance(value, dict) or "mpr_result" not in value:
            raise ExperimentError(f"{place}: this is no result: a line is an object with `mpr_result`")
        if value["mpr_result"] != VERSION or type(value["mpr_result"]) is not int:
            raise ExperimentError(
                f"{place}: this is version {value['mpr_result']!r:.40} of a result, not the known {VERSION}"
            )
        result = reader.read(line, place)
        if wrong := _wrong(result):
            raise ExperimentError(f"{place}: {wrong}")
        if found.setdefault(_key(result), result) is not result:
            twice.append(number)
    if twice:
        remarks.append(
            f"{path}:{twice[0]}: an episode that stands before already; the first counts, and "
            f"{len(twice)} such {'line is' if len(twice) == 1 else 'lines are'} left out"
        )
    return list(found.values()), remarks


def _key(result: Result) -> tuple[object, ...]:
    """The key that tells an episode from all others of a run."""
    r = result
    return r.method, r.model, r.seed, r.phase, r.round, r.split, r.task


def _wrong(result: Result) -> str:
    """Return the first fault of a result whose types are right; empty where there is none."""
    for key in (field.name for field in fields(result) if field.name != "seed"):
        value = getattr(result, key)
        # written so that NaN is caught
        if type(value) in (int, float) and not 0 <= value < float("inf"):
            return f"`{key}` is {value}: it is a number, 0 or more"
    if not (result.method and result.task):
        return "`method` and `task` are names"
    if result.phase == "train" and result.round == 0:
        return "`round` is 0: training rounds count from 1"
    for each in result.forecasts:
        if not 0 <= each.weight <= 1:
            return f"the weight of `{each.rule}` is {each.weight}: it is between 0 and 1"
    for part, whole in _PARTS:
        count, of = getattr(result, part), getattr(result, whole)
        if count is not None and count > of:
            return f"`{part}` is {count}, and `{whole}`, of which it is a part, {of}"
    return ""


_PARTS = (
    ("rejected", "proposed"),
    ("invalid", "steps"),
    ("false_rejections", "rejected"),
    ("laws", "rules"),
)


def _read_plan(path: Path) -> RunPlan | None:
    try:
        data = path.read_bytes() if path.is_file() else None
    except OSError as error:
        raise ExperimentError(f"{path} cannot be read: {error.strerror}") from None
    return None if data is None else _Reader(RunPlan).read(data, str(path))


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines that are not blank, each with its number."""
    if not path.is_file():
        raise ExperimentError(f"there is no file {path}: name the folder that an experiment has written")
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, line
    except OSError as error:
        raise ExperimentError(f"{path} cannot be read: {error.strerror}") from None


class _Reader(Generic[T]):
    """Reads JSON as a dataclass, its types as they are declared."""

    def __init__(self, kind: type[T]) -> None:
        try:
            from pydantic import TypeAdapter
        except ImportError:
            raise ExperimentError(MISSING) from None
        self._adapter = TypeAdapter(kind)

    def read(self, data: bytes, place: str) -> T:
        from pydantic import ValidationError

        try:
            return self._adapter.validate_json(data, strict=True)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, first["loc"]))
            said = f"{first['msg'][:1].lower()}{first['msg'][1:]}"
            raise ExperimentError(f"{place}: {f'`{where}`: ' if where else ''}{said}") from None


MISSING = "experiments need the extra: `pip install 'mpr-logic[experiments]'`"
"""The message of the error where the extra is not installed."""


Pair: TypeAlias = tuple[int, str]
"""The unit over which methods are compared: a seed and a task."""


@dataclass(frozen=True, slots=True)
class ResultGroup:
    """The episodes of one method with one model, in one round of a phase on a split."""

    method: str
    model: str
    phase: str
    split: str
    round: int
    results: tuple[Result, ...]

    @property
    def line(self) -> tuple[str, str, str, str]:
        """The key of the curve over the rounds to which the group belongs."""
        return self.method, self.model, self.phase, self.split

    @property
    def pairs(self) -> set[Pair]:
        """The pairs that were played."""
        return {(each.seed, each.task) for each in self.results}

    @property
    def won(self) -> set[Pair]:
        """The pairs that were won."""
        return {(each.seed, each.task) for each in self.results if each.won}


@dataclass(frozen=True, slots=True)
class RoundSeries:
    """The groups of one method with one model in a phase on a split, by round.

    They are ``retried`` where a round plays only what no round before has won, as Reflexion's trials do.
    Then only the first round is of all tasks, and the later ones are of the hardest.
    """

    groups: tuple[ResultGroup, ...]
    retried: bool

    @property
    def standing(self) -> ResultGroup:
        """The round that stands for the line beside others: the last one; the first, where it is retried."""
        return self.groups[0 if self.retried else -1]

    @property
    def cumulates(self) -> bool:
        """Whether it makes sense to count what was won so far: in training, and of trials."""
        return self.groups[0].phase == "train" or self.retried


class Players:
    """The groups of a run in the order of reports: methods as planned, then models, phases and rounds."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._planned = {each.name: each for each in run.plan.methods}
        self._scripts = {each.name for each in run.plan.models if each.scripted}
        order = {name: number for number, name in enumerate(self._planned)}
        present = {each.method for each in run.results}
        self.methods: tuple[str, ...] = tuple(sorted(present, key=lambda m: (order.get(m, len(order)), m)))
        self.models: tuple[str, ...] = tuple(sorted({each.model for each in run.results}))
        self.groups: tuple[ResultGroup, ...] = tuple(self._grouped(run.results))
        self.lines: dict[tuple[str, str, str, str], RoundSeries] = self._lines()

    def _grouped(self, results: Iterable[Result]) -> list[ResultGroup]:
        found: dict[tuple[str, str, str, str, int], list[Result]] = {}
        for each in results:
            key = each.method, each.model, each.phase, each.split, each.round
            found.setdefault(key, []).append(each)
        rank = {name: number for number, name in enumerate(self.methods)}
        phases = {"train": 0, "test": 1}
        keys = sorted(found, key=lambda key: (phases[key[2]], key[3], rank[key[0]], key[1], key[4]))
        return [ResultGroup(*key, tuple(sorted(found[key], key=lambda r: (r.seed, r.task)))) for key in keys]

    def _lines(self) -> dict[tuple[str, str, str, str], RoundSeries]:
        found: dict[tuple[str, str, str, str], list[ResultGroup]] = {}
        for group in self.groups:
            found.setdefault(group.line, []).append(group)
        return {key: RoundSeries(tuple(groups), self._retried(groups)) for key, groups in found.items()}

    def _retried(self, groups: Sequence[ResultGroup]) -> bool:
        won: set[Pair] = set()
        for group in groups:
            if group.pairs & won:
                return False
            won |= group.won
        planned = self._planned.get(groups[0].method)
        told = planned is not None and planned.reflexion
        return len(groups) > 1 and (told or any(group.won for group in groups[:-1]))

    def known(self, names: Sequence[str]) -> None:
        """Make sure that these are methods of the run.

        Raises:
            ExperimentError: one is not.
        """
        for name in names:
            if name not in self.methods:
                there = ", ".join(f"`{visible(each)}`" for each in self.methods)
                raise ExperimentError(f"no episode was played by `{visible(name)}`: the methods are {there}")

    def privileged(self, method: str) -> bool:
        """Whether a method was told what an agent cannot know."""
        planned = self._planned.get(method)
        return planned is not None and planned.privileged

    def scripted(self, method: str, model: str) -> bool:
        """Whether no model chose: the plan says so of the method, or the name of what stands for a model."""
        planned = self._planned.get(method)
        said = (planned is not None and planned.scripted) or model in self._scripts
        return said or "scripted" in model.lower()

    def named(self, group: ResultGroup, **more: Any) -> TableRow:
        """A row that begins with what a group is of."""
        return {
            "method": group.method,
            "scripted": self.scripted(group.method, group.model),
            "privileged": self.privileged(group.method),
            "model": group.model,
            "phase": group.phase,
            "split": group.split,
            "round": group.round,
            "standing": group is self.lines[group.line].standing,
            "retried": self.lines[group.line].retried,
            **more,
        }

    def played(self) -> list[str]:
        """A sentence on the tasks of each phase and split."""
        counts: dict[tuple[str, str], tuple[set[str], int]] = {}
        for group in self.groups:
            tasks, rounds = counts.get((group.phase, group.split), (set(), 0))
            counts[group.phase, group.split] = (
                tasks | {each.task for each in group.results},
                max(rounds, group.round),
            )
        return [
            f"{phase.capitalize()}: {len(tasks)} task{'' if len(tasks) == 1 else 's'} of "
            f"{visible(split) or '(no name)'}, "
            f"{f'{rounds} rounds' if phase == 'train' else f'after up to {rounds} training rounds'}."
            for (phase, split), (tasks, rounds) in counts.items()
        ]

    def remarks(self) -> list[str]:
        """The warnings that a reader has to know before comparing shares of the episodes."""
        found = []
        for line in self.lines.values():
            if len({frozenset(group.pairs) for group in line.groups}) > 1:
                first = line.groups[0]
                sizes = ", ".join(str(len(group.results)) for group in line.groups)
                found.append(
                    f"{visible(first.method)} did not play the same tasks in all rounds of {first.phase} "
                    f"(episodes: {sizes}): "
                    + (
                        "it tried again what it had not won, so its first round is set beside other methods"
                        if line.retried
                        else "the fresh shares are of different tasks"
                    )
                )
            if _alike(line.standing.results):
                stands = line.standing
                found.append(
                    f"all seeds of {visible(stands.method)} with {visible(stands.model)} played alike in "
                    f"{stands.phase}: they count as one, whatever the intervals say"
                )
        cap = self._run.plan.steps
        over = [each for each in self._run.results if cap is not None and each.won and each.steps > cap]
        if over:
            such = min(over, key=lambda r: (r.method, r.seed, r.task))
            found.append(
                f"episodes that were won in more steps than the cap of {cap}: {len(over)}, such as "
                f"{visible(such.task)} of {visible(such.method)}"
            )
        return found


def _alike(results: Sequence[Result]) -> bool:
    """Whether there are several seeds, and every task went the same with each."""
    went: dict[str, set[tuple[object, ...]]] = {}
    for each in results:
        went.setdefault(each.task, set()).add(
            (each.won, each.steps, each.proposed, each.rejected, each.invalid)
        )
    return len({each.seed for each in results}) > 1 and all(len(ways) == 1 for ways in went.values())
