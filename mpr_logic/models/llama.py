"""Scores of candidates by llama.cpp: how likely a model is to write each of them.

The candidates' tokens make a trie (:mod:`mpr_logic.models.trie`). The server is asked behind the
likeliest prefix only; as it is held to the candidates' tokens it writes on, so that its answer tells of the
forks on the way too. Most choices need one or two requests. What is alike in two prompts the server keeps.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from mpr_logic.errors import ServerError
from mpr_logic.models.trie import Fork, Node, likeliest, trie

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mpr_logic.models.client import Client
    from mpr_logic.models.trie import Prefix

PROBABILITIES = 400
"""So many of the likeliest tokens are asked for."""
AHEAD = 8
"""So many tokens the server writes at most. On a processor a token that it writes in vain takes about as long
as a token of a prompt: with more, what is saved in requests is lost in time."""
BIAS = 100.0
"""What is added to a token's logit where the server is to write nothing else."""
LEAST = 1e-45
"""A probability that the server rounds to 0 counts as the least that it can write."""
NO_TOKEN = -1
"""Parts the candidates in a request for their tokens: it is the number of none."""
MARK = "\N{OBJECT REPLACEMENT CHARACTER}"
"""Stands for the prompt where its frame is asked for."""


class LlamaScorer:
    """Scores candidates on the server of a client, which must be llama.cpp's."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._known: dict[str, Prefix] = {}
        self._frame: tuple[str, ...] = ()

    def best(self, prompt: str, candidates: Sequence[str]) -> int:
        """The place of the candidate with the highest score; of several that have it, of the first.

        Raises:
            ModelError: the server offers no scores, or gave no answer.
        """
        root = trie(self._candidates(candidates))
        forks = {node.prefix: node for node in root.forks()}
        return likeliest(
            root,
            lambda node: self._ahead(prompt, node, forks),
            lambda node: self._settled(prompt, node),
        )

    def score(self, prompt: str, candidates: Sequence[str]) -> list[float]:
        """The logarithm of the probability of each candidate, given that the answer is one of them. Each
        fork is asked for: it takes far longer than :meth:`best`.

        Raises:
            ModelError: the server offers no scores, or gave no answer.
        """
        tokens = self._candidates(candidates)
        scores = [0.0] * len(tokens)
        for node in trie(tokens).forks():
            fork = self._ahead(prompt, node, {node.prefix: node})[node.prefix]
            shares = (fork if fork.exact else self._settled(prompt, node)).shares
            at = len(node.prefix)
            for i, each in enumerate(tokens):
                if each[:at] == node.prefix and len(each) > at:
                    scores[i] += shares[each[at]].most
        return scores

    # -- tokens

    def _candidates(self, texts: Sequence[str]) -> list[Prefix]:
        """The tokens of candidates, which come again and again; those that are new by one request."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            content = [part for text in new for part in (f"{text}\n", NO_TOKEN)]
            found = _parted(self._tokens(content))
            if len(found) != len(new):
                found = [tuple(self._tokens(f"{text}\n")) for text in new]
            self._known |= dict(zip(new, found, strict=True))
        return [self._known[text] for text in texts]

    def _tokens(self, content: str | list[str | int]) -> list[int]:
        body = {"content": content, "add_special": False, "parse_special": False}
        found: list[int] = _of(self.client.post("/tokenize", body), "tokens", list)
        if not all(isinstance(token, int) for token in found):
            raise ServerError(f"{_NOT_LLAMA}: it sends tokens that are no numbers")
        return found

    def _text(self, prompt: str) -> str:
        """A prompt in the model's template."""
        if not self._frame:
            self._frame = tuple(self._templated(MARK).split(MARK))
        # a template may take off space around a prompt, and what it makes of a mark in one nobody knows
        if len(self._frame) != 2 or prompt != prompt.strip():
            return self._templated(prompt)
        return prompt.join(self._frame)

    def _templated(self, prompt: str) -> str:
        body = {"messages": [{"role": "user", "content": prompt}]}
        text: str = _of(self.client.post("/apply-template", body), "prompt", str)
        return text

    # -- probabilities

    def _ahead(self, prompt: str, node: Node, forks: Mapping[Prefix, Node]) -> dict[Prefix, Fork]:
        """What is known of a fork, and of those on the way that the model then takes."""
        there = [each for each in node.forks() if each.prefix in forks]
        tokens = {token for each in there for token in (*each.branches, *each.prefix[len(node.prefix) :])}
        length = min(AHEAD, max(len(each.prefix) for each in there) - len(node.prefix) + 1)
        rows = self._completed(
            prompt, node, n_predict=length, n_probs=PROBABILITIES, temperature=0, logit_bias=_only(tokens)
        )
        found, prefix = {}, node.prefix
        try:
            for row in rows:
                if prefix in forks:
                    listed = {int(each["id"]): float(each["logprob"]) for each in row["top_logprobs"]}
                    floor = min(p for p in listed.values() if p > -1e30)
                    found[prefix] = Fork(forks[prefix].branches, listed, floor)
                prefix = (*prefix, int(row.get("id", NO_TOKEN)))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise _no_probabilities(error) from None
        return found

    def _settled(self, prompt: str, node: Node) -> Fork:
        """The exact shares at a fork: the probabilities where the server may write its branches alone."""
        rows = self._completed(
            prompt,
            node,
            n_predict=1,
            n_probs=len(node.branches),
            temperature=1,
            samplers=["temperature"],
            post_sampling_probs=True,
            logit_bias=_only(node.branches),
        )
        try:
            found = {int(each["id"]): float(each["prob"]) for each in rows[0]["top_probs"]}
            listed = {token: math.log(max(found.get(token, 0.0), LEAST)) for token in node.branches}
        except (KeyError, TypeError, ValueError) as error:
            raise _no_probabilities(error) from None
        return Fork(node.branches, listed, -math.inf)

    def _completed(self, prompt: str, node: Node, **options: Any) -> list[Any]:
        """The probabilities of each token that the server writes behind a prefix; at least of one."""
        text = self._text(prompt)
        body = {"prompt": [text, *node.prefix] if node.prefix else text, "cache_prompt": True, **options}
        rows: list[Any] = _of(self.client.post("/completion", body), "completion_probabilities", list)
        if not rows:
            raise _no_probabilities(IndexError("an empty list"))
        return rows


def _only(tokens: Iterable[int]) -> list[list[float]]:
    """The bias that leaves these tokens alone to be written."""
    return [[token, BIAS] for token in sorted(tokens)]


def _parted(tokens: Iterable[int]) -> list[Prefix]:
    """What stands before each part's end."""
    found: list[Prefix] = []
    part: list[int] = []
    for token in tokens:
        if token != NO_TOKEN:
            part.append(token)
            continue
        found.append(tuple(part))
        part = []
    return found


_NOT_LLAMA = "the server does not score as llama.cpp does"


def _no_probabilities(error: Exception) -> ServerError:
    return ServerError(f"{_NOT_LLAMA}: it sends no probabilities ({error!r})")


def _of(answer: Any, key: str, kind: type) -> Any:
    if not isinstance(answer, dict) or not isinstance(answer.get(key), kind):
        raise ServerError(f"{_NOT_LLAMA}: its answer has no `{key}`; choose by writing, or under a grammar")
    return answer[key]
