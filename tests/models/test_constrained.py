"""The specialised grammar lets right rules through, and no others."""

from __future__ import annotations

from functools import cache
from typing import Any

import lark
import pytest
from hypothesis import given, note
from hypothesis import strategies as st
from hypothesis.extra.lark import from_lark

from mpr_logic.analysis import Program, analyse
from mpr_logic.checker.loading import load_modules, program_from_text
from mpr_logic.language.ast import Literal
from mpr_logic.language.parser import parse
from mpr_logic.language.printer import print_clause
from mpr_logic.models.grammars import (
    CAUSE,
    RULE,
    Chars,
    Grammar,
    Vocabulary,
    choice,
    constants_of,
    gbnf_text,
    lark_text,
    specialise,
)
from tests.models.schemas import declarations, sample

KITCHEN = tuple(load_modules(["rules/kitchen"]))


@cache
def kitchen() -> Program:
    """The kitchen's rules."""
    return analyse(KITCHEN)


@cache
def kitchen_grammar() -> Grammar:
    """The grammar of a rule about the kitchen, with two places that it may name."""
    return specialise(kitchen().schema, constants={"place": ["fridge_1", "stove_1"]})


@cache
def matcher_of(grammar_text: str) -> lark.Lark:
    """Lark's own reading of a grammar."""
    return lark.Lark(grammar_text)


def accepts(grammar: Grammar, text: str) -> bool:
    """Whether a text is one that the grammar stands for."""
    try:
        matcher_of(lark_text(grammar)).parse(text)
    except lark.exceptions.LarkError:
        return False
    return True


def rule_of(answer: str) -> str:
    """The clause of an answer in two lines."""
    cause, rule = answer.split("\n")
    assert cause.startswith(CAUSE)
    assert rule.startswith(RULE)
    return rule.removeprefix(RULE)


GOOD = [
    "forbid put(O, P) :- openable(P), not opened(P).",
    "forbid put(O, P) :- not holding(O).",
    "forbid take(O, P) :- holding(_).",
    "forbid put(O, P) :- room_for(P, SomeInt), SomeInt < 2.",
    "prefer put(O, P) :- cold(P), perishable(O).",
    "prefer open(P) :- at(SomeThing, P), metal(SomeThing), not past open(P).",
    "forbid heat(O, P) :- not microwave(P), failed heat(O, _).",
    "forbid light(P) :- not smells_of_gas(P).",
    "forbid put(O, P) :- cold(fridge_1).",
    "forbid put(O, P) :- not succeeded close(P) since succeeded open(P).",
    "forbid heat(O, P) :- microwave(P), past heat(O, _) since past take(O, _).",
    "prefer open(P) :- not past close(_) before failed put(_, P).",
    "forbid light(P) :- past open(P) after past light(_).",
]
WRONG = {
    "an unknown relation": "forbid put(O, P) :- shiny(O).",
    "an unknown action": "forbid eat(O) :- holding(O).",
    "an action as a relation": "forbid put(O, P) :- open(P).",
    "too few arguments": "forbid put(O, P) :- at(O).",
    "too many arguments": "forbid put(O, P) :- holding(O, P).",
    "a variable in a negated literal alone": "forbid put(O, P) :- not at(X, P).",
    "a variable of the wrong type": "forbid put(O, P) :- holding(P).",
    "an unknown constant": "forbid put(O, P) :- cold(freezer_1).",
    "a wildcard where absence must be seen": "forbid light(P) :- not smells_of_gas(_).",
    "a permit": "permit put(O, P) :- holding(O).",
    "a plain head": "holding(O) :- at(O, _).",
    "a weight": "0.9 :: forbid put(O, P) :- not holding(O).",
    "an override": "@overrides(closed) permit put(O, P) :- holding(O).",
    "no body": "forbid put(O, P).",
    "equal literals": "forbid put(O, P) :- opened(P), opened(P).",
    "a loop": "forbid put(O, P) :- holding(O), openable(P), opened(P), cold(P), stove(P).",
    "no dot": "forbid put(O, P) :- not holding(O)",
    "a place in time of a relation": "forbid put(O, P) :- opened(P) since past open(P).",
    "a denied second part": "forbid put(O, P) :- past open(P) since not past take(O, P).",
    "two places in time": "forbid put(O, P) :- past open(P) since past put(O, P) before past put(_, P).",
    "two literals with a place": "forbid put(O, P) :- past open(P) since past put(_, P), past open(P) at 2.",
    "a clock that nobody reads": "forbid put(O, P) :- past put(O, P) within 1h.",
    "a variable that only what is denied has": "forbid put(O, P) :- not past put(X, P) since past open(P).",
    "a position": "forbid put(O, P) :- past put(O, P) at 1.",
    "a second rule": "forbid put(O, P) :- not holding(O). forbid put(O, P) :- holding(O).",
}
SENTENCE = "Cause: the agent did it in the wrong order.\n"


