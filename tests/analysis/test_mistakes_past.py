"""Mistakes with past time, of people who think in SQL, in temporal logic or in English, each with its fix."""

from __future__ import annotations

import pytest

from mpr_logic import evaluate
from mpr_logic.analysis import analyse
from mpr_logic.analysis.lints import vet
from mpr_logic.errors import ProgramError
from mpr_logic.language.parser import parse
from tests.analysis.found import errors

SCHEMA = """.decl secret(d: symbol) input
.action read(d: symbol)
.action send(to: symbol)
.action confirm()
"""


@pytest.mark.parametrize(
    ("wrong", "code", "help", "right"),
    [
        (
            "past send(_) since 1h",
            "E0291",
            "the last hours and days are asked for by `within`: `past A within 1h`",
            "past send(_) within 1h",
        ),
        (
            "read(D) before send(_), secret(D)",
            "E0291",
            "write `past`, `succeeded` or `failed` before it: `past read before ...`",
            "past read(D) before past send(_), secret(D)",
        ),
        (
            "past read(_) before send(_)",
            "E0291",
            "only a call has a place in time: `before past send`, or `succeeded`, or `failed`",
            "past read(_) before past send(_)",
        ),
        (
            "past read(_) since secret(D)",
            "E0291",
            "only a call has a place in time",
            "past read(D), secret(D)",
        ),
        (
            "not succeeded confirm since not past read(_)",
            "E0291",
            "what is denied stands first: `not past A since past B`",
            "not succeeded confirm since past read(_)",
        ),
        (
            'past read(_) after "2026-01-01T00:00:00Z"',
            "E0291",
            "compare the time of the call: `past A at I, called_at(I, _, T), T > ...`",
            'past read(_) at I, called_at(I, _, T), T > "2026-01-01T00:00:00Z"',
        ),
        (
            "past read(_) before past send(_) before past confirm",
            "E0291",
            "give the calls positions, and compare those: `past A at I, past B at J, I < J`",
            "past read(_) at I, past send(_) at J, past confirm at K, I < J, J < K",
        ),
        (
            "past read(_) within 1h ago",
            "E0291",
            "a duration stands behind it, alone and in one piece: `past A within 24h`",
            "past read(_) within 1h",
        ),
        (
            "past read(_) within 24 h",
            "E0291",
            "alone and in one piece",
            "past read(_) within 24h",
        ),
        (
            "past read(_) within last 24h",
            "E0291",
            "alone and in one piece",
            "past read(_) within 24h",
        ),
        (
            "once read(_)",
            "E0291",
            "what was done before is `past read`, or `succeeded`, or `failed`",
            "past read(_)",
        ),
        (
            "past read(_) until past confirm",
            "E0291",
            "rules look back: `not past B since past A` holds from an `A` until a `B`",
            "not past confirm since past read(_)",
        ),
        (
            "past read(_) within 3600",
            "E0261",
            "write it as a number with its unit, such as `90s`, `30m`, `24h`, `7d` or `2w`",
            "past read(_) within 3600s",
        ),
        (
            "not past read(D) before past confirm",
            "E0303",
            "write `_` where any value will do, or bind `D` by a positive literal",
            "not past read(_) before past confirm",
        ),
        (
            "not succeeded read(D) since past confirm",
            "E0303",
            "bind `D` by a positive literal",
            "not succeeded read(D) since past confirm, secret(D)",
        ),
        (
            "2 <= count : { past send(_) after past read(_) }",
            "E0290",
            "give the calls positions, `past A at I`, and compare those",
            "2 <= count : { past send(_) at J, past read(_) at I, J > I }",
        ),
        (
            "0 = count : { not past send(_) within 1h }",
            "E0290",
            "derive a relation from it, and count that",
            "past send(_) within 1h",
        ),
        (
            "past read(_) at -1",
            "E0292",
            "a rule may ask which call is the last: `past A at I, I = max J : { past any at J }`",
            "past read(_) at I, I = max J : { past any at J }",
        ),
        (
            "past read(_) within -1h",
            "E0292",
            "write how long ago it may be at most, such as `24h`",
            "past read(_) within 1h",
        ),
        (
            "past read(_) at now",
            "E0207",
            "positions count the calls from 1; when one was made is in `called_at(I, _, T)`",
            "past read(_) at I, called_at(I, _, T), now_at(T)",
        ),
        (
            "past reed(_) at I, I > 3",
            "E0201",
            "did you mean `read`?",
            "past read(_) at I, I > 3",
        ),
    ],
)
def test_each_mistake_has_a_fix(wrong: str, code: str, help: str, right: str) -> None:
    """Each mistake has one message, whose help says what to write; that is right."""
    found = errors(SCHEMA + f"forbid send(_) :- {wrong}.")
    assert [each[0] for each in found] == [code]
    assert help in found[0][2]
    assert errors(SCHEMA + f"forbid send(_) :- {right}.") == []


