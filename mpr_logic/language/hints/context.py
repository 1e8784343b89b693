"""The context of a syntax error, which the guesses look at, and names of terminals for messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.language.lalr_tables import END, tables
from mpr_logic.language.lexer import RESERVED, SOFT, Token, shorten

if TYPE_CHECKING:
    from mpr_logic.language.diagnostics import Diagnostic
    from mpr_logic.language.lalr_driver import ParseRun
    from mpr_logic.language.source import SourceText

# terminals that begin a statement, or that authors take for its beginning
BEGINNERS = frozenset(
    "NAME VAR AT FORBID PERMIT PREFER _USE _TYPE _DECL _ACTION _DEFAULT _CLASS _HINT _CONST _PARAM _TEST INT"
    " FLOAT PAST SUCCEEDED FAILED".split()
)
DECLARED = frozenset("_USE _TYPE _DECL _ACTION _DEFAULT _CLASS _HINT _CONST _PARAM _TEST".split())
_BEHIND_CALL = frozenset("EQUAL COMPARE PLUS MINUS STAR SLASH MOD".split())
_NAMES = SOFT | {"QUALIFIED"}
"""The terminals that are names, or may be."""


def _as_name(token: Token) -> Token:
    return token._replace(kind="NAME") if token.kind in _NAMES else token


class ErrorContext:
    """One syntax error: the token found, the tokens before it, and the terminals that could have come."""

    def __init__(self, run: ParseRun, found: Token, source: SourceText, comments: list[Token]) -> None:
        self.run = run
        self.found = _as_name(found)
        self.source = source
        self.comments = comments
        self.tokens = [_as_name(token) for token in run.tokens]
        self.before = self.tokens[-1] if self.tokens else None
        accepted = run.accepted()
        self.accepted = (accepted - _NAMES) or accepted  # none left: just a word can come
        if self.last == "RPAR" and "EQUAL" in self.accepted and self.accepted & {"DOT", "RBRACE"}:
            self.accepted -= _BEHIND_CALL  # what may be a literal or a function is taken for a literal

    @property
    def last(self) -> str:
        """The terminal before the fault."""
        return self.before.kind if self.before else ""

    @property
    def unexpected(self) -> str:
        """The plain message: what was expected, and what was found."""
        return f"expected {describe_all(self.accepted)}, found {describe(self.found)}"

    def follows(self) -> str:
        """The first sign behind the token that was found."""
        return self.source.text[self.found.end : self.found.end + 20].lstrip()[:1]

    def at_line_start(self) -> bool:
        """Whether the token that was found is the first of its line, or there is none."""
        return self.found.kind == END or self.source.starts_line(self.found.start)

    def at_margin(self) -> bool:
        """Whether the token that was found may begin a clause, and stands at the very margin."""
        return self.found.kind in BEGINNERS and self.source.position(self.found.start)[1] == 1

    def opened_by(self) -> str:
        """The terminal before the innermost open bracket."""
        if not self.run.brackets:
            return ""
        index = self.tokens.index(self.run.brackets[-1])
        return self.tokens[index - 1].kind if index else ""

    def diagnostic(
        self, code: str, message: str, help: str, at: Token | tuple[int, int] | None = None, label: str = ""
    ) -> Diagnostic:
        """A diagnostic that points at a token (the one found, unless told)."""
        at = at or self.found
        start, end = (at.start, at.end) if isinstance(at, Token) else at
        return self.source.diagnostic(code, message, start, end, help, label)


# ---- what terminals are called when the parser speaks to people

_CONSTANT = frozenset("NAME TEXT INT FLOAT DURATION MINUS".split()) | RESERVED
_TERM = _CONSTANT | {"VAR", "LPAR", "NAMED"}
_OBSERVED = frozenset("NOT PAST SUCCEEDED FAILED".split())
_AGGREGATES = frozenset("COUNT SUM MIN MAX".split())
_ARITHMETIC = frozenset("PLUS MINUS STAR SLASH MOD".split())
_HEAD = _OBSERVED | {"NAME", "FORBID", "PERMIT", "PREFER"}
_CLAUSE = _HEAD | {"AT", "INT", "FLOAT"}
_LABEL = _HEAD | _AGGREGATES | RESERVED | {"MOD", "CAUSES", "ENDS"}

# names for sets of terminals: the first set that is a part of those expected, and so on with the rest
_GROUPS = (
    (_CLAUSE | DECLARED, "a statement"),
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
    "DURATION": "a number",
    "FLOAT": "a number",
    "TEXT": "a text in quotes",
    "COMPARE": "a comparison such as `<`",
    "_USE": "`.use`",
    "_TYPE": "`.type`",
    "_DECL": "`.decl`",
    "_ACTION": "`.action`",
    "_DEFAULT": "`.default`",
    "_CLASS": "`.class`",
    "_HINT": "`.hint`",
    "_CONST": "`.const`",
    "_PARAM": "`.param`",
    "_TEST": "`.test`",
    "NAMED": "a named constant",
    "SEMICOLON": "`;`",
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
    left -= {"NOT"} if {"COMMA", "DOT"} <= left else set()  # `not in` behind what may yet be a term
    named = {kind: f"`{word}`" for word, kind in tables().words.items()}
    words += sorted({_WORDS.get(kind) or named[kind] for kind in left})
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
