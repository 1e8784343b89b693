"""The house: rooms look down only, modules are small, and no module holds state."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import networkx as nx
import pytest

# One process parses the files for all of these tests.
pytestmark = pytest.mark.xdist_group("house")

TOP = Path(__file__).parent.parent
PACKAGE = TOP / "mpr_logic"
LONGEST = 800

# The rooms that each room may import besides itself. errors and resources lie at the bottom, the facade
# (mpr_logic itself) is what users import: no room but envs looks up at it.
BOTTOM = {"collector", "errors", "extras", "moved", "resources"}
ROOMS: dict[str, set[str]] = {
    "errors": set(),
    "collector": set(),
    "moved": set(),
    "extras": {"errors"},
    "resources": {"errors"},
    "language": BOTTOM,
    "analysis": BOTTOM | {"language"},
    "engine": BOTTOM | {"language", "analysis"},
    "checker": BOTTOM | {"language", "analysis", "engine"},
}
ROOMS["guard"] = {*ROOMS}
ROOMS["memory"] = {*ROOMS} - {"guard"}
ROOMS["testing"] = {*ROOMS} - {"memory"}
ROOMS["integrations"] = {*ROOMS} - {"memory", "testing"}
ROOMS["models"] = {*ROOMS} - {"guard", "integrations", "testing"}
ROOMS["agent"] = ROOMS["models"] | {"models"}
ROOMS["experiments"] = ROOMS["agent"] | {"agent"}
ROOMS["envs"] = {*ROOMS, ""}
ROOMS["cli"] = {*ROOMS, ""}
ROOMS[""] = set(ROOMS) - {"cli", "envs", "integrations", "experiments", "agent", "models", "testing"}

# An error carries what it was raised for, diagnostics or a verdict: it names the type, and imports nothing
# at run time.
DECLARED_LOOKS = {("errors", "language"), ("errors", "guard")}
# Circles of imports that are meant, as the set of their modules, each with its reason.
DECLARED_CIRCLES: dict[frozenset[str], str] = {
    frozenset(
        f"mpr_logic.analysis.{name}"
        for name in ("builtin_relations", "occurrences", "program", "report", "resolve", "safety")
    ): "a rule says which variables its body binds, and safety, which works that out, checks what is resolved"
}
# Module-level state that is meant.
DECLARED_STATE = {
    # pyDatalog's own state is one for the whole process: one session at a time may use it
    "mpr_logic/engine/pydatalog/session.py:_LOCK",
    # Python never gives up a context variable, so that one for each guard would stay for ever; each task has
    # its own value
    "mpr_logic/integrations/plain.py:_INSIDE",
}

DISPLAYS = (ast.Dict, ast.List, ast.Set, ast.DictComp, ast.ListComp, ast.SetComp, ast.GeneratorExp)
CONTAINERS = set("dict list set bytearray defaultdict deque Counter OrderedDict WeakKeyDictionary".split())
STATEFUL = set("local ContextVar Lock RLock count cycle iter Random".split())
MUTATORS = set(
    "add append appendleft clear discard extend insert pop popitem popleft remove reverse setdefault sort"
    " update difference_update intersection_update symmetric_difference_update".split()
)
CONSTANT = re.compile(r"_?[A-Z][A-Z0-9_]*|__all__|__slots__")


def modules() -> list[Path]:
    """Return every module of the package."""
    return sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    """Return a module's path as the tests' messages and tables name it."""
    return path.relative_to(TOP).as_posix()


@cache
def tree_of(path: Path) -> ast.Module:
    """Return the syntax tree of a file, which several tests walk."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    """Return all nodes of a file's syntax tree, in the order in which they are walked."""
    return tuple(ast.walk(tree_of(path)))


def room_of(path: Path) -> str:
    """Return the room that a module lies in; the facade's is the empty name."""
    first = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return "" if first == "__init__" else first


def looks(path: Path) -> Iterator[tuple[int, str]]:
    """Yield each import of something of mpr_logic: its line, and the room it looks at."""
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, (
                f"{name_of(path)}:{node.lineno}: a relative import: write it from mpr_logic on"
            )
            targets = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for target in targets:
            head, _, rest = target.partition(".")
            if head == "mpr_logic":
                first = rest.split(".")[0]
                yield node.lineno, first if first in ROOMS else ""