def test_a_denied_variable_that_an_aggregate_groups_by_is_refused() -> None:
    """A variable of the head and of what is denied would be a group, for which nothing is ever denied."""
    text = ".decl quiet(d: symbol)\nquiet(D) :- not past read(D) within 1h."
    assert [code for code, *_ in errors(SCHEMA + text)] == ["E0303"]
    text = ".decl free(+d: symbol)\nfree(D) :- not past read(D) within 1h."
    assert errors(SCHEMA + text) == []
    asked = ".decl p(+d: symbol)\np(D) :- secret(D).\n.decl q(d: symbol)\n"
    denied = "q(D) :- p(D), not past read(D) within 1h."
    assert [code for code, *_ in errors(SCHEMA + asked + denied)] == ["E0303"]


def test_plain_datalog_has_positions_and_no_clock() -> None:
    """In plain Datalog positions are there, and `within` is an error that says why."""
    rules = ".action a(x: symbol)\npast a(k). past a(l). past a(k).\np(X, I) :- past a(X) at I.\n"
    assert evaluate(rules)["p"] == {("k", 1), ("l", 2), ("k", 3)}
    assert evaluate(rules + "q(X) :- p(X, _), not past a(l) since past a(X).")["q"] == {("k",), ("l",)}
    with pytest.raises(ProgramError) as caught:
        evaluate(rules + "q(X) :- past a(X) within 1h.")
    (found,) = caught.value.diagnostics
    assert (found.code, "asks when a call was made" in found.message) == ("E0262", True)


@pytest.mark.parametrize(
    ("wrong", "code", "help", "right"),
    [
        (
            "past read(_) since past read(_)",
            "W0644",
            "`past read(_) before past read(_)`",
            "past read(_) before past read(_)",
        ),
        (
            "(not past read(D) since past read(D) ; secret(D)), D = plan",
            "W0644",
            "`past read(D)` alone",
            "past read(plan)",
        ),
        (
            "past read(_) at I, returned(I, read, _)",
            "W0645",
            "its own variable",
            "past read(_) at I, called_at(I, _, T), returned(C, read, _), newest(read, C), within(T, 1h)",
        ),
        (
            "2 <= count : { past read(_) at I, said(I, user, _) }",
            "W0645",
            "its own variable",
            "2 <= count : { past read(_) at I, said(J, user, _), J > 2 }",
        ),
    ],
)
def test_what_no_rule_means_is_told(wrong: str, code: str, help: str, right: str) -> None:
    """A call since itself, and positions that are numbers of something else, are warned of."""

    def told(body: str) -> list[tuple[str, str]]:
        program = analyse([parse(f"{SCHEMA}forbid send(_) :- {body}.")])
        return [(d.code, d.help) for d in vet(program) if d.code in ("W0644", "W0645")]

    ((found, said),) = told(wrong)
    assert (found, help in said) == (code, True)
    assert told(right) == []
