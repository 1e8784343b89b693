"""Parameters that no rule reads are told, and rules are not judged by the value that one has now."""

from __future__ import annotations

import pytest

from mpr_logic.analysis import analyse
from mpr_logic.analysis.lints import vet
from mpr_logic.language.parser import parse

ACTION = ".action pay(amount: int)\n.decl big(x: int) input\n"


def told(text: str) -> list[str]:
    """The messages about parameters in a text."""
    modules = [parse(ACTION + text)]
    return [d.message for d in vet(analyse(modules), modules=modules) if d.code == "W0642"]


@pytest.mark.parametrize(
    "rule",
    [
        "forbid pay(A) :- A > $most.",
        "forbid pay($most).",
        "forbid pay(A) :- A in {1, $most}.",
        "forbid pay(A) :- (A > 3 ; big(A), A > 2 * $most).",
        "forbid pay(_) :- N = count : { past pay(B), B < $most }, N > 1.",
        "forbid pay(_) :- past pay($most) before past pay(1).",
        '@because("over {$most}") forbid pay(A) :- A > 3.',
    ],
)
def test_a_parameter_is_read_wherever_its_name_may_stand(rule: str) -> None:
    """In heads, bodies, sets, alternatives, braces and reasons the name counts as read."""
    assert told(f".param most: int = 2\n{rule}") == []


def test_a_parameter_that_nothing_reads_is_named() -> None:
    """Each such parameter is told, a comment does not read it, and a constant is not asked for."""
    text = (
        ".param most: int = 2\n.param least: int = 1\n.const none = 0\n% $most\nforbid pay(A) :- A < $least."
    )
    assert told(text) == ["nothing reads the parameter `most`, so whoever sets it changes nothing"]


CHOSEN = """
.param edition: int = 1
.param level: symbol = strict
.decl text(n: int)
.decl size(n: int) input
text($edition).
"""


@pytest.mark.parametrize(
    "rule",
    [
        "forbid pay(A) :- $edition = 2, A > 3.",
        "forbid pay(A) :- $level = lax, A > 5.",
        "forbid pay(A) :- text(2), A > 7.",
        "forbid pay(A) :- size(A), A > 3, A < $edition.",
        "forbid pay(A) :- ($edition = 2 ; A > 9).",
        "forbid pay(A) :- 0 < count : { size(B), B > 3, B < $edition }, A > 3.",
    ],
)
def test_a_rule_that_another_value_makes_hold_is_no_error(rule: str) -> None:
    """The host may set another value: what hangs on it neither never holds nor always does."""
    modules = [parse(ACTION + CHOSEN + rule)]
    assert [d.code for d in vet(analyse(modules), modules=modules) if d.code != "W0642"] == []


@pytest.mark.parametrize(
    "rule",
    [
        "forbid pay(A) :- A > $edition, A > 5, A < 3.",
        "forbid pay(A) :- $level = lax, A > 5, A < 3.",
        "forbid pay(A) :- A < $most, A > 4.",
    ],
)
def test_a_rule_that_no_value_makes_hold_is_an_error(rule: str) -> None:
    """The rest of a rule must hold together, and a constant is not the host's to set."""
    modules = [parse(ACTION + CHOSEN + ".const most = 3\n" + rule)]
    assert "E0608" in [d.code for d in vet(analyse(modules), modules=modules)]