def imports_of(tree: ast.AST, names: set[str]) -> Iterator[str]:
    """Yield each module, of those with these names, that a module imports, be it for the type checker."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in names else node.module


def import_circles(trees: dict[str, ast.Module]) -> list[list[str]]:
    """The circles among modules, by their names: each is a strongly connected component of several."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    names = set(trees)
    for name, tree in trees.items():
        seen = set(imports_of(tree, names)) & names
        # what an error carries is declared above; a facade is imported by name of what is in it
        graph.add_edges_from((name, each) for each in seen - {name, "mpr_logic"} if not carried(name, each))
    return sorted(sorted(each) for each in nx.strongly_connected_components(graph) if len(each) > 1)


def carried(name: str, other: str) -> bool:
    """Whether one module is that of the errors, and the other of something that an error carries."""
    room = other.split(".")[1] if "." in other else ""
    return name == "mpr_logic.errors" and ("errors", room) in DECLARED_LOOKS


def container(value: ast.expr | None) -> bool:
    """Tell whether an expression makes something that can be changed."""
    return isinstance(value, DISPLAYS) or called(value) in CONTAINERS


def called(value: ast.expr | None) -> str | None:
    """Return the last part of the name that an expression calls."""
    if not isinstance(value, ast.Call):
        return None
    function = value.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", None)


def imported(tree: ast.Module) -> Iterator[str]:
    """Yield each name that a module imports at its top, or there for the type checker."""
    for node in tree.body:
        for each in node.body if isinstance(node, ast.If) else [node]:
            if isinstance(each, ast.Import):
                yield from (alias.name for alias in each.names)
            elif isinstance(each, ast.ImportFrom):
                yield from (f"{each.module}.{alias.name}" for alias in each.names)


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_nothing_is_imported_twice(path: Path) -> None:
    """A module imports a name once."""
    found = sorted(imported(tree_of(path)))
    assert found == sorted(set(found))


def state_of(tree: ast.Module) -> Iterator[tuple[int, str, str]]:
    """Yield what is, or treats something as, state of a module: the line, the name and what is wrong."""
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for name in (target.id for target in targets if isinstance(target, ast.Name)):
                if called(node.value) in STATEFUL:
                    yield node.lineno, name, "holds state"
                if container(node.value) and not CONSTANT.fullmatch(name):
                    yield node.lineno, name, "can be changed: a constant table has an upper-case name"
    for inner in ast.walk(tree):
        match inner:
            case ast.Global(names=[name, *_]):
                yield inner.lineno, name, "is assigned through `global`"
            case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()) if CONSTANT.fullmatch(
                name
            ):
                yield inner.lineno, name, "is a constant, and changed here"
            case ast.Attribute(value=ast.Name(id=name), attr=attr) if attr in MUTATORS and CONSTANT.fullmatch(
                name
            ):
                yield inner.lineno, name, "is a constant, and changed here"


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_rooms_look_down_only(path: Path) -> None:
    """A module imports only from its own room and from the rooms below it."""
    room = room_of(path)
    assert room in ROOMS, f"{room} is no room: add it to the table, with the rooms that it looks down on"
    up = [
        f"{name_of(path)}:{line}: {room or 'mpr_logic'} looks at {seen or 'the facade'}"
        for line, seen in looks(path)
        if seen != room and seen not in ROOMS[room] and (room, seen) not in DECLARED_LOOKS
    ]
    assert not up, "\n".join(up)


def test_imports_have_no_circles() -> None:
    """No module imports itself by way of others, not even for the type checker, but where we say why."""
    trees = {}
    for path in modules():
        name = path.relative_to(TOP).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__")
        trees[name] = tree_of(path)
    found = import_circles(trees)
    assert {frozenset(each) for each in found} == set(DECLARED_CIRCLES), found


def test_circles_are_seen() -> None:
    """A circle is found whether it is closed at run time, within a function or for the type checker."""
    for closing in ("import b", "def f():\n    from b import x", "if TYPE_CHECKING:\n    from b import X"):
        trees = {"a": ast.parse(closing), "b": ast.parse("from c import y"), "c": ast.parse("import a")}
        assert import_circles(trees) == [["a", "b", "c"]]
    assert import_circles({"a": ast.parse("import b"), "b": ast.parse("import c")}) == []


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_modules_hold_no_state(path: Path) -> None:
    """No module has a variable that outlives a call: two checkers in two threads never meet."""
    found = [
        f"{name_of(path)}:{line}: `{name}` {wrong}"
        for line, name, wrong in state_of(tree_of(path))
        if f"{name_of(path)}:{name}" not in DECLARED_STATE
    ]
    assert not found, "\n".join(found)


