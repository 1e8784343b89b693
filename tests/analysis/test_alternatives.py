"""Alternatives in bodies, and one id for the rules that one clause comes to."""

from __future__ import annotations

import pytest

from mpr_logic import Checker, evaluate
from mpr_logic.analysis import canonical_text
from mpr_logic.analysis.analyse import analyse
from mpr_logic.analysis.lints import lint, vet
from mpr_logic.checker.verifier import verify
from mpr_logic.errors import ProgramError
from mpr_logic.language.parser import parse, parse_clause

RULES = """
.decl hot(o: symbol) input
.decl wet(o: symbol) input
.decl near(o: symbol, p: symbol) input
.decl dry(o: symbol) input
.action put(o: symbol)
@id(unfit) @because("{O} is unfit")
forbid put(O) :- (hot(O), not dry(O) ; wet(O) ; near(O, P), (hot(P) ; wet(P))).
@overrides(unfit)
permit put(O) :- dry(O), wet(O).
"""


def checker(*facts: str, engine: str = "native") -> Checker:
    """A checker of the rules above with some facts."""
    made = Checker.from_text(RULES, engine=engine)  # type: ignore[arg-type]
    made.update(add=list(facts))
    return made


def refusal(text: str) -> list[str]:
    """The messages with which a text is refused."""
    with pytest.raises(ProgramError) as caught:
        analyse([parse(text)])
    return [f"{d.code}: {d.message}" for d in caught.value.diagnostics]


@pytest.mark.parametrize(
    ("facts", "admissible"),
    [
        ((), True),
        (("hot(a)",), False),
        (("hot(a)", "dry(a)"), True),
        (("wet(a)",), False),
        (("near(a, b)", "wet(b)"), False),
        (("near(a, b)", "hot(c)"), True),
        (("wet(a)", "dry(a)"), True),  # overridden
        (("hot(a)", "wet(a)", "near(a, b)", "hot(b)"), False),
    ],
)
@pytest.mark.parametrize("engine", ["native", "both"])
def test_one_branch_is_enough(facts: tuple[str, ...], admissible: bool, engine: str) -> None:
    """A body with alternatives holds where one choice of branches holds, by either engine."""
    assert checker(*facts, engine=engine).check("put(a)").admissible == admissible


def test_a_clause_has_one_id_and_one_reason() -> None:
    """Where several branches hold, there is one reason under the author's id, with a proof that verifies."""
    made = checker("hot(a)", "wet(a)", "near(a, b)", "hot(b)")
    decision = made.check("put(a)", proofs=True)
    assert decision.rules == ("unfit",)
    assert [str(reason) for reason in decision.reasons] == ["a is unfit"]
    for rule in made.program.rules_for("forbid put"):
        proof = made._engine.explain(rule, ("a",))  # every branch that holds
        if proof is not None:
            assert verify(proof, made.program, made.facts()) == []


def test_a_permit_lifts_every_branch() -> None:
    """`@overrides` names the author's rule, so it lifts whichever branch forbids."""
    made = checker("hot(a)", "wet(a)", "near(a, b)", "wet(b)", "dry(a)")
    assert made.check("put(a)").admissible


def test_reasons_differ_by_what_the_text_names() -> None:
    """A clause gives a reason for each binding of its text, from whatever branches they come."""
    made = Checker.from_text("""
    .decl near(o: symbol, p: symbol) input
    .decl over(o: symbol, p: symbol) input
    .action put(o: symbol)
    @because("{P} is in the way") forbid put(O) :- (near(O, P) ; over(O, P)).
    """)
    made.update(add=["near(a, b)", "near(a, c)", "over(a, c)", "over(a, d)"])
    said = sorted(str(reason) for reason in made.check("put(a)").reasons)
    assert said == ["b is in the way", "c is in the way", "d is in the way"]


def test_the_order_and_repetition_of_branches_make_no_id() -> None:
    """The id of a clause without @id is that of the rules it comes to."""
    schema = analyse([parse(RULES)]).schema
    first, second, third, single, plain = (
        canonical_text(schema, parse_clause(text))
        for text in (
            "forbid put(O) :- (hot(O) ; wet(O)).",
            "forbid put(X) :- (wet(X) ; hot(X)).",
            "forbid put(X) :- (wet(X) ; hot(X) ; wet(X)).",
            "forbid put(X) :- (wet(X) ; wet(X)).",
            "forbid put(X) :- wet(X).",
        )
    )
    assert first == second == third
    assert single == plain != first


