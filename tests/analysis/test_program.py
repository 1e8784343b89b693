"""The contents of a checked program: rules in core relations, facts, strata, overrides, version."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mpr_logic.analysis import Program, Rule, analyse
from mpr_logic.analysis.schema import declarations_of
from mpr_logic.errors import ProgramError
from mpr_logic.language.ast import Comparison, Const, Module, Var
from mpr_logic.language.moments import Instant
from mpr_logic.language.parser import parse
from mpr_logic.language.printer import print_item, print_term

SCHEMA = """.decl p(x: symbol)
.decl q(x: symbol, n: int)
.decl w(x: symbol, f: float)
.decl seen(x: symbol) open_world
.action put(o: symbol, r: symbol)
.action take(o: symbol)
"""


def program(text: str) -> Program:
    """The checked program of a text behind the schema."""
    return analyse([parse(SCHEMA + text)])


def shown(rule: Rule) -> str:
    """A rule as the core relations name it."""
    head = f"{rule.head}({', '.join(map(print_term, rule.args))})"
    return f"{head} :- {', '.join(map(print_item, rule.body))}" if rule.body else head


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("forbid put(O, R) :- p(O), not p(R).", "forbid put(O, R) :- p(O), not p(R)"),
        ("permit put(r: R) :- p(R).", "permit put(_, R) :- p(R)"),
        ("prefer take(O) :- failed put(o: O), not past take(O).", None),
        ("p(X) :- q(n: 3, x: X).", "p(X) :- q(X, 3)"),
        ("p(X) :- q(X, N), not q(n: N).", "p(X) :- q(X, N), not q(_, N)"),
        ("put(O, R) causes q(O, 1) :- p(R).", "causes q by put(O, R, O, 1) :- p(R)"),
        ("take(_) ends seen(x).", "ends seen by take(_, x)"),
        ("p(X) :- q(X, N), q(X, N + 1).", "p(X) :- q(X, N), #1 = N + 1, q(X, #1)"),
        ("q(X, N * 2) :- q(X, N).", "q(X, #1) :- q(X, N), #1 = N * 2"),
        (
            "w(X, 0.5) :- p(X), N = count : { q(X, length(X)) }, N > 1.",
            "w(X, 0.5) :- p(X), N = count : { #1 = length(X), q(X, #1) }, N > 1",
        ),
        ("w(X, 1) :- p(X).", "w(X, 1.0) :- p(X)"),
        ("w(X, N) :- q(X, N).", "w(X, #1) :- q(X, N), #1 = N + 0.0"),
        ("p(X) :- w(X, 2).", "p(X) :- w(X, 2.0)"),
        (
            "w(X, 0.5) :- p(X), N = count : { p(Y) }, N = count : { q(Y, _) }.",
            "w(X, 0.5) :- p(X), N = count : { p(Y) }, N = count : { q(Y#2, _) }",
        ),
    ],
)
def test_rules_speak_of_core_relations(text: str, expected: str | None) -> None:
    """Names, places and computed arguments are resolved."""
    (rule,) = program(text).rules
    if expected is None:  # tenses print as such: the names say it
        assert [(i.atom.name, i.negated, i.tense) for i in rule.body] == [  # type: ignore[union-attr]
            ("failed put", False, None),
            ("past take", True, None),
        ]
    else:
        assert shown(rule) == expected


def test_a_negated_open_world_literal_asks_for_absences() -> None:
    """``not seen(X)`` becomes a positive literal of the relation of observed absences."""
    (rule,) = program("p(X) :- q(X, _), not seen(X).").rules
    assert [(i.atom.name, i.negated) for i in rule.body] == [("q", False), ("not seen", False)]  # type: ignore[union-attr]


def test_a_rule_knows_its_action_and_what_the_question_binds() -> None:
    """``given`` counts the action's arguments, an effect's stand behind them."""
    forbid, causes, plain = program(
        "forbid put(O, _) :- p(O). put(O, _) causes seen(O). q(X, 1) :- p(X)."
    ).rules
    assert (forbid.action, forbid.given, len(forbid.args)) == ("put", 2, 2)
    assert (causes.action, causes.given, len(causes.args)) == ("put", 2, 3)
    assert (plain.action, plain.given) == (None, 0)


def test_two_actions_with_one_effect_are_two_relations() -> None:
    """Effects on a relation are told apart by the action: rows of a relation have one length."""
    found = program("put(O, _) causes seen(O). take(O) causes seen(O).")
    assert {h: found.arity[h] for h in ("causes seen by put", "causes seen by take")} == {
        "causes seen by put": 3,
        "causes seen by take": 2,
    }
    assert [len(found.rules_for(h)) for h in ("causes seen by put", "causes seen by take")] == [1, 1]


def test_facts_are_rows() -> None:
    """Facts are typed rows of core relations; of equal ones the strongest counts."""
    found = program(
        "0.5 :: p(a). p(b). 0.9 :: p(a). q(n: 2, x: a). w(a, 3). not seen(a). seen(b). "
        "past put(a, b). failed take(a)."
    )
    assert [(f.relation, f.row, f.weight) for f in found.facts] == [
        ("p", ("b",), 1.0),
        ("p", ("a",), 0.9),
        ("q", ("a", 2), 1.0),
        ("w", ("a", 3.0), 1.0),
        ("not seen", ("a",), 1.0),
        ("seen", ("b",), 1.0),
        ("past put", ("a", "b"), 1.0),
        ("failed take", ("a",), 1.0),
    ]
    assert isinstance(found.facts[3].row[1], float)
    assert found.constants() >= {"a", "b", 2, 3}


def test_constants_are_what_engines_hold() -> None:
    """A time in a rule is an instant where its column holds times, in braces and branches too."""
    found = analyse(
        [
            parse(
                '.decl e(t: time, n: int)\n.decl p()\np :- (not e("1970-01-01T00:00:00Z", 1) ; e(_, 2)), '
                "3 = count : { e(_, 4) }."
            )
        ]
    )
    assert {Instant.read("1970-01-01T00:00:00Z"), 1, 2, 3, 4} <= found.constants()
    assert "1970-01-01T00:00:00Z" not in found.constants()


def test_arities_of_all_core_relations() -> None:
    """Every core relation has an arity, also those that no clause speaks of."""
    arity = program("").arity
    assert arity["not seen"] == 1
    assert "not p" not in arity
    assert {arity[f"{w} put"] for w in ("past", "succeeded", "failed", "forbid", "permit", "prefer")} == {2}


def test_strata_are_in_order_and_recursion_is_known() -> None:
    """A stratum comes after all that it depends on; mutual recursion shares one."""
    found = analyse(
        [
            parse(
                ".decl e(x: int, y: int) .decl t(x: int, y: int) .decl u(x: int) "
                ".decl v(x: int) .decl z(x: int) z(X) :- e(X, _), not v(X)."
                "v(X) :- u(X). u(X) :- v(X). u(X) :- t(X, X)."
                "t(X, Y) :- e(X, Y). t(X, Z) :- t(X, Y), e(Y, Z)."
            )
        ]
    )
    assert found.strata == (("t",), ("u", "v"), ("z",))
    assert found.recursive == {"t", "u", "v"}


def test_a_long_cycle_is_named() -> None:
    """The message of an unstratified program walks through the cycle."""
    with pytest.raises(ProgramError) as caught:
        analyse(
            [
                parse(
                    ".decl a(x: int) .decl b(x: int) .decl c(x: int) .decl d(x: int)"
                    "a(X) :- b(X). b(X) :- d(X), c(X). c(X) :- d(X), not a(X)."
                )
            ]
        )
    (found,) = caught.value.diagnostics
    assert found.message == "`c` depends on its own negation: `c` <- not `a` <- `b` <- `c`"


@pytest.mark.heavy
def test_deep_dependencies_need_no_recursion() -> None:
    """Thousands of relations in a row are stratified."""
    count = 3000
    text = "".join(f".decl r{i}(x: int) " for i in range(count))
    text += "".join(f"r{i}(X) :- r{i + 1}(X). " for i in range(count - 1))
    assert len(analyse([parse(text)]).strata) == count - 1


def test_overrides_reach_every_rule_of_the_name() -> None:
    """A permit overrides by id, before or behind the forbid, and the duplicates of that rule too."""
    found = program(
        "@overrides(closed, wet) permit put(O, _) :- p(O)."
        "@id(closed) forbid put(_, R) :- p(R). @id(wet) forbid put(O, R) :- q(O, _), p(R)."
        "@id(closed) forbid put(_, Box) :- p(Box)."
    )
    permit = found.rules_for("permit put")[0]
    assert [r.id for r in found.rules_for("forbid put")] == ["closed", "wet", "closed-2"]
    assert found.overrides == {permit.id: frozenset({"closed", "wet", "closed-2"})}


def test_rules_without_an_id_can_be_overridden_by_their_hash() -> None:
    """The hash of a rule is an id like any other."""
    forbid = program("forbid put(_, R) :- p(R).").rules[0]
    found = program(f"forbid put(_, R) :- p(R). @overrides({forbid.id}) permit put(_, _).")
    assert found.overrides[found.rules_for("permit put")[0].id] == {forbid.id}


def test_equal_rules_have_numbered_ids() -> None:
    """The second of two equal rules has the first one's id and ``-2``."""
    first, second, third = program("p(X) :- q(X, _). p(Y) :- q(Y, _). p(Z) :- q(Z, 2).").rules
    assert second.id == f"{first.id}-2"
    assert not third.id.startswith(first.id)


