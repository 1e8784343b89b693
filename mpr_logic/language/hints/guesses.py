"""Guesses at what an author meant: each recognises one mistake that people and models make.

The first guess that fits makes the diagnostic; where none does, it says what was expected.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import get_close_matches
from typing import TypeAlias

from mpr_logic.language.diagnostics import Diagnostic
from mpr_logic.language.functions import FUNCTIONS as OURS
from mpr_logic.language.hints.context import BEGINNERS, DECLARED, ErrorContext, describe
from mpr_logic.language.hints.foreign import (
    DIRECTIVES,
    FOREIGN,
    FUNCTIONS,
    LONGEST,
    SETS,
    SIGNS,
    USE,
    USING,
    VERDICTS,
)
from mpr_logic.language.hints.placed import placed
from mpr_logic.language.hints.sets import sets
from mpr_logic.language.lalr_tables import END
from mpr_logic.language.lexer import UNKNOWN, keywords, reserved

_AGGREGATES = frozenset({"COUNT", "SUM", "MIN", "MAX"})
_OBSERVED = frozenset({"NOT", "PAST", "SUCCEEDED", "FAILED"})
_PREFIXES = _OBSERVED | {"FORBID", "PERMIT", "PREFER"}
_NUMBERS = frozenset({"INT", "FLOAT", "DURATION"})

Guess: TypeAlias = Callable[[ErrorContext], Diagnostic | None]


def guess(case: ErrorContext) -> Diagnostic:
    """The diagnostic of a fault."""
    return next((found for each in _GUESSES if (found := each(case))), None) or _unexpected(case)


# ---- characters


def _quote(case: ErrorContext) -> Diagnostic | None:
    char, start = case.found.text, case.found.start
    if case.found.kind != UNKNOWN or char not in "\"'`\u201c\u201d\u2018\u2019\u00ab\u00bb":
        return None
    if char != '"':
        help = 'texts stand in double quotes: `"like this"`'
        return case.diagnostic("E0102", f"`{char}` quotes nothing here", help)
    rest = _OPEN_TEXT.match(case.source.text, start)
    end = rest.end() if rest else start + 1
    stop = case.source.text[end : end + 1]
    if stop not in ("", "\n", "\r", "\\"):
        message = f"U+{ord(stop):04X} is a control character"
        return case.diagnostic("E0102", message, f"write it as `\\u{ord(stop):04x}`", (end, end + 1))
    help = 'close it with `"` on the same line; a quote inside it is `\\"`, a line end `\\n`'
    return case.diagnostic("E0103", "this text is not closed", help, (start, end), "it opens here")


_OPEN_TEXT = re.compile(r'"(?:[^"\\\x00-\x1f\x7f]|\\.)*+')


def _percent(case: ErrorContext) -> Diagnostic | None:
    """``X % 2 = 0``: the rest of the line went away as a comment."""
    if case.before is None or not case.comments or "MOD" not in case.accepted or not case.at_line_start():
        return None
    comment = case.comments[-1]
    if comment.start < case.before.end or "\n" in case.source.text[case.before.end : comment.start]:
        return None
    if not _OPERAND.match(comment.text):
        return None
    help = "`%` begins a comment; the remainder of a division is `X mod Y`"
    return case.diagnostic("E0106", "the rest of this line is a comment", help, comment)


_OPERAND = re.compile(r"%\s*(?:[0-9]+|[A-Z_]\w*|\()\s*(?:[-=<>!,.)*+/]|$)")


def _use(case: ErrorContext) -> Diagnostic | None:
    """``import "other.dl"``, ``:- include(other).`` and ``#include "other.dl"``."""
    text, found = case.source.text, case.found
    if len(case.tokens) == 1 and case.tokens[0].text in USING and found.kind in ("TEXT", "NAME"):
        word = case.tokens[0].start
    elif not case.tokens and (found.kind == "IF" or found.text == "#"):
        word = found.end
    else:
        return None
    name = _WORD.match(text, word)
    if name is None or name[1] not in USING:
        return None
    return case.diagnostic("E0106", f"`{name[1]}` is no word of this language", USE, name.span(1))


