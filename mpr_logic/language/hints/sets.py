"""Guesses about sets and named constants, as authors of other languages write them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mpr_logic.language.lexer import UNKNOWN, keywords, reserved

if TYPE_CHECKING:
    from mpr_logic.language.diagnostics import Diagnostic
    from mpr_logic.language.hints.context import ErrorContext

IN = "a set is written in braces: `X in {a, b}`, and `X not in {a, b}`"
_OPERANDS = frozenset("VAR TEXT NAME NAMED INT FLOAT LPAR".split())
_NEGATED = re.compile(r"[^\n,.;]{0,80}?\bin\s*[{$(\[]")
_RANGE = re.compile(r"\s*\.\.\s*")


def sets(case: ErrorContext) -> Diagnostic | None:
    """The diagnostic of a mistake with a set or a named constant; None where it is another one."""
    return next((found for each in _GUESSES if (found := each(case))), None)


def _negated(case: ErrorContext) -> Diagnostic | None:
    """``not X in {a}``."""
    found = case.found
    if case.last != "NOT" or found.kind not in _OPERANDS or not _NEGATED.match(case.source.text, found.end):
        return None
    return case.diagnostic("E0117", "`not` stands before the term", "write `X not in {a, b}`", case.before)


def _behind_in(case: ErrorContext) -> Diagnostic | None:
    """``X in [a]``, ``X in (a)``, ``X in closed``, ``X in 1..5``."""
    text, found = case.source.text, case.found
    before = case.before
    if before is None or before.text != "in":
        return None
    if found.kind == "LPAR" or found.text == "[":
        opener = found.text
        return case.diagnostic("E0127", f"a set does not stand in `{opener}`", IN)
    if "LBRACE" not in case.accepted:
        return None
    if found.kind in ("INT", "FLOAT") and _RANGE.match(text, found.end):
        help = "a range is two comparisons: `X >= 1, X <= 5`"
        return case.diagnostic("E0127", "a range is no set", help)
    if found.kind == "NAME" and case.follows() not in ("(", "["):
        name = found.text
        help = f"a set that `.const {name} = {{a, b}}` names is written `${name}`; else list it: `{{a, b}}`"
        return case.diagnostic("E0127", f"`{found.text}` stands for itself: it names no set", help)
    return case.diagnostic("E0127", case.unexpected, IN)


def _inside(case: ErrorContext) -> Diagnostic | None:
    """``{}``, ``{a; b}``, ``{a | b}``, ``{1..5}``."""
    if not case.run.brackets or case.run.brackets[-1].kind != "LBRACE" or case.opened_by() == "COLON":
        return None
    if case.tokens[0].kind == "_CLASS":
        return None
    found = case.found
    if found.kind == "RBRACE" and case.last == "LBRACE":
        help = "list a value at least; a condition that nothing fulfils is left out with its clause"
        return case.diagnostic("E0127", "this set has no values", help)
    if found.text in (";", "|"):
        return case.diagnostic("E0127", f"`{found.text}` stands in a set", "separate the values by `,`")
    if found.text == "." and case.last in ("INT", "FLOAT") and case.follows() == ".":
        help = "list the values; of an argument's range write two comparisons: `X >= 1, X <= 5`"
        return case.diagnostic("E0127", "a range stands in a set", help)
    return None


def _other_words(case: ErrorContext) -> Diagnostic | None:
    """``X not_in {a}``, ``X is in {a}``, ``X = {a}``."""
    found = case.found
    if found.text in ("not_in", "notin", "nin") and "COMPARE" in case.accepted:
        return case.diagnostic("E0106", f"`{found.text}` is no word of this language", IN)
    words = [token.text for token in case.tokens[-3:]]
    if found.kind == "LBRACE" and words[-1:] == ["in"] and "is" in words:
        return case.diagnostic("E0106", "`is` asks for a type", f"leave it out: {IN}")
    if found.kind == "LBRACE" and case.last in ("EQUAL", "COMPARE") and "COUNT" in case.accepted | {"COUNT"}:
        declared = case.tokens[0].kind
        if declared not in ("_CONST", "_PARAM", "_TYPE"):
            return case.diagnostic("E0127", "a set is no value", IN)
    return None


def _named(case: ErrorContext) -> Diagnostic | None:
    """``$Most``, ``${most}``; ``@rewrite(n, $most)``."""
    found = case.found
    if found.kind == UNKNOWN and found.text == "$":
        help = "a named constant is written `$name`, with the name in lower case and right behind the sign"
        return case.diagnostic("E0102", "`$` names nothing here", help)
    if found.kind == "NAMED" and case.tokens and case.tokens[0].kind == "AT":
        help = "an annotation takes constants as they are; the text of `@because` may have it in braces"
        return case.diagnostic("E0101", case.unexpected, help)
    return None


def _declared(case: ErrorContext) -> Diagnostic | None:
    """``.const max = 5``, ``.const top: int = 5``, ``.const top = Five``."""
    found = case.found
    word = case.tokens[0].kind if case.tokens else ""
    if word not in ("_CONST", "_PARAM"):
        return _behind(case)
    if len(case.tokens) == 1 and found.text in keywords() | reserved():
        help = f"take another name, such as `{found.text}_`"
        return case.diagnostic("E0108", f"`{found.text}` is a word of the language", help)
    if len(case.tokens) == 1 and found.kind == "NAMED":
        help = f"the sign stands where it is used: declare `{found.text[1:]}`"
        return case.diagnostic("E0118", case.unexpected, help)
    if word == "_CONST" and case.last == "NAME" and found.kind == "COLON":
        help = "write `.const name = value`: a constant takes no type, a `.param` does"
        return case.diagnostic("E0118", case.unexpected, help)
    if case.last == "EQUAL" and found.kind in ("VAR", "NAMED", "LPAR", "NAME"):
        return case.diagnostic("E0118", case.unexpected, _ONE)
    return None


_ONE = "a declaration takes one constant as it is: a name, a text or a number; nothing is computed"


def _behind(case: ErrorContext) -> Diagnostic | None:
    """``.const top = 2 + 3``, ``.param top: int default 5``, ``.type level <: symbol [a, b]``."""
    start = (case.tokens or [case.found])[0].start
    line = case.source.text[case.source.text.rfind("\n", 0, start) + 1 : start]
    if case.found.text == "[" and re.match(r"\s*\.(?:const|type)\s", line):
        return case.diagnostic("E0127", "a set does not stand in `[`", "write the values in braces: `{a, b}`")
    if not re.match(r"\s*\.(?:const|param)\s", line):
        return None
    found = case.found
    if not case.tokens and found.kind in ("PLUS", "MINUS", "STAR", "SLASH", "MOD", "LPAR"):
        return case.diagnostic("E0118", "a declaration computes nothing", _ONE)
    if not case.tokens and found.kind == "COMMA":
        help = "write a declaration of its own for each, or the values of a set in braces"
        return case.diagnostic("E0118", "a declaration has one name", help)
    if [token.text for token in case.tokens] == ["default"] or found.text in ("default", ":"):
        return case.diagnostic("E0118", "a default stands behind `=`", "write `.param name: type = default`")
    return None


_GUESSES = (_negated, _behind_in, _inside, _other_words, _named, _declared)
