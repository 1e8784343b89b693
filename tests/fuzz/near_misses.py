"""Rule sets with one slip in them: a name misspelt, a declaration left out, a variable in lower case.

Each slip must be refused with an error, or change nothing that matters. What comes of one:

``refused``
    the guard is not built;
``warned``
    the guard is built with a warning that the intended rules do not get, and admits a call that they reject;
``open``
    the same without a word: *silently open*, which no slip may be;
``stricter``
    no call is admitted that is to be rejected, but one is rejected that is to be admitted;
``same``
    every call is answered as by the intended rules.

``python -m tests.fuzz.near_misses --count 100000`` tries that many, and prints what is silently open.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import logging
import random
import re
import sys
import time
from collections import Counter
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from mpr_logic.errors import MprError, StateError
from mpr_logic.guard.guard import Guard
from mpr_logic.guard.tools import Tools

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

PEOPLE = ("ann", "bob", "eve")
MODES = ("fast", "slow", "strict")
AMOUNTS = (1, 60, 200)
TOOLS = ("send", "transfer", "remove_file", "lookup")
TEXT_BODIES = (
    'matches(W, "^(bob|eve)$")',
    'starts_with(W, "bo")',
    'ends_with(W, "ve")',
    'contains(W, "v")',
    "blocked(B), contains(W, B)",
    "shell_runs(W, bob)",
    "blocked(B), shell_runs(W, B)",
    "W = bob, M = strict",
)
"""Bodies with a test of a text: the names of people are read as texts, and as commands of one word."""
NUMBER_BODIES = (
    "A mod 3 = 2",
    "A mod 2 = 1, not trusted(W)",
    "A / 100 >= 2",
    "2 * A = 120",
    "N = count : { past {other}(who: W) }, N > 0",
    "N = count : { blocked(_) }, N >= 1, A > 50",
    "S = sum B : { succeeded {other}(who: W, amount: B) }, S + A > 100",
    "length(W) > 2",
)
"""Bodies that count and compute."""
PERMITS = (
    "trusted(W)",
    "not blocked(W), A < 100",
    "level(normal), A < 100",
    "M = fast",
    "W != eve, A < 100",
    'matches(W, "^(ann|bob)$")',
    "A mod 2 = 0, trusted(W)",
    "N = count : { past send(who: W) }, N < 1, trusted(W)",
)
"""Bodies of permits in a closed set."""


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Rules that are meant: their statements, the tools, and what the host states."""

    statements: tuple[str, ...]
    tools: tuple[dict[str, Any], ...]
    state: tuple[str, ...]

    def guard(self, statements: tuple[str, ...] | None = None) -> Guard:
        """A guard of these rules, or of others in their place."""
        text = "\n".join(self.statements if statements is None else statements)
        # no time limit that a busy machine could reach: what is rejected for want of time proves nothing
        return Guard(text=text, tools=_tools(self.names), state=list(self.state), timeout=120)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the tools."""
        return tuple(each["name"] for each in self.tools)

    def calls(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Calls of every tool, with every choice of values."""
        for tool in self.tools:
            yield from ((tool["name"], dict(arguments)) for arguments in _choices(tool))


def _choices(tool: dict[str, Any]) -> Iterator[Any]:
    domains = []
    for name, schema in tool["inputSchema"]["properties"].items():
        values = schema.get("enum") or (AMOUNTS if schema["type"] == "integer" else PEOPLE)
        domains.append([(name, value) for value in values])
    return itertools.product(*domains)


def tool(name: str) -> dict[str, Any]:
    """The schema of a tool."""
    properties = {
        "who": {"type": "string"},
        "mode": {"enum": list(MODES), "type": "string"},
        "amount": {"type": "integer"},
    }
    return {
        "name": name,
        "inputSchema": {"type": "object", "properties": properties, "required": list(properties)},
    }


@functools.cache
def _tools(names: tuple[str, ...]) -> Tools:
    """The tools of these names: to read their schemas takes longer than to check the rules."""
    return Tools([tool(name) for name in names])


