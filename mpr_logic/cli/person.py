"""A person as a policy, asked on the terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from mpr_logic.agent.play import Turn
    from mpr_logic.agent.policies import View


class Quit(Exception):
    """The person ends the episode, without a fallback."""

    def __init__(self, view: View) -> None:
        super().__init__("the person ends the episode")
        self._view = view

    def turn(self, number: int) -> Turn:
        """The turn that ends it."""
        from mpr_logic.agent.play import Turn

        return Turn(number, self._view.refused, None, self._view.observation)


class Person:
    """Asks on the terminal. ``shown`` counts the rejections of this turn that were shown already."""

    name = "you"

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self.shown = 0

    def choose(self, view: View) -> str:
        """What is typed: an action; ``?`` lists what could be done.

        Raises:
            Quit: that was ``q``, or there is nothing more to read.
            StateError: what was typed is no text.
        """
        from mpr_logic.agent.showing import decision_lines

        if view.refused:
            self._say("\n".join(decision_lines(view.refused[-1], "    ", shadow=False)))
        self.shown = len(view.refused)
        while True:
            self._say("your action, such as go_to(fridge_1); ? for what could be done, q to end")
            line = _line()
            text = line.strip()
            if not line or text in ("q", "quit"):
                raise Quit(view)
            if text == "?":
                self._say(_choices(view))
            elif text:
                return text


def _line() -> str:
    """A line of the standard input; nothing at its end.

    Raises:
        StateError: it is not UTF-8 text.
    """
    from mpr_logic.errors import StateError

    try:
        return sys.stdin.readline() if sys.stdin is not None else ""
    except UnicodeDecodeError:
        raise StateError("<stdin>: what was typed is not UTF-8 text: send it as UTF-8") from None


def _choices(view: View) -> str:
    actions = view.world.candidates()
    admissible = [d.action for d in view.checker.check_all(actions) if d.admissible]
    preferred = view.checker.preferences(actions)
    lines = [f"    {weight:g} {action}: {reasons[0].text}" for action, weight, reasons in preferred[:5]]
    return "\n".join(["preferred", *lines, "admissible", f"    {', '.join(map(str, admissible))}"])
