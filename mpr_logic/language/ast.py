"""The tree of a ``.dl`` text: what the parser returns and the printer prints.

Nodes are immutable and compare by content; spans take no part in comparison, so
``parse(print(tree)) == tree``. The tree is as written: names are not resolved, named
arguments keep their names. :mod:`mpr_logic.analysis` resolves and checks it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Final, NamedTuple, TypeAlias
from typing import Literal as OneOf

from mpr_logic.language.moments import Moment

Value: TypeAlias = str | int | float | Moment
"""A constant. A lower-case name and the same text in quotes are one constant: a ``str``.
``true`` and ``false``, the constants of type bool, are the names ``"true"`` and ``"false"``. A text that
stands for a time is a ``str`` until analysis knows where it stands."""

Row: TypeAlias = tuple[Value, ...]
"""The arguments of a ground atom."""


class Span(NamedTuple):
    """A stretch of source text: ``line`` and ``column`` count from 1, ``end_column`` is exclusive.

    A named tuple, not a dataclass: every node has one, and these are made five times as fast.
    """

    file: str
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


NOWHERE = Span("<none>", 0, 0, 0, 0)


ANONYMOUS = "_"
"""The name of the variable that stands for another value each time."""


@dataclass(frozen=True, slots=True)
class Var:
    """A variable; ``_`` is anonymous: each ``_`` stands for another value."""

    name: str
    span: Span = field(default=NOWHERE, compare=False, repr=False)

    @property
    def anonymous(self) -> bool:
        """Whether this is ``_``."""
        return self.name == ANONYMOUS


@dataclass(frozen=True, slots=True)
class Const:
    """A constant: a name or text (str), an int, a float (finite), or a time, date or duration."""

    value: Value
    span: Span = field(default=NOWHERE, compare=False, repr=False)

    def __eq__(self, other: object) -> bool:
        # 1 and 1.0 are equal in Python, but not the same text
        return (
            isinstance(other, Const) and type(self.value) is type(other.value) and self.value == other.value
        )

    def __hash__(self) -> int:
        return hash((type(self.value), self.value))


@dataclass(frozen=True, slots=True)
class Named:
    """``$name``: the constant that ``.const`` or ``.param`` gives this name. Sugar: see
    :mod:`mpr_logic.analysis.desugar.named`."""

    name: str
    span: Span = field(default=NOWHERE, compare=False, repr=False)


ArithmeticOperator: TypeAlias = OneOf["+", "-", "*", "/", "mod"]


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """``left op right``; ``mod`` is the remainder (``%`` begins a comment)."""

    op: ArithmeticOperator
    left: Term
    right: Term
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A text function: ``lower(T)`` is a text, ``length(T)`` an int (:mod:`mpr_logic.language.functions`)."""

    function: str
    args: tuple[Term, ...]
    span: Span = field(default=NOWHERE, compare=False, repr=False)


Term: TypeAlias = Var | Const | Named | Arithmetic | Call


@dataclass(frozen=True, slots=True)
class Atom:
    """``name(args)``. ``names`` is empty, or names every argument: ``send(to: T)``."""

    name: str
    args: tuple[Term, ...] = ()
    names: tuple[str, ...] = ()
    span: Span = field(default=NOWHERE, compare=False, repr=False)


Tense: TypeAlias = OneOf["past", "succeeded", "failed", "stated", "denied"]

STATED: Final = "stated"
"""Of a literal that sugar expands to: it speaks of the rows of a relation, and not of observed absences."""
DENIED: Final = "denied"
"""Of a literal that sugar expands to: it speaks of the observed absences of an open-world relation."""


@dataclass(frozen=True, slots=True)
class Literal:
    """An atom in a body, possibly negated, possibly about the history of actions (``tense``)."""

    atom: Atom
    negated: bool = False
    tense: Tense | None = None
    span: Span = field(default=NOWHERE, compare=False, repr=False)
    given: int = field(default=0, compare=False, repr=False)
    """The number of leading arguments that must be bound before it is asked: 0 as parsed, analysis knows."""

    @property
    def binding(self) -> tuple[Term, ...]:
        """The arguments to which it gives values where it holds: none where it is negated."""
        return () if self.negated else self.atom.args[self.given :]


ComparisonOperator: TypeAlias = OneOf["=", "!=", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True)
class Comparison:
    """``left op right``; ``=`` with one unbound variable assigns."""

    op: ComparisonOperator
    left: Term
    right: Term
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Test:
    """A text built-in: ``contains(T, S)``, ``starts_with``, ``ends_with``, ``matches(T, Regex)``; or
    ``T is type``, whose second argument is the name of the type. Analysis makes tests of spans of time:
    ``during`` of a time and a schedule, ``within`` of two durations."""

    __test__ = False  # not a pytest class

    name: OneOf["contains", "starts_with", "ends_with", "matches", "is", "during", "within"]
    args: tuple[Term, Term]
    negated: bool = False
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Aggregate:
    """``target = function [expression] : { body }``; ``count`` has no expression. As written, a
    :class:`Membership` may stand in the braces too; it is expanded with the rest of the clause.

    ``op`` is another comparison in ``3 <= count : { p(X) }``: sugar for ``N = count : { p(X) }, 3 <= N``.
    """

    target: Var | Const
    function: OneOf["count", "sum", "min", "max"]
    expression: Term | None
    body: tuple[Literal | Comparison | Test, ...]
    span: Span = field(default=NOWHERE, compare=False, repr=False)
    op: ComparisonOperator = "="


