"""Input that means harm: questions without end, code in the place of constants, and any bytes at all."""

from __future__ import annotations

import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.helpers.command import Done, mpr, process

HEAD = """\
.decl p(x: symbol)
.decl n(x: int)
.decl f(x: float)
.decl o(x: symbol) open_world
.decl t(x: any)
.decl q(x: symbol, y: symbol, z: any)
.action a(x: symbol)
"""
FORBID = '@because("{X} is p")\nforbid a(X) :- p(X).\n'
MANY = "".join(f"p(x{i}). " for i in range(2000))


def ask(*arguments: str, rules: str | bytes, state: str | bytes = "", suffix: str = ".dl") -> Done:
    """Run a command on rules and a state in files of their own; ``RULES`` and ``STATE`` stand for them."""
    with TemporaryDirectory() as folder:
        names = {"RULES": f"{folder}/rules.dl", "STATE": f"{folder}/state{suffix}"}
        for key, text in (("RULES", rules), ("STATE", state)):
            Path(names[key]).write_bytes(
                text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
            )
        return mpr(*(names.get(each, each) for each in arguments))


def spent() -> float:
    """The processor time that this process and its children have taken: others' load is no part of it."""
    return sum(os.times()[:4])


# -- what does not end ---------------------------------------------------------------------------------

ENDLESS = {
    "arithmetic": ("n(0). n(N + 1) :- n(N). forbid a(X) :- n(N), N < 0, p(X).", "time is over"),
    "squares": ("n(3). n(N * N) :- n(N). forbid a(X) :- n(N), N < 0, p(X).", "4096 bits"),
    "floats": ("f(2.0). f(X * X) :- f(X). forbid a(X) :- f(Y), Y < 0, p(X).", "not a finite number"),
    "cross product": (
        "q(X, Y, Z) :- p(X), p(Y), p(Z). forbid a(X) :- 9 = count : { q(_, _, _) }, p(X).",
        "time",
    ),
    "self-join": ("forbid a(X) :- p(A), p(B), p(C), length(A) + length(B) + length(C) > 99, p(X).", "time"),
    "division": ("n(0). forbid a(X) :- n(N), 1 / N > 0, p(X).", "divided by zero: test the divisor"),
    "remainder": ("n(0). forbid a(X) :- n(N), 1 mod N > 0, p(X).", "divided by zero: test the divisor"),
    "regex of the state": ('t("("). forbid a(X) :- t(R), matches(X, R).', "`(` is not a regular expression"),
    "order": ("t(1). t(c). forbid a(X) :- t(A), t(B), A < B, p(X).", ""),
}


@pytest.mark.parametrize(("rules", "part"), ENDLESS.values(), ids=ENDLESS)
def test_what_does_not_end_is_ended(rules: str, part: str) -> None:
    """A question that the budget or arithmetic stops is not decided; the message names the question."""
    start = spent()
    done = ask(
        "check",
        "RULES",
        "--state",
        "STATE",
        "--seconds",
        "0.3",
        "a(x1)",
        rules=HEAD + rules,
        state=MANY,
    )
    assert done.status == 2
    assert "error: `a(x1)`: " in done.err
    assert part in done.err
    assert spent() - start < 20


def test_budget_of_queries_and_proofs() -> None:
    """The other commands are bounded in the same way."""
    rules = HEAD + "n(0). n(N + 1) :- n(N)."
    for verb, atom in (("query", "n(X)"), ("why", "n(-1)")):
        done = ask(verb, "RULES", "--seconds", "0.2", atom, rules=rules)
        assert done.status == 2
        assert f"`{atom}`: the time is over" in done.err


def test_regex_bomb() -> None:
    """A pattern that takes others exponential time is answered at once."""
    rules = HEAD + 'forbid a(X) :- matches(X, "(a+)+(a+)+(a|aa)+$").'
    start = spent()
    done = ask("check", "RULES", "--state", "STATE", f'a("{"a" * 50_000}!")', rules=rules)
    assert done.status == 0
    assert spent() - start < 5


