"""Results of tools as the values in them, each with the field that it stands in and who wrote the item."""

from __future__ import annotations

import ast
import json
import re
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

Scalar: TypeAlias = "str | int | float"
"""A text or a number."""

AUTHORS = frozenset(
    {
        "sender",
        "from",
        "author",
        "owner",
        "posted_by",
        "created_by",
        "written_by",
        "from_address",
        "user_name",
    }
)
"""The fields that say who wrote the item that they stand in."""

MOST_VALUES = 20_000
"""The most values of one result that are told apart; a larger one is read as one text."""

DEEPEST = 50
"""The deepest nesting that is told apart."""

LONGEST_RECORD = 1_000_000
"""The most characters of a text that is read as a record."""


class Leaf(NamedTuple):
    """A value of a result.

    Args:
        text: the value, as text.
        field: the name of the field that it stands in; of a list's item, the list's. Empty where it has none.
        author: who wrote the item, where a sibling field says so; else empty.
        named: whether it is itself the name of a field.
    """

    text: str
    field: str = ""
    author: str = ""
    named: bool = False


class _TooLargeError(Exception):
    """There are more values than are told apart, or they lie too deep."""


def leaves(content: Any) -> list[Leaf]:
    """The values of a result: of a JSON value, and of a text that is JSON, a literal of Python or YAML. Any
    other text is one value.

    Args:
        content: what the tool returned.
    """
    found: list[Leaf] = []
    for value in _blocks(content):
        whole = value if isinstance(value, str) else None
        read = value if whole is None else structured(whole)
        begun = len(found)
        try:
            for leaf in _leaves(read, "", "", DEEPEST):
                found.append(leaf)
                if len(found) > MOST_VALUES:
                    raise _TooLargeError
        except _TooLargeError:
            del found[begun:]
            found.append(Leaf(whole if whole is not None else _as_text(value)))
    return found


def _blocks(content: Any) -> list[Any]:
    """The results that a result consists of: each block of text, as MCP has them, is one."""
    if isinstance(content, list) and content and all(_is_block(each) for each in content):
        return [each["text"] for each in content]
    return [content]


def _is_block(value: Any) -> bool:
    return isinstance(value, dict) and value.get("type") == "text" and isinstance(value.get("text"), str)


def _as_text(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (RecursionError, ValueError, TypeError):
        return _flat(value)


def _flat(value: Any) -> str:
    """All texts and numbers of a value that nests too deep for others."""
    found: list[str] = []
    left = [value]
    while left and len(found) < 1_000_000:
        each = left.pop()
        if isinstance(each, dict):
            left += [*each.values(), *each.keys()]
        elif isinstance(each, (list, tuple)):
            left += each
        else:
            found.append(str(each))
    return " ".join(reversed(found))


def values(arguments: Any) -> list[Scalar]:
    """The texts and numbers among the arguments of a call, at every depth, each once."""
    found: dict[tuple[type, Scalar], None] = {}
    left = [arguments]
    while left and len(found) < MOST_VALUES:
        each = left.pop()
        if isinstance(each, dict):
            left += reversed(each.values())
        elif isinstance(each, (list, tuple)):
            left += reversed(each)
        elif isinstance(each, (str, int, float)) and not isinstance(each, bool) and each != "":
            found[type(each), each] = None
    return [each for _, each in found]


def _leaves(value: Any, field: str, author: str, deep: int) -> Iterator[Leaf]:
    if deep == 0:
        raise _TooLargeError
    if isinstance(value, dict):
        author = _author(value) or author
        for name, inner in value.items():
            name = str(name)
            if not _PLAIN_NAME.fullmatch(name):
                yield Leaf(name, name, author, named=True)
            yield from _leaves(inner, name, author, deep - 1)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for inner in value:
            yield from _leaves(inner, field, author, deep - 1)
    elif isinstance(value, str) and field and value[:1] == "[" and value[-1:] == "]":
        yield from (Leaf(each, field, author) for each in _plain_list(value) or [value])
    elif value is not None and not isinstance(value, bool) and value != "":
        yield Leaf(value if isinstance(value, str) else _number(value), field, author)


def _plain_list(text: str) -> list[str]:
    """The texts of a list that a field holds as a text; empty where it is none, or holds anything else."""
    found = structured(text)
    if isinstance(found, list) and all(isinstance(each, str) for each in found):
        return found
    return []


def _number(value: Any) -> str:
    try:
        return str(value)
    except ValueError:  # an int of more digits than Python writes
        return hex(value)


_PLAIN_NAME = re.compile(r"[a-z_][a-z0-9_]*|[a-z]+(?:[A-Z][a-z0-9]*)+", re.ASCII)
"""A name that a programmer gave a field. Others are values too, such as the hotels that prices stand by."""


def _author(item: dict[Any, Any]) -> str:
    for name, value in item.items():
        if str(name).lower() in AUTHORS:
            if isinstance(value, dict):
                value = value.get("email") or value.get("login") or value.get("name")
            if isinstance(value, (str, int)) and not isinstance(value, bool) and value != "":
                return str(value)
    return ""


_YAML = re.compile(r"(?:- |[\w ]{1,40}:(?: |\n))")


def structured(text: str) -> Any:
    """The record that a text is: JSON, a literal of Python, or YAML where PyYAML is installed; else the
    text itself."""
    start = text.lstrip()[:60]
    if not start or len(text) > LONGEST_RECORD:
        return text
    try:
        if start[0] in "[{":
            try:
                return json.loads(text)
            except ValueError:
                return ast.literal_eval(text.strip())
        if _YAML.match(start):
            return _yaml(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        pass
    return text


def _yaml(text: str) -> Any:
    try:
        yaml: Any = import_module("yaml")
    except ImportError:
        return text
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # of all values the text itself: 010 is no 8
    try:
        found = yaml.load(text, loader)
    except yaml.YAMLError:
        return text
    return found if isinstance(found, (dict, list)) else text


_LABEL = re.compile(r"(?<!\w)([A-Z][^\W\d_]*(?: [A-Z][^\W\d_]*){0,4}):(?=\s)")


def labelled(text: str) -> list[tuple[str, str]]:
    """The labels in a text, and what stands behind each on its line, as far as the next one: ``Account
    Number: 12345``."""
    found = []
    marks = list(_LABEL.finditer(text))
    ends = [*(each.start() for each in marks[1:]), len(text)]
    for mark, end in zip(marks, ends, strict=False):  # none where there are no marks
        value = text[mark.end() : min(end, mark.end() + 200)].split("\n", 1)[0].strip(" \t|;")
        if value:
            found.append((mark.group(1), value))
    return found
