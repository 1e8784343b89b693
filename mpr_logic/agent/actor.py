"""A policy that asks a language model what to do next."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import takewhile
from typing import TYPE_CHECKING
from typing import Literal as OneOf

from mpr_logic.agent.policies import Pass
from mpr_logic.agent.prompting import BUDGET, CHARACTERS, Form, acting_prompt, example_of, one_line
from mpr_logic.errors import ModelError, ServerError
from mpr_logic.models.clients import Usage
from mpr_logic.models.prompts import fenced
from mpr_logic.models.scoring import by_score, by_writing, under_grammar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mpr_logic.agent.play import Turn
    from mpr_logic.agent.policies import View
    from mpr_logic.agent.prompting import Disclosure, Style
    from mpr_logic.checker.action import Action
    from mpr_logic.models.clients import Completion, Model
    from mpr_logic.models.grammars import Grammar
    from mpr_logic.models.scoring import Scorer

Choice = OneOf["writing", "grammar", "score"]
"""How the model chooses: it writes freely; it can write nothing but a candidate; or the candidate that it
finds most likely is taken."""

THOUGHT, ACTION = "Thought:", "Action:"
LONGEST_THOUGHT = 200
"""So many characters of a thought are read back to the model."""
THOUGHT_TOKENS = 48
ANSWER_TOKENS = 64
RESERVE = 120
"""So many tokens of the budget are kept for a thought that is read back."""

THINK = "First write the thought alone, one short sentence."
YOURS = "Your thought:"
CHOOSE = "Now write the action alone."


class ModelPolicy:
    """Asks a model. Made anew for each episode; ``usage`` is what it has used in it.

    Where it chooses from a list, what was refused in this turn is not on it, nor what was done since
    something last changed, unless nothing else is left: it would come to the same.

    ``failures`` says of each turn that was left to the fallback why: the model gave no usable answer.

    Args:
        model: what is asked.
        choose: how it chooses.
        admitted: it chooses only among what the checker admits, so that nothing is ever rejected. With
            ``writing``, which cannot be held to a list, the list is shown as far as there is room.
        style: the action alone, or a thought before it.
        disclose: what it is told of a rejection.
        lessons: what was learned from earlier tries of the same task, in words.
        scorer: where it chooses by scores.
        budget: so many tokens a prompt may have, what the guide tells not counted.

    Raises:
        ValueError: scores are wanted and there is no scorer, or the budget is too small.
    """

    def __init__(
        self,
        model: Model,
        *,
        choose: Choice = "writing",
        admitted: bool = False,
        style: Style = "act",
        disclose: Disclosure = "reason",
        lessons: Sequence[str] = (),
        scorer: Scorer | None = None,
        budget: int = BUDGET,
    ) -> None:
        if choose == "score" and scorer is None:
            raise ValueError("a model that chooses by scores needs a scorer")
        self._model = Counted(model, scorer)
        self._choose = choose
        self._admitted = admitted
        room = budget - (RESERVE if style == "react" and choose != "writing" else 0)
        self._form = Form(style, disclose, tuple(lessons), room, names=choose == "writing")
        self._told: list[str] = []
        self.failures: list[str] = []
        self.name = f"{model.name} ({style}, {choose}{', admitted' if admitted else ''})"

    @property
    def usage(self) -> Usage:
        """What was asked so far. The tokens are those that the model counted; of scores, an estimate of the
        prompts'. What it cost is known to the client alone."""
        return self._model.usage

    def choose(self, view: View) -> Action | str | Pass | None:
        """What the model proposes; None where nothing is left to propose; a Pass where it gave no usable
        answer.

        Raises:
            ServerError: the model cannot be reached, or refuses whatever it is asked.
        """
        refused = {str(decision.action) for decision in view.refused}
        found = {text: action for action in self._candidates(view) if (text := str(action)) not in refused}
        idle = _idle(view.history)
        found = {text: action for text, action in found.items() if text not in idle} or found
        if not found and (self._admitted or self._choose != "writing"):
            return None
        try:
            answer = self._answer(view, list(found))
        except ServerError:
            raise
        except ModelError as error:
            self.failures.append(str(error))
            return Pass(str(error))
        return found.get(answer, answer)

    def _candidates(self, view: View) -> Sequence[Action]:
        candidates = view.world.candidates()
        if not self._admitted:
            return candidates
        decisions = view.checker.check_all(candidates)
        return [action for action, d in zip(candidates, decisions, strict=True) if d.admissible]

    def _answer(self, view: View, options: Sequence[str]) -> str:
        shown = options if self._admitted and self._choose != "score" else ()
        prompt = acting_prompt(self._steady(view), self._form, shown)
        thinks = self._form.style == "react"
        if self._choose == "writing":
            return self._written(prompt, thinks=thinks)
        if thinks:
            prompt = self._thought(prompt)
        if self._choose == "grammar":
            return under_grammar(self._model, prompt, options)
        return by_score(self._model, prompt, options)

    def _steady(self, view: View) -> View:
        """The view, with what stands in front in a prompt as it stood there before, so that a server need not
        read it anew: the example, and of the rules those that were told before, in their order."""
        if not self._form.example:
            self._form = replace(self._form, example=example_of(view))
        place = {id: i for i, id in enumerate(self._told)}
        guidance = sorted(view.guidance, key=lambda each: place.get(each.rule.id, len(place)))
        self._told = [each.rule.id for each in guidance]
        return replace(view, guidance=guidance)

    def _written(self, prompt: str, *, thinks: bool) -> str:
        """What the model writes as the action."""
        if not thinks:
            found = _bare(by_writing(self._model, prompt, max_tokens=ANSWER_TOKENS))
        else:
            (answer,) = self._model.complete(prompt, max_tokens=THOUGHT_TOKENS + ANSWER_TOKENS)
            found = _behind_a_thought(answer.text)
        if not found:
            raise ModelError(f"the model `{self._model.name}` wrote no action")
        return found

    def _thought(self, prompt: str) -> str:
        """The prompt with a thought of the model behind it."""
        (answer,) = self._model.complete(f"{prompt}\n{THINK}", max_tokens=THOUGHT_TOKENS)
        thought = answer.text.strip().removeprefix(THOUGHT).strip().partition("\n")[0]
        return "\n".join([prompt, YOURS, *fenced([one_line(thought, LONGEST_THOUGHT)]), CHOOSE])


