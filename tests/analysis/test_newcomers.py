"""Habits from other languages: each message names what to write instead."""

from __future__ import annotations

import pytest

from mpr_logic.analysis import analyse
from mpr_logic.errors import ProgramError
from mpr_logic.language.diagnostics import Diagnostic
from mpr_logic.language.parser import parse

HEAD = """.type address <: symbol
.decl q(x: symbol)
.decl size(x: symbol, n: int)
.decl known(x: address)
.action send(to: address, n: int)
"""


def found(text: str) -> tuple[Diagnostic, ...]:
    """The errors of a text behind the declarations."""
    with pytest.raises(ProgramError) as caught:
        analyse([parse(HEAD + text, "rules.dl")])
    return caught.value.diagnostics


@pytest.mark.parametrize(
    ("text", "code", "column", "message", "help"),
    [
        ("allow send(T, _) :- q(T).", "E0106", 1, "`allow` is no word", "write `permit send`"),
        ("allow(send(T, _)) :- q(T).", "E0106", 1, "`allow` is no word", "write `permit ACTION`"),
        ("0.9 :: deny send(T, _).", "E0106", 8, "`deny` is no word", "write `forbid send`"),
        ("@id(a) reject send(T, _).", "E0106", 8, "`reject` is no word", "write `forbid send`"),
        ("forbd send(T, _) :- q(T).", "E0106", 1, "`forbd` is no word", "write `forbid send`"),
        ("permitt send(T, _).", "E0106", 1, "`permitt` is no word", "write `permit send`"),
        ("deny(T) :- q(T).", "E0201", 1, "relation `deny`", "`forbid ACTION :- body.`"),
        ("if q(X) then forbid send(X, _).", "E0106", 1, "`if` is no word", "`:-`"),
        ('forbid send(T, _) :- T in ["a", "b"].', "E0127", 27, "a set does not stand in `[`", "X in {a, b}"),
        ('forbid send(T, _) :- T in ["a"].', "E0127", 27, "a set does not stand in `[`", "X in {a, b}"),
        ("forbid send(T, _) :- not T in {a}.", "E0117", 22, "`not` stands before the term", "X not in"),
        ("forbid send(T, _) :- T notin {a}.", "E0106", 24, "`notin` is no word", "X not in {a, b}"),
        ('forbid send(T, _) :- ucase(T) = "A".', "E0106", 22, "`ucase(...)` has no value", "`upper(T)`"),
        ("forbid send(T, _) :- X = ucase(T), q(X).", "E0106", 26, "`ucase(...)` has", "`upper(T)`"),
        ("forbid send(T, _) :- len(T) > 3.", "E0106", 22, "`len(...)` has no value", "`length(T)`"),
        ("forbid send(T, _) :- size(T) > 3.", "E0106", 22, "`size(...)` has no value", ""),
        ("forbid send(T, _) :- price(T, A) > 3.", "E0106", 22, "`price(...)` has", "a further argument"),
        (":- q(X).", "E0101", 1, "a clause begins with its head", "`forbid ACTION :- body.`"),
        ("!q(X).", "E0106", 1, "`!` is no operator", "`not`"),
        ("forbid send(T, _) :- !q(T).", "E0106", 22, "`!` is no operator", "`not p(X)`"),
        ("forbid send(T, _) :- \\+ q(T).", "E0106", 22, "`\\+` is no operator", "`not p(X)`"),
        ("forbid send(T, _) :- q(T); q(T).", "E0106", 26, "`;` is no operator", "one clause for each"),
        ('forbid send(T, _) :- T == "a".', "E0106", 24, "`==` is no operator", "equality is `=`"),
        ("forbid send(T, _) :- q(T) && q(T).", "E0106", 27, "`&&` is no operator", "separated by `,`"),
        ("forbid send(T, _) <- q(T).", "E0106", 19, "`<-` is no operator", "write `:-`"),
        ("forbid send(T, _) when q(T).", "E0106", 19, "`when` is no word", "write `:-`"),
        ("forbid send(T, _) :- q(T) unless q(T).", "E0106", 27, "`unless` is no word", "`@overrides`"),
        ("// a comment", "E0106", 1, "`//` is no operator", "a comment begins with `%`"),
        ("q(a). // a comment", "E0106", 7, "`//` is no operator", "a comment begins with `%`"),
        ("-- a comment", "E0106", 1, "`--` is no operator", "a comment begins with `%`"),
        ("forbid *.", "E0101", 8, "`*` names no action here", "`.default forbid *`"),
        ("forbid send($t, _).", "E0230", 13, "the constant `$t` is not", "the variable `T`"),
        ("forbid send(T, _) :- exists X : q(X).", "E0106", 22, "`exists` is no word", "leave this word out"),
        ("forbid send(T, _) :- count{q(X)} > 3.", "E0116", 22, "`count` stands where", "N = count : {"),
        ("forbid send(T, N) :- N > 1_000.", "E0101", 27, "expected", "without `_`"),
        ('forbid send(T, _) :- regex(T, "a").', "E0201", 22, "relation `regex`", "`matches(T, R)`"),
        ("forbid send(T, _) :- q(T), true.", "E0201", 28, "relation `true`", "leave it out"),
        (".input q", "E0118", 1, "`.input` is no declaration", ".decl p(x: symbol) input"),
        (".decl s(x: string)", "E0209", 9, "type `string` is not declared", "it is called symbol here"),
    ],
)
def test_the_message_names_what_to_write(text: str, code: str, column: int, message: str, help: str) -> None:
    """One error, at the word or sign in question, with the form that there is."""
    (error,) = found(text)
    assert (error.code, error.span.line, error.span.column) == (code, HEAD.count("\n") + 1, column)
    assert error.message.startswith(message)
    assert help in error.help


