"""Spellings of values: one form for all that a reader takes for the same text.

Unicode's compatible forms (NFKC), case, invisible characters, look-alike separators, quotes, marks of
Markdown, line breaks, percent-encoding, and the escapes of HTML and JSON make no difference. Letters of other
scripts that look alike do: a domain with a Cyrillic letter is another domain.
"""

from __future__ import annotations

import html
import re
import unicodedata
from typing import TYPE_CHECKING
from urllib.parse import unquote

from mpr_logic.language.marks import few_marks

if TYPE_CHECKING:
    from collections.abc import Iterator

_INVISIBLE = (
    # Default_Ignorable_Code_Point, as DerivedCoreProperties.txt of Unicode has it
    (0xAD, 0xAD),
    (0x34F, 0x34F),
    (0x61C, 0x61C),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200B, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x206F),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFEFF, 0xFEFF),
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFF8),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0xE0000, 0xE0FFF),
    # controls (General_Category Cc), but for those that lay out a text
    (0x00, 0x08),
    (0x0E, 0x1F),
    (0x7F, 0x9F),
    # what else shows nothing: blanks, marks of annotations, controls of hieroglyphs, noncharacters
    (0x2800, 0x2800),
    (0xFDD0, 0xFDEF),
    (0xFFF9, 0xFFFC),
    (0x13430, 0x13442),
    (0x16FE4, 0x16FE4),
    (0x1D159, 0x1D159),
    *((plane + 0xFFFE, plane + 0xFFFF) for plane in range(0, 0x110000, 0x10000)),
)
_HIDDEN = re.compile("[" + "".join(f"{chr(first)}-{chr(last)}" for first, last in _INVISIBLE) + "]")

UNSPACED = (
    "\u0e00-\u109f\u1100-\u11ff\u1780-\u17ff\u1950-\u19ff\u1a20-\u1aaf\u1b00-\u1b7f\u2e80-\ua4cf"
    "\ua960-\ua9ff\uaa60-\uaadf\uac00-\ud7ff\uf900-\ufaff\uff66-\uffdc\U0001aff0-\U0001b2ff"
    "\U00020000-\U0003fffd"
)
"""Letters that no space sets apart from the next word, as ranges of a class of characters: Chinese, Japanese,
Korean (whose endings join the word), Thai, Lao, Tibetan, Burmese, Khmer, Yi, Javanese, Balinese, Tai."""
UNSPACED_LETTER = re.compile(f"[{UNSPACED}]")

_LOOK_ALIKE = {
    "-": "\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\ufe58\ufe63\uff0d",
    ".": "\u3002\uff61\u2024\uff0e",
    "/": "\u2044\u2215\u29f8\uff0f",
    ":": "\ua789\u2236\ufe55\uff1a",
    "@": "\ufe6b\uff20",
}
_QUOTES = "\"'`*\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f\u00ab\u00bb\u2039\u203a\u2032\u2033"

_BEFORE: dict[int, str | None] = {
    code: None for first, last in _INVISIBLE for code in range(first, last + 1)
} | {ord(seen): meant for meant, all_seen in _LOOK_ALIKE.items() for seen in all_seen}
_BEFORE |= {0xFF9E: "\u3099", 0xFF9F: "\u309a"}  # marks of half width, which NFKC takes for these
_AFTER = dict.fromkeys(map(ord, _QUOTES))

_REFERENCE = re.compile(r"&#0*([0-9]{1,8})[0-9]*")  # eight digits are more than any character has
_UNICODE_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})")
_SPACE_ESCAPE = re.compile(r"\\[nrt]")
_POSSESSIVE = re.compile("(?<=\\w)['\u2019]s(?!\\w)")
_ESCAPED = re.compile(r"\\(?=[^\w\s])")
_QUOTED_LINE = re.compile(r"(\n|\A)[ \t]*(?:[>|]+[ \t]*)+")
_SENTENCE_END = re.compile(r"(?<=[^\W_])\.(?=[A-Z][a-z]*(?:[\s,;:!?\"')\]]|\.\s|\.?\Z))")
_WORTH_JOINING = re.compile(r"[@/\d_]|\w\.\w")

_OPEN, _SHUT = " ?[\\[({<] ?", " ?[\\])}>] ?"
_DOT = re.compile(rf"{_OPEN}(?:dot|\.){_SHUT}| dot ")
_SPELT = (
    " dot ",
    " at ",
    "dot]",
    "dot)",
    "dot}",
    "dot ]",
    "at]",
    "at)",
    "at}",
    "at ]",
    "[.",
    "(.",
    "[@",
    "(@",
    "{@",
)
_AT = re.compile(rf"{_OPEN}(?:at|@){_SHUT}| at (?=[\w-]+(?:\.[\w-]+)+)")

LONGEST_JOINED = 2_000
"""The most characters of a value that line breaks went through."""

MOST_LINES = 64
"""The most lines of such a value."""


def canonical(text: str) -> str:
    """The form that all spellings of a text share."""
    text = _decoded(text)
    if not text.isascii():
        text = few_marks(text.translate(_BEFORE))
        text = unicodedata.normalize("NFKC", text).translate(_BEFORE)
        text = unicodedata.normalize("NFKC", text.casefold())
    else:
        text = text.translate(_BEFORE).lower()
    if ">" in text or "|" in text:
        text = _QUOTED_LINE.sub(r"\1", text)
    if "'s" in text or "\u2019s" in text:
        text = _POSSESSIVE.sub(" s", text)
    return " ".join(text.translate(_AFTER).split())


