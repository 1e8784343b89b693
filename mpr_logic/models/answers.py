"""From the text of a model's answer to rules, or to what is wrong with it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mpr_logic.analysis import analyse, clause_id
from mpr_logic.analysis.terms import literals
from mpr_logic.analysis.types import columns_of
from mpr_logic.errors import ProgramError
from mpr_logic.language.ast import Annotation, Const, Module
from mpr_logic.language.parser import parse
from mpr_logic.language.printer import print_clause
from mpr_logic.models.vocabulary import declarations

if TYPE_CHECKING:
    from mpr_logic.analysis.program import Rule, Schema
    from mpr_logic.language.ast import Clause

LONGEST = 20_000
"""So many characters of an answer are read."""
LONGEST_BECAUSE = 400
KINDS = ("forbid", "prefer")
NO_RULE = "no rule was found: it stands behind `Rule:`, on a line of its own, and ends with a dot"

_RULE = re.compile(
    r"(?:^[ \t>*`]*|(?<=[.!?])[ \t]+[*`]*)rule(?: \d+)?[*`]*[ \t]*:[*`]*[ \t]*", re.IGNORECASE | re.MULTILINE
)
_CAUSE = re.compile(r"^[ \t>*`]*cause[*`]*[ \t]*:[*`]*[ \t]*", re.IGNORECASE | re.MULTILINE)
_FENCE = re.compile(r"^[ \t]*```.*$", re.MULTILINE)
_CLAUSE = re.compile(
    r"^[ \t]*(?:@\w.*|(?:[0-9.]+[ \t]*::[ \t]*)?(?:forbid|prefer|permit)\b.*|[a-z]\w*\(.*:-.*)$", re.MULTILINE
)
_END = re.compile(r"\.[ \t`*]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A rule that a model proposes: it parses and fits the declarations, and nothing else is known of it.

    It has no weight: what it may weigh is for the gate to say. ``because`` is what the model wrote around
    it, ``source`` where it comes from, ``id`` the hash of its canonical form.
    """

    clause: Clause
    because: str
    source: str
    id: str

    @property
    def rule(self) -> str:
        """The bare rule."""
        return print_clause(self.clause, annotations=False)

    @property
    def text(self) -> str:
        """The rule with its reason and its source, as it would stand in a rule file."""
        return print_clause(self.clause)


@dataclass(frozen=True, slots=True)
class Read:
    """What was found in an answer: the rules that can be used, and what is wrong with the rest."""

    candidates: tuple[Candidate, ...]
    faults: tuple[str, ...]


def read_answer(text: str, schema: Schema, source: str) -> Read:
    """Read an answer: ``Cause:`` and ``Rule:``, or rules in free prose.

    Weights, ids and overrides that the model wrote are left out, also what it says of its own confidence.
    What stands around the rules is kept as their because-text.
    """
    cut = text[:LONGEST]
    prose, texts = _split(_FENCE.sub("", cut))
    if not texts:
        return Read((), (NO_RULE,))
    found: list[Candidate] = []
    faults: list[str] = []
    for each in texts:
        try:
            clauses = parse(each, "answer").clauses
        except ProgramError as error:
            faults.append(str(error))
            continue
        if not clauses:
            faults.append(f"`{each[:80]}` is no rule: write `forbid ACTION :- CONDITIONS.`")
        for clause in clauses:
            fault = _fault(clause, each, schema)
            if fault is None:
                found.append(_candidate(clause, prose, source, schema))
            else:
                faults.append(fault)
    return Read(tuple({c.id: c for c in reversed(found)}.values())[::-1], tuple(faults))


def _split(text: str) -> tuple[str, list[str]]:
    """The prose of an answer, and the texts of its rules."""
    marks = list(_RULE.finditer(text)) or list(_CLAUSE.finditer(text))
    named = bool(_RULE.search(text))
    prose: list[str] = []
    rules: list[str] = []
    at = 0
    for mark in marks:
        start = mark.end() if named else mark.start()
        if start < at:
            continue
        end = _END.search(text, start)
        stop = end.start() + 1 if end else len(text)
        prose.append(text[at : mark.start()])
        rules.append(text[start:stop].strip().strip("`"))
        at = end.end() if end else len(text)
    prose.append(text[at:])
    cause = _CAUSE.search(text)
    behind = next((mark.start() for mark in marks if cause and mark.start() >= cause.end()), len(text))
    said = text[cause.end() : behind].split("\n")[0] if cause else " ".join(prose)
    return " ".join(said.split()), [rule for rule in rules if rule]


def _fault(clause: Clause, text: str, schema: Schema) -> str | None:
    """What is wrong with a clause, as a message for the model; None where nothing is."""
    if clause.kind not in KINDS:
        written = print_clause(clause, annotations=False)
        return f"a rule begins with `forbid` or `prefer`, and `{written}` does not"
    if not clause.body:
        return f"`{clause.head.name}` would be meant always: write the conditions behind `:-`"
    bare = Module((replace(clause, annotations=()),), file="answer", source=text)
    try:
        (rule,) = analyse([declarations(schema), bare]).rules
    except ProgramError as error:
        return str(error)
    return _lower_case(rule, schema)


def _lower_case(rule: Rule, schema: Schema) -> str | None:
    """A fault where an argument is written as it is declared, ``take(b)`` or ``take(b: symbol)``, and
    where the action is on a thing named like a declaration, ``take(box)``: no rule about any thing."""
    head = schema.actions[rule.clause.head.name]
    declared = {*schema.types, *schema.relations, *schema.actions}
    spoken = [(head, rule.args, declared)]
    spoken += [(columns_of(schema, i.atom.name), i.atom.args, set()) for i in literals(rule.body)]
    for signature, args, names in spoken:
        for param, term in zip(signature.params, args, strict=True):
            if isinstance(term, Const) and term.value in {param.name, param.type, *names}:
                variable = param.name[0].upper() + param.name[1:]
                return (
                    f"`{term.value}` in `{signature.name}` is a constant, one thing with that name: "
                    f"a variable, which stands for any, begins with a capital letter: `{variable}`"
                )
    return None


def _candidate(clause: Clause, prose: str, source: str, schema: Schema) -> Candidate:
    own = clause.annotation("because")
    because = prose or (str(own[0]) if own else "")
    because = because if len(because) <= LONGEST_BECAUSE else f"{because[:LONGEST_BECAUSE]} ..."
    kept = [("because", because.replace("{", "{{").replace("}", "}}")), ("source", source)]
    annotations = tuple(Annotation(name, (Const(value),)) for name, value in kept if value)
    bare = replace(clause, weight=1.0, annotations=annotations, comments=(), trailing=None)
    return Candidate(bare, because, source, clause_id(schema, bare))
