"""The airline's policy: each of its laws stops what it should, admits the neighbour of that, and says why."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import pytest

from tests.envs.airline import (
    ADA,
    BACK,
    BEN,
    ELSEWHERE,
    FLOWN,
    LATER,
    OUT,
    PEOPLE,
    RULES,
    TRIP,
    Desk,
    airline,
    leg,
)
from tests.envs.policy_rules import check_form, check_laws

if TYPE_CHECKING:
    from mpr_logic.guard.guard import Guard

UNSEEN = leg("AB9", "2024-05-20")
ALL = (ADA, BEN, "PLAIN1", "BASIC1", "BUSIN1", "FRESH1", "STALE1", "FLOWN1", "COVER1", "ONEWAY", "BENS01")


def book(**given: Any) -> dict[str, Any]:
    """A booking as it should be, but for what is given."""
    return {
        "tool": "book_reservation",
        **TRIP,
        "payment_methods": [{"payment_id": "credit_card_1", "amount": 600}],
        "total_baggages": 6,
        "nonfree_baggages": 0,
        "insurance": "no",
        **given,
    }


def flights(
    name: str, flights: Any, cabin: str = "economy", payment: str = "credit_card_1"
) -> dict[str, Any]:
    """A change of flights."""
    return {
        "tool": "update_reservation_flights",
        "reservation_id": name,
        "cabin": cabin,
        "flights": flights,
        "payment_id": payment,
    }


def bags(name: str, total: int, paid: int) -> dict[str, Any]:
    """A change of bags."""
    return {
        "tool": "update_reservation_baggages",
        "reservation_id": name,
        "total_baggages": total,
        "nonfree_baggages": paid,
        "payment_id": "credit_card_1",
    }


def cancel(name: str) -> dict[str, Any]:
    """A cancellation."""
    return {"tool": "cancel_reservation", "reservation_id": name}


def people(name: str, number: int) -> dict[str, Any]:
    """A change of passengers to so many."""
    return {
        "tool": "update_reservation_passengers",
        "reservation_id": name,
        "passengers": PEOPLE[:1] * number,
    }


def certificate(amount: int, user: str = ADA) -> dict[str, Any]:
    """A certificate for a user."""
    return {"tool": "send_certificate", "user_id": user, "amount": amount}


def paying(*names: str) -> dict[str, Any]:
    """A booking that is paid for by these."""
    return book(payment_methods=[{"payment_id": name, "amount": 100} for name in names])


SICK = "My daughter is ill."
CANCELLED, DELAYED = "You cancelled my flight! I want a voucher.", "My flight is delayed. I want a voucher."

# what the user said first, the call, and the laws that stop it: none where it runs
CASES: list[tuple[str, dict[str, Any], tuple[str, ...]]] = [
    ("", book(), ()),
    ("", book(flight_type="one_way", flights=[OUT]), ()),
    ("", book(flight_type="one_way"), ("booked_trip",)),
    ("", book(flights=[OUT]), ("booked_trip",)),
    ("", book(flights=[ELSEWHERE, BACK]), ("booked_trip",)),
    ("", book(flights=[OUT, UNSEEN]), ("flights_first", "booked_trip")),
    ("", book(flights=[]), ("booked_trip",)),
    ("", book(flights="AB1"), ("flights_first", "booked_trip")),
    ("", book(passengers=PEOPLE[:1] * 5, total_baggages=0), ()),
    ("", book(passengers=PEOPLE[:1] * 6, total_baggages=0), ("five",)),
    ("", book(passengers=[], total_baggages=0), ("five",)),
    ("", book(passengers=[{"first_name": "Ada"}], total_baggages=0), ("who",)),
    ("", book(passengers="Ada", total_baggages=0), ("who",)),
    ("", paying("credit_card_9"), ("in_profile",)),
    ("", book(payment_methods=[{"amount": 600}]), ("in_profile",)),
    ("", paying("certificate_1", "credit_card_1", "gift_card_1", "gift_card_2", "gift_card_3"), ()),
    ("", paying("certificate_1", "certificate_2"), ("methods",)),
    ("", paying("credit_card_1", "credit_card_2"), ("methods",)),
    ("", paying("gift_card_1", "gift_card_2", "gift_card_3", "gift_card_4"), ("methods",)),
    ("", book(total_baggages=7, nonfree_baggages=1), ()),
    ("", book(total_baggages=7), ("bags",)),
    ("", book(nonfree_baggages=1), ("bags",)),
    ("", book(cabin="basic_economy", total_baggages=5, nonfree_baggages=1), ()),
    ("", flights("PLAIN1", [LATER, BACK]), ()),
    ("", flights("PLAIN1", [LATER, BACK], payment="gift_card_1"), ()),
    ("", flights("PLAIN1", [LATER, BACK], payment="certificate_1"), ("payment",)),
    ("", flights("PLAIN1", [LATER, BACK], payment="credit_card_9"), ("payment",)),
    ("", flights("BENS01", [LATER, BACK], payment="certificate_7"), ("payment",)),
    ("", flights("PLAIN1", [LATER, UNSEEN]), ("flights_first", "same_trip")),
    ("", flights("PLAIN1", [ELSEWHERE, BACK]), ("same_trip",)),
    ("", flights("PLAIN1", [LATER]), ("same_trip",)),
    ("", flights("PLAIN1", [BACK, OUT]), ("same_trip",)),
    ("", flights("ONEWAY", [LATER]), ()),
    ("", flights("ONEWAY", [OUT, BACK]), ("same_trip",)),
    ("", flights("BASIC1", [OUT, BACK], "business"), ()),
    ("", flights("BASIC1", [LATER, BACK], "business"), ("basic_economy",)),
    ("", flights("BASIC1", [OUT], "basic_economy"), ("same_trip", "basic_economy")),
    ("", flights("FLOWN1", [FLOWN, BACK], "economy"), ()),
    ("", bags("PLAIN1", 6, 0), ()),
    ("", bags("PLAIN1", 1, 0), ("fewer_bags",)),
    ("", bags("PLAIN1", 7, 1), ()),
    ("", bags("PLAIN1", 7, 0), ("more_bags",)),
    ("", bags("BENS01", 3, 1), ()),
    ("", bags("BENS01", 3, 0), ("more_bags",)),
    ("", people("PLAIN1", 2), ()),
    ("", people("PLAIN1", 1), ("passengers",)),
    ("", cancel("PLAIN1"), ("cancel",)),
    ("", cancel("BUSIN1"), ()),
    ("", cancel("FRESH1"), ()),
    ("", cancel("STALE1"), ("cancel",)),
    ("", cancel("COVER1"), ("cancel",)),
    (SICK, cancel("COVER1"), ()),
    (SICK, cancel("PLAIN1"), ("cancel",)),
    (CANCELLED, cancel("PLAIN1"), ()),
    ("", cancel("FLOWN1"), ("flown",)),
    (CANCELLED, certificate(200), ()),
    (CANCELLED, certificate(100), ("gesture",)),
    (DELAYED, certificate(100), ("gesture",)),
    (CANCELLED, certificate(200, BEN), ("entitled",)),
    ("You cancelled my flight!", certificate(200), ("unasked",)),
]

LATER_EDITION: list[tuple[str, dict[str, Any], tuple[str, ...]]] = [
    ("I have bags.", book(cabin="business", total_baggages=8), ()),
    ("", book(), ("unwanted_bags",)),
    ("", flights("FLOWN1", [FLOWN, BACK], "economy"), ("cabin_flown",)),
    ("", flights("FLOWN1", [FLOWN, BACK], "business"), ()),
]


@functools.cache
def rules(edition: int = 1) -> Guard:
    """The rules, loaded once."""
    return airline(edition)


def desk(edition: int = 1, *, looked_up: tuple[str, ...] = ALL, words: str = "") -> Desk:
    """A conversation that has come to the user's yes."""
    at = Desk(rules(edition), "desk")
    at.says("user", words or "Hello.")
    at.looks_up(*looked_up)
    at.searches()
    at.says("assistant", "These are the details. Shall I?")
    at.says("user", "Yes, please.")
    return at


