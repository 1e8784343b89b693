"""Code generation: a planned body as Python source, one loop inside the other.

Each step writes itself around those that follow, and the last one calls ``done``, which writes what happens
for a match. (Produce and consume: Neumann 2011, compiling query plans.) Only names made here stand in the
source: relations, constants and functions are bound beside it in a namespace, so no text of a program or a
model ever becomes code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from math import inf

from mpr_logic.analysis.terms import is_partial
from mpr_logic.engine import builtins
from mpr_logic.engine.access import Access, Goal, Lookup
from mpr_logic.engine.namespace import Namespace, key
from mpr_logic.engine.planner import Assign, Filter, Gather, PlanStep, Scan
from mpr_logic.engine.store import Relation
from mpr_logic.errors import EvaluationError
from mpr_logic.language.ast import (
    ANONYMOUS,
    Arithmetic,
    Call,
    Comparison,
    Const,
    Literal,
    Term,
    Test,
    Var,
)

MAX_BLOCKS = 18
"""CPython nests at most 20 blocks in a function."""

PART = 8
"""A longer body is written in parts, each a generator of so many joins."""

LONG = 512
"""A loop of more turns than this looks at the clock."""

_LOCAL = re.compile(r"\b[a-z]+\d+\b")

Done = Callable[["list[str]"], None]


SMALL = 2**53
"""A whole number up to this can be added to any float without leaving the finite ones."""


def _is_small(value: object) -> bool:
    return type(value) is int and -SMALL <= value <= SMALL


class CodeWriter:
    """Writes one function body. ``locals`` maps variables to the Python names that hold them."""

    def __init__(self, namespace: Namespace, access: Access) -> None:
        self.namespace = namespace
        self.access = access
        self.lines: list[str] = []
        self.locals: dict[str, str] = {}
        self.answers: dict[int, str] = {}  # by a literal's place: the tabled answer that it reads
        self.support = SupportRecorder(self)
        self.work = 0.0  # an upper bound on the lookups, as far as is known: much work is worth memoising
        self.looping = 0  # the loops around the next line
        self.reruns = False  # whether it is the goal of a recursion, which runs again and again
        self._indent = 1
        self._loops = 0
        self._blocks = 0  # loops around the next line that CPython counts, in the present function
        self._made: list[str] = []  # the names of locals, in the order in which they were made
        self._turns = 1.0  # of the loops around the next line, all together
        self._count = 0

    def line(self, text: str) -> None:
        """Write a line at the present depth."""
        self.lines.append("    " * self._indent + text)

    @contextmanager
    def _indented(self) -> Iterator[None]:
        """A context one step deeper. Support that is recorded in it counts as unrecorded after it."""
        self._indent += 1
        sure, self.support.sure = self.support.sure, self.support.sure.copy()
        yield
        self.support.sure = sure
        self._indent -= 1

    def fresh(self, prefix: str = "t") -> str:
        """A local name that was not used yet."""
        self._count += 1
        self._made.append(f"{prefix}{self._count}")
        return self._made[-1]

    def bind(self, variable: str) -> str:
        """The new local that holds a variable from now on."""
        name = self.locals[variable] = self.fresh("v")
        return name

    def match(self, term: Term, value: str, fail: str) -> None:
        """Let a variable that is not bound yet stand for the value that a local holds; test any other term
        against it."""
        if _anonymous(term):
            return
        if isinstance(term, Var) and term.name not in self.locals:
            self.locals[term.name] = value
        else:
            self.line(f"if {value} != {self.term(term)}: {fail}")

    def alternative(self, write: Callable[[str], None]) -> None:
        """Write a block. ``write`` is handed the statement that leaves it early."""
        self.line("while True:")
        self._blocks += 1
        with self._indented():
            write("break")
            self.line("break")
        self._blocks -= 1

    def loop(
        self,
        target: str,
        rows: str,
        write: Callable[[], None],
        *,
        outermost: bool = False,
        sized: bool = True,
        wide: frozenset[str] | None = None,
        turns: float = inf,
    ) -> None:
        """Write a for loop. It looks at the clock where it stands inside another, and where it is long.

        Args:
            target: the source of its target.
            rows: the source of what it runs over.
            write: writes its body.
            outermost: whether its body looks at the clock itself.
            sized: whether the rows have a length; others look at the clock while they are made.
            wide: if it is a wide loop, the sources that are known before it: see SupportRecorder.
            turns: the most turns that it takes, as far as is known.

        Raises:
            EvaluationError: it would be nested deeper than Python can compile.
        """
        if self._blocks >= MAX_BLOCKS:
            raise EvaluationError("a rule joins more literals in a row than can be compiled: split it")
        if self._loops:
            self.poll()
        widest = wide is not None and self.support.begin(self._indent, wide)
        if sized and not outermost:
            if not rows.isalnum():
                self.line(f"rows = {rows}")
                rows = "rows"
            rows = f"{rows} if len({rows}) < {LONG} else polled({rows})"
        self.line(f"for {target} in {rows}:")
        self.looping += 1
        self._blocks += 1
        self._loops += not outermost
        around, self._turns = self._turns, self._turns * turns
        self.work += self._turns
        with self._indented():
            write()
        self._turns = around
        self._loops -= not outermost
        self._blocks -= 1
        self.looping -= 1
        if widest:
            self.support.end()

    def poll(self) -> None:
        """Stop here when the time is over."""
        self.line("if now() > limit[0]: late()")

    # -- terms ---------------------------------------------------------------------------------

    def term(self, term: Term) -> str:
        """The source of a term whose variables are bound."""
        match term:
            case Var(name):
                return self.locals[name]
            case Const(value):
                return self.namespace.constant(value)
            case Call(_, args):
                called = self.namespace.name("U", *builtins.function_of(term))
                return f"{called}({', '.join(map(self.term, args))}, deadline)"
            case Arithmetic(op, left, right):
                if op in "+-" and any(isinstance(t, Const) and _is_small(t.value) for t in (left, right)):
                    return f"({self.term(left)} {op} {self.term(right)})"  # text raises TypeError here
                called = self.namespace.name("U", builtins.ARITHMETIC[op], op)
                return f"{called}({self.term(left)}, {self.term(right)})"
        raise AssertionError(term)

    # -- conditions ----------------------------------------------------------------------------

    def condition(self, item: Literal | Comparison | Test, index: int = -1) -> tuple[str, bool]:
        """The source of a test, and whether its value is a weight rather than a truth. ``index`` is
        the item's place in the body."""
        match item:
            case Comparison():
                return self._comparison(item), False
            case Test(_, (text, part), negated):
                test = builtins.test_of(item)
                called = self.namespace.name("U", test, test.__name__)
                return f"{'not ' * negated}{called}({self.term(text)}, {self.term(part)}, deadline)", False
            case Literal():
                return self._membership(item, index)
        raise AssertionError(item)

    def _comparison(self, item: Comparison) -> str:
        left, right = self.term(item.left), self.term(item.right)
        if item.op == "=":
            return f"{left} == {right}"
        if item.op == "!=":
            return f"{left} != {right}"
        if any(isinstance(t, Const) and not isinstance(t.value, str) for t in (item.left, item.right)):
            return f"{left} {item.op} {right}"  # text raises TypeError here
        less = self.namespace.name("U", builtins.less, "<")
        if item.op in (">", "<="):
            left, right = right, left
        return f"{'' if item.op in '<>' else 'not '}{less}({left}, {right})"

    def _membership(self, item: Literal, index: int) -> tuple[str, bool]:
        atom = item.atom
        known = [i for i, t in enumerate(atom.args) if not (isinstance(t, Var) and t.anonymous)]
        parts = [self.term(atom.args[i]) for i in known]
        weighted = self.access.weighted(atom.name)
        relation = self.access.stored(atom.name)
        if relation is None:
            adornment = "".join("b" if i in known else "d" for i in range(len(atom.args)))
            goal = self.access.goal(atom.name, adornment)
            self.work += self._turns * goal.work
            self.support.ask(goal, parts)
            source = goal.ask(parts)
            if goal.snapshot:
                self._answer(index, atom.name, adornment, parts, "()")
            if goal.snapshot and weighted:
                source = f"dict({source}).get((), 0.0)"
        else:
            self.work += self._turns
            self.support.read(relation.name, tuple(known), parts)
        if relation is None:
            pass
        elif weighted:
            source = self._strength(relation, tuple(known), parts)
        elif not known and atom.args:
            source = self.namespace.rows(relation)
        elif len(known) == len(atom.args):
            source = f"{key(parts)} in {self.namespace.rows(relation)}"
        else:
            source = f"{key(parts)} in {self.namespace.index(relation, tuple(known))}"
        if not item.negated:
            return source, weighted
        if not weighted:
            return f"not ({source})", False
        complement = self.namespace.name("U", self.access.semiring.complement, "complement")
        return f"{complement}({source})", True

    def _strength(self, relation: Relation, known: tuple[int, ...], parts: list[str]) -> str:
        if len(known) == relation.arity:
            return f"{self.namespace.weights(relation)}.get({key(parts)}, 0.0)"
        return f"{self.namespace.strongest(relation, known)}({key(parts)})"

    # -- steps ---------------------------------------------------------------------------------

    def steps(self, steps: Sequence[PlanStep], fail: str, weights: list[str], done: Done) -> None:
        """Write the steps; where all hold, ``done`` writes what follows, given the weights' names.

        Python nests few loops. Where a body has more, the first are written as a generator of the locals that
        they bind, and the rest runs in one loop over it."""
        room = MAX_BLOCKS - self._blocks - 2  # an aggregate is two blocks
        made, target, rows = len(self._made), "", ""
        while (joins := _joins(steps)) and len(joins) > max(room - bool(rows), 0):
            cut = joins[PART] if len(joins) > PART else len(steps)
            target, rows, weights = self._part(target, rows, steps[:cut], weights, made)
            steps = steps[cut:]
        if rows:
            self.loop(target, rows, lambda: self.rest(steps, "continue", weights, done), sized=False)
        else:
            self.rest(steps, fail, weights, done)

    def _part(
        self, target: str, rows: str, steps: Sequence[PlanStep], weights: list[str], made: int
    ) -> tuple[str, str, list[str]]:
        """Write a generator for the first steps of a body, that goes on from the rows of the one before. The
        locals that it binds, its call, and the weights. ``made`` counts the locals before the body."""
        name = self.fresh("part")
        found: list[str] = []
        live: list[str] = []

        def done(weights: list[str]) -> None:
            read = {*self.locals.values(), *weights}.union(*map(_LOCAL.findall, self.answers.values()))
            live[:] = [each for each in self._made[made:] if each in read]
            found[:] = weights
            self.line(f"yield {', '.join(live)}," if live else "yield")

        self.line(f"def {name}():")
        blocks, self._blocks = self._blocks, 0
        with self._indented():
            if rows:
                self.loop(target, rows, lambda: self.rest(steps, "continue", weights, done), sized=False)
            else:
                self.rest(steps, "return", weights, done)
        self._blocks = blocks
        return f"{', '.join(live)}," if live else "_", f"{name}()", found

    def rest(self, steps: Sequence[PlanStep], fail: str, weights: list[str], done: Done) -> None:
        """The same for steps that are few enough, or follow others."""
        for place, step in enumerate(steps):
            rest = steps[place + 1 :]
            match step:
                case Filter(index, item):
                    weights = [*weights, *self._test(index, item, fail)]
                case Assign(_, variable, term):
                    source = self.term(term)
                    name = self.bind(variable)
                    self.line(f"{name} = {source}")
                    if is_partial(term):
                        self.line(f"if {name} is None: {fail}")
                case Scan():
                    self._scan(step, rest, weights, done)
                    return
                case Gather():
                    _gather(self, step, rest, fail, weights, done)
                    return
        done(weights)

    def _test(self, index: int, item: Literal | Comparison | Test, fail: str) -> list[str]:
        """Write a test; the names of the weights that it gives."""
        source, weighted = self.condition(item, index)
        if not weighted:
            self.line(f"if not ({source}): {fail}")
            return []
        name = self.fresh("w")
        self.line(f"{name} = {source}")
        self.line(f"if not {name}: {fail}")
        return [name]

    def _scan(self, step: Scan, rest: Sequence[PlanStep], weights: list[str], done: Done) -> None:
        name, args = step.literal.atom.name, step.literal.atom.args
        parts = [self.term(args[i]) for i in step.bound]
        free = [i for i in range(len(args)) if i not in step.bound]
        weighted, relation = self.access.weighted(name), self.access.stored(name)
        wide = frozenset(self.locals.values()) if self.access.wide(name, step.bound) else None
        weight, met = "", ""
        if relation is None:
            free = [i for i in free if not _anonymous(args[i])]
            adornment = "".join(
                "b" if i in step.bound else "f" if i in free else "d" for i in range(len(args))
            )
            goal = self.access.goal(name, adornment)
            self.support.ask(goal, parts)
            iterable = goal.ask(parts)
            if weighted:
                iterable += "" if goal.snapshot else ".items()"
                weight = self.fresh("w")
        elif step.bound:
            self.support.read(relation.name, step.bound, parts)
            index = self.namespace.index(relation, step.bound)
            iterable = f"{index}.get({key(parts)}, E)"
            if self.access.rare(name):  # a test costs less than a loop without turns
                iterable, met = f"{index}[{key(parts)}]", f"{key(parts)} in {index}"
        else:
            self.support.read(relation.name, (), [])
            iterable = self.namespace.rows(relation)
        targets, checks = self._targets([args[i] for i in free], row_needed=weighted and relation is not None)
        target = key(targets) if targets else "_"
        if relation is None and goal.snapshot:
            self._answer(step.index, name, adornment, parts, target)

        def body() -> None:
            for check in checks:
                self.line(f"if {check}: continue")
            used = weights
            if weighted and relation is not None:
                own = self.fresh("w")
                columns = dict(zip(free, targets, strict=True)) | dict(zip(step.bound, parts, strict=True))
                whole = key([columns[i] for i in range(len(args))]) if args else "()"
                self.line(f"{own} = {self.namespace.weights(relation)}[{whole}]")
                used = [*weights, own]
            elif weight:
                used = [*weights, weight]
            self.rest(rest, "continue", used, done)

        target += f", {weight}" if weight else ""
        with ExitStack() as around:
            if met:
                self.line(f"if {met}:")
                around.enter_context(self._indented())
            self.loop(target, iterable, body, wide=wide, turns=self.access.turns(name, step.bound))

    def _answer(self, index: int, name: str, adornment: str, parts: list[str], target: str) -> None:
        label = self.namespace.constant(f"{name} {adornment}")
        self.answers[index] = f"({label}, ({''.join(p + ', ' for p in parts)}), {target})"

    def _targets(self, terms: Iterable[Term], *, row_needed: bool) -> tuple[list[str], list[str]]:
        """Loop targets for the free columns, and the tests of columns that are known already."""
        targets: list[str] = []
        checks: list[str] = []
        for term in terms:
            if _anonymous(term) and not row_needed:
                targets.append("_")
            elif isinstance(term, Var) and (term.anonymous or term.name not in self.locals):
                targets.append(self.fresh("v") if term.anonymous else self.bind(term.name))
            else:
                name = self.fresh()
                targets.append(name)
                checks.append(f"{name} != {self.term(term)}")
        return targets, checks

    # -- weights -------------------------------------------------------------------------------

    def weight(self, weights: Sequence[str], rule: str | None = None) -> str:
        """Write the weight of all these together, and of the rule; the name that holds it."""
        parts = [*weights, *([rule] if rule else [])]
        if not parts:
            return "1.0"
        if len(parts) == 1:
            return parts[0]
        name = self.fresh("w")
        self.line(f"{name} = {parts[0]}")
        for part in parts[1:]:
            if self.access.semiring.name == "maxmin":
                self.line(f"if {part} < {name}: {name} = {part}")
            else:
                both = self.namespace.name("U", self.access.semiring.both, "both")
                self.line(f"{name} = {both}({name}, {part})")
        return name


