"""``mpr fmt``: rule files in their canonical form."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from mpr_logic.cli import options as o
from mpr_logic.cli.output import NO, YES, Answer, reply

EXAMPLE = "mpr fmt --check rules/kitchen"


def fmt(
    files: Annotated[
        list[str] | None, typer.Argument(metavar="FILES...", help="Rule files, and folders of them.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing: tell what would change.")] = False,
    json: o.JsonOption = False,
    no_color: o.NoColorOption = False,
) -> None:
    """Write rule files in their canonical form; comments are kept.

    Exit status: 0 done, 1 with --check: some would change, 2 a file cannot be read or written.
    """

    def work() -> Answer:
        from mpr_logic.analysis.report import count
        from mpr_logic.checker.loading import rule_files

        paths = rule_files(files or [])
        texts = [(path, formatted(path)) for path in paths]  # all are read before one is written
        changed = [(path, text) for path, text in texts if text is not None]
        if not check:
            for path, text in changed:
                replace(path, text)
        verb = "would change" if check else "changed"
        content = {"files": [{"file": str(path), "changed": text is not None} for path, text in texts]}
        lines = [f"{verb} {path}" for path, _ in changed]
        lines.append(f"{len(changed)} of {count(len(paths), 'file')} {verb}")
        return Answer(NO if check and changed else YES, "\n".join(lines), content)

    reply("fmt", work, json=json, no_color=no_color)


def formatted(path: Path) -> str | None:
    """The canonical text of a file; None where it has that already.

    Raises:
        ProgramError: it cannot be read or parsed.
    """
    from mpr_logic.language.parser import parse
    from mpr_logic.language.printer import print_module
    from mpr_logic.language.source import read_text

    text = read_text(path)
    module = parse(text, str(path))
    canonical = print_module(module)
    if parse(canonical, str(path)) != module:
        raise AssertionError(f"the canonical form of {path} says something else; the file is as it was")
    return canonical if canonical != text else None


def replace(path: Path, text: str) -> None:
    """Put a new text in the place of a file's: all of it, or, where that fails, nothing.

    Raises:
        OSError: it could not be written.
    """
    target = path.resolve()  # of a link, the file behind it
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        Path(name).chmod(target.stat().st_mode & 0o7777)
        os.replace(name, target)  # noqa: PTH105
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
