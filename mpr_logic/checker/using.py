"""Follows ``.use``: from the rule files that somebody names to all that belong to them."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from mpr_logic.analysis.builtin_relations import BUILT_IN
from mpr_logic.errors import MprError, ProgramError, StateError
from mpr_logic.language.ast import Module, UseDecl
from mpr_logic.language.diagnostics import Diagnostic
from mpr_logic.language.parser import parse_file
from mpr_logic.language.qualify import JOINT, declared_constants, declared_ids, declared_names, renamed
from mpr_logic.resources import rules_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Prefix: TypeAlias = tuple[str, ...]

MAX_FILES = 10_000
"""The number of files that a program may consist of."""


@dataclass(frozen=True, slots=True)
class _Known:
    """A file that was read, under a prefix."""

    prefix: Prefix
    module: Module


class UsedFiles:
    """The modules of rule files and of the files that they use, each once for each prefix.

    Args:
        roots: the folders that used files must lie in, whatever links lead to them. Those that come with the
            package may always be used.
        find: the rule files that a path names: see :func:`mpr_logic.checker.loading.rule_files`.
    """

    def __init__(self, roots: Iterable[Path], find: Callable[[list[Path]], list[Path]]) -> None:
        self.faults: list[Diagnostic] = []
        self._roots = tuple(dict.fromkeys(real(root) for root in roots))
        self._find = find
        self._known: dict[tuple[Path, Prefix], _Known | None] = {}

    def read(self, file: Path) -> None:
        """Read a file, and what it uses; faults are kept."""
        self._read(file, (), ())

    def modules(self) -> list[Module]:
        """The modules in the order in which they were named, with qualified names."""
        known = [each for each in self._known.values() if each is not None]
        sets: dict[Prefix, list[Module]] = {}
        for each in known:
            sets.setdefault(each.prefix, []).append(each.module)
        if len(sets) == 1:
            return [each.module for each in known]
        names = {prefix: declared_names(modules, BUILT_IN) for prefix, modules in sets.items()}
        ids = {prefix: declared_ids(modules) for prefix, modules in sets.items()}
        constants = {prefix: declared_constants(modules) for prefix, modules in sets.items()}
        found = []
        for each in known:
            new = [_seen(declared, each.prefix) for declared in (names, ids, constants)]
            found.append(renamed(each.module, *new) if any(new) else each.module)
        return found

    def _read(self, file: Path, prefix: Prefix, chain: tuple[Path, ...]) -> None:
        key = real(file), prefix
        if key in self._known:
            return
        self._known[key] = None  # its place in the order
        try:
            module = parse_file(file)
        except ProgramError as error:
            self.faults += error.diagnostics
            return
        uses = [s for s in module.statements if isinstance(s, UseDecl)]
        if uses:
            statements = tuple(s for s in module.statements if not isinstance(s, UseDecl))
            self._known[key] = _Known(prefix, replace(module, statements=statements))
        else:
            self._known[key] = _Known(prefix, module)
        for use in uses:
            self._follow(module, file, use, prefix, (*chain, key[0]))

    def _follow(
        self, module: Module, file: Path, use: UseDecl, prefix: Prefix, chain: tuple[Path, ...]
    ) -> None:
        deeper = (*prefix, use.prefix) if use.prefix else prefix
        for target in self._targets(module, file, use):
            if real(target) in chain:
                loop = " uses ".join(
                    f"`{each.name}`" for each in [*chain[chain.index(real(target)) :], target]
                )
                help = "put what both need into a third file"
                self._fault("E0130", f"the files use each other: {loop}", module, use, help)
            elif len(self._known) >= MAX_FILES:
                self._fault("E0132", f"more than {MAX_FILES:,} files are used", module, use, "use fewer")
                return
            else:
                self._read(target, deeper, chain)

    def _targets(self, module: Module, file: Path, use: UseDecl) -> list[Path]:
        """The files that a `.use` names, if it may."""
        beside = Path(os.path.normpath(file.parent / use.path))
        path = beside if _exists(beside) else bundled_rules(Path(use.path)) or beside
        if named_absolutely(use.path) or not self._inside(path):
            where = " or ".join(f"`{root}`" for root in self._roots)
            help = f"move it there, or load the rules with `within=` a folder that holds both (now {where})"
            self._fault("E0131", f"`{use.path}` lies outside of the folder of the rules", module, use, help)
            return []
        try:
            if not _exists(path):
                raise StateError("there is no such file")
            found = self._find([path])
            if any(each.suffix != ".dl" for each in found):
                raise StateError("it is no `.dl` file")
            if not all(map(self._inside, found)):
                raise StateError("a link in it leads out of the folder of the rules")
        except (OSError, ValueError, MprError) as error:
            self._fault("E0132", f"`{use.path}` cannot be used: {error}", module, use, _FROM_HERE)
            return []
        return found

    def _inside(self, file: Path) -> bool:
        try:
            real = file.resolve()
        except (OSError, ValueError, RuntimeError):  # a NUL in the name, or links in a circle
            return False
        bundled = Path(str(rules_folder())).resolve()
        return any(real.is_relative_to(root) for root in (*self._roots, bundled))

    def _fault(self, code: str, message: str, module: Module, use: UseDecl, help: str) -> None:
        lines = module.source.split("\n")
        line = lines[use.span.line - 1] if 0 < use.span.line <= len(lines) else None
        self.faults.append(Diagnostic(code, message, use.span, help=help, source_line=line))


_FROM_HERE = "the path of a `.use` begins in the folder of the file that it stands in"


def bundled_rules(path: Path) -> Path | None:
    """The rules that come with the package under the name `rules/...`; None where it names none."""
    if path.is_absolute() or path.parts[:1] != ("rules",) or ".." in path.parts:
        return None
    found = Path(str(rules_folder())).joinpath(*path.parts[1:])
    return found if _exists(found) else None


def real(path: Path) -> Path:
    """The path with all links followed; as it is where they lead round in a circle, or where no file can
    have such a name."""
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):
        return path.absolute()


def _exists(path: Path) -> bool:
    """Whether there is such a file; not where its name is too long for one."""
    try:
        return path.exists()
    except OSError:
        return False


def named_absolutely(path: str) -> bool:
    """Whether a path names its folder from the root, of this system or of another one."""
    return path.startswith(("/", "\\", "~")) or Path(path).is_absolute() or path[1:2] == ":"


def _seen(declared: dict[Prefix, set[str]], prefix: Prefix) -> dict[str, str]:
    """The names that a file with this prefix can speak of, each with its name in the whole program: those of
    its own set, and those of the sets below it, qualified from there."""
    found: dict[str, str] = {}
    for other, names in declared.items():
        if other[: len(prefix)] != prefix or not other:
            continue
        for name in names:
            found[JOINT.join((*other[len(prefix) :], name))] = JOINT.join((*other, name))
    return {old: new for old, new in found.items() if old != new}
