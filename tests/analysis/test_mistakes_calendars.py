"""Mistakes of people who know calendars and clocks of other languages, with the message and the fix."""

from __future__ import annotations

import pytest

from tests.analysis.found import found

SCHEMA = """.type day <: symbol {monday, tuesday, wednesday, thursday, friday, saturday, sunday}
.decl t(x: time) input
.decl d(x: date) input
.decl s(x: symbol) input
.decl zone(z: symbol) input
.decl open(d: day) input
.action go(x: symbol)
"""
BERLIN = '"Europe/Berlin"'


def errors(text: str) -> list[tuple[str, str]]:
    """The codes and helps of the errors of a text behind the schema."""
    return [(d.code, d.help) for d in found(SCHEMA + text) if d.severity == "error"]


@pytest.mark.parametrize(
    ("wrong", "code", "help", "right"),
    [
        # Rego: time.weekday([ns, zone]) gives "Friday", time.parse_rfc3339_ns, time.now_ns
        ('weekday(T, %) = "Friday"', "E0231", "did you mean `friday`?", "weekday(T, %) = friday"),
        (
            "weekday(T, %) in {sat, sun}",
            "E0231",
            "did you mean `saturday`?",
            "weekday(T, %) in {saturday, sunday}",
        ),
        ("W = weekday(T, %), W != fri", "E0231", "`friday`", "W = weekday(T, %), W != friday"),
        ("T > parse_rfc3339_ns(S)", "E0106", "`to_time(T)`", "T > to_time(S)"),
        ("T < now()", "E0101", "", "now_at(N), T < N"),
        ("clock(T, %) > 9", "E0106", "`hour(T, ", "hour(T, %) > 9"),
        # Cedar: datetime("2024-10-15"), duration("1h"), toDate(), toTime()
        ('T > datetime("2024-10-15T00:00:00Z")', "E0106", "`to_time(T)`", 'T > "2024-10-15T00:00:00Z"'),
        ('T - T < duration("1h")', "E0106", "such as `24h`", "T - T < 1h"),
        ("toDate(T) = D", "E0106", "`date(T, ", "date(T, %) = D"),
        # SQL: EXTRACT(dow FROM t), date(t), hour(t), sunday as 0; Python: t.weekday() counts from 0
        ("extract(T, dow) = 6", "E0106", "`hour(T, ", "weekday(T, %) = saturday"),
        ("dayofweek(T) = 7", "E0106", "`weekday(T, ", "weekday(T, %) = saturday"),
        ("weekday(T, %) = 6", "E0231", "it lists friday, monday", "weekday(T, %) = sunday"),
        (
            "weekday(T, %) >= 5",
            "E0212",
            "compare numbers with numbers",
            "weekday(T, %) in {saturday, sunday}",
        ),
        ("month(T, %) = 0", "E0608", "change it", "month(T, %) = 1"),
        ("hour(T, %) = 24", "E0608", "change it", "hour(T, %) = 0"),
        ("date(T) = D", "E0250", 'write `date(T, "Europe/Berlin")`', "date(T, %) = D"),
        ('date("2026-01-31") = D', "E0250", "what a text writes is `to_date(T)`", 'D = "2026-01-31"'),
        ("hour(T) = 9", "E0250", 'write `hour(T, "Europe/Berlin")`', "hour(T, %) = 9"),
        ("year(T) = 2026", "E0263", 'write `year(T, "Europe/Berlin")`, or "UTC"', 'year(T, "UTC") = 2026'),
        ("year(D, %) = 2026", "E0261", "a date is the same in every zone: write `year(D)`", "year(D) = 2026"),
        ("hour(D, %) = 9", "E0261", "a date has no time of day", "hour(T, %) = 9"),
        ("date(D, %) = D", "E0261", "it is a date already", "date(T, %) = D"),
        ("hour(S, %) = 9", "E0261", "read the text: `to_time(S)`", "hour(to_time(S, %), %) = 9"),
        ("hour(now, %) = 9", "E0261", "`N` in `now_at(N)`", "now_at(T), hour(T, %) = 9"),
        ("year(S) = 2026", "E0261", "read the text: `to_date(S)`", "year(to_date(S)) = 2026"),
        ("T < S", "E0261", "or read the text, `to_time(S)`", "T < to_time(S, %)"),
        ("within(S, 1h)", "E0261", "or read the text, `to_time(S)`", "within(to_time(S), 1h)"),
        # zones: a city, another case, an offset, an abbreviation, blanks, not to be found
        ('hour(T, "Berlin") = 9', "E0263", 'did you mean "Europe/Berlin"?', "hour(T, %) = 9"),
        ('hour(T, "europe/berlin") = 9', "E0263", 'did you mean "Europe/Berlin"?', "hour(T, %) = 9"),
        ("hour(T, utc) = 9", "E0263", 'did you mean "UTC"?', 'hour(T, "UTC") = 9'),
        ('to_time(S, "New York") < T', "E0263", '"America/New_York"?', 'to_time(S, "America/New_York") < T'),
        ('hour(T, "+01:00") = 9', "E0263", "zones are named by places", "hour(T, %) = 9"),
        ('hour(T, "GMT+1") = 9', "E0263", "zones are named by places", "hour(T, %) = 9"),
        ("hour(T, 1) = 9", "E0212", "", "hour(T, %) = 9"),
    ],
)
def test_a_mistake_and_its_fix(wrong: str, code: str, help: str, right: str) -> None:
    """The message of each mistake names what to write, and that is right."""
    rule = "forbid go(S) :- s(S), t(T), d(D), T = T, D = D, {}.".replace("T = T, D = D, ", "")
    found = errors(rule.format(wrong.replace("%", BERLIN)).replace("d(D), ", "d(D), "))
    assert found[0][0] == code
    assert help in found[0][1]
    assert errors(rule.format(right.replace("%", BERLIN))) == []


def test_rules_of_one_shape_are_each_looked_at() -> None:
    """Of rules that differ in a constant alone, the one whose zone or weekday is none is refused."""
    rule = "forbid go(S) :- s(S), t(T), weekday(T, {}) = {}."
    good = [rule.format(BERLIN, "friday"), rule.format('"UTC"', "monday")]
    assert errors("\n".join(good)) == []
    assert [code for code, _ in errors("\n".join([*good, rule.format('"UTC"', "mon")]))] == ["E0231"]
    assert [code for code, _ in errors("\n".join([*good, rule.format('"CEST"', "friday")]))] == ["E0263"]


def test_the_names_of_these_functions_are_free() -> None:
    """Relations, actions, arguments and constants may be called like a function, and a weekday like a value
    of an own type."""
    text = """
    .decl weekday(day: day) .decl hour(month: int) .decl date(year: symbol)
    .action minute(to_time: symbol)
    weekday(monday). date(to_date).
    weekday(weekday(T, "UTC")) :- t(T), open(weekday(T, "UTC")).
    forbid minute(year) :- weekday(D), hour(_), date(_), t(T), D = weekday(T, "UTC").
    """
    assert errors(text + "hour(1).") == []