def _joins(steps: Sequence[PlanStep]) -> list[int]:
    """The places of the steps that are loops."""
    return [place for place, step in enumerate(steps) if isinstance(step, Scan | Gather)]


def _anonymous(term: Term) -> bool:
    return isinstance(term, Var) and term.name == ANONYMOUS


def _gather(
    writer: CodeWriter, step: Gather, rest: Sequence[PlanStep], fail: str, weights: list[str], done: Done
) -> None:
    """Write an aggregate, and the steps after it; where all hold, ``done`` writes what follows."""
    aggregate = step.aggregate
    weighted = any(isinstance(i, Literal) and writer.access.weighted(i.atom.name) for i in aggregate.body)
    sized = _size(writer, step) if not step.keys and not weighted else None
    if sized is not None:
        value = writer.fresh("n")
        writer.line(f"{value} = {sized}")
        if step.nonempty:
            writer.line(f"if not {value}: {fail}")
        _aggregated(writer, step, value, rest, fail, weights, done)
        return
    groups = writer.fresh("g")
    writer.line(f"{groups} = {{}}")
    outer = dict(writer.locals)

    def collect(inner_weights: list[str]) -> None:
        group = key([writer.locals[k] for k in step.keys]) if step.keys else "()"
        value = "None" if aggregate.expression is None else writer.term(aggregate.expression)
        weight = writer.weight(inner_weights) if inner_weights else "1.0"
        writer.line(f"{groups}.setdefault({group}, []).append(({value}, {weight}))")

    writer.alternative(lambda stop: writer.steps(step.steps, stop, [], collect))
    writer.locals = outer
    rows, name = writer.fresh("g"), writer.fresh("n")
    function = writer.namespace.name("U", builtins.over(aggregate.function), ("over", aggregate.function))

    def finish(stop: str) -> None:
        used = weights
        writer.line(f"{name} = {function}({rows})")
        if weighted:
            weight = writer.fresh("w")
            together = writer.namespace.name("U", writer.access.semiring.all, "all")
            writer.line(f"{weight} = {together}([w for _, w in {rows}])")
            writer.line(f"if not {weight}: {stop}")
            used = [*weights, weight]
        _aggregated(writer, step, name, rest, stop, used, done)

    if step.keys:
        target = key([writer.bind(k) for k in step.keys])
        writer.loop(f"{target}, {rows}", f"{groups}.items()", lambda: finish("continue"))
    else:
        writer.line(f"{rows} = {groups}.get((), E)")
        if step.nonempty or aggregate.function in ("min", "max"):
            writer.line(f"if not {rows}: {fail}")
        finish(fail)