def rule_set(rng: random.Random) -> RuleSet:
    """Rules that hold: declarations, facts, laws, and at times a closed set or an exception."""
    tools = tuple(tool(name) for name in rng.sample(TOOLS, rng.randint(1, 3)))
    names = [each["name"] for each in tools]
    statements = [
        ".decl blocked(who: symbol)",
        ".decl level(l: symbol)",
        ".decl trusted(who: symbol) input",
        ".decl risky(who: symbol, l: symbol)",
        "blocked(eve).",
        f"level({rng.choice(('strict', 'normal'))}).",
        "level(normal).",
        "risky(W, L) :- blocked(W), level(L).",
    ]
    bodies = [
        "blocked(W)",
        "not trusted(W)",
        "risky(W, normal)",
        "level(normal), W = bob",
        "A > 50, blocked(W)",
        "A > 100",
        "not trusted(W), A > 50",
        "M = strict, not trusted(W)",
        "N = count : { risky(W, _) }, N > 0",
        "past {other}(who: W), A > 50",
        *TEXT_BODIES,
        *NUMBER_BODIES,
    ]
    closed = rng.random() < 0.4
    if closed:
        statements.append(rng.choice([".default forbid *", *(f".default forbid {name}" for name in names)]))
    for number, name in enumerate(names):
        law = rng.choice(bodies).replace("{other}", rng.choice(names))
        if closed and (".default forbid *" in statements or f".default forbid {name}" in statements):
            body = rng.choice(PERMITS)
            statements.append(f"@id(may_{number}) permit {name}(who: W, mode: M, amount: A) :- {body}.")
        elif rng.random() < 0.8 or closed:
            statements.append(
                f'@id(law_{number}) @because("no") forbid {name}(who: W, mode: M, amount: A) :- {law}.'
            )
            if rng.random() < 0.3:
                statements.append(f"@overrides(law_{number}) permit {name}(who: W) :- trusted(W).")
        if rng.random() < 0.3:
            statements.append(f'@id(mode_{number}) @because("no") forbid {name}(mode: strict).')
    return RuleSet(tuple(statements), tools, ("trusted(ann)",))


def misspelt(word: str, rng: random.Random) -> str:
    """The word with one slip: a letter left out, doubled, another one, or two in turn."""
    place = rng.randrange(len(word))
    ways = [
        word[:place] + word[place + 1 :],
        word[:place] + word[place] + word[place:],
        word[:place] + rng.choice("abcdefghijklmnopqrstuvwxyz") + word[place + 1 :],
        word[:place] + word[place + 1 : place + 2] + word[place : place + 1] + word[place + 2 :],
    ]
    ways = [each for each in ways if re.fullmatch(r"[a-z][a-z_]*", each) and each != word]
    return rng.choice(ways) if ways else f"{word}x"


def _in_one(
    statements: tuple[str, ...], pattern: str, rng: random.Random
) -> tuple[int, re.Match[str]] | None:
    found = [
        (number, match) for number, each in enumerate(statements) for match in re.finditer(pattern, each)
    ]
    return rng.choice(found) if found else None


def _slip(statements: tuple[str, ...], pattern: str, rng: random.Random) -> tuple[str, ...] | None:
    """One occurrence of a word misspelt: the first group of a pattern."""
    found = _in_one(statements, pattern, rng)
    if found is None:
        return None
    number, match = found
    text = statements[number]
    new = text[: match.start(1)] + misspelt(match[1], rng) + text[match.end(1) :]
    return (*statements[:number], new, *statements[number + 1 :])


def action(rules: RuleSet, rng: random.Random) -> tuple[str, ...] | None:
    """An action misspelt in one place."""
    return _slip(rules.statements, r"(?:forbid|permit|past) ([a-z_]+)\(", rng)


def declared_action(rules: RuleSet, rng: random.Random) -> tuple[str, ...] | None:
    """An action misspelt everywhere, and declared so: a tool that was renamed."""
    name = rng.choice(rules.tools)["name"]
    other = misspelt(name, rng)
    statements = [re.sub(rf"\b{name}\b", other, each) for each in rules.statements]
    if statements == list(rules.statements) or other in [each["name"] for each in rules.tools]:
        return None
    return (f".action {other}(who: symbol, mode: symbol, amount: int)", *statements)


def relation(rules: RuleSet, rng: random.Random) -> tuple[str, ...] | None:
    """A relation misspelt in one body or head."""
    return _slip(rules.statements, r"\b(blocked|level|trusted|risky)\(", rng)


