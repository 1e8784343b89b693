"""A call behind a guard: checked, made, and its outcome recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mpr_logic.errors import RejectedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from mpr_logic.guard.guard import Guard
    from mpr_logic.guard.verdict import Verdict


class Guarding:
    """A context around one call, sync or async: ``with Guarding(guard, "send", {"to": "ann"}) as call:``.

    Inside, ``call.arguments`` are those to make the call with, and ``call.verdict`` is the guard's. An
    exception inside is recorded as failure, and goes on; else the call counts as done, unless
    ``call.succeeded`` was set to what its result says.

    Args:
        guard: it decides.
        tool: the tool's name.
        arguments: a JSON object, or the text of one.
        id: the id of the call, if it has one.
        session: the conversation or run.
        person: asked where the rules leave the call to a person, instead of the guard's approver: it gets
            the verdict, and returns whether the call may be made.

    Raises:
        RejectedError: by entering, where the call is not admitted.
    """

    verdict: Verdict

    def __init__(
        self,
        guard: Guard,
        tool: str,
        arguments: Any = None,
        *,
        id: str = "",
        session: str = "",
        person: Callable[[Verdict], bool] | None = None,
    ) -> None:
        self.succeeded: bool | None = True
        self._guard = guard
        self._call: dict[str, Any] = {"tool": tool, "arguments": arguments, "id": id, "session": session}
        self._person = person

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments to make the call with."""
        return self.verdict.arguments

    def __enter__(self) -> Guarding:
        return self._entered(self._guard.check(**self._call, ask=self._person is None))

    async def __aenter__(self) -> Guarding:
        return self._entered(await self._guard.acheck(**self._call, ask=self._person is None))

    def _entered(self, verdict: Verdict) -> Guarding:
        if self._person is not None and verdict.outcome == "escalate" and not verdict.runs:
            verdict = self._guard.answer(verdict, self._person(verdict))
        if not verdict.runs:
            raise RejectedError(verdict)
        self.verdict = verdict
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._guard.record(self.verdict, self.succeeded if error is None else False)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, _)
