"""Shapes: rules that differ only in constants share one."""

from __future__ import annotations

from hypothesis import given

from mpr_logic.analysis import Rule, abstract, analyse, rule_shape
from mpr_logic.analysis.shapes import group_by_shape
from mpr_logic.analysis.terms import rewrite_item
from mpr_logic.language.ast import Const, Term, Value, Var
from mpr_logic.language.parser import parse
from mpr_logic.language.printer import print_item, print_term
from tests.helpers.programs import Case, cases

SCHEMA = ".decl p(x: symbol) .decl q(x: symbol, n: int) .action act(x: symbol, y: symbol) "


def rule(text: str) -> Rule:
    """The one rule of a text behind the schema."""
    return analyse([parse(SCHEMA + text)]).rules[0]


def test_the_constants_of_atoms_are_taken_out() -> None:
    """Constants of the head and the literals are taken out in order, equal ones twice."""
    one = rule("forbid act(a, Y) :- q(Y, 3), not p(a), N = count : { q(b, _) }, N > 2.")
    other = rule("0.5 :: forbid act(c, Z) :- q(Z, 7), not p(d), M = count : { q(e, _) }, M > 2.")
    key, constants = rule_shape(one)
    assert constants == ("a", 3, "a", "b")
    args, body = abstract(one)
    assert [print_term(t) for t in args] == ["$0", "V0"]
    assert [print_item(i) for i in body] == [
        "q(V0, $1)", "not p($2)", "V1 = count : { q($3, _) }", "V1 > 2",
    ]  # fmt: skip
    assert rule_shape(other)[1] == ("c", 7, "d", "e")
    # a weight that is not 1 is the only other difference
    assert rule_shape(other)[0] != key
    assert (
        rule_shape(rule("0.7 :: forbid act(c, Z) :- q(Z, 7), not p(d), M = count : { q(e, _) }, M > 2."))[0]
        == (rule_shape(other)[0])
    )


def test_what_is_not_a_constant_of_an_atom_makes_another_shape() -> None:
    """Compared constants, variables, signs and relations are part of the shape."""
    texts = [
        "forbid act(X, Y) :- q(X, N), N > 1.",
        "forbid act(X, Y) :- q(X, N), N > 2.",
        "forbid act(X, Y) :- q(Y, N), N > 1.",
        "forbid act(X, X) :- q(X, N), N > 1.",
        "forbid act(X, Y) :- q(X, 1), p(Y).",
        "forbid act(X, Y) :- q(X, 1), not p(Y).",
        "forbid act(X, Y) :- q(X, 1), p(_).",
        "prefer act(X, Y) :- q(X, 1), p(Y).",
        'forbid act(X, Y) :- q(X, 1), contains(X, "a").',
        'forbid act(X, Y) :- q(X, 1), contains(X, "b").',
        'forbid act(X, Y) :- q(X, 1), not contains(X, "b").',
    ]
    assert len({rule_shape(rule(t))[0] for t in texts}) == len(texts)


@given(cases())
def test_a_rule_is_its_shape_with_its_constants(case: Case) -> None:
    """Putting the constants back into the abstract rule gives the rule up to the names of variables."""
    for each in analyse([parse(case.text)]).rules:
        _, constants = rule_shape(each)
        args, body = abstract(each)
        assert filled(args, body, constants) == renamed(each)


@given(cases())
def test_equal_keys_mean_equal_code(case: Case) -> None:
    """Rules of one key have one abstract head and body."""
    seen: dict[object, object] = {}
    for each in analyse([parse(case.text)]).rules:
        assert seen.setdefault(rule_shape(each)[0], (each.head, each.given, abstract(each))) == (
            each.head,
            each.given,
            abstract(each),
        )


@given(cases())
def test_groups_have_every_rule_once(case: Case) -> None:
    """Groups hold all rules, those of one shape together, in order, each with its constants."""
    rules = analyse([parse(case.text)]).rules
    groups = group_by_shape(rules)
    assert sorted((r for g in groups for r in g.rules), key=rules.index) == list(rules)
    assert len({rule_shape(g.rules[0])[0] for g in groups}) == len(groups)
    for group in groups:
        shapes = [rule_shape(each) for each in group.rules]
        assert {key for key, _ in shapes} == {shapes[0][0]}
        assert [row for _, row in shapes] == group.rows
        assert sorted(group.rules, key=rules.index) == group.rules


def filled(args: tuple[Term, ...], body: tuple[object, ...], constants: tuple[Value, ...]) -> object:
    """An abstract rule with its placeholders replaced by constants."""

    def leaf(term: Term) -> Term:
        if isinstance(term, Var) and term.name.startswith("$"):
            return Const(constants[int(term.name[1:])])
        return term

    return tuple(map(leaf, args)), tuple(rewrite_item(i, leaf) for i in body)  # type: ignore[arg-type]


def renamed(each: Rule) -> object:
    """A rule with its variables named by their first occurrence."""
    names: dict[str, Var] = {}

    def leaf(term: Term) -> Term:
        if not isinstance(term, Var) or term.name == "_":
            return term
        return names.setdefault(term.name, Var(f"V{len(names)}"))

    return tuple(map(leaf, each.args)), tuple(rewrite_item(i, leaf) for i in each.body)
