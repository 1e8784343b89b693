"""`.use`: rule files that take in other files, and sets of rules under a prefix."""

from __future__ import annotations

from pathlib import Path

import pytest

from mpr_logic import Checker, Guard, ProgramError
from mpr_logic.checker.loading import load_modules
from mpr_logic.language.ast import Clause
from mpr_logic.language.parser import parse
from mpr_logic.language.printer import print_module

BANK = """
.type account <: symbol
.action pay(a: account, amount: int)
.decl limit(a: account, most: int) input
.decl known(a: account)
known(A) :- limit(A, _).
@id(over) forbid pay(A, B) :- limit(A, L), B > L.
@id(stranger) forbid pay(A, _) :- not known(A).
"""


def write(folder: Path, **files: str) -> Path:
    """Write files, `a__b` as `a/b.dl`, and return the path of `main.dl`."""
    for name, text in files.items():
        path = folder / (name.replace("__", "/") + ".dl")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder / "main.dl"


def codes(main: Path, within: Path | None = None) -> list[str]:
    """Return the codes with which loading fails."""
    with pytest.raises(ProgramError) as failed:
        load_modules([main], within=within)
    return [each.code for each in failed.value.diagnostics]


def test_a_used_file_belongs_to_the_rules(tmp_path: Path) -> None:
    """Its declarations and rules are there, once, however many files use it."""
    main = write(
        tmp_path,
        main='.use "bank.dl" .use "more/mail.dl" limit(acct_1, 10).',
        more__mail='.use "../bank.dl" limit(acct_2, 20).',
        bank=BANK,
    )
    checker = Checker.load(main)
    assert not checker.check("pay(acct_1, 11)").admissible
    assert checker.check("pay(acct_2, 20)").admissible
    assert len(checker.program.rules) == 3


def test_a_folder_can_be_used(tmp_path: Path) -> None:
    """All its files are taken in."""
    main = write(tmp_path, main='.use "set"', set__one=BANK, set__two="limit(acct_1, 10).")
    assert Checker.load(main).check("pay(acct_1, 10)").admissible


def test_two_sets_with_the_same_names_do_not_meet(tmp_path: Path) -> None:
    """Under prefixes each has relations and ids of its own; actions and their types are shared."""
    main = write(
        tmp_path,
        main="""
            .use "bank.dl" as a
            .use "bank.dl" as b
            a::limit(acct_1, 10). a::limit(acct_2, 10). b::limit(acct_1, 5).
            @overrides("b::stranger") permit pay(acct_2, _).
        """,
        bank=BANK,
    )
    checker = Checker.load(main)
    assert [r.rule and r.rule.id for r in checker.check("pay(acct_1, 7)").reasons] == ["b::over"]
    assert checker.check("pay(acct_2, 7)").admissible
    assert not checker.check("pay(acct_2, 11)").admissible
    checker.update(add=["b::limit(acct_1, 8)"], remove=["b::limit(acct_1, 5)"])
    assert checker.check("pay(acct_1, 7)").admissible


def test_prefixes_add_up(tmp_path: Path) -> None:
    """A set that uses another one under a prefix is itself used under one."""
    main = write(
        tmp_path,
        main='.use "outer.dl" as outer  outer::inner::limit(acct_1, 10).  outer::base(1).',
        outer='.use "bank.dl" as inner  .decl base(n: int)  forbid pay(A, B) :- inner::limit(A, _), base(B).',
        bank=BANK,
    )
    checker = Checker.load(main)
    assert not checker.check("pay(acct_1, 1)").admissible
    assert checker.check("pay(acct_1, 2)").admissible


def test_what_a_set_does_not_declare_is_the_programs(tmp_path: Path) -> None:
    """A relation that the using file declares is one for all sets."""
    main = write(
        tmp_path,
        main='.use "set.dl" as set  .decl closed() input  .action pay(n: int)',
        set="@id(shut) forbid pay(_) :- closed.",
    )
    checker = Checker.load(main)
    checker.update(add=["closed"])
    assert [r.rule and r.rule.id for r in checker.check("pay(1)").reasons] == ["set::shut"]


def test_a_qualified_module_prints_and_parses(tmp_path: Path) -> None:
    """A program that is loaded under a prefix has a text, and the text says the same."""
    main = write(tmp_path, main='.use "bank.dl" as a  a::limit(acct_1, 10).', bank=BANK)
    for module in load_modules([main]):
        assert parse(print_module(module), module.file) == module


