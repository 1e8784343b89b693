"""A proposed action."""

from __future__ import annotations

import math
from typing import Any

from mpr_logic.analysis.atoms import BITS, DIGITS
from mpr_logic.errors import StateError
from mpr_logic.language.ast import Atom, Const, Value
from mpr_logic.language.moments import Moment


class Action:
    """``Action("put", "apple_1", "fridge_1")``, or with named arguments
    ``Action("send", to="bob")``: a name and the values of its arguments. It cannot be changed.

    ``key`` is what it consists of, and what tells it from other actions: a plain tuple, which Python hashes
    and compares at once."""

    __slots__ = ("key",)

    def __init__(self, name: str, *args: Value, **named: Value) -> None:
        # the types, since 1, 1.0 and True are equal in Python
        self.key: tuple[Any, ...] = (name, args, (), *map(type, args))
        if named:
            pairs = tuple(sorted(named.items()))
            self.key = (name, args, pairs, *map(type, args), *[type(value) for _, value in pairs])

    @property
    def name(self) -> str:
        """The action's name."""
        return self.key[0]  # type: ignore[no-any-return]

    @property
    def args(self) -> tuple[Value, ...]:
        """The values of positional arguments."""
        return self.key[1]  # type: ignore[no-any-return]

    @property
    def named(self) -> tuple[tuple[str, Value], ...]:
        """The named arguments, by their names."""
        return self.key[2]  # type: ignore[no-any-return]

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return self.key == other.key if isinstance(other, Action) else NotImplemented

    def atom(self) -> Atom:
        """The action as an atom; positional arguments and named ones do not mix.

        Raises:
            StateError: they do, or a value is no constant.
        """
        if self.args and self.named:
            raise StateError(f"`{self.name}` mixes positional and named arguments: use one kind")
        if not isinstance(self.name, str):
            raise StateError(f"the name of an action is a text, not {type(self.name).__name__}")
        values = self.args or tuple(v for _, v in self.named)
        return Atom(self.name, tuple(map(_constant, values)), tuple(n for n, _ in self.named))

    def __repr__(self) -> str:
        return f"Action({self})"

    def __str__(self) -> str:
        from mpr_logic.language.printer import print_row

        if not self.named and type(self.name) is str and all(map(_plain, self.args)):
            return print_row(self.name, self.args)
        return _loose(self)


def _constant(value: Any) -> Const:
    if isinstance(value, bool):
        return Const("true" if value else "false")
    if not _plain(value):
        raise StateError(f"an argument is a text, a finite number, true or false, not {_shown(value)[:60]}")
    return Const(value)


def _plain(value: Any) -> bool:
    if type(value) is int:
        return value.bit_length() <= BITS
    return type(value) is str or isinstance(value, Moment) or (type(value) is float and math.isfinite(value))


def _shown(value: object) -> str:
    """A value of any kind, as far as it can be written."""
    if type(value) is int and value.bit_length() > BITS:
        return f"an int of more than {DIGITS} digits"
    try:
        return repr(value)
    except Exception:  # of an object that is none of ours
        return f"a {type(value).__name__}"


def _loose(action: Action) -> str:
    """An action whose arguments are not yet known to be right."""
    shown = [_shown(a) for a in action.args] + [f"{n}: {_shown(v)}" for n, v in action.named]
    return f"{action.name}({', '.join(shown)})"