def test_the_search_for_repairs_is_bounded(tmp_path: Path) -> None:
    """A rejection whose repairs would take minutes to find is told within its time."""
    rules, state = tmp_path / "rules.dl", tmp_path / "state.dl"
    rules.write_text(HEAD + "forbid a(X) :- p(X), N = count : { p(A), p(B), A != B }, N > 5.")
    state.write_text("".join(f"p(x{i}). " for i in range(300)))
    start = spent()
    # in a process of its own: here every proof is verified too, and this one has 90,000 rows
    done = process("check", str(rules), "--state", str(state), "a(x1)")
    assert done.status == 1
    assert spent() - start < 25


def test_long_chains() -> None:
    """A derivation thousands of steps deep is decided or refused; it does not crash."""
    steps = "".join(f"n({i + 1}) :- n({i}). " for i in range(1200))
    done = ask(
        "check", "RULES", "--state", "STATE", "a(b)", rules=f"{HEAD}n(0). {steps} forbid a(X) :- n(1200)."
    )
    assert done.status in (1, 2)
    layers = "".join(
        f".decl c{i}(x: symbol) c{i}(X) :- {f'c{i - 1}' if i else 'p'}(X). " for i in range(1200)
    )
    done = ask(
        "check",
        "RULES",
        "--state",
        "STATE",
        "a(b)",
        rules=f"{HEAD}{layers} forbid a(X) :- c1199(X).",
        state="p(b).",
    )
    assert done.status in (1, 2)


# -- code in the place of constants --------------------------------------------------------------------

INJECTIONS = (
    '"; import os',
    '"; __import__("os")._exit(0) #',
    "'); __import__('os')._exit(0); ('",
    '"""\nimport os\nos._exit(0)\n"""',
    "\\",
    '\\"); import os #',
    "{__import__('os')._exit(0)}",
    "%s %(x)s {0} {X} {{",
    "$(touch pwned) `touch pwned`",
    "p(b). permit a(X)",
    "\r\nforbid a(X).",
    "\u2028\u202e\u0085",
    "None",
    "True",
    "X",
)


def quoted(text: str) -> str:
    """The text as a constant of the language."""
    escapes = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return '"' + "".join(escapes.get(c, c if c.isprintable() else f"\\u{ord(c):04x}") for c in text) + '"'


@pytest.mark.parametrize("text", INJECTIONS)
@pytest.mark.parametrize("engine", ["native", "both"])
def test_texts_stay_texts(text: str, engine: str) -> None:
    """A text is a value wherever a constant can stand: in rules, facts, JSON, actions, queries and ids."""
    constant = quoted(text)
    rules = HEAD + FORBID + f"""
        @id(other) @because("because of {{X}}") @source({constant}) @x_note({constant})
        forbid a(X) :- t({constant}), X = {constant}, not p({constant}).
        t({constant}).
        t(Y) :- t(X), X = {constant}, lower(X) != X, Y = lower({constant}).
        q({constant}, X, Y) :- p(X), t(Y), Y = {constant}, N = count : {{ p({constant}) }}, N >= 0.
        a(X) causes p({constant}) :- t({constant}).
        prefer a({constant}) :- p(X), contains(X, {constant}).
    """  # fmt: skip
    options = ("--engine", engine)
    done = ask("check", "RULES", "--state", "STATE", *options, f"a({constant})", rules=rules)
    assert done.status == 1
    assert "because of" in done.out
    for suffix, state in (
        (".dl", f"p({constant})."),
        (".json", json.dumps({"facts": {"p": [[text]]}, "history": [{"action": f"a({constant})"}]})),
    ):
        command = ("check", "RULES", "--state", "STATE", *options, "--json", f"a({constant})")
        done = ask(*command, rules=rules, state=state, suffix=suffix)
        assert done.status == 1
        proof = json.loads(done.out)["decision"]["reasons"][0]["proof"]
        assert [text] in [node["row"] for node in proof["nodes"]]
        done = ask(
            "query",
            "RULES",
            "--state",
            "STATE",
            *options,
            "--json",
            "p(X)",
            rules=rules,
            state=state,
            suffix=suffix,
        )
        assert json.loads(done.out)["rows"] == [{"atom": f"p({shown(done)})", "row": [text], "weight": 1.0}]
        done = ask(
            "query",
            "RULES",
            "--state",
            "STATE",
            *options,
            f"q({constant}, X, Y)",
            rules=rules,
            state=state,
            suffix=suffix,
        )
        assert done.status == 0
    assert not Path("pwned").exists()


