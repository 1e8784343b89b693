"""Tool calls: their arguments, read as strict JSON, and as the constants and facts that rules see.

A scalar is a constant of the language. ``null``, and an optional argument that was left out, is the name
``null``. A list or an object is one constant, its canonical JSON text, which the relations
``item(list, position, value)``, ``list_length(list, length)`` and ``field(object, name, value)`` open up, at
every depth. What is no list is its own only item.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from mpr_logic.checker import strict_json
from mpr_logic.checker.structures import NULL, canonical
from mpr_logic.errors import StateError
from mpr_logic.language.lookalikes import alike

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Set

    from mpr_logic.language.ast import Row, Value


def two_alike(keys: Iterable[str], named: Collection[str] = ()) -> tuple[str, str] | None:
    """The first two of these keys that some reader takes for one; None where there are none. Who names two
    keys in a schema tells them apart: two of ``named`` are none."""
    seen: dict[str, str] = {}
    for key in keys:
        other = seen.setdefault(alike(key), key)
        if other is not key and not (key in named and other in named):
            return other, key
    return None


def alike_within(value: Any) -> tuple[str, str] | None:
    """The first two keys of one object that some reader takes for one, at any depth of a JSON value."""
    left = [value]
    while left:
        each = left.pop()
        if isinstance(each, dict):
            found = two_alike(each)
            if found is not None:
                return found
            left += each.values()
        elif isinstance(each, list):
            left += each
    return None


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on the arguments of one call: ``size`` in characters of JSON, ``depth`` of nesting,
    ``values`` in all, ``digits`` of an int.

    And on the conversation of one session, where rules read it: ``messages``, the characters that are
    ``heard`` in all of them, and the values in all results that were ``returned``; ``depth`` and ``digits``
    are of a result too.
    """

    size: int = 256 * 1024
    depth: int = 32
    values: int = 5_000
    digits: int = 1_000
    messages: int = 10_000
    heard: int = 32 * 1024 * 1024
    returned: int = 200_000

    def pass_digits(self, number: int) -> bool:
        """Tell whether an int has more digits than these limits let be."""
        return number.bit_length() > self.digits * 3.322  # bits in a digit


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call that a model proposes: the tool's own name, its arguments as a JSON object or the text
    of one, the id that the framework gave it, and the session (conversation, run) that it belongs to."""

    tool: str
    arguments: Any = field(default_factory=dict)
    id: str = ""
    session: str = ""


Moment: TypeAlias = "Mapping[str, list[Row]]"
"""The moment of a call, as far as it was told: rows, by the relation that they are of."""


def read_arguments(given: Any, limits: Limits, named: Set[str] = frozenset()) -> dict[str, Any]:
    """The arguments of a call as a JSON object of its own: nothing that the caller changes afterwards
    changes it. A text must be strict JSON: no key twice in one object, no NaN, no half surrogate pairs; nor
    may two keys of one object be one to some readers, such as ``path`` and ``Path``. No text at all, which
    some servers send for a tool without arguments, is an empty object.

    Args:
        given: the object, or the text of one.
        limits: bounds on it.
        named: the names of the tool's arguments: whoever names two of them tells them apart.

    Raises:
        StateError: they are none, or beyond the limits; the message is fit for a model.
    """
    if isinstance(given, str):
        given = parsed(given.removeprefix("\ufeff"), limits)
    elif isinstance(given, (bytes, bytearray)):
        given = parsed(given.removeprefix(b"\xef\xbb\xbf"), limits)  # a mark of the byte order
    if given is None:
        given = {}
    if not isinstance(given, dict):
        raise StateError(f"the arguments are a JSON object, not {kind_of(given)}")
    copy = _Copier(limits)
    found: dict[str, Any] = copy.value(given, limits.depth)
    if not found.keys() <= named:  # whoever names them all tells them apart
        _refuse_alike(two_alike(found, named))
    return found


def parsed(given: str | bytes | bytearray, limits: Limits, what: str = "") -> Any:
    """A text as strict JSON; no text at all is an empty object.

    Args:
        given: the text.
        limits: bounds on it.
        what: the words for it in a message, such as ``the body``; by default it is the arguments of a call.

    Raises:
        StateError: it is none, or too long.
    """
    if len(given) > limits.size:
        _too_large(limits, what)
    try:
        text = given if isinstance(given, str) else given.decode()
        if not text.strip():
            return {}
        return strict_json.loads(text)
    except json.JSONDecodeError as error:
        said = error.msg.lower()
        if what:
            message = f"{what} is no JSON: {said} at line {error.lineno}, column {error.colno}"
        else:
            message = f"the arguments are not JSON: {said} at character {error.pos + 1}"
    except UnicodeDecodeError as error:
        message = f"{what} is no UTF-8 at byte {error.start + 1}" if what else "the arguments are not UTF-8"
    except RecursionError:
        message = f"{what} is nested too deep" if what else ""
        message = message or f"the arguments are nested deeper than {limits.depth} levels"
    except ValueError as error:  # from the hooks, and of an int with very many digits
        message = f"{what or 'the arguments'} cannot be read: {str(error)[:200]}"
    raise StateError(message)


class _Copier:
    """Copies a JSON value, and counts."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._size = 0
        self._values = 0

    def value(self, given: Any, depth: int) -> Any:
        self._values += 1
        if self._values > self._limits.values:
            raise StateError(f"the arguments hold more than {self._limits.values} values")
        kind = type(given)
        if kind is str:
            return self._text(given)
        if given is None or kind is bool:
            return given
        if kind is int:
            if self._limits.pass_digits(given):
                raise StateError(f"a number in the arguments has more than {self._limits.digits} digits")
            return given
        if kind is float:
            if not math.isfinite(given):
                raise StateError(f"`{given}` in the arguments is no number of JSON")
            return given
        if not isinstance(given, (list, tuple, dict)):
            raise StateError(f"the arguments hold {kind_of(given)}, which is no JSON")
        if not depth:
            raise StateError(f"the arguments are nested deeper than {self._limits.depth} levels")
        if isinstance(given, dict):
            found = {self._key(key): self.value(each, depth - 1) for key, each in given.items()}
            if len(found) > 1 and depth < self._limits.depth:
                _refuse_alike(two_alike(found))
            return found
        return [self.value(each, depth - 1) for each in given]

    def _key(self, given: Any) -> str:
        if type(given) is not str:
            raise StateError(f"a key in the arguments is {kind_of(given)}, not a text")
        return self._text(given)

    def _text(self, given: str) -> str:
        self._size += len(given)
        if self._size > self._limits.size:
            _too_large(self._limits)
        if not given.isascii():
            try:
                given.encode()
            except UnicodeEncodeError:
                raise StateError(
                    "half of a surrogate pair in the arguments is no character: send both halves, or neither"
                ) from None
        return given


def _refuse_alike(keys: tuple[str, str] | None) -> None:
    if keys is not None:
        one, other = (each[:60] for each in keys)
        raise StateError(
            f"the keys `{one}` and `{other}` in the arguments are one to some readers: leave one out"
        )


def _too_large(limits: Limits, what: str = "") -> NoReturn:
    subject = f"{what} is" if what else "the arguments are"
    raise StateError(f"{subject} too large: at most {limits.size} characters are let in")


def kind_of(value: Any) -> str:
    """The kind of a value, in words fit for a model."""
    names = {dict: "an object", list: "a list", tuple: "a list", str: "a text", bool: "a truth value"}
    names[type(None)] = NULL
    return names.get(type(value)) or ("a number" if isinstance(value, (int, float)) else type(value).__name__)


def value_of(constant: Value) -> Any:
    """The JSON value that a constant stands for. A text that is the canonical JSON of a list or an object is
    taken for one: of a call that was made, rules have no more than its constants."""
    if isinstance(constant, str) and constant[:1] in ("[", "{"):
        try:
            value = json.loads(constant)
        except (ValueError, RecursionError):
            return constant
        if canonical(value) == constant:
            return value
    return constant
