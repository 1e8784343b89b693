"""Diagnostics: what is wrong with a text, where, and what to do about it; and their codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from typing import Literal as OneOf

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from mpr_logic.language.ast import Span

Severity = OneOf["error", "warning"]

CODES: Final[Mapping[str, str]] = {
    "E0101": "unexpected token",
    "E0102": "unknown character",
    "E0103": "unclosed text",
    "E0104": "unbalanced brackets",
    "E0105": "missing dot",
    "E0106": "operator of another language",
    "E0107": "upper-case relation name",
    "E0108": "keyword as a name",
    "E0109": "weight out of range",
    "E0110": "number out of range",
    "E0111": "bad escape in a text",
    "E0112": "nested too deep",
    "E0113": "statement too long",
    "E0114": "condition on an observation",
    "E0115": "named and positional arguments mixed",
    "E0116": "misused aggregate",
    "E0117": "misplaced not",
    "E0118": "broken declaration",
    "E0120": "unreadable file",
    "E0121": "not UTF-8 text",
    "E0122": "file too large",
    "E0123": "attribute given twice, or misplaced `?`",
    "E0124": "line end that is none",
    "E0125": "hidden character",
    "E0126": "alternatives that cannot be expanded",
    "E0127": "broken set",
    "E0130": "files that use each other",
    "E0131": "used file outside of the folder",
    "E0132": "used file that cannot be read",
    "E0201": "unknown name",
    "E0202": "relation for an action, or action for a relation",
    "E0203": "wrong number of arguments",
    "E0204": "unknown or repeated argument name",
    "E0205": "missing argument",
    "E0206": "variable of the wrong type",
    "E0207": "value of the wrong type",
    "E0208": "declared twice",
    "E0209": "unknown type",
    "E0210": "type under itself",
    "E0211": "malformed annotation",
    "E0212": "ill-typed operation",
    "E0213": "id given twice",
    "E0214": "override of an unknown rule",
    "E0215": "misplaced override",
    "E0216": "broken because-text",
    "E0217": "broken regular expression",
    "E0218": "computed argument of an action",
    "E0219": "absence of what is not open-world",
    "E0220": "effect on a derived relation",
    "E0221": "too many arguments or items",
    "E0222": "broken key",
    "E0223": "built-in relation declared otherwise",
    "E0224": "built-in relation in a head",
    "E0225": "optional argument that cannot be null",
    "E0226": "two rows for one key",
    "E0227": "key of a derived relation",
    "E0228": "unknown annotation",
    "E0229": "annotation before the wrong clause",
    "E0230": "unknown named constant",
    "E0231": "value that the type does not list",
    "E0232": "broken list of a type's values",
    "E0233": "parameter without a value",
    "E0234": "value that does not fit its parameter",
    "E0235": "set in the place of one value",
    "E0240": "class declared otherwise",
    "E0241": "member without a shared argument",
    "E0242": "no action in a class",
    "E0243": "class in itself",
    "E0244": "unknown hint, or two that contradict",
    "E0245": "class for an action",
    "E0246": "action that is not in the class",
    "E0250": "function with the wrong number of arguments",
    "E0251": "test of a type that never holds",
    "E0252": "group that the expression does not have",
    "E0260": "no time, date or duration",
    "E0261": "times that do not go together",
    "E0262": "no span of time",
    "E0263": "time zone that is missing or unknown",
    "E0270": "call that tells nothing",
    "E0271": "unknown of what is not open-world",
    "E0272": "call that tells what rules derive",
    "E0273": "law that asks for too much",
    "E0280": "use of a file in a text",
    "E0290": "place in time inside braces",
    "E0291": "no place in time",
    "E0292": "place in time that no call has",
    "E0294": "no proposed call",
    "E0297": "no dialect of SQL",
    "E0298": "no working folder",
    "E0301": "unbound variable in a head",
    "E0302": "wildcard in a head",
    "E0303": "variable in a negated literal alone",
    "E0304": "value that nothing binds",
    "E0305": "wildcard in a negated open-world literal",
    "E0306": "aggregates that need each other",
    "E0307": "too many relations that build on each other",
    "E0308": "misplaced plus",
    "E0309": "question without a value",
    "E0310": "statement of what is asked",
    "E0311": "computed argument that the question gives",
    "E0401": "cycle through negation",
    "E0402": "cycle through an aggregate",
    "E0601": "law about what is no tool",
    "E0602": "open action beside closed ones",
    "E0603": "argument that the tool does not have",
    "E0604": "name that leads nowhere",
    "E0605": "constant that never stands there",
    "E0606": "variable in lower case",
    "E0607": "relation that nothing fills",
    "E0608": "body that cannot hold",
    "E0609": "law that is always overridden",
    "E0610": "permit apart from what it overrides",
    "E0611": "directive without weight",
    "E0612": "conditional permit of what is open",
    "E0613": "arguments in each other's place",
    "E0614": "aggregate of what has one value",
    "E0615": "folder that a path climbs out of",
    "E0640": "rules about a class without a member",
    "E0642": "list or object taken for a text or a number",
    "E0650": "role that no message has",
    "E0651": "argument that no call has",
    "E0660": "source that no value has",
    "E0661": "place where no value stands",
    "E0662": "kind that no part of a text has",
    "E0670": "tool that passes for another",
    "E0671": "order of lists or objects",
    "E0700": "unknown word of a test",
    "E0701": "unfinished sentence of a test",
    "E0702": "table that does not fit",
    "E0703": "variable without a value in a test",
    "W0501": "variable that stands once",
    "W0502": "clause stated twice",
    "W0503": "unused relation",
    "W0504": "permit without effect",
    "W0505": "forbid without a reason",
    "W0506": "comparison of two kinds",
    "W0507": "rule that adds nothing",
    "W0605": "constant that looks like another",
    "W0606": "word that may be meant as a variable",
    "W0613": "permit without weight",
    "W0614": "expression that a line end evades",
    "W0615": "path that may climb out",
    "W0616": "text that looks like a pattern",
    "W0617": "law that rests on too little weight",
    "W0618": "upper case where all is lower",
    "W0619": "condition that always holds",
    "W0620": "alternative that never matches",
    "W0621": "backslash that is doubled twice",
    "W0622": "dot that is any character",
    "W0623": "word that another case evades",
    "W0624": "argument looked for in a word",
    "W0625": "blank at the end of a text",
    "W0626": "weight that may be a slip",
    "W0627": "condition apart from the call",
    "W0628": "name that longer names share",
    "W0629": "order of numbers in quotes",
    "W0630": "time in another unit",
    "W0631": "permits that admit every call",
    "W0632": "counter that keeps its old values",
    "W0633": "amount in the place of a sum",
    "W0634": "list in one text",
    "W0635": "variable that may be meant as a word",
    "W0636": "path known by one spelling",
    "W0638": "law that no call can inform",
    "W0641": "hint that no rule file states",
    "W0642": "parameter that nothing reads",
    "W0643": "value of JSON in a column of times",
    "W0644": "call since itself",
    "W0645": "position of a call that is another number",
    "W0646": "text that is no time",
    "W0650": "result of what is no action",
    "W0651": "message that is compared whole",
    "W0660": "origin of a value that is computed",
    "W0670": "anchors of one alternative each",
    "W0671": "repetition without effect",
    "W0672": "letter of another script",
    "W0673": "call that says what is looked for",
    "W0674": "number of a call that may be negative",
    "W0675": "beginning of a command",
    "W0676": "complete relation that is seen in part",
    "W0679": "readings that cannot be known",
}
"""Every code and its short title. E01 syntax, E02 names and types, E03 safety, E04 strata, W05 lints,
E06 and W06 rules that cannot have an effect."""


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding: ``message`` says what is wrong, ``label`` names the marked stretch, ``help`` the remedy.

    ``source_line`` is the line on which the span begins, where it is known. A span whose line is 0
    speaks of the file as a whole.
    """

    code: str
    message: str
    span: Span
    help: str = ""
    label: str = ""
    severity: Severity = "error"
    notes: tuple[str, ...] = ()
    source_line: str | None = None

    @property
    def page(self) -> str:
        """The page of the documentation about this code."""
        return f"docs/diagnostics/{self.code}.md"

    def render(self, color: bool = False) -> str:
        """The diagnostic as a person reads it: place, source line with a caret, help. No final newline."""
        paint = _Paint(color)
        head = paint.severity(self.severity, f"{self.severity}[{self.code}]")
        lines = [f"{head}{paint.bold(f': {visible(self.message)}')}"]
        place = visible(str(self.span) if self.span.line else self.span.file)
        number = str(self.span.line) if self.source_line is not None else ""
        margin = " " * max(1, len(number))
        lines.append(f"{margin}{paint.dim('-->')} {place}")
        if self.source_line is not None:
            text, indent, carets = _excerpt(self.source_line, self.span)
            label = f" {visible(self.label)}" if self.label else ""
            if self.span.end_line > self.span.line:
                label += f" (up to line {self.span.end_line})"
            bar = paint.dim("|")
            lines.append(f"{margin} {bar}")
            lines.append(f"{paint.dim(number)} {bar} {text}" if text else f"{paint.dim(number)} {bar}")
            lines.append(f"{margin} {bar} {indent}{paint.severity(self.severity, carets)}{label}")
            if self.help or self.notes:
                lines.append(f"{margin} {bar}")
        remarks = [("help", self.help)] if self.help else []
        remarks += [("note", note) for note in self.notes]
        lines += [f"{margin} {paint.dim('=')} {paint.bold(kind)}: {visible(text)}" for kind, text in remarks]
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """The diagnostic as plain data, for ``--json`` and editors."""
        span = self.span
        return {
            "code": self.code,
            "title": CODES.get(self.code, ""),
            "severity": self.severity,
            "message": self.message,
            "file": span.file,
            "line": span.line,
            "column": span.column,
            "end_line": span.end_line,
            "end_column": span.end_column,
            "label": self.label,
            "help": self.help,
            "notes": list(self.notes),
            "page": self.page,
        }


