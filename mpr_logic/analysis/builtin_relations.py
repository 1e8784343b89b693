"""Built-in relations: every program has them without a declaration, and the system fills or reads them.

``docs/reference/language.md`` documents them. Plain Datalog, where nothing need be declared, has none: there
the names are the user's.
"""

from __future__ import annotations

import typing
from typing import TYPE_CHECKING, TypeAlias, get_args

from mpr_logic.analysis.program import Signature
from mpr_logic.language.ast import (
    Alternatives,
    Arithmetic,
    Atom,
    Clause,
    Comparison,
    Const,
    Literal,
    Param,
    Span,
    Var,
)
from mpr_logic.language.moments import SECOND, Duration, Instant

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from mpr_logic.language.ast import WrittenItem

SHELL = frozenset({"shell_runs", "shell_writes", "shell_opaque", "shell_word", "shell_unsure"})
"""The relations that the reader of shell commands fills."""

SQL = frozenset({"sql_statement", "sql_reads", "sql_writes", "sql_column", "sql_all_rows", "sql_opaque"})
"""The relations that the reader of SQL fills, for each dialect that rules name."""

DIALECTS = ("duckdb", "mysql", "postgres", "sqlite", "tsql")
"""The dialects of SQL that are read."""

PATHS = frozenset({"path_form", "path_inside", "path_opaque"})
"""The relations that the reader of paths fills, for each working folder that rules name."""

READ = SHELL | SQL | PATHS
"""The relations that readers of texts fill."""

OPAQUE = {name: f"{name.partition('_')[0]}_opaque" for name in SQL | PATHS}
"""The relation by which each of these readers says that it cannot know. Rules that ask for programs of
commands alone are older than the question."""

HEARD = frozenset({"said", "last_said", "returned", "newest", "refused", "asked_with"})
"""The relations that a guard fills with what it hears of a conversation."""

TRACED = frozenset({"origin", "found_in", "mentions", "selected_by"})
"""The relations that say where the values of a call come from: a guard fills them for each call that it is
asked about, from what it has heard."""

Source: TypeAlias = typing.Literal["user", "system", "result", "model"]
"""The author of the words that a value was met in; of ``result``, a tool."""

Place: TypeAlias = typing.Literal["words", "field", "name", "labelled", "text", "piece", ""]
"""The way in which a value stands there: in somebody's ``words``; as a whole ``field`` of a record, or the
``name`` of one; ``labelled`` in a text; anywhere else within a ``text``; or only a ``piece`` of it stands
there. Empty of the model's own."""

Speaker: TypeAlias = typing.Literal["user", "assistant", "system"]
"""The author of words that a guard hears."""

SOURCES: tuple[str, ...] = get_args(Source)
PLACES: tuple[str, ...] = get_args(Place)
SPEAKERS: tuple[str, ...] = get_args(Speaker)

KINDS = ("email", "host", "link", "account", "phone", "path", "number", "name", "word", "field")
"""The kinds of values that a text mentions."""

FILLED = frozenset({"now", "called", "item", "list_length", "field", "argument"}) | READ | HEARD | TRACED
"""The relations that the system fills: no clause of a program has one in its head."""

LANGUAGE = Span("the language", 0, 0, 0, 0)
"""The span of what the language itself says."""

_N, _A, _S, _T, _MADE, _NOW = map(Var, ("N", "A", "S", "T", "Made", "Now"))


def _defined(name: str, args: tuple[Var, ...], *body: WrittenItem) -> Clause:
    """The rule for a relation that has as a time, ``T``, what is a second, ``S``, in its body."""
    second = Arithmetic("*", _S, Const(Duration(SECOND)))
    time = Comparison("=", _T, Arithmetic("+", Const(Instant(0)), second))
    return Clause("relation", Atom(name, args, span=LANGUAGE), (*body, time), span=LANGUAGE)


CLOCK = ("now", "now_at")
"""The relations that tell the time of the check."""

DEFINED: Mapping[str, Clause] = {
    "now_at": _defined("now_at", (_T,), Literal(Atom("now", (_S,)))),
    "called_at": _defined("called_at", (_N, _A, _T), Literal(Atom("called", (_N, _A, _S)))),
}
"""The built-in relations that a rule of the language derives: a program has that rule where it reads them.
There were programs before them: one that declares such a name otherwise has a relation of its own."""

