"""Inspect: the contract with its tool calls under a scripted model, whole evaluations, handed-over calls."""

from __future__ import annotations

import asyncio
import gc
import tempfile
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("inspect_ai", reason="needs the extra: pip install 'mpr-logic[inspect]'")

from inspect_ai import Task
from inspect_ai import eval as evaluate
from inspect_ai.agent import agent, as_tool, handoff, react
from inspect_ai.approval import Approval, ApprovalPolicy, approver
from inspect_ai.dataset import Sample
from inspect_ai.model import (
    ChatMessageAssistant,
    ChatMessageTool,
    ChatMessageUser,
    ModelOutput,
    ModelUsage,
    execute_tools,
    get_model,
)
from inspect_ai.model._call_tools import parse_tool_call
from inspect_ai.solver import generate, use_tools
from inspect_ai.tool import ToolDef, ToolInfo

from mpr_logic.guard.guard import Guard
from mpr_logic.guard.tools import Tools
from mpr_logic.integrations.inspect import guard_approver
from tests.integrations.contract import SCENARIOS, Office, Proposed, Scenario, call, guard_of, name_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


# the framework uses an argument of another package that is to go away, and leaves streams to the collector
pytestmark = [
    pytest.mark.filterwarnings("ignore:The 'initial' parameter is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Unclosed <MemoryObject:ResourceWarning"),
]


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """Collect the garbage of each test, so that the next one does not find it."""
    yield
    gc.collect()


def tools(office: Office) -> list[ToolDef]:
    """The office's tools."""

    async def send(to: list[str], text: str, copy: str | None = None) -> str:
        return office.send(to, text, copy)

    async def pay(to: str, amount: float) -> str:
        return office.pay(to, amount)

    async def read(path: str) -> str:
        return office.read(path)

    described = {"to": "whom", "text": "what", "copy": "who else", "amount": "how much", "path": "which file"}
    return [
        ToolDef(
            function, function.__name__, f"{function.__name__} something", described_by(function, described)
        )
        for function in (send, pay, read)
    ]


def described_by(function: Any, described: dict[str, str]) -> dict[str, str]:
    """The descriptions of a function's arguments."""
    return {name: described[name] for name in function.__annotations__ if name != "return"}


def message(calls: list[Proposed], defs: list[ToolDef]) -> ChatMessageAssistant:
    """Return the message that the framework's providers make of a model's text."""
    infos = [ToolInfo(name=d.name, description=d.description, parameters=d.parameters) for d in defs]
    parsed = [parse_tool_call(each.id, each.tool, each.arguments, infos) for each in calls]
    return ChatMessageAssistant(content="", tool_calls=parsed)


def answer(calls: list[Proposed], defs: list[ToolDef]) -> ModelOutput:
    """The scripted model's answer; it says what it cost, as to count that needs the network."""
    output = ModelOutput.from_content("mockllm/model", "done")
    if calls:
        output.choices[0].message = message(calls, defs)
    output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
    return output


def told(messages: list[Any]) -> dict[str, str]:
    """Return the answers that the model was told, by the id of each call."""
    return {
        str(each.tool_call_id): each.error.message if each.error is not None else each.text
        for each in messages
        if isinstance(each, ChatMessageTool)
    }


class Inspected:
    """The framework's own loop over the calls of a message, under the approver."""

    name = "inspect"
    answers_itself = frozenset({"not_json", "unknown_tool"})
    cannot: dict[str, str] = {}  # noqa: RUF012 - what the protocol says

    def __init__(self) -> None:
        self.said: list[Any] = []

    def run(self, guard: Guard, office: Office, calls: list[Proposed]) -> dict[str, str]:
        defs = tools(office)

        async def main() -> list[Any]:
            self.said += [ChatMessageUser(content="work"), message(calls, defs)]
            policy = ApprovalPolicy(guard_approver(guard, session=""), "*")
            return (await execute_tools(self.said, defs, approval=[policy])).messages

        answers = asyncio.run(main())
        self.said += answers
        return told(answers)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=name_of)
def test_contract(scenario: Scenario, tmp_path: Path) -> None:
    """Tool calls under the approver keep the contract of all adapters."""
    scenario(Inspected(), tmp_path)


def evaluated(
    guard: Guard, office: Office, turns: list[list[Proposed]], *, samples: int = 1, policies: Any = None
) -> list[list[Any]]:
    """Run a whole evaluation in which the scripted model proposes these turns in each sample; returns the
    messages of each."""
    defs = tools(office)

    def answers() -> Any:
        for _ in range(samples):
            for turn in turns:
                yield answer(turn, defs)
            yield answer([], defs)

    task = Task(
        dataset=[Sample(input=f"work {number}") for number in range(samples)],
        solver=[use_tools(defs), generate()],
        approval=policies or [ApprovalPolicy(guard_approver(guard), "*")],
    )
    model = get_model("mockllm/model", custom_outputs=answers())
    with tempfile.TemporaryDirectory() as folder:
        (log,) = evaluate(task, model=model, display="none", log_dir=folder, max_samples=1, score=False)
        assert log.status == "success", log.error
        return [each.messages for each in log.samples or []]


