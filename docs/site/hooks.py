"""Hooks that turn the pages into a site: mkdocs calls these functions (see mkdocs.yml).

The pages are written for whoever reads them in the repository, and their blocks are run by the tests. Here
a block that is a file gets its name as a title, links out of docs/ lead to the forge, and the page of the
Python API is made from the docstrings.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

TOP = Path(__file__).parent.parent.parent
LANGUAGES = {"dl": "prolog", "sh": "shell"}
FENCE = re.compile(r"^( *)```(\w+)((?: \w+)*)\n(?:\1(?:%|//|#) (?:file|add to): (\S+)\n)?", re.MULTILINE)
LINK = re.compile(r"(\]\()((?:\.\./)+)([^)#]*)")
ROLE = re.compile(r":\w+:<code>~?(?:[\w.]*\.)?(\w+)</code>")
API = "reference/python.md"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the page of the Python API."""
    names = _public_names()
    text = ["# The Python API, from its docstrings", "", "What `from mpr_logic import ...` offers.", ""]
    options = "{show_root_heading: false, show_root_toc_entry: false, heading_level: 3}"
    text += [f"## {name}\n\n::: mpr_logic.{name}\n    options: {options}\n" for name in names]
    files.append(File.generated(config, API, content="\n".join(text)))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, **_: Any) -> str:
    """Write fences and links as the site wants them."""
    source = Path(config.docs_dir) / page.file.src_uri

    def outside(match: re.Match[str]) -> str:
        path = (source.parent / match[2] / match[3]).resolve()
        if path.is_relative_to(config.docs_dir) or not path.exists():
            return match[0]
        return f"{match[1]}{config.repo_url.rstrip('/')}/blob/main/{path.relative_to(TOP).as_posix()}"

    return LINK.sub(outside, FENCE.sub(_fence, markdown))


def on_page_content(html: str, *, page: Page, **_: Any) -> str:
    """Of a role in a docstring, such as ``:class:`~mpr_logic.x.Name```, the name is left."""
    return ROLE.sub(r"<code>\1</code>", html) if page.file.src_uri == API else html


def _fence(match: re.Match[str]) -> str:
    title = f' title="{match[4]}"' if match[4] else ""
    return f"{match[1]}```{LANGUAGES.get(match[2], match[2])}{title}\n"


def _public_names() -> list[str]:
    tree = ast.parse((TOP / "mpr_logic" / "__init__.py").read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            return [name for name in ast.literal_eval(node.value) if not name.startswith("__")]
    raise LookupError("mpr_logic has no __all__")
