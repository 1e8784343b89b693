"""Goal-directed evaluation, compiled: a question becomes the call of a function for what it binds.

For each derived relation and each way of asking for it (its *adornment*: b bound, f free, d of no matter) one
Python function is compiled, when it is first called. Its arguments are the bound columns: a candidate
action's arguments are parameters, not facts, so nothing is derived that the action cannot match. Recursive
relations are walked where they are linear (:mod:`mpr_logic.engine.topdown.linear`), and else tabled
(:mod:`mpr_logic.engine.topdown.tabling`).
(Bancilhon, Maier, Sagiv and Ullman 1986: adornments and magic sets; here without the sets.)
"""

from __future__ import annotations

from contextlib import contextmanager
from math import inf
from typing import TYPE_CHECKING, Any, TypeVar

from mpr_logic.engine.access import CalledGoal, InlinedGoal, MemoisedGoal, TabledGoal, WiderGoal
from mpr_logic.engine.codegen import CodeWriter
from mpr_logic.engine.namespace import Namespace, key, parameters
from mpr_logic.engine.planner import Filter, Scan
from mpr_logic.engine.topdown.linear import walk, walked_from
from mpr_logic.engine.topdown.rule_compiler import RuleCompiler
from mpr_logic.language.ast import Literal, Var

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mpr_logic.engine.access import Goal
    from mpr_logic.engine.planner import PlanStep
    from mpr_logic.engine.topdown.linear import WalkWriter
    from mpr_logic.engine.topdown.ruleset import RuleSet

Extension = TypeVar("Extension")

LIGHT = 8
"""The most lookups of a function that is not memoised: to keep an answer, and to forget it, takes as long."""

NESTED = 10
"""The most relations that are compiled one inside the other."""

WIDE = 8
"""A loop of more turns than this is wide: its support is recorded once for all turns."""

LONGEST_INLINED = 400
"""The most characters of rules that are inlined."""

MOST_INLINED = 3
"""The most rules of a relation that is inlined."""

VARIANTS = 16
"""The most compilers that are kept, each for other relations that have weights or asserted rows."""


class Compilers:
    """The compilers of one program, for all its sessions."""

    def __init__(self, rules: RuleSet) -> None:
        self.rules = rules
        self._variants: dict[tuple[frozenset[str], frozenset[str]], Compiler] = {}

    def get(self, light: frozenset[str], asserted: frozenset[str]) -> Compiler:
        """The compiler for sessions in which these stored relations have weights, and these derived ones
        asserted rows."""
        with self.rules.lock:
            found = self._variants.get((light, asserted))
            if found is None:
                if len(self._variants) >= VARIANTS:
                    self._variants.clear()  # those who use one go on with it
                found = self._variants[light, asserted] = Compiler(self.rules, light, asserted)
            return found


