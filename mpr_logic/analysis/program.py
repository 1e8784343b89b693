"""The checked program: what analysis hands to every engine, and all that an engine reads.

Resolver are resolved here once. A rule's head and body speak of *core relations*, named by strings:

========================  ===================================================================
``at``                    a declared relation
``not at``                its observed absences (open-world relations): a relation of facts only
``past open`` and so on   the history: ``past``, ``succeeded``, ``failed`` of an action
``call past open``        the same in aggregates, a row for each call, its number in front
``last past open``        the last call of each row, its number in front; ``first``: the first
``age past open``         of each call its number, and how long ago it was made
``class past write``      the history of a class of actions, derived from that of its members
``forbid put``            derived for an action: also ``permit put``, ``prefer put``
``causes opened by open`` what an action brings about: also ``ends opened by open``
========================  ===================================================================

The action is part of the name where a head speaks of effects: two actions that bring one relation
about differ in their arguments, and a question is always about one of them (:func:`effect_head`).
A clause about a class of actions becomes one rule for each member, all with the clause's id.

The body uses the tree's own nodes with every literal positional, its atom named by its core
relation and its ``tense`` None. A negated literal of an open-world relation has become a positive
literal of ``not p``. A literal of a relation with modes says by its ``given`` how many of its leading
arguments must be bound before it is asked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from mpr_logic.analysis.occurrences import AGE, CLASS, split_numbered
from mpr_logic.analysis.safety import bound_outside
from mpr_logic.analysis.terms import item_terms, names, term_vars
from mpr_logic.language.ast import Atom, BodyItem, Clause, Const, Param, Term, Value, nodes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mpr_logic.language.ast import Row, Span


ANY = "any"
"""The built-in class of all actions; an action that is declared so takes its place."""

ACTION = "action"
"""The argument that every class has beside those that are declared: the name of the member."""

_KINDS = {"symbol": str, "int": int}


class _NoKind:
    """The type of no value: NoneType would let None through."""


@dataclass(frozen=True, slots=True)
class Signature:
    """A declared (or inferred) relation or action: its typed arguments.

    ``bases`` holds, for each argument, the built-in type under the declared one:
    symbol, int, float, bool or any. ``key`` are the places of the arguments for each value of which there
    is one row; None where there may be many. ``input``: the host fills the relation; what is ``shared`` or
    ``changed_by`` somebody is filled by the host too. ``complete``: its author has stated all of it.
    """

    name: str
    params: tuple[Param, ...]
    bases: tuple[str, ...]
    open_world: bool = False
    span: Span | None = None  # None where it was inferred
    input: bool = False
    key: tuple[int, ...] | None = None
    changed_by: str | None = None
    shared: bool = False
    complete: bool = False
    builtin: bool = False  # it is there without a declaration
    tail: int = 0  # of a class: the arguments that a call without names leaves out, the member's name
    members: tuple[frozenset[Value] | None, ...] = ()  # of each column whose type lists its values

    kinds: tuple[type, ...] = field(init=False, repr=False, compare=False)
    """The Python type that each column stores as it is, whatever the value: str or int,
    else a type that no value has."""
    arity: int = field(init=False, repr=False, compare=False)
    """The number of arguments."""
    given: int = field(init=False, repr=False, compare=False)
    """The number of leading arguments that a question must bind: those declared with a plus."""

    def __post_init__(self) -> None:
        listed = self.members or (None,) * len(self.bases)
        kinds = [
            _KINDS.get(base, _NoKind) if values is None else _NoKind
            for base, values in zip(self.bases, listed, strict=True)
        ]
        object.__setattr__(self, "kinds", tuple(kinds))
        object.__setattr__(self, "arity", len(self.params))
        object.__setattr__(self, "given", sum(param.bound for param in self.params))

    @property
    def optional(self) -> tuple[int, ...]:
        """The places of the arguments that a call may leave out."""
        return tuple(place for place, param in enumerate(self.params) if param.optional)

    @property
    def attributes(self) -> tuple[object, ...]:
        """The attributes of the declaration: all declarations of one relation agree in them."""
        return self.open_world, self.input, self.key, self.changed_by, self.shared, self.complete

    @property
    def plain(self) -> bool:
        """Whether the declaration has no attributes."""
        return self.attributes == _NO_ATTRIBUTES


_NO_ATTRIBUTES = Signature("", (), ()).attributes


class NamedConstant(NamedTuple):
    """The value that a name stands for, or the values of a set. ``type`` is a parameter's, else None."""

    values: tuple[Value, ...]
    is_set: bool = False
    type: str | None = None


class Tells(NamedTuple):
    """The declaration that a call tells what is known of a relation. ``places`` pairs the places of the
    relation's arguments with those of the action's that have the same value; ``arity`` is the action's."""

    action: str
    relation: str
    places: tuple[tuple[int, int], ...]
    arity: int
    span: Span


