"""Choosing one of several actions: a model writes it, writes it under a grammar, or scores the candidates.

Scores come from llama.cpp's server: how likely the model is to write each candidate. The candidates' tokens
make a trie. The server is asked behind the likeliest prefix only; as it is held to the candidates' tokens it
writes on, so that its answer tells of the forks on the way too. Most choices need one or two requests. What
two prompts have in common the server keeps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

from mpr_logic.analysis.report import count
from mpr_logic.errors import ModelError, ServerError
from mpr_logic.models.grammars import choice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from mpr_logic.models.clients import Client, Model


class Scorer(Protocol):
    """Says which of several texts a model is most likely to answer with."""

    def best(self, prompt: str, candidates: Sequence[str]) -> int:
        """The place of the likeliest candidate, of which there is at least one; of several, the first.

        Raises:
            ModelError: there are no scores.
        """


def by_writing(model: Model, prompt: str, *, max_tokens: int = 64) -> str:
    """The action that a model writes, whatever that is: the first line of its answer that is not empty.
    The checker says whether it is one.

    Raises:
        ModelError: there is no answer, or an empty one.
    """
    (answer,) = model.complete(prompt, max_tokens=max_tokens)
    lines = (line.strip(" \t>*`-") for line in answer.text.splitlines())
    found = next(filter(None, lines), None)
    if found is None:
        raise ModelError(f"the model `{model.name}` answered nothing: give it more tokens, or another prompt")
    return found


def under_grammar(model: Model, prompt: str, candidates: Sequence[str], *, max_tokens: int = 64) -> str:
    """The candidate that a model writes when it can write nothing else.

    Raises:
        ModelError: there is no answer, or one that is no candidate: the server does not constrain.
        ValueError: there is no candidate.
    """
    (answer,) = model.complete(prompt, choice(candidates), max_tokens=max_tokens)
    found = answer.text.strip()
    if found not in candidates:
        raise ModelError(
            f"the model `{model.name}` answered with none of the {count(len(candidates), 'candidate')}: its "
            "server does not keep to a grammar as it was told one; give the client another `constraint`"
        )
    return found


def by_score(scorer: Scorer, prompt: str, candidates: Sequence[str]) -> str:
    """The candidate that a model finds most likely; of several, the first.

    Raises:
        ModelError: there are no scores.
        ValueError: there is no candidate.
    """
    if not candidates:
        raise ValueError("a choice needs at least one text")
    return candidates[scorer.best(prompt, candidates)]


Prefix: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TrieNode:
    """A place in the trie where candidates part, or one ends; where all go on alike there is none.

    Where candidates part there is a *fork*. A branch of it has its *share*: its probability as the next
    token, those of the fork's branches taken together as 1. A candidate's score is the sum of the logarithms
    of the shares on its way. No share is above 1, so what begins with a prefix is at most as likely as the
    prefix: the likeliest prefix is looked behind first, and none once a finished candidate is as likely as
    all others.

    ``first`` is the place of the first candidate that comes by, ``ends`` that of the first which ends here.
    """

    prefix: Prefix
    first: int
    ends: int | None
    branches: Mapping[int, TrieNode]

    def forks(self) -> Iterator[TrieNode]:
        """The forks from here on, this node before those behind it."""
        if len(self.branches) > 1:
            yield self
        for each in self.branches.values():
            yield from each.forks()


def trie(candidates: Sequence[Prefix]) -> TrieNode:
    """The trie of some candidates, at least one."""
    return _grown(candidates, range(len(candidates)), 0)


def _grown(candidates: Sequence[Prefix], here: Sequence[int], at: int) -> TrieNode:
    """The node behind the first ``at`` tokens, which these candidates share."""
    while True:
        ends = [i for i in here if len(candidates[i]) == at]
        parts: dict[int, list[int]] = {}
        for i in here:
            if len(candidates[i]) > at:
                parts.setdefault(candidates[i][at], []).append(i)
        if ends or len(parts) != 1:
            break
        at += 1
    branches = {token: _grown(candidates, part, at + 1) for token, part in parts.items()}
    return TrieNode(candidates[here[0]][:at], here[0], ends[0] if ends else None, branches)


class Share(NamedTuple):
    """The logarithm of a share: no more than ``most``, no less than ``least``."""

    most: float
    least: float


CERTAIN = Share(0.0, 0.0)


class Fork:
    """The bounds of the shares at a fork. They are ``exact`` where all its branches were listed.

    Args:
        branches: their tokens.
        listed: the logarithms of the probabilities of tokens, these or others.
        floor: the same of the least likely token that was listed: what was not listed is no likelier.
    """

    def __init__(self, branches: Iterable[int], listed: Mapping[int, float], floor: float) -> None:
        found = {token: listed.get(token) for token in branches}
        there = [p for p in found.values() if p is not None]
        missing = len(found) - len(there)
        self.exact = not missing
        total, highest = _total(there), _total([*there, *[floor] * missing])
        unlisted = Share(min(0.0, floor - _total([*there, floor])), -math.inf)
        self.shares = {
            token: unlisted if p is None else Share(min(0.0, p - total), min(0.0, p - highest))
            for token, p in found.items()
        }


def _total(logarithms: Sequence[float]) -> float:
    """The logarithm of the sum of what these are the logarithms of."""
    top = max(logarithms, default=-math.inf)
    return top if top == -math.inf else top + math.log(sum(math.exp(p - top) for p in logarithms))


def likeliest(
    root: TrieNode, ask: Callable[[TrieNode], Mapping[Prefix, Fork]], settle: Callable[[TrieNode], Fork]
) -> int:
    """The place of the candidate with the highest score; of several, the first.

    Args:
        root: of the trie.
        ask: tells of a fork, and of any others that come with it, by their prefixes.
        settle: tells of a fork exactly. It is called only where what was not listed could win.
    """
    known: dict[Prefix, Fork] = {}
    while True:
        found = _best(root, known)
        if isinstance(found, int):
            return found
        if found.prefix in known:
            known[found.prefix] = settle(found)
        else:
            known |= ask(found)


def _best(root: TrieNode, known: Mapping[Prefix, Fork]) -> int | TrieNode:
    """The likeliest candidate by what is known; else the fork that must be known better to tell."""
    # an entry: what is to be least (the score's bound, negative), the first candidate, which is another in
    # each entry, the score's lower bound, the node (None of a finished candidate), a fork that is not exact
    heap: list[tuple[float, int, float, TrieNode | None, TrieNode | None]] = [
        (0.0, root.first, 0.0, root, None)
    ]
    while True:
        most, first, least, node, vague = heappop(heap)
        if node is None:
            if vague is None or not heap or (-least, first) < heap[0][:2]:
                return first
            return vague
        if node.ends is not None:
            heappush(heap, (most, node.ends, least, None, vague))
        fork = known.get(node.prefix)
        if len(node.branches) > 1:
            if fork is None:
                return node
            if not fork.exact:
                vague = vague or node
        for token, branch in node.branches.items():
            share = CERTAIN if fork is None else fork.shares[token]
            heappush(heap, (most - share.most, branch.first, least + share.least, branch, vague))


PROBABILITIES = 400
"""The number of the likeliest tokens whose probabilities are asked for, at each token that is written."""
AHEAD = 8
"""The most tokens that the server writes for one request. On a processor a token that it writes in vain takes
about as long as a token of a prompt: with more, what is saved in requests is lost in time."""
BIAS = 100.0
"""The number that is added to the logits of the only tokens that the server is to write."""
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

    def _ahead(self, prompt: str, node: TrieNode, forks: Mapping[Prefix, TrieNode]) -> dict[Prefix, Fork]:
        """Ask for a fork: return it, and the forks on the way that the model then takes."""
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

    def _settled(self, prompt: str, node: TrieNode) -> Fork:
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

    def _completed(self, prompt: str, node: TrieNode, **options: Any) -> list[Any]:
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
    """Split tokens at each :data:`NO_TOKEN`; return the parts that one ends, without it."""
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
