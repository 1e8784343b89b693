"""A game's grammar: what each action is called, and what is said after it.

TextWorld's parsers read the text; what they give is derived here. The expressions in it are of four kinds
(a name, one of its attributes, ``+``, ``or``) and are interpreted: nothing is handed to ``eval``, which is
also what fails in TextWorld itself on Python 3.13.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from mpr_logic.envs.alfworld.package import textworld_modules
from mpr_logic.errors import GameError

if TYPE_CHECKING:
    from mpr_logic.envs.alfworld.plans import Fact, Facts

Typed = tuple[str, str]
"""A placeholder: its name and its type."""


@dataclass(frozen=True, slots=True)
class Entity:
    """A thing with the attributes that a grammar may read: its id, type and name, and its two articles."""

    id: str
    type: str
    name: str
    definite: str = "the"
    indefinite: str = "a"

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Context:
    """The input of a derivation: the facts, the things by id, and the thing that each placeholder names."""

    facts: Facts
    entities: Mapping[str, Entity]
    mapping: Mapping[Typed, str]

    def variables(self) -> dict[str, Entity]:
        """Return the thing that each name stands for; of two placeholders of one name, the later's."""
        return {name: self.entities[thing] for (name, _), thing in self.mapping.items()}

    def answers(self, query: Query) -> Iterator[Context]:
        """Yield a context for each answer to a query, in the order of its facts.

        No two placeholders stand for one thing."""
        for mapping in _answers(self, query, dict(self.mapping), 0):
            yield Context(self.facts, self.entities, mapping)


Query = tuple[tuple[str, tuple[Typed, ...]], ...]
"""A conjunction: predicates with their placeholders."""

Part = Callable[["Grammar", Context], str]
"""A piece of a text, derived from a context."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """One right-hand side, and the condition under which it is taken."""

    condition: Query
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Wording:
    """The wording of an action: the template of its command, and the feedback when it was done."""

    template: tuple[Part, ...]
    feedback: tuple[Part, ...]
    source: str


class Grammar:
    """The rules of a grammar, and its wording of each action, by the action's name in lower case."""

    def __init__(self, rules: Mapping[str, Sequence[Phrase]], wordings: Mapping[str, Wording]) -> None:
        self.rules = rules
        self.wordings = wordings

    def with_text(self, symbol: str, text: str) -> Grammar:
        """This grammar, in which a symbol stands for that very text."""
        return Grammar({**self.rules, symbol: (Phrase((), (_literal(text),)),)}, self.wordings)

    def say(self, symbol: str, context: Context) -> str:
        """The text of a symbol: its first right-hand side whose condition has an answer.

        Raises GameError where the grammar has none.
        """
        for phrase in self.rules.get(symbol, ()):
            if not phrase.condition or any(True for _ in context.answers(phrase.condition)):
                return self.join(phrase.parts, context)
        raise GameError(f"the grammar has nothing to say for #{symbol}#")

    def join(self, parts: Sequence[Part], context: Context) -> str:
        """The text of some parts, one after the other."""
        return "".join([part(self, context) for part in parts])


@lru_cache(maxsize=4)
def read_grammar(text: str) -> Grammar:
    """Read a grammar in TWL2. Raises GameError where it is broken, or says what is not understood here."""
    logic, textgen, _ = textworld_modules()
    try:
        read = logic.GameLogic(domain="", grammar=text)
        rules = {symbol: _phrases(found) for symbol, found in read.grammar._rules.items()}
        wordings = {}
        for name, action in read.actions.items():
            texts = {"template": [{"rhs": action.template}], "feedback": [{"rhs": action.feedback_rule}]}
            said = textgen.ContextSensitiveGrammar.parse(json.dumps(texts))._rules
            template, feedback = (_phrases(said[symbol])[0].parts for symbol in texts)
            wordings[name] = Wording(template, feedback, action.template)
    except GameError:
        raise
    except Exception as error:  # the parsers raise what they come across
        raise GameError(f"the grammar cannot be read: {type(error).__name__}: {error}") from None
    return Grammar(rules, wordings)


def _phrases(rules: Sequence[Any]) -> tuple[Phrase, ...]:
    return tuple(Phrase(_query(rule.condition), _parts(rule.rhs)) for rule in rules)


def _parts(symbols: Sequence[Any]) -> tuple[Part, ...]:
    return tuple(_part(symbol) for symbol in symbols)


