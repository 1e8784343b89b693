"""``python -m tests.bench.guard [--rules N...] [--calls N] [--json FILE]``: what a guard adds to a tool call.

The same rules in four forms, the same calls, one run, one process: :class:`Guard` with tool schemas and
history; cedarpy and regopy, with parsed policies; and a plain ``if``, generated as Python. Half of the rules
compare an argument, half search a text; the calls are spread over twenty tools, and a tenth is rejected. All
must give the same answers. Times of a call are CPU time, and beside it wall-clock, which says as much of what
else runs on the machine; the garbage collector is on, as in a host.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    Decide = Callable[[str, dict[str, Any]], bool]

TOOLS = 20
SIZES = (40, 1_000, 10_000)


def rules(number: int) -> list[tuple[str, str, str]]:
    """A number of rules: a tool, and either a recipient or a word in the text that it must not have."""
    kinds = ("to", "text")
    return [(f"tool_{n % TOOLS}", kinds[n // TOOLS % 2], f"bad_{n}") for n in range(number)]


def calls(made: list[tuple[str, str, str]], number: int, seed: int) -> list[tuple[str, dict[str, Any]]]:
    """A number of calls, no two alike; a tenth of them breaks a rule."""
    rng = random.Random(seed)
    found = []
    for n in range(number):
        tool, kind, value = rng.choice(made)
        broken = rng.random() < 0.1
        words = [f"word{rng.randrange(10_000)}" for _ in range(20)]
        arguments = {"to": f"person_{n}", "text": " ".join(words), "amount": rng.randrange(100)}
        if broken:
            arguments[kind] = value if kind == "to" else f"{arguments['text']} {value}."
        found.append((tool, arguments))
    return found


def ours(made: list[tuple[str, str, str]]) -> Decide:
    """The guard, each call of a session of its own schema."""
    from mpr_logic.guard.guard import Guard
    from mpr_logic.guard.tools import Tools

    properties = {"to": {"type": "string"}, "text": {"type": "string"}, "amount": {"type": "integer"}}
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    tools = Tools([{"name": f"tool_{n}", "inputSchema": schema} for n in range(TOOLS)])
    texts = {
        "to": '@because("no") forbid {0}(to: "{1}").',
        "text": '@because("no") forbid {0}(text: T) :- contains(T, "{1}.").',
    }
    guard = Guard(text="\n".join(texts[kind].format(tool, value) for tool, kind, value in made), tools=tools)
    guard.session("").checker.prepare()
    return lambda tool, arguments: guard.check(tool, arguments).runs


def plain(made: list[tuple[str, str, str]]) -> Decide:
    """The rules as one generated function of ifs."""
    lines = ["def decide(tool, arguments):"]
    for name in dict.fromkeys(tool for tool, _, _ in made):
        lines.append(f"    if tool == {name!r}:")
        for tool, kind, value in made:
            if tool == name:
                test = (
                    f"arguments['to'] == {value!r}"
                    if kind == "to"
                    else f"{value + '.'!r} in arguments['text']"
                )
                lines.append(f"        if {test}: return False")
    lines.append("    return True")
    names: dict[str, Any] = {}
    exec("\n".join(lines), names)
    found: Decide = names["decide"]
    return found


def cedar(made: list[tuple[str, str, str]]) -> Decide:
    """Cedar, by cedarpy, with a parsed policy set."""
    import cedarpy

    tests = {"to": 'context.to == "{0}"', "text": 'context.text like "*{0}.*"'}
    policies = ["permit(principal, action, resource);"]
    policies += [
        f'forbid(principal, action == Action::"{tool}", resource) when {{ {tests[kind].format(value)} }};'
        for tool, kind, value in made
    ]
    parsed, entities = cedarpy.PolicySet.from_str("\n".join(policies)), cedarpy.Entities.from_json_str("[]")

    def decide(tool: str, arguments: dict[str, Any]) -> bool:
        request = {
            "principal": 'User::"agent"',
            "action": f'Action::"{tool}"',
            "resource": 'Tool::"any"',
            "context": arguments,
        }
        return bool(cedarpy.is_authorized(request, parsed, entities).allowed)

    return decide


def rego(made: list[tuple[str, str, str]]) -> Decide:
    """Rego, by regopy, with a built bundle."""
    import regopy

    tests = {"to": 'input.to == "{0}"', "text": 'contains(input.text, "{0}.")'}
    lines = ["package guard", "import rego.v1", "default denied := false"]
    lines += [
        f'denied if {{ input.tool == "{tool}"; {tests[kind].format(value)} }}' for tool, kind, value in made
    ]
    interpreter = regopy.Interpreter()
    interpreter.add_module("guard", "\n".join(lines))
    bundle = interpreter.build("data.guard.denied", ["guard/denied"])

    def decide(tool: str, arguments: dict[str, Any]) -> bool:
        interpreter.set_input({"tool": tool, **arguments})
        return str(interpreter.query_bundle_entrypoint(bundle, "guard/denied")) == '{"expressions":[false]}'

    return decide


CONTESTANTS: dict[str, tuple[str | None, Callable[[list[tuple[str, str, str]]], Decide]]] = {
    "mpr_logic guard": (None, ours),
    "plain if": (None, plain),
    "cedarpy": ("cedarpy", cedar),
    "regopy": ("regopy", rego),
}


def measured(decide: Decide, asked: Sequence[tuple[str, dict[str, Any]]], budget: float) -> list[Any]:
    """For each call the answer, its seconds of CPU, and of wall-clock; it ends early where the budget of
    seconds is used up."""
    found = []
    end = time.perf_counter() + budget
    for tool, arguments in asked:
        start, begun = time.perf_counter(), time.thread_time()
        answer = decide(tool, arguments)
        worked, ended = time.thread_time() - begun, time.perf_counter()
        found.append((answer, worked, ended - start))
        if ended > end:
            break
    return found


def middle_and_tail(seconds: Iterable[float]) -> tuple[float, float]:
    """p50 and p99, in microseconds."""
    ordered = sorted(each * 1e6 for each in seconds)
    return ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.guard", description=__doc__)
    parser.add_argument("--rules", type=int, nargs="+", default=SIZES)
    parser.add_argument("--calls", type=int, default=5_000)
    parser.add_argument("--seconds", type=float, default=10.0, help="for each contestant and size")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args(argv)
    lines, wrong = [], 0
    for size in options.rules:
        made = rules(size)
        asked, warm = calls(made, options.calls, 1), calls(made, 200, 2)
        expected = plain(made)
        reference = [expected(*call) for call in asked]
        for name, (package, make) in CONTESTANTS.items():
            if package is not None and find_spec(package) is None:
                print(f"{size:>6} rules  {name:<16} not installed")
                continue
            start = time.perf_counter()
            decide = make(made)
            made_in = time.perf_counter() - start
            measured(decide, warm, options.seconds / 4)
            found = measured(decide, asked, options.seconds)
            agrees = [answer for answer, _, _ in found] == reference[: len(found)]
            wrong += not agrees
            p50, p99 = middle_and_tail(worked for _, worked, _ in found)
            wall50, wall99 = middle_and_tail(passed for _, _, passed in found)
            lines.append({
                "rules": size, "engine": name, "calls": len(found), "p50_us": p50, "p99_us": p99,
                "wall_p50_us": wall50, "wall_p99_us": wall99, "made_in_s": made_in, "agrees": agrees,
            })  # fmt: skip
            print(
                f"{size:>6} rules  {name:<16} p50 {p50:>9.1f} µs   p99 {p99:>9.1f} µs   "
                f"wall-clock {wall50:>9.1f} µs, {wall99:>9.1f} µs   {len(found):>5} calls   "
                f"made in {made_in:.2f} s{'' if agrees else '   DIFFERENT ANSWERS'}",
                flush=True,
            )
    if options.json is not None:
        options.json.write_text(json.dumps(lines, indent=1) + "\n", encoding="utf-8")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
