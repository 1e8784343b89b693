"""The OpenAPI description of the HTTP adapter."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mpr_logic.integrations.http.endpoints import Path
    from mpr_logic.integrations.http.service import Service


def openapi(paths: Iterable[Path], service: type[Service]) -> dict[str, Any]:
    """The description, OpenAPI 3.1: what each path does is the text of the service's method."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "mpr_logic guard", "version": "1"},
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        "security": [{"token": []}],
        "paths": {f"/{path.name}": _path(path, service) for path in paths},
    }


def _path(path: Path, service: type[Service]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "summary": inspect.getdoc(getattr(service, path.name)),
        "responses": {
            "200": {"description": "the answer"},
            "400": {"description": "it does not fit; take it as a no"},
        },
    }
    if path.body is None:
        return {"get": described}
    content = {"application/json": {"schema": path.body.model_json_schema()}}
    return {"post": {**described, "requestBody": {"required": True, "content": content}}}
