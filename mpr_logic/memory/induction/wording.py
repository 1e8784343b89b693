"""What a learned rule says for itself: its reason, made of its body, and its source."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from mpr_logic.language.ast import Annotation, Clause, Const
from mpr_logic.language.printer import print_atom, print_item

if TYPE_CHECKING:
    from collections.abc import Sequence

SHOWN = 3
"""So many episodes are named in a source; of the others their number is said."""

_VARIABLE = re.compile(r'("(?:[^"\\]|\\.)*")|\b([A-Z]\w*)')


def annotated(clause: Clause, **texts: str) -> Clause:
    """The rule with these annotations in the place of those of the same names."""
    kept = [each for each in clause.annotations if each.name not in texts]
    new = [Annotation(name, (Const(text),)) for name, text in texts.items()]
    return replace(clause, annotations=(*kept, *new))


def taught_by(who: str, episodes: Sequence[str]) -> str:
    """A source that names who learned a rule, and from which episodes."""
    rest = f" and {len(episodes) - SHOWN} more" if len(episodes) > SHOWN else ""
    return f"{who}: {', '.join(episodes[:SHOWN])}{rest}"


def reason(clause: Clause) -> str:
    """A because-text that says when the action has always failed: what is in the body, with its values."""
    body = " and ".join(_braced(print_item(item)) for item in clause.body)
    return f"{_braced(print_atom(clause.head))} has always failed" + (f" where {body}" if body else "")


def _braced(text: str) -> str:
    """A text with its variables in braces, and the braces of its constants and aggregates doubled."""
    parts, last = [], 0
    for found in _VARIABLE.finditer(text):
        parts.append(_doubled(text[last : found.start()]))
        quoted, name = found.groups()
        parts.append(_doubled(quoted) if quoted else f"{{{name}}}")
        last = found.end()
    return "".join([*parts, _doubled(text[last:])])


def _doubled(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
