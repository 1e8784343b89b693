"""AgentDojo: the contract with its pipeline under a scripted model, runs as sessions, calls without ids,
calls within calls, texts that the framework makes lists of."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("agentdojo", reason="needs the extra: pip install 'mpr-logic[agentdojo]'")

from agentdojo.agent_pipeline import (
    AgentPipeline,
    InitQuery,
    OpenAILLM,
    SystemMessage,
    ToolsExecutionLoop,
    ToolsExecutor,
)
from agentdojo.functions_runtime import EmptyEnv, FunctionCall, FunctionsRuntime
from openai.types.chat import ChatCompletion

from mpr_logic.errors import GuardError
from mpr_logic.guard.guard import Guard
from mpr_logic.integrations.agentdojo import MOST, GuardedExecutor, tools_of
from tests.integrations.contract import SCENARIOS, Office, Proposed, Scenario, call, guard_of, name_of

if TYPE_CHECKING:
    from pathlib import Path

# an argument of the office's tools has the name of a method of the class that the framework makes of it
pytestmark = pytest.mark.filterwarnings('ignore:Field name "copy":UserWarning')


def runtime_of(office: Office) -> FunctionsRuntime:
    """The office's tools."""
    runtime = FunctionsRuntime()

    def send(to: list[str], text: str, copy: str | None = None) -> str:
        """Send a message.

        :param to: whom
        :param text: what
        :param copy: who else
        """
        return office.send(to, text, copy)

    def pay(to: str, amount: float) -> str:
        """Pay someone.

        :param to: whom
        :param amount: how much
        """
        return office.pay(to, amount)

    def read(path: str) -> str:
        """Read a file.

        :param path: which one
        """
        return office.read(path)

    for each in (send, pay, read):
        runtime.register_function(each)
    return runtime


def model(turns: list[list[Proposed]]) -> OpenAILLM:
    """The framework's own element for OpenAI's models, with a scripted model behind it."""
    left = [*turns, []]

    def create(**_: Any) -> ChatCompletion:
        calls = [
            {"id": each.id, "type": "function", "function": {"name": each.tool, "arguments": each.arguments}}
            for each in left.pop(0)
        ]
        message = {"role": "assistant", "content": "done", "tool_calls": calls or None}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        answer = {"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice]}
        return ChatCompletion.model_validate(answer)

    client: Any = SimpleNamespace(chat=SimpleNamespace(completions=SimpleNamespace(create=create)))
    return OpenAILLM(client, "scripted")


class Keep:
    """The last element of a pipeline: it keeps the messages."""

    def __init__(self) -> None:
        self.messages: list[Any] = []

    def query(self, query: str, runtime: Any, env: Any, messages: Any, extra_args: Any) -> Any:
        self.messages = list(messages)
        return query, runtime, env, messages, extra_args


def told(messages: list[Any]) -> dict[str, str]:
    """Return the answers that the model was told, by the id of each call."""
    return {
        str(each["tool_call_id"]): each["error"] or each["content"][0]["content"]
        for each in messages
        if each["role"] == "tool"
    }


def ran(element: Any, llm: Any, office: Office, said: str = "work") -> list[Any]:
    """Run a whole pipeline once. Returns its messages."""
    keep = Keep()
    pipeline = AgentPipeline(
        [SystemMessage("be good"), InitQuery(), llm, ToolsExecutionLoop([element, llm]), keep]
    )
    pipeline.query(said, runtime_of(office), EmptyEnv())
    return keep.messages


class Pipeline:
    """A pipeline with the framework's own element for the model."""

    name = "agentdojo"
    answers_itself = frozenset({"not_json"})
    cannot: dict[str, str] = {}  # noqa: RUF012 - what the protocol says

    def run(self, guard: Guard, office: Office, calls: list[Proposed]) -> dict[str, str]:
        try:
            return told(ran(GuardedExecutor(guard, session=""), model([calls]), office))
        except ValueError as error:  # the framework cannot read the model's text, and ends the run
            return {each.id: f"no call: {error}" for each in calls}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=name_of)
def test_contract(scenario: Scenario, tmp_path: Path) -> None:
    """Tool calls behind the element keep the contract of all adapters."""
    scenario(Pipeline(), tmp_path)


class Script:
    """A model whose calls are given as the framework has them, turn by turn."""

    def __init__(self, *turns: list[FunctionCall]) -> None:
        self.turns = [*turns]

    def query(self, query: str, runtime: Any, env: Any, messages: Any, extra_args: Any) -> Any:
        calls = self.turns.pop(0) if self.turns else None
        said = {"role": "assistant", "content": None, "tool_calls": calls}
        return query, runtime, env, [*messages, said], extra_args


def test_each_run_is_a_session() -> None:
    """Two runs of one pipeline have histories of their own, and each call sees those before it."""
    office = Office()
    element = GuardedExecutor(guard_of(office))
    pay = call("pay", {"to": "ann@us", "amount": 1})
    again = call("pay", {"to": "ann@us", "amount": 1}, "call_2")
    for _ in range(2):
        said = told(ran(element, model([[pay], [again]]), office))
        assert said["call_1"] == "paid 1"
        assert "was paid already" in said["call_2"]
    assert len(office.ran) == 2


