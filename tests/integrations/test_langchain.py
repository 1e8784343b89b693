"""LangChain and LangGraph: the contract with their agents and tool nodes under a scripted model, interrupts,
agents inside of tools, handed-over calls."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("langchain", reason="needs the extra: pip install 'mpr-logic[langchain]'")

from langchain.agents import create_agent
from langchain.agents.middleware import AgentMiddleware
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.output_parsers.openai_tools import make_invalid_tool_call, parse_tool_call
from langchain_core.tools import StructuredTool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from langgraph.types import Command

from mpr_logic.guard.guard import Guard
from mpr_logic.integrations.langchain import GuardMiddleware
from mpr_logic.integrations.plain import guarded
from tests.integrations.contract import SCENARIOS, Driver, Office, Proposed, Scenario, call, guard_of, name_of

if TYPE_CHECKING:
    from pathlib import Path


# an argument of the office's tools has the name of a method of the class that the framework makes of it
pytestmark = pytest.mark.filterwarnings('ignore:Field name "copy":UserWarning')


WORK: Any = {"messages": [("user", "work")]}


class Scripted(GenericFakeChatModel):
    """The framework's own fake model, which may be given tools."""

    def bind_tools(self, tools: Any, **_: Any) -> Any:
        return self


def message(calls: list[Proposed]) -> AIMessage:
    """Return the message that the framework makes of an OpenAI-compatible answer."""
    good, bad = [], []
    for each in calls:
        raw = {"id": each.id, "function": {"name": each.tool, "arguments": each.arguments}}
        try:
            read: Any = parse_tool_call(raw, return_id=True)
            AIMessage("", tool_calls=[read])  # it takes objects alone
            good.append(read)
        except ValueError as error:
            bad.append(make_invalid_tool_call(raw, str(error)))
    return AIMessage("", tool_calls=good, invalid_tool_calls=bad)


def scripted(calls: list[Proposed]) -> Scripted:
    """A model that proposes these calls in one turn, and then ends."""
    return Scripted(messages=iter([message(calls), AIMessage("done")]))


def tools(office: Office) -> list[StructuredTool]:
    """The office's tools."""
    return [StructuredTool.from_function(each) for each in office.functions().values()]


def told(messages: list[Any]) -> dict[str, str]:
    """Return the answers that the model was told, by the id of each call."""
    found = {each.tool_call_id: str(each.content) for each in messages if isinstance(each, ToolMessage)}
    for each in messages:
        for bad in getattr(each, "invalid_tool_calls", ()):
            found[bad["id"]] = f"no call: {bad['error']}"  # which no model is told
    return found


class Agent:
    """An agent of LangChain."""

    name = "langchain"
    answers_itself = frozenset({"not_json"})
    cannot: dict[str, str] = {}  # noqa: RUF012 - what the protocol says

    def run(self, guard: Guard, office: Office, calls: list[Proposed]) -> dict[str, str]:
        agent = create_agent(scripted(calls), tools(office), middleware=[GuardMiddleware(guard)])
        return told(self.ran(agent, WORK))

    def ran(self, agent: Any, given: Any) -> list[Any]:
        messages: list[Any] = agent.invoke(given)["messages"]
        return messages


class AsyncAgent(Agent):
    """The same in an event loop."""

    name = "langchain, async"

    def ran(self, agent: Any, given: Any) -> list[Any]:
        messages: list[Any] = asyncio.run(agent.ainvoke(given))["messages"]
        return messages


class Node(Agent):
    """A tool node in a graph of one's own."""

    name = "langgraph"

    def run(self, guard: Guard, office: Office, calls: list[Proposed]) -> dict[str, str]:
        middleware = GuardMiddleware(guard)
        graph = StateGraph(MessagesState)
        node = ToolNode(
            tools(office),
            wrap_tool_call=middleware.wrap_tool_call,
            awrap_tool_call=middleware.awrap_tool_call,
        )
        graph.add_node("tools", node)
        graph.add_edge(START, "tools")
        graph.add_edge("tools", END)
        return told(self.ran(graph.compile(), {"messages": [("user", "work"), message(calls)]}))


DRIVERS: list[Driver] = [Agent(), AsyncAgent(), Node()]


@pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: driver.name)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=name_of)
def test_contract(scenario: Scenario, driver: Driver, tmp_path: Path) -> None:
    """Agents and graphs under the middleware keep the contract of all adapters."""
    scenario(driver, tmp_path)


PAY = call("pay", {"to": "ann@us", "amount": 250.5})


@pytest.mark.parametrize(("answer", "runs"), [(True, True), (False, False), ("yes", False), (1, False)])
def test_a_person_answers_an_interrupt(answer: Any, runs: bool) -> None:
    """A call that the rules leave to a person stops the graph, which goes on with the answer; only True is a
    yes."""
    office = Office()
    middleware = GuardMiddleware(guard_of(office), interrupts=True)
    calls = [PAY, call("read", {"path": "/data/a"}, "call_2")]
    agent = create_agent(
        scripted(calls), tools(office), middleware=[middleware], checkpointer=InMemorySaver()
    )
    config: Any = {"configurable": {"thread_id": "t"}}
    stopped = agent.invoke(WORK, config)
    (asked,) = stopped["__interrupt__"]
    assert (asked.value["tool"], "is much" in asked.value["message"]) == ("pay", True)
    assert office.ran == [("read", {"path": "/data/a"})]
    said = told(agent.invoke(Command(resume=answer), config)["messages"])
    assert (("pay", {"to": "ann@us", "amount": 250.5}) in office.ran) is runs
    assert ("did not approve" in said["call_1"]) is not runs
    assert len(office.ran) == 1 + runs


