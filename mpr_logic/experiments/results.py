"""What came of one episode of an experiment: the record that all reports are made from, written and read."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from mpr_logic.errors import ExperimentError

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")

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
    """What is known of a method beside its name. ``privileged``: it was told what an agent cannot know;
    ``reflexion``: it tries a task again until it has won it."""

    name: str
    privileged: bool = False
    scripted: bool = False
    reflexion: bool = False


@dataclass(frozen=True, slots=True)
class ModelNote:
    """What is known of a model beside its name. ``scripted``: it is none, a script chooses."""

    name: str
    scripted: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What was to be run; None, or empty, is not known. ``steps`` is the cap of an episode."""

    name: str = ""
    methods: tuple[MethodNote, ...] = ()
    models: tuple[ModelNote, ...] = ()
    theta: float | None = None
    rounds: int | None = None
    steps: int | None = None
    commands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """What the folder of an experiment holds. ``remarks`` say what was left out, and what is missing."""

    name: str
    results: tuple[Result, ...]
    plan: Plan
    remarks: tuple[str, ...]


def read_results(path: str | Path) -> list[Result]:
    """The episodes in a file of results, in the order of its lines. A last line that was cut off is left out;
    of lines about the same episode the first counts. Keys that are not known are left out.

    Raises:
        ExperimentError: the file cannot be read, or a line is none of a result; it is named.
    """
    return _read_results(Path(path))[0]


def read_run(folder: str | Path) -> Run:
    """What the folder of an experiment holds; ``experiment.json`` may be missing.

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
    plan = plan or Plan()
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
    """What makes an episode one of its own."""
    r = result
    return r.method, r.model, r.seed, r.phase, r.round, r.split, r.task


def _wrong(result: Result) -> str:
    """What cannot be of a result whose types are right; empty where all can."""
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


def _read_plan(path: Path) -> Plan | None:
    try:
        data = path.read_bytes() if path.is_file() else None
    except OSError as error:
        raise ExperimentError(f"{path} cannot be read: {error.strerror}") from None
    return None if data is None else _Reader(Plan).read(data, str(path))


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
"""What is said where the extra is not installed."""
