"""Scores of candidates by llama.cpp: how likely a model is to write each of them.

The candidates' tokens make a trie. At each of its forks the server is asked once for the probabilities of
the next token; those of the branches, taken together as 1, are multiplied along each candidate. The prompt
is worked out once: the server keeps it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from mpr_logic.errors import ServerError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mpr_logic.reflection.client import Client

PROBABILITIES = 400
"""So many of the likeliest tokens are asked for; any other is taken to be as likely as the last of them."""


class LlamaScorer:
    """Scores candidates on the server of a client, which must be llama.cpp's."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._known: dict[str, list[int]] = {}

    def score(self, prompt: str, candidates: Sequence[str]) -> list[float]:
        """The logarithm of the probability of each candidate, given that the answer is one of them.

        Raises:
            ModelError: the server offers no scores, or gave no answer.
        """
        tokens = [self._candidate(candidate) for candidate in candidates]
        scores = [0.0] * len(tokens)
        prefixes = {tuple(each[:at]) for each in tokens for at in range(len(each))}
        asked = self._prompt(prompt)
        for prefix in sorted(prefixes):
            at = len(prefix)
            here = [i for i, each in enumerate(tokens) if tuple(each[:at]) == prefix and len(each) > at]
            branches = {tokens[i][at] for i in here}
            if len(branches) > 1:
                shares = self._shares([*asked, *prefix], branches)
                for i in here:
                    scores[i] += shares[tokens[i][at]]
        return scores

    def _candidate(self, text: str) -> list[int]:
        """The tokens of a candidate, which comes again and again."""
        if text not in self._known:
            self._known[text] = self._tokens(f"{text}\n", special=False)
        return self._known[text]

    def _prompt(self, prompt: str) -> list[int]:
        body = {"messages": [{"role": "user", "content": prompt}]}
        answer = self.client.post("/apply-template", body)
        return self._tokens(_of(answer, "prompt", str), special=True)

    def _tokens(self, text: str, *, special: bool) -> list[int]:
        body = {"content": text, "add_special": special, "parse_special": special}
        found: list[int] = _of(self.client.post("/tokenize", body), "tokens", list)
        if not all(isinstance(token, int) for token in found):
            raise ServerError(f"{_NOT_LLAMA}: it sends tokens that are no numbers")
        return found

    def _shares(self, tokens: list[int], branches: set[int]) -> dict[int, float]:
        """The logarithm of each branch's share of the probability that all of them have."""
        body = {
            "prompt": tokens,
            "n_predict": 1,
            "n_probs": PROBABILITIES,
            "cache_prompt": True,
            "temperature": 0,
        }
        answer = self.client.post("/completion", body)
        try:
            likeliest = {
                int(each["id"]): float(each["logprob"])
                for each in _of(answer, "completion_probabilities", list)[0]["top_logprobs"]
            }
            floor = min(p for p in likeliest.values() if p > -1e30)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise ServerError(f"{_NOT_LLAMA}: it sends no probabilities ({error!r})") from None
        found = {branch: max(likeliest.get(branch, floor), floor) for branch in branches}
        total = math.log(sum(math.exp(p) for p in found.values()))
        return {branch: p - total for branch, p in found.items()}


_NOT_LLAMA = "the server does not score as llama.cpp does"


def _of(answer: Any, key: str, kind: type) -> Any:
    if not isinstance(answer, dict) or not isinstance(answer.get(key), kind):
        raise ServerError(f"{_NOT_LLAMA}: its answer has no `{key}`; choose by writing, or under a grammar")
    return answer[key]
