"""Slips that leave a law valid and without its grip: each is told, its fix is right, and no other is."""

from __future__ import annotations

import pytest

from mpr_logic.analysis import analyse
from mpr_logic.analysis.lints import Deployment, vet
from mpr_logic.errors import ProgramError
from mpr_logic.guard.guard import Guard
from mpr_logic.language.parser import parse

HEAD = """.decl bad(word: symbol)
.decl who(name: symbol)
.decl trusted(to: symbol) input
.decl allowed(name: symbol, folder: symbol) input
.decl spent(n: int) key()
.decl busy(d: int)
.action run(command: symbol)
.action pay(to: symbol, amount: int)
.action query(sql: symbol)
.action drop(path: symbol)
.action note(to: symbol, amount: symbol)
bad("rm"). bad("mkfs"). who("eve"). who("mallory"). spent(0). busy(3). busy(4).
"""
RM, PUSH = 'run("sudo rm -r /")', 'run("git push")'

# what was written, the code, what was meant, and a call that only what was meant rejects
SLIPS = [
    # the text and what is looked for in it, the wrong way round
    ('forbid run(C) :- contains("rm", C).', "E0613", 'forbid run(C) :- contains(C, "rm").', RM),
    ('forbid run(C) :- starts_with("sudo", C).', "E0613", 'forbid run(C) :- starts_with(C, "sudo").', RM),
    ('forbid run(C) :- ends_with(" /", C).', "E0613", 'forbid run(C) :- ends_with(C, " /").', RM),
    (
        'forbid run(C) :- matches("\\\\brm\\\\b", C).',
        "E0613",
        'forbid run(C) :- matches(C, "\\\\brm\\\\b").',
        RM,
    ),
    ('forbid run(C) :- contains("rm", lower(C)).', "E0613", 'forbid run(C) :- contains(lower(C), "rm").', RM),
    ("forbid run(C) :- bad(W), contains(W, C).", "W0624", "forbid run(C) :- bad(W), contains(C, W).", RM),
    ("forbid run(C) :- bad(W), ends_with(W, C).", "W0624", "forbid run(C) :- bad(W), contains(C, W).", RM),
    ("forbid run(C) :- shell_runs(rm, C).", "E0613", "forbid run(C) :- shell_runs(C, rm).", RM),
    ("forbid run(C) :- bad(W), shell_runs(W, C).", "E0613", "forbid run(C) :- bad(W), shell_runs(C, W).", RM),
    # words of a command that are no program
    ('forbid run(C) :- shell_runs(C, "rm ").', "E0605", "forbid run(C) :- shell_runs(C, rm).", RM),
    ('forbid run(C) :- shell_runs(C, "rm -r").', "E0605", "forbid run(C) :- shell_runs(C, rm).", RM),
    ('forbid run(C) :- shell_runs(C, "RM").', "W0605", "forbid run(C) :- shell_runs(C, rm).", RM),
    # arithmetic that comes to nothing, or to everything
    (
        "forbid pay(_, N) :- N mod 3 = 3.",
        "E0608",
        "forbid pay(_, N) :- N mod 3 = 0.",
        "pay(eve, 3)",
    ),
    ("forbid pay(_, N) :- N mod 10 > 9.", "E0608", "forbid pay(_, N) :- N mod 10 >= 9.", "pay(eve, 19)"),
    (
        "forbid pay(_, N) :- N > 0, N mod 2 = -1.",
        "E0608",
        "forbid pay(_, N) :- N > 0, N mod 2 = 1.",
        "pay(eve, 3)",
    ),
    ("forbid pay(_, N) :- 2 * N = 601.", "E0608", "forbid pay(_, N) :- 2 * N > 601.", "pay(eve, 900)"),
    ("forbid pay(_, N) :- N + 1 = N.", "E0608", "forbid pay(_, N) :- N + 1 > 0.", "pay(eve, 900)"),
    ("forbid pay(_, N) :- N - N > 0.", "E0608", "forbid pay(_, N) :- N > 0.", "pay(eve, 900)"),
    ("forbid pay(_, N) :- N * N < 0.", "E0608", "forbid pay(_, N) :- N * N > 9.", "pay(eve, 900)"),
    (
        "forbid pay(_, N) :- N < 100, N / 100 >= 2.",
        "E0608",
        "forbid pay(_, N) :- N / 100 >= 2.",
        "pay(eve, 900)",
    ),
    # counts that cannot be
    (
        "forbid pay(_, _) :- N = count : { busy(_) }, N > 2.",
        "E0608",
        "forbid pay(_, _) :- N = count : { busy(_) }, N >= 2.",
        "pay(eve, 1)",
    ),
    (
        "forbid pay(_, _) :- N = count : { busy(_) }, N < 0.",
        "E0608",
        "forbid pay(_, _) :- N = count : { busy(_) }, N > 0.",
        "pay(eve, 1)",
    ),
    (
        "forbid pay(_, _) :- N = max D : { busy(D) }, N > 4.",
        "E0608",
        "forbid pay(_, _) :- N = max D : { busy(D) }, N >= 4.",
        "pay(eve, 1)",
    ),
    (
        "forbid pay(_, _) :- N = sum D : { busy(D) }, N > 10.",
        "E0608",
        "forbid pay(_, _) :- N = sum D : { busy(D) }, N > 6.",
        "pay(eve, 1)",
    ),
    ("forbid pay(W, _) :- length(W) < 0.", "E0608", "forbid pay(W, _) :- length(W) > 0.", "pay(eve, 1)"),
    (
        "forbid pay(W, _) :- N = count : { who(W), W = bob }, N > 0.",
        "E0608",
        "forbid pay(W, _) :- N = count : { who(W) }, N > 0.",
        "pay(eve, 1)",
    ),
    (
        "forbid pay(_, A) :- S = sum A : { succeeded pay(_, A) }, S + A > 1000.",
        "E0614",
        "forbid pay(_, A) :- S = sum B : { succeeded pay(_, B), B > 0 }, S + A > 1000.",
        "pay(eve, 500)",
    ),
    # anchors, backslashes and dots of an expression
    ('forbid run(C) :- matches(C, "sudo ^rm").', "E0608", 'forbid run(C) :- matches(C, "sudo rm").', RM),
    ('forbid run(C) :- matches(C, "rm$ -r").', "E0608", 'forbid run(C) :- matches(C, "rm -r").', RM),
    (
        'forbid run(C) :- matches(C, "^mkfs|sudo ^rm").',
        "W0620",
        'forbid run(C) :- matches(C, "^mkfs|sudo rm").',
        RM,
    ),
    (
        'forbid run(C) :- matches(C, "\\\\\\\\brm\\\\\\\\b").',
        "W0621",
        'forbid run(C) :- matches(C, "\\\\brm\\\\b").',
        RM,
    ),
    # a word of SQL in one case
    (
        'forbid run(C) :- contains(C, "DROP TABLE").',
        "W0623",
        'forbid run(C) :- contains(lower(C), "drop table").',
        'run("drop table users")',
    ),
    (
        'forbid run(C) :- matches(C, "^DELETE FROM").',
        "W0623",
        'forbid run(C) :- matches(C, "(?i)^DELETE FROM").',
        'run("delete from users")',
    ),
    # blanks and quotes at the ends, and lists in a text
    ('forbid pay("eve ", _).', "W0625", "forbid pay(eve, _).", "pay(eve, 1)"),
    ("forbid pay(W, _) :- W = \"'eve'\".", "W0625", "forbid pay(W, _) :- W = eve.", "pay(eve, 1)"),
    (
        '.decl no(w: symbol) no(ann). no("eve, bob"). forbid pay(W, _) :- no(W).',
        "W0634",
        ".decl no(w: symbol) no(ann). no(eve). no(bob). forbid pay(W, _) :- no(W).",
        "pay(eve, 1)",
    ),
    # weights
    ("0.09 :: forbid pay(W, _) :- who(W).", "W0626", "0.9 :: forbid pay(W, _) :- who(W).", "pay(eve, 1)"),
    (
        '@because("never") 0.89 :: forbid pay(W, _) :- who(W).',
        "W0626",
        '@because("never") forbid pay(W, _) :- who(W).',
        "pay(eve, 1)",
    ),
    # what has nothing to do with the call
    (
        "forbid pay(_, N) :- N > 5, not trusted(_).",
        "W0627",
        "forbid pay(W, N) :- N > 5, not trusted(W).",
        "pay(eve, 6)",
    ),
    (
        "forbid pay(_, N) :- N > 5, not who(_).\nforbid note(W, _) :- who(W).",
        "W0627",
        "forbid pay(W, N) :- N > 5, not who(W).",
        "pay(ann, 6)",
    ),
    # patterns of another language, programs that are none, and what a text does not have
    ('forbid run(C) :- contains(C, "%rm%").', "W0616", 'forbid run(C) :- contains(C, "rm").', RM),
    ('forbid run("git*").', "W0616", 'forbid run(C) :- starts_with(C, "git").', PUSH),
    ('forbid run(C) :- shell_runs(C, "-r").', "E0605", "forbid run(C) :- shell_runs(C, rm).", RM),
    ('forbid run(C) :- shell_runs(C, "rm|mv").', "E0605", "forbid run(C) :- shell_runs(C, rm).", RM),
    ("forbid run(C) :- field(C, force, _).", "E0608", 'forbid run(C) :- contains(C, "push").', PUSH),
    # other spellings
    (
        'forbid query(Q) :- starts_with(Q, "DELETE ").',
        "W0623",
        'forbid query(Q) :- starts_with(lower(Q), "delete ").',
        'query("delete from users")',
    ),
    (
        'forbid drop("/etc/passwd").',
        "W0636",
        'forbid drop("/etc/passwd").\nforbid drop(P) :- matches(P, "//|/[.][.]?(/|$)|/$").',
        'drop("/etc//passwd")',
    ),
    (
        '.decl kept(p: symbol) kept("/srv/a").\nforbid drop(P) :- kept(P).',
        "W0636",
        '.decl kept(p: symbol) kept("/srv/a").\nforbid drop(P) :- kept(P).\n'
        'forbid drop(P) :- matches(P, "//|/[.][.]?(/|$)|/$").',
        'drop("/srv//a")',
    ),
    # an alternative that cannot be
    (
        "forbid pay(_, N) :- (N mod 3 = 3 ; N > 500).",
        "E0608",
        "forbid pay(_, N) :- (N mod 3 = 0 ; N > 500).",
        "pay(eve, 3)",
    ),
    # numbers and times in another form
    (
        'forbid note(_, A) :- A > "1000".',
        "W0629",
        'forbid note(_, A) :- length(A) > 3, A != "1000".',
        'note(eve, "01000")',
    ),
    (
        "forbid pay(_, _) :- now(T), T > 20251231.",
        "W0630",
        "forbid pay(_, _) :- now(T), T > 1767225600.",
        "",
    ),
    (
        "forbid pay(_, _) :- now(T), T > 1767225600000.",
        "W0630",
        "forbid pay(_, _) :- now(T), T > 1767225600.",
        "",
    ),
]


