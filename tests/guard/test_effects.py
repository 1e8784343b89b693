"""Values that effects read beside the state are kept with each call, so that a limit made of them holds."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from mpr_logic.errors import GuardError
from mpr_logic.guard.guard import Guard
from mpr_logic.guard.log import DecisionLog, read_log
from mpr_logic.guard.store import Store
from mpr_logic.integrations.hooks import decide, settle

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from mpr_logic.guard.calls import Call

DAY = 86_400

HEAD = """
.decl spent(n: int) key() {shared}
.action pay(to: any, n: int)
spent(0).
@id(limit) @because("{{N}} is more than is left") forbid pay(_, N) :- spent(S), S + N > 100.
"""


class Case(NamedTuple):
    """A relation that an effect reads: declarations and the effect's further body, the first argument of the
    calls, the functions of the host and the facts of the state."""

    body: str
    more: str = ""
    to: Any = "ann"
    relations: Mapping[str, Callable[[Call], Any]] = MappingProxyType({})
    state: tuple[str, ...] = ()
    shared: bool = True

    def rules(self, *, shared: bool = False) -> str:
        """The rules: what a payment spends hangs on the relation."""
        head = HEAD.format(shared="shared" if shared else "")
        return f"{head}{self.more}\npay(X, N) causes spent(S + N) :- spent(S), {self.body}.\n"


SHELL = "git status > out.txt"
CASES = {
    "now": Case("now(T), T > 100"),
    "now through others": Case("today(D), D = 11", ".decl today(d: int)\ntoday(T / 86400) :- now(T).\n"),
    "called": Case("C = count : { called(_, pay, _) }, C > 0", shared=False),
    "past": Case("past pay(X, N)", shared=False),
    "succeeded": Case("C = count : { succeeded pay(_, _) }, C < 9", shared=False),
    "item": Case("item(X, P, bob), P >= 0", to=["ann", "bob"]),
    "list_length": Case("list_length(X, 2)", to=["ann", "bob"]),
    "field": Case('field(X, "name", bob)', to={"name": "bob"}),
    "shell_runs": Case('shell_runs(X, "git")', to=SHELL),
    "shell_writes": Case('shell_writes(X, "out.txt")', to=SHELL),
    "shell_opaque": Case("not shell_opaque(X)", to=SHELL),
    "shell_word": Case('shell_word(X, git, "status")', to=SHELL),
    "path_inside": Case('path_inside(X, "/code", "/code/a")', to="./a//b"),
    "a file that a command writes": Case(
        'shell_writes(X, P), path_form(P, "/code", "/code/out.txt")', to=SHELL
    ),
    "sql_writes": Case('sql_writes(X, postgres, "orders")', to="delete from orders"),
    "sql_opaque": Case("not sql_opaque(X, sqlite)", to="select 1"),
    "tool_name": Case("tool_name(T, pay), T = pay", "tool_name(pay, pay).\n"),
    "argument_name": Case("argument_name(pay, _, n)", "argument_name(pay, n, n).\n"),
    "a function": Case("rate(1)", ".decl rate(n: int)\n", relations={"rate": lambda call: [1, 2]}),
    "a function of the call": Case(
        "known(X, W), W", ".decl known(x: any, w: int)\n", relations={"known": lambda call: [("ann", 1)]}
    )._replace(body="known(X, 1)"),
    "a function through others": Case(
        "open",
        ".decl rate(n: int)\n.decl open()\nopen :- rate(N), N > 1.\n",
        relations={"rate": lambda call: [2]},
    ),
    "a function that says nothing": Case(
        "not shut(X)", ".decl shut(x: any)\n", relations={"shut": lambda call: []}
    ),
    "an input": Case("rate(1)", ".decl rate(n: int) input\n", state=("rate(1)",), shared=False),
    "a fact of the rules": Case("rate(1)", ".decl rate(n: int)\nrate(1).\n"),
}


class Clock:
    """A clock that stands still until it is told."""

    def __init__(self) -> None:
        self.now = 11.5 * DAY

    def __call__(self) -> float:
        """The time."""
        return self.now


def asked(guard: Guard, case: Case, *amounts: int, session: str = "") -> list[Any]:
    """The verdicts about payments."""
    return [guard.check("pay", {"to": case.to, "n": n}, session=session) for n in amounts]


def runs(guard: Guard, case: Case, *amounts: int, session: str = "") -> list[bool]:
    """Return for each payment whether it is admitted."""
    return [each.runs for each in asked(guard, case, *amounts, session=session)]


def needs_reader(name: str) -> None:
    """Skip what a reader is needed for, where that is not installed."""
    if CASES[name].to == SHELL:
        pytest.importorskip("tree_sitter_bash")
    if name.startswith("sql"):
        pytest.importorskip("sqlglot")


@pytest.mark.parametrize("name", CASES)
def test_a_limit_holds_whatever_its_effect_reads(name: str, tmp_path: Path) -> None:
    """Three payments at once do not pass a limit, nor does one after they were recorded, after a reload while
    they are under way, or in a guard that takes its history from the log; what was spent is what was said."""
    needs_reader(name)
    case, clock, log = CASES[name], Clock(), tmp_path / "log.jsonl"
    file = tmp_path / "rules.dl"
    file.write_text(case.rules())
    made: dict[str, Any] = {
        "relations": case.relations,
        "state": [*case.state],
        "strict": False,
        "clock": clock,
    }
    guard = Guard(file, log=DecisionLog(log), **made)
    first, *others = asked(guard, case, 60, 60, 60)
    assert (first.runs, [each.rules for each in others]) == (True, [("limit",)] * 2)
    clock.now += 2 * DAY
    if "today" not in case.more:
        assert runs(guard, case, 60) == [False]
    clock.now -= 2 * DAY
    file.write_text(case.rules() + "% another line\n")
    assert guard.reload()
    assert runs(guard, case, 60) == [False]
    later = Guard(file, **made)
    later.replay(read_log(log))
    assert runs(later, case, 60) == [False]
    clock.now += 3 * DAY
    guard.record(first, True)
    assert (60,) in guard.session("").checker.facts()["spent"]
    assert runs(guard, case, 60) == [False]
    assert guard.reload()
    assert runs(guard, case, 60, 40) == [False, True]
    again = Guard(file, **made)
    again.replay(line for line in read_log(log) if line["kind"] == "result" or line.get("call") != "x")
    assert (60,) in again.session("").checker.facts()["spent"]
    assert "now" not in guard.session("").checker.facts()
    assert not set(case.relations) & set(guard.session("").checker.facts())


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.shared])
def test_a_shared_limit_holds_whatever_its_effect_reads(name: str, tmp_path: Path) -> None:
    """The same over sessions and guards that share a store: a reservation holds the moment of its call."""
    needs_reader(name)
    case, clock = CASES[name], Clock()
    made: dict[str, Any] = {"relations": case.relations, "strict": False, "clock": clock}
    one, two = (Guard(text=case.rules(shared=True), store=tmp_path / "limits.db", **made) for _ in range(2))
    (first,) = asked(one, case, 60, session="a")
    assert first.runs
    if "today" not in case.more:
        clock.now += 5 * DAY
    assert runs(one, case, 60, session="b") == runs(two, case, 60, session="c") == [False]
    one.record(first, True)
    assert runs(two, case, 60, 40, 1, session="d") == [False, True, False]


@pytest.mark.heavy
@pytest.mark.parametrize("name", CASES)
def test_a_limit_holds_over_the_processes_of_hooks(name: str, tmp_path: Path) -> None:
    """The same where each call is decided by a guard that has just been made, from what is kept."""
    needs_reader(name)
    case, clock, store = CASES[name], Clock(), Store(tmp_path / "calls.db")

    def guard() -> Guard:
        return Guard(
            text=case.rules(), relations=case.relations, state=[*case.state], strict=False, clock=clock
        )

    def pays(n: int, id: str) -> bool:
        call = asked(guard(), case, 0)[0].call
        return decide(guard(), store, "key", type(call)("pay", {"to": case.to, "n": n}, id, "s")).runs

    assert [pays(60, id) for id in "abc"] == [True, False, False]
    call = asked(guard(), case, 0)[0].call
    settle(guard(), store, "key", type(call)("pay", {"to": case.to, "n": 60}, "a", "s"), True)
    assert [pays(60, "d"), pays(40, "e")] == [False, True]


PER_DAY = """
.decl spent(day: int, n: int) key(day)
.action pay(n: int)
{facts}
pay(N) causes spent(D, S + N) :- now(T), D = T / 86400, spent(D, S).
forbid pay(N) :- now(T), D = T / 86400, spent(D, S), S + N > 100.
"""


def test_a_payment_is_spent_on_the_day_when_it_was_admitted() -> None:
    """A payment that is recorded the day after counts for the day of its admission, and so it does while its
    outcome is not known."""
    clock = Clock()
    text = PER_DAY.format(facts=" ".join(f"spent({day}, 0)." for day in range(20)))
    guard = Guard(text=text, clock=clock)
    first = guard.check("pay", {"n": 60})
    assert first.known == {"now": [(int(clock.now),)]}
    assert not guard.check("pay", {"n": 60}).runs
    clock.now += DAY
    second = guard.check("pay", {"n": 60})
    assert second.runs
    guard.record(second, True)
    guard.record(first, True)
    assert not guard.check("pay", {"n": 60}).runs
    spent = guard.session("").checker.facts()["spent"]
    assert [spent.get((day, 60)) for day in (11, 12)] == [1.0, 1.0]


def test_what_nobody_reads_is_not_kept() -> None:
    """A call keeps nothing of its moment where no effect reads it."""
    clock = Clock()
    text = (
        HEAD.format(shared="") + "pay(_, N) causes spent(S + N) :- spent(S).\nforbid pay(_, 9) :- now(0).\n"
    )
    assert Guard(text=text, clock=clock, strict=False).check("pay", {"to": "ann", "n": 1}).known == {}


def test_new_rules_know_the_moment_of_calls_under_way(tmp_path: Path) -> None:
    """Effects of new rules that read the time, or look into arguments, know those of the calls that were
    admitted before; where they read a function that was not asked then, the old rules stay."""
    plain = HEAD.format(shared="") + ".decl rate(n: int) input\npay(_, N) causes spent(S + N) :- spent(S).\n"
    for body in ("now(T), T > 5", "item(X, _, bob)", "list_length(X, 1)"):
        file = tmp_path / "rules.dl"
        file.write_text(plain)
        guard = Guard(file, strict=False, relations={"rate": lambda call: [1]})
        assert guard.check("pay", {"to": ["bob"], "n": 60}).runs
        file.write_text(
            plain.replace(":- spent(S).", f":- spent(S), {body}.").replace("pay(_, N) c", "pay(X, N) c")
        )
        assert guard.reload(), guard.health()
        assert not guard.check("pay", {"to": ["bob"], "n": 60}).runs
        file.write_text(plain.replace(":- spent(S).", ":- spent(S), rate(1)."))
        assert not guard.reload()
        assert "`rate`, which was not asked" in str(guard.health()["error"])


def test_a_log_that_does_not_know_the_moment_is_refused(tmp_path: Path) -> None:
    """No history is taken from a log that lacks what effects read; for `now` the time of a line will do."""
    case, path = CASES["a function"], tmp_path / "log.jsonl"
    guard = Guard(text=case.rules(), relations=case.relations, log=DecisionLog(path), strict=False)
    assert runs(guard, case, 60) == [True]
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines[0]["known"] == {"rate": [[1], [2]]}
    bad: list[Any] = [{}, {"rate": 3}, {"rate": [["x"]]}, [1], {"rate": [1]}]
    for known in bad:
        other = Guard(text=case.rules(), relations=case.relations, strict=False)
        with pytest.raises(GuardError, match=r"does not say|what the log says"):
            other.replay([lines[0] | {"known": known}])
    case = CASES["now"]
    for line, said in ((lines[0], True), (lines[0] | {"time": "yesterday"}, False)):
        line.pop("known", None)
        other = Guard(text=case.rules(), strict=False)
        if said:
            other.replay([line])
            assert runs(other, case, 60) == [False]
        else:
            with pytest.raises(GuardError, match="what `now` was"):
                other.replay([line])


def test_calls_that_come_between_count_for_effects_that_ask_for_them() -> None:
    """The change by a call under way may hang on which others were tried since: a later call is held against
    the change that it would make by then."""
    guard = Guard(
        text=".decl fee(n: int) key()\n.action pay(n: int)\n.action look()\nfee(0).\n"
        "pay(_) causes fee(C) :- C = count : { called(_, look, _) }.\nforbid look() :- fee(F), F > 1.",
        strict=False,
    )
    pay = guard.check("pay", {"n": 1})
    assert [guard.check("look", {}).runs for _ in range(3)] == [True, True, False]
    guard.record(pay, True)
    assert not guard.check("look", {}).runs


RUN = """
.action run(c: symbol)
.action push()
@id(after) forbid push() :- past run(C), shell_runs(C, "rm").
"""


def test_commands_of_the_history_stay_read(tmp_path: Path) -> None:
    """Rules know the programs that commands of earlier calls run: after a thousand others, from a log, after
    a reload, and where a state or the rules say what was tried."""
    pytest.importorskip("tree_sitter_bash")
    file, log = tmp_path / "rules.dl", tmp_path / "log.jsonl"
    file.write_text(RUN.replace("shell_runs(C,", "contains(C,"))
    guard = Guard(file, log=DecisionLog(log))
    assert guard.check("run", {"c": "echo; rm a"}).runs
    file.write_text(RUN)
    assert guard.reload()
    assert guard.check("push", {}).rules == ("after",)
    replayed = Guard(file)
    replayed.replay(read_log(log))
    assert replayed.check("push", {}).rules == ("after",)
    for past in (Guard(text=RUN, state=['past run("rm a")']), Guard(text=RUN + 'past run("rm a").\n')):
        assert past.check("push", {}).rules == ("after",)
    checker = replayed.session("").checker
    for number in range(1100):
        checker.check(f'run("echo {number}")')
    assert replayed.check("push", {}).rules == ("after",)


def test_what_was_read_before_a_failure_is_read_again(tmp_path: Path) -> None:
    """A store that fails behind a question leaves the state as it was, and the next question reads anew."""
    pytest.importorskip("tree_sitter_bash")
    text = HEAD.format(shared="shared") + (
        "pay(_, N) causes spent(S + N) :- spent(S).\n"
        ".action run(c: symbol)\nrun(_) causes spent(S + 1) :- spent(S).\n"
        '@id(rm) forbid run(C) :- shell_runs(C, "rm").\n'
    )
    guard = Guard(text=text, store=tmp_path / "limits.db", strict=False)
    of = guard.session("")
    before = of.checker.version
    assert guard.check("run", {"c": "rm a"}).rules == ("rm",)
    of.checker.go_back(before)
    assert guard.check("run", {"c": "rm a"}).rules == ("rm",)


def test_a_reservation_without_its_moment_admits_nothing(tmp_path: Path) -> None:
    """A call of rules whose effects do not read the time is under way: those whose effects do admit nothing,
    as they cannot tell what it changes."""
    store, case = tmp_path / "limits.db", CASES["now"]
    before = case.rules(shared=True).replace(", now(T), T > 100", "")
    assert Guard(text=before, store=store).check("pay", {"to": "ann", "n": 1}).runs
    guard = Guard(text=case.rules(shared=True), store=store, strict=False)
    verdict = guard.check("pay", {"to": "ann", "n": 1})
    assert not verdict.runs
    assert "other rules" in str(verdict.error)


def test_what_each_session_has_for_itself_is_named_with_what_helps(tmp_path: Path) -> None:
    """An effect on a shared relation that reads history is refused with a help that can be followed."""
    for name in ("called", "past"):
        with pytest.raises(GuardError, match="count the calls in a shared relation"):
            Guard(text=CASES[name].rules(shared=True), store=tmp_path / "a.db", strict=False)
    with pytest.raises(GuardError, match="declare that one shared too"):
        Guard(text=CASES["an input"].rules(shared=True), store=tmp_path / "a.db", strict=False)
