"""A core rule as pyDatalog clauses.

pyDatalog selects the literals of a body from left to right and knows neither our weights nor our
built-ins. So a body is ordered first; whatever must be computed becomes a predicate that a function
answers; an aggregate becomes one that asks pyDatalog for the bindings of its braces and folds them.

Every core relation has up to three predicates in a session (:func:`predicate`): its rows at the level
of weight that is being asked, its rows of any weight (aggregates count those), and, for ``not``, the
rows that keep the negation below that level.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias
from typing import Literal as OneOf

from mpr_logic.analysis.terms import EXPANDED
from mpr_logic.engine import builtins
from mpr_logic.engine.pydatalog.order import group_keys, inside, ordered, outside, plain, variables
from mpr_logic.engine.pydatalog.session import LogicClause, LogicGoal
from mpr_logic.language.ast import Aggregate, Arithmetic, Comparison, Const, Literal, Named, Test, Var

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mpr_logic.analysis.program import Rule
    from mpr_logic.engine.pydatalog.session import LogicSession
    from mpr_logic.language.ast import BodyItem, Row, Term, Value

Tier: TypeAlias = OneOf["now", "any"]
TIERS: tuple[Tier, Tier] = ("now", "any")
Valuation: TypeAlias = "Mapping[str, Value]"


def predicate(relation: str, tier: Tier, *, negated: bool = False) -> str:
    """The predicate of a core relation; with a space, so that it is no name of anyone else's."""
    return f"{relation} {'blocks ' if negated else ''}{tier}"


@dataclass(frozen=True, slots=True)
class Use:
    """A relation that a body reads, and as what; ``given`` arguments must be bound."""

    relation: str
    arity: int
    negated: bool
    tier: Tier
    given: int = 0

    @property
    def predicate(self) -> str:
        """Its predicate in a session."""
        return predicate(self.relation, self.tier, negated=self.negated)


@dataclass(frozen=True, slots=True)
class Computed:
    """A test (``output`` False) or an assignment, answered by ``function`` from its bound inputs."""

    name: str
    inputs: tuple[str, ...]
    output: bool
    function: Callable[[Valuation], Any]

    def install(self, session: LogicSession) -> None:
        """Let the function answer its predicate in a session."""

        def answers(values: list[Value | None]) -> Iterable[Any]:
            given = values[: len(self.inputs)]
            result = self.function(dict(zip(self.inputs, given, strict=True)))  # type: ignore[arg-type]
            if self.output:
                if result is not None:  # else a function in it has no value
                    yield (*given, result)
            elif result:
                yield True

        session.resolve(self.name, len(self.inputs) + self.output, answers)


@dataclass(frozen=True, slots=True)
class Folded:
    """An aggregate: ``keys`` are its group variables, ``nonempty`` whether an empty group is none."""

    name: str
    item: Aggregate
    keys: tuple[str, ...]
    inner: tuple[str, ...]
    nonempty: bool

    def install(self, session: LogicSession, *, levels: bool) -> None:
        """Answer its predicate in a session; ``levels`` says whether weights differ at all."""

        def answers(values: list[Value | None]) -> Iterable[Row]:
            bound = {k: v for k, v in zip(self.keys, values, strict=False) if v is not None}
            groups = self._groups(session, "any", bound)
            strong = self._groups(session, "now", bound) if levels else groups
            free = [k for k in self.keys if k not in bound]
            if not free and not self.nonempty:
                groups.setdefault((), [])
            for key, bindings in groups.items():
                # the weakest of the rows counts: one of them below the level, and none of it holds
                if len(strong.get(key, ())) == len(bindings) and (bindings or self._has_empty_value):
                    found = dict(zip(free, key, strict=True))
                    yield (*(bound[k] if k in bound else found[k] for k in self.keys), self._fold(bindings))

        session.resolve(self.name, len(self.keys) + 1, answers)

    @property
    def _has_empty_value(self) -> bool:
        return self.item.function in ("count", "sum")

    def _groups(self, session: LogicSession, tier: Tier, bound: Valuation) -> dict[Row, list[Valuation]]:
        terms = tuple(Const(bound[n]) if n in bound else Var(n) for n in self.inner)
        groups: defaultdict[Row, list[Valuation]] = defaultdict(list)
        for row in session.ask(LogicGoal(f"{self.name} {tier}", terms)):
            binding = dict(zip(self.inner, row, strict=True))
            groups[tuple(binding[k] for k in self.keys if k not in bound)].append(binding)
        return groups

    def _fold(self, bindings: list[Valuation]) -> Value:
        expression = self.item.expression
        if expression is None:
            return len(bindings)
        return builtins.AGGREGATES[self.item.function]([value_of(expression, b) for b in bindings])


