"""Diagnostics: how they look, what they say of each mistake, and their pages."""

from __future__ import annotations

import pickle
import re
from functools import partial
from pathlib import Path

import pytest

from mpr_logic.analysis import analyse, lint
from mpr_logic.analysis.lints import Deployment, ToolSignature, vet
from mpr_logic.errors import ProgramError
from mpr_logic.language import CODES, Diagnostic, parse
from mpr_logic.language.ast import Span

PAGES = Path(__file__).parent.parent.parent / "docs" / "diagnostics"
# what no short text can show: test_hostile.py and rule_cases.py provoke these
WITHOUT_EXAMPLE = {"E0113", "E0120", "E0121", "E0122", "E0124", "E0125", "E0130", "E0131", "E0132", "E0307"}
# the tools that an example speaks of
SHOWN_TOOLS = {
    "E0603": (ToolSignature("send", {"to": None}),),
    "E0642": (ToolSignature("invite", {"people": None}, kinds={"people": frozenset({"array"})}),),
    "E0670": (ToolSignature("delete", {"path": None}), ToolSignature("Delete", {"path": None})),
    "W0641": (ToolSignature("read", {"path": None}, hints={"readOnlyHint": True}),),
}


def errors(text: str) -> tuple[Diagnostic, ...]:
    """Return the errors of a text that is a program of its own."""
    try:
        analyse([parse(text, "rules.dl")])
    except ProgramError as error:
        return error.diagnostics
    return ()


def warnings(text: str) -> tuple[Diagnostic, ...]:
    """Return the warnings about a text that is a program."""
    return tuple(lint([parse(text, "rules.dl")]))


def lost(text: str, tools: tuple[ToolSignature, ...] | None = None) -> tuple[Diagnostic, ...]:
    """Return what has lost its grip in a text that is a program."""
    module = parse(text, "rules.dl")
    return tuple(vet(analyse([module]), Deployment(tools=tools), [module]))


def syntax_errors(text: str) -> tuple[Diagnostic, ...]:
    """Return the syntax errors of a text."""
    try:
        parse(text, "rules.dl")
    except ProgramError as error:
        return error.diagnostics
    return ()


def shown(line: str, start: int, end: int, **given: object) -> str:
    """Return how an error in the columns of a line is rendered, its place and message left out."""
    span = Span("a.dl", 1, start, given.pop("end_line", 1), end)  # type: ignore[arg-type]
    text = Diagnostic("E0101", "no", span, source_line=line, **given).render()  # type: ignore[arg-type]
    return text.removeprefix(f"error[E0101]: no\n --> a.dl:1:{start}\n  |\n")


def test_an_error_is_rendered_with_its_place_a_caret_and_a_remedy() -> None:
    """The whole of a diagnostic, as it is printed; two stand apart by an empty line."""
    with pytest.raises(ProgramError) as caught:
        parse("p(a).\n\nforbid put(O, R) :- Openable(R), not opened(R).\np(b)", "kitchen.dl")
    assert str(caught.value) == (
        "error[E0107]: `Openable` is a variable, where a name must stand\n"
        " --> kitchen.dl:3:21\n"
        "  |\n"
        "3 | forbid put(O, R) :- Openable(R), not opened(R).\n"
        "  |                     ^^^^^^^^\n"
        "  |\n"
        "  = help: variables begin upper-case or with `_`, names lower-case: write `openable`\n"
        "\n"
        "error[E0105]: this clause has no dot at its end\n"
        " --> kitchen.dl:4:4\n"
        "  |\n"
        "4 | p(b)\n"
        "  |    ^ behind this\n"
        "  |\n"
        "  = help: end it with a dot"
    )


def test_the_margin_grows_with_the_line_number() -> None:
    """Bars stand under each other whatever the number of the line."""
    (error,) = syntax_errors("\n" * 99 + "P(a).")
    assert error.render().split("\n")[1:5] == ["   --> rules.dl:100:1", "    |", "100 | P(a).", "    | ^"]


def test_carets_stand_under_the_span_whatever_the_characters() -> None:
    """Tabs, wide characters, combining marks and control characters shift the carets with them."""
    assert shown("\tp(a)", 2, 3) == "1 |     p(a)\n  |     ^"
    assert shown("雪 p", 3, 4) == "1 | 雪 p\n  |    ^"
    assert shown("p 雪雪", 3, 5) == "1 | p 雪雪\n  |   ^^^^"
    assert shown("a\x1b[2Jb", 6, 7) == "1 | a\\x1b[2Jb\n  |         ^"
    assert shown("e\u0301 p", 4, 5) == "1 | e\\u{301} p\n  |          ^"
    assert shown("\u202ep", 2, 3) == "1 | \\u{202e}p\n  |         ^"


