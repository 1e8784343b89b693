"""A small kitchen to try rules in: ``python -m mpr_logic.envs.kitchen``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.rule import Rule as Line
from rich.syntax import Syntax
from rich.text import Text

from mpr_logic import Checker
from mpr_logic.checker.render import ASCII, proof_text
from mpr_logic.language.printer import print_clause

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mpr_logic import Decision

RULES = "rules/kitchen"

STATE = (
    "openable(fridge_1)",
    "cold(fridge_1)",
    "stove(stove_1)",
    "microwave(microwave_1)",
    "metal(spoon_1)",
    "room_for(shelf_1, 2)",
    "at(cup_1, shelf_1)",
    "at(plate_1, shelf_1)",
    "at(spoon_1, counter_1)",
    "holding(milk_1)",
    "perishable(milk_1)",
)

SHOWN = ("closed", "goes_off", "no_gas")
"""The rules of which the walk shows the text."""


class Walk:
    """Prints one walk through the kitchen."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.checker = Checker.load(RULES)
        self.checker.update(add=STATE, source="what the agent sees")

    def run(self) -> None:
        """Print all of it."""
        self.rules()
        self.rejected()
        self.repaired()
        self.advised()
        self.explained()
        self.unknown()
        self.agreed()

    def title(self, number: int, text: str) -> None:
        """Begin a part."""
        if number > 1:
            self.console.print()
        self.console.print(Line(Text(f" {number}. {text} ", "bold"), align="left", style="dim"))

    def say(self, text: str, style: str = "") -> None:
        """Print text as it is, indented."""
        if not self.console.encoding.lower().startswith("utf"):
            text = text.translate(ASCII)
        for line in text.splitlines():
            self.console.print(Text(f"  {line}", style), soft_wrap=True)

    def decided(self, decision: Decision) -> None:
        """Print a decision in one line."""
        mark, style = ("✓", "bold green") if decision.admissible else ("✗", "bold red")
        self.say(f"{mark} {decision.action}: {decision.verdict}", style)

    def rules(self) -> None:
        """Show some of the rules, and the state."""
        self.title(1, f"some of the rules of {RULES}, and what the agent sees")
        texts = {rule.id: rule.clause for rule in self.checker.program.rules}
        text = "\n".join(print_clause(texts[name]) for name in SHOWN)
        self.console.print(
            Syntax(text, "prolog", theme="ansi_dark", background_color="default", padding=(0, 2))
        )
        for line in lines(STATE):
            self.say(line, "dim")

    def rejected(self) -> None:
        """Propose what a rule forbids."""
        self.title(2, "the milk into the fridge: rejected, with the proof and what would admit it")
        decision = self.checker.check("put(milk_1, fridge_1)")
        self.decided(decision)
        for reason in decision.reasons:
            self.say(f"because {reason.text}")
            if reason.proof is not None:
                self.say(proof_text(reason.proof), "cyan")
        for repair in decision.repairs:
            self.say(f"admissible {repair}", "yellow")

    def repaired(self) -> None:
        """Do what the first repair says, and propose it again."""
        self.title(3, "the repair is an action: it is done, and the milk proposed again")
        action = self.checker.check("put(milk_1, fridge_1)").repairs[0].actions[0]
        self.decided(self.checker.check(action))
        self.checker.record(action, succeeded=True)
        self.say(f"after {action} the state says opened(fridge_1), by its declared effect", "dim")
        self.decided(self.checker.check("put(milk_1, fridge_1)"))

    def advised(self) -> None:
        """A rule below theta advises, and a prefer recommends."""
        self.title(
            4, f"below theta ({self.checker.theta}) a forbid is advice, and a prefer says what is better"
        )
        decision = self.checker.check("put(milk_1, counter_1)")
        self.decided(decision)
        for reason in decision.advice:
            self.say(f"advice, of weight {reason.weight}: {reason.text}", "yellow")
        better = self.checker.preferences(["put(milk_1, counter_1)", "put(milk_1, fridge_1)"])
        for action, weight, reasons in better:
            self.say(f"preferred, by {weight}: {action}: {reasons[0].text}", "yellow")

    def explained(self) -> None:
        """Show why a derived fact holds, and why another does not."""
        self.title(5, "why is the shelf full, and why not the fridge?")
        proof = self.checker.why("full(shelf_1)")
        assert proof is not None
        self.say(proof_text(proof), "cyan")
        self.say(str(self.checker.why_not("full(fridge_1)")), "magenta")

    def unknown(self) -> None:
        """An action that is forbidden by default, and a relation that is seen only in part."""
        self.title(6, "an open flame needs a permit, and the permit to know that there is no gas")
        self.decided(self.checker.check("light(stove_1)"))
        self.say(str(self.checker.why_not("light(stove_1)")), "magenta")
        self.checker.update(add=["not smells_of_gas(stove_1)"], source="the agent sniffed")
        self.say("the agent sniffs, and smells nothing", "dim")
        self.decided(self.checker.check("light(stove_1)"))

    def agreed(self) -> None:
        """The same questions, put to two engines."""
        self.title(7, "a second opinion: two engines, and no answer where they differ")
        second = Checker.load(RULES, engine="both")
        second.update(add=[*STATE, "not smells_of_gas(stove_1)"])
        actions = ["put(milk_1, fridge_1)", "open(fridge_1)", "put(milk_1, shelf_1)", "light(stove_1)"]
        for decision in second.check_all(actions):
            self.decided(decision)


def lines(words: Iterable[str], width: int = 90) -> list[str]:
    """Facts as lines of text."""
    found = [""]
    for word in words:
        if found[-1] and len(found[-1]) + len(word) > width:
            found.append("")
        found[-1] += f"{word}.  "
    return [line.rstrip() for line in found]


def main() -> None:
    """Print a walk through the kitchen."""
    console = Console(highlight=False, emoji=False, markup=False)
    if not console.is_terminal:
        console.width = 100
    Walk(console).run()


if __name__ == "__main__":
    main()
