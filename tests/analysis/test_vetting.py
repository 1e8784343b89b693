"""The lints report rules that can have no effect, and leave the others in peace."""

from __future__ import annotations

import pytest

from mpr_logic.analysis import analyse
from mpr_logic.analysis.lints import Deployment, ToolSignature, vet
from mpr_logic.checker.loading import load_modules
from mpr_logic.checker.state import state_from_dl
from mpr_logic.language.parser import parse

HEAD = """.decl p(x: symbol)
.decl q(x: symbol, n: int) input
.decl level(l: symbol)
.decl seen(x: symbol) open_world
.action act(x: symbol, n: int)
.action other(x: symbol)
p(one). p(two). level(strict).
"""
TOOLS = (
    ToolSignature("act", {"x": frozenset({"fast", "slow"}), "n": None}),
    ToolSignature("other", {"x": None}),
)


def found(text: str, deployment: Deployment | None = None, head: str = HEAD) -> list[str]:
    """The codes of what has lost its grip in a text behind the declarations."""
    modules = [parse(head + text)]
    diagnostics = vet(analyse(modules), deployment, modules)
    assert all(each.help and each.source_line is not None for each in diagnostics)
    assert all((each.severity == "error") == each.code.startswith("E") for each in diagnostics)
    return [each.code for each in diagnostics]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("level(strikt)", "E0605"),
        ("not level(strikt)", "E0605"),
        ("q(X, _), N = count : { level(strikt) }, N > 0", "E0605"),
        ("p(X), level(X)", "E0608"),
        ("N > 5, N < 3", "E0608"),
        ("N > 5, N < 6", "E0608"),
        ("N >= 5, N <= 5, N != 5", "E0608"),
        ("N > 5, M = N + 1, q(_, M), M < 6", "E0608"),
        ("q(X, M), M < N, N < M", "E0608"),
        ("q(X, M), M = N, N < M", "E0608"),
        ("q(X, M), M <= N, N <= K, q(_, K), K < M", "E0608"),
        ("p(X), not p(X)", "E0608"),
        ("q(X, _), not q(X, _)", "E0608"),
        ("Y = X, q(X, _), not q(Y, _)", "E0608"),
        ("seen(X), not seen(X)", "E0608"),
        ("succeeded act(X, _), not past act(X, _)", "E0608"),
        ("X != X", "E0608"),
        ("N < N", "E0608"),
        ("X = a, X = b", "E0608"),
        ("X = Y, Y = a, X = b", "E0608"),
        ("X = a, X != a", "E0608"),
        ('starts_with(X, "/a/"), starts_with(X, "/b/")', "E0608"),
        ('ends_with(X, ".a"), ends_with(X, ".b")', "E0608"),
        ('starts_with(X, "abc"), not contains(X, "b")', "E0608"),
        ('matches(X, "^a$"), not matches(X, "^a$")', "E0608"),
        ('X = "/c/d", starts_with(X, "/a/")', "E0608"),
        ("K = count : { q(_, _) }, K < 0", "E0608"),
        ("K = count : { q(_, M), M > 5, M < 3 }, K > 0", "E0608"),
        ("length(X) < 0", "E0608"),
        ("X = abc, length(X) > 3", "E0608"),
        ("N mod 0 = 0", "E0608"),
        ("N > 3, M = (N + 1) / 0, M > 1", "E0608"),
        ('X > "m", X < "a"', "E0608"),
        ('X > "m", X < Y, p(Y), Y <= "b"', "E0608"),
        ('lower(X) = "One"', "E0608"),
        ('Y = lower(X), Y = "One"', "E0608"),
        ('contains(lower(X), "DROP TABLE")', "E0608"),
        ('starts_with(lower(X), "Re:")', "E0608"),
        ('ends_with(lower(X), ".EXE")', "E0608"),
        ('Y = lower(X), contains(Y, "A")', "E0608"),
        ('shell_runs(X, "rm -rf")', "E0605"),
        ('shell_runs(X, "git\\tpush")', "E0605"),
        ('not shell_runs(X, "git status")', "E0605"),
        ("2 < 1", "E0608"),
        # a word that was meant as a variable
        ("X = t", "E0606"),
        ("X != t", "E0606"),
        ("Y = X, q(y, _), q(Y, _)", "E0606"),
        ("q(Who, _), contains(X, who)", "E0606"),
        # a fraction of what has none
        ("N = 8.5", "E0608"),
        ("N > 8.2, N < 8.9", "E0608"),
        ("length(X) = 2.5", "E0608"),
        ("L = length(X), L > 2.1, L < 2.7", "E0608"),
        # capital letters in a text that has none
        ('matches(lower(X), "ONE")', "E0608"),
        ('matches(lower(X), "\\\\bDROP\\\\b|[A-Z]+x")', "E0608"),
        ('Y = lower(X), matches(Y, "a(B|C)d?")', "E0608"),
        ('matches(lower(X), "drop|TRUNCATE")', "W0618"),
        # times, dates and durations that there are not
        ('now_at(T), T < "2024-01-01T00:00:00Z", T > "2025-01-01T00:00:00Z"', "E0608"),
        (
            'now_at(T), T < U, called_at(_, _, U), U < "2024-01-01T00:00:00Z", T > "2025-01-01T00:00:00Z"',
            "E0608",
        ),
        ('now_at(T), D = date(T, "UTC"), D > "2024-01-01", D < "2024-01-02"', "E0608"),
        ("now_at(T), called_at(_, _, U), W = T - U, W > 2h, W < 60m", "E0608"),
        # an aggregate over rows that there are not
        ("M = max L : { level(L), L != strict }, q(_, N), M != X", "E0608"),
        ("K = count : { level(L), L = normal }, K < N", "E0608"),
        # numbers that begin at 1, and what is no list
        ("called(0, act, _)", "E0605"),
        ("called(M, act, _), M < 1", "E0608"),
        ("P = -1, item(X, P, foo)", "E0608"),
        ("item(N, _, foo)", "E0608"),
        ("field(N, name, foo)", "E0608"),
        ("item(X, P, _), P < 0", "E0608"),
        ("list_length(X, M), M < 0", "E0608"),
        # a pattern where a plain text is asked for
        ('starts_with(X, "on*")', "W0616"),
        ('starts_with(X, "^rm")', "W0616"),
        ('ends_with(X, "*.pem")', "W0616"),
        ('ends_with(X, "[.]exe$")', "W0616"),
        ('contains(X, "rm.*")', "W0616"),
        ('X = "/etc/*"', "W0616"),
    ],
)
def test_a_law_that_never_holds(body: str, code: str) -> None:
    """A condition that cannot be met is an error, by whatever it is hidden."""
    assert found(f"forbid act(X, N) :- {body}.") == [code]