def test_the_version_is_of_the_meaning() -> None:
    """Order and names do not change the version; weights, texts and declarations do."""
    one = program("0.5 :: p(X) :- q(X, _). p(a).").version
    assert program("p(a). 0.5 :: p(Y) :- q(Y, _). % a comment").version == one
    for other in (
        "0.6 :: p(X) :- q(X, _). p(a).",
        "0.5 :: p(X) :- q(X, _). p(b).",
        '@source("x") 0.5 :: p(X) :- q(X, _). p(a).',
        "0.5 :: p(X) :- q(X, _). p(a). .default forbid put",
    ):
        assert program(other).version != one


def test_clauses_of_one_shape_keep_their_own_constants_and_places() -> None:
    """The work done once for a shape is filled in for every clause."""
    rules = program("p(X) :- q(X, 1), past take(o: X).\np(X) :- q(X, 2), past take(o: X).").rules
    for number, rule in enumerate(rules, start=1):
        first, second = rule.body
        assert first.atom.args[1] == Const(number)  # type: ignore[union-attr]
        assert {first.span.line, second.span.line} == {6 + number}
        assert second.atom.args == (Var("X"),)  # type: ignore[union-attr]


def test_a_fact_with_a_computed_argument_is_a_rule() -> None:
    """``q(a, 1 + 2).`` is worked out by the engine, like any arithmetic."""
    found = program("q(a, 1 + 2).")
    (rule,) = found.rules
    assert not found.facts
    assert isinstance(rule.body[0], Comparison)