def _aggregated(
    writer: CodeWriter,
    step: Gather,
    value: str,
    rest: Sequence[PlanStep],
    fail: str,
    weights: list[str],
    done: Done,
) -> None:
    writer.match(step.aggregate.target, value, fail)
    writer.rest(rest, fail, weights, done)


def _size(writer: CodeWriter, step: Gather) -> str | None:
    """The source of a count that is the size of a stored bucket; None where it is not."""
    if step.aggregate.function != "count" or len(step.steps) != 1 or not isinstance(step.steps[0], Scan):
        return None
    scan = step.steps[0]
    relation = writer.access.stored(scan.literal.atom.name)
    args = scan.literal.atom.args
    free = [t for i, t in enumerate(args) if i not in scan.bound]
    names = [t.name for t in free if isinstance(t, Var)]
    if relation is None or len(set(names)) != len(free) or not writer.locals.keys().isdisjoint(names):
        return None
    writer.support.read(relation.name, scan.bound, [writer.term(args[i]) for i in scan.bound])
    if not scan.bound:
        return f"len({writer.namespace.rows(relation)})"
    index = writer.namespace.index(relation, scan.bound)
    return f"len({index}.get({key([writer.term(args[i]) for i in scan.bound])}, E))"


class SupportRecorder:
    """Writes the recording of what a memoised answer rests on, its *support*: see
    :mod:`mpr_logic.engine.topdown.memo`. ``reads`` has every lookup in a stored relation, ``sure`` what is
    recorded by the time the next line runs.

    In a loop of many turns a record for each would cost more than the answer. There a lookup is recorded
    once, before the loop, by the columns that are known by then: a change of any row that they match forgets
    the answer."""

    def __init__(self, writer: CodeWriter) -> None:
        self.reads: list[Lookup] = []
        self.sure: set[tuple[str, str]] = set()
        self._writer = writer
        self._place: int | None = None  # the line before which the records of a wide loop stand
        self._indent = 0
        self._outside = 0  # the loops around that line
        self._known: frozenset[str] = frozenset()
        self._recorded: set[tuple[str, str]] = set()

    def begin(self, indent: int, known: frozenset[str]) -> bool:
        """A wide loop begins at the next line; ``known`` are the sources known before it. Says whether it
        is the outermost of such."""
        if self._place is not None:
            return False
        self._place, self._indent, self._known = len(self._writer.lines), indent, known
        self._outside = self._writer.looping
        self._recorded = set()
        return True

    def end(self) -> None:
        """The wide loop ends."""
        self._place = None

    def read(self, relation: str, positions: tuple[int, ...], parts: Sequence[str]) -> None:
        """A stored relation is read here, by these columns with these values."""
        self.reads.append((relation, positions, tuple(parts)))
        if self._place is not None:
            fixed = [i for i, part in enumerate(parts) if part in self._known or part.startswith("C")]
            positions, parts = tuple([positions[i] for i in fixed]), [parts[i] for i in fixed]
        dependents = self._writer.access.dependents(relation, positions)
        if dependents is not None:
            self._record(dependents, key(parts) if parts else "()")

    def ask(self, goal: Goal, parts: Sequence[str]) -> None:
        """The answer to a goal is read here."""
        for relation, positions, values in goal.lookups(parts):
            self.read(relation, positions, values)
        if self._writer.access.recording:
            for dependents, entry in goal.entries(parts):
                self._record_here(dependents, entry)

    def _record(self, dependents: str, key: str) -> None:
        if self._place is None:
            self._record_here(dependents, key)
        elif (dependents, key) not in self._recorded | self.sure:
            self._recorded.add((dependents, key))
            for line in self._lines(dependents, key, self._outside):
                self._writer.lines.insert(self._place, "    " * self._indent + line)
                self._place += 1

    def _record_here(self, dependents: str, key: str) -> None:
        if (dependents, key) not in self.sure:
            self.sure.add((dependents, key))
            for line in self._lines(dependents, key, self._writer.looping):
                self._writer.line(line)

    def _lines(self, dependents: str, key: str, looping: int) -> list[str]:
        """The source of a record. What runs more than once must not enter one answer over and over."""
        if self._writer.reruns:
            return [f"out.record({dependents}, {key})"]
        if not looping:
            return [f"{dependents}[{key}].append(me)"]
        return [f"r = {dependents}[{key}]", "if not r or r[-1] is not me: r.append(me)"]
