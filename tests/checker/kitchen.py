"""A small kitchen that the tests of explanations share."""

from __future__ import annotations

from mpr_logic import Action, Budget, Checker
from mpr_logic.analysis import analyse
from mpr_logic.checker.repair import Repair, RepairLimits
from mpr_logic.engine.protocol import Engine
from mpr_logic.language.ast import Row, Value
from mpr_logic.language.parser import parse

TEXT = """
.type object <: symbol
.type receptacle <: object
.decl openable(r: receptacle)
.decl opened(r: receptacle)
.decl holding(o: object)
.decl at(o: object, r: receptacle)
.decl crowded(r: receptacle)
.decl reachable(r: receptacle)
.decl dirty(o: object) open_world
.decl has_slot(r: receptacle)
.action put(o: object, r: receptacle)
.action open(r: receptacle)
.action clean(o: object)
.action serve(o: object)
.default forbid serve
@id(closed) @because("{R} is closed: open it {{first}}")
forbid put(O, R) :- openable(R), not opened(R).
@id(hands) forbid put(O, R) :- not holding(O).
@id(full) forbid put(O, R) :- crowded(R), R != table_1.
@id(filthy) 0.5 :: forbid put(O, R) :- dirty(O).
@id(again) forbid open(R) :- opened(R).
@id(far) forbid open(R) :- not reachable(R).
@id(stuck) forbid clean(O) :- failed clean(O).
@id(many) @source("manual, page 3") crowded(R) :- N = count : { at(_, R) }, N > 2.
@id(near) reachable(R) :- at(robot, R).
@id(next) reachable(R) :- at(O, R), reachable(O).
@id(ok) permit serve(O) :- not dirty(O), at(O, table_1).
@id(slot) @overrides(closed) permit put(O, R) :- has_slot(R).
open(R) causes opened(R).
clean(O) ends dirty(O).
put(O, R) ends holding(O).
openable(fridge_1). openable(fridge_2). opened(fridge_2).
at(robot, fridge_1). at(robot, fridge_2).
at(a, shelf). at(b, shelf). at(c, shelf). at(c, table_1).
holding(d). dirty(b).
failed clean(c).
"""


class Kitchen:
    """A checker with a theta of 0.9; its engine and its facts."""

    def __init__(self, text: str = TEXT, theta: float = 0.9) -> None:
        self.program = analyse([parse(text, "kitchen.dl")])
        self.checker = Checker(self.program, theta=theta, budget=Budget(seconds=60))
        self.theta = theta

    @property
    def engine(self) -> Engine:
        """The engine that answers queries of the state."""
        with self.checker.asking() as engine:
            return engine

    @property
    def facts(self) -> dict[str, dict[Row, float]]:
        """The asserted facts: a copy."""
        return self.checker.facts()

    def admits(self, action: str, args: Row) -> bool:
        """Whether an action is admissible, by the definition."""
        permits = [r for r, w in self.engine.fired(f"permit {action}", args) if w >= self.theta]
        overridden = {i for r in permits for i in self.program.overrides.get(r.id, ())}
        forbids = self.engine.fired(f"forbid {action}", args)
        if any(w >= self.theta and r.id not in overridden for r, w in forbids):
            return False
        return bool(permits) or action not in self.program.schema.closed

    def repairs(self, action: str, *args: Value, limits: RepairLimits | None = None) -> tuple[Repair, ...]:
        """The repairs of a rejected action."""
        return self.checker.repairs(self.checker.check(Action(action, *args)), limits=limits)