def test_group_variables_make_a_rule_safe() -> None:
    """A head variable that only the braces of an aggregate bind ranges over the groups."""
    (rule,) = program("p(X) :- N = count : { q(X, _) }, N > 2.").rules
    assert rule.args == (Var("X"),)


def test_assignments_chain_in_any_order() -> None:
    """``=`` binds from what is bound, wherever it stands, and carries its type."""
    program("q(X, B) :- B = A + 1, A = N + 1, q(X, N), B < 9.")
    with pytest.raises(ProgramError, match="`B` has no value here"):
        program("q(X, B) :- B = A + 1, A = B - 1, q(X, _).")


def test_a_program_is_not_changed_by_its_copy() -> None:
    """The index of rules belongs to the rules that a program has."""
    found = program("p(X) :- q(X, _).")
    assert replace(found, rules=()).rules_for("p") == ()
    assert len(found.rules_for("p")) == 1


def test_a_signature_has_the_attributes_of_its_declaration() -> None:
    """A key by places, who may change it; what is shared, or changed by somebody, is filled by the host."""
    schema = analyse(
        [
            parse(
                '.decl limit(a: symbol, most: int) changed_by("the controller") key(a)\n'
                ".decl spent(n: int) shared key()\n.decl plain(n: int)\n.action put(o: symbol, how?: symbol)"
            )
        ]
    ).schema
    limit, spent, plain = (schema.relations[name] for name in ("limit", "spent", "plain"))
    assert (limit.key, limit.changed_by, limit.input, limit.shared) == ((0,), "the controller", True, False)
    assert (spent.key, spent.changed_by, spent.input, spent.shared) == ((), None, True, True)
    assert (plain.key, plain.changed_by, plain.input, plain.shared) == (None, None, False, False)
    assert schema.actions["put"].optional == (1,)


def test_a_default_closes_every_action_wherever_it_is_declared() -> None:
    """`.default forbid *` speaks of the actions of other files too, and of none by name."""
    modules = [parse(".default forbid *"), parse(".action put(o: symbol)\n.action take()", "b.dl")]
    schema = analyse(modules).schema
    assert schema.closed == {"put", "take"}
    assert schema.all_closed


@pytest.mark.parametrize(
    "other",
    [
        ".decl limit(a: symbol, most: int) key(a)",
        ".decl limit(a: symbol, most: int) key(a) shared",
        ".decl limit(a: symbol, most: int) key() input",
        '.decl limit(a: symbol, most: int) key(a) changed_by("me")',
        ".decl limit(a: symbol, most: int) key(a) input open_world",
    ],
)
def test_declarations_of_one_relation_agree_in_their_attributes(other: str) -> None:
    """Two files that declare one relation say the same of it; the message shows what the first says."""
    first = parse(".decl limit(a: symbol, most: int) input key(a)", "a.dl")
    analyse([first, parse(".decl limit(a: symbol, most: int) key(a) input", "b.dl")])
    with pytest.raises(ProgramError) as caught:
        analyse([first, parse(other, "b.dl")])
    (found,) = caught.value.diagnostics
    assert found.code == "E0208"
    assert ".decl limit(a: symbol, most: int) input key(a)" in found.help


@pytest.mark.parametrize(
    "schema", ['.decl p(x: int) open_world input key(x) changed_by("me") shared', ".decl p() key()"]
)
def test_a_schema_is_declared_again_with_all_that_it_says(schema: str) -> None:
    """The statements made of a schema give the same schema."""
    text = f"{schema}\n.type t <: symbol\n.action put(o: t, how?: symbol)\n.action take()\n.default forbid *"
    first = analyse([parse(text)]).schema
    again = analyse([Module(tuple(declarations_of(first)))]).schema
    assert (again.relations["p"].attributes, again.actions["put"].optional) == (
        first.relations["p"].attributes,
        (1,),
    )
    assert (again.closed, again.all_closed) == (first.closed, True)
