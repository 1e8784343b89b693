"""The table of what each adapter passes: it has a row for every adapter that keeps the contract."""

from __future__ import annotations

import re
from pathlib import Path

from tests.helpers.pages import DOCS

PAGES = {
    "test_plain": "guard-plain-python",
    "test_openai": "guard-openai",
    "test_openai_agents": "guard-openai-agents",
    "test_langchain": "guard-langchain",
    "test_pydantic_ai": "guard-pydantic-ai",
    "test_inspect": "guard-inspect",
    "test_agentdojo": "guard-agentdojo",
    "test_mcp_stdio": "guard-mcp",
    "test_mcp_http": "guard-mcp",
    "test_http": "guard-over-http",
}
"""The page of each adapter, by the tests that hold it to the contract."""

HOOKS = "guard-coding-agents"
"""Hooks have no turns of their own, so they have tests of their own, and a row."""


def rows() -> dict[str, list[str]]:
    """The cells of each row by the page that it names, without the first."""
    text = (DOCS / "reference" / "guard-conversation.md").read_text(encoding="utf-8")
    table = text.partition("\n| adapter | the system's words | the user's |")[2].partition("\n\n")[0]
    found = re.findall(r"^\| \[.+?\]\(\.\./how-to/([\w-]+)\.md.*?\) \| (.+) \|$", table, re.MULTILINE)
    return {page: cells.split(" | ") for page, cells in found}


def test_every_adapter_has_its_row() -> None:
    """Each adapter that is held to the contract has a row, which says what its driver can pass."""
    files = Path(__file__).parent.glob("test_*.py")
    modules = {file.stem: file.read_text(encoding="utf-8") for file in files}
    held = {
        name for name, text in modules.items() if re.search(r'^@.*"scenario", SCENARIOS', text, re.MULTILINE)
    }
    assert held == PAGES.keys()
    table = rows()
    assert set(table) == {*PAGES.values(), HOOKS}
    for name, page in PAGES.items():
        _, words, _, results, errors = table[page]
        cannot = re.findall(r'cannot = \{"(\w+)"', modules[name])
        assert words.startswith("none") == ("words_reach_rules" in cannot), name
        assert results.startswith("none") == ("results_reach_rules" in cannot), name
        assert not errors.startswith("none"), name