# permits that let too much pass: what was written, the code, what was meant, and a call that it rejects
OPEN = [
    ("permit pay(_, N) :- N mod 2 < 2.", "W0619", "permit pay(_, N) :- N mod 2 = 0.", "pay(eve, 3)"),
    ('permit run(C) :- contains(C, "").', "W0619", 'permit run(C) :- matches(C, "^ls( -l)?$").', RM),
    ('permit run(C) :- matches(C, "ls|").', "W0619", 'permit run(C) :- matches(C, "^ls$").', RM),
    ('permit run(C) :- matches(C, "(ls )*").', "W0619", 'permit run(C) :- matches(C, "^(ls )+$").', RM),
    ("permit pay(W, _) :- length(W) >= 0.", "W0619", "permit pay(W, _) :- length(W) < 3.", "pay(eve, 1)"),
    (
        "permit pay(W, _) :- N = count : { past pay(W, _) }.",
        "W0619",
        "permit pay(W, _) :- N = count : { past pay(W, _) }, N < 1.",
        "pay(bob, 1)",
    ),
    ("permit pay(W, _) :- W = Ann.", "W0619", "permit pay(W, _) :- W = ann.", "pay(eve, 1)"),
    ("permit pay(_, _) :- who(Mallory).", "W0635", "permit pay(W, _) :- W = mallory.", "pay(eve, 1)"),
    ("permit pay(Ann, _).\npermit pay(ann, 7).", "W0635", "permit pay(ann, _).", "pay(eve, 1)"),
    ("permit pay(_, _) :- trusted(_).", "W0627", "permit pay(W, _) :- trusted(W).", "pay(eve, 1)"),
    (
        "permit pay(W, _) :- W != eve.\npermit pay(W, _) :- W != bob.",
        "W0631",
        "permit pay(W, _) :- W != eve, W != bob.",
        "pay(eve, 1)",
    ),
    (
        "permit pay(_, N) :- N < 10.\npermit pay(_, N) :- N > 5.",
        "W0631",
        "permit pay(_, N) :- N < 10, N > 5.",
        "pay(eve, 1)",
    ),
    (
        'permit run(C) :- starts_with(C, "https://a.example.com").',
        "W0628",
        'permit run(C) :- starts_with(C, "https://a.example.com/").',
        'run("https://a.example.com.evil.net/")',
    ),
    (
        'permit run(C) :- ends_with(C, "example.com").',
        "W0628",
        'permit run(C) :- ends_with(C, "@example.com").',
        'run("eve@my-example.com")',
    ),
    (
        'permit run(C) :- contains(C, "example.com").',
        "W0628",
        'permit run(C) :- starts_with(C, "https://example.com/").',
        'run("https://evil.net/example.com")',
    ),
    (
        'permit run(C) :- matches(C, "^https://example.com/").',
        "W0622",
        'permit run(C) :- matches(C, "^https://example[.]com/").',
        'run("https://exampleXcom/")',
    ),
]

