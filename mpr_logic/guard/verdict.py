"""Verdicts: the answers of a guard about tool calls."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from typing import Literal as OneOf

if TYPE_CHECKING:
    from mpr_logic.checker.decision import Decision
    from mpr_logic.guard.calls import Call, Moment

REJECTED = "The call was rejected."
PERSON = "A person must approve this call."

Mode = OneOf["enforce", "shadow"]
Outcome = OneOf["admit", "modify", "escalate", "reject"]


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """The answer about one call.

    A host needs three things of it: ``runs``, whether the tool may run now; ``arguments``, to run it with;
    ``message``, what to tell the model where it may not; where the outcome is ``escalate``, what to tell the
    person who is asked.

    ``outcome`` is what the rules say: ``admit``, ``modify`` (admitted with other arguments, which were
    checked), ``escalate`` (a person must be asked, and was not yet) or ``reject``. In shadow mode the tool
    runs whatever the outcome, with its own arguments. ``decision`` is the checker's, for the operator; None
    where the call did not come so far, and ``error`` says what was wrong; ``unfit`` says that it was the
    call, whose tool is none, or whose arguments cannot be read or do not fit. ``id`` names the verdict in the
    log. ``approved`` is what a person answered, None where nobody was asked. ``known`` has what was told of
    the moment and is kept with the call: rows of ``now`` and of the host's functions that its effects read.
    """

    call: Call
    outcome: Outcome
    arguments: dict[str, Any]
    message: str = ""
    decision: Decision | None = None
    mode: Mode = "enforce"
    id: str = ""
    error: str | None = None
    unfit: bool = False
    approved: bool | None = None
    seconds: float = 0.0
    given: dict[str, Any] = field(default_factory=dict)
    version: str = ""
    known: Moment = field(default_factory=dict)

    @property
    def runs(self) -> bool:
        """Whether the tool may run now, with ``arguments``."""
        return self.mode == "shadow" or self.outcome in ("admit", "modify")

    @property
    def refusal(self) -> str:
        """The message for the model where it may not run, also where a person could have been asked."""
        asks = self.message.startswith(PERSON)
        return REJECTED + self.message.removeprefix(PERSON) if asks else self.message

    @property
    def rewritten(self) -> bool:
        """Whether the tool runs with other arguments than the model gave."""
        return self.outcome == "modify" and self.mode == "enforce"

    @property
    def rules(self) -> tuple[str, ...]:
        """The ids of the rules that stood against the call."""
        return self.decision.rules if self.decision is not None else ()

    @property
    def changes(self) -> dict[str, Any]:
        """The arguments that a rule has rewritten, with their new values."""
        return {
            name: value
            for name, value in self.arguments.items()
            if name not in self.given or self.given[name] != value
        }

    @property
    def dropped(self) -> frozenset[str]:
        """The names of the arguments that a rule has taken away."""
        return frozenset(self.given.keys() - self.arguments.keys())

    def __str__(self) -> str:
        return f"{self.call.tool}: {self.outcome}" + (f": {self.message}" if self.message else "")


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    """The JSON of a verdict for an agent's host; nothing that the rules' authors do not disclose."""
    told = ("id", "outcome", "runs", "arguments", "message", "mode", "version")
    return {name: getattr(verdict, name) for name in told}
