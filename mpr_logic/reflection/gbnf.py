"""A grammar in GBNF, the notation of llama.cpp."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.reflection.grammar import START, Chars, Ref

if TYPE_CHECKING:
    from mpr_logic.reflection.grammar import Grammar, Symbol


def gbnf_text(grammar: Grammar) -> str:
    """The grammar as GBNF; the answer is its rule ``root``."""
    lines = [f"root ::= {START}"]
    for name, alternatives in grammar.rules.items():
        lines.append(f"{name} ::= {' | '.join(' '.join(map(_symbol, each)) for each in alternatives)}")
    return "\n".join(lines) + "\n"


def _symbol(symbol: Symbol) -> str:
    if isinstance(symbol, Ref):
        return symbol.name
    if isinstance(symbol, Chars):
        return f"[{symbol.chars}]{{{symbol.least},{symbol.most}}}"
    return '"' + symbol.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