_WORD = re.compile(r"\s*([a-z_]+)\b")


def _foreign(case: ErrorContext) -> Diagnostic | None:
    """A sign, or a word, that other languages have."""
    quantified = case.before is not None and case.before.text in ("exists", "some", "forall", "every")
    if case.before is not None and case.last == "NAME" and quantified and case.found.kind in ("VAR", "NAME"):
        message = f"`{case.before.text}` is no word of this language"
        return case.diagnostic("E0106", message, FOREIGN[case.before.text], case.before)
    if case.found.kind == "NAME" and case.found.text in FOREIGN:
        message = f"`{case.found.text}` is no word of this language"
        return case.diagnostic("E0106", message, FOREIGN[case.found.text])
    text, at = case.source.text, case.found.start
    start, end = at, at
    while start > 0 and at - start < LONGEST and text[start - 1] in SIGNS:
        start -= 1
    while end < len(text) and end - at < LONGEST and text[end] in SIGNS:
        end += 1
    for first in range(start, at + 1):
        for last in range(end, at, -1):
            if help := FOREIGN.get(text[first:last]):
                message = f"`{text[first:last]}` is no operator of this language"
                return case.diagnostic("E0106", message, help, (first, last))
    return None


def _verdict(case: ErrorContext) -> Diagnostic | None:
    """``allow send(T)``, ``deny(send(T))``, ``forbd send(T)``: a word for a verdict that is none of ours."""
    word = case.before if case.found.kind == "NAME" else None
    if case.found.kind == "LPAR" and len(case.run.brackets) == 1:
        opened = [token.start for token in case.tokens].index(case.run.brackets[0].start)
        word = case.tokens[opened - 1] if opened else None
    begins = word is not None and not any(token.kind in ("IF", "DOT") for token in case.tokens)
    if word is None or word.kind != "NAME" or not begins:
        return None
    if case.found.kind == "NAME" and word.text == "if":
        return case.diagnostic("E0106", "`if` is no word of this language", FOREIGN["if"], word)
    meant = VERDICTS.get(word.text)
    if meant is None:
        import difflib  # only an error needs it

        close = difflib.get_close_matches(word.text, _VERDICTS, n=1, cutoff=0.75)
        meant = close[0] if close and case.found.kind == "NAME" else None
    if meant is None:
        return None
    action = case.found.text if case.found.kind == "NAME" else "ACTION"
    help = f"write `{meant} {action}`: a rule about an action begins with `forbid`, `permit` or `prefer`"
    return case.diagnostic("E0106", f"`{word.text}` is no word of this language", help, word)


_OPPOSITE = "`not` stands before an atom or a test; of a comparison write the opposite, such as `!=` for `=`"
_VERDICTS = ("forbid", "permit", "prefer", "past", "succeeded", "failed")


def _valued(case: ErrorContext) -> Diagnostic | None:
    """``upper(T) = "A"`` and ``X = upper(T)``: only two functions have a value."""
    name = case.before if case.found.kind == "LPAR" else None
    if case.found.kind in ("EQUAL", "COMPARE") and case.last == "RPAR" and not case.run.brackets:
        depth = 0
        for place in range(len(case.tokens) - 1, 0, -1):
            kind = case.tokens[place].kind
            depth += (kind == "RPAR") - (kind == "LPAR")
            if not depth:
                name = case.tokens[place - 1]
                if name.text in OURS and case.tokens[place - 2].kind == "NOT":
                    return case.diagnostic("E0117", "a comparison is not negated", _OPPOSITE, name)
                break
    if name is None or name.kind != "NAME" or "NAME" in case.accepted:
        return None
    help = FUNCTIONS.get(name.text)
    if help is None and case.found.kind == "LPAR":
        return None
    help = help or "relations have no value: give it a further argument, `p(X, V)`, and compare `V`"
    return case.diagnostic("E0106", f"`{name.text}(...)` has no value", help, name)


