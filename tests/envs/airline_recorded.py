"""Recorded runs of tau-bench and tau2-bench in the airline: what the rules say of them.

``python -m tests.envs.airline_recorded FILE EDITION`` prints the figures of docs/reference/airline-rules.md.
"""

from __future__ import annotations

import gzip
import itertools
import json
import lzma
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mpr_logic.guard.conversation import Message, ToolCall
from mpr_logic.guard.recordings.files import recordings_in
from mpr_logic.guard.recordings.recording import Recording
from mpr_logic.guard.replay import Replayer, ReplaySetup
from tests.envs.airline import RULES
from tests.envs.policy_rules import print_times

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ACTING = frozenset(
    {
        "book_reservation",
        "cancel_reservation",
        "send_certificate",
        "update_reservation_baggages",
        "update_reservation_flights",
        "update_reservation_passengers",
    }
)
"""The tools that change something."""


@dataclass(frozen=True)
class Run:
    """A recording, the reward that it got, and the calls that its task truly asks for.

    Args:
        task: which task it is.
        recording: what was said and called.
        truth: the acting calls of the task.
    """

    task: str
    recording: Recording
    truth: tuple[tuple[str, dict[str, Any]], ...]

    @property
    def rewarded(self) -> bool:
        """Whether the task was done."""
        labels = self.recording.labels
        return labels.get("base_success", labels.get("reward")) == 1

    def true(self, call: ToolCall) -> bool:
        """Whether a call is one of those that the task asks for."""
        return (call.tool, dict(call.arguments)) in self.truth

    def failed(self) -> set[str]:
        """The ids of calls that the tools refused: nothing was written."""
        return {each.answers for each in self.recording.messages if each.role == "tool" and _refused(each)}


def _refused(message: Message) -> bool:
    return message.error or str(message.content).startswith("Error")


def runs(path: Path, acting: frozenset[str] = ACTING) -> list[Run]:
    """Read the runs of a file of tau-bench or tau2-bench; ``acting`` are the tools that change something."""
    found = [each.recording for each in recordings_in([path])]
    return [
        Run(task, recording, tuple(each for each in truth if each[0] in acting))
        for recording, (task, truth) in zip(found, _truths(path), strict=True)
        if isinstance(recording, Recording)
    ]


def _truths(path: Path) -> Iterator[tuple[str, list[tuple[str, dict[str, Any]]]]]:
    with (lzma if path.suffix == ".xz" else gzip).open(path) as file:
        value = json.load(file)
    if isinstance(value, list):
        for each in value:
            actions = each["info"]["task"]["actions"]
            yield str(each["task_id"]), [(act["name"], act["kwargs"]) for act in actions]
        return
    tasks = {task["id"]: task["evaluation_criteria"]["actions"] for task in value["tasks"]}
    for each in value["simulations"]:
        yield each["task_id"], [(act["name"], act["arguments"]) for act in tasks[each["task_id"]]]


class Airline:
    """The results of tools, from look-ups that any of the runs made before it wrote anything."""

    def __init__(self, found: list[Run]) -> None:
        self.results: dict[tuple[str, str], Any] = {}
        self.places: dict[str, tuple[str, str]] = {}
        for run in found:
            self._learn(run.recording.messages)

    def _learn(self, messages: tuple[Message, ...]) -> None:
        calls: dict[str, ToolCall] = {}  # an id may occur twice in a run
        written = False
        for each in messages:
            calls |= {call.id: call for call in each.calls}
            written = written or any(call.tool in ACTING for call in each.calls)
            call = calls.get(each.answers) if each.role == "tool" else None
            if call is None or _refused(each) or call.tool in ACTING:
                continue
            if not written or call.tool.startswith("search_"):
                key = (call.tool, json.dumps(dict(call.arguments), sort_keys=True))
                self.results.setdefault(key, each.content)
                self._see(each.content)

    def _see(self, value: Any) -> None:
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, list):
                self._see(each)
            elif isinstance(each, dict):
                if "flight_number" in each and "origin" in each:
                    self.places[each["flight_number"]] = (each["origin"], each["destination"])
                self._see(each.get("flights", []))

    def truth(self, run: Run) -> Recording:
        """The course that a run should have taken: the user's words, all look-ups, a yes, the true calls."""
        ids = (f"true_{number}" for number in itertools.count())
        said = [each for each in run.recording.messages if each.role == "user" or each.role == "system"]
        looked = [
            part
            for (tool, arguments), content in self.results.items()
            for part in _made(ToolCall(next(ids), tool, json.loads(arguments)), content)
        ]
        done: list[Message] = []
        state: dict[str, dict[str, Any]] = {}
        for tool, arguments in run.truth:
            done += _made(ToolCall(next(ids), tool, arguments), self._result(tool, arguments, state))
        asked = (Message("assistant", "These are the details. Shall I?"), Message("user", "Yes."))
        return replace(run.recording, messages=(*said, *looked, *asked, *done))

    def _result(self, tool: str, arguments: Mapping[str, Any], state: dict[str, dict[str, Any]]) -> Any:
        """The result of a tool: the reservation as it is then, by the form that the tools give it."""
        if tool == "send_certificate":
            return "Certificate sent."
        name = arguments.get("reservation_id", "BOOKED")
        key = ("get_reservation_details", json.dumps({"reservation_id": name}))
        now = state.get(name) or self.results.get(key) or {"reservation_id": name}
        given = {each: value for each, value in arguments.items() if each not in {"cabin", "payment_id"}}
        if "flights" in given:
            given["flights"] = [self._placed(each) for each in given["flights"]]
        state[name] = {**now, **given}
        return state[name]

    def _placed(self, leg: Mapping[str, Any]) -> dict[str, Any]:
        origin, destination = self.places.get(leg["flight_number"], ("", ""))
        return {**leg, "origin": origin, "destination": destination}


