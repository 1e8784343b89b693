"""An index over the messages of a conversation: it says where a value was first met, and grows with them."""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple

from mpr_logic.errors import StateError
from mpr_logic.guard.origins.parts import Part, parts
from mpr_logic.guard.origins.records import TooLargeError, flat, labelled, leaves, values
from mpr_logic.guard.origins.search import (
    AS_IS,
    LONGEST_WHOLE,
    TOKEN,
    Search,
    ends_word,
    found_at,
    has_words,
    tokens_of,
)
from mpr_logic.guard.origins.spelling import (
    UNSPACED_LETTER,
    canonical,
    key,
    key_of,
    number,
    numbers,
    respelt,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mpr_logic.analysis.builtin_relations import Place, Source
    from mpr_logic.guard.origins.records import Scalar
    from mpr_logic.guard.origins.search import Tests
    from mpr_logic.language.ast import Value

MOST_CHARACTERS = 50_000_000
"""The most characters of a conversation that are indexed. Beyond them nothing is answered."""

MOST_PLACES = 10_000
"""The most places of one value. Of one that stands in more, nothing is answered: a rule may hang on any."""

MOST_KEPT = 1_000_000
"""The most characters and places, roughly, that are kept of answers."""

_RUN = re.compile(r"[^\W_]+")
_COMMON = frozenset({"www", "com", "org", "net", "http", "https", "mailto", "html", "the", "and"})
_SHORTEST_PIECE = 3
_SHORTEST_LABELLED = 20  # a shorter text is the value of its field
_SHORTEST_FIELD = 4
_MOST_WORDS = 6  # of a field that is looked for in a text
_MOST_COMPARED = 8
_SHORTEST_HELD = 5  # of a value that is looked for within the words of an argument
_MOST_COMPARED_FIELDS = 50_000_000
_MANY = 2_000  # places of one token: more take longer to compare than to look at


class Met(NamedTuple):
    """A place where a value was met.

    Args:
        source: whose words it is in.
        tool: of a result, the tool; else empty.
        call: of a result, its number in the order of results, from 0; else -1.
        place: how it stands there.
        field: the field of the record, or the label.
        author: who wrote the item, as a sibling field says.
        turn: of words, the number of their message among those of user, assistant and system; else -1.
    """

    source: Source
    tool: str = ""
    call: int = -1
    place: Place = ""
    field: str = ""
    author: str = ""
    turn: int = -1


OWN = Met("model")
"""A value that the model came up with itself."""


class _Segment(NamedTuple):
    """A text of the conversation: its canonical form with other readings, the key of the whole, and where it
    stands. ``heard`` is the number of its message, ``lead`` the place of its first letter or digit."""

    form: str
    key: str
    met: Met
    heard: int
    lead: int


class _Proposed:
    """The arguments of a call that the model proposed.

    Attributes:
        keys: of the values in them.
        words: of their text.
        heard: the number of the message before it.
        times: how often it was told of.
    """

    __slots__ = ("heard", "keys", "times", "words")

    def __init__(self, keys: list[str], words: list[str], heard: int) -> None:
        self.keys = keys
        self.words = words
        self.heard = heard
        self.times = 1


class _Answer:
    """The places of a value, as far as the segments were looked through: what comes later changes none of
    them, since only results that follow a call are its echo.

    Attributes:
        search: for the value; None where it has nothing to search for.
        found: the places, in the order of the conversation.
        seen: the number of segments that were looked through.
        whole: whether one of the places is no echo.
    """

    __slots__ = ("found", "search", "seen", "whole")

    def __init__(self, value: Value) -> None:
        self.search = Search.of(value)
        self.found: dict[Met, None] = {}
        self.seen = 0
        self.whole = False


class Origins:
    """The index. It is told of what happens in its order, and answers about values at any time.

    An echo gives a value no new origin: what the model says is not taken in, and what a result says of a
    value that an earlier call was made with does not count as met there. Where the arguments of a call held
    all parts of a value, what results say of it from then on does not count beside an earlier place; without
    one, each is told as a piece.
    """

    def __init__(self) -> None:
        self._segments: list[_Segment] = []
        self.tokens_of: dict[str, list[int]] = {}  # the segments that a token stands in, ascending
        self._fields: set[str] = set()  # whole fields, and what stands behind labels, from word to word
        self._long: dict[
            str, set[int]
        ] = {}  # of those with many tokens and no space, by the first, the lengths
        self._used: dict[str, int] = {}  # by the key of an argument, the message of the first call with it
        self._held: dict[tuple[str, tuple[Scalar, ...]], _Proposed] = {}  # by their text and their values
        self._together: list[tuple[str, int]] = []  # the letters and digits of each, and its first message
        self._argued: dict[str, set[int]] = {}  # by a word, the numbers in that list
        self._looked: dict[str, tuple[int, float]] = {}  # by a key: of how many, and found where
        self._asked: dict[int, tuple[Scalar, ...]] = {}  # by result, what its call was made with
        self._heard = 0
        self._characters = 0
        self._first: dict[tuple[type, Value], tuple[Met, ...]] = {}
        self._answers: dict[tuple[type, Value], _Answer] = {}
        self._parts: dict[str, tuple[Part, ...]] = {}  # of texts that were asked about
        self.told: dict[tuple[type, Value], Any] = {}
        """Notes of those who ask, made of the answers about a value: they are kept as long as these."""
        self._kept = 0  # roughly what these three hold

    # -- hearing -------------------------------------------------------------------------------

    def said(self, turn: int, source: Source, text: str) -> None:
        """Take in what the user or the system said.

        Args:
            turn: the number of the message.
            source: who said it.
            text: the words.
        """
        self._heard += 1
        self._add(text, Met(source, place="words", turn=turn))

    def called(self, arguments: Mapping[str, Any]) -> None:
        """Take in that the model proposed a call: what results say of its arguments from now on is no news.
        To say so twice changes nothing."""
        try:
            text = flat(list(arguments.values()))
        except TooLargeError:
            self._characters = MOST_CHARACTERS + 1
            return
        found = tuple(values(arguments))
        proposed = self._held.get((text, found))
        if proposed is not None:
            proposed.times += 1
            return
        keys = [key for value in found for key in self._keys(value)]
        proposed = _Proposed(keys, TOKEN.findall(canonical(text)), self._heard)
        self._held[text, found] = proposed
        self._use(proposed)

    def refused(self, arguments: Mapping[str, Any]) -> None:
        """Take in that a call which the model proposed was not made: nothing that is returned is its echo, as
        long as it was proposed no other time."""
        try:
            held = flat(list(arguments.values())), tuple(values(arguments))
        except TooLargeError:
            return
        proposed = self._held.get(held)
        if proposed is None:
            return
        proposed.times -= 1
        if proposed.times:
            return
        del self._held[held]
        for each in (self._used, self._argued, self._looked, self._first, self._answers, self.told):
            each.clear()
        self._together.clear()
        for proposed in self._held.values():
            self._use(proposed)

    def _use(self, proposed: _Proposed) -> None:
        """From its message on, results may echo a call."""
        for each in proposed.keys:
            self._used.setdefault(each, proposed.heard)
        for each in proposed.words:
            self._argued.setdefault(each, set()).add(len(self._together))
        self._together.append(("".join(proposed.words), proposed.heard))

    def returned(self, call: int, tool: str, content: Any, arguments: Mapping[str, Any]) -> None:
        """Take in a result.

        Args:
            call: its number in the order of results.
            tool: that returned it.
            content: a JSON value, or a text.
            arguments: that the tool was called with.
        """
        self.called(arguments)
        self._heard += 1
        self._asked[call] = tuple(values(arguments))
        try:
            found = leaves(content)
        except TooLargeError:
            self._characters = MOST_CHARACTERS + 1
            return
        for leaf in found:
            place: Place = "name" if leaf.named else "field"
            met = Met("result", tool, call, place, leaf.field, leaf.author)
            if place == "field" and ":" in leaf.text and len(leaf.text) > _SHORTEST_LABELLED:
                for label, value in labelled(leaf.text):
                    self._add(value, met._replace(place="labelled", field=label))
            self._add(leaf.text, met)

    def _add(self, text: str, met: Met) -> None:
        """Index a text.

        Args:
            text: as it stands in the message.
            met: what is told of a value that is all of it.
        """
        self._characters += len(text)
        if self._characters > MOST_CHARACTERS:
            return
        form = canonical(text)
        more = respelt(text, form)
        number = len(self._segments)
        whole = key_of(form) if len(form) <= LONGEST_WHOLE and met.place != "words" else ""
        if len(whole) >= _SHORTEST_FIELD and (met.place != "name" or met.field):
            self._add_field(whole)
        if more:
            form = f"{form}\n{more}"
        lead = next((place for place, char in enumerate(form) if char.isalnum()), len(form))
        self._segments.append(_Segment(form, whole, met, self._heard, lead))
        tokens = tokens_of(form)
        tokens.update(f"#{each}" for each in numbers(form))
        index = self.tokens_of
        for token in tokens:
            places = index.get(token)
            if places is None:
                index[token] = [number]
            else:
                places.append(number)

    def _add_field(self, whole: str) -> None:
        words = [*TOKEN.finditer(whole)]
        if not words:
            return
        begun, end = words[0].start(), words[-1].end()
        self._fields.add(whole[begun:end])
        if len(words) > _MOST_WORDS and " " not in whole[begun:end]:
            self._long.setdefault(words[0].group(), set()).add(end - begun)

    # -- answers -------------------------------------------------------------------------------

    def first(self, value: Value) -> tuple[Met, ...]:
        """The place where a value was first met. A value that stands nowhere as a whole, and was put together
        from pieces of several places, has all of them. What the model came up with itself
        is :data:`OWN`.

        Raises:
            StateError: the conversation is longer than what is indexed.
        """
        self._check()
        known = type(value), value  # 1 is no "1", nor a truth value
        found = self._first.get(known)
        if found is None or found[-1].source == "model" or found[-1].place == "piece":
            place = self._place(value)
            if place is None:
                found = self._pieces(value)
            elif place.place == "piece":
                others = [each for each in self._pieces(value) if each.source != "model"]
                found = tuple(dict.fromkeys([place, *others]))
            else:
                found = (place,)
            self._first[known] = found
        return found

    def all(self, value: Value) -> list[Met]:
        """All places where a value stands, the first first, echoes left out.

        Raises:
            StateError: the conversation is longer than what is indexed, or there are more than
                :data:`MOST_PLACES`.
        """
        self._check()
        answer = self._answer(value)
        for _ in self._places(answer):
            if len(answer.found) > MOST_PLACES:
                break
        if len(answer.found) > MOST_PLACES:
            raise StateError(
                f"a value of the call stands in more than {MOST_PLACES:,} places: where it comes from "
                "cannot be told"
            )
        return list(answer.found)

    def parts(self, text: str) -> list[Part]:
        """The values inside a text, as :func:`mpr_logic.guard.origins.parts.parts` has them."""
        found = self._parts.get(text)
        if found is None:
            found = tuple(parts(text))
            self.keep(len(text) + len(found))
            self._parts[text] = found
        return list(found)

    def asked(self, call: int) -> tuple[Scalar, ...]:
        """The texts and numbers among the arguments of the call that a result answers."""
        return self._asked.get(call, ())

    def fields_in(self, text: str) -> list[str]:
        """The whole fields of earlier results, and what stood there behind labels, that stand in a text. They
        may stand in a link or the name of a file. Each has at least four characters, and at most six words
        or no space, and goes from its first letter or digit to its last."""
        self._check()
        form = canonical(text)
        words = [each.span() for each in TOKEN.finditer(form)]
        found: dict[str, None] = {}
        compared = 0
        for at, (begun, first) in enumerate(words):
            ends = [end for _, end in words[at : at + _MOST_WORDS]]
            lengths = self._long.get(form[begun:first], ())
            compared += sum(lengths)
            if compared > _MOST_COMPARED_FIELDS:
                raise StateError("the call has too many beginnings of fields: what it carries cannot be told")
            ends += [begun + length for length in lengths]
            for end in ends:
                if form[begun:end] in self._fields and ends_word(form, end):
                    found[form[begun:end]] = None
        return list(found)

    def _check(self) -> None:
        if self._characters > MOST_CHARACTERS:
            raise StateError(
                f"the conversation has more than {MOST_CHARACTERS:,} characters: where values come from "
                "cannot be told"
            )

    def _answer(self, value: Value) -> _Answer:
        """The places of a value, as far as they are known."""
        known = type(value), value
        found = self._answers.get(known)
        if found is None:
            self.keep(10)
            found = self._answers[known] = _Answer(value)
        return found

    def keep(self, size: int) -> None:
        """Count what is kept of answers; where it is very much, all is forgotten."""
        self._kept += size
        if self._kept > MOST_KEPT:
            self._answers.clear()
            self._parts.clear()
            self.told.clear()
            self._kept = size

    def _place(self, value: Value) -> Met | None:
        """The first place where a value stands; None where it stands nowhere."""
        answer = self._answer(value)
        return next(iter(answer.found), None) or next(self._places(answer), None)

    def _places(self, answer: _Answer) -> Iterator[Met]:
        """The further places where a value stands, in the order of the conversation."""
        search = answer.search
        if search is None or answer.seen == len(self._segments):
            return
        used = self._used_at(search)
        for each, tests in self._candidates(search, answer.seen):
            answer.seen = each + 1
            segment = self._segments[each]
            of_result = segment.met.source == "result"
            if used is not None and of_result and segment.heard > used:
                continue
            echo = of_result and segment.heard > self._held_at(search)
            if answer.whole and echo:
                continue
            met = _stands(search, segment, tests)
            if met is not None:
                answer.whole = answer.whole or not echo
                met = met._replace(place="piece") if echo else met
                if met not in answer.found:
                    self._kept += 1
                    answer.found[met] = None
                yield met
        answer.seen = len(self._segments)

    def _keys(self, value: Scalar) -> set[str]:
        """The keys of an argument and of the values inside it."""
        if not isinstance(value, str):
            form = number(value)
            return {f"#{form}"} if form else set()
        found = {key(value)}
        for part in self.parts(value):
            if part.kind not in ("word", "name"):
                found |= {key(part.value)} if isinstance(part.value, str) else {f"#{number(part.value)}"}
        return found

    def _held_at(self, search: Search) -> float:
        """The message of the first call whose arguments held all parts of a value together: as words, or
        among the letters of others. Infinity where there is none."""
        calls = self._together
        seen, held = self._looked.get(search.key, (0, math.inf))
        if held < math.inf or seen == len(calls):
            return held
        words = TOKEN.findall(search.key)
        rows = [self._argued.get(each, set()) for each in words if _tells(each)]
        first = min(set.intersection(*rows), default=len(calls)) if rows else len(calls)
        together = "".join(words)
        if len(together) >= _SHORTEST_HELD:
            first = next((n for n in range(seen, first) if together in calls[n][0]), first)
        held = calls[first][1] if first < len(calls) else math.inf
        self._looked[search.key] = len(calls), held
        return held

    def _used_at(self, search: Search) -> int | None:
        """The message of the first call that was made with a value: what comes after may be its echo."""
        return min((self._used[each] for each in search.keys if each in self._used), default=None)

    def _candidates(self, search: Search, begin: int) -> Iterable[tuple[int, Tests]]:
        """The segments from one on that a value may stand in, ascending, each with how it may be written
        there."""
        ways = [*search.ways]
        if search.compact:
            ways += [
                (each, partial(Search.as_spaced, first=each[0])) for each in self._groups(search.compact)
            ]
        rows = [(places, test) for tokens, test in ways if (places := self._common(tokens, begin))]
        if len(rows) < 2:
            return ((each, (test,)) for places, test in rows for each in places)
        tests: dict[int, Tests] = {}
        for places, test in rows:
            for each in places:
                tests[each] = (*tests.get(each, ()), test)
        return sorted(tests.items())

    def _common(self, tokens: tuple[str, ...], begin: int) -> list[int]:
        """The segments from one on that have some tokens, ascending: all that have all of them, and perhaps
        others."""
        rows = []
        for token in tokens:
            places = self.tokens_of.get(token)
            if places is None:
                return []
            rows.append(places[bisect_left(places, begin) :] if begin else places)
        if len(rows) == 1:
            return rows[0]
        rows.sort(key=len)
        rarest, *others = rows[:_MOST_COMPARED]
        few = [each for each in others if len(each) <= _MANY]
        return sorted(set(rarest).intersection(*few)) if few else rarest

    def _groups(self, compact: str) -> list[tuple[str, ...]]:
        """The ways in which a number was written in groups: each group is a token of the conversation."""
        found: list[tuple[str, ...]] = []
        left: list[tuple[int, tuple[str, ...]]] = [(0, ())]
        steps = 0
        while left and len(found) < 8 and steps < 2_000:
            steps += 1
            begun, groups = left.pop()
            for size in range(1, 9):
                group = compact[begun : begun + size]
                if len(group) < size or group not in self.tokens_of:
                    continue
                if begun + size == len(compact):
                    found.append((*groups, group))
                elif len(groups) < 12:
                    left.append((begun + size, (*groups, group)))
        return found

    def _pieces(self, value: Value) -> tuple[Met, ...]:
        """The places of the pieces of a value that stands nowhere as a whole."""
        form = key(value) if isinstance(value, str) else ""
        if not form or " " in form or len(form) > 200:
            return (OWN,)
        search = self._answer(value).search
        used = None if search is None else self._used_at(search)
        found: dict[Met, None] = {}
        for token in _RUN.findall(form):
            if UNSPACED_LETTER.search(token):
                found[(self._place(token) or OWN)._replace(place="piece")] = None
                continue
            if len(token) < _SHORTEST_PIECE or token in _COMMON:
                continue
            pieces = [token] if self._met_before(token, used) else self._split(token, used)
            for piece in pieces or self._split(token, None) or [token]:
                found[self._piece(piece, used)] = None
        return tuple(sorted(found, key=_in_order)) or (OWN,)

    def _piece(self, token: str, used: int | None) -> Met:
        """The place where a piece of a value was first met, before a call was made with the value."""
        if not self._met_before(token, used):
            return OWN
        return self._segments[self.tokens_of[token][0]].met._replace(place="piece")

    def _met_before(self, token: str, used: int | None) -> bool:
        """Tell whether a token stood somewhere before a call was made with the value that it is of."""
        places = self.tokens_of.get(token)
        return places is not None and (used is None or self._segments[places[0]].heard <= used)

    def _split(self, token: str, used: int | None) -> list[str]:
        """Pieces that a token was put together from without anything between them; none where they do not
        make all of it."""
        if len(token) > 64:
            return []
        ways: list[list[str] | None] = [[]] + [None] * len(token)
        for end in range(_SHORTEST_PIECE, len(token) + 1):
            for begun in range(end - _SHORTEST_PIECE + 1):
                before = ways[begun]
                if before is not None and self._met_before(token[begun:end], used):
                    ways[end] = [*before, token[begun:end]]
                    break
        return ways[-1] or []


def _tells(word: str) -> bool:
    """Tell whether a word of a value says something about it: a short or common one does not."""
    return (len(word) >= _SHORTEST_PIECE or not word.isascii()) and word not in _COMMON


def _stands(search: Search, segment: _Segment, tests: Tests) -> Met | None:
    """The way in which a value stands in a text; None where it does not."""
    met = segment.met
    if segment.key == search.key:
        return met
    if tests[0] is AS_IS and search.padded and search.padded in segment.form:
        span = found_at(search.key, segment.form, segment.lead)
        if span is None:  # it stands there, behind others
            return None if met.place == "labelled" else met if met.place == "words" else _in_text(met)
    else:
        span = search.span_in(segment.form, tests)
    if span is None:
        return None
    begins = not has_words(segment.form[: span[0]])
    if met.place == "labelled":
        return met if begins else None
    if met.place == "words" or (begins and not has_words(segment.form[span[1] :])):
        return met
    return _in_text(met)


@lru_cache(maxsize=10_000)
def _in_text(met: Met) -> Met:
    """The place within the text of one that was told of all of it."""
    return met._replace(place="text")


def _in_order(met: Met) -> tuple[bool, int, int]:
    return met.source == "model", met.call, met.turn
