"""The decorator and the context manager: the contract, and what is special to plain Python."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("pydantic", reason="needs the extra: pip install 'mpr-logic[tools]'")

from mpr_logic.errors import RejectedError
from mpr_logic.guard.calls import Call
from mpr_logic.guard.conversation import Message
from mpr_logic.guard.guard import Guard
from mpr_logic.integrations.plain import Guarding, aanswer_calls, answer_calls, guarded
from tests.integrations.contract import SCENARIOS, Driver, Office, Proposed, Scenario, name_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mpr_logic.guard.verdict import Verdict


SAID = [Message("user", "go")]


class WithContext:
    """A loop of one's own: the context manager around each call, in a thread for each."""

    name = "plain, context manager"
    answers_itself: frozenset[str] = frozenset()
    cannot: dict[str, str] = {}  # noqa: RUF012 - what the protocol says

    def run(self, guard: Guard, office: Office, calls: list[Proposed]) -> dict[str, str]:
        def one(call: Proposed) -> str:
            try:
                with Guarding(
                    guard, call.tool, call.arguments, id=call.id, conversation=lambda: SAID
                ) as made:
                    made.result = office.functions()[call.tool](**made.arguments)
                    return str(made.result)
            except RejectedError as error:
                return str(error)

        with ThreadPoolExecutor() as pool:
            return dict(zip([each.id for each in calls], pool.map(one, calls), strict=True))


class WithAsyncContext(WithContext):
    """The same in an event loop."""

    name = "plain, async context manager"

    def run(self, guard: Guard, office: Office, calls: list[Proposed]) -> dict[str, str]:
        async def one(call: Proposed) -> str:
            try:
                async with Guarding(
                    guard, call.tool, call.arguments, id=call.id, conversation=lambda: SAID
                ) as made:
                    made.result = office.functions()[call.tool](**made.arguments)
                    return str(made.result)
            except RejectedError as error:
                return str(error)

        async def main() -> list[str]:
            return await asyncio.gather(*map(one, calls))

        return dict(zip([each.id for each in calls], asyncio.run(main()), strict=True))


class WithDecorator(WithContext):
    """Decorated functions, called with what the model wrote."""

    name = "plain, decorator"
    answers_itself = frozenset({"not_json", "unknown_tool", "not_of_the_schema", "keys_alike"})

    def run(self, guard: Guard, office: Office, calls: list[Proposed]) -> dict[str, str]:
        guard.hear(*SAID)
        tools = {name: guarded(guard, function) for name, function in office.functions().items()}

        def one(call: Proposed) -> str:
            try:
                return self.called(tools[call.tool], json.loads(call.arguments))
            except (RejectedError, ValueError, TypeError, KeyError) as error:
                return repr(error)

        with ThreadPoolExecutor() as pool:
            return dict(zip([each.id for each in calls], pool.map(one, calls), strict=True))

    def called(self, tool: Callable[..., str], arguments: dict[str, Any]) -> str:
        return tool(**arguments)


DRIVERS: list[Driver] = [WithContext(), WithAsyncContext(), WithDecorator()]


@pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: driver.name)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=name_of)
def test_contract(scenario: Scenario, driver: Driver, tmp_path: Path) -> None:
    """Plain Python keeps the contract of all adapters."""
    if scenario.__name__ in driver.cannot:
        pytest.skip(driver.cannot[scenario.__name__])
    scenario(driver, tmp_path)


RULES = """
.action send(to: symbol)
@escalate @because("{T} is asked for") forbid send(to: T) :- T = "eve".
@because("it failed before") forbid send(to: T) :- failed send(to: T).
"""


def test_words_inside_of_a_call_are_no_users() -> None:
    """Inside of a guarded call an agent's user is a model: what it says are not the user's words."""
    guard = Guard(text=RULES + "forbid send(to: T) :- said(_, user, W), contains(W, T).")
    with (
        Guarding(guard, "send", {"to": "bob"}, conversation=lambda: SAID),
        Guarding(guard, "send", {"to": "ann"}, conversation=lambda: [Message("user", "not ann")]),
    ):
        pass
    with (
        pytest.raises(RejectedError),
        Guarding(guard, "send", {"to": "ann"}, conversation=lambda: [*SAID, Message("user", "not ann")]),
    ):
        pass


