"""Transcripts of AlfWorld games, as agents of others left them: texts, chats, lists of steps.

They are read by their form. A game begins where the agent looks around a room. What follows a prompt (``>``,
``Act 1:``, a message of the model) is the agent's, all else the game's. Thoughts and the game's ``OK.`` to
them are no steps, lists of admissible commands are left out, and games that were shown as examples are none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple

from mpr_logic.checker.action import Action
from mpr_logic.envs.alfworld.commands import action_of
from mpr_logic.envs.alfworld.observations import Sentence, read
from mpr_logic.guard.recordings.recording import scalars

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mpr_logic.guard.recordings.recording import Label

START = re.compile(r"You are in the middle of a room\.\s+Looking quickly around you,? you see")
"""The beginning of a game."""

FIRST = re.compile(START.pattern + r".*?Your task is to:[^\n]*", re.DOTALL)
DEEPEST = 6
"""Games are sought in JSON values nested so deep."""

NAME = re.compile(r"\b(?:pick|look)_[a-z_]+-\w+-\w+-\w+-\d+(?:[/\\]trial_\w+)?")
"""The name of a game in the released ones."""

_AGENT = re.compile(r"\s*>+(?!\w+>)[ \t]*(.*)")
_LABEL = re.compile(
    r"\s*(?:(act|action|command|agent|assistant)|(obs|observation|env|environment|user|human)|(think|thought|reasoning))"
    r"\s*\d*\s*:[ \t]*(.*)",
    re.IGNORECASE,
)
_WORDS = re.compile(r"[A-Za-z][A-Za-z ]{0,30}\d*:")
_THOUGHT = re.compile(r"(?:think|thought)\s*:", re.IGNORECASE)
_COMMAND = re.compile(r"(?:act|action|command|next action)\s*\d*\s*:\s*", re.IGNORECASE)
_OPTIONS = re.compile(
    r"\s*(?:the )?(?:available|admissible|valid|possible) (?:actions|commands)(?: are)?:(?!\s*\n\s*look:)",
    re.IGNORECASE,
)
_BREAK = re.compile(
    r"\s*(?:[#=*-]{3,}|STATUS: ?\w+|Environment #\d+.*|Interact with a household.*"
    r"|Your memory .*|Trial #?\d+:?)\s*"
)
_WON = re.compile(r"STATUS: ?(OK|SUCCESS|FAIL\w*)|Environment #\d+ Trial #\d+: (SUCCESS|FAIL)")
_EXAMPLES = re.compile(r"\bhere (?:is|are) (?:\w+ )?examples?\b", re.IGNORECASE)
_TASK = re.compile(r"\bhere is (?:the|your|a new) task\b|\bit'?s your turn\b", re.IGNORECASE)
_AGENTS = frozenset({"agent", "ai", "assistant", "bot", "gpt", "model"})
_GAMES = ("name", "game", "gamefile", "game_file", "item_id", "task", "task_id", "id", "index")
_SUCCESS = ("won", "success", "is_success", "result", "reward", "score")
_WHO, _WHAT = ("role", "from", "speaker"), ("content", "value", "text", "message")
_DID = ("action", "act", "command")
_SAW = ("observation", "obs", "feedback", "response", "state")
_MADE: Mapping[str, str] = {
    "opened": "open",
    "closed": "close",
    "took": "take",
    "put": "put",
    "cleaned": "clean",
    "heated": "heat",
    "cooled": "cool",
    "turned_on": "use",
    "turned_off": "use",
    "sliced": "slice",
}
"""The action that a sentence tells of."""

_SEEN = ("arrived", "surface", "inside", "shut")
"""Sentences that an arrival is told by."""


class Step(NamedTuple):
    """A step: the words of the agent, the action that they are (None where they are no command of the games),
    and the game's answer, which is empty where the transcript ends before it."""

    said: str
    action: Action | None
    answer: str
    thought: str = ""


