"""Holds the output of ``--json`` against the schema that is shipped."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator

from tests.helpers.command import Done


@cache
def schema() -> dict[str, Any]:
    """The schema as it is shipped."""
    text = files("mpr_logic.cli").joinpath("schema", "output.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def answer(done: Done) -> dict[str, Any]:
    """The object that a command wrote, held against the schema and its own status."""
    found: dict[str, Any] = json.loads(done.out)
    Draft202012Validator(schema()).validate(found)
    assert found["status"] == done.status
    assert found["mpr_json"] == 1
    return found