@pytest.mark.parametrize(
    "body",
    [
        "level(strict)",
        "q(strikt, N)",
        "p(X), seen(X)",
        "N > 5, N < 7",
        "N >= 5, N <= 5",
        "q(X, M), M <= N, N <= M",
        "p(X), not p(Y), q(Y, _)",
        "q(X, 1), not q(X, 2)",
        "past act(X, _), not succeeded act(X, _)",
        "X = Y, q(Y, _)",
        'starts_with(X, "/a/"), starts_with(X, "/a/b")',
        'starts_with(X, "/a"), ends_with(X, "/b")',
        'contains(X, "b"), not starts_with(X, "b")',
        'contains(lower(X), "drop table")',
        'not contains(lower(X), "DROP"), contains(X, "DROP")',
        'lower(X) = "straße"',
        'shell_runs(X, "rm")',
        'shell_runs(X, "/opt/my tools/rm")',
        "K = count : { q(_, M), M > 5 }, K = 0",
        "N > 9007199254740993, N < 9007199254740995",
        "M = N * 2, M > 3, N > -5, q(_, M)",
        "N = 8.0",
        "length(X) > 2.5, length(X) < 3.5",
        "length(X) = N",
        'X = "t"',
        "X = bob",
        'matches(lower(X), "(?i)ONE")',
        'matches(lower(X), "(ONE)?|two")',
        'matches(lower(X), "A?[A-Za-z]+\\\\S\\\\D")',
        'not matches(lower(X), "ONE")',
        "called(1, act, _)",
        "item(X, P, foo), P = 0",
        "item(N, 0, X), list_length(N, 1)",
        'contains(X, "*")',
        'contains(X, "SELECT *")',
        'contains(X, "$")',
        'contains(X, "/*")',
        'starts_with(X, "rm -rf *")',
        'ends_with(X, "US$")',
        'X = "*"',
        "q(X, M), M / 2 > N",
    ],
)
def test_a_law_that_may_hold(body: str) -> None:
    """A law whose conditions can be met is not reported."""
    assert found(f"forbid act(X, N) :- {body}.") == []


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        # nothing fills it; the relation that is derived from it is not blamed too
        (".decl r(x: symbol)\nforbid act(X, _) :- r(X).", ["E0607"]),
        (".decl r(x: symbol)\nforbid act(X, _) :- not r(X).", ["E0607"]),
        (".decl r(x: symbol)\n.decl s(x: symbol)\ns(X) :- r(X).\nforbid act(X, _) :- s(X).", ["E0607"]),
        (".decl r(x: symbol)\nr(X) :- r(X), p(X).\nforbid act(X, _) :- r(X).", ["E0607"]),
        (".decl r(x: symbol) input\nforbid act(X, _) :- r(X).", []),
        (".decl r(x: symbol) open_world\nforbid act(X, _) :- r(X).", []),
        ('.decl r(x: symbol) changed_by("ann")\nforbid act(X, _) :- r(X).', []),
        (".decl r(x: symbol)\nother(X) causes r(X).\nforbid act(X, _) :- r(X).", []),
        (".decl r(x: symbol)", []),
        # an effect that needs a row to begin with
        (".decl r(n: int) key()\nact(_, N) causes r(S + N) :- r(S).\nforbid act(_, N) :- r(N).", ["E0607"]),
        (".decl r(n: int)\nact(_, N) causes r(N) :- r(_), p(one).\nforbid act(_, N) :- r(N).", ["E0607"]),
        (".decl r(n: int)\nact(_, N) causes r(N) :- not r(_).\nforbid act(_, N) :- r(N).", []),
        (
            ".decl r(n: int)\nact(_, N) causes r(S + N) :- r(S).\nother(_) causes r(0).\n"
            "forbid act(_, N) :- r(N).",
            [],
        ),
        (".decl r(n: int) input\nact(_, N) causes r(S + N) :- r(S).\nforbid act(_, N) :- r(N).", []),
        (".decl r(n: int)\nr(0).\nact(_, N) causes r(S + N) :- r(S).\nforbid act(_, N) :- r(N).", []),
        # a relation that a rule can never derive: only that rule is told of
        (".decl r(x: symbol)\nr(X) :- level(strikt), p(X).\nforbid act(X, _) :- r(X).", ["E0605"]),
        # what rules and effects put there counts
        (".decl r(x: symbol)\nr(X) :- p(X).\nforbid act(_, _) :- r(tow).", ["E0605"]),
        (".decl r(x: symbol)\nr(X) :- q(X, _).\nforbid act(_, _) :- r(tow).", []),
        (".decl r(x: symbol)\nr(a).\nother(X) causes r(X).\nforbid act(_, _) :- r(b).", []),
        # effects of what is told of the moment of a call, which is kept with it
        (".decl at(s: int) key()\nact(_, _) causes at(S) :- now(S).\nforbid other(_) :- at(_).", []),
        (".decl at(s: int)\nat(S) :- now(S).\nact(_, _) ends q(X, S) :- p(X), at(S).", []),
        ("act(X, _) causes q(X, S) :- called(_, act, S).", []),
        # the action of a call
        ("forbid act(_, _) :- called(_, othr, _).", ["E0601"]),
        ("forbid act(_, _) :- called(_, other, _).", []),
        # closed sets
        (".default forbid act\npermit act(_, _) :- p(one).", ["E0602"]),
        (".default forbid act\npermit act(_, _) :- p(one).\npermit other(_).", []),
        (".default forbid act\npermit act(_, _) :- p(one).\nforbid other(two).", []),
        (".default forbid *\npermit act(_, _) :- p(one).", []),
        # permits
        ("permit act(X, _) :- q(X, _).", ["E0612"]),
        ("permit act(_, _).", ["E0612"]),
        ("permit act(_, _). .default forbid other permit other(two).", []),
        (".default forbid *\n0.5 :: permit act(_, _) :- q(_, 1).", ["W0613"]),
        ("@id(k) forbid act(X, _) :- q(X, _). @overrides(k) permit act(_, _).", ["E0609"]),
        ("@id(k) forbid act(X, _) :- q(X, _). @overrides(k) permit act(Y, _) :- q(Y, _).", ["E0609"]),
        ("@id(k) forbid act(X, N) :- q(X, N). @overrides(k) permit act(Y, _) :- q(Y, _).", ["E0609"]),
        ("@id(k) forbid act(_, N) :- N > 9. @overrides(k) permit act(_, N) :- N > 5.", ["E0609"]),
        ("@id(k) forbid act(_, N) :- N > 5. @overrides(k) permit act(_, N) :- N > 9.", []),
        ("@id(k) forbid act(X, _) :- q(X, _). @overrides(k) permit act(X, _) :- q(X, 3).", []),
        ("@id(k) forbid act(X, _) :- q(X, _). @overrides(k) 0.5 :: permit act(_, _).", ["W0613"]),
        ("@id(k) forbid act(one, _). @overrides(k) permit act(two, _).", ["E0610"]),
        ("@id(k) forbid act(_, N) :- N > 9. @overrides(k) permit act(_, N) :- N < 5.", ["E0610"]),
        # directives
        ("@escalate 0.5 :: forbid act(_, N) :- N > 9.", ["E0611"]),
        ("@rewrite(n, 9) 0.89 :: forbid act(_, N) :- N > 9.", ["E0611"]),
        ("@escalate 0.9 :: forbid act(_, N) :- N > 9.", []),
        # words in lower case
        ("forbid act(x, _).", ["E0606"]),
        ("forbid act(t, _) :- q(t, _).", ["E0606"]),
        ("forbid act(cake, _) :- q(cake, _).", ["W0606"]),
        ("forbid act(one, _) :- q(one, _).", []),
        ('forbid act("x", _).', []),
        # names of tools and arguments
        ('tool_name("Act", act). tool_name("Act", other).', ["E0604"]),
        ('tool_name("Act", atc).', ["E0604"]),
        ('argument_name(act, "X", y).', ["E0604"]),
        ('argument_name(act, "X", x). argument_name(act, "X", n).', ["E0604"]),
        ('tool_name("Act", act). argument_name(act, "X", x). argument_name(act, "Y", x).', []),
        # near misses in what the host fills
        ("forbid act(_, _) :- q(user, _). forbid other(_) :- q(usr, _).", ["W0605"]),
        ("forbid act(_, _) :- q(item_1, _). forbid other(_) :- q(item_2, _).", []),
        # expressions
        ('forbid act(X, _) :- matches(X, "rm.*-r").', ["W0614"]),
        ('forbid act(X, _) :- matches(X, "(?s)rm.*-r").', []),
        ('forbid act(X, _) :- matches(X, "(?s:rm.*)-r").', []),
        ('forbid act(X, _) :- matches(X, "(?s:rm).*-r").', ["W0614"]),
        ('forbid act(X, _) :- matches(X, "rm[.]*\\\\.[^.]\\\\Q.\\\\E-r").', []),
        ('forbid act(X, _) :- not matches(X, "^ls .*$").', []),
        ('forbid act(X, _) :- not starts_with(X, "/data/").', ["W0615"]),
        ('forbid act(X, _) :- not starts_with(X, "/data/"). forbid act(X, _) :- contains(X, "..").', []),
    ],
)
def test_each_kind(text: str, codes: list[str]) -> None:
    """Each kind of lost grip is found where it is, and nowhere else."""
    assert found(text) == codes


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("forbid act(X, _) :- q(X, _).", []),
        ("forbid act(X, _) :- p(X).", ["E0608"]),  # p holds of one and two, x is fast or slow
        (".action gone(x: symbol)\nforbid gone(_).", ["E0601"]),
        (
            ".action gone(x: symbol) .default forbid gone permit gone(_). permit act(_, _). permit other(_).",
            ["E0601"],
        ),
        (".action gone(x: symbol)\nforbid act(X, _) :- past gone(X).", ["E0601"]),
        (".action gone(x: symbol)", []),
        ('.action gone(x: symbol)\nforbid gone(_).\ntool_name("Act", gone).', ["E0601"]),
        ("forbid act(fats, _).", ["E0605"]),
        ("forbid act(fast, _).", []),
        ("forbid act(X, _) :- X = fats.", ["E0608"]),
        ("forbid act(X, _) :- X != fast.", []),
        ("forbid other(X) :- past act(fats, _), p(X).", ["E0605"]),
    ],
)
def test_with_tools(text: str, codes: list[str]) -> None:
    """Laws about unknown tools, and values that no schema lets in, are errors when the tools are known."""
    assert found(text, Deployment(tools=TOOLS)) == codes