def test_tests_share_helpers_only() -> None:
    """The tests of a room import their own room's modules and tests/helpers, and no other room's tests."""
    tests = TOP / "tests"
    found = []
    for path in sorted(tests.rglob("*.py")):
        room = path.relative_to(tests).parts[0]
        for node in nodes_of(path):
            if not isinstance(node, ast.ImportFrom) or not node.module:
                continue
            whole = [node.module] if node.module != "tests" else [f"tests.{each.name}" for each in node.names]
            seen = {name.split(".")[1] for name in whole if name.startswith("tests.")}
            found += [f"{name_of(path)}:{node.lineno}: {other}" for other in sorted(seen - {room, "helpers"})]
    assert not found, "\n".join(found)


def test_modules_are_short() -> None:
    """No module, test or environment has more than 800 lines."""
    lengths = {
        name_of(path): len(path.read_text(encoding="utf-8").splitlines())
        for path in [*modules(), *(TOP / "tests").rglob("*.py")]
    }
    assert not {name: length for name, length in lengths.items() if length > LONGEST}


def docstrings_of(path: Path) -> Iterator[tuple[int, str]]:
    """Yield each docstring of a file and its line: of the module, classes, functions and constants."""
    for node in nodes_of(path):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            for before, each in zip([node, *node.body], node.body, strict=False):
                described = before is node or isinstance(before, ast.Assign | ast.AnnAssign)
                match each:
                    case ast.Expr(value=ast.Constant(value=str(text))) if described:
                        yield each.lineno, text


def test_docstrings_begin_with_their_subject() -> None:
    """No docstring begins with a clause in the place of a noun, as in "What is read"; those of tests may tell
    of a place or a person, as in "Where no rule fails ..."."""
    everywhere = ("What ", "So many ", "So often ", "So much ")
    package = (*everywhere, "How ", "Where ", "When ", "Who ", "Whose ", "Why ")
    found = [
        f"{name_of(path)}:{line}: name the subject: {text.splitlines()[0]}"
        for path in [*modules(), *sorted((TOP / "tests").rglob("*.py"))]
        for line, text in docstrings_of(path)
        if text.startswith(package if PACKAGE in path.parents else everywhere)
    ]
    assert not found, "\n".join(found)


def test_package_is_typed() -> None:
    """The marker that tells type checkers to read the package's annotations is there."""
    assert (PACKAGE / "py.typed").is_file()


def test_envs_are_one_folder() -> None:
    """A checkout has no links: the worlds' modules are under mpr_logic/envs alone, their data under envs."""
    folders = [folder for folder in TOP.iterdir() if not folder.name.startswith(".")]
    assert not [path for folder in folders for path in (folder, *folder.rglob("*")) if path.is_symlink()]
    kinds = {top: {path.suffix for path in top.rglob("*.*")} for top in (PACKAGE / "envs", TOP / "envs")}
    assert kinds[PACKAGE / "envs"] - {".pyc"} == {".py"}
    assert kinds[TOP / "envs"] == {".json", ".md"}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("cache = {}", ["cache"]),
        ("seen: set[int] = set()", ["seen"]),
        ("import threading\nHERE = threading.local()", ["HERE"]),
        ("TABLE = {1: 2}\ndef f():\n    TABLE[3] = 4", ["TABLE"]),
        ("TABLE = [1]\ndef f():\n    TABLE.append(2)", ["TABLE"]),
        ("n = 0\ndef f():\n    global n\n    n += 1", ["n"]),
        ("TABLE = {1: 2}\ndef f():\n    found = {}\n    found[1] = TABLE[1]\n    return found", []),
    ],
)
def test_state_is_seen(text: str, names: list[str]) -> None:
    """The search for module state finds each kind of it, and leaves constants and local variables alone."""
    assert [name for _, name, _ in state_of(ast.parse(text))] == names
