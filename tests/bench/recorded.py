"""``python -m tests.bench.recorded FILE... [--rounds N] [--json FILE]``: recorded calls, and Cedar and Rego.

The calls of recorded conversations in an airline (tau-bench, tau2-bench), and four laws that each engine can
say: a limit of an amount, a number, a word in a set, a text that must not hold a sign. The contestants take
turns, round by round, in one process; all must give the same answers. Times are CPU time of the thread. The
guard also checks the call against its declaration, keeps its history and gives reasons; the others answer yes
or no, with parsed policies.
"""

from __future__ import annotations

import argparse
import json
from importlib.util import find_spec
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any

from mpr_logic.guard.guard import Guard
from mpr_logic.guard.recordings.files import recordings_in
from mpr_logic.guard.recordings.recording import Recording
from tests.bench.guard import measured, middle_and_tail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tests.bench.guard import Decide

    Call = tuple[str, dict[str, Any]]

LAWS = """
@because("{A} is too much")
forbid send_certificate(amount: A) :- A is int, A > 50.
@because("{N} bags are too many")
forbid book_reservation(total_baggages: N) :- N is int, N > 2.
@because("no {C}")
forbid update_reservation_flights(cabin: C) :- C in {basic_economy, business}.
@because("no products")
forbid calculate(expression: E) :- E is symbol, contains(E, "*").
"""
CEDAR = """
permit(principal, action, resource);
forbid(principal, action == Action::"send_certificate", resource) when { context.amount > 50 };
forbid(principal, action == Action::"book_reservation", resource) when { context.total_baggages > 2 };
forbid(principal, action == Action::"update_reservation_flights", resource)
when { ["basic_economy", "business"].contains(context.cabin) };
forbid(principal, action == Action::"calculate", resource) when { context.expression like "*\\**" };
"""
REGO = """
package guard
import rego.v1
default denied := false
denied if { input.tool == "send_certificate"; input.arguments.amount > 50 }
denied if { input.tool == "book_reservation"; input.arguments.total_baggages > 2 }
denied if {
    input.tool == "update_reservation_flights"
    input.arguments.cabin in {"basic_economy", "business"}
}
denied if { input.tool == "calculate"; contains(input.arguments.expression, "*") }
"""


def recorded_calls(files: Iterable[Path]) -> list[Call]:
    """The calls of the recordings in some files."""
    return [
        (call.tool, dict(call.arguments))
        for _, recording in recordings_in(list(files))
        if isinstance(recording, Recording)
        for message in recording.messages
        for call in message.calls
    ]


def plain(_: Sequence[Call]) -> Decide:
    """The laws as ifs."""

    def decide(tool: str, arguments: dict[str, Any]) -> bool:
        if tool == "send_certificate":
            return not arguments["amount"] > 50
        if tool == "book_reservation":
            return not arguments["total_baggages"] > 2
        if tool == "update_reservation_flights":
            return arguments["cabin"] not in {"basic_economy", "business"}
        return not (tool == "calculate" and "*" in arguments["expression"])

    return decide


def ours(calls: Sequence[Call]) -> Decide:
    """The guard, in one session. Its actions have the arguments that the calls have."""
    named: dict[str, dict[str, None]] = {
        "send_certificate": {"amount": None},
        "book_reservation": {"total_baggages": None},
        "update_reservation_flights": {"cabin": None},
        "calculate": {"expression": None},
    }
    for tool, arguments in calls:
        named.setdefault(tool, {}).update(dict.fromkeys(arguments))
    declared = (f".action {t}({', '.join(f'{a}?: any' for a in names)})" for t, names in named.items())
    guard = Guard(text="\n".join([*declared, LAWS]), prepare=True)
    return lambda tool, arguments: guard.check(tool, arguments).runs


