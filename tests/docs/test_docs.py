"""The documentation shows what happens: every block of every page is run or checked."""

from __future__ import annotations

import contextlib
import doctest
import gc
import io
import re
import shlex
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import typer

import mpr_logic
from mpr_logic.analysis import analyse
from mpr_logic.checker.loading import load_modules
from mpr_logic.cli.main import app, run
from mpr_logic.errors import ProgramError
from mpr_logic.language.diagnostics import CODES
from mpr_logic.language.parser import parse
from tests.helpers.pages import DOCS, PAGES, TOP, Block, anchors, blocks, name_of, needs, prose, same_output

KINDS = {"dl", "json", "toml", "python", "pycon", "console", "sh", "text"}
FLAGS = doctest.ELLIPSIS
PACKAGES = {
    "alfworld": "textworld",
    "memory": "sqlalchemy",
    "models": "openai",
    "experiments": "matplotlib",
    "tools": "pydantic",
    "shell": "tree_sitter_bash",
    "sql": "sqlglot",
    "agents": "agents",
    "pydantic-ai": "pydantic_ai",
    "serve": "prometheus_client",
    "mcp": "mcp",
    "langchain": "langchain",
    "inspect": "inspect_ai",
    "agentdojo": "agentdojo",
}
"""A package of each extra that pages need."""


class Reader:
    """Goes through a page as its reader would, in an empty folder."""

    def __init__(self, page: Path, folder: Path) -> None:
        self.page = page
        self.folder = folder
        self.names: dict[str, Any] = {"__name__": "page"}
        self.status = 0
        self.alone: set[Path] = set()  # files that are checked without those of other blocks
        self.refusal: str | None = None  # what the last block said, where it was wrong

    def place(self, block: Block) -> str:
        """The page and the line of a block, for messages."""
        return f"{name_of(self.page)}:{block.line}"

    def read(self, block: Block) -> None:
        """Do with a block what its kind asks for."""
        assert block.kind in KINDS, f"{self.place(block)}: a block of the unknown kind `{block.kind}`"
        refusal, self.refusal = self.refusal, None
        if block.file is not None:
            self.write(*block.file)
        if block.kind == "dl":
            self.rules(block)
        elif block.kind == "python" and block.file is None:
            # compiled with the place, so that a traceback points into the page
            code = compile("\n" * block.line + block.text, name_of(self.page), "exec")
            exec(code, self.names)
        elif block.kind == "pycon":
            self.interactive(block)
        elif block.kind == "console":
            self.console(block)
        elif block.kind == "sh":
            check_setup(block.text)
        elif block.kind == "text" and refusal is not None:
            assert same_output(block.text, refusal), f"{self.place(block)}: the message is\n{refusal}"

    def write(self, name: str, text: str, more: bool) -> None:
        """Make a file, or add to it."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        before = path.read_text(encoding="utf-8") if more else ""
        path.write_text(f"{before}\n{text}" if before else text, encoding="utf-8")

    def rules(self, block: Block) -> None:
        """Check the rule files of the page together, and the block beside them if it is none; or it alone."""
        files = [file.relative_to(self.folder) for file in sorted(self.folder.rglob("*.dl"))]
        if "alone" in block.words:
            files = [Path(block.file[0])] if block.file else []
            self.alone.update(files)
        else:
            files = [file for file in files if file not in self.alone]
        try:
            modules = load_modules(files) if files else []
            if block.file is None:
                modules.append(parse(block.text, "rules.dl"))
            analyse(modules)
        except ProgramError as error:
            self.refusal = str(error)
        wrong = "wrong" in block.words
        assert wrong == (self.refusal is not None), f"{self.place(block)}: {self.refusal or 'this is right'}"

    def interactive(self, block: Block) -> None:
        """Run a Python session and compare what it prints."""
        test = doctest.DocTestParser().get_doctest(
            block.text, self.names, self.place(block), name_of(self.page), block.line
        )
        assert test.examples, f"{self.place(block)}: nothing is asked"
        said: list[str] = []
        runner = doctest.DocTestRunner(optionflags=FLAGS, verbose=False)
        runner.run(test, out=said.append, clear_globs=False)
        self.names.update(test.globs)
        assert not runner.failures, "".join(said)

    def console(self, block: Block) -> None:
        """Run the commands of a console and compare what they print."""
        commands = re.split(r"^\$ ", block.text, flags=re.MULTILINE)
        assert not commands[0], f"{self.place(block)}: a console begins with a command, `$ ...`"
        for each in commands[1:]:
            while each.split("\n", 1)[0].endswith("\\"):
                each = each.replace("\\\n", "", 1)
            command, expected = each.split("\n", 1)
            found = self.command(command)
            assert same_output(expected, found), f"{self.place(block)}: `{command}` prints\n{found}"

    def command(self, line: str) -> str:
        """Run one command; returns what it prints."""
        if line == "echo $?":
            return f"{self.status}\n"
        line, _, source = line.partition(" < ")
        program, *args = shlex.split(line)
        assert program == "mpr", f"{name_of(self.page)}: only mpr is run in a console, not `{program}`"
        given = (self.folder / source).read_text(encoding="utf-8") if source else ""
        written = io.StringIO()
        with (
            contextlib.redirect_stdout(written),
            contextlib.redirect_stderr(written),
            patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(given.encode()), encoding="utf-8")),
        ):
            self.status = run(args)
        return written.getvalue()


def check_setup(text: str) -> None:
    """The make targets and the extras that set-up commands name are there."""
    targets = set(re.findall(r"^([a-z-]+):", (TOP / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    project = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(re.findall(r"^make ([a-z-]+)", text, re.MULTILINE)) <= targets
    extras = {name for group in re.findall(r"\.\[([a-z,-]+)\]", text) for name in group.split(",")}
    assert extras <= project["optional-dependencies"].keys()


def marks_of(page: Path) -> list[pytest.MarkDecorator]:
    """The marks of a page's test: some pages train an agent, or play many games."""
    return [pytest.mark.slow] if page.stem in ("teach-an-agent", "play-alfworld") else []


