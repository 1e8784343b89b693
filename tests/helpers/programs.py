"""Hypothesis strategies: checked programs as text, with facts, candidate actions and updates.

Every program draws a set of features (swarm testing): what is on is on often, so that rare
combinations (deletions under recursion, repeated variables with constants) come up. Programs are
stratified by construction, typed, safe, and end: whatever computes numbers bounds them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import takewhile

import pytest
from hypothesis import assume
from hypothesis import strategies as st

from mpr_logic.analysis import analyse
from mpr_logic.analysis.program import Program
from mpr_logic.errors import ProgramError
from mpr_logic.language.ast import Row, Value
from mpr_logic.language.moments import SECOND, Duration, Instant, Moment
from mpr_logic.language.parser import parse
from tests.helpers.program_bodies import Body, Relation, atom

FEATURES = (
    "class", "recursion", "nonlinear", "mutual", "negation", "aggregate", "repeat", "constant", "selfjoin",
    "assign", "action", "history", "open", "weight", "float", "family", "effect", "comparison", "any",
    "text", "time", "modes", "set", "alternative", "tells",
)  # fmt: skip
SYMBOLS = ("a", "b", "c", "d", "12", "b, a", '"; import os', "X", "_y", "é, b", "not")
VALUES: dict[str, tuple[Value, ...]] = {
    "node": ("a", "b", "c", "d"),
    "symbol": SYMBOLS,
    "int": (0, 1, 2, 3),
    "float": (0.5, 1.0, 2.5),
    "any": ("a", "b", 1, 2, '"; import os'),
    "time": tuple(Instant(n * 30 * SECOND) for n in range(3)),
    "duration": tuple(Duration(n * 30 * SECOND) for n in range(-1, 2)),
}
EXAMPLES = int(os.environ.get("MPR_FUZZ", "400"))
"""The number of generated programs for each test of agreement."""
slow_fuzz = pytest.mark.slow if EXAMPLES >= 100 else pytest.mark.fuzz
"""Marks a test that takes more than five seconds with the usual number of programs, and less with few."""
WEIGHTS = (0.25, 0.5, 0.7, 0.75, 0.9, 1.0)
Draw = st.DrawFn


@dataclass(frozen=True)
class Change:
    """A fact asserted (with a weight), or retracted (weight None)."""

    relation: str
    row: Row
    weight: float | None


@dataclass(frozen=True)
class Case:
    """A program as text, the facts beside it, what may be proposed, what happens next, and values of which
    relations with modes are asked."""

    text: str
    facts: tuple[Change, ...]
    candidates: dict[str, list[Row]]
    updates: tuple[Change, ...]
    tags: frozenset[str]
    asked: dict[str, list[Row]] = field(default_factory=dict)

    def told(self, program: Program) -> tuple[list[Change], list[Change]]:
        """The facts and the updates with the numbered calls that engines read in aggregates: each fact of
        the history is one of a call of its own, an outcome one of a call that has none."""
        calls = _Numbered()
        for fact in program.history:
            calls.enter(fact.relation, fact.row, fact.weight)

        def numbered(change: Change) -> Iterator[Change]:
            yield change
            relation, row = change.relation, change.row
            if relation.partition(" ")[0] not in ("past", "succeeded", "failed"):
                return
            before = dict(calls.rows(relation, row))
            if change.weight is None:
                calls.numbers.pop((relation, row), None)
            else:
                calls.enter(relation, row, change.weight)
            now = dict(calls.rows(relation, row))
            for core in before.keys() | now.keys():
                if core[0] in program.arity and before.get(core) != now.get(core):
                    yield Change(*core, now.get(core))

        facts, updates = ([c for each in some for c in numbered(each)] for some in (self.facts, self.updates))
        return facts, updates

    def __repr__(self) -> str:
        return "\n".join(
            [
                "",
                self.text,
                *(f"% {f}" for f in self.facts),
                *(f"%% {u}" for u in self.updates),
                f"% {self.candidates}",
            ]
        )


class _Numbered:
    """The calls of a history: by relation and row the number of each call, and its weight."""

    def __init__(self) -> None:
        self.numbers: dict[tuple[str, Row], dict[int, float]] = {}
        self.last = 0

    def enter(self, relation: str, row: Row, weight: float) -> None:
        """Give a fact the number of the last call that lacks it, or else a new one."""
        word, _, action = relation.partition(" ")
        tried, *outcomes = (
            self.numbers.get((f"{each} {action}", row), {}) for each in ("past", "succeeded", "failed")
        )
        ended = {n for each in outcomes for n in each}
        waiting = ended - set(tried) if word == "past" else set(tried) - ended
        number = max(waiting, default=self.last + 1)
        self.last = max(self.last, number)
        self.numbers.setdefault((relation, row), {})[number] = weight

    def rows(self, relation: str, row: Row) -> Iterator[tuple[tuple[str, Row], float]]:
        """The rows, with numbers, of the calls of a row of the history, of its first and of its last one."""
        calls = self.numbers.get((relation, row), {})
        for number, weight in calls.items():
            yield (f"call {relation}", (number, *row)), weight
        for word, end in (("first", min), ("last", max)):
            if calls:
                yield (f"{word} {relation}", (end(calls), *row)), max(calls.values())


def write(value: Value) -> str:
    """A constant as text."""
    if not isinstance(value, str):
        return value.constant if isinstance(value, Moment) else repr(value)
    plain = value.isalnum() and value[0].islower() and value.isascii() and value not in ("not", "lower")
    return value if plain else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


@dataclass
class Writer:
    """Draws the parts of one program."""

    draw: Draw
    on: frozenset[str]
    tags: set[str] = field(default_factory=set)
    relations: list[Relation] = field(default_factory=list)
    actions: list[Relation] = field(default_factory=list)
    classes: list[Relation] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def chance(self, of_ten: int) -> bool:
        """True so many times of ten."""
        return self.draw(st.integers(0, 9)) < of_ten

    def types(self, least: int) -> tuple[str, ...]:
        """The columns of a relation."""
        kinds = ["node", "node", "int", "symbol"] + [t for t in ("float", "any") if t in self.on]
        kinds += ["time", "duration", "int", "int"] if "time" in self.on else []
        return tuple(self.draw(st.lists(st.sampled_from(kinds), min_size=least, max_size=3)))

    def signatures(self) -> None:
        """Draw the relations: facts in layer 0, two to four layers of derived ones above."""
        for i in range(self.draw(st.integers(2, 3))):
            # the first relation is one that closures can be made of
            types = ("node", "node") if i == 0 else self.types(1)
            if i == 1 and "time" in self.on:
                types = ("time", *types[1:])  # so that spans of time have something to ask of
            self.relations.append(Relation(f"e{i}", types, 0, "open" in self.on and i == 1))
        for layer in range(1, self.draw(st.integers(2, 4))):
            first = Relation(f"p{layer}", ("node", "node") if self.chance(4) else self.types(0), layer)
            self.relations.append(first)
            if "mutual" in self.on and self.chance(7):
                self.relations.append(Relation(f"q{layer}", first.types, layer))
            if "modes" in self.on and self.chance(8):
                types = ("node", "node") if self.chance(3) else self.types(1)
                given = self.draw(st.integers(1, len(types)))
                self.relations.append(Relation(f"m{layer}", types, layer, given=given))
        if {"action", "history"} & self.on:
            self.actions.append(Relation("act", self.types(0), 99))
            if self.chance(4):
                self.actions.append(Relation("go", self.types(1), 99))
            if "class" in self.on:
                self.classes = [Relation("both", self.shared(), 99), Relation("any", (), 99)]

    def shared(self) -> tuple[str, ...]:
        """The columns that all actions begin with."""
        columns = zip(*(each.types for each in self.actions), strict=False)
        return tuple(types[0] for types in takewhile(lambda types: len(set(types)) == 1, columns))

    @property
    def spoken(self) -> list[Relation]:
        """The actions, and the classes of actions."""
        return [*self.actions, *self.classes]

    def declarations(self) -> list[str]:
        """The head of the text."""
        listed = " {a, b, c, d}" if "set" in self.on and self.chance(5) else ""
        lines = [f".type node <: symbol{listed}"]
        lines += [".const one = 1", ".param some: int = 3"] if {"set", "alternative"} & self.on else []
        for word, group in (("decl", self.relations), ("action", self.actions)):
            for each in group:
                columns = ", ".join(f"{'+' * (i < each.given)}c{i}: {t}" for i, t in enumerate(each.types))
                lines.append(f".{word} {each.name}({columns}){' open_world' if each.open_world else ''}")
        for each in self.classes[:1]:
            columns = ", ".join(f"c{i}: {t}" for i, t in enumerate(each.types))
            lines.append(f".class {each.name}({columns}) {{{', '.join(a.name for a in self.actions)}}}")
        return lines

    def constant(self, type_: str) -> str:
        """A constant of a type."""
        return write(self.draw(st.sampled_from(VALUES[type_])))

    def weight(self, of_ten: int = 5) -> float:
        """A weight, 1 where weights are off."""
        return self.draw(st.sampled_from(WEIGHTS)) if "weight" in self.on and self.chance(of_ten) else 1.0

    def tells(self) -> None:
        """Declare that an action tells rows of a relation of facts, where they have an argument in common."""
        action = self.draw(st.sampled_from(self.actions))
        relation = self.draw(st.sampled_from([r for r in self.relations if r.layer == 0]))
        shared = [(i, j) for i, t in enumerate(action.types) for j, u in enumerate(relation.types) if t == u]
        if not shared:
            return
        at, place = self.draw(st.sampled_from(shared))
        call = atom(action.name, ["K" if i == at else "_" for i in range(len(action.types))])
        told = atom(relation.name, ["K" if i == place else "_" for i in range(len(relation.types))])
        told = f"{call} tells {told}."
        # whether a law reads this in too many ways hangs on all rules below it together
        if not _has({"E0273"}, "\n".join([*self.declarations(), *self.lines, told])):
            self.lines.append(told)
            self.tags.add("tells")

    def row(self, relation: Relation) -> Row:
        """A row of a relation."""
        return tuple(self.draw(st.sampled_from(VALUES[t])) for t in relation.types)

    def rules(self) -> None:
        """Draw the rules of every derived relation and action."""
        for each in self.relations:
            if each.layer:
                for i in range(self.draw(st.integers(1, 2 if len(self.relations) > 5 else 3))):
                    self.rule(each, each.name, recursive=i > 0 or "mutual" in self.on)
                    if (
                        i == 0
                        and "recursion" in self.on
                        and each.types == ("node", "node")
                        and self.chance(6)
                    ):
                        self.closure(each)
        kinds = ["forbid", "forbid", "permit", "prefer"]
        for action in self.spoken:
            for _ in range(self.draw(st.integers(0 if action in self.classes else 1, 3))):
                self.tags |= {"class"} if action in self.classes else set()
                kind = self.draw(st.sampled_from(kinds))
                self.rule(action, f"{kind} {action.name}", recursive=False)
            if "effect" in self.on:
                self.effect(action)

    def closure(self, relation: Relation) -> None:
        """A step of recursion that often leads somewhere: linear or not."""
        self.tags.add("recursion")
        step = relation.name if "nonlinear" in self.on or relation.given == 2 else "e0"
        if step == relation.name:
            self.tags |= {"nonlinear", "self-join"}
        first = "e0" if relation.given == 2 else relation.name  # which gives `Y` no value
        self.lines.append(f"{relation.name}(X, Z) :- {first}(X, Y), {step}(Y, Z).")

    def rule(self, head: Relation, name: str, *, recursive: bool) -> None:
        """One rule of a head, and sometimes more of its shape with other constants."""
        self.lines.append(Body(self, head, recursive=recursive).text(name))

    def effect(self, action: Relation) -> None:
        """Write an effect of an action: a fact that it causes or ends."""
        body = Body(self, action, recursive=False)
        target = self.draw(st.sampled_from([r for r in self.relations if r.layer == 0]))
        self.lines.append(
            body.text(action.name, effect=(self.draw(st.sampled_from(["causes", "ends"])), target))
        )


def _has(faults: set[str], text: str) -> bool:
    """Whether a program has faults, of these codes alone; any other is left to be found.

    A body is written item by item. What several items say together of one variable (sets, tests of its type,
    and braces, some in one branch alone) is kept apart where it is written. Nothing proves that this is
    enough: a variable could be without a type, or a value. Of 40,000 programs one had such a fault.
    """
    try:
        analyse([parse(text)])
    except ProgramError as error:
        return {found.code for found in error.diagnostics} <= faults
    return False


@st.composite
def cases(draw: Draw) -> Case:
    """A program, facts, candidates and updates."""
    on = draw(st.sets(st.sampled_from(FEATURES), min_size=4))
    w = Writer(draw, frozenset(on))
    w.signatures()
    w.rules()
    if "tells" in on and w.actions:
        w.tells()
    tensed = [
        Relation(f"{tense} {a.name}", a.types, 0)
        for a in w.actions
        if "history" in on
        for tense in ("past", "succeeded", "failed")
    ]
    absent = [Relation(f"not {r.name}", r.types, 0) for r in w.relations if r.open_world]
    base = [r for r in w.relations if r.layer == 0]
    # the relation that closures are made of gets the most facts
    sources = [*base, *base[:1] * 4, *tensed, *absent]

    def fact(relation: Relation) -> Change:
        return Change(relation.name, w.row(relation), w.weight(6))

    facts = [fact(draw(st.sampled_from(sources))) for _ in range(draw(st.integers(2, 14)))]
    if "window" in w.tags:
        facts.append(Change("now", (draw(st.sampled_from([30, 60])),), 1.0))
    if "ages" in w.tags:  # of each call that there can be
        facts += [Change("called", (n, "act", 15 * n), 1.0) for n in range(1, 30)]
    calls = [f for f in facts if f.relation.split()[0] in ("past", "succeeded", "failed")]
    if calls:  # some calls are made again
        again = [draw(st.sampled_from(calls)) for _ in range(draw(st.integers(0, 3)))]
        facts += again
        if again and "calls" in w.tags:
            w.tags.add("equal calls")
    in_text = [
        (f"{f.weight} :: " if f.weight != 1.0 else "") + f"{atom(f.relation, list(map(write, f.row)))}."
        for f in facts
        if f.relation not in ("now", "called") and w.chance(2)
    ]
    updates: list[Change] = []
    for _ in range(draw(st.integers(0, 6))):
        kept = ("now", "called") if "ages" in w.tags else ()  # without these they are not known
        pool = [(f.relation, f.row) for f in [*facts, *updates] if f.relation not in kept]
        if pool and w.chance(7):
            relation, row = draw(st.sampled_from(pool))
            updates.append(Change(relation, row, None))
        elif w.chance(2):
            stated = [each for each in w.relations if not each.given]
            updates.append(fact(draw(st.sampled_from(stated))))  # a fact of a derived relation
        elif "window" in w.tags and w.chance(4):
            updates.append(Change("now", (90,), 1.0))
        else:
            updates.append(fact(draw(st.sampled_from(sources))))
    if any(u.weight is None for u in updates):
        w.tags.add("deletion")
        if "recursion" in w.tags:
            w.tags.add("recursion and deletion")
    candidates = {a.name: sorted({w.row(a) for _ in range(3)}, key=repr) for a in w.actions}
    asked = {
        r.name: sorted({w.row(r)[: r.given] for _ in range(3)}, key=repr) for r in w.relations if r.given
    }
    text = "\n".join([*w.declarations(), *w.lines, *in_text])
    assume(not _has({"E0206", "E0231", "E0251", "E0304", "E0306"}, text))
    return Case(text, tuple(facts), candidates, tuple(updates), frozenset(w.tags), asked)
