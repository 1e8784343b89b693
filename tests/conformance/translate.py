"""From the suite's rule text to ours.

There every bare name is a variable, and relations are named as their source liked. Here variables begin
upper-case and relations lower-case: this renames both, and gives the names back for the results. All
else (numbers, quoted text, operators) is the same text in both languages.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

KEYWORDS = frozenset(
    "not forbid permit prefer past succeeded failed causes ends count sum min max mod "
    "contains starts_with ends_with matches lower length true false".split()
)
TOKEN = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|[^\W\d]\w*|\d+(?:\.\d+)?|:-|!=|<=|>=|\S)""")
NAME = re.compile(r"[^\W\d]\w*\Z")
LEGAL = re.compile(r"[a-z][A-Za-z0-9_]*\Z")


class Names:
    """Legal relation names for any names, one to one."""

    def __init__(self) -> None:
        self._new: dict[str, str] = {}
        self._taken: set[str] = set()

    def __getitem__(self, name: str) -> str:
        """The legal name of ``name``: itself where it is one, else made from it and of no other name."""
        if name not in self._new:
            new = name
            if not LEGAL.match(name) or name in KEYWORDS:
                new = "r_" + re.sub(r"[^A-Za-z0-9_]", "_", name)
            self._new[name] = self.fresh(new)
        return self._new[name]

    def fresh(self, new: str) -> str:
        """``new``, lengthened until no relation has it."""
        while new in self._taken:
            new += "_"
        self._taken.add(new)
        return new

    def back(self) -> dict[str, str]:
        """From the legal names to the suite's."""
        return {new: name for name, new in self._new.items()}


def tokens(text: str) -> list[str]:
    """The tokens of a rule, without the dot that may end it."""
    found = TOKEN.findall(text)
    return found[:-1] if found and found[-1] == "." else found


def translate(rules: Iterable[str], names: Names, *, projecting: bool = False) -> str:
    """The program text, one clause a line. With ``projecting``, a named variable that stands in a negated
    literal alone means "there is none": a helper relation projects it away."""
    lines: list[str] = []
    for rule in rules:
        lines.extend(_clause(tokens(rule), names, projecting))
    return "\n".join(lines)


def _clause(found: list[str], names: Names, projecting: bool) -> list[str]:
    if ":-" not in found:
        return [_item(found, names) + "."]
    neck = found.index(":-")
    head = found[:neck]
    items = [_bare(item) for item in _split(found[neck + 1 :])]
    helpers: list[str] = []
    if projecting:
        bound = {v for item in items if item[0] != "not" for v in _variables(item)}
        for place, item in enumerate(items):
            kept = list(dict.fromkeys(v for v in _variables(item) if v in bound))
            if item[0] == "not" and set(kept) < set(_variables(item)):
                name = names.fresh("projected")
                atom = f"{name}({', '.join(_variable(v) for v in kept)})"
                helpers.append(f"{atom} :- {_item(item[1:], names)}.")
                items[place] = ["not", "\0" + atom]
    body = ", ".join(_item(item, names) for item in items)
    return [*helpers, f"{_item(head, names)} :- {body}."]


def _split(found: list[str]) -> list[list[str]]:
    """The items of a body: cut at the commas outside parentheses."""
    items: list[list[str]] = [[]]
    depth = 0
    for token in found:
        depth += (token == "(") - (token == ")")
        if token == "," and depth == 0:
            items.append([])
        else:
            items[-1].append(token)
    return items


def _bare(item: list[str]) -> list[str]:
    """``(n <= 25)`` without its parentheses."""
    return item[1:-1] if item[0] == "(" and item[-1] == ")" else item


def _variables(item: list[str]) -> list[str]:
    return [
        token
        for place, token in enumerate(item)
        if NAME.match(token) and token not in ("not", "_") and item[place + 1 : place + 2] != ["("]
    ]


def _variable(name: str) -> str:
    """One to one: an ASCII name behind a prefix, any other by its code points."""
    if name.isascii():
        return f"V_{name}"
    return "U_" + "_".join(str(ord(c)) for c in name)


def _item(item: list[str], names: Names) -> str:
    text = ""
    for place, token in enumerate(item):
        if token.startswith("\0"):
            text += token[1:]
        elif token == "not":
            text += "not "
        elif not NAME.match(token) or token == "_":
            text += f"{token} " if token == "," else token
        elif item[place + 1 : place + 2] == ["("]:
            text += names[token]
        else:
            text += _variable(token)
    return text
