"""Do the same work on many items: in this process, in a process pool or on a dask cluster.

The results come in the order of the items whatever does the work, and only a few are under way at
once, so memory does not grow with the number of items.
"""

# mypy: disable-error-code="no-untyped-call"
# (dask.distributed is typed in part only)

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from typing import Any, Protocol, TypeVar

Item = TypeVar("Item")
Done = TypeVar("Done")

# Enough items under way that no worker waits while a slow one in front of them is finished.
_UNDER_WAY_PER_WORKER = 4


class SchedulerError(OSError):
    """The cluster cannot be reached or has no worker, and what to do about it."""


class _Future(Protocol):
    """What pools and clusters have in common."""

    def result(self) -> Any: ...

    def cancel(self) -> Any: ...


def map_ordered(
    function: Callable[[Item], Done],
    items: Iterable[Item],
    *,
    jobs: int = 1,
    scheduler: str | None = None,
) -> Iterator[Done]:
    """Yield ``function(item)`` for each item, in the order of the items.

    Parameters
    ----------
    function : callable
        Defined at the top level of a module, so that another process can find it.
    items : iterable
        Taken as they are needed; each must be picklable where other processes do the work.
    jobs : int
        Processes on this machine; 1 works in this process. Without meaning with ``scheduler``.
    scheduler : str, optional
        Address of a running dask.distributed scheduler, ``tcp://host:port``. Its workers need
        this toolkit in the same version, and the same files under the same names.

    Yields
    ------
    object
        The same values in the same order for every choice of ``jobs`` and ``scheduler``.

    Raises
    ------
    ValueError
        If ``jobs`` is below 1.
    SchedulerError
        If the scheduler cannot be reached, has no worker, or dask.distributed is not installed.

    Notes
    -----
    What ``function`` raises is raised here at its item's turn; items under way are cancelled.

    Examples
    --------
    >>> list(map_ordered(abs, [-2, 1, -3]))
    [2, 1, 3]
    """
    if jobs < 1:
        msg = f"jobs must be at least 1, but got {jobs}"
        raise ValueError(msg)
    if scheduler is not None:
        return _on_cluster(function, items, scheduler)
    if jobs == 1:
        return map(function, items)
    return _in_pool(function, items, jobs)


def _in_pool(function: Callable[[Item], Done], items: Iterable[Item], jobs: int) -> Iterator[Done]:
    """Work in processes of this machine."""
    # Forked from a clean server: a fork of this process would copy its threads' locks.
    context = multiprocessing.get_context("forkserver")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        yield from _in_order(
            lambda item: pool.submit(function, item), items, jobs * _UNDER_WAY_PER_WORKER
        )


def _on_cluster(
    function: Callable[[Item], Done], items: Iterable[Item], scheduler: str
) -> Iterator[Done]:
    """Work on a dask.distributed cluster that is up."""
    try:
        from distributed import Client
    except ImportError:
        msg = (
            "a scheduler needs dask.distributed, which is not installed; "
            "pip install 'reader-study-toolkit[cluster]'"
        )
        raise SchedulerError(msg) from None
    try:
        client = Client(scheduler, timeout=10, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        msg = (
            f"scheduler {scheduler} cannot be reached ({type(error).__name__}); start one with "
            "`dask scheduler`, workers with `dask worker`, and give its tcp:// address"
        )
        raise SchedulerError(msg) from None
    with client:
        workers = sum(client.nthreads().values())
        if not workers:
            msg = f"scheduler {scheduler} has no worker; start some with `dask worker {scheduler}`"
            raise SchedulerError(msg)
        # pure=False: the same item may be worked on twice in a session, its files having changed.
        yield from _in_order(
            lambda item: client.submit(function, item, pure=False),
            items,
            workers * _UNDER_WAY_PER_WORKER,
        )


def _in_order(
    submit: Callable[[Item], _Future], items: Iterable[Item], under_way: int
) -> Iterator[Any]:
    """Yield results in order with a bounded number of items under way."""
    coming = iter(items)
    futures = deque(submit(item) for item in islice(coming, under_way))
    try:
        while futures:
            done = futures.popleft().result()
            futures.extend(submit(item) for item in islice(coming, 1))
            yield done
    finally:
        for future in futures:
            future.cancel()