def stopped(at: Desk, call: dict[str, Any]) -> tuple[str, ...]:
    """The laws that stop a call."""
    verdict = at.asks(**call)
    return () if verdict.runs else verdict.rules


@pytest.mark.parametrize(("words", "call", "laws"), CASES, ids=str)
def test_what_the_policy_says_of_a_call(words: str, call: dict[str, Any], laws: tuple[str, ...]) -> None:
    """Where all was looked up and the user agreed, just the laws stop a call that it breaks."""
    assert stopped(desk(words=words), call) == laws


@pytest.mark.parametrize(("words", "call", "laws"), LATER_EDITION, ids=str)
def test_the_later_text(words: str, call: dict[str, Any], laws: tuple[str, ...]) -> None:
    """The second edition has other bags for gold members, and says more of flown flights and bags."""
    assert stopped(desk(2, words=words), call) == laws


UPGRADE = flights("PLAIN1", [OUT, BACK], "business")
AGREED: list[tuple[str, str, dict[str, Any], tuple[str, ...]]] = [
    ("Both flights in business, $400, from your credit card.", "Yes.", UPGRADE, ()),
    ("Upgrading just the outbound leg to business costs $200.", "Yes.", UPGRADE, ("whole_cabin",)),
    ("AB1 (Business Class), AB2 (Economy Class). Shall I?", "Yes.", UPGRADE, ("whole_cabin",)),
    ("An upgrade for only one passenger is $200.", "Yes.", UPGRADE, ("whole_cabin",)),
    ("AB7 (Economy Class), AB2 (Business Class).", "Yes.", flights("PLAIN1", [LATER, BACK]), ()),
    ("Upgrading just Cy is $200.", "Yes, please.", UPGRADE, ("all_passengers",)),
    ("That is $400.", "Yes, upgrade Cy.", UPGRADE, ("all_passengers",)),
    ("Upgrading Ada and Cy is $400.", "Yes, please.", UPGRADE, ()),
    ("Upgrading Cy, as all passengers, is $400.", "Yes, please.", UPGRADE, ()),
    ("Ada, the upgrade is $400.", "Yes, please.", UPGRADE, ()),
    ("I use the $62 gift card and the $500 certificate.", "Yes.", UPGRADE, ("one_payment",)),
    ("You have a gift card and a certificate. I take the gift card.", "Yes.", UPGRADE, ()),
    ("The booking is $600.", "Yes.", book(), ()),
    (
        "The booking is $1,600.00.",
        "Yes.",
        book(payment_methods=[{"payment_id": "credit_card_1", "amount": 1600}]),
        (),
    ),
    ("The booking is $500.", "Yes.", book(), ("other_price",)),
    ("The booking is $6000.", "Yes.", book(), ("other_price",)),
    ("The booking is $200.", "Yes.", paying("credit_card_1", "gift_card_1"), ()),
]