# what looks like a slip and is meant
MEANT = [
    'forbid run(C) :- contains("ls,cat,rm", C).',
    "forbid run(C) :- who(W), contains(C, W).",
    "forbid run(C) :- shell_runs(C, P), bad(P).",
    'forbid run(C) :- shell_runs(C, "./RM").',
    "forbid pay(_, N) :- N >= 0, N mod 3 = 2.",
    "forbid pay(_, N) :- N mod 2 = -1.",
    "forbid pay(_, N) :- 2 * N = 600.",
    "forbid pay(_, N) :- N / 2 * 2 != N.",
    "forbid pay(_, N) :- spent(S), S + N > 1000.",
    "forbid pay(_, _) :- N = count : { busy(_) }, N = 0.",
    "forbid pay(_, _) :- N = count : { past pay(_, _) }, N > 20.",
    "forbid pay(W, _) :- N = sum D : { past pay(W, D), D > 5 }, N > 20.",
    'forbid run(C) :- matches(C, "(^|;\\\\s*)rm( |$)").',
    'forbid run(C) :- matches(C, "(?m)x\\\\n^rm$").',
    'forbid run(C) :- matches(C, "C:\\\\\\\\windows\\\\\\\\").',
    'forbid run(C) :- matches(C, "example[.]com|a\\\\.example\\\\.com").',
    'forbid run(C) :- contains(lower(C), "drop table").',
    'forbid run(C) :- contains(C, "DROP TABLE").\nforbid run(C) :- contains(C, "drop table").',
    'forbid pay("eve mallory", _).',
    "0.5 :: forbid pay(W, _) :- who(W).",
    '@because("a little dear") 0.89 :: forbid pay(_, N) :- N > 100.',
    "@evidence(3, 1) 0.09 :: forbid pay(W, _) :- who(W).",
    "forbid pay(W, N) :- trusted(W), N > 10, allowed(W, _).",
    "forbid pay(W, _) :- spent(_), who(W).",
    '@because("{V} waits") forbid pay(_, _) :- who(V).',
    'forbid note(_, A) :- A > "2026-01-31".',
    'forbid note(_, A) :- A = "1000".',
    "forbid pay(_, _) :- now(T), T > 1767225600.",
    "forbid pay(_, N) :- N > 20261231.",
    'permit run("a"). permit run("b").',
    "permit pay(W, _) :- W = eve.\npermit pay(W, _) :- W = bob.",
    "permit pay(_, N) :- N < 5.\npermit pay(_, N) :- N > 10.",
    'permit run(C) :- ends_with(C, "@example.com").',
    'permit run(C) :- starts_with(C, "git "), not matches(C, "[^ \\\\w-]").',
    '@rewrite(amount, "{M}") forbid pay(_, N) :- M = N - 1, N > 5.',
    'forbid run("100%").',
    'forbid run(C) :- contains(C, "50% off").',
    'forbid run(C) :- shell_runs(C, "g++").',
    'forbid query(Q) :- contains(lower(Q), "drop").',
    'forbid run(C) :- contains(C, "DROP").',
    "forbid pay(W, _) :- 0 = count : { past pay(W, _) }.",
    "forbid pay(_, N) :- (N < 5 ; N > 10), N > 8.",
    "forbid pay(_, N) :- (N mod 3 != 0 ; N > 10).",
    "forbid pay(W, N) :- N > 5, not allowed(_, _), who(W).",
]


