"""The truth of a game, for judges: the simulator's hidden facts, and which of them have been shown.

An agent must not see any of this.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from mpr_logic.envs.alfworld.belief import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mpr_logic.checker.action import Action

# Which hidden predicate a relation of the belief stands for, where they have the same arguments.
SAME = {
    "openable": "openable",
    "opened": "opened",
    "at": "inreceptacle",
    "inside": "inreceptacleobject",
    "is_clean": "isclean",
    "is_hot": "ishot",
    "is_cold": "iscool",
    "is_sliced": "issliced",
    "is_on": "istoggled",
}
TREATMENTS = {
    "clean": ("sinkbasin", "cleanable"),
    "heat": ("microwave", "heatable"),
    "cool": ("fridge", "coolable"),
}
KNIVES = ("knife", "butterknife")
DISGUISED = {"bathtubbasin": "sinkbasin"}
"""The kind that the games treat a receptacle as, by the kind they call it: nothing shows this to an agent."""


class Truth:
    """The hidden facts of one state, with the names that actions have: ``apple_1``."""

    def __init__(self, facts: Iterable[tuple[str, ...]]) -> None:
        self.rows: dict[str, set[tuple[str, ...]]] = defaultdict(set)
        for predicate, *args in facts:
            self.rows[predicate].add(tuple(arg.replace(" ", "_") for arg in args))
        self.place = {name: place for name, place in self.rows["receptacleatlocation"] if "_" in name}
        self.kind = {name: sort.removesuffix("type") for name, sort in self.rows["objecttype"]}
        self.receptacle = {name: sort.removesuffix("type") for name, sort in self.rows["receptacletype"]}
        self.here = next((place for _, place in self.rows["atlocation"]), None)
        self.held = {name for _, name in self.rows["holds"]}

    def has(self, predicate: str, *args: str) -> bool:
        """Whether a hidden fact is true."""
        return args in self.rows[predicate]

    def fits(self, thing: str, place: str) -> bool:
        """Whether a thing may be put into a receptacle, by all that it may be that is called so."""
        return any(
            self.has("cancontain", f"{kind}type", f"{self.kind[thing]}type") for kind in _may_be(place)
        )

    def contents(self, place: str) -> set[str]:
        """Return the things in a receptacle."""
        return {thing for thing, other in self.rows["inreceptacle"] if other == place}

    def wrong(self, facts: Iterable[str]) -> list[str]:
        """The facts of a belief, ground and certain, that are not true; those about the task are passed over.

        Raises:
            ValueError: there is no way to tell whether a fact is true.
        """
        believed = [_parsed(fact) for fact in facts]
        inside = {args for positive, relation, args in believed if positive and relation == "at"}
        wrong = [
            f"{'' if positive else 'not '}{relation}({', '.join(args)})"
            for positive, relation, args in believed
            if self._holds(relation, args, inside) is not positive
        ]
        held = {args[0] for _, relation, args in believed if relation == "holding"}
        return wrong + [f"not holding({name})" for name in sorted(self.held - held)]

    def _holds(self, relation: str, args: tuple[str, ...], inside: set[tuple[str, ...]]) -> bool:
        if relation in SAME:
            return self.has(SAME[relation], *args)
        match relation, args:
            case (("task" | "wanted" | "target" | "two"), _):
                return True
            case "receptacle", (name, kind):
                return name in self.receptacle and kind_of(name) == kind
            case "kind", (name, kind):
                return name in self.kind and kind_of(name) == kind
            case "agent_at", (name,):
                return self.place[name] == self.here
            case "holding", (name,):
                return name in self.held
            case "searched", (name,):
                return all((thing, name) in inside for thing in self.contents(name))
            case "beside", (thing, name):
                return self.has("objectatlocation", thing, self.place[name])
        raise ValueError(f"{relation}/{len(args)} stands for no hidden fact")


def _may_be(place: str) -> set[str]:
    kind = kind_of(place)
    return {kind, DISGUISED.get(kind, kind)}


def _parsed(fact: str) -> tuple[bool, str, tuple[str, ...]]:
    positive = not fact.startswith("not ")
    relation, _, rest = fact.removeprefix("not ").partition("(")
    return positive, relation, tuple(arg.strip().strip('"') for arg in rest.rstrip(")").split(",") if arg)


class Shown:
    """The hidden facts that an agent has been shown: the contents of receptacles and whether they are open,
    and which receptacles it can tell to be, or not to be, where it is.

    It is kept by what commands came to, apart from the belief that it judges. A wrong action is *knowable*
    where some condition of it is false, and has been shown to be. What kinds of things can be done with
    counts as known. So an action is unknowable only where all that speaks against it is one of these:

    - A receptacle may share the agent's place, and never was tried.
    - The contents of a receptacle, or whether it is open, were never shown.
    - It may be another thing than it is called (:data:`DISGUISED`).
    """

    def __init__(self, truth: Truth) -> None:
        self.truth = truth
        self.displayed: set[str] = set()
        self.searched: set[str] = set()
        self.beside: set[str] = set()
        self.inside: set[str] = set()
        self.stands: str | None = None
        self._same: list[tuple[str, str]] = []
        self._apart: list[tuple[str, str]] = []
        self.near: set[str] = set()
        self.far: set[str] = set(truth.receptacle)

    def saw(self, action: Action, succeeded: bool, after: Truth) -> None:
        """Take in what an action came to, and the state after it."""
        before, self.truth = self.stands, after
        names = [str(arg) for arg in action.args]
        place = next((name for name in reversed(names) if name in after.receptacle), None)
        if succeeded:
            self._succeeded(action.name, names, place)
        elif before is not None and place is not None:
            self._failed(action.name, place, before)
        self._tell()

    def _succeeded(self, name: str, names: list[str], place: str | None) -> None:
        if place is not None:
            if self.stands is not None:
                (self._apart if name == "go_to" else self._same).append((self.stands, place))
            if name == "go_to" or self.stands is None:
                self.stands = place
            if name in ("go_to", "open", "close", "examine"):
                self._display(place)
        elif name == "look" and self.stands is not None:
            for other in self.truth.place:
                together = self.truth.place[other] == self.truth.here
                (self._same if together else self._apart).append((self.stands, other))
            self.beside |= {o for o, p in self.truth.rows["objectatlocation"] if p == self.truth.here}
        elif name == "examine":
            self.inside |= {o for o, vessel in self.truth.rows["inreceptacleobject"] if vessel == names[0]}

    def _failed(self, name: str, place: str, before: str) -> None:
        known = place in self.displayed and self.truth.has("openable", place)
        is_open = self.truth.has("opened", place)
        if name == "go_to":
            self._same.append((before, place))
        elif name == "examine" or (name == ("close" if is_open else "open") and known):
            self._apart.append((before, place))

    def _display(self, place: str) -> None:
        self.displayed.add(place)
        if not self.truth.has("openable", place) or self.truth.has("opened", place):
            self.searched.add(place)

    def _tell(self) -> None:
        """Work out what is known to be near, and to be far, from all that was shown."""
        if self.stands is None:
            return
        groups = {name: {name} for name in self.truth.receptacle}
        for one, other in self._same:
            if groups[one] is not groups[other]:
                merged = groups[one] | groups[other]
                groups.update(dict.fromkeys(merged, merged))
        self.near = groups[self.stands]
        self.far = set()
        for one, other in self._apart:
            if one in self.near:
                self.far |= groups[other]
            elif other in self.near:
                self.far |= groups[one]

    def knowable(self, action: Action) -> bool:
        """Whether an action that is not admissible could be known not to be: see the class."""
        return any(self._against(action.name, [str(arg) for arg in action.args]))

    def _against(self, name: str, args: list[str]) -> Iterator[bool]:
        """Yield conditions that speak against an action and have been shown: true where one does."""
        truth = self.truth
        match name, args:
            case "go_to", [place]:
                yield place in self.near
            case "open" | "close", [place]:
                yield place in self.far
                is_open = truth.has("opened", place)
                wrong = is_open if name == "open" else not is_open
                yield place in self.displayed and (wrong or not truth.has("openable", place))
            case "take", [thing, place]:
                yield bool(truth.held)
                yield not truth.has("pickupable", thing)
                yield from self._barred(place)
                yield self._not_in(thing, place)
            case "put", [thing, place]:
                yield thing not in truth.held
                yield not truth.fits(thing, place)
                yield from self._barred(place)
            case "clean" | "heat" | "cool", [thing, place]:
                where, ability = TREATMENTS[name]
                yield thing not in truth.held
                yield place in self.far
                yield where not in _may_be(place)
                yield not truth.has(ability, thing)
            case "use", [thing]:
                yield not truth.has("toggleable", thing)
                yield all(self._not_in(thing, place) for place in self._maybe_here())
            case "slice", [thing, knife]:
                yield knife not in truth.held
                yield truth.kind[knife] not in KNIVES
                yield not truth.has("sliceable", thing)
                yield self._not_around(thing)
            case "examine", [name] if name in truth.receptacle:
                yield name in self.far
            case "examine", [thing]:
                places = self._maybe_here()
                yield thing not in truth.held and all(
                    self._not_in(thing, place) or self._closed(place) for place in places
                )

    def _maybe_here(self) -> set[str]:
        return self.truth.receptacle.keys() - self.far

    def _barred(self, place: str) -> Iterator[bool]:
        yield place in self.far
        yield self._closed(place)

    def _closed(self, place: str) -> bool:
        return (
            place in self.displayed
            and self.truth.has("openable", place)
            and not self.truth.has("opened", place)
        )

    def _not_in(self, thing: str, place: str) -> bool:
        return place in self.searched and not self.truth.has("inreceptacle", thing, place)

    def _not_around(self, thing: str) -> bool:
        if thing in self.beside | self.inside:
            return False
        return all(self._not_in(thing, place) for place in self._maybe_here())