@pytest.mark.parametrize(("listed", "answer", "call", "laws"), AGREED, ids=str)
def test_what_was_agreed_on_is_possible(
    listed: str, answer: str, call: dict[str, Any], laws: tuple[str, ...]
) -> None:
    """A yes to a cabin for some, or to two payments, is none to what the tool does."""
    at = desk()
    at.says("assistant", listed)
    at.says("user", answer)
    assert stopped(at, call) == laws


def test_what_was_not_looked_up_is_asked_for() -> None:
    """Laws that hang on a reservation or a profile answer with the call that tells it."""
    at = desk(looked_up=())
    verdict = at.asks(**cancel("PLAIN1"))
    assert (verdict.runs, verdict.rules) == (False, ("reservation_first",))
    assert 'not informed: call get_reservation_details("PLAIN1") first' in verdict.message
    assert stopped(at, book()) == ("profile_first",)
    at.looks_up("PLAIN1")
    assert stopped(at, flights("PLAIN1", [LATER, BACK])) == ()  # it was paid for with this card
    assert stopped(at, flights("PLAIN1", [LATER, BACK], payment="gift_card_1")) == ("payment_first",)
    assert stopped(at, bags("PLAIN1", 2, 0)) == ()  # free for any member
    assert stopped(at, bags("PLAIN1", 3, 0)) == ("tier_first",)
    at.looks_up(ADA)
    assert stopped(at, bags("PLAIN1", 3, 0)) == ()


