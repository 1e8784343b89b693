"""Results of tools as the values in them, each with the field that it stands in and who wrote the item."""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from mpr_logic.guard.origins.spelling import canonical

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
        named: whether it is itself the name of a field. A name as programmers give them has no field.
    """

    text: str
    field: str = ""
    author: str = ""
    named: bool = False


class _TooLargeError(Exception):
    """There are more values than are told apart, or they lie too deep."""


def leaves(content: Any) -> list[Leaf]:
    """The values of a result: of a JSON value, and of a text that is JSON, a literal of Python or YAML. Any
    other text is one value. What a record does not hold of its text, such as a comment, is not lost: then the
    whole text follows its values. Last come the names of fields, each once.

    Args:
        content: what the tool returned.
    """
    found: list[Leaf] = []
    names: dict[str, None] = {}
    for value in _blocks(content):
        whole = value if isinstance(value, str) else None
        read = value if whole is None else structured(whole)
        try:
            inside = _bounded(read)
        except _TooLargeError:
            found.append(Leaf(whole if whole is not None else _as_text(value)))
            continue
        for leaf in inside:
            if leaf.named and not leaf.field:
                names[leaf.text] = None
            else:
                found.append(leaf)
        if whole is not None and read is not whole and not _holds(inside, whole):
            found.append(Leaf(whole))
    found += [Leaf(name, named=True) for name in names]
    return found


def _bounded(read: Any) -> list[Leaf]:
    found = []
    for leaf in _leaves(read, "", "", DEEPEST):
        found.append(leaf)
        if len(found) > MOST_VALUES:
            raise _TooLargeError
    return found


_TOKEN = re.compile(r"[^\W_]+|[^\x00-\x7f\w\s]")  # a word, or a sign such as an emoji
_ANCHOR = re.compile(r"(?<![^\s\[{,:'\"])&\S")  # of YAML: the text behind it may stand in the record twice
_NO_VALUES = frozenset({"none", "null", "true", "false"})


def _holds(inside: list[Leaf], text: str) -> bool:
    """Whether a record holds all words of the text that it was read from, each as often: no comment, tag or
    field of the same name was dropped."""
    if _ANCHOR.search(text):
        return False
    held = Counter(_TOKEN.findall(canonical("\n".join(each.text for each in inside))))
    return (Counter(_TOKEN.findall(canonical(text))) - held).keys() <= _NO_VALUES


def _blocks(content: Any) -> list[Any]:
    """The results that a result consists of: each block of text, as MCP has them, is one. What else a block
    holds is another."""
    if isinstance(content, list) and content and all(_is_block(each) for each in content):
        rest = [{name: inner for name, inner in each.items() if name not in _BLOCK} for each in content]
        return [each["text"] for each in content] + [each for each in rest if each]
    return [content]


_BLOCK = frozenset({"type", "text"})


def _is_block(value: Any) -> bool:
    return isinstance(value, dict) and value.get("type") == "text" and isinstance(value.get("text"), str)


def _as_text(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (RecursionError, ValueError, TypeError):
        return flat(value)


def flat(value: Any) -> str:
    """All texts and numbers of a value that has no JSON, or nests too deep for it."""
    found: list[str] = []
    left = [value]
    seen: set[int] = set()  # a list that stands in itself is read once
    while left:
        each = left.pop()
        if isinstance(each, (dict, list, tuple)):
            if id(each) not in seen:
                seen.add(id(each))
                left += each
                left += each.values() if isinstance(each, dict) else ()
        else:
            found.append(_number(each))
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
            if _PLAIN_NAME.fullmatch(name):
                yield Leaf(name, named=True)
            else:
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
        return found if _holds([Leaf(each) for each in found], text) else []
    return []


def _number(value: Any) -> str:
    try:
        return str(value)
    except ValueError:  # an int of more digits than Python writes
        return hex(value)


_PLAIN_NAME = re.compile(r"[a-z_][a-z0-9_]*|[a-z]+(?:[A-Z][a-z0-9]*)+", re.ASCII)
"""A name that a programmer gave a field. Others say what stands in them too, such as the hotels that prices
stand by."""


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
    text itself. JSON with a key twice stays a text."""
    start = text.lstrip()[:60]
    if not start or len(text) > LONGEST_RECORD:
        return text
    try:
        if start[0] in "[{":
            try:
                return json.loads(text, object_pairs_hook=_each_once)
            except _TwiceError:
                return text
            except ValueError:
                return ast.literal_eval(text.strip())
        if _YAML.match(start):
            return _yaml(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        pass
    return text


class _TwiceError(Exception):
    """A key stands twice in an object of JSON."""


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _TwiceError
    return found


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
