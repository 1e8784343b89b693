"""Messages as facts, results that come by two ways, limits, rules that change, and
conversations that are told from their beginning."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpr_logic.analysis.builtin_relations import HEARD
from mpr_logic.errors import GuardError, StateError
from mpr_logic.guard.calls import Limits
from mpr_logic.guard.conversation import Conversation, Followed, Message, Needs, ToolCall
from mpr_logic.guard.guard import Guard
from mpr_logic.guard.results import read_result

if TYPE_CHECKING:
    from pathlib import Path

DECLARED = """
.action look(id: symbol)
.action book(id: symbol)
.action cancel(id: symbol)
"""
ALL = (
    DECLARED
    + """
.decl every()
every :- said(_, _, _).
every :- last_said(_, _).
every :- returned(_, _, V), field(V, _, _).
every :- newest(_, _).
every :- refused(_, _, _).
every :- asked_with(_, _, V), item(V, _, _).
forbid cancel("never") :- every.
"""
)
LOOKED = (
    DECLARED
    + """
.decl looked(id: any)
looked(I) :- returned(_, look, V), field(V, id, I).
@because("look at {I} first") forbid cancel(I) :- not looked(I).
"""
)


def rows(guard: Guard, relation: str, session: str = "") -> list[tuple[Any, ...]]:
    """The rows of a relation in a session."""
    return sorted(guard.session(session).checker.facts().get(relation, {}), key=str)


def test_words_are_facts() -> None:
    """Messages of all but tools are counted from 0; one without words counts, and says nothing."""
    guard = Guard(text=ALL)
    guard.hear(Message("system", "be kind"), Message("user", "hi"), Message("assistant"))
    guard.hear(Message("user", "bye"))
    assert rows(guard, "said") == [(0, "system", "be kind"), (1, "user", "hi"), (3, "user", "bye")]
    assert rows(guard, "last_said") == [("system", "be kind"), ("user", "bye")]


def test_results_are_facts() -> None:
    """Results are numbered from 0, JSON is opened, errors are apart, the newest of each tool is known."""
    guard = Guard(text=ALL)
    calls = (ToolCall("a", "look", {"id": "R1", "legs": [1]}), ToolCall("b", "look", {"id": "R2"}))
    guard.hear(
        Message("assistant", "I look", calls),
        Message("tool", answers="b", content='{"id": "R2", "price": 3.0}'),
        Message("tool", answers="a", content="no such thing", error=True),
        Message("tool", tool="weather", content="rain"),
    )
    whole = '{"id":"R2","price":3}'
    assert rows(guard, "returned") == [(0, "look", whole), (2, "weather", "rain")]
    assert rows(guard, "refused") == [(1, "look", "no such thing")]
    assert rows(guard, "newest") == [("look", 0), ("weather", 2)]
    assert rows(guard, "asked_with") == [(0, "id", "R2"), (1, "id", "R1"), (1, "legs", "[1]")]
    assert (whole, "price", 3) in rows(guard, "field")
    assert ("[1]", 0, 1) in rows(guard, "item")


def test_what_a_result_says_is_withdrawn_by_a_later_one() -> None:
    """Of several results about one thing the newest holds, in rules alone."""
    guard = Guard(
        text=DECLARED
        + """
        .decl about(id: symbol, call: int)
        about(I, C) :- returned(C, _, V), field(V, id, I), I is symbol.
        .decl open(id: symbol)
        open(I) :- about(I, _), C = max N : { about(I, N) }, returned(C, _, V), field(V, state, "open").
        @because("{I} is not open") forbid cancel(I) :- not open(I).
        """
    )
    assert not guard.check("cancel", {"id": "R1"}).runs
    guard.hear(Message("tool", tool="book", content={"id": "R1", "state": "open"}))
    guard.hear(Message("tool", tool="book", content={"id": "R2", "state": "open"}))
    assert guard.check("cancel", {"id": "R1"}).runs
    guard.hear(Message("tool", tool="cancel", content={"id": "R1", "state": "cancelled"}))
    assert not guard.check("cancel", {"id": "R1"}).runs
    guard.hear(Message("tool", tool="look", content={"id": "R1", "state": "open"}))
    assert guard.check("cancel", {"id": "R1"}).runs
    assert guard.check("cancel", {"id": "R2"}).runs


def test_a_call_tells_what_rules_make_of_its_result() -> None:
    """A law that hangs on a relation derived from results asks for the call that tells it."""
    guard = Guard(
        text=DECLARED
        + """
        .decl booked(id: symbol, user: symbol)
        booked(I, U) :- made(V), field(V, id, I), I is symbol, field(V, user, U), U is symbol.
        .decl made(value: any)
        made(V) :- returned(_, look, V).
        look(I) tells booked(I, _).
        @because("{I} is of {U}") forbid cancel(I) :- booked(I, U), U != "ann".
        """
    )
    for id, user, admitted in (("R1", "ann", True), ("R2", "bob", False)):
        first = guard.check("cancel", {"id": id}).decision
        assert first is not None
        assert first.verdict == "uninformed"
        guard.record(guard.check("look", {"id": id}), True, result={"id": id, "user": user})
        assert guard.check("cancel", {"id": id}).runs is admitted


def test_a_result_that_comes_twice_is_one() -> None:
    """The result of an admitted call comes with its outcome and as a message: it is taken in once, in either
    order, with the arguments that the call was made with; the same id a second time is a further call."""
    guard = Guard(text=ALL)
    for first in (True, False):
        verdict = guard.check("look", {"id": "R1"}, id="c")
        heard = (
            Message("assistant", calls=(ToolCall("c", "look", {"id": "R1"}),)),
            Message("tool", answers="c", content='{"id": "R1"}'),
        )
        if first:
            guard.hear(*heard)
        guard.record(verdict, True, result={"id": "R1"})
        if not first:
            guard.hear(*heard)
    assert rows(guard, "returned") == [(0, "look", '{"id":"R1"}'), (1, "look", '{"id":"R1"}')]
    assert rows(guard, "asked_with") == [(0, "id", "R1"), (1, "id", "R1")]


def test_what_a_model_is_told_in_place_of_a_result_is_none() -> None:
    """A rejected call has no result, though the model is told something under its id."""
    guard = Guard(text=ALL + 'forbid book("no").')
    verdict = guard.check("book", {"id": "no"}, id="c")
    guard.hear(Message("tool", answers="c", tool="book", content=verdict.message))
    assert rows(guard, "returned") == []
    guard.record(guard.check("book", {"id": "yes"}, id="c"), False, result="it failed")
    assert rows(guard, "refused") == [(0, "book", "it failed")]


def test_tools_have_the_names_of_actions() -> None:
    """A tool and its arguments have in results the names that rules have for them."""
    guard = Guard(
        text=ALL
        + """
        tool_name("look-up", look).
        argument_name(look, "ID", id).
        """
    )
    call = ToolCall("c", "look-up", {"ID": "R1", "other": True})
    guard.hear(Message("assistant", calls=(call,)), Message("tool", answers="c", content="x"))
    assert rows(guard, "returned") == [(0, "look", "x")]
    assert rows(guard, "asked_with") == [(0, "id", "R1"), (0, "other", "true")]


def test_a_refusal_is_no_result() -> None:
    """A message in the place of the result of a call that was not made is none, whatever it says."""
    guard = Guard(text=".action pay()\nforbid pay :- returned(_, _, _).\nforbid pay :- refused(_, _, _).")
    guard.hear(Message("tool", tool="look", content="paid", refused=True))
    guard.hear(Message("tool", tool="look", content="no", error=True, refused=True))
    assert guard.check("pay").runs
    guard.hear(Message("tool", tool="look", content="paid"))
    assert not guard.check("pay").runs


def test_arguments_of_the_proposed_call() -> None:
    """`argument` holds what is given of the proposed call, by the names of its declaration, and of no other
    call, whether that is in the history or under way."""
    guard = Guard(
        text="""
        .action pay(to: symbol, amount: int, note?: symbol)
        .decl total(n: int) key()
        total(0).
        pay(_, _, _) causes total(S + A) :- total(S), argument(amount, A), A is int.
        @because("{N} is eve") forbid pay(_, _, _) :- argument(N, eve).
        @because("no note") forbid pay(_, _, _) :- not argument(note, _), past pay(_, _, _).
        @because("too much") forbid pay(_, A, _) :- total(S), S + A > 10.
        """
    )
    assert guard.check("pay", {"to": "eve", "amount": 1}).message.endswith("to is eve")
    first = guard.check("pay", {"to": "ann", "amount": 4, "note": "x"})
    assert first.runs
    assert guard.check("pay", {"to": "ann", "amount": 7, "note": "x"}).message.count("too much") == 1
    guard.record(first, True)
    assert rows(guard, "total") == [(4,)]
    assert "no note" in guard.check("pay", {"to": "ann", "amount": 1}).message
    assert rows(guard, "argument") == []


def test_proofs_say_which_message() -> None:
    """In a proof, what was heard has the message that it is from."""
    guard = Guard(text=DECLARED + "forbid cancel(I) :- last_said(user, T), contains(T, I).")
    guard.hear(Message("user", "leave R1 alone"))
    decision = guard.check("cancel", {"id": "R1"}).decision
    assert decision is not None
    assert "turn 0 (user)" in str(decision.reasons[0].proof)


def test_nothing_is_kept_that_no_rule_reads() -> None:
    """A rule set that does not read the conversation has no fact of it; and a relation is filled only where
    some rule reads it."""
    guard = Guard(text=DECLARED)
    assert not guard.hears
    guard.hear(Message("user", "hi"), Message("tool", tool="look", content={"id": "R1"}))
    assert guard.session("").checker.facts() == {}
    some = Guard(text=LOOKED)
    assert some.hears
    some.hear(Message("user", "hi"), Message("tool", tool="look", content={"id": ["R1"]}))
    assert {name for name, held in some.session("").checker.facts().items() if held} == {"returned", "field"}


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        (Limits(messages=2), "more than 2 messages"),
        (Limits(heard=10), "more than 10 characters"),
        (Limits(returned=3), "more than 3 values"),
    ],
)
def test_what_is_beyond_the_limits_rejects(limits: Limits, said: str) -> None:
    """A conversation beyond a limit is never forgotten in part: what reads it is rejected from then on, and
    what does not goes on."""
    guard = Guard(text=LOOKED, limits=limits)
    guard.hear(*[Message("tool", tool="look", content={"id": f"R{n}"}) for n in range(3)])
    verdict = guard.check("cancel", {"id": "R0"})
    assert not verdict.runs
    assert said in str(verdict.error)
    assert guard.check("look", {"id": "R0"}).runs
    assert guard.check("cancel", {"id": "R0"}, session="new").error is None


def test_only_messages_are_heard() -> None:
    """Anything but a message of a known role is an error of ours."""
    with pytest.raises(StateError, match="hears messages"):
        Guard(text=LOOKED).hear({"role": "user"})  # type: ignore[arg-type]
    with pytest.raises(StateError, match="no message is from `human`"):
        Message("human", "hi")  # type: ignore[arg-type]


def test_words_and_results_have_a_place_each() -> None:
    """Words in the place of a result, and the other way round, are an error, and are not lost."""
    with pytest.raises(StateError, match="what was said is its `text`"):
        Message("user", content="STOP!")
    with pytest.raises(StateError, match="what it returned is its `content`"):
        Message("tool", tool="look", text="hello")


@pytest.mark.parametrize("odd", [None, 3, ["x"]])
def test_odd_parts_of_messages_are_refused(odd: Any) -> None:
    """A part of a message that is of another type is an error of ours, which says which part."""
    parts: list[tuple[Any, tuple[Any, ...], dict[str, Any]]] = [
        (Message, ("user", odd), {}),
        (Message, ("tool",), {"answers": odd}),
        (Message, ("tool",), {"tool": odd}),
        (Message, ("assistant",), {"calls": odd}),
        (Message, ("assistant",), {"calls": (odd,)}),
        (ToolCall, (odd, "t"), {}),
        (ToolCall, ("i", odd), {}),
        (ToolCall, ("i", "t", odd), {}),
    ]
    for kind, values, named in parts:
        with pytest.raises(StateError, match="of a message is of type"):
            kind(*values, **named)


def test_rules_that_are_loaded_later_know_what_was_said(tmp_path: Path) -> None:
    """New rules read what was heard under the old ones, in relations that these did not read; what nobody
    kept is a reason to reject."""
    file = tmp_path / "rules.dl"
    file.write_text(DECLARED + 'forbid cancel("never") :- newest(look, _).', encoding="utf-8")
    guard = Guard(file)
    guard.hear(Message("user", "hi"), Message("tool", tool="look", content={"id": "R1"}), session="old")
    file.write_text(LOOKED, encoding="utf-8")
    assert guard.reload(force=True)
    assert guard.check("cancel", {"id": "R1"}, session="old").runs
    guard.hear(Message("tool", tool="look", content={"id": "R2"}), session="old")
    assert guard.check("cancel", {"id": "R2"}, session="old").runs
    file.write_text(DECLARED, encoding="utf-8")
    assert guard.reload(force=True)
    assert guard.check("cancel", {"id": "R1"}, session="old").runs
    assert rows(guard, "returned", "old") == []
    file.write_text(LOOKED, encoding="utf-8")
    assert guard.reload(force=True)
    assert "was not kept" in str(guard.check("cancel", {"id": "R1"}, session="old").error)
    assert guard.check("cancel", {"id": "R1"}, session="another").error is None


def test_shared_relations_do_not_hang_on_a_conversation(tmp_path: Path) -> None:
    """An effect on a shared relation must not read what one session alone has heard."""
    text = """
    .decl spent(n: int) key() shared
    .action pay(n: int)
    pay(N) causes spent(N) :- last_said(user, _).
    """
    with pytest.raises(GuardError, match="what is said in one session"):
        Guard(text=text, store=tmp_path / "s.db")


def test_a_conversation_told_from_its_beginning() -> None:
    """Of a conversation that is told whole each time the new messages are heard, also where the host has cut
    it or put a summary in the place of its beginning."""
    guard = Guard(text=ALL)
    talk = [Message("user", "hi"), Message("assistant", "yes?"), Message("user", "yes")]
    for end in (1, 2, 3, 3):
        guard.follow(talk[:end])
    assert rows(guard, "said") == [(0, "user", "hi"), (1, "assistant", "yes?"), (2, "user", "yes")]
    talk = [Message("system", "they said yes"), *talk[1:], Message("assistant", "ok"), Message("user", "yes")]
    guard.follow(talk)
    assert rows(guard, "said")[3:] == [(3, "assistant", "ok"), (4, "user", "yes")]
    guard.follow([Message("system", "they said yes"), Message("user", "anew")])
    assert rows(guard, "said")[5:] == [(5, "system", "they said yes"), (6, "user", "anew")]


MESSAGES = st.lists(st.sampled_from([Message("user", text) for text in "abc"]), max_size=8)


@given(MESSAGES, st.lists(st.integers(0, 8), max_size=5))
@settings(max_examples=50, deadline=None)
def test_each_message_is_heard_once(talk: list[Message], ends: list[int]) -> None:
    """Whatever parts of a growing conversation are told, each of its messages is heard once, in order."""
    followed = Followed()
    heard = [each for end in sorted({*ends, len(talk)}) for each in followed.news(talk[:end])]
    assert heard == talk


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


ODD = [{1: 2}, [object()], float("nan"), 10**5000, "\ud800", "[1e999]", "[" * 50 + "]" * 50]


@pytest.mark.heavy
@given(JSON | st.binary() | st.sampled_from(ODD))
@settings(max_examples=100, deadline=None)
def test_any_content_is_taken_in(content: Any) -> None:
    """Whatever a tool returned is a JSON value of its own or a text, and a fact that the checker takes."""
    guard = Guard(text=ALL)
    guard.hear(Message("tool", tool="look", content=content), Message("tool", tool="look", content=content))
    assert len(rows(guard, "returned")) == 2
    assert guard.check("cancel", {"id": "R1"}).error is None
    found = read_result(content, Limits())
    found.text.encode()
    assert found == read_result(found.value, Limits()) or isinstance(content, str)


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(["", "a", "b"])), max_size=12))
@settings(max_examples=60, deadline=None)
def test_the_nth_of_one_way_is_the_nth_of_the_other(events: list[tuple[bool, str]]) -> None:
    """However outcomes and messages are mixed, an id has as many results as came by the way with more."""
    conversation = Conversation(Needs(HEARD), Limits())
    count = {"recorded": {"a": 0, "b": 0}, "heard": {"a": 0, "b": 0}}
    total = sum(not id for _, id in events)
    for recorded, id in events:
        message = Message("tool", answers=id, tool="t", content="x")
        conversation.recorded(message) if recorded else conversation.hear([message])
        if id:
            count["recorded" if recorded else "heard"][id] += 1
    results = [each for each in conversation.facts(Needs(HEARD)) if each.relation == "returned"]
    assert len(results) == total + sum(max(count["recorded"][id], count["heard"][id]) for id in "ab")


def test_hearing_costs_what_a_message_holds() -> None:
    """The hundredth message costs what the first did, not what all before it hold."""
    guard = Guard(text=ALL)
    content = json.dumps([{"id": f"R{n}", "text": "x" * 100} for n in range(100)])
    times = []
    for number in range(60):
        began = time.process_time()
        guard.hear(Message("tool", tool="look", content=content.replace("R", f"R{number}_")))
        times.append(time.process_time() - began)
    assert min(times[-20:]) < 4 * min(times[:20]) + 0.002


def test_nothing_is_lost_where_the_host_has_cut() -> None:
    """After a cut the longest known end decides what is new, also where the last words stand there again."""
    guard = Guard(text=ALL)
    guard.follow([Message("user", "hi"), Message("user", "hm"), Message("user", "ok")])
    call = Message("assistant", calls=(ToolCall("1", "look", {"id": "R1"}),))
    result = Message("tool", answers="1", content="secret")
    guard.follow([Message("user", "ok"), call, result, Message("user", "ok"), Message("assistant", "fine")])
    assert rows(guard, "returned") == [(0, "look", "secret")]
    assert [row[2] for row in rows(guard, "said")] == ["hi", "hm", "ok", "ok", "fine"]


@given(MESSAGES, MESSAGES, st.integers(0, 8))
@settings(max_examples=200, deadline=None)
def test_a_cut_loses_no_message(talk: list[Message], more: list[Message], cut: int) -> None:
    """All that was never told is heard, after the known end of what was told."""
    followed = Followed()
    followed.news(talk)
    fresh = [Message("user", f"new {number}") for number in range(len(more))]
    told = [each for pair in zip(fresh, more, strict=True) for each in pair]
    assert followed.news([*talk[cut:], *told]) == told


def test_words_that_are_no_summary_are_heard() -> None:
    """New words before known ones are heard, and all behind them again, since their order counts."""
    followed = Followed()
    talk = [Message("user", each) for each in "abc"]
    followed.news(talk)
    told = [Message("user", "STOP"), *talk]
    assert followed.news(told) == told


def test_messages_are_known_once_all_were_taken_in() -> None:
    """A conversation that was refused is heard when it is told again."""
    guard = Guard(text=ALL)
    odd: Any = [Message("user", "STOP"), "x"]
    with pytest.raises(StateError):
        guard.follow(odd)
    guard.follow([Message("user", "STOP"), Message("user", "go")])
    assert rows(guard, "said") == [(0, "user", "STOP"), (1, "user", "go")]


@pytest.mark.parametrize("answers", ["", "x"])
def test_calls_of_one_id_are_answered_in_their_order(answers: str) -> None:
    """Of calls that share an id, or have none, the first is answered first."""
    guard = Guard(text=ALL)
    calls = tuple(ToolCall(answers, "look", {"id": each}) for each in ("good", "bad"))
    guard.hear(Message("assistant", calls=calls))
    guard.hear(*(Message("tool", answers=answers, content=each) for each in ("fine", "awful")))
    assert rows(guard, "asked_with") == [(0, "id", "good"), (1, "id", "bad")]


def test_no_arguments_are_told_where_the_call_is_not_clear() -> None:
    """Where an earlier call of that id was never answered, nobody knows whose result comes next."""
    guard = Guard(text=ALL)
    for each in ("good", "bad"):
        call = ToolCall("", "look", {"id": each})
        guard.hear(Message("assistant", calls=(call,)), Message("user", "go on"))
    guard.hear(Message("tool", content="fine"))
    assert rows(guard, "asked_with") == []
    assert rows(guard, "returned") == [(0, "look", "fine")]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_outcomes_are_of_their_own_call(order: tuple[int, int]) -> None:
    """Calls that share an id, with outcomes in any order: each result has its own call's arguments."""
    guard = Guard(text=ALL)
    verdicts = [guard.check("look", {"id": each}, id="x") for each in ("good", "bad")]
    for place in order:
        guard.record(verdicts[place], True, result=["fine", "awful"][place])
    assert [row[2] for row in rows(guard, "asked_with")] == [("good", "bad")[place] for place in order]


