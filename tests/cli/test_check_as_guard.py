"""mpr check and mpr why say what a guard would say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from unittest.mock import ANY

import pytest

from mpr_logic.guard.guard import Guard
from mpr_logic.guard.tools import Tools
from tests.helpers.command import Done, mpr

if TYPE_CHECKING:
    from pathlib import Path

RULES = """
.action send(to: symbol, at?: any)
.action read(path: symbol, lines: int)
.action invite(guests: any)
.action wait(seconds: int)
.decl late(s: int) input
@id(many) @rewrite(lines, 100) @because("{L} lines are many") forbid read(lines: L) :- L > 100.
@id(far) @escalate @because("{T} is far") forbid send(to: T) :- ends_with(T, "@far").
@id(minor) @because("{N} is {A}")
forbid invite(guests: L) :- item(L, _, G), field(G, name, N), field(G, age, A), A < 18.
@id(night) @because("it is late") forbid wait(S) :- now(T), T mod 86400 > 72000, S > 10.
@id(often) @because("enough") forbid wait(_) :- 2 <= N, N = count : { called(_, wait, _) }.
"""
TOOLS = [
    {
        "name": "read",
        "inputSchema": {
            "type": "object",
            "properties": {"path": {"type": "string"}, "lines": {"type": "integer", "default": 500}},
            "required": ["path"],
        },
    },
    {"name": "send", "inputSchema": {"type": "object", "properties": {"to": {"type": "string"}}}},
    {"name": "invite", "inputSchema": {"type": "object", "properties": {"guests": {"type": "array"}}}},
    {"name": "wait", "inputSchema": {"type": "object", "properties": {"seconds": {"type": "integer"}}}},
]
NOON, NIGHT = "2026-01-01T12:00:00Z", "2026-01-01T23:00:00Z"
GUESTS = '[{"age":9,"name":"Bob"}]'


def ask(folder: Path, action: str, *options: str, verb: str = "check", rules: str = RULES) -> Done:
    """Ask about an action in a state where nothing holds."""
    (folder / "rules.dl").write_text(rules)
    (folder / "state.dl").write_text("")
    return mpr(verb, str(folder / "rules.dl"), "--state", str(folder / "state.dl"), *options, action)


@pytest.mark.parametrize(
    ("action", "options", "status", "said"),
    [
        ("read(a, 5)", (), 0, "read(a, 5) is admissible"),
        ("read(a, 500)", (), 1, "read(a, 100) is admissible"),
        ('read {"path": "a", "lines": 500}', (), 1, "rewritten"),
        ("read(path: a)", (), 2, "the argument `lines` is missing"),
        ('read {"path": "a"}', (), 2, "the argument `lines` is missing"),
        ('read {"path": "a", "line": 5, "lines": 5}', (), 2, "no argument of `read` is named `line`"),
        ("read(path: a, path: b, lines: 5)", (), 2, "given twice"),
        ("read(pth: a, lines: 5)", (), 2, "no argument `pth`"),
        ("send(to: ann)", (), 0, "send(ann, null) is admissible"),
        ('send("x@far", null)', (), 1, "a person would be asked"),
        (f"invite({json.dumps(GUESTS)})", (), 1, '"Bob" is 9'),
        (f'invite {{"guests": {GUESTS}}}', (), 1, '"Bob" is 9'),
        ("wait(20)", (), 2, "cannot be decided without `now`: give"),
        ("wait(20)", ("--now", NOON), 2, "cannot be decided without `called`: state"),
        ("wait(20)", ("--now", NOON, "--first"), 0, "admissible"),
        ("wait(20)", ("--now", NIGHT, "--first"), 1, "it is late"),
        ("wait(20)", ("--now", "1767306600", "--first"), 1, "it is late"),
        ("wait(20)", ("--now", "soon", "--first"), 2, "--now is `soon`"),
        (
            "wait(20)",
            ("--now", NOON.removesuffix("Z"), "--first"),
            2,
            "without a zone: write 2026-01-01T12:00:00Z",
        ),
        ("wait(20)", ("--now", "2026-01-01", "--first"), 2, "without a zone: write 2026-01-01T00:00:00Z"),
        ("wait(20)", ("--now", "9" * 400, "--first"), 2, "later than any time"),
        ("wiat(20)", ("--now", NOON, "--first"), 2, "did you mean `wait`?"),
        ("wait(X)", ("--now", NOON, "--first"), 2, "variable"),
    ],
)
def test_check(tmp_path: Path, action: str, options: tuple[str, ...], status: int, said: str) -> None:
    """The answer is the guard's: directives, missing arguments, lists; what is not known is not decided."""
    done = ask(tmp_path, action, *options)
    assert (done.status, said in done.out + done.err) == (status, True), done.out + done.err


