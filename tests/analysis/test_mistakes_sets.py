"""Mistakes with sets, named constants and parameters: each is told, with the right form."""

from __future__ import annotations

import pytest

from mpr_logic.analysis.analyse import analyse
from mpr_logic.errors import ProgramError
from mpr_logic.language.parser import parse

HEAD = """
.type cabin <: symbol {economy, business}
.const most = 5
.const closed = {fridge, safe}
.param limit: int = 1000
.decl kept(x: symbol) input
.decl cabin_of(x: symbol, c: cabin) input
.action open(r: symbol, n: int, c: cabin)
"""
RULE = "forbid open(R, N, C) :- "

# what is written, the code, a part of the help, and what is right
BODIES = [
    ("R in [a, b].", "E0127", "X in {a, b}", "R in {a, b}."),
    ("R in (a, b).", "E0127", "X in {a, b}", "R in {a, b}."),
    ("R not in [a, b].", "E0127", "X not in {a, b}", "R not in {a, b}."),
    ("not R in {a, b}.", "E0117", "write `X not in {a, b}`", "R not in {a, b}."),
    ("not (R in {a, b}).", "E0117", "write `X not in {a, b}`", "R not in {a, b}."),
    ("R notin {a}.", "E0106", "X not in {a, b}", "R not in {a}."),
    ("R is in {a}.", "E0106", "leave it out", "R in {a}."),
    ("R = {a, b}.", "E0127", "X in {a, b}", "R in {a, b}."),
    ("R ∈ {a}.", "E0106", "T in {a, b}", "R in {a}."),
    ("R in {}.", "E0127", "list a value at least", "R in {a}."),
    ("R in {a; b}.", "E0127", "separate the values by `,`", "R in {a, b}."),
    ("R in {a | b}.", "E0127", "separate the values by `,`", "R in {a, b}."),
    ("R in {a, Q}, kept(Q).", "E0127", "compare with `=`", "kept(Q), R = Q."),
    ("_ in {a}.", "E0127", "name the variable", "R in {a}."),
    ("R in closed.", "E0127", "written `$closed`", "R in $closed."),
    ("R in $clsed.", "E0230", "did you mean `$closed`?", "R in $closed."),
    ("member(R, [a, b]).", "E0102", "T in {a, b}", "R in {a, b}."),
    ("N in 1..5.", "E0127", "`X >= 1, X <= 5`", "N >= 1, N <= 5."),
    ("R in {1, 2}.", "E0206", "list values of that type", 'R in {"1", "2"}.'),
    ("C in {economi}.", "E0231", "did you mean `economy`?", "C in {economy}."),
    ("C = busines.", "E0231", "did you mean `business`?", "C = business."),
    ("cabin_of(R, econmy).", "E0231", "did you mean `economy`?", "cabin_of(R, economy)."),
    ("N > most.", "E0212", "the named constant `$most`", "N > $most."),
    ("N > $Most.", "E0102", "written `$name`", "N > $most."),
    ("N > ${most}.", "E0102", "written `$name`", "N > $most."),
    ("N > $closed.", "E0235", "write `X in $closed`", "R in $closed."),
    ("N > $limt.", "E0230", "did you mean `$limit`?", "N > $limit."),
    ("$most = count : { kept(_) }, R = a.", "E0116", "compare `N`", "N = count : { kept(_) }, N = $most."),
    ("(kept(R)).", "E0126", "take them away", "kept(R)."),
    ("kept(R) ; R = a.", "E0106", "alternatives stand in parentheses", "(kept(R) ; R = a)."),
    ("kept(R) or R = a.", "E0106", "alternatives stand in parentheses", "(kept(R) ; R = a)."),
    ("(kept(R) | R = a).", "E0106", "alternatives stand in parentheses", "(kept(R) ; R = a)."),
]
STATEMENTS = [
    (".type level = {low, high}", "E0118", ".type name <: base {a, b}", ".type level <: symbol {low, high}"),
    (".type level = low | high", "E0118", ".type name <: base {a, b}", ".type level <: symbol {low, high}"),
    (".type level <: symbol {low | high}", "E0127", "separate", ".type level <: symbol {low, high}"),
    (".type level <: symbol [low]", "E0127", "in braces", ".type level <: symbol {low}"),
    (".type level <: symbol {low, low}", "E0232", "keep one", ".type level <: symbol {low}"),
    (".type level <: int {low}", "E0232", "stand under another", ".type level <: symbol {low}"),
    (".enum level {low, high}", "E0118", ".type level <: symbol {low, high}", ".type level <: symbol {low}"),
    (".const max = 5", "E0108", "`max_`", ".const max_ = 5"),
    (".const top: int = 5", "E0118", "takes no type", ".const top = 5"),
    (".const top = 2 + 3", "E0118", "nothing is computed", ".const top = 5"),
    (".const top = $most", "E0118", "nothing is computed", ".const top = 5"),
    (".const $top = 5", "E0118", "declare `top`", ".const top = 5"),
    (".const Top = 5", "E0107", "write `top`", ".const top = 5"),
    (".const top = {}", "E0127", "list a value", ".const top = {a}"),
    (".const top = 5.", "E0118", "remove it", ".const top = 5"),
    (".const most = 6", "E0208", "keep one of them", ".const more = 6"),
    (".let top = 5", "E0118", ".const name = value", ".const top = 5"),
    (".param top = 5", "E0118", ".param name: type = default", ".param top: int = 5"),
    (".param top: integer = 5", "E0209", "it is called int", ".param top: int = 5"),
    (".param top: int := 5", "E0118", "= default", ".param top: int = 5"),
    (".param top: int default 5", "E0118", "= default", ".param top: int = 5"),
    (".param top: int = five", "E0234", "a whole number", ".param top: int = 5"),
    (".param top: int", "E0233", "give it a default", ".param top: int = 5"),
    (".parameter top: int = 5", "E0118", ".param name: type", ".param top: int = 5"),
    (
        '@because("over {limit}") forbid open(_, N, _) :- N > $limit.',
        "E0216",
        "did you mean `{$limit}`?",
        '@because("over {$limit}") forbid open(_, N, _) :- N > $limit.',
    ),
    (
        "@rewrite(n, $limit) forbid open(_, N, _) :- N > $limit.",
        "E0101",
        "constants as they are",
        "@rewrite(n, 1000) forbid open(_, N, _) :- N > $limit.",
    ),
    (
        "cabin_of(X, C) :- kept(X), kept(C).",
        "E0206",
        "or say which: C in {business, economy}",
        "cabin_of(X, C) :- kept(X), kept(C), C in {business, economy}.",
    ),
]


@pytest.mark.parametrize(
    ("wrong", "code", "help", "right"),
    [(RULE + wrong, code, help, RULE + right) for wrong, code, help, right in BODIES] + STATEMENTS,
)
def test_the_first_message_says_what_to_write(wrong: str, code: str, help: str, right: str) -> None:
    """A mistake has its code and a help that names the right form, and that form is right."""
    with pytest.raises(ProgramError) as caught:
        analyse([parse(f"{HEAD}{wrong}\n", "rules.dl")])
    first = caught.value.diagnostics[0]
    assert (first.code, first.span.line) == (
        code,
        HEAD.count("\n") + 1 if code != "E0208" else first.span.line,
    )
    assert help in first.help
    analyse([parse(f"{HEAD}{right}\n", "rules.dl")])