# what Inspect itself does: a deprecated argument of another package, streams that are left to the collector
@pytest.mark.filterwarnings("ignore:The 'initial' parameter is deprecated:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:Unclosed <MemoryObject:ResourceWarning")
@pytest.mark.parametrize(
    "page", [pytest.param(page, marks=marks_of(page)) for page in PAGES], ids=map(name_of, PAGES)
)
def test_page_does_what_it_says(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every block of a page runs, in order, and prints what the page shows."""
    extra = needs(page)
    if extra is not None:
        pytest.importorskip(PACKAGES[extra], reason=f"needs the extra: pip install 'mpr-logic[{extra}]'")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    reader = Reader(page, tmp_path)
    try:
        for block in blocks(page):
            reader.read(block)
    finally:
        if extra == "inspect":
            gc.collect()
        for name in set(sys.modules) - before:  # of two pages, each has its own module of a name
            if Path(getattr(sys.modules[name], "__file__", None) or "").is_relative_to(tmp_path):
                del sys.modules[name]


def links(page: Path) -> Iterator[str]:
    """The targets of a page's links within the checkout."""
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if not re.match(r"[a-z]+:", target):
            yield target


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    """A link names a file of the checkout, and if it names a heading that file has it."""
    for target in links(page):
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{name_of(page)}: `{target}` leads nowhere"
        assert not anchor or anchor in anchors(file), f"{name_of(page)}: `{target}`: no such heading"


def test_every_page_can_be_reached() -> None:
    """Whoever follows the links from the README comes to every page."""
    seen: set[Path] = set()
    todo = [TOP / "README.md"]
    while todo:
        page = todo.pop()
        if page in seen or page.suffix != ".md" or not page.exists():
            continue
        seen.add(page)
        todo += [(page.parent / target.partition("#")[0]).resolve() for target in links(page)]
    assert [name_of(page) for page in PAGES if page not in seen] == []


def test_every_diagnostic_is_listed() -> None:
    """The list of diagnostics has every code with its title, and a link to its page."""
    text = (DOCS / "reference" / "diagnostics.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[(\w+)\]\(\.\./diagnostics/(\w+)\.md\) \| (.+) \|$", text, re.MULTILINE)
    assert rows == [(code, code, title) for code, title in CODES.items()]


def test_every_public_name_is_in_the_reference() -> None:
    """docs/reference/api.md describes every name that `from mpr_logic import ...` offers."""
    text = (DOCS / "reference" / "api.md").read_text(encoding="utf-8")
    assert [name for name in mpr_logic.__all__ if not re.search(rf"\b{name}\b", text)] == []


def test_every_option_is_documented() -> None:
    """Each command of `mpr` and each of its options stands somewhere in the documentation."""
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    missing = []
    root = typer.main.get_command(app)
    commands = {"": root, **getattr(root, "commands", {})}
    for name, command in commands.items():
        if name and f"mpr {name}" not in text:
            missing.append(f"mpr {name}")
        options = {o for p in command.params for o in p.opts if o.startswith("--")} - {"--help"}
        missing += [f"mpr {name} {o}" for o in sorted(options) if not re.search(rf"{o}\b", text)]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_public_names_are_imported_from_the_package(page: Path) -> None:
    """A name that `mpr_logic` itself offers is imported from there: nobody need know its module."""
    code = "\n".join(block.text for block in blocks(page) if block.kind in ("python", "pycon"))
    found = re.findall(r"^(?:>>> )?from (mpr_logic\.\S+) import (.+)$", code, re.MULTILINE)
    public = set(mpr_logic.__all__)
    assert [(home, names) for home, names in found if public & set(re.split(r"\W+", names))] == []


@pytest.mark.parametrize("page", [*PAGES, *sorted((DOCS / "diagnostics").glob("*.md"))], ids=name_of)
def test_lines_can_be_read(page: Path) -> None:
    """Outside of tables and blocks no line is longer than 160 characters."""
    lines = prose(page).splitlines()
    assert [line for line in lines if len(line) > 160 and not line.startswith("|")] == []


def test_the_picture_of_the_rooms_has_each() -> None:
    """The picture and the table in docs/design.md have every room, and so has the map in CONTRIBUTING.md."""
    text = (DOCS / "design.md").read_text(encoding="utf-8").partition("## From text")[0]
    rooms = {path.name for path in (TOP / "mpr_logic").iterdir() if (path / "__init__.py").exists()}
    picture = text.split("```")[1]
    assert set(re.findall(r"[a-z]+", picture.partition("\n")[2])) == rooms
    assert set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == rooms
    contributing = (TOP / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`mpr_logic/(\w+)`", contributing)) >= rooms
    for folder, begin in re.findall(r"^\| `([\w/]+)`.* \| (`.+`) \|$", contributing, re.MULTILINE):
        for name in re.findall(r"`([^`]+)`", begin):
            assert (TOP / folder / name).exists(), f"{folder}/{name}"


def test_the_steps_for_contributors_name_files_that_are_there() -> None:
    """Every path that CONTRIBUTING.md names is there; names in capitals stand in one of its files."""
    text = (TOP / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## How code and prose are")[2]
    paths = [path for path in re.findall(r"`([\w./-]+/[\w./-]+)`", text) if "NNNN" not in path]
    assert [path for path in paths if not (TOP / path).exists() and not path.startswith("site")] == []
    code = "\n".join((TOP / path).read_text(encoding="utf-8") for path in paths if path.endswith(".py"))
    names = set(re.findall(r"`([A-Z]{3,})`", text)) - {"TRIM"}
    assert {name for name in names if not re.search(rf"^{name}\b", code, re.MULTILINE)} == set()