class Compiler(RuleCompiler):
    """Compiles the functions of derived relations. What is not memoised records nothing.

    ``direct`` and ``memoised`` have the names of the functions, by relation and adornment: those that are
    called each time, and those whose answers are kept until what they rest on changes."""

    def __init__(self, rules: RuleSet, light: frozenset[str], asserted: frozenset[str]) -> None:
        super().__init__(rules, light, asserted)
        self.direct: dict[tuple[str, str], str] = {}
        self.memoised: dict[tuple[str, str], str] = {}
        self._recursions: dict[str, str] = {}
        self._inlined: dict[tuple[str, str], InlinedGoal | None] = {}
        self._work: dict[tuple[str, str], float] = {}  # what asking what is not memoised costs, in lookups
        self._walks: dict[tuple[str, str], WalkWriter | None] = {}
        self._extensions: dict[object, Any] = {}
        self._nested = 0

    def extension(self, kind: Callable[[Compiler], Extension]) -> Extension:
        """The compiler of something else on top of this one, such as verdicts or proofs; made when it is
        first asked for."""
        with self.rules.lock:
            found = self._extensions.get(kind)
            if found is None:
                found = self._extensions[kind] = kind(self)
            return found

    # -- functions -----------------------------------------------------------------------------

    def function(self, name: str, adornment: str) -> None:
        """Compile the function for a derived relation: called with the values of its b columns.

        It returns whether (with what weight) there is a match when no column is f; else a collection of the
        keys of the f columns: a dictionary to weights if the relation is weighted. One that takes few lookups
        is in ``direct``; the answers of any other are tabled, or memoised.
        """
        asked = name, adornment
        if asked in self.direct or asked in self.memoised or self.tabled(name, adornment):
            return
        if name not in self.component:
            writer = CodeWriter(self.namespace, self)
            self._write_alternatives(writer, name, adornment)
            if writer.work <= LIGHT:
                self._work[asked] = writer.work
                self.direct[asked] = self.define(writer, parameters(adornment))
                return
        self.memoise(name, adornment)

    def memoise(self, name: str, adornment: str) -> str:
        """Compile the function whose answers are kept until what they rest on changes; its name."""
        found = self.memoised.get((name, adornment))
        if found is None:
            write = self._walk(name, adornment) if name in self.component else None
            writer = CodeWriter(self.namespace, RecordingAccess(self))
            if write is not None:
                write(writer)
            else:
                self._write_alternatives(writer, name, adornment)
            found = self.memoised[name, adornment] = self.define(writer, [*parameters(adornment), "me"])
        return found

    def _write_alternatives(self, writer: CodeWriter, name: str, adornment: str) -> None:
        """Write the body of the function of a relation that is not recursive."""
        wanted, weighted = "f" in adornment, self.weighted(name)

        def emit(found: list[str], weights: list[str]) -> None:
            if not weighted:
                writer.line(f"out.add({key(found)})" if wanted else "return True")
                return
            weight = writer.weight(weights)
            if wanted:
                writer.line(f"if {weight} > out.get({key(found)}, 0.0): out[{key(found)}] = {weight}")
            else:
                writer.line(f"if {weight} > out: out = {weight}")

        empty = ("{}" if weighted else "set()") if wanted else ("0.0" if weighted else "False")
        writer.line(f"out = {empty}")
        for each in self.alternatives(name):
            self.write_group(writer, each, adornment, emit)
        writer.line("return out")

    @contextmanager
    def _deeper(self) -> Iterator[bool]:
        """A context in which what a function asks is compiled; whether that is not nested too deeply."""
        self._nested += 1
        try:
            yield self._nested <= NESTED
        finally:
            self._nested -= 1

    # -- goals ---------------------------------------------------------------------------------

    def goal(self, name: str, adornment: str, *, memoised: bool = False) -> Goal:
        """See Access: outside any recursion. With ``memoised`` the answers are kept, so that what rests on
        them can be recorded. What is nested deeply is compiled when a session first needs it, and its answers
        are kept."""
        with self._deeper() as now:
            if not now and name not in self.component:
                return self._memoised_goal(name, adornment)
            inlined = self._inlined_goal(name, adornment)
            if inlined is not None:
                return inlined
            by = self._asked_by(name, adornment)
            if by is not None:
                wider = "".join("b" if i in by else "f" for i in range(len(adornment)))
                return WiderGoal(self._wider_goal(name, wider), by)
            return self._function_goal(name, adornment, memoised=memoised)

    def _function_goal(self, name: str, adornment: str, *, memoised: bool) -> Goal:
        self.function(name, adornment)
        asked = name, adornment
        if self.tabled(name, adornment):
            called = self.namespace.own("F", asked, lambda session: session.function(*asked))
            tables = self.namespace.own(
                "X", self.component[name], lambda session: session.tables(name).dependents
            )
            return TabledGoal(called, tables, self.namespace.constant(f"{name} {adornment}"))
        if not memoised and asked not in self.memoised:
            called = self.namespace.own("F", asked, lambda session: session.function(*asked))
            return CalledGoal(called, self._work[asked])
        self.memoise(name, adornment)
        return self._memoised_goal(name, adornment)

    def _wider_goal(self, name: str, adornment: str) -> MemoisedGoal:
        with self._deeper() as now:
            if now or name in self.component:
                self.memoise(name, adornment)
        return self._memoised_goal(name, adornment)

    def _memoised_goal(self, name: str, adornment: str) -> MemoisedGoal:
        asked = name, adornment
        memo = self.namespace.own("H", asked, lambda session: session.memo(*asked))
        return MemoisedGoal(
            memo, self.namespace.own("X", asked, lambda session: session.memo(*asked).dependents)
        )

    def _asked_by(self, name: str, adornment: str) -> tuple[int, ...] | None:
        """The columns whose binding saves something, where every column is bound and some save nothing."""
        if name in self.component:
            by = walked_from(self, name, adornment)
            return by if by is None or set(by) >= set(range(self.given(name))) else None
        return () if self._binding_is_useless(name, adornment) else None

    def _binding_is_useless(self, name: str, adornment: str) -> bool:
        """Whether knowing the arguments saves nothing: every rule would begin with a scan that does not
        use them. All rows are derived once then, and looked up in."""
        if set(adornment) != {"b"} or self.weighted(name) or self.given(name):
            return False
        draft = CodeWriter(Namespace(), self)
        plans = [self.begin(draft, each, adornment, "break") for each in self.alternatives(name) if each.body]
        scans = [p[0] for p in plans if isinstance(p[0], Scan) and not p[0].bound]
        return bool(scans) and len(scans) + sum(_is_lookup(p) for p in plans) == len(plans)

    # -- inlined rules -------------------------------------------------------------------------

    def _inlined_goal(self, name: str, adornment: str) -> InlinedGoal | None:
        """The rules of a relation as a condition over the parameters, where all are a few tests of stored
        relations, or of relations that are such conditions."""
        if (name, adornment) in self._inlined:
            return self._inlined[name, adornment]
        with self._deeper() as now:
            found = self._inline(name, adornment) if now else None
        if now:
            self._inlined[name, adornment] = found
        return found

    def _inline(self, name: str, adornment: str) -> InlinedGoal | None:
        if set(adornment) != {"b"} or name in self.component or self.weighted(name):
            return None
        groups = self.alternatives(name)
        if not 0 < len(groups) <= MOST_INLINED:
            return None
        sources: list[str] = []
        draft = CodeWriter(self.namespace, self)
        for each in groups:
            steps = self.begin(draft, each, adornment, "break")
            if draft.lines or len(steps) > 4 or not all(map(self._is_test, steps)):
                return None
            tests = [draft.condition(s.item)[0] for s in steps if isinstance(s, Filter)]
            sources.append(" and ".join(f"({t})" for t in tests) or "True")
        if sum(map(len, sources)) > LONGEST_INLINED:
            return None
        reads = tuple(draft.support.reads)
        return InlinedGoal(f"({' or '.join(sources)})", reads, float(len(reads)))

    def given(self, name: str) -> int:
        """The number of leading columns that a question must bind."""
        return self.groups[name][0].given

    def _is_test(self, step: PlanStep) -> bool:
        if not isinstance(step, Filter):
            return False
        if not isinstance(step.item, Literal) or self.stored(step.item.atom.name) is not None:
            return True
        atom = step.item.atom
        if any(isinstance(t, Var) and t.anonymous for t in atom.args):
            return False
        return self._inlined_goal(atom.name, "b" * len(atom.args)) is not None

    # -- recursion -----------------------------------------------------------------------------

    def tabled(self, name: str, adornment: str) -> bool:
        """Whether the relation is recursive, and not to be walked."""
        return name in self.component and self._walk(name, adornment) is None

    def _walk(self, name: str, adornment: str) -> WalkWriter | None:
        if (name, adornment) not in self._walks:
            self._walks[name, adornment] = walk(self, name, adornment)
        return self._walks[name, adornment]

    def recursion(self, label: str) -> str:
        """Compile the function of a tabled subgoal, which writes every match into ``out``, with the rule and
        the bindings behind it; its name. The label is the relation and the adornment."""
        found = self._recursions.get(label)
        if found is None:
            name, _, adornment = label.rpartition(" ")
            found = self._recursions[label] = self._recursion(name, adornment)
        return found

    def _recursion(self, name: str, adornment: str) -> str:
        weighted = self.weighted(name)
        writer = CodeWriter(self.namespace, RecursiveAccess(self, self.component[name]))
        writer.reruns = True
        for index, each in enumerate(self.alternatives(name)):

            def emit(found: list[str], weights: list[str], index: int = index) -> None:
                if weighted:
                    weight = writer.weight(weights)
                    writer.line(f"if {weight} > out.get({key(found)}, 0.0):")
                else:
                    weight = "1.0"
                    writer.line(f"if {key(found)} not in out:")
                values = ", ".join(f"{self.namespace.constant(n)}: {v}" for n, v in writer.locals.items())
                writer.line(f"    out[{key(found)}] = {weight}; out.grown = True")
                answers = ", ".join(f"{i}: {n}" for i, n in writer.answers.items())
                writer.line(f"    out.derivations[{key(found)}] = ({index}, {{{values}}}, {{{answers}}})")

            self.write_group(writer, each, adornment, emit, keep=True)
        return self.define(writer, [*parameters(adornment), "out"])