def readable(text: str) -> str:
    """A text without what is invisible, with a space for each letter that no space sets apart, and one behind
    each sentence."""
    return _SENTENCE_END.sub(". ", UNSPACED_LETTER.sub(" ", _HIDDEN.sub("", text)))


def respelt(text: str, form: str) -> str:
    """The other readings of a text: addresses with ``at`` and ``dot``, and words that a line break went
    through, the text with spaces for what is invisible, and with one behind each sentence, one on a line.
    Empty where that is nothing new.

    Args:
        text: as it was written.
        form: its canonical form.
    """
    found = []
    if any(each in form for each in _SPELT):
        other = _AT.sub("@", _DOT.sub(".", form))
        if other != form:
            found.append(other)
    plain = _decoded(text)
    if _HIDDEN.search(plain):
        found.append(canonical(_HIDDEN.sub(" ", plain)))
    if _SENTENCE_END.search(plain):  # as in x@a.com.The next sentence
        found.append(canonical(_SENTENCE_END.sub(". ", plain)))
    found += [canonical(each) for each in _broken(text)]
    return "\n".join(found)


def _broken(text: str) -> Iterator[str]:
    """The words of a text that line breaks may have gone through, put together again."""
    before, lines = "", 1
    for line in text.split("\n"):
        here = line.lstrip(" \t>|").rstrip("\r")
        first, space, rest = here.partition(" ")
        joined = (before + first)[: LONGEST_JOINED + 1]
        lines += 1
        short = len(joined) <= LONGEST_JOINED and lines <= MOST_LINES
        if before and first and short and _WORTH_JOINING.search(joined):
            yield joined
        if space or not first:
            lines = 1
        if space:
            joined = rest.rpartition(" ")[2]
        before = joined.removesuffix("=") if first else ""


def _decoded(text: str) -> str:
    if "%" in text:
        text = unquote(text, errors="replace")
    if "&" in text:
        text = html.unescape(_REFERENCE.sub(r"&#\1", text))
    if "\\" in text:
        text = _UNICODE_ESCAPE.sub(lambda found: chr(int(found.group(1) or found.group(2), 16)), text)
        text = _ESCAPED.sub("", _SPACE_ESCAPE.sub(" ", text))
    return text


_SCHEME = re.compile(r"(?:[a-z][a-z0-9+-]*://)?(?:(?:www\.)+(?=[^\W_]))?")


def key(text: str) -> str:
    """The canonical form of a value: of an address without ``mailto:``, of a link without its scheme,
    ``www.`` and what ends a sentence."""
    return key_of(canonical(text))


def key_of(form: str) -> str:
    """The key of a value whose canonical form this is."""
    form = form.strip("<>[](){},; ")
    form = form.removeprefix("mailto:").removeprefix("tel:")
    start = _SCHEME.match(form)
    if start is not None and start.end():
        form = form[start.end() :].rstrip("/.,;:!?")
    return form.rstrip("/") if "/" in form and len(form) > 1 else form


_WWW = re.compile(r"\A(?:www\.)+")


def without_www(name: str) -> str:
    """The name of a host in its canonical form without ``www.``."""
    return _WWW.sub("", name)


_FIGURES = re.compile(r"\d[\d,. ]*")
_GROUPED = re.compile(r"(?<![\w.,])\d{1,3}(?:[ ,]\d{3})+(?:\.\d+)?(?!\w)|(?<![\w.,])\d+\.\d+(?![\w.])")
_GROUPED_BY_DOTS = re.compile(r"(?<![\w.,])(?:\d{1,3}(?:\.\d{3})+|\d+)(?:,\d+)?(?![\w.,]\w)")


def numbers(form: str) -> set[str]:
    """The numbers in a canonical text that are written with a point or in groups, each in its shortest
    form. Where a comma or a point may be either, both readings count."""
    found: set[str] = set()
    for run in _FIGURES.findall(form):
        figures = run.rstrip(",. ")
        if figures.isalnum():
            continue
        found.update(_shortest(each.replace(",", "").replace(" ", "")) for each in _GROUPED.findall(figures))
        if "," in figures or "." in figures:
            for each in _GROUPED_BY_DOTS.findall(figures):
                if "," in each or "." in each:
                    found.add(_shortest(each.replace(".", "").replace(",", ".")))
    return found


def text_of(value: object) -> str:
    """The text that Python writes for a value that holds no others."""
    try:
        return str(value)
    except ValueError:
        if isinstance(value, int):  # of more digits than Python writes
            return hex(value)
        raise


def number(value: object) -> str | None:
    """The shortest form of a number, or of a text that is one; None of another text."""
    text = text_of(value)
    if isinstance(value, float):
        text = format(value, "f") if "e" in text else text
    text = text.strip().lstrip("+-")
    return _shortest(text) if _PLAIN.fullmatch(text) else None


_PLAIN = re.compile(r"\d+(?:\.\d+)?", re.ASCII)


def _shortest(text: str) -> str:
    whole, _, rest = text.partition(".")
    rest = rest.rstrip("0")
    whole = whole.lstrip("0") or "0"
    return f"{whole}.{rest}" if rest else whole