@pytest.mark.parametrize("rule", GOOD)
def test_right_rules_are_let_through(rule: str) -> None:
    """The grammar accepts each rule that a model should be able to say."""
    analyse([*KITCHEN, parse(rule)])
    assert accepts(kitchen_grammar(), f"{SENTENCE}Rule: {rule}")


@pytest.mark.parametrize("rule", WRONG.values(), ids=WRONG.keys())
def test_wrong_rules_are_not(rule: str) -> None:
    """The grammar accepts no rule that is wrong, repeats itself or is not a model's to say."""
    assert not accepts(kitchen_grammar(), f"{SENTENCE}Rule: {rule}")


@pytest.mark.parametrize(
    "answer", ["Rule: forbid put(O, P) :- not holding(O).", SENTENCE, "Sure! Here it is."]
)
def test_the_cause_comes_first(answer: str) -> None:
    """An answer is the cause in a sentence and then the rule, nothing else."""
    assert not accepts(kitchen_grammar(), answer)


@given(st.data())
def test_what_lark_generates_is_a_right_rule(data: st.DataObject) -> None:
    """Any text that Lark makes of the grammar parses, and analysis finds no error in it."""
    answer = data.draw(from_lark(matcher_of(lark_text(kitchen_grammar()))))
    analyse([*KITCHEN, parse(rule_of(answer))])


@given(declarations(), st.integers(0, 2**32))
def test_every_schema_gives_right_rules(declared: str, seed: int) -> None:
    """Whatever is declared, what the grammar lets through is a rule without errors or repetition."""
    program = program_from_text(declared)
    grammar = specialise(program.schema)
    for each in range(seed, seed + 5):
        rule = rule_of(sample(grammar, each))
        note(rule)
        (clause,) = parse(rule).clauses
        analyse([parse(declared, "declared.dl"), parse(rule)])
        assert clause.kind in ("forbid", "prefer")
        assert clause.weight == 1.0
        assert clause.body
        literals = [item for item in clause.body if isinstance(item, Literal)]
        assert len(set(literals)) == len(literals)
        assert parse(print_clause(clause)).clauses == (clause,)


def test_a_rule_asks_for_a_class_and_heads_one_action() -> None:
    """A model may ask whether an action of a class was tried; its rule begins with one action."""
    text = ".action a(x: symbol)\n.action b(x: symbol)\n.class both(x: symbol) {a, b}\n"
    grammar = specialise(program_from_text(text).schema)
    assert accepts(grammar, f"{CAUSE}it was tried\n{RULE}forbid a(X) :- past both(X).")
    assert not accepts(grammar, f"{CAUSE}it was tried\n{RULE}forbid both(X) :- past a(X).")


def test_a_rule_asks_how_long_ago_where_a_clock_is_read() -> None:
    """Who told no time of calls would hear that the question has no answer: other rules must ask for it."""
    text = ".action send(t: symbol)\nforbid send(_) :- past send(_) within 1h, called(_, send, _).\n"
    grammar = Vocabulary.of([parse(text)]).grammar()
    for body in ("past send(T) within 24h", "not failed send(_) within 10m"):
        analyse([parse(text), parse(f"forbid send(T) :- {body}.")])
        assert accepts(grammar, f"{SENTENCE}Rule: forbid send(T) :- {body}.")
    for span in ("0h", "1", "99999999d", "-1h", "T"):
        assert not accepts(grammar, f"{SENTENCE}Rule: forbid send(T) :- past send(T) within {span}.")


