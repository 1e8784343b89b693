"""States from outside: ``.dl`` facts or JSON, from a file or a text."""

from __future__ import annotations

import json
import os
import re
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from mpr_logic.analysis.atoms import coerce_row, resolve_atom, resolve_fact, signature_of
from mpr_logic.analysis.occurrences import CALL
from mpr_logic.analysis.program import Fact
from mpr_logic.checker import strict_json
from mpr_logic.checker.structures import canonical, deeper_than, inside, structure
from mpr_logic.errors import ProgramError, StateError
from mpr_logic.language.ast import NOWHERE, Clause, Span
from mpr_logic.language.fast_atoms import plain_atom
from mpr_logic.language.parser import parse, parse_atom, parse_clause
from mpr_logic.language.source import is_null, read_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mpr_logic.analysis.program import Program, Signature
    from mpr_logic.language.ast import Row

VERSION = 1
"""The version of the JSON form of a state: ``{"mpr_state": 1, ...}``."""

DEPTH = 32
"""The most levels of a list or an object among the values of a state."""

DIGITS = 1000
"""The most digits of an int, as in ``.dl``."""

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")

KEYS = {"mpr_state", "facts", "absent", "history"}


def fact_of(program: Program, text: str) -> Fact:
    """The fact that a text states: ``p(a)``, ``0.7 :: p(a)``, ``not p(a)``, ``failed open(r)``.

    Raises:
        StateError: it is not a fact of the program.
    """
    plain = plain_atom(text)
    signature = program.schema.relations.get(plain[0]) if plain else None
    if plain and signature is not None:
        return Fact(plain[0], coerce_row(signature, plain[1]), 1.0, NOWHERE)
    try:
        clause = parse_clause(text if text.rstrip().endswith(".") else f"{text}.")
    except ProgramError as error:
        raise StateError(f"`{_short(text)}` is not a fact: {error.summary}") from None
    return resolve_fact(program, clause)


def state_facts(program: Program, state: object) -> list[Fact]:
    """The facts of a state: the path of a file, or a value that was JSON.

    Raises:
        StateError: it is not of that form, or does not fit the program.
        ProgramError: the file cannot be read, or is not valid ``.dl``.
    """
    if isinstance(state, (str, os.PathLike)):
        return read_state(program, state)
    return state_from_value(program, state)


def read_state(program: Program, path: str | os.PathLike[str]) -> list[Fact]:
    """The facts of a state file: JSON where the name ends in ``.json``, else ``.dl``; none of the null
    device.

    Raises:
        StateError: the file cannot be read, or what it says does not fit the program.
        ProgramError: it is not valid ``.dl``.
    """
    path = Path(path)
    if is_null(path):
        return []
    text = read_text(path)
    if path.suffix == ".json":
        return state_from_json(program, text, str(path))
    return state_from_dl(program, text, str(path))


def state_from_text(program: Program, text: str, file: str = "<stdin>") -> list[Fact]:
    """The facts of a text that may be either: JSON where it begins with a bracket, else ``.dl``.

    Raises:
        StateError: it is not of that form, or does not fit the program.
        ProgramError: it is not valid ``.dl``.
    """
    # no statement of .dl begins with a bracket
    json_text = text.lstrip()[:1] in ("{", "[")
    return state_from_json(program, text, file) if json_text else state_from_dl(program, text, file)


def state_from_dl(program: Program, text: str, file: str = "<state>") -> list[Fact]:
    """The facts of a ``.dl`` text that holds nothing but facts.

    Raises:
        StateError: something in it is no fact of the program.
        ProgramError: it is not valid ``.dl``.
    """
    clauses: list[Clause] = []
    for statement in parse(text, file).statements:
        if not isinstance(statement, Clause):
            raise StateError(f"{statement.span}: a state holds facts only: put declarations into a rule file")
        clauses.append(statement)
    return state_from_clauses(program, clauses, file)


def state_from_clauses(program: Program, clauses: Iterable[Clause], file: str = "<state>") -> list[Fact]:
    """The facts that clauses state.

    Raises:
        StateError: one is no fact of the program.
    """
    facts = [resolve_fact(program, clause) for clause in clauses]
    return list(_results_opened(program, facts, file))


def state_from_json(program: Program, text: str, file: str = "<state>") -> list[Fact]:
    """The facts of a JSON text: see docs/reference/state.md for its form.

    Raises:
        StateError: it is not JSON, not of that form, or does not fit the program.
    """
    try:
        value = strict_json.loads(text, parse_int=_int)
        if _SURROGATE.search(text):
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise StateError(f"{file}: the JSON is nested too deep: a state needs four levels at most") from None
    except json.JSONDecodeError as error:
        raise StateError(
            f"{file}:{error.lineno}:{error.colno}: this is not JSON: {error.msg.lower()}"
        ) from None
    except UnicodeEncodeError:
        raise StateError(
            f"{file}: half of a surrogate pair is no character: write both halves, or neither"
        ) from None
    except ValueError as error:
        raise StateError(f"{file}: {error}") from None
    return state_from_value(program, value, file)


def state_from_value(program: Program, value: object, file: str = "<state>") -> list[Fact]:
    """The facts of a value that was JSON: an object with ``facts``, ``absent`` and ``history``, or the
    list of facts alone.

    Raises:
        StateError: it is not of that form, or does not fit the program.
    """
    if isinstance(value, list):
        value = {"facts": value}
    if not isinstance(value, dict):
        _wrong(file, "", "a state is an object with `facts`, `absent` and `history`", value)
    unknown = sorted(map(str, set(value) - KEYS))
    if unknown:
        raise StateError(f"{file}: unknown key `{_short(unknown[0])}`: a state has {', '.join(sorted(KEYS))}")
    version = value.get("mpr_state", VERSION)
    if type(version) is not int or version != VERSION:
        raise StateError(f"{file}: `mpr_state` is {_shown(version)}: this program reads version {VERSION}")
    return [
        *_results_opened(program, _facts(program, value.get("facts", []), file, "facts", absent=False), file),
        *_facts(program, value.get("absent", []), file, "absent", absent=True),
        *_history(program, value.get("history", []), file),
    ]


def _facts(program: Program, value: object, file: str, place: str, *, absent: bool) -> Iterator[Fact]:
    if isinstance(value, dict):
        for name, rows in value.items():
            if not isinstance(rows, list):
                _wrong(file, f"{place}.{name}", "the rows of a relation are a list", rows)
            if not isinstance(name, str):
                _wrong(file, place, "the name of a relation is a text", name)
            core = f"not {name}" if absent else name
            signature = _located(
                file, f"{place}.{_short(name)}", lambda core=core: signature_of(program, core)
            )
            for i, row in enumerate(rows):
                where = f"{place}.{name}[{i}]"
                if isinstance(row, list) and any(isinstance(each, (list, dict)) for each in row):
                    row, opened = _opened(program, signature, row, file, where)
                    yield from opened
                yield _row(signature, core, row, 1.0, file, where)
    elif isinstance(value, list):
        for i, each in enumerate(value):
            yield _listed(program, each, file, f"{place}[{i}]", absent=absent)
    else:
        _wrong(file, place, "facts are an object from relation to rows, or a list", value)


def _listed(program: Program, value: object, file: str, place: str, *, absent: bool) -> Fact:
    if isinstance(value, str):
        text = f"not {value}" if absent else value
        fact = _located(file, place, lambda: fact_of(program, text))
        return Fact(fact.relation, fact.row, fact.weight, _span(file))
    if isinstance(value, dict) and {"relation"} <= set(value) <= {"relation", "args", "weight"}:
        name = value["relation"]
        if not isinstance(name, str):
            _wrong(file, f"{place}.relation", "the name of a relation is a text", name)
        weight = value.get("weight", 1.0)
        if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 < weight <= 1:
            _wrong(file, f"{place}.weight", "a weight is a number above 0 and at most 1", weight)
        core = f"not {name}" if absent else name
        signature = _located(file, place, lambda: signature_of(program, core))
        return _row(signature, core, value.get("args", []), float(weight), file, place)
    return _wrong(
        file, place, 'a fact is a text like "at(apple_1, fridge_1)" or {"relation", "args", "weight"}', value
    )


def _opened(
    program: Program, signature: Signature, row: list[Any], file: str, place: str
) -> tuple[list[Any], list[Fact]]:
    """A row with lists and objects in columns of any type as the constants that they are, and the facts that
    tell what is inside of them."""
    found: list[Any] = []
    facts: dict[tuple[str, Row], Fact] = {}
    relations = program.schema.relations
    for value, base in zip_longest(row, signature.bases):
        if isinstance(value, (list, dict)) and base == "any":
            if deeper_than(value, DEPTH):
                raise StateError(f"{file}: {place}: a value in a state has at most {DEPTH} levels")
            try:
                opened, value = structure(value), inside(value)
            except (TypeError, ValueError):
                said = "a value holds a number beyond those of the language, or what is no JSON"
                raise StateError(f"{file}: {place}: {said}") from None
            for relation, each in opened:
                if relations[relation].builtin:
                    facts[relation, each] = Fact(relation, each, 1.0, _span(file))
        found.append(value)
    return found[: len(row)], list(facts.values())


def _results_opened(program: Program, facts: Iterable[Fact], file: str) -> Iterator[Fact]:
    """Facts, where the texts that calls returned are opened if they are a JSON object or array, as a guard
    opens them."""
    relations = program.schema.relations
    own = "returned" in relations and relations["returned"].builtin
    known: set[tuple[str, Row]] = set()
    for fact in facts:
        text = fact.row[2] if own and fact.relation == "returned" else None
        value = _json_of(text, file) if isinstance(text, str) else None
        if value is None:
            yield fact
            continue
        yield fact._replace(row=(*fact.row[:2], inside(value)))
        for relation, row in structure(value):
            if relations[relation].builtin and (relation, row) not in known:
                known.add((relation, row))
                yield Fact(relation, row, 1.0, fact.span)


def _json_of(text: str, file: str) -> Any:
    """The JSON object or array that a text is; None where it is none that a guard opens.

    Raises:
        StateError: half of a surrogate pair stands in it.
    """
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        value = strict_json.loads(text, parse_int=_int)
        canonical(value).encode()
    except UnicodeEncodeError:
        raise StateError(f"{file}: half of a surrogate pair in a result is no character") from None
    except (ValueError, RecursionError):
        return None
    return None if deeper_than(value, DEPTH) else value


def _row(signature: Signature, core: str, row: object, weight: float, file: str, place: str) -> Fact:
    if not isinstance(row, list):
        _wrong(file, place, "a row is a list of values", row)
    values = _located(file, place, lambda: coerce_row(signature, row))
    return Fact(core, values, weight, _span(file))


def _history(program: Program, value: object, file: str) -> Iterator[Fact]:
    if not isinstance(value, list):
        _wrong(file, "history", "the history is a list", value)
    for i, each in enumerate(value):
        place = f"history[{i}]"
        if not isinstance(each, dict) or not {"action"} <= set(each) <= {"action", "succeeded"}:
            _wrong(file, place, 'an entry is {"action": "open(fridge_1)", "succeeded": true}', each)
        text, succeeded = each["action"], each.get("succeeded")
        if not isinstance(text, str):
            _wrong(file, f"{place}.action", "an action is a text", text)
        if succeeded is not None and not isinstance(succeeded, bool):
            _wrong(file, f"{place}.succeeded", "it is true, false or null", succeeded)
        yield from _located(
            file, place, lambda t=text, s=succeeded: history_facts(program, t, s, _span(file))
        )


def history_facts(program: Program, action: str, succeeded: bool | None, span: Span = NOWHERE) -> list[Fact]:
    """The facts behind ``past``, ``succeeded`` and ``failed`` for an action that was tried.

    Raises:
        StateError: it is no action of the program.
    """
    try:
        atom = parse_atom(action)
    except ProgramError as error:
        raise StateError(f"`{_short(action)}` is not an action: {error.summary}") from None
    name, row = resolve_atom(program, atom, kind="action")
    return tried(name, row, succeeded, span)


def tried(action: str, row: Any, succeeded: bool | None, span: Span = NOWHERE) -> list[Fact]:
    """The same for an action that is known to be one."""
    words = ["past"] if succeeded is None else ["past", "succeeded" if succeeded else "failed"]
    return [Fact(f"{word} {action}", row, 1.0, span) for word in words]


def of_call(fact: Fact, number: int) -> Fact:
    """A fact of the history as one of the call with a number."""
    return fact._replace(relation=CALL + fact.relation, row=(number, *fact.row))


def _located(file: str, place: str, make: Any) -> Any:
    try:
        return make()
    except StateError as error:
        raise StateError(f"{file}: {place}: {error}") from None


def _span(file: str) -> Span:
    return Span(file, 0, 0, 0, 0)


def _int(text: str) -> int:
    if len(text) > DIGITS:
        raise ValueError(f"`{_short(text)}` has more than {DIGITS} digits: no int of the language is so long")
    return int(text)


def _wrong(file: str, place: str, what: str, found: object) -> NoReturn:
    where = f"{file}: {place}: " if place else f"{file}: "
    raise StateError(f"{where}{what}, not {_shown(found)}")


def _shown(value: object) -> str:
    try:
        return f"`{_short(json.dumps(value, default=str))}`"
    except (ValueError, TypeError, RecursionError):  # too long, a key that is none, nested in itself
        return f"a {type(value).__name__} that cannot be written"


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."