_NOT_LATER = Alternatives(
    (
        (Literal(Atom("now", (Var("_"),)), True), Comparison("=", _S, _MADE)),
        (Literal(Atom("now", (_NOW,))), Comparison("<=", _MADE, _NOW), Comparison("=", _S, _MADE)),
        (Literal(Atom("now", (_S,))), Comparison(">", _MADE, _S)),
    ),
    LANGUAGE,
)
"""``S`` is the second ``Made``, never one after the time of the check: a clock may have been set back."""

_CALLED_UNTIL_NOW = _defined("called_at", (_N, _A, _T), Literal(Atom("called", (_N, _A, _MADE))), _NOT_LATER)


def definition(name: str, read: Container[str]) -> Clause:
    """The rule for a built-in relation, in a program that reads some relations: no call is in the future
    where the time of the check is read too."""
    clock = any(each in read for each in CLOCK)
    return _CALLED_UNTIL_NOW if name == "called_at" and clock else DEFINED[name]


_MET = (
    ("value", "any"),
    ("source", "symbol"),
    ("tool", "symbol"),
    ("call", "int"),
    ("place", "symbol"),
    ("field", "symbol"),
    ("author", "symbol"),
)

_FORMS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "now": (("second", "int"),),
    "now_at": (("time", "time"),),
    "called": (("number", "int"), ("action", "symbol"), ("second", "int")),
    "called_at": (("number", "int"), ("action", "symbol"), ("time", "time")),
    "item": (("list", "any"), ("position", "int"), ("value", "any")),
    "list_length": (("list", "any"), ("length", "int")),
    "field": (("object", "any"), ("name", "symbol"), ("value", "any")),
    "argument": (("name", "symbol"), ("value", "any")),
    "said": (("turn", "int"), ("role", "symbol"), ("text", "symbol")),
    "last_said": (("role", "symbol"), ("text", "symbol")),
    "returned": (("call", "int"), ("tool", "symbol"), ("value", "any")),
    "newest": (("tool", "symbol"), ("call", "int")),
    "refused": (("call", "int"), ("tool", "symbol"), ("text", "symbol")),
    "asked_with": (("call", "int"), ("name", "symbol"), ("value", "any")),
    "origin": _MET,
    "found_in": _MET,
    "mentions": (("text", "any"), ("kind", "symbol"), ("value", "any")),
    "selected_by": (("call", "int"), ("value", "any")),
    "shell_runs": (("command", "symbol"), ("program", "symbol")),
    "shell_writes": (("command", "symbol"), ("path", "symbol")),
    "shell_opaque": (("command", "symbol"),),
    "shell_word": (("command", "symbol"), ("program", "symbol"), ("word", "symbol")),
    "shell_unsure": (("command", "symbol"), ("program", "symbol")),
    "sql_statement": (("text", "symbol"), ("dialect", "symbol"), ("kind", "symbol")),
    "sql_reads": (("text", "symbol"), ("dialect", "symbol"), ("table", "symbol")),
    "sql_writes": (("text", "symbol"), ("dialect", "symbol"), ("table", "symbol")),
    "sql_column": (("text", "symbol"), ("dialect", "symbol"), ("column", "symbol")),
    "sql_all_rows": (("text", "symbol"), ("dialect", "symbol"), ("table", "symbol")),
    "sql_opaque": (("text", "symbol"), ("dialect", "symbol")),
    "path_form": (("path", "symbol"), ("from", "symbol"), ("form", "symbol")),
    "path_inside": (("path", "symbol"), ("from", "symbol"), ("folder", "symbol")),
    "path_opaque": (("path", "symbol"), ("from", "symbol")),
    "tool_name": (("tool", "symbol"), ("action", "symbol")),
    "failed_unchanged": (),
    "argument_name": (("action", "symbol"), ("name", "symbol"), ("argument", "symbol")),
}


def _signature(name: str, form: tuple[tuple[str, str], ...]) -> Signature:
    params = tuple(Param(*each) for each in form)
    return Signature(name, params, tuple(p.type for p in params), input=name in FILLED, builtin=True)


UNCHANGED = "failed_unchanged"
"""The relation of the proposed call: it has failed, and nothing that it depends on has changed since. See
:mod:`mpr_logic.analysis.unchanged`."""

OWNABLE = DEFINED.keys() | SQL | PATHS | {"shell_word", "shell_unsure", UNCHANGED}
"""The built-in relations that came after programs which have relations of such names: one that declares the
name otherwise has a relation of its own."""

BUILT_IN: Mapping[str, Signature] = {name: _signature(name, form) for name, form in _FORMS.items()}
"""The built-in relations by their names."""
