"""The headers of an MCP request over HTTP: what a server could take for another request than its body says.

Since the protocol's version of 2026-07-28 headers repeat parts of the body, and servers may go by them.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from mpr_logic.errors import StateError
from mpr_logic.integrations.mcp.messages import meta_of, params_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mpr_logic.integrations.mcp.messages import Message

SESSION, METHOD, NAME, VERSION, PARAM = (
    "mcp-session-id",
    "mcp-method",
    "mcp-name",
    "mcp-protocol-version",
    "mcp-param-",
)
_ONCE = {
    *(SESSION, METHOD, NAME, VERSION, "authorization", "origin", "host", "last-event-id"),
    *("content-type", "content-length", "content-encoding", "transfer-encoding"),
}
"""Headers that stand once: of two, each server takes its own."""
_OTHER_METHODS = {"x-http-method", "x-http-method-override", "x-method-override"}
_NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
"""By method: the parameter that the name in the headers repeats."""
_VERSION_KEY = "io.modelcontextprotocol/protocolVersion"


def hold(headers: Iterable[tuple[str, str]], message: Message) -> None:
    """Hold the headers of a request against what its body says.

    Args:
        headers: their names and values, as they came.
        message: the body; empty where there is none.

    Raises:
        StateError: they contradict it, or each other; or say that it is no plain JSON.
    """
    seen: dict[str, str] = {}
    for given, value in headers:
        written = given.lower()
        name = written.replace("_", "-")  # one to servers that make variables of headers
        if name in seen and (name in _ONCE or name.startswith(PARAM)):
            raise StateError(f"the header `{name}` stands twice")
        if name != written and (name in _ONCE or name.startswith("mcp-")):
            raise StateError(f"the header `{written[:60]}` is `{name[:60]}` to some servers: write it so")
        if name in _OTHER_METHODS:
            raise StateError(f"the header `{name}` asks for another method than the request has")
        seen[name] = value
    if "content-length" in seen and "transfer-encoding" in seen:
        raise StateError("a body has a length, or is sent in chunks, not both")
    if seen.get("content-encoding", "identity").lower() != "identity":
        raise StateError("send the body as it is, without a Content-Encoding")
    if message:
        _hold_type(seen.get("content-type", ""))
    _hold_copies(seen, message)


def _hold_type(given: str) -> None:
    kind, *parameters = (each.strip().lower() for each in given.split(";"))
    encodings = {each.replace(" ", "").replace('"', "") for each in parameters if each}
    if kind != "application/json" or encodings - {"charset=utf-8"}:
        raise StateError("send JSON in UTF-8, as Content-Type: application/json")


def _hold_copies(seen: dict[str, str], message: Message) -> None:
    """Hold what headers repeat against the body."""
    method, params = message.get("method"), params_of(message)
    if METHOD in seen and seen[METHOD] != method:
        raise StateError("the header Mcp-Method names another method than the body")
    if NAME in seen:
        name = params.get(_NAMED.get(method or "", ""))
        if not isinstance(name, str) or _decoded(seen[NAME]) != name:
            raise StateError("the header Mcp-Name names something else than the body")
    version = meta_of(message).get(_VERSION_KEY)
    if VERSION in seen and version is not None and seen[VERSION] != version:
        raise StateError("the header MCP-Protocol-Version names another version than the body")
    for name, value in seen.items():
        if name.startswith(PARAM) and not _is_given(value, params.get("arguments"), method):
            raise StateError(f"the header `{name[:60]}` says something else than the arguments")


def fitting(headers: dict[str, str], arguments: Any) -> dict[str, str]:
    """Headers without those that repeat arguments which a rule has rewritten."""
    return {
        k: v for k, v in headers.items() if not k.startswith(PARAM) or _is_given(v, arguments, "tools/call")
    }


def _is_given(header: str, arguments: Any, method: str | None) -> bool:
    """Whether the value of a header is one of the arguments of a call."""
    if method != "tools/call":
        return False
    left, decoded = [arguments], _decoded(header)
    while left:
        each = left.pop()
        if isinstance(each, dict):
            left += each.values()
        elif isinstance(each, bool):
            if decoded == ("true" if each else "false"):
                return True
        elif isinstance(each, (str, int, float)) and decoded == str(each):
            return True
    return False


def _decoded(value: str) -> str | None:
    """The text of a header that repeats one; None where it is none."""
    if not (value.startswith("=?base64?") and value.endswith("?=")):
        return value
    given = value[len("=?base64?") : -len("?=")]
    try:
        data = base64.b64decode(given, validate=True)
        return data.decode() if base64.b64encode(data).decode() == given else None
    except (binascii.Error, ValueError):
        return None
