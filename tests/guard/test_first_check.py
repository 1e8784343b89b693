"""The first check of a session costs no more than the next ones: what sessions share is there before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mpr_logic.engine.namespace import Namespace
from mpr_logic.engine.store import Relation
from mpr_logic.guard.conversation import Message
from mpr_logic.guard.guard import Guard
from mpr_logic.guard.session import MANY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

RULES = """
.action look(id: symbol)
.action cancel(id: symbol)
.decl booked(id: symbol, user: any)
booked(I, U) :- returned(_, look, V), field(V, id, I), I is symbol, field(V, user, U).
@because("{I} is of another") forbid cancel(I) :- booked(I, U), U != "ann".
@because("unknown") forbid cancel(I) :- not booked(I, _).
"""


def result(id: str, user: str) -> Message:
    """The result of a look-up."""
    return Message("tool", tool="look", content={"id": id, "user": user})


def counted(patched: pytest.MonkeyPatch, kind: type, name: str, of: Callable[[Any], int]) -> list[int]:
    """The list that each call of a method enters a size of its object into."""
    seen: list[int] = []
    before: Callable[..., Any] = getattr(kind, name)

    def called(self: Any, *args: Any) -> Any:
        seen.append(of(self))
        return before(self, *args)

    patched.setattr(kind, name, called)
    return seen


def test_a_prepared_guard_compiles_nothing_for_a_call(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A guard that was told to prepare has compiled its rules before the first call, and new ones before they
    are used; another compiles them when they are needed."""
    file = tmp_path / "rules.dl"
    file.write_text(RULES, encoding="utf-8")
    later, guard = Guard(file), Guard(file, prepare=True)
    for each in (later, guard):
        each.hear(result("R1", "bob"))
    compiled = counted(monkeypatch, Namespace, "define", lambda each: len(each.code))
    assert guard.check("cancel", {"id": "R1"}).message.endswith("is of another")
    assert guard.check("look", {"id": "R1"}, session="new").runs
    assert not compiled
    assert later.check("cancel", {"id": "R1"}).message.endswith("is of another")
    assert compiled
    file.write_text(RULES.replace("unknown", "not known"), encoding="utf-8")
    assert guard.reload()
    compiled.clear()
    assert "not known" in guard.check("cancel", {"id": "R2"}).message
    assert not compiled


def test_a_prepared_guard_of_many_rules_compiles_nothing_for_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """So it is with more rules than another guard compiles before its first check."""
    other = [f".action a{n}(x: int)\nforbid a{n}(X) :- X > {n}, X < {n + 9}." for n in range(MANY)]
    guard = Guard(text="\n".join([RULES, *other]), prepare=True)
    guard.hear(result("R1", "bob"))
    compiled = counted(monkeypatch, Namespace, "define", lambda each: len(each.code))
    assert guard.check("cancel", {"id": "R1"}).message.endswith("is of another")
    assert guard.check("cancel", {"id": "R2"}, session="new").message.endswith("unknown")
    assert not compiled


def test_indexes_of_results_are_there_before_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    """Indexes that another session needed grow as results come in: a check enters no result into one."""
    guard = Guard(text=RULES)
    for name in ("first", "second"):
        entered = counted(monkeypatch, Relation, "__iter__", len)
        guard.hear(*(result(f"R{number}", "ann") for number in range(50)), session=name)
        assert guard.check("cancel", {"id": "R7"}, session=name).runs
        assert not guard.check("cancel", {"id": "X"}, session=name).runs
        assert any(entered) == (name == "first")
        monkeypatch.undo()


def test_a_fact_that_is_told_again_says_where_from() -> None:
    """A fact that is asserted again changes no answer; proofs say the last place that it came from."""
    checker = Guard(text=RULES).session("").checker
    for source in ("one", "two"):
        checker.update(add=['booked("R1", bob)'], source=source)
        proof = checker.check('cancel("R1")').reasons[0].proof
        assert proof is not None
        assert source in str(proof)
    checker.update(add=['0.5 :: booked("R1", bob)'], source="three")
    assert checker.check('cancel("R1")').admissible  # it is advice now
    assert checker.query("booked(I, U)") == {("R1", "bob"): 0.5}
