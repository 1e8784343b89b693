"""Evidence of a rule: a Beta posterior over "in a new group, when this rule's body holds and the action is
tried, it goes wrong", the weight that follows from it, and the check of observations against the recorded
turns.

A *group* is what its author calls one: a scene, a task, a customer. What happens within one hangs together,
so a group and an outcome are one trial, however often it was seen there. This takes the correlation within a
group for 1, where the effective number of trials is the number of groups (the design effect of cluster
samples: Kish, Survey Sampling, 1965, section 5.4).

The weight is the lower credible bound of that posterior at :data:`LEVEL`: with nine chances in ten the
rule is right in at least that share of groups. So a rule with little behind it weighs little, whoever wrote
it.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mpr_logic.analysis.atoms import coerce_row, resolve_atom
from mpr_logic.analysis.program import ACTION
from mpr_logic.errors import MprError, ProgramError, StoreError
from mpr_logic.language.ast import Const, Var
from mpr_logic.language.fast_atoms import plain_atom
from mpr_logic.language.parser import parse_atom, parse_clause
from mpr_logic.language.printer import print_row

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mpr_logic.analysis.program import Schema
    from mpr_logic.language.ast import Atom, Row
    from mpr_logic.memory.records import Kind, RuleOutcome


LEVEL = 0.1
"""The chance that a rule is right less often than its weight says."""

STEP = 1e-4
"""Weights are rounded down to a multiple of this, so that a printed weight is the weight."""


@dataclass(frozen=True, slots=True)
class Prior:
    """The belief in a rule before any evidence, as if its action had gone ``wrong`` so many times and
    ``right`` so many times. Both are above 0."""

    wrong: float
    right: float


PRIORS: dict[Kind, Prior] = {
    "model": Prior(1.0, 1.0),
    "induced": Prior(4.0, 0.5),
    "hand": Prior(40.0, 0.5),
}
"""The priors. Nothing is known of what a model writes: the uniform prior, and law (0.9) after 21 failures
without a success. An induced rule was searched so that it covers failures and no success: law after 10. A
person's rule is believed at once."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A prior, and in how many groups the body held, the action was tried, and it went ``wrong`` or
    ``right``."""

    prior: Prior
    wrong: int = 0
    right: int = 0

    @property
    def mean(self) -> float:
        """The posterior's mean: how often it is expected to go wrong."""
        wrong, right = self.prior.wrong + self.wrong, self.prior.right + self.right
        return wrong / (wrong + right)

    def bound(self, level: float = LEVEL) -> float:
        """The lower credible bound: the share of failures is below it with probability ``level``.

        Raises:
            StoreError: the extra that computes it is not installed.
        """
        try:
            from scipy.special import betaincinv  # type: ignore[import-untyped]
        except ImportError:
            raise StoreError(MISSING) from None
        return float(betaincinv(self.prior.wrong + self.wrong, self.prior.right + self.right, level))

    def weight(self, theta: float) -> float:
        """The weight in (0, 1): the lower bound, and below ``theta`` while any success contradicts it."""
        bound = _down(self.bound())
        return min(bound, below(theta)) if self.right else bound


MISSING = "the memory needs the extra: `pip install 'mpr-logic[memory]'`"
"""The message of the error where the extra is not installed."""


def _down(weight: float) -> float:
    return max(round(math.floor(weight / STEP + 1e-9) * STEP, 6), STEP)


def below(theta: float) -> float:
    """The largest weight strictly below theta."""
    under = round((math.ceil(theta / STEP - 1e-9) - 1) * STEP, 6)
    return under if under > 0 else theta / 2


_STATED = re.compile(r"\s*(?:[0-9.eE+-]+\s*::\s*)?(?:not\s+)?([a-z][A-Za-z0-9_]*)\s*\(?")

Tried = tuple[str, "Row"]
"""An action, and the arguments with which it was tried."""


@dataclass(frozen=True, slots=True)
class _Attempt:
    """The action that was tried in a turn, None where none was; and whether it succeeded, None where nobody
    can tell."""

    action: str | None
    succeeded: bool | None


