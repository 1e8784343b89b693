"""The proxy of MCP servers that are commands: the contract with a real client and a real server, what a
client may send beside that, and ``mpr proxy`` as a process."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("mcp", reason="needs the extra: pip install 'mpr-logic[mcp]'")

import anyio
import mcp_types as types
from mcp import Client, StdioServerParameters
from mcp.shared.message import SessionMessage

from mpr_logic.errors import GuardError
from mpr_logic.guard.guard import Guard
from mpr_logic.integrations.mcp import stdio
from mpr_logic.integrations.mcp.gateway import Gateway
from mpr_logic.integrations.mcp.stdio import ENDED, proxy
from tests.integrations.contract import RULES, SCENARIOS, Office, Proposed, Scenario, guard_of, name_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from mpr_logic.guard.tools import Tools

TOP = Path(__file__).parent.parent.parent


class Lines:
    """The client's side of a proxy in this process: lines between the streams of a client."""

    def __init__(self) -> None:
        self.up_in, self.up = anyio.create_memory_object_stream[SessionMessage](0)
        self.down, self.down_out = anyio.create_memory_object_stream[SessionMessage | Exception](0)

    async def read(self) -> bytes:
        try:
            message = (await self.up.receive()).message
        except (anyio.EndOfStream, anyio.ClosedResourceError):
            return b""
        return message.model_dump_json(by_alias=True, exclude_unset=True).encode() + b"\n"

    async def write(self, line: bytes) -> None:
        message = types.jsonrpc_message_adapter.validate_json(line, by_name=False)
        await self.down.send(SessionMessage(message))


@asynccontextmanager
async def connected(
    guard: Guard | Callable[[Tools], Guard], done: Path, *, mode: str = "auto", **options: Any
) -> AsyncIterator[Client]:
    """A real client, through a proxy with this guard, of a real server that is a process."""
    lines = Lines()
    command = [sys.executable, "-m", "tests.integrations.mcp_office", str(done)]

    @asynccontextmanager
    async def transport() -> AsyncIterator[Any]:
        running = asyncio.create_task(proxy(Gateway(guard), command, lines))
        try:
            yield lines.down_out, lines.up_in
        finally:
            lines.up_in.close()
            await running
            for each in (lines.up, lines.down, lines.down_out):
                each.close()

    async with Client(transport(), mode=mode, read_timeout_seconds=300, **options) as client:
        yield client


async def called(client: Client, call: Proposed) -> str:
    """Make a call as a host does, and return what the model is told: the text that the model wrote is read,
    and what comes back is text."""
    try:
        arguments = json.loads(call.arguments)
    except ValueError as error:
        return f"not JSON: {error}"
    if not isinstance(arguments, dict):
        return "not an object"
    answer = await client.call_tool(call.tool, arguments)
    return "\n".join(each.text for each in answer.content if isinstance(each, types.TextContent))


def ran(done: Path) -> list[tuple[str, dict[str, Any]]]:
    """Return the calls that the server carried out."""
    lines = done.read_text(encoding="utf-8").splitlines() if done.exists() else []
    return [(tool, arguments) for tool, arguments in map(json.loads, lines)]


