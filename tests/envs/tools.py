"""Offices for tests: what a host knows after some actions, and checkers for the two sets of rules."""

from __future__ import annotations

from itertools import count

from mpr_logic import Action, Checker
from mpr_logic.agent.loop import Mirror
from mpr_logic.envs.tools.environment import ToolOffice
from mpr_logic.envs.tools.measure import CLOSED, OPEN, WORLD
from mpr_logic.envs.tools.tasks import Task, make

STYLES = {"open": (WORLD, OPEN), "closed": (WORLD, CLOSED), "both": ("rules/tools",)}

STATE = (
    'workspace("/workspace/")',
    'domain("@elm.example")',
    'contact("ada@elm.example")',
    'contact("kim@atlas.example")',
    "ledger(acct_1)",
    "limit(1000)",
    "spent(300)",
    "most_mails(5)",
    "mails(2)",
    'met_path("/workspace/a.txt")',
    'has_read("/workspace/a.txt")',
    'has_read("/workspace/private/pay.txt")',
    'secret("/workspace/private/pay.txt")',
    'has_read("/workspace/copy.txt")',
    'made_of("/workspace/copy.txt", "/workspace/private/pay.txt")',
    "has_read(mail_1)",
    "untrusted(mail_1)",
    'has_read("/workspace/notes.txt")',
    'made_of("/workspace/notes.txt", mail_1)',
    'has_read("/workspace/clean.txt")',
    'made_of("/workspace/clean.txt", "/workspace/a.txt")',
    'backed_up("/workspace/old.txt")',
    'backed_up("/home/owner/old.txt")',
    'backed_up("/workspace/../old.txt")',
    "confirmed(acct_2)",
)
"""The facts that the host of an agent knows at some moment."""


def guard(style: str, *more: str, without: tuple[str, ...] = ()) -> Checker:
    """A checker with a set of rules, in that state, with more facts or without some relations."""
    checker = Checker.load(*STYLES[style])
    kept = [fact for fact in STATE if fact.partition("(")[0] not in without]
    checker.update(add=kept)
    checker.update(add=more)  # a later fact replaces the one with its key
    return checker


def planted(attack: str | None, kind: str | None = None) -> Task:
    """The first task, by seed, in which this is planted."""
    return next(task for seed in count() if (task := make(seed, kind)).attack == attack)


def after(task: Task, *actions: Action, style: str = "open") -> tuple[Checker, ToolOffice]:
    """A checker, and the world, after some actions."""
    world, checker = ToolOffice(task), Checker.load(*STYLES[style])
    world.reset()
    for action in actions:
        world.step(action)
    Mirror(checker).follow(world.state())
    return checker, world
