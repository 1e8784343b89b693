"""The index of origins that is asked again and again: it answers as one that is asked once, at the end."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("yaml", reason="needs the extra: pip install 'mpr-logic[tools]'")

from hypothesis import given, settings
from hypothesis import strategies as st

from mpr_logic.guard.origins import Origins, index

WORDS = (
    "a",
    "in",
    "kim",
    "elm",
    "kim@elm.example",
    "elm.example",
    "12",
    "1,200",
    "GB33 BUKB 2020",
    "(a)",
    "\u4e2d",
)
ASKED = (*WORDS, "a in", "kim-elm", "GB33BUKB2020", 12, 1200, 1.2, "nowhere", True)

text = st.lists(st.sampled_from(WORDS), min_size=1, max_size=8).map(" ".join)
value: st.SearchStrategy[Any] = st.one_of(
    text, st.lists(text, max_size=3), st.fixed_dictionaries({"from": st.sampled_from(WORDS), "body": text})
)
event = st.tuples(
    st.sampled_from(["said", "called", "returned"]), value, st.sampled_from(WORDS), st.booleans()
)


def tell(origins: Origins, number: int, what: str, content: Any, argument: str) -> None:
    """Let an index know of one event."""
    if what == "said":
        origins.said(number, "user", str(content))
    elif what == "called":
        origins.called({"x": content})
    else:
        origins.returned(number, "read", content, {"of": argument})


def answers(origins: Origins) -> list[Any]:
    """All that an index says of the values."""
    return [(each, origins.first(each), origins.all(each)) for each in ASKED]


@settings(max_examples=60, deadline=None)
@given(st.lists(event, min_size=1, max_size=12), st.sampled_from([1_000_000, 40]))
def test_an_index_that_was_asked_before_answers_as_a_new_one(
    events: list[tuple[str, Any, str, bool]], kept: int
) -> None:
    """Answers are kept and go on where the conversation does, also where most of them had to be forgotten."""
    asked = Origins()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index, "MOST_KEPT", kept)
        for number, (what, content, argument, ask) in enumerate(events):
            tell(asked, number, what, content, argument)
            if ask:
                fresh = Origins()
                for n, (w, c, a, _) in enumerate(events[: number + 1]):
                    tell(fresh, n, w, c, a)
                assert answers(asked) == answers(fresh)


def test_a_value_is_compared_with_a_message_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked again, the index looks at what is new alone."""
    compared: list[object] = []
    stands = index._stands

    def counted(*of: Any) -> Any:
        compared.append(of)
        return stands(*of)

    monkeypatch.setattr(index, "_stands", counted)
    origins = Origins()
    for call in range(50):
        origins.returned(call, "read", "kim wrote", {})
    assert len(origins.all("kim")) == 50
    assert len(compared) == 50
    origins.returned(50, "read", "kim again", {})
    assert origins.first("kim")[0].call == 0
    assert len(origins.all("kim")) == 51
    assert len(compared) == 51


def test_pieces_stay_pieces_after_the_value_was_used() -> None:
    """A name that was put together from words of the user is that still, once a call was made with it and its
    result repeated it; and a piece that was met later takes the place of none that was met before."""
    origins = Origins()
    origins.said(0, "user", "I work at Blue Sparrow Tech.")
    made = "em@bluesparrowtech.com"
    before = origins.first(made)
    assert [each.source for each in before] == ["user"]
    origins.returned(0, "invite", f"{made} was invited", {"who": made})
    assert origins.first(made) == before


def test_a_value_of_which_a_piece_was_unknown_is_asked_about_again() -> None:
    """The place of a value that stands nowhere yet is not settled by having been asked for."""
    origins = Origins()
    origins.said(0, "user", "Write to elm.example.")
    assert [each.source for each in origins.first("kim@elm.example")] == ["user", "model"]
    origins.returned(0, "look", {"mail": "kim@elm.example"}, {})
    assert [(each.source, each.place) for each in origins.first("kim@elm.example")] == [("result", "field")]