def codes(text: str) -> list[str]:
    """The codes of what is found in a text behind the declarations, without those about style."""
    modules = [parse(HEAD + text)]
    assert all(each.help for each in vet(analyse(modules), Deployment(), modules))
    return [each.code for each in vet(analyse(modules), Deployment(), modules) if each.code[1:3] == "06"]


def runs(text: str, call: str) -> bool:
    """Whether a guard whose errors are warnings admits a call."""
    name, _, arguments = call.partition("(")
    keys = {"run": ["command"], "query": ["sql"], "drop": ["path"]}.get(name, ["to", "amount"])
    values = [each.strip(' "') for each in arguments.rstrip(")").split(", ", len(keys) - 1)]
    given = {k: int(v) if name == "pay" and k == "amount" else v for k, v in zip(keys, values, strict=True)}
    guard = Guard(
        text=HEAD + text,
        strict=False,
        state=["trusted(ann)", "past pay(bob, 600)", "succeeded pay(bob, 600)"],
    )
    return guard.check(name, given).runs


@pytest.mark.parametrize(("written", "code", "meant", "call"), [each for each in SLIPS if each[1]])
def test_a_slip_is_told_and_its_fix_rejects(written: str, code: str, meant: str, call: str) -> None:
    """The slip is told by its code; the law that was meant has none, and rejects what the slip admits."""
    assert code in codes(written)
    assert codes(meant) == []
    if call:
        assert runs(written, call)
        assert not runs(meant, call)


