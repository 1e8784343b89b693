"""Clients over HTTP: what a token lets its sender say, and how much of the guard one client may fill."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mpr_logic.errors import GuardError, StateError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mpr_logic.guard.guard import Guard
    from mpr_logic.guard.verdict import Verdict

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
WAITING = 1_000
"""The most calls that wait for a person at a time."""


class TooManyError(StateError):
    """A client has begun as many sessions as one may."""


class NotYoursError(StateError):
    """A session is another agent's."""


@dataclass(frozen=True, slots=True)
class Sender:
    """The sender of a request: ``client`` is what its sessions are counted by, ``operator`` whether it sent
    the operator's token, ``own`` whether it has a token of its own: its sessions are its own then."""

    client: str
    operator: bool = False
    own: bool = False


class Tokens:
    """The tokens that requests are told apart by.

    Args:
        agents: one of them lets its sender check calls and say how they went; none where none is asked for.
        operator: lets its sender say everything; None where nobody may, over HTTP.

    Raises:
        GuardError: a token is no token, or two are the same.
    """

    def __init__(self, agents: Sequence[str], operator: str | None) -> None:
        given = [*agents, *([] if operator is None else [operator])]
        for each in given:
            if not each or not each.isascii() or not each.isprintable() or " " in each:
                raise GuardError("a token is a text of ASCII characters without spaces, and is not empty")
        if len(set(given)) != len(given):
            raise GuardError("two tokens are the same: give the operator and each agent one of their own")
        self._agents = [_digest(each) for each in agents]
        self._operator = None if operator is None else _digest(operator)

    @property
    def any(self) -> bool:
        """Whether there is any token."""
        return bool(self._agents) or self._operator is not None

    @property
    def has_operator(self) -> bool:
        """Whether there is an operator's token."""
        return self._operator is not None

    def sender(self, token: str, address: str) -> Sender | None:
        """The sender of a token from an address; None where it is none of those that there are.

        An agent is known by its token, and where all agents send the same, or none, by its address.
        """
        sent = _digest(token)
        # all are compared, whichever fits: the time tells nothing
        fits = [hmac.compare_digest(sent, each) for each in self._agents]
        if self._operator is not None and hmac.compare_digest(sent, self._operator):
            return Sender("the operator", operator=True)
        if any(fits):
            return (
                Sender(f"token {fits.index(True)}", own=True) if len(fits) > 1 else Sender(host_of(address))
            )
        return None if self.any else Sender(host_of(address))


def host_of(address: str) -> str:
    """The address that a client is known by: all of the loopback is one, and so is an IPv6 network of /64,
    since one machine may take any address of those."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if found.is_loopback:
        return "the loopback"
    return str(found) if found.version == 4 else str(ipaddress.ip_network((found, 64), strict=False))


class Openings:
    """The sessions that clients have begun: each may hold a number of them, and an agent with a token of its
    own uses those that it has begun, the one without a name, and those that the operator has begun.

    Args:
        guard: holds the sessions.
        most: the most of one client; by default a tenth of what the guard holds.
    """

    def __init__(self, guard: Guard, most: int | None) -> None:
        self._guard = guard
        self._most = max(1, guard.sessions // 10) if most is None else most
        self._lock = threading.Lock()
        self._begun: dict[str, set[str]] = {}
        self._of: dict[str, str] = {}  # by session: who has begun it

    def hold(self, sender: Sender, session: str) -> bool:
        """Whether there is a session of that name, which the sender may use.

        Raises:
            NotYoursError: there is, and it may not.
        """
        if not self._guard.holds(session):
            return False
        if sender.own and self._of.get(session, sender.client) != sender.client:
            raise NotYoursError("this session is another agent's")
        return True

    def enter(self, sender: Sender, session: str) -> None:
        """Let a client use a session, which begins where there is none. An operator may begin any.

        Raises:
            TooManyError: it would be one more than the client may begin.
            NotYoursError: it is another agent's.
        """
        with self._lock:
            if self.hold(sender, session):
                return
            self._of.pop(session, None)
            if len(self._of) > 2 * self._guard.sessions:  # most were ended
                self._of = {k: v for k, v in self._of.items() if self._guard.holds(k)}
            if sender.operator:
                self._guard.session(session)
                return
            begun = self._begun.setdefault(sender.client, set())
            if len(begun) >= self._most:
                begun.intersection_update([each for each in begun if self._guard.holds(each)])
            if len(begun) >= self._most:
                raise TooManyError(
                    f"this client has begun {self._most} sessions: the operator must end some of them first"
                )
            self._guard.session(session)
            begun.add(session)
            if sender.own:
                self._of[session] = sender.client


class Waiting:
    """The calls that wait for a person. Where there are too many, the client with the most loses its
    oldest."""

    def __init__(self, most: int = WAITING) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._calls: dict[str, tuple[str, Verdict]] = {}
        self._of: dict[str, OrderedDict[str, None]] = {}

    def add(self, client: str, verdict: Verdict) -> None:
        """Let a client's call wait."""
        with self._lock:
            self._calls[verdict.id] = client, verdict
            self._of.setdefault(client, OrderedDict())[verdict.id] = None
            if len(self._calls) > self._most:
                most = max(self._of, key=lambda each: len(self._of[each]))
                self._take(next(iter(self._of[most])))

    def pop(self, id: str) -> Verdict | None:
        """The call of an id, which then waits no longer; None where there is none."""
        with self._lock:
            return self._take(id)

    def named(self, id: str) -> list[str]:
        """The verdicts' ids of the calls that their callers gave this id."""
        with self._lock:
            return [verdict.id for _, verdict in self._calls.values() if verdict.call.id == id]

    def _take(self, id: str) -> Verdict | None:
        client, verdict = self._calls.pop(id, (None, None))
        if client is not None:
            del self._of[client][id]
            if not self._of[client]:
                del self._of[client]
        return verdict


def agents_of(token: str | Iterable[str] | None) -> list[str]:
    """The tokens of the agents, as they are given: one, several, or none."""
    return [] if token is None else [token] if isinstance(token, str) else list(token)


def _digest(token: str) -> bytes:
    """The digest that tokens are compared by: all have one length, and the time tells nothing of it."""
    return hashlib.sha256(token.encode()).digest()
