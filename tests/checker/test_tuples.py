"""Facts as typed tuples, and texts that come from JSON."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpr_logic import Checker
from mpr_logic.checker.state import state_from_json
from mpr_logic.errors import StateError
from mpr_logic.language.parser import parse_atom
from mpr_logic.language.printer import print_row

RULES = """
.decl limit(who: symbol, amount: int) input
.decl share(who: symbol, part: float) input
.decl on(flag: bool) input
.decl seen(o: symbol) open_world
.decl raw(x: any) input
.action pay(who: symbol, amount: int)
@because("too much") forbid pay(W, A) :- limit(W, L), A > L.
"""


def checker() -> Checker:
    """A checker of the rules above, without facts."""
    return Checker.from_text(RULES)


def test_a_tuple_is_the_fact_that_its_text_states() -> None:
    """Relation, values and weight; absences and the history by the names that they have inside."""
    first, second = checker(), checker()
    first.update(
        add=[
            ("limit", ("acct_1", 1000)),
            ("share", ["eve", 1], 0.7),
            ("on", (True,)),
            ("not seen", ("cat",)),
            ("past pay", ("eve", 3)),
        ]
    )
    second.update(
        add=["limit(acct_1, 1000)", "0.7 :: share(eve, 1.0)", "on(true)", "not seen(cat)", "past pay(eve, 3)"]
    )
    assert first.facts() == second.facts()
    assert not first.check("pay(acct_1, 1001)").admissible
    first.update(remove=[("limit", ("acct_1", 1000))])
    assert first.check("pay(acct_1, 1001)").admissible


def test_what_history_lists_can_be_entered() -> None:
    """The tuples of `history` are facts of an update."""
    first, second = checker(), checker()
    first.record("pay(eve, 3)", succeeded=True)
    second.update(add=first.history())
    assert second.history() == first.history() != []


@pytest.mark.parametrize(
    ("fact", "message"),
    [
        (("limit", ("a", "1000")), "does not fit argument `amount`"),
        (("limit", ("a", True)), "does not fit argument `amount`"),
        (("limit", ("a",)), "takes 2 arguments, not 1"),
        (("limit", "ab"), "not the text"),
        (("limti", ("a", 1)), "did you mean `limit`?"),
        (("limit", ("a", 1), 0), "the weight of a fact of `limit` is no number above 0 and at most 1"),
        (("limit", ("a", 1), 1.5), "the weight of a fact of `limit`"),
        (("limit", ("a", 1), float("nan")), "the weight of a fact of `limit`"),
        (("limit", ("a", 1), "0.5"), "the weight of a fact of `limit`"),
        (("limit", "a", 1), "not the text"),
        (("limit",), "a fact as a tuple is a relation, its values, and perhaps a weight"),
        (("limit", ("a", 1), 1.0, 2), "a fact as a tuple is"),
        ((1, ("a", 1)), "a fact as a tuple is"),
        (("not limit", ("a", 1)), "limit"),
        (("forbid pay", ("a", 1)), "`forbid pay`"),
        (("raw", ("\ud800",)), "half of a surrogate pair"),
        (("raw", (float("inf"),)), "only finite numbers"),
        (("raw", ([1],)), "a value is a text, a number, true or false"),
        (["limit", ("a", 1)], "a fact is a text or a tuple, not list"),
    ],
)
def test_a_tuple_that_is_no_fact_is_refused(fact: object, message: str) -> None:
    """A tuple that does not fit is told, and nothing of its update is kept."""
    made = checker()
    with pytest.raises(StateError) as caught:
        made.update(add=[("limit", ("b", 2)), fact])  # type: ignore[list-item]
    assert message in str(caught.value)
    assert made.facts() == {}


def test_one_tuple_alone_is_no_list() -> None:
    """Who forgets the list around a tuple is told, and nothing changes."""
    made = checker()
    with pytest.raises(StateError):
        made.update(add=("limit", ("acct_1", 1000)))  # type: ignore[arg-type]
    assert made.facts() == {}


@given(st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from('\b\f\n\r\t"\\/\0'), max_size=12))
def test_every_text_of_json_comes_back(text: str) -> None:
    """From JSON, or in a tuple, a text is a value that prints, and reads again, as itself."""
    made = checker()
    escaped = json.dumps({"facts": {"raw": [[text]]}})
    (fact,) = state_from_json(made.program, escaped)
    assert fact.row == (text,)
    made.update(add=[("raw", (text,))])
    assert made.facts() == {"raw": {(text,): 1.0}}
    printed = print_row("raw", (text,))
    (constant,) = parse_atom(printed).args
    assert getattr(constant, "value", None) == text
    made.update(remove=[printed])
    assert made.facts() == {}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('raw("a\\bc")', "`\\b` is no escape"),
        ('raw("a\\fc")', "`\\f` is no escape"),
        ('raw("\\ud800")', "half of a surrogate pair is no character"),
    ],
)
def test_what_json_escapes_otherwise_is_told(text: str, told: str) -> None:
    """Escapes that would change an expression are refused with what to write."""
    with pytest.raises(StateError, match="raw") as caught:
        checker().update(add=[text])
    assert told in str(caught.value)


def test_a_slash_may_be_escaped() -> None:
    """An escaped slash, as some writers of JSON have it, is a slash."""
    made = checker()
    made.update(add=['raw("a\\/b")'])
    assert made.facts() == {"raw": {("a/b",): 1.0}}
