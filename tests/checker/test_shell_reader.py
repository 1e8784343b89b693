"""The reader of shell commands: programs and files however they are spelled, opaque where it cannot know."""

from __future__ import annotations

import shlex
import shutil
import subprocess

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

pytest.importorskip("tree_sitter_bash", reason="needs the extra: pip install 'mpr-logic[shell]'")

from mpr_logic import Action, Checker
from mpr_logic.checker import readers
from mpr_logic.checker.readers.shell import LONGEST, read_command
from mpr_logic.errors import EvaluationError
from tests.helpers.examples import at_most

RUN_RM = [
    # the same program, however it is spelled, and through whatever it is run
    "rm x",
    "/bin/rm x",
    "./a/rm x",
    '"rm" x',
    "'rm' x",
    'r""m x',
    "r'm' x",
    "\\rm x",
    "r\\m x",
    "$'\\x72m' x",
    'r$"m" x',
    "r\\\nm x",
    "rm>x",
    "rm<x",
    ">out rm x",
    "env > out rm x",
    "A=b rm x",
    "A=$(rm x)",
    "export A=$(rm x)",
    "{rm,x}",
    "r{m,n} x",
    "{ rm x; }",
    "(rm x)",
    "((a)); rm x",
    "`rm x`",
    "$(rm x)",
    'echo "$(rm x)"',
    "echo $((`rm x`))",
    "echo ${a:-$(rm x)}",
    "cat <(rm x)",
    "ls > >(rm x)",
    "cat <<E\n$(rm x)\nE",
    "cat <<E | rm x\nE",
    "a | rm x",
    "a |& rm x",
    "a && rm x",
    "a || rm x",
    "a; rm x",
    "a & rm x",
    "a\nrm x",
    "! rm x",
    "if a; then rm x; fi",
    "while rm x; do :; done",
    "for i in a; do rm $i; done",
    "case a in b) rm x;; esac",
    "f() { rm x; }",
    "function f { rm x; }; f",
    "[ -f x ] && rm x",
    "[[ -f $(rm x) ]]",
    "time rm x",
    "time -p rm x",
    "coproc rm x",
    "exec rm x",
    "command rm x",
    "builtin rm x",
    "eval rm x",
    "eval 'rm x'",
    "trap 'rm x' EXIT",
    "env rm x",
    "env -i A=b rm x",
    "env -u A -- rm x",
    "env -S 'rm x'",
    "sudo rm x",
    "sudo -u bob -E rm x",
    "doas -u bob rm x",
    "nohup rm x",
    "nice -n 5 rm x",
    "nice -n5 rm x",
    "timeout -k 5 10 rm x",
    "timeout 10 nice rm x",
    "stdbuf -oL rm x",
    "setsid -w rm x",
    "xargs rm",
    "xargs -0 -n1 -P 4 rm",
    "xargs -I% rm %",
    "find . -exec rm {} \\;",
    "find . -name '*' -execdir rm {} +",
    "busybox rm x",
    "flock lock rm x",
    "bash -c 'rm x'",
    'bash -lc "rm x"',
    "bash -o pipefail -c 'rm x'",
    "sh -c 'sh -c \"rm x\"'",
    "sh -c 'echo $(rm x)'",
    "rm",
]
"""Each runs ``rm``."""

OPAQUE = [
    "$X y",
    "${X} y",
    "r$X y",
    "$(echo rm) x",
    "/bin/r? x",
    "/bin/r* x",
    "/bin/r[m] x",
    "eval $X",
    'eval "$X"',
    "bash x.sh",
    "bash",
    "bash -x x.sh",
    'bash -c "$X"',
    "cat x | bash",
    "cat x | env bash",
    "cat x | (bash)",
    "cat x | sudo -u bob sh -s",
    "bash <<< 'rm x'",
    "bash <<E\nrm x\nE",
    "bash < x",
    "source x",
    ". x",
    "xargs bash",
    "xargs -I{} sh -c '{}'",
    "find . -exec sh -c '{}' \\;",
    "parallel rm",
    "alias ls=rm",
    "echo > $X",
    "echo > a*",
    "a <> /etc/p",
    "ls\n\\rm x",
    'tee "$X"',
    "sudo --what rm x",
    "echo `echo \\`rm x\\``",
    "if",
    "rm x)",
    "'",
    "a\u200bb",
    "a\u2028b",
    "a\rb",
    "a\0b",
    "(" * 200,
    "$(" * 100 + ")" * 100,
    "x" * (LONGEST + 1),
]
"""Of each of these something cannot be known."""

