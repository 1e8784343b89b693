"""Named constants: what ``.const`` fixes, and the parameters that ``.param`` leaves to the host."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from mpr_logic.analysis.atoms import stored
from mpr_logic.analysis.program import NamedConstant
from mpr_logic.analysis.report import nearest, outside, where
from mpr_logic.analysis.times import as_written
from mpr_logic.analysis.types import BUILTIN, base, listing, type_help
from mpr_logic.errors import OptionError, StateError
from mpr_logic.language.ast import ConstDecl, ParamDecl
from mpr_logic.language.lexer import ValueFault, number_value
from mpr_logic.language.moments import Moment
from mpr_logic.language.printer import print_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mpr_logic.analysis.enumerations import Members
    from mpr_logic.analysis.report import DiagnosticCollector
    from mpr_logic.language.ast import Statement, Value


class WrittenValue(str):
    """The value of a parameter as a command line has it: the declared type says how it is read."""

    __slots__ = ()


def named_constants(
    statements: Iterable[Statement],
    types: Mapping[str, str],
    members: Members,
    params: Mapping[str, object],
    report: DiagnosticCollector,
) -> dict[str, NamedConstant]:
    """The values of the names that are declared; what is wrong is reported.

    Args:
        statements: the declarations, among others.
        types: the declared types.
        members: the values of those that list them.
        params: what the host sets, by name.
        report: gets what is wrong.

    Raises:
        OptionError: the host sets what is no parameter.
    """
    found: dict[str, NamedConstant] = {}
    first: dict[str, ConstDecl | ParamDecl] = {}
    for each in statements:
        if not isinstance(each, (ConstDecl, ParamDecl)):
            continue
        old = first.setdefault(each.name, each)
        if old is not each:
            if old.span.file == each.span.file or _bare(old) != _bare(each):
                help = f"the first declaration stands{where(old.span)}: keep one of them"
                report.error("E0208", f"`{each.name}` is declared twice", each.span, help)
        elif isinstance(each, ConstDecl):
            values = each.value if isinstance(each.value, tuple) else (each.value,)
            distinct = tuple(dict.fromkeys(value.value for value in values))
            found[each.name] = NamedConstant(distinct, isinstance(each.value, tuple))
        else:
            value = _parameter(each, types, members, params, report)
            found[each.name] = NamedConstant((value,), type=each.type)
    _see_that_all_are_there(params, [each for each in first.values() if isinstance(each, ParamDecl)])
    return found


def _bare(declared: ConstDecl | ParamDecl) -> ConstDecl | ParamDecl:
    return replace(declared, comments=(), trailing=None)


def _see_that_all_are_there(params: Mapping[str, object], declared: list[ParamDecl]) -> None:
    there = {each.name: each for each in declared}
    for name in params:
        if name in there:
            continue
        close = nearest(str(name), there)
        known = ", ".join(f"`{each.name}` ({each.type})" for each in declared)
        help = f"did you mean `{close}`? " if close else ""
        exist = (
            f"the rules declare {known}"
            if known
            else "the rules declare none (`.param name: type = default`)"
        )
        raise OptionError(f"there is no parameter `{name}`: {help}{exist}")


def _parameter(
    declared: ParamDecl,
    types: Mapping[str, str],
    members: Members,
    params: Mapping[str, object],
    report: DiagnosticCollector,
) -> Value:
    """The value of a parameter; a stand-in where it is wrong."""
    name, type_ = declared.name, declared.type
    if type_ not in types and type_ not in BUILTIN:
        report.error("E0209", f"type `{type_}` is not declared", declared.span, type_help(type_, types))
        return 0
    kind = base(types, type_)
    given: list[tuple[str, object]] = []
    given += [] if declared.default is None else [("its default", declared.default.value)]
    given += [("what the host sets it to", params[name])] if name in params else []
    if not given:
        help = f'set it: params={{"{name}": ...}}, or --param {name}=...; or give it a default: = value'
        report.error("E0233", f"the parameter `{name}` ({type_}) has no value", declared.span, help)
        return 0
    value: Value | None = None
    for what, said in given:  # a default that does not fit is wrong, whatever the host sets
        value = _read(said, kind)
        over = listing(members, types, type_)
        if value is None:
            message = f"`{name}` is of type `{type_}`, and {what}, `{_shown(said)}`, is none"
            help = f"give it {_EXAMPLES[kind]}" if kind in _EXAMPLES else as_written(kind)
            report.error("E0234", message, declared.span, help)
        elif over is not None and value not in members[over]:
            message, help = outside(value, over, members[over])
            report.error("E0234", f"{message}, the type of the parameter `{name}`", declared.span, help)
    return 0 if value is None else value


def _read(said: object, kind: str) -> Value | None:
    """A value as a column of a built-in type stores it; None where it is none of that type."""
    if isinstance(said, WrittenValue):
        text = str(said)
        number = _number(text, text if kind == "any" else None)
        said = number if kind in ("int", "float", "any") else text
    try:
        return stored(said, kind)
    except StateError:  # half of a surrogate pair, or too many digits
        return None


def _number(text: str, otherwise: str | None) -> object:
    if not _NUMBER.fullmatch(text):
        return otherwise
    try:
        value = number_value(text.removeprefix("-"))
    except ValueFault:
        return None
    return -value if text[0] == "-" else value


_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_EXAMPLES = {
    "symbol": "a text, such as `bob`",
    "int": "a whole number, such as 500",
    "float": "a number, such as 0.5",
    "bool": "true or false",
    "any": "a text, a number, true or false",
}


def _shown(value: object) -> str:
    try:
        text = print_value(value) if isinstance(value, (str, int, float, Moment)) else repr(value)
    except ValueError:  # a float that is not finite, an int of too many digits
        text = type(value).__name__
    return text if len(text) <= 60 else f"{text[:57]}..."
