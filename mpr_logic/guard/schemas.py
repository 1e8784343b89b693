"""Tool descriptions of several forms, and what their JSON schemas say of each argument.

The forms: tools of OpenAI's chat completions and of its responses, MCP tools, Anthropic tools, each as the
JSON that goes over the wire; and Python functions.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard

from mpr_logic.analysis.classes import HINTS
from mpr_logic.errors import GuardError
from mpr_logic.extras import needed
from mpr_logic.language.lookalikes import looks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KINDS = frozenset("string integer number boolean null array object".split())
_DEEP = 64
"""The depth to which references and combinations in a schema are followed."""


@dataclass(frozen=True, slots=True)
class Description:
    """A tool as its maker describes it: name, a text for people, the JSON schema of its arguments, and the
    hints of the Model Context Protocol, as far as they are given."""

    name: str
    text: str
    schema: dict[str, Any]
    hints: tuple[tuple[str, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Property:
    """One property of a schema: what JSON it may be, whether it may be left out, its default if there is
    one (as a tuple of one), and the values that an enum allows."""

    kinds: frozenset[str]
    required: bool
    default: tuple[Any, ...]
    values: tuple[Any, ...]


def describe(tool: Any) -> Description:
    """Read a description of any of the forms.

    Raises:
        GuardError: it is of none of them.
    """
    if callable(tool) and not isinstance(tool, dict):
        return described_function(tool)
    if not isinstance(tool, dict):
        raise GuardError(f"a tool is described by a JSON object or a function, not {type(tool).__name__}")
    inner = tool.get("function")
    inner = inner if isinstance(inner, dict) else tool
    name, text = inner.get("name"), inner.get("description") or ""
    if not isinstance(name, str) or not name or len(name) > 200:
        raise GuardError(f"a tool has a name of 1 to 200 characters, not {str(name)[:60]!r}")
    keys = [key for key in ("parameters", "inputSchema", "input_schema") if inner.get(key) is not None]
    schema = inner[keys[0]] if keys else {"type": "object", "properties": {}}
    if not isinstance(schema, dict):
        raise GuardError(f"tool `{name}`: its schema is a JSON object, not {type(schema).__name__}")
    return Description(name, text if isinstance(text, str) else "", schema, _hints(tool.get("annotations")))


def _hints(said: Any) -> tuple[tuple[str, bool], ...]:
    """The hints among what a server says of a tool; what is no hint, or no truth value, says nothing."""
    known = said if isinstance(said, dict) else {}
    return tuple((name, known[name]) for name in HINTS if isinstance(known.get(name), bool))


def described_function(function: Callable[..., Any], name: str = "") -> Description:
    """The description of a Python function, by its signature and type hints.

    Raises:
        GuardError: it takes positional-only arguments or ``*args``, or a hint has no JSON schema; or the
            package that reads hints is not installed.
    """
    name = name or getattr(function, "__name__", type(function).__name__)
    pydantic = needed("pydantic", "tools")
    try:
        parameters = inspect.signature(function).parameters.values()
        if any(p.kind in (p.POSITIONAL_ONLY, p.VAR_POSITIONAL) for p in parameters):
            raise GuardError(f"tool `{name}` takes arguments without a name: name every one of them")
        schema = pydantic.TypeAdapter(function).json_schema()
    except (pydantic.PydanticUserError, NameError, TypeError, ValueError) as error:
        said = str(error).splitlines()[0][:200]
        raise GuardError(f"tool `{name}`: its signature has no JSON schema: {said}") from None
    schema.setdefault("type", "object")
    return Description(name, inspect.getdoc(function) or "", schema)


def properties(schema: dict[str, Any]) -> dict[str, Property]:
    """The properties that an object of this schema may have, by name, in their order; those of combined
    schemas too. What only some alternative requires may be left out."""
    found: dict[str, Property] = {}
    for name, each, required in _properties(schema, schema, True, set()):
        old = found.get(name)
        new = Property(_kinds(each, schema), required, _default(each, schema), _values(each, schema))
        if old is not None:
            new = Property(
                old.kinds | new.kinds,
                old.required or new.required,
                old.default if old.default == new.default else (),
                old.values + new.values if old.values and new.values else (),
            )
        found[name] = new
    return found


def other_spelling(value: Any, schema: dict[str, Any]) -> tuple[str, str] | None:
    """The first key of an object in a value that its schema does not name, and that some readers take for one
    that it names; with that one. None where there is none."""
    return _other_spelling(value, [schema], schema, 0)


def _other_spelling(
    value: Any, schemas: list[Any], root: dict[str, Any], depth: int
) -> tuple[str, str] | None:
    if not schemas or depth > _DEEP or not isinstance(value, (dict, list)):
        return None
    if isinstance(value, list):
        inside = [part for each in _all_parts(schemas, root) for part in _of_items(each)]
        found = (_other_spelling(each, inside, root, depth + 1) for each in value)
        return next((each for each in found if each is not None), None)
    named: dict[str, list[Any]] = {}
    for schema in schemas:
        for name, each, _ in _properties(schema, root, False, set()):
            named.setdefault(name, []).append(each)
    unnamed = value.keys() - named.keys()
    if unnamed:
        spelled = {looks(name): name for name in named}
        for key in sorted(unnamed):
            if looks(key) in spelled:
                return key, spelled[looks(key)]
    for key, each in value.items():
        if isinstance(each, (dict, list)):
            below = named.get(key) or [
                part["additionalProperties"]
                for part in _all_parts(schemas, root)
                if isinstance(part.get("additionalProperties"), dict)
            ]
            found_below = _other_spelling(each, below, root, depth + 1)
            if found_below is not None:
                return found_below
    return None


def _all_parts(schemas: list[Any], root: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Schemas, and all that they are combined of, each once: their references may lead in circles."""
    left, seen = list(schemas), set[int]()
    while left:
        schema = _resolved(left.pop(), root)
        if isinstance(schema, dict) and id(schema) not in seen:
            seen.add(id(schema))
            yield schema
            left += [part for word in ("allOf", "anyOf", "oneOf") for part in _parts(schema, word)]
            left += [schema[word] for word in ("if", "then", "else") if word in schema]