def test_a_thread_is_a_session() -> None:
    """The calls of one thread do not stand against those of another."""
    office = Office()
    guard = guard_of(office)
    pay = call("pay", {"to": "ann@us", "amount": 1})
    for thread in ("a", "b", "a"):
        agent = create_agent(scripted([pay]), tools(office), middleware=[GuardMiddleware(guard)])
        agent.invoke(WORK, {"configurable": {"thread_id": thread}})
    assert len(office.ran) == 2


def test_an_agent_inside_of_a_tool() -> None:
    """A tool may be an agent: its calls are checked where it has the middleware too, in the same thread."""
    office = Office()
    guard = guard_of(office, text="forbid pay(to: T) :- past pay(to: T).")
    pay = call("pay", {"to": "ann@us", "amount": 1})

    def read(path: str) -> str:
        """Let another agent work."""
        inner = create_agent(
            scripted([pay]),
            tools(office),
            middleware=[GuardMiddleware(guard)] if path == "guarded" else [],
        )
        return str(told(inner.invoke(WORK)["messages"]))

    def outer(path: str) -> str:
        calls = [call("read", {"path": path})]
        agent = create_agent(
            scripted(calls), [StructuredTool.from_function(read)], middleware=[GuardMiddleware(guard)]
        )
        config: Any = {"configurable": {"thread_id": "t"}}
        return told(agent.invoke(WORK, config)["messages"])["call_1"]

    assert "paid 1" in outer("guarded")
    assert "rejected" in outer("guarded")
    assert "paid 1" in outer("on its own")  # the middleware of one agent is not that of another
    assert [line[0] for line in office.ran] == ["pay", "pay"]


def test_a_call_that_hands_over() -> None:
    """A tool that hands over to another node is checked as any other, and its command is passed on."""
    office = Office()

    def read(path: str) -> Any:
        """Hand over."""
        office.ran.append(("read", {"path": path}))
        done = ToolMessage("handed over", tool_call_id="call_1")
        return Command(goto="other", update={"messages": [done]})

    def other(_: MessagesState) -> dict[str, Any]:
        office.ran.append(("other", {}))
        return {}

    def run(path: str) -> None:
        middleware = GuardMiddleware(guard_of(office))
        graph: Any = StateGraph(MessagesState)
        graph.add_node(
            "tools",
            ToolNode([StructuredTool.from_function(read)], wrap_tool_call=middleware.wrap_tool_call),
            destinations=("other", END),
        )
        graph.add_node("other", other)
        graph.add_edge(START, "tools")
        graph.compile().invoke({"messages": [message([call("read", {"path": path})])]})

    run("/etc/x")
    assert office.ran == []
    run("/data/x")
    assert office.ran == [("read", {"path": "/data/x"}), ("other", {})]


def test_how_calls_went_is_recorded() -> None:
    """A tool that raises has failed, one that returns has not; the exception goes on."""
    rules = """forbid read(path: _) :- failed pay(to: "nobody")."""

    class Failing(Office):
        def pay(self, to: str, amount: float) -> str:
            raise RuntimeError("no money")

    office = Failing()
    guard = guard_of(office, text=rules)

    def run(calls: list[Proposed]) -> dict[str, str]:
        agent = create_agent(scripted(calls), tools(office), middleware=[GuardMiddleware(guard)])
        return told(agent.invoke(WORK)["messages"])

    read = [call("read", {"path": "a"})]
    assert "read a" in run(read)["call_1"]
    with pytest.raises(RuntimeError, match="no money"):
        run([call("pay", {"to": "nobody", "amount": 1})])
    assert "rejected" in run(read)["call_1"]


def test_last_in_the_list_sees_what_others_changed() -> None:
    """Middleware before the guard may rewrite a call: what is checked is what it became."""

    class Moving(AgentMiddleware):
        def wrap_tool_call(self, request: Any, handler: Any) -> Any:
            moved = {**request.tool_call, "args": {"path": "/etc/shadow"}}
            return handler(request.override(tool_call=moved))

    office = Office()
    agent = create_agent(
        scripted([call("read", {"path": "/data/a"})]),
        tools(office),
        middleware=[Moving(), GuardMiddleware(guard_of(office))],
    )
    said = told(agent.invoke(WORK)["messages"])
    assert (office.ran, "is outside of /data" in said["call_1"]) == ([], True)


def test_arguments_that_no_json_holds() -> None:
    """A value that is no JSON, which a program puts into a call, is rejected, not passed on."""
    office = Office()
    bad = AIMessage("", tool_calls=[{"name": "read", "args": {"path": json}, "id": "call_1"}])
    node = ToolNode(tools(office), wrap_tool_call=GuardMiddleware(guard_of(office)).wrap_tool_call)
    graph = StateGraph(MessagesState)
    graph.add_node("tools", node)
    graph.add_edge(START, "tools")
    assert "argument" in told(graph.compile().invoke({"messages": [bad]})["messages"])["call_1"]
    assert office.ran == []


def test_a_guarded_function_inside_of_a_tool() -> None:
    """The model reads why what a tool calls was not admitted, and rules that the tool's call failed."""
    inner = Guard(text='.action look(path: symbol)\n@because("nobody looks") forbid look(path: _).')
    outer = Guard(
        text='.action read(path: symbol)\n@because("it failed") forbid read(path: P) :- failed read(path: P).'
    )

    def look(path: str) -> str:
        return path

    def read(path: str) -> str:
        """Read a file."""
        return guarded(inner, look)(path)

    def once() -> str:
        agent = create_agent(
            scripted([call("read", {"path": "/data/a"})]),
            [StructuredTool.from_function(read)],
            middleware=[GuardMiddleware(outer)],
        )
        return told(agent.invoke(WORK)["messages"])["call_1"]

    assert "nobody looks" in once()
    assert "it failed" in once()