class Trials:
    """The turns of the episodes that a batch of observations speaks of.

    Args:
        schema: the declared actions.
        episodes: the stored text of each episode, by its number.
        rules: the stored text of each rule, by its id.
    """

    def __init__(self, schema: Schema, episodes: Mapping[int, str], rules: Mapping[str, str]) -> None:
        self._schema = schema
        self._turns = {id: _turns(id, text) for id, text in episodes.items()}
        self._rules = rules
        self._heads: dict[str, Atom] = {}
        self._tried: dict[str, Tried] = {}

    def tried(self, seen: RuleOutcome) -> Tried:
        """Return the action that was tried in the turn of an observation, once the record bears it out.

        Raises:
            StoreError: the episode has no such turn, another action was tried in it, or it went otherwise.
        """
        turns = self._turns[seen.episode].get(seen.turn)
        if turns is None:
            numbers = sorted(self._turns[seen.episode])
            has = f"its turns are {numbers[0]} to {numbers[-1]}" if numbers else "it has none"
            raise _refused(seen, f"episode {seen.episode} has no turn {seen.turn}: {has}")
        told: list[str] = []
        for turn in turns:  # more than one where a recording counts anew
            found, fault = self._held_against(turn, seen)
            if found is not None:
                return found
            told.append(fault)
        raise _refused(seen, f"turn {seen.turn} of episode {seen.episode}: {told[0]}")

    def _held_against(self, turn: _Attempt, seen: RuleOutcome) -> tuple[Tried | None, str]:
        """Return the action that was tried in a turn; or None, and why the turn does not bear the observation
        out."""
        if turn.action is None:
            return None, "nothing was tried"
        try:
            found = self._resolved(turn.action)
        except MprError as error:
            return None, in_a_line(error)
        head = self._head(seen.rule)
        if not _fits(self._schema, head, found):
            return None, f"`{print_row(*found)[:80]}` was tried, and the rule speaks of `{head.name}`"
        if turn.succeeded is None:
            return None, "nobody has seen how it went"
        if turn.succeeded is seen.wrong:
            said, was = ("wrong", "right") if seen.wrong else ("right", "wrong")
            return None, f"it is said to have gone {said}, and went {was}"
        return found, ""

    def known(self, episode: int, turn: int, wrong: bool) -> Tried | None:
        """Return the action that was tried in a turn that already counts as evidence; None if the record does
        not tell."""
        for each in self._turns[episode].get(turn, ()):
            if each.action is not None and each.succeeded is not wrong:
                try:
                    return self._resolved(each.action)
                except MprError:
                    continue  # a name that was declared when the evidence came
        return None

    def _resolved(self, text: str) -> Tried:
        if text not in self._tried:
            self._tried[text] = resolved(self._schema, text)
        return self._tried[text]

    def _head(self, rule: str) -> Atom:
        if rule not in self._heads:
            self._heads[rule] = parse_clause(self._rules[rule]).head
        return self._heads[rule]


def resolved(schema: Schema, text: str) -> Tried:
    """The action that a text names, with its arguments.

    Raises:
        ProgramError: it is no atom.
        StateError: there is no such action, or its arguments do not fit.
    """
    plain = plain_atom(text)
    signature = schema.actions.get(plain[0]) if plain else None
    if plain and signature is not None:
        return plain[0], coerce_row(signature, plain[1])
    return resolve_atom(schema, parse_atom(text), kind="action")


def first_unfit(schema: Schema, episode: int, text: str) -> tuple[int, str] | None:
    """The first turn of an episode whose action does not fit the declarations, and what is wrong with it.

    Raises:
        StoreError: its lines cannot be read.
    """
    for number, turns in sorted(_turns(episode, text).items()):
        for turn in turns:
            if turn.action is not None:
                try:
                    resolved(schema, turn.action)
                except MprError as error:
                    return number, in_a_line(error)
    return None


def observed(lines: Iterable[str]) -> set[str]:
    """The relations of which the lines of recorded episodes state facts."""
    return {
        match[1]
        for line in lines
        for fact in json.loads(line).get("added") or ()
        if isinstance(fact, str) and (match := _STATED.match(fact))
    }


def in_a_line(error: MprError) -> str:
    """The message of an error, in one line."""
    return error.summary if isinstance(error, ProgramError) else str(error)


def _turns(episode: int, text: str) -> dict[int, list[_Attempt]]:
    """The turns of an episode's lines, by their numbers."""
    found: dict[int, list[_Attempt]] = {}
    try:
        for line in text.split("\n"):
            row = json.loads(line)
            if row["line"] == "turn":
                found.setdefault(row["number"], []).append(_Attempt(row.get("action"), row.get("succeeded")))
    except (ValueError, KeyError, TypeError, RecursionError):
        raise StoreError(
            f"the lines of episode {episode} cannot be read: `mpr memory forget` it, and record it anew"
        ) from None
    return found


def _fits(schema: Schema, head: Atom, tried: Tried) -> bool:
    """Whether the head of a rule is about what was tried."""
    name, row = tried
    params = [p.name for p in schema.actions[name].params]
    values = dict(zip(params, row, strict=True))
    if head.name != name:
        of = schema.classes.get(head.name)
        if of is None or head.name in schema.actions or name not in of.members:
            return False
        params = [p.name for p in of.signature.params]
        values.setdefault(ACTION, name)
    bound: dict[str, object] = {}
    for param, term in zip(head.names or params, head.args, strict=False):
        value = values.get(param)
        if isinstance(term, Const) and term.value != value:
            return False
        if isinstance(term, Var) and not term.anonymous and bound.setdefault(term.name, value) != value:
            return False
    return True


def _refused(seen: RuleOutcome, why: str) -> StoreError:
    return StoreError(f"no evidence of `{seen.rule[:80]}`: {why}; give a turn in which its action was tried")
