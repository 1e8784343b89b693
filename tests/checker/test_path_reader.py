"""The reader of paths and the rules on it: one form for all spellings of a file, or opaque."""

# ruff: noqa: E501

from __future__ import annotations

import os
import tempfile
from itertools import product
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mpr_logic import Action, Checker
from mpr_logic.analysis import analyse
from mpr_logic.analysis.lints import vet
from mpr_logic.checker.readers.paths import LONGEST, read_path
from mpr_logic.errors import ProgramError
from mpr_logic.guard.guard import Guard
from mpr_logic.language.parser import parse
from tests.helpers.examples import at_most

WORK, MAC, WINDOWS = "/code/app", "anycase:///Code/App", "C:/Code/App"

FORMS = [
    (WORK, "a.txt", "/code/app/a.txt"),
    (WORK, "./a.txt", "/code/app/a.txt"),
    (WORK, "/code//app/./a.txt/", "/code/app/a.txt"),
    (WORK, "//code/app/a.txt", "/code/app/a.txt"),
    (WORK, "../x", "/code/x"),
    (WORK, "/code/app/../x", "/code/x"),
    (WORK, "../../../../x", "/x"),
    (WORK, ".", "/code/app"),
    (WORK, "/", "/"),
    (WORK, "..a/...", "/code/app/..a/..."),
    (WORK, "[id].tsx", "/code/app/[id].tsx"),
    (WORK, "a~", "/code/app/a~"),
    (WORK, "größe", "/code/app/größe"),
    (WORK, "A", "/code/app/A"),
    (MAC, "A", "/code/app/a"),
    (MAC, "e\u0301", "/code/app/\u00e9"),
    (MAC, "\u00c9", "/code/app/\u00e9"),
    (MAC, "/CODE/app/../x", "/code/x"),
    (WINDOWS, "A.txt", "c:/code/app/a.txt"),
    (WINDOWS, "a/b\\c", "c:/code/app/a/b/c"),
    (WINDOWS, "c:\\CODE\\x", "c:/code/x"),
    (WINDOWS, "D:/x", "d:/x"),
    (WINDOWS, "\\x", "c:/x"),
    (WINDOWS, "..\\x", "c:/code/x"),
    (WINDOWS, "C:\\", "c:/"),
]
"""Working folders, paths and their normal forms."""

OPAQUE = [
    *((WORK, each) for each in (
        "a/../b", "/etc/../x", "a/..", "~", "~/x", "~bob/x", "$HOME/x", "a/${X}", "$(pwd)/x", "*.py", "a?", "a/**",
        "file:///etc/passwd", "http://x/y", "C:\\x", "C:/x", "a\\b", "..\\x", "a%2e%2e%2fb", "", " a", "a\n", "a\0b",
        "a\u200bb", "a\u202eb", "\ud800", "\uff0fetc", "\uff0e\uff0e/x", "e\u0301", "/proc/self/root/code",
        "../../proc/1/cwd", "/dev/fd/3", "/./proc/self/x", "a/" * 200, "a" * 256, "a" * (LONGEST + 1),
    )),
    *((WINDOWS, each) for each in (
        "a.txt:b", "a.txt::$DATA", "CON", "nul.txt", "com1", "PROGRA~1\\x", "x.", "x ", "a. \\b", "\\\\srv\\x", "//srv/x",
        "\\\\?\\C:\\x", "c:x", "%TEMP%\\x", "a\\..\\b", "~\\x", "a*",
    )),
]  # fmt: skip
"""Working folders, and paths that a tool may read in more than one way."""


@pytest.mark.parametrize(("manner", "text", "form"), FORMS)
def test_normal_forms(manner: str, text: str, form: str) -> None:
    """A path has its normal form, which is that of the form itself."""
    assert read_path(text, manner).form == form
    assert read_path(form, manner).form == form


@pytest.mark.parametrize(("manner", "text"), OPAQUE, ids=range(len(OPAQUE)))
def test_what_cannot_be_known(manner: str, text: str) -> None:
    """A path that may lead elsewhere is opaque, with a reason."""
    found = read_path(text, manner)
    assert (found.names, bool(found.opaque)) == (None, True)


@settings(max_examples=at_most(200), deadline=None)
@given(
    text=st.text(alphabet=st.one_of(st.sampled_from("/.~\\ab $%:*"), st.characters()), max_size=40),
    manner=st.sampled_from([WORK, MAC, WINDOWS, "file:///tmp"]),
)
@example(text="\ud800/..", manner="file:///tmp")
@example(text="../" * 1_300, manner=WORK)
def test_any_text_has_an_answer(text: str, manner: str) -> None:
    """Any text has an answer and no error; a normal form is its own."""
    found = read_path(text, manner)
    assert (found.names is None) == bool(found.opaque)
    if found.names is not None:
        assert found.form in found.above
        again = read_path(found.form, manner)
        assert again.names in (found.names, None)


