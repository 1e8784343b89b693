"""A real MCP server with the office's tools, run as a command.

``python -m tests.integrations.mcp_office FILE`` starts it.

What it does it appends to the file, a line of JSON for each call. With ``http`` behind the file it serves
streamable HTTP on a port of the loopback, which it says once it listens.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from mcp.server.mcpserver import MCPServer

from tests.integrations.contract import content


def server(file: Path) -> MCPServer:
    """The server."""
    made = MCPServer("office")

    def done(tool: str, **arguments: object) -> None:
        with file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps([tool, {k: v for k, v in arguments.items() if v is not None}]) + "\n")

    @made.tool()
    def send(to: list[str], text: str, copy: str | None = None) -> str:
        """Send a message."""
        done("send", to=to, text=text, copy=copy)
        return f"sent to {len(to)}"

    @made.tool()
    def pay(to: str, amount: float) -> str:
        """Pay someone."""
        done("pay", to=to, amount=amount)
        if to == "nobody":
            raise ValueError("there is no such person")
        return f"paid {amount:g}"

    @made.tool()
    def read(path: str) -> str:
        """Read a file."""
        done("read", path=path)
        return content(path)

    @made.resource("office://motto")
    def motto() -> str:
        """The office's motto."""
        return "festina lente"

    return made


if __name__ == "__main__":
    made = server(Path(sys.argv[1]))
    if len(sys.argv) > 2:
        import socket

        import uvicorn

        with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
            print(listener.getsockname()[1], flush=True)
            app = made.streamable_http_app()
            uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])
    else:
        made.run("stdio")
