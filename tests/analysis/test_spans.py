"""Spans of time and aggregates that are compared: what they become, and whose names stay whose."""

from __future__ import annotations

import pytest

from mpr_logic.analysis import analyse
from mpr_logic.analysis.lints import lint
from mpr_logic.errors import ProgramError
from mpr_logic.language.ast import Aggregate, Comparison, Test
from mpr_logic.language.parser import parse
from mpr_logic.language.printer import print_item, print_module

SCHEMA = ".decl due(o: symbol, at: time) input\n.decl p(o: symbol)\n"
DURING = 'p(O) :- due(O, T), not during(T, "sat,sun UTC").'


def items(text: str) -> list[str]:
    """The core items of the one rule of a text."""
    rule, *_ = analyse([parse(SCHEMA + text)]).rules
    return [print_item(item) for item in rule.body]


def test_a_span_reads_the_time_of_the_check_once() -> None:
    """Each span is a test of an age, or of the time itself, and the time of the check is asked for once."""
    assert items('p(O) :- due(O, T), within(T, 24h), not within(T, 1h), during("9-17 UTC").') == [
        "due(O, T)",
        "now_at(#now)",
        "#age1 = #now - T",
        "within(#age1, 24h)",
        "#age2 = #now - T",
        "not within(#age2, 1h)",
        'during(#now, "9-17 UTC")',
    ]
    assert items(DURING) == ["due(O, T)", 'not during(T, "sat,sun UTC")']


@pytest.mark.parametrize("op", ["<", "<=", ">", ">=", "!="])
def test_an_aggregate_may_be_compared(op: str) -> None:
    """It is the aggregate and a comparison of its value, has their id, and is printed as it was written."""
    short = f"p(O) :- due(O, _), 3 {op} count : {{ due(_, T), within(T, 1h) }}."
    long = f"p(O) :- due(O, _), N = count : {{ due(_, T), within(T, 1h) }}, 3 {op} N."
    one, other = (analyse([parse(SCHEMA + text)]) for text in (short, long))
    assert one.rules[0].id == other.rules[0].id
    assert one.version == other.version
    assert [type(item) for item in one.rules[0].body[2:]] == [Aggregate, Comparison]
    assert print_module(parse(short)) == short + "\n" == print_module(parse(print_module(parse(short))))


def test_a_sum_and_a_variable_may_be_compared() -> None:
    """Every aggregate may be compared, with a variable that is bound; one that is not is unsafe."""
    text = ".decl cost(o: symbol, n: int) .decl p(o: symbol)\n"
    program = analyse([parse(text + "p(O) :- cost(O, N), N > max M : { cost(_, M), M != N }.")])
    assert len(program.rules) == 1
    with pytest.raises(ProgramError) as caught:
        analyse([parse(text + "p(O) :- cost(O, _), N > sum M : { cost(_, M) }.")])
    assert [d.code for d in caught.value.diagnostics] == ["E0304"]
    assert "`N`" in caught.value.diagnostics[0].message


def test_the_names_of_spans_stay_free() -> None:
    """A relation, an action or a constant of such a name is what it was, and has no need of a time."""
    text = """.decl within(a: symbol, b: symbol) .decl during(a: symbol) .decl called_at(a: symbol)
.decl q(a: symbol)
.action within_reach(a: symbol)
within(paris, france).
during(within).
called_at(during).
q(X) :- within(X, france), during(_), called_at(_), not within(france, X).
"""
    program = analyse([parse(text)])
    assert [literal.atom.name for literal in program.rules[0].body] == [  # type: ignore[union-attr]
        "within",
        "during",
        "called_at",
        "within",
    ]
    assert len(program.rules) == 1


def test_spans_of_one_shape_are_each_looked_at() -> None:
    """Two rules that differ in their hours alone are two rules, and hours that are none are refused."""
    two = DURING + '\np(O) :- due(O, T), not during(T, "mon-tue UTC").'
    found = [rule.body[1] for rule in analyse([parse(SCHEMA + two)]).rules]
    assert [item.args[1].value for item in found if isinstance(item, Test)] == [  # type: ignore[union-attr]
        "sat,sun UTC",
        "mon-tue UTC",
    ]
    with pytest.raises(ProgramError) as caught:
        analyse([parse(SCHEMA + two + '\np(O) :- due(O, T), not during(T, "mo UTC").')])
    assert [d.code for d in caught.value.diagnostics] == ["E0262"]


def test_lints_take_hours_for_no_text() -> None:
    """The hours of a schedule are not looked at as a text to search for."""
    module = parse(SCHEMA + 'p(O) :- due(O, T), during(T, "MON-fri 9-17 UTC"), not during(T, "mon UTC").\n')
    assert lint([module], analyse([module])) == []