def test_the_fast_path_reads_qualified_names() -> None:
    """Clauses that differ in constants only are parsed by their shape: the names are no constants."""
    lines = [f"forbid a::p(x{n}) :- b::c, a::q(x{n}, {n}), not b::c::d." for n in range(5)]
    fast, slow = parse("\n".join(lines)), parse("\n".join(lines), templates=False)
    assert fast == slow
    assert {c.body[0].atom.name for c in fast.statements if isinstance(c, Clause)} == {"b::c"}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("use", "code"),
    [
        ("/etc/passwd", "E0131"),
        ("../outside.dl", "E0131"),
        ("~/rules.dl", "E0131"),
        ("C:\\\\rules.dl", "E0131"),
        ("link.dl", "E0131"),
        ("linked", "E0132"),
        ("missing.dl", "E0132"),
        ("state.json", "E0132"),
        ("empty", "E0132"),
        ("nul\\u0000.dl", "E0131"),
        ("broken.dl", "E0104"),
        ("main.dl", "E0130"),
        ("loop.dl", "E0130"),
        ("x" * 5000, "E0132"),
    ],
)
def test_what_may_not_be_used_is_refused(tmp_path: Path, use: str, code: str) -> None:
    """A used file lies in the folder, is a rule file, and does not use the one that uses it."""
    folder = tmp_path / "rules"
    write(tmp_path, outside=BANK)
    main = write(folder, main=f'.use "{use}"', broken="p(", loop='.use "main.dl"', linked__ok="p(1).")
    (folder / "empty").mkdir()
    (folder / "state.json").write_text("{}", encoding="utf-8")
    (folder / "link.dl").symlink_to(tmp_path / "outside.dl")
    (folder / "linked" / "far.dl").symlink_to(tmp_path / "outside.dl")
    assert code in codes(main, within=folder)


def test_the_folder_is_the_working_one_or_the_rules_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rules below the working folder may use all that lies below it; others what lies beside them."""
    main = write(tmp_path / "rules", main='.use "../common.dl"')
    write(tmp_path, common="p(1).")
    monkeypatch.chdir(tmp_path)
    assert len(load_modules([main])) == 2
    monkeypatch.chdir(tmp_path / "rules")
    assert codes(main) == ["E0131"]
    assert len(load_modules([main], within=tmp_path)) == 2


def test_a_text_uses_no_file() -> None:
    """A text may come from a model, and has no folder."""
    with pytest.raises(ProgramError, match="only a file can use other files"):
        Checker.from_text('.use "rules/kitchen"')


def test_bundled_rules_can_be_used_from_anywhere(tmp_path: Path) -> None:
    """`rules/...` is what comes with the package where there is no such file."""
    main = write(tmp_path, main='.use "rules/kitchen" as kitchen')
    assert any(rule.head.startswith("forbid") for rule in Checker.load(main, within=tmp_path).program.rules)


def test_a_guard_reloads_when_a_used_file_changes(tmp_path: Path) -> None:
    """A used file is looked at as those that are named are, and may come and go."""
    main = write(tmp_path, main='.use "bank.dl" as bank\nbank::limit(acct_1, 10).\n', bank=BANK)
    guard = Guard(main)
    assert guard.check("pay", {"a": "acct_1", "amount": 9}).runs
    (tmp_path / "bank.dl").write_text(BANK.replace("B > L", "2 * B > L"), encoding="utf-8")
    assert guard.reload()
    assert not guard.check("pay", {"a": "acct_1", "amount": 9}).runs
    (tmp_path / "bank.dl").unlink()
    assert not guard.reload()
    assert not guard.check("pay", {"a": "acct_1", "amount": 9}).runs


def test_a_fault_of_a_file_under_two_prefixes_is_told_once(tmp_path: Path) -> None:
    """The text is one, and so is its fault."""
    main = write(
        tmp_path, main='.use "bad.dl" as a  .use "bad.dl" as b', bad='.action go() @because("{L}") forbid go.'
    )
    with pytest.raises(ProgramError) as refused:
        Checker.load(main)
    assert len(refused.value.diagnostics) == 1


def test_a_clause_overrides_one_under_a_prefix(tmp_path: Path) -> None:
    """The id is written as names are, and printed so."""
    lift = '.use "bank.dl" as a\n@overrides(a::over)\npermit pay(_, B) :- B < 20.\n'
    bank = ".action pay(x: symbol, y: int)\n@id(over) forbid pay(_, B) :- B > 10.\n"
    main = write(tmp_path, main=lift, bank=bank)
    checker = Checker.load(main)
    assert checker.check("pay(acct_1, 15)").admissible
    assert not checker.check("pay(acct_1, 25)").admissible
    assert "@overrides(a::over)" in print_module(parse(lift, "main.dl"))


@pytest.mark.parametrize("name", ["b(\ud800)", "a\x00b"])
def test_a_name_that_no_file_can_have(name: str) -> None:
    """A name of a file that the system cannot have is an error of ours."""
    with pytest.raises(ProgramError, match="cannot be read"):
        Checker.load(name)