def test_a_long_line_is_cut_to_a_window_around_the_span() -> None:
    """Of a line of a megabyte a hundred columns are shown, the carets among them."""
    line = "a" * 500_000 + "XY" + "b" * 500_000
    text, carets = shown(line, 500_001, 500_003).split("\n")
    assert len(text) < 120
    assert text[carets.index("^") : carets.rindex("^") + 1] == "XY"
    assert text.startswith("1 | ...a")
    assert text.endswith("b...")
    assert shown("X" * 200, 1, 201) == f"1 | {'X' * 96}...\n  | {'^' * 96}"


def test_a_span_of_several_lines_is_marked_to_the_end_of_the_first() -> None:
    """The label says how far it goes on."""
    assert shown("p(X) :-", 3, 9, end_line=4) == "1 | p(X) :-\n  |   ^^^^^ (up to line 4)"


def test_a_span_behind_the_line_has_one_caret() -> None:
    """The end of the text is a place too."""
    assert shown("p(a)", 5, 5) == "1 | p(a)\n  |     ^"
    assert shown("", 1, 1) == "1 |\n  | ^"


def test_colors_change_nothing_but_the_colors() -> None:
    """Without its escape sequences the coloured text is the plain one."""
    error = Diagnostic("W0501", "no", Span("a", 1, 1, 1, 2), "do", "here", "warning", ("n",), "p")
    assert re.sub(r"\x1b\[[0-9;]*m", "", error.render(color=True)) == error.render()
    assert error.render(color=True).startswith("\x1b[1;33mwarning[W0501]\x1b[0m")


def test_a_message_cannot_move_the_cursor() -> None:
    """Control characters in messages, labels, help and file names are shown, not sent."""
    text = Diagnostic("E0101", "a\x1b[2J", Span("b\r", 0, 0, 0, 0), "c\n", "", "error", ("\u202e",)).render()
    assert text == "error[E0101]: a\\x1b[2J\n --> b\\x0d\n  = help: c\\x0a\n  = note: \\u{202e}"


def test_a_diagnostic_is_plain_data_for_tools() -> None:
    """to_json holds all that a tool needs, the page of the documentation included."""
    (error,) = syntax_errors("P(a).")
    assert error.to_json() == {
        "code": "E0107",
        "title": "upper-case relation name",
        "severity": "error",
        "message": "`P` is a variable, where a name must stand",
        "file": "rules.dl",
        "line": 1,
        "column": 1,
        "end_line": 1,
        "end_column": 2,
        "label": "",
        "help": "variables begin upper-case or with `_`, names lower-case: write `p`",
        "notes": [],
        "page": "docs/diagnostics/E0107.md",
    }