def test_a_program_without_alternatives_keeps_its_version() -> None:
    """The version of a program that has no sugar is what it was before there was any."""
    text = ".decl q(x: symbol) input\n.decl p(x: symbol)\np(X) :- q(X).\n"
    assert analyse([parse(text)]).version == "c163969e9506279c"


def test_alternatives_in_plain_datalog() -> None:
    """Comparisons, negation and nesting stand in branches; what is undeclared is inferred."""
    rules = "p(X) :- (q(X), X > 1 ; (r(X) ; s(X), not q(X)), X != 7)."
    assert evaluate(rules, {"q": [(1,), (2,)], "r": [(1,), (7,)], "s": [(2,), (9,)]})["p"] == {
        (1,),
        (2,),
        (9,),
    }


def test_an_aggregate_may_stand_in_a_branch() -> None:
    """An aggregate in a branch ranges over what it would in a rule of its own."""
    rules = "p(X) :- q(X, _), (N = count : { q(X, _) }, N > 1 ; r(X))."
    assert evaluate(rules, {"q": [(1, 1), (1, 2), (2, 1), (3, 1)], "r": [(3,)]})["p"] == {(1,), (3,)}


DECLARED = ".decl q(x: symbol) input\n.decl r(x: symbol, y: symbol) input\n.decl p(x: symbol)\n"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            "(q(X) ; q(Y))",
            "E0301: `X` in the head is bound by nothing in the body (in the alternative `q(Y)`)",
        ),
        ("q(X), (not q(Y) ; q(X))", "E0303: `Y` stands in a negated literal, but nothing binds it"),
        ("(q(X) ; r(X, X, X))", "E0203: `r` takes 2 arguments, not 3"),
        ("(q(X) ; nowhere(X))", "E0201: relation `nowhere` is not declared"),
        ("nowhere(X), (q(X) ; q(X), q(X))", "E0201: relation `nowhere` is not declared"),
        ("(q(X), X = 1 + a ; q(X))", "E0212: `+` takes numbers, but `a` is a symbol"),
    ],
)
def test_a_fault_names_its_branch_and_is_told_once(body: str, message: str) -> None:
    """A message about some branches names one of them; a fault of all is told once."""
    (found,) = refusal(f"{DECLARED}p(X) :- {body}.")
    assert found.startswith(message)


def test_the_number_of_rules_is_bounded() -> None:
    """Alternatives that come to more than 64 rules are refused, however deep they nest."""
    pair = "(q(X) ; q(X), q(X))"
    assert analyse([parse(f"{DECLARED}p(X) :- {', '.join([pair] * 6)}.")]).rules
    (found,) = refusal(f"{DECLARED}p(X) :- {', '.join([pair] * 7)}.")
    assert found == "E0126: the alternatives of this clause come to 128 rules, and 64 are allowed"
    huge = ", ".join(["(" + " ; ".join(["q(X)"] * 50) + ")"] * 50)
    (found,) = refusal(f"{DECLARED}p(X) :- {huge}.")
    assert found.startswith("E0126")


def test_because_names_what_every_branch_binds() -> None:
    """A variable that one branch alone binds has no place in the text."""
    (found,) = refusal(f'{DECLARED}@because("{{Y}}") p(X) :- (r(X, Y) ; q(X)).')
    assert found == "E0216: `{Y}` in the text is no variable that the clause binds"


def test_lints_speak_of_the_clause() -> None:
    """A clause with alternatives is no duplicate of itself, and a choice that cannot hold is no fault."""
    text = RULES + '@id(low) @because("low") forbid put(O) :- (O = a ; O = b), (O != a ; wet(O)).\n'
    module = parse(text)
    program = analyse([module])
    assert [d.code for d in lint([module], program)] == []
    assert [d.code for d in vet(program, modules=[module])] == []
    never = parse(text + '@because("x") forbid put(O) :- (O = a ; O = b), O = c.')
    assert [d.code for d in vet(analyse([never]), modules=[never])] == ["E0608"]


def test_a_name_in_parentheses_is_still_a_term() -> None:
    """`(a) = X` was a comparison before there were alternatives, and is one."""
    assert evaluate("p(X) :- (a) = X.")["p"] == {("a",)}
