"""The gateway of the MCP proxy: which tools are offered, how they are learned, what a result says, and that
no call is made where something fails."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("jsonschema", reason="needs the extra: pip install 'mpr-logic[tools]'")

from mpr_logic.errors import StateError
from mpr_logic.guard.guard import Guard
from mpr_logic.guard.tools import Tools
from mpr_logic.integrations.mcp.gateway import Gateway, Passage

if TYPE_CHECKING:
    from collections.abc import Iterable

ACTIONS = ".action a(x: symbol, y: symbol)\n.action b(x: symbol, y: symbol)\n"


@pytest.mark.parametrize(
    ("rules", "offered"),
    [
        ("", True),
        ("forbid a(x: _).", False),
        ("forbid a(_, _).", False),
        ("forbid a(X, Y).", False),
        ('forbid a(x: "1").', True),
        ("forbid a(X, X).", True),
        ("forbid a(X, Y) :- X != Y.", True),
        ("0.95 :: forbid a(x: _).", True),  # where theta is higher it is admitted
        ("@id(no) forbid a(x: _). @overrides(no) permit a(x: 1).".replace("1", '"1"'), True),
        ("@escalate forbid a(x: _).", True),
        ('@rewrite(y, "1") forbid a(y: _).', True),
        (".default forbid a\npermit b(_, _).", False),
        ('.default forbid a\npermit a(x: "1").\npermit b(_, _).', True),
        ("forbid b(x: _).", True),
    ],
)
def test_what_is_offered(rules: str, offered: bool) -> None:
    """A tool is left out only where no call of it could be admitted."""
    assert Guard(text=ACTIONS + rules).rules.may_admit("a") is offered


def test_what_is_no_tool_is_not_offered() -> None:
    """Tools that the guard does not know are left out."""
    assert not Guard(text=ACTIONS).rules.may_admit("c")


class Server:
    """A server that answers tools/list, with a tool on each page."""

    def __init__(self, *names: str) -> None:
        self.names = names
        self.asked: list[Any] = []

    async def __call__(self, message: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(message["params"])
        page = int(message["params"].get("cursor", 0))
        result: dict[str, Any] = {"tools": [{"name": self.names[page], "inputSchema": {"type": "object"}}]}
        if page + 1 < len(self.names):
            result["nextCursor"] = str(page + 1)
        return {"jsonrpc": "2.0", "id": 0, "result": result}


def request(method: str, **params: Any) -> dict[str, Any]:
    """A request of a client."""
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


async def nobody(message: dict[str, Any]) -> dict[str, Any]:
    """A side that is not to be asked."""
    raise AssertionError(message)


def passes(gateway: Gateway, call: dict[str, Any], server: Any = nobody) -> bool:
    """Whether a gateway lets a request pass."""
    return asyncio.run(gateway.up(call, server, nobody)).passes


def test_tools_are_learned_again() -> None:
    """All pages are read, once; again where the server says that its tools changed, or the client asks."""

    async def main() -> None:
        made = []

        def make(tools: Tools) -> Guard:
            made.append(tools)
            return Guard(tools=tools)

        server = Server("one", "two")
        gateway = Gateway(make)
        call = request("tools/call", name="three", _meta={"progressToken": 1, "version": 2})

        async def passes(message: dict[str, Any] = call) -> bool:
            return (await gateway.up(message, server, nobody)).passes

        assert not await passes()
        assert server.asked == [{"_meta": {"version": 2}}, {"_meta": {"version": 2}, "cursor": "1"}]
        assert not await passes()
        assert len(server.asked) == 2
        server.names = ("two", "three")
        await gateway.down({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"})
        assert await passes()
        assert len(server.asked) == 4
        server.names = ("one",)
        assert await passes(request("tools/list", cursor="1"))
        assert await passes()
        assert await passes(request("tools/list"))
        assert not await passes()
        assert len(made) == 1

    asyncio.run(main())


def test_a_server_that_lists_no_tools() -> None:
    """No call is made while the tools cannot be learned, and each call tries again."""

    async def dead(message: dict[str, Any]) -> dict[str, Any]:
        raise ConnectionError("there is nobody")

    async def broken(message: dict[str, Any]) -> dict[str, Any]:
        raise RuntimeError("a fault of the proxy")

    async def odd(message: dict[str, Any]) -> dict[str, Any]:
        return {"result": {"tools": [7, {"name": []}, {"name": "x", "inputSchema": {"type": 5}}]}}

    gateway = Gateway(lambda tools: Guard(tools=tools))
    call = request("tools/call", name="one")
    for server in (dead, broken, odd):
        assert not passes(gateway, call, server)
    assert not passes(gateway, request("tools/list"), broken)
    gateway = Gateway(lambda tools: Guard(tools=tools))
    assert not passes(gateway, call, dead)
    assert passes(gateway, call, Server("one"))


def test_what_a_result_says() -> None:
    """An error is a failure, a result a success; what is not done yet may be either, and counts as both."""

    async def main() -> list[str]:
        rules = """forbid a(x: "failed") :- failed a(y: Y), Y != "".
        forbid a(x: "succeeded") :- succeeded a(y: Y), Y != "".
        """
        found = []
        answers: tuple[dict[str, Any], ...] = (
            {"result": {"content": []}},
            {"result": {"content": [], "isError": True}},
            {"error": {"code": 1, "message": ""}},
            {"result": {"task": {"taskId": "1"}}},
            {"result": {"resultType": "input_required"}},
        )
        for answer in answers:
            gateway = Gateway(Guard(text=ACTIONS + rules))

            async def up(x: str, y: str, gateway: Gateway = gateway) -> Passage:
                call = request("tools/call", name="a", arguments={"x": x, "y": y})
                return await gateway.up(call, nobody, nobody)

            _, passed, verdict = await up("1", "1")
            assert passed
            assert await gateway.down(answer, verdict) is answer
            runs = [(await up(x, "")).passes for x in ("failed", "succeeded")]
            found.append("".join("yes" if each else "no" for each in runs))
        return found

    assert asyncio.run(main()) == ["yesno", "noyes", "noyes", "nono", "nono"]


@pytest.mark.parametrize(
    "tools", [7, [], [7, None, {}], [{"name": 7}], [{"name": "b"}], [{"name": "a"}, {"name": "zzz"}]]
)
def test_what_a_server_lists(tools: Any) -> None:
    """The gateway leaves in a server's list only what is a tool and may be admitted."""
    gateway = Gateway(Guard(text=ACTIONS + "forbid b(x: _)."))
    seen = asyncio.run(gateway.down({"id": 1, "result": {"tools": tools, "nextCursor": "x"}}))
    left: Iterable[Any] = seen["result"]["tools"] if isinstance(tools, list) else []
    assert [each["name"] for each in left] == (["a"] if {"name": "a"} in list(left) else [])
    assert seen["result"]["nextCursor"] == "x"


def test_a_request_without_an_id() -> None:
    """A request for a tool that wants no answer is refused and told so; other methods are not the guard's."""
    assert Gateway.guards(request("tools/call"))
    assert not Gateway.guards({"method": "ping"})
    for method in ("tools/call", "tools/list"):
        with pytest.raises(StateError, match="send an id"):
            Gateway.guards({"method": method})
