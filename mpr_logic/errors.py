"""Every error that mpr_logic raises on purpose, in one tree.

::

    MprError
     ├─ ProgramError     text that is not a program: carries diagnostics with spans
     ├─ OptionError      an option that is none of those offered; a ValueError too
     ├─ StateError       a state, fact or action that does not fit the program
     ├─ EvaluationError  the engine could not finish
     │   ├─ BudgetError        too many derived facts, or too much time
     │   ├─ ArithmeticFailure  a division by zero, or arithmetic on what is no number
     │   ├─ InexpressibleError the chosen engine cannot run this program
     │   └─ DisagreementError  two engines gave two answers
     ├─ StaleDecisionError  more has changed since a decision than is undone
     ├─ GameError         a game of an environment that cannot be read or played
     ├─ ModelError        a language model, or its server, that gave no usable answer
     │   └─ ServerError        a server that cannot be reached, or refuses whatever it is asked
     ├─ GuardError        a guard of tool calls that cannot be set up: its tools, its log, a missing extra
     ├─ RejectedError     a guarded call that was not admitted, and was not made: carries the verdict
     ├─ StoreError        a memory that cannot be opened, read or written, or that refuses a change
     └─ ExperimentError   an experiment's file, or its results, that cannot be read
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mpr_logic.guard.verdict import Verdict
    from mpr_logic.language.diagnostics import Diagnostic


class MprError(Exception):
    """The root: whatever mpr_logic refuses to do, it says with one of these."""

    def __str__(self) -> str:
        """The message. Half of a surrogate pair in it is written out, so that every output can take it."""
        return super().__str__().encode("utf-8", "backslashreplace").decode("utf-8")


class ProgramError(MprError):
    """Text that is not a valid program.

    ``diagnostics`` holds what was found, errors before warnings, in the order of the text.
    ``str()`` renders every one of them with its source line and a caret.
    """

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("\n\n".join(d.render() for d in self.diagnostics))

    def __reduce__(self) -> tuple[type[ProgramError], tuple[tuple[Diagnostic, ...]]]:
        """Pickled by its diagnostics: it crosses processes."""
        return type(self), (self.diagnostics,)

    @property
    def summary(self) -> str:
        """The first finding on one line, without its place: what is wrong, and what to do."""
        first = self.diagnostics[0]
        return f"{first.message}: {first.help}" if first.help else first.message


class OptionError(MprError, ValueError):
    """An option (theta, an engine, a semiring) that is none of those offered."""


class StateError(MprError):
    """A state, a fact or an action that does not fit the program, or cannot be read."""


class EvaluationError(MprError):
    """The engine could not finish: nothing is known of what was asked."""


class BudgetError(EvaluationError):
    """A budget (derived facts, time, depth) ran out before the answer was known."""


class ArithmeticFailure(EvaluationError):
    """A division by zero, or arithmetic or order on values that have none."""


class InexpressibleError(EvaluationError):
    """The chosen engine cannot run this program; the message says which part."""


class DisagreementError(EvaluationError):
    """Two engines were asked the same and answered differently."""


class StaleDecisionError(MprError):
    """A decision was asked for what it did not record, and more has changed since than is undone."""


class GameError(MprError):
    """A game of an environment is missing, broken, or none that is let in; or what plays it is missing."""


class ModelError(MprError):
    """A language model gave no usable answer: its server is missing, fails, or sends what is none."""


class ServerError(ModelError):
    """A model's server cannot be reached, or refuses whatever it is asked: to ask again is no use."""


class GuardError(MprError):
    """A guard of tool calls cannot be set up: its tools, its directives, its log, or a package is missing."""


class RejectedError(MprError):
    """A guarded call was not admitted, and was not made. ``verdict`` is the guard's; the message is the one
    for the model."""

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
        super().__init__(verdict.message)


class StoreError(MprError):
    """A rule memory cannot be opened, read or written, or it refuses a change; what it holds is as it was."""


class ExperimentError(MprError):
    """An experiment's file, or its results, cannot be read, or do not fit together."""
