"""Rules as a guard uses them: checked once, shared by its sessions, replaced as a whole when they change."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mpr_logic.adapters.actions import Actions, filled
from mpr_logic.adapters.directives import read_directives
from mpr_logic.adapters.host import read_by
from mpr_logic.adapters.tools import RELATIONS
from mpr_logic.analysis import analyse
from mpr_logic.checking.loading import load_modules, rule_files
from mpr_logic.errors import GuardError
from mpr_logic.syntax.parser import parse

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping, Sequence

    from mpr_logic.adapters.host import Relation
    from mpr_logic.adapters.tools import Tools
    from mpr_logic.analysis.core import Program, Rule

HISTORY = ("past", "succeeded", "failed")


class Ruleset:
    """A program, its directives, the tools and the host's functions.

    Raises:
        GuardError: a directive, or the relation of a function, does not fit the program.
    """

    def __init__(self, program: Program, tools: Tools | None, relations: Mapping[str, Relation]) -> None:
        self.program = program
        self.tools = tools
        self.relations = dict(relations)
        self.actions = Actions(program, tools)
        self.directives = read_directives(program)
        for name in relations:
            if name not in program.schema.relations:
                raise GuardError(f"the relation `{name}` of a function is not declared: .decl {name}(...)")
        self._reads = {action: read_by(program, action) for action in program.schema.actions}
        self._filled = {name for name in RELATIONS if filled(program, name)}
        everything = frozenset().union(*self._reads.values()) if self._reads else frozenset()
        self.counts_calls = "called" in self._filled and "called" in everything
        self._remembered = {
            action
            for action in program.schema.actions
            if any(f"{word} {action}" in everything for word in HISTORY) or self._in_effects(action)
        }

    def reads(self, action: str) -> frozenset[str]:
        """The core relations that decide about an action."""
        return self._reads[action]

    def opens(self, action: str) -> bool:
        """Whether a rule looks inside arguments, where this action is decided or has effects."""
        read = self._reads[action]
        return "item" in read or "field" in read or self._effects(action) or action in self._remembered

    def tells_time(self, action: str) -> bool:
        """Whether a rule that decides about an action reads the clock."""
        return "now" in self._filled and "now" in self._reads[action]

    def remembers(self, action: str) -> bool:
        """Whether a rule reads the history of an action: only then is it kept."""
        return action in self._remembered

    def _effects(self, action: str) -> bool:
        return any(rule.action == action for rule in self._effect_rules())

    def _in_effects(self, action: str) -> bool:
        named = {f"{word} {action}" for word in HISTORY}
        return any(
            getattr(getattr(item, "atom", None), "name", None) in named
            for rule in self._effect_rules()
            for item in rule.body
        )

    def _effect_rules(self) -> list[Rule]:
        return [rule for rule in self.program.rules if rule.clause.kind in ("causes", "ends")]


def load_ruleset(
    paths: Sequence[str | os.PathLike[str]],
    text: str | None,
    tools: Tools | None,
    relations: Mapping[str, Relation],
) -> Ruleset:
    """The rules of files, of a text, and of the tools' declarations, together.

    Raises:
        ProgramError: they are not valid.
        StateError: there is no rule file.
        GuardError: as above.
    """
    modules = load_modules(paths) if paths else []
    if text is not None:
        modules.append(parse(text, "<rules>"))
    if tools is not None:
        modules.append(parse(tools.declarations(), "<tools>"))
    return Ruleset(analyse(modules), tools, relations)


def stamp(paths: Iterable[str | os.PathLike[str]]) -> tuple[tuple[str, int, int, int], ...]:
    """What changes when a rule file does: names, inodes, sizes and times of all of them.

    Raises:
        StateError: there is none.
        OSError: one cannot be looked at.
    """
    found = []
    for path in rule_files(paths) if paths else []:
        status = Path(path).stat()
        found.append((str(path), status.st_ino, status.st_size, status.st_mtime_ns))
    return tuple(found)