def _type_test(case: ErrorContext) -> Diagnostic | None:
    """``N is X + 1``."""
    word = case.run.tokens[-1] if case.tokens else None
    if (
        word is None
        or word.kind != "IS"
        or case.found.kind not in _VALUES
        or case.accepted != {"NAME", "NOT"}
    ):
        return None
    return case.diagnostic("E0106", "`is` asks for a type", FOREIGN["is"], word)


_VALUES = _NUMBERS | {"VAR", "TEXT", "LPAR", "MINUS"}


def _infix_test(case: ErrorContext) -> Diagnostic | None:
    """``X contains "b"``, ``X not contains "b"``."""
    test, before = case.found.text, case.tokens[-2:] if case.last == "NOT" else case.tokens[-1:]
    if (
        test not in ("contains", "starts_with", "ends_with", "matches")
        or not before
        or before[0].kind not in ("VAR", "TEXT")
        or not case.accepted & {"EQUAL", "IN"}
    ):
        return None
    form = f"{'not ' if case.last == 'NOT' else ''}{test}({before[0].text}, ...)"
    return case.diagnostic("E0106", f"`{test}` stands before what it tests", f"write `{form}`")


def _several_actions(case: ErrorContext) -> Diagnostic | None:
    """``forbid *.``, ``forbid {a, b}.``, ``forbid a, b.``, ``forbid A :- ...``: classes say it."""
    found, kinds = case.found, [token.kind for token in case.tokens]
    verdict = next((k for k, kind in enumerate(kinds) if kind in _VERDICT_KINDS), None)
    if verdict is None or "IF" in kinds:
        return None
    word = case.tokens[verdict].text
    if verdict == len(kinds) - 1:
        every = f"a rule about all actions is one about the class `any`: `{word} any`"
        if found.kind == "STAR":
            every += "; every action is closed by `.default forbid *`"
            return case.diagnostic("E0101", "`*` names no action here", every)
        if found.kind == "VAR" and case.follows() != "(":
            message = f"`{found.text}` is a variable, where a name must stand"
            return case.diagnostic("E0107", message, f"{every}; its member is `{word} any(action: A)`")
        if found.kind != "LBRACE":
            return None
    elif case.run.brackets or (found.kind != "COMMA" and found.text not in ("or", "|", "||")):
        return None
    several = f"several actions are a class: `.class both {{a, b}}`, and then `{word} both`"
    several += "; what must hold stands behind `:-`" if found.kind == "COMMA" else ""
    return case.diagnostic("E0101", f"`{word}` speaks of one action, or of one class", several)


_VERDICT_KINDS = frozenset({"FORBID", "PERMIT", "PREFER"})


def _class(case: ErrorContext) -> Diagnostic | None:
    """``.class both {a | b}``, ``{!a}``, ``{hint(not readOnlyHint)}``: the braces of a class."""
    kinds = [token.kind for token in case.tokens]
    if not kinds or kinds[0] != "_CLASS":
        return None
    if case.found.kind == "NOT" and kinds[-1] == "LPAR":
        help = "`not` stands before it: `not hint(readOnlyHint)`"
        return case.diagnostic("E0118", case.unexpected, help)
    if case.found.kind == UNKNOWN or case.found.text == ";":
        return case.diagnostic("E0118", case.unexpected, _FORMS["_CLASS"])
    return None


def _unknown(case: ErrorContext) -> Diagnostic | None:
    if case.found.kind != UNKNOWN:
        return None
    char = case.found.text
    if char in "[]":
        help = SETS
    elif char.isspace():
        help = "use an ordinary blank"
    elif char.isalpha():
        help = 'names are written with a-z, A-Z, 0-9 and `_`; put other text in quotes: `"..."`'
    else:
        help = 'put text in quotes: `"..."`'
    name = f"`{char}`" if char.isprintable() and not char.isspace() else f"U+{ord(char):04X}"
    return case.diagnostic("E0102", f"{name} means nothing here", help)


# ---- clauses