HARMLESS = {
    "ls rm": ["ls"],
    "git rm old.py": ["git"],
    "echo 'rm x'": ["echo"],
    "echo \\$(rm x\\)": None,
    'grep -r "curl|rm" . | wc -l': ["grep", "wc"],
    "echo hi # rm x": ["echo"],
    "git commit -m 'no $(rm x)'": ["git"],
    "cat <<'E'\n$(rm x)\nE": ["cat"],
    "python x.py 2>&1": ["python"],
    'for f in *.py; do wc -l "$f"; done': ["wc"],
    "cd a && make -j4 test": ["cd", "make"],
    "command -v rm": ["command"],
    "A=rm make": ["make"],
    "find . -name '*.py' -not -path './rm/*'": ["find"],
    "pytest \\\n  -q tests": ["pytest"],
    "cp a.{py,txt} b": ["cp"],
    "ls | tee >(wc -l) > >(cat)": ["cat", "ls", "wc", "tee"],
    "echo $HOME ${A:-b} $((1 + 2)) *.py ~": ["echo"],
}
"""The programs that each command runs, and no more; None where it is opaque."""

WRITES = {
    "a > /etc/p": ["/etc/p"],
    "a >/etc/p": ["/etc/p"],
    "a >| /etc/p": ["/etc/p"],
    "a >> /etc/p": ["/etc/p"],
    "a &> /etc/p": ["/etc/p"],
    "a &>> '/etc/p q'": ["/etc/p q"],
    "a 2>/etc/p 1>x": ["/etc/p", "x"],
    "exec 3>/etc/p": ["/etc/p"],
    "> /etc/p": ["/etc/p"],
    "{ a; b; } > /etc/p": ["/etc/p"],
    "for i in a; do b; done >/etc/p": ["/etc/p"],
    "a | tee -a /etc/p x": ["/etc/p", "x"],
    "a | sudo tee /etc/p >/dev/null": ["/dev/null", "/etc/p"],
    "a > ~/p": ["~/p"],
    "a 2>&1 >&2 <x": [],
    "a > x y": ["x"],
}
"""The files that each writes."""


@pytest.mark.parametrize("command", RUN_RM)
def test_whatever_the_spelling(command: str) -> None:
    """A program is found behind quotes, escapes, braces, constructs and other programs."""
    assert "rm" in read_command(command).programs


@pytest.mark.parametrize("command", OPAQUE)
def test_what_cannot_be_known(command: str) -> None:
    """A command that runs what cannot be known is opaque, with a reason."""
    assert read_command(command).opaque


@pytest.mark.parametrize("command", HARMLESS)
def test_no_false_alarm(command: str) -> None:
    """Words, texts and comments are no programs."""
    found, right = read_command(command), HARMLESS[command]
    if right is None:
        assert found.opaque
    else:
        assert (list(found.programs), found.opaque) == (right, None)


@pytest.mark.parametrize("command", WRITES)
def test_files_that_are_written(command: str) -> None:
    """Redirections and `tee` say which files are written."""
    found = read_command(command)
    assert sorted(found.writes) == sorted(WRITES[command])
    assert found.opaque is None


def test_a_program_by_its_path() -> None:
    """A program is told by its path and by its name, so that another folder does not fool an allow-list."""
    assert read_command("/tmp/evil/ls x").programs == ("/tmp/evil/ls", "ls")


def test_words_of_a_program() -> None:
    """The words behind a program are told, None for one that is not known."""
    (found,) = read_command("git push --force \"$REMOTE\" 'a b'").invocations
    assert found == ("git", "push", "--force", None, "a b")


FORCED = [
    "git push --force",
    "git push -f",
    "git push -uf origin main",
    "git push \\\n --force",
    "git push '--force'",
    'git push --for"ce"',
    "git -C x push --force=1",
    "env git push -f",
    "bash -c 'git push --force'",
    "/usr/bin/git push -f",
]
NOT_FORCED = [
    "git push",
    "echo git push --force",
    "git commit -m 'push --force'",
    "git push # --force",
    "rm -f x; git push",
]
UNSURE = ["git push $X", "git push -[f]", "git push {-,}f*", "xargs git push", 'git push "$(cat x)"']


def test_words_by_rules() -> None:
    """Rules ask for the words behind a program, whatever their spelling, and whether all are known."""
    checker = Checker.from_text(
        ".action run(c: symbol)\n"
        "@id(force) forbid run(C) :- shell_word(C, git, push), "
        'shell_word(C, git, W), W in {"-f", "--force"}.\n'
        "@id(unsure) forbid run(C) :- shell_word(C, git, push), shell_unsure(C, git)."
    )
    for rules, commands in ((("force",), FORCED), ((), NOT_FORCED), (("unsure",), UNSURE)):
        for command in commands:
            assert checker.check(Action("run", command)).rules == rules, command


PIECES = st.sampled_from(
    [*"'\"\\`(){},;|&><\n#*\u202e", "$(", "rm", "ls", " ", " ", "x", "$X", "bash -c ", "env ", "<<E", "\nE\n"]
)


