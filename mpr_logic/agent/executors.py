"""Where the parts of an experiment are worked on: in this process, in several, or on Ray."""

from __future__ import annotations

import logging
import multiprocessing
import signal
import threading
from concurrent.futures import Future, ProcessPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from mpr_logic.errors import ExperimentError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Executor(Protocol):
    """Takes work, and promises what comes of it."""

    def submit(self, work: Callable[..., T], /, *args: Any) -> Future[T]:
        """Work that is to be done: a function of a module, and plain data."""

    def shutdown(self) -> None:
        """Take no more; what has not begun is not done."""


class Here:
    """Does all in this process, one thing after the other, whoever submits it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def submit(self, work: Callable[..., T], /, *args: Any) -> Future[T]:
        """See :class:`Executor`."""
        done: Future[T] = Future()
        try:
            with self._lock:
                done.set_result(work(*args))
        except Exception as error:  # it is for whoever asks for the result
            done.set_exception(error)
        return done

    def shutdown(self) -> None:
        """Nothing is left."""


class Processes:
    """Several processes of this machine."""

    def __init__(self, jobs: int) -> None:
        # spawned: a fork of a process with threads may stand still for ever
        # and silent: an interrupt ends them, and the traceback of each would tell nobody anything
        self._pool = ProcessPoolExecutor(
            jobs, multiprocessing.get_context("spawn"), signal.signal, (signal.SIGINT, signal.SIG_DFL)
        )

    def submit(self, work: Callable[..., T], /, *args: Any) -> Future[T]:
        """See :class:`Executor`."""
        return self._pool.submit(work, *args)

    def shutdown(self) -> None:
        """See :class:`Executor`."""
        self._pool.shutdown(wait=True, cancel_futures=True)


class OnRay:
    """Ray: on this machine, or on the cluster with that address. On a cluster the memories of an experiment
    must lie where every machine reaches them: on a shared file system, or on PostgreSQL."""

    def __init__(self, jobs: int | None, address: str | None) -> None:
        try:
            import ray
        except ImportError:
            raise ExperimentError(
                "the package `ray` is not installed: pip install 'mpr-logic[ray]'"
            ) from None
        self._ray: Any = ray
        local: dict[str, Any] = {"num_cpus": jobs, "include_dashboard": False} if address is None else {}
        try:
            ray.init(address=address, log_to_driver=False, logging_level=logging.WARNING, **local)
        except (ConnectionError, OSError, RuntimeError, ValueError) as error:
            raise ExperimentError(f"Ray cannot be reached: {error}: give the address of a cluster") from None

    def submit(self, work: Callable[..., T], /, *args: Any) -> Future[T]:
        """See :class:`Executor`."""
        promised: Future[T] = self._ray.remote(work).remote(*args).future()
        return promised

    def shutdown(self) -> None:
        """See :class:`Executor`."""
        self._ray.shutdown()


def executor(kind: str, jobs: int, address: str | None = None) -> Executor:
    """The executor of a kind: ``local`` (one process for one job) or ``ray``.

    Raises:
        ExperimentError: there is none of the kind, or it cannot be reached.
    """
    if kind == "ray":
        return OnRay(jobs, address)
    if kind != "local":
        raise ExperimentError(f"there is no executor `{kind}`: choose local or ray")
    return Processes(jobs) if jobs > 1 else Here()
