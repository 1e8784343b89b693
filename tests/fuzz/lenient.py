"""Servers that are lenient about JSON, each in its own way: what they would call for what reaches them."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Called = tuple[str, dict[str, Any]]
"""A tool's name, and its arguments."""


@dataclass(frozen=True)
class Reader:
    """One way to read: how keys are folded, which of two keys counts, and the encoding."""

    folds: str
    first: bool
    encoding: str

    def key(self, key: str) -> str:
        """A key as this reader compares it."""
        match self.folds:
            case "exact":
                return key
            case "lower":
                return key.lower()
            case "upper":
                return key.upper().lower()
            case "forms":
                return unicodedata.normalize("NFKC", key).casefold()
        ended = key.partition("\0")[0]
        return "".join(c for c in ended.casefold() if unicodedata.category(c) != "Cf").strip()

    def _object(self, pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            name = self.key(key)
            if not (self.first and name in found):
                found[name] = value
        return found

    def documents(self, data: bytes) -> Iterator[Any]:
        """The values that stand in some bytes, one behind the other, up to the first fault."""
        text = data.decode(self.encoding, "replace").lstrip("\ufeff")
        decoder = json.JSONDecoder(object_pairs_hook=self._object, strict=False)
        place = 0
        while place < len(text):
            while place < len(text) and text[place] in " \t\r\n,;\x00\x1e":
                place += 1
            try:
                value, place = decoder.raw_decode(text, place)
            except (ValueError, RecursionError):
                return
            yield value

    def calls(self, data: bytes) -> list[Called]:
        """The calls that this reader would make."""
        found: list[Called] = []
        for value in self.documents(data):
            for message in value if isinstance(value, list) else [value]:
                found += self._call(message)
        return found

    def _call(self, message: Any) -> Iterator[Called]:
        if not isinstance(message, dict) or not isinstance(message.get("method"), str):
            return
        method = self.key(message["method"]).strip().strip("/")
        if method not in ("tools/call", "tools/execute", "tools//call", "call", "rpc.call"):
            return
        params = message.get("params")
        for each in params if isinstance(params, list) else [params]:
            if isinstance(each, dict) and isinstance(each.get("name"), str):
                arguments = each.get("arguments")
                if isinstance(arguments, str):
                    arguments = next(self.documents(arguments.encode()), None)
                yield each["name"].strip(), arguments if isinstance(arguments, dict) else {}


READERS = [
    Reader(folds, first, encoding)
    for folds, first, encoding in product(
        ("exact", "lower", "upper", "forms", "seen"), (False, True), ("utf-8",)
    )
]
"""Readers of UTF-8; what a server is told of the encoding is JSON's own."""
GUESSING = [Reader("seen", False, each) for each in ("utf-16", "utf-16-be", "latin-1")]
"""Readers that guess at another encoding."""
UTF_7 = Reader("seen", False, "utf-7")
"""Reads so what a header says to be UTF-7: in it, plain letters can be quotes and commas."""


def readers_of(headers: dict[str, str]) -> list[Reader]:
    """All ways in which a body with these headers may be read."""
    told = "utf-7" in headers.get("content-type", "").lower()
    return [*READERS, *GUESSING, *([UTF_7] if told else [])]


def by_headers(headers: dict[str, str]) -> list[Called]:
    """The call that a server would make which goes by the headers, where they name one."""
    names = {key.lower().replace("_", "-"): value for key, value in headers.items()}
    if names.get("mcp-method", "").strip().lower() != "tools/call" and "mcp-name" not in names:
        return []
    arguments = {k[len("mcp-param-") :]: v for k, v in names.items() if k.startswith("mcp-param-")}
    name = names.get("mcp-name")
    return [(name, arguments)] if name is not None and arguments else []