def test_rules_speak_of_the_chosen_alone() -> None:
    """Relations and actions that were not chosen cannot be named; what is not declared cannot be chosen."""
    schema = kitchen().schema
    grammar = specialise(schema, relations=["holding"], actions=["put"])
    assert accepts(grammar, f"{SENTENCE}Rule: {GOOD[1]}")
    assert not accepts(grammar, f"{SENTENCE}Rule: {GOOD[0]}")
    assert not accepts(grammar, f"{SENTENCE}Rule: {GOOD[2]}")
    with pytest.raises(ValueError, match="action `eat` is not declared"):
        specialise(schema, actions=["eat"])
    with pytest.raises(ValueError, match="no action is declared"):
        specialise(program_from_text(".decl p(x: int)").schema)


def test_constants_are_those_of_the_rules() -> None:
    """A type's constants are what its columns hold in rules and facts, the most frequent first."""
    program = program_from_text("""
.type sort <: symbol
.decl kind(o: symbol, k: sort)
.action heat(o: symbol)
kind(cup_1, mug).
forbid heat(O) :- kind(O, knife).
forbid heat(O) :- not kind(O, "egg cup"), not kind(O, knife).
""")
    assert constants_of(program) == {"sort": ["knife", '"egg cup"', "mug"], "symbol": ["cup_1"]}


def test_grammars_are_finite() -> None:
    """No rule leads back to itself, so that a model that follows the grammar comes to an end."""
    grammar = kitchen_grammar()
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path
        if name not in done:
            for symbol in (s for each in grammar.rules[name] for s in each):
                if not isinstance(symbol, (str, Chars)):
                    visit(symbol.name, (*path, name))
        done.add(name)

    visit("start", ())
    assert done == grammar.rules.keys()


def test_llguidance_takes_it() -> None:
    """The library that servers constrain answers with compiles the text, and decides as Lark does."""
    llguidance = pytest.importorskip("llguidance", reason="needs the test extra")
    text = llguidance.grammar_from("lark", lark_text(kitchen_grammar()))
    failed, messages = llguidance.LLMatcher.validate_grammar_with_warnings(text)
    assert (failed, messages) == (False, [])
    assert [rule for rule in GOOD if not matches(text, f"{SENTENCE}Rule: {rule}")] == []
    assert [rule for rule in WRONG.values() if matches(text, f"{SENTENCE}Rule: {rule}")] == []


@given(declarations(), st.integers(0, 2**32))
def test_llguidance_takes_every_schema(declared: str, seed: int) -> None:
    """Whatever is declared, both notations stand for the texts that the grammar stands for."""
    llguidance = pytest.importorskip("llguidance", reason="needs the test extra")
    from llguidance.gbnf_to_lark import gbnf_to_lark

    schema = program_from_text(declared).schema
    constants = {type_: ["a", "a_1", "ab"] for type_ in ("symbol", *schema.types)}
    grammar = specialise(schema, constants=constants)
    notations = [lark_text(grammar), gbnf_to_lark(gbnf_text(grammar))]
    for text in notations:
        compiled = llguidance.grammar_from("lark", text)
        for each in range(seed, seed + 5):
            assert matches(compiled, sample(grammar, each))


def matches(grammar: str, answer: str) -> bool:
    """Whether llguidance lets an answer through, up to its end."""
    import llguidance

    tokenizer = byte_tokenizer()
    matcher = llguidance.LLMatcher(tokenizer, grammar)
    return bool(matcher.consume_tokens(tokenizer.tokenize_str(answer)) and matcher.is_accepting())


@cache
def byte_tokenizer() -> Any:
    """llguidance's tokenizer of a vocabulary of single bytes."""
    import llguidance

    class Bytes:
        eos_token_id = 256
        bos_token_id = None
        tokens = (*(bytes([b]) for b in range(256)), b"<eos>")
        special_token_ids = (256,)

        def __call__(self, text: str) -> list[int]:
            return list(text.encode())

    return llguidance.LLTokenizer(llguidance.TokenizerWrapper(Bytes()))


def test_a_choice_is_one_of_its_texts() -> None:
    """The grammar of a choice stands for the given texts alone."""
    grammar = choice(["open(fridge_1)", 'say("\\"a\\"")'])
    assert accepts(grammar, 'say("\\"a\\"")')
    assert not accepts(grammar, "open(fridge_2)")
    with pytest.raises(ValueError, match="at least one"):
        choice([])
