"""Atoms and rows from outside a program: facts of a state, proposed actions, queries.

They are resolved like the atoms of a clause, but refused with a
:class:`~mpr_logic.errors.StateError`: the program is right, what was asked of it is not.
"""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, NoReturn, overload
from typing import Literal as OneOf

from mpr_logic.analysis.occurrences import HISTORY
from mpr_logic.analysis.program import Fact, Program, Schema, Signature
from mpr_logic.analysis.report import (
    DiagnosticCollector,
    argument,
    count,
    declaration,
    declared_as,
    outside,
)
from mpr_logic.analysis.resolve import FACTS_ONLY, Resolver
from mpr_logic.analysis.times import as_moment, as_written
from mpr_logic.analysis.types import LARGEST, value_type
from mpr_logic.errors import StateError
from mpr_logic.language.ast import Atom, Const, Literal, Param, Var
from mpr_logic.language.moments import READERS, TYPES, Date, Duration, Instant, Moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mpr_logic.language.ast import Clause, Row, Span, Term, Value

Pattern = tuple["Value | None", ...]
_ELSEWHERE = "put the rule into a rule file"


@overload
def resolve_atom(
    of: Program | Schema, atom: Atom | Literal, *, kind: OneOf["fact", "action"] = "fact"
) -> tuple[str, Row]: ...
@overload
def resolve_atom(
    of: Program | Schema, atom: Atom | Literal, *, kind: OneOf["query"]
) -> tuple[str, Pattern]: ...
def resolve_atom(
    of: Program | Schema, atom: Atom | Literal, *, kind: OneOf["fact", "action", "query"] = "fact"
) -> tuple[str, Row | Pattern]:
    """Find what an atom from outside speaks of.

    Args:
        of: the program, or its schema.
        atom: the atom; a literal may add ``not`` (open-world relations) or a tense.
        kind: ``fact`` and ``query`` speak of a relation or the history, ``action`` of an action.
            Facts and actions are ground and complete. In a query variables may stand, and named
            arguments may be left out.

    Returns:
        The core relation (for an action its name) and the row; in a query None for a variable.
        That a variable stands twice is for the caller to see to.

    Raises:
        StateError: a name is unknown, an argument missing, of the wrong type, or a variable.
    """
    schema = of.schema if isinstance(of, Program) else of
    literal = atom if isinstance(atom, Literal) else Literal(atom, span=atom.span)
    written = literal.atom
    tense = literal.tense
    is_action = kind == "action" or tense is not None
    signature = _signature(schema, written, "action" if is_action else "relation")
    core = f"{tense} {written.name}" if tense is not None else written.name
    if literal.negated:
        if is_action or not signature.open_world:
            _refuse(
                written.span,
                _no_absences(written.name),
            )
        core = f"not {written.name}"
    if signature.given and kind == "fact":
        _refuse(written.span, _never_stated(signature))
    args = _place(schema, written, signature, is_action, fill=kind == "query")
    row: list[Value | None] = []
    for place, term in enumerate(args):
        if isinstance(term, Const):
            row.append(_value(signature, place, term.value, written.span))
        elif isinstance(term, Var) and kind == "query":
            if signature.params[place].bound:
                _refuse(written.span, _not_bound(signature, place))
            row.append(None)
        else:
            _refuse(written.span, _not_ground(term, written.name, kind))
    return core, tuple(row)


def resolve_fact(of: Program | Schema, clause: Clause) -> Fact:
    """The fact that a clause from outside states: ``p(a).``, ``not p(a).``, ``past open(r).``, each
    with or without a weight.

    Raises:
        StateError: it is a rule, speaks of something unknown, or its arguments do not fit.
    """
    if clause.kind not in ("relation", *FACTS_ONLY):
        _refuse(clause.span, f"a state holds facts, and this is a `{clause.kind}` rule: {_ELSEWHERE}")
    if clause.body:
        _refuse(clause.span, f"a state holds facts, and `{clause.head.name}` has a body: {_ELSEWHERE}")
    tense = clause.kind if clause.kind in HISTORY else None
    literal = Literal(clause.head, clause.kind == "absent", tense, clause.span)  # type: ignore[arg-type]
    relation, row = resolve_atom(of, literal, kind="fact")
    return Fact(relation, row, clause.weight, clause.span)


DIGITS = 1000
"""The most digits of an int, as in a text of the language."""

BITS = int(DIGITS * math.log2(10))


