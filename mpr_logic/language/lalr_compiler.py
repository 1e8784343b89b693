"""Makes Lark work out the parser's tables; ``python -m mpr_logic.language.lalr_compiler`` stores them."""

from __future__ import annotations

import json
import re
from typing import Any

from lark import Lark
from lark.parsers.lalr_analysis import Shift

from mpr_logic.resources import GRAMMAR, TABLES, checksum, grammar_folder, grammar_text

STARTS = ("statement", "atom")


def compile_grammar(text: str) -> dict[str, Any]:
    """The tables that Lark works out for a grammar; as plain data, ready for JSON."""
    lark = Lark(text, parser="lalr", start=list(STARTS), maybe_placeholders=False)
    made: Any = lark.parser.parser._parse_table
    rules = sorted(lark.rules, key=lambda r: (r.origin.name, r.order, str(r.expansion)))
    reduce = {rule: -i - 1 for i, rule in enumerate(rules)}
    # Lark's numbering changes from run to run: number the states in the order of their discovery
    states: list[dict[str, int]] = []
    number = {made.start_states[start]: i for i, start in enumerate(STARTS)}
    queue = list(number)
    for old in queue:
        row: dict[str, int] = {}
        for symbol, (act, arg) in sorted(made.states[old].items(), key=lambda entry: entry[0]):
            if act is not Shift:
                row[symbol] = reduce[arg]
                continue
            if arg not in number:
                number[arg] = len(number)
                queue.append(arg)
            row[symbol] = number[arg]
        states.append(row)
    words, patterns = _terminals(lark)
    return {
        "grammar": checksum(text),
        "starts": {start: number[made.start_states[start]] for start in STARTS},
        "ends": {start: number[made.end_states[start]] for start in STARTS},
        "words": words,
        "patterns": patterns,
        "ignored": sorted(lark.ignore_tokens),
        "productions": [_production(rule) for rule in rules],
        "states": states,
    }


def _production(rule: Any) -> list[Any]:
    name = rule.origin.name
    keep = [not getattr(symbol, "filter_out", False) for symbol in rule.expansion]
    hidden = name.startswith("_") or (rule.options.expand1 and not rule.alias and sum(keep) == 1)
    return [name, None if hidden else rule.alias or name, keep]


def _terminals(lark: Any) -> tuple[dict[str, str], list[list[str]]]:
    """Keywords apart from the patterns; the patterns in the order in which Lark would try them."""
    name = next(t for t in lark.terminals if t.name == "NAME").pattern.to_regexp()
    words: dict[str, str] = {}
    others = []
    for terminal in lark.terminals:
        if terminal.pattern.type == "str" and re.fullmatch(name, terminal.pattern.value):
            words[terminal.pattern.value] = terminal.name
        else:
            others.append(terminal)
    others.sort(key=lambda t: (-t.priority, -t.pattern.max_width, -len(t.pattern.value), t.name))
    return words, [[t.name, t.pattern.to_regexp()] for t in others]


def as_json(tables: dict[str, Any]) -> str:
    """Tables as the text of their file: one state to a line."""
    text = json.dumps(tables, separators=(",", ":"), sort_keys=True)
    return text.replace("},{", "},\n{") + "\n"


if __name__ == "__main__":
    (grammar_folder() / TABLES).write_text(as_json(compile_grammar(grammar_text(GRAMMAR))), encoding="utf-8")
