"""The answers of ``mpr replay``: tables for people, and JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mpr_logic.analysis.report import count
from mpr_logic.cli.memory_text import columns
from mpr_logic.cli.output import ASKED, shortened
from mpr_logic.guard.replay import OUTCOMES
from mpr_logic.guard.replay_tally import ASKED_FOR, RANKS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mpr_logic.guard.recordings.recording import Label
    from mpr_logic.guard.replay import Decided
    from mpr_logic.guard.replay_job import CallName
    from mpr_logic.guard.replay_tally import Change, Count, Example, Tally

SHOWN, WIDEST = 40, 80
"""The most lines of one table, and characters in a column; JSON has them all."""

LIMITS = """\
A replay cannot show what an agent would have done after a call that is stopped: calls behind the first one of
a recording are counted apart, as `after`."""


def text_of(
    tally: Tally,
    explained: Sequence[Example] | None = None,
    missing: Sequence[CallName] = (),
    *,
    compared: bool,
) -> str:
    """The report for people.

    Args:
        tally: what was found.
        explained: the calls of which an explanation was asked for; None where none was.
        missing: the calls that were asked for and are not there.
        compared: whether two sets of rules were.
    """
    parts = [_head(tally)]
    if tally.rows:
        parts += [
            LIMITS,
            _table(["outcome"], _outcomes(tally)),
            _table(
                ["rule", "tool", "outcome"],
                [((rule or "-", *rest), of) for (rule, *rest), of in _rows(tally)],
            ),
        ]
    if any(tally.labelled):
        parts.append(_labels(tally))
    labels = {name for names in tally.labelled for name, _ in names}
    for name in tally.by or ():
        if name in tally.left_out:
            parts.append(f"the label `{name}` has more than {ASKED_FOR} values: it is not counted by")
        elif name not in labels:
            parts.append(f"no recording has the label `{name}`")
    if compared:
        parts.append(_changes(tally))
    elif tally.examples:
        parts.append("\n".join(["first examples", *_examples(tally)]).rstrip())
    if explained is not None:
        lines = [line for each in explained for line in _example(_said(each), each)]
        parts += ["\n".join(["asked for", *lines]).rstrip()] if lines else []
        parts += [f"no recording has the call `{each}`" for each in missing]
    if tally.undeclared:
        rows = [(name[:WIDEST], str(number)) for name, number in tally.undeclared.most_common()]
        said = "tools that nothing declares: a guard rejects their calls, which are not counted above"
        parts.append("\n".join([said, *_cut(columns([("tool", "calls"), *rows]))]))
    if tally.remarked:
        lines = [f"{name}: {remark}" for _, name, remark in tally.remarks]
        parts.append("\n".join([f"recordings that were not understood whole: {tally.remarked}", *lines]))
    if tally.broken:
        lines = [f"{name}: {error}" for _, name, error in tally.named]
        more = tally.broken - len(lines)
        lines += [f"and {more} more"] if more else []
        parts.append("\n".join([f"records that could not be replayed: {tally.broken}", *lines]))
    return "\n\n".join(parts)


def _head(tally: Tally) -> str:
    undeclared = tally.undeclared.total()
    decided = tally.calls - undeclared
    said = f"{count(tally.recordings, 'recording')}, {count(tally.calls, 'call')}, {decided} of them decided"
    if decided:
        times = ", ".join(f"p{share} {_time(tally.seconds(share / 100))}" for share in (50, 99))
        said += f" ({times})"
    if tally.without_clock:
        without = count(tally.without_clock, "recording")
        said += f"\n{without} without times: decided at the time of the replay, or --now"
    return said


def _time(seconds: float) -> str:
    return f"{seconds * 1e3:.3g} ms"


def _table(heads: Sequence[str], rows: Iterable[tuple[tuple[str, ...], Count]]) -> str:
    lines = [
        (*(each[:WIDEST] for each in key), str(count.calls), str(count.recordings), str(count.after))
        for key, count in rows
    ]
    return "\n".join(_cut(columns([(*heads, "calls", "recordings", "after"), *lines])))


def _cut(lines: list[str]) -> list[str]:
    more = len(lines) - SHOWN - 1
    return [*lines[: SHOWN + 1], f"and {more} more: see --json"] if more > 0 else lines


def _outcomes(tally: Tally) -> list[tuple[tuple[str, ...], Count]]:
    return [((said,), tally.outcomes[said]) for said in OUTCOMES if said in tally.outcomes]


def _rows(tally: Tally) -> list[tuple[tuple[str, str, str], Count]]:
    """The rows, the gravest outcomes and most calls first."""

    def order(item: tuple[tuple[str, str, str], Count]) -> Any:
        (rule, tool, said), count = item
        return RANKS[said], -count.calls - count.after, rule, tool

    return sorted(tally.rows.items(), key=order)


def _labels(tally: Tally) -> str:
    """The recordings by their labels, and by what came of each."""
    ends = [said for said in (*OUTCOMES, "undeclared") if tally.ends[said]]
    rows = [("recordings with", "all", *ends)]
    for labels, counts in _by_labels(tally):
        said = ", ".join(f"{name}={_label(value)}" for name, value in labels) or "no label"
        rows.append((said, str(counts.total()), *(str(counts[end]) for end in ends)))
    return "\n".join(_cut(columns(rows)))


def _by_labels(tally: Tally) -> list[tuple[tuple[tuple[str, Label], ...], Any]]:
    return sorted(tally.labelled.items(), key=lambda item: [(n, str(v)) for n, v in item[0]])


def _label(value: Label) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _examples(tally: Tally) -> list[str]:
    lines: list[str] = []
    seen: set[Any] = set()
    for (rule, said), examples in _ranked(tally):
        for each in examples:
            lines += _example(f"{rule or '-'}, {said}", each, again=each.key in seen)
            if each.decided.explanation is not None:
                seen.add(each.key)
    return lines if seen else _cut(lines)  # those that are explained are few, and were asked for


def _ranked(tally: Tally) -> list[tuple[tuple[str, str], list[Example]]]:
    return sorted(tally.examples.items(), key=lambda item: (RANKS[item[0][1]], item[0]))


def _ranked_changes(tally: Tally) -> list[tuple[Change, Count]]:
    return sorted(tally.changes.items(), key=lambda item: (-item[1].calls - item[1].after, item[0]))


def first_examples(tally: Tally, *, compared: bool) -> list[Example]:
    """The first example of each rule and outcome, or of each change, in the order of the report."""
    if compared:
        return [tally.changed[change][0] for change, _ in _ranked_changes(tally)]
    return [examples[0] for _, examples in _ranked(tally)]


def _said(example: Example) -> str:
    now, before = example.decided, example.before
    if before is not None:
        return f"{before.outcome} -> {now.outcome}"
    return f"{', '.join(now.rules) or '-'}, {now.outcome}"


def _example(said: str, example: Example, *, again: bool = False) -> list[str]:
    """The lines of a call: where it is, its arguments, and why it is so, unless that was said."""
    now, before = example.decided, example.before
    given = json.dumps(dict(now.call.arguments), ensure_ascii=False, default=str)
    lines = [
        f"  {said}: {example.recording}, call {now.number}",
        f"    {now.call.tool} {given if len(given) <= 200 else given[:199] + '…'}",
    ]
    told = [_explanation(each) for each in (before, now) if each is not None and each.explanation is not None]
    if again or not told:
        message = "explained above" if again else now.message[:200]
        return lines + ([f"    {message}"] if message else [])
    for text in told:
        lines += ["", *(f"    {line}".rstrip() for line in shortened(text).split("\n"))]
    return [*lines, ""]


def _explanation(decided: Decided) -> str:
    """The text of an explanation, and what a guard would do."""
    assert decided.explanation is not None
    text = decided.explanation.text
    if decided.outcome == "rewritten":
        return f"✗ the call is rejected as it is, and rewritten:\n{text}"
    return f"{text}\n\n{ASKED}" if decided.outcome == "escalated" else text


def _changes(tally: Tally) -> str:
    """The calls of which the rules say something else than those that they are held against."""
    if not tally.changes:
        return "nothing changes"
    ranked = _ranked_changes(tally)
    rows = [
        ((tool, " ".join([was, *old]), " ".join([now, *new])), count)
        for (tool, was, old, now, new), count in ranked
    ]
    lines = ["what changes", _table(["tool", "was", "is"], rows), "", "smallest examples"]
    for change, _ in ranked[:SHOWN]:
        each = tally.changed[change][0]
        lines += _example(_said(each), each)
    return "\n".join(lines).rstrip()


def content_of(tally: Tally, explained: Sequence[Example] | None = None, *, compared: bool) -> dict[str, Any]:
    """The report for programs.

    Args:
        tally: what was found.
        explained: the calls of which an explanation was asked for; None where none was.
        compared: whether two sets of rules were.
    """

    def count(of: Count) -> dict[str, int]:
        return {"calls": of.calls, "recordings": of.recordings, "after": of.after}

    content: dict[str, Any] = {
        "recordings": tally.recordings,
        "stopped": tally.stopped,
        "calls": tally.calls,
        "seconds": {"p50": round(tally.seconds(0.5), 9), "p99": round(tally.seconds(0.99), 9)},
        "without_clock": tally.without_clock,
        "outcomes": [{"outcome": said, **count(of)} for (said,), of in _outcomes(tally)],
        "rows": [
            {"rule": rule or None, "tool": tool, "outcome": said, **count(of)}
            for (rule, tool, said), of in _rows(tally)
        ],
        "labels": [
            {"labels": dict(labels), "recordings": ends.total(), "outcomes": dict(ends)}
            for labels, ends in _by_labels(tally)
        ],
        "examples": [each.to_json() for _, examples in _ranked(tally) for each in examples],
        "undeclared": dict(tally.undeclared),
        "broken": {
            "records": tally.broken,
            "first": [{"recording": name, "error": error} for _, name, error in tally.named],
        },
    }
    if tally.remarked:
        first = [{"recording": name, "remark": remark} for _, name, remark in tally.remarks]
        content["remarks"] = {"recordings": tally.remarked, "first": first}
    if explained is not None:
        content["explained"] = [each.to_json() for each in explained]
    if compared:
        content["changes"] = [
            {
                "tool": tool,
                "was": {"outcome": was, "rules": list(old)},
                "is": {"outcome": now, "rules": list(new)},
                **count(of),
                "examples": [each.to_json() for each in tally.changed[tool, was, old, now, new]],
            }
            for (tool, was, old, now, new), of in sorted(tally.changes.items())
        ]
    return content
