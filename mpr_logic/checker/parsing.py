"""Texts of actions, facts and questions, resolved over the declarations of one program.

:class:`PlainAtoms` reads ground atoms without the parser. Proposed actions and changed facts come by the
thousand, in new combinations of the same names: a name that was seen to be plain is not looked at again.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

from mpr_logic.analysis.atoms import coerce_row, resolve_atom
from mpr_logic.checker.action import Action
from mpr_logic.errors import ProgramError, StateError
from mpr_logic.language.ast import Literal, Row, Value, Var
from mpr_logic.language.fast_atoms import plain_atom
from mpr_logic.language.parser import parse_atom, parse_clause

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mpr_logic.analysis.atoms import Pattern
    from mpr_logic.analysis.program import Program, Signature

NAMES = 100_000
"""The most names that are remembered; then the memory begins anew."""

SMALL = 2**63
"""Larger ints are for the parser."""


def resolve_action(program: Program, action: str | Action) -> tuple[str, Row]:
    """The name and the typed arguments of a proposed action.

    Raises:
        StateError: it is no action of the program, or its arguments do not fit.
    """
    if isinstance(action, str):
        plain = plain_atom(action)
        signature = program.schema.actions.get(plain[0]) if plain else None
        if plain and signature is not None:
            return plain[0], coerce_row(signature, plain[1])
        try:
            atom = parse_atom(action)
        except ProgramError as error:
            raise StateError(f"`{action[:80]}` is not an action: {error.summary}") from None
    elif not isinstance(action, Action):
        raise StateError(f"an action is a text or an Action, not {type(action).__name__}")
    else:
        atom = action.atom()
    return resolve_atom(program, atom, kind="action")


def literal_of(text: str) -> Literal:
    """The literal that a text states: an atom, an observed absence, or history.

    Raises:
        StateError: it is none of them.
    """
    if not isinstance(text, str):
        raise StateError(f"an atom is a text, not {type(text).__name__}")
    try:
        clause = parse_clause(f"{text.rstrip().removesuffix('.')}.")
    except ProgramError as error:
        raise StateError(f"`{text[:80]}` is not an atom: {error.summary}") from None
    if clause.body or clause.kind in ("causes", "ends"):
        raise StateError(f"`{text[:80]}` is a rule: ask for one atom")
    if clause.kind in ("forbid", "permit", "prefer"):
        raise StateError(f"`{text[:80]}` is about an action: check it, or ask why not")
    tense: Any = clause.kind if clause.kind in ("past", "succeeded", "failed") else None
    return Literal(clause.head, clause.kind == "absent", tense)


def question_of(program: Program, text: str, *, actions: bool = False) -> tuple[str, Pattern]:
    """The core relation and the pattern that a text asks for; of an action, where those are allowed,
    the relation that decides about it.

    Raises:
        StateError: it is no atom of the program.
    """
    literal = literal_of(text)
    name = literal.atom.name
    if actions and literal.tense is None and not literal.negated and name in program.schema.actions:
        _, row = resolve_atom(program, literal.atom, kind="action")
        return f"{'permit' if name in program.schema.closed else 'forbid'} {name}", row
    return resolve_atom(program, literal, kind="query")


def same_variables(literal: Literal, row: Row) -> bool:
    """Whether the row gives a variable that stands twice one value."""
    bound: dict[str, Value] = {}
    if literal.atom.names:
        return True
    for term, value in zip(literal.atom.args, row, strict=True):
        if isinstance(term, Var) and not term.anonymous and bound.setdefault(term.name, value) != value:
            return False
    return True


class PlainAtoms:
    """Reads ``put(apple_1, fridge_1)``: a declared name, with plain names and small integers. Several of
    one program may share the ``names`` that were seen to be plain, each with the one text object that
    stands for it: actions speak of what facts speak of, and finding the same object is fast."""

    def __init__(self, signatures: Mapping[str, Signature], names: dict[str, str] | None = None) -> None:
        self._signatures = signatures
        symbols = {name: s for name, s in signatures.items() if s.arity and set(s.kinds) == {str}}
        self._arities = {name: s.arity for name, s in symbols.items()}
        self._names: dict[str, str] = {} if names is None else names
        self._known = self._names.__getitem__

    def fork(self, names: dict[str, str]) -> PlainAtoms:
        """The same over other names."""
        other = copy(self)
        other._names, other._known = names, names.__getitem__
        return other

    def typed(self, action: Action) -> tuple[str, Row] | None:
        """The same for an action whose values are just what its declaration says; None for any other."""
        name, args, named, *types = action.key
        signature = self._signatures.get(name)
        if signature is None or named or tuple(types) != signature.kinds:
            return None
        for value in args:  # nothing that the parser would see to
            if not (value.isascii() if isinstance(value, str) else -SMALL < value < SMALL):
                return None
        return name, args

    def read(self, text: str) -> tuple[str, Row] | None:
        """The declared name and the typed arguments; None where the text is for the parser.

        Raises:
            StateError: the arguments do not fit the declaration.
        """
        name, _, between = text.partition("(")
        arity = self._arities.get(name)
        if arity is not None and between[-1:] == ")":
            try:
                known = tuple(map(self._known, between[:-1].split(", ")))
                if len(known) == arity:
                    return name, known
            except KeyError:
                pass  # a name that was not seen yet
        found = plain_atom(text)
        signature = self._signatures.get(found[0]) if found else None
        if found is None or signature is None:
            return None
        row = coerce_row(signature, found[1])
        if found[0] in self._arities:
            if len(self._names) > NAMES:
                self._names.clear()
            row = tuple([self._names.setdefault(w, w) for w in row if isinstance(w, str)])  # all are
        return found[0], row
