"""Proposes tests from recorded calls: one for each kind of decision, as short as it can be, and true."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeAlias

from mpr_logic.checker.structures import canonical
from mpr_logic.errors import GuardError
from mpr_logic.guard.recordings.files import Share, recordings_in
from mpr_logic.guard.recordings.messages import Unread
from mpr_logic.guard.recordings.recording import Broken
from mpr_logic.guard.replay import answered_calls, outcome_of
from mpr_logic.language.ast import Atom, Clause, Const, RuleTest, Sentence
from mpr_logic.testing.suites import Case
from mpr_logic.testing.writing import expectation, test_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mpr_logic.guard.conversation import Message
    from mpr_logic.guard.recordings.recording import Recording
    from mpr_logic.guard.verdict import Verdict
    from mpr_logic.testing.running import Bench

RECORDINGS, BEFORE = 1_000, 60
"""The most recordings that are read, and the most sentences before a call of which a test is proposed."""

Item: TypeAlias = "Clause | Sentence"


@dataclass(frozen=True, slots=True)
class Proposed:
    """A test that passes. ``call`` names the recorded call, ``decision`` says what was decided of it."""

    call: str
    decision: str
    text: str


def propose(bench: Bench, paths: Sequence[str], state: str | None = None) -> list[Proposed]:
    """Propose a test for each kind of decision about recorded calls: a tool, a verdict, the rules that speak.

    Args:
        bench: the rules.
        paths: recordings, such as a guard's log, and folders of them.
        state: the path of a state that each conversation begins with.

    Raises:
        MprError: the rules cannot be used, a path is not there, or no recording of it can be read.
    """
    found: dict[tuple[str, ...], Proposed] = {}
    broken: list[Broken] = []
    begun: list[Item] = [] if state is None else [Sentence(("state",), Const(state))]
    for _, recording in recordings_in(paths, Share(limit=RECORDINGS)):
        if isinstance(recording, Broken):
            broken.append(recording)
            continue
        for name, items, atom, verdict in _decisions(bench, recording, begun):
            outcome, rules, _ = outcome_of(verdict)
            key = (verdict.call.tool, outcome, *sorted(set(rules)))
            expected = expectation(verdict, atom)
            text = "" if key in found or expected is None else _shortest(bench, name, items, expected)
            if text:
                spoken = f" by {', '.join(dict.fromkeys(rules))}" if rules else ""
                found[key] = Proposed(name, f"{verdict.call.tool}: {outcome}{spoken}", text)
    if broken and not found:
        raise GuardError(f"{broken[0].name}: {broken[0].error}")
    return list(found.values())


def _shortest(bench: Bench, name: str, items: Sequence[Item], expected: Sentence) -> str:
    """The text of a test with what must stand before the call, and no more; empty where it does not pass."""

    def passes(items: Sequence[Item]) -> bool:
        return bench.run(_case(name, [*items, expected])).status == "passed"

    kept = list(items)
    if not passes(kept):
        return ""
    for each in list(reversed(kept)):
        fewer = [item for item in kept if item is not each]
        kept = fewer if passes(fewer) else kept
    return test_text(name, [*kept, expected])


def _case(name: str, items: Sequence[Item]) -> Case:
    return Case(RuleTest(name, tuple(items)), tuple(items))


def _decisions(
    bench: Bench, recording: Recording, begun: Sequence[Item]
) -> Iterator[tuple[str, list[Item], Atom, Verdict]]:
    """The decisions about the calls of a recording: the name, what was before, the call, the verdict. The
    result of a call stands with it."""
    messages = recording.messages
    results = {of: messages[place] for place, of in answered_calls(messages).items()}
    items, number = list(begun), 0
    for place, message in enumerate(messages):
        items += _said(message)
        for each, call in enumerate(message.calls):
            number += 1
            if len(items) > BEFORE or isinstance(call.arguments, Unread):
                return
            name = f"{recording.name}, call {number}"
            asked = bench.decided(_case(name, items), call.tool, dict(call.arguments))
            if asked is None:
                continue
            atom, verdict = asked
            yield name, list(items), atom, verdict
            items += _made(atom, results.get((place, each)), runs=verdict.outcome in ("admit", "modify"))


def _said(message: Message) -> list[Item]:
    """The content of a message, beside its calls."""
    found: list[Item] = []
    if message.at is not None:
        at = datetime.fromtimestamp(message.at, UTC).isoformat().replace("+00:00", "Z")
        found.append(Sentence(("now",), Const(at)))
    if message.role in ("user", "system", "assistant") and message.text:
        found.append(Sentence((message.role,), Const(message.text)))
    return found


def _made(atom: Atom, result: Message | None, *, runs: bool) -> list[Item]:
    """A call that was made, as a sentence; where the rules would stop it, as a fact of the history."""
    if result is not None and result.refused:
        return []
    if not runs:
        kind = "past" if result is None else "failed" if result.error else "succeeded"
        return [Clause(kind, atom)]  # type: ignore[arg-type]
    if result is None:
        return [Sentence(("run",), atom, "pending")]
    if result.error:
        return [Sentence(("run",), atom, "fails")]
    content = result.content
    if content is None:
        return [Sentence(("run",), atom)]
    text = content if isinstance(content, str) else canonical(content)
    return [Sentence(("run",), atom, "gives", (Const(text),))]