@dataclass
class Transcript:
    """A game as it was played.

    Attributes:
        name: what the transcript calls the game; may be empty.
        first: the first observation, with the task.
        steps: in order.
        labels: what is said of the episode.
        won: whether the task was done; None where that is not said.
    """

    name: str
    first: str
    steps: list[Step] = field(default_factory=list)
    labels: dict[str, Label] = field(default_factory=dict)
    won: bool | None = None


def holds_games(value: Any, depth: int = DEEPEST) -> bool:
    """Whether a JSON value has a game in it."""
    if isinstance(value, str):
        return START.search(value) is not None
    if depth and isinstance(value, (dict, list)):
        inner: Iterable[Any] = value.values() if isinstance(value, dict) else value
        return any(holds_games(each, depth - 1) for each in inner)
    return False


def transcripts_in(value: Any) -> list[Transcript]:
    """The games in a text or another JSON value, in order."""
    found: list[Transcript] = []
    for told in _sources(value, {}, DEEPEST):
        reader = _Reader()
        for agent, text in told.said:
            (reader.agent if agent else reader.world)(text)
        games = reader.found()
        for each in games if len(told.said) == 1 else _last_versions(games):
            each.name = each.name or told.name
            if each.won is None:
                each.won = _won(told.labels)
            each.labels = {key: label for key, label in told.labels.items() if key not in _SUCCESS}
            found.append(each)
    return found


class _Told(NamedTuple):
    """A conversation in a JSON value: its texts, each with whether the agent said it."""

    said: Sequence[tuple[bool, str]]
    name: str
    labels: dict[str, Label]


def _sources(value: Any, around: Mapping[str, Any], depth: int) -> Iterator[_Told]:
    """The conversations with games in a value; ``around`` has what the objects around it say."""
    if not holds_games(value, depth):
        return
    name = next((str(around[key]) for key in _GAMES if isinstance(around.get(key), (str, int))), "")
    told = {key: each for key, each in around.items() if not isinstance(each, str) or len(each) < 40}
    if isinstance(value, str):
        yield _Told([(False, value)], name, scalars(told))
    elif isinstance(value, list):
        said = _chat(value) or _steps(value)
        if said is not None:
            yield _Told(said, name, scalars(told))
        else:
            for each in value:
                yield from _sources(each, around, depth - 1)
    elif isinstance(value, dict):
        own = dict(around) | {key: each for key, each in value.items() if not isinstance(each, (dict, list))}
        own |= {
            key: each
            for inner in value.values()
            if isinstance(inner, dict)
            for key, each in inner.items()
            if key in _SUCCESS and not isinstance(each, (dict, list, str))
        }
        begun = [each for each in value.values() if isinstance(each, str) and START.search(each)]
        steps = next((found for found in map(_steps, value.values()) if found), None)
        if steps is not None and len(begun) == 1 and not any(START.search(text) for _, text in steps):
            yield from _sources([{"role": "user", "content": begun[0]}, *_as_chat(steps)], own, depth)
            return
        for key, each in value.items():
            inside = own if isinstance(each, (dict, list)) or len(begun) == 1 else own | {"name": key}
            yield from _sources(each, inside, depth - 1)


def _as_chat(said: Sequence[tuple[bool, str]]) -> list[dict[str, str]]:
    return [{"role": "agent" if agent else "user", "content": text} for agent, text in said]


def _chat(values: list[Any]) -> list[tuple[bool, str]] | None:
    """The texts of messages, or of lines that take turns; None where a list has other things in it."""
    if values and all(isinstance(each, str) for each in values) and START.search(values[0]):
        return [(place % 2 == 1, each) for place, each in enumerate(values)]
    found = []
    for each in values:
        who = _text_of(each, _WHO)
        what = _text_of(each, _WHAT)
        if who is None or what is None:
            return None
        found.append((who.lower() in _AGENTS, what))
    return found


def _steps(values: Any) -> list[tuple[bool, str]] | None:
    """The texts of steps, ``{"action": .., "observation": ..}``; None where a value is no list of them."""
    if not isinstance(values, list) or not values:
        return None
    found = []
    for each in values:
        did, saw = _text_of(each, _DID), _text_of(each, _SAW)
        if did is None and saw is None:
            return None
        if did:
            found.append((True, did))
        if saw:
            found.append((False, saw))
    return found