def _weight(case: ErrorContext) -> Diagnostic | None:
    weighted = any(token.kind == "WEIGHT" for token in case.tokens)
    if case.found.kind == "MINUS" and "AT" in case.accepted:
        return case.diagnostic("E0109", "a weight is not negative", "a weight is in (0, 1]: `0.8 :: p(a).`")
    if case.last in _NUMBERS and case.accepted == {"WEIGHT"}:
        return case.diagnostic("E0101", case.unexpected, "a weight is followed by `::`: `0.8 :: p(a).`")
    if case.found.kind == "AT" and weighted and "NAME" in case.accepted:
        help = "write `@id(a) 0.8 :: p(a).`"
        return case.diagnostic("E0101", "annotations come before the weight", help)
    return None


def _second_if(case: ErrorContext) -> Diagnostic | None:
    if case.found.kind != "IF":
        return None
    kinds = [token.kind for token in case.tokens]
    if not kinds:
        return case.diagnostic(
            "E0101",
            "a clause begins with its head",
            "write `head :- body.`; what must not be done is `forbid ACTION :- body.`",
        )
    if "IF" in kinds and not case.run.brackets:
        help = "end the clause before it with a dot"
        return case.diagnostic("E0105", "a clause has one `:-`", help, label="a second one")
    observed = next((token.text for token in case.tokens if token.kind in _OBSERVED), None)
    if "IF" not in kinds and observed and not case.run.brackets:
        help = "end it with a dot; what follows from conditions is a relation or an action's `forbid`, ..."
        return case.diagnostic("E0114", f"`{observed}` begins an observation: it has no conditions", help)
    return None


def _missing_dot(case: ErrorContext) -> Diagnostic | None:
    before = case.before
    if before is None or "DOT" not in case.accepted or case.run.brackets:
        return None
    begins = case.found.kind in BEGINNERS and (case.at_line_start() or case.found.kind in DECLARED | {"AT"})
    if not begins and case.found.kind != END:
        return None
    at = (before.end - 1, before.end)
    return case.diagnostic(
        "E0105", "this clause has no dot at its end", "end it with a dot", at, "behind this"
    )


def _declaration(case: ErrorContext) -> Diagnostic | None:
    if not case.tokens or case.tokens[0].kind not in DECLARED:
        return None
    help = _FORMS[case.tokens[0].kind]
    return _upper_case(case) or _keyword(case) or case.diagnostic("E0118", case.unexpected, help)


_FORMS = {
    "_TYPE": "write `.type name <: base`, or `.type name <: base {a, b}` to list its values; the base is "
    "symbol, int, float, bool, time, date, duration, any or a declared type",
    "_USE": 'write `.use "file.dl"`, or `.use "folder" as name` for names of its own',
    "_DECL": "write `.decl name(argument: type, ...)`, or `.decl name()` without arguments; behind it may "
    'stand `open_world`, `input`, `key(argument, ...)`, `changed_by("whom")` and `shared`',
    "_ACTION": "write `.action name(argument: type, ...)`; `argument?: type` may be left out of a call",
    "_CONST": "write `.const name = value`; in a clause `$name` is the value",
    "_PARAM": "write `.param name: type`, or `.param name: type = default`; in a clause `$name` is the value",
    "_DEFAULT": "the only default is `.default forbid name`, of an action, or `.default forbid *`, of all",
    "_CLASS": "write `.class name(argument: type, ...) {action, not action, hint(readOnlyHint)}`; in the "
    "braces stand actions, classes, and hints of tools",
    "_TEST": 'write `.test "name" { p(a). expect rejected action(a) by rule. }`, a dot behind each sentence',
    "_HINT": "write `.hint action(readOnlyHint, not destructiveHint)`",
}


