"""Tests of the packages that are built and installed: the wheel, the sdist, and the command in an empty
environment."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent
# one group: the builds and the installation are made once, by one worker
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("wheel")]


def run(*command: str | Path, cwd: Path) -> str:
    """Run a command outside the checkout and return what it printed; fail with all its output."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command} exited {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def contents(wheel: Path) -> dict[str, bytes]:
    """Return the wheel's files by name, less its own metadata."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist() if ".dist-info/" not in name}


@dataclass(frozen=True)
class Built:
    """One wheel built from the checkout, one from the sdist, and the sdist."""

    wheel: Path
    wheel_of_sdist: Path
    sdist: Path


@dataclass(frozen=True)
class Installed:
    """An environment that holds the wheel and what it depends on, with an empty folder to run in."""

    scripts: Path
    folder: Path

    def run(self, command: str, *arguments: str) -> str:
        """Run one of the environment's commands, away from the checkout."""
        return run(self.scripts / command, *arguments, cwd=self.folder)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Build from the checkout, and again by way of the sdist."""
    direct, through = tmp_path_factory.mktemp("direct"), tmp_path_factory.mktemp("through")
    build = (sys.executable, "-m", "build", "--no-isolation")
    run(*build, "--wheel", "--outdir", direct, TOP, cwd=direct)
    run(*build, "--outdir", through, TOP, cwd=through)
    return Built(next(direct.glob("*.whl")), next(through.glob("*.whl")), next(through.glob("*.tar.gz")))


@pytest.fixture(scope="module")
def installed(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Install the wheel into an empty environment outside the checkout."""
    home = tmp_path_factory.mktemp("empty") / "venv"
    venv.create(home, with_pip=True)
    scripts = home / ("Scripts" if os.name == "nt" else "bin")
    run(scripts / "python", "-m", "pip", "install", "--quiet", built.wheel, cwd=home)
    return Installed(scripts, tmp_path_factory.mktemp("elsewhere"))


def files_under(folder: str) -> set[str]:
    """Return the files under one of the checkout's top folders, as the wheel should name them."""
    return {
        f"mpr_logic/{path.relative_to(TOP).as_posix()}"
        for path in (TOP / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_wheel_brings_one_name(built: Built) -> None:
    """The wheel puts nothing but mpr_logic and its metadata into site-packages."""
    with zipfile.ZipFile(built.wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"mpr_logic"}
    assert len(tops) == 2


@pytest.mark.parametrize("folder", ["grammar", "rules", "envs", "docs/diagnostics"])
def test_wheel_holds_the_outer_folders(built: Built, folder: str) -> None:
    """Every file of the folder beside the package in a checkout is inside it in the wheel."""
    expected = files_under(folder)
    assert expected
    inside = {name for name in contents(built.wheel) if name.startswith(f"mpr_logic/{folder}/")}
    assert {name for name in inside if not name.endswith(".py")} == expected


def test_wheel_holds_the_package(built: Built) -> None:
    """Every module is in the wheel, with the grammar and the marker that says the package is typed."""
    names = set(contents(built.wheel))
    modules = {path.relative_to(TOP).as_posix() for path in (TOP / "mpr_logic").rglob("*.py")}
    assert modules <= names
    assert {"mpr_logic/py.typed", "mpr_logic/grammar/mpr.lark", "mpr_logic/cli/schema/output.json"} <= names


def test_sdist_builds_the_same_wheel(built: Built) -> None:
    """The wheel built from the sdist holds the same files as the one built from the checkout."""
    assert contents(built.wheel_of_sdist) == contents(built.wheel)


def test_sdist_holds_each_source_once(built: Built) -> None:
    """The sdist holds each world's code under the package and its data at the top, and the tests with it."""
    with tarfile.open(built.sdist) as archive:
        names = [name.partition("/")[2] for name in archive.getnames()]
    worlds = {"mpr_logic/envs/__init__.py", "envs/alfworld/rooms.json"}
    assert worlds | {"tests/test_wheel.py", "Makefile", "pyproject.toml", "LICENSE"} <= set(names)
    assert len(names) == len(set(names))
    assert not {name for name in names if f"mpr_logic/{name}" in names}


def test_editable_install_finds_everything(tmp_path: Path) -> None:
    """An editable install of the checkout imports envs and finds the grammar, from any folder."""
    tree, home = tmp_path / "tree", tmp_path / "venv"
    leave_out = shutil.ignore_patterns(".*", "__pycache__", "tests", "docs")
    shutil.copytree(TOP, tree, symlinks=True, ignore=leave_out)
    venv.create(home, with_pip=True)
    scripts = home / ("Scripts" if os.name == "nt" else "bin")
    run(scripts / "python", "-m", "pip", "install", "--quiet", "--no-deps", "-e", tree, cwd=tmp_path)
    code = (
        "import mpr_logic.envs.tools.names\n"
        "from mpr_logic.resources import grammar_folder\n"
        "print(mpr_logic.envs.__file__, grammar_folder(), sep='\\n')\n"
    )
    envs, grammar = run(scripts / "python", "-c", code, cwd=tmp_path).splitlines()
    assert Path(envs).samefile(tree / "mpr_logic" / "envs" / "__init__.py")
    assert Path(grammar).samefile(tree / "grammar")


def test_installed_package_reads_its_data(installed: Installed) -> None:
    """Away from the checkout, the installed package imports envs and reads its grammar and rules."""
    code = (
        "import mpr_logic.envs\n"
        "from mpr_logic.resources import grammar_text, rules_folder, world_text\n"
        "assert grammar_text('mpr.lark')\n"
        "assert world_text('alfworld/rooms.json')\n"
        "assert list(rules_folder().rglob('*.dl'))\n"
        "print(mpr_logic.envs.__file__, rules_folder(), sep='\\n')\n"
    )
    for path in installed.run("python", "-c", code).splitlines():
        assert Path(path).is_relative_to(installed.scripts.parent)


def test_installed_command_tells_its_version(installed: Installed) -> None:
    """The installed ``mpr`` starts and knows its version."""
    assert installed.run("mpr", "--version").strip() == "mpr 0.1.0"


def test_installed_package_has_a_command_of_its_name(installed: Installed) -> None:
    """``mpr-logic`` is the same command, so that runners of packages find it by the package's name."""
    assert installed.run("mpr-logic", "--version") == installed.run("mpr", "--version")


def test_installed_command_explains(installed: Installed) -> None:
    """The installed ``mpr explain`` has its pages."""
    assert installed.run("mpr", "explain", "E0201").startswith("# E0201: unknown name")


def test_installed_command_checks_with_bundled_rules(installed: Installed) -> None:
    """The installed ``mpr check`` decides actions with the bundled rules: status 0, and status 1 with the
    reason."""
    (installed.folder / "state.dl").write_text("openable(fridge_1). holding(apple_1).")
    command = ("check", "rules/kitchen", "--state", "state.dl")
    assert "is admissible" in installed.run("mpr", *command, "open(fridge_1)")
    rejected = [str(installed.scripts / "mpr"), *command, "put(apple_1, fridge_1)"]
    done = subprocess.run(rejected, cwd=installed.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "because fridge_1 is closed: open it first" in done.stdout
