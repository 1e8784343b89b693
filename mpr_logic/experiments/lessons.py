"""Lessons in words: what a model tells itself after a failed episode (Reflexion, Shinn et al. 2023)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.agent.prompting import LONGEST_LESSON, one_line
from mpr_logic.errors import ModelError
from mpr_logic.models.prompts import BUDGET, CHARACTERS, DATA, episode_lines, fenced

if TYPE_CHECKING:
    from mpr_logic.models.clients import Model
    from mpr_logic.models.reflection import ReflectedEpisode

QUESTION = """\
You acted in a world to do a task, and failed. You will try the same task again, from its beginning. Say in
one or two short sentences what went wrong, and what you will do instead."""
LESSON_TOKENS = 96


def verbal_lesson(model: Model, episode: ReflectedEpisode, budget: int = BUDGET) -> str:
    """What a model would tell itself before it tries again; one line, for ``ModelPolicy(lessons=...)``.

    Args:
        model: what is asked.
        episode: what was played.
        budget: how many tokens the episode may take in the prompt.

    Raises:
        ModelError: there is no answer, or an empty one.
    """
    shown = fenced(episode_lines(episode, budget * CHARACTERS))
    prompt = "\n".join([QUESTION, "", DATA, *shown, "", "Now write the lesson."])
    (answer,) = model.complete(prompt, max_tokens=LESSON_TOKENS)
    lesson = one_line(answer.text, LONGEST_LESSON)
    if not lesson:
        raise ModelError(f"the model `{model.name}` answered with no lesson: give it another try")
    return lesson
