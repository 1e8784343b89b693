"""Commands as the games take them, and actions as rules name them: ``take apple 1 from fridge 1`` is
``take(apple_1, fridge_1)``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mpr_logic.checker.action import Action

if TYPE_CHECKING:
    from mpr_logic.language.ast import Value

# Of each action: how it is said, and how it is read. `{}` is an argument.
SAID = {
    "go_to": "go to {}",
    "open": "open {}",
    "close": "close {}",
    "take": "take {} from {}",
    "put": "move {} to {}",
    "clean": "clean {} with {}",
    "heat": "heat {} with {}",
    "cool": "cool {} with {}",
    "use": "use {}",
    "slice": "slice {} with {}",
    "examine": "examine {}",
    "look": "look",
    "inventory": "inventory",
    "help": "help",
}
OLD_PUT = "put {} in/on {}"
"""The put command as the games of json_2.1.1 word it; later ones call it ``move {} to {}``."""

ARGUMENTS = {
    "go_to": ("r",),
    "open": ("r",),
    "close": ("r",),
    "slice": ("o", "k"),
    "examine": ("x",),
}
"""The names of an action's arguments in their order, where those are not ``o`` and ``r``."""

NAME = r"([a-z]+ \d+)"
PATTERNS = {name: re.compile(said.replace("{}", NAME)) for name, said in SAID.items()}
OLD_PATTERN = re.compile(rf"put {NAME} (?:in/on|in|on|into) {NAME}")


def command_of(action: Action, put: str = SAID["put"]) -> str:
    """The command for an action. ``put`` is how the game says that one: :data:`OLD_PUT` in older games.

    An action that the games do not have is said as it stands, and they answer that nothing happens.
    """
    said = put if action.name == "put" else SAID.get(action.name, "")
    names = [str(arg).replace("_", " ") for arg in action.args]
    if said.count("{}") != len(names) or not said:
        return str(action)
    for name in names:
        said = said.replace("{}", name, 1)
    return said


def action_of(command: str) -> Action | None:
    """The action that a command stands for, in either wording; None where it is no command of the games."""
    for name, pattern in PATTERNS.items():
        found = pattern.fullmatch(command)
        if found:
            return _action(name, found)
    found = OLD_PATTERN.fullmatch(command)
    return _action("put", found) if found else None


def positional(action: Action) -> Action:
    """The same action with its arguments in order, where they were given by name."""
    if not action.named:
        return action
    given = dict(action.named)
    order = ARGUMENTS.get(action.name, ("o", "r"))
    return Action(
        action.name, *[given[name] for name in (*order, *sorted(given.keys() - order)) if name in given]
    )


def named(action: Action) -> dict[str, Value]:
    """The arguments of an action, which were given in order, by their names."""
    return dict(zip(ARGUMENTS.get(action.name, ("o", "r")), action.args, strict=False))


def _action(name: str, found: re.Match[str]) -> Action:
    return Action(name, *[group.replace(" ", "_") for group in found.groups()])
