"""Conversations out of traces: steps of a trace tell the messages so far, and tools tell their results."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mpr_logic.guard.conversation import Message

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mpr_logic.guard.conversation import ToolCall


@dataclass(frozen=True, slots=True)
class Ran:
    """A tool that ran, as a trace tells of it: the call, what came of it, and when it began and ended."""

    call: ToolCall
    content: Any
    error: bool
    began: float | None
    ended: float | None


def grown(histories: Iterable[Sequence[Message]]) -> list[Message]:
    """The one conversation that histories are parts of: of each, the messages that are not there yet."""
    found: list[Message] = []
    seen: Counter[Any] = Counter()
    for history in histories:
        here: Counter[Any] = Counter()
        for message in history:
            key = _key(message)
            here[key] += 1
            if here[key] > seen[key]:
                seen[key] += 1
                found.append(message)
    return found


def _key(message: Message) -> Any:
    if message.role == "tool" and message.answers:
        return message.role, message.answers
    calls = tuple((call.id or str(call.arguments), call.tool) for call in message.calls)
    return message.role, message.text, calls, str(message.content)


def completed(messages: Sequence[Message], ran: Iterable[Ran]) -> list[Message]:
    """A conversation, with what a trace says of its tools: results that are missing, errors and times. A call
    that is in no message stands at the end."""
    found = list(messages)
    answers = {each.answers: place for place, each in enumerate(found) if each.answers}
    calls = {call.id: place for place, each in enumerate(found) for call in each.calls if call.id}
    late: dict[int, list[Message]] = {}
    rest: list[tuple[float, Message]] = []
    unused = [call for each in found for call in each.calls if call.id]
    for each in ran:
        call = _same(unused, each.call)
        if call is not None:
            unused.remove(call)
        id = call.id if call is not None else each.call.id
        told = Message("tool", "", (), id, each.call.tool, each.content, each.error, each.ended)
        if id in answers:
            said = found[answers[id]]
            found[answers[id]] = replace(
                said,
                tool=said.tool or each.call.tool,
                error=said.error or each.error,
                at=each.ended if said.at is None else said.at,
            )
        elif id in calls:
            late.setdefault(calls[id], []).append(told)
        else:
            began = each.began or 0.0
            rest += [(began, Message("assistant", calls=(each.call,), at=each.began))]
            rest += [(each.ended or began, told)]
    done: list[Message] = []
    for place, message in enumerate(found):
        done += [message, *late.get(place, ())]
    return [*done, *(message for _, message in sorted(rest, key=lambda each: each[0]))]


def _same(calls: Sequence[ToolCall], ran: ToolCall) -> ToolCall | None:
    """The one of some calls that a tool ran for: by its id, else by its name and arguments. None where there
    is none."""
    found = next((call for call in calls if call.id == ran.id), None)
    alike = (call for call in calls if (call.tool, call.arguments) == (ran.tool, ran.arguments))
    return found if found is not None else next(alike, None)
