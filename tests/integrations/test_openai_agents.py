"""The OpenAI Agents SDK: the contract with the real runner and its scripted model, agents in agents, tools of
MCP servers, and tools that cannot be checked."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("agents.testing", reason="needs the extra: pip install 'mpr-logic[agents]'")

from agents import Agent, ModelBehaviorError, RunConfig, Runner, Tool, WebSearchTool, function_tool, handoff
from agents.mcp import MCPServerStdio
from agents.testing import ScriptedModel, assistant_message, function_call

from mpr_logic.errors import GuardError
from mpr_logic.guard.guard import Guard
from mpr_logic.guard.tools import Tools
from mpr_logic.integrations.openai_agents import descriptions, guard_agent
from tests.integrations.contract import SCENARIOS, Driver, Office, Proposed, Scenario, call, guard_of, name_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

DONE = [assistant_message("done")]
pytestmark = pytest.mark.filterwarnings('ignore:Field name "copy":UserWarning')  # of the office's `send`
CONFIG = RunConfig(tracing_disabled=True, tool_not_found_behavior="return_error_to_model")


def scripted(*turns: list[Proposed]) -> ScriptedModel:
    """A model that proposes calls, turn by turn, and then says that it is done."""
    steps = [[function_call(each.tool, each.arguments, call_id=each.id) for each in turn] for turn in turns]
    return ScriptedModel([*steps, DONE])


def told(model: ScriptedModel) -> dict[str, str]:
    """Return the outputs of its calls that a model heard, by the id of each."""
    heard: dict[str, str] = {}
    for each in model.calls:
        items: Any = each.input if isinstance(each.input, list) else []
        heard |= {item["call_id"]: item["output"] for item in items if "output" in item}
    return heard


def office_tools(office: Office) -> list[Tool]:
    """The office's functions as tools of the SDK."""
    return [function_tool(each) for each in office.functions().values()]


def go(agent: Agent[Any]) -> Any:
    """Run an agent to its end."""
    return asyncio.run(Runner.run(agent, "go", run_config=CONFIG)).final_output


class Whole:
    """An agent with the office's functions as its tools."""

    name = "openai-agents"
    answers_itself = frozenset({"unknown_tool"})
    cannot: dict[str, str] = {}  # noqa: RUF012 - what the protocol says

    def run(self, guard: Guard, office: Office, calls: list[Proposed]) -> dict[str, str]:
        model = scripted(calls)
        agent = Agent(name="a", model=model, tools=office_tools(office))
        guard_agent(guard, agent)
        assert self.go(agent) == "done"
        return told(model)

    def go(self, agent: Agent[Any]) -> Any:
        return go(agent)


class Streamed(Whole):
    """The same, streamed."""

    name = "openai-agents, streamed"

    def go(self, agent: Agent[Any]) -> Any:
        async def main() -> Any:
            result = Runner.run_streamed(agent, "go", run_config=CONFIG)
            assert len([event async for event in result.stream_events()]) > 1
            return result.final_output

        return asyncio.run(main())


DRIVERS: list[Driver] = [Whole(), Streamed()]


@pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: driver.name)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=name_of)
def test_contract(scenario: Scenario, driver: Driver, tmp_path: Path) -> None:
    """Agents of the SDK keep the contract of all adapters."""
    scenario(driver, tmp_path)


EVE = call("send", {"to": ["eve@them"], "text": "x"}, "eve")
NOTES = call("read", {"path": "notes.txt"}, "notes")


def as_agent(inner: Agent[Any], outer: ScriptedModel) -> Agent[Any]:
    """An agent that hands over to another."""
    return Agent(name="outer", model=outer, handoffs=[inner])


def as_handoff(inner: Agent[Any], outer: ScriptedModel) -> Agent[Any]:
    """The same, by a handoff object."""
    return Agent(name="outer", model=outer, handoffs=[handoff(inner)])


def later(inner: Agent[Any], outer: ScriptedModel) -> Agent[Any]:
    """The same, by an agent between them, with a way back."""
    between = Agent(name="between", model=scripted([call("transfer_to_inner", {}, "t2")]), handoffs=[inner])
    found = Agent(name="outer", model=outer, handoffs=[between])
    inner.handoffs.append(found)
    return found


@pytest.mark.parametrize("way", [as_agent, as_handoff, later])
def test_agents_that_are_handed_over_to(way: Callable[[Agent[Any], ScriptedModel], Agent[Any]]) -> None:
    """The tools of an agent that takes over are checked."""
    office = Office()
    inner_model = scripted([EVE, NOTES])
    inner = Agent(name="inner", model=inner_model, tools=office_tools(office))
    to = "transfer_to_between" if way is later else "transfer_to_inner"
    outer = way(inner, scripted([call(to, {}, "t")]))
    guard_agent(guard_of(office), outer)
    assert go(outer) == "done"
    assert office.ran == [("read", {"path": "/data/notes.txt"})]
    assert "is not one of us" in told(inner_model)["eve"]