def test_an_evaluation() -> None:
    """Each sample has a history of its own; the results of calls are recorded with the next call."""
    office = Office()
    rules = """
    forbid pay(to: T) :- past pay(to: T).
    forbid read(path: _) :- not succeeded pay(to: "ann@us")."""
    guard = guard_of(office, text=rules)
    pay, read = call("pay", {"to": "ann@us", "amount": 1}), call("read", {"path": "a"}, "call_2")
    again = call("pay", {"to": "ann@us", "amount": 1}, "call_3")
    for messages in evaluated(guard, office, [[pay], [read], [again]], samples=2):
        said = told(messages)
        assert (said["call_1"], said["call_2"]) == ("paid 1", "read a")
        assert "rejected" in said["call_3"]
    assert [tool for tool, _ in office.ran] == ["pay", "read"] * 2


@pytest.mark.parametrize(("decision", "ran"), [("approve", 1), ("reject", 0)])
def test_the_next_approver_is_asked(decision: Any, ran: int) -> None:
    """A call that the rules leave to a person goes on to the policy's next approver, and no other does."""
    asked = []

    @approver(name="person")
    def person() -> Any:
        async def approve(message: str, call: Any, view: Any, history: Any) -> Approval:
            asked.append(call.function)
            return Approval(decision=decision, explanation="a person said so")

        return approve

    office = Office()
    policies = [
        ApprovalPolicy(guard_approver(guard_of(office), escalate=True), "*"),
        ApprovalPolicy(person(), "*"),
    ]
    turn = [
        call("pay", {"to": "ann@us", "amount": 250.5}),
        call("send", {"to": ["eve@them"], "text": "x"}, "call_2"),
    ]
    (messages,) = evaluated(guard_of(office), office, [turn], policies=policies)
    assert asked == ["pay"]
    assert len(office.ran) == ran
    assert "is not one of us" in told(messages)["call_2"]


@pytest.mark.parametrize("forbidden", [None, "forbid transfer_to_clerk()."])
def test_a_call_that_hands_over(forbidden: str | None) -> None:
    """Handing over to another agent is a call as any other, and the other agent's calls are checked too."""
    office = Office()
    defs = tools(office)
    turns = iter(
        [
            [call("transfer_to_clerk", {})],
            [
                call("pay", {"to": "ann@us", "amount": 1}, "inner_1"),
                call("read", {"path": "/etc"}, "inner_2"),
            ],
        ]
    )

    def answers(*_: Any) -> ModelOutput:
        return answer(next(turns, []), defs)

    @agent
    def clerk() -> Any:
        return react(name="clerk", description="does the work", tools=defs, submit=False)

    hand_over = {"name": "transfer_to_clerk", "inputSchema": {"type": "object", "properties": {}}}
    known = Tools([*office.schemas(), hand_over])
    guard = Guard(text='forbid read(path: "/etc").' + (forbidden or ""), tools=known)
    task = Task(
        dataset=[Sample(input="work")],
        solver=[use_tools(handoff(clerk())), generate()],
        approval=[ApprovalPolicy(guard_approver(guard), "*")],
    )
    with tempfile.TemporaryDirectory() as folder:
        model = get_model("mockllm/model", custom_outputs=answers)
        (log,) = evaluate(task, model=model, display="none", log_dir=folder, score=False)
        assert log.status == "success", log.error
        events = (log.samples or [])[0].events
        said = {each.call.id: each.decision for each in events if each.event == "approval"}
    if forbidden:
        assert (office.ran, said) == ([], {"call_1": "reject"})
    else:
        assert office.ran == [("pay", {"to": "ann@us", "amount": 1})]
        assert said == {"call_1": "approve", "inner_1": "approve", "inner_2": "reject"}


def test_the_user_of_an_agent_in_a_tool_is_a_model() -> None:
    """Words that an agent says to another that is its tool are none of the user; its results are results."""
    office = Office()
    defs = tools(office)
    turns = iter([[call("clerk", {"input": "yes"})], [call("read", {"path": "a"}, "inner_1")], [], []])

    def answers(*_: Any) -> ModelOutput:
        return answer(next(turns, []), defs)

    @agent
    def clerk() -> Any:
        return react(name="clerk", description="does the work", tools=defs, submit=False)

    ask = {"name": "clerk", "inputSchema": {"type": "object", "properties": {"input": {"type": "string"}}}}
    rules = "forbid read(_) :- said(_, user, yes), last_said(user, _), returned(_, read, _)."
    guard = Guard(text=rules, tools=Tools([*office.schemas(), ask]), strict=False)
    task = Task(
        dataset=[Sample(input="work")],
        solver=[use_tools(as_tool(clerk())), generate()],
        approval=[ApprovalPolicy(guard_approver(guard, session="s"), "*")],
    )
    with tempfile.TemporaryDirectory() as folder:
        model = get_model("mockllm/model", custom_outputs=answers)
        (log,) = evaluate(task, model=model, display="none", log_dir=folder, score=False)
        assert log.status == "success", log.error
    assert office.ran == [("read", {"path": "a"})]
    assert set(guard.session("s").checker.facts()["said"]) == {(0, "user", "work")}


def test_old_samples_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many samples there are, the guard keeps to its number of sessions."""
    monkeypatch.setattr("mpr_logic.integrations.inspect.MOST", 2)
    office = Office()
    turn = [call("read", {"path": "/data/a"})]
    for messages in evaluated(guard_of(office, sessions=3), office, [turn], samples=5):
        assert told(messages)["call_1"] == "read /data/a"
    assert len(office.ran) == 5
