"""Sets, enumerated types, named constants and parameters."""

from __future__ import annotations

from itertools import chain
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpr_logic import Checker, evaluate
from mpr_logic.analysis import canonical_text
from mpr_logic.analysis.analyse import analyse
from mpr_logic.analysis.lints import lint, vet
from mpr_logic.analysis.schema import declarations_of
from mpr_logic.checker.render import proof_text
from mpr_logic.checker.verifier import verify
from mpr_logic.errors import MprError, OptionError, ProgramError, StateError
from mpr_logic.guard.guard import Guard
from mpr_logic.language.ast import Module
from mpr_logic.language.parser import parse, parse_clause
from mpr_logic.language.printer import print_module, print_statement, print_value

RULES = """
.type cabin <: symbol {basic_economy, economy, business}
.type upgraded <: cabin {business}
.const most = 5
.const closed = {fridge, "big door"}
.param limit: int = 1000
.decl booked(c: cabin) input
.decl raw(v: any) input
.decl cabin_of(c: cabin)
.decl better(c: upgraded) input
.action pay(amount: int, c?: cabin)
.action open(r: symbol)
@id(dear) @because("{A} is over {$limit}") forbid pay(A, _) :- A > $limit.
@id(odd) @because("{A} is odd") forbid pay(A, _) :- A in {1, 3, $most}.
@id(full) @because("{C} is full") forbid pay(_, C) :- booked(C), C not in {business}.
@id(shut) @because("of {$closed}") forbid open(R) :- R in $closed.
cabin_of(V) :- raw(V), V in {economy, business}.
"""


def refusal(text: str, **params: object) -> list[str]:
    """The codes and messages with which a text is refused."""
    with pytest.raises(ProgramError) as caught:
        analyse([parse(text)], params=params)
    return [f"{d.code}: {d.message}" for d in caught.value.diagnostics]


@pytest.mark.parametrize(
    ("action", "rules"),
    [
        ("pay(2, economy)", ()),
        ("pay(3, economy)", ("odd",)),
        ("pay(5, null)", ("odd",)),
        ("pay(1001, null)", ("dear",)),
        ("pay(2, basic_economy)", ("full",)),
        ("pay(2, business)", ()),
        ('open("big door")', ("shut",)),
        ("open(shelf)", ()),
    ],
)
@pytest.mark.parametrize("engine", ["native", "both"])
def test_sets_and_names_decide(action: str, rules: tuple[str, ...], engine: Any) -> None:
    """Sets and the values of names decide, by either engine, and the proofs verify."""
    made = Checker.from_text(RULES, engine=engine)
    made.update(add=["booked(basic_economy)", "booked(business)"])
    decision = made.check(action, proofs=True)
    assert decision.rules == rules
    for reason in decision.reasons:
        assert reason.proof is not None
        assert verify(reason.proof, made.program, made.facts()) == []


CONSTANTS = st.sampled_from(["a", "b", '"a b"', "true", "0", "1", "-2", "1.0", "0.5"])


@given(
    members=st.lists(CONSTANTS, min_size=1, max_size=20),
    rows=st.lists(CONSTANTS, max_size=6),
    kind=st.sampled_from(["any", "symbol", "float", "int"]),
)
def test_a_set_is_what_its_comparisons_say(members: list[str], rows: list[str], kind: str) -> None:
    """`X in {a, b}` holds where `X = a` or `X = b` does, and `not in` where neither does; braces bind too."""
    values = [parse_clause(f"p({each}).").head.args[0].value for each in members]  # type: ignore[union-attr]
    fits = {"symbol": (str,), "float": (int, float), "int": (int,), "any": (str, int, float)}[kind]
    members = [m for m, v in zip(members, values, strict=True) if isinstance(v, fits)]
    rows = [r for r in rows if isinstance(parse_clause(f"p({r}).").head.args[0].value, fits)]  # type: ignore[union-attr]
    if not members:
        return
    listed = ", ".join(members)
    text = f"""
    .decl p(x: {kind})
    .decl yes(x: {kind})
    .decl no(x: {kind})
    .decl how(n: int)
    {" ".join(f"p({row})." for row in rows)}
    """
    by_set = f"""
    yes(X) :- p(X), X in {{{listed}}}.
    no(X) :- p(X), X not in {{{listed}}}.
    how(N) :- N = count : {{ p(X), X in {{{listed}}} }}.
    """
    one, other = (" ; ".join(f"X = {m}" for m in members), ", ".join(f"X != {m}" for m in members))
    by_hand = f"""
    yes(X) :- p(X), ({one} ; {one}).
    no(X) :- p(X), {other}.
    how(N) :- N = count : {{ yes(X) }}.
    """
    assert evaluate(text + by_set) == evaluate(text + by_hand)