def test_a_rejection_takes_its_own_answer_away() -> None:
    """A call that is rejected, and then admitted under the same id: its result is heard."""
    guard = Guard(text=ALL + 'forbid book("no").')
    told = guard.check("book", {"id": "no"}, id="c").message
    assert guard.check("book", {"id": "yes"}, id="c").runs
    guard.hear(Message("tool", answers="c", content={"booked": 1}))
    guard.hear(Message("tool", answers="c", content=told))
    assert rows(guard, "returned") == [(0, "book", '{"booked":1}')]
    assert rows(guard, "asked_with") == [(0, "id", "yes")]


@pytest.mark.parametrize("limits", [Limits(heard=1000), Limits(returned=10)])
def test_arguments_count_in_the_limits(limits: Limits) -> None:
    """The arguments of calls count as words do: beyond the limits nothing more is kept."""
    guard = Guard(text=ALL, limits=limits)
    call = ToolCall("c", "look", {"id": "y" * 900, "all": list(range(20))})
    guard.hear(Message("assistant", calls=(call,)), Message("tool", answers="c", content="ok"))
    assert "this session has more than" in str(guard.check("cancel", {"id": "never"}).error)
    assert rows(guard, "asked_with") == []


class _Rude:
    """An object that cannot be written."""

    def __str__(self) -> str:
        raise KeyError("no")

    __repr__ = __str__


def test_what_cannot_be_heard_is_an_error_of_ours() -> None:
    """Odd values end in an error of ours, or are taken in, by both ways."""
    guard = Guard(text=ALL)
    deep: Any = []
    for _ in range(5000):
        deep = [deep]
    odd: Any
    for odd in (deep, 10**5000):
        for _ in range(2):
            guard.follow([Message("tool", tool="look", content=odd)])
    assert len(rows(guard, "returned")) == 2
    guard.hear(Message("tool", tool="look", content=_Rude()))
    with pytest.raises(StateError):
        guard.follow([Message("tool", tool="look", content=_Rude())])
    for odd in (None, 5, "text", [None]):
        with pytest.raises(StateError):
            guard.follow(odd)
    odd = []
    with pytest.raises(StateError):
        guard.hear(Message("user", "x"), session=odd)
