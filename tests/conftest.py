"""What every test shares: the Hypothesis profiles.

``--hypothesis-profile=thorough`` generates twenty times as many examples as ``ci``.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# A failure prints a blob that `@reproduce_failure` replays. No deadline: machines are slow at times.
_SHARED = settings(
    deadline=None, print_blob=True, derandomize=False, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("dev", _SHARED, max_examples=50)
settings.register_profile("ci", _SHARED, max_examples=300)
settings.register_profile("thorough", _SHARED, max_examples=6000)
settings.load_profile("ci" if os.environ.get("CI") else "dev")
