"""The agent's belief: facts made of what it reads and does, and of nothing else.

A fact that was not seen is unknown. Only what an observation rules out is held to be false: see the
``open_world`` relations of ``rules/alfworld/0_world.dl``, which says what each relation means.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mpr_logic.envs.alfworld.observations import Sentence, read, read_task
from mpr_logic.language.printer import print_value

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet

    from mpr_logic.checker.action import Action

SIGHTS = frozenset({"surface", "inside", "shut"})
"""Sentences that are said of a receptacle at the agent's place alone."""

NAME = re.compile("[a-z]+_[0-9]+")
CHANGED = {"cleaned": "is_clean", "heated": "is_hot", "cooled": "is_cold"}
LOOKS = {"clean": "is_clean", "hot": "is_hot", "cool": "is_cold", "cold": "is_cold", "sliced": "is_sliced"}


class Belief:
    """The facts of one episode; begin each with a new one.

    ``facts`` is a live set, in the form that :meth:`Checker.update` takes. ``objects`` and ``receptacles``
    are the names seen so far, in the order of their first sight. ``unread`` counts the observations that
    could not be read: nothing is learned from those.
    """

    def __init__(self) -> None:
        self.facts: set[str] = set()
        self.objects: dict[str, None] = {}
        self.receptacles: dict[str, None] = {}
        self.unread = 0
        self._places = Places()
        self._at: str | None = None  # a receptacle at the agent's place
        self._lost = False  # whether the agent may be anywhere
        self._holding: set[str] = set()
        self._portable: set[str] = set()  # the kinds of what was in the hand
        self._laid: dict[str, str] = {}  # where the agent itself has put things, until it takes them again
        self._contents: dict[str, set[str]] = {}  # what receptacles are known to hold
        self._beside: set[tuple[str, str]] = set()
        self._doors: dict[str, bool] = {}  # whether those that can be opened are open

    # -- observing -----------------------------------------------------------------------------

    def observe(self, action: Action | None, text: str) -> bool | None:
        """Learn from what was read after an action, or at the beginning (None).

        Returns:
            Whether the action did what it was meant to; None where the text could not be read, and at
            the beginning.
        """
        said = read(text)
        if action is None:
            task = read_task(text)
            if task is not None:
                self._task(task)
        if said is None:
            self.unread += 1
            self._doubt(action)
            return None
        if said[0].what == "refused":
            if action is not None:
                self._refused(action)
                return False
            return None
        self._follow(said, action)
        for sentence in said:
            self._learn(sentence, action)
        return None if action is None else True

    def _follow(self, said: tuple[Sentence, ...], action: Action | None) -> None:
        """Go where the agent is seen to be by a text that leaves "You arrive at .." out."""
        seen = [each.names[0] for each in said if each.what in SIGHTS]
        if not seen or any(each.what == "arrived" for each in said):
            return
        goal = _goal(action)
        if goal is not None:
            self._arrived(goal)
        elif action is None and self._at is not None and seen[0] not in self._places.together(self._at):
            self._arrived(seen[0])  # by a command that is none of the games' own

    def _learn(self, sentence: Sentence, action: Action | None) -> None:
        what, names, things = sentence
        match what:
            case "room":
                self._room(things)
            case "arrived":
                self._arrived(_goal(action) or names[0])
            case _ if what in SIGHTS:
                self._sight(what, names[0], things)
            case "opened" | "closed":
                self._door(names[0], what == "opened")
            case "took":
                self._took(*names)
            case "put":
                self._put(*names)
            case "cleaned" | "heated" | "cooled":
                self._treated(what, *names)
            case "turned_on" | "lit" | "turned_off" | "unlit":
                self._see(names)
                self._set(f"is_on({names[0]})", what in ("turned_on", "lit"))
            case "sliced":
                self._see(names)
                self._set(f"is_sliced({names[0]})", True)
            case "facing":
                self._facing(names, things)
            case "carrying" | "empty_handed":
                self._hands(things)
            case "plain" | "looks":
                self._looks(names[-1], names[0].split() if what == "looks" else ())
            case "vessel":
                self._see([*names, *things])
                self.facts.update(f"inside({thing}, {names[0]})" for thing in things)

    def _refused(self, action: Action) -> None:
        """Learn from "Nothing happens." what follows where all else was as it must be."""
        name = str(action.args[-1]) if action.args else ""
        if self._at is None or name not in self._places:
            return
        match action.name:
            case "go_to":
                self._places.join(self._at, name)
            case "examine":
                self._places.part(self._at, name)
            case "open" if self._doors.get(name) is False:
                self._places.part(self._at, name)
            case "close" if self._doors.get(name) is True:
                self._places.part(self._at, name)
            case "take" if not self._holding and self._doors.get(name) is not False:
                self._not_taken(str(action.args[0]), name)
        self._locate()

    def _not_taken(self, thing: str, name: str) -> None:
        """Learn from a refused take, with an empty hand, of what is not known to be shut away."""
        assert self._at is not None
        if self._laid.get(thing) == name:  # it is there, and can be carried
            self._places.part(self._at, name)
            return
        here = name in self._places.together(self._at)
        shown = self._doors.get(name) is True or f"not openable({name})" in self.facts
        if here and shown and kind_of(thing) in self._portable:
            self._set(f"at({thing}, {name})", False)
            self._contents.get(name, set()).discard(thing)

    def _doubt(self, action: Action | None) -> None:
        """Hold no longer what an action may have changed whose outcome could not be read."""
        names = [str(arg) for arg in action.args] if action is not None else []
        match action.name if action is not None else "", names:
            case "go_to", _:
                self._at, self._lost = None, True
                self._locate()
            case (("open" | "close"), [name]):
                self._doors.pop(name, None)
                self._set(f"opened({name})", None)
            case (("take" | "put"), [thing, name]):
                for place in self.receptacles:
                    self._set(f"at({thing}, {place})", None)
                self._contents.pop(name, None)
                self.facts.discard(f"searched({name})")

    # -- places --------------------------------------------------------------------------------

    def _room(self, names: tuple[str, ...]) -> None:
        """See the room from its middle, where no receptacle stands."""
        for name in names:
            self._receptacle(name)
        self._at, self._lost = None, False
        self._locate()

    def _receptacle(self, name: str) -> None:
        if name not in self.receptacles:
            self.receptacles[name] = None
            self._places.add([name])
            self.facts.add(f"receptacle({name}, {print_value(kind_of(name))})")

    def _arrived(self, name: str) -> None:
        self._receptacle(name)
        if self._at is not None:
            self._places.part(self._at, name)
        self._at = name
        self._locate()

    def _here(self, name: str) -> None:
        """Learn that a receptacle is where the agent is: it saw it there, or did something with it."""
        self._receptacle(name)
        if self._at is None:
            self._at = name
        elif name in self._places.together(self._at):
            return
        self._places.join(self._at, name)
        self._locate()

    def _facing(self, names: tuple[str, ...], things: tuple[str, ...]) -> None:
        """Look around: all that stands here is named, and what lies around it."""
        for name in names:
            self._here(name)
        self._places.alone(names)
        self._locate()
        self._see(things)
        for thing in things:
            self._beside.add((thing, names[0]))
            self.facts.add(f"beside({thing}, {names[0]})")

    def _locate(self) -> None:
        """Bring the facts about the agent's place up to date."""
        together: AbstractSet[str] = frozenset()
        apart: AbstractSet[str] = frozenset() if self._lost else self.receptacles.keys()
        if self._at is not None:
            together, apart = self._places.together(self._at), self._places.apart(self._at)
        for name in self.receptacles:
            self._set(f"agent_at({name})", True if name in together else False if name in apart else None)

    # -- receptacles and objects ---------------------------------------------------------------

    def _sight(self, what: str, name: str, things: tuple[str, ...]) -> None:
        """See a receptacle: shut, or with all that it holds."""
        self._here(name)
        self._set(f"openable({name})", what != "surface")
        if what != "surface":
            self._door(name, what == "inside")
        if what != "shut":
            self._see(things)
            for thing in self._contents.get(name, set()).difference(things):
                self._set(f"at({thing}, {name})", False)
            for thing in things:
                self._set(f"at({thing}, {name})", True)
            self._contents[name] = set(things)
            self.facts.add(f"searched({name})")

    def _door(self, name: str, is_open: bool) -> None:
        self._here(name)
        self._doors[name] = is_open
        self._set(f"openable({name})", True)
        self._set(f"opened({name})", is_open)

    def _took(self, thing: str, name: str) -> None:
        self._see([thing])
        self._laid.pop(thing, None)
        self._hold([thing])
        self._here(name)
        self._contents.get(name, set()).discard(thing)
        self._set(f"at({thing}, {name})", False)
        for each in [pair for pair in self._beside if pair[0] == thing]:
            self._beside.discard(each)
            self.facts.discard(f"beside({each[0]}, {each[1]})")

    def _put(self, thing: str, name: str) -> None:
        self._see([thing])
        self._hold(self._holding - {thing})
        self._here(name)
        self._laid[thing] = name
        self._contents.setdefault(name, set()).add(thing)
        self._set(f"at({thing}, {name})", True)

    def _treated(self, what: str, thing: str, name: str) -> None:
        self._see([thing])
        self._here(name)
        self._set(f"{CHANGED[what]}({thing})", True)
        if what != "cleaned":
            self._set(f"{'is_cold' if what == 'heated' else 'is_hot'}({thing})", False)

    def _looks(self, thing: str, words: Iterable[str]) -> None:
        """Examine a thing: what is not said of it is not so."""
        self._see([thing])
        true = {LOOKS[word] for word in words if word in LOOKS}
        for relation in ("is_clean", "is_hot", "is_cold", "is_sliced"):
            self._set(f"{relation}({thing})", relation in true)

    def _hands(self, things: tuple[str, ...]) -> None:
        self._see(things)
        self._hold(things)

    def _hold(self, things: Iterable[str]) -> None:
        for thing in self._holding:
            self.facts.discard(f"holding({thing})")
        self._holding = set(things)
        self._portable.update(map(kind_of, self._holding))
        for thing in self._holding:
            self.facts.add(f"holding({thing})")

    def _see(self, things: Iterable[str]) -> None:
        for thing in things:
            if thing not in self.objects and thing not in self.receptacles:
                self.objects[thing] = None
                self.facts.add(f"kind({thing}, {print_value(kind_of(thing))})")

    # -- facts ---------------------------------------------------------------------------------

    def _task(self, task: Sentence) -> None:
        wanted, target = task.names
        steps = {"two": "put"}.get(task.what, task.what)
        self.facts.update(
            (f"task({steps})", f"wanted({print_value(wanted)})", f"target({print_value(target)})")
        )
        if task.what == "two":
            self.facts.add("two")

    def _set(self, fact: str, value: bool | None) -> None:
        """Hold a fact of an open-world relation to be true, false or unknown."""
        true, false = fact, f"not {fact}"
        if value is not True:
            self.facts.discard(true)
        if value is not False:
            self.facts.discard(false)
        if value is not None:
            self.facts.add(true if value else false)