@pytest.mark.parametrize(("written", "code", "meant", "call"), OPEN)
def test_an_open_permit_is_told(written: str, code: str, meant: str, call: str) -> None:
    """The same of permits in a closed set."""
    closed = ".default forbid *\n"
    assert code in codes(closed + written)
    assert codes(closed + meant) == []
    assert runs(closed + written, call)
    assert not runs(closed + meant, call)


@pytest.mark.parametrize("text", MEANT)
def test_what_is_meant_is_let_be(text: str) -> None:
    """Nothing is said of rules that look like a slip and are none."""
    closed = ".default forbid *\n" if text.startswith("permit") else ""
    assert codes(closed + text) == []


@pytest.mark.parametrize(
    ("effects", "code"),
    [
        ("pay(_, N) causes total(S + N) :- total(S).", "W0632"),
        ("pay(_, N) causes total(T) :- total(S), T = S + N.", "W0632"),
        ("pay(_, N) causes total(S + N) :- total(S).\npay(_, _) ends total(S) :- total(S).", ""),
        ("pay(_, N) causes spent(N).", "W0633"),
        ("pay(_, N) causes spent(S + N) :- spent(S).", ""),
    ],
)
def test_counters(effects: str, code: str) -> None:
    """An effect that keeps its old values, or puts an amount in the place of a sum, is told."""
    text = ".decl total(n: int)\ntotal(0).\n.default forbid *\npermit pay(_, N) :- total(S), S + N < 1000.\n"
    law = "forbid pay(_, N) :- spent(S), S + N > 1000.\n"
    assert codes(text + law + effects) == ([code] if code else [])


@pytest.mark.parametrize(
    "law",
    [
        "forbid run(C) :- item(C, rm, _).",
        "forbid run(_) :- now(today).",
        "forbid run(_) :- N = count : { called(run, _, _) }, N > 3.",
        "forbid run(C) :- called(C, _, _).",
        "forbid pay(_, N) :- shell_runs(N, rm).",
        "forbid pay(_, N) :- not shell_runs(N, rm).",
    ],
)
def test_built_in_relations_have_types(law: str) -> None:
    """An argument in another's place of a built-in relation is an error, as of any relation."""
    with pytest.raises(ProgramError, match=r"E0206|E0207"):
        codes(law)