@pytest.mark.parametrize(
    ("text", "code", "place", "message", "help"),
    [
        ("p(X) :- q(X), .", "E0101", 15, "expected a literal, found `.`", "remove the comma"),
        ("p(X) :- q(X) r(X).", "E0101", 14, "expected `,` or `.`, found `r`", "a comma"),
        ("p(X), q(X).", "E0101", 5, "expected `.`, `:-`, `causes` or `ends`, found `,`", "one head"),
        (":- p(a).", "E0101", 1, "a clause begins with its head", "head :- body."),
        ("p(-X) :- q(X).", "E0101", 4, "expected a number, found `X`", "0 - X"),
        ("p(3abc).", "E0101", 4, "expected `)` or `,`, found `abc`", "in quotes"),
        ("p(X) :- q(X), length(X).", "E0101", 23, "a value alone is no literal", "compare"),
        ("p(X) :- q(X), X = r(X).", "E0101", 19, "`r(...)` is no term", "further argument"),
        ("p(X) :- q(X, r(X).", "E0101", 14, "`r(...)` is no term", "is a `)` missing"),
        ("p(X) :- contains(X).", "E0101", 19, "expected `,`, found `)`", "two arguments"),
        ("p(X) :- not (q(X)).", "E0101", 13, "`not` takes no parentheses", "not p(X)"),
        ("0.5 p(a).", "E0101", 5, "expected `::`, found `p`", "0.8 :: p(a)."),
        ("0.5 :: @id(a) p(a).", "E0101", 8, "annotations come before the weight", "@id(a) 0.8 ::"),
        ("p(a)..", "E0101", 6, "a dot ends nothing here", "remove it"),
        ("@id(closed)", "E0101", 12, "expected a clause, found the end of the text", ""),
        ("p(X) causes.", "E0101", 12, "expected a name, found `.`", ""),
        ("p('a').", "E0102", 3, "`'` quotes nothing here", "double quotes"),
        ("p(\u201ca\u201d).", "E0102", 3, "`\u201c` quotes nothing here", "double quotes"),
        ("p([a]).", "E0102", 3, "`[` means nothing here", "no lists"),
        ("p(\u00e9).", "E0102", 3, "`\u00e9` means nothing here", "in quotes"),
        ("p(\u00a0a).", "E0102", 3, "U+00A0 means nothing here", "ordinary blank"),
        ('p("a\x07").', "E0102", 5, "U+0007 is a control character", "\\u0007"),
        ('p("a).', "E0103", 3, "this text is not closed", "close it"),
        ("p(X :- q(X).", "E0104", 2, "this `(` is not closed", "before `:-`"),
        ("p(X) :- N = count : { q(X).", "E0104", 21, "this `{` is not closed", "before `.`"),
        ("p(a)).", "E0104", 5, "there is no `(` for this `)`", "remove it"),
        ("p(a)\nq(b).", "E0105", 4, "this clause has no dot at its end", "with a dot"),
        ("p(a) % b", "E0105", 4, "this clause has no dot at its end", "with a dot"),
        ("p(X) :- q(X) :- r(X).", "E0105", 14, "a clause has one `:-`", "before it"),
        ("p(X) <- q(X).", "E0106", 6, "`<-` is no operator of this language", ":-"),
        ("p(X) := q(X).", "E0106", 6, "`:=` is no operator of this language", ":-"),
        ("p(X) :- q(X); r(X).", "E0106", 13, "`;` is no operator of this language", "one clause for each"),
        ("p(X) :- \\+ q(X).", "E0106", 9, "`\\+` is no operator of this language", "not"),
        ("p(X) :- !q(X).", "E0106", 9, "`!` is no operator of this language", "not"),
        ("p(X) :- X =< 3.", "E0106", 11, "`=<` is no operator of this language", "<="),
        ("p(X) :- q(X) and r(X).", "E0106", 14, "`and` is no word of this language", "`,`"),
        ("p(X) :- X is 3.", "E0106", 11, "`is` asks for a type", "`=`"),
        ("// a\np(a).", "E0106", 1, "`//` is no operator of this language", "%"),
        ("# a\np(a).", "E0106", 1, "`#` is no operator of this language", "%"),
        ("p(X) :- q(X), X % 2 = 0.\nr(a).", "E0106", 17, "the rest of this line is a comment", "mod"),
        ("Foo(X) :- q(X).", "E0107", 1, "`Foo` is a variable, where a name must stand", "write `foo`"),
        ("p(X) :- _Q(X).", "E0107", 9, "`_Q` is a variable, where a name must stand", "write `q`"),
        (".action Put(x: int)", "E0107", 9, "`Put` is a variable, where a name must stand", "`put`"),
        ("count(X) :- q(X).", "E0108", 1, "`count` is a word of the language", "count_"),
        ("contains(X, Y) :- q(X, Y).", "E0108", 1, "`contains` is a word of the language", "contains_"),
        ("p(not).", "E0108", 3, "`not` is a word of the language", '`"not"`'),
        ("p(a, min).", "E0108", 6, "`min` is a word of the language", '`"min"`'),
        ("p(X) :- max(X) = 3.", "E0108", 9, "`max` is a word of the language", "max_"),
        ("0 :: p(a).", "E0109", 1, "the weight `0` is not in (0, 1]", "above 0"),
        ("-0.5 :: p(a).", "E0109", 1, "a weight is not negative", "(0, 1]"),
        ("p(1e999).", "E0110", 3, "this number is too large for a float", "1.8e308"),
        ('p("a\\q").', "E0111", 5, "`\\q` is no escape", "`\\\\`"),
        ("past open(r) :- q.", "E0114", 14, "`past` begins an observation: it has no conditions", "a dot"),
        ("p(a: X, Y).", "E0115", 9, "named and positional arguments are mixed", "every argument"),
        ("p(X, a: Y).", "E0115", 7, "named and positional arguments are mixed", "every argument"),
        ("p(X) :- N = count X : { q(X) }.", "E0116", 19, "expected `:`, found `X`", "no expression"),
        ("p(X) :- N = sum : { q(X) }.", "E0116", 17, "`sum` needs an expression", "sum X :"),
        ("p(X) :- N+1 = count : { q(X) }.", "E0116", 9, "the result of `count` goes to", "N = count"),
        ("p :- N = sum X : { M = count : { q } }.", "E0116", 24, "an aggregate stands inside", "its own"),
        ("p(X) :- count : { q(X) } > 3.", "E0116", 9, "`count` stands where no aggregate may", "assign it"),
        ("p(X) :- q(X), not X = 1.", "E0117", 19, "a comparison is not negated", "`!=`"),
        ("forbid not p(a).", "E0117", 8, "`forbid` speaks of an action", "remove `not`"),
        (".decl p(x: int).", "E0118", 16, "a declaration takes no dot", "remove it"),
        (".declare p(x: int)", "E0118", 1, "`.declare` is no declaration", "`.decl`"),
        (".decl p(x)", "E0118", 10, "expected `:`, found `)`", "argument: type"),
        (".decl p(x: int,)", "E0118", 16, "expected a name, found `)`", "argument: type"),
        (".decl p(x: int) openworld\np(1).", "E0118", 17, "`openworld` is no part of", "open_world"),
        (".decl p(x: int)\nkey(x).", "E0118", 7, "this was read as an attribute of the `.decl`", "elsewhere"),
        (".decl p(x: int) key(1)", "E0118", 21, "expected a name or `)`, found `1`", "key(argument, ...)"),
        (
            ".decl p(x: int) changed_by(me)",
            "E0118",
            28,
            "expected a text in quotes, found `me`",
            "changed_by(",
        ),
        (
            ".decl p(x: int) shared input shared",
            "E0123",
            30,
            "the attribute `shared` stands twice",
            "keep one",
        ),
        (".decl p(x?: int)", "E0123", 9, "`x?` stands in a `.decl`", "an `.action` may"),
        (".default forbid **", "E0106", 17, "`**` is no operator of this language", "power"),
        (".type a < b", "E0118", 9, "expected `<:`, found `<`", "name <: base"),
        (".default forbid put(o: x)", "E0118", 20, "a default takes no arguments", "action alone"),
    ],
)
def test_each_mistake_is_named_with_its_place_and_its_remedy(
    text: str, code: str, place: int, message: str, help: str
) -> None:
    """One mistake gives one error: its code, its column, what was found, and what to do."""
    (error,) = syntax_errors(text)
    assert (error.code, error.span.column) == (code, place)
    assert error.message.startswith(message)
    assert help in error.help