BodyItem: TypeAlias = Literal | Comparison | Test | Aggregate
"""An item of the core language: what is left of a body once its sugar is expanded."""


@dataclass(frozen=True, slots=True)
class Membership:
    """``term in {a, b}``, or ``not in``: the members are constants, named ones among them. Sugar: see
    :mod:`mpr_logic.analysis.desugar.membership`."""

    term: Term
    members: tuple[Const | Named, ...]
    negated: bool = False
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Alternatives:
    """``(a, b ; c)``: one of the branches holds. Sugar: :mod:`mpr_logic.analysis.desugar` makes a rule of
    each."""

    branches: tuple[tuple[WrittenItem, ...], ...]
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Unknown:
    """``unknown p(a, _)``: neither a row nor an absence of an open-world relation is known. Sugar for two
    negated literals."""

    atom: Atom
    span: Span = field(default=NOWHERE, compare=False, repr=False)


PlacingWord: TypeAlias = OneOf["at", "within", "before", "after", "since"]


@dataclass(frozen=True, slots=True)
class Placed:
    """A literal of the history with its place in time: ``past A at I``, ``past A within 24h``, ``past A
    before past B``, ``after``, ``since``. ``other`` is the position or the duration, or the literal that it
    is compared with, which is not negated. Sugar: see :mod:`mpr_logic.analysis.desugar.placed`."""

    literal: Literal
    word: PlacingWord
    other: Term | Literal
    span: Span = field(default=NOWHERE, compare=False, repr=False)

    @property
    def terms(self) -> tuple[Term, ...]:
        """The terms that stand in it, in the order of the text."""
        other = self.other
        return self.literal.atom.args + (other.atom.args if isinstance(other, Literal) else (other,))

    @property
    def literals(self) -> tuple[Literal, ...]:
        """The one or two literals of the history in it."""
        return (self.literal, self.other) if isinstance(self.other, Literal) else (self.literal,)


