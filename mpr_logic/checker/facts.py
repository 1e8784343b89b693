"""The state that a checker holds: facts that come and go, in the engine and in a plain copy."""

from __future__ import annotations

from collections import Counter, defaultdict
from contextlib import contextmanager
from copy import copy, deepcopy
from typing import TYPE_CHECKING, TypeAlias
from weakref import ref

from mpr_logic.analysis import effect_head
from mpr_logic.analysis.atoms import coerce_row, signature_of
from mpr_logic.analysis.key_constraints import conflict, key_columns, key_text
from mpr_logic.analysis.occurrences import CALL, HISTORY, Calls, end_of, split_numbered
from mpr_logic.analysis.program import Fact
from mpr_logic.checker.parsing import PlainAtoms
from mpr_logic.checker.state import fact_of
from mpr_logic.checker.versions import Version
from mpr_logic.errors import StateError
from mpr_logic.language.ast import Span
from mpr_logic.language.printer import print_row

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence

    from mpr_logic.analysis.atoms import Pattern
    from mpr_logic.analysis.program import Program, Signature
    from mpr_logic.checker.versions import Undone
    from mpr_logic.engine.protocol import Engine, StoredFact
    from mpr_logic.language.ast import Row

CACHED = 100_000
"""The most texts of facts that are kept parsed; then the cache begins anew."""

LISTS = frozenset((list, tuple))
"""The types in which facts mostly come."""

HERE = Span("", 0, 0, 0, 0)
"""The span of a fact that no file holds."""


FactTuple: TypeAlias = "tuple[str, Sequence[object]] | tuple[str, Sequence[object], float]"
"""A fact as a relation, the values of its row, and perhaps its weight: ``("limit", ("eve", 100), 0.9)``."""

_FORM = '("at", ("apple_1", "fridge_1")) or ("at", ("apple_1", "fridge_1"), 0.7)'


def _see_that_all_are_lists(*given: object) -> None:
    """Check that both arguments are collections of facts.

    Raises:
        StateError: one cannot.
    """
    for each in given:
        if isinstance(each, str) or not hasattr(each, "__iter__"):
            kind = type(each).__name__
            raise StateError(f"facts come in a list, not as {kind}: write one as a list of one")


def _nobody() -> None:
    """A reference to no version."""


