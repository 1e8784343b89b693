"""Signs and words that other languages have and this one has not: what to write instead."""

from __future__ import annotations

from typing import Final

_IF = "write `:-` between head and body"
_EQUAL = "equality is `=`"
_UNEQUAL = "inequality is `!=`"
_NOT = "negation is `not`"
_OR = "there is no `or` in a body: write one clause for each case"
_AND = "the literals of a body are separated by `,`"
_COMMENT = "a comment begins with `%` and ends with its line"
_POWER = "there is no power: multiply"
_QUERY = "a query is asked with `mpr query`, not in a file of rules"

FOREIGN: Final = {
    "<-": _IF,
    "<--": _IF,
    ":=": f"{_IF}, and `=` in a comparison",
    "=>": f"{_IF} (the head comes first), and `>=` in a comparison",
    "->": "write the head first: `head :- body.`",
    "-->": "write the head first: `head :- body.`",
    "==": _EQUAL,
    "===": _EQUAL,
    "=:=": _EQUAL,
    "=\\=": _UNEQUAL,
    "\\=": _UNEQUAL,
    "\\==": _UNEQUAL,
    "!==": _UNEQUAL,
    "<>": _UNEQUAL,
    "=<": "less or equal is `<=`",
    "\\+": _NOT,
    "!": _NOT,
    "~": _NOT,
    ";": _OR,
    "|": _OR,
    "||": _OR,
    "&": _AND,
    "&&": _AND,
    "//": f"{_COMMENT}; division of ints, `/`, drops the fraction",
    "/*": _COMMENT,
    "#": _COMMENT,
    "**": _POWER,
    "^": _POWER,
    "?-": _QUERY,
    "?": _QUERY,
    "if": _IF,
    "is": "arithmetic is assigned with `=`",
    "and": _AND,
    "or": _OR,
}
"""Each sign or word, and the help line for it."""

SIGNS: Final = frozenset("".join(sign for sign in FOREIGN if not sign.isalpha()))
LONGEST: Final = max(map(len, FOREIGN))
