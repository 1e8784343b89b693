"""The picture of the engine's imports."""

from __future__ import annotations

import ast
import graphlib
from pathlib import Path

import mpr_logic.engine

PACKAGE = Path(mpr_logic.engine.__file__).parent


def _statements(body: list[ast.stmt]) -> list[ast.stmt]:
    """The statements of a module, those under a condition included, but not those in functions."""
    found = list(body)
    for each in body:
        if isinstance(each, ast.If):
            found += _statements(each.body)
    return found


def test_no_module_imports_in_a_circle() -> None:
    """A module can be read once those that it imports have been; imports for types alone count."""
    graph: dict[str, set[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        name = ".".join(("mpr_logic", "engine", *path.relative_to(PACKAGE).with_suffix("").parts))
        statements = _statements(ast.parse(path.read_text()).body)
        graph[name] = {s.module for s in statements if isinstance(s, ast.ImportFrom) and s.module}
    order = list(graphlib.TopologicalSorter(graph).static_order())
    assert order.index("mpr_logic.engine.topdown.compiler") < order.index("mpr_logic.engine.native")