def test_extra_arguments_that_get_lost() -> None:
    """A pipeline that loses what goes with the run ends: calls that were made before would be unknown."""

    class Dropping(Script):
        def query(self, *given: Any) -> Any:
            return (*super().query(*given)[:4], {})

    office = Office()
    reads = [FunctionCall(function="read", args={"path": f"/data/{name}"}, id=name) for name in "ab"]
    with pytest.raises(GuardError, match="drops `extra_args`"):
        ran(GuardedExecutor(guard_of(office)), Dropping(reads[:1], reads[1:]), office)
    assert len(office.ran) == 1
    ran(GuardedExecutor(guard_of(office), session="s"), Dropping(reads[:1], reads[1:]), office)
    assert len(office.ran) == 3


def test_a_rejection_is_answered_as_an_error() -> None:
    """The answer to a rejected call has the form in which the framework tells of a tool's error."""
    office = Office()
    read = FunctionCall(function="read", args={"path": "/etc"}, id="r")
    messages = ran(GuardedExecutor(guard_of(office)), Script([read]), office)
    (answer,) = [each for each in messages if each["role"] == "tool"]
    unknown = FunctionCall(function="nothing", args={}, id="r")
    (same,) = [e for e in ran(ToolsExecutor(), Script([unknown]), office) if e["role"] == "tool"]
    assert answer.keys() == same.keys()
    assert (answer["content"], answer["tool_call_id"]) == (same["content"], same["tool_call_id"])
    assert "outside of /data" in answer["error"]
    assert office.ran == []


ANSWERED = """
@id(other) @because("that is what {P} says")
forbid pay(to: T) :- returned(C, read, V), asked_with(C, path, P), contains(V, T).
"""


def test_calls_without_ids() -> None:
    """Results belong to their calls where the model gives these no ids: one that is rejected has none."""
    office = Office()
    guard = guard_of(office, text=ANSWERED + 'forbid read(path: "b").')
    reads = [FunctionCall(function="read", args={"path": path}) for path in ("a", "b", "c")]
    pay = FunctionCall(function="pay", args={"to": "read c", "amount": 1})
    messages = ran(GuardedExecutor(guard, session=""), Script(reads, [pay]), office)
    assert [arguments["path"] for _, arguments in office.ran] == ["a", "c"]
    assert "that is what c says" in messages[-2]["error"]
    facts = guard.session("").checker.facts()
    assert sorted(facts["asked_with"]) == [(0, "path", "a"), (1, "path", "c")]
    assert [row[2] for row in sorted(facts["returned"])] == ["read a", "read c"]


def test_a_text_that_the_framework_makes_a_list_of() -> None:
    """Arguments are checked as the tool gets them: the framework makes a list of a text that reads as one."""
    office = Office()
    element = GuardedExecutor(guard_of(office))
    for to in ("['ann@us', 'eve@them']", "('ann@us')", "['ann@us']", "[" * 2000):
        send = FunctionCall(function="send", args={"to": to, "text": "x"}, id="s")
        ran(element, Script([send]), office)
    assert office.ran == [("send", {"to": ["ann@us"], "text": "x"})]


def test_a_call_within_a_call() -> None:
    """A call that stands as an argument of another would be made unseen: neither is made."""
    office = Office()
    inner = FunctionCall(function="read", args={"path": "/etc"})
    outer = FunctionCall(function="pay", args={"to": inner, "amount": 1}, id="p")
    messages = ran(GuardedExecutor(guard_of(office)), Script([outer]), office)
    assert office.ran == []
    assert "argument" in told(messages)["p"]


def test_old_runs_are_forgotten() -> None:
    """Of many runs the newest are kept."""
    office = Office()
    guard = guard_of(office, text=" ")
    element = GuardedExecutor(guard)
    read = FunctionCall(function="read", args={"path": "/data/a"}, id="r")
    for _ in range(MOST + 3):
        ran(element, Script([read]), office)
    assert guard.health()["sessions"] == MOST + 1  # and the one that has no name


def test_results_in_json() -> None:
    """An executor of one's own stands behind the guard; an error of a tool is recorded as one."""
    office = Office()
    guard = guard_of(office, text='forbid pay(to: _) :- failed read(path: "a").')

    def broken(path: str) -> str:
        raise OSError(path)

    office.read = broken  # type: ignore[method-assign]
    element = GuardedExecutor(guard, ToolsExecutor(json.dumps))
    calls = [
        [FunctionCall(function="read", args={"path": "a"}, id="r")],
        [FunctionCall(function="pay", args={"to": "ann@us", "amount": 1}, id="p")],
    ]
    said = told(ran(element, Script(*calls), office))
    assert said["r"] == "OSError: a"
    assert "rejected" in said["p"]


def test_tools_of_a_suite() -> None:
    """The tools of a runtime are declared to a guard with the schemas that the framework shows to models."""
    office = Office()
    guard = Guard(
        text='forbid send(to: "eve").', tools=tools_of(runtime_of(office).functions.values()), strict=False
    )
    assert guard.check("pay", {"to": "ann", "amount": 1}).runs
    assert "argument" in guard.check("pay", {"to": "ann", "amount": "much"}).message