def _behind_declaration(case: ErrorContext) -> Diagnostic | None:
    """A declaration that goes on where it should have ended."""
    text, start = case.source.text, (case.tokens or [case.found])[0].start
    line = text[text.rfind("\n", 0, start) + 1 : start].rstrip()
    declared = re.match(r"\s*\.(type|decl|action|default|class|hint|const|param|test)\b", line)
    if case.found.kind == "DOT" and not case.tokens:
        unknown = _DOT_WORD.match(text, start)
        if unknown:
            help = (
                "declarations are `.type`, `.decl`, `.action`, `.class`, `.hint`, `.default`, `.const`, "
                "`.param` and `.test`"
            )
            help = DIRECTIVES.get(unknown.group(), help)
            at = (start, unknown.end())
            return case.diagnostic("E0118", f"`{unknown.group()}` is no declaration", help, at)
        if declared:
            help = "remove it: declarations end without one"
            return case.diagnostic("E0118", "a declaration takes no dot", help)
        if _ATTRIBUTE.search(text, 0, start):
            help = "remove the dot; or let a fact of that name stand elsewhere than right behind a `.decl`"
            return case.diagnostic("E0118", "this was read as an attribute of the `.decl`", help)
        return case.diagnostic("E0101", "a dot ends nothing here", "remove it")
    if case.found.kind in DECLARED and case.tokens and case.tokens[0].kind == "AT":
        help = "write it behind the declarations, right before its clause, or take it away"
        return case.diagnostic(
            "E0101", "an annotation stands before a clause, not before a declaration", help
        )
    if not declared:
        return None
    word = case.tokens[0] if case.tokens else None
    ended = case.found.kind == END or case.found.kind in BEGINNERS
    called = [token.kind for token in case.tokens[:2]] == ["NAME", "LPAR"]
    if word and called and ended and declared.group(1) == "decl" and not case.run.brackets:
        close = get_close_matches(word.text, ("key", "changed_by"), n=1)
        if close:
            help = f"did you mean `{close[0]}`?"
            return case.diagnostic("E0118", f"`{word.text}` is no part of a declaration", help, word)
    if not case.tokens and case.found.kind == "LPAR" and declared.group(1) == "default":
        return case.diagnostic("E0118", "a default takes no arguments", "name the action alone")
    if [token.kind for token in case.tokens] == ["NAME"] and case.found.kind not in ("LPAR", "IF"):
        words = ("open_world", "input", "key", "changed_by", "shared", "complete")
        help = (
            "only `open_world`, `input`, `key(..)`, `changed_by(..)`, `shared`, `complete` follow a `.decl`"
        )
        word = case.tokens[0]
        close = get_close_matches(word.text, words, n=1)
        if close:
            help = f"did you mean `{close[0]}`?"
        return case.diagnostic("E0118", f"`{word.text}` is no part of a declaration", help, word)
    return None


_DOT_WORD = re.compile(r"\.[A-Za-z_]+")
_ATTRIBUTE = re.compile(r"\b(?:open_world|input|key|changed_by|shared|complete)\s*(?:\([^()]*\))?\s*\Z")


# ---- names


def _upper_case(case: ErrorContext) -> Diagnostic | None:
    token = case.found
    if token.kind == "LPAR" and case.before and case.last == "VAR":
        token = case.before
    elif token.kind != "VAR" or "NAME" not in case.accepted or "VAR" in case.accepted:
        return None
    help = "variables begin upper-case or with `_`, names lower-case"
    name = token.text.lstrip("_")
    name = name[:1].lower() + name[1:]
    if "a" <= name[:1] <= "z":
        help += f": write `{name}`"
    return case.diagnostic("E0107", f"`{token.text}` is a variable, where a name must stand", help, token)


def _keyword(case: ErrorContext) -> Diagnostic | None:
    token, before = case.found, case.before
    in_quotes = 'as a constant it stands in quotes: `"{}"`'
    if before and before.text in keywords():
        if case.accepted == {"COLON"} and case.opened_by() == "NAME" and token.kind != "LBRACE":
            # p(not): so far it could have been the name of an argument
            message = f"`{before.text}` is a word of the language"
            return case.diagnostic("E0108", message, in_quotes.format(before.text), before)
        if token.kind == "LPAR" and case.last in _PREFIXES:
            return case.diagnostic(
                "E0101", f"`{before.text}` takes no parentheses", f"write `{before.text} p(X)`"
            )
        if token.kind == "LPAR":
            token = before
    if token is case.found and ("NAME" not in case.accepted or case.last == "EQUAL"):
        return None
    if token.text not in keywords() and token.text not in reserved():
        return None
    message = f"`{token.text}` is a word of the language"
    if "TEXT" in case.accepted and case.follows() != "(":
        return case.diagnostic("E0108", message, in_quotes.format(token.text), token)
    help = f"take another name, such as `{token.text}_` or `is_{token.text}`"
    if token.kind in _AGGREGATES:
        term = "" if token.kind == "COUNT" else " X"
        help += f"; an aggregate is written `N = {token.text}{term} : {{ p(X) }}`"
    return case.diagnostic("E0108", message, help, token)


