"""One budget for a whole answer: what it cuts short is rejected once, not tried again with another budget."""

from __future__ import annotations

from typing import Any

import pytest

from mpr_logic.checker.checker import Checker
from mpr_logic.guard.guard import Guard

EDGES = [[n, (7 * n + 3) % 420] for n in range(420)]
LAWS = {
    "count": "N = count : { edge(A, _), edge(B, _), edge(C, _), edge(D, _) }, N > 7",
    "max": "N = max A + B + C + D : { edge(A, _), edge(B, _), edge(C, _), edge(D, _) }, N < 0",
    "join": "edge(A, _), edge(B, _), edge(C, _), edge(D, _), A + B + C + D = -1",
}


@pytest.mark.parametrize("law", LAWS)
def test_a_join_without_end_is_decided_once(law: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The call is rejected as undecided; nobody starts over, and the session is free for the next call."""
    begun = []
    whole = Checker.check_all

    def counted(*args: Any, **options: Any) -> Any:
        begun.append(args)
        return whole(*args, **options)

    monkeypatch.setattr(Checker, "check_all", counted)
    guard = Guard(
        text=f".decl edge(a: int, b: int) input .action sweep() .action rest() forbid sweep :- {LAWS[law]}.",
        state={"facts": {"edge": EDGES}},
        timeout=0.3,
        strict=False,
    )
    verdict = guard.check("sweep", {})
    assert not verdict.runs
    assert "time is over" in str(verdict.error)
    assert len(begun) == 1
    assert guard.check("rest", {}).runs


def test_a_huge_expression_of_a_call_is_refused_at_once() -> None:
    """A huge expression is not compiled to the end; a small one is, and decides."""
    guard = Guard(
        text=".action find(text: symbol, by: symbol) forbid find(text: T, by: R) :- matches(T, R).",
        timeout=60,
    )
    for huge in ("a{0,900}" * 60, "(a|b|c){1,999}" * 9, "a?" * 2_000):
        verdict = guard.check("find", {"text": "b", "by": huge})
        assert not verdict.runs
        assert verdict.error is not None
    assert guard.check("find", {"text": "b", "by": "^c+$"}).runs
    assert guard.check("find", {"text": "ccc", "by": "^c+$"}).outcome == "reject"


def test_a_rejection_is_told_though_another_law_has_no_end() -> None:
    """The reason of the cheaper law reaches the model, with a note."""
    guard = Guard(
        text=".decl edge(a: int, b: int) input .action sweep() "
        f'@because("edge 5 is there") forbid sweep :- edge(5, _). forbid sweep :- {LAWS["join"]}.',
        state={"facts": {"edge": EDGES}},
        timeout=0.3,
        strict=False,
    )
    verdict = guard.check("sweep", {})
    assert (verdict.outcome, verdict.error) == ("reject", None)
    assert "edge 5 is there" in verdict.message
    assert "could not all be worked out" in verdict.message