def test_an_agent_as_a_tool() -> None:
    """The call of an agent that is a tool is checked, and so are that agent's own calls."""
    office = Office()
    inner_model = scripted([EVE, NOTES])
    inner = Agent(name="inner", model=inner_model, tools=office_tools(office))
    asking = inner.as_tool("ask", "Ask the other agent.", run_config=CONFIG)
    outer_model = scripted([call("ask", {"input": "go"}, "a")], [call("ask", {"input": "no"}, "b")])
    outer = Agent(name="outer", model=outer_model, tools=[asking])
    tools = Tools([*office.schemas(), *descriptions(outer.tools)])
    rules = """
    @because("not one of us") forbid send(to: L) :- item(L, _, "eve@them").
    @rewrite(path, "/data/{P}") forbid read(path: P) :- not starts_with(P, "/data/").
    @because("{P} climbs out") forbid read(path: P) :- contains(P, "..").
    @because("you may not ask that") forbid ask(input: I) :- I = "no".
    """
    guard_agent(Guard(text=rules, tools=tools), outer)
    assert go(outer) == "done"
    assert office.ran == [("read", {"path": "/data/notes.txt"})]
    assert "not one of us" in told(inner_model)["eve"]
    assert told(outer_model)["a"] == "done"
    assert "you may not ask that" in told(outer_model)["b"]


def test_the_user_of_an_agent_in_a_tool_is_a_model() -> None:
    """Words that an agent says to another that is its tool are none of the user."""
    office = Office()
    inner = Agent(name="inner", model=scripted([call("read", {"path": "a"})]), tools=office_tools(office))
    asking = inner.as_tool("ask", "Ask the other agent.", run_config=CONFIG)
    outer = Agent(name="outer", model=scripted([call("ask", {"input": "yes"}, "a")]), tools=[asking])
    tools = Tools([*office.schemas(), *descriptions(outer.tools)])
    guard = Guard(text="forbid read(_) :- last_said(user, _), said(_, user, yes).", tools=tools, strict=False)
    guard_agent(guard, outer)
    assert go(outer) == "done"
    assert office.ran == [("read", {"path": "a"})]
    assert set(guard.session("").checker.facts()["said"]) == {(0, "user", "go")}


def test_clones_and_tools_that_come_later() -> None:
    """A clone of a guarded agent is guarded, and so is a tool that an agent gets afterwards."""
    office = Office()
    model = scripted([EVE, NOTES])
    first = Agent(name="a", model=model)
    guard_agent(guard_of(office), first)
    second = first.clone(name="b")
    second.tools.extend(office_tools(office))
    go(second)
    assert office.ran == [("read", {"path": "/data/notes.txt"})]
    assert "is not one of us" in told(model)["eve"]


SERVER = """
import sys
try:
    from mcp.server.fastmcp import FastMCP
except ImportError:
    from mcp.server.mcpserver import MCPServer as FastMCP
server = FastMCP("files")

@server.tool()
def read(path: str) -> str:
    open(sys.argv[1], "a").write(path + chr(10))
    return "read " + path

server.run()
"""


def test_tools_of_mcp_servers(tmp_path: Path) -> None:
    """The tools of an agent's MCP servers are checked."""
    (tmp_path / "server.py").write_text(SERVER, encoding="utf-8")
    log = tmp_path / "log.txt"
    model = scripted([NOTES, call("read", {"path": "/etc/passwd"}, "etc")])

    async def main() -> None:
        params: Any = {"command": sys.executable, "args": [str(tmp_path / "server.py"), str(log)]}
        async with MCPServerStdio(params, client_session_timeout_seconds=300) as server:
            agent = Agent(name="a", model=model, mcp_servers=[server])
            guard_agent(guard_of(Office()), agent)
            await Runner.run(agent, "go", run_config=CONFIG)

    asyncio.run(main())
    assert log.read_text(encoding="utf-8").splitlines() == ["/data/notes.txt"]
    assert "outside of /data" in told(model)["etc"]


def test_what_cannot_be_checked_does_not_run_unseen() -> None:
    """A tool of another kind is refused, at once or when it comes, unless it was named as unchecked."""
    guard = guard_of(Office())
    agent: Agent[Any] = Agent(name="a", model=scripted(), tools=[WebSearchTool()])
    with pytest.raises(GuardError, match="unchecked"):
        guard_agent(guard, agent)
    with pytest.raises(GuardError, match="unchecked"):  # and it does not count as guarded
        guard_agent(guard, agent)
    guard_agent(guard, agent, unchecked=["web_search"])
    assert go(agent) == "done"
    agent = Agent(name="a", model=scripted())
    guard_agent(guard, agent)
    agent.tools.append(WebSearchTool())
    with pytest.raises(GuardError, match="unchecked"):
        go(agent)


