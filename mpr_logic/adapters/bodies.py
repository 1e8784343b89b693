"""What the requests of the HTTP adapter hold, and their OpenAPI description."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

from mpr_logic.adapters.extras import needed
from mpr_logic.errors import StateError

_ARGUMENTS = "a JSON object, or the text of one as the model wrote it"
_SESSION = ("session", str, "", "the conversation or run")

FIELDS: dict[str, tuple[str, list[tuple[str, Any, Any, str]]]] = {
    "check": (
        "Decide about a call",
        [
            ("tool", str, ..., "the tool's name"),
            ("arguments", Any, None, _ARGUMENTS),
            ("id", str, "", "the id that the framework gave the call"),
            _SESSION,
        ],
    ),
    "record": (
        "Say how an admitted call went",
        [
            ("id", str, ..., "the id of the verdict"),
            ("succeeded", bool | None, None, "whether it did what it was meant to"),
            ("facts", list[str], [], 'facts that the result says, such as `exists("a.txt")`'),
            _SESSION,
        ],
    ),
    "answer": (
        "Say what a person answered about a call whose outcome is `escalate`",
        [
            ("id", str, ..., "the id of the verdict"),
            ("approved", bool, ..., "whether the call may be made"),
            ("by", str, "", "who said so"),
        ],
    ),
    "why": (
        "What a check would say, with proofs and repairs; nothing is entered into the history",
        [("tool", str, ..., "the tool's name"), ("arguments", Any, None, _ARGUMENTS), _SESSION],
    ),
    "facts": (
        "Change the facts of a session",
        [("add", list[str], [], "facts to assert"), ("remove", list[str], [], "facts to retract"), _SESSION],
    ),
    "end": (
        "Forget a session: its facts and its history",
        [("session", str, ..., "the conversation or run")],
    ),
}
"""Of each path: what it does, and for each field its name, type, default (``...`` for none) and meaning."""


@cache
def _model(name: str) -> Any:
    pydantic = needed("pydantic", "serve")
    fields: dict[str, Any] = {
        field: (kind, pydantic.Field(default, description=text))
        for field, kind, default, text in FIELDS[name][1]
    }
    config = pydantic.ConfigDict(extra="forbid", strict=True)
    return pydantic.create_model(name.capitalize(), __config__=config, **fields)


def _read(name: str, value: Any) -> dict[str, Any]:
    """The fields of a body.

    Raises:
        StateError: they are not those of the path.
    """
    pydantic = needed("pydantic", "serve")
    try:
        model = _model(name).model_validate(value)
    except pydantic.ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))[:60]
        raise StateError(f"the body of /{name}: {place or 'it'}: {first['msg'].lower()}") from None
    return {field: getattr(model, field) for field, *_ in FIELDS[name][1]}


BODIES = {name: partial(_read, name) for name in FIELDS}
"""By path: what reads the body of a request."""


def openapi() -> dict[str, Any]:
    """The OpenAPI 3.1 description of the adapter."""
    answers = {
        "200": {"description": "the answer"},
        "400": {"description": "it does not fit; take it as a no"},
    }
    paths: dict[str, Any] = {
        f"/{name}": {
            "post": {
                "summary": text,
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": _model(name).model_json_schema()}},
                },
                "responses": answers,
            }
        }
        for name, (text, _) in FIELDS.items()
    }
    for name, text in (("rules", "The rules"), ("health", "How the guard is"), ("metrics", "For Prometheus")):
        paths[f"/{name}"] = {"get": {"summary": text, "responses": answers}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "mpr_logic guard", "version": "1"},
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        "security": [{"token": []}],
        "paths": paths,
    }
