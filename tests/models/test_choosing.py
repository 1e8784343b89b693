"""Choosing an action: by writing it, under a grammar, by scores that a llama.cpp server is asked for."""

from __future__ import annotations

import math
from typing import Any

import pytest

from mpr_logic.errors import ModelError
from mpr_logic.models.clients import Client, ScriptedModel
from mpr_logic.models.grammars import choice
from mpr_logic.models.scoring import LlamaScorer, by_score, by_writing, under_grammar
from tests.helpers.model_server import Handler, plain, serving
from tests.models.llama_server import tokens

ACTIONS = ["open(box_1)", "open(box_2)", "wait"]


@pytest.mark.parametrize("answer", ["wait", "  wait \nI think so.", "\n> wait", "- `wait`"])
def test_by_writing(answer: str) -> None:
    """The first line that says something is the proposal."""
    assert by_writing(ScriptedModel([answer]), "?") == "wait"
    with pytest.raises(ModelError, match="answered nothing"):
        by_writing(ScriptedModel(["\n \n"]), "?")


def test_under_a_grammar() -> None:
    """The answer is one of the candidates; where it is not, the server was not held to them."""
    model = ScriptedModel(["open(box_2)"])
    assert under_grammar(model, "?", ACTIONS) == "open(box_2)"
    assert model.grammars == [choice(ACTIONS)]
    with pytest.raises(ModelError, match="none of the 3 candidates"):
        under_grammar(ScriptedModel(["Sure!"]), "?", ACTIONS)
    with pytest.raises(ValueError, match="at least one"):
        under_grammar(ScriptedModel(["x"]), "?", [])


def letters(handler: Handler) -> None:
    """llama.cpp, scripted: tokens are characters, and of the next one `o` and `1` are likeliest."""
    path, body = handler.script.asked[-1]
    if path == "/apply-template":
        answer: dict[str, Any] = {"prompt": f"<user>{body['messages'][0]['content']}<assistant>"}
    elif path == "/tokenize":
        answer = {"tokens": tokens(body["content"])}
    else:
        likely = {"o": 0.5, "w": 0.25, "1": 0.6, "2": 0.2}
        rows = [{"id": ord(char), "logprob": math.log(p)} for char, p in likely.items()]
        answer = {"completion_probabilities": [{"top_logprobs": rows}]}
    plain(answer)(handler)


@pytest.mark.process
def test_by_score() -> None:
    """The shares of the branches are multiplied along each candidate; they add up to one."""
    pytest.importorskip("openai", reason="needs the extra: pip install 'mpr-logic[models]'")
    with serving(letters) as server:
        scorer = LlamaScorer(Client("m", base_url=server.url))
        scores = scorer.score("?", ACTIONS)
        assert [math.exp(score) for score in scores] == pytest.approx([0.5, 1 / 6, 1 / 3])
        assert by_score(scorer, "?", ACTIONS) == "open(box_1)"
        assert by_score(scorer, "?", ["wait"]) == "wait"
    forks = [body for path, body in server.asked if path == "/completion"]
    assert len(forks) == 4
    assert forks[1]["prompt"] == ["<user>?<assistant>", *b"open(box_"]
    with pytest.raises(ValueError, match="at least one"):
        by_score(scorer, "?", [])


@pytest.mark.process
@pytest.mark.parametrize(
    "answer", [{}, [], {"prompt": 5}, {"prompt": "x", "tokens": ["a"]}, {"prompt": "x", "tokens": [1]}]
)
def test_a_server_that_does_not_score(answer: Any) -> None:
    """A server that is not llama.cpp's is told from one that is."""
    pytest.importorskip("openai", reason="needs the extra: pip install 'mpr-logic[models]'")
    with serving(plain(answer)) as server:
        scorer = LlamaScorer(Client("m", base_url=server.url))
        if isinstance(answer, dict) and answer.get("tokens") == [1]:
            assert scorer.score("?", ACTIONS) == [0.0] * 3  # all the same tokens: there is no fork
        else:
            with pytest.raises(ModelError, match=r"does not score as llama\.cpp does"):
                scorer.score("?", ACTIONS)