def shown(done: Done) -> str:
    """The constant of the only row, as it was printed."""
    atom: str = json.loads(done.out)["rows"][0]["atom"]
    return atom.removeprefix("p(").removesuffix(")")


@pytest.mark.parametrize("text", INJECTIONS)
def test_texts_as_arguments_of_the_command(text: str) -> None:
    """Such a text as action, atom, file or option is refused, or is a file that is not there."""
    command = ("check", "rules/kitchen", "--state", "docs/examples/kitchen/state.dl")
    assert mpr(*command, text.replace("\0", "")).status == 2
    assert mpr("check", text, "--state", text, "a(b)").status == 2
    assert mpr(*command, "--engine", text, "a(b)").status == 2


# -- anything at all -----------------------------------------------------------------------------------

FUZZ = settings(
    max_examples=int(os.environ.get("MPR_FUZZ", "60")), deadline=None, suppress_health_check=list(HealthCheck)
)
PIECES = (
    *HEAD.split(),
    *FORBID.split(),
    *'( ) , . :- :: " @id @because not p q a n X Y _ 1 0.5 { } = < + - mod count : % past'.split(),
    *("\n", "forbid a(X)", "p(X)", "X = count : { p(_) }", ".decl r(x: int)"),
)
WORDS = st.lists(st.sampled_from(PIECES), max_size=40).map(" ".join)
RULE_TEXTS = st.text(max_size=200) | WORDS | WORDS.map(lambda words: HEAD + FORBID + words)
KEYS = "facts absent history mpr_state p o n action relation args weight succeeded".split()
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["p", "p(b)", "a(b)", "b"])
)
JSON_VALUES: st.SearchStrategy[Any] = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


@FUZZ
@given(RULE_TEXTS | st.binary(max_size=200))
@example(b"\xef\xbb\xbf.decl p(x: symbol)\r\n")
def test_any_rules(text: str | bytes) -> None:
    """Whatever the rules are, the answer is a documented status and no traceback."""
    ask("check", "RULES", "--state", "STATE", "a(b)", rules=text)
    ask("lint", "RULES", rules=text)


@FUZZ
@given(RULE_TEXTS | st.binary(max_size=200), st.sampled_from([".dl", ".json"]))
def test_any_state(text: str | bytes, suffix: str) -> None:
    """Whatever the state is, the answer is a documented status and no traceback."""
    ask("check", "RULES", "--state", "STATE", "a(b)", rules=HEAD + FORBID, state=text, suffix=suffix)


@FUZZ
@given(JSON_VALUES)
def test_any_json_state(value: Any) -> None:
    """Whatever the JSON is, the answer is a documented status; what is accepted has the documented shape."""
    done = ask(
        "check",
        "RULES",
        "--state",
        "STATE",
        "a(b)",
        rules=HEAD + FORBID,
        state=json.dumps(value),
        suffix=".json",
    )
    if done.status != 2:
        assert isinstance(value, (dict, list))
        assert not isinstance(value, dict) or set(value) <= {"mpr_state", "facts", "absent", "history"}


@FUZZ
@given(RULE_TEXTS, st.sampled_from(["check", "why", "query"]), st.booleans())
def test_any_question(text: str, verb: str, as_json: bool) -> None:
    """Whatever is asked, the answer is a documented status; with --json it is always one JSON object."""
    options = ["--json"] if as_json else []
    done = ask(
        verb, "RULES", "--state", "STATE", *options, "--", text, rules=HEAD + FORBID, state="p(b). o(c)."
    )
    if as_json:
        assert json.loads(done.out)["status"] == done.status
