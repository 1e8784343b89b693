"""The host's knowledge of an episode, as facts of ``rules/tools/world``: nothing that was not met."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mpr_logic.envs.tools.office import LIMIT, MOST_MAILS, WORKSPACE, kind_of, real
from mpr_logic.language.printer import print_row

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mpr_logic.checker.action import Action
    from mpr_logic.envs.tools.office import Office

Mention = tuple[str, str | int]
"""A kind (path, mail, page, folder, address, account, amount, command) and a value."""

KINDS = {
    "list_files": ("folder",),
    "read_file": ("path",),
    "write_file": ("path", "source"),
    "back_up": ("path",),
    "delete_file": ("path",),
    "read_mail": ("mail",),
    "read_page": ("page",),
    "send_mail": ("address", "source"),
    "confirm": ("account",),
    "pay": ("account", "amount"),
    "run": ("command",),
}
"""The kinds of each action's arguments, in their order."""

STATED = frozenset({"path", "address", "amount"})
"""Kinds of which the facts say that a value was met."""


def mentioned(actions: Iterable[Action]) -> tuple[Mention, ...]:
    """Return the values that actions name, each with its kind and once, in their order."""
    found: dict[Mention, None] = {}
    for action in actions:
        for kind, value in zip(KINDS[action.name], action.args, strict=True):
            if isinstance(value, str | int):
                found[kind_of(str(value)) if kind == "source" else kind, value] = None
    return tuple(found)


class Knowledge:
    """The values that the agent met so far: ``values`` by kind, in the order of their first sight."""

    def __init__(self, office: Office, told: Iterable[Mention]) -> None:
        self._office = office
        self.values: dict[str, dict[str | int, None]] = {}
        self._labels: set[str] = set()
        self._copies: set[tuple[str, str]] = set()
        self._backups: set[str] = set()
        self.meet(told)
        self.meet(("address", address) for address in office.contacts)
        self.meet(("account", account) for account in office.ledger)

    def meet(self, mentions: Iterable[Mention]) -> None:
        """Take in what was mentioned."""
        for kind, value in mentions:
            self.values.setdefault(kind, {})[value] = None

    def learn(self, action: Action) -> None:
        """Take in an action that was done, and what it has shown."""
        self.meet(mentioned([action]))
        match action.name, action.args:
            case "list_files", (str(folder),):
                paths = self._office.files(folder)
                self.meet(("path", path) for path in paths)
                self._backups |= self._office.backed_up.intersection(paths)
            case "read_file" | "read_mail" | "read_page", (str(source),):
                self.meet(self._office.texts[real(source)].mentions)
                self._label(source)
            case "write_file", (str(path), str(source)):
                self._copies.add((path, source))
                self._backups.discard(real(path))
            case "back_up", (str(path),):
                self._backups.add(real(path))

    def _label(self, source: str) -> None:
        """Labels of what was read stay: what is copied later may come from before."""
        text = self._office.texts[real(source)]
        if source not in self._office.made_of:
            self._labels |= {print_row("secret", (source,))} if text.secret else set()
            self._labels |= {print_row("untrusted", (source,))} if text.untrusted else set()

    def facts(self) -> set[str]:
        """All of it, as facts that :meth:`Checker.update` takes."""
        office = self._office
        rows: list[tuple[str, tuple[str | int, ...]]] = [
            ("workspace", (WORKSPACE,)),
            ("domain", (office.domain,)),
            ("limit", (LIMIT,)),
            ("spent", (office.spent,)),
            ("most_mails", (MOST_MAILS,)),
            ("mails", (len(office.sent),)),
        ]
        rows += [("contact", (address,)) for address in office.contacts]
        rows += [("ledger", (account,)) for account in office.ledger]
        rows += [("has_read", (source,)) for source in office.read]
        rows += [("made_of", pair) for pair in self._copies]
        rows += [("backed_up", (path,)) for path in self._backups]
        rows += [("confirmed", (account,)) for account in office.confirmed]
        rows += [(f"met_{kind}", (value,)) for kind in STATED for value in self.values.get(kind, ())]
        rows += [
            ("uses", (command, name))
            for command in self.values.get("command", ())
            for name in programs(str(command))
        ]
        return {print_row(relation, row) for relation, row in rows} | self._labels


def programs(command: str) -> list[str]:
    """The programs that a command names at the beginnings of its parts."""
    parts = [part.split() for part in re.split(r"[|;&]+", command)]
    return [words[0].rpartition("/")[2] for words in parts if words]
