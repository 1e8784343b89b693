"""Writes the tables of ``rules/alfworld/tables`` anew, from the games of a split:
``python -m mpr_logic.envs.alfworld.tables FOLDER --split train``.

They say what holds of kinds of things in every game, and how often a kind was found where. Only training
games may go in there: what the rules say of the others is then a prediction.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from itertools import permutations, product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import track

from mpr_logic.envs.alfworld.games import games
from mpr_logic.envs.alfworld.simulator import human_names
from mpr_logic.errors import MprError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mpr_logic.envs.alfworld.games import Game

ABILITIES = {
    "cleanable": "cleanable",
    "heatable": "heatable",
    "coolable": "coolable",
    "sliceable": "sliceable",
    "toggleable": "has_switch",
}
LEAST_GAMES = 3
"""A kind is listed as found in a kind of receptacle when that was so in at least so many games."""

FACT = re.compile(r"\(([a-zA-Z]+) ([^()]*?)\s*\)")


class Counts:
    """Counts over the first states of games: abilities and places of kinds, and how often each was found."""

    def __init__(self) -> None:
        self.abilities: dict[str, set[str]] = defaultdict(set)
        self.portable: set[str] = set()
        self.fixed: set[str] = set()
        self.doors: set[str] = set()
        self.doorless: set[str] = set()
        self.fits: set[tuple[str, str]] = set()
        self.opened: set[tuple[str, str]] = set()  # open at the beginning: none is, and rules say so
        self.overlap: set[tuple[str, str]] = set()
        self.met: set[tuple[str, str]] = set()
        self.rooms: dict[str, set[int]] = defaultdict(set)
        self.found: Counter[tuple[str, str]] = Counter()
        self.games_found: Counter[tuple[str, str]] = Counter()
        self.searched: Counter[tuple[str, str]] = Counter()

    def add(self, game: Game) -> None:
        """Count one game's first state."""
        text = game.problem
        initial = text[text.index("(:init") : text.index("(:goal")]
        facts: dict[str, list[list[str]]] = defaultdict(list)
        for name, args in FACT.findall(initial):
            facts[name].append(args.lower().split())
        names = human_names(thing for rows in facts.values() for row in rows for thing in row)
        kinds = {thing: _called(names[thing]) for thing, _ in facts["objectType"]}
        places = {thing: _called(names[thing]) for thing, _ in facts["receptacleType"]}
        for name, ability in ABILITIES.items():
            self.abilities[ability] |= {kinds[thing] for (thing,) in facts[name] if thing in kinds}
        carried = {thing for (thing,) in facts["pickupable"]}
        self.portable |= {kind for thing, kind in kinds.items() if thing in carried}
        self.fixed |= {kind for thing, kind in kinds.items() if thing not in carried}
        doors = {thing for (thing,) in facts["openable"]}
        self.opened |= {(game.id, thing) for (thing,) in facts["opened"]}
        self.doors |= {kind for thing, kind in places.items() if thing in doors}
        self.doorless |= {kind for thing, kind in places.items() if thing not in doors}
        self._fits(facts, kinds, places)
        self._places(game, facts["inReceptacle"], kinds, places)

    def _fits(self, facts: dict[str, list[list[str]]], kinds: dict[str, str], places: dict[str, str]) -> None:
        called: dict[str, set[str]] = defaultdict(set)  # what things of a type are called in this game
        for thing, sort in (*facts["objectType"], *facts["receptacleType"]):
            called[sort].add(kinds.get(thing) or places[thing])
        for place, thing in facts["canContain"]:
            self.fits.update(product(called[thing], called[place]))

    def _places(
        self, game: Game, inside: list[list[str]], kinds: dict[str, str], places: dict[str, str]
    ) -> None:
        here = set(kinds.values())
        room = _room(game)
        for kind in (*here, *places.values()):
            self.rooms[kind].add(room)
        self.met |= {(kind, place) for kind in here for place in set(places.values())}
        for place in places.values():
            for kind in here:
                self.searched[kind, place] += 1
        lists: dict[str, set[str]] = defaultdict(set)
        for thing, place in inside:
            lists[thing].add(place)
        twice = [pair for those in lists.values() for pair in permutations(those, 2)]
        self.overlap |= {(places[one], places[other]) for one, other in twice}
        found = {(kinds[thing], place) for thing, place in inside if thing in kinds and place in places}
        for kind, place in found:
            self.found[kind, places[place]] += 1
        self.games_found.update({(kind, places[place]) for kind, place in found})

    def kinds(self) -> list[str]:
        """The text of ``kinds.dl``."""
        lines = [
            "% What kinds of things there are, and what can be done with them, as in all training games.",
            "",
        ]
        lists = {
            "portable": ("what can be carried", self.portable),
            "fixed": ("what cannot", self.fixed - self.portable),
            **{name: ("", kinds & (self.portable | self.fixed)) for name, kinds in self.abilities.items()},
            "doorless": ("kinds of receptacles of which none has a door", self.doorless - self.doors),
        }
        for name, (comment, kinds) in lists.items():
            lines += [f"% {comment}"] if comment else []
            lines += [f".decl {name}(k: sort)", "", *[f"{name}({kind})." for kind in sorted(kinds)], ""]
        lines += [".decl known(k: sort)", "", "@id(known_portable)", "known(K) :- portable(K).", ""]
        return [*lines, "@id(known_fixed)", "known(K) :- fixed(K)."]

    def fitting(self) -> list[str]:
        """The text of ``fits.dl``."""
        maybe = {
            (kind, place)
            for kind in self.portable
            for place in self.doors | self.doorless
            if (kind, place) not in self.met and self.rooms[kind] & self.rooms[place]
        }
        fits = {(kind, place) for kind, place in self.fits if kind in self.portable}
        return [
            "% Which kind of thing goes into which kind of receptacle, as in all training games. This is",
            "% counted, not complete: a new scene may have more, and no learned law rests on what it lacks.",
            ".decl fits(k: sort, place: sort)",
            "",
            *[f"fits({kind}, {place})." for kind, place in sorted(fits)],
            "",
            "% both occur in one kind of room, and never did in one game: nobody knows",
            ".decl may_fit(k: sort, place: sort)",
            "",
            *[f"may_fit({kind}, {place})." for kind, place in sorted(maybe)],
        ]

    def overlapping(self) -> list[str]:
        """The text of ``overlap.dl``."""
        return [
            "% Kinds of receptacles of which two listed one and the same thing, in some training game.",
            ".decl overlap(place: sort, other: sort)",
            "",
            *[f"overlap({one}, {other})." for one, other in sorted(self.overlap)],
        ]

    def usual(self) -> list[str]:
        """The text of ``usually.dl``."""
        lines = [
            "% Where things usually are: in what share of the receptacles of a kind one of the things of",
            "% a kind was, in the training games that have both.",
            ".decl usually_in(k: sort, place: sort)",
            "",
        ]
        for kind in sorted({kind for kind, _ in self.found}):
            rows = [
                (self.found[pair] / self.searched[pair], pair[1])
                for pair in self.found
                if pair[0] == kind and self.games_found[pair] >= LEAST_GAMES
            ]
            for share, place in sorted(rows, key=lambda row: (-row[0], row[1])):
                lines.append(f"{max(min(share, 1.0), 0.001):.3f} :: usually_in({kind}, {place}).")
        return lines