@dataclass(slots=True)
class Translation:
    """A rule, ready to be asserted: its clauses, what they read, and what must be computed for them."""

    rule: Rule
    head: LogicGoal
    uses: set[Use] = field(default_factory=set)
    clauses: list[LogicClause] = field(default_factory=list)
    computed: list[Computed] = field(default_factory=list)
    folded: list[Folded] = field(default_factory=list)


def translate(rule: Rule, name: str) -> Translation:
    """The rule as clauses.

    The rule of an action, or of a relation with modes, derives the predicate ``name`` with the arguments
    behind those that a question binds; it begins with the predicate ``candidate``, which holds these.
    """
    terms = tuple(map(plain, rule.args))
    if not asked(rule):
        result = Translation(rule, LogicGoal(predicate(rule.head, "now"), terms))
    else:
        result = Translation(rule, LogicGoal(name, terms[rule.given :]))
    writer = _Writer(name, result)
    front = (LogicGoal("candidate", writer.named(terms[: rule.given])),) if asked(rule) else ()
    given = {n for t in terms[: rule.given] for n in variables(t)}
    head = {n for t in terms for n in variables(t)}
    body = writer.body(rule.body, given, head, "now")
    result.clauses.append(LogicClause(result.head, (*front, *body)))
    return result


def asked(rule: Rule) -> bool:
    """Whether the rule answers a question about given values: of an action, or of a relation with modes."""
    return rule.action is not None or rule.given > 0


