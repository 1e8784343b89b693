"""Functions of texts and tests of types: what each gives, in every engine, and its bounds."""

from __future__ import annotations

import time
import unicodedata
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpr_logic import evaluate
from mpr_logic.checker import verifier_operators
from mpr_logic.checker.checker import Checker
from mpr_logic.engine import texts
from mpr_logic.engine.builtins import TESTS
from mpr_logic.errors import ArithmeticFailure

if TYPE_CHECKING:
    from mpr_logic.engine.choice import EngineChoice
    from mpr_logic.language.ast import Value

ANY_TEXT = st.text(st.characters(), max_size=12) | st.text("ab,1 ßé\u0301", max_size=8)
POSITIONS = st.integers(-4, 12) | st.sampled_from([10**400, -(10**400)])
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)


def called(term: str, text: Value = "x") -> set[Value]:
    """The values of a term in which T is a text."""
    return {row[0] for row in evaluate(f"q(Y) :- t(T), Y = {term}.", {"t": [(text,)]}).get("q", ())}


@pytest.mark.parametrize(
    ("term", "text", "value"),
    [
        ("upper(T)", "straße", "STRASSE"),
        ("casefold(T)", "STRAẞE", "strasse"),
        ("trim(T)", "\t a b\u2003\n", "a b"),
        ("nfc(T)", "e\u0301", "é"),
        ("nfkc(T)", "ﬁ①", "fi1"),
        ('concat(T, "-", T, to_text(7.0))', "a", "a-a7"),
        ('replace(T, "aa", "b")', "aaa", "ba"),
        ('replace(T, "", "b")', "aaa", "aaa"),
        ("substring(T, 1, 2)", "abcd", "bc"),
        ("substring(T, 4)", "abcd", ""),
        ("substring(T, 5)", "abcd", None),
        ("substring(T, -1)", "abcd", None),
        ("substring(T, 0, -1)", "abcd", None),
        ('part(T, ",", 0)', "a,b,", "a"),
        ('part(T, ",", -1)', "a,b,", ""),
        ('part(T, ",", 3)', "a,b,", None),
        ('part(T, "", 0)', "a", None),
        ('group(T, "(\\\\d+)(x)?", 1)', "ab12", "12"),
        ('group(T, "(\\\\d+)(x)?", 2)', "ab12", None),
        ('group(T, "(?P<n>\\\\d+)", n)', "ab12", "12"),
        ('group(T, "\\\\d+", 0)', "ab", None),
        ("to_int(T)", "+017", 17),
        ("to_int(T)", "1.0", None),
        ("to_int(T)", "\u0663", None),
        ("to_int(T)", "3\n", None),
        ("to_int(T)", "1" * 1001, None),
        ("to_float(T)", "-1.5e3", -1500.0),
        ("to_float(T)", "1e999", None),
        ("to_float(T)", "nan", None),
        ("to_float(T)", "1_0", None),
        ("to_text(T)", 0.5, "0.5"),
        ("to_text(T)", 1e16, "10000000000000000"),
    ],
)
def test_the_value_of_a_function(term: str, text: Value, value: Value | None) -> None:
    """Each gives what the reference says; where it has no value, the literal fails."""
    assert called(term, text) == (set() if value is None else {value})


@given(ANY_TEXT, ANY_TEXT, ANY_TEXT, POSITIONS, POSITIONS, NUMBERS)
def test_the_verifier_has_the_same_functions_of_its_own(
    text: str, other: str, third: str, place: int, size: int, number: float
) -> None:
    """The engine and the verifier work out the same value, text and type, from any arguments."""
    of: dict[str, list[tuple[Value, ...]]] = {
        "concat": [(text, other), (text, other, third)],
        "replace": [(text, other, third)],
        "substring": [(text, place), (text, place, size)],
        "part": [(text, other, place)],
        "group": [(text, "(a+)|(?P<b>b)(.)?", each) for each in (0, 1, 2, 3, 4, "b", "c")],
        "to_text": [(text,), (number,)],
        "to_int": [(text,), (str(size),)],
        "to_float": [(text,), (str(number),)],
    }
    for name in texts.FUNCTIONS:
        for args in of.get(name, [(text,)]):
            if name == "group" and any("\ud800" <= c <= "\udfff" for c in text):
                continue
            theirs = verifier_operators.OPERATORS[name](*args)
            ours = texts.FUNCTIONS[name](*args, None)
            assert (ours, type(ours)) == (theirs, type(theirs)), (name, args)


@given(ANY_TEXT | NUMBERS, st.sampled_from(["symbol", "int", "float", "bool", "any"]))
def test_a_value_is_of_the_types_of_what_equals_it(value: Value, kind: str) -> None:
    """The engine and the verifier agree on types, and equal numbers are of the same ones."""
    test = TESTS["is"]
    assert test(value, kind) == verifier_operators.OPERATORS["is"](value, kind)
    if isinstance(value, (int, float)) and abs(value) < 2**53:
        assert test(float(value), kind) == test(value, kind)