@pytest.mark.parametrize(
    ("text", "declared"),
    [
        ("forbid send(T, _) :- internal(T).", ".decl internal(t: address)"),
        ("forbid send(to: T) :- not internal(T).", ".decl internal(t: address)"),
        ("forbid send(T, N) :- most(T, M), N > M.", ".decl most(t: address, m: int)"),
        ('most("a", 7, 1.5, true). forbid send(T, _) :- most(T, _, _, _).', ".decl most(x1: any, x2: int, "),
        ("forbid send(T, _) :- most(to: T, limit: 5).", ".decl most(to: address, limit: int)"),
        ("forbid send(_, N) :- over(N + 1).", ".decl over(x1: int)"),
        ("forbid send(T, _) :- 3 < C, C = count : { mail(T, _) }.", ".decl mail(t: address, x2: symbol)"),
        ("forbid send(_, _) :- late.", ".decl late()"),
        ("forbid send(T, _) :- past post(T, 3).", ".action post(t: address, x2: int)"),
        ("send(T, _) causes sent(T).", ".decl sent(t: address)"),
        ("forbid send(T, _) :- label(X, S), contains(S, T), S != 4.", ".decl label(x: symbol, s: "),
        ("forbid send(T, _) :- pair(T, T).", ".decl pair(t: address, t2: address)"),
        (
            "forbid send(T, _) :- knwn(T).",
            "did you mean `known`? If a relation is meant, declare it: .decl knwn(",
        ),
    ],
)
def test_the_declaration_to_add_is_written_out(text: str, declared: str) -> None:
    """Arguments are named by the variables there, and typed by what else the clause says of them."""
    (error,) = found(text)
    assert (error.code, declared in error.help) == ("E0201", True), error.help


@pytest.mark.parametrize("missing", ["internal(T)", "internal(T, 1)", "internal(who: T)"])
def test_an_undeclared_relation_is_told_once(missing: str) -> None:
    """However often it is used, there is one error, at its first use; once it is declared there is none."""
    text = f"forbid send(T, _) :- {missing}, not {missing}.\n" * 3 + f"known(T) :- q(T), {missing}.\n"
    (error,) = found(text)
    assert (error.code, error.span.line) == ("E0201", HEAD.count("\n") + 1)
    declared = error.help.removeprefix("declare it: ")
    assert declared.startswith(".decl internal(")
    analyse([parse(HEAD + declared + "\n" + text.replace("known(T) :-", "permit send(T, _) :-"))])


def test_what_is_declared_so_fits_what_was_written() -> None:
    """The words of other languages stay names of relations and constants where they are declared."""
    text = ".decl deny(x: symbol)\n.decl allow(x: symbol)\n.decl upper(x: symbol)\n.decl in(x: symbol)\n"
    text += "deny(if). in(when). forbid send(T, _) :- deny(T), not allow(T), upper(T), in(T)."
    analyse([parse(HEAD + text)])
