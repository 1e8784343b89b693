"""Settings that every test shares: the Hypothesis profiles.

A run that judges a commit draws the same examples each time: what it says is said of the commit, not of the
draw. ``make fuzz`` draws others in each run, and more of them.
"""

from __future__ import annotations

import socket
import subprocess
import time
from typing import NoReturn
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings

from mpr_logic.checker import verifier
from mpr_logic.checker.checker import Checker
from mpr_logic.engine.protocol import Budget
from mpr_logic.guard.guard import Guard
from tests.helpers.verified import verified

# A failure prints a blob that `@reproduce_failure` replays. No deadline: machines are slow at times.
_SHARED = settings(
    deadline=None, print_blob=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("quick", _SHARED, max_examples=10, derandomize=True)
settings.register_profile("steady", _SHARED, max_examples=50, derandomize=True)
settings.register_profile("fuzz", _SHARED, max_examples=300)
settings.load_profile("steady")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the slow tests first when several processes share the tests: else one process ends late."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(autouse=True)
def _every_decision_is_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a test checks, the independent verifier checks too."""
    monkeypatch.setattr(Checker, "check_all", verified(Checker.check_all))


@pytest.fixture(autouse=True)
def _none_runs_out_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is no reason to reject: the time of a budget is that of this process; a guard has
    a minute, where a test gives it no time, and the verifier has five."""
    given = Budget.__init__.__defaults__
    assert given is not None
    monkeypatch.setattr(Budget.__init__, "__defaults__", (*given[:-1], time.process_time))
    defaults = Guard.__init__.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "timeout", 60.0)
    monkeypatch.setattr(verifier, "SECONDS", 300.0)


@pytest.fixture(autouse=True)
def _processes_are_marked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where `-m` leaves out the tests marked `process`, no other test starts a process or a server."""
    if "not process" not in request.config.option.markexpr:
        return

    def refused(*_args: object, **_options: object) -> NoReturn:
        pytest.fail("this test starts a process or a server: mark it `process`")

    monkeypatch.setattr(subprocess.Popen, "__init__", refused)
    monkeypatch.setattr(socket.socket, "bind", refused)


@pytest.fixture(autouse=True)
def _calls_are_kept_apart(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The calls that hooks keep are those of one test, and never the user's own."""
    folder = tmp_path_factory.getbasetemp() / "state" / uuid4().hex
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    monkeypatch.delenv("MPR_STORE", raising=False)