@pytest.mark.parametrize("engine", ["native", "pydatalog", "both"])
def test_every_engine_has_them(engine: EngineChoice) -> None:
    """A body with functions in functions, in arguments, in aggregates and in the head decides alike."""
    checker = Checker.from_text(
        """
        .decl amount(text: symbol) input
        .decl limit(n: int)
        .decl known(code: symbol)
        .action pay(code: symbol, note: any)
        amount("12"). amount(" 30 "). amount("many"). amount("7").
        limit(S) :- S = sum to_int(trim(A)) : { amount(A) }.
        known(upper(concat(substring(A, 0, 1), "x"))) :- amount(A), to_int(A) > 5.
        @because("{C} is not known, or {L} is not the limit")
        forbid pay(C, N) :- limit(L), N is int, N != L.
        forbid pay(C, N) :- not known(upper(trim(C))).
        forbid pay(C, N) :- N is symbol, to_int(part(N, "/", -1)) = 4.
        """,
        engine=engine,
    )
    verdicts = {
        call: checker.check(call).admissible
        for call in (
            'pay(" 1x", 49)',
            'pay("7X ", 49.0)',
            'pay("1x", 48)',
            'pay("mx", 49)',
            'pay("1x", "a/b")',
            'pay("1x", "a/4")',
            'pay("1x", "4/a")',
        )
    }
    assert list(verdicts.values()) == [True, True, False, False, True, False, True], verdicts


def test_a_test_of_a_type_comes_first() -> None:
    """Wherever it stands, and in braces: a value of another kind is never worked with."""
    facts = {"p": [("a",), (1,), (2.5,), ("7",)]}
    found = evaluate(
        """
        more(X + 1) :- p(X), X > 0, X is float.
        upper(upper(X)) :- starts_with(X, "a"), p(X), X is symbol.
        all(S) :- S = sum X : { p(X), X is float }.
        texts(N) :- N = count : { p(X), X is symbol, length(X) = 1 }.
        no(X) :- p(X), X is not int, X is not symbol.
        """,
        facts,
    )
    assert found["more"] == {(2,), (3.5,)}
    assert found["upper"] == {("A",)}
    assert (found["all"], found["texts"], found["no"]) == ({(3.5,)}, {(2,)}, {(2.5,)})


def test_what_is_no_text_is_an_error() -> None:
    """A number where a text must be leaves the question undecided, with what to write."""
    with pytest.raises(ArithmeticFailure, match="test it first, `T is symbol`"):
        called("upper(T)", 3)


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ('replace(T, "a", T)', "a" * 2_000),
        ("concat(T, T, T)", "a" * 400_000),
        ("upper(T)", "ß" * 600_000),
        ("nfkc(T)", "\ufdfa" * 90_000),
        ("nfc(T)", "é" * 100_001),
        ("nfc(T)", "a" + "\u0301\u0316" * 51),
        ("nfkc(T)", "\uff9e\u0301" * 51),
        ('part(T, ",", 0)', "," * 1_000_001),
    ],
)
def test_no_text_is_too_much_work(term: str, text: str) -> None:
    """Neither a text that grows without bound nor one that takes quadratic time is worked out."""
    with pytest.raises(ArithmeticFailure, match=r"at most|no more than"):
        called(term, text)


@settings(max_examples=50)
@given(st.text(st.sampled_from("a\u0301\u0316\uff9e\u1100\u1161\u11a8é\ufdfa"), max_size=90))
def test_normal_forms_are_unicodes(text: str) -> None:
    """Within the bounds the normal forms are those of Python's tables of Unicode."""
    assert texts.nfc(text) == unicodedata.normalize("NFC", text)
    assert texts.nfkc(text) == unicodedata.normalize("NFKC", text)


def test_a_recursion_through_texts_ends() -> None:
    """A rule that makes a longer text of each text ends at a bound, not with the memory."""
    begun = time.process_time()
    with pytest.raises(ArithmeticFailure, match="at most"):
        evaluate('t("ab"). t(concat(T, T)) :- t(T).')
    assert time.process_time() - begun < 5


def test_half_a_surrogate_pair_passes_through() -> None:
    """A host may tell a text with half of a pair: functions take it as a character, expressions refuse it."""
    assert texts.upper(texts.concat("\ud800é", "\udc00", None)) == "\ud800É\udc00"
    for text, expression in (("\ud800", "a"), ("a", "\ud800")):
        with pytest.raises(ArithmeticFailure, match="half of a surrogate pair"):
            texts.group(text, expression, 0)


def test_why_not_says_which_function_has_no_value() -> None:
    """In the author's words, not in those of the rule that the engine runs."""
    checker = Checker.from_text(
        """
        .action send(note: symbol)
        .decl many(note: symbol)
        many(N) :- past send(N), to_int(part(N, ",", 0)) + 1 > 3.
        past send("a,b"). past send("2,b").
        """
    )
    answer = str(checker.why_not('many("a,b")'))
    assert 'to_int(part(N, ",", 0)) fails: to_int(a) has no value: the text is no whole number' in answer
    assert "#" not in answer
    assert "+ 1 > 3 fails: 2 + 1 > 3 is false" in str(checker.why_not('many("2,b")'))


def test_the_last_item_of_a_list() -> None:
    """A position that is written as a negative number counts from the end, and an empty list has none."""
    from mpr_logic.guard.guard import Guard

    guard = Guard(
        text="""
        .action go(way: any)
        @because("it ends in {X}")
        forbid go(W) :- item(W, -1, X), X != home.
        @because("{N} of {L}: the last but one is {X}")
        forbid go(W) :- item(W, -2, X), X is int, list_length(W, L), N = count : { item(W, _, _) }.
        """
    )
    said = {
        str(way): guard.check("go", {"way": way}).message
        for way in (["a", "home"], ["home", "a"], [], [7, 8])
    }
    assert "ends in" not in said["['a', 'home']"]
    assert "it ends in a" in said["['home', 'a']"]
    assert "rejected" not in said["[]"]
    assert "2 of 2: the last but one is 7" in said["[7, 8]"]
