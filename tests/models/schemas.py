"""Hypothesis strategies for declarations, and texts that a specialised grammar lets through."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from mpr_logic.models.grammars import START, Chars, Ref
from tests.helpers.strategies import labels, names

if TYPE_CHECKING:
    from mpr_logic.models.grammars import Grammar, Symbol

BUILT_IN = ["symbol", "int", "float", "bool", "any", "time", "date", "duration"]


@st.composite
def declarations(draw: st.DrawFn) -> str:
    """The text of a few types, relations and actions, at least one action among them."""
    types = draw(st.lists(names().filter(lambda n: n not in BUILT_IN), max_size=4, unique=True))
    lines = [f".type {t} <: {draw(st.sampled_from([*BUILT_IN, *types[:i]]))}" for i, t in enumerate(types)]
    params = st.lists(st.tuples(labels(), st.sampled_from([*BUILT_IN, *types])), max_size=3, unique_by=first)
    spoken = draw(st.lists(names(), min_size=1, max_size=6, unique=True))
    actions = draw(st.integers(1, len(spoken)))
    shared: list[set[tuple[str, str]]] = []
    for number, name in enumerate(spoken):
        columns = draw(params)
        shared += [set(columns)] if number < actions else []
        written = ", ".join(f"{label}: {type_}" for label, type_ in columns)
        if number < actions:
            lines.append(f".action {name}({written})")
        else:
            attributes = draw(st.sampled_from(["", " open_world", " input key()", " shared"]))
            lines.append(f".decl {name}({written}){attributes}")
    of = draw(st.none() | names().filter(lambda n: n not in (*spoken, "any")))
    if of is not None:
        written = ", ".join(f"{label}: {type_}" for label, type_ in sorted(set.intersection(*shared)))
        lines.append(f".class {of}({written}) {{{', '.join(spoken[:actions])}}}")
    return "\n".join(lines) + "\n"


def first(pair: tuple[Any, ...]) -> Any:
    """The first of a pair."""
    return pair[0]


def sample(grammar: Grammar, seed: int) -> str:
    """A text that the grammar stands for, every alternative as likely as the others beside it."""
    draw = random.Random(seed)
    return _sample(Ref(START), grammar, draw)


def _sample(symbol: Symbol, grammar: Grammar, draw: random.Random) -> str:
    if isinstance(symbol, Ref):
        return "".join(_sample(each, grammar, draw) for each in draw.choice(grammar.rules[symbol.name]))
    if isinstance(symbol, Chars):
        letters = "7" if symbol.chars == "0-9" else "a d"
        return "".join(
            draw.choices(letters, k=draw.randint(symbol.least, min(symbol.most, symbol.least + 8)))
        )
    return symbol
