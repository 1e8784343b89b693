"""A scripted llama.cpp: a token is a character, and a test says how likely each is behind a text."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.helpers.model_server import Handler, Server, plain, serving

Weights = Callable[[str], Mapping[str, float]]
"""A function from the text so far to the weights of each next character."""

BEFORE, AFTER = "<user>", "<assistant>"


@dataclass
class ScriptedLlama:
    """``weights`` need not add up to 1; ``most`` is how many tokens it lists of all. ``asked`` are the
    requests: the path, what was written so far, and the body."""

    weights: Weights = field(repr=False)  # a table that a test fills: it may be large
    most: int = 400
    asked: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list, repr=False)

    @property
    def paths(self) -> list[str]:
        """The paths of the requests since the last look, ``settle`` for one of exact shares; ``asked`` is
        cleared."""
        found = ["settle" if body.get("post_sampling_probs") else path[1:] for path, _, body in self.asked]
        self.asked.clear()
        return found

    def reply(self, handler: Handler) -> None:
        """Answer the last request."""
        path, body = handler.script.asked[-1]
        answer: dict[str, Any]
        written = ""
        if path == "/apply-template":
            answer = {"prompt": f"{BEFORE}{body['messages'][0]['content'].strip()}{AFTER}"}
        elif path == "/tokenize":
            answer = {"tokens": tokens(body["content"])}
        else:
            written = "".join(map(chr, tokens(body["prompt"]))).partition(AFTER)[2]
            answer = {"completion_probabilities": list(self.completed(written, body))}
        self.asked.append((path, written, body))
        plain(answer)(handler)

    def completed(self, written: str, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """A row for each token that is written."""
        bias = {chr(token): value for token, value in body.get("logit_bias", [])}
        for _ in range(body["n_predict"]):
            weights = self.weights(written)
            total = sum(weights.values())
            logs = {char: math.log(weight / total) for char, weight in weights.items()}
            biased = {char: log + bias.get(char, 0.0) for char, log in logs.items()}
            pick = max(biased, key=lambda char: biased[char])
            if body.get("post_sampling_probs"):
                top = max(biased.values())
                whole = sum(math.exp(log - top) for log in biased.values())
                rows = [(math.exp(log - top) / whole, char) for char, log in biased.items()]
                listed = [
                    {"id": ord(char), "prob": p} for p, char in sorted(rows, reverse=True)[: body["n_probs"]]
                ]
                yield {"id": ord(pick), "top_probs": listed}
            else:
                rows = sorted(((log, char) for char, log in logs.items()), reverse=True)[: self.most]
                yield {"id": ord(pick), "top_logprobs": [{"id": ord(c), "logprob": log} for log, c in rows]}
            written += pick


def tokens(content: str | list[str | int]) -> list[int]:
    """A text, or texts and tokens, as tokens."""
    if isinstance(content, str):
        return [ord(char) for char in content]
    return [token for part in content for token in ([part] if isinstance(part, int) else tokens(part))]


@contextlib.contextmanager
def llama(weights: Weights, most: int = 400) -> Iterator[tuple[Server, ScriptedLlama]]:
    """A server on loopback that answers as scripted."""
    script = ScriptedLlama(weights, most)
    with serving(script.reply) as server:
        yield server, script
