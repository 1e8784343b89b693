"""Tools whose arguments have a JSON schema, and the declarations that rules see them by.

Each tool becomes an ``.action``, each property of its schema one argument:

===========================  ==================================================================
JSON                         argument
===========================  ==================================================================
string                       ``symbol``
integer, number, boolean     ``int``, ``float``, ``bool``
array, object                ``symbol``: its canonical JSON text, opened up by ``item``, ``field``
may be left out              ``name?: type``, and ``null`` stands for it
may be left out, or be null  ``null`` stands for that; a number or truth value is then ``any``, ``symbol``
has a default                where it is left out, rules see the default
===========================  ==================================================================

The hints of an MCP tool become ``.hint`` declarations, which classes of actions may ask for: in the file
that a person reads. What a server says while a guard runs puts no tool into a class, and takes none out.

Names that the language does not take are changed; the facts ``tool_name`` and ``argument_name`` in the
declarations say from what to what, and are what the guard itself goes by.
"""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mpr_logic.analysis.builtin_relations import BUILT_IN, OWNABLE
from mpr_logic.analysis.lints import ToolSignature
from mpr_logic.analysis.schema import MAX_ARGUMENTS, RESERVED
from mpr_logic.checker.structures import canonical, constant
from mpr_logic.errors import GuardError, StateError
from mpr_logic.extras import needed
from mpr_logic.guard.schemas import Property, describe, other_spelling, properties, takes_more
from mpr_logic.language.ast import ActionDecl, Atom, Clause, Const, HintDecl, Module, Param
from mpr_logic.language.printer import print_module
from mpr_logic.language.source import read_text

if TYPE_CHECKING:
    import os
    from collections.abc import Collection, Iterable, Iterator

    from mpr_logic.guard.schemas import Description
    from mpr_logic.language.ast import Value

REST = "*"
"""Stands, in ``argument_name``, for all properties that the schema does not name."""