def declared_relation(rules: RuleSet, rng: random.Random) -> tuple[str, ...] | None:
    """A relation misspelt in one body, and declared so."""
    found = _in_one(rules.statements, r"(?:[:,{-]|not) (blocked|level|trusted)\(", rng)
    if found is None:
        return None
    number, match = found
    other = misspelt(match[1], rng)
    text = rules.statements[number]
    new = text[: match.start(1)] + other + text[match.end(1) :]
    changed = (*rules.statements[:number], new, *rules.statements[number + 1 :])
    return (f".decl {other}(x: symbol)", *changed)


def constant(rules: RuleSet, rng: random.Random) -> tuple[str, ...] | None:
    """A constant misspelt where a law reads it: of a relation that facts fill, or of a schema."""
    return _slip(
        rules.statements, r"(?:level\(|mode: |risky\(W, |M = )(normal|strict)(?=[),].*[:.])(?!\)\.$)", rng
    )


def mode(rules: RuleSet, rng: random.Random) -> tuple[str, ...] | None:
    """A value of a schema misspelt in a head."""
    return _slip(rules.statements, r"\(mode: (strict)\)", rng)


def argument(rules: RuleSet, rng: random.Random) -> tuple[str, ...] | None:
    """The name of an argument misspelt."""
    return _slip(rules.statements, r"[(,] ?(who|mode|amount): [A-Zs]", rng)


def annotation(rules: RuleSet, rng: random.Random) -> tuple[str, ...] | None:
    """An annotation, or the id in it, misspelt."""
    return _slip(
        rules.statements, rng.choice([r"@(overrides)\(", r"@(because)\(", r"@overrides\((law)_"]), rng
    )


def lower_case(rules: RuleSet, rng: random.Random) -> tuple[str, ...] | None:
    """A variable of a law in lower case, in all places."""
    laws = [n for n, each in enumerate(rules.statements) if "forbid" in each and "(who: W" in each]
    if not laws:
        return None
    number = rng.choice(laws)
    new = re.sub(r"\bW\b", "w", rules.statements[number])
    return (*rules.statements[:number], new, *rules.statements[number + 1 :])


def dropped(rules: RuleSet, rng: random.Random) -> tuple[str, ...] | None:
    """A declaration, or the default, left out."""
    found = [n for n, each in enumerate(rules.statements) if each.startswith((".decl", ".default"))]
    number = rng.choice(found)
    return (*rules.statements[:number], *rules.statements[number + 1 :])


def unfilled(rules: RuleSet, rng: random.Random) -> tuple[str, ...] | None:
    """The word `input` left out, or all facts of a relation."""
    if rng.random() < 0.5:
        return tuple(each for each in rules.statements if not re.fullmatch(r"blocked\(.*\)\.", each))
    return tuple(each.removesuffix(" input") for each in rules.statements)


def _changed(
    statements: tuple[str, ...], pattern: str, new: str, rng: random.Random
) -> tuple[str, ...] | None:
    """One place that matches a pattern written in another way."""
    found = _in_one(statements, pattern, rng)
    if found is None:
        return None
    number, match = found
    text = statements[number]
    text = text[: match.start()] + match.expand(new) + text[match.end() :]
    return (*statements[:number], text, *statements[number + 1 :])


def swapped(rules: RuleSet, rng: random.Random) -> tuple[str, ...] | None:
    """The text and what is looked for in it, the wrong way round."""
    test = r"\b(contains|starts_with|ends_with|matches|shell_runs)\((\w+), ([^)]+?|\"[^\"]+\")\)(?=[,.])"
    return _changed(rules.statements, test, r"\1(\3, \2)", rng)


def remainder(rules: RuleSet, rng: random.Random) -> tuple[str, ...] | None:
    """A remainder that is never reached, or always."""
    other = rng.choice([r"mod \1 = \1", r"mod \1 >= \1", r"mod \1 < \1", r"mod \1 != \1"])
    return _changed(rules.statements, r"mod (\d) = \d", other, rng)


def arithmetic(rules: RuleSet, rng: random.Random) -> tuple[str, ...] | None:
    """A computation that never comes to that number."""
    if rng.random() < 0.5:
        return _changed(rules.statements, r"2 \* A = 120", "2 * A = 121", rng)
    return _changed(rules.statements, r"length\(W\) > 2", "length(W) < 0", rng)


