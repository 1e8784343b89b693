"""The messages of a conversation, in one form for every framework, and the facts that they are to rules.

``docs/reference/guard-conversation.md`` says what each relation holds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias, get_args

from mpr_logic.analysis.builtin_relations import HEARD, TRACED
from mpr_logic.analysis.program import Fact
from mpr_logic.checker.structures import inside, structure
from mpr_logic.errors import StateError
from mpr_logic.guard.calls import Limits
from mpr_logic.guard.origins import Origins, traced
from mpr_logic.guard.origins.records import TooLargeError, written
from mpr_logic.guard.results import Result, read_result, sound
from mpr_logic.language.ast import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence, Set

    from mpr_logic.language.ast import Row

Role: TypeAlias = Literal["system", "user", "assistant", "tool"]
"""The author of a message."""

ROLES: tuple[str, ...] = get_args(Role)
"""The roles that there are."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that the model proposed, as a conversation holds it.

    Args:
        id: the framework's id of the call; empty where it has none.
        tool: the tool's name.
        arguments: a JSON object; empty where what the model wrote cannot be read.

    Raises:
        StateError: one of these is of another type.
    """

    id: str
    tool: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _see(id=(self.id, str), tool=(self.tool, str), arguments=(self.arguments, Mapping))


@dataclass(frozen=True, slots=True)
class Message:
    """A message of a conversation.

    Args:
        role: who it is from. What some call ``developer`` is ``system``.
        text: what was said; of a tool it is empty.
        calls: those that an assistant proposes.
        answers: of a tool, the id of the call that it answers.
        tool: of a tool, its name; where it is empty, that of the call that it answers.
        content: of a tool, what it returned: a JSON value, or a text. A text that is a JSON object or array
            is taken for one.
        error: of a tool, whether it failed.
        at: the time, in seconds since 1970, where it is known.
        refused: of a tool, whether it stands in the place of a result: a guard stopped the call, and it was
            not made.

    Raises:
        StateError: the role is none, one of these is of another type, or it is of other roles alone.
    """

    role: Role
    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    answers: str = ""
    tool: str = ""
    content: Any = None
    error: bool = False
    at: float | None = None
    refused: bool = False

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise StateError(f"no message is from `{str(self.role)[:60]}`: the roles are {', '.join(ROLES)}")
        if self.role == "tool" and self.text:
            raise StateError("a tool's message has no `text`: what it returned is its `content`")
        if self.role != "tool" and self.content is not None:
            raise StateError(f"a message of the {self.role} has no `content`: what was said is its `text`")
        _see(
            text=(self.text, str),
            answers=(self.answers, str),
            tool=(self.tool, str),
            calls=(self.calls, tuple),
        )
        for each in self.calls:
            _see(calls=(each, ToolCall))


def _see(**given: tuple[object, type]) -> None:
    """Check the types of what a message is made of.

    Raises:
        StateError: one is another.
    """
    for name, (value, kind) in given.items():
        if not isinstance(value, kind):
            raise StateError(f"`{name}` of a message is of type {kind.__name__}, not {type(value).__name__}")


class Followed:
    """The part that is known of a conversation which is told from its beginning each time."""

    def __init__(self) -> None:
        self._known: list[bytes] = []  # the marks of the messages that were told last
        self._passed: frozenset[bytes] = frozenset()  # of those that were told and not heard

    def news(self, messages: Sequence[Message]) -> Sequence[Message]:
        """The messages that are new, which from then on are known.

        New is what follows the longest beginning that is clearly known: the one that was told the last time,
        or the end of what was told then, where the host has cut what stood before. Messages of the system
        in the place of what was cut are passed over, where more than one known message follows them.
        """
        marks = [_mark(each) for each in messages]
        known = self._known
        if marks[: len(known)] == known:
            new = messages[len(known) :]
        else:
            same = next(
                (place for place, (one, other) in enumerate(zip(marks, known, strict=False)) if one != other),
                min(len(marks), len(known)),
            )
            start = max(same + _overlap(known[same:], marks[same:]), _overlap(known, marks))
            after = start
            while after < len(marks) and messages[after].role == "system":
                after += 1
            length = _overlap(known, marks[after:]) if after > start else 0
            passed = marks[start:after] if length > 1 or (length and after + length == len(known)) else []
            late = [each for each, mark in zip(messages[:start], marks, strict=False) if mark in self._passed]
            new = [*late, *messages[after + length if passed else start :]]
            self._passed = frozenset(passed)
        self._known = marks
        return new


def _overlap(end: Sequence[bytes], begin: Sequence[bytes]) -> int:
    """The most marks that the one ends and the other begins with (Knuth, Morris and Pratt)."""
    shorter, length = [0], 0
    for mark in begin[1:]:
        while length and begin[length] != mark:
            length = shorter[length - 1]
        length += begin[length] == mark
        shorter.append(length)
    length = 0
    for mark in end if begin else ():
        while length and (length == len(begin) or begin[length] != mark):
            length = shorter[length - 1]
        length += begin[length] == mark
    return length


def _mark(message: Message) -> bytes:
    """A mark that different messages do not share.

    Raises:
        StateError: what the message holds cannot be written.
    """
    content = message.content
    try:
        held = content if isinstance(content, str) else (_text_of(content),)
        calls = [(each.id, each.tool, _text_of(dict(each.arguments))) for each in message.calls]
    except Exception as error:
        raise StateError(f"a message cannot be read: {type(error).__name__}") from None
    text = repr((message.role, message.text, calls, message.answers, message.tool, held))
    text += repr((message.error, message.at, message.refused))
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _text_of(value: Any) -> str:
    """A value as text; of one that is too large to be heard, that it is so."""
    try:
        return written(value)
    except TooLargeError:
        return "too large"


def _own(arguments: Mapping[str, Any], limits: Limits) -> Result:
    """The arguments of a call as a JSON object of its own, and counted; where they have no JSON it is empty,
    and the text is what Python writes for them.

    Raises:
        StateError: the host's mapping cannot be read.
    """
    try:
        given = dict(arguments)
    except Exception as error:
        raise StateError(f"the arguments of a call cannot be read: {type(error).__name__}") from None
    found = read_result(given, limits)
    if found.values > limits.returned:  # the values of a proposal are not counted, its characters are
        return found._replace(characters=limits.heard + 1)
    return found if isinstance(found.value, dict) else found._replace(value={})


class _Proposals:
    """The calls of one id that the model proposed, and that have no answer yet."""

    def __init__(self) -> None:
        self.calls: list[ToolCall] = []
        self.turn = 0
        self.clear = True
        """Whether it is known which of them is answered first."""
        self.ahead = 0
        """The number of answers that came with an outcome before their calls were heard of."""

    def add(self, call: ToolCall, turn: int) -> None:
        """A call is proposed in a turn of the model."""
        if self.ahead:
            self.ahead -= 1
            return
        if not self.calls:
            self.clear = True
        elif turn != self.turn:  # those before were not all answered
            self.clear = False
        self.turn = turn
        self.calls.append(call)

    def answered(self, tool: str, like: ToolCall | None = None) -> ToolCall | None:
        """The call that the next answer is to, which waits no longer; where that is not clear, what all that
        it may be to have in common. None where none waits."""
        may = [each for each in self.calls if not tool or each.tool == tool]
        if not may:
            return None
        found = next((each for each in may if like is not None and each == like), may[0])
        self.calls.remove(found)
        return found if self.clear or like is not None else common(may)


def common(calls: Sequence[ToolCall]) -> ToolCall:
    """The call that has what all of these have in common."""
    first = calls[0]
    tool = first.tool if all(each.tool == first.tool for each in calls) else ""
    return first if all(each == first for each in calls) else ToolCall(first.id, tool)


_REFUSALS = 1_000
"""The most rejections of one id whose words are kept."""

LOST = "some of the conversation could not be taken in"
"""The reason why nothing can be decided by a conversation of which a part was told and failed on its way."""

UNKEPT = "the conversation was not kept, since no rule read it when it was heard"
"""The reason why rules that are loaded later cannot be decided by what was said before."""


class Needs(NamedTuple):
    """The needs of rules about a conversation: which relations they read of it, and which of ``item``,
    ``list_length`` and ``field`` they look into results by."""

    reads: frozenset[str] = frozenset()
    opens: frozenset[str] = frozenset()

    @property
    def traces(self) -> bool:
        """Whether rules ask where values come from."""
        return not TRACED.isdisjoint(self.reads)


class Change(NamedTuple):
    """A change of the facts: what comes, and what goes."""

    add: list[Fact]
    remove: list[Fact]


class _Entry(NamedTuple):
    """The words of one message, numbered, or the result of a call with the call's arguments."""

    number: int
    role: str
    text: str = ""
    tool: str = ""
    value: Any = None
    error: bool = False
    arguments: Mapping[str, Any] = {}


