"""From paths of rule files and folders to a checked program."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from mpr_logic.analysis import analyse
from mpr_logic.checker.using import UsedFiles, bundled_rules, real
from mpr_logic.collector import resting
from mpr_logic.errors import ProgramError, StateError
from mpr_logic.language.parser import parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mpr_logic.analysis.program import Program
    from mpr_logic.language.ast import Module


def rule_files(paths: Iterable[str | PathLike[str]]) -> list[Path]:
    """The ``.dl`` files that the paths name: files as they are, folders with all that is below them,
    in the order of their names. ``rules/NAME`` that is not there is looked up among the rules that
    come with the package.

    Raises:
        StateError: there is no such path, a folder cannot be read, or holds no rule file.
    """
    files: list[Path] = []
    for given in paths:
        if not isinstance(given, (str, PathLike)):
            raise StateError(f"the path of a rule file is a text, not {type(given).__name__}")
        path = _bundled(Path(given))
        if path.is_dir():
            found = _below(path)
            if not found:
                raise StateError(
                    f"the folder `{given}` holds no `.dl` file: name a rule file, or another folder"
                )
            files += found
        else:
            files.append(path)
    if not files:
        raise StateError("no rule file is named: give the path of a `.dl` file, or of a folder of them")
    return list(dict.fromkeys(files))


def _below(folder: Path) -> list[Path]:
    """The files below a folder that are named as rule files, also behind links. Unreadable ones are among
    them, so that their rules are missed; locks of editors, ``.#rules.dl``, are not.

    Raises:
        StateError: a folder cannot be read.
    """
    found: list[Path] = []
    seen: set[Path] = set()
    todo = [folder]
    while todo:
        at = todo.pop()
        followed = real(at)
        if followed in seen:  # links may lead round in a circle
            continue
        seen.add(followed)
        try:
            inside = sorted(at.iterdir())
        except OSError as error:
            raise StateError(f"the folder `{at}` cannot be read: {error.strerror}") from None
        todo += [each for each in inside if each.is_dir()]
        found += [e for e in inside if e.suffix == ".dl" and not e.is_dir() and not e.name.startswith(".#")]
    return sorted(found)


def _bundled(path: Path) -> Path:
    """The path; or, where it is not there, that of the bundled rules with this name."""
    return path if path.exists() else bundled_rules(path) or path


def load_program(
    paths: Iterable[str | PathLike[str]],
    *,
    within: str | PathLike[str] | None = None,
    params: Mapping[str, object] | None = None,
) -> Program:
    """The program that all these rule files make together, with the files that they use.

    Args:
        paths: rule files and folders.
        params: the values of parameters, by name.

    Raises:
        OptionError: ``params`` names what is no parameter.
        ProgramError: a file cannot be read, or the rules are not valid; every fault is in it.
        StateError: there is no rule file.
    """
    return analyse(load_modules(paths, within=within), params=params)


def load_modules(
    paths: Iterable[str | PathLike[str]], *, within: str | PathLike[str] | None = None
) -> list[Module]:
    """The parsed rule files that the paths name, and those that these use.

    Args:
        paths: rule files, and folders of them.
        within: the folder that used files must lie in. By default it is the working folder for paths below
            it, and for others the folder that is named, or that the file lies in.

    Raises:
        ProgramError: a file cannot be read or parsed; every fault is in it.
        StateError: there is no rule file.
    """
    named = list(paths)
    files = rule_files(named)
    used = UsedFiles(_roots(named) if within is None else [Path(within)], rule_files)
    for file in files:
        used.read(file)
    if used.faults:
        raise ProgramError(used.faults)
    return used.modules()


def _roots(paths: Iterable[str | PathLike[str]]) -> list[Path]:
    """The folders that used files must lie in."""
    here = Path.cwd()
    roots = []
    for each in paths:
        found = real(_bundled(Path(each)))
        folder = found if found.is_dir() else found.parent
        roots.append(here if folder.is_relative_to(here) else folder)
    return roots


def program_from_text(
    text: str, file: str = "<rules>", params: Mapping[str, object] | None = None
) -> Program:
    """The program of one text; ``params`` are the values of parameters, by name.

    Raises:
        OptionError: ``params`` names what is no parameter.
        ProgramError: it is not valid.
    """
    with resting():
        return analyse([parse(text, file)], params=params)