def anchor(rules: RuleSet, rng: random.Random) -> tuple[str, ...] | None:
    """An anchor that has slipped into the expression."""
    old, new = rng.choice(
        [
            (r"\^\((\w+)\|(\w+)\)\$", r"(\1|\2)^$"),
            (r"\^\((\w+)\|(\w+)\)\$", r"^$(\1|\2)"),
            (r"\^\((\w+)\|(\w+)\)\$", r"\1^|\2$"),
            (r"\^\((\w+)\|(\w+)\)\$", r"^\1|$\2"),
            (r"\^\((\w+)\|(\w+)\)\$", r"^(\1|\2|)"),
            (r"\^\((\w+)\|(\w+)\)\$", r"^(\1|\2)?"),
            (r"\^\((\w+)\|(\w+)\)\$", r"^(\1|\2)*"),
        ]
    )
    return _changed(rules.statements, old, new, rng)


def command(rules: RuleSet, rng: random.Random) -> tuple[str, ...] | None:
    """A program with more than its name, or a blank behind it."""
    other = rng.choice(['shell_runs(W, "bob -r")', 'shell_runs(W, "bob ")', 'shell_runs(W, " bob")'])
    return _changed(rules.statements, r"shell_runs\(W, bob\)", other, rng)


def weight(rules: RuleSet, rng: random.Random) -> tuple[str, ...] | None:
    """A law whose weight has a digit too many, or is just below theta."""
    laws = [n for n, each in enumerate(rules.statements) if each.startswith("@id(") and " forbid " in each]
    if not laws:
        return None
    number, new = rng.choice(laws), rng.choice(["0.09", "0.095", "0.1"])
    text = rules.statements[number].replace(" forbid ", f" {new} :: forbid ", 1)
    return (*rules.statements[:number], text, *rules.statements[number + 1 :])


def blank(rules: RuleSet, rng: random.Random) -> tuple[str, ...] | None:
    """A constant with a blank, or with quotes, inside of its quotes."""
    other = rng.choice([r'"\1 "', r'" \1"', r"\"'\1'\""])
    return _changed(
        rules.statements, r"(?<=[(,] )(?:(?<=who: )|(?<=W = ))?(bob|strict|normal|eve)\b", other, rng
    ) or (_changed(rules.statements, r"(?<=W = )(bob)\b", other, rng))


def apart(rules: RuleSet, rng: random.Random) -> tuple[str, ...] | None:
    """`_` where the person of the call was meant."""
    return _changed(rules.statements, r"\b(trusted|blocked)\(W\)(?=[,.])", r"\1(_)", rng)


def count(rules: RuleSet, rng: random.Random) -> tuple[str, ...] | None:
    """A count, or a sum, that cannot be, or that takes the amount of the call."""
    old, new = rng.choice(
        [
            (r"N > 0", "N < 0"),
            (r"N >= 1", "N > 1"),
            (r"N < 1", "N >= 0"),
            (r"sum B : \{ (.*?)amount: B \)", r"sum A : { \1amount: A )"),
            (r"sum B : (\{.*?)amount: B\)", r"sum A : \1amount: A)"),
        ]
    )
    return _changed(rules.statements, old, new, rng)


def capital(rules: RuleSet, rng: random.Random) -> tuple[str, ...] | None:
    """A constant with a capital, which makes it a variable."""
    found = _in_one(rules.statements, r"(?<=[ (])(bob|eve|fast|normal|strict)(?=[),.])", rng)
    if found is None or rules.statements[found[0]].endswith(f"({found[1][1]})."):
        return None
    number, match = found
    text = rules.statements[number]
    text = text[: match.start()] + match[1].capitalize() + text[match.end() :]
    return (*rules.statements[:number], text, *rules.statements[number + 1 :])


def default(rules: RuleSet, rng: random.Random) -> tuple[str, ...] | None:
    """The action of a default misspelt."""
    return _slip(rules.statements, r"\.default forbid ([a-z_]+)", rng)


SLIPS: tuple[Callable[[RuleSet, random.Random], tuple[str, ...] | None], ...] = (
    action,
    declared_action,
    relation,
    declared_relation,
    constant,
    mode,
    argument,
    annotation,
    lower_case,
    dropped,
    unfilled,
    swapped,
    remainder,
    arithmetic,
    anchor,
    command,
    weight,
    blank,
    apart,
    count,
    capital,
    default,
)


