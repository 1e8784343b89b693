"""An experiment as a file: methods, players, seeds, splits; read with every fault named."""

from __future__ import annotations

import random
import tomllib
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from mpr_logic.agent.loop import ATTEMPTS
from mpr_logic.agent.model_policy import Choice, Disclosure, Style
from mpr_logic.checker.checker import THETA
from mpr_logic.errors import ExperimentError
from mpr_logic.experiments.methods import METHODS, Guidance, Method, Rules
from mpr_logic.experiments.players import Scripted
from mpr_logic.experiments.results import MISSING

if TYPE_CHECKING:
    from mpr_logic.agent.environment import Worlds
    from mpr_logic.experiments.players import Player

try:
    from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
except ImportError:
    raise ExperimentError(MISSING) from None


MOST = 10_000
"""The most tasks of a split that are drawn from: a split may be without end."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Tasks(_Strict):
    """A selection of tasks: ``tasks`` of a split, drawn in the order that the number ``draw`` gives, from the
    place ``skip`` of that order on; without ``draw`` in the split's own order. Without a split, generated
    ones, by the seeds from ``skip`` on."""

    tasks: Annotated[int, Field(ge=1)]
    split: str | None = None
    draw: int | None = None
    skip: Annotated[int, Field(ge=0)] = 0

    def places(self, world: Worlds) -> list[int]:
        """The places of the tasks in their split.

        Raises:
            ExperimentError: the split has fewer.
        """
        end = self.skip + self.tasks
        if self.split is None:
            return list(range(self.skip, end))
        most = end if self.draw is None else MOST
        order = list(range(sum(1 for _ in islice(world.episodes(self.split, None, 0), most))))
        if end > len(order):
            raise ExperimentError(f"the split `{self.split}` has {len(order)} tasks, and {end} are asked for")
        if self.draw is not None:
            random.Random(self.draw).shuffle(order)
        return order[self.skip : end]


class ScriptedSpec(_Strict):
    """A scripted player."""

    script: Literal["absent-minded", "forgetful", "walkthrough"]
    share: Annotated[float, Field(ge=0, le=1)] = 0.5
    heeds: Annotated[float, Field(ge=0, le=1)] = 0.6

    def player(self) -> Player:
        """The player."""
        return Scripted(self.script, self.share, self.heeds)


class ModelSpec(_Strict):
    """A language model: behind a server, or in a GGUF file. Keys come from the environment alone."""

    model: str
    base_url: str | None = None
    local: Path | None = None
    choose: Choice = "writing"
    threads: Annotated[int, Field(ge=1)] | None = None
    cache: Path | None = None

    def player(self) -> Player:
        """The player."""
        from mpr_logic.experiments.players import Modelled

        return Modelled(**dict(self))


Spec: TypeAlias = ScriptedSpec | ModelSpec


class Train(Tasks):
    """Training: ``rounds`` over the tasks; ``conditions`` that a rule may join; who reflects."""

    rounds: Annotated[int, Field(ge=1)] = 5
    conditions: Annotated[int, Field(ge=1, le=4)] = 1
    induced: bool = True
    reflector: ModelSpec | None = None
    samples: Annotated[int, Field(ge=1)] = 4

    @model_validator(mode="after")
    def _somebody_reflects(self) -> Train:
        if not self.induced and self.reflector is None:
            raise ValueError("nobody reflects: name a `reflector`, or leave `induced` as it is")
        return self


class MethodSpec(_Strict):
    """A method that is made from one that is there: ``from`` its name, and what is different."""

    name: str
    base: Annotated[str, Field(alias="from")]
    rules: Rules | None = None
    guidance: Guidance | None = None
    check: bool | None = None
    style: Style | None = None
    reflexion: bool | None = None
    weights: bool | None = None
    refine: bool | None = None
    disclose: Disclosure | None = None
    admitted: bool | None = None

    def method(self) -> Method:
        """The method."""
        different = {k: v for k, v in dict(self).items() if v is not None and k not in ("name", "base")}
        return replace(_known(self.base), name=self.name, **different)


def _known(name: str) -> Method:
    if name not in METHODS:
        raise ValueError(f"there is no method `{name}`: choose from {', '.join(METHODS)}")
    return METHODS[name]


class _File(_Strict):
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]*$")]
    environment: str
    methods: Annotated[list[str | MethodSpec], Field(min_length=1)]
    players: Annotated[list[Spec], Field(min_length=1)]
    seeds: Annotated[list[int], Field(min_length=1)]
    test: Tasks
    train: Train | None = None
    steps: Annotated[int, Field(ge=1)] | None = None
    theta: Annotated[float, Field(gt=0, le=1)] = THETA
    attempts: Annotated[int, Field(ge=1)] = ATTEMPTS
    trials: Annotated[int, Field(ge=1)] = 1

    @model_validator(mode="after")
    def _whole(self) -> _File:
        methods = [each.method() if isinstance(each, MethodSpec) else _known(each) for each in self.methods]
        for what, names in (("methods", [m.name for m in methods]), ("seeds", self.seeds)):
            if len(set(names)) < len(names):
                raise ValueError(f"`{what}` names something twice")
        if any(method.learns for method in methods) and self.train is None:
            raise ValueError("a method learns its rules, and there is no [train]")
        return self


@dataclass(frozen=True, slots=True)
class Experiment:
    """A comparison of methods: with which players and seeds they play, on which tasks, and under which
    bounds."""

    name: str
    environment: str
    methods: tuple[Method, ...]
    players: tuple[Player, ...]
    seeds: tuple[int, ...]
    test: Tasks
    train: Train | None
    steps: int | None
    theta: float
    attempts: int
    trials: int

    def manifest(self, steps: int) -> dict[str, Any]:
        """The description of the experiment for its report, as a value for JSON."""
        return {
            "name": self.name,
            "environment": self.environment,
            "methods": [asdict(method) | {"privileged": method.privileged} for method in self.methods],
            "models": [{"name": p.name, "scripted": isinstance(p, Scripted)} for p in self.players],
            "seeds": list(self.seeds),
            "theta": self.theta,
            "rounds": self.train.rounds if self.train else 0,
            "steps": steps,
            "attempts": self.attempts,
            "trials": self.trials,
            "train": self.train.model_dump(mode="json") if self.train else None,
            "test": self.test.model_dump(mode="json"),
        }


def read_experiment(path: Path) -> Experiment:
    """Read an experiment's file (TOML; docs/reference/experiment.md).

    Raises:
        ExperimentError: it cannot be read, or does not say what an experiment is; every fault is named.
    """
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ExperimentError(f"{path}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ExperimentError(f"{path}: this is no TOML: {error}") from None
    try:
        made = _File.model_validate(found)
    except ValidationError as error:
        raise ExperimentError("\n".join(f"{path}: {_fault(each)}" for each in error.errors())) from None
    values = {name: getattr(made, name) for name in ("name", "environment", "test", "train", "steps")}
    methods = tuple(m.method() if isinstance(m, MethodSpec) else METHODS[m] for m in made.methods)
    return Experiment(
        **values,
        methods=methods,
        players=tuple(each.player() for each in made.players),
        seeds=tuple(made.seeds),
        theta=made.theta,
        attempts=made.attempts,
        trials=made.trials,
    )


def _fault(error: Any) -> str:
    place = ".".join(
        str(part) for part in error["loc"] if part not in ("ScriptedSpec", "ModelSpec", "MethodSpec")
    )
    said = error["msg"].removeprefix("Value error, ")
    return f"`{place}`: {said}" if place else said
