"""A scripted model on loopback: it calls the tools that its script says, and keeps what it was asked.

An agent believes that it talks to the server of a vendor. Which turn comes next is read from the request
itself: the ids of the calls made so far are in it. So side requests, repeated ones and ones that come at
once do not disturb the script.
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

DONE = "The script is over."
_ID = re.compile(r"call_(\d+)_\d+")


@dataclass(frozen=True)
class ToolCall:
    """A call of a tool by the model. An argument that is a pattern is the number that its group finds in
    what the model was last told."""

    tool: str
    arguments: dict[str, Any]


Turn = tuple[ToolCall, ...]


@dataclass(frozen=True)
class Dialect:
    """The API of a vendor: the events of a streamed answer, made of the number of the turn and its calls;
    the same answer in one piece; whether an event's type is its name on the wire, too."""

    events: Callable[[int, Turn], list[dict[str, Any]]]
    whole: Callable[[int, Turn], dict[str, Any]]
    named: bool = True


@dataclass
class Model:
    """A scripted model: where it listens, its turns, and what it was asked: paths and bodies."""

    url: str
    dialect: Dialect
    script: Sequence[Turn]
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def next(self, body: dict[str, Any]) -> tuple[int, Turn]:
        """The turn that a request is for: without calls for one that offers no tools, or after the last."""
        made = [int(each) for each in _ID.findall(json.dumps(body))]
        turn = max(made) + 1 if made else 0
        calls = self.script[turn] if body.get("tools") and turn < len(self.script) else ()
        return turn, tuple(ToolCall(call.tool, _filled(call.arguments, body)) for call in calls)

    def answers(self) -> list[str]:
        """The requests after the first turn, as texts: what the model was told of its calls is in them."""
        bodies = [json.dumps(body, ensure_ascii=False) for _, body in self.asked]
        return [text for text in bodies if _ID.search(text)]


def _filled(arguments: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    text = json.dumps(body)
    found = {name: each.findall(text) for name, each in arguments.items() if isinstance(each, re.Pattern)}
    return arguments | {name: int(numbers[-1]) if numbers else 0 for name, numbers in found.items()}


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    model: Model
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with contextlib.suppress(ConnectionError, ValueError):  # what is no JSON is no request to a model
            self._answer(json.loads(data))

    def _answer(self, body: dict[str, Any]) -> None:
        self.model.asked.append((self.path, body))
        if "count" in self.path.lower():  # of tokens
            self._send(json.dumps({"input_tokens": 10, "totalTokens": 10}).encode(), "application/json")
            return
        turn, calls = self.model.next(body)
        dialect = self.model.dialect
        if not (body.get("stream") or "stream" in self.path):
            self._send(json.dumps(dialect.whole(turn, calls)).encode(), "application/json")
            return
        lines = []
        for event in dialect.events(turn, calls):
            name = f"event: {event['type']}\n" if dialect.named else ""
            lines.append(f"{name}data: {json.dumps(event)}\n\n")
        self._send("".join(lines).encode(), "text/event-stream")

    def do_GET(self) -> None:
        self._send(json.dumps({"data": [], "models": []}).encode(), "application/json")

    def do_HEAD(self) -> None:
        self._send(b"", "application/json")

    def _send(self, data: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: object) -> None:
        pass


@contextlib.contextmanager
def scripted(dialect: Dialect, *script: Turn) -> Iterator[Model]:
    """A model that speaks a dialect and takes these turns, as long as the context lasts."""
    http = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    model = Model(f"http://127.0.0.1:{http.server_port}", dialect, script)
    http.RequestHandlerClass = type("Scripted", (_Handler,), {"model": model})
    http.daemon_threads = True
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield model
    finally:
        http.shutdown()
        http.server_close()
        thread.join()