def _text_of(value: Any, keys: Iterable[str]) -> str | None:
    """The text under the first of some keys that an object has."""
    if not isinstance(value, dict):
        return None
    for key in keys:
        each = value.get(key)
        if isinstance(each, str):
            return each
        if isinstance(each, list) and each and all(isinstance(part, dict) for part in each):
            return "\n".join(str(part.get("text", "")) for part in each)
    return None


def _won(labels: Mapping[str, Label]) -> bool | None:
    told = next((labels[key] for key in _SUCCESS if key in labels and not isinstance(labels[key], str)), None)
    return None if told is None else bool(told)


def _last_versions(found: list[Transcript]) -> Iterator[Transcript]:
    """The games without those that a later one tells from the beginning again, as growing prompts do."""
    for each, later in zip_longest(found, found[1:]):
        said = [step.said for step in each.steps]
        again = later is not None and later.first == each.first
        if not (again and said == [step.said for step in later.steps][: len(said)]):
            yield each


class _Reader:
    """Reads what was said, from the beginning."""

    def __init__(self) -> None:
        self._games: list[_Game] = []
        self._game: _Game | None = None
        self._examples = False
        self._name = ""

    def found(self) -> list[Transcript]:
        """The games that are no examples."""
        return [each.transcript() for each in self._games]

    def agent(self, text: str) -> None:
        """Read a message of the agent."""
        if self._game is not None:
            thought, command = _reply(text)
            self._game.say(thought, command)

    def world(self, text: str) -> None:
        """Read a text that is not the agent's, or not all of it."""
        place = 0
        for start in START.finditer(text):
            self._lines(text[place : start.start()])
            first = FIRST.match(text, start.start())
            place = first.end() if first else start.end()
            options = _OPTIONS.search(text, start.start(), place)
            said = text[start.start() : options.start() if options else place]
            self._game = _Game(self._name, " ".join(said.split()))
            self._name = ""
            if not self._examples:
                self._games.append(self._game)
        self._lines(text[place:])

    def _lines(self, text: str) -> None:
        options = False
        for line in text.splitlines():
            if not line.strip():
                continue
            agent, label = _AGENT.match(line), _LABEL.match(line)
            if agent or (label and not label[2]):
                options = False
                if self._game is not None:
                    said = agent[1] if agent else label[0] if label else ""
                    self._game.say(*_reply(said, line=True))
                continue
            if self._breaks(line) or options:
                continue
            cut = _OPTIONS.search(line)
            options = cut is not None
            said = line[: cut.start()] if cut else label[4] if label else line
            if self._game is not None:
                self._game.answer(said)

    def _breaks(self, line: str) -> bool:
        """Whether a line stands between games; what it says of them is noted."""
        won = _WON.search(line)
        if won and self._games:
            self._games[-1].won = (won[1] or won[2]) in ("OK", "SUCCESS")
        named = NAME.search(line)
        breaks = named is not None or _BREAK.fullmatch(line) is not None
        if _EXAMPLES.search(line):
            self._examples, breaks = True, True
        if _TASK.search(line):
            self._examples, breaks = False, True
        elif breaks and line.lstrip().startswith(("#", "Environment")):
            self._examples = False
        if breaks:
            self._game = None
            self._name = named[0].replace("\\", "/") if named else self._name
        return breaks