def test_a_conversation_that_cannot_be_read_rejects() -> None:
    """Where a conversation cannot be told, the calls whose rules read it are rejected."""
    guard = Guard(text=RULES + "forbid send(to: _) :- last_said(user, no).", strict=False)

    def broken() -> Any:
        raise ValueError("no such message")

    with pytest.raises(RejectedError) as caught, Guarding(guard, "send", {"to": "b"}, conversation=broken):
        pass
    assert "could not be read" in str(caught.value.verdict.error)


def test_results_of_functions_are_values() -> None:
    """A function's result is opened for rules as the JSON that it is; an exception is a refusal."""
    guard = Guard(
        text="""
        .action look(id: symbol)
        .action cancel(id: symbol)
        forbid cancel(I) :- not seen(I).
        .decl seen(id: any)
        seen(I) :- returned(_, look, V), item(V, _, O), field(O, id, I).
        seen(I) :- refused(C, look, "gone"), asked_with(C, id, I).
        """
    )

    def look(id: str) -> list[dict[str, str]]:
        if id == "R3":
            raise KeyError("gone") from None
        return [{"id": id}, {"id": "R2"}]

    functions = {"look": look, "cancel": lambda id: "done"}
    calls = [
        Call("look", {"id": "R1"}, "a"),
        Call("cancel", {"id": "R2"}, "b"),
        Call("cancel", {"id": "R3"}, "c"),
    ]
    _, second, third = answer_calls(guard, calls, functions)
    assert second == "done"
    assert "rejected" in third
    answer_calls(guard, [Call("look", {"id": "R3"}, "d")], functions)
    refusals = guard.session("").checker.facts()["refused"]
    assert [text for _, _, text in refusals] == ["'gone'"]


@pytest.mark.parametrize("answer", [True, False])
def test_a_person_is_asked_instead_of_the_approver(answer: bool) -> None:
    """A host may ask a person in its own way: only where a rule says so, and with the verdict."""
    guard = Guard(text=RULES, approver=lambda verdict: not answer)
    asked: list[str] = []

    def person(verdict: Verdict) -> bool:
        asked.append(verdict.arguments["to"])
        return answer

    async def asynchronous(to: str) -> bool:
        try:
            async with Guarding(guard, "send", {"to": to}, person=person):
                return True
        except RejectedError:
            return False

    def synchronous(to: str) -> bool:
        try:
            with Guarding(guard, "send", {"to": to}, person=person):
                return True
        except RejectedError:
            return False

    assert [synchronous("ann"), asyncio.run(asynchronous("bob"))] == [True, True]
    assert asked == []
    assert [synchronous("eve"), asyncio.run(asynchronous("eve"))] == [answer, answer]
    assert asked == ["eve", "eve"]


def test_a_result_may_say_that_the_call_failed() -> None:
    """The host's word on a result is recorded; an exception is a failure whatever was said."""
    guard = Guard(text=RULES)
    with Guarding(guard, "send", {"to": "ann"}) as call:
        call.succeeded = False
    with pytest.raises(RejectedError, match="it failed before"), Guarding(guard, "send", {"to": "ann"}):
        raise AssertionError("it was not admitted")

    def breaking() -> None:
        with Guarding(guard, "send", {"to": "bob"}) as call:
            call.succeeded = True
            raise OSError

    for expected in (OSError, RejectedError):
        with pytest.raises(expected):
            breaking()


def test_calls_of_a_host_with_a_loop_of_its_own() -> None:
    """Each call is answered with a text: the result, why it was not made, or that it failed."""

    def send(to: str) -> dict[str, str]:
        if to == "bob":
            raise OSError("the secret of the house")
        return {"sent": to}

    calls = [Call("send", '{"to": "ann"}'), Call("send", {"to": "eve"}), Call("send", '{"to": "bob"}')]
    for told in (
        answer_calls(Guard(text=RULES), calls, {"send": send}),
        asyncio.run(aanswer_calls(Guard(text=RULES), calls, {"send": send})),
    ):
        assert told[0] == '{"sent":"ann"}'
        assert "eve is asked for" in told[1]
        assert told[2] == "The tool failed: OSError."
