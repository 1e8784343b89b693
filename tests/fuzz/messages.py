"""Generated messages of MCP, and requests over HTTP, most of them odd: nothing that a lenient server would
call gets past the guard, unless the guard admitted just that call.

``python -m tests.fuzz.messages --count 100000 --seed 1`` runs by hand; the tests run some hundreds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import time
from collections import Counter
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from starlette.requests import Request

from mpr_logic.guard.guard import Guard
from mpr_logic.guard.tools import Tools
from mpr_logic.integrations.http.app import application
from mpr_logic.integrations.mcp.gateway import Gateway, Gateways
from mpr_logic.integrations.mcp.relay import HttpRelay
from mpr_logic.integrations.mcp.stdio import LineRelay
from tests.fuzz.lenient import by_headers, readers_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.fuzz.lenient import Called, Reader

Pairs = list[tuple[str, Any]]
"""A JSON object as it is written: keys may stand twice."""

TEXT = {"type": "string"}
TOOLS = [
    {
        "name": "read",
        "inputSchema": {"type": "object", "properties": {"path": TEXT}, "additionalProperties": True},
    },
    {
        "name": "note",
        "inputSchema": {"type": "object", "properties": {"text": TEXT, "at": {"type": "object"}}},
    },
    {"name": "pay", "inputSchema": {"type": "object", "properties": {"to": TEXT}, "required": ["to"]}},
]
RULES = """
@id(elsewhere) forbid read(path: P) :- contains(P, "/etc").
@id(never) forbid pay(to: _).
"""
AGENT, OPERATOR = "agent-token", "operator-token"
FRESH = 500
"""The messages that one guard sees: it keeps what it admitted."""


def allowed(call: Called, reader: Reader | None = None) -> bool:
    """Whether a call keeps the policy, whoever reads it so; told without the guard."""
    name, arguments = call
    fold = reader.key if reader is not None else str.lower
    given = {fold(key): value for key, value in arguments.items()}
    if fold(name) == "read":
        return "/etc" not in str(given.get("path"))
    return fold(name) == "note"


# -- what is sent ------------------------------------------------------------------------------------


class Writer:
    """Writes odd messages, by chance.

    Args:
        seed: the same one writes the same messages.
    """

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)

    def one(self) -> tuple[bytes, list[tuple[str, str]]]:
        """A body, and the headers that it comes with over HTTP."""
        rng = self.rng
        message = self._message()
        for _ in range(rng.choice((0, 1, 1, 2, 3))):
            rng.choice((self._respell, self._twice, self._member, self._params, self._arguments))(message)
        return self._bytes(message), self._headers()

    def _message(self) -> Pairs:
        name = self.rng.choice(("read", "read", "read", "note", "pay"))
        return [
            ("jsonrpc", "2.0"),
            ("id", self.rng.randrange(100)),
            ("method", "tools/call"),
            ("params", [("name", name), ("arguments", self._given(name))]),
        ]

    def _given(self, name: str) -> Pairs:
        good = self.rng.random() < 0.7
        if name == "read":
            return [("path", "/data/a" if good else "/etc/passwd")]
        return [("text", "hello")] if name == "note" else [("to", "eve")]

    def _spelling(self, key: str) -> str:
        rng = self.rng
        odd = {"s": "\u017f", "k": "\u212a", "i": "\u0131", "I": "\u0130"}
        wide = {chr(c): chr(c + 0xFEE0) for c in range(33, 127)}
        match rng.randrange(8):
            case 0:
                return key.upper()
            case 1:
                return key.title()
            case 2:
                return "".join(odd.get(c, c) for c in key)
            case 3:
                return "".join(wide[c] for c in key if c in wide)
            case 4:
                place = rng.randrange(len(key) + 1)
                return key[:place] + rng.choice("\u200b\u00ad\ufeff ") + key[place:]
            case 5:
                return rng.choice((f" {key}", f"{key} ", f"{key}\x00", f"{key}\u0301"))
            case 6:
                return "".join(c.upper() if rng.random() < 0.4 else c for c in key)
        return key

    def _objects(self, message: Pairs) -> list[Pairs]:
        """The objects of a message that are there to be spoiled."""
        found, left = [], [message]
        while left:
            each = left.pop()
            found.append(each)
            left += [
                value
                for _, value in each
                if isinstance(value, list) and value and isinstance(value[0], tuple)
            ]
        return found

    def _respell(self, message: Pairs) -> None:
        into = self.rng.choice(self._objects(message))
        place = self.rng.randrange(len(into))
        into[place] = (self._spelling(into[place][0]), into[place][1])

    def _twice(self, message: Pairs) -> None:
        """Another value for a key, before or behind it, spelled so or otherwise."""
        into = self.rng.choice(self._objects(message))
        key = self.rng.choice(into)[0]
        other = {
            "path": "/etc/shadow",
            "name": "pay",
            "method": self.rng.choice(("ping", "tools/call")),
            "arguments": [("path", "/etc/shadow"), ("to", "eve")],
            "params": [("name", "pay"), ("arguments", [("to", "eve")])],
        }.get(key, 7)
        into.insert(self.rng.choice((0, len(into))), (self._spelling(key), other))

    def _member(self, message: Pairs) -> None:
        """Another member at the top, or none of one."""
        rng = self.rng
        key, value = rng.choice(
            (
                (
                    "method",
                    rng.choice(("tools/Call", " tools/call", "tools/execute", "rpc.call", "tools//call")),
                ),
                (
                    "method",
                    rng.choice(("notifications/initialized", "ping", "resources/read", "tools/call\n")),
                ),
                ("id", rng.choice((None, 1.5, True, "x", 10**30, [1], "1" * 400))),
                ("jsonrpc", rng.choice(("1.0", 2.0, None, "2.00"))),
                ("result", [("content", "x")]),
                ("error", None),
                ("method", None),
            )
        )
        kept = [pair for pair in message if pair[0] != key]
        message[:] = kept if rng.random() < 0.15 else [*kept, (key, value)]

    def _params(self, message: Pairs) -> None:
        """Parameters of another kind, or with more in them."""
        rng = self.rng
        for place, (key, value) in enumerate(message):
            if key == "params" and type(value) is list:
                more = rng.choice(
                    (
                        [("_meta", [("a", 1), ("A", 2)])],
                        [("task", [("ttl", 1)])],
                        [("requestState", "mpr-x"), ("inputResponses", [("mpr", [("action", "accept")])])],
                        [("tool", "pay"), ("args", [("to", "eve")])],
                    )
                )
                others = (
                    value + more,
                    more + value,
                    Listed([value]),
                    write(value, False),
                    None,
                )
                message[place] = (key, rng.choice(others))

    def _arguments(self, message: Pairs) -> None:
        """Arguments of another kind, or with more in them."""
        rng = self.rng
        for into in self._objects(message):
            for place, (key, value) in enumerate(into):
                if key == "arguments":
                    odd = ("at", [(self._spelling("path"), "/etc/x"), ("path", "/data/x")])
                    number = ("n", rng.choice((Raw("1e999"), Raw("NaN"), Raw("-0"), 10**40, 0.1)))
                    text = ("t", rng.choice(("\ud800", "a\x00b", "+ACI-,+ACI-path+ACI-:+ACI-/etc", "\u2028")))
                    pairs = value if type(value) is list else []
                    quoted = '{"path": "/data/a", "path": "/etc/x"}'
                    choices = ([*pairs, odd], [*pairs, number], [*pairs, text], quoted, Listed([pairs]), None)
                    into[place] = (key, rng.choice(choices))

    def _bytes(self, message: Pairs) -> bytes:
        rng = self.rng
        text = write(message, rng.random() < 0.2)
        if rng.random() < 0.12:
            other = write(self._message(), False)
            text = rng.choice(
                (f"[{text}]", f"[{other},{text}]", text + other, f"{text}\n{other}", f"{text},{other}")
            )
            text = rng.choice(
                (text, f"/* {other} */{text}", f"{text} // x", f"\ufeff{text}", f"{text}\x00{other}")
            )
        encoding = (
            "utf-8" if rng.random() < 0.93 else rng.choice(("utf-16", "utf-16-be", "utf-7", "utf-8-sig"))
        )
        return text.encode(encoding, "surrogatepass")

    def _headers(self) -> list[tuple[str, str]]:
        rng = self.rng
        found = [("content-type", "application/json")]
        if rng.random() < 0.3:
            odd = (
                ("content-type", "application/json; charset=utf-7"),
                ("content-type", "text/plain"),
                ("content-encoding", "gzip"),
                ("mcp-method", rng.choice(("tools/call", "ping", "tools/Call"))),
                ("mcp-name", rng.choice(("read", "pay", "=?base64?cGF5?="))),
                ("Mcp_Name", "pay"),
                ("mcp-param-path", rng.choice(("/data/a", "/etc/x"))),
                ("mcp-session-id", "x"),
                ("transfer-encoding", "chunked"),
                ("x-http-method-override", "DELETE"),
            )
            more = rng.sample(odd, rng.randrange(1, 4))
            found = found + more if rng.random() < 0.7 else more
        return found


class Raw(str):
    """Text that stands in JSON as it is."""


class Listed(list[Any]):
    """A JSON list, where other lists are objects."""


def write(value: Any, escaped: bool) -> str:
    """A value as JSON, with objects as they are written; with the letters of texts escaped or not."""
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, Listed):
        return "[" + ", ".join(write(each, escaped) for each in value) + "]"
    if isinstance(value, list) and all(isinstance(each, tuple) for each in value):
        return "{" + ", ".join(f"{write(k, escaped)}: {write(v, escaped)}" for k, v in value) + "}"
    if isinstance(value, str) and escaped:
        return '"' + "".join(f"\\u{ord(c):04x}" if ord(c) < 0x10000 else c for c in value) + '"'
    return json.dumps(value, ensure_ascii=False)


# -- what it passes ----------------------------------------------------------------------------------


class Lines(LineRelay):
    """The proxy on standard streams; what would reach the server is kept."""

    def __init__(self, gateway: Gateway, line: bytes) -> None:
        self.lines = [line.replace(b"\n", b" ") + b"\n"]
        self.said: list[bytes] = []
        self.reached: list[bytes] = []
        super().__init__(gateway, [], self)

    async def read(self) -> bytes:
        """The one line of the client."""
        return self.lines.pop() if self.lines else b""

    async def write(self, line: bytes) -> None:
        """Keep a line that is written to the client."""
        self.said.append(line)

    async def _revive(self) -> None:
        pass

    async def _write_line(self, line: bytes) -> None:
        self.reached.append(line)


class Answer:
    """The answer of a server over HTTP."""

    status_code, is_redirect = 200, False
    headers = {"content-type": "application/json"}  # noqa: RUF012 - as an answer has them

    async def aiter_bytes(self) -> AsyncIterator[bytes]:
        """Its body."""
        yield b'{"jsonrpc": "2.0", "id": 1, "result": {"content": []}}'

    async def aclose(self) -> None:
        """The end of it."""


class Reached:
    """A client of a server over HTTP, which keeps what would reach it."""

    def __init__(self) -> None:
        self.reached: list[tuple[dict[str, str], bytes]] = []

    def build_request(self, method: str, url: str, *, headers: dict[str, str], content: bytes | None) -> Any:
        """A request, as it is."""
        return SimpleNamespace(headers=headers, content=content or b"")

    async def send(self, request: Any, *, stream: bool) -> Answer:
        """Keep a request."""
        self.reached.append((request.headers, request.content))
        return Answer()


def request_of(path: str, body: bytes, headers: list[tuple[str, str]]) -> tuple[dict[str, Any], Any]:
    """The scope of a request, and what receives its body."""
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "client": ("127.0.0.1", 1),
        "headers": [
            (b"host", b"127.0.0.1"),
            *((k.encode(), v.encode("latin-1", "replace")) for k, v in headers),
        ],
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return scope, receive


class Fuzz:
    """Sends what a writer writes over each way in, and holds what gets through against the policy.

    Args:
        seed: of the writer.
    """

    def __init__(self, seed: int) -> None:
        self.writer = Writer(seed)
        self.counts: Counter[str] = Counter()
        self.admitted: list[Called] = []

    async def run(self, count: int) -> Counter[str]:
        """Send so many messages over each way in. Fails on the first that gets through."""
        for number in range(count):
            if number % FRESH == 0:
                guard = Guard(text=RULES, tools=Tools(TOOLS), timeout=60.0)
                gateway = self._watched(guard)
                app = application(guard, token=AGENT, operator_token=OPERATOR)
            body, headers = self.writer.one()
            self.counts["messages"] += 1
            await self._over_lines(gateway, body)
            await self._over_http(gateway, body, headers)
            if number % 4 == 0:
                await self._over_service(app, body, headers)
        return self.counts

    def _watched(self, guard: Guard) -> Gateway:
        asked = guard.acheck

        async def acheck(*given: Any, **more: Any) -> Any:
            verdict = await asked(*given, **more)
            if verdict.runs:
                self.admitted.append((verdict.call.tool, verdict.arguments))
            return verdict

        guard.acheck = acheck  # type: ignore[method-assign]
        return Gateway(guard)

    async def _over_lines(self, gateway: Gateway, body: bytes) -> None:
        self.admitted.clear()
        lines = Lines(gateway, body)
        await lines.upwards()
        assert lines.reached or lines.said or not body.strip(), body
        self._hold([({}, each) for each in lines.reached], body)

    async def _over_http(self, gateway: Gateway, body: bytes, headers: list[tuple[str, str]]) -> None:
        self.admitted.clear()
        client = Reached()
        relay = HttpRelay(Gateways(lambda name: gateway), "http://127.0.0.1/mcp", client)  # type: ignore[arg-type]
        answer = await relay.handle(Request(*request_of("/mcp", body, headers)))
        assert answer.status_code != 500, body
        self._hold(client.reached, body)

    def _hold(self, reached: list[tuple[dict[str, str], bytes]], body: bytes) -> None:
        """Assert that no reader finds a call which the guard did not admit just so."""
        assert len(reached) <= 1, body
        for headers, content in reached:
            self.counts["reached"] += 1
            for reader in readers_of(headers):
                for call in reader.calls(content):
                    self.counts["called, by some reader"] += 1
                    assert allowed(call, reader), (body, content, reader)
                    same = [(n, reader.calls(as_call(n, a))) for n, a in self.admitted]
                    assert any([call] == calls for _, calls in same), (body, content, reader, self.admitted)
            for call in by_headers(headers):
                self.counts["called, by headers"] += 1
                assert allowed(call), (body, headers)

    async def _over_service(self, app: Any, body: bytes, headers: list[tuple[str, str]]) -> None:
        """The guard over HTTP: what it says runs keeps the policy, and no agent states a fact."""
        fact = [("id", "x"), ("succeeded", True), ("facts", Listed(['internal("x")']))]
        asked = [("tool", "read"), ("arguments", [("path", "/data/a")])]
        for path, pairs in (("/check", asked), ("/record", fact)):
            for _ in range(self.writer.rng.choice((0, 1, 2))):
                self.writer.rng.choice((self.writer._respell, self.writer._twice))(pairs)
            for sent in (body, write(pairs, False).encode("utf-8", "surrogatepass")):
                status, said = await asked_of(app, path, sent, headers)
                self.counts["requests of the service"] += 1
                assert status < 500, (path, sent)
                if path == "/record":
                    assert status != 200, sent
                elif status == 200 and json.loads(said)["runs"]:
                    self.counts["admitted by the service"] += 1
                    assert allowed(("read", json.loads(said)["arguments"])), sent


def as_call(name: str, arguments: dict[str, Any]) -> bytes:
    """A plain message that makes a call."""
    params = {"name": name, "arguments": arguments}
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).encode()


async def asked_of(app: Any, path: str, body: bytes, headers: list[tuple[str, str]]) -> tuple[int, bytes]:
    """The status and the body that an application answers."""
    said: list[dict[str, Any]] = []
    scope, receive = request_of(path, body, [*headers, ("authorization", f"Bearer {AGENT}")])

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    await app(scope | {"root_path": "", "scheme": "http", "server": ("127.0.0.1", 80)}, receive, send)
    return said[0]["status"], b"".join(each.get("body", b"") for each in said[1:])


def main() -> None:
    """Run by hand, and say what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    start = time.process_time()
    counts = asyncio.run(Fuzz(given.seed).run(given.count))
    print(
        json.dumps(
            {**counts, "got through": 0, "seconds of CPU": round(time.process_time() - start)}, indent=1
        )
    )


if __name__ == "__main__":
    main()