def coerce_row(signature: Signature, values: Sequence[object]) -> Row:
    """A row of Python values (from Python or JSON) as engines store it: ``True`` is the name
    ``true``, an int in a float column is a float.

    Raises:
        StateError: too few or too many values, or one that the column does not take.
    """
    if type(values) is tuple and tuple(map(type, values)) == signature.kinds and all(map(_is_plain, values)):
        return values  # texts and ints where they belong: most rows
    if isinstance(values, (str, bytes)):
        raise StateError(f"a row of `{signature.name}` is a list of values, not the text {_shown(values)}")
    if not isinstance(values, (tuple, list)):
        kind = type(values).__name__
        raise StateError(f"a row of `{signature.name}` is a tuple or a list of values, not {kind}")
    if len(values) != signature.arity:
        raise StateError(_wrong_arity(signature, len(values)))
    return tuple([_value(signature, place, value) for place, value in enumerate(values)])


def coerce_rows(signature: Signature, rows: Iterable[Sequence[object]]) -> list[Row]:
    """Many rows as engines store them; see :func:`coerce_row`."""
    fit = [_EXACT.get(base, ()) for base in signature.bases]
    if any(signature.members):
        fit = []
    simple = len(fit) == 2 and all(fit)
    done: list[Row] = []
    for values in rows:
        # most rows are tuples that fit as they are: two columns are so common that they go the short way
        if (
            simple
            and type(values) is tuple
            and len(values) == 2
            and type(values[0]) in fit[0]
            and type(values[1]) in fit[1]
        ):
            done.append(values)  # type: ignore[arg-type]  # of str and int: just seen
        else:
            done.append(coerce_row(signature, values))
    return done


_EXACT: Mapping[str, tuple[type, ...]] = {"symbol": (str,), "int": (int,), "any": (str, int)}
"""The Python types that a column of a built-in type stores as they are, whatever the value."""


def anything(name: str, arity: int) -> Signature:
    """The signature of a relation of which nothing is known but its arity."""
    params = tuple(Param(f"#{i + 1}", "any") for i in range(arity))
    return Signature(name, params, ("any",) * arity)


def signature_of(of: Program | Schema, core: str) -> Signature:
    """The declaration of a core relation that has facts: ``at``, ``not at``, ``past open``.

    Raises:
        StateError: nothing of that name is declared, or it has no facts: ``forbid put``.
    """
    schema = of.schema if isinstance(of, Program) else of
    if core in schema.relations:
        if schema.relations[core].given:
            _refuse(None, _never_stated(schema.relations[core]))
        return schema.relations[core]
    word, _, name = core.rpartition(" ")
    if word in HISTORY:
        return _signature(schema, Atom(name), "action")
    found = _signature(schema, Atom(name if word == "not" else core), "relation")
    if not found.open_world:
        _refuse(None, _no_absences(name))
    return found


def _value(signature: Signature, place: int, value: object, span: Span | None = None) -> Value:
    """The value as its column stores it."""
    wanted = signature.bases[place]
    found = stored(value, wanted)
    if found is None:
        _refuse(span, _misfit(signature, place, value))
    listed = signature.members[place] if signature.members else None
    if listed is not None and found not in listed:
        param = signature.params[place]
        message, help = outside(found, param.type, listed)
        _refuse(span, f"{message}, which {argument(param)} of `{signature.name}` takes: {help}")
    return found


def _is_plain(value: object) -> bool:
    """Whether a text has characters alone, and an int has a length that can be written."""
    if isinstance(value, str):
        if value.isascii():
            return True
        try:
            value.encode()
        except UnicodeEncodeError:
            return False
        return True
    return not isinstance(value, int) or value.bit_length() <= BITS


def stored(value: object, wanted: str) -> Value | None:
    """The value as a column of a built-in type stores it; None where it does not take it.

    Raises:
        StateError: it is no value: half of a surrogate pair stands in it, or it has too many digits.
    """
    kind = type(value)
    if wanted in READERS:
        return _moment(value, wanted)
    if kind is str:
        assert isinstance(value, str)
        if not _is_plain(value):
            raise StateError(f"{_shown(value)} has half of a surrogate pair in it, which is no character")
        if wanted in ("symbol", "any") or (wanted == "bool" and value in ("true", "false")):
            return value
    elif kind is int:
        assert isinstance(value, int)
        if not _is_plain(value):
            raise StateError(f"an int has at most {DIGITS} digits, and this one has more")
        if wanted in ("int", "any"):
            return value
        if wanted == "float" and abs(value) <= LARGEST:
            return float(value)
    elif kind is float:
        assert isinstance(value, float)
        if wanted == "any" and value.is_integer():
            return int(value)  # 1.0 is 1: equal values are written alike
        if wanted in ("float", "any") and math.isfinite(value):
            return value + 0.0  # -0.0 is 0.0
    elif kind is bool and wanted in ("bool", "symbol", "any"):
        return "true" if value else "false"
    elif isinstance(value, Moment) and wanted == "any":
        return value
    return None


