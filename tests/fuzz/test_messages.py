"""Some hundreds of generated messages: none gets past the guard that it did not admit."""

from __future__ import annotations

import asyncio

import pytest

pytest.importorskip("httpx2", reason="needs the extra: pip install 'mpr-logic[mcp]'")
pytest.importorskip("starlette", reason="needs the extra: pip install 'mpr-logic[serve]'")
pytest.importorskip("prometheus_client", reason="needs the extra: pip install 'mpr-logic[serve]'")

from mpr_logic.guard import tools
from mpr_logic.integrations.mcp import messages as mcp_messages
from mpr_logic.integrations.mcp import relay as mcp_relay
from tests.fuzz.lenient import GUESSING, READERS, UTF_7
from tests.fuzz.messages import Fuzz


@pytest.mark.parametrize("seed", range(3))
def test_nothing_gets_through(seed: int) -> None:
    """Every call that some lenient server would read keeps the policy and was admitted just so; some calls
    get there."""
    counts = asyncio.run(Fuzz(seed).run(300))
    assert counts["messages"] == 300
    assert counts["reached"] > 20
    assert counts["called, by some reader"] > 100
    assert counts["admitted by the service"] > 5


@pytest.mark.parametrize(
    ("module", "name", "broken"),
    [
        (tools, "other_spelling", lambda arguments, schema: None),
        (mcp_messages, "_OF_A_CALL", {}),
        (mcp_messages, "METHODS", mcp_messages.METHODS | {"tools/execute", " tools/call", "rpc.call"}),
        (mcp_relay, "hold", lambda headers, message: None),
    ],
    ids=["keys", "parameters", "methods", "headers"],
)
def test_what_is_held_back_would_get_through(
    module: object, name: str, broken: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without any one of the checks some message does get through: the generated ones would show it."""
    monkeypatch.setattr(module, name, broken)
    with pytest.raises(AssertionError):
        asyncio.run(Fuzz(3).run(3_000))


def test_readers_differ() -> None:
    """The lenient servers read the same bytes in different ways, as real ones do."""
    twice = b'{"method": "tools/call", "params": {"name": "read", "NAME": "pay", "arguments": {}}}'
    names = {call[0] for reader in READERS for call in reader.calls(twice)}
    assert names == {"read", "pay"}
    one, other = (
        b'{"method": "tools/call", "params": {"name": "a"}}',
        b'{"method": "Tools/Call", "params": [{"name": "b"}]}',
    )
    batch = b"[" + one + b"] " + other
    assert [name for name, _ in READERS[-1].calls(batch)] == ["a", "b"]
    wide = '{"method": "tools/call", "params": {"name": "a"}}'
    assert [reader.calls(wide.encode("utf-16")) for reader in GUESSING] == [[("a", {})], [], []]
    quoted = b'{"method": "tools/call", "params": {"name": "a+ACI-, +ACI-name+ACI-: +ACI-b"}}'
    assert UTF_7.calls(quoted) == [("b", {})]
