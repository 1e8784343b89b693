"""The search for the likeliest candidate: the same choice as by scoring all, with a few requests.

A real server on loopback answers, whose probabilities are scripted.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("openai", reason="needs the extra: pip install 'mpr-logic[models]'")

from mpr_logic.errors import ModelError
from mpr_logic.models.clients import Client
from mpr_logic.models.scoring import Fork, LlamaScorer, by_score, trie
from tests.helpers.examples import at_most
from tests.helpers.model_server import Handler, Server, plain, serving
from tests.models.llama_server import AFTER, ScriptedLlama, llama

pytestmark = pytest.mark.process

LETTERS = "abcd"
VOCABULARY = f"{LETTERS}xyz\n"


def scripted(seed: int, high: int) -> Mapping[str, Mapping[str, float]]:
    """A distribution that is drawn when it is asked for: weights from 1 to ``high``, so that many are
    alike, or are powers of ten where that is 0."""

    class Drawn(dict[str, Mapping[str, float]]):
        def __missing__(self, written: str) -> Mapping[str, float]:
            rng = random.Random(f"{seed} {written}")
            self[written] = {
                char: float(rng.randint(1, high) if high else 10 ** rng.randint(0, 8)) for char in VOCABULARY
            }
            return self[written]

    return Drawn()


def exhaustive(weights: Mapping[str, Mapping[str, float]], candidates: Sequence[str]) -> list[Fraction]:
    """The product of the shares on the way of each candidate, exactly."""
    texts = [f"{candidate}\n" for candidate in candidates]
    scores = []
    for text in texts:
        score = Fraction(1)
        for at, char in enumerate(text):
            written = text[:at]
            branches = {each[at] for each in texts if each.startswith(written) and len(each) > at}
            here = weights[written]
            score *= Fraction(here[char]) / sum(Fraction(here[branch]) for branch in branches)
        scores.append(score)
    return scores


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[Server, ScriptedLlama]]:
    """A server, and its script, which each test writes anew."""
    with llama(lambda _: {}) as found:
        yield found


@pytest.mark.slow
@settings(max_examples=at_most(150))
@given(
    st.lists(st.text(LETTERS, min_size=1, max_size=5), min_size=1, max_size=12),
    st.integers(0, 10**6),
    st.sampled_from([0, 1, 2, 9]),
    st.sampled_from([1, 2, 3, 8]),
)
def test_the_choice_is_that_of_scoring_all(
    both: tuple[Server, ScriptedLlama], candidates: list[str], seed: int, high: int, most: int
) -> None:
    """Whatever the model finds likely, and however few tokens are listed, the choice is the candidate with
    the highest score, and of several the first."""
    server, script = both
    drawn = scripted(seed, high)
    script.weights, script.most = drawn.__getitem__, most
    scorer = LlamaScorer(Client("scripted", base_url=server.url))
    expected = exhaustive(drawn, candidates)
    scores = scorer.score("?", candidates)
    assert scores == pytest.approx([float(_log(score)) for score in expected], abs=1e-9)
    best = scorer.best("?", candidates)
    assert best == scores.index(max(scores))
    assert expected[best] == max(expected)


def _log(score: Fraction) -> float:
    return math.log(score.numerator) - math.log(score.denominator)


ROOMS = [f"go_to({place}_{number})" for place in ("shelf", "table") for number in range(1, 9)]


def likes(text: str, much: float = 0.9) -> Callable[[str], Mapping[str, float]]:
    """A model that finds a text likely, and all other characters alike."""
    every = sorted({*"".join(ROOMS), *text, "\n"})

    def weights(written: str) -> Mapping[str, float]:
        rest = (1 - much) / len(every)
        wanted = (
            f"{text}\n"[len(written)] if f"{text}\n".startswith(written) and written != f"{text}\n" else ""
        )
        return {char: rest + much * (char == wanted) for char in every}

    return weights


def test_few_requests(both: tuple[Server, ScriptedLlama]) -> None:
    """The template and the tokens of a candidate are asked for once; the forks on the way of what the model
    would write come by one request, and what lies far behind them by another."""
    server, script = both
    scorer = LlamaScorer(Client("scripted", base_url=server.url))
    script.weights, script.most = likes("table_3"), 400
    places = [text[6:-1] for text in ROOMS]
    script.asked.clear()
    assert by_score(scorer, "Where?", places) == "table_3"
    assert script.paths == ["tokenize", "apply-template", "completion"]
    assert by_score(scorer, "Where now?", places) == "table_3"
    assert script.paths == ["completion"]
    script.weights = likes("go_to(table_3)")
    assert by_score(scorer, "Where?", ROOMS) == "go_to(table_3)"
    assert script.paths == ["tokenize", "completion"]
    script.weights = likes("leave(table_3)")
    both_ways = [text.replace(verb, "leave") for text in ROOMS for verb in ("leave", "go_to")]
    assert by_score(scorer, "Where?", both_ways) == "leave(table_3)"
    assert script.paths == ["tokenize", "completion", "completion"]


def test_the_likeliest_prefix_is_not_always_the_choice(both: tuple[Server, ScriptedLlama]) -> None:
    """A candidate that begins well and ends in many alike loses to the second; a fork that cannot win is not
    asked for."""
    server, script = both
    script.weights = lambda written: {"": {"a": 0.5, "b": 0.3, "c": 0.2}}.get(
        written, dict.fromkeys("stuvw\n", 1.0)
    )
    scorer = LlamaScorer(Client("scripted", base_url=server.url))
    script.asked.clear()
    assert scorer.best("?", ["as", "at", "au", "av", "bw", "cs", "ct"]) == 4
    assert [(path, written) for path, written, _ in script.asked if path == "/completion"] == [
        ("/completion", "")
    ]
    assert "settle" not in script.paths


UNLISTED = [
    ({"a": 90.0, "x": 5.0, "b": 3.0, "c": 2.0}, "a", False),
    ({"x": 90.0, "y": 5.0, "b": 3.0, "a": 2.0}, "b", True),
    ({"x": 90.0, "a": 4.0, "b": 3.0, "c": 3.0}, "a", True),
]


@pytest.mark.parametrize(("weights", "wanted", "settled"), UNLISTED)
def test_what_is_not_listed(
    both: tuple[Server, ScriptedLlama], weights: Mapping[str, float], wanted: str, settled: bool
) -> None:
    """A token that is not listed is asked for exactly where the least that was listed could win, and nowhere
    else; of what is alike then, the first is taken."""
    server, script = both
    script.weights, script.most = lambda _: weights, 2
    scorer = LlamaScorer(Client("scripted", base_url=server.url))
    assert scorer.best("?", ["c", "a", "b"]) == ["c", "a", "b"].index(wanted)
    script.asked.clear()
    assert scorer.best("?", ["c", "a", "b"]) == ["c", "a", "b"].index(wanted)
    assert script.paths == ["completion", *["settle"] * settled]


def test_the_first_of_those_alike(both: tuple[Server, ScriptedLlama]) -> None:
    """Of candidates with one score the first is taken, also where a candidate comes twice."""
    server, script = both
    script.weights, script.most = lambda _: dict.fromkeys(VOCABULARY, 1.0), 400
    scorer = LlamaScorer(Client("scripted", base_url=server.url))
    assert scorer.best("?", ["ab", "c", "d", "aa", "c"]) == 1
    assert scorer.best("?", ["d", "c"]) == 0
    script.asked.clear()
    assert scorer.best("?", ["c", "c"]) == 0
    assert script.paths == []


def test_a_prompt_with_space_around_it(both: tuple[Server, ScriptedLlama]) -> None:
    """A template that takes off space is not guessed at: it is asked."""
    server, script = both
    script.weights, script.most = likes("a"), 400
    scorer = LlamaScorer(Client("scripted", base_url=server.url))
    for prompt in ("What?", "What?\n"):
        assert scorer.best(prompt, ["a", "b"]) == 0
        assert script.asked[-1][2]["prompt"] == f"<user>What?{AFTER}"
    assert script.paths.count("apply-template") == 2


def test_a_candidate_within_another() -> None:
    """One that ends where another goes on is as likely as its prefix."""
    root = trie([(1, 2, 3), (1, 2), (1, 2, 4)])
    assert (root.prefix, root.first, root.ends, sorted(root.branches)) == ((1, 2), 0, 1, [3, 4])
    assert [node.prefix for node in root.forks()] == [(1, 2)]


def test_bounds() -> None:
    """The share of a token that was not listed lies between 0 and the least that was; no share exceeds 1,
    however small the probabilities are."""
    fork = Fork([1, 2, 3], {1: math.log(0.5), 2: math.log(0.25), 9: math.log(0.125)}, math.log(0.125))
    assert not fork.exact
    assert [math.exp(share.most) for share in fork.shares.values()] == pytest.approx([2 / 3, 1 / 3, 1 / 7])
    assert [math.exp(share.least) for share in fork.shares.values()] == pytest.approx([4 / 7, 2 / 7, 0])
    tiny = Fork([1, 2], {1: -2000.0, 2: -2001.0}, -2001.0)
    assert tiny.exact
    assert sum(math.exp(share.most) for share in tiny.shares.values()) == pytest.approx(1)
    assert [share.most for share in Fork([1], {2: -1.0}, -5.0).shares.values()] == [0.0]


BROKEN: list[Any] = [
    {"completion_probabilities": []},
    {"completion_probabilities": [{}]},
    {"completion_probabilities": [5]},
    {"completion_probabilities": [{"id": "?", "top_logprobs": [{"id": 97, "logprob": "much"}]}]},
    {"completion_probabilities": [{"id": 97, "top_logprobs": []}]},
]


@pytest.mark.parametrize("answer", BROKEN)
def test_probabilities_that_are_none(answer: Any) -> None:
    """A server that answers with anything else is told from one that scores."""

    def reply(handler: Handler) -> None:
        path, _ = handler.script.asked[-1]
        if path == "/completion":
            plain(answer)(handler)
        else:
            ScriptedLlama(lambda _: {}).reply(handler)

    with serving(reply) as server:
        scorer = LlamaScorer(Client("scripted", base_url=server.url))
        with pytest.raises(ModelError, match=r"does not score as llama\.cpp does: it sends no probabilities"):
            scorer.best("?", ["a", "b"])
