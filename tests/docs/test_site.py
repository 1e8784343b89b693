"""The documentation as a site: mkdocs builds it without a warning, and every page is in it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import mpr_logic
from tests.helpers.pages import DOCS, TOP

pytest.importorskip("material", reason="needs the extra: pip install 'mpr-logic[docs]'")
pytest.importorskip("mkdocstrings", reason="needs the extra: pip install 'mpr-logic[docs]'")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built once; a warning is an error."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    done = subprocess.run(
        command,
        cwd=TOP,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.slow
def test_every_page_is_in_the_site(site: Path) -> None:
    """Each page of docs/ has its page, with its title."""
    for page in DOCS.rglob("*.md"):
        path = page.relative_to(DOCS).with_suffix("")
        built = site / (path.parent if path.name in ("index", "README") else path) / "index.html"
        assert "<h1" in built.read_text(encoding="utf-8"), path


@pytest.mark.slow
def test_the_api_is_made_of_docstrings(site: Path) -> None:
    """Each public name is described, with the first words of its docstring; no role is left in the text."""
    html = (site / "reference" / "python" / "index.html").read_text(encoding="utf-8")
    for name in mpr_logic.__all__:
        if not name.startswith("__"):
            assert f'id="{name.lower()}"' in html, name
    words = re.sub(r"<[^>]+>", "", html)
    assert not re.search(r":(?:class|func|meth|data|mod):", words)


@pytest.mark.slow
def test_a_block_has_its_file_as_its_title(site: Path) -> None:
    """A block that is a file shows the name as a title, and not as a comment."""
    html = (site / "tutorial" / "first-rules" / "index.html").read_text(encoding="utf-8")
    assert '<span class="filename">kitchen.dl</span>' in html
    assert "% file:" not in re.sub(r"<[^>]+>", "", html)
