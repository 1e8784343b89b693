"""The mistakes that people make with classes of actions, each with a diagnostic whose fix is right."""

from __future__ import annotations

import pytest

from mpr_logic.language.diagnostics import Diagnostic
from tests.analysis.found import found

DECLARED = """.decl confirmed(r: symbol) input
.action cancel(r: symbol, why: symbol)
.action update(r: symbol)
.action search(q: symbol)
"""
WRITE = ".class write(r: symbol) {cancel, update}\n"
LAW = '@because("x") forbid '

# what was written, the code, a part of the help, what the help leads to
MISTAKES = [
    # Rego: one rule for several inputs
    (
        f"{LAW}{{cancel, update}} :- confirmed(_).",
        "E0101",
        "`.class both {a, b}`, and then `forbid both`",
        f".class both {{cancel, update}}\n{LAW}both :- confirmed(_).",
    ),
    # SQL, English
    (
        f"{LAW}cancel(R, _) or update(R) :- confirmed(R).",
        "E0101",
        "`.class both {a, b}`",
        f".class both(r: symbol) {{cancel, update}}\n{LAW}both(R) :- confirmed(R).",
    ),
    # Souffle: two heads
    (
        f"{LAW}cancel(R, _), update(R) :- confirmed(R).",
        "E0101",
        "`.class both {a, b}`",
        f".class both(r: symbol) {{cancel, update}}\n{LAW}both(R) :- confirmed(R).",
    ),
    # Cedar: `action` left out stands for all
    (f"{LAW}* :- confirmed(_).", "E0101", "`forbid any`", f"{LAW}any :- confirmed(_)."),
    # Prolog: a variable for the predicate
    (
        f"{LAW}A :- confirmed(_), A != search.",
        "E0107",
        "`forbid any(action: A)`",
        f"{LAW}any(action: A) :- confirmed(_), A != search.",
    ),
    # English
    (f"{LAW}all :- confirmed(_).", "E0201", "did you mean `any`", f"{LAW}any :- confirmed(_)."),
    # Python: a union of types, a set with `!`
    (".class write {cancel | update}", "E0118", "{action, not action,", ".class write {cancel, update}"),
    (".class write {any, !search}", "E0118", "{action, not action,", ".class write {any, not search}"),
    # Python, TypeScript: a base class
    (
        ".class write extends change {cancel}",
        "E0118",
        "in the braces stand actions, classes",
        ".class change {update}\n.class write {cancel, change}",
    ),
    # the argument is not declared as shared
    (
        f".class write {{cancel, update}}\n{LAW}write(r: R) :- not confirmed(R).",
        "E0204",
        "its members have `r: symbol`, so let it share that",
        f"{WRITE}{LAW}write(r: R) :- not confirmed(R).",
    ),
    # a member lacks it
    (
        f".class write(r: symbol) {{cancel, search}}\n{LAW}write(R) :- not confirmed(R).",
        "E0241",
        "take it out of the class, `not search`",
        f"{WRITE}{LAW}write(R) :- not confirmed(R).",
    ),
    # the member's name as one more argument
    (
        f"{WRITE}{LAW}write(R, A) :- not confirmed(R), A != update.",
        "E0203",
        "the name of the member is `write(action: A)`",
        f"{WRITE}{LAW}write(r: R, action: A) :- not confirmed(R), A != update.",
    ),
    # the class as a relation
    (
        f"{WRITE}{LAW}search(q: _) :- write(R), confirmed(R).",
        "E0202",
        "past write(...)",
        f"{WRITE}{LAW}search(q: _) :- past write(R), confirmed(R).",
    ),
    # members with their arguments, in quotes, twice
    (
        ".class write {cancel(r)}",
        "E0242",
        "name the action alone: `cancel`",
        ".class write {cancel}",
    ),
    # a hint without its word, negated inside, in another spelling
    (
        ".class write {readOnlyHint}",
        "E0242",
        "write hint(readOnlyHint)",
        ".class write {hint(readOnlyHint)}",
    ),
    (
        ".class write {hint(not readOnlyHint)}",
        "E0118",
        "`not hint(readOnlyHint)`",
        ".class write {any, not hint(readOnlyHint)}",
    ),
    (".hint search(read_only)", "E0244", "did you mean `readOnlyHint`?", ".hint search(readOnlyHint)"),
    # a slip of the pen
    (
        f"{WRITE}{LAW}wriet(R) :- not confirmed(R).",
        "E0201",
        "`write`",
        f"{WRITE}{LAW}write(R) :- not confirmed(R).",
    ),
    # a fact, a call or a question about a class
    (f"{WRITE}past write(r1).", "E0245", "`cancel`, `update`", f"{WRITE}past cancel(r1, late)."),
    # a class of nothing
    (
        f".class write(r: symbol) {{}}\n{LAW}write(R) :- not confirmed(R).",
        "E0640",
        "put actions into it",
        f"{WRITE}{LAW}write(R) :- not confirmed(R).",
    ),
]


def errors(text: str) -> list[Diagnostic]:
    """The errors of a text behind the declarations, those before the first call among them."""
    return [each for each in found(DECLARED + text) if each.severity == "error"]


@pytest.mark.parametrize(("wrong", "code", "help", "right"), MISTAKES, ids=[m[0][:50] for m in MISTAKES])
def test_a_mistake_is_told_with_its_fix(wrong: str, code: str, help: str, right: str) -> None:
    """The first diagnostic has the code and the fix, and the fix is right."""
    first = errors(wrong)[0]
    assert first.code == code
    assert help in first.help
    assert errors(right) == []
