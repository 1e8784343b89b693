"""An admitted call, with what was known of its moment: by that its effects are worked out when it ends."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from mpr_logic.analysis.atoms import coerce_row
from mpr_logic.analysis.program import Fact
from mpr_logic.checker.readers import said_of
from mpr_logic.checker.underway import UnderWay
from mpr_logic.errors import GuardError, MprError, StateError
from mpr_logic.guard.actions import opened_facts
from mpr_logic.guard.calls import OPENED
from mpr_logic.language.ast import Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mpr_logic.checker.action import Action
    from mpr_logic.guard.actions import Proposed
    from mpr_logic.guard.calls import Moment
    from mpr_logic.guard.rules import Ruleset
    from mpr_logic.language.ast import Row

_HERE = Span("the guard", 0, 0, 0, 0)


class AdmittedCall(NamedTuple):
    """An admitted call whose outcome is not known: as it counts against others, the call as rules see it,
    what was told of its moment, the second of its admission, and the id that its caller gave it."""

    call: UnderWay
    proposed: Proposed
    known: Moment
    second: int
    caller: str = ""

    @property
    def action(self) -> Action:
        """The action of the call."""
        return self.call.action

    def under(self, rules: Ruleset) -> AdmittedCall:
        """The call under other rules, whose effects may read other things.

        Raises:
            StateError: they read what a function of the host was not asked when the call was admitted.
        """
        name = self.action.name
        if name not in rules.program.schema.actions:
            return self
        for missing in sorted(rules.keeps(name) - self.known.keys() - {"now"}):
            raise StateError(
                f"{self.action} is under way, and its effects would read `{missing}`, which was not asked "
                "when it was admitted: replace the rules when it has ended"
            )
        proposed = self.proposed
        proposed = type(proposed)(
            proposed.action, opened_facts(proposed.values, rules.opens(name)), proposed.values
        )
        return admitted(
            rules, self.call.id, proposed, self.known, self.second, said=self.call.named, caller=self.caller
        )


def told(rules: Ruleset, action: str, facts: Iterable[Fact], second: int) -> Moment:
    """The part of a call's moment that is kept: what its effects read of it, and the second where rules
    ask when calls were made.

    Args:
        rules: they say what that is.
        action: of the call.
        facts: what the host's functions say.
        second: the time, in seconds since 1970.
    """
    keeps = rules.keeps(action)
    if not keeps and not rules.counts_calls:
        return {}
    known: dict[str, list[Row]] = {name: [] for name in sorted(keeps)}
    for fact in facts:
        if fact.relation in keeps:
            known[fact.relation].append(fact.row)
    if "now" in keeps or rules.counts_calls:
        known["now"] = [(second,)]
    return known


def admitted(
    rules: Ruleset,
    id: str,
    proposed: Proposed,
    known: Moment,
    second: int,
    *,
    said: str,
    caller: str = "",
) -> AdmittedCall:
    """An admitted call, with all that its effects read beside the state.

    Args:
        rules: that admitted it.
        id: of its verdict.
        proposed: the call as rules see it.
        known: what was told of its moment.
        second: when that was.
        said: what a model may read of the call.
        caller: the id that its caller gave it.
    """
    action = proposed.action
    facts = proposed.facts
    if commands := rules.commands(action.name):
        facts += tuple(said_of(action.args, commands))
    for name in sorted(rules.keeps(action.name)):
        rows = [(second,)] if name == "now" else known.get(name, ())
        facts += tuple(Fact(name, row, 1.0, _HERE) for row in rows)
    return AdmittedCall(UnderWay(id, action, facts, said), proposed, known, second, caller)


def replayed(rules: Ruleset, line: Mapping[str, Any]) -> AdmittedCall:
    """The admitted call that a line of a log tells of.

    Raises:
        GuardError: the log does not hold its arguments, or what its effects read.
        StateError: the call is none of these rules.
    """
    if "arguments" not in line:
        raise GuardError("the log holds hashes: a history needs the arguments themselves")
    shadow = line.get("mode") == "shadow"
    arguments = line["arguments"] if shadow else line.get("rewritten", line["arguments"])
    tool, caller = str(line.get("tool")), line.get("call")
    proposed = rules.actions.propose(tool, arguments, opened=OPENED)
    keeps = rules.keeps(proposed.action.name)
    known = _known(rules, line.get("known", {}))
    second = known["now"][0][0] if known.get("now") else _second(line)
    missing = sorted(keeps - known.keys() - ({"now"} if second is not None else set()))
    if missing:
        raise GuardError(
            f"the log does not say what `{missing[0]}` was when `{tool[:60]}` was admitted, and effects of "
            "that call read it: the history cannot be taken from this log"
        )
    second = int(second or 0)
    return admitted(
        rules,
        str(line.get("id")),
        proposed,
        known,
        second,
        said=named(tool, caller),
        caller=str(caller or ""),
    )


def named(tool: object, id: object) -> str:
    """The words for a call that a model may read: the names that it gave itself."""
    return f"`{str(tool)[:60]}`" + (f" ({str(id)[:60]})" if id else "")


def not_the_verdicts(id: str, found: Sequence[str]) -> str:
    """What to say where the caller's own id of a call stands in the place of its verdict's; nothing where it
    is not that of just one call.

    Args:
        id: what was given.
        found: the verdicts' ids of the calls that their callers named so.
    """
    if not id or len(found) != 1:
        return ""
    return f"`{id[:60]}` is your name of the call; its verdict's id is `{found[0]}`: give that one"


def _known(rules: Ruleset, given: Any) -> Moment:
    """What a line says that was told of the moment, of relations that are declared.

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
    """When a line of a log was written, in seconds since 1970; None where it does not say."""
    try:
        return int(datetime.fromisoformat(str(line.get("time"))).timestamp())
    except (ValueError, OverflowError):
        return None
