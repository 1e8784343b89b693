"""The text of ``mpr memory``: rules, changes and counts of a memory as lines for people."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mpr_logic.memory.records import (
        Change,
        Citation,
        Imported,
        PassedOver,
        Refusal,
        StoredEpisode,
        StoredRule,
    )
    from mpr_logic.memory.store import Memory

SHOWN = 20
"""Of more ids than this in one line, the rest are counted."""


def table(rules: Sequence[StoredRule]) -> list[str]:
    """A line for each rule."""
    if not rules:
        return []
    rows = [("weight", "status", "by", "wrong", "right", "id", "rule")]
    rows += [
        (f"{r.weight:.4g}", r.status, r.kind, str(r.wrong), str(r.right), r.id, _clause(r)) for r in rules
    ]
    return columns(rows)


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of one length, their columns aligned; the last is left as it is."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    return ["  ".join([*map(str.ljust, row[:-1], widths), row[-1]]).rstrip() for row in rows]


def _clause(rule: StoredRule) -> str:
    """The clause on one line, without annotations and comments."""
    from mpr_logic.language.parser import parse_clause
    from mpr_logic.language.printer import print_clause

    text = print_clause(parse_clause(rule.text), annotations=False)
    return " ".join(part.strip() for part in text.split("\n"))


def rule_lines(
    rule: StoredRule,
    episodes: Iterable[StoredEpisode],
    cited: Sequence[Citation],
    log: Sequence[Change],
) -> list[str]:
    """All that is known of a rule."""
    from mpr_logic.analysis.report import count

    by = f", by {rule.by}" if rule.by else ""
    lines = [*rule.text.split("\n"), ""]
    lines.append(f"{rule.id}: {rule.status}{by}, weight {rule.weight:g}, {_author(rule)}")
    groups = f"{count(rule.wrong, 'group')} wrong, {rule.right} right"
    lines.append(f"seen: {groups} ({count(rule.trials, 'observation')})")
    if rule.kind == "hand" and (rule.wrong or rule.right):
        lines.append(f"by that alone it would weigh {rule.belief:g}; a hand-written weight stays")
    if rule.contradicted:
        lines.append("contradicted by what was seen")
    if rule.held:
        lines.append(f"held back, it is no law: {rule.held}")
    lines += [f"taught by episode {e.id}: {e.task}, {'won' if e.won else 'not won'}" for e in episodes]
    laws = sum(c.law for c in cited)
    if cited:
        decisions, rejections = count(len(cited), "recorded decision"), count(laws, "rejection")
        lines.append(f"cited by {decisions}, {rejections} among them")
    return [*lines, "", *change_lines(log)]


def _author(rule: StoredRule) -> str:
    return {"hand": "hand-written", "model": "written by a model", "induced": "induced"}[rule.kind]


def change_lines(changes: Iterable[Change]) -> list[str]:
    """A line for each change."""
    rows = [
        (
            str(c.revision),
            c.at[:19].replace("T", " "),
            c.kind if c.live else f"({c.kind})",
            _about(c),
        )
        for c in changes
    ]
    return columns(rows) if rows else []


def _about(change: Change) -> str:
    about = [f"episode {change.episode}"] if change.episode is not None else []
    if change.rule is not None:
        about.append(f"{change.rule}{f' to {change.to}' if change.to else ''}")
    elif change.to is not None:
        about.append(f"to {change.to}")
    cause = " ".join(change.cause.split())
    return ": ".join([*about, cause]) if about else cause


def refusal_lines(refused: Iterable[Refusal]) -> list[str]:
    """Two lines for each refused candidate: its text, and why."""
    lines = []
    for each in refused:
        place = "" if each.episode is None else f", episode {each.episode}"
        lines += [f"{' '.join(each.text.split())}  ({each.kind}{place})", f"    {each.reason}"]
    return lines


def passed_over_lines(found: Sequence[PassedOver], rules: Mapping[str, str]) -> list[str]:
    """A line for each episode that cannot be learned from, and each learned rule that does not fit."""
    lines = [f"passed over: rule {id}: {reason}" for id, reason in rules.items()]
    lines += [f"passed over: {each}" for each in found[:SHOWN]]
    return lines + ([f"and {len(found) - SHOWN} more are passed over"] if len(found) > SHOWN else [])


def unfit_lines(found: Sequence[dict[str, Any]]) -> list[str]:
    """A line for each imported episode that learning will pass over."""
    lines = [
        f"{each['file']}: episode {each['episode']} ({each['task']}), turn {each['turn']}: {each['reason']}; "
        "learning passes over it"
        for each in found[:SHOWN]
    ]
    return lines + ([f"and {len(found) - SHOWN} more"] if len(found) > SHOWN else [])


def import_lines(found: Imported, episodes: Sequence[int]) -> list[str]:
    """The lines that tell the user what an import changed: rules, and episodes."""
    ruled = any((found.new, found.changed, found.unchanged, found.removed)) or not episodes
    lines = [
        f"{len(found.new)} new, {len(found.changed)} changed, {len(found.unchanged)} unchanged, "
        f"{len(found.removed)} removed"
    ] * ruled
    for word, ids in (("new", found.new), ("changed", found.changed), ("removed", found.removed)):
        if ids:
            more = f" and {len(ids) - SHOWN} more" if len(ids) > SHOWN else ""
            lines.append(f"{word}: {', '.join(ids[:SHOWN])}{more}")
    if episodes:
        one = len(episodes) == 1
        lines.append(f"episode {episodes[0]}" if one else f"episodes {episodes[0]} to {episodes[-1]}")
    return lines


def untold_lines(memory: Memory, episodes: Iterable[int]) -> list[str]:
    """A line that counts the turns of which nobody said how they went, if there are any."""
    from mpr_logic.analysis.report import count

    turns = [json.loads(line) for id in episodes for line in memory.trajectory(id)]
    untold = sum(t.get("action") is not None and t.get("succeeded") is None for t in turns)
    if not untold:
        return []
    return [f"{count(untold, 'turn')} without an outcome (`succeeded`): nothing is learned from them"]


def stats_lines(counts: dict[str, Any], intact: bool) -> list[str]:
    """The numbers of a memory."""
    rows = []
    for name, value in counts.items():
        shown = ", ".join(f"{n} {k}" for k, n in value.items()) if isinstance(value, dict) else str(value)
        rows.append((name, shown))
    return [*columns(rows), "the database is whole" if intact else "the database is damaged: take a backup"]