WINDOW = 96  # columns of a source line that are shown
_TAB = 4


class _Paint:
    def __init__(self, color: bool) -> None:
        self._color = color

    def _wrap(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._color and text else text

    def bold(self, text: str) -> str:
        return self._wrap("1", text)

    def dim(self, text: str) -> str:
        return self._wrap("1;34", text)

    def severity(self, severity: Severity, text: str) -> str:
        return self._wrap("1;31" if severity == "error" else "1;33", text)


def visible(text: str) -> str:
    """A text in which nothing moves the cursor, hides or reorders: such characters are shown escaped."""
    return text if text.isascii() and text.isprintable() else "".join(map(_visible, text))


def _visible(char: str) -> str:
    if char == "\t":
        return " " * _TAB
    # a combining mark would sit on its neighbour, where no caret can point at it
    if (char.isascii() and char.isprintable()) or (char.isprintable() and not _unicode().combining(char)):
        return char
    return f"\\x{ord(char):02x}" if ord(char) < 256 else f"\\u{{{ord(char):x}}}"


def _width(shown: str) -> int:
    """The number of columns that a text takes on a terminal."""
    if shown.isascii():
        return len(shown)
    return sum(2 if _unicode().east_asian_width(char) in "WF" else 1 for char in shown)


def _unicode() -> ModuleType:
    import unicodedata  # most programs never need it

    return unicodedata


def _excerpt(line: str, span: Span) -> tuple[str, str, str]:
    """The line, cut to a window around the span's beginning; an indent, and the carets under the span."""
    start = min(span.column - 1, len(line))
    end = len(line) if span.end_line > span.line else min(span.end_column - 1, len(line))
    first = 0
    if len(line) > WINDOW and start > WINDOW // 2:
        first = min(start - WINDOW // 2, len(line) - WINDOW)
        first = max(first, 0)
    last = min(len(line), first + WINDOW)
    before, marked = visible(line[first:start]), visible(line[start : min(end, last)])
    shown = before + marked + visible(line[max(start, min(end, last)) : last])
    lead = "..." if first else ""
    tail = "..." if last < len(line) else ""
    carets = "^" * max(1, _width(marked))
    return f"{lead}{shown}{tail}".rstrip(), " " * (len(lead) + _width(before)), carets