def test_an_argument_that_the_tool_lacks() -> None:
    """A law that looks at an argument which the tool does not have is told the nearest; others are fine."""
    tools = (ToolSignature("send", {"to": None, "body": None}),)
    head = ".action send(too: symbol, body: symbol)\n"
    assert found("forbid send(too: ann).", Deployment(tools=tools), head) == ["E0603"]
    assert found("forbid send(body: ann).", Deployment(tools=tools), head) == []
    named = 'argument_name(send, "to", too).\nforbid send(too: ann).'
    assert found(named, Deployment(tools=tools), head) == []
    assert (
        found("forbid send(too: ann).", Deployment(tools=(ToolSignature("send", {}, rest=True),)), head) == []
    )


def test_what_fills_a_relation_from_outside() -> None:
    """Functions of the host, and facts of the state, fill relations; the state's facts are known words."""
    text = ".decl r(x: symbol)\nforbid act(_, _) :- r(user)."
    assert found(text) == ["E0607"]
    assert found(text, Deployment(functions=frozenset({"r"}))) == []
    program = analyse([parse(HEAD + text)])
    assert found(text, Deployment(facts=state_from_dl(program, "r(anybody)."))) == []
    assert found(text, Deployment(facts=state_from_dl(program, "r(usr)."))) == ["W0605"]


