"""Hosts that a text leads to: every one that a parser of URLs or a browser would go to.

They differ: to a browser a backslash is a slash, and any number of slashes follows ``https:``; to other
parsers it belongs to the name of a user. So a link may have several hosts, and all of them are named.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from typing import TYPE_CHECKING

from mpr_logic.guard.origins.spelling import canonical, without_www

if TYPE_CHECKING:
    from collections.abc import Iterator

_SCHEME = r"(?:https?|ftp|wss?):[/\\]*|[a-z][a-z0-9+.-]{1,15}://[/\\]*"
_START = re.compile(rf"{_SCHEME}|(?<![\w:/\\.-])/[/\\]+", re.IGNORECASE)
_WHOLE = re.compile(rf"{_SCHEME}|[/\\]{{2,}}", re.IGNORECASE)
_READINGS = (
    re.compile(r"[^\s\"'<>`\]})|,/\\?#]*"),  # as people read a link in a sentence
    re.compile(r"[^\s\"<>/?#]*"),  # as parsers do
    re.compile(r"[^\s\"<>/\\?#]*"),  # as browsers do
)
_WIDEST = (re.compile(r"[^/?#]*"), re.compile(r"[^/\\?#]*"))
_DROPPED = re.compile(r"[\t\r\n]")  # parsers leave them out

_LONGEST_SIX = 64
_AFTER_AT = re.compile(r"(?<=@)(?:[\w-]+\.)+\w[\w-]*")
_FOUR = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\w|\.\w)")
_SIX = re.compile(r"(?<![\w:.])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f.]{0,15}(?![\w:])", re.IGNORECASE)
_LOCAL = re.compile(r"(?<![\w.-])localhost(?![\w-]|\.\w)", re.IGNORECASE)
_PORT = re.compile(r":\d{1,5}\Z")
_NUMERIC = re.compile(r"[0-9a-fx.]+")
_AROUND = "\"'`.,;!?()[]{}<>|*"


def hosts(text: str) -> list[str]:
    """The hosts of the links in a text, of addresses with numbers, and of a text that is one with a port or
    a name of a user; each once, in their canonical form, without ``www.``."""
    found: dict[str, None] = {}
    for each in (*_of_links(text), *_of_whole(text), *_of_numbers(text)):
        name = without_www(canonical(each).strip(_AROUND))
        if name and " " not in name:
            found[name] = None
            found.update(dict.fromkeys(_as_numbers(name)))
    return list(found)


def host(authority: str) -> str:
    """The host of what stands between a scheme and a path: without the name of a user, and a port."""
    name = authority.rpartition("@")[2]
    return name[1:].partition("]")[0] if name.startswith("[") else name.partition(":")[0]


def _of_links(text: str) -> Iterator[str]:
    read = [0] * len(_READINGS)
    for start in _START.finditer(text):
        at = start.end()
        relative = start.group()[0] == "/"
        authorities = []
        if text[at : at + 1] == "[":
            authorities.append(text[at : at + _LONGEST_SIX].partition("]")[0] + "]")
        for number, reading in enumerate(_READINGS):
            if at >= read[number]:  # else it is a part of the link before
                authorities.append(_at(reading, text, at))
                read[number] = at + len(authorities[-1])
        for name in map(host, authorities):
            if not relative or "." in name or ":" in name or name.lower() == "localhost":
                yield name


def _of_whole(text: str) -> Iterator[str]:
    """The hosts of a text that is one link as a whole, whatever stands in it."""
    text = _DROPPED.sub("", text.strip())
    start = _WHOLE.match(text)
    for ends in _WIDEST:
        authority = _at(ends, text, start.end() if start is not None else 0)
        name = host(authority)
        if start is not None or (
            " " not in authority
            and (
                (_PORT.search(authority) and not name.isdigit())
                or ("@" in authority and ("." in name or name.lower() == "localhost"))
            )
        ):
            yield name


def _of_numbers(text: str) -> Iterator[str]:
    if "@" in text:
        yield from _AFTER_AT.findall(text)
    if text.count(".") > 2:
        yield from _FOUR.findall(text)
    if text.count(":") > 1:
        for each in _SIX.findall(text):
            try:
                yield str(ipaddress.IPv6Address(each.rstrip(".")))
            except ValueError:
                continue  # a time, or another text with colons
    yield from _LOCAL.findall(text)


def _as_numbers(name: str) -> Iterator[str]:
    """The usual form of an address with numbers: a browser goes to 127.0.0.1 for ``0x7f.1``."""
    try:
        if ":" in name:
            yield str(ipaddress.IPv6Address(name))
        elif _NUMERIC.fullmatch(name):
            yield socket.inet_ntoa(socket.inet_aton(name))
    except (OSError, ValueError):
        return


def _at(pattern: re.Pattern[str], text: str, at: int) -> str:
    found = pattern.match(text, at)
    return "" if found is None else found.group()