def _part(symbol: Any) -> Part:
    match type(symbol).__name__:
        case "TerminalSymbol":
            return _literal(str(symbol.symbol))
        case "NonterminalSymbol":
            return _symbol(str(symbol.symbol))
        case "EvalSymbol":
            return _expression(symbol.expression)
        case "ConditionalSymbol":
            each = _each(symbol)
            return lambda grammar, context: "".join(each(grammar, context))
        case "ListSymbol":
            return _list(_each(symbol.symbol))
    raise GameError(f"the grammar has a symbol of an unknown kind: {type(symbol).__name__}")


def _literal(text: str) -> Part:
    return lambda grammar, context: text


def _symbol(name: str) -> Part:
    return lambda grammar, context: grammar.say(name, context)


def _each(symbol: Any) -> Callable[[Grammar, Context], list[str]]:
    """``{expression | query}``: the texts of the expression, one for each answer; without a query, one."""
    part, query = _part(symbol.expression), _query(symbol.given)
    if not query:
        return lambda grammar, context: [part(grammar, context)]
    return lambda grammar, context: [part(grammar, answer) for answer in context.answers(query)]


def _list(each: Callable[[Grammar, Context], list[str]]) -> Part:
    def derive(grammar: Grammar, context: Context) -> str:
        texts = each(grammar, context)
        if not texts:
            return grammar.say("list_empty", context)
        if len(texts) == 1:
            return texts[0]
        first = grammar.say("list_separator", context).join(texts[:-1])
        return first + grammar.say("list_last_separator", context) + texts[-1]

    return derive


def _query(text: str | None) -> Query:
    if not text:
        return ()
    rule = textworld_modules()[2].parse_conjunctive_query(text)
    return tuple(
        (pred.name, tuple((place.name, place.type) for place in pred.parameters))
        for pred in rule.preconditions
    )


def _answers(
    context: Context, query: Query, mapping: dict[Typed, str], depth: int
) -> Iterator[dict[Typed, str]]:
    if depth == len(query):
        yield dict(mapping)
        return
    predicate, places = query[depth]
    values = {i + 1: mapping[place] for i, place in enumerate(places) if place in mapping}
    for fact in sorted(context.facts.matching(predicate, values)):
        new = _fitting(context, places, fact, mapping)
        if new is not None:
            yield from _answers(context, query, mapping | new, depth + 1)


def _fitting(
    context: Context, places: tuple[Typed, ...], fact: Fact, mapping: Mapping[Typed, str]
) -> dict[Typed, str] | None:
    """Return the things that the open places take where the fact fits; None where it does not fit."""
    new: dict[Typed, str] = {}
    for place, thing in zip(places, fact[1:], strict=True):
        known = mapping.get(place) or new.get(place)
        if known is None:
            if thing in mapping.values() or thing in new.values() or context.entities[thing].type != place[1]:
                return None
            new[place] = thing
        elif known != thing:
            return None
    return new


def _expression(text: str) -> Part:
    """``o``, ``o.name``, ``'a ' + o.name`` or ``r.name or r.id``. Raises GameError at any other."""
    try:
        value = _value(ast.parse(text.strip(), mode="eval").body)
    except SyntaxError:
        raise GameError(f"the grammar has an expression that is none: {text!r}") from None
    return lambda grammar, context: str(value(context.variables()))


def _value(node: ast.expr) -> Callable[[Mapping[str, Entity]], object]:
    match node:
        case ast.Constant(value=str(text)):
            return lambda variables: text
        case ast.Name(id=name):
            return lambda variables: _thing(variables, name)
        case ast.Attribute(
            value=ast.Name(id=name), attr="id" | "type" | "name" | "definite" | "indefinite" as attr
        ):
            return lambda variables: getattr(_thing(variables, name), attr)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            first, second = _value(left), _value(right)
            return lambda variables: str(first(variables)) + str(second(variables))
        case ast.BoolOp(op=ast.Or(), values=nodes):
            values = [_value(each) for each in nodes]
            return lambda variables: next((found for value in values if (found := value(variables))), "")
    raise GameError(f"the grammar has an expression that is not understood here: {ast.unparse(node)}")


def _thing(variables: Mapping[str, Entity], name: str) -> Entity:
    if name not in variables:
        raise GameError(f"the grammar speaks of {name!r}, which stands for nothing there")
    return variables[name]
