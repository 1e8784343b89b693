"""A relation that the guard fills cannot be declared in another way: it would be filled in vain."""

from __future__ import annotations

import pytest

from mpr_logic import Checker, evaluate
from mpr_logic.analysis import analyse, lint
from mpr_logic.analysis.builtin_relations import BUILT_IN
from mpr_logic.analysis.report import declaration
from mpr_logic.errors import ProgramError
from mpr_logic.guard.guard import Guard
from mpr_logic.language.parser import parse


@pytest.mark.parametrize(
    "wrong",
    [
        "item(list: any, value: any)",
        "item(l: any, p: int, v: any)",
        "item(list: symbol, position: int, value: symbol)",
        "item(position: int, list: any, value: any)",
        "item(list: any, position: int, value: any) open_world",
        "list_length(list: any)",
        "field(object: any, field: symbol, value: any)",
        "called(action: symbol)",
        "now(second: float)",
        "now()",
        "tool_name(name: symbol, action: symbol)",
        "argument_name(action: symbol, argument: symbol, name: symbol)",
    ],
)
def test_a_built_in_relation_declared_otherwise_is_refused(wrong: str) -> None:
    """Each declaration that is not the built-in one is an error that shows the built-in one."""
    with pytest.raises(ProgramError) as caught:
        Guard(
            text=f".decl {wrong}\n.action invite(guests: any)\nforbid invite(guests: L) :- item(L, _, eve)."
        )
    first = caught.value.diagnostics[0]
    name = wrong.partition("(")[0]
    assert first.code == "E0223"
    assert f".decl {declaration(BUILT_IN[name])}" in first.help


def test_a_rule_that_reads_the_former_form_is_refused() -> None:
    """A rule written for two columns says at once that there are three."""
    with pytest.raises(ProgramError, match="takes 3 arguments, not 2"):
        Guard(text='.action invite(guests: any)\nforbid invite(guests: L) :- item(L, "eve").')


@pytest.mark.parametrize("declared", ["", *(f".decl {declaration(each)}\n" for each in BUILT_IN.values())])
def test_the_built_in_form_may_be_declared(declared: str) -> None:
    """Old files that declare a relation as it is go on; nothing is found against them."""
    text = f"{declared}.action invite(guests: any)\n"
    text += '@because("not her") forbid invite(guests: L) :- item(L, _, "eve").'
    guard = Guard(text=text)
    assert not guard.check("invite", {"guests": ["ann", "eve"]}).runs
    assert not guard.check("invite", {"guests": "eve"}).runs
    assert guard.check("invite", {"guests": ["ann"]}).runs
    assert lint([parse(text)]) == []
    assert analyse([parse(text)]).version == analyse([parse(text.removeprefix(declared))]).version


def test_two_files_may_declare_it_and_one_may_not_twice() -> None:
    """The same declaration in several files is no error; twice in one file is."""
    declared = f".decl {declaration(BUILT_IN['item'])}"
    analyse([parse(declared, "a.dl"), parse(declared, "b.dl"), parse(declared, "c.dl")])
    with pytest.raises(ProgramError, match="declared twice"):
        analyse([parse(f"{declared} {declared}", "a.dl")])


def test_places_of_a_list_are_told_apart() -> None:
    """Two equal items of a list count twice, and their sum is that of both."""
    guard = Guard(
        text="""
        .action order(lines: any)
        @id(total) @because("{S}")
        forbid order(lines: L) :- S = sum A : { item(L, _, X), field(X, amount, A) }, S > 100.
        @id(many) @because("{N}")
        forbid order(lines: L) :- N = count : { item(L, _, _) }, N > 5.
        @id(long) @because("{N}") forbid order(lines: L) :- list_length(L, N), N > 5.
        @id(second) forbid order(lines: L) :- item(L, 1, "second").
        """
    )
    twice = guard.check("order", {"lines": [{"amount": 60}, {"amount": 60}]})
    assert (twice.rules, twice.message.endswith("because 120")) == (("total",), True)
    assert guard.check("order", {"lines": [{"amount": 60}, {"amount": 40}]}).runs
    assert guard.check("order", {"lines": [{"name": "ann"}] * 6}).rules == ("many", "long")
    assert guard.check("order", {"lines": [{"name": "ann"}] * 5}).runs
    assert guard.check("order", {"lines": ["first", "second"]}).rules == ("second",)
    assert guard.check("order", {"lines": ["second", "first"]}).runs


def test_what_is_no_list_is_its_own_only_item_at_every_depth() -> None:
    """A rule on a list serves a field that holds one thing; an empty list has no item, and null neither."""
    guard = Guard(
        text="""
        .action send(mail: any)
        @id(to) forbid send(mail: M) :- field(M, to, L), item(L, 0, "eve").
        @id(one) forbid send(mail: M) :- field(M, to, L), list_length(L, 1).
        """
    )
    assert guard.check("send", {"mail": {"to": "eve"}}).rules == ("to", "one")
    assert guard.check("send", {"mail": {"to": ["eve"]}}).rules == ("to", "one")
    assert guard.check("send", {"mail": {"to": []}}).runs
    assert guard.check("send", {"mail": {"to": None}}).runs


def test_on_any_checker_they_are_there_and_empty() -> None:
    """Without a guard they hold what a state says, and nothing else."""
    checker = Checker.from_text(".action wait() forbid wait :- now(S), S > 100.")
    assert checker.query("now(S)") == {}
    assert checker.query("item(L, P, X)") == {}
    assert checker.check("wait").admissible
    checker.update(add=["now(101)"])
    assert not checker.check("wait").admissible


def test_plain_datalog_has_none_of_them() -> None:
    """The names of built-in relations are the user's own in plain Datalog, where nothing need be declared."""
    found = evaluate("item(a, b). field(X) :- item(X, _). now(X, X) :- field(X).")
    assert (found["field"], found["now"]) == ({("a",)}, {("a", "a")})
    assert "called" not in found
