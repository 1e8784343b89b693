"""mpr fmt and mpr lint."""

from __future__ import annotations

from pathlib import Path

from tests.helpers.command import mpr

UGLY = "% why\n.decl p(x:symbol)\np( b ) . % so\nforbid a(X):-p(X).\n.action a(x:symbol)"


def test_fmt_writes_the_canonical_form(tmp_path: Path) -> None:
    """fmt changes a file once, keeps its comments and its mode, and leaves nothing else behind."""
    file = tmp_path / "rules.dl"
    file.write_text(UGLY)
    file.chmod(0o640)
    assert mpr("fmt", "--check", str(file)).status == 1
    assert file.read_text() == UGLY
    assert mpr("fmt", str(tmp_path)).status == 0
    text = file.read_text()
    assert "% why" in text
    assert "p(b).  % so" in text
    assert file.stat().st_mode & 0o777 == 0o640
    assert mpr("fmt", "--check", str(file)).status == 0
    assert mpr("fmt", str(file)).out == "0 of 1 file changed\n"
    assert list(tmp_path.iterdir()) == [file]


def test_fmt_writes_nothing_where_one_file_is_broken(tmp_path: Path) -> None:
    """No file is changed when one of them is no program."""
    good, bad = tmp_path / "a.dl", tmp_path / "b.dl"
    good.write_text(UGLY)
    bad.write_text("p(")
    done = mpr("fmt", str(tmp_path))
    assert done.status == 2
    assert "b.dl:1:" in done.err
    assert good.read_text() == UGLY


def test_fmt_follows_links(tmp_path: Path) -> None:
    """Of a link, the file behind it is changed, and the link stays."""
    file, link = tmp_path / "rules.dl", tmp_path / "link.dl"
    file.write_text(UGLY)
    link.symlink_to(file)
    assert mpr("fmt", str(link)).status == 0
    assert link.is_symlink()
    assert file.read_text() != UGLY


def test_lint(tmp_path: Path) -> None:
    """Lint answers with warnings (1), errors (2), or nothing (0)."""
    file = tmp_path / "rules.dl"
    file.write_text(UGLY)
    done = mpr("lint", str(file))
    assert done.status == 1
    assert "warning[W0505]: this rule forbids `a` without a reason" in done.out
    file.write_text("forbid a(X) :- p(X).")
    assert mpr("lint", str(file)).status == 2
    assert mpr("lint", "rules/kitchen").status == 0


def test_every_fault_of_every_file_is_told(tmp_path: Path) -> None:
    """Two broken files are reported together; of very many faults the first are shown, the rest counted."""
    for name in ("a.dl", "b.dl"):
        (tmp_path / name).write_text("p(")
    done = mpr("lint", str(tmp_path))
    assert "a.dl:1" in done.err
    assert "b.dl:1" in done.err
    (tmp_path / "b.dl").unlink()
    (tmp_path / "a.dl").write_text(".decl p(x: int)\n" + "".join(f"p(X) :- q{i}(X).\n" for i in range(100)))
    assert "more: mend these first" in mpr("lint", str(tmp_path)).err


def test_lint_fixes_what_the_host_fills(tmp_path: Path) -> None:
    """One step from the error to rules that run: each relation that nothing fills is declared `input`, in its
    own file, and nothing else is touched; a name that is another's, misspelt, is left to its author."""
    rules, names = tmp_path / "rules.dl", tmp_path / "names.dl"
    rules.write_text(
        '.action a(x: symbol)\n@because("no") forbid a( X ) :- p(X), q(X, N), N > 1, not blocekd(X).\n'
    )
    names.write_bytes(
        b"\xef\xbb\xbf.decl p( x:symbol )  % by the host\n.decl q(\n  x: symbol,\n  n: int\n) key(x)\n"
        b".decl blocked(x: symbol) blocked(one).\n.decl blocekd(x: symbol)\n"
    )
    done = mpr("lint", str(tmp_path))
    assert done.status == 2
    assert "= note: `mpr lint --fix` says so of all that nothing fills: `p`, `q`\n" in done.err
    assert done.err.count("mpr lint --fix") == 1
    assert "did you mean `blocked`? if the host fills it" in done.err
    before = rules.read_text()
    done = mpr("lint", "--fix", str(tmp_path))
    assert done.status == 2
    assert "`blocekd`" in done.err
    assert rules.read_text() == before
    assert names.read_text(encoding="utf-8-sig") == (
        ".decl p( x:symbol ) input  % by the host\n.decl q(\n  x: symbol,\n  n: int\n) key(x) input\n"
        ".decl blocked(x: symbol) blocked(one).\n.decl blocekd(x: symbol)\n"
    )
    rules.write_text(before.replace("blocekd", "blocked"))
    names.write_text(names.read_text().replace(".decl blocekd(x: symbol)\n", "").replace(" input", ""))
    done = mpr("lint", "--fix", str(tmp_path))
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith(
        f"fixed {names}:1: .decl p( x:symbol ) input  % by the host\nfixed {names}:2: "
    )
    assert mpr("lint", "--fix", str(tmp_path)).out == "nothing found\n"