def _called(name: str) -> str:
    """The kind that a name says: what a thing is called, not what the game makes of it, is what one reads."""
    return name.rpartition(" ")[0]


def _room(game: Game) -> int:
    """The kind of room: scenes are numbered by hundreds, kitchens first."""
    return int(game.id.partition("/")[0].rpartition("-")[2]) // 100


def write(counts: Counts, folder: Path) -> None:
    """Write the four tables."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        "kinds.dl": counts.kinds(),
        "fits.dl": counts.fitting(),
        "overlap.dl": counts.overlapping(),
        "usually.dl": counts.usual(),
    }
    for name, lines in texts.items():
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def count(chosen: Iterable[Game]) -> Counts:
    """Count games."""
    counts = Counts()
    for game in chosen:
        counts.add(game)
    return counts


def main(
    folder: Annotated[Path, typer.Argument(help="Where the tables go.")],
    split: Annotated[str, typer.Option(help="The split whose games are counted.")] = "train",
) -> None:
    """Count the games of a split, and write the tables of rules/alfworld/tables."""
    console = Console(stderr=True)
    try:
        found = games(split)
        counts = count(track(found, "Counting", console=console))
    except MprError as error:
        console.print(str(error), markup=False)
        raise typer.Exit(2) from None
    write(counts, folder)
    console.print(
        f"{len(found)} games of {split}: {folder}/kinds.dl, fits.dl, overlap.dl, usually.dl", markup=False
    )


if __name__ == "__main__":
    typer.run(main)
