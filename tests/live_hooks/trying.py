"""Try a scenario with an agent, and say what came of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.live_hooks.running import Bench
from tests.live_hooks.scripted import ToolCall, Turn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.live_hooks.agents import CodingAgent
    from tests.live_hooks.scenarios import Calls, Scenario


@dataclass(frozen=True)
class Seen:
    """The result of a scenario: the files that were made, the events that the hook got, what the agent wrote;
    whether the call is one that is known to run unguarded; what is otherwise than it must be."""

    agent: CodingAgent
    scenario: Scenario
    made: dict[str, str]
    events: list[dict[str, Any]]
    said: str
    known: bool
    wrong: list[str]

    def as_json(self) -> dict[str, Any]:
        """The same as plain data."""
        return {
            "agent": self.agent.name,
            "version": self.agent.version,
            "scenario": self.scenario.name,
            "made": sorted(self.made),
            "events": len(self.events),
            "unguarded": self.known,
            "wrong": self.wrong,
        }


def attempt(agent: CodingAgent, program: Path, scenario: Scenario, top: Path) -> Seen:
    """Try a scenario in a folder of its own."""
    bench = Bench(top, agent, program)
    rules = scenario.rules.replace("TOOL", agent.seen)
    bench.set_up(rules, edited(agent, scenario))
    said: list[Turn] = []  # in the conversation that goes on
    for number, run in enumerate(scenario.runs):
        turns = [_turn(agent, calls) for calls in run]
        if scenario.delegated and agent.subagent is not None:  # a subagent that cannot delegate goes on
            turns = [(agent.subagent,), *turns]
        resume = agent.resume if scenario.resumed and number else ()
        said = [*said, *turns] if resume else turns
        bench.run(said, trusted=scenario.trusted, resume=resume, extra=scenario.extra)
    known = scenario.name in agent.unguarded
    return Seen(
        agent, scenario, bench.made(), bench.events(), bench.said, known, list(_wrong(bench, scenario))
    )


def _turn(agent: CodingAgent, calls: Calls) -> Turn:
    made = []
    for call in calls:
        if isinstance(call, str):
            call = ToolCall(agent.tool, {agent.argument: call} | agent.besides)
        made.append(call)
    return tuple(made)


def edited(agent: CodingAgent, scenario: Scenario) -> str:
    """The file with an agent's hook as the page shows it, but for what the scenario has otherwise."""
    config = json.loads(agent.hook())
    for each in _objects(config):
        if scenario.every:
            each.pop("matcher", None)
        if each.get("type") == "command":
            field = "bash" if "bash" in each else "command"
            each[field] = scenario.hook(each[field])
            if scenario.limit is not None:
                name, second = agent.limit
                each[name] = scenario.limit * second
    return json.dumps(config, indent=2)


def _objects(config: Any) -> Iterator[dict[str, Any]]:
    """The objects in a configuration, however deep."""
    if isinstance(config, dict):
        yield config
        config = list(config.values())
    if isinstance(config, list):
        for each in config:
            yield from _objects(each)


def _wrong(bench: Bench, scenario: Scenario) -> Iterator[str]:
    agent, made = bench.agent, bench.made()
    expected = {"good.txt"} if scenario.name in agent.unguarded else scenario.made
    if set(made) != expected:
        yield f"made: {', '.join(made) or 'nothing'}; expected: {', '.join(sorted(expected)) or 'nothing'}"
    if made.get("once.txt", "x\n") != "x\n":
        yield "what may happen once happened twice"
    if scenario.answered and not bench.told:
        yield "the model was not told what became of its calls"
    yield from (f"the model was not told `{words}`" for words in scenario.told if not bench.heard(words))
    sessions = [str(event.get(agent.session) or "") for event in bench.events()]
    conversations = 1 if scenario.resumed else len(scenario.runs)
    if sessions and ("" in sessions or len(set(sessions)) != conversations):
        yield f"the events are of {len(set(sessions))} sessions; conversations: {conversations}"
    if len(sessions) < scenario.events:
        yield f"{len(sessions)} events came; expected: {scenario.events} or more"