def held(rng: random.Random) -> tuple[RuleSet, Guard]:
    """Rules that a guard takes: some that were made at random cannot hold, and are refused as they are."""
    while True:
        rules = rule_set(rng)
        try:
            return rules, rules.guard()
        except MprError:
            continue


def history(rules: RuleSet) -> list[str]:
    """Calls that were made before, where rules ask for them: one of each tool for two people."""
    if not any("past " in each for each in rules.statements):
        return []
    return [
        f"{word} {name}({who}, {MODES[0]}, {AMOUNTS[1]})"
        for name in rules.names
        for who in PEOPLE[1:]
        for word in ("past", "succeeded")
    ]


def answers(guard: Guard, rules: RuleSet) -> Iterator[tuple[str, bool]]:
    """Whether each call runs, as the first of its session and after others, with the text of the call."""
    told = history(rules)
    for before in [[], told] if told else [[]]:
        for name, arguments in rules.calls():
            if before:
                try:
                    guard.update(before, session="one")
                except StateError:  # a tool that the rules do not know: none of its calls is admitted
                    return
            yield (
                f"{name} {arguments}{' after others' if before else ''}",
                guard.check(name, arguments, session="one").runs,
            )
            guard.end("one")


class Trial(NamedTuple):
    """One rule set with one slip: the kind of slip, what came of it (see above), and an open set's text."""

    kind: str
    outcome: str
    text: str = ""


def trials(seed: int) -> list[Trial]:
    """Rules that are meant, with one slip of each kind for which there is something to misspell."""
    rng = random.Random(seed)
    rules, intended = held(rng)
    meant = list(answers(intended, rules))
    known = {(each.code, each.message) for each in intended.rules.warnings}
    found = []
    for kind in SLIPS:
        changed = kind(rules, rng)
        if changed is not None and changed != rules.statements:
            found.append(Trial(kind.__name__, *_outcome(rules, changed, meant, known)))
    return found


def _outcome(
    rules: RuleSet, changed: tuple[str, ...], meant: list[tuple[str, bool]], known: set[tuple[str, str]]
) -> tuple[str, str]:
    try:
        guard = rules.guard(changed)
    except MprError:
        return "refused", ""
    warned = any((each.code, each.message) not in known for each in guard.rules.warnings)
    stricter = False
    for (call, runs), (_, still) in zip(meant, answers(guard, rules), strict=False):
        if still and not runs:
            text = "\n".join(changed)
            return "warned" if warned else "open", f"{text}\nadmits {call}"
        stricter = stricter or (runs and not still)
    return "stricter" if stricter else "same", ""


def _numbered(seeds: Iterable[int], pool: Executor) -> Iterator[tuple[int, Trial]]:
    for seed, found in zip(seeds, pool.map(trials, seeds, chunksize=20), strict=True):
        for each in found:
            yield seed, each


def main() -> None:
    """Try many, and print the figures, every now and then too."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=1_000, help="rule sets with a slip, at the least")
    parser.add_argument("--seed", type=int, default=0, help="of the first rules that are meant")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    given = parser.parse_args()
    logging.disable()
    began = time.monotonic()
    figures: Counter[tuple[str, str]] = Counter()
    seed = given.seed
    with ProcessPoolExecutor(given.jobs) as pool:
        while figures.total() < given.count:
            for at, (kind, outcome, text) in _numbered(range(seed, seed + 200), pool):
                figures[kind, outcome] += 1
                if outcome == "open":
                    print(f"seed {at}, {kind}:\n{text}\n", flush=True)
            seed += 200
            if seed % 2_000 == 0:
                print(f"{figures.total()} in {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    for (kind, outcome), number in sorted(figures.items()):
        print(f"{kind:20} {outcome:10} {number}")
    outcomes: Counter[str] = Counter()
    for (_, outcome), number in figures.items():
        outcomes[outcome] += number
    shown = ", ".join(f"{number} {each}" for each, number in outcomes.most_common())
    print(f"{figures.total()} sets with a slip, of the seeds {given.seed} to {seed - 1}: {shown}")


if __name__ == "__main__":
    main()