def cedar(_: Sequence[Call]) -> Decide:
    """Cedar, by cedarpy. It has no fractions and no null: these are left out."""
    import cedarpy

    parsed, entities = cedarpy.PolicySet.from_str(CEDAR), cedarpy.Entities.from_json_str("[]")

    def decide(tool: str, arguments: dict[str, Any]) -> bool:
        request = {
            "principal": 'User::"agent"',
            "action": f'Action::"{tool}"',
            "resource": 'Tool::"any"',
            "context": {k: v for k, v in arguments.items() if isinstance(v, (str, int))},
        }
        return bool(cedarpy.is_authorized(request, parsed, entities).allowed)

    return decide


def rego(_: Sequence[Call]) -> Decide:
    """Rego, by regopy, with a built bundle."""
    import regopy

    interpreter = regopy.Interpreter()
    interpreter.add_module("guard", REGO)
    bundle = interpreter.build("data.guard.denied", ["guard/denied"])

    def decide(tool: str, arguments: dict[str, Any]) -> bool:
        interpreter.set_input({"tool": tool, "arguments": arguments})
        return str(interpreter.query_bundle_entrypoint(bundle, "guard/denied")) == '{"expressions":[false]}'

    return decide


CONTESTANTS: dict[str, tuple[str | None, Callable[[Sequence[Call]], Decide]]] = {
    "mpr_logic guard": (None, ours),
    "plain if": (None, plain),
    "cedarpy": ("cedarpy", cedar),
    "regopy": ("regopy", rego),
}


def compared(calls: Sequence[Call], rounds: int) -> list[dict[str, Any]]:
    """The times of each contestant that is installed, their ratios to ours, round by round, and whether its
    answers are those of the ifs."""
    made = {
        name: make(calls)
        for name, (package, make) in CONTESTANTS.items()
        if package is None or find_spec(package) is not None
    }
    expected = [answer for answer, _, _ in measured(made["plain if"], calls, 60)]
    seconds: dict[str, list[float]] = {name: [] for name in made}
    middles: dict[str, list[float]] = {name: [] for name in made}
    agrees = dict.fromkeys(made, True)
    for number in range(rounds + 1):
        for name, decide in made.items():
            found = measured(decide, calls, 60)
            agrees[name] = agrees[name] and [answer for answer, _, _ in found] == expected
            if number:  # the first round warms up
                seconds[name] += [worked for _, worked, _ in found]
                middles[name].append(median(worked for _, worked, _ in found))
    lines = []
    for name in made:
        p50, p99 = middle_and_tail(seconds[name])
        ratios = [
            theirs / mine for theirs, mine in zip(middles[name], middles["mpr_logic guard"], strict=True)
        ]
        low, middle, high = quantiles(ratios, n=4) if rounds > 1 else ratios * 3
        lines.append({
            "engine": name, "calls": len(calls), "rejected": expected.count(False), "agrees": agrees[name],
            "p50_us": p50, "p99_us": p99, "ratio": middle, "ratio_low": low, "ratio_high": high,
        })  # fmt: skip
    return lines


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.recorded", description=__doc__)
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args(argv)
    lines = compared(recorded_calls(options.files), options.rounds)
    for each in lines:
        print(
            f"{each['engine']:<16} p50 {each['p50_us']:>8.1f} µs   p99 {each['p99_us']:>8.1f} µs   "
            f"{each['ratio']:.3f} of our p50 ({each['ratio_low']:.3f} to {each['ratio_high']:.3f})   "
            f"{each['calls']} calls, {each['rejected']} rejected"
            f"{'' if each['agrees'] else '   DIFFERENT ANSWERS'}"
        )
    for name in CONTESTANTS.keys() - {each["engine"] for each in lines}:
        print(f"{name:<16} not installed: pip install 'mpr-logic[bench]'")
    if options.json is not None:
        options.json.write_text(json.dumps(lines, indent=1) + "\n", encoding="utf-8")
    return 0 if all(each["agrees"] for each in lines) else 1


if __name__ == "__main__":
    raise SystemExit(main())