BRANCHES = st.recursive(
    st.sampled_from(["a", "b", "c", "not a", "not b"]),
    lambda inner: st.lists(
        st.lists(inner, min_size=1, max_size=2).map(", ".join), min_size=2, max_size=2
    ).map(lambda branches: f"({' ; '.join(branches)})"),
    max_leaves=5,
)


@given(body=st.lists(BRANCHES, min_size=1, max_size=3), facts=st.sets(st.sampled_from("abc")))
def test_alternatives_are_or_and_commas_and(body: list[str], facts: set[str]) -> None:
    """A body with alternatives holds where Python says so of the same words."""
    text = ", ".join(body)
    said = text.replace(",", " and").replace(";", " or").replace("not ", "not _")
    expected = eval(said.replace("_", ""), {name: name in facts for name in "abc"})
    assert (
        bool(evaluate(f"p(1) :- {text}.", {name: [()] if name in facts else [] for name in "abc"})["p"])
        == expected
    )


def test_numbers_in_a_set_are_those_of_the_column() -> None:
    """A set of ints on a column of floats gives floats, and halves of them."""
    text = ".decl p(x: float)\n.decl q(y: float)\np(1.0). p(2.5).\nq(Y) :- X in {1, 3, 2.5}, p(X), Y = X / 2."
    assert evaluate(text)["q"] == {(0.5,), (1.25,)}


def test_a_large_set_is_no_larger_a_program() -> None:
    """A set of a thousand members is one literal, and its name in messages is short."""
    members = [f"m{i}" for i in range(1000)]
    listed = ", ".join(members)
    made = Checker.from_text(f'.action a(x: symbol)\n@because("no") forbid a(X) :- X in {{{listed}}}.')
    assert len(made.program.rules) == 1
    assert not made.check("a(m999)").admissible
    assert made.check("a(m1000)").admissible
    (reason,) = made.check("a(m999)", proofs=True).reasons
    assert reason.proof is not None
    assert "✓ m999 in {m0, m1, " in proof_text(reason.proof)
    assert "988 more" in str(made.why_not("a(m1000)"))


def test_equal_sets_are_one() -> None:
    """Order and repetition of members make no other rule, and no other id; a name makes none either."""
    schema = analyse([parse(RULES)]).schema
    texts = [
        canonical_text(schema, parse_clause(f"forbid pay(A, _) :- A in {{{members}}}."))
        for members in ("1, 5", "5, 1", "1, 5, 1", "1, $most")
    ]
    assert len(set(texts)) == 1


def test_why_not_says_what_is_near() -> None:
    """Where a value is in no set, why-not names the value and the member it is most like."""
    told = str(Checker.from_text(RULES).why_not("open(fridg)"))
    assert '✗ R in {"big door", fridge} fails: it is fridg, and fridge is one' in told


def test_names_stay_usable() -> None:
    """`in` is a name like others where no set follows."""
    assert evaluate("in(a). p(X) :- in(X), X in {a, in}. p(in) :- in(in).")["p"] == {("a",)}


# ---- enumerated types


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("booked(busines).", "E0231: busines is no value of `cabin`"),
        ("forbid pay(_, first).", "E0231: first is no value of `cabin`"),
        ("forbid pay(_, C) :- C != busines.", "E0231: busines is no value of `cabin`"),
        ("forbid pay(_, C) :- C in {economy, busines}.", "E0231: busines is no value of `cabin`"),
        ("forbid pay(_, C) :- not booked(busines), booked(C).", "E0231: busines is no value of `cabin`"),
        ("better(economy).", "E0231: economy is no value of `upgraded`"),
        (
            "cabin_of(V) :- raw(V).",
            "E0206: `V` is of type `any`, but argument `c` of `cabin_of` takes `cabin`",
        ),
        ("cabin_of(V) :- raw(V), V in {economy, first}.", "E0231: this may be none of the values of `cabin`"),
        (".type worse <: cabin {first}", "E0231: first is no value of `cabin`"),
        (".type cabin <: symbol {a}", "E0208: type `cabin` is declared twice"),
        (
            ".param best: cabin = first",
            "E0234: first is no value of `cabin`, the type of the parameter `best`",
        ),
    ],
)
def test_a_constant_outside_is_an_error(text: str, message: str) -> None:
    """A constant that the type does not list is found wherever it stands."""
    (found,) = refusal(f"{RULES}{text}\n")
    assert found.startswith(message)