class FactBase:
    """The asserted facts of one engine. ``rows`` has for each core relation its rows and weights, and
    ``calls`` each call of the history, also where no rule tells equal calls apart: other rules may come;
    ``version`` stands for the present state, and can be gone back to; ``number`` counts the updates.
    ``names`` are for :class:`PlainAtoms`.

    Changes are recorded only while somebody holds on to the version of the present state: nobody else can
    go back to it. So the facts themselves hold it weakly."""

    def __init__(self, program: Program, engine: Engine, names: dict[str, str] | None = None) -> None:
        self._program = program
        self._engine = engine
        self._parsed: dict[str, Fact] = {}
        self._plain = PlainAtoms(program.schema.relations, names)
        open_world = [n for n, signature in program.schema.relations.items() if signature.open_world]
        self._opposites = {n: f"not {n}" for n in open_world} | {f"not {n}": n for n in open_world}
        self._keys = Keys(program.schema.relations, program.ends)
        self.rows: dict[str, dict[Row, float]] = defaultdict(dict)
        self.number = 0
        self.weighted: set[str] = set()  # relations of which a fact has ever weighed less than 1
        self._version: Callable[[], Version | None] = _nobody
        self._source = engine.source
        self._changes: list[Undone] | None = None  # of the present update, as they were before
        self.calls = Calls()
        self._history = frozenset(f"{word} {name}" for name in program.schema.actions for word in HISTORY)
        self._unread = frozenset(CALL + name for name in self._history if name not in program.calls)
        self._ends: dict[str, list[str]] = {}
        """By relation of the history: those of its first and last calls that rules read."""
        for name in sorted(program.ends):
            self._ends.setdefault(split_numbered(name)[1], []).append(name)
        self._numbered = frozenset(CALL + name for name in self._history)
        self._special = {*self._opposites, *self._keys.columns, *self._history, *self._numbered}
        for relation, row, weight, _ in program.history:
            self.calls.enter(relation, row, weight)
        self.stated = self.calls.last
        """The number of calls that the program's text states."""
        for fact in program.facts:  # the engine holds them already
            self.rows[fact.relation][fact.row] = fact.weight
            self._keys.enter(fact.relation, fact.row)
            if fact.weight != 1.0:
                self.weighted.add(fact.relation)
        for fact in program.facts:
            if fact.relation in self._opposites and fact.row in self.rows[fact.relation]:
                self._drop(self._opposites[fact.relation], fact.row)

    @property
    def version(self) -> Version:
        """The version of the present state: while it is held, changes are recorded."""
        found = self._version()
        if found is None:
            found = Version()
            self._be(found)
        return found

    def _be(self, version: Version) -> None:
        """Make this version the one of the present state."""
        version.newer, version.undo = None, ()
        self._version = ref(version)

    def fork(self, engine: Engine, names: dict[str, str]) -> FactBase:
        """A copy of the facts for an engine that was forked from this one's, without older states."""
        other = copy(self)
        other._engine, other._source = engine, engine.source
        other._parsed, other._changes = {}, None
        other._plain = self._plain.fork(names)
        other._keys = self._keys.fork()
        other.weighted = set(self.weighted)
        other.rows = defaultdict(dict, {name: dict(rows) for name, rows in self.rows.items() if rows})
        other._version = _nobody
        other.calls = deepcopy(self.calls)
        return other

    def update(
        self,
        add: Iterable[str | FactTuple | Fact],
        remove: Iterable[str | FactTuple | Fact],
        source: str | None = None,
    ) -> None:
        """Retract, then assert: see :meth:`Checker.update`.

        Raises:
            StateError: a fact does not fit the program, or two have one key; nothing has changed then.
        """
        if type(add) not in LISTS or type(remove) not in LISTS:
            _see_that_all_are_lists(add, remove)
        known = self._parsed.get
        going = [(known(f) if type(f) is str else None) or self.fact(f) for f in remove]
        coming = [(known(f) if type(f) is str else None) or self.fact(f) for f in add]
        keys = self._keys
        if keys.columns:
            keys.check(coming)
        self.number += 1
        label = source or f"update {self.number}"
        before = self._version()
        self._changes = None if before is None else []
        plain = before is None  # then a fact of a relation that nothing is special about only comes or goes
        special, rows, engine = self._special, self.rows, self._engine
        many: dict[str, list[StoredFact]] = {}  # of such relations, where changes are recorded
        try:
            for relation, row, _, _ in going:
                if relation in special:
                    self._drop(relation, row)
                elif not plain:
                    many.setdefault(relation, []).append((row, None, ""))
                elif rows[relation].pop(row, None) is not None:
                    engine.remove(relation, row)
            for relation, row, weight, span in coming:
                where = label if source or not span.file else span
                if relation in special:
                    self._come(relation, row, weight, where)
                elif not plain:
                    many.setdefault(relation, []).append((row, weight, where))
                else:
                    engine.add(relation, row, weight, where)
                    rows[relation][row] = weight
                    if weight != 1.0:
                        self.weighted.add(relation)
            for relation, facts in many.items():
                self._change(relation, facts)
        finally:
            if before is not None:
                self._finish()

    def _come(self, relation: str, row: Row, weight: float, source: Span | str) -> None:
        """Assert a fact of an update: retract what it replaces, and enter a call."""
        if relation in self._opposites:  # what was observed last holds
            self._drop(self._opposites[relation], row)
        replaced = self._keys.other(relation, row) if relation in self._keys.columns else None
        if replaced is not None:
            self._drop(relation, replaced)
        if relation in self._numbered:  # the caller says of which call it is
            relation, row, number = _call(relation, row)
            self._hold(relation, row, weight, source)
            self.calls.put(relation, row, number, weight)
            self._hold_call(relation, row, number, weight, source)
            return
        self._hold(relation, row, weight, source)
        if relation in self._history:
            number = self.calls.enter(relation, row, weight)
            self._hold_call(relation, row, number, weight, source)

    def _change(self, relation: str, facts: Sequence[StoredFact]) -> None:
        """Assert and retract facts of a relation that nothing is special about, with a note of each."""
        own, source, note = self.rows[relation], self._source, self._changes
        assert note is not None
        for row, weight, _ in facts:
            before = own.get(row)
            if before is None:
                if weight is None:
                    continue
                note.append((relation, row, None, ""))
            else:
                note.append((relation, row, before, source(relation, row)))
            if weight is None:
                del own[row]
                continue
            own[row] = weight
            if weight != 1.0:
                self.weighted.add(relation)
        self._engine.change(relation, facts)

    def _hold_call(self, relation: str, row: Row, number: int, weight: float, source: Span | str) -> None:
        """Assert one fact of a call, and that it is the first or the last of its row."""
        counted = (number, *row)
        self._hold(CALL + relation, counted, weight, source)
        for end in self._ends.get(relation, ()):
            new, old = Fact(end, counted, weight, HERE), None
            before = self._keys.other(end, counted)
            if before is not None:
                old = Fact(end, before, self.rows[end][before], HERE)
            kept = end_of(old, new)
            if kept != old:
                if before is not None:
                    self._drop(end, before)
                self._hold(end, kept.row, kept.weight, source)

    def _hold(self, relation: str, row: Row, weight: float, source: Span | str) -> None:
        """Assert a fact, or give it another weight and source. Calls that no rule tells apart are not
        given to the engine."""
        own = self.rows[relation]
        if self._changes is not None:
            before = own.get(row)
            where = "" if before is None else self._source(relation, row)
            self._changes.append((relation, row, before, where))
        if relation in self._unread:
            return
        if weight != 1.0:
            self.weighted.add(relation)
        self._engine.add(relation, row, weight, source)
        own[row] = weight
        if relation in self._keys.columns:
            self._keys.enter(relation, row)

    def _drop(self, relation: str, row: Row) -> None:
        """Retract a fact; one of the history with all of its calls."""
        weight = self.rows[relation].pop(row, None)
        if weight is None:
            return
        if self._changes is not None:
            self._changes.append((relation, row, weight, self._source(relation, row)))
        self._engine.remove(relation, row)
        self._keys.leave(relation, row)
        if relation in self._history:
            for number, weight in self.calls.weights(relation, row).items():
                self._drop_call(relation, row, number, weight)
            for end in self._ends.get(relation, ()):
                found = self._keys.other(end, (0, *row))
                if found is not None:
                    self._drop(end, found)

    def _drop_call(self, relation: str, row: Row, number: int, weight: float) -> None:
        """Retract one fact of a call."""
        call, counted = CALL + relation, (number, *row)
        if self._changes is not None:
            self._changes.append((call, counted, weight, self._source(call, counted)))
        self.calls.take_out(relation, row, number)
        if self.rows[call].pop(counted, None) is not None:
            self._engine.remove(call, counted)

    def _finish(self) -> None:
        """Close the version that the recorded changes lead away from."""
        changes, self._changes = self._changes, None
        if changes:
            before, new = self.version, Version()
            self._be(new)
            before.newer, before.undo = new, changes

    # -- other versions ------------------------------------------------------------------------

    def _set(self, fact: Undone) -> None:
        """Make a fact, or one fact of a call, what it was; but what came later under its key stays."""
        relation, row, weight, source = fact
        if relation in self._numbered:
            history, own, number = _call(relation, row)
            if weight is None:
                self._drop_call(history, own, number, self.calls.weights(history, own)[number])
            else:
                self.calls.put(history, own, number, weight)
                self._hold(relation, row, weight, source)
        elif weight is not None:
            if self._keys.other(relation, row) is None:
                self._hold(relation, row, weight, source)
        elif (before := self.rows[relation].pop(row, None)) is not None:
            if self._changes is not None:
                self._changes.append((relation, row, before, self._source(relation, row)))
            self._engine.remove(relation, row)
            self._keys.leave(relation, row)

    def held(self, relation: str, row: Row) -> tuple[float | None, Span | str]:
        """The weight of a fact, None where it is not there, and where it comes from."""
        if relation in self._numbered:
            history, own, number = _call(relation, row)
            weight = self.calls.weights(history, own).get(number)
        else:
            weight = self.rows.get(relation, {}).get(row)
        return weight, "" if weight is None else self._source(relation, row)

    def put(self, facts: Iterable[Undone]) -> None:
        """Make facts what they were in some other state; nothing else follows from it."""
        before = self._version()
        self._changes = None if before is None else []
        for each in facts:
            self._set(each)
        self.number += 1
        self._finish()

    def go(self, version: Version) -> None:
        """Go to another version: the facts become what they were in it, their sources included.

        Raises:
            StaleDecisionError: too much has changed since.
        """
        for each in version.back():
            before = self.version
            assert each.newer is before
            changes: list[Undone] = []
            self._changes = changes
            many: dict[str, list[StoredFact]] = {}
            for fact in reversed(each.undo):
                if fact[0] in self._special:
                    self._set(fact)
                else:
                    many.setdefault(fact[0], []).append(fact[1:])
            for relation, facts in many.items():
                self._change(relation, facts)
            self._changes = None
            self._be(each)
            before.newer, before.undo = each, changes

    @contextmanager
    def at(self, version: Version) -> Iterator[None]:
        """A context in which the facts are those of another version; what is changed inside is undone.

        Raises:
            StaleDecisionError: too much has changed since.
        """
        before, last = self.version, self.calls.last
        self.go(version)
        try:
            yield
        finally:
            self.go(before)
            self.calls.last = last

    @contextmanager
    def assuming(self, facts: Iterable[Fact]) -> Iterator[None]:
        """A context in which these facts are asserted too; afterwards they are as before, and what else was
        changed inside stays.

        Raises:
            StateError: two of them have one key; nothing has changed then.
        """
        facts = list(facts)
        self._keys.check(facts)
        before, last = self.version, self.calls.last
        try:
            self.update(facts, ())
        except BaseException:
            self.go(before)
            raise
        inside = self.version
        assumed = [each for version in before.back() for each in reversed(version.undo)]
        try:
            yield
        finally:
            if self.version is inside:
                self.go(before)
                self.calls.last = last
            else:
                self.put(assumed)

    def gathered(self) -> list[tuple[int, str, Row, float]]:
        """The facts of the calls beside those that the program states, each with the number of its call in
        front: see :meth:`Checker.history`."""
        stated = Counter((fact.relation, fact.row) for fact in self._program.history)
        found = []
        for number, relation, row, weight in self.calls:
            if stated[relation, row]:
                stated[relation, row] -= 1
            else:
                found.append((number, relation, row, weight))
        return found

    def fact(self, given: str | FactTuple | Fact) -> Fact:
        """The fact that a text or a tuple states; texts are kept parsed.

        Raises:
            StateError: it is not a fact of the program.
        """
        if not isinstance(given, str):
            if isinstance(given, Fact):
                return self._fitting(given)
            if isinstance(given, tuple):
                return self._stated(given)
            raise StateError(f"a fact is a text or a tuple, not {type(given).__name__}")
        found = self._parsed.get(given)
        if found is None:
            plain = self._plain.read(given)
            if plain is not None:
                found = Fact(plain[0], plain[1], 1.0, HERE)
            else:
                read = fact_of(self._program, given)
                found = Fact(read.relation, read.row, read.weight, HERE)
            if len(self._parsed) >= CACHED:
                self._parsed.clear()
            self._parsed[given] = found
        return found

    def _stated(self, given: tuple[object, ...]) -> Fact:
        """The fact of a tuple: a relation, its values, and perhaps a weight."""
        if len(given) not in (2, 3) or not isinstance(given[0], str):
            raise StateError(f"a fact as a tuple is a relation, its values, and perhaps a weight: {_FORM}")
        relation, weight = given[0], given[2] if len(given) == 3 else 1.0
        if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 < weight <= 1:
            raise StateError(f"the weight of a fact of `{relation[:60]}` is no number above 0 and at most 1")
        signature = signature_of(self._program, relation)
        return Fact(relation, coerce_row(signature, given[1]), float(weight), HERE)  # type: ignore[arg-type]

    def _fitting(self, given: Fact) -> Fact:
        """A Fact of a caller's, its row typed as the program declares it."""
        whole = isinstance(given.span, Span)
        try:
            hash(given.row)
            if whole and self._program.arity.get(given.relation) == len(given.row):
                return given
        except TypeError:
            pass  # the message says what is wrong
        if not isinstance(given.relation, str):
            raise StateError(f"the name of a relation is a text, not {type(given.relation).__name__}")
        if given.relation in self._numbered and given.row and type(given.row[0]) is int:
            history, own, number = _call(given.relation, given.row)
            return given._replace(row=(number, *coerce_row(signature_of(self._program, history), own)))
        row = coerce_row(signature_of(self._program, given.relation), given.row)
        return Fact(given.relation, row, given.weight, given.span if whole else HERE)

    def effects(
        self, action: str, args: Row, theta: float, relations: Collection[str] | None = None
    ) -> tuple[list[Fact], list[Fact]]:
        """The facts that an action ends and those that it causes in the present state, by its declared
        effects; where ``relations`` are given, of those alone. What it ends must weigh theta; what it
        causes is as sure as the rule.

        Raises:
            EvaluationError: they could not be derived.
        """
        found: dict[str, list[Fact]] = {"ends": [], "causes": []}
        for kind, facts in found.items():
            for relation, signature in self._program.schema.relations.items():
                if relations is not None and relation not in relations:
                    continue
                head = effect_head(kind, relation, action)
                if not self._program.rules_for(head):
                    continue
                pattern: Pattern = (*args, *(None,) * signature.arity)
                for row, weight in sorted(self._engine.query(head, pattern).items(), key=str):
                    if kind == "causes" or weight >= theta:
                        facts.append(Fact(relation, row[len(args) :], weight, HERE))
        return found["ends"], found["causes"]