# ---- bodies and arguments


def _misplaced_not(case: ErrorContext) -> Diagnostic | None:
    kinds = [token.kind for token in case.tokens[-2:]]
    if case.last == "NOT" and case.found.kind == "NOT":
        return case.diagnostic("E0117", "`not` stands twice", "a literal is negated once")
    operand = case.last == "NOT" and case.found.kind in _NUMBERS | {"VAR", "TEXT", "MINUS"}
    compared = kinds[:1] == ["NOT"] and case.found.kind in ("EQUAL", "COMPARE")
    if operand and re.match(r"\s+is\b", case.source.text[case.found.end :][:40]):
        return case.diagnostic("E0117", "a test of a type is not negated here", "write `X is not int`")
    if compared or (operand and case.follows() != "("):
        return case.diagnostic("E0117", "a comparison is not negated", _OPPOSITE)
    if case.before and case.last in ("FORBID", "PERMIT", "PREFER") and case.found.kind == "NOT":
        message = f"`{case.before.text}` speaks of an action, not of its absence"
        return case.diagnostic("E0117", message, "remove `not`")
    return None


def _mixed(case: ErrorContext) -> Diagnostic | None:
    """``p(a: X, Y)`` and ``p(X, a: Y)``."""
    if case.opened_by() != "NAME":
        return None
    inside = [token.kind for token in case.tokens if token.start > case.run.brackets[-1].start]
    value = case.found.kind in _NUMBERS | {"VAR", "TEXT", "MINUS"}
    bare = case.accepted == {"COLON"} and case.found.kind in ("COMMA", "RPAR")
    named_first = "COLON" in inside and (bare or (case.last == "COMMA" and value))
    named_later = "COMMA" in inside and "COLON" not in inside and case.found.kind == "COLON"
    if not named_first and not named_later:
        return None
    help = "name every argument that you give, or none: `p(a: X, b: Y)` or `p(X, Y)`"
    return case.diagnostic("E0115", "named and positional arguments are mixed", help)


def _aggregate(case: ErrorContext) -> Diagnostic | None:
    found, before = case.found, case.before
    inside = any(token.kind == "LBRACE" for token in case.run.brackets)
    if found.kind in _AGGREGATES and inside and "NAME" in case.accepted:
        help = "compute the inner one in a rule of its own, and use its relation here"
        return case.diagnostic("E0116", "an aggregate stands inside an aggregate", help)
    within = any(token.kind == "IF" for token in case.tokens)
    if found.kind in _AGGREGATES and "NAME" in case.accepted and within and case.follows() == "{":
        help = (
            f"write `N = {found.text}{'' if found.text == 'count' else ' X'} : {{ p(X) }}`, and compare `N`"
        )
        return case.diagnostic("E0116", f"`{found.text}` stands where no aggregate may", help)
    if found.kind in _AGGREGATES and "NAME" in case.accepted and case.follows() == ":":
        help = f"assign it: `N = {found.text} ...`, and compare `N` in a literal of its own"
        return case.diagnostic("E0116", f"`{found.text}` stands where no aggregate may", help)
    if before and case.last == "COUNT" and case.accepted == {"COLON"} and case.opened_by() != "NAME":
        help = "write `N = count : { p(X) }`: bindings are counted, there is no expression"
        return case.diagnostic("E0116", case.unexpected, help)
    if before and found.kind == "COLON" and case.last in _AGGREGATES:
        help = f"say of what: `T = {before.text} X : {{ p(X) }}`"
        return case.diagnostic("E0116", f"`{before.text}` needs an expression", help)
    return None