def _idle(history: Sequence[Turn]) -> set[str]:
    """What was done since the agent last learned or changed something: it would come to the same now."""

    def nothing(turn: Turn) -> bool:
        return turn.observation.succeeded is False or not (turn.added or turn.removed)

    return {str(turn.action) for turn in takewhile(nothing, reversed(history))}


def _behind_a_thought(text: str) -> str:
    """The action of an answer that has a thought in front of it; empty where there is none."""
    lines = [line for line in map(str.strip, text.splitlines()) if line]
    marked = [line for line in lines if _bare(line) != _plain(line)]
    others = [line for line in lines if not _plain(line).lower().startswith(THOUGHT.lower())]
    return next(filter(None, map(_bare, [*marked, *others[-1:]])), "")


def _bare(text: str) -> str:
    """An action without what models like to put around it, and before it."""
    plain = _plain(text)
    return _plain(plain[len(ACTION) :]) if plain.lower().startswith(ACTION.lower()) else plain


def _plain(text: str) -> str:
    return text.strip("*`>- \t").removesuffix(".").strip("*` \t")


class Counted:
    """A model, and its scorer where it has one, whose use is counted."""

    def __init__(self, model: Model, scorer: Scorer | None = None) -> None:
        self.name = model.name
        self.usage = Usage()
        self._model = model
        self._scorer = scorer

    def complete(
        self,
        prompt: str,
        grammar: Grammar | None = None,
        n: int = 1,
        *,
        temperature: float = 0.0,
        max_tokens: int = 512,
    ) -> list[Completion]:
        """The model's answers: see :class:`mpr_logic.models.clients.Model`."""
        began = time.monotonic()
        try:
            found = self._model.complete(prompt, grammar, n, temperature=temperature, max_tokens=max_tokens)
        except ModelError:
            self.usage += Usage(requests=1, seconds=time.monotonic() - began)
            raise
        self.usage += Usage(
            requests=sum(not each.cached for each in found),
            cached=sum(each.cached for each in found),
            prompt_tokens=sum(each.prompt_tokens for each in found),
            completion_tokens=sum(each.completion_tokens for each in found),
            seconds=time.monotonic() - began,
        )
        return found

    def best(self, prompt: str, candidates: Sequence[str]) -> int:
        """The scorer's choice: see :class:`mpr_logic.models.scoring.Scorer`."""
        if self._scorer is None:
            raise ModelError(f"the model `{self.name}` has no scorer")
        began = time.monotonic()
        try:
            return self._scorer.best(prompt, candidates)
        finally:
            estimate = -(-len(prompt) // CHARACTERS)
            self.usage += Usage(requests=1, prompt_tokens=estimate, seconds=time.monotonic() - began)