def _goal(action: Action | None) -> str | None:
    """Return the receptacle that a ``go_to`` names: older games only answer "You arrive at loc 4"."""
    if action is None or action.name != "go_to" or not action.args:
        return None
    name = str(action.args[0])
    return name if NAME.fullmatch(name) else None


def kind_of(name: str) -> str:
    """The kind of a thing by its name: ``apple`` of ``apple_1``."""
    return name.rpartition("_")[0]


class Places:
    """Receptacles, of some of which it is known that they share a place, or that they do not.

    Several receptacles may stand at one place, and the games do not say which. Sharing is an
    equivalence, so it is kept as groups; where two receptacles are known to be apart, all of the one's
    group are apart from all of the other's.
    """

    def __init__(self) -> None:
        self._group: dict[str, set[str]] = {}
        self._apart: dict[str, set[str]] = {}  # one set for all of a group

    def add(self, names: Iterable[str]) -> None:
        """Take receptacles in of which nothing is known yet."""
        for name in names:
            if name not in self._group:
                self._group[name] = {name}
                self._apart[name] = set()

    def __contains__(self, name: str | None) -> bool:
        return name in self._group

    def together(self, name: str) -> set[str]:
        """The receptacles that are known to share this one's place, itself among them."""
        return self._group[name]

    def apart(self, name: str) -> set[str]:
        """The receptacles that are known to stand at another place than this one."""
        return self._apart[name]

    def join(self, one: str, other: str) -> None:
        """Learn that two share a place. What contradicts what is known is passed over."""
        if other in self._group[one] or other in self._apart[one]:
            return
        group = self._group[one] | self._group[other]
        apart = self._apart[one] | self._apart[other]
        for name in group:
            self._group[name], self._apart[name] = group, apart
        for name in apart:
            self._apart[name] |= group

    def part(self, one: str, other: str) -> None:
        """Learn that two do not share a place. What contradicts what is known is passed over."""
        mine, others = self._group[one], self._group[other]
        if other in mine or other in self._apart[one]:
            return
        self._apart[one] |= others
        self._apart[other] |= mine

    def alone(self, names: Iterable[str]) -> None:
        """Learn that some receptacles are all that stand at their place."""
        first, *others = names
        for other in others:
            self.join(first, other)
        for name in self._group.keys() - self._group[first]:
            self.part(first, name)