NAMES = ("a", "b", "B", "c.txt", "é", "e\u0301", "d e", "...")


@st.composite
def trees(draw: st.DrawFn) -> tuple[list[tuple[str, str, str]], list[str]]:
    """Steps that make a tree with links, and spellings of paths in it."""
    steps, folders, all_of = [], [""], [""]
    for _ in range(draw(st.integers(1, 9))):
        at = draw(st.sampled_from(folders)) + "/" + draw(st.sampled_from(NAMES))
        kind = draw(st.sampled_from(["folder", "folder", "file", "link", "absolute", "hard"]))
        to = draw(st.sampled_from(all_of)) if kind in ("link", "absolute", "hard") else ""
        if at in all_of:
            continue
        steps.append((kind, at, to))
        all_of.append(at)
        if kind != "file":
            folders.append(at)
    piece = st.sampled_from(["/", "//", "/./", "/../", "/a/../"])
    end = st.sampled_from(["", "/", "/.", "/new", "/../new", "/a", "/b/c.txt", "/.."])
    spelled = []
    for _ in range(8):
        names = draw(st.sampled_from(all_of)).strip("/").split("/")
        head = draw(st.sampled_from(["", "@", "@/..", "./"]))
        text = "".join(draw(piece) + each for each in names) + draw(end)
        spelled.append(f"{head}{text}" if head else text.lstrip("/") or ".")
    return steps, spelled


def build(top: str, steps: list[tuple[str, str, str]]) -> None:
    """Make a tree; a step that cannot be is left out."""
    for kind, at, to in steps:
        try:
            if kind == "folder":
                Path(top + at).mkdir()
            elif kind == "file":
                Path(top + at).write_text("x")
            elif kind == "hard":
                os.link(top + to, top + at)
            else:
                folder = os.path.realpath(top + at.rpartition("/")[0])  # it may be a link itself
                Path(top + at).symlink_to(
                    top + to if kind == "absolute" else os.path.relpath(top + to, folder)
                )
        except OSError:
            continue


def identity(path: str) -> tuple[object, ...] | None:
    """The file that the system finds for a path; of a new one, its folder and name. None where it finds none."""
    try:
        found = Path(path).stat()
    except OSError:
        folder, _, name = path.rstrip("/").rpartition("/")
        if name in ("", ".", "..") or Path(path).is_symlink() or path.endswith("/."):
            return None
        try:
            found = Path(folder or "/").stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino, name
    return found.st_dev, found.st_ino


@pytest.mark.heavy
@settings(max_examples=at_most(150), deadline=None)
@given(made=trees())
def test_one_form_for_a_file_on_a_disk(made: tuple[list[tuple[str, str, str]], list[str]]) -> None:
    """Of two spellings that the system takes for one file each has the same form, or one is opaque; two files
    have two forms; and the form leads to that file. By text alone that holds where there are no links."""
    steps, spelled = made
    with tempfile.TemporaryDirectory() as folder:
        top = f"{os.path.realpath(folder)}/w/x"  # nobody else is beside it
        Path(top).mkdir(parents=True)
        build(top, steps)
        plain = all(kind in ("folder", "file") for kind, *_ in steps)
        for manner in (f"file://{top}", *([top] if plain else [])):
            forms: dict[object, str] = {}
            for each in (text.replace("@", top) for text in spelled):
                at = each if each.startswith("/") else f"{top}/{each}"
                found, real = read_path(each, manner), identity(at)
                if found.names is None or real is None:
                    continue
                assert identity(found.form) == real, each
                assert forms.setdefault(real, found.form) == found.form, each
            assert len(set(forms.values())) == len(forms)


