"""The proxy of MCP servers over streamable HTTP: the contract, sessions, tools that are left out."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("mcp", reason="needs the extra: pip install 'mpr-logic[mcp]'")

import httpx2
from mcp import Client

from mpr_logic.guard.guard import Guard
from mpr_logic.integrations.mcp.gateway import IN_ALL, MOST, Gateway, Gateways
from mpr_logic.integrations.mcp.http import proxy_application
from tests.integrations.contract import RULES, SCENARIOS, Office, Proposed, Scenario, guard_of, name_of
from tests.integrations.server import listening
from tests.integrations.test_mcp_stdio import called, ran

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def free() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A real server in a process of its own: its URL, and the file that says what it did."""
    done = tmp_path_factory.mktemp("office") / "done.jsonl"
    command = [sys.executable, "-m", "tests.integrations.mcp_office", str(done), "http"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            port = process.stdout.readline().strip()  # it listens by then
            yield f"http://127.0.0.1:{port}/mcp", done
        finally:
            process.terminate()


def proxied(gateway: Callable[[str], Gateway], url: str) -> AbstractContextManager[str]:
    """A context in which a proxy of a server is served; gives its URL."""
    return served(proxy_application(gateway, url))


@contextmanager
def served(application: Any) -> Iterator[str]:
    """A context in which an ASGI application is served; gives the URL of its endpoint."""
    with listening(application) as url:
        yield f"{url}/mcp"


class OverHttp:
    """A real client that calls tools of a real server, all calls of a turn at once."""

    name = "mcp, http"
    answers_itself = frozenset({"not_json"})
    cannot = {"words_reach_rules": "the protocol carries calls alone"}  # noqa: RUF012 - what the protocol says

    def __init__(self, url: str, done: Path, mode: str) -> None:
        self.url, self.done, self.mode = url, done, mode

    def run(self, guard: Guard, office: Office, calls: list[Proposed]) -> dict[str, str]:
        async def main(url: str) -> list[str]:
            async with Client(url, mode=self.mode, read_timeout_seconds=300) as client:
                return await asyncio.gather(*(called(client, each) for each in calls))

        self.done.unlink(missing_ok=True)
        with proxied(lambda name: Gateway(guard), self.url) as url:
            told = asyncio.run(main(url))
        office.ran += ran(self.done)
        return dict(zip([each.id for each in calls], told, strict=True))


@pytest.mark.parametrize("mode", ["auto", "legacy"])
@pytest.mark.parametrize("scenario", SCENARIOS, ids=name_of)
def test_contract(scenario: Scenario, mode: str, server: tuple[str, Path], tmp_path: Path) -> None:
    """A client behind the proxy keeps the contract of all adapters, in the protocol's newest version and
    in those that begin with a handshake."""
    scenario(OverHttp(*server, mode), tmp_path)


def test_each_session_has_its_own_history(server: tuple[str, Path]) -> None:
    """A call of one client does not stand against another client, where both have a session."""
    url, _ = server
    pay = Proposed("pay", '{"to": "ann@us", "amount": 1}', "")

    async def main(url: str) -> list[str]:
        async with Client(url, mode="legacy") as one, Client(url, mode="legacy") as other:
            return [await called(each, pay) for each in (one, other, one)]

    guard = guard_of(Office())
    with proxied(lambda name: Gateway(guard, session=name), url) as own:
        first, second, third = asyncio.run(main(own))
    assert first == second == "paid 1"
    assert "was paid already" in third
    assert guard.health()["sessions"] == 1  # a session that its client ended is forgotten


def test_tools_are_learned_and_left_out(server: tuple[str, Path]) -> None:
    """Without descriptions of its own a guard takes the server's; what is never admitted is not offered."""

    async def main(url: str, mode: str) -> list[str]:
        async with Client(url, mode=mode) as client:
            assert "outside" in await called(client, Proposed("read", '{"path": "/etc"}', ""))
            return [each.name for each in (await client.list_tools()).tools]

    rules = RULES + "forbid pay(to: _)."
    with proxied(lambda name: Gateway(lambda tools: Guard(text=rules, tools=tools)), server[0]) as own:
        for mode in ("auto", "legacy"):
            assert asyncio.run(main(own, mode)) == ["send", "read"]


def test_what_is_not_understood_is_not_passed_on(server: tuple[str, Path]) -> None:
    """Bodies that are no single message are refused here; so are requests of a page of another name."""
    call = '{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "read"%s}}'
    bodies = ["{", f"[{call % ''}]", call.replace('"id": 1, ', "") % "", call % ', "Name": "pay"', '{"a": 1}']
    server[1].unlink(missing_ok=True)
    with (
        proxied(lambda name: Gateway(guard_of(Office())), server[0]) as own,
        httpx2.Client(timeout=300) as client,
    ):
        headers = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
        for body in bodies:
            answer = client.post(own, content=body, headers=headers).json()
            assert "error" in answer or answer["result"]["isError"] is True
        for more, status in (({"host": "evil.example"}, 400), ({"origin": "http://evil.example"}, 403)):
            answer = client.post(own, content="{}", headers=headers | more)
            assert (answer.status_code, answer.json()["error"]["code"]) == (status, -32600)
        assert client.put(own, headers=headers).json()["error"]["message"] == "Method Not Allowed"
        # a session that the server has not begun would have a history of its own
        named = headers | {"mcp-session-id": "x"}
        assert client.post(own, content=call % "", headers=named).status_code == 404
    assert ran(server[1]) == []


def test_a_server_that_is_elsewhere_or_nowhere() -> None:
    """A redirect is not passed on, as whoever followed it would go past the guard."""

    async def elsewhere(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            headers = [(b"location", b"http://127.0.0.1:1/mcp")]
            await send({"type": "http.response.start", "status": 307, "headers": headers})
            await send({"type": "http.response.body"})

    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    with served(elsewhere) as url, httpx2.Client(timeout=300) as client:
        for other in (url, f"http://127.0.0.1:{free()}/mcp"):
            with proxied(lambda name: Gateway(guard_of(Office())), other) as own:
                answer = client.post(own, json=ping)
                assert answer.status_code == 502
                assert "location" not in answer.headers


def scripted(*chunks: bytes, kind: bytes = b"text/event-stream", status: int = 200) -> Any:
    """A server that answers everything with these pieces, and breaks off where one is empty."""

    async def server(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            headers = [(b"content-type", kind), (b"mcp-session-id", b"s")]
            await send({"type": "http.response.start", "status": status, "headers": headers})
            for chunk in chunks:
                if not chunk:
                    raise RuntimeError("the scripted server breaks off")
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body"})

    return server


RESULT = b'{"jsonrpc": "2.0", "id": 1, "result": {"content": []}}'
READ = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "read", "arguments": {"path": "/data/a"}},
}


def posted(application: Any, message: dict[str, Any], guard: Guard | None = None) -> httpx2.Response:
    """Send a message through a proxy of this server, and return the answer."""
    gateway = Gateway(guard or guard_of(Office()))
    with (
        served(application) as url,
        proxied(lambda name: gateway, url) as own,
        httpx2.Client(timeout=300) as client,
    ):
        return client.post(own, json=message)


def test_a_stream_is_passed_on_as_it_is() -> None:
    """Comments, ids and names of events too, however they were cut."""
    stream = b": ping\r\n\r\nid: 1\nevent: message\ndata: " + RESULT + b"\n\n: end\n\n"
    for cuts in ([stream], [stream[n : n + 1] for n in range(len(stream))]):
        assert posted(scripted(*cuts), READ).content == stream


def test_an_answer_that_breaks_off(caplog: pytest.LogCaptureFixture) -> None:
    """The client gets what came, and an error for its request; a body that is not whole is an error too."""
    for rest in ((b"data: 2", b""), ()):
        first, second = posted(scripted(b"data: 1\n\n", *rest), READ).content.split(b"\n\n", 1)
        assert first == b"data: 1"
        answer = json.loads(second.removeprefix(b"data: "))
        assert (answer["id"], answer["error"]["message"]) == (1, "the server does not answer")
    assert "broke off" in caplog.text
    resumed = posted(scripted(b"id: 7\ndata: 1\n\n", b""), READ)
    assert resumed.content == b"id: 7\ndata: 1\n\n"  # the client asks for the rest
    body = posted(scripted(b'{"jsonrpc"', b"", kind=b"application/json"), READ)
    assert (body.status_code, body.json()["error"]["message"]) == (502, "the server does not answer")


def test_a_message_that_is_too_large() -> None:
    """A body beyond the bound is refused before it is read to its end."""
    large = READ | {"params": {"name": "read", "arguments": {"path": "a" * 9_000_000}}}
    assert posted(scripted(RESULT), large).status_code == 413


@pytest.mark.parametrize(
    ("chunks", "kind", "said"),
    [
        ((RESULT,), b"application/json", '"result": {"content": []}'),
        ((b"data: " + RESULT + b"\n\n",), b"text/event-stream", '"result": {"content": []}'),
        ((b"no such thing",), b"text/plain", "the server does not answer"),
        ((b'{"json', b""), b"application/json", "the server does not answer"),
    ],
)
def test_a_question_and_then_whatever_the_server_answers(
    chunks: tuple[bytes, ...], kind: bytes, said: str
) -> None:
    """The user is asked on a stream, and what becomes of the call follows there."""
    capable: dict[str, Any] = {"params": {"capabilities": {"elicitation": {}}}}
    pay = READ | {"params": {"name": "pay", "arguments": {"to": "ann@us", "amount": 999}}}
    gateway = Gateway(guard_of(Office()))
    found = []

    async def main(own: str) -> None:
        async with httpx2.AsyncClient(timeout=300) as client:
            await client.post(own, json={"jsonrpc": "2.0", "id": 0, "method": "initialize"} | capable)
            headers = {"mcp-session-id": "s"}
            async with client.stream("POST", own, json=pay, headers=headers) as answer:
                async for line in answer.aiter_lines():
                    found.append(line.removeprefix("data: "))
                    if "elicitation/create" in line:
                        yes = {"action": "accept", "content": {"allow": True}}
                        reply = {"jsonrpc": "2.0", "id": json.loads(found[-1])["id"], "result": yes}
                        assert (await client.post(own, json=reply, headers=headers)).status_code == 202

    with served(scripted(*chunks, kind=kind)) as url, proxied(lambda name: gateway, url) as own:
        asyncio.run(main(own))
    assert said in " ".join(found[1:])


META = {"_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([("Mcp-Method", "tools/call"), ("Mcp-Name", "read"), ("Mcp-Param-Path", "/data/a")], 200),
        ([("Mcp-Name", "=?base64?cmVhZA==?=")], 200),
        ([("Mcp-Method", "ping")], 400),
        ([("Mcp-Method", "tools/Call")], 400),
        ([("Mcp-Name", "pay")], 400),
        ([("Mcp-Name", "=?base64?cGF5?=")], 400),
        ([("Mcp-Name", "read"), ("Mcp-Name", "pay")], 400),
        ([("Mcp_Name", "read")], 400),
        ([("Mcp-Param-Path", "/etc")], 400),
        ([("MCP-Protocol-Version", "2025-11-25")], 400),
        ([("Mcp-Session-Id", ""), ("Mcp-Session-Id", "b")], 400),
        ([("Content-Type", "application/json; charset=utf-7")], 400),
        ([("Content-Type", "application/json"), ("Content-Type", "text/plain")], 400),
        ([("Content-Type", "text/plain")], 400),
        ([("Content-Type", 'application/json; charset="UTF-8"')], 200),
        ([("Content-Encoding", "gzip")], 400),
        ([("X-HTTP-Method-Override", "DELETE")], 400),
    ],
)
def test_headers_that_say_something_else(headers: list[tuple[str, str]], status: int) -> None:
    """A header that differs from the body, or from its other copy, is an error; one that agrees passes."""
    reached: list[Any] = []

    async def server(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            reached.append(dict(scope["headers"]))
            await scripted(RESULT, kind=b"application/json")(scope, receive, send)

    own_type = [] if any(k == "Content-Type" for k, _ in headers) else [("Content-Type", "application/json")]
    message = READ | {"params": {"name": "read", "arguments": {"path": "/data/a"}, **META}}
    with served(server) as url, proxied(lambda name: Gateway(guard_of(Office())), url) as own:
        answer = httpx2.post(own, content=json.dumps(message), headers=[*own_type, *headers], timeout=300)
    assert answer.status_code == status
    assert ("error" in answer.json()) is (status != 200)
    assert [each[b"content-type"] for each in reached] == [b"application/json"] * (status == 200)


def test_headers_that_repeat_what_a_rule_rewrote() -> None:
    """A copy of an argument that a rule has rewritten does not go on."""
    reached: list[Any] = []

    async def server(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            reached.append(dict(scope["headers"]))
            await scripted(RESULT, kind=b"application/json")(scope, receive, send)

    message = READ | {"params": {"name": "read", "arguments": {"path": "a"}}}
    with served(server) as url, proxied(lambda name: Gateway(guard_of(Office())), url) as own:
        assert httpx2.post(own, json=message, headers={"Mcp-Param-Path": "a"}, timeout=300).status_code == 200
    assert b"mcp-param-path" not in reached[0]


def test_sessions_are_the_servers() -> None:
    """A client has the sessions that the server began for it; of too many it loses its own oldest."""
    made = []

    def gateway(name: str) -> Gateway:
        made.append(name)
        return Gateway(guard_of(Office()), session=name)

    gateways = Gateways(gateway)
    gateways.begin("quiet", "b")
    for number in range(MOST + 2):
        gateways.begin(f"s{number}", "a")
    assert gateways.of("s0") is gateways.of("s1") is gateways.of("guess") is None
    assert gateways.of("quiet") is not None
    assert gateways.of("") is gateways.of("")
    assert gateways.begin("s5", "b") is gateways.of("s5")
    assert len(made) == MOST + 4
    gateways.end("s5")
    assert gateways.of("s5") is None
    gateways.close()
    assert gateways.of("quiet") is None


def test_many_clients_with_a_few_sessions_each() -> None:
    """There is a bound for all: the client with the most sessions loses one."""
    guard = Guard(text=".action stop()")
    gateways = Gateways(lambda name: Gateway(guard, session=name))
    for number in range(IN_ALL):
        gateways.begin(f"s{number}", f"c{number // 2}")
    gateways.begin("third", "c7")
    assert [gateways.of(name) is None for name in ("s14", "s15", "third", "s16")] == [
        True,
        False,
        False,
        False,
    ]
