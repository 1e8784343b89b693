"""Plans of PDDL conditions: they find what trying every binding finds."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpr_logic.envs.alfworld.package import pddl_parser
from mpr_logic.envs.alfworld.plans import Binding, Fact, Facts, Planner, solutions

pytest.importorskip("textworld", reason="needs the extra: pip install 'mpr-logic[alfworld]'")

MEMBERS = {"object": ("a", "b", "c", "d"), "cup": ("a", "b")}
ARITY = {"p": 1, "q": 2, "r": 2}
NAMES = ["?x", "?y", "?u", "?v", "a", "c"]

atoms = st.sampled_from(sorted(ARITY)).flatmap(
    lambda name: st.tuples(st.just(name), *[st.sampled_from(NAMES)] * ARITY[name]).map(list)
)
conditions = st.recursive(
    atoms | st.tuples(st.just("not"), atoms).map(list),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: ["and", *parts]),
        st.lists(inner, max_size=3).map(lambda parts: ["or", *parts]),
        st.tuples(
            st.sampled_from(["exists", "forall"]),
            st.sampled_from(
                [["?u", "-", "cup"], ["?v", "-", "object"], ["?x", "-", "cup", "?u", "-", "object"]]
            ),
            inner,
        ).map(list),
        inner.map(lambda part: ["not", part]),
    ),
    max_leaves=8,
)
stored = st.sets(
    st.sampled_from(sorted(ARITY)).flatmap(
        lambda name: st.tuples(st.just(name), *[st.sampled_from(MEMBERS["object"])] * ARITY[name])
    ),
    max_size=12,
)


def parsed(condition: list[Any]) -> Any:
    """A condition over ?x, ?y, ?u and ?v, in the parser's classes."""
    pddl = pddl_parser()[1].pddl
    predicates = {name: pddl.Predicate(name, [None] * arity) for name, arity in ARITY.items()}
    types = {name: pddl.Type(name, "object") for name in MEMBERS}
    raw = pddl_parser()[1].parse_condition_aux(condition, False, types, predicates)
    return raw.uniquify_variables(dict.fromkeys(NAMES[:4], "object")).simplified()


def holds(condition: list[Any], facts: set[Fact], binding: Binding) -> bool:
    """Whether a condition holds, by its definition."""
    match condition:
        case ["and", *parts]:
            return all(holds(part, facts, binding) for part in parts)
        case ["or", *parts]:
            return any(holds(part, facts, binding) for part in parts)
        case ["not", part]:
            return not holds(part, facts, binding)
        case ["exists" | "forall" as quantifier, variables, part]:
            each = [MEMBERS[kind] for kind in variables[2::3]]
            found = (
                holds(part, facts, binding | dict(zip(variables[::3], values, strict=True)))
                for values in product(*each)
            )
            return any(found) if quantifier == "exists" else all(found)
    return (condition[0], *[binding.get(arg, arg) for arg in condition[1:]]) in facts


@given(conditions, stored, st.sets(st.sampled_from(NAMES[:4])))
def test_a_plan_finds_what_trying_all_finds(condition: list[Any], facts: set[Fact], known: set[str]) -> None:
    """The solutions of a plan are the bindings under which its condition holds, whatever is known before."""
    variables = {name: "cup" if name == "?y" else "object" for name in NAMES[:4]}
    planner = Planner({name: sum(fact[0] == name for fact in facts) for name in ARITY}, MEMBERS)
    plan = planner.plan(parsed(condition), variables, bound=known)
    given_values = dict.fromkeys(known, "b")
    found = {
        tuple(binding[name] for name in variables)
        for binding in solutions(plan, Facts(facts), dict(given_values))
    }
    every = product(*[MEMBERS[kind] for kind in variables.values()])
    expected = {
        values
        for values in every
        if all(dict(zip(variables, values, strict=True))[name] == "b" for name in known)
        and holds(condition, facts, dict(zip(variables, values, strict=True)))
    }
    assert found == expected
