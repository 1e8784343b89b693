"""A trie of candidates' tokens, and the search for the likeliest candidate. Plain data, no network.

Where candidates part there is a *fork*. A branch of it has its *share*: its probability as the next token,
those of the fork's branches taken together as 1. A candidate's score is the sum of the logarithms of the
shares on its way. No share is above 1, so whatever begins with a prefix is at most as likely as the prefix:
the likeliest prefix is looked behind first, and none once a finished candidate is as likely as all others.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

Prefix: TypeAlias = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """A place in the trie where candidates part, or one ends; where all go on alike there is none.

    ``first`` is the place of the first candidate that comes by, ``ends`` that of the first which ends here.
    """

    prefix: Prefix
    first: int
    ends: int | None
    branches: Mapping[int, Node]

    def forks(self) -> Iterator[Node]:
        """The forks from here on, this node before those behind it."""
        if len(self.branches) > 1:
            yield self
        for each in self.branches.values():
            yield from each.forks()


def trie(candidates: Sequence[Prefix]) -> Node:
    """The trie of some candidates, at least one."""
    return _grown(candidates, range(len(candidates)), 0)


def _grown(candidates: Sequence[Prefix], here: Sequence[int], at: int) -> Node:
    """The node behind so many tokens, which these candidates share."""
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
    return Node(candidates[here[0]][:at], here[0], ends[0] if ends else None, branches)


class Share(NamedTuple):
    """The logarithm of a share: no more than ``most``, no less than ``least``."""

    most: float
    least: float


CERTAIN = Share(0.0, 0.0)


class Fork:
    """What is known of the shares at a fork. They are ``exact`` where all its branches were listed.

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
    root: Node, ask: Callable[[Node], Mapping[Prefix, Fork]], settle: Callable[[Node], Fork]
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


def _best(root: Node, known: Mapping[Prefix, Fork]) -> int | Node:
    """The likeliest candidate by what is known; else the fork that must be known better to tell."""
    # an entry: what is to be least (the score's bound, negative), the first candidate, which is another in
    # each entry, the score's lower bound, the node (None of a finished candidate), a fork that is not exact
    heap: list[tuple[float, int, float, Node | None, Node | None]] = [(0.0, root.first, 0.0, root, None)]
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