def _made(call: ToolCall, content: Any) -> tuple[Message, Message]:
    return Message("assistant", calls=(call,)), Message(
        "tool", answers=call.id, tool=call.tool, content=content
    )


def replayer(edition: int) -> Replayer:
    """The rules, to replay runs with."""
    return Replayer(ReplaySetup(rules=(str(RULES),), params={"edition": edition}))


@dataclass(frozen=True)
class Figures:
    """Figures of a file: the rules' decisions about its runs.

    Args:
        true: the true calls of all tasks, each once; ``stopped`` of them with the laws.
        wrong: failed runs in which something was written that the task does not ask for.
        caught: those of them in which the rules stop such a call.
        rewarded: runs with a reward; ``touched`` of them, with what is stopped.
        seconds: how long each acting call took to decide.
    """

    true: int
    stopped: dict[tuple[str, str], tuple[str, ...]]
    wrong: int
    caught: list[str]
    rewarded: int
    touched: list[tuple[str, str, tuple[str, ...]]]
    seconds: list[float]


def measure(path: Path, edition: int) -> Figures:
    """Replay the runs of a file, and the true calls of their tasks."""
    found = runs(path)
    airline, rules = Airline(found), replayer(edition)
    true: set[str] = set()
    tasks: set[str] = set()
    stopped: dict[tuple[str, str], tuple[str, ...]] = {}
    figures = Figures(0, stopped, 0, [], 0, [], [])
    wrong = rewarded = 0
    for run in found:
        failed = run.failed()
        decided = [each for each in rules.decide(run.recording) if each.call.tool in ACTING]
        figures.seconds.extend(each.seconds for each in decided)
        if run.rewarded:
            rewarded += 1
            figures.touched.extend((run.task, each.call.tool, each.rules) for each in decided if each.stops)
        else:
            written = [each for each in decided if each.call.id not in failed and not run.true(each.call)]
            wrong += bool(written)
            if any(each.stops for each in written):
                figures.caught.append(run.recording.name)
        if run.task in tasks:
            continue
        tasks.add(run.task)
        for each in rules.decide(airline.truth(run)):
            if each.call.tool in ACTING:
                true.add(json.dumps([run.task, each.call.tool, dict(each.call.arguments)], sort_keys=True))
                if each.stops:
                    stopped[run.task, each.call.tool] = each.rules
    return replace(figures, true=len(true), wrong=wrong, rewarded=rewarded)


def main(path: str, edition: str) -> None:
    """Print the figures of a file."""
    figures = measure(Path(path), int(edition))
    print(f"true calls {figures.true}, of them stopped {len(figures.stopped)}")
    for (task, tool), laws in figures.stopped.items():
        print(f"  task {task} {tool}: {', '.join(laws)}")
    print(f"failed runs with wrong writes {figures.wrong}, caught {len(figures.caught)}")
    print(f"rewarded runs {figures.rewarded}, touched {len({task for task, _, _ in figures.touched})} tasks")
    for task, tool, laws in figures.touched:
        print(f"  task {task} {tool}: {', '.join(laws)}")
    print_times(figures.seconds)


if __name__ == "__main__":
    main(*sys.argv[1:])
