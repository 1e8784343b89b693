"""Error recovery: the diagnostic of a syntax error, and the offset at which parsing goes on."""

from __future__ import annotations

import re

from mpr_logic.language.diagnostics import Diagnostic
from mpr_logic.language.hints.context import BEGINNERS, DECLARED, ErrorContext
from mpr_logic.language.hints.guesses import guess
from mpr_logic.language.lalr_driver import MAX_DEPTH, MAX_TOKENS, LimitFault, SyntaxFault
from mpr_logic.language.lalr_tables import END
from mpr_logic.language.lexer import Token
from mpr_logic.language.source import SourceText

# up to a dot that ends a clause, or to the line end before a declaration; atomic as in fast_clauses.py
_BEHIND = re.compile(
    r"""(?> [^."%\n]++ | "(?:[^"\\\n]|\\.)*+" | " | %[^\n]*+
          | (?<=[0-9])\.(?=[0-9]) | \.(?=[a-z])
          | \n(?!\.(?:decl|type|action|default|class|hint)\b) )*+ [.\n]?""",
    re.VERBOSE,
)
_MARGIN = re.compile(r"\n(?=[A-Za-z0-9_@.%])")


def explain(fault: SyntaxFault, source: SourceText, comments: list[Token]) -> tuple[Diagnostic, int]:
    """The diagnostic of a fault, and the offset at which parsing may go on."""
    case = ErrorContext(fault.run, fault.found, source, comments)
    diagnostic = guess(case)
    return diagnostic, _resume(case, diagnostic.code)


def explain_limit(fault: LimitFault, source: SourceText) -> tuple[Diagnostic, int]:
    """The diagnostic of a statement that is too deep or too long, and where parsing may go on."""
    if fault.code == "E0112":
        message = f"brackets nest more than {MAX_DEPTH} deep"
        help = "compute a part of it in a rule of its own"
    else:
        message = f"this statement has more than {MAX_TOKENS:,} words and signs"
        help = "split it into several clauses, or assert facts one by one"
    found = fault.found
    diagnostic = source.diagnostic(fault.code, message, found.start, found.end, help)
    return diagnostic, _behind_statement(source.text, found.end)


def explain_rest(source: SourceText, offset: int, what: str) -> Diagnostic:
    """The diagnostic of more, or other, text than the one thing that was asked for."""
    help = "give nothing else" if offset else "give one clause, such as `p(X) :- q(X).`"
    message = f"expected {what}" + (" and nothing behind it" if offset else "")
    return source.diagnostic("E0101", message, offset, offset + 1, help)


def _resume(case: ErrorContext, code: str) -> int:
    text, found = case.source.text, case.found
    if found.kind == END:
        return len(text)
    if case.tokens and (case.at_margin() or (code == "E0105" and found.kind in BEGINNERS)):
        return found.start
    if (case.tokens or [found])[0].kind in DECLARED or (code == "E0118" and case.follows().isalpha()):
        # declarations end without a dot: the next line that is not indented begins something new
        margin = _MARGIN.search(text, found.start)
        return margin.end() if margin else len(text)
    if code == "E0103":
        # the quote was never closed: its line is lost, and more only where the line ends no clause
        end = text.find("\n", found.start)
        end = len(text) if end < 0 else end
        line = text[found.start : end].rstrip()
        return end if line.endswith(".") else _behind_statement(text, end)
    return _behind_statement(text, found.start)


def _behind_statement(text: str, offset: int) -> int:
    match = _BEHIND.match(text, offset)
    return max(match.end(), offset + 1) if match else len(text)