def test_a_tool_that_is_switched_off_meanwhile() -> None:
    """The SDK still makes its own checks of a tool before it runs."""
    office = Office()
    answers = [True]
    tool = function_tool(office.read, is_enabled=lambda context, agent: bool(answers and answers.pop()))
    agent = Agent(name="a", model=scripted([NOTES]), tools=[tool])
    guard_agent(guard_of(office), agent)
    with pytest.raises(ModelBehaviorError, match="disabled"):
        go(agent)
    assert office.ran == []


def test_tools_of_a_guarded_agent_serve_others_as_they_were() -> None:
    """The tools themselves are not changed: an agent without a guard uses them freely."""
    office = Office()
    tools = office_tools(office)
    guarded = Agent(name="a", model=scripted([EVE]), tools=tools)
    guard_agent(guard_of(office), guarded)
    go(guarded)
    assert office.ran == []
    go(Agent(name="b", model=scripted([EVE]), tools=tools))
    assert [name for name, _ in office.ran] == ["send"]


def test_one_guard_for_an_agent() -> None:
    """The same guard may be given again; another one is refused."""
    guard, agent = guard_of(Office()), Agent(name="a")
    guard_agent(guard, agent)
    guard_agent(guard, agent)
    with pytest.raises(GuardError, match="another guard"):
        guard_agent(guard_of(Office()), agent)


FAILING = '.action fail()\n@because("it failed before") forbid fail() :- failed fail().'


@pytest.mark.parametrize("policy", ["default", "own", "none"])
def test_what_a_tool_does_with_its_exceptions(policy: str) -> None:
    """The guard hears that a tool failed, and the model what was set for the tool."""

    def fail() -> str:
        raise OSError("the disk is full")

    tool = {
        "default": lambda: function_tool(fail),
        "own": lambda: function_tool(fail, failure_error_function=lambda _, error: f"sorry, {error}"),
        "none": lambda: function_tool(fail, failure_error_function=None),
    }[policy]()

    model = scripted([call("fail", {}, "a")], [call("fail", {}, "b")])
    agent = Agent(name="a", model=model, tools=[tool])
    guard = Guard(text=FAILING)
    guard_agent(guard, agent)
    if policy == "none":
        with pytest.raises(Exception, match="disk is full"):
            go(agent)
        assert "it failed before" in guard.check("fail", {}).message
        return
    assert go(agent) == "done"
    assert told(model)["a"].startswith(
        "An error occurred" if policy == "default" else "sorry, the disk is full"
    )
    assert "it failed before" in told(model)["b"]


def test_a_tool_that_takes_too_long() -> None:
    """The time that a tool was given still holds, and the guard hears that it failed."""

    @function_tool(timeout=0.05)
    async def fail() -> str:
        await asyncio.sleep(30)
        return "late"

    model = scripted([call("fail", {}, "a")], [call("fail", {}, "b")])
    agent = Agent(name="a", model=model, tools=[fail])
    guard_agent(Guard(text=FAILING), agent)
    go(agent)
    assert "timed out" in told(model)["a"]
    assert "it failed before" in told(model)["b"]


def test_what_a_person_approved_is_checked() -> None:
    """A call that waited for the SDK's own approval is checked when it is made."""
    office = Office()
    model = scripted([EVE, NOTES])
    tools: list[Tool] = [function_tool(office.send, needs_approval=True), function_tool(office.read)]
    agent = Agent(name="a", model=model, tools=tools)
    guard_agent(guard_of(office), agent)

    async def main() -> None:
        waiting = await Runner.run(agent, "go", run_config=CONFIG)
        state = waiting.to_state()
        for each in waiting.interruptions:
            state.approve(each)
        done = await Runner.run(agent, state, run_config=CONFIG)
        assert done.final_output == "done"

    asyncio.run(main())
    assert office.ran == [("read", {"path": "/data/notes.txt"})]
    assert "is not one of us" in told(model)["eve"]


def test_sessions() -> None:
    """Each run has the session that its context tells."""
    office = Office()
    guard = guard_of(office)
    for who in ("ann", "bob", "ann"):
        model = scripted([call("pay", {"to": "ann@us", "amount": 1}, "p")])
        agent: Agent[str] = Agent(name="a", model=model, tools=office_tools(office))
        guard_agent(guard, agent, session=lambda context: str(context.context))
        asyncio.run(Runner.run(agent, "go", context=who, run_config=CONFIG))
    assert len(office.ran) == 2
    assert "was paid already" in told(model)["p"]