class Keys:
    """The rows of a state by their keys. ``columns`` has, for each relation that is declared with a key, the
    function from a row to it; what is not in there may have many rows. ``ends`` are the relations of first
    and last calls, of which each row of the history has one."""

    def __init__(self, relations: Mapping[str, Signature], ends: Iterable[str] = ()) -> None:
        self._relations = relations
        self.columns = {**key_columns(relations), **dict.fromkeys(ends, _own_row)}
        self._rows: dict[str, dict[Hashable, Row]] = {name: {} for name in self.columns}

    def fork(self) -> Keys:
        """A copy that changes by itself."""
        other = copy(self)
        other._rows = {name: dict(rows) for name, rows in self._rows.items()}
        return other

    def check(self, facts: Iterable[Fact]) -> None:
        """Check that no two of some facts, which come at once, are two rows for one key.

        Raises:
            StateError: two are.
        """
        if not self.columns:
            return
        found = conflict(facts, self.columns)
        if found is None:
            return
        first, second = found
        place = second.span
        where = f"{place}: " if place.line else f"{place.file}: " if place.file.strip("<>") else ""
        rows = f"`{print_row(first.relation, first.row)}` and `{print_row(second.relation, second.row)}`"
        key = key_text(self._relations[first.relation])
        raise StateError(f"{where}{rows} come at once, and `{first.relation}` has {key}: keep one of them")

    def other(self, relation: str, row: Row) -> Row | None:
        """Another row with the same key; None where there is none."""
        key = self.columns.get(relation)
        if key is None:
            return None
        found = self._rows[relation].get(key(row))
        return found if found != row else None

    def enter(self, relation: str, row: Row) -> None:
        """Enter a row."""
        key = self.columns.get(relation)
        if key is not None:
            self._rows[relation][key(row)] = row

    def leave(self, relation: str, row: Row) -> None:
        """Take out a row."""
        key = self.columns.get(relation)
        if key is not None and self._rows[relation].get(key(row)) == row:
            del self._rows[relation][key(row)]


def _call(relation: str, row: Row) -> tuple[str, Row, int]:
    """The relation of the history, the row and the number of a call."""
    number, *own = row
    assert isinstance(number, int)
    return relation.removeprefix(CALL), tuple(own), number


def _own_row(row: Row) -> Row:
    """The arguments of a call, whose number stands in front."""
    return row[1:]
