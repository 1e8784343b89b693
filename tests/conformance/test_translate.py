"""The adapter's renaming: one to one, and in our language."""

from __future__ import annotations

from mpr_logic.language.parser import parse
from tests.conformance.cases import core_cases, load_case, projecting
from tests.conformance.translate import Names, translate


def test_bare_names_become_variables() -> None:
    """Lower-case and upper-case names are two variables, and quoted text stays a constant."""
    assert translate(['P(x, X, "x", 3) :- q(x, X).'], Names()) == 'r_P(V_x, V_X, "x", 3) :- q(V_x, V_X).'


def test_relation_names_are_mapped_one_to_one() -> None:
    """Names that are no names here, keywords, and names that meet after renaming come back as they were."""
    names = Names()
    given = ["edge", "Edge", "r_Edge", "count", "not-a-name", "not_a_name", "größe"]
    new = [names[name] for name in given]
    assert len(set(new)) == len(given)
    assert [names.back()[name] for name in new] == given
    parse("".join(f"{name}(a)." for name in new))


def test_a_comparison_loses_its_parentheses() -> None:
    """Crepe writes its conditions in parentheses."""
    assert translate(["p(n) :- q(n), (n <= 25)"], Names()) == "p(V_n) :- q(V_n), V_n<=25."


def test_there_is_none_becomes_a_projection() -> None:
    """A variable in a negated literal alone is projected away; one that is bound elsewhere is kept."""
    text = translate(["p(X) :- q(X), not s(X, P, P), not q(X)."], Names(), projecting=True)
    assert text.splitlines() == [
        "projected(V_X) :- s(V_X, V_P, V_P).",
        "p(V_X) :- q(V_X), not projected(V_X), not q(V_X).",
    ]


def test_every_program_of_the_suite_parses() -> None:
    """The translation of each case's rules is a text of our language with as many clauses or more."""
    for file, name in core_cases():
        if "lubm" in file or "hmmer" in file:
            continue  # their facts take seconds to read, and other tests read them
        case = load_case(file, name)
        assert case.program is not None
        text = translate(case.program.rules, Names(), projecting=projecting(file))
        assert len(parse(text).clauses) >= len(case.program.rules)