def test_a_disk_that_takes_any_case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the disk finds a file by another spelling, both have one form; a new name has one, too."""
    (tmp_path / "abc").mkdir()
    (tmp_path / "abc" / "key").write_text("x")
    real = Path.lstat
    monkeypatch.setattr(Path, "lstat", lambda self: real(Path(str(self).lower())))
    monkeypatch.setattr(Path, "exists", lambda self: Path(str(self).lower()).is_dir())
    top = str(tmp_path).lower()
    for pair in (("abc/key", "ABC/Key"), ("abc/new", "aBc/NEW"), ("other", "Other")):
        one, two = (read_path(each, f"file://{top}") for each in pair)
        assert one.names is not None
        assert one == two


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """A workspace with links."""
    work = Path(os.path.realpath(tmp_path)) / "code"
    (work / "src").mkdir(parents=True)
    (work / "keys").mkdir()
    (work / "keys" / "a.pem").write_text("x")
    (work / "out").symlink_to("/etc")
    (work / "docs").symlink_to("src")
    (work / "more").symlink_to("keys/a.pem")
    return work


def files_of(style: str, cwd: str, top: str) -> Checker:
    """The bundled rules for files in one style."""
    checker = Checker.load("rules/files/world", f"rules/files/{style}", params={"cwd": cwd})
    checker.update(
        add=[("workspace", (f"{top}/",)), ("secret", (f"{top}/keys",)), ("fixed", (f"{top}/.git",))]
    )
    return checker


ATTACKS = [
    "@/../etc/passwd", "@/src/../../etc/passwd", "/etc/passwd", "../../etc/passwd", "src/../../x", "~/.ssh/id", "$HOME/x",
    "/proc/self/root/etc/passwd", "/proc/self/cwd/keys/a.pem", "file:///etc/passwd", "..%2fx", "..\\x", "\uff0fetc",
    "src/*", "", "@x/a", "keys/a.pem", "@//keys/a.pem", "@/./keys/./a.pem", "./keys/a.pem", "keys/", "src/../keys/a.pem",
    "@/keys//a.pem/", "/../@/keys/a.pem",
]  # fmt: skip
"""Ways to a file outside of the workspace, or to the keys; ``@`` is the workspace."""


@pytest.mark.parametrize("style", ["open", "closed"])
@pytest.mark.parametrize("of_disk", [False, True])
def test_the_rules_for_files(style: str, of_disk: bool, disk: Path) -> None:
    """No spelling leads out of the workspace or to a secret, for any tool; plain work is admitted."""
    top = str(disk)
    checker = files_of(style, f"file://{top}" if of_disk else top, top)
    attacks = [each.replace("@", top) for each in ATTACKS]
    if of_disk:
        attacks += ["out/passwd", "more", "docs/../../x", "docs/../keys/a.pem", f"{top}/out"]
    tools = ("list_files", "read_file", "write_file", "delete_file")
    for each, tool in product(attacks, tools):
        args = (each, "x") if tool == "write_file" else (each,)
        assert not checker.check(Action(tool, *args)).admissible, (tool, each)
    for each in attacks:
        assert not checker.check(Action("move_file", "src/a", each)).admissible
        assert not checker.check(Action("move_file", each, "src/a")).admissible
    for each in (".git/hooks/x", "src/../.git/x", f"{top}//.git/config"):
        assert not checker.check(Action("write_file", each, "x")).admissible
    assert not checker.check(Action("move_file", ".", "src/a")).admissible
    for each in ("src/a.py", "./src//a.py", f"{top}/src/a.py", "[id].tsx", ".git/config"):
        assert checker.check(Action("read_file", each)).admissible, each
    assert checker.check(Action("write_file", "src/a.py", "x")).admissible
    assert checker.check(Action("move_file", "src/a.py", "src/b.py")).admissible


def test_a_link_that_comes_later(disk: Path) -> None:
    """A path on the disk is read anew for each call: a link that was made since counts."""
    guard = Guard(
        "rules/files/world", "rules/files/open", params={"cwd": f"file://{disk}"},
        state=[f'workspace("{disk}")'], strict=False,
    )  # fmt: skip
    assert guard.check("read_file", {"path": "src/a"}).runs
    (disk / "src" / "a").symlink_to("/etc/passwd")
    assert not guard.check("read_file", {"path": "src/a"}).runs
    (disk / "src" / "a").unlink()
    assert guard.check("read_file", {"path": "src/a"}).runs


RULES = """
.action read(path: symbol)
.action run(command: symbol)
@id(out) forbid read(P) :- not path_inside(P, "/code", "/code").
@id(key) forbid read(P) :- path_form(P, "/code", "/code//key").
@id(secret) forbid read(P) :- path_inside(P, "/code", "/code/./secret/").
@id(unclear) forbid read(P) :- path_opaque(P, "/code").
@id(writes) forbid run(C) :- shell_writes(C, P), not path_inside(P, "/code", "/code").
@id(unknown) forbid run(C) :- shell_opaque(C).
"""


def test_rules_read_it() -> None:
    """Paths in rules are read as those of calls are; proofs show the reading; the other engine says the same."""
    for engine in ("native", "pydatalog", "both"):
        checker = Checker.from_text(RULES, engine=engine)
        for path, rules in {
            "a": (), "/code/a/": (), "../x": ("out",), "./key": ("key",), "/code//secret/a": ("secret",),
            "a/..": ("out", "unclear"),
        }.items():  # fmt: skip
            assert set(checker.check(Action("read", path)).rules) == set(rules), (engine, path)
    checker = Checker.from_text(RULES)
    assert "the reader of paths" in str(checker.check(Action("read", "secret/x")).reasons[0].proof)


LINTED = [
    ('forbid read(P) :- path_inside(P, "/code", "/code/keys").', True),
    (
        'forbid read(P) :- path_inside(P, "/code", "/code/keys").\nforbid read(P) :- path_opaque(P, "/code").',
        False,
    ),
    (
        'forbid read(P) :- path_inside(P, "/code", "/code/keys").\nforbid read(P) :- path_opaque(P, "/srv").',
        True,
    ),
    ('forbid read(P) :- not path_inside(P, "/code", "/code").', False),
    (
        'forbid read(P) :- not path_inside(P, "/a", "/a").\nforbid read(P) :- path_form(P, "/a", "/a/b").',
        False,
    ),
    ('permit read(P) :- path_inside(P, "/code", "/code").', False),
    ('permit read(P) :- not path_inside(P, "/", "/etc").', True),
    ("forbid read(P) :- sql_writes(P, mysql, _).", True),
    ("forbid read(P) :- sql_writes(P, mysql, _).\nforbid read(P) :- sql_opaque(P, mysql).", False),
]
"""Laws, and whether a text that cannot be read passes them."""


@pytest.mark.parametrize(("laws", "told"), LINTED, ids=[each[0] for each in LINTED])
def test_laws_that_pass_what_is_opaque(laws: str, told: bool) -> None:
    """A lint tells of a reader that is asked what it knows, and never what it cannot know."""
    head = ".action read(path: symbol)\n" + ".default forbid read\n" * ("permit" in laws)
    assert ("W0679" in [each.code for each in vet(analyse([parse(head + laws)]))]) == told


def test_what_commands_write() -> None:
    """The files that a command writes are read as paths."""
    pytest.importorskip("tree_sitter_bash")
    checker = Checker.from_text(RULES)
    commands = ("ls > a", "ls > ../a", "ls > /code/b/c", "ls | tee /etc/x", "ls > ~/x")
    assert [checker.check(Action("run", each)).admissible for each in commands] == [
        True,
        False,
        True,
        False,
        False,
    ]


MISTAKES = [
    ('path_inside(P, ".", "/code")', "begins at the root", 'path_inside(P, "/srv", "/code")'),
    ('path_inside(P, "code", "/code")', "begins at the root", 'path_inside(P, "/code", "/code")'),
    ('path_inside(P, "~/code", "/code")', "whose home it is", 'path_inside(P, "/home/me/code", "/code")'),
    ('path_inside(P, "$HOME", "/code")', "begins at the root", 'path_inside(P, "/home/me", "/code")'),
    (
        'path_inside(P, "file://code", "/code")',
        "begins at the root",
        'path_inside(P, "file:///code", "/code")',
    ),
    ('path_inside(P, "/code/../x", "/code")', "begins at the root", 'path_inside(P, "/x", "/code")'),
    ('path_inside(P, "", "/code")', "begins at the root", 'path_inside(P, "/", "/code")'),
    ('path_inside(P, "C:", "C:/code")', "begins at the root", 'path_inside(P, "C:/", "C:/code")'),
    ('path_inside(P, _, "/code")', "write the folder here", 'path_inside(P, "/code", "/code")'),
    ('path_form(P, D, "/code"), D = "/code"', "write the folder here", 'path_form(P, "/code", "/code")'),
    ("path_opaque(P, _)", "write the folder here", 'path_opaque(P, "/code")'),
]
"""Bodies that authors would write, the help, and the body that it leads to."""


@pytest.mark.parametrize(("body", "told", "fix"), MISTAKES, ids=[each[0] for each in MISTAKES])
def test_a_mistake_is_told_with_its_fix(body: str, told: str, fix: str) -> None:
    """A working folder that is none, or that is not known before the path is read, is an error with its fix."""
    head = ".action read(path: symbol)\nforbid read(P) :- "
    with pytest.raises(ProgramError) as refused:
        Checker.from_text(f"{head}{body}.")
    found = refused.value.diagnostics[0]
    assert (found.code, told in str(found)) == ("E0298", True), str(found)
    Checker.from_text(f"{head}{fix}.")
