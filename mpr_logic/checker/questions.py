"""What a question's text asks: which action, which relation, with which values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mpr_logic.analysis.atoms import coerce_row, resolve_atom
from mpr_logic.checker.action import Action
from mpr_logic.errors import ProgramError, StateError
from mpr_logic.language.ast import Literal, Row, Value, Var
from mpr_logic.language.fast_atoms import plain_atom
from mpr_logic.language.parser import parse_atom, parse_clause

if TYPE_CHECKING:
    from mpr_logic.analysis.program import Program
    from mpr_logic.engine.protocol import Pattern


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