def test_theta_is_that_of_the_guard() -> None:
    """The lint compares the weight of an escalating rule with the theta of the guard."""
    assert found("@escalate 0.5 :: forbid act(_, N) :- N > 9.", Deployment(theta=0.5)) == []
    assert found("@escalate 0.9 :: forbid act(_, N) :- N > 9.", Deployment(theta=0.95)) == ["E0611"]


@pytest.mark.parametrize(
    "paths",
    [
        ["rules/kitchen"],
        ["rules/alfworld"],
        ["rules/tools/world", "rules/tools/open"],
        ["rules/tools/world", "rules/tools/closed"],
        ["rules/tools"],
    ],
    ids=" ".join,
)
def test_the_bundled_rules_hold(paths: list[str]) -> None:
    """The lints find nothing in the rules that come with the package."""
    modules = load_modules(paths)
    assert vet(analyse(modules), None, modules) == []


def test_help_names_what_was_meant() -> None:
    """The help line names the nearest tool, constant, and what to write."""
    tools = (ToolSignature("delete_file", {"path": None}),)
    (lost,) = vet(
        analyse([parse(".action delete(path: symbol)\nforbid delete(_).")]), Deployment(tools=tools)
    )
    assert "did you mean the tool `delete_file`?" in lost.help
    (lost,) = vet(analyse([parse(HEAD + "forbid act(_, _) :- level(strikt).")]))
    assert "did you mean `strict`?" in lost.help
    (lost,) = vet(analyse([parse(".decl r(x: symbol)\n.action a(x: symbol)\nforbid a(X) :- r(X).")]))
    assert ".decl r(x: symbol) input" in lost.help


