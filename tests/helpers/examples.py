"""How many examples a test generates that names its own number."""

from __future__ import annotations

from hypothesis import settings


def at_most(examples: int) -> int:
    """Return the number, or the smaller one of the profile `quick` where that is in force."""
    few = settings.get_profile("quick").max_examples
    return min(examples, few) if settings().max_examples <= few else examples
