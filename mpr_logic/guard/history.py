"""Admitted calls, with what was known of their moment: by that their effects are worked out when they end."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from mpr_logic.analysis.atoms import coerce_row
from mpr_logic.analysis.program import Fact
from mpr_logic.checker.readers import said_of, with_written
from mpr_logic.checker.underway import UnderWay
from mpr_logic.errors import GuardError, MprError, StateError
from mpr_logic.guard.actions import LOOKED_AT, Proposed, looked_at
from mpr_logic.language.ast import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mpr_logic.checker.action import Action
    from mpr_logic.guard.calls import Moment
    from mpr_logic.guard.rules import CallNeeds, Ruleset

_HERE = Span("the guard", 0, 0, 0, 0)


class AdmittedCall(NamedTuple):
    """An admitted call: the id of its verdict, the call as rules see it, what was told of its moment and is
    kept, the second of its admission, the tool's name, the id that its caller gave it, and its number."""

    id: str
    proposed: Proposed
    moment: Moment
    second: int
    tool: str = ""
    caller: str = ""
    number: int = 0

    @property
    def action(self) -> Action:
        """The action of the call."""
        return self.proposed.action

    def under_way(self, needs: CallNeeds) -> UnderWay:
        """The call as it counts against others while its outcome is not known, with all that its effects read
        beside the state."""
        action, facts = self.proposed.action, self.proposed.facts
        if needs.questions:
            facts += tuple(said_of(with_written(action.args, needs.questions), needs.questions))
        for name in sorted(needs.keeps):
            rows = [(self.second,)] if name == "now" else self.moment.get(name, ())
            facts += tuple(Fact(name, row, 1.0, _HERE) for row in rows)
        number = self.number if needs.remembers else 0
        return UnderWay(self.id, action, facts, named(self.tool, self.caller), number=number)

    def under(self, rules: Ruleset) -> AdmittedCall:
        """The call under other rules, whose effects may read other things.

        Raises:
            StateError: they read what a function of the host was not asked when the call was admitted.
        """
        name = self.action.name
        if name not in rules.program.schema.actions:
            return self
        needs = rules.needs(name)
        for missing in sorted(needs.keeps - self.moment.keys() - {"now"}):
            raise StateError(
                f"{self.action} is under way, and its effects would read `{missing}`, which was not asked "
                "when it was admitted: replace the rules when it has ended"
            )
        values, signature = self.proposed.values, rules.program.schema.actions[name]
        known = looked_at(signature, values, needs.opens) if len(values) == signature.arity else ()
        return self._replace(proposed=Proposed(self.action, known, values))


def moment_of(rules: Ruleset, needs: CallNeeds, facts: Iterable[Fact], second: int) -> Moment:
    """The part of a call's moment that is kept: what its effects read of it, and the second where rules
    ask when calls were made.

    Args:
        rules: they are asked whether they count calls.
        needs: what they need of calls of this action.
        facts: what the host's functions say.
        second: the time, in seconds since 1970.
    """
    if not needs.keeps and not rules.counts_calls:
        return {}
    found: dict[str, list[Any]] = {name: [] for name in sorted(needs.keeps)}
    for fact in facts:
        if fact.relation in needs.keeps:
            found[fact.relation].append(fact.row)
    if "now" in needs.keeps or rules.counts_calls:
        found["now"] = [(second,)]
    return found


def replayed(rules: Ruleset, line: Mapping[str, Any]) -> AdmittedCall:
    """The admitted call that a line of a log tells of.

    Raises:
        GuardError: the log does not hold its arguments, or what its effects read.
        StateError: the call is none of these rules.
    """
    if "arguments" not in line:
        raise GuardError("the log holds hashes: a history needs the arguments themselves")
    tool = str(line.get("tool"))
    of = rules.actions.of(tool)
    proposed = of.propose(made_with(line), LOOKED_AT)
    moment = _moment(rules, line.get("known", {}))
    second = moment["now"][0][0] if moment.get("now") else _second(line)
    known = {"now"} if second is not None else set()
    missing = sorted(rules.needs(of.action).keeps - moment.keys() - known)
    if missing:
        raise GuardError(
            f"the log does not say what `{missing[0]}` was when `{tool[:60]}` was admitted, and effects of "
            "that call read it: the history cannot be taken from this log"
        )
    id, caller = str(line.get("id")), str(line.get("call") or "")
    return AdmittedCall(id, proposed, moment, second if isinstance(second, int) else 0, tool, caller)


def made_with(line: Mapping[str, Any]) -> Any:
    """The arguments that the call of a line of a log was made with."""
    shadow = line.get("mode") == "shadow"
    return line["arguments"] if shadow else line.get("rewritten", line["arguments"])


def named(tool: object, id: object) -> str:
    """The words for a call that a model may read: the names that it gave itself."""
    return f"`{str(tool)[:60]}`" + (f" ({str(id)[:60]})" if id else "")


def not_the_verdicts(id: str, found: Sequence[str]) -> str:
    """A message for a caller that gave its own id of a call in the place of its verdict's; empty where that
    id is not the name of just one call.

    Args:
        id: as it was given.
        found: the verdicts' ids of the calls that their callers named so.
    """
    if not id or len(found) != 1:
        return ""
    return f"`{id[:60]}` is your name of the call; its verdict's id is `{found[0]}`: give that one"


def _moment(rules: Ruleset, given: Any) -> Moment:
    """Read the moment of a call from a line of a log, in relations that are declared.

    Raises:
        GuardError: it is nothing of that kind.
    """
    relations = rules.program.schema.relations
    try:
        return {
            name: [coerce_row(relations[name], tuple(row)) for row in rows]
            for name, rows in given.items()
            if name in relations
        }
    except (AttributeError, TypeError, MprError):
        raise GuardError(
            "what the log says of the moment of a call (`known`) is not of these rules"
        ) from None


def _second(line: Mapping[str, Any]) -> int | None:
    """The time at which a line of a log was written, in seconds since 1970; None where it does not say."""
    try:
        return int(datetime.fromisoformat(str(line.get("time"))).timestamp())
    except (ValueError, OverflowError):
        return None
