"""The decorator and the context manager: the contract, and what is special to plain Python."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("pydantic", reason="needs the extra: pip install 'mpr-logic[tools]'")

from mpr_logic.adapters.guard import Guard
from mpr_logic.adapters.plain import Guarding, guarded
from mpr_logic.errors import RejectedError
from tests.adapters.contract import SCENARIOS, Driver, Office, Proposed, Scenario, name_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class WithContext:
    """A loop of one's own: the context manager around each call, in a thread for each."""

    name = "plain, context manager"
    answers_itself: frozenset[str] = frozenset()
    cannot: dict[str, str] = {}  # noqa: RUF012 - what the protocol says

    def run(self, guard: Guard, office: Office, calls: list[Proposed]) -> dict[str, str]:
        def one(call: Proposed) -> str:
            try:
                with Guarding(guard, call.tool, call.arguments, id=call.id) as made:
                    return office.functions()[call.tool](**made.arguments)
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
                async with Guarding(guard, call.tool, call.arguments, id=call.id) as made:
                    return office.functions()[call.tool](**made.arguments)
            except RejectedError as error:
                return str(error)

        async def main() -> list[str]:
            return await asyncio.gather(*map(one, calls))

        return dict(zip([each.id for each in calls], asyncio.run(main()), strict=True))


class WithDecorator(WithContext):
    """Decorated functions, called with what the model wrote."""

    name = "plain, decorator"
    answers_itself = frozenset({"not_json", "unknown_tool", "not_of_the_schema"})

    def run(self, guard: Guard, office: Office, calls: list[Proposed]) -> dict[str, str]:
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
