"""Results of tools as the values in them, each with the field that it stands in and who wrote the item."""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from mpr_logic.checker import strict_json
from mpr_logic.guard.origins.spelling import canonical, text_of

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
"""The most values of one result that are told apart, lists and objects among them, each as often as it
stands there; a larger one is read as one text."""

DEEPEST = 50
"""The deepest nesting that is told apart."""

LONGEST_RECORD = 1_000_000
"""The most characters of a text that is read as a record."""

LONGEST_TEXT = 50_000_000
"""The most characters of a value as one text."""

MOST_WRITTEN = 250_000
"""The most values that are written as JSON, each as often as it stands there."""


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


class TooLargeError(Exception):
    """A value holds more characters than are read."""


class _UnevenError(Exception):
    """There are more values than are told apart, or they lie too deep."""


def leaves(content: Any) -> list[Leaf]:
    """The values of a result: of a JSON value, and of a text that is JSON, a literal of Python or YAML. Any
    other text is one value. What a record does not hold of its text, such as a comment, is not lost: then the
    whole text follows its values. Last come the names of fields, each once.

    Args:
        content: what the tool returned.

    Raises:
        TooLargeError: as one text it is longer than :data:`LONGEST_TEXT`.
    """
    found: list[Leaf] = []
    names: dict[str, None] = {}
    for value in _blocks(content):
        whole = value if isinstance(value, str) else None
        read = value if whole is None else structured(whole)
        try:
            inside = _Reader(LONGEST_TEXT if whole is None else len(whole)).leaves(read)
        except _UnevenError:
            found.append(Leaf(whole if whole is not None else written(value)))
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


_TOKEN = re.compile(r"[^\W_]+|[^\x00-\x7f\w\s]")  # a word, or a sign such as an emoji
_ANCHOR = re.compile(r"(?<![^\s\[{,:'\"])&\S")  # of YAML: the text behind it may stand in the record twice
_NO_VALUES = frozenset({"none", "null", "true", "false"})


def _holds(inside: list[Leaf], text: str) -> bool:
    """Tell whether a record holds all words of the text that it was read from, each as often: no comment, tag
    or field of the same name was dropped."""
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


def written(value: Any, most: int = LONGEST_TEXT) -> str:
    """A value as one text: its JSON. Of one without JSON, and of one that is much longer as JSON since it
    holds the same lists again and again, it is all texts and numbers in it.

    Args:
        value: any.
        most: characters.

    Raises:
        TooLargeError: there are more.
    """
    if _at_most(value, most, MOST_WRITTEN):
        try:
            return json.dumps(value, ensure_ascii=False, default=str)
        except (TypeError, ValueError, RecursionError):
            pass  # a key that is no text, a list in itself, or too deep
    return flat(value, most)


def _at_most(value: Any, characters: int, values: int) -> bool:
    """Tell whether a value holds no more, each counted as often as it stands there."""
    left = [value]
    while left and characters >= 0:
        each = left.pop()
        if isinstance(each, str):
            characters -= len(each)
        elif isinstance(each, _MANY):
            values -= len(each)
            if values < 0:
                return False
            left += each
            left += each.values() if isinstance(each, dict) else ()
    return characters >= 0


_MANY = (dict, list, tuple, set, frozenset)


def flat(value: Any, most: int = LONGEST_TEXT) -> str:
    """All texts and numbers of a value that has no JSON, or nests too deep for it. A list or an object that
    stands in it twice is read once.

    Raises:
        TooLargeError: there are more characters than ``most``.
    """
    found: list[str] = []
    left = [value]
    seen: set[int] = set()
    while left:
        each = left.pop()
        if isinstance(each, _MANY):
            if id(each) not in seen:
                seen.add(id(each))
                left += each
                left += each.values() if isinstance(each, dict) else ()
        else:
            found.append(text_of(each))
            most -= len(found[-1]) + 1
            if most < 0:
                raise TooLargeError
    return " ".join(reversed(found))


def values(arguments: Any) -> list[Scalar]:
    """The texts and numbers among the arguments of a call, at every depth, each once."""
    found: dict[tuple[type, Scalar], None] = {}
    left = [arguments]
    seen: set[int] = set()  # lists and objects: what stands in one twice is there once
    while left:
        each = left.pop()
        if isinstance(each, (dict, list, tuple)):
            if id(each) not in seen:
                seen.add(id(each))
                left += reversed(each.values() if isinstance(each, dict) else each)
        elif isinstance(each, (str, int, float)) and not isinstance(each, bool) and each != "":
            found[type(each), each] = None
    return [each for _, each in found]


class _Reader:
    """Tells the values of a result apart, within bounds: :data:`MOST_VALUES` and :data:`DEEPEST`, and as many
    characters. A record of YAML may hold the same list again and again.
    """

    def __init__(self, characters: int) -> None:
        self._characters = characters
        self._values = MOST_VALUES

    def leaves(self, read: Any) -> list[Leaf]:
        """The values of a record.

        Raises:
            _UnevenError: it is beyond the bounds.
        """
        return list(self._leaves(read, "", "", DEEPEST))

    def _count(self, characters: int = 0) -> None:
        self._values -= 1
        self._characters -= characters
        if self._values < 0 or self._characters < 0:
            raise _UnevenError

    def _leaves(self, value: Any, field: str, author: str, deep: int) -> Iterator[Leaf]:
        if deep == 0:
            raise _UnevenError
        self._count(len(value) if isinstance(value, str) else 0)
        if isinstance(value, dict):
            author = _author(value) or author
            for name, inner in value.items():
                name = text_of(name)
                self._count(len(name))
                if _PLAIN_NAME.fullmatch(name):
                    yield Leaf(name, named=True)
                else:
                    yield Leaf(name, name, author, named=True)
                yield from self._leaves(inner, name, author, deep - 1)
        elif isinstance(value, (list, tuple, set, frozenset)):
            for inner in value:
                yield from self._leaves(inner, field, author, deep - 1)
        elif isinstance(value, str) and field and value[:1] == "[" and value[-1:] == "]":
            yield from (Leaf(each, field, author) for each in _plain_list(value) or [value])
        elif value is not None and not isinstance(value, bool) and value != "":
            yield Leaf(value if isinstance(value, str) else text_of(value), field, author)


def _plain_list(text: str) -> list[str]:
    """The texts of a list that a field holds as a text; empty where it is none, or holds anything else."""
    found = structured(text)
    if isinstance(found, list) and all(isinstance(each, str) for each in found):
        return found if _holds([Leaf(each) for each in found], text) else []
    return []


_PLAIN_NAME = re.compile(r"[a-z_][a-z0-9_]*|[a-z]+(?:[A-Z][a-z0-9]*)+", re.ASCII)
"""A name that a programmer gave a field. Others say what stands in them too, such as the hotels that prices
stand by."""


def _author(item: dict[Any, Any]) -> str:
    for name, value in item.items():
        if isinstance(name, str) and name.lower() in AUTHORS:
            if isinstance(value, dict):
                value = value.get("email") or value.get("login") or value.get("name")
            if isinstance(value, (str, int)) and not isinstance(value, bool) and value != "":
                return text_of(value)
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
                return json.loads(text, object_pairs_hook=strict_json.no_repeats)
            except json.JSONDecodeError:
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