def test_every_clause_of_a_shape_is_looked_at() -> None:
    """Clauses that differ in their constants alone are checked once, and their constants each time."""
    clauses = "".join(
        f"forbid pay({n}, {c}).\n" for n, c in ((7, "economy"), (8, "business"), (9, "busines"))
    )
    (found,) = refusal(RULES + clauses)
    assert found == "E0231: busines is no value of `cabin`"


def test_a_value_from_outside_is_held_to_its_type() -> None:
    """A state, an update, an action and a call with a value that is not listed are refused or rejected."""
    made = Checker.from_text(RULES)
    for wrong in ("booked(first)", "better(economy)"):
        with pytest.raises(StateError, match="is no value of"):
            made.update(add=[wrong])
    with pytest.raises(StateError, match="did you mean `economy`"):
        made.load_state({"mpr_state": 1, "facts": {"booked": [["econmy"]]}})
    decision = made.check("pay(1, first)")
    assert decision.verdict == "undecided"
    assert "first is no value of `cabin`" in decision.reasons[0].text
    assert made.check("pay(2, null)").admissible  # what is left out is the name null
    guard = Guard(text=RULES)
    assert guard.check("pay", {"amount": 2, "c": "economy"}).runs
    assert guard.check("pay", {"amount": 2, "c": None}).runs
    refused = guard.check("pay", {"amount": 2, "c": "econmy"})
    assert not refused.runs
    assert "econmy" in refused.message


def test_whether_a_value_is_of_an_enumerated_type() -> None:
    """`X is cabin` holds of the values that the type lists, and of no other of its built-in type."""
    made = Checker.from_text(RULES + ".decl found(c: cabin)\nfound(V) :- raw(V), V is cabin.")
    made.update(add=["raw(economy)", "raw(first)", "raw(1)"])
    assert made.query("found(C)") == {("economy",): 1.0}


def test_what_comes_as_any_is_narrowed_by_a_set() -> None:
    """A value of type any that is one of the listed stands where these may; else the body fails."""
    made = Checker.from_text(RULES)
    made.update(add=["raw(economy)", "raw(first)", "raw(1)", "raw(2.5)"])
    assert made.query("cabin_of(C)") == {("economy",): 1.0}


# ---- named constants and parameters


def test_the_host_sets_parameters() -> None:
    """A parameter has the host's value, else its default, and the version tells which."""
    assert Checker.from_text(RULES).check("pay(600, null)").admissible
    stricter = Checker.from_text(RULES, params={"limit": 500})
    decision = stricter.check("pay(600, null)")
    assert [str(reason) for reason in decision.reasons] == ["600 is over 500"]
    assert stricter.program.version != Checker.from_text(RULES).program.version
    assert (
        Checker.from_text(RULES, params={"limit": 1000}).program.version
        == Checker.from_text(RULES).program.version
    )
    verdict = Guard(text=RULES, params={"limit": 500}).check("pay", {"amount": 600, "c": "economy"})
    assert not verdict.runs


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"limt": 5}, "there is no parameter `limt`: did you mean `limit`? the rules declare `limit` (int)"),
        ({"most": 6}, "there is no parameter `most`: the rules declare `limit` (int)"),
        ({"limit": "500"}, '`limit` is of type `int`, and what the host sets it to, `"500"`, is none'),
        ({"limit": 1.5}, "`limit` is of type `int`, and what the host sets it to, `1.5`, is none"),
        ({"limit": None}, "`limit` is of type `int`, and what the host sets it to, `None`, is none"),
        ({"limit": [5]}, "`limit` is of type `int`"),
        ({"limit": True}, "`limit` is of type `int`"),
        ({"limit": 10**2000}, "`limit` is of type `int`"),
    ],
)
def test_a_parameter_that_does_not_fit_is_told(params: dict[str, object], message: str) -> None:
    """An unknown name, and a value of another type, are errors that say what there is."""
    with pytest.raises((OptionError, ProgramError)) as caught:
        Checker.from_text(RULES, params=params)
    assert message in str(caught.value)


