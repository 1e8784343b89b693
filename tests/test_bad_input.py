"""Bad input, through the real command line: the documented status, and a message that helps.

Each row of the tables gives what is wrong and parts of the message: the place, what is wrong with it,
and what to do. That there is no traceback, and nothing on the standard output, is asserted in
:mod:`tests.helpers.command` for every run.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from tests.helpers.command import Done, mpr, process

HEAD = """\
.decl p(x: symbol) input
.decl n(x: int)
.decl f(x: float)
.decl o(x: symbol) open_world
.decl t(x: symbol)
.action a(x: symbol)
"""
FORBID = "forbid a(X) :- p(X).\n"


def ask(
    folder: Path,
    rules: str | bytes = HEAD + FORBID,
    state: str | bytes = "",
    asked: str = "a(b)",
    *,
    verb: str = "check",
    state_file: str = "state.dl",
) -> Done:
    """Write rules and a state into files, and run a command on them."""
    for name, text in (("rules.dl", rules), (state_file, state)):
        (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return mpr(verb, str(folder / "rules.dl"), "--state", str(folder / state_file), asked)


def undecided(done: Done, *parts: str) -> None:
    """Assert that nothing was decided, and that the message has these parts."""
    assert done.status == 2, done
    for part in parts:
        assert part in done.err, f"`{part}` is missing in:\n{done.err[:3000]}"


# -- rules: what follows HEAD begins on line 7 ---------------------------------------------------------

RULES: dict[str, tuple[str, tuple[str, ...]]] = {
    "no dot": ("forbid a(X) :- p(X)", ("rules.dl:7:19", "E0105", "no dot", "end it with a dot")),
    "broken": ("forbid a(X) :- p(X),, t(X).", ("rules.dl:7:21", "E0101", "found `,`")),
    "prose": ("Do not put things into closed boxes!", ("rules.dl:7:1", "error[E01")),
    "python": ("import os; os.system('true')", ("rules.dl:7:", "error[E01")),
    "unclosed": ("forbid a(X) :- p((X.", ("rules.dl:7:", "E0104", "not closed")),
    "open text": ('forbid a("x) :- p(X).', ("rules.dl:7:", "E0103", "not closed", "close it with")),
    "escape": (r'p("\q").', ("rules.dl:7:", "E0111")),
    "NUL": ("p(b\0).", ("rules.dl:7:4", "E0102", "U+0000", "remove it")),
    "control": ("p(\x1b[31m).", ("rules.dl:7:3", "E0102", "U+001B")),
    "bidi": ("p(b\u202e).", ("rules.dl:7:", "U+202E")),
    "prolog": ("t(X) :- p(X); n(X).", ("rules.dl:7:", "E0106")),
    "upper": ("P(b).", ("rules.dl:7:1", "E0107", "write `p`")),
    "keyword": ("count(b).", ("rules.dl:7:1", "E0108")),
    "weight 0": ("0 :: forbid a(X) :- p(X).", ("rules.dl:7:1", "E0109", "`0`", "(0, 1]")),
    "weight 2": ("2 :: forbid a(X) :- p(X).", ("rules.dl:7:1", "E0109", "`2`")),
    "long int": (f"n({'9' * 2000}).", ("rules.dl:7:3", "E0110", "1000 digits")),
    "large float": ("f(1e999).", ("rules.dl:7:3", "E0110", "too large")),
    "relation": ("forbid a(X) :- q(X).", ("rules.dl:7:16", "E0201", "`q`", ".decl q(x: symbol)")),
    "action": ("forbid b(X) :- p(X).", ("rules.dl:7:8", "E0201", "`b`")),
    "near name": (".decl opened(x: symbol)\nt(X) :- openend(X).", ("rules.dl:8:9", "did you mean `opened`")),
    "not an action": ("forbid p(X) :- p(X).", ("rules.dl:7:8", "E0202")),
    "arity": ("forbid a(X) :- p(X, X).", ("rules.dl:7:16", "E0203", "takes 1 argument, not 2")),
    "argument": ("forbid a(X) :- p(y: X).", ("rules.dl:7:", "E0204", "`y`")),
    "variable type": ("t(X) :- n(X).", ("rules.dl:7:", "E0206")),
    "value type": ("n(b).", ("rules.dl:7:3", "E0207", "`b`")),
    "declared twice": (".decl p(x: int)", ("rules.dl:7:", "E0208", "`p`")),
    "type": (".decl q(x: thing)", ("rules.dl:7:9", "E0209", "`thing`")),
    "type cycle": (".type c <: d .type d <: c", ("rules.dl:7:", "E0210")),
    "annotation": ("@id(x, y)\nforbid a(X) :- p(X).", ("rules.dl:7:1", "E0211", "@id(closed)")),
    "disclosure": (
        "@disclose(all)\nforbid a(X) :- p(X).",
        ("rules.dl:7:1", "E0211", "because, repair or proof"),
    ),
    "arithmetic": ('t(X) :- p(X), X + 1 = "q".', ("rules.dl:7:", "E0212")),
    "override": ("@overrides(zz)\npermit a(X) :- p(X).", ("rules.dl:7:", "E0214", "`zz`")),
    "because": ('@because("{Y}")\nforbid a(X) :- p(X).', ("rules.dl:7:", "E0216", "binds `X`")),
    "regex": ('forbid a(X) :- matches(X, "(").', ("rules.dl:7:27", "E0217", "RE2")),
    "regex back-reference": (r'forbid a(X) :- matches(X, "(a)\\1").', ("rules.dl:7:27", "E0217")),
    "regex too large": ('forbid a(X) :- matches(X, "(a{1,1000}){1,1000}").', ("rules.dl:7:27", "E0217")),
    "absence": ("not p(b).", ("rules.dl:7:", "E0219", "open_world")),
    "head": ("t(X).", ("rules.dl:7:3", "E0301", "`X`")),
    "wildcard": ("t(_) :- p(X).", ("rules.dl:7:3", "E0302")),
    "negated": ("t(X) :- p(X), not n(Y).", ("rules.dl:7:21", "E0303", "`Y`")),
    "unbound": ("t(X) :- p(X), Y < 3.", ("rules.dl:7:15", "E0304", "`Y`")),
    "negative cycle": ("t(X) :- p(X), not o(X), not t(X).", ("rules.dl:7:", "E0401", "t")),
    "aggregate cycle": ("n(N) :- N = count : { n(_) }.", ("rules.dl:7:", "E0402", "n")),
    "injection": ('p("; import os").)', ("rules.dl:7:", "error[E01")),
    "deep parentheses": (
        f"t(X) :- p(X), {'(' * 100_000}1{')' * 100_000} = 1.",
        ("rules.dl:7:", "E0112", "more than 100 deep"),
    ),
    "long body": (f"t(X) :- {', '.join(['p(X)'] * 100_000)}.", ("rules.dl:7:", "E0113", "split it")),
    "long word": ("x" * 5_000_000, ("rules.dl:7:5000000", "E0105")),
    "many words": ("x y " * 1_250_000, ("rules.dl:7:3", "E0101")),
}


@pytest.mark.parametrize(("text", "parts"), RULES.values(), ids=RULES)
def test_bad_rules(tmp_path: Path, text: str, parts: tuple[str, ...]) -> None:
    """Rules that are no program end in status 2, with file, line, column, and what to do."""
    done = ask(tmp_path, HEAD + text)
    undecided(done, *parts)
    assert "-->" in done.err


# -- states --------------------------------------------------------------------------------------------

FACTS: dict[str, tuple[str | bytes, tuple[str, ...]]] = {
    "broken": ("p(b)", ("state.dl:1:4", "E0105")),
    "unknown": ("zz(b).", ("state.dl:1:1", "`zz` is not declared", ".decl zz(...)")),
    "action": ("a(b).", ("state.dl:1:1", "`a` is an action")),
    "arity": ("p(b).\np(b, c).", ("state.dl:2:1", "takes 1 argument, not 2")),
    "type": ("n(b).", ("state.dl:1:1", "`b` does not fit", "`int`")),
    "variable": ("p(X).", ("state.dl:1:1", "`X` is a variable", "lower-case")),
    "rule": ("p(b) :- t(b).", ("state.dl:1:1", "has a body", "rule file")),
    "forbid": ("forbid a(b).", ("state.dl:1:1", "`forbid` rule", "rule file")),
    "permit": ("permit a(b).", ("state.dl:1:1", "`permit` rule")),
    "declaration": (".decl q(x: int)", ("state.dl:1:1", "facts only", "rule file")),
    "absence": ("not p(b).", ("state.dl:1:5", "open_world")),
    "computed": ("n(1/0).", ("state.dl:1:1", "computed", "constant itself")),
    "NUL": ("p(b\0).", ("state.dl:1:4", "U+0000")),
    "not UTF-8": (b"p(b).\np(\xff).", ("state.dl:2:3", "0xff", "UTF-8")),
    "UTF-16": ("p(b).".encode("utf-16"), ("state.dl:1:1", "UTF-8")),
    "surrogate": (r'p("\ud800").', ("state.dl:1:3", "surrogate")),
    "deep": ("p(" * 100_000, ("state.dl:1:202", "E0112")),
}

JSON: dict[str, tuple[str | bytes, tuple[str, ...]]] = {
    "empty": ("", ("state.json:1:1", "not JSON")),
    "cut": ('{"facts":', ("state.json:1:10", "not JSON")),
    "more": ("{}}", ("state.json:1:3", "not JSON")),
    "NUL": ("{}\0", ("state.json:1:3", "not JSON")),
    "not UTF-8": (b'["p(\xe9)"]', ("state.json:1:5", "0xe9", "UTF-8")),
    "null": ("null", ("state.json", "a state is an object", "`null`")),
    "number": ("3", ("state.json", "a state is an object", "`3`")),
    "text": ('"p(b)"', ("state.json", "a state is an object")),
    "list of numbers": ("[3]", ("facts[0]", "at(apple_1, fridge_1)", "`3`")),
    "list of lists": ('[["p", "b"]]', ("facts[0]", "a fact is a text")),
    "unknown key": ('{"fact": []}', ("`fact`", "absent, facts, history, mpr_state")),
    "version": ('{"mpr_state": 2}', ("`mpr_state` is `2`", "version 1")),
    "version bool": ('{"mpr_state": true}', ("`mpr_state` is `true`", "version 1")),
    "facts": ('{"facts": 3}', ("facts", "an object from relation to rows", "`3`")),
    "rows": ('{"facts": {"p": 3}}', ("facts.p", "are a list", "`3`")),
    "row": ('{"facts": {"p": ["b"]}}', ("facts.p[0]", "a row is a list of values")),
    "arity": ('{"facts": {"p": [["b"], ["b", "c"]]}}', ("facts.p[1]", "takes 1 argument, not 2")),
    "unknown relation": ('{"facts": {"zz": []}}', ("facts.zz", "not declared", ".decl zz(...)")),
    "empty name": ('{"facts": {"": [[]]}}', ("facts.", "not declared")),
    "action": ('{"facts": {"a": [["b"]]}}', ("facts.a", "`a` is an action")),
    "verdict": ('{"facts": {"permit a": [["b"]]}}', ("facts.permit a", "not declared")),
    "int for symbol": ('{"facts": {"p": [[3]]}}', ("facts.p[0]", "`3` does not fit", "`symbol`")),
    "text for int": ('{"facts": {"n": [["1"]]}}', ("facts.n[0]", "`1` does not fit", "`int`")),
    "bool for int": ('{"facts": {"n": [[true]]}}', ("facts.n[0]", "not bool")),
    "float for int": ('{"facts": {"n": [[1.5]]}}', ("facts.n[0]", "`1.5` does not fit")),
    "null value": ('{"facts": {"n": [[null]]}}', ("facts.n[0]", "a text, a number, true or false")),
    "nested value": ('{"facts": {"p": [[["b"]]]}}', ("facts.p[0]", "does not fit")),
    "object value": ('{"facts": {"p": [[{"x": 1}]]}}', ("facts.p[0]", "does not fit")),
    "NaN": ('{"facts": {"f": [[NaN]]}}', ("state.json", "`NaN` is not a number")),
    "infinity": ('{"facts": {"f": [[-Infinity]]}}', ("state.json", "`-Infinity` is not a number")),
    "large float": ('{"facts": {"f": [[1e999]]}}', ("facts.f[0]", "only finite numbers")),
    "long int": (f'{{"facts": {{"n": [[{"9" * 5000}]]}}}}', ("state.json", "1000 digits")),
    "surrogate": (r'{"facts": {"p": [["\ud800"]]}}', ("state.json", "surrogate")),
    "key twice": ('{"facts": [], "facts": []}', ("the key `facts` stands twice", "join")),
    "closed world": ('{"absent": {"p": [["b"]]}}', ("absent.p", "open_world")),
    "absent": ('{"absent": ["not o(b)"]}', ("absent[0]", "`not` stands twice")),
    "weight": (
        '[{"relation": "p", "args": ["b"], "weight": 0}]',
        ("facts[0].weight", "above 0 and at most 1"),
    ),
    "weight bool": ('[{"relation": "p", "args": ["b"], "weight": true}]', ("facts[0].weight", "`true`")),
    "args": ('[{"relation": "p", "args": "b"}]', ("facts[0]", "a row is a list")),
    "no relation": ('[{"args": ["b"]}]', ("facts[0]", '{"relation", "args", "weight"}')),
    "relation number": ('[{"relation": 3}]', ("facts[0].relation", "is a text")),
    "history": ('{"history": {}}', ("history", "is a list")),
    "entry": ('{"history": ["a(b)"]}', ("history[0]", "an entry is")),
    "entry action": ('{"history": [{"action": "zz(b)"}]}', ("history[0]", "`zz` is not declared")),
    "entry relation": ('{"history": [{"action": "p(b)"}]}', ("history[0]", "`p` is a relation")),
    "succeeded": (
        '{"history": [{"action": "a(b)", "succeeded": 1}]}',
        ("history[0].succeeded", "true, false"),
    ),
    "two facts": ('["p(b). p(c)"]', ("facts[0]", "nothing behind it")),
    "code": ('["p(b); import os"]', ("facts[0]", "is not a fact", "`;` is no operator")),
    "deep": ("[" * 100_000, ("state.json", "nested too deep", "four levels")),
    "deep objects": ('{"facts":' * 100_000, ("state.json", "nested too deep")),
}


@pytest.mark.parametrize(("text", "parts"), FACTS.values(), ids=FACTS)
def test_bad_facts(tmp_path: Path, text: str | bytes, parts: tuple[str, ...]) -> None:
    """A .dl state that does not fit the rules ends in status 2, with its place."""
    undecided(ask(tmp_path, state=text), *parts)


@pytest.mark.parametrize(("text", "parts"), JSON.values(), ids=JSON)
def test_bad_json(tmp_path: Path, text: str | bytes, parts: tuple[str, ...]) -> None:
    """A JSON state of the wrong shape ends in status 2, with the way to the wrong part."""
    undecided(ask(tmp_path, state=text, state_file="state.json"), "state.json", *parts)


# -- actions, atoms and arguments ----------------------------------------------------------------------

ACTIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "nothing": ("", ("last argument", "put(apple_1, fridge_1)")),
    "blank": ("  ", ("last argument",)),
    "cut": ("a(", ("`a(` is not an action", "close it with `)`")),
    "no arguments": ("a", ("takes 1 argument, not 0", ".action a(x: symbol)")),
    "arity": ("a(b, c)", ("takes 1 argument, not 2",)),
    "type": ("a(3)", ("`3` does not fit", "a(x: symbol)")),
    "variable": ("a(X)", ("`X` is a variable", "lower-case")),
    "unknown": ("zz(b)", ("`zz` is not declared", ".action zz(...)")),
    "relation": ("p(b)", ("`p` is a relation, not an action",)),
    "argument name": ("a(y: b)", ("no argument `y`", ".action a(x: symbol)")),
    "repeated name": ("a(x: b, x: c)", ("given twice", "keep one")),
    "rule": ("a(b) :- p(b)", ("nothing behind it",)),
    "two": ("a(b), a(c)", ("nothing behind it",)),
    "code": ("a(b); import os", ("nothing behind it",)),
    "bare code": ('__import__("os")', ("`__import__` is a variable",)),
    "open text": ('"; import os', ("this text is not closed", "close it with")),
    "negated": ("not a(b)", ("`not` is a word of the language",)),
    "verdict": ("permit a(b)", ("`permit` is a word of the language",)),
    "computed": ("a(1/0)", ("computed", "constant itself")),
    "NUL": ("a(b\0)", ("U+0000",)),
    "control": ("a(\x1b[31m)", ("U+001B", "\\x1b")),
    "surrogate": ("a(\udcff)", ("U+DCFF",)),
    "deep": ("a(" * 100_000, ("is not an action",)),
    "single quotes": ("a('b')", ('"like this"',)),
}


@pytest.mark.parametrize(("text", "parts"), ACTIONS.values(), ids=ACTIONS)
def test_bad_actions(tmp_path: Path, text: str, parts: tuple[str, ...]) -> None:
    """A text that is no action of the rules is not decided, whatever it is."""
    undecided(ask(tmp_path, asked=text), *parts)


@pytest.mark.parametrize(
    ("verb", "text", "parts"),
    [
        ("why", "p(X)", ("has a variable", "`query` finds them all")),
        ("why", "zz(b)", ("`zz` is not declared",)),
        ("why", "a(b, c)", ("takes 1 argument",)),
        ("why", "p(b) :- t(b)", ("is a rule",)),
        ("why", "not p(b)", ("open_world",)),
        ("query", "p(X", ("is not an atom", "close it with `)`")),
        ("query", "a(X)", ("`a` is an action",)),
        ("query", "forbid a(X)", ("is about an action",)),
        ("query", "n(b)", ("`b` does not fit",)),
        ("query", "", ("last argument", "at(X, fridge_1)")),
    ],
)
def test_bad_questions(tmp_path: Path, verb: str, text: str, parts: tuple[str, ...]) -> None:
    """A text that is no atom of the rules is neither proved nor found."""
    undecided(ask(tmp_path, asked=text, verb=verb), *parts)


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        ("memory", ("missing command", "mpr memory --help")),
        ("guess", ("no such command", "mpr --help")),
        ("check", ("last argument", "put(apple_1, fridge_1)")),
        ("check put(a,b)", ("no rules are named", "rules/kitchen")),
        ("check rules/kitchen put(a,b)", ("no state is named", "--state FILE")),
        ("check rules/kitchen --state", ("--state", "mpr check --help")),
        ("check rules/kitchen --state S", ("`rules/kitchen`, names rules",)),
        ("check rules/kitchen --state S --guess put(a,b)", ("no such option", "mpr check --help")),
        ("check rules/kitchen --state S --theta 0 put(a,b)", ("--theta is 0", "0.9")),
        ("check rules/kitchen --state S --theta nan put(a,b)", ("--theta is nan", "0.9")),
        ("check rules/kitchen --state S --theta much put(a,b)", ("--theta", "mpr check --help")),
        ("check rules/kitchen --state S --seconds 0 put(a,b)", ("--seconds is 0", "above 0")),
        ("check rules/kitchen --state S --seconds inf put(a,b)", ("--seconds is inf",)),
        ("check rules/kitchen --state S --engine prolog put(a,b)", ("prolog", "native", "mpr check --help")),
        ("check rules/kitchen --state S --semiring sum put(a,b)", ("sum", "maxmin")),
        ("check rules/kitchen --state S --disclose all put(a,b)", ("all", "operator")),
        ("check rules/nowhere --state S put(a,b)", ("rules/nowhere", "cannot be read", "that exists")),
        ("check rules/kitchen --state nowhere.dl put(a,b)", ("nowhere.dl", "cannot be read", "that exists")),
        ("check rules/kitchen --state rules put(a,b)", ("`rules` is a folder", "give the path")),
        ("check rules/kitchen --state /dev/zero put(a,b)", ("is a device",)),
        ("check rules/kitchen --state /dev/full put(a,b)", ("is a device",)),
        ("lint", ("no rule file is named",)),
        ("lint mpr_logic/cli/schema", ("holds no `.dl` file", "name a rule file")),
        ("fmt", ("no rule file is named",)),
    ],
)
def test_bad_arguments(arguments: str, parts: tuple[str, ...]) -> None:
    """Arguments that make no question end in status 2, and the message says what to write."""
    state = "docs/examples/kitchen/state.dl"
    undecided(mpr(*(state if each == "S" else each for each in arguments.split())), *parts)


# -- files ---------------------------------------------------------------------------------------------


def test_bad_files(tmp_path: Path) -> None:
    """A pipe, a socket, a loop of links and a broken link are refused at once, as rules and as state."""
    rules = tmp_path / "rules.dl"
    rules.write_text(HEAD)
    os.mkfifo(tmp_path / "pipe.dl")
    (tmp_path / "loop.dl").symlink_to("loop.dl")
    (tmp_path / "broken.dl").symlink_to("nowhere.dl")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket.dl"))
        for name, part in {
            "pipe.dl": "is a pipe",
            "socket.dl": "is a socket",
            "loop.dl": "cannot be read",
            "broken.dl": "cannot be read",
        }.items():
            bad = str(tmp_path / name)
            undecided(mpr("check", str(rules), "--state", bad, "a(b)"), bad, part, "give the path")
            undecided(mpr("check", bad, "--state", str(rules), "a(b)"), bad, part, "give the path")


def test_no_rule_file_of_a_folder_is_passed_over(tmp_path: Path) -> None:
    """A link to a folder is followed, once; a broken link that is named as a rule file is an error."""
    inside, outside = tmp_path / "rules", tmp_path / "outside"
    for folder in (inside, outside):
        folder.mkdir()
    (inside / "rules.dl").write_text(".action act(n: int)\nforbid act(1).\n")
    (outside / "more.dl").write_text("forbid act(2).\n")
    (outside / "back").symlink_to(inside)
    (inside / "more").symlink_to(outside)
    (inside / ".#rules.dl").symlink_to("somebody@somewhere")
    state = tmp_path / "state.dl"
    state.touch()
    check = ("check", str(inside), "--state", str(state))
    assert [mpr(*check, f"act({n})").status for n in (1, 2, 3)] == [1, 1, 0]
    (inside / "gone.dl").symlink_to("nowhere.dl")
    undecided(mpr(*check, "act(3)"), "gone.dl", "cannot be read")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_unreadable_folder(tmp_path: Path) -> None:
    """A folder that one may not read is named, though there are rules beside it."""
    (tmp_path / "rules.dl").write_text(HEAD)
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    hidden.chmod(0)
    state = str(tmp_path / "rules.dl")
    undecided(mpr("check", str(tmp_path), "--state", state, "a(b)"), "hidden", "cannot be read")
    hidden.chmod(0o700)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_unreadable_file(tmp_path: Path) -> None:
    """A file that one may not read is named, with the reason."""
    rules = tmp_path / "rules.dl"
    rules.write_text(HEAD)
    rules.chmod(0)
    undecided(mpr("check", str(rules), "--state", str(rules), "a(b)"), "rules.dl", "permission denied")


def test_empty_files(tmp_path: Path) -> None:
    """An empty rule file declares nothing, so nothing can be asked; an empty state is a state."""
    undecided(ask(tmp_path, rules=""), "action `a` is not declared")
    assert ask(tmp_path, state="").status == 0


def test_large_file(tmp_path: Path) -> None:
    """A file above the limit is refused before it is read."""
    rules = tmp_path / "rules.dl"
    with rules.open("wb") as file:
        file.truncate(65 * 1024 * 1024)
    undecided(mpr("lint", str(rules)), "rules.dl", "E0122", "larger than 64 MiB", "split it")


def test_standard_input_state(tmp_path: Path) -> None:
    """A state on the standard input that is not UTF-8, or no state, is refused with its place."""
    rules = tmp_path / "rules.dl"
    rules.write_text(HEAD)
    command = ("check", str(rules), "--state", "-", "a(b)")
    undecided(mpr(*command, stdin=b"p(\xff)."), "<stdin>", "byte 3", "UTF-8")
    undecided(mpr(*command, stdin=b'{"fact": 1}'), "<stdin>", "`fact`")
    undecided(mpr(*command, stdin=b"p(b"), "<stdin>:1:", "not closed")


def test_in_a_process(tmp_path: Path) -> None:
    """A process of its own ends as the same command does here, with bytes that are no text too."""
    rules = tmp_path / "rules.dl"
    rules.write_text(HEAD + "forbid a(X) :- q(X).")
    undecided(
        process("check", str(rules), "--state", str(rules), "a(b)"), "rules.dl:7:16", ".decl q(x: symbol)"
    )
    undecided(process("check", b"/tmp/\xff.dl", "--state", "x.dl", "a(b)"), "\\u{dcff}", "cannot be read")
    undecided(process("check", str(rules), "--state", "x.dl", b"a(\xff)"), "rules.dl:7:16")
    undecided(process("guess"), "no such command")