class _Game:
    """A game that is being read."""

    def __init__(self, name: str, first: str) -> None:
        self._name, self._first = name, first
        self.won: bool | None = None
        self._thought = ""
        self._said: list[tuple[str, str, list[str]]] = []
        self._thinks = False

    def say(self, thought: str, command: str | None) -> None:
        """Take in what the agent says."""
        self._thought = f"{self._thought}\n{thought}".strip()
        self._thinks = command is None
        if command is not None:
            self._said.append((self._thought, command, []))
            self._thought = ""

    def answer(self, line: str) -> None:
        """Take in a line of the game's answer."""
        if not self._thinks and self._said:  # else it answers a thought
            self._said[-1][2].append(line.strip())

    def transcript(self) -> Transcript:
        """The game as it was played."""
        steps: list[Step] = []
        answers = [_answer(lines) for _, _, lines in self._said]
        wordings = {"put" if "You put the" in each else "move" for each in answers if _PUT.search(each)}
        for (thought, said, _), answer in zip(self._said, answers, strict=True):
            if said or answer:
                steps.append(Step(said, _executed(said, answer, wordings), answer, thought))
        return Transcript(self._name, self._first, steps, won=self.won)


_PUT = re.compile(r"You (?:put|move) the [a-z]+ \d+ ")


def said_in(line: str) -> tuple[str, str | None]:
    """The thought and the command in a line of an agent, as :func:`transcripts_in` reads it: without prompts,
    labels and quotes around it; None for the command where it only thinks."""
    return _reply(line, line=True)


def _reply(text: str, *, line: bool = False) -> tuple[str, str | None]:
    """The thought and the command in what an agent said; None for the command where it only thinks.

    Args:
        text: a message, or one line.
        line: whether a line without a word in front is a command as it stands.
    """
    marks = [each for each in _COMMAND.finditer(text) if _begins_line(text, each.start())]
    if marks:
        rest = text[marks[-1].end() :].strip()
        if _THOUGHT.match(rest):
            return text.strip(), None
        return text[: marks[-1].start()].strip(), _plain(rest.split("\n")[0] if rest else "")
    lines = [each.strip() for each in text.splitlines() if each.strip()]
    lines = [each.lstrip("> \t") if each.startswith(">") else each for each in lines]
    if line and not lines:
        return "", ""
    commands = [_plain(each) for each in lines if not _WORDS.match(each)]
    if commands and (line or len(lines) == 1 or _plain(lines[0]) == commands[0]):
        return "\n".join(each for each in lines if _plain(each) != commands[0]), commands[0]
    certain = [each for each in commands[-1:] if action_of(each) is not None]  # behind a thought
    return "\n".join(lines), certain[0] if certain else None


def _begins_line(text: str, place: int) -> bool:
    """Whether a place in a text stands at the beginning of a line, or behind a prompt there."""
    return not text[:place].rpartition("\n")[2].strip(" \t>*`")


def _plain(text: str) -> str:
    """A command without what models put around it; its words stay as they are."""
    return text.strip().strip("*`\"'").strip()


def _answer(lines: Sequence[str]) -> str:
    """The answer of the game in some lines: as many of the first as it can have said, else all."""
    lines = [each for each in lines if each and each != "OK."]
    for number in range(len(lines), 0, -1):
        text = "\n".join(lines[:number])
        if read(text) is not None:
            return text
    return "\n".join(lines)


def _executed(said: str, answer: str, wordings: set[str]) -> Action | None:
    """The action that was done: what the answer tells of, where that is another than was said, since some
    agents' commands are made fit before they reach the game."""
    told = read(answer) or ()
    action = action_of(said)
    if any(each.what == "refused" for each in told) or not told:
        worded = action is None or action.name != "put" or _worded(said, wordings)
        return action if worded else None
    done = _done(told, said)
    return action if done is None or (action is not None and done.name == "go_to") else done


def _worded(said: str, wordings: set[str]) -> bool:
    """Whether a put is said as the game has it: that of one release is no command in the other."""
    word = "put" if " in/on " in said else "move" if said.startswith("move ") else ""
    return word in (wordings or {"put", "move"})


def _done(told: Sequence[Sentence], said: str) -> Action | None:
    """The action that an answer tells of, where it tells."""
    for what, names, _ in told:
        if what in _MADE:
            return Action(_MADE[what], *names)
    first = told[0]
    if first.what in _SEEN and said.lower().startswith(("go", "walk", "move")):
        named = [each for each in told if each.what != "arrived" and each.names] or [first]
        return Action("go_to", named[0].names[0])
    return None