def example(code: str, section: str) -> str | None:
    """Return the program under a section of a code's page; None where there is none."""
    page = (PAGES / f"{code}.md").read_text(encoding="utf-8")
    match = re.search(rf"^## {section}\n\n```dl\n(.*?)```$", page, re.MULTILINE | re.DOTALL)
    return match.group(1) if match else None


def test_the_registry_is_sorted() -> None:
    """Codes stand in order, so that two hands do not give one twice."""
    assert list(CODES) == sorted(CODES)


def test_every_page_is_of_a_code() -> None:
    """There is no page of a code that is gone."""
    assert {path.stem for path in PAGES.glob("[EW]*.md")} == set(CODES)


@pytest.mark.parametrize("code", CODES)
def test_each_code_has_its_page(code: str) -> None:
    """A page has the code's title, a summary, a reason, and an example unless none can be short."""
    page = (PAGES / f"{code}.md").read_text(encoding="utf-8")
    assert page.startswith(f"# {code}: {CODES[code]}\n\n## Summary\n\n")
    assert "\n## Why\n\n" in page
    assert (example(code, "Wrong") is None) == (code in WITHOUT_EXAMPLE)


@pytest.mark.parametrize("code", [code for code in CODES if code not in WITHOUT_EXAMPLE])
def test_the_examples_of_a_page_say_what_it_says(code: str) -> None:
    """An example under Wrong yields this code and no other; one under Right yields none at all."""
    look = syntax_errors if code.startswith("E01") else errors if code.startswith("E") else warnings
    if code[1:3] == "06":
        look = partial(lost, tools=SHOWN_TOOLS.get(code))
    wrong, right = example(code, "Wrong"), example(code, "Right")
    assert wrong is not None
    assert right is not None
    assert {error.code for error in look(wrong)} == {code}
    assert look(right) == ()


def test_an_error_crosses_processes() -> None:
    """A refusal is pickled whole: a pool of processes can hand it on."""
    with pytest.raises(ProgramError) as caught:
        parse("forbid put(.", "broken.dl")
    again = pickle.loads(pickle.dumps(caught.value))
    assert isinstance(again, ProgramError)
    assert str(again) == str(caught.value)
    assert again.diagnostics == caught.value.diagnostics
