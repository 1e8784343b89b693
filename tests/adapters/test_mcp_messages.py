"""What is made of MCP's messages: which tools are offered, how they are learned, what a result says."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytest.importorskip("jsonschema", reason="needs the extra: pip install 'mpr-logic[tools]'")

from mpr_logic.adapters.guard import Guard
from mpr_logic.adapters.mcp_messages import Gate, may_admit, read_message
from mpr_logic.adapters.tools import Tools
from mpr_logic.errors import StateError

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
        (".default forbid a", False),
        ('.default forbid a\npermit a(x: "1").', True),
        ("forbid b(x: _).", True),
    ],
)
def test_what_is_offered(rules: str, offered: bool) -> None:
    """A tool is left out only where no call of it could be admitted."""
    assert may_admit(Guard(text=ACTIONS + rules).rules, "a") is offered


def test_what_is_no_tool_is_not_offered() -> None:
    """Tools that the guard does not know are left out."""
    assert not may_admit(Guard(text=ACTIONS).rules, "c")


class Server:
    """What answers tools/list, a tool on each page."""

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


def test_tools_are_learned_again() -> None:
    """All pages are read, once; again where the server says that its tools changed, or the client asks."""

    async def main() -> None:
        made = []

        def make(tools: Tools) -> Guard:
            made.append(tools)
            return Guard(tools=tools)

        server = Server("one", "two")
        gate = Gate(make)
        call = request("tools/call", name="three", _meta={"progressToken": 1, "version": 2})
        await gate.ready(call, server)
        assert server.asked == [{"_meta": {"version": 2}}, {"_meta": {"version": 2}, "cursor": "1"}]
        assert (await gate.check(call))[1] is None
        await gate.ready(call, server)
        assert len(server.asked) == 2
        server.names = ("two", "three")
        gate.changed()
        await gate.ready(call, server)
        assert (await gate.check(call))[1] is not None
        assert len(server.asked) == 4
        server.names = ("one",)
        await gate.ready(request("tools/list", cursor="1"), server)
        assert (await gate.check(call))[1] is not None
        await gate.ready(request("tools/list"), server)
        assert (await gate.check(call))[1] is None
        assert len(made) == 1

    asyncio.run(main())


def test_what_a_result_says() -> None:
    """An error is a failure, a result a success; of what is not done yet nothing is known."""

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
            gate = Gate(Guard(text=ACTIONS + rules))
            verdict = (await gate.check(request("tools/call", name="a", arguments={"x": "1", "y": "1"})))[1]
            assert verdict is not None
            await gate.record(verdict, answer)
            asked = [
                request("tools/call", name="a", arguments={"x": x, "y": ""}) for x in ("failed", "succeeded")
            ]
            runs = [(await gate.check(each))[1] is not None for each in asked]
            found.append("".join("yes" if each else "no" for each in runs))
        return found

    assert asyncio.run(main()) == ["yesno", "noyes", "noyes", "yesyes", "yesyes"]


@pytest.mark.parametrize(
    "text", ["", "null", "[]", "1", '{"method": null}', '{"METHOD": "a"}', '{"id": NaN}']
)
def test_what_is_no_message(text: str) -> None:
    """A message is one JSON object with the members of JSON-RPC; nothing at all is passed over."""
    if text:
        with pytest.raises(StateError):
            read_message(text)
    else:
        assert read_message(text) == {}
