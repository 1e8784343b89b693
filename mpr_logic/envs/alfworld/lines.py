"""An agent's line as a command of the games: put right where one command is meant.

Models write ``put the mug in cabinet 1``, ``> take mug from desk 1``, ``go to fridge 1 to find an egg``. Such
a line is no command, and a game answers it like all that cannot be done. What is meant is sought among the
actions over what the agent has seen: the verb and the things that the line names must fit, and what it leaves
open must leave one action that is admissible now. Nothing is guessed beyond that.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, NamedTuple

from mpr_logic.checker.action import Action
from mpr_logic.envs.alfworld.commands import SAID, action_of, command_of
from mpr_logic.envs.alfworld.transcripts import said_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mpr_logic.checker.checker import Checker

NEAREST = 3
"""The most commands that are named in the place of a line that is none."""

LIKE, LONGEST = 30, 200
"""The most commands that are looked at for the nearest, and characters of a line."""

_VERBS = {
    "go_to": "go to|goto|go|walk to|head to|move over to|approach",
    "open": "open up|open",
    "close": "close|shut",
    "take": "take|pick up|grab|get",
    "put": "put down|put|place|drop|move|set",
    "clean": "clean|wash|rinse",
    "heat": "heat up|heat|warm up|warm|microwave",
    "cool": "cool down|cool|chill",
    "use": "use|turn on|switch on|turn off|switch off|toggle",
    "slice": "slice|cut",
    "examine": "examine|look at|inspect|check",
    "look": "look around|look",
    "inventory": "check inventory|inventory",
    "help": "help",
}
_VERB = re.compile(
    "|".join(
        f"(?P<{name}>(?:{said})\\b)"
        for name, said in sorted(_VERBS.items(), key=lambda each: -max(map(len, each[1].split("|"))))
    )
)
_ARITY = {"slice": 2} | {name: said.count("{}") for name, said in SAID.items()}
_TOKEN = re.compile(r"[a-z]+|\d+|[.,;:()]|\S")
_FILLING = frozenset(
    "down the a an some my your this that in on into onto inside at from to with using of / ( )".split()
)
_STATES = frozenset("clean cleaned hot heated warm cool cooled cold chilled sliced".split())
_BEHIND = frozenset([".", ",", ";", ":", "(", "and", "then", "so", "because", "since", "next"])
"""The words and signs behind which a line goes on to something else."""


class Mention(NamedTuple):
    """A thing that a line names: its kind, and its number where the line has one."""

    kind: str
    number: str | None

    def fits(self, name: object) -> bool:
        """Whether a name is that of such a thing."""
        kind, _, number = str(name).rpartition("_")
        return kind == self.kind and self.number in (None, number)


def meant(line: str, candidates: Sequence[Action], checker: Checker) -> Action | None:
    """The action that a line means; None where it means none, or one of several.

    Args:
        line: as the agent wrote it.
        candidates: all actions over what was seen.
        checker: tells which of them are admissible now.
    """
    _, said = said_in(line[:LONGEST])
    if said is None:
        return None
    text = " ".join(said.lower().split()).rstrip(".!")
    exact = action_of(text)
    if exact is not None:
        return exact
    verb = _VERB.match(text)
    if verb is None or verb.lastgroup is None:
        return None
    kinds = {str(arg).rpartition("_")[0] for each in candidates for arg in each.args}
    mentions = _mentions(text[verb.end() :], kinds, _ARITY[verb.lastgroup])
    if mentions is None:
        return None
    found = [each for each in candidates if each.name == verb.lastgroup and _fit(each, mentions)]
    if len(found) > 1:
        found = [each for each in found if checker.check(each).admissible] or found
    if len(found) > 1:
        found = [each for each in found if _in_sight(each, checker)]
    return found[0] if len(found) == 1 else None


def _in_sight(action: Action, checker: Checker) -> bool:
    """Whether what an action does to a thing is done where the agent stands, and where the thing was seen."""
    if len(action.args) < 2:
        return False
    thing, place = action.args
    here = bool(checker.query(f"agent_at({place})"))
    return here and (action.name != "take" or bool(checker.query(f"at({thing}, {place})")))


def nearest(line: str, candidates: Sequence[Action], checker: Checker, put: str = SAID["put"]) -> list[str]:
    """The admissible commands that are most like a line, the nearest first.

    Args:
        line: as the agent wrote it.
        candidates: all actions over what was seen.
        checker: tells which of them are admissible now.
        put: how the game says that one.
    """
    text = " ".join((said_in(line[:LONGEST])[1] or line[:LONGEST]).lower().split())
    like = SequenceMatcher(b=text, autojunk=False)
    ranked = []
    for place, action in enumerate(candidates):
        command = command_of(action, put)
        like.set_seq1(command)
        ranked.append((-like.real_quick_ratio(), -like.quick_ratio(), place, command))
    ranked.sort()
    exact = []
    for _, _, place, command in ranked[: LIKE * 3]:
        like.set_seq1(command)
        exact.append((-like.ratio(), place, command))
    exact.sort()
    admissible = (c for _, place, c in exact[:LIKE] if checker.check(candidates[place]).admissible)
    return [command for _, command in zip(range(NEAREST), admissible, strict=False)]


def _fit(action: Action, mentions: Sequence[Mention]) -> bool:
    """Whether an action is over the things that are named, in their order; it may have one more."""
    return len(mentions) in (len(action.args), max(1, len(action.args) - 1)) and all(
        mention.fits(arg) for mention, arg in zip(mentions, action.args, strict=False)
    )


def _mentions(text: str, kinds: Iterable[str], most: int) -> list[Mention] | None:
    """The things that a text names, up to so many; None where it says what is not understood."""
    tokens = _TOKEN.findall(text)
    found: list[Mention] = []
    place = 0
    while place < len(tokens):
        mention, behind = _mention(tokens, place, kinds)
        if mention is not None:
            if len(found) == most:
                return None
            found.append(mention)
            place = behind
        elif tokens[place] in _BEHIND and found:
            break
        elif tokens[place] in _FILLING or tokens[place] in _STATES or len(found) == most:
            place += 1
        else:
            return None
    return found if found or not most else None


def _mention(tokens: Sequence[str], place: int, kinds: Iterable[str]) -> tuple[Mention | None, int]:
    """The thing that is named at a place, in up to three words, and the place behind it."""
    for number in (3, 2, 1):
        word = "".join(tokens[place : place + number])
        if word in kinds and place + number <= len(tokens):
            behind = place + number
            if behind + 1 < len(tokens) and tokens[behind] == "(" and tokens[behind + 1].isdecimal():
                behind += 1
            given = behind < len(tokens) and tokens[behind].isdecimal()
            return Mention(word, tokens[behind] if given else None), behind + given
    return None, place
