"""Semi-naive evaluation of binary relations, a set at a time.

A binary relation is kept as a dictionary from one column to the set of the other, of numbers that stand for
the values (:mod:`mpr_logic.engine.bottomup.interned`). What is new comes in chunks ``(key, set)``, and a rule
joins a whole chunk: a variable may stand for a set, so closure is a few unions by the set type where tuples
would be millions of steps. Chunks of one key merge while
they wait, and wait in reverse postorder of the graph along which they travel, as in data-flow
analysis, so that most keys are visited once. Every fact is joined once with all that is known when
its chunk is taken, and all later facts are joined with it: semi-naive, without rounds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mpr_logic.engine.bottomup.interned import DerivedRelation, InternedRelation
from mpr_logic.engine.codegen import CodeWriter
from mpr_logic.engine.planner import item_variables
from mpr_logic.language.ast import Comparison, Const, Literal, Term, Var

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mpr_logic.engine.bottomup.batch import Batch
    from mpr_logic.engine.bottomup.interned import Map, Numbers
    from mpr_logic.engine.rule_groups import RuleGroup
    from mpr_logic.language.ast import BodyItem

JOINS = 12
"""Bodies of more items are joined row by row."""


def fits(batch: Batch, stratum: tuple[str, ...], groups: Iterable[RuleGroup]) -> bool:
    """Whether the component is of binary relations without weights, in rules of plain joins. Numbers would
    stand for 1 and 1.0 alike, so there is no column of floats."""
    if any(batch.program.arity[n] != 2 or batch.weighted(n) or batch.has_floats(n) for n in stratum):
        return False
    return all(_rule_fits(batch, stratum, g) for g in groups)


def _rule_fits(batch: Batch, stratum: tuple[str, ...], each: RuleGroup) -> bool:
    if each.table is not None or not _two_variables(each.args) or len(each.body) > JOINS:
        return False
    for item in each.body:
        match item:
            case Literal(atom, negated):
                if batch.weighted(atom.name) or any(isinstance(t, Var) and t.anonymous for t in atom.args):
                    return False
                if batch.has_floats(atom.name):
                    return False
                if negated:
                    continue
                if not (_two_variables(atom.args) or (len(atom.args) == 1 and atom.name not in stratum)):
                    return False
            case Comparison(_, left, right):
                if not isinstance(left, Var | Const) or not isinstance(right, Var | Const):
                    return False
            case _:
                return False
    # every comparison and negation is bound by the joins, and the joins hang together
    literals = [set(item_variables(i)) for i in each.body if isinstance(i, Literal) and not i.negated]
    bound = set().union(*literals)
    if any(not bound.issuperset(item_variables(i)) for i in each.body):
        return False
    reached = literals.pop(0)
    while literals:
        touching = [s for s in literals if s & reached]
        if not touching:
            return False
        reached |= touching[0]
        literals.remove(touching[0])
    return True


def _two_variables(args: tuple[Term, ...]) -> bool:
    return len(args) == 2 and len({t.name for t in args if isinstance(t, Var) and not t.anonymous}) == 2


class SetwiseFixpoint:
    """The fixpoint of one component."""

    def __init__(
        self, batch: Batch, stratum: tuple[str, ...], recursive: list[tuple[str, RuleGroup]]
    ) -> None:
        self._batch = batch
        self._stratum = stratum
        deltas = [
            (head, each, i)
            for head, each in recursive
            for i, item in enumerate(each.body)
            if isinstance(item, Literal) and item.atom.name in stratum
        ]
        columns = {name: self._better_column(name, deltas) for name in stratum}
        self.grown = {n: InternedRelation(batch.interner, columns[n], batch.count) for n in stratum}
        self._chunks: dict[str, list[tuple[Callable[[int, Numbers], None], Map | None]]] = {
            n: [] for n in stratum
        }
        self._paths: dict[str, list[Map]] = {n: [] for n in stratum}
        for head, each, place in deltas:
            item = each.body[place]
            assert isinstance(item, Literal)
            writer = ChunkWriter(self, head, each, place)
            self._chunks[item.atom.name].append((writer.compile(), writer.path))
            if head == item.atom.name and writer.path is not None:
                self._paths[head].append(writer.path)

    def _better_column(self, name: str, deltas: list[tuple[str, RuleGroup, int]]) -> int:
        """The column to key on: the one of which the rules carry the other over unchanged."""
        carried = [0, 0]
        for head, each, place in deltas:
            item = each.body[place]
            assert isinstance(item, Literal)
            if item.atom.name == head == name:
                for column in (0, 1):
                    carried[column] += item.atom.args[column] == each.args[column]
        return 1 if carried[0] > carried[1] else 0

    def relation_map(self, name: str, column: int) -> Map:
        """The map of any binary relation from that column to the other."""
        return self.grown[name].map(column) if name in self.grown else self._batch.interned_map(name, column)

    @property
    def batch(self) -> Batch:
        """The run this is a part of."""
        return self._batch

    def run(self) -> None:
        """Join chunks until none waits, and hand the rows over."""
        for name, grown in self.grown.items():
            for key, values in self._batch.interned_map(name, grown.key_column).items():
                grown.emit(key, values)
        ranks = {name: _reverse_postorder(paths) for name, paths in self._paths.items()}
        while any(g.pending for g in self.grown.values()):
            for name, grown in self.grown.items():
                rank = ranks[name]
                last = len(rank)
                keys = sorted(grown.pending, key=lambda k: rank.get(k, last)) if rank else list(grown.pending)
                for key in keys:
                    joins = [join for join, path in self._chunks[name] if path is None or key in path]
                    if not joins:
                        grown.pending.pop(key, None)  # from here it leads nowhere
                        continue
                    chunk = grown.take(key)
                    if chunk:
                        for join in joins:
                            join(key, chunk)
        for name, grown in self.grown.items():
            self._batch.hand_over(DerivedRelation(name, grown))


def _reverse_postorder(paths: list[Map]) -> dict[int, int]:
    """Ranks along the graph of all paths: a key before those that it leads to, but for cycles."""
    done: dict[int, int] = {}
    seen: set[int] = set()
    for root in {k for path in paths for k in path}:
        if root in seen:
            continue
        seen.add(root)
        stack = [(root, iter([v for p in paths for v in p.get(root, ())]))]
        while stack:
            key, following = stack[-1]
            for value in following:
                if value not in seen:
                    seen.add(value)
                    stack.append((value, iter([v for p in paths for v in p.get(value, ())])))
                    break
            else:
                stack.pop()
                done[key] = len(done)
    return {key: len(done) - number for key, number in done.items()}


class ChunkWriter:
    """Writes the join of one rule with a chunk of one of its literals: ``def join(k, s)``."""

    def __init__(self, setwise: SetwiseFixpoint, head: str, each: RuleGroup, place: int) -> None:
        self._setwise = setwise
        self._grown = setwise.grown[head]
        self._head = [t.name for t in each.args if isinstance(t, Var)]
        self._interner = setwise.batch.interner
        self._writer = CodeWriter(setwise.batch.namespace, setwise.batch)
        self._empty = self._writer.namespace.name("N", self._interner.empty, "empty")
        self._left: list[BodyItem] = [item for i, item in enumerate(each.body) if i != place]
        item = each.body[place]
        assert isinstance(item, Literal)
        names = [t.name for t in item.atom.args if isinstance(t, Var)]
        column = setwise.grown[item.atom.name].key_column
        self._key = names[column]
        self._set: str | None = names[1 - column]
        self._source = "s"
        self._writer.locals[self._key] = "k"
        self.path: Map | None = None

    def compile(self) -> Callable[[Any, set[Any]], None]:
        """The compiled join."""
        self._write("return")
        batch = self._setwise.batch
        return batch.frame.function(batch.namespace.define(["k", "s"], self._writer.lines))

    # -- one step after the other --------------------------------------------------------------

    def _write(self, fail: str) -> None:
        """The next step; each ends by writing those after it."""
        if self._test(fail) or self._narrow(fail) or self._project(fail):
            return
        if self._set is not None and self._set not in self._wanted():
            self._set = None  # some value there is, which one does not matter
        if not self._left:
            self._emit()
        elif not self._loop(fail):
            self._spread()

    def _wanted(self) -> set[str]:
        return set(self._head).union(*map(item_variables, self._left))

    def _map(self, literal: Literal, column: int) -> str:
        mapping = self._setwise.relation_map(literal.atom.name, column)
        return self._writer.namespace.name("I", mapping)

    def _beside(self, literal: Literal, column: int) -> str:
        """The source of the numbers that a relation has beside what is known in one column."""
        term = literal.atom.args[column]
        known = self._writer.locals[term.name] if isinstance(term, Var) else self._constant(term)
        return f"{self._map(literal, column)}.get({known}, {self._empty})"

    def _constant(self, term: Term) -> str:
        assert isinstance(term, Const)
        number = self._interner.number(term.value)
        return self._writer.namespace.name("C", number, ("number", number))

    def _condition(self, item: BodyItem) -> str:
        """The source of a test of values, for which the numbers stand."""
        values = self._writer.namespace.name("V", self._interner.values)
        numbers = self._writer.locals
        self._writer.locals = {name: f"{values}[{local}]" for name, local in numbers.items()}
        source, _ = self._writer.condition(item)  # type: ignore[arg-type]
        self._writer.locals = numbers
        return source

    def _test(self, fail: str) -> bool:
        """A test whose variables all hold one value."""
        for item in self._left:
            if self._writer.locals.keys() >= set(item_variables(item)):
                self._left.remove(item)
                if isinstance(item, Literal) and not item.negated and len(item.atom.args) == 2:
                    right = item.atom.args[1]
                    assert isinstance(right, Var)
                    source = f"{self._writer.locals[right.name]} in {self._beside(item, 0)}"
                else:
                    source = self._condition(item)
                self._writer.line(f"if not ({source}): {fail}")
                self._write(fail)
                return True
        return False

    def _narrow(self, fail: str) -> bool:
        """A literal of the set and of what holds one value: an intersection or a difference."""
        known = self._writer.locals.keys()
        for item in self._left:
            if not isinstance(item, Literal) or self._set is None or len(item.atom.args) > 2:
                continue
            if set(item_variables(item)) - known != {self._set}:
                continue
            places = [i for i, t in enumerate(item.atom.args) if t == Var(self._set)]
            if len(places) != 1:
                continue
            self._left.remove(item)
            if len(item.atom.args) == 1:
                others = self._writer.namespace.name("I", self._setwise.batch.interned_set(item.atom.name))
            else:
                others = self._beside(item, 1 - places[0])
            name = self._writer.fresh("s")
            self._writer.line(f"{name} = {self._source} {'-' if item.negated else '&'} {others}")
            self._writer.line(f"if not {name}: {fail}")
            self._source = name
            self._write(fail)
            return True
        return False

    def _project(self, fail: str) -> bool:
        """A literal that leads from the set to a new variable, the set not being needed any more."""
        for item in self._left:
            if not isinstance(item, Literal) or item.negated or self._set is None:
                continue
            names = [t.name for t in item.atom.args if isinstance(t, Var)]
            if len(names) != 2 or self._set not in names:
                continue
            place = names.index(self._set)
            new = names[1 - place]
            others = set(self._head).union(*(item_variables(i) for i in self._left if i is not item))
            if new in self._writer.locals or self._set in others:
                continue
            name = self._writer.fresh("s")
            self._writer.line(f"{name} = {self._unite(item, place, self._source)}")
            self._writer.line(f"if not {name}: {fail}")
            self._set, self._source = new, name
            self._write(fail)
            return True
        return False

    def _loop(self, fail: str) -> bool:
        """A literal that leads from a known value to a new variable."""
        for item in self._left:
            if not isinstance(item, Literal) or item.negated or len(item.atom.args) != 2:
                continue
            names = [t.name for t in item.atom.args if isinstance(t, Var)]
            for place in (0, 1):
                new = names[1 - place]
                if names[place] not in self._writer.locals or new in self._writer.locals or new == self._set:
                    continue
                self._left.remove(item)
                values = self._beside(item, place)
                self._note_path(item, names[place], new, place)
                own = item.atom.name not in self._setwise.grown  # else it may grow while it is read
                while step := self._onward(new):
                    values, new, own = self._unite(step[0], step[1], values), step[2], True
                if not self._left and self._set is None and new in self._head:
                    self._set, self._source = new, values
                    self._emit()
                    return True
                if not self._left and self._crosses(new):
                    self._cross(values, fail)
                    return True
                if not own:
                    values = f"list({values})"
                self._writer.loop(self._writer.bind(new), values, lambda: self._write("continue"))
                return True
        return False

    def _onward(self, known: str) -> tuple[Literal, int, str] | None:
        """The literal that leads from a variable which nothing else needs to a new one: with the variable's
        place in it, and the new one."""
        if known in self._head:
            return None
        asking = [item for item in self._left if known in item_variables(item)]
        if len(asking) != 1 or not isinstance(asking[0], Literal) or asking[0].negated:
            return None
        literal = asking[0]
        names = [t.name for t in literal.atom.args if isinstance(t, Var)]
        if len(names) != 2 or len(set(names)) != 2 or len(literal.atom.args) != 2:
            return None
        new = names[1 - names.index(known)]
        return None if new in self._writer.locals or new == self._set else (literal, names.index(known), new)

    def _unite(self, literal: Literal, place: int, source: str) -> str:
        """The source of the set that a literal leads to from a set of values."""
        self._left.remove(literal)
        unite = self._writer.namespace.name("U", self._interner.union, "union")
        return f"{unite}({self._map(literal, place)}, {source})"

    def _crosses(self, new: str) -> bool:
        """Whether the set holds keys of the head, and a variable values. Then each key takes all values in
        one union, where each value would go to every key one by one."""
        key, value = self._head[self._grown.key_column], self._head[1 - self._grown.key_column]
        return self._set == key and new == value

    def _cross(self, values: str, fail: str) -> None:
        """Emit all pairs of the set's keys and these values."""
        name = self._writer.fresh("s")
        self._writer.line(f"{name} = {values}")
        self._writer.line(f"if not {name}: {fail}")
        key, value = self._head[self._grown.key_column], self._head[1 - self._grown.key_column]
        source, self._set, self._source = self._source, value, name
        self._writer.loop(self._writer.bind(key), source, self._emit)

    def _note_path(self, item: Literal, known: str, new: str, place: int) -> None:
        """Remember along which stored relation chunks of this rule travel."""
        key = self._head[self._grown.key_column]
        if known == self._key and new == key and item.atom.name not in self._setwise.grown:
            self.path = self._setwise.relation_map(item.atom.name, place)

    def _spread(self) -> None:
        """Nothing else goes: take the values of the set one by one."""
        assert self._set is not None
        name, self._set = self._set, None
        self._writer.loop(self._writer.bind(name), self._source, lambda: self._write("continue"))

    def _emit(self) -> None:
        grown = self._grown
        key, value = self._head[grown.key_column], self._head[1 - grown.key_column]
        local = self._writer.locals
        function: Callable[[Any, Any], None] = grown.emit
        if self._set == value:
            args = f"{local[key]}, {self._source}"
        else:
            keys = self._source if self._set == key else f"({local[key]},)"
            function, args = grown.emit_each, f"{keys}, {local[value]}"
        label = ("emit", id(grown), function.__name__)
        self._writer.line(f"{self._writer.namespace.name('U', function, label)}({args})")