@dataclass(frozen=True, slots=True)
class ActionClass:
    """A class of actions: its ``members``, and its ``signature``.

    The first ``shared`` arguments are those that every member has, by name and type. Behind them stands the
    name of the member, ``action``, unless an argument that they share is named so.
    """

    signature: Signature
    shared: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Schema:
    """Declarations: types (name to base), relations, actions, defaults, classes, and what calls tell.

    ``all_closed``: every action is, by `.default forbid *`; ``closed`` names them nevertheless. Among the
    ``classes`` is the built-in one, `any`, of all actions. ``members`` has
    the values of the types that list them. ``constants`` are the named ones, parameters among them.
    """

    types: Mapping[str, str]
    relations: Mapping[str, Signature]
    actions: Mapping[str, Signature]
    closed: frozenset[str] = frozenset()
    all_closed: bool = False
    classes: Mapping[str, ActionClass] = field(default_factory=dict)
    members: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    constants: Mapping[str, NamedConstant] = field(default_factory=dict)
    tells: tuple[Tells, ...] = ()
    reading: frozenset[str] = frozenset()
    """The actions that a rule file says to read only, by `.hint`."""


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One clause with a head to derive, resolved.

    ``given`` is how many leading head arguments the question binds before the body runs: the
    action's arguments for forbid, permit, prefer, causes and ends; for a plain relation those that its
    declaration marks with a plus.
    Heads with an effect (``causes p by a``) have the action's arguments first, the effect's behind.
    Rules are compared by identity. ``clause`` is as its author wrote it, and ``id`` is that clause's: a
    clause with alternatives gives several rules of one id (:mod:`mpr_logic.analysis.desugar`), and ``part``
    counts them. A clause about a class of actions gives these for each member, whose heads differ.
    ``constants`` are the named ones of the program, for what people read of the rule.
    """

    id: str
    head: str
    args: tuple[Term, ...]
    body: tuple[BodyItem, ...]
    weight: float
    given: int
    clause: Clause
    part: int = 0
    constants: Mapping[str, NamedConstant] = field(default_factory=dict, repr=False)
    asks: Atom | None = None
    """For a rule that stands for a law of which something is unknown, the call that tells it."""

    def __repr__(self) -> str:
        return f"Rule({self.id!r}, {self.head!r}, {self.clause.span})"

    @property
    def action(self) -> str | None:
        """The action that the head speaks of, of a class the member; None for a plain relation."""
        return None if self.clause.kind == "relation" else self.head.rpartition(" ")[2]

    @property
    def is_hidden(self) -> bool:
        """Whether no author wrote it: it derives the history of a class from that of a member, or the age of
        a call."""
        return self.head.startswith(AGE) or split_numbered(self.head)[1].startswith(CLASS)

    @property
    def variables(self) -> set[str]:
        """The named variables outside the braces of aggregates: those that have one value in a proof."""
        terms = [*self.args, *(term for item in self.body for term in item_terms(item))]
        return {name for term in terms for name in names(term_vars(term))}

    @property
    def groups(self) -> set[str]:
        """The variables that only the braces of an aggregate bind: it ranges over the groups that exist."""
        given = {name for term in self.args[: self.given] for name in names(term_vars(term))}
        return self.variables - bound_outside(self.body, given)


class Fact(NamedTuple):
    """A ground fact of a core relation, with its weight and where it was written."""

    relation: str
    row: Row
    weight: float
    span: Span


@dataclass(frozen=True, slots=True)
class Program:
    """A checked program. ``strata`` lists the core relations that rules derive, each group after
    all that it depends on; a group is one strongly connected component. ``recursive`` are those
    relations that depend on themselves. ``overrides`` maps a permit rule's id to the ids of the
    forbid rules that it overrides. ``version`` is a hash of the canonical text. ``history`` has the facts
    of the history as often as the text states them; ``calls`` are those relations of the history whose calls
    are told apart, and ``ends`` the relations of first and last calls that are read. ``uncertain`` are the
    relations that calls tell, and those derived from them.
    """

    schema: Schema
    rules: tuple[Rule, ...]
    facts: tuple[Fact, ...]
    strata: tuple[tuple[str, ...], ...]
    recursive: frozenset[str]
    overrides: Mapping[str, frozenset[str]]
    version: str
    arity: Mapping[str, int] = field(default_factory=dict)  # of every core relation
    history: tuple[Fact, ...] = ()
    calls: frozenset[str] = frozenset()
    ends: frozenset[str] = frozenset()
    uncertain: frozenset[str] = frozenset()
    index: Mapping[str, tuple[Rule, ...]] = field(init=False, repr=False, compare=False)  # by head

    def __post_init__(self) -> None:
        index: dict[str, list[Rule]] = {}
        for rule in self.rules:
            index.setdefault(rule.head, []).append(rule)
        object.__setattr__(self, "index", {head: tuple(rules) for head, rules in index.items()})

    def constants(self) -> frozenset[Value]:
        """The values that facts and rules name, as engines hold them: of a column of times an instant."""
        named = {v for fact in self.facts for v in fact.row}
        for rule in self.rules:
            named |= {each.value for each in nodes((rule.args, rule.body)) if isinstance(each, Const)}
        return frozenset(named)

    def rules_for(self, head: str) -> tuple[Rule, ...]:
        """The rules that derive this core relation, in program order."""
        return self.index.get(head, ())

    def parts_of(self, rule: Rule) -> tuple[Rule, ...]:
        """The rules of a rule's head that come of the same clause, itself among them."""
        return tuple([each for each in self.rules_for(rule.head) if each.clause is rule.clause])

    def rules_of(self, clause: Clause) -> tuple[Rule, ...]:
        """All rules that come of a clause, of a class those of every member."""
        return tuple([each for each in self.rules if each.clause is clause])

    @property
    def written(self) -> tuple[Rule, ...]:
        """One rule for each clause that gives rules: what is listed for people."""
        first = {id(rule.clause): rule for rule in reversed(self.rules)}
        return tuple([r for r in self.rules if first[id(r.clause)] is r and not r.is_hidden])


def effect_head(kind: str, relation: str, action: str) -> str:
    """The core relation of what an action brings about (``causes``) or ``ends``."""
    return f"{kind} {relation} by {action}"
