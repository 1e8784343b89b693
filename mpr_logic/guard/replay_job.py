"""A replay of many recordings. Parts of it may be done in several places: their tallies add up."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mpr_logic.errors import GuardError, MprError
from mpr_logic.guard.recordings.files import Share, recordings_in
from mpr_logic.guard.recordings.recording import Broken
from mpr_logic.guard.replay import Replayer
from mpr_logic.guard.replay_tally import Example, Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from mpr_logic.guard.replay import ReplaySetup

_CALL = re.compile(r"(?:(?P<recording>.+?),? call )?(?P<number>[1-9]\d{0,8})")


@dataclass(frozen=True, slots=True)
class CallName:
    """A call as people name it: ``2``, in each recording, or ``tuesday, call 2``.

    Args:
        recording: the name of the recording, or its end; empty for each recording.
        number: of the call in its recording, from 1.
    """

    recording: str
    number: int

    @classmethod
    def read(cls, text: str) -> CallName:
        """Read a name.

        Raises:
            GuardError: it is none.
        """
        found = _CALL.fullmatch(text.strip())
        if found is None:
            raise GuardError(
                f"`{text[:80]}` names no call: give its number, or its recording too, "
                "as the report does: `log.json:2 tuesday, call 1`"
            )
        return cls(found["recording"] or "", int(found["number"]))

    def is_of(self, recording: str) -> bool:
        """Whether it names a call of this recording."""
        return recording.endswith(self.recording)

    def names(self, call: Example) -> bool:
        """Whether it names this call."""
        return self.is_of(call.recording) and self.number == call.decided.number

    def __str__(self) -> str:
        return f"{self.recording}, call {self.number}" if self.recording else str(self.number)


@dataclass(frozen=True, slots=True)
class ReplayJob:
    """Recordings to replay, and the rules that decide about them.

    Args:
        setup: the rules.
        paths: files and folders of recordings.
        against: other rules, whose decisions the tally compares.
        by: the labels to count by; None for those that suggest themselves.
        limit: the most recordings.
    """

    setup: ReplaySetup
    paths: tuple[str, ...]
    against: ReplaySetup | None = None
    by: tuple[str, ...] | None = None
    limit: int | None = None

    def check(self, parts: int = 1) -> None:
        """Hold the job against what it needs, before any part of it is done.

        Args:
            parts: how many parts it is done in.

        Raises:
            MprError: the rules, the tools or the state cannot be used.
            GuardError: relations are shared, and there are several parts.
        """
        shared = sorted({name for each in self._replayers() for name in each.guard.rules.shared})
        if shared and parts > 1:
            raise GuardError(
                f"`{shared[0]}` is declared shared, and what one conversation changes of it counts for the "
                "next one: replay them in one process, with --jobs 1"
            )

    def replay(self, part: int = 0, parts: int = 1, say: Callable[[int, int], None] | None = None) -> Tally:
        """Replay a part of the recordings.

        Args:
            part: which one, from 0.
            parts: how many there are.
            say: is told after each recording how many of them and of calls were done.

        Raises:
            MprError: the rules, the tools or the state cannot be used, or a path is not there.
        """
        replayers = self._replayers()
        tally = Tally(self.by)
        for number, recording in recordings_in(self.paths, Share(part, parts, self.limit)):
            if isinstance(recording, Broken):
                tally.add_broken(number, recording)
                continue
            try:
                decided = [list(each.decide(recording)) for each in replayers]
            except MprError as error:
                tally.add_broken(number, Broken(recording.name, str(error)))
                continue
            tally.add(number, recording, *decided)
            if say is not None:
                say(tally.recordings, tally.calls)
        return tally

    def explain(self, names: Iterable[CallName], last: int | None = None) -> Iterator[Example]:
        """Decide once more about a few calls, each with its proofs, its advice and its repairs.

        Args:
            names: of the calls.
            last: the number of the last recording that has one of them; None where that is not known.

        Yields:
            The calls that are there, in their order.

        Raises:
            MprError: the rules, the tools or the state cannot be used, or a path is not there.
        """
        names = tuple(names)
        replayers = self._replayers()
        shared = any(each.guard.rules.shared for each in replayers)  # then what came before counts
        for number, recording in recordings_in(self.paths, Share(limit=self.limit)):
            if last is not None and number > last:
                return
            if isinstance(recording, Broken):
                continue
            calls = {each.number for each in names if each.is_of(recording.name)}
            if not calls and not shared:
                continue
            try:
                decided = [list(each.decide(recording, calls)) for each in replayers]
            except MprError:  # the tally has it among the broken ones
                continue
            for now, *before in zip(*decided, strict=True):
                if now.number in calls:
                    yield Example((number, now.number), recording.name, now, *before)

    def _replayers(self) -> list[Replayer]:
        return [Replayer(each) for each in (self.setup, self.against) if each is not None]