@settings(max_examples=at_most(300), deadline=None)
@given(text=st.one_of(st.text(max_size=80), st.lists(PIECES, max_size=25).map("".join)))
@example(text="\ud800")
@example(text="bash -c " * 400)
@example(text="'" * LONGEST)
@example(text="$(" * (LONGEST // 2))
@example(text="{a," * (LONGEST // 3))
@example(text="a{b,c}" * 100)
def test_any_text_has_an_answer(text: str) -> None:
    """Any text of a model has an answer and no error, and the same answer each time."""
    found = read_command(text)
    read_command.cache_clear()
    assert read_command(text) == found
    assert all(found.programs)


STUBS = ("rm", "ls", "cat", "a")
BASH = shutil.which("bash")
UNQUOTED = ["rm x", "ls", "cat x", "a", '"rm" x', "\\rm", "A=b rm", "{rm,x}", "$N x"]
COMMANDS = st.recursive(
    st.sampled_from([*UNQUOTED, "r'm' x"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" | ", " && ", " || ", "; ", "\n", " & "]), inner).map("".join),
        inner.map("({})".format),
        inner.map("{{ {}; }}".format),
        inner.map("ls $({})".format),
        inner.map('ls "`{}`"'.format),
        inner.map("if ls; then {}; fi".format),
        inner.map("for i in 1; do {}; done".format),
        inner.map("f() {{ {}; }}; f".format),
        inner.map("{} > out".format),
        inner.map("! {}".format),
        inner.map("ls # {}".format),
        inner.map("cat <<E\n$({})\nE\n".format),
        inner.map(lambda text: f"eval {shlex.quote(text)}"),
        inner.map(lambda text: f"ls {shlex.quote(text)}"),
    ),
    max_leaves=5,
)


@pytest.mark.process
@pytest.mark.skipif(BASH is None, reason="there is no bash")
@settings(max_examples=at_most(60), deadline=None)
@given(command=COMMANDS)
def test_bash_runs_nothing_else(command: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Each program that bash itself starts, of stubs that do nothing, is among those that were read, unless
    the command is opaque."""
    folder = tmp_path_factory.mktemp("bash")
    log = folder / "log"
    for name in STUBS:
        stub = folder / name
        stub.write_text(f'#!{BASH}\necho {name} >> "$LOG"\n')
        stub.chmod(0o755)
    room = folder / "room"
    room.mkdir()
    environment = {"PATH": str(folder), "LOG": str(log), "N": "rm"}
    subprocess.run(
        [str(BASH), "--norc", "-c", command],
        cwd=room,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=300,
        check=False,
    )
    started = set(log.read_text().split()) if log.exists() else set()
    found = read_command(command)
    assert found.opaque or started <= set(found.programs)


RULES = """
.action run(c: symbol)
.action say(t: symbol)
@id(wipes) forbid run(C) :- shell_runs(C, rm).
@id(unknown) forbid run(C) :- shell_opaque(C).
@id(outside) forbid run(C) :- shell_writes(C, P), starts_with(P, "/").
"""


def test_rules_read_it() -> None:
    """The relations are there without a declaration, for the argument of the action that is decided about;
    proofs name the reader."""
    checker = Checker.from_text(RULES)
    decisions = checker.check_all(
        ['run("ls")', 'run("a; rm x")', 'run("$X")', 'run("a > /b")', 'say("rm x")']
    )
    assert [[r.id for r in each.reasons] for each in decisions] == [
        [],
        ["wipes"],
        ["unknown"],
        ["outside"],
        [],
    ]
    proof = checker.check('run("a; rm x")').reasons[0].proof
    assert proof is not None
    assert "the reader of shell commands" in str(proof)
    assert checker.query('shell_runs("b; c", P)').keys() == {("b; c", "b"), ("b; c", "c")}
    assert checker.fork().check('run("\\\\rm x")').rules == ("wipes",)
    assert "shell_opaque" in str(checker.why_not('run("ls -l")'))


def test_many_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only so many texts stay read; those of one question are all read while it is answered."""
    monkeypatch.setattr(readers, "KEPT", 3)
    checker = Checker.from_text(RULES)
    decisions = checker.check_all(
        [f'run("rm {n}")' for n in range(10)] + [f'run("ls {n}")' for n in range(10)]
    )
    assert [each.admissible for each in decisions] == [False] * 10 + [True] * 10
    checker.check('run("rm 0")')
    assert len(checker.facts()["shell_runs"]) == 3


@pytest.mark.parametrize("engine", ["pydatalog", "both"])
def test_the_other_engine(engine: str) -> None:
    """The second opinion reads the same."""
    checker = Checker.from_text(RULES, engine=engine)  # type: ignore[arg-type]
    assert [checker.check(f'run("{c}")').admissible for c in ("ls", "rm x", "$X")] == [True, False, False]


def test_without_the_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing reader makes the calls that rules ask it about undecided, which rejects them, and the error
    says what to install; rules that do not ask it need it not."""
    from mpr_logic.checker.readers import shell

    def missing() -> None:
        raise EvaluationError("pip install 'mpr-logic[shell]'")

    monkeypatch.setattr(shell, "_parser", missing)
    read_command.cache_clear()
    decision = Checker.from_text(RULES).check('run("ls never read")')
    assert (decision.admissible, decision.verdict) == (False, "undecided")
    assert "mpr-logic[shell]" in decision.reasons[0].text
    assert Checker.from_text(".action run(c: symbol)").check('run("ls never read")').admissible
