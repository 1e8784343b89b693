"""Spellings of one name: what some reader takes for one, and what looks so to a person."""

from __future__ import annotations

import unicodedata

from mpr_logic.language.marks import few_marks

_LETTERS = str.maketrans({"\u0131": "i", "\u0130": "i"})
"""The i without a dot, and the I with one: an i where a reader compares letter by letter."""

_LATIN = str.maketrans(
    "\u0410\u0412\u0415\u0405\u0406\u0408\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425\u0430"
    "\u0435\u0456\u0458\u043e\u0440\u0441\u0443\u0445\u04bb\u0455\u0501\u051b\u051d\u04cf"
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u03bf"
    "\u03bd\u03c1\u03b9"
    "\u0585\u0578\u057d\u0570\u0581\u0575",
    "ABESIJKMHOPCTXaeijopcyxhsdqwlABEZHIKMNOPTYXovpionuhgj",
)
"""Cyrillic, Greek and Armenian letters that most fonts draw as Latin ones, and these: some of the confusables
of Unicode Technical Standard 39."""


def alike(key: str) -> str:
    """The form that all spellings of a key share which some reader takes for one."""
    text = key.partition("\0")[0]  # where texts end, to a reader in C
    if text.isascii():
        return text.strip().lower()
    seen = few_marks("".join(c for c in text.translate(_LETTERS) if unicodedata.category(c) != "Cf"))
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", seen).upper().casefold())
    return unicodedata.normalize("NFKC", plain.casefold()).strip()


def looks(key: str) -> str:
    """The form that all keys share which are alike to some reader, or to a person who looks at them."""
    return alike(key if key.isascii() else key.translate(_LATIN))


def latin(text: str) -> str:
    """A text with Latin letters in the place of those of other scripts that look so."""
    return text if text.isascii() else text.translate(_LATIN)
