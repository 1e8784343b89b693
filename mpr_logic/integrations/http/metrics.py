"""What a guard counts and times, for Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mpr_logic.extras import needed

if TYPE_CHECKING:
    from mpr_logic.guard.guard import Guard
    from mpr_logic.guard.verdict import Verdict

_BUCKETS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0, 2.5)


class Metrics:
    """The metrics of one guard, in a registry of their own."""

    def __init__(self, guard: Guard) -> None:
        client = needed("prometheus_client", "serve")
        self._client = client
        self._registry = client.CollectorRegistry()
        self._checks = client.Counter(
            "mpr_checks", "Calls that were decided", ["outcome", "mode"], registry=self._registry
        )
        self._errors = client.Counter(
            "mpr_errors", "Calls that were rejected for another reason than a rule", registry=self._registry
        )
        self._seconds = client.Histogram(
            "mpr_check_seconds", "What a check took", buckets=_BUCKETS, registry=self._registry
        )
        for name, text, value in (
            ("mpr_rules_ok", "1 where the rules are those of the files", lambda: guard.health()["ok"]),
            ("mpr_sessions", "Sessions that the guard holds", lambda: guard.health()["sessions"]),
        ):
            client.Gauge(name, text, registry=self._registry).set_function(value)

    def seen(self, verdict: Verdict) -> None:
        """Count a verdict."""
        self._checks.labels(verdict.outcome, verdict.mode).inc()
        self._seconds.observe(verdict.seconds)
        if verdict.error is not None:
            self._errors.inc()

    def text(self) -> tuple[bytes, str]:
        """All of them as Prometheus reads them, and the type of that."""
        return self._client.generate_latest(self._registry), self._client.CONTENT_TYPE_LATEST