@given(
    st.dictionaries(st.text(max_size=5) | st.just("limit"), st.none() | st.text() | st.floats() | st.binary())
)
def test_any_value_is_taken_or_told(params: dict[str, object]) -> None:
    """The rules are loaded with any setting of a host, or an error of ours says why not."""
    try:
        Checker.from_text(".param limit: any = 1\n.action a(x: any)\nforbid a($limit).", params=params)
    except MprError:
        pass
    else:
        assert set(params) <= {"limit"}


def test_a_parameter_without_a_value_admits_nothing() -> None:
    """Rules with a parameter that nobody sets are not loaded."""
    text = '.param limit: int\n.action pay(a: int)\n@because("{$limit}") forbid pay(A) :- A > $limit.\n'
    assert refusal(text) == ["E0233: the parameter `limit` (int) has no value"]
    assert not Checker.from_text(text, params={"limit": 5}).check("pay(6)").admissible


def test_names_stand_wherever_a_value_may() -> None:
    """A named constant is that value in heads, facts, arithmetic, tests, aggregates and effects."""
    program = analyse(
        [
            parse("""
            .const two = 2
            .const who = "bob"
            .decl p(x: int, w: symbol)
            .decl q(x: int)
            .action a(x: int)
            p($two, $who).
            q(X * $two + 1) :- p(X, W), contains(W, $who), X = $two.
            q($two) :- N = count : { p(_, W), W in {$who} }, N < $two.
            a($two) causes p($two, $who).
            """)
        ]
    )
    assert evaluate(print_module(parse("p(2)."))) == {"p": {(2,)}}
    made = Checker(program)
    assert made.query("q(X)") == {(5,): 1.0, (2,): 1.0}


def test_declarations_come_round() -> None:
    """The declarations of a schema, printed and read again, are that schema."""
    schema = analyse([parse(RULES)], params={"limit": 7}).schema
    text = print_module(Module(tuple(declarations_of(schema))))
    again = analyse([parse(text)]).schema
    assert (again.members, again.constants) == (schema.members, schema.constants)


def test_files_may_share_a_declaration() -> None:
    """Two files may declare a constant, a parameter and an enumerated type alike; not otherwise."""
    text = ".const most = 5\n.param limit: int = 3\n.type cabin <: symbol {a, b}\n"
    analyse([parse(text, "a.dl"), parse(text, "b.dl")])
    other = text.replace("5", "6").replace("3", "4").replace("{a, b}", "{a}")
    with pytest.raises(ProgramError) as caught:
        analyse([parse(text, "a.dl"), parse(other, "b.dl")])
    assert [d.code for d in caught.value.diagnostics] == ["E0208"] * 3


def test_lints_know_sets() -> None:
    """A rule set with all of it has no findings, and a set that nothing can be in is found."""
    module = parse(RULES)
    program = analyse([module])
    assert [d.code for d in chain(lint([module], program), vet(program, modules=[module]))] == ["W0503"]
    never = parse(RULES + '@because("x") forbid open(R) :- R in $closed, R in {shelf}.')
    assert [d.code for d in vet(analyse([never]), modules=[never]) if d.severity == "error"] == ["E0608"]


def test_the_printer_keeps_the_form() -> None:
    """A set, its name and a named member are printed as they were written."""
    for text in (
        "forbid open(R) :- R in $closed.",
        'forbid open(R) :- R not in {a, $most, -1, "b c"}.',
        '.const closed = {a, "b c"}',
        ".const most = -1.5",
        ".param limit: int",
        ".param limit: int = -3",
        '.type cabin <: symbol {a, "B"}',
    ):
        assert print_statement(parse(text + "\n").statements[0]) == text
    assert print_value("in") == "in"


def test_members_of_a_class_share_an_argument_of_an_enumerated_type() -> None:
    """A class adds the name of the member to the arguments that its members share."""
    text = """.type cabin <: symbol {economy, business}
    .action book(c: cabin)  .action change(c: cabin)  .class write(c: cabin) {book, change}
    forbid write(c: economy)."""
    checker = Checker.from_text(text)
    assert not checker.check("book(economy)").admissible
    assert checker.check("change(business)").admissible