class Conversation:
    """The conversation of one session, as far as rules read it.

    A result comes by two ways: with the outcome of a call that the guard admitted, and as a message. The
    n-th by one way is the n-th by the other, for each id of a call.

    Args:
        needs: of the rules. Where they read nothing, nothing is kept.
        limits: bounds. Beyond them nothing more is taken in, and what reads the conversation is rejected.
        named: the names that rules have for a tool and its arguments.
    """

    def __init__(
        self,
        needs: Needs,
        limits: Limits,
        named: Callable[[str, Mapping[str, Any]], tuple[str, Mapping[str, Any]]] = lambda *call: call,
    ) -> None:
        self._named = named
        self.needs = needs
        self.trouble = ""
        """The reason why the facts are not the whole conversation; empty where they are."""
        self.begun = False
        """Whether a call was decided: what was said before is then told, or it is not kept."""
        self._limits = limits
        self._entries: list[_Entry] = []
        self._turns = 0
        self._results = 0
        self._messages = 0
        self._characters = 0
        self._values = 0
        self._last: dict[tuple[str, str], Fact] = {}  # of `last_said` and `newest`, by role or tool
        self._admitted: dict[str, dict[str, ToolCall]] = {}  # by id and verdict: calls as they were made
        self._proposed: dict[str, _Proposals] = {}  # by id: calls as the model wrote them
        self._turn = 0  # of the model: its messages with nothing between them are one
        self._proposing = False
        self._refusals: dict[str, list[str]] = {}  # by id: what the model is told in the place of results
        self._origins = Origins()  # filled where rules ask for them
        self._recorded: dict[str, int] = {}  # by id: how many answers came with an outcome
        self._heard: dict[str, int] = {}  # by id: how many came as a message

    def require(self, reads: Set[str]) -> None:
        """Check that what reads these relations can be decided.

        Raises:
            StateError: the facts are not the whole conversation.
        """
        if self.trouble and not (HEARD | TRACED).isdisjoint(reads):
            raise StateError(f"{self.trouble}: end the session, and begin another")

    def lost(self, why: str = LOST) -> None:
        """Some of the conversation is not among the facts, and never will be."""
        self.trouble = self.trouble or why

    def admitted(self, id: str, tool: str, arguments: Mapping[str, Any], verdict: str = "") -> None:
        """A call was admitted, with these arguments, by a verdict of that id."""
        if not self.needs.reads:
            return
        own = _own(arguments, self._limits)
        if self._count(0, own.characters, 0):
            waiting = self._admitted.get(id, {})
            waiting[verdict] = ToolCall(id, tool, own.value)
            self._note(self._admitted, id, waiting)
            self._called(own)

    def rejected(self, id: str, told: str = "") -> None:
        """A call was rejected: what the model is told in its place is no result."""
        if self.needs.reads and id and self._count(0, len(told), 0):
            self._note(self._refusals, id, [*self._refusals.get(id, []), told][-_REFUSALS:])
            waiting = self._proposed.get(id)
            if self.needs.traces and waiting is not None and len(waiting.calls) == 1:
                self._origins.refused(waiting.calls[0].arguments)

    def recorded(self, message: Message, verdict: str = "") -> Change:
        """The change that a result makes which came with the outcome of a call that this verdict admitted."""
        return self._change([message], self._recorded, self._heard, verdict)

    def hear(self, messages: Iterable[Message]) -> Change:
        """The change that messages make, in their order."""
        return self._change(messages, self._heard, self._recorded)

    def traced(
        self,
        values: Iterable[Any],
        reads: Set[str],
        left: Callable[[], float],
        kinds: Set[str] | None = None,
    ) -> list[Fact]:
        """The facts that say where the values of a call come from, as far as rules read them.

        Args:
            values: of the call.
            reads: the relations that rules read.
            left: how many seconds are left; it may raise.
            kinds: of parts of texts that rules ask for; None where they may ask for any.

        Raises:
            StateError: it cannot be told.
        """
        return traced(self._origins, values, reads, left, kinds)

    def facts(self, needs: Needs) -> list[Fact]:
        """The facts of all that was heard, for rules that may need others than it was heard for."""
        found: dict[tuple[str, Row], Fact] = {}
        last: dict[tuple[str, str], Fact] = {}
        for entry in self._entries:
            for fact in _facts(entry, needs):
                found[fact.relation, fact.row] = fact
            last.update(_newest(entry, needs))
        return [*found.values(), *last.values()]

    def under(self, needs: Needs) -> None:
        """Go on under rules with these needs."""
        if not needs.reads and self._entries:
            self._entries.clear()
            self.lost(UNKEPT)
        if needs.reads and not self.needs.reads and self.begun:
            self.lost(UNKEPT)
        if needs.traces and not self.needs.traces:
            self._origins = Origins()
            for entry in self._entries:
                self._trace(entry)
        self.needs = needs
        self._last.clear()
        for entry in self._entries:
            self._last.update(_newest(entry, needs))

    # -- inside --------------------------------------------------------------------------------

    def _note(self, of: dict[str, Any], id: str, value: object) -> None:
        """Keep what is known of a call; of too many calls it is not known which result is whose."""
        if id in of or len(of) < self._limits.messages:
            of[id] = value
        else:
            self.lost(f"this session has more than {self._limits.messages} calls")

    def _change(
        self,
        messages: Iterable[Message],
        here: dict[str, int],
        there: dict[str, int],
        verdict: str | None = None,
    ) -> Change:
        """The change that messages make.

        Args:
            messages: in their order.
            here: how many answers to each call came in this way.
            there: how many came in the other way.
            verdict: the one by which the call was admitted, where a result comes with its outcome.
        """
        before: dict[tuple[str, str], Fact | None] = {}
        begun, facts = len(self._entries), list[Fact]()
        for each in messages:
            if self.trouble:
                break
            if not self.needs.reads:
                self.lost(UNKEPT)
            elif each.role != "tool":
                self._words(each)
            else:
                self._proposing = False
                self._answer(each, self._known(each, here, there, verdict), verdict)
        for entry in self._entries[begun:]:
            facts += _facts(entry, self.needs)
            for key, fact in _newest(entry, self.needs).items():
                before.setdefault(key, self._last.get(key))
                self._last[key] = fact
        facts += [self._last[key] for key in before]
        return Change(facts, [fact for fact in before.values() if fact is not None])

    def _known(
        self, message: Message, here: dict[str, int], there: dict[str, int], verdict: str | None
    ) -> bool:
        """Whether this answer came already, in the other way, or is what the model was told in the place of a
        result."""
        id = message.answers
        if not id:
            return message.refused
        if verdict is None and self._is_refusal(message):
            waiting = self._proposed.get(id)
            if waiting is not None:
                waiting.answered(message.tool)
            return True
        self._note(here, id, here.get(id, 0) + 1)
        return here[id] <= there.get(id, 0)

    def _is_refusal(self, message: Message) -> bool:
        """Whether a message stands in the place of a rejected call's result. Where another call of that id
        was admitted, and its result is to come, only the words of the rejection tell the two apart."""
        told = self._refusals.get(message.answers)
        if not told:
            return message.refused
        content = message.content if isinstance(message.content, str) else ""
        place = next((place for place, each in enumerate(told) if each and each in content), None)
        if place is None and message.answers in self._admitted and not message.refused:
            return False
        told.pop(place or 0)
        return True

    def _words(self, message: Message) -> None:
        text = sound(message.text)
        calls = [(each, _own(each.arguments, self._limits)) for each in message.calls]
        size = sum(len(each.id) + len(each.tool) + own.characters for each, own in calls)
        if not self._count(1, len(text) + size, 0):
            return
        self._turn += message.role == "assistant" and not self._proposing
        self._proposing = message.role == "assistant"
        for call, own in calls:
            waiting = self._proposed.get(call.id) or _Proposals()
            waiting.add(ToolCall(call.id, call.tool, own.value), self._turn)
            self._note(self._proposed, call.id, waiting)
            if not call.id or not self._refusals.get(call.id):
                self._called(own)
        self._turns += 1
        if text:
            self._enter(_Entry(self._turns - 1, message.role, text))

    def _called(self, own: Result) -> None:
        """Let the origins know the arguments that the model proposed."""
        if self.needs.traces:
            unread = not own.value and own.text != "{}"
            self._origins.called({"": own.text} if unread else own.value)

    def _answer(self, message: Message, known: bool, verdict: str | None) -> None:
        """Take in the result of a call, unless it is known."""
        if known:
            self._made(message.answers, verdict)
            return
        call = self._call(message, verdict)
        found = read_result(message.content, self._limits)
        tool, given = self._named(message.tool or call.tool, call.arguments)
        own = _own(given, self._limits)
        size = len(message.answers) + len(tool) + own.characters
        if self._count(1, found.characters + size, found.values + own.values - 1):
            self._enter(
                _Entry(self._results, "tool", found.text, sound(tool), found.value, message.error, own.value)
            )
            self._results += 1

    def _made(self, id: str, verdict: str | None) -> ToolCall | None:
        """The call that this verdict admitted, which waits for no result any more."""
        waiting = self._admitted.get(id, {})
        made = waiting.pop(verdict, None) if verdict is not None else None
        if not waiting:
            self._admitted.pop(id, None)
        return made

    def _call(self, message: Message, verdict: str | None) -> ToolCall:
        """The call that a result is of, as far as that is clear."""
        id, nothing = message.answers, ToolCall(message.answers, "")
        proposed = self._proposed.get(id)
        waiting = self._admitted.get(id, {})
        if verdict is not None or len(waiting) == 1:
            made = self._made(id, next(iter(waiting)) if verdict is None else verdict)
            if proposed is None:
                proposed = _Proposals()
                self._note(self._proposed, id, proposed)
            found = proposed.answered(message.tool, made)
            if found is None and verdict is not None:
                proposed.ahead += 1
            return made or found or nothing
        found = None if proposed is None else proposed.answered(message.tool)
        if not waiting:
            return found or nothing
        verdict = next((each for each, call in waiting.items() if call == found), None)
        made = None if verdict is None else self._made(id, verdict)
        return made or common([*waiting.values()])

    def _enter(self, entry: _Entry) -> None:
        self._entries.append(entry)
        if self.needs.traces:
            self._trace(entry)

    def _trace(self, entry: _Entry) -> None:
        """Let the origins know what an entry says. What the model says is no origin."""
        if entry.role == "tool":
            self._origins.returned(entry.number, entry.tool, entry.value, entry.arguments)
        elif entry.role != "assistant":
            self._origins.said(entry.number, "user" if entry.role == "user" else "system", entry.text)

    def _count(self, messages: int, characters: int, values: int) -> bool:
        """Count so much more. Returns whether all of it is within the limits: else it may not be kept."""
        self._messages += messages
        self._characters += characters
        self._values += values
        limits = self._limits
        for count, most, what in (
            (self._messages, limits.messages, "messages"),
            (self._characters, limits.heard, "characters in its messages"),
            (self._values, limits.returned, "values in the results of its calls"),
        ):
            if count > most:
                self.lost(f"this session has more than {most} {what}")
        return not self.trouble


