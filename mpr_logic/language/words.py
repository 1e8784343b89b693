"""What terminals are called when the parser speaks to people."""

from __future__ import annotations

from mpr_logic.language.scanner import Token
from mpr_logic.language.tables import END, tables
from mpr_logic.language.values import shorten

_RESERVED = frozenset("CONTAINS STARTS_WITH ENDS_WITH MATCHES LOWER LENGTH".split())
ATTRIBUTES = frozenset("OPEN_WORLD INPUT KEY CHANGED_BY SHARED".split())
"""The terminals that behind a ``.decl`` are its attributes, and elsewhere names."""
_CONSTANT = frozenset("NAME TEXT INT FLOAT MINUS".split()) | _RESERVED
_TERM = _CONSTANT | {"VAR", "LPAR"}
_OBSERVED = frozenset("NOT PAST SUCCEEDED FAILED".split())
_AGGREGATES = frozenset("COUNT SUM MIN MAX".split())
_ARITHMETIC = frozenset("PLUS MINUS STAR SLASH MOD".split())
_HEAD = _OBSERVED | {"NAME", "FORBID", "PERMIT", "PREFER"}
_CLAUSE = _HEAD | {"AT", "INT", "FLOAT"}
_LABEL = _HEAD | _AGGREGATES | _RESERVED | {"MOD", "CAUSES", "ENDS"}

# what a set of terminals is called; the first that is a part of those expected, and so on with the rest
_GROUPS = (
    (_CLAUSE | {"_TYPE", "_DECL", "_ACTION", "_DEFAULT"}, "a statement"),
    (_CLAUSE, "a clause"),
    (_TERM | _LABEL, "an argument"),
    (_LABEL, "a name"),
    (_HEAD, "the head of a clause"),
    (_TERM | _OBSERVED, "a literal"),
    (_TERM | _AGGREGATES, "a term or an aggregate"),
    (_TERM, "a term"),
    (_CONSTANT, "a constant"),
    (frozenset({"COMPARE", "EQUAL"}), "a comparison"),
)

_WORDS = {
    "NAME": "a name",
    "VAR": "a variable",
    "INT": "a number",
    "FLOAT": "a number",
    "TEXT": "a text in quotes",
    "COMPARE": "a comparison such as `<`",
    "_TYPE": "`.type`",
    "_DECL": "`.decl`",
    "_ACTION": "`.action`",
    "_DEFAULT": "`.default`",
    "IF": "`:-`",
    "WEIGHT": "`::`",
    "SUBTYPE": "`<:`",
    "EQUAL": "`=`",
    "OPTIONAL": "`?`",
    "PLUS": "`+`",
    "MINUS": "`-`",
    "STAR": "`*`",
    "SLASH": "`/`",
    "COMMA": "`,`",
    "LPAR": "`(`",
    "RPAR": "`)`",
    "LBRACE": "`{`",
    "RBRACE": "`}`",
    "COLON": "`:`",
    "DOT": "`.`",
    "AT": "`@`",
    END: "the end",
}


def keywords() -> frozenset[str]:
    """The words that are no names, not even of constants (unless quoted)."""
    return frozenset(word for word, kind in tables().words.items() if kind not in _RESERVED | ATTRIBUTES)


def reserved() -> frozenset[str]:
    """The words that no relation may have as its name, but that may stand as constants."""
    return frozenset(word for word, kind in tables().words.items() if kind in _RESERVED)


def attributes() -> frozenset[str]:
    """The words that may follow a ``.decl`` as its attributes; elsewhere they are names like others."""
    return frozenset(word for word, kind in tables().words.items() if kind in ATTRIBUTES)


def describe(token: Token) -> str:
    """A token that was found, in words."""
    return "the end of the text" if token.kind == END else f"`{shorten(token.text)}`"


def describe_all(kinds: set[str]) -> str:
    """Terminals that could have come, in words: grouped, so that a person can take them in."""
    left = set(kinds)
    words: list[str] = []
    for group, word in _GROUPS:
        if group <= left:
            words.append(word)
            left -= group
    # a term may always go on, an argument may be optional: saying so each time helps nobody
    left = (left - _ARITHMETIC - {"OPTIONAL"}) or (set() if words else left)
    named = {kind: f"`{word}`" for word, kind in tables().words.items()}
    words += sorted({_WORDS.get(kind) or named[kind] for kind in left})
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