def _of_items(schema: dict[str, Any]) -> Iterator[Any]:
    """The schemas of what a list may hold."""
    for word in ("items", "prefixItems", "contains", "additionalItems", "unevaluatedItems"):
        found = schema.get(word)
        yield from found if isinstance(found, list) else [found] if isinstance(found, dict) else []


def takes_more(schema: dict[str, Any]) -> bool:
    """Whether the schema says outright that an object may have properties that it does not name."""
    more = schema.get("additionalProperties")
    return more is True or isinstance(more, dict)


def _properties(
    schema: Any, root: dict[str, Any], certain: bool, seen: set[tuple[int, bool]]
) -> Iterator[tuple[str, Any, bool]]:
    schema = _resolved(schema, root)
    if not isinstance(schema, dict) or (id(schema), certain) in seen:  # references may lead in circles
        return
    seen.add((id(schema), certain))
    named = schema.get("properties")
    required = schema.get("required")
    must = set(required) if certain and _texts(required) else set()
    for name, each in (named if isinstance(named, dict) else {}).items():
        yield name, each, name in must
    for word in ("allOf", "anyOf", "oneOf"):
        for part in _parts(schema, word):
            yield from _properties(part, root, certain and word == "allOf", seen)
    for word in ("if", "then", "else"):
        yield from _properties(schema.get(word), root, False, seen)


def _kinds(schema: Any, root: dict[str, Any], depth: int = 0) -> frozenset[str]:
    """The kinds of JSON that a value of the schema may be."""
    schema = _resolved(schema, root)
    if not isinstance(schema, dict) or depth > _DEEP:
        return KINDS
    found = KINDS
    said = schema.get("type")
    if isinstance(said, str):
        found &= {said}
    elif _texts(said):
        found &= set(said)
    if "const" in schema:
        found &= {_kind(schema["const"])}
    if isinstance(schema.get("enum"), list):
        found &= {_kind(each) for each in schema["enum"]}
    for word in ("anyOf", "oneOf"):
        parts = list(_parts(schema, word))
        if parts:
            found &= frozenset().union(*(_kinds(part, root, depth + 1) for part in parts))
    for part in _parts(schema, "allOf"):
        found &= _kinds(part, root, depth + 1)
    return found | {"integer"} if "number" in found else found


def _kind(value: Any) -> str:
    for kind, name in ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string")):
        if isinstance(value, kind):
            return name
    return "null" if value is None else "array" if isinstance(value, list) else "object"


def _default(schema: Any, root: dict[str, Any]) -> tuple[Any, ...]:
    for each in (schema, _resolved(schema, root)):
        if isinstance(each, dict) and "default" in each:
            return (each["default"],)
    return ()


def _values(schema: Any, root: dict[str, Any], depth: int = 0) -> tuple[Any, ...]:
    """The only values that a schema lets in, as far as it lists them; none where it does not."""
    schema = _resolved(schema, root)
    if not isinstance(schema, dict) or depth > _DEEP:
        return ()
    said = schema.get("enum", [schema["const"]] if "const" in schema else [])
    if isinstance(said, list) and said:
        return tuple(said)
    if _kinds(schema, root) == {"null"}:
        return (None,)
    parts = [_values(part, root, depth + 1) for word in ("anyOf", "oneOf") for part in _parts(schema, word)]
    return tuple(each for part in parts for each in part) if all(parts) else ()


def _resolved(schema: Any, root: dict[str, Any]) -> Any:
    """The schema that a local reference leads to; anything else as it is."""
    for _ in range(_DEEP):
        reference = schema.get("$ref") if isinstance(schema, dict) else None
        if not isinstance(reference, str) or not reference.startswith("#"):
            return schema
        schema = root
        for step in reference[1:].split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            schema = schema.get(key) if isinstance(schema, dict) else None
    return None


def _parts(schema: dict[str, Any], word: str) -> Iterator[Any]:
    parts = schema.get(word)
    yield from parts if isinstance(parts, list) else ()


def _texts(value: Any) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)
