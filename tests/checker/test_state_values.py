"""Lists and objects among the values of a JSON state: constants, with what is inside of them as facts."""

from __future__ import annotations

from typing import Any

import pytest

from mpr_logic import Checker
from mpr_logic.errors import StateError
from mpr_logic.guard.conversation import Message
from mpr_logic.guard.guard import Guard

RULES = """
.action cancel(id: symbol)
.decl open(id: symbol)
open(I) :- returned(_, look, V), item(V, _, O), field(O, id, I), I is symbol, long(O).
.decl long(o: any)
long(O) :- field(O, legs, L), list_length(L, N), N > 1.
forbid cancel(I) :- not open(I).
"""
RESULT = [{"id": "R1", "legs": [1, 2]}, {"id": "R2", "legs": [3]}]


def test_results_in_a_state_are_those_that_a_guard_hears() -> None:
    """A result that a state holds has the very facts that a guard makes of it."""
    checker = Checker.from_text(RULES)
    checker.load_state({"facts": {"returned": [[0, "look", RESULT]]}})
    guard = Guard(text=RULES)
    guard.hear(Message("tool", tool="look", content=RESULT))
    assert checker.facts() == guard.session("").checker.facts()
    assert checker.check('cancel("R1")').admissible
    assert not checker.check('cancel("R2")').admissible


def nested(levels: int) -> Any:
    """A list in a list, and so on."""
    value: Any = []
    for _ in range(levels - 1):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"said": [[0, "user", ["x"]]]}, "facts.said"),
        ({"returned": [[0, "look", nested(40)]]}, "at most 32 levels"),
        ({"returned": [[0, "look", {"a": 1}, 2]]}, "returned"),
        ({"returned": [[{"a": 1}, "look", 2]]}, "returned"),
        *(
            ({"returned": [[0, "look", {"a": [value]}]]}, "a number beyond those of the language")
            for value in (float("inf"), float("nan"), 10**5000, object())
        ),
    ],
)
def test_others_are_refused(state: Any, said: str) -> None:
    """A list in a column of another type is refused, as is one that is too deep or holds what is no JSON."""
    with pytest.raises(StateError, match=said):
        Checker.from_text(RULES).load_state({"facts": state})
    checker = Checker.from_text(RULES)
    checker.load_state({"facts": {"returned": [[0, "look", nested(32)]]}})


@pytest.mark.parametrize(
    "state",
    [
        {"facts": {"returned": [[0, "look_up", '{"balance": 3}']]}},
        {"facts": [{"relation": "returned", "args": [0, "look_up", '{"balance": 3}']}]},
        {"facts": ['returned(0, look_up, "{\\"balance\\": 3}")']},
    ],
)
def test_texts_that_calls_returned_are_opened(state: dict[str, Any]) -> None:
    """A result that is the text of a JSON object is opened, as in a guard; one with a key twice is a text."""
    text = """
        .action look_up(a: symbol)
        .action close(a: symbol)
        forbid close(_) :- returned(_, look_up, V), field(V, balance, B), B > 0.
        """
    checker = Checker.from_text(text)
    checker.load_state(state)
    assert list(checker.facts()["returned"]) == [(0, "look_up", '{"balance":3}')]
    assert list(checker.facts()["field"]) == [('{"balance":3}', "balance", 3)]
    assert not checker.check("close(a1)").admissible
    checker = Checker.from_text(text)
    checker.load_state({"facts": {"returned": [[0, "look_up", '{"balance": 3, "balance": 0}']]}})
    assert not checker.facts().get("field")


@pytest.mark.parametrize(
    ("lines", "same"),
    [
        ([1.0, 2], True),
        ([1, 2.0], True),
        ([[1], 2], False),
        ([1.5, 2], False),
        ([2, 1], False),
        ("1,2", False),
    ],
)
def test_a_list_is_compared_by_what_its_numbers_are(lines: Any, same: bool) -> None:
    """1.0 is 1 inside of a list and an object too, however deep; order, kinds and fractions count."""
    rules = ".action order(lines: any)\n.decl allowed(lines: any) input\nforbid order(L) :- not allowed(L)."
    for wrapped in (lambda value: value, lambda value: {"a": [value]}):
        state = {"facts": {"allowed": [[wrapped([1, 2])]]}}
        guard = Guard(text=rules, state=state, strict=False)
        assert guard.check("order", {"lines": wrapped(lines)}).runs is same
