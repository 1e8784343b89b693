"""A desk of the airline for tests: a small data base, and conversations in which an agent looks things up."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from mpr_logic.guard.conversation import Message, ToolCall
from mpr_logic.guard.guard import Guard
from tests.helpers.command import TOP

if TYPE_CHECKING:
    from mpr_logic.guard.verdict import Verdict

RULES = TOP / "rules" / "airline"
NOW = "You are the agent of an airline. The current time is 2024-05-15 15:00:00 EST."

ADA, BEN = "ada_west_1001", "ben_moss_2002"
USERS: dict[str, dict[str, Any]] = {
    ADA: {
        "name": {"first_name": "Ada", "last_name": "West"},
        "membership": "gold",
        "payment_methods": {
            name: {"source": name.rstrip("_0123456789"), "id": name}
            for name in (
                "credit_card_1",
                "credit_card_2",
                "certificate_1",
                "certificate_2",
                "gift_card_1",
                "gift_card_2",
                "gift_card_3",
                "gift_card_4",
            )
        },
    },
    BEN: {"membership": "regular", "payment_methods": {"credit_card_9": {"source": "credit_card"}}},
}


def leg(number: str, date: str, origin: str = "", destination: str = "") -> dict[str, Any]:
    """A flight, as a reservation has it; without places, as a call names it."""
    places = {"origin": origin, "destination": destination} if origin else {}
    return {"flight_number": number, "date": date, **places}


OUT, BACK = leg("AB1", "2024-05-20", "BOS", "MIA"), leg("AB2", "2024-05-25", "MIA", "BOS")
FLOWN = leg("AB1", "2024-05-14", "BOS", "MIA")
LATER = leg("AB7", "2024-05-21", "BOS", "MIA")
ELSEWHERE = leg("AB8", "2024-05-20", "BOS", "JFK")
PEOPLE = [
    {"first_name": "Ada", "last_name": "West", "dob": "1980-02-03"},
    {"first_name": "Cy", "last_name": "Dunn", "dob": "1981-04-05"},
]


TRIP: dict[str, Any] = {
    "user_id": ADA,
    "origin": "BOS",
    "destination": "MIA",
    "flight_type": "round_trip",
    "cabin": "economy",
    "flights": [OUT, BACK],
    "passengers": PEOPLE,
}


def reservation(name: str, **given: Any) -> dict[str, Any]:
    """A reservation of two people in economy, from Boston to Miami and back, where nothing else is said."""
    return {
        "reservation_id": name,
        **TRIP,
        "payment_history": [{"payment_id": "credit_card_1", "amount": 600}],
        "created_at": "2024-05-10T08:00:00",
        "total_baggages": 2,
        "nonfree_baggages": 0,
        "insurance": "no",
        **given,
    }


RESERVATIONS = {
    each["reservation_id"]: each
    for each in (
        reservation("PLAIN1"),
        reservation("BASIC1", cabin="basic_economy"),
        reservation("BUSIN1", cabin="business"),
        reservation("FRESH1", created_at="2024-05-14T15:30:00"),
        reservation("STALE1", created_at="2024-05-14T14:30:00"),
        reservation("FLOWN1", cabin="business", flights=[FLOWN, BACK]),
        reservation("COVER1", insurance="yes"),
        reservation("ONEWAY", flight_type="one_way", flights=[OUT]),
        reservation("BENS01", user_id=BEN, payment_history=[{"payment_id": "certificate_7", "amount": 600}]),
    )
}
FOUND = [{**each, "status": "available"} for each in (OUT, LATER, ELSEWHERE)]


class Desk:
    """One conversation of the airline's agent, guarded by the rules.

    Args:
        guard: the rules, loaded once for many conversations.
        name: of the conversation.
    """

    def __init__(self, guard: Guard, name: str) -> None:
        self.guard, self.name = guard, name
        self._ids = (f"call_{number}" for number in itertools.count())
        guard.end(name)
        self.says("system", NOW)

    def says(self, role: Any, text: str) -> None:
        """Somebody says something."""
        self.guard.hear(Message(role, text), session=self.name)

    def returns(self, tool: str, result: Any, **arguments: Any) -> None:
        """A call has been made, and this came back."""
        made = ToolCall(next(self._ids), tool, arguments)
        self.guard.hear(
            Message("assistant", calls=(made,)),
            Message("tool", answers=made.id, tool=tool, content=result),
            session=self.name,
        )

    def looks_up(self, *names: str) -> None:
        """Look up users and reservations by their ids."""
        for name in names:
            if name in USERS:
                self.returns("get_user_details", USERS[name], user_id=name)
            else:
                self.returns("get_reservation_details", RESERVATIONS[name], reservation_id=name)

    def searches(self) -> None:
        """A search for flights: once for direct ones, once with a stop on the way back."""
        asked = {"origin": "BOS", "destination": "MIA", "date": "2024-05-20"}
        self.returns("search_direct_flight", FOUND, **asked)
        self.returns("search_onestop_flight", [[BACK]], **asked)

    def asks(self, tool: str, **arguments: Any) -> Verdict:
        """The verdict of the rules on a call."""
        return self.guard.check(tool, arguments, session=self.name)


def airline(edition: int = 1) -> Guard:
    """The rules as a guard."""
    return Guard(RULES, params={"edition": edition})
