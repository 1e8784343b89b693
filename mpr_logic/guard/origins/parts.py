"""Parts of a text that are values of their own: addresses, links, accounts, paths, numbers, names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from mpr_logic.guard.origins.hosts import hosts
from mpr_logic.guard.origins.spelling import key, readable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mpr_logic.guard.origins.records import Scalar

LONGEST = 1_000
"""The most characters of a text whose numbers, names and words are parts."""

FEW_WORDS = 8
"""A text of more words is no name of anybody: its words are no parts."""


class Part(NamedTuple):
    """A part of a text: its kind, and the value."""

    kind: str
    value: Scalar


_EMAIL = re.compile(r"[\w.+%-]{1,64}@[\w-]+(?:\.[\w-]+)+")  # bounded, so that time is linear
_LINK = re.compile(r"(?:\b[a-z][a-z0-9+.-]{1,15}://|\bwww\.)[^\s\"'<>`\]})|,]+", re.IGNORECASE)
_HOST = re.compile(
    r"(?<![\w@./-])(?:\w[\w-]*\.)+(?:xn--[\w-]*\w|[^\W\d_]{2,})(?:/[^\s\"'<>`\]})|,]*)?", re.IGNORECASE
)
_ACCOUNT = re.compile(
    r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b|\b\d{4}(?:[ -]?\d{4}){1,4}\b"
)
_PHONE = re.compile(r"(?<![\w])\+\d[\d ()./-]{6,20}\d\b")
_PATH = re.compile(
    r"(?<![\w/.:])(?:~|\.{1,2}|[A-Za-z]:)?[/\\](?:[\w.@-]+[/\\])*[\w.@-]+|(?<![\w/.:-])(?:[\w-]+/)+[\w.-]+\.\w+"
)
_NUMBER = re.compile(r"(?<![\w.,])\d+(?:\.\d+)?(?![\w.,]\w|\w)")
_NAME = re.compile(r"\b[A-Z][^\W\d_'-]+(?:[ '-][A-Z][^\W\d_]+){1,3}\b")
_WORD = re.compile(r"[^\W\d_]{3,}")
_AFTER_AT = re.compile(r"@\S*")
_ENDS = ".,;:!?"


def parts(text: str) -> list[Part]:
    """The values inside a text, each once, in the order of their kinds.

    ``email`` and ``link`` stand as written; ``host`` is each host that a link may lead to, and
    the domain of an address.
    ``account`` is an IBAN or another number in groups, ``path`` a path of a file, ``number`` a number,
    ``name`` several words with capitals. ``word`` are the words of a short text, of an address those before
    the ``@``.
    """
    if text.isalpha() and text.isascii() and text.lower() != "localhost":  # as most that are asked about
        return [Part("word", text)] if 3 <= len(text) <= LONGEST else []
    found = dict.fromkeys(_all(text))
    plain = readable(text)
    if plain != text:
        found |= dict.fromkeys(_all(plain))
    return list(found)


def _all(text: str) -> Iterator[Part]:
    rest = text
    for each in _EMAIL.findall(text) if "@" in text else ():
        yield Part("email", each.rstrip(_ENDS))
        yield Part("host", key(each.rpartition("@")[2]))
    if "://" in text or "www." in text.lower():
        for each in _LINK.findall(text):
            link = each.rstrip(_ENDS)
            yield Part("link", link)
            if "://" not in link:
                yield Part("host", _host(link))
        rest = _LINK.sub(" ", rest)
    if "." in text:
        for each in _HOST.findall(_EMAIL.sub(" ", rest)):
            link = each.rstrip(_ENDS)
            if "/" in link or not _is_file(link):
                yield Part("link", link)
                yield Part("host", _host(link))
    for each in hosts(text):
        yield Part("host", each)
    for each in _ACCOUNT.findall(rest):
        yield Part("account", each)
    for each in _PHONE.findall(rest) if "+" in rest else ():
        yield Part("phone", each)
    for each in _PATH.findall(rest) if "/" in rest or "\\" in rest else ():
        yield Part("path", each)
    if len(text) > LONGEST:
        return
    for each in _NUMBER.findall(_ACCOUNT.sub(" ", rest)):
        if len(each) <= 15:
            yield Part("number", float(each) if "." in each else int(each))
    for each in _NAME.findall(rest):
        yield Part("name", each)
    if text.count(" ") < FEW_WORDS:
        for each in _WORD.findall(_LINK.sub(" ", _AFTER_AT.sub(" ", text))):
            yield Part("word", each)


def _host(link: str) -> str:
    """The host of a link without a scheme."""
    return re.split(r"[/?#]", key(link), maxsplit=1)[0]


_FILES = frozenset(
    "txt md pdf doc docx xls xlsx ppt pptx csv tsv json xml yml yaml html htm log ini cfg toml py js ts "
    "java c h cpp go rs rb php sh bat exe bin zip tar gz png jpg jpeg gif svg mp3 mp4 wav ics eml dl sql "
    "db".split()
)


def _is_file(name: str) -> bool:
    return name.rpartition(".")[2].lower() in _FILES
