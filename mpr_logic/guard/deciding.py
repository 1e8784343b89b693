"""How one call is decided: read, held against its schema, checked, rewritten and checked again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from mpr_logic.errors import BudgetError, StateError
from mpr_logic.guard.calls import Call, read_arguments
from mpr_logic.guard.directives import asks_person, may_go_on, rewritten, severity
from mpr_logic.guard.host import asked
from mpr_logic.guard.verdict import PERSON, REJECTED, Verdict

if TYPE_CHECKING:
    from mpr_logic.checker.decision import Decision
    from mpr_logic.guard.admitted import Known
    from mpr_logic.guard.guard import Guard
    from mpr_logic.guard.ruleset import Ruleset
    from mpr_logic.guard.session import Session
    from mpr_logic.guard.verdict import Outcome

ROUNDS = 4
"""So often a call is checked at most: once, and after each rewriting or replacement of the rules."""

TOLD = 4_000
"""So many characters a message for the model has at most."""


class Check:
    """One check of one call; a dry one leaves no trace. ``inside`` tells whether trouble is the guard's, not
    that of the call."""

    def __init__(self, guard: Guard, call: Call, id: str, *, dry: bool = False) -> None:
        self._dry = dry
        self._guard = guard
        self._call = call
        self._id = id
        self._began = time.perf_counter()
        self._deadline = self._began + guard.timeout
        self._given: dict[str, Any] = {}
        self._arguments: dict[str, Any] = {}
        self._decision: Decision | None = None
        self._approved: frozenset[str] | None = None  # the rules in spite of which a person approved
        self._version = guard.rules.program.version
        self._known: Known = {}
        self.inside = False

    def left(self) -> float:
        """The seconds that are left.

        Raises:
            BudgetError: none are.
        """
        left = self._deadline - time.perf_counter()
        if left <= 0:
            raise BudgetError(f"the check took longer than {self._guard.timeout:g} seconds")
        return left

    def run(self) -> Verdict:
        """The verdict about the call.

        Raises:
            MprError: it could not be decided.
        """
        if not isinstance(self._call.tool, str):
            raise StateError(f"the name of a tool is a text, not {type(self._call.tool).__name__}")
        self._given = read_arguments(
            self._call.arguments, self._guard.limits, self._guard.rules.actions.names(self._call.tool)
        )
        self._arguments = self._given
        for _ in range(ROUNDS):
            rules = self._guard.rules
            settled = self._settle(rules)
            if settled is not None:
                return settled
        raise BudgetError(f"the call was rewritten {ROUNDS} times, and still is not admissible")

    def answered(self, verdict: Verdict, approved: bool | None) -> Verdict:
        """The verdict after a person's answer.

        Raises:
            MprError: it could not be decided.
        """
        self._given, self._arguments, self._decision = verdict.given, verdict.arguments, verdict.decision
        if approved is not True:
            who = "No person could be asked to approve" if approved is None else "A person did not approve"
            return self._verdict("reject", f"{who} this call.\n{verdict.refusal}", approved)
        self._approved = frozenset(verdict.rules)
        found = self._settle(self._guard.rules)
        if found is None or found.arguments != verdict.arguments or found.outcome == "escalate":
            raise BudgetError("the rules or the state changed while a person was asked")
        return found

    def rejected(self, message: str, error: str) -> Verdict:
        """A rejection for another reason than a rule."""
        return self._verdict("reject", message, None, error=error)

    def _settle(self, rules: Ruleset) -> Verdict | None:
        """One round; None where the call was rewritten or the rules replaced, so that another is due."""
        self.inside = False
        self._version = rules.program.version
        signature = rules.actions.action_of(self._call.tool)
        proposed = rules.actions.propose(self._call.tool, self._arguments, opened=rules.opens(signature.name))
        self.inside = True
        call = Call(self._call.tool, self._arguments, self._call.id, self._call.session)
        needed = rules.reads(signature.name) | rules.keeps(signature.name)
        facts = asked(rules.program, rules.relations, needed, call, self.left)
        session: Session = self._guard.session(call.session)
        outcome: Outcome | None = "reject"
        arguments = self._arguments

        def settle(decision: Decision) -> bool:
            nonlocal outcome
            outcome = self._outcome(decision, rules)
            if outcome not in ("reject", "escalate"):  # a rejection stands, however late it is
                self.left()
                if self._approved is not None and self._id in session.approved:
                    raise StateError("a person has approved this call, and it was made: ask for another")
            if self._dry:
                return False
            if self._guard.mode == "shadow":  # it runs as it was given, whatever is said of it
                return arguments is self._given
            return outcome in ("admit", "modify")

        with session.locked(self.left()):
            if session.rules is not rules:
                return None
            with session.checker.until(self._deadline):
                self._decision, text, self._known = session.decide(
                    proposed,
                    facts,
                    severity=lambda decision: severity(decision, rules.directives),
                    settle=settle,
                    left=self.left,
                    id=self._id,
                    call=self._call,
                    repairs=self._dry,
                )
            if self._approved is not None and outcome in ("admit", "modify"):
                session.approve(self._id)
        self.inside = False
        if outcome is None:
            return None
        first = {"reject": REJECTED, "escalate": PERSON}.get(outcome)
        message = "" if first is None else f"{first}\n{text}"
        undecided = self._decision.by_rule[0].text if self._decision.verdict == "undecided" else None
        approved = None if self._approved is None else True
        return self._verdict(outcome, message[:TOLD].strip(), approved, undecided)

    def _outcome(self, decision: Decision, rules: Ruleset) -> Outcome | None:
        """What a decision comes to; None where it rewrote the arguments."""
        admitted: Outcome = "admit" if self._arguments == self._given else "modify"
        if decision.admissible:
            return admitted
        if not may_go_on(decision, rules.directives):
            return "reject"
        new = rewritten(decision, rules.directives, rules.actions, self._arguments)
        if new != self._arguments:
            self._arguments = new
            return None
        if not asks_person(decision, rules.directives):
            return "reject"
        approved = self._approved is not None and self._approved.issuperset(decision.rules)
        return admitted if approved else "escalate"

    def _verdict(
        self, outcome: Outcome, message: str, approved: bool | None, error: str | None = None
    ) -> Verdict:
        shadow = self._guard.mode == "shadow"
        return Verdict(
            call=self._call,
            outcome=outcome,
            arguments=self._given if shadow else self._arguments,
            message=message,
            decision=self._decision,
            mode=self._guard.mode,
            id=self._id,
            error=error,
            approved=approved,
            given=self._given,
            version=self._version,
            known=self._known,
            seconds=time.perf_counter() - self._began,
        )