@pytest.mark.parametrize(
    ("words", "agreed"),
    [
        ("Yes.", True),
        ("yeah, do it", True),
        ("Sure!", True),
        ("That sounds good. Please proceed.", True),
        ("Please go ahead and book it.", True),
        ("Go ahead", True),
        ("I confirm", True),
        ("I'll go with option 2. Can you make sure that my card is used?", False),
        ("I'll go ahead without insurance. What does it cost?", False),
        ("No.", False),
        ("What about my yesterday's flight?", False),
        ("Can you confirm the price?", False),
    ],
)
def test_what_counts_as_a_yes(words: str, agreed: bool) -> None:
    """The newest words of the user are an explicit yes, or nothing in the data base changes."""
    at = desk(looked_up=("BUSIN1",))
    at.says("user", words)
    assert (stopped(at, cancel("BUSIN1")) == ()) == agreed


def test_what_a_change_makes_of_a_reservation() -> None:
    """A change of cabin counts from then on, though later look-ups show the old one."""
    at = desk(looked_up=("BASIC1", ADA), words=DELAYED)
    change = flights("BASIC1", [OUT, BACK])
    assert stopped(at, flights("BASIC1", [LATER, BACK])) == ("basic_economy",)
    assert stopped(at, certificate(100)) == ("gesture",)
    at.returns(
        change.pop("tool"), {"reservation_id": "BASIC1", "user_id": ADA, "passengers": PEOPLE}, **change
    )
    at.looks_up("BASIC1")
    assert stopped(at, flights("BASIC1", [LATER, BACK])) == ()
    assert stopped(at, certificate(100)) == ()


def test_the_status_of_a_flight_counts_over_the_user_s_word() -> None:
    """Who says that the airline cancelled is believed as long as nobody has looked."""
    at = desk(looked_up=("PLAIN1",), words=CANCELLED)
    assert stopped(at, cancel("PLAIN1")) == ()
    at.returns("get_flight_status", "on time", flight_number="AB1", date="2024-05-20")
    assert stopped(at, cancel("PLAIN1")) == ("cancel",)
    at.returns("get_flight_status", "cancelled", flight_number="AB2", date="2024-05-25")
    assert stopped(at, cancel("PLAIN1")) == ()


def test_without_the_policy_s_words_the_clock_counts() -> None:
    """Where no system message tells the time it is that of the check."""
    at = Desk(rules(), "clock")
    at.guard.end("clock")
    at.looks_up("FRESH1")
    at.says("user", "Yes.")
    assert set(stopped(at, cancel("FRESH1"))) == {"cancel", "flown"}


def test_what_is_advised_against() -> None:
    """Words that come with a call, no id from the user, no word of the payment: all run, with advice."""
    at = desk()
    assert advised(at, cancel("BUSIN1")) == ["user_first"]
    at.says("assistant", "I cancel it now.")
    assert advised(at, cancel("BUSIN1")) == ["only_call", "user_first"]
    at.says("user", f"Yes. I am {ADA}.")
    assert advised(at, cancel("BUSIN1")) == []
    assert advised(at, UPGRADE) == ["payment_asked"]
    at.says("user", "Yes, and from my credit card.")
    assert advised(at, UPGRADE) == []


def advised(at: Desk, call: dict[str, Any]) -> list[str]:
    """The rules that speak against a call which runs."""
    verdict = at.asks(**call)
    assert verdict.runs
    assert verdict.decision is not None
    return sorted(str(each.id) for each in verdict.decision.advice)


def test_rules_are_canonical_and_clean() -> None:
    """The rules are formatted, have no warnings in either edition, and each file fits on a screen or so."""
    check_form(RULES, ("--param", "edition=2"))


def test_every_law_has_an_id_a_reason_and_a_case() -> None:
    """Each law has an id, a reason and a case here; no rule names a user or a reservation."""
    record = r"\b(?:HAT\d+|[a-z]+_[a-z]+_\d{4}|\w+_\d{5,})\b"
    check_laws(RULES, "tests/envs/test_airline_rules.py", record, but=["ask"])
