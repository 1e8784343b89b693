"""A grammar in GBNF, the notation of llama.cpp."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.models.grammar import START, Chars, Ref

if TYPE_CHECKING:
    from mpr_logic.models.grammar import Grammar, Symbol


def gbnf_text(grammar: Grammar) -> str:
    """The grammar as GBNF; the answer is its rule ``root``."""
    lines = [
        f"{_name(name)} ::= {' | '.join(' '.join(map(_symbol, each)) for each in alternatives)}\n"
        for name, alternatives in grammar.rules.items()
    ]
    return "".join(lines)


def _name(name: str) -> str:
    return "root" if name == START else name


def _symbol(symbol: Symbol) -> str:
    if isinstance(symbol, Ref):
        return _name(symbol.name)
    if isinstance(symbol, Chars):
        return f"[{symbol.chars}]{{{symbol.least},{symbol.most}}}"
    return '"' + symbol.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
