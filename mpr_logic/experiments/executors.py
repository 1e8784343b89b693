"""Executors: they do the parts of an experiment in this process, in several, or on Ray."""

from __future__ import annotations

import logging
import multiprocessing
import signal
import threading
from concurrent.futures import CancelledError, ProcessPoolExecutor
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from mpr_logic.errors import ExperimentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

T = TypeVar("T")


class Executor(Protocol):
    """Does work, in this process or in others."""

    def map(self, work: Callable[..., T], /, arguments: Iterable[tuple[Any, ...]]) -> Iterator[T]:
        """Do some work for each of its arguments, and yield the results in their order: each as soon as it
        and those before it are done. The work is a function of a module, the arguments are plain data.

        Raises:
            Exception: what the work raises, where its result would stand.
        """

    def shutdown(self) -> None:
        """Take no more; what has not begun is not done, and whoever waits for it gets a CancelledError."""


class Here:
    """Does all in this process, one thing after the other, whoever asks for it, and each only when its result
    is asked for: whoever asks for no more has no more done."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shut = False

    def map(self, work: Callable[..., T], /, arguments: Iterable[tuple[Any, ...]]) -> Iterator[T]:
        """See :class:`Executor`."""
        for each in arguments:
            with self._lock:
                if self._shut:
                    raise CancelledError
                result = work(*each)
            yield result

    def shutdown(self) -> None:
        """See :class:`Executor`."""
        self._shut = True


class Processes:
    """Several processes of this machine."""

    def __init__(self, jobs: int) -> None:
        # spawned: a fork of a process with threads may stand still for ever
        # and silent: an interrupt ends them, and the traceback of each would tell nobody anything
        self._pool = ProcessPoolExecutor(
            jobs, multiprocessing.get_context("spawn"), signal.signal, (signal.SIGINT, signal.SIG_DFL)
        )

    def map(self, work: Callable[..., T], /, arguments: Iterable[tuple[Any, ...]]) -> Iterator[T]:
        """See :class:`Executor`."""
        for promised in [self._pool.submit(work, *each) for each in arguments]:
            yield promised.result()

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

    def map(self, work: Callable[..., T], /, arguments: Iterable[tuple[Any, ...]]) -> Iterator[T]:
        """See :class:`Executor`."""
        remote = self._ray.remote(work)
        for promised in [remote.remote(*each).future() for each in arguments]:
            yield promised.result()

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
