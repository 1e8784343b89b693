"""The MCP server that answers whether calls may be made, asked by a real client."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mcp", reason="needs the extra: pip install 'mpr-logic[mcp]'")

from mcp import Client, StdioServerParameters

from mpr_logic.integrations.mcp.server import mcp_server
from tests.integrations.contract import Office, guard_of

TOP = Path(__file__).parent.parent.parent
PAY = {"tool": "pay", "arguments": {"to": "ann@us", "amount": 1}}


def asked(server: Any, *questions: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Ask a server these questions as a client, and return the answers."""

    async def main() -> list[dict[str, Any]]:
        async with Client(server, read_timeout_seconds=300) as client:
            names = [each.name for each in (await client.list_tools()).tools]
            assert names == ["check", "why", "list_rules"]
            found = [await client.call_tool(tool, arguments) for tool, arguments in questions]
            assert not any(each.is_error for each in found)
            return [each.structured_content or {} for each in found]

    return asyncio.run(main())


def test_check_why_and_rules() -> None:
    """A question by `check` counts as a call, one by `why` does not; the rules are told too."""
    guard = guard_of(Office())
    first, free, again, why, rules = asked(
        mcp_server(guard), ("why", PAY), ("check", PAY), ("check", PAY), ("why", PAY), ("list_rules", {})
    )
    assert (first["runs"], first["admissible"]) == (False, True)
    assert (free["runs"], free["outcome"]) == (True, "admit")
    assert (again["runs"], again["outcome"]) == (False, "reject")
    assert "was paid already" in again["message"]
    assert (why["runs"], why["admissible"]) == (False, False)
    assert "decision" not in why
    assert rules["version"] == guard.rules.program.version
    assert "outside" in {each["id"] for each in rules["rules"]}


def test_an_operator_is_told_everything() -> None:
    """For an operator `why` has the decision, with its proofs and repairs."""
    body = {"tool": "send", "arguments": {"to": ["eve@them"], "text": "x"}}
    (said,) = asked(mcp_server(guard_of(Office()), operator=True), ("why", body))
    assert said["decision"]["reasons"][0]["rule"]["id"] == "outside"
    assert said["decision"]["repairs"]


def test_mpr_mcp() -> None:
    """A real client runs ``mpr mcp``."""
    office = "docs/examples/office"
    arguments = ["-m", "mpr_logic.cli", "mcp", f"{office}/office.dl", "--tools", f"{office}/tools.json"]
    server = StdioServerParameters(command=sys.executable, args=arguments, cwd=TOP)
    mail = {"to": ["eve@example.net"], "subject": "x", "body": "y"}
    (said,) = asked(server, ("check", {"tool": "send_email", "arguments": mail}))
    assert (said["runs"], "is not one of us" in said["message"]) == (False, True)
