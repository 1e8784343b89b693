"""What is known about one fault: what the guesses look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.language.scanner import Token
from mpr_logic.language.tables import END
from mpr_logic.language.words import ATTRIBUTES, describe, describe_all

if TYPE_CHECKING:
    from mpr_logic.language.diagnostics import Diagnostic
    from mpr_logic.language.driver import Run
    from mpr_logic.language.source import Source

# what may begin a statement, or was meant to
BEGINNERS = frozenset(
    "NAME VAR AT FORBID PERMIT PREFER _TYPE _DECL _ACTION _DEFAULT INT FLOAT PAST SUCCEEDED FAILED".split()
)
DECLARED = frozenset({"_TYPE", "_DECL", "_ACTION", "_DEFAULT"})


def _as_name(token: Token) -> Token:
    return token._replace(kind="NAME") if token.kind in ATTRIBUTES else token


class Case:
    """What is known about one fault."""

    def __init__(self, run: Run, found: Token, source: Source, comments: list[Token]) -> None:
        self.run = run
        self.found = _as_name(found)
        self.source = source
        self.comments = comments
        self.tokens = [_as_name(token) for token in run.tokens]
        self.before = self.tokens[-1] if self.tokens else None
        self.accepted = run.accepted() - ATTRIBUTES

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