_NAME = re.compile(r"[a-z][A-Za-z0-9_]*")
_WORDS = RESERVED | (BUILT_IN.keys() - OWNABLE)


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument: the tool's name for it, the action's, its type, what the schema says of it."""

    name: str
    word: str
    type: str
    said: Property

    @property
    def nullable(self) -> bool:
        """Whether rules may see ``null`` in its place."""
        return _nullable(self.said)

    def takes(self, value: list[Any] | dict[str, Any]) -> bool:
        """Whether the schema allows a list, or an object, in its place."""
        return ("array" if isinstance(value, list) else "object") in self.said.kinds

    @property
    def values(self) -> frozenset[Value] | None:
        """The only values that rules may see in its place; None where the schema does not list them."""
        found = self.said.values
        if not found and self.said.kinds - {"null"} <= {"boolean"}:
            found = (True, False)
        if not found:
            return None
        more = (*self.said.default, *((None,) if self.nullable else ()))
        return frozenset(constant(each) for each in (*found, *more))


class Tool:
    """One tool: its ``name``, the ``action`` that rules know it by, its ``arguments``, its ``schema``, and
    the ``hints`` that its server gives."""

    def __init__(self, description: Description, action: str) -> None:
        self.name = description.name
        self.action = action
        self.text = description.text
        self.schema = description.schema
        self.hints = description.hints
        found = properties(self.schema)
        words = _words(found, set())
        self.arguments = tuple(Argument(name, words[name], _type(each), each) for name, each in found.items())
        taken = set(words.values())
        self.rest = _words(["others"], taken)["others"] if takes_more(self.schema) else None
        if len(self.arguments) + (self.rest is not None) > MAX_ARGUMENTS:
            raise GuardError(
                f"tool `{self.name}` takes {len(self.arguments)} arguments: at most {MAX_ARGUMENTS} "
                "can be declared; put some of them into one object"
            )
        self._validator = _validator(self.name, self.schema)
        self._best_match = needed("jsonschema", "tools").exceptions.best_match
        self._unresolvable = needed("referencing", "tools").exceptions.Unresolvable
        self._plain = _plain_types(self.schema)
        required = self.schema.get("required")
        self._required = frozenset(required if isinstance(required, list) else ())

    def validate(self, arguments: dict[str, Any]) -> None:
        """Hold arguments against the schema.

        Raises:
            StateError: they do not fit; the message is fit for a model.
        """
        if self._plain is not None and self._fits_plainly(arguments, self._plain):
            return
        try:
            error = self._best_match(self._validator.iter_errors(arguments))
        except RecursionError:
            raise StateError("the arguments are nested deeper than their schema can be followed") from None
        except self._unresolvable:
            raise StateError("the schema of the tool refers to what it does not hold: mend it") from None
        if error is not None:
            raise StateError(f"argument {_path(error.absolute_path)}: {_short(error.message, 300)}")
        unknown = arguments.keys() - {each.name for each in self.arguments}
        if unknown or any(isinstance(each, (dict, list)) for each in arguments.values()):
            other = other_spelling(arguments, self.schema)
            if other is not None:
                key, name = map(_short, other)
                raise StateError(
                    f"the key `{key}` in the arguments is `{name}` to some readers: write `{name}`"
                )
        if unknown and self.rest is None:
            known = ", ".join(f"`{each.name}`" for each in self.arguments) or "no arguments"
            raise StateError(f"no argument is named `{_short(min(unknown))}`: the tool takes {known}")

    def _fits_plainly(self, arguments: dict[str, Any], plain: dict[str, tuple[type, ...]]) -> bool:
        """Whether arguments are all named, of just their types, and none that is required is missing. What
        does not fit plainly may fit all the same: the validator says so."""
        for name, value in arguments.items():
            if type(value) not in plain.get(name, ()):
                return False
        return self._required <= arguments.keys()

    @property
    def known(self) -> ToolSignature:
        """The signature that rules are vetted against: its arguments, and what each may be."""
        arguments = {each.name: each.values for each in self.arguments}
        kinds = {each.name: each.said.kinds for each in self.arguments}
        return ToolSignature(self.name, arguments, self.rest is not None, dict(self.hints), kinds)

    def statements(self) -> Iterator[ActionDecl | HintDecl | Clause]:
        """The declaration, the hints that its description gives, and the facts about names that were
        changed."""
        params = [
            Param(each.word, each.type, not each.said.required and not each.said.default)
            for each in self.arguments
        ]
        if self.rest is not None:
            params.append(Param(self.rest, "symbol"))
        notes = [_short(_printable(self.text.partition("\n")[0]), 90)] if self.text.strip() else []
        notes += [f"  {each.word}: {note}" for each in self.arguments if (note := _note(each))]
        if self.rest is not None:
            notes.append(f"  {self.rest}: an object with all other arguments")
        yield ActionDecl(self.action, tuple(params), comments=tuple(notes))
        if self.hints:
            yield HintDecl(self.action, self.hints)
        if self.action != self.name:
            yield _fact("tool_name", self.name, self.action)
        for each in self.arguments:
            if each.word != each.name:
                yield _fact("argument_name", self.action, each.name, each.word)
        if self.rest is not None:
            yield _fact("argument_name", self.action, REST, self.rest)


class Tools:
    """Tools by their names.

    Args:
        descriptions: OpenAI, MCP or Anthropic tools as JSON, or Python functions, in any mixture.
        strict: a description that cannot be used is an error; else it is left out and ``refused`` says
            why, and a guard rejects the calls of what it does not know.

    Raises:
        GuardError: a description cannot be used, or two have one name; or ``jsonschema`` is missing.
    """

    def __init__(self, descriptions: Iterable[Any], *, strict: bool = True) -> None:
        self._tools: dict[str, Tool] = {}
        self.refused: dict[str, str] = {}
        found: dict[str, Description] = {}
        for number, each in enumerate(descriptions):
            name = each.get("name") if isinstance(each, dict) else None
            with self._refusing(name if isinstance(name, str) else f"number {number + 1}", strict):
                description = describe(each)
                if description.name in found:
                    raise GuardError(f"two tools are named `{_short(description.name)}`")
                found[description.name] = description
        words = _words(found, set(_WORDS))
        for name, description in found.items():
            with self._refusing(name, strict):
                self._tools[name] = Tool(description, words[name])

    @contextmanager
    def _refusing(self, name: str, strict: bool) -> Iterator[None]:
        try:
            yield
        except GuardError as error:
            if strict:
                raise
            self.refused[name] = str(error)

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, strict: bool = True) -> Tools:
        """The tools of a JSON file; see :func:`read_tools`.

        Raises:
            GuardError: as above, or it is not such a file.
            ProgramError: the file cannot be read.
        """
        return cls(read_tools(path), strict=strict)

    def __iter__(self) -> Iterator[Tool]:
        return iter(self._tools.values())

    def __len__(self) -> int:
        return len(self._tools)

    def get(self, name: str) -> Tool | None:
        """The tool of a name."""
        return self._tools.get(name)

    def declarations(self, *, without: Collection[str] = (), hints: bool = True) -> str:
        """The text of a ``.dl`` file that declares the tools, for a person to read and for rules to use.

        Args:
            without: actions that are declared elsewhere, such as with narrower types.
            hints: with what the tools say of themselves. A guard does not take it from them.
        """
        found = [
            each
            for tool in self
            for each in tool.statements()
            if not (isinstance(each, ActionDecl) and each.name in without)
            and (hints or not isinstance(each, HintDecl))
        ]
        return print_module(Module(tuple(found)))


def read_tools(path: str | os.PathLike[str]) -> list[Any]:
    """The descriptions in a JSON file: a list of them, or an object with the list as ``tools``, such as
    MCP's answer to tools/list.

    Raises:
        GuardError: it is not such a file.
        ProgramError: it cannot be read.
    """
    try:
        value = json.loads(read_text(Path(path)))
    except (ValueError, RecursionError) as error:
        raise GuardError(f"{path}: this is not JSON: {_short(str(error), 200)}") from None
    for key in ("result", "tools"):
        value = value[key] if isinstance(value, dict) and key in value else value
    if not isinstance(value, list):
        raise GuardError(f"{path}: it holds no list of tools, and no object with the key `tools`")
    return value


def _nullable(each: Property) -> bool:
    return "null" in each.kinds or (not each.required and each.default in ((), (None,)))


def _type(each: Property) -> str:
    kinds = each.kinds - {"null"}
    nullable = _nullable(each)
    if kinds <= {"boolean"} and not nullable:
        return "bool"
    if kinds <= {"integer"} and not nullable:
        return "int"
    if kinds <= {"integer", "number"} and not nullable:
        return "float"
    return "symbol" if kinds <= {"string", "boolean", "array", "object"} else "any"


def _note(argument: Argument) -> str:
    each = argument.said
    kinds = " or ".join(sorted(each.kinds - {"null"} - ({"integer"} if "number" in each.kinds else set())))
    notes = [kinds] if argument.type in ("symbol", "any") and kinds != "string" else []
    if each.values:
        notes.append(
            "one of " + _short(", ".join(json.dumps(v, ensure_ascii=False) for v in each.values), 80)
        )
    if each.default and each.default != (None,) and not each.required:
        notes.append(f"{_short(json.dumps(each.default[0], ensure_ascii=False), 40)} where it is left out")
    elif not each.required:
        notes.append("may be left out")
    elif argument.nullable:
        notes.append("may be null")
    return _printable(", ".join(notes))


def _words(names: Iterable[str], taken: set[str]) -> dict[str, str]:
    """For each name one of the language, none of them taken or given twice; a name that is one stays."""
    all_of = list(names)
    found = {name: name for name in all_of if _NAME.fullmatch(name) and name not in taken | RESERVED}
    taken = taken | set(found)
    for name in all_of:
        if name not in found:
            found[name] = _word(name, taken)
            taken.add(found[name])
    return found


def _word(name: str, taken: set[str]) -> str:
    word = re.sub(r"[^A-Za-z0-9_]", "_", name)
    word = word[:1].lower() + word[1:]
    word = word if _NAME.fullmatch(word) else f"x_{word.lstrip('_')}"
    word = f"{word}_" if word in RESERVED else word
    found, number = word, 1
    while found in taken:
        number += 1
        found = f"{word}_{number}"
    return found


def _validator(name: str, schema: dict[str, Any]) -> Any:
    """The validator of a schema: no reference leaves it, and its patterns run in linear time."""
    jsonschema = needed("jsonschema", "tools")
    registry = needed("referencing", "tools").Registry()
    kind = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    try:
        kind.check_schema(schema)
    except (jsonschema.SchemaError, RecursionError) as error:
        said = _short(getattr(error, "message", "it is nested too deep"), 200)
        raise GuardError(f"tool `{_short(name)}`: its schema is none: {said}") from None
    if '"patternProperties"' in canonical(schema):
        # the validator would match these with backtracking expressions
        raise GuardError(f"tool `{_short(name)}`: `patternProperties` of a schema are not supported")
    for pattern in _patterns(schema):
        _re2(pattern, name)
    linear = jsonschema.validators.extend(kind, {"pattern": _pattern})
    return linear(schema, registry=registry)


def _plain_types(schema: dict[str, Any]) -> dict[str, tuple[type, ...]] | None:
    """By argument, the Python types of the values that its schema takes whatever they are, lists and objects
    left out; None where the schema of them all says anything else."""
    if (
        schema.get("type") != "object"
        or schema.keys() - _NOTES - {"properties", "required", "type"} - _CLOSED
    ):
        return None
    found: dict[str, tuple[type, ...]] = {}
    for name, each in schema.get("properties", {}).items():
        if (
            isinstance(each, dict)
            and not each.keys() - _NOTES - {"type"}
            and _TYPES.get(str(each.get("type")))
        ):
            found[name] = _TYPES[each["type"]]
    return found


_NOTES = frozenset({"title", "description", "default", "examples"})
_CLOSED = frozenset({"additionalProperties"})
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}


def _patterns(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        for each in schema.values():
            yield from _patterns(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from _patterns(each)


def _re2(pattern: str, name: str = "") -> Any:
    import re2

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        said = _short(str(error.args[0] if error.args else error), 100)
        raise GuardError(
            f"tool `{_short(name)}`: the pattern `{_short(pattern)}` of its schema is beyond RE2: {said}"
        ) from None


def _pattern(validator: Any, pattern: str, instance: Any, schema: Any) -> Iterator[Any]:
    if isinstance(instance, str) and not _re2(pattern).search(instance):
        yield needed("jsonschema", "tools").ValidationError(f"it does not match {pattern!r}")


def _fact(relation: str, *values: str) -> Clause:
    return Clause("relation", Atom(relation, tuple(Const(value) for value in values)))


def _path(steps: Iterable[Any]) -> str:
    found = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(".")
    return f"`{_short(found)}`" if found else "list"


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text).strip()


def _short(text: str, limit: int = 60) -> str:
    return text if len(text) <= limit else f"{text[: limit - 3]}..."
