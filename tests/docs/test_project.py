"""The files that a forge, its users and other tools read: they are what their schemas ask for."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import typer

from mpr_logic.cli.main import app
from tests.helpers.pages import TOP, name_of

GITHUB = TOP / ".github"
FORMS = [path for path in sorted((GITHUB / "ISSUE_TEMPLATE").glob("*.yml")) if path.name != "config.yml"]
SCHEMAS = {
    **dict.fromkeys(sorted((GITHUB / "workflows").glob("*.yml")), "github-workflows"),
    **dict.fromkeys(FORMS, "github-issue-forms"),
    GITHUB / "ISSUE_TEMPLATE" / "config.yml": "github-issue-config",
    GITHUB / "dependabot.yml": "dependabot",
    TOP / "CITATION.cff": "citation-file-format",
}
PROJECT = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def text(path: Path) -> str:
    """The text of a file."""
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("schema", sorted(set(SCHEMAS.values())))
def test_a_file_is_what_its_schema_asks_for(schema: str) -> None:
    """Workflows, issue forms and the citation are valid."""
    pytest.importorskip("check_jsonschema", reason="needs the extra: pip install 'mpr-logic[test]'")
    files = [str(path) for path, name in SCHEMAS.items() if name == schema]
    assert files
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_form_is_checked() -> None:
    """Each YAML file below .github has its schema."""
    assert {path for path in GITHUB.rglob("*") if path.suffix in (".yml", ".yaml")} <= SCHEMAS.keys()


def test_the_versions_are_one() -> None:
    """CITATION.cff has the package's version, and its license."""
    citation = text(TOP / "CITATION.cff")
    assert re.findall(r"^version: (\S+)$", citation, re.MULTILINE) == [PROJECT["version"]]
    assert re.findall(r"^license: (\S+)$", citation, re.MULTILINE) == [PROJECT["license"]]


def test_the_forge_has_one_address() -> None:
    """Every file that names the forge names the address in CONTRIBUTING.md."""
    said = re.search(
        r"The project's address is `(https://github\.com/([\w-]+)/([\w-]+))`", text(TOP / "CONTRIBUTING.md")
    )
    assert said is not None
    assert PROJECT["urls"]["Source"] == said[1]
    for path in [*SCHEMAS, *TOP.glob("*.md"), *(TOP / "docs").rglob("*.md")]:
        for owner, name in re.findall(r"github\.com/([\w-]+)/(mpr[\w-]*)", text(path)):
            assert (owner, name) == (said[2], said[3]), name_of(path)


def test_the_hooks_are_verbs() -> None:
    """The hooks for other repositories run verbs of `mpr`, and those of this one too, on what is there."""
    ours = re.findall(
        r"entry: python -m mpr_logic.cli (.+)$", text(TOP / ".pre-commit-config.yaml"), re.MULTILINE
    )
    theirs = re.findall(r"^  entry: mpr (.+)$", text(TOP / ".pre-commit-hooks.yaml"), re.MULTILINE)
    assert theirs == ["fmt", "lint", "test"]
    verbs = getattr(typer.main.get_command(app), "commands", {})
    for verb, *paths in (each.split() for each in ours + theirs):
        assert verb in verbs
        assert all((TOP / path).exists() for path in paths)
