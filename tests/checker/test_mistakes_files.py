"""Mistakes of authors who know other languages, with `.use`: each is told with its fix."""

from __future__ import annotations

from pathlib import Path

import pytest

from mpr_logic import Checker, ProgramError

BANK = ".action pay(account: symbol, amount: int)\n.decl limit(account: symbol, most: int) input\n"

MISTAKES = [
    ('import "bank.dl".', "E0106", '`.use "file.dl"`', '.use "bank.dl"'),
    ("import data.bank", "E0106", '`.use "file.dl"`', '.use "bank.dl"'),
    ('include "bank.dl".', "E0106", '`.use "file.dl"`', '.use "bank.dl"'),
    ('#include "bank.dl"', "E0106", '`.use "file.dl"`', '.use "bank.dl"'),
    ('.include "bank.dl"', "E0118", '`.use "file.dl"`', '.use "bank.dl"'),
    (":- use_module(bank).", "E0106", '`.use "file.dl"`', '.use "bank.dl"'),
    (":- consult(bank).", "E0106", '`.use "file.dl"`', '.use "bank.dl"'),
    ("package bank", "E0106", '`.use "file.dl"`', '.use "bank.dl"'),
    (".use bank.dl", "E0118", '`.use "file.dl"`', '.use "bank.dl"'),
    ('.use "bank.dl" as Bank', "E0107", "write `bank`", '.use "bank.dl" as bank'),
    ('.use "bank.dl".', "E0101", "remove it", '.use "bank.dl"'),
    ('.use "bank"', "E0132", "begins in the folder", '.use "bank.dl"'),
    (
        '.use "bank.dl" as bank limit(acct_1, 1000).',
        "E0201",
        "`bank::limit`",
        '.use "bank.dl" as bank bank::limit(acct_1, 1000).',
    ),
    (
        '.use "bank.dl" as bank bank.limit(acct_1, 1000).',
        "E0201",
        "`bank::limit`",
        '.use "bank.dl" as bank bank::limit(acct_1, 1000).',
    ),
    (
        '.use "bank.dl" as bank forbid bank::pay(_, _).',
        "E0201",
        "actions keep their names",
        '.use "bank.dl" as bank forbid pay(_, _).',
    ),
]
"""Each mistake: the text, the code, a part of the message, and the fix that it tells."""


@pytest.mark.parametrize(("text", "code", "told", "fix"), MISTAKES, ids=[each[0] for each in MISTAKES])
def test_a_mistake_is_told_with_its_fix(text: str, code: str, told: str, fix: str, tmp_path: Path) -> None:
    """The message names the fix, and the fix is right."""
    (tmp_path / "bank.dl").write_text(BANK)
    main = tmp_path / "main.dl"
    main.write_text(text)
    with pytest.raises(ProgramError) as refused:
        Checker.load(main)
    found = refused.value.diagnostics[0]
    assert (found.code, told in str(found)) == (code, True), str(found)
    main.write_text(fix)
    Checker.load(main)