class OverStdio:
    """A real client that calls tools of a real server, all calls of a turn at once."""

    name = "mcp, stdio"
    answers_itself = frozenset({"not_json"})
    cannot = {"words_reach_rules": "the protocol carries calls alone"}  # noqa: RUF012 - what the protocol says

    def run(self, guard: Guard, office: Office, calls: list[Proposed]) -> dict[str, str]:
        async def main(done: Path) -> list[str]:
            async with connected(guard, done) as client:
                return await asyncio.gather(*(called(client, each) for each in calls))

        with tempfile.TemporaryDirectory() as folder:
            done = Path(folder) / "done.jsonl"
            told = asyncio.run(main(done))
            office.ran += ran(done)
        return dict(zip([each.id for each in calls], told, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("scenario", SCENARIOS, ids=name_of)
def test_contract(scenario: Scenario, tmp_path: Path) -> None:
    """A client behind the proxy keeps the contract of all adapters."""
    scenario(OverStdio(), tmp_path)


def learning(text: str = RULES) -> Callable[[Tools], Guard]:
    """Return a function that makes a guard of the tools that a server lists."""
    return lambda tools: Guard(text=text, tools=tools)


def test_tools_are_learned_and_left_out(tmp_path: Path) -> None:
    """Without descriptions of its own a guard takes the server's; what can never be admitted is not
    offered; all that has nothing to do with tools passes."""

    async def main(mode: str) -> None:
        rules = RULES + "forbid pay(to: _)."
        async with connected(learning(rules), tmp_path / "done", mode=mode) as client:
            assert [each.name for each in (await client.list_tools()).tools] == ["send", "read"]
            assert "was not declared" not in await called(
                client, Proposed("read", '{"path": "/data/a"}', "1")
            )
            assert "rejected" in await called(client, Proposed("pay", '{"to": "a", "amount": 1}', "2"))
            found = (await client.read_resource("office://motto")).contents[0]
            assert isinstance(found, types.TextResourceContents)
            assert found.text == "festina lente"

    for mode in ("auto", "legacy"):
        asyncio.run(main(mode))
    assert ran(tmp_path / "done") == [("read", {"path": "/data/a"})] * 2


def test_a_call_before_the_tools_were_listed(tmp_path: Path) -> None:
    """A call of a client that has not asked for the tools is checked all the same."""

    async def main() -> list[str]:
        async with connected(learning(), tmp_path / "done") as client:
            return await asyncio.gather(
                *(called(client, Proposed("read", json.dumps({"path": p}), p)) for p in ("/data/a", "/etc"))
            )

    good, bad = asyncio.run(main())
    assert good == "read /data/a"
    assert "is outside of /data" in bad


def test_results_are_recorded(tmp_path: Path) -> None:
    """Rules see whether a call went well: what the server says is an error has failed."""
    rules = """
    forbid read(path: _) :- failed pay(to: "nobody").
    forbid send(to: _) :- succeeded pay(to: "ann@us")."""

    async def main() -> list[str]:
        async with connected(learning(rules), tmp_path / "done") as client:
            calls = [
                ("pay", {"to": "ann@us", "amount": 1}),
                ("read", {"path": "a"}),
                ("send", {"to": [], "text": ""}),
                ("pay", {"to": "nobody", "amount": 1}),
                ("read", {"path": "a"}),
            ]
            return [await called(client, Proposed(tool, json.dumps(given), "")) for tool, given in calls]

    told = asyncio.run(main())
    assert [text.startswith("The call was rejected") for text in told] == [False, False, True, False, True]


def test_rules_that_do_not_fit_the_tools(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing runs where the server's tools are not those that the rules speak of, and the log says why."""

    async def main() -> str:
        async with connected(learning("forbid burn(what: _)."), tmp_path / "done") as client:
            assert (await client.list_tools()).tools == []
            return await called(client, Proposed("read", '{"path": "/data/a"}', ""))

    assert "could not be checked" in asyncio.run(main())
    assert "burn" in caplog.text
    assert ran(tmp_path / "done") == []


class Script:
    """A client that sends these lines, and keeps what it is answered."""

    def __init__(self, lines: list[bytes], answers: int) -> None:
        self.lines = lines
        self.answers = answers
        self.said: list[dict[str, Any]] = []
        self.enough = asyncio.Event()

    async def read(self) -> bytes:
        if self.lines:
            return self.lines.pop(0)
        await asyncio.wait_for(self.enough.wait(), 120)
        return b""

    async def write(self, line: bytes) -> None:
        self.said.append(json.loads(line))
        if len(self.said) >= self.answers:
            self.enough.set()


ECHO = "import sys\nfor line in sys.stdin: print(line, end='', flush=True)"
"""A server that sends back what reaches it."""

CALL = '{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "read", "arguments": %s}%s}\n'


@pytest.mark.parametrize(
    "line",
    [
        b"{\n",
        b"[]\n",
        CALL.encode() % (b'{"path": "/data/a", "path": "/etc"}', b""),
        CALL.encode() % (b'{"path": "/data/a"}', b', "method": "ping"'),
        CALL.encode() % (b'{"path": "/data/a"}', b', "Method": "ping"'),
        b"[" + CALL.encode().strip() % (b'{"path": "/etc"}', b"") + b"]\n",
        b'{"jsonrpc": "2.0", "id": 1, "method": "ping", "Method": "tools/call"}\n',
        b'{"jsonrpc": "2.0", "id": 1, "method": 7}\n',
        CALL.encode() % (b'{"path": 1e999}', b""),
        CALL.encode() % (b'{"path": "/etc"}', b""),
        CALL.replace('"name"', '"Name": "pay", "name"').encode() % (b'{"path": "/data/a"}', b""),
        CALL.replace('"id": 1, ', "").encode() % (b'{"path": "/data/a"}', b""),
        b'"' + b"a" * 9_000_000 + b'"\n',
    ],
    ids=range(13),
)
def test_what_is_not_understood_is_not_passed_on(line: bytes) -> None:
    """Whatever a server could read in another way than the guard does not reach it."""

    async def main() -> list[dict[str, Any]]:
        ping = b'{"jsonrpc": "2.0", "id": 2, "method": "ping"}\n'
        client = Script([line, ping], 2)
        assert await proxy(Gateway(guard_of(Office())), [sys.executable, "-c", ECHO], client) == 0
        return client.said

    said = asyncio.run(main())
    assert {"jsonrpc": "2.0", "id": 2, "method": "ping"} in said
    assert all("error" in each or "result" in each for each in said if each.get("method") != "ping"), said


def test_arguments_that_a_rule_rewrote_are_sent() -> None:
    """The server gets the arguments that were checked, and all else of the message."""

    async def main() -> list[dict[str, Any]]:
        line = CALL.replace('"name"', '"_meta": {"progressToken": 3}, "name"').encode() % (
            b'{"path": "a"}',
            b"",
        )
        client = Script([line], 1)
        assert await proxy(Gateway(guard_of(Office())), [sys.executable, "-c", ECHO], client) == 0
        return client.said

    said, unanswered = asyncio.run(main())
    assert (unanswered["id"], unanswered["error"]["message"]) == (1, ENDED)
    params = {"_meta": {"progressToken": 3}, "name": "read", "arguments": {"path": "/data/a"}}
    assert said == {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}


class Talking:
    """A client that says the id of each question to the server; only when the server has said it back, its
    user says no."""

    def __init__(self, *messages: dict[str, Any]) -> None:
        self.said: list[dict[str, Any]] = []
        self.lines: asyncio.Queue[bytes] = asyncio.Queue()
        self.say(*messages)

    def say(self, *messages: dict[str, Any]) -> None:
        for each in messages:
            self.lines.put_nowait(json.dumps(each).encode() + b"\n")

    async def read(self) -> bytes:
        return await asyncio.wait_for(self.lines.get(), 120)

    async def write(self, line: bytes) -> None:
        message = json.loads(line)
        self.said.append(message)
        if message.get("method") == "elicitation/create":
            self.say(message | {"method": "ping", "params": {}})
        elif message.get("echo") == "ping":
            self.say({"jsonrpc": "2.0", "id": message["id"], "result": {"action": "decline"}})
        elif message.get("id") == 1:
            self.lines.put_nowait(b"")


def test_a_server_may_not_answer_for_the_user() -> None:
    """A server's message is never the user's answer, whatever id it has."""
    says_back = "import sys\nfor a in sys.stdin: print(a.replace('method', 'echo'), end='', flush=True)"

    async def main() -> list[dict[str, Any]]:
        hello = {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {"capabilities": ELICITS}}
        pay = {"name": "pay", "arguments": {"to": "ann@us", "amount": 250.5}}
        client = Talking(hello, {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": pay})
        assert await proxy(Gateway(guard_of(Office())), [sys.executable, "-c", says_back], client) == 0
        return client.said

    said = asyncio.run(main())
    assert "A person did not approve" in said[-1]["result"]["content"][0]["text"]


ELICITS: dict[str, Any] = {"elicitation": {}}


def test_a_server_that_ends(tmp_path: Path) -> None:
    """A proxy whose server ends without a word ends with its status; a command that is none is an error."""

    async def main(*command: str) -> int:
        return await proxy(Gateway(guard_of(Office())), command, Script([], 1))

    assert asyncio.run(main(sys.executable, "-c", "raise SystemExit(3)")) == 3
    with pytest.raises(GuardError, match="cannot be run"):
        asyncio.run(main(str(tmp_path / "nothing")))


DYING = """
import json, os, signal, sys
print("started", file=open(sys.argv[1], "a"))
for line in sys.stdin:
    m = json.loads(line)
    if m.get("method") == "tools/call":
        how = m["params"]["arguments"]["path"][6:]
        print(how, file=open(sys.argv[1], "a"))
        if how == "exit":
            sys.exit(3)
        if how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if how == "mute":
            os.close(1)
            continue
        if how == "late":
            continue
    if "id" in m:
        result = {"content": [], "me": m["method"]}
        print(json.dumps({"jsonrpc": "2.0", "id": m["id"], "result": result}), flush=True)
"""
"""A server that dies in the middle of a call, in the way that the path of the call says."""


class Turns:
    """A client that says its turns one after the other, each when the one before is answered. The lines of a
    turn come at once, but where ``arrived`` waits for the server to have heard the one before."""

    def __init__(
        self, *turns: list[dict[str, Any]], arrived: Callable[[dict[str, Any]], bool] = lambda line: True
    ) -> None:
        self.turns = list(turns)
        self.arrived = arrived
        self.last: dict[str, Any] = {}
        self.waits: set[Any] = set()
        self.said: list[dict[str, Any]] = []
        self.lines: list[dict[str, Any]] = []
        self.answered = asyncio.Event()

    async def read(self) -> bytes:
        if not self.lines and self.waits:
            await asyncio.wait_for(self.answered.wait(), 120)
        if not self.lines and self.turns:
            self.lines = self.turns.pop(0)
            self.waits = {each["id"] for each in self.lines if "id" in each}
            self.answered.clear()
        async with asyncio.timeout(120):
            while not self.arrived(self.last):
                await asyncio.sleep(0.01)
        if not self.lines:
            return b""
        self.last = self.lines.pop(0)
        return json.dumps(self.last).encode() + b"\n"

    async def write(self, line: bytes) -> None:
        self.said.append(json.loads(line))
        self.waits.discard(self.said[-1].get("id"))
        if not self.waits:
            self.answered.set()


def asked(id: int, method: str, **params: Any) -> dict[str, Any]:
    """A request."""
    return {"jsonrpc": "2.0", "id": id, "method": method, "params": params}


@pytest.mark.parametrize("how", ["exit", "kill", "mute"])
def test_a_server_that_dies_during_a_call(how: str, tmp_path: Path) -> None:
    """Every request that waits is answered with an error, once; the next one starts the server again, with
    the client's handshake; no call is made twice; and what was lost may have succeeded, and counts so."""
    log = tmp_path / "log"
    rules = RULES + '@id(lost) forbid read(path: "/data/again") :- succeeded read(path: "/data/late").'

    def arrived(line: dict[str, Any]) -> bool:
        # calls that are sent at once are decided at once, and reach the server in any order
        return "late" not in json.dumps(line) or "late" in log.read_text().split()

    async def main() -> tuple[int, list[dict[str, Any]]]:
        client = Turns(
            [asked(0, "initialize", capabilities={})],
            [{"jsonrpc": "2.0", "method": "notifications/initialized"}, asked(1, "ping")],
            [
                asked(2, "tools/call", name="read", arguments={"path": "/data/late"}),
                asked(3, "tools/call", name="read", arguments={"path": f"/data/{how}"}),
            ],
            [asked(4, "tools/call", name="read", arguments={"path": "/data/again"})],
            [asked(5, "tools/call", name="read", arguments={"path": "/data/other"})],
            [asked(2, "ping")],
            arrived=arrived,
        )
        status = await proxy(
            Gateway(guard_of(Office(), text=rules)), [sys.executable, "-c", DYING, str(log)], client
        )
        return status, client.said

    status, said = asyncio.run(main())
    assert status == 0
    assert [each["id"] for each in said[:2]] == [0, 1]
    assert {each["id"]: each["error"]["message"] for each in said[2:4]} == {2: ENDED, 3: ENDED}
    assert said[4]["result"]["isError"] is True
    assert [each["result"]["me"] for each in said[5:]] == ["tools/call", "ping"]
    assert log.read_text().split() == ["started", "late", how, "started", "other"]


def test_a_server_that_cannot_be_started_again(tmp_path: Path) -> None:
    """Each request is answered with an error once a server that ended cannot be started again."""
    once = tmp_path / "once"
    once.write_text(f"#!{sys.executable}\n{DYING}")
    once.chmod(0o700)

    class Removing(Turns):
        async def write(self, line: bytes) -> None:
            once.unlink(missing_ok=True)
            await super().write(line)

    async def main() -> list[dict[str, Any]]:
        client = Removing(
            [asked(1, "ping")],
            [asked(2, "tools/call", name="read", arguments={"path": "/data/exit"})],
            [asked(3, "ping")],
            [asked(4, "tools/call", name="read", arguments={"path": "/data/a"})],
        )
        assert await proxy(Gateway(guard_of(Office())), [str(once), str(tmp_path / "log")], client) == 0
        return client.said

    said = asyncio.run(main())
    assert [each["id"] for each in said] == [1, 2, 3, 4]
    assert said[1]["error"]["message"] == ENDED
    assert all("cannot be run" in each["error"]["message"] for each in said[2:])


def test_an_id_that_is_in_use() -> None:
    """Two requests that wait at once need two ids, also to a server that takes 1 and "1" for one."""

    async def main() -> list[dict[str, Any]]:
        first = asked(1, "tools/call", name="read", arguments={"path": "/data/late"})
        lines = [first, first | {"id": "1"}, asked(2, "ping")]
        client = Script([json.dumps(each).encode() + b"\n" for each in lines], 2)
        command = [sys.executable, "-c", DYING, os.devnull]
        await proxy(Gateway(guard_of(Office())), command, client)
        return client.said

    said = asyncio.run(main())
    (refused,) = [each for each in said if each["id"] == "1"]
    assert refused["error"]["message"].startswith("the id `1` is in use")
    assert {each["id"] for each in said if "result" in each} == {2}


STAYING = "import os, sys, time; print(os.getpid(), file=open(sys.argv[1], 'w'), flush=True); time.sleep(600)"
"""A server that does not end when its client does."""


class Leaving:
    """A client that goes as soon as the server is there."""

    def __init__(self, said: Path) -> None:
        self.said = said

    async def read(self) -> bytes:
        """Nothing, once the server has said its process id."""
        while not self.said.exists() or not self.said.read_text():
            await asyncio.sleep(0.01)
        return b""

    async def write(self, line: bytes) -> None:
        """Nobody listens."""


def test_a_server_that_stays_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that does not end by itself is ended when the proxy ends: it has no process left then."""
    monkeypatch.setattr(stdio, "_PATIENCE", 1.0)
    said = tmp_path / "pid"

    async def main() -> None:
        await proxy(Gateway(guard_of(Office())), [sys.executable, "-c", STAYING, str(said)], Leaving(said))
        with pytest.raises(ProcessLookupError):
            os.kill(int(said.read_text()), 0)

    asyncio.run(main())


def test_mpr_proxy(tmp_path: Path) -> None:
    """A real client runs ``mpr proxy`` in place of the server's command."""
    (tmp_path / "rules.dl").write_text(RULES, encoding="utf-8")
    log, done = tmp_path / "log.jsonl", tmp_path / "done.jsonl"
    options = ["--rules", str(tmp_path / "rules.dl"), "--log", str(log)]
    command = [sys.executable, "-m", "tests.integrations.mcp_office", str(done)]
    arguments = ["-m", "mpr_logic.cli", "proxy", *options, "--", *command]
    server = StdioServerParameters(command=sys.executable, args=arguments, cwd=TOP)

    async def main() -> list[str]:
        async with Client(server, read_timeout_seconds=300) as client:
            assert len((await client.list_tools()).tools) == 3
            calls = [Proposed("read", json.dumps({"path": path}), "") for path in ("a", "/etc", "private/a")]
            return [await called(client, each) for each in calls]

    told = asyncio.run(main())
    assert told[0] == "read /data/a"
    assert "is outside of /data" in told[1]
    assert "that is private" in told[2]
    assert ran(done) == [("read", {"path": "/data/a"})]
    kinds = [line["outcome"] for line in map(json.loads, log.read_text().splitlines()) if "outcome" in line]
    assert kinds == ["modify", "reject", "reject"]
