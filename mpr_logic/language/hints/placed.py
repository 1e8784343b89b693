"""Guesses about literals of the history that are placed in time, as authors write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.language.hints.context import describe

if TYPE_CHECKING:
    from mpr_logic.language.diagnostics import Diagnostic
    from mpr_logic.language.hints.context import ErrorContext
    from mpr_logic.language.lexer import Token

ORDERS = ("before", "after", "since")
_PLACES = (*ORDERS, "at", "within")
_TENSES = frozenset({"PAST", "SUCCEEDED", "FAILED"})
_BREAKS = frozenset({"COMMA", "IF", "LBRACE", "SEMICOLON", "LPAR"})
_ONCE = ("once", "previously", "historically", "ever", "already")
_POSITIONS = "give the calls positions, and compare those: `past A at I, past B at J, I < J`"


def placed(case: ErrorContext) -> Diagnostic | None:
    """The diagnostic of a mistake with a place in time; None where it is another one."""
    return next((found for each in _GUESSES if (found := each(case))), None)


def _behind_order(case: ErrorContext) -> Diagnostic | None:
    """``past A since 1h``, ``past A before B``, ``past A since not past B``."""
    found, before = case.found, case.before
    if before is None or before.text not in ORDERS or not case.accepted <= _TENSES:
        return None
    word = before.text
    help = f"name another call: `{word} past A(...)`, or `succeeded`, or `failed`"
    if found.kind == "NAME":
        help = f"only a call has a place in time: `{word} past {found.text}`, or `succeeded`, or `failed`"
    elif found.kind == "NOT":
        help = f"what is denied stands first: `not past A {word} past B`"
    elif found.kind == "DURATION":
        help = f"the last hours and days are asked for by `within`: `past A within {found.text}`"
    elif found.kind == "TEXT":
        help = "compare the time of the call: `past A at I, called_at(I, _, T), T > ...`"
    return case.diagnostic("E0291", f"a call stands behind `{word}`, not {describe(found)}", help)


def _before_place(case: ErrorContext) -> Diagnostic | None:
    """``A before past B``, ``past A before past B before past C``."""
    found = case.found
    if found.kind != "NAME" or found.text not in _PLACES or case.last not in ("RPAR", "NAME"):
        return None
    item = _item(case)
    if any(token.text in _PLACES for token in item[1:]):
        return case.diagnostic("E0291", f"`{found.text}` stands behind another place in time", _POSITIONS)
    if not item or item[0].kind not in ("NAME", "NOT"):
        return None
    help = f"write `past`, `succeeded` or `failed` before it: `past {_name(case)} {found.text} ...`"
    return case.diagnostic("E0291", "only what was tried has a place in time", help)


def _behind_within(case: ErrorContext) -> Diagnostic | None:
    """``past A within 1h ago``, ``within 24 h``, ``within last 24h``."""
    words = [token.text for token in _item(case)[-2:]]
    if "within" not in words:
        return None
    if case.found.kind not in ("NAME", "DURATION") or case.last not in ("DURATION", "INT", "NAME"):
        return None
    if not any(token.kind in _TENSES for token in _item(case)):
        return None
    help = "a duration stands behind it, alone and in one piece: `past A within 24h`"
    return case.diagnostic("E0291", f"this is no length of time: found {describe(case.found)}", help)


def _other_words(case: ErrorContext) -> Diagnostic | None:
    """``once A``, ``past A until past B``."""
    found, before = case.found, case.before
    if found.text == "until" and _item(case) and any(t.kind in _TENSES for t in _item(case)):
        help = "rules look back: `not past B since past A` holds from an `A` until a `B`"
        return case.diagnostic("E0291", "`until` looks ahead", help)
    if before is not None and before.text in _ONCE and found.kind == "NAME" and "LPAR" in case.accepted:
        help = f"what was done before is `past {found.text}`, or `succeeded`, or `failed`"
        return case.diagnostic("E0291", f"`{before.text}` is no word of this language", help, before)
    return None


def _item(case: ErrorContext) -> list[Token]:
    """The tokens of the body item before the fault."""
    tokens, depth = case.tokens, 0
    for place in reversed(range(len(tokens))):
        kind = tokens[place].kind
        depth += (kind == "RPAR") - (kind == "LPAR")
        if depth < 0 or (depth == 0 and kind in _BREAKS - {"LPAR"}):
            return tokens[place + 1 :]
    return tokens


def _name(case: ErrorContext) -> str:
    return next((token.text for token in _item(case) if token.kind == "NAME"), "A")


_GUESSES = (_behind_order, _before_place, _behind_within, _other_words)
