"""A scripted server on loopback that speaks the OpenAI API, as well or as badly as a test wants it to."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = Callable[["Handler"], None]


@dataclass
class Server:
    """Gives its replies in turn, the last one for ever. ``asked`` are the paths and bodies that came."""

    url: str
    replies: list[Reply]
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list, repr=False)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self) -> Reply:
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    script: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else what follows the headers waits for 40 ms

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        body = json.loads(self.rfile.read(length))
        with self.script.lock:
            self.script.asked.append((self.path, body))
            reply = self.script.next()
        with contextlib.suppress(ConnectionError):  # the client has given up
            reply(self)

    def log_message(self, *args: object) -> None:
        pass

    def send(self, data: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        kept = {"Content-Type": "application/json", "Content-Length": str(len(data))}
        for name, value in (kept | {k.replace("_", "-"): v for k, v in headers.items()}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)


@contextlib.contextmanager
def serving(*replies: Reply) -> Iterator[Server]:
    """A server with these replies."""
    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server = Server(f"http://127.0.0.1:{http.server_port}/v1", list(replies))
    http.RequestHandlerClass = type("Scripted", (Handler,), {"script": server})
    http.daemon_threads = True
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


USAGE = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
USED = {"input_tokens": 100, "output_tokens": 20, "total_tokens": 120}


def chat(text: str, finish: str = "stop") -> Reply:
    """A chat completion."""
    return plain(chat_json({"role": "assistant", "content": text}, finish))


def called(text: str) -> Reply:
    """A chat completion that calls the custom tool."""
    call = {"id": "c1", "type": "custom", "custom": {"name": "answer", "input": text}}
    return plain(chat_json({"role": "assistant", "content": None, "tool_calls": [call]}, "tool_calls"))


def chat_json(message: dict[str, Any], finish: str) -> dict[str, Any]:
    """A chat completion as plain data."""
    choice = {"index": 0, "message": message, "finish_reason": finish}
    return {"id": "x", "object": "chat.completion", "model": "m", "choices": [choice], "usage": USAGE}


def response(item: dict[str, Any], status: str = "completed") -> Reply:
    """An answer of the responses API."""
    reasoning = {"type": "reasoning", "summary": []}
    return plain(
        {"id": "r", "object": "response", "status": status, "output": [reasoning, item], "usage": USED}
    )


def message(text: str) -> dict[str, Any]:
    """A message among the output of the responses API."""
    return {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}


def plain(value: Any) -> Reply:
    """JSON."""
    return lambda handler: handler.send(json.dumps(value).encode())


def raw(data: bytes, kind: str = "application/json") -> Reply:
    """Bytes that may be anything."""
    return lambda handler: handler.send(data, Content_Type=kind)


def status(code: int, text: str = "no", **headers: str) -> Reply:
    """An error, which may be tried again at once."""
    data = json.dumps({"error": {"message": text, "type": "t", "code": "c"}}).encode()
    return lambda handler: handler.send(data, code, **({"retry_after_ms": "1"} | headers))


def dropped(handler: Handler) -> None:
    """The connection ends in the middle of the answer."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"choices": [')
    handler.wfile.flush()
    handler.close_connection = True
    handler.connection.close()


def slow(asked: threading.Semaphore, answers: threading.Event) -> Reply:
    """Counts who asks. Says nothing before it may, and then a chat completion."""

    def reply(handler: Handler) -> None:
        asked.release()
        answers.wait(600)
        chat("late")(handler)

    return reply


def stream(*pieces: dict[str, Any] | bytes) -> Reply:
    """Server-sent events."""

    def reply(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.close_connection = True
        for piece in pieces:
            data = piece if isinstance(piece, bytes) else json.dumps(piece).encode()
            kind = piece.get("type") if isinstance(piece, dict) else None
            event = f"event: {kind}\n".encode() if kind else b""
            handler.wfile.write(event + b"data: " + data + b"\n\n")
            handler.wfile.flush()

    return reply


def piece(text: str | None = None, finish: str | None = None, call: str | None = None) -> dict[str, Any]:
    """A piece of a streamed chat completion."""
    delta: dict[str, Any] = {} if text is None else {"content": text}
    if call is not None:
        delta = {"tool_calls": [{"index": 0, "custom": {"input": call}}]}
    return {
        "object": "chat.completion.chunk",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }
