"""Calls as people write them: an action of the rules, or a tool and the JSON of its arguments."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mpr_logic.checker.parsing import resolve_action
from mpr_logic.checker.structures import NULL, canonical
from mpr_logic.errors import ProgramError, StateError
from mpr_logic.guard.calls import Call, read_arguments
from mpr_logic.guard.tools import REST
from mpr_logic.language.ast import Const, Var
from mpr_logic.language.moments import json_value
from mpr_logic.language.parser import parse_atom

if TYPE_CHECKING:
    from mpr_logic.analysis.program import Program, Signature
    from mpr_logic.guard.guard import Guard
    from mpr_logic.guard.tools import Argument
    from mpr_logic.language.ast import Atom, Value


def read_call(guard: Guard, text: str) -> Call:
    """The call that a text means: an action as rules write it, ``send(to: ann)``, or a tool's name and the
    JSON of its arguments, ``send {"to": "ann"}``.

    Raises:
        StateError: it is neither, or no action of the rules.
    """
    name, brace, rest = text.partition("{")
    if brace and "(" not in name:
        return Call(name.strip(), read_arguments(brace + rest, guard.limits))
    program = guard.rules.program
    try:
        atom = parse_atom(text)
    except ProgramError:
        atom = None
    signature = program.schema.actions.get(atom.name) if atom is not None else None
    if atom is None or signature is None or not _fits(atom, signature):
        resolve_action(program, text)  # it says what is wrong
        raise AssertionError("an action that is none was resolved")
    return _call(guard, program, atom, signature)


def _fits(atom: Atom, signature: Signature) -> bool:
    """Whether the arguments of an action are as many as declared, or each has a name of its own."""
    if not atom.names:
        return len(atom.args) == signature.arity
    return len(set(atom.names)) == len(atom.names) and set(atom.names) <= {p.name for p in signature.params}


def _call(guard: Guard, program: Program, atom: Atom, signature: Signature) -> Call:
    """A call with the constants of an action; ``null`` and ``_`` are arguments that are left out."""
    actions, tools = guard.rules.actions, guard.tools
    tool = actions.tool_of(atom.name)
    described = tools.get(tool) if tools is not None else None
    known = {each.word: each for each in described.arguments} if described is not None else {}
    words = atom.names or tuple(param.name for param in signature.params)
    bases = {param.name: base for param, base in zip(signature.params, signature.bases, strict=True)}
    found: dict[str, Any] = {}
    for word, term in zip(words, atom.args, strict=True):
        if isinstance(term, Var) and term.name == "_":
            continue
        if not isinstance(term, Const):
            raise StateError(f"`{atom.name}` is asked about with a variable: give each argument a value")
        if term.value == NULL:
            continue
        name = actions.name_of(atom.name, word, {})
        value = _json(term.value, bases.get(word, "any"), known.get(word), whole=name == REST)
        if name == REST:
            found |= value if isinstance(value, dict) else {word: value}
        else:
            found[name] = value
    return Call(tool, found)


def _json(value: Value, base: str, argument: Argument | None, *, whole: bool) -> Any:
    """The JSON that a constant of a rule stands for: rules see a list or an object as its canonical text."""
    kinds = argument.said.kinds if argument is not None else None
    if value in ("true", "false") and (base == "bool" or (kinds is not None and "string" not in kinds)):
        return value == "true"
    opened = whole or (base == "any" if kinds is None else bool(kinds & {"array", "object"}))
    if not (isinstance(value, str) and opened and value[:1] in ("[", "{")):
        return json_value(value)
    try:
        read = json.loads(value)
        return read if canonical(read) == value else value
    except (ValueError, RecursionError):
        return value