def _call(case: ErrorContext) -> Diagnostic | None:
    """``contains(X)``, ``lower(X, Y)``, ``length(X)`` alone, and ``X = p(Y)``."""
    opened = case.opened_by()
    if opened in ("CONTAINS", "STARTS_WITH", "ENDS_WITH", "MATCHES") and case.found.kind in ("COMMA", "RPAR"):
        help = "a test takes two arguments, the text and what is sought in it"
        return case.diagnostic("E0101", case.unexpected, help)
    if opened in ("LOWER", "LENGTH") and case.found.kind in ("COMMA", "RPAR"):
        return case.diagnostic("E0101", case.unexpected, "it takes one argument")
    ends = case.found.kind in ("COMMA", "DOT", "RBRACE", END)
    if ends and {"EQUAL", "COMPARE"} <= case.accepted and "DOT" not in case.accepted:
        help = "a literal is an atom, a test or a comparison: compare it with something"
        return case.diagnostic("E0101", "a value alone is no literal", help, case.before)
    if case.before and case.found.kind == "LPAR" and case.last == "NAME":
        help = "relations have no value: give it a further argument, and name it in a literal of its own"
        if opened == "NAME":
            help = "arguments are terms: is a `)` missing before it?"
        return case.diagnostic("E0101", f"`{case.before.text}(...)` is no term", help, case.before)
    return None


def _negated_value(case: ErrorContext) -> Diagnostic | None:
    if case.last != "MINUS" or case.accepted != _NUMBERS:
        return None
    help = "a minus sign stands before a number or between two terms: write `0 - X`"
    return case.diagnostic("E0101", case.unexpected, help)


def _brackets(case: ErrorContext) -> Diagnostic | None:
    found, open_ones = case.found, case.run.brackets
    if found.kind in ("RPAR", "RBRACE"):
        if not open_ones:
            opener = "(" if found.kind == "RPAR" else "{"
            return case.diagnostic("E0104", f"there is no `{opener}` for this `{found.text}`", "remove it")
        if open_ones[-1].kind == {"RPAR": "LPAR", "RBRACE": "LBRACE"}[found.kind]:
            return None  # the right bracket: what stands before it is wrong
    elif not open_ones or not (found.kind in ("DOT", "IF", END) or case.at_margin()):
        return None
    opened = open_ones[-1]
    closer = ")" if opened.kind == "LPAR" else "}"
    help = f"close it with `{closer}` before {describe(found)}"
    return case.diagnostic("E0104", f"this `{opened.text}` is not closed", help, opened, "it opens here")


def _unexpected(case: ErrorContext) -> Diagnostic:
    help = ""
    if case.found.kind == "COMMA" and "IF" in case.accepted:
        help = "a clause has one head: write `:-` behind it, or a dot"
    elif case.found.kind == "DOT" and case.last == "COMMA":
        help = "remove the comma before it"
    elif case.accepted == {"LBRACE"}:
        help = "the body of an aggregate stands in braces: `N = count : { p(X) }`"
    elif (
        case.found.kind == "NAME"
        and case.last in _NUMBERS
        and case.source.text[case.found.start - 1].isdigit()
    ):
        help = "a name begins with a letter; put text that begins with a digit in quotes"
    elif case.found.kind in ("NAME", "VAR") and case.last in _NUMBERS and case.found.text[0] == "_":
        help = "digits are not grouped: write the number without `_`"
    elif case.found.kind in ("NAME", "VAR", "NOT") and "COMMA" in case.accepted:
        help = "put a comma before it"
    return case.diagnostic("E0101", case.unexpected, help)


_GUESSES: tuple[Guess, ...] = (
    _quote,
    _percent,
    _verdict,
    sets,
    placed,
    _use,
    _several_actions,
    _class,
    _type_test,
    _infix_test,
    _foreign,
    _valued,
    _unknown,
    _behind_declaration,
    _weight,
    _misplaced_not,
    _aggregate,
    _mixed,
    _declaration,
    _upper_case,
    _keyword,
    _second_if,
    _missing_dot,
    _brackets,
    _call,
    _negated_value,
)
