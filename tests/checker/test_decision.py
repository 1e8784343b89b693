"""Decisions are data: the engine decides behind one interface, and explains by one callback."""

from __future__ import annotations

import ast
import graphlib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mpr_logic import Checker
from mpr_logic.checker.decision import Basis, Decision, Reason
from mpr_logic.checker.versions import Version
from mpr_logic.engine.protocol import ADMITTED, FORBIDDEN
from mpr_logic.errors import InexpressibleError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mpr_logic.checker.decision import Part
    from mpr_logic.engine.choice import EngineChoice

PACKAGE = Path(__file__).parents[2] / "mpr_logic"
RULES = """
.decl locked(d: symbol)
.action go(d: symbol)
@id(shut) @because("{D} is locked") forbid go(D) :- locked(D).
"""


def asked_of(path: Path) -> set[str]:
    """The engine's classes that a module names, and the modules of its inner rooms that it imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    found = {name for name in names if name.endswith("Engine") and name != "Engine"}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            inner = node.module.removeprefix("mpr_logic.engine.")
            if inner.startswith(("topdown", "provenance")) and inner != "provenance.proof":
                found.add(node.module)
    return found


def test_the_engine_has_one_way_in() -> None:
    """No module of the checker, the guard, the memory or the agent asks which class an engine is, or looks
    into its inner rooms."""
    rooms = ("checker", "guard", "memory", "agent", "integrations", "models", "experiments")
    modules = [path for room in rooms for path in (PACKAGE / room).rglob("*.py")]
    assert len(modules) > 50
    assert {path.name: asked for path in modules if (asked := asked_of(path))} == {}


def test_the_checker_imports_in_no_circle() -> None:
    """A module of the checker can be read once those that it imports have been; imports for types alone
    count."""
    graph: dict[str, set[str]] = {}
    for path in (PACKAGE / "checker").glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        imports = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
        graph[f"mpr_logic.checker.{path.stem}"] = imports
    order = list(graphlib.TopologicalSorter(graph).static_order())
    assert order.index("mpr_logic.checker.decision") < order.index("mpr_logic.checker.checker")


def test_one_callback_explains() -> None:
    """Each part of an explanation is asked for once, when it is first read; parts that came with another one
    are not asked for again."""
    asked: Counter[str] = Counter()
    law, hint = Reason("because it is so"), Reason("better not")

    def later(decision: Decision, part: Part) -> Mapping[Part, tuple[Any, ...]]:
        asked[part] += 1
        if part in ("by_rule", "advice_by_rule"):
            return {"by_rule": (law,), "advice_by_rule": (hint,)}
        return {part: {"reasons": decision.by_rule, "advice": decision.advice_by_rule}.get(part, ())}

    decision = Decision("go(home)", FORBIDDEN, Basis(0.9, "v1", Version(), later))
    assert decision.recorded("reasons") is None
    assert not asked
    for _ in range(2):
        assert decision.reasons == (law,)
        assert decision.advice == (hint,)
        assert decision.repairs == ()
    assert asked == {"by_rule": 1, "reasons": 1, "advice": 1, "repairs": 1}
    assert (decision.theta, decision.version, decision.verdict) == (0.9, "v1", "forbidden")


def test_nothing_is_asked_about_what_was_recorded() -> None:
    """A decision with recorded proofs of no rule explains itself."""

    def later(*_: object) -> Mapping[Part, tuple[Any, ...]]:
        raise AssertionError("asked")

    decision = Decision("go(home)", ADMITTED, Basis(0.9, "v1", Version(), later), ((), ()))
    assert (decision.reasons, decision.advice, decision.rules) == ((), (), ())


def test_repairs_that_an_engine_cannot_find() -> None:
    """Without proofs there are no repairs: to read them is an error until that there are none is recorded."""
    checker = Checker.from_text(RULES, engine="pydatalog")
    checker.update(add=["locked(front)"])
    decision = checker.check("go(front)")
    with pytest.raises(InexpressibleError):
        decision.repairs  # noqa: B018
    decision.record_repairs()
    assert decision.repairs == ()


@pytest.mark.parametrize("engine", ["native", "pydatalog", "both"])
def test_every_engine_has_the_functions(engine: EngineChoice) -> None:
    """Each engine decides, lists and prepares through the same methods; the same rules fire."""
    checker = Checker.from_text(RULES, engine=engine)
    checker.update(add=["locked(front)"])
    checker.prepare()
    with checker.asking() as asked:
        fired = asked.fired_function("forbid go")
        assert [(rule.id, weight) for rule, weight in fired("front")] == [("shut", 1.0)]
        assert fired("back") == []
        assert asked.ready() == asked.ready()
    decision = checker.check("go(front)")
    assert (decision.verdict, [str(reason) for reason in decision.reasons]) == (
        "forbidden",
        ["front is locked"],
    )