def test_effects_may_ask_the_host() -> None:
    """An effect, as a law, may read what a function of the host fills."""
    rules = ".decl rate(n: int) input\nforbid other(_) :- rate(N), N > 3.\n"
    effect = "act(X, N) causes q(X, N * R) :- rate(R)."
    asked = Deployment(functions=frozenset({"rate"}))
    assert found(rules, asked) == []
    assert found(rules + effect) == []
    assert found(rules + effect, asked) == []


CLIMB = ".action read(path: symbol)\n.default forbid read\n.decl met(x: symbol) input\n"


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ('permit read(P) :- starts_with(P, "/data/").', ["E0615"]),
        ('permit read(P) :- starts_with(P, "~/notes/").', ["E0615"]),
        ('permit read(P) :- starts_with(P, "work/").', ["E0615"]),
        ('permit read(P) :- matches(P, "^/data/").', ["E0615"]),
        ('permit read(P) :- matches(P, "^/data/.*[.]txt$").', ["E0615"]),
        ('permit read(P) :- matches(P, "^/(srv|data)/[a-z]+$").', []),
        ('permit read(P) :- starts_with(P, "/data/"), not starts_with(P, "..").', ["E0615"]),
        ('.decl in(x: symbol)\nin("/srv/").\npermit read(P) :- in(W), starts_with(P, W).', ["E0615"]),
        (
            '.decl in(x: symbol)\nin("/srv/").\npermit read(_).\n'
            "forbid read(P) :- 0 = count : { in(W), starts_with(P, W) }.",
            ["E0615"],
        ),
        (
            '.decl in(x: symbol)\nin("/srv/").\npermit read(_).\n'
            "forbid read(P) :- N = count : { in(W), starts_with(P, W) }, N > 0.",
            [],
        ),
        ('permit read(P) :- starts_with(P, "https://").', []),
        ('permit read(P) :- not starts_with(P, "/etc/").', []),
        ('permit read(P) :- starts_with(P, "/data/"), not contains(P, "..").', []),
        ('permit read(P) :- starts_with(P, "/data/").\nforbid read(P) :- contains(P, "..").', []),
        (
            'permit read(P) :- starts_with(P, "/data/").\npermit read(P) :- met(P), not contains(P, "..").',
            ["E0615"],
        ),
        (
            '.decl climbs(x: symbol)\nclimbs(X) :- met(X), contains(X, "..").\n'
            'permit read(P) :- starts_with(P, "/data/"), not climbs(P).',
            [],
        ),
        (
            '.decl climbs(x: symbol)\nclimbs(X) :- met(X), contains(X, "..").\n'
            'permit read(P) :- starts_with(P, "/data/").\nforbid read(P) :- climbs(P).',
            [],
        ),
        (
            '.decl inside(x: symbol)\ninside(X) :- met(X), starts_with(X, "/data/").\n'
            "permit read(P) :- inside(P).",
            ["W0615"],
        ),
        (
            '.decl inside(x: symbol)\ninside(X) :- met(X), starts_with(X, "/data/").\n'
            "permit read(_).\nforbid read(P) :- not inside(P).",
            ["W0615"],
        ),
        (
            '.decl inside(x: symbol)\ninside(X) :- met(X), starts_with(X, "/data/").\n'
            "permit read(_).\nforbid read(P) :- inside(P).",
            [],
        ),
    ],
)
def test_paths_that_climb_out(text: str, codes: list[str]) -> None:
    """A beginning that lets a path pass is told, unless `..` is looked for."""
    assert found(text, head=CLIMB) == codes


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("0.5 :: r(X) :- p(X).\nforbid act(X, _) :- r(X).", ["W0617"]),
        ("0.5 :: r(one).\nforbid act(X, _) :- q(X, _), r(X).", ["W0617"]),
        ("0.5 :: r(X) :- p(X). s(X) :- r(X). s(X) :- s(X).\nforbid act(X, _) :- s(X).", ["W0617"]),
        ("0.5 :: r(one).\n.default forbid *\npermit act(X, _) :- r(X). permit other(_).", ["W0617"]),
        # one row that weighs enough, advice, what the host states, and what is denied or counted
        ("0.5 :: r(X) :- p(X). r(one).\nforbid act(X, _) :- r(X).", []),
        ("0.5 :: r(X) :- p(X).\n0.4 :: forbid act(X, _) :- r(X).", []),
        ("0.5 :: q(one, 1).\nforbid act(X, _) :- q(X, _).", []),
        ("0.5 :: r(X) :- p(X).\nforbid act(X, _) :- p(X), not r(X).", []),
        ("0.5 :: r(X) :- p(X).\nforbid act(_, N) :- N = count : { r(_) }.", []),
        ("0.95 :: r(X) :- p(X).\nforbid act(X, _) :- r(X).", []),
    ],
)
def test_weights_that_are_never_reached(text: str, codes: list[str]) -> None:
    """A law, or a permit, whose relations always weigh less than theta is told of."""
    assert found(f".decl r(x: symbol)\n.decl s(x: symbol)\n{text}") == codes


def test_theta_decides_what_weighs_too_little() -> None:
    """A fact that weighs too little under one theta is enough under another; the message names theta."""
    program = analyse([parse(HEAD + ".decl r(x: symbol)\n0.5 :: r(one).\nforbid act(X, _) :- r(X).")])
    (light,) = vet(program)
    assert "less than theta, 0.9" in light.message
    assert vet(program, Deployment(theta=0.5)) == []


def test_a_denied_test_that_always_holds() -> None:
    """A permit that denies capital letters of a text in lower case permits all: that is said."""
    head = f"{HEAD}.default forbid *\npermit other(_).\n"
    assert found('permit act(X, _) :- not contains(lower(X), "DROP").', head=head) == ["W0618"]
    assert found('permit act(X, _) :- not contains(lower(X), "drop").', head=head) == []