def test_calls_of_the_session(tmp_path: Path) -> None:
    """The calls so far can be stated, and count."""
    (tmp_path / "calls.dl").write_text("called(1, wait, 5). called(2, wait, 6).")
    done = ask(tmp_path, "wait(1)", "--now", NOON, "--state", str(tmp_path / "calls.dl"))
    assert (done.status, "enough" in done.out) == (1, True)


@pytest.mark.parametrize(
    ("law", "lacking"),
    [
        ("go(_) :- said(_, user, stop).", "said"),
        ("go(X) :- wanted(X).\n.decl wanted(x: any)\nwanted(X) :- returned(_, read, X).", "returned"),
        ("go(X) :- found_in(value: X, source: result).", "found_in"),
        ("go(X) :- mentions(X, link, _).", ""),  # it is read in the call itself
    ],
)
def test_what_was_said(tmp_path: Path, law: str, lacking: str) -> None:
    """A law about the conversation decides by what the state says of it; or the call is the first."""
    rules = f".action read() .action go(x: symbol) forbid {law}"
    done = ask(tmp_path, "go(a)", rules=rules)
    assert done.status == (2 if lacking else 0)
    assert not lacking or f"cannot be decided without `{lacking}`: state" in done.err
    assert ask(tmp_path, "go(a)", "--first", rules=rules).status == 0
    (tmp_path / "said.dl").write_text('said(0, user, "go on").')
    assert ask(tmp_path, "go(a)", "--state", str(tmp_path / "said.dl"), rules=rules).status == 0


def test_with_tools(tmp_path: Path) -> None:
    """With the tools' schemas defaults are put in, and what the schema refuses is not decided."""
    (tmp_path / "tools.json").write_text(json.dumps(TOOLS))
    tools = ("--tools", str(tmp_path / "tools.json"))
    rules = RULES.replace(".action send(to: symbol, at?: any)\n", "")
    done = ask(tmp_path, 'read {"path": "a"}', *tools, rules=rules)
    assert (done.status, "read(a, 100) is admissible" in done.out) == (1, True)
    assert ask(tmp_path, "read(a, 5)", *tools, rules=rules).status == 0
    assert ask(tmp_path, 'read {"path": 5}', *tools, rules=rules).status == 2


def test_json(tmp_path: Path) -> None:
    """The object tells the outcome and the arguments that the tool would be called with."""
    done = ask(tmp_path, "read(a, 500)", "--json")
    told = json.loads(done.out)
    assert (told["status"], told["outcome"], told["arguments"]) == (1, "modify", {"path": "a", "lines": 100})
    done = ask(tmp_path, "wait(20)", "--json")
    told = json.loads(done.out)
    assert (told["status"], told["error"]["kind"]) == (2, "state")
    assert "`now`" in told["error"]["message"]


def test_what_lost_its_grip_is_not_decided(tmp_path: Path) -> None:
    """Rules that have lost their grip are an error; who insists goes on; a state may fill a relation."""
    rules = '.action a(x: symbol)\n.decl p(x: symbol)\n@because("no") forbid a(X) :- p(X).'
    done = ask(tmp_path, "a(b)", rules=rules)
    assert (done.status, "E0607" in done.err) == (2, True)
    assert ask(tmp_path, "a(b)", "--lenient", rules=rules).status == 0
    (tmp_path / "more.dl").write_text("p(c).")
    assert ask(tmp_path, "a(b)", "--state", str(tmp_path / "more.dl"), rules=rules).status == 0


def test_why(tmp_path: Path) -> None:
    """mpr why knows no more than mpr check, and says so."""
    done = ask(tmp_path, "wait(20)", verb="why")
    assert (done.status, "cannot be decided without `now`" in done.err) == (2, True)
    done = ask(tmp_path, "wait(20)", "--now", NIGHT, "--first", verb="why")
    assert (done.status, "it is late" in done.out) == (0, True)
    done = ask(tmp_path, "wait(20)", "--now", NOON, "--first", verb="why")
    assert (done.status, "no rule forbids wait(20)" in done.out) == (1, True)
    noted = RULES + ".decl dark()\ndark :- now(T), T mod 86400 > 72000.\n"
    assert ask(tmp_path, "dark", verb="why", rules=noted).status == 2
    assert ask(tmp_path, "dark", "--now", NIGHT, verb="why", rules=noted).status == 0


@pytest.mark.parametrize("path", ["a", "b"])
@pytest.mark.parametrize("lines", [1, 100, 101, 10_000])
def test_as_the_guard(tmp_path: Path, path: str, lines: int) -> None:
    """Of the same call the guard and the command say the same."""
    outcome = Guard(text=RULES).check("read", {"path": path, "lines": lines}).outcome
    told = json.loads(ask(tmp_path, f"read({path}, {lines})", "--json").out)
    assert told["outcome"] == outcome