def _moment(value: object, wanted: str) -> Moment | None:
    """The value as a column of a type of time stores it; None where it is none."""
    if type(value) is TYPES[wanted]:
        return value
    if isinstance(value, datetime):
        return Instant.of(value) if wanted == "time" and value.utcoffset() is not None else None
    if isinstance(value, date):
        return Date.of(value) if wanted == "date" else None
    if isinstance(value, timedelta):
        return Duration(value // timedelta(microseconds=1)) if wanted == "duration" else None
    return as_moment(value, wanted)


def _misfit(signature: Signature, place: int, value: object) -> str:
    param = signature.params[place]
    name = argument(param)
    text = f"{_shown(value)} does not fit {name} of `{signature.name}`, which takes {_type(signature, place)}"
    if isinstance(value, float) and not math.isfinite(value):
        return f"{text}: only finite numbers are values"
    if signature.bases[place] in READERS:
        return f"{text}: {as_written(signature.bases[place])}"
    if isinstance(value, (bool, str, int, float)):
        found = "bool" if isinstance(value, bool) else value_type(value)
        return f"{text}, not {found}: {declared_as(signature)}"
    return f"{text}: a value is a text, a number, true or false"


def _type(signature: Signature, place: int) -> str:
    declared, base = signature.params[place].type, signature.bases[place]
    return f"`{declared}`" if declared == base else f"`{declared}` (a {base})"


def _signature(schema: Schema, atom: Atom, kind: str) -> Signature:
    report = DiagnosticCollector()
    names = Resolver(schema, report)
    found = names.action(atom.name, atom.span) if kind == "action" else names.relation(atom.name, atom.span)
    if found is None:
        _refuse_with(report)
    return found


def _place(
    schema: Schema, atom: Atom, signature: Signature, is_action: bool, *, fill: bool
) -> tuple[Term, ...]:
    report = DiagnosticCollector()
    word = ".action" if is_action else ".decl"
    args = Resolver(schema, report).place(atom, signature, word, fill=fill)
    if args is None:
        _refuse_with(report)
    return args


def _refuse_with(report: DiagnosticCollector) -> NoReturn:
    first = report.found[0]
    _refuse(first.span, f"{first.message}: {first.help}" if first.help else first.message)


def _refuse(span: Span | None, message: str) -> NoReturn:
    # a text that was typed or sent has no file worth naming
    named = span is not None and span.line > 0 and not span.file.startswith("<")
    raise StateError(f"{span}: {message}" if named else message)


def _wrong_arity(signature: Signature, found: int) -> str:
    expected = count(signature.arity, "argument")
    return f"`{signature.name}` takes {expected}, not {found}: {declared_as(signature)}"


def _no_absences(name: str) -> str:
    return f"`not {name}` cannot be asserted or asked: only what is declared open_world has observed absences"


def _never_stated(signature: Signature) -> str:
    return (
        f"`{signature.name}` is asked, never stated: state what its rules read, or take the plus out of "
        f".decl {declaration(signature)}"
    )


def _not_bound(signature: Signature, place: int) -> str:
    return (
        f"`{signature.name}` cannot be listed: a question gives `{signature.params[place].name}` a value, as "
        f"{declaration(signature)} says by the plus"
    )


def _not_ground(term: Term, name: str, kind: str) -> str:
    if isinstance(term, Var):
        whole = "an action" if kind == "action" else "a fact"
        return (
            f"`{term.name}` is a variable, and every argument of {whole} is a constant: "
            f"write a lower-case name, a number or a quoted text in `{name}`"
        )
    return f"an argument of `{name}` is computed: write the constant itself"


def _shown(value: object) -> str:
    """A value in a message: its text, cut where it is long."""
    if isinstance(value, str):
        text = value
    elif isinstance(value, int) and abs(value) >= 10**40:
        text = "an int of more than 40 digits"
    else:
        text = repr(value)
    return f"`{text if len(text) <= 60 else text[:57] + '...'}`"