class RecordingAccess:
    """Access from a function whose answers are memoised: each lookup is recorded for the entry ``me`` that is
    being worked out."""

    recording = True

    def __init__(self, compiler: Compiler) -> None:
        self.semiring = compiler.semiring
        self.stored = compiler.stored
        self.weighted = compiler.weighted
        self.rare = compiler.rare
        self._compiler = compiler

    def goal(self, name: str, adornment: str) -> Goal:
        """See Access: only a dependency on what is memoised itself can be recorded."""
        return self._compiler.goal(name, adornment, memoised=True)

    def dependents(self, relation: str, positions: tuple[int, ...]) -> str | None:
        """See Access: nothing is recorded of what never changes."""
        if relation in self._compiler.reduction.constant:
            return None
        return self._compiler.namespace.own(
            "X",
            (relation, positions),
            lambda session: session.support.watch(session.relation_of(relation), positions),
        )

    def wide(self, name: str, bound: tuple[int, ...]) -> bool:
        """See Access. Of a derived relation it is not known."""
        return self.stored(name) is not None and self._compiler.cost(name, bound) > WIDE

    def turns(self, name: str, bound: tuple[int, ...]) -> float:
        """See Access: what is memoised is so whatever it costs."""
        return inf


class RecursiveAccess(RecordingAccess):
    """The same from inside a recursion with tables: its own relations answer with what is known so far."""

    def __init__(self, compiler: Compiler, component: tuple[str, ...]) -> None:
        super().__init__(compiler)
        self._component = component

    def goal(self, name: str, adornment: str) -> Goal:
        """See Access."""
        if name not in self._component:
            return super().goal(name, adornment)
        label, weighted = f"{name} {adornment}", self.weighted(name)

        def ask(session: Any) -> Any:
            tables = session.tables(name)
            known = tables.weighted_snapshot if weighted else tables.snapshot
            return lambda *args: known(label, args)

        return CalledGoal(self._compiler.namespace.own("A", label, ask), snapshot=True)


def _is_lookup(steps: tuple[PlanStep, ...]) -> bool:
    """Whether a plan is one look at a stored relation, as cheap for all rows as for one."""
    return len(steps) == 1 and isinstance(steps[0], Filter) and isinstance(steps[0].item, Literal)
