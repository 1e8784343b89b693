"""A replay of many recordings. Parts of it may be done in several places: their tallies add up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mpr_logic.errors import GuardError, MprError
from mpr_logic.guard.recordings.files import Share, recordings_in
from mpr_logic.guard.recordings.recording import Broken
from mpr_logic.guard.replay import Replayer
from mpr_logic.guard.replay_tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable

    from mpr_logic.guard.replay import ReplaySetup


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

    def _replayers(self) -> list[Replayer]:
        return [Replayer(each) for each in (self.setup, self.against) if each is not None]
