"""The shop's policy: each of its laws stops what it should, admits the neighbour of that, and says why."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import pytest

from mpr_logic.guard.conversation import Message, ToolCall
from mpr_logic.guard.guard import Guard
from tests.envs import airline
from tests.envs.policy_rules import check_form, check_laws
from tests.envs.retail_recorded import RULES

if TYPE_CHECKING:
    from pathlib import Path

ADA, BEN = "ada_west_1001", "ben_moss_2002"
PROFILE = {
    "email": "ada@west.example",
    "payment_methods": {
        name: {"source": source, "id": name}
        for name, source in {"paypal_1": "paypal", "card_1": "credit_card", "gift_1": "gift_card"}.items()
    },
}
LAMP = {
    "product_id": "lamps",
    "variants": {
        name: {"item_id": name, "available": there, "price": 20.0}
        for name, there in {"lamp_red": True, "lamp_blue": True, "lamp_green": False}.items()
    },
}


def order(name: str, status: str, user: str = ADA) -> dict[str, Any]:
    """An order of a red lamp and a kettle."""
    return {
        "order_id": name,
        "user_id": user,
        "status": status,
        "items": [
            {"item_id": "lamp_red", "product_id": "lamps", "price": 20.0},
            {"item_id": "kettle_1", "product_id": "kettles", "price": 30.0},
        ],
        "payment_history": [{"transaction_type": "payment", "amount": 50.0, "payment_method_id": "paypal_1"}],
    }


ORDERS = {
    each["order_id"]: each
    for each in (
        order("#P1", "pending"),
        order("#P2", "pending (item modified)"),
        order("#D1", "delivered"),
        order("#D2", "return requested"),
        order("#X1", "pending", BEN),
    )
}
PLACE = {
    "address1": "1 Elm Street",
    "address2": "",
    "city": "Bath",
    "state": "ME",
    "country": "USA",
    "zip": "04530",
}


@functools.cache
def guard() -> Guard:
    """The rules, loaded once."""
    return Guard(RULES)


class Desk:
    """A conversation of the shop's agent that has come to the user's yes.

    Args:
        located: the users whose ids the agent has found.
        seen: what it has looked up: orders, a user, products.
    """

    def __init__(
        self, located: tuple[str, ...] = (ADA,), seen: tuple[str, ...] = (*ORDERS, ADA, "lamps")
    ) -> None:
        guard().end("desk")
        self.calls = 0
        self.says("user", "Hello.")
        for user in located:
            self.returns("find_user_id_by_email", user, email="somebody@west.example")
        for name in seen:
            self.looks_up(name)
        self.says("assistant", "These are the details. Shall I?")
        self.says("user", "Yes, please.")

    def says(self, role: Any, text: str) -> None:
        """Somebody says something."""
        guard().hear(Message(role, text), session="desk")

    def returns(self, tool: str, result: Any, **arguments: Any) -> None:
        """A call has been made, and this came back."""
        self.calls += 1
        made = ToolCall(f"call_{self.calls}", tool, arguments)
        guard().hear(
            Message("assistant", calls=(made,)),
            Message("tool", answers=made.id, tool=tool, content=result),
            session="desk",
        )

    def looks_up(self, name: str) -> None:
        """Look up an order, a user or a product."""
        if name in ORDERS:
            self.returns("get_order_details", ORDERS[name], order_id=name)
        elif name == "lamps":
            self.returns("get_product_details", LAMP, product_id=name)
        else:
            self.returns("get_user_details", PROFILE, user_id=name)

    def stops(self, tool: str, **arguments: Any) -> tuple[str, ...]:
        """The laws that stop a call."""
        verdict = guard().check(tool, arguments, session="desk")
        return () if verdict.runs else verdict.rules


def items(tool: str, name: str, old: Any, new: Any, paid: str = "paypal_1") -> tuple[str, dict[str, Any]]:
    """An exchange, or a change of items."""
    return tool, {"order_id": name, "item_ids": old, "new_item_ids": new, "payment_method_id": paid}


def returned(name: str, old: Any, paid: str = "paypal_1") -> tuple[str, dict[str, Any]]:
    """A return of items."""
    return "return_delivered_order_items", {"order_id": name, "item_ids": old, "payment_method_id": paid}


def cancelled(name: str, reason: str = "no longer needed") -> tuple[str, dict[str, Any]]:
    """A cancellation."""
    return "cancel_pending_order", {"order_id": name, "reason": reason}


def paying(name: str, method: str) -> tuple[str, dict[str, Any]]:
    """A change of the payment method."""
    return "modify_pending_order_payment", {"order_id": name, "payment_method_id": method}


MODIFY, EXCHANGE = "modify_pending_order_items", "exchange_delivered_order_items"
RED, BLUE, GREEN = ["lamp_red"], ["lamp_blue"], ["lamp_green"]

CASES: list[tuple[tuple[str, dict[str, Any]], tuple[str, ...]]] = [
    (cancelled("#P1"), ()),
    (cancelled("#P1", "ordered by mistake"), ()),
    (cancelled("#P1", "too dear"), ("reason",)),
    (cancelled("#P2"), ("pending",)),
    (cancelled("#D1"), ("pending",)),
    (cancelled("#X1"), ("other_order",)),
    (items(MODIFY, "#P1", RED, BLUE), ()),
    (items(MODIFY, "#P2", RED, BLUE), ("pending",)),
    (items(MODIFY, "#P1", RED, GREEN), ("other_product",)),
    (items(MODIFY, "#P1", RED, ["kettle_2"]), ("other_product",)),
    (items(MODIFY, "#P1", RED, []), ("one_for_one",)),
    (items(MODIFY, "#P1", ["vase"], BLUE), ("not_ordered",)),
    (items(MODIFY, "#P1", ["kettle_1"], ["kettle_2"]), ("product_first",)),
    (items(EXCHANGE, "#D1", RED, BLUE, "card_1"), ()),
    (items(EXCHANGE, "#D1", RED, BLUE, "card_9"), ("payment",)),
    (items(EXCHANGE, "#D1", RED, RED), ()),
    (items(EXCHANGE, "#D2", RED, BLUE), ("delivered",)),
    (items(EXCHANGE, "#P1", RED, BLUE), ("delivered",)),
    (returned("#D1", RED), ()),
    (returned("#D1", RED, "gift_1"), ()),
    (returned("#D1", RED, "card_1"), ("refund",)),
    (returned("#D1", ["vase"]), ("not_ordered",)),
    (returned("#D2", RED), ("delivered",)),
    (paying("#P1", "card_1"), ()),
    (paying("#P1", "paypal_1"), ("same_payment",)),
    (("modify_pending_order_address", {"order_id": "#P1", **PLACE}), ()),
    (("modify_user_address", {"user_id": ADA, **PLACE}), ()),
    (("modify_user_address", {"user_id": BEN, **PLACE}), ("other_address",)),
]


@pytest.mark.parametrize(("call", "laws"), CASES, ids=str)
def test_what_the_policy_says_of_a_call(call: tuple[str, dict[str, Any]], laws: tuple[str, ...]) -> None:
    """Where all was looked up and the user agreed, just the laws stop a call that it breaks."""
    tool, arguments = call
    assert Desk().stops(tool, **arguments) == laws


def test_who_the_user_is() -> None:
    """Nothing changes before the user was located, and one conversation helps one user."""
    tool, arguments = cancelled("#P1")
    assert Desk(located=()).stops(tool, **arguments) == ("authenticate", "other_order")
    assert Desk(located=(ADA, BEN)).stops(tool, **arguments) == ("one_user",)


def test_what_was_not_looked_up_is_asked_for() -> None:
    """Laws that hang on an order, a profile or a product answer with the call that tells it."""
    desk = Desk(seen=())
    tool, arguments = items(EXCHANGE, "#D1", RED, BLUE, "card_1")
    assert desk.stops(tool, **arguments) == ("order_first",)
    desk.looks_up("#D1")
    assert desk.stops(tool, **arguments) == ("product_first", "payment_first")
    desk.looks_up("lamps")
    assert desk.stops(tool, **arguments) == ("payment_first",)
    desk.looks_up(ADA)
    assert desk.stops(tool, **arguments) == ()


def test_a_change_is_made_once() -> None:
    """The result of a change counts: an order whose items were modified is no longer pending."""
    desk = Desk()
    tool, arguments = items(MODIFY, "#P1", RED, BLUE)
    assert desk.stops(tool, **arguments) == ()
    desk.returns(tool, {**ORDERS["#P1"], "status": "pending (item modified)"}, **arguments)
    assert desk.stops(tool, **arguments) == ("pending",)


def test_a_yes_is_asked_for() -> None:
    """The newest words of the user are an explicit yes; words that come with the call are advised against."""
    desk = Desk()
    desk.says("assistant", "I do it now.")
    verdict = guard().check(cancelled("#P1")[0], cancelled("#P1")[1], session="desk")
    assert verdict.runs
    assert verdict.decision is not None
    assert [each.id for each in verdict.decision.advice] == ["only_call"]
    desk.says("user", "Make sure that the money comes back.")
    assert desk.stops(cancelled("#P1")[0], **cancelled("#P1")[1]) == ("ask",)


def test_an_item_for_one_of_its_kind_is_advised_against() -> None:
    """A broken lamp may be exchanged for the same lamp, though by the letter it should be another one."""
    Desk()
    tool, arguments = items(EXCHANGE, "#D1", RED, RED)
    verdict = guard().check(tool, arguments, session="desk")
    assert verdict.runs
    assert verdict.decision is not None
    assert [each.id for each in verdict.decision.advice] == ["same_item"]


def test_rules_are_canonical_and_clean() -> None:
    """The rules are formatted, have no warnings, and each file fits on a screen or so."""
    check_form(RULES)


def test_every_law_has_an_id_a_reason_and_a_case() -> None:
    """Each law has an id, a reason and a case here; no rule names a user, an order or an item."""
    check_laws(RULES, "tests/envs/test_retail_rules.py", r"#W\d+|\d{5,}|\b[a-z]+_[a-z]+_\d{4}\b")


def test_the_airline_has_the_same_words() -> None:
    """The rules of a yes, of a call that stands alone and of a known profile read alike in both."""
    here, there = paragraphs(RULES), paragraphs(airline.RULES)
    for part in (
        ".decl agreed()",
        "agreed :-",
        "@id(only_call)",
        ".decl profile(",
        "profile(U, V) :-",
        ".decl met(",
        "tells met(",
        "met(U) :-",
    ):
        found = [each for each in here if part in each]
        assert len(found) == 1, part
        assert found == [each for each in there if part in each], part


def paragraphs(folder: Path) -> list[str]:
    """The paragraphs of rule files, with their comments."""
    return [
        each
        for file in folder.glob("*.dl")
        for each in file.read_text(encoding="utf-8").strip().split("\n\n")
    ]
