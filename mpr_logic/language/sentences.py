"""The words of tests, and what a sentence of a test may be: what the grammar leaves open."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from mpr_logic.language.ast import Atom, Clause, Const, Sentence, Var, nodes
from mpr_logic.language.diagnostics import Diagnostic
from mpr_logic.language.lexer import comment_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mpr_logic.language.ast import Range, RuleTest, Span
    from mpr_logic.language.lexer import Token
    from mpr_logic.language.source import SourceText

EXPECT = "expect"

MOST_CASES = 10_000
"""The most cases that the table of one test, or of one sentence, comes to."""


class _Form(NamedTuple):
    """A sentence as it must be: the kind of its object, what may stand behind each tail word (``ids``,
    ``action``, ``text``, ``number``, ``value``, or nothing), and an example."""

    object: str
    tails: dict[str, str]
    example: str


_BY = {"": "", "by": "ids"}

VERDICTS = {
    "admitted": _Form("action", {"": ""}, "expect admitted open(fridge)."),
    "rejected": _Form("action", _BY, "expect rejected put(apple, fridge) by closed, full."),
    "advised": _Form("action", _BY, "expect advised put(milk, shelf) by goes_off."),
    "preferred": _Form("action", _BY, "expect preferred put(milk, fridge) by keep_cold."),
    "unpreferred": _Form("action", {"": ""}, "expect unpreferred put(salt, fridge)."),
    "escalated": _Form("action", _BY, "expect escalated pay(ann, 900) by large."),
    "uninformed": _Form(
        "action", {"": "", "asks": "action"}, "expect uninformed light(stove) asks sniff(stove)."
    ),
    "rewritten": _Form("action", {"to": "action"}, "expect rewritten send(ann, 3) to send(ann, 2)."),
    "unfit": _Form("action", {"": ""}, 'expect unfit pay(ann, "much").'),
    "undecided": _Form("action", {"": ""}, "expect undecided pay(ann, 1)."),
    "proof": _Form("action", {"as": "text"}, 'expect proof put(apple, fridge) as "closed.txt".'),
}
"""The words behind ``expect``. Without one, a fact is expected to hold, or with ``not`` not to."""

STEPS = {
    "run": _Form(
        "action", {"": "", "gives": "text", "fails": "", "pending": "", "approved": ""}, "run open(fridge)."
    ),
    "user": _Form("text", {"": ""}, 'user "buy milk".'),
    "system": _Form("text", {"": ""}, 'system "you shop for people".'),
    "assistant": _Form("text", {"": ""}, 'assistant "shall I?".'),
    "state": _Form("text", {"": ""}, 'state "kitchen.json".'),
    "recording": _Form("text", {"": "", "at": "number"}, 'recording "tuesday.json" at 3.'),
    "now": _Form("text", {"": ""}, 'now "2026-01-01T10:00:00Z".'),
    "param": _Form("name", {"=": "value"}, "param most = 5."),
}
"""The words that begin a sentence which changes something."""

_OTHERS = {
    "allowed": "admitted", "allow": "admitted", "permitted": "admitted", "permit": "admitted",
    "admissible": "admitted", "accepted": "admitted", "admit": "admitted", "ok": "admitted",
    "passes": "admitted",
    "denied": "rejected", "deny": "rejected", "forbidden": "rejected", "blocked": "rejected",
    "reject": "rejected", "refused": "rejected", "violates": "rejected", "fails": "rejected",
    "unpermitted": "rejected",
    "warned": "advised", "advice": "advised", "warns": "advised", "discouraged": "advised",
    "asked": "escalated", "escalates": "escalated", "approval": "escalated",
    "unknown": "uninformed", "modified": "rewritten", "changed": "rewritten", "rewrites": "rewritten",
    "error": "undecided", "invalid": "unfit", "explained": "proof", "snapshot": "proof",
}  # fmt: skip
_OTHER_STEPS = {
    "do": "run", "call": "run", "act": "run", "execute": "run", "make": "run", "step": "run", "then": "run",
    "human": "user", "said": "user", "time": "now", "clock": "now", "at": "now", "load": "state",
    "file": "state", "facts": "state", "replay": "recording", "log": "recording", "set": "param",
    "parameter": "param",
}  # fmt: skip
_GIVEN = frozenset({"given", "assume", "fact", "with", "let", "assert", "input", "data", "when", "before"})
_CLAIMS = {
    "holds": "", "derived": "", "derives": "", "true": "", "fact": "",
    "absent": "not ", "false": "not ", "underived": "not ",
}  # fmt: skip


def sentence_faults(test: RuleTest, source: SourceText) -> list[Diagnostic]:
    """The faults of a test that the grammar lets pass: words that mean nothing, sentences that lack
    something, tables whose rows do not fit, variables without a value."""
    return [
        Diagnostic(code, message, span, help=help, source_line=source.line(span.line))
        for code, message, span, help in _faults(test)
    ]


_Fault = tuple[str, str, "Span", str]


def _faults(test: RuleTest) -> Iterator[_Fault]:
    yield from _table_faults(test.ranges, test.span, ())
    outer = {name for each in test.ranges for name in each.variables}
    for item in test.items:
        known = outer
        if isinstance(item, Sentence):
            yield from _table_faults(item.ranges, item.span, outer)
            known = outer | {name for each in item.ranges for name in each.variables}
            yield from _form_faults(item)
        yield from _loose(item, known)


def _form_faults(item: Sentence) -> Iterator[_Fault]:
    word = item.words[-1]
    if item.words[0] == EXPECT and (len(item.words) == 1 or word == "not"):
        return
    words, others = (VERDICTS, _OTHERS) if item.words[0] == EXPECT else (STEPS, _OTHER_STEPS)
    form = words.get(word)
    if form is None:
        yield "E0700", f"`{word}` is no word of a test", item.span, _meant(item, word, words, others)
        return
    help = f"write it like `{form.example}`"
    if not _fits(form.object, (item.object,)):
        yield "E0701", f"behind `{word}` stands {_KINDS[form.object]}", item.span, help
    elif item.tail not in form.tails:
        found = f"`{item.tail}`" if item.tail else "nothing"
        yield "E0701", f"{found} stands behind what is {word}, where {_tails(form)}", item.span, help
    elif not _fits(form.tails[item.tail], item.others):
        wanted = _KINDS[form.tails[item.tail]]
        yield "E0701", f"behind `{item.tail}` stands {wanted}", item.span, help


def _tails(form: _Form) -> str:
    words = [f"`{each}`" for each in form.tails if each]
    if not words:
        return "nothing more is said"
    return f"{' or '.join(words)} may stand" if "" in form.tails else f"{' or '.join(words)} is needed"


def _meant(item: Sentence, word: str, words: dict[str, _Form], others: dict[str, str]) -> str:
    from difflib import get_close_matches

    if item.words[0] == EXPECT and word in _CLAIMS:
        return f"of a fact write `expect {_CLAIMS[word]}full(fridge).`"
    if item.words[0] != EXPECT and word in _GIVEN:
        return "a fact that is given stands alone: `holding(apple).`"
    if item.words[0] != EXPECT and word in {*VERDICTS, *_OTHERS}:
        return f"write `{EXPECT} {_OTHERS.get(word, word)}` in its place"
    meant = others.get(word) or next(iter(get_close_matches(word, words, 1)), None)
    if meant is not None:
        return f"write `{meant}` in its place"
    return f"the words are {', '.join(f'`{each}`' for each in words)}"


_KINDS = {
    "action": "an action, such as `open(fridge)`",
    "text": "a text in quotes",
    "number": "a number",
    "name": "a name",
    "value": "a value",
    "ids": "the ids of rules",
    "": "nothing",
}


def _fits(kind: str, found: tuple[Atom | Const, ...]) -> bool:
    if kind == "ids":
        return bool(found) and all(_is_id(each) for each in found)
    if kind == "":
        return not found
    if len(found) != 1:
        return False
    (each,) = found
    if kind in ("action", "name"):
        return isinstance(each, Atom) and not (kind == "name" and each.args)
    if kind == "number":
        return isinstance(each, Const) and isinstance(each.value, int)
    return isinstance(each, Const) and (kind == "value" or isinstance(each.value, str))


def _is_id(each: Atom | Const) -> bool:
    return not each.args if isinstance(each, Atom) else isinstance(each.value, str)


def _table_faults(ranges: tuple[Range, ...], span: Span, outer: object) -> Iterator[_Fault]:
    seen = set(outer) if isinstance(outer, set) else set[str]()
    cases = 1
    for each in ranges:
        cases *= len(each.rows)
        for name in each.variables:
            if name in seen:
                help = "give each column of a table a variable of its own"
                yield "E0702", f"`{name}` has its values from two places", each.span, help
            seen.add(name)
        for row in each.rows:
            if len(row) != len(each.variables):
                at = row[0].span._replace(end_line=row[-1].span.end_line, end_column=row[-1].span.end_column)
                message = f"this row has {len(row)} values for {len(each.variables)} variables"
                yield "E0702", message, at, "give each variable one value in each row"
    if cases > MOST_CASES:
        help = f"take fewer rows: a table comes to {MOST_CASES:,} cases at most"
        yield "E0702", f"this table comes to {cases:,} cases", span, help


def _loose(item: Clause | Sentence, known: set[str]) -> Iterator[_Fault]:
    told: set[str] = set()
    claim = isinstance(item, Sentence)
    for node in nodes(item):
        if not isinstance(node, Var) or node.name in known | told or (claim and node.name == "_"):
            continue
        told.add(node.name)
        help = f"give it values, as in `expect full({node.name}) :- {node.name} in {{a, b}}.`"
        if node.name == "_":
            help = "a fact that is given has a value in each place"
        yield "E0703", f"`{node.name}` has no value in this test", node.span, help


def with_comments(test: RuleTest, comments: Sequence[Token], source: SourceText) -> RuleTest:
    """The test with the comments inside of it: one on the line where an item ends belongs to that, any other
    stands before the item that follows, or before the closing brace."""
    waiting = [(source.position(each.start), comment_text(each.text)) for each in comments]
    items: list[Clause | Sentence] = []
    for item in test.items:
        span = item.span
        before = [text for at, text in waiting if at < (span.end_line, span.end_column)]
        del waiting[: len(before)]
        trailing = None
        if waiting and waiting[0][0][0] == span.end_line:
            trailing = waiting.pop(0)[1]
        items.append(replace(item, comments=tuple(before), trailing=trailing))
    return replace(test, items=tuple(items), ending=tuple(text for _, text in waiting))