def _facts(entry: _Entry, needs: Needs) -> Iterator[Fact]:
    """The facts of one message that later ones do not take back."""
    place = _place(entry)
    for relation, row in _rows(entry, needs.opens):
        if relation in needs.reads or relation in needs.opens:
            yield Fact(relation, row, 1.0, place)


def _rows(entry: _Entry, opens: Set[str]) -> Iterator[tuple[str, Row]]:
    if entry.role != "tool":
        yield "said", (entry.number, entry.role, entry.text)
        return
    for name, value in entry.arguments.items():
        yield "asked_with", (entry.number, name, inside(value))
        if opens:
            yield from structure(value)
    if entry.error:
        yield "refused", (entry.number, entry.tool, entry.text)
        return
    yield "returned", (entry.number, entry.tool, inside(entry.value))
    if opens:
        yield from structure(entry.value)


def _newest(entry: _Entry, needs: Needs) -> dict[tuple[str, str], Fact]:
    """The fact of one message that holds until the next of its role or tool; none where no rule reads it."""
    row: Row
    if entry.role != "tool":
        name, of, row = "last_said", entry.role, (entry.role, entry.text)
    else:
        name, of, row = "newest", entry.tool, (entry.tool, entry.number)
    if entry.error or name not in needs.reads:
        return {}
    return {(name, of): Fact(name, row, 1.0, _place(entry))}


def _place(entry: _Entry) -> Span:
    """The place that a fact comes from, for proofs."""
    word, what = ("result", entry.tool) if entry.role == "tool" else ("turn", entry.role)
    return Span(f"{word} {entry.number} ({what})", 0, 0, 0, 0)