WrittenItem: TypeAlias = BodyItem | Membership | Alternatives | Unknown | Placed
"""An item of a body as an author writes it: one of the core, or sugar."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """``@name(args)``: constants only. id, because, source and overrides mean something."""

    name: str
    args: tuple[Const, ...] = ()
    span: Span = field(default=NOWHERE, compare=False, repr=False)


ClauseKind: TypeAlias = OneOf[
    "relation",  # p(X) :- ...   or a fact
    "absent",  # not p(a).       observed to be false (open-world relations); a fact only
    "past",  # past open(r).     history; a fact only
    "succeeded",
    "failed",
    "forbid",
    "permit",
    "prefer",
    "causes",  # A causes p(..) :- ...   head is the action A, effect the fact
    "ends",
]


@dataclass(frozen=True, slots=True)
class Clause:
    """A fact (no body) or a rule. ``weight`` is in (0, 1]; it is 1 where none is written."""

    kind: ClauseKind
    head: Atom
    body: tuple[WrittenItem, ...] = ()
    effect: Atom | None = None
    weight: float = 1.0
    annotations: tuple[Annotation, ...] = ()
    comments: tuple[str, ...] = ()  # whole-line comments before (and inside) it, without the %
    trailing: str | None = None  # a comment behind it, on its last line
    span: Span = field(default=NOWHERE, compare=False, repr=False)

    def annotation(self, name: str) -> tuple[Value, ...] | None:
        """The arguments of the first annotation of that name; None where there is none."""
        for each in self.annotations:
            if each.name == name:
                return tuple(c.value for c in each.args)
        return None


@dataclass(frozen=True, slots=True)
class Param:
    """One argument of a declaration: ``r: receptacle``; ``r?: receptacle`` where it may be left out,
    ``+r: receptacle`` where a question must bind it."""

    name: str
    type: str
    optional: bool = False
    span: Span = field(default=NOWHERE, compare=False, repr=False)
    bound: bool = False


@dataclass(frozen=True, slots=True)
class UseDecl:
    """``.use "path"``: the rules of another file belong to these; ``as prefix`` puts the prefix, and ``::``,
    before the names that they declare."""

    path: str
    prefix: str | None = None
    comments: tuple[str, ...] = ()
    trailing: str | None = None
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class TypeDecl:
    """``.type name <: base``; ``.type name <: base {a, b}`` lists all its values."""

    name: str
    base: str
    members: tuple[Const, ...] = ()
    comments: tuple[str, ...] = ()
    trailing: str | None = None
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class RelationDecl:
    """``.decl name(args) attributes``

    ``input``: the host fills it. ``key``: the names of the arguments for each value of which there is one
    row; None where there may be many. ``changed_by``: who may change it. ``shared``: its rows are kept in
    the guard's shared store. ``complete``: what the files do not state of it is false everywhere, and not
    merely unseen; a learned law may rest on that.
    """

    name: str
    params: tuple[Param, ...]
    open_world: bool = False
    input: bool = False
    key: tuple[str, ...] | None = None
    changed_by: str | None = None
    shared: bool = False
    complete: bool = False
    comments: tuple[str, ...] = ()
    trailing: str | None = None
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ActionDecl:
    """``.action name(args)``"""

    name: str
    params: tuple[Param, ...]
    comments: tuple[str, ...] = ()
    trailing: str | None = None
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class DefaultDecl:
    """``.default forbid name``: the action is rejected unless a permit of it is derived.

    The name ``*`` stands for every action.
    """

    action: str
    comments: tuple[str, ...] = ()
    trailing: str | None = None
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a class: an action, another class, or (``hint``) all actions with a hint of their tools.

    ``negated``: it is taken out of the class.
    """

    name: str
    negated: bool = False
    hint: bool = False
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ClassDecl:
    """``.class name(args) {members}``: ``params`` are the arguments that its members share; None where none
    are written."""

    name: str
    params: tuple[Param, ...] | None
    members: tuple[Member, ...] = ()
    comments: tuple[str, ...] = ()
    trailing: str | None = None
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ConstDecl:
    """``.const name = value``: ``$name`` in a clause is that value. ``.const name = {a, b}`` names a set."""

    name: str
    value: Const | tuple[Const, ...]
    comments: tuple[str, ...] = ()
    trailing: str | None = None
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class HintDecl:
    """``.hint action(readOnlyHint, not destructiveHint)``: what the description of a tool says of it."""

    action: str
    hints: tuple[tuple[str, bool], ...]
    comments: tuple[str, ...] = ()
    trailing: str | None = None
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ParamDecl:
    """``.param name: type = default``: a constant whose value the host gives, else it is the default."""

    name: str
    type: str
    default: Const | None = None
    comments: tuple[str, ...] = ()
    trailing: str | None = None
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class TellsDecl:
    """``A tells p(..).``: who has made the call ``A`` knows the rows of ``p`` with its arguments."""

    action: Atom
    relation: Atom
    comments: tuple[str, ...] = ()
    trailing: str | None = None
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Range:
    """``X in {a, b}``, or ``(X, Y) in {(a, b), (c, d)}``: the rows of a test's table."""

    variables: tuple[str, ...]
    rows: tuple[tuple[Const, ...], ...]
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a test: ``expect rejected put(a, b) by closed, full :- ..``, ``run open(b) fails``.

    ``words`` stand before its ``object``, the word ``tail`` and then ``others`` behind it: names of rules, an
    action, a text, a number. ``ranges`` has the rows of a table.
    """

    words: tuple[str, ...]
    object: Atom | Const
    tail: str = ""
    others: tuple[Atom | Const, ...] = ()
    ranges: tuple[Range, ...] = ()
    comments: tuple[str, ...] = ()
    trailing: str | None = None
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class RuleTest:
    """``.test "name" { facts and sentences }``: no part of the rules. ``ending`` are the comments before the
    closing brace."""

    name: str
    items: tuple[Clause | Sentence, ...]
    ranges: tuple[Range, ...] = ()
    ending: tuple[str, ...] = ()
    comments: tuple[str, ...] = ()
    trailing: str | None = None
    span: Span = field(default=NOWHERE, compare=False, repr=False)


Statement: TypeAlias = (
    UseDecl
    | TypeDecl
    | RelationDecl
    | ActionDecl
    | DefaultDecl
    | ClassDecl
    | HintDecl
    | ConstDecl
    | ParamDecl
    | TellsDecl
    | RuleTest
    | Clause
)


@dataclass(frozen=True, slots=True)
class Module:
    """One ``.dl`` text: its statements in order, and the comments after the last of them."""

    statements: tuple[Statement, ...]
    comments: tuple[str, ...] = ()
    file: str = field(default="<text>", compare=False)
    source: str = field(default="", compare=False, repr=False)  # the text it was parsed from

    @property
    def clauses(self) -> tuple[Clause, ...]:
        """The facts and rules among the statements."""
        return tuple(s for s in self.statements if isinstance(s, Clause))


def nodes(node: object) -> Iterator[object]:
    """A node and all below it; of a span nothing else."""
    yield node
    if isinstance(node, tuple) and not isinstance(node, Span):
        for each in node:
            yield from nodes(each)
    elif is_dataclass(node):
        for each in fields(node):
            yield from nodes(getattr(node, each.name))
