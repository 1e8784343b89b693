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
from mpr_logic.errors import StateError
from mpr_logic.guard.calls import inside, structure
from mpr_logic.guard.origins import Origins, traced
from mpr_logic.guard.results import read_result, sound
from mpr_logic.language.ast import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence, Set

    from mpr_logic.guard.calls import Call, Limits
    from mpr_logic.language.ast import Row

Role: TypeAlias = Literal["system", "user", "assistant", "tool"]
"""Who a message is from."""

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


def result_of(call: Call, content: Any, *, failed: bool = False) -> Message:
    """The message that a call's result is."""
    return Message("tool", answers=str(call.id), tool=str(call.tool), content=content, error=failed)


class Followed:
    """The part that is known of a conversation which is told from its beginning each time."""

    def __init__(self) -> None:
        self._number = 0
        self._last: Message | None = None
        self._known: set[bytes] = set()

    def news(self, messages: Sequence[Message]) -> Sequence[Message]:
        """The messages that are new, which from then on are known."""
        number, last = self._number, self._last
        if last is None or (len(messages) >= number and messages[number - 1] == last):
            new = messages[number:]
        else:  # the host has cut it
            places = [place for place, each in enumerate(messages) if each == last]
            unknown = [each for each in messages if _mark(each) not in self._known]
            new = messages[places[-1] + 1 :] if places else unknown
        self._known.update(map(_mark, new))
        if messages:
            self._number, self._last = len(messages), messages[-1]
        return new


def _mark(message: Message) -> bytes:
    return hashlib.blake2b(repr(message).encode("utf-8", "surrogatepass"), digest_size=16).digest()


UNKEPT = "the conversation was not kept, since no rule read it when it was heard"
"""Why rules that are loaded later cannot be decided by what was said before."""


class Needs(NamedTuple):
    """The needs of rules about a conversation: which relations they read of it, which of ``item``,
    ``list_length`` and ``field`` they look into results by, and whether they ask where values come from."""

    reads: frozenset[str] = frozenset()
    opens: frozenset[str] = frozenset()
    traces: bool = False


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
        """Why the facts are not the whole conversation; empty where they are."""
        self._limits = limits
        self._entries: list[_Entry] = []
        self._turns = 0
        self._results = 0
        self._messages = 0
        self._characters = 0
        self._values = 0
        self._last: dict[tuple[str, str], Fact] = {}  # of `last_said` and `newest`, by role or tool
        self._admitted: dict[str, ToolCall] = {}  # by id: calls as they were made
        self._proposed: dict[str, ToolCall] = {}  # by id: calls as the model wrote them
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

    def admitted(self, id: str, tool: str, arguments: Mapping[str, Any]) -> None:
        """A call was admitted, with these arguments."""
        if self.needs.reads:
            self._note(self._admitted, id, ToolCall(id, tool, arguments))
        if self.needs.traces:
            self._origins.called(arguments)

    def rejected(self, id: str) -> None:
        """A call was rejected: what the model is told in its place is no result."""
        if self.needs.reads and id:
            self._note(self._recorded, id, self._recorded.get(id, 0) + 1)

    def recorded(self, message: Message) -> Change:
        """The change that a result makes which came with the outcome of an admitted call."""
        return self._change([message], self._recorded, self._heard)

    def hear(self, messages: Iterable[Message]) -> Change:
        """The change that messages make, in their order."""
        return self._change(messages, self._heard, self._recorded)

    def traced(self, values: Iterable[Any], reads: Set[str], left: Callable[[], float]) -> list[Fact]:
        """The facts that say where the values of a call come from, as far as rules read them.

        Args:
            values: of the call.
            reads: the relations that rules read.
            left: how many seconds are left; it may raise.

        Raises:
            StateError: it cannot be told.
        """
        return traced(self._origins, values, reads, left)

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
            self.trouble = self.trouble or UNKEPT
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
        """Keep what is known of a call; of too many the oldest is given up."""
        of[id] = value
        if len(of) > self._limits.messages:
            del of[next(iter(of))]

    def _change(self, messages: Iterable[Message], here: dict[str, int], there: dict[str, int]) -> Change:
        """The change that messages make.

        Args:
            messages: in their order.
            here: how many answers to each call came in this way.
            there: how many came in the other way.
        """
        before, begun, facts = dict(self._last), len(self._entries), list[Fact]()
        for each in messages:
            if self.trouble:
                break
            if not self.needs.reads:
                self.trouble = UNKEPT
            elif each.role != "tool":
                self._words(each)
            elif not self._known(each.answers, here, there) and not each.refused:
                self._result(each)
        for entry in self._entries[begun:]:
            facts += _facts(entry, self.needs)
            self._last.update(_newest(entry, self.needs))
        changed = [key for key, fact in self._last.items() if before.get(key) is not fact]
        return Change(
            [*facts, *(self._last[key] for key in changed)],
            [before[key] for key in changed if key in before],
        )

    def _known(self, id: str, here: dict[str, int], there: dict[str, int]) -> bool:
        """Whether this answer came already, in the other way."""
        if not id:
            return False
        self._note(here, id, here.get(id, 0) + 1)
        return here[id] <= there.get(id, 0)

    def _words(self, message: Message) -> None:
        text = sound(message.text)
        for call in message.calls:
            self._note(self._proposed, call.id, call)
            if self.needs.traces:
                self._origins.called(call.arguments)
        if self._room(len(text), 0):
            self._turns += 1
            if text:
                self._enter(_Entry(self._turns - 1, message.role, text))

    def _result(self, message: Message) -> None:
        found = read_result(message.content, self._limits)
        if not self._room(found.characters, found.values):
            return
        id = message.answers
        call = self._admitted.pop(id, None) or self._proposed.get(id) or ToolCall(id, "")
        tool, given = self._named(message.tool or call.tool, call.arguments)
        read = read_result(dict(given), self._limits).value
        arguments = read if isinstance(read, dict) else {}
        self._enter(
            _Entry(self._results, "tool", found.text, sound(tool), found.value, message.error, arguments)
        )
        self._results += 1

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

    def _room(self, characters: int, values: int) -> bool:
        """Whether there is room for a further message, which is counted."""
        self._messages += 1
        self._characters += characters
        self._values += values
        limits = self._limits
        for count, most, what in (
            (self._messages, limits.messages, "messages"),
            (self._characters, limits.heard, "characters in its messages"),
            (self._values, limits.returned, "values in the results of its calls"),
        ):
            if count > most:
                self.trouble = f"this session has more than {most} {what}"
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
    """Where a fact comes from, for proofs."""
    word, what = ("result", entry.tool) if entry.role == "tool" else ("turn", entry.role)
    return Span(f"{word} {entry.number} ({what})", 0, 0, 0, 0)