class _Writer:
    """Writes the body of one rule; names what it makes up after the rule."""

    def __init__(self, name: str, result: Translation) -> None:
        self._name = name
        self._count = 0
        self._result = result

    def _fresh(self, kind: str) -> str:
        self._count += 1
        # digits never end a name: pyDatalog looks a resolver up under `name` + arity too
        return f"{self._name} {kind} {self._count} x"

    def named(self, terms: Iterable[Var | Const]) -> tuple[Var | Const, ...]:
        """The terms, every ``_`` with a name of its own."""
        return tuple(
            Var(self._fresh("any")) if isinstance(term, Var) and term.anonymous else term for term in terms
        )

    def body(self, items: Iterable[BodyItem], known: set[str], head: set[str], tier: Tier) -> list[LogicGoal]:
        """The goals of a body, in an order in which each finds its variables bound."""
        items = list(items)
        goals: list[LogicGoal] = []
        bound = set(known)
        for item in ordered(items, known, head):
            if isinstance(item, Literal):
                goals += self._literal(item, tier)
            elif isinstance(item, Aggregate):
                goals.append(self._aggregate(item, items, known | head, known, bound))
            elif isinstance(item, Comparison):
                goals.append(self._comparison(item, bound))
            else:
                goals.append(self._test(item))
            bound |= variables(item)
        return goals

    def _literal(self, item: Literal, tier: Tier) -> list[LogicGoal]:
        atom = item.atom
        terms = self.named(map(plain, atom.args))
        same: list[LogicGoal] = []
        if item.given and not item.negated:
            free, same = self._apart(terms[item.given :])
            terms = (*terms[: item.given], *free)
        use = Use(atom.name, len(terms), item.negated, tier, item.given)
        self._result.uses.add(use)
        # a `_` stays unbound where a `not` is selected, which pyDatalog reads as: for no value
        return [LogicGoal(use.predicate, terms, negated=item.negated), *same]

    def _apart(self, terms: tuple[Var | Const, ...]) -> tuple[tuple[Var | Const, ...], list[LogicGoal]]:
        """The terms, each variable once, and the goals that say which are equal: pyDatalog takes no answer of
        a function where a variable stands twice."""
        apart: list[Var | Const] = []
        same: list[LogicGoal] = []
        for term in terms:
            if isinstance(term, Var) and term in apart:
                other = Var(self._fresh("same"))
                same.append(LogicGoal("==", (other, term)))
                apart.append(other)
            else:
                apart.append(term)
        return tuple(apart), same

    def _comparison(self, item: Comparison, bound: set[str]) -> LogicGoal:
        sides = item.left, item.right
        if item.op in ("=", "!=") and all(isinstance(side, (Var, Const)) for side in sides):
            return LogicGoal("==" if item.op == "=" else "!=", tuple(map(plain, sides)))
        if item.op == "=":
            for side, other in (sides, sides[::-1]):
                if isinstance(side, Var) and side.name not in bound:
                    return self._compute(other, partial(value_of, other), side)
        return self._compute(
            item, lambda b: compare(item.op, value_of(item.left, b), value_of(item.right, b))
        )

    def _test(self, item: Test) -> LogicGoal:
        test = builtins.test_of(item)
        text, part = item.args
        return self._compute(item, lambda b: test(value_of(text, b), value_of(part, b)) != item.negated)

    def _compute(
        self, what: BodyItem | Term, function: Callable[[Valuation], Any], output: Var | None = None
    ) -> LogicGoal:
        inputs = tuple(sorted(variables(what)))
        made = Computed(self._fresh("compute"), inputs, output is not None, function)
        self._result.computed.append(made)
        return LogicGoal(made.name, (*map(Var, inputs), *([output] if output else [])))

    def _aggregate(
        self, item: Aggregate, body: list[BodyItem], head: set[str], known: set[str], bound: set[str]
    ) -> LogicGoal:
        name = self._fresh("fold")
        keys = group_keys(item, body, head)
        braces = [self._with_places(each) for each in item.body]
        inner = {n for each in braces for n in variables(each)} | inside(item)
        made = Folded(name, item, keys, tuple(sorted(inner)), not set(keys) <= outside(body, known))
        self._result.folded.append(made)
        for tier in TIERS:
            goals = self.body(braces, bound & inner, set(), tier)
            head_goal = LogicGoal(f"{name} {tier}", tuple(map(Var, made.inner)))
            self._result.clauses.append(LogicClause(head_goal, tuple(goals)))
        return LogicGoal(name, (*map(Var, keys), item.target))

    def _with_places(self, item: Literal | Comparison | Test) -> Literal | Comparison | Test:
        """The item with every ``_`` named if it is a positive literal: each is a variable to count."""
        if not isinstance(item, Literal) or item.negated:
            return item
        return replace(item, atom=replace(item.atom, args=self.named(map(plain, item.atom.args))))


def value_of(term: Term, binding: Valuation) -> Any:
    """The value of a term under a binding; None where a function that may have none has none.

    Raises:
        ArithmeticFailure: it has none.
    """
    if isinstance(term, Const):
        return term.value
    if isinstance(term, Var):
        return binding[term.name]
    if isinstance(term, Arithmetic):
        return builtins.ARITHMETIC[term.op](value_of(term.left, binding), value_of(term.right, binding))
    if isinstance(term, Named):
        raise TypeError(EXPANDED)
    function, _ = builtins.function_of(term)
    return function(*(value_of(each, binding) for each in term.args), None)


def compare(op: str, a: Value, b: Value) -> bool:
    """Whether ``a op b``.

    Raises:
        ArithmeticFailure: they have no order.
    """
    if op in ("=", "!="):
        return (a == b) == (op == "=")
    if op in ("<", ">="):
        return builtins.less(a, b) == (op == "<")
    return builtins.less(b, a) == (op == ">")