def test_lint_with_tools(tmp_path: Path) -> None:
    """mpr lint holds rules against tools; what is wrong is an error, with status 2."""
    rules, tools = tmp_path / "rules.dl", tmp_path / "tools.json"
    rules.write_text('.action raed(path: symbol)\n@because("no") forbid raed(path: _).\n')
    tools.write_text(json.dumps(TOOLS))
    assert mpr("lint", str(rules)).status == 0
    done = mpr("lint", str(rules), "--tools", str(tools))
    assert (done.status, "did you mean the tool `read`?" in done.err) == (2, True)
    assert len(Tools(TOOLS)) == 4


@pytest.mark.parametrize("verb", ["why", "query"])
@pytest.mark.parametrize(("atom", "option"), [("late(D)", "--now"), ("begun(D)", "--first")])
def test_facts_that_need_the_moment(tmp_path: Path, verb: str, atom: str, option: str) -> None:
    """A fact derived from the time, or from the calls so far, needs the same options as an action does."""
    (tmp_path / "r.dl").write_text(
        ".decl late(d: int)\nlate(D) :- now(T), D = T / 86400.\n"
        ".decl begun(n: int)\nbegun(N) :- N = count : { called(_, _, _) }.\n"
    )
    atom = atom if verb == "query" else atom.replace("D", "0")
    asked = (verb, str(tmp_path / "r.dl"), "--state", "/dev/null", atom)
    done = mpr(*asked)
    assert done.status == 2
    assert option in done.err
    value = ("3600",) if option == "--now" else ()
    done = mpr(*asked, option, *value)
    assert (done.status, done.out.splitlines()[0]) == (0, atom.replace("D", "0") if verb == "query" else ANY)


SHARED = """.decl spent(n: int) key() shared
spent(90).
.action pay(n: int)
@because("{M} is spent") forbid pay(N) :- spent(M), N + M > 100.
"""


def test_what_is_shared_is_told_or_not_decided(tmp_path: Path) -> None:
    """Shared rows come from the guard's store, which is only read, or from the state, or not at all."""
    rules, path = tmp_path / "r.dl", tmp_path / "limits.db"
    rules.write_text(SHARED)
    asked = ("check", str(rules), "--state", "/dev/null", "pay(50)")
    done = mpr(*asked)
    assert (done.status, "--store" in done.err) == (2, True)
    assert mpr("why", *asked[1:]).status == 2
    assert mpr("query", *asked[1:-1], "spent(N)").status == 2
    assert mpr(*asked, "--store", ":memory:").status == 1
    (tmp_path / "s.dl").write_text("spent(10).")
    assert mpr(*asked, "--state", str(tmp_path / "s.dl")).status == 0
    done = mpr(*asked, "--store", str(path))
    assert (done.status, path.exists()) == (2, False)
    guard = Guard(rules, store=path)
    guard.update(add=["spent(20)"])
    guard.close()
    before = path.read_bytes()
    assert mpr(*asked, "--store", str(path)).status == 0
    assert mpr("query", *asked[1:-1], "spent(N)", "--store", str(path)).out == "spent(20)\n"
    assert mpr("why", *asked[1:-1], "pay(90)", "--store", str(path)).status == 0
    assert path.read_bytes() == before
    rules_as_store = mpr(*asked, "--store", str(rules))
    assert (rules_as_store.status, "r.dl" in rules_as_store.err) == (2, True)


@pytest.mark.parametrize("state", ["/dev/null", "-"])
def test_an_empty_state(tmp_path: Path, state: str) -> None:
    """The null device, and an empty standard input, are a state without facts."""
    (tmp_path / "r.dl").write_text(".decl ok(x: symbol) input\n.action a(x: symbol)\nforbid a(X) :- ok(X).")
    assert mpr("check", str(tmp_path / "r.dl"), "--state", state, "a(b)").status == 0


def test_why_an_action_is_admitted(tmp_path: Path) -> None:
    """Of what is forbidden by default the permit is shown, and that nothing forbids it."""
    (tmp_path / "r.dl").write_text(
        ".decl ok(x: symbol) input\n.action a(x: symbol)\n.default forbid a\npermit a(X) :- ok(X).\n"
        "@id(bad) forbid a(X) :- X = c.\n@id(odd) forbid a(X) :- X = d.\n"
        "@overrides(odd) permit a(X) :- ok(X), X = d.\n"
    )
    (tmp_path / "s.dl").write_text("ok(b). ok(c). ok(d).")
    asked = ("why", str(tmp_path / "r.dl"), "--state", str(tmp_path / "s.dl"))
    done = mpr(*asked, "a(b)")
    assert (done.status, "a rule permits a(b)" in done.out, "no rule forbids a(b)" in done.out) == (
        1,
        True,
        True,
    )
    done = mpr(*asked, "a(d)")
    assert (done.status, "overridden by a permit" in done.out) == (1, True)
    assert mpr(*asked, "a(c)").status == 0
    done = mpr(*asked, "a(e)")
    assert (done.status, "no rule permits a(e)" in done.out, "forbids" in done.out) == (1, True, False)
