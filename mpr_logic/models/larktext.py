"""A grammar in Lark's notation, as OpenAI's custom tools, llguidance and Lark itself take it.

The common ground of the three: no imports, no lookarounds, no priorities, no templates, strings and
regular expressions with bounded repetition.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.models.grammar import Chars, Ref

if TYPE_CHECKING:
    from mpr_logic.models.grammar import Grammar, Sequence, Symbol


def lark_text(grammar: Grammar) -> str:
    """The grammar as Lark text; the answer is its rule ``start``."""
    terminals: dict[Chars, str] = {}
    lines = [
        f"{name}: {' | '.join(_sequence(each, terminals) for each in alternatives)}"
        for name, alternatives in grammar.rules.items()
    ]
    lines += [f"{name}: {_regex(chars)}" for chars, name in terminals.items()]
    return "\n".join(lines) + "\n"


def _sequence(sequence: Sequence, terminals: dict[Chars, str]) -> str:
    return " ".join(_symbol(each, terminals) for each in sequence)


def _symbol(symbol: Symbol, terminals: dict[Chars, str]) -> str:
    if isinstance(symbol, Ref):
        return symbol.name
    if isinstance(symbol, Chars):
        return terminals.setdefault(symbol, f"CHARS{len(terminals) + 1}")
    return _quoted(symbol)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _regex(chars: Chars) -> str:
    return f"/[{chars.chars.replace('/', chr(92) + '/')}]{{{chars.least},{chars.most}}}/"
