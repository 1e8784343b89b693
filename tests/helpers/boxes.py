"""A small world for tests: boxes, one of which holds a coin. It is a plug-in too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import count
from pathlib import Path

from mpr_logic.agent.environment import Episode, Observation
from mpr_logic.checker.action import Action
from mpr_logic.errors import GameError

RULES = Path(__file__).with_name("box_rules")


class Boxes:
    """Boxes ``box_1`` to ``box_N``; the coin is in the last. ``done`` is all that was tried."""

    declarations = (RULES / "1_world.dl").read_text(encoding="utf-8")

    def __init__(self, number: int = 3, *, steps: int = 20) -> None:
        self.names = [f"box_{i + 1}" for i in range(number)]
        self.steps = steps
        self.done: list[Action] = []
        self.opened: set[str] = set()
        self.won = False

    def reset(self) -> Observation:
        self.done, self.opened, self.won = [], set(), False
        return Observation("Find the coin.\n\nThere are boxes.", over=not self.names)

    def step(self, action: Action) -> Observation:
        self.done.append(action)
        box = action.args[0] if action.args else None
        match action.name:
            case "open" if box in self.names and box not in self.opened:
                self.opened.add(str(box))
                text = f"You open {box}."
            case "take" if box == self.names[-1] and box in self.opened:
                self.won = True
                text = "You have the coin."
            case "wait":
                text = "Time passes."
            case _:
                text = "Nothing happens."
        over = self.won or len(self.done) >= self.steps
        return Observation(text, text != "Nothing happens.", won=self.won, over=over)

    def state(self) -> set[str]:
        found = {f"box({box})" for box in self.names} | {f"opened({box})" for box in self.opened}
        found.add(f"left({self.steps - len(self.done)})")
        return found | {f"{'' if box == self.names[-1] else 'not '}coin_in({box})" for box in self.opened}

    def candidates(self) -> Sequence[Action]:
        return [Action("wait")] + [Action(name, box) for box in self.names for name in ("take", "open")]


class BoxWorlds:
    """Episodes with one box, two, and so on; those of the split ``locked`` have no plan."""

    rules = str(RULES)
    known: tuple[str, ...] = (str(RULES / "1_world.dl"),)
    steps = 20
    forgets: tuple[str, ...] = ("open",)

    def episodes(self, split: str | None, kind: str | None, seed: int) -> Iterator[Episode]:
        if split not in (None, "locked", "empty"):
            raise GameError(f"there is no split `{split}`: choose one of locked, empty")
        if kind not in (None, "coin"):
            raise GameError(f"there is no kind `{kind}`: choose one of coin")
        return iter(()) if split == "empty" else (_episode(i + 1, split) for i in count(seed))


def _episode(number: int, split: str | None) -> Episode:
    last = f"box_{number}"
    plan = (Action("open", last), Action("take", last)) if split is None else ()
    return Episode(f"boxes/{number}", "coin", partial(_make, number), plan)


def _make(number: int, steps: int) -> Boxes:
    return Boxes(number, steps=steps)


def install(folder: Path, module: str = "tests.helpers.boxes", name: str = "BoxWorlds") -> None:
    """Make a folder that, on the path of Python, offers these boxes as the environment ``boxes``."""
    info = folder / "boxes-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: boxes\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[mpr_logic.environments]\nboxes = {module}:{name}\n")
