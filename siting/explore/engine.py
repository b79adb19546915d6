"""Tasks on workers: the one door of dask.distributed.

A local cluster of one process a core, or the scheduler that is named. What all tasks share is
scattered once; a task whose worker died is given to another one by the scheduler.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from distributed import Client, LocalCluster, as_completed

from siting.errors import ScenarioError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_log = logging.getLogger(__name__)

_TRIES = 3
_CONNECT_S = 20


@contextmanager
def workers(count: int | None = None, scheduler: str | None = None) -> Iterator[Client]:
    """Give a client of workers.

    Parameters
    ----------
    count
        Worker processes of a local cluster; as many as there are cores if not given.
    scheduler
        Address of a running scheduler instead, e.g. ``tcp://10.0.0.1:8786``.

    Raises
    ------
    ScenarioError
        If no scheduler answers there.
    """
    if scheduler is None:
        with (
            LocalCluster(
                n_workers=count, threads_per_worker=1, processes=True,
                dashboard_address=None, silence_logs=logging.CRITICAL,
            ) as cluster,
            Client(cluster) as client,
        ):  # fmt: skip
            yield client
        return
    try:
        client = Client(scheduler, timeout=_CONNECT_S)
    except (OSError, ValueError) as error:
        raise ScenarioError(
            f"no scheduler answers at {scheduler}: {error}",
            where="--scheduler",
            cure="start one with: dask scheduler; or leave --scheduler out",
        ) from error
    with client:
        yield client


def run_tasks(  # what, with what, and who hears of it
    client: Client,
    function: Callable[[Any, Any], Any],
    tasks: Sequence[Any],
    shared: Any,  # noqa: ANN401  # whatever the function wants
    *,
    lost: Callable[[Any, BaseException | None], Any],
    done: Callable[[Any], None],
) -> None:
    """Call ``function(task, shared)`` for every task on the workers.

    Parameters
    ----------
    client
        Of :func:`workers`.
    function
        What is called.
    tasks
        Each with an ``id``.
    shared
        Given to every call; scattered to all workers once.
    lost
        Makes a result of a task that raised, or whose worker died with it again and again.
    done
        Told each result as it comes, in no order.
    """
    left = list(tasks)
    for _ in range(_TRIES):
        left = _round(client, function, left, shared, lost=lost, done=done)
        if not left:
            return
        _log.warning("%d tasks lost what they share with their worker, and start again", len(left))
    for task in left:
        done(lost(task, None))


def _round(  # as run_tasks
    client: Client,
    function: Callable[[Any, Any], Any],
    tasks: Sequence[Any],
    shared: Any,  # noqa: ANN401
    *,
    lost: Callable[[Any, BaseException | None], Any],
    done: Callable[[Any], None],
) -> list[Any]:
    """Run tasks, and return those that were cancelled since the shared data died with a worker."""
    (everywhere,) = client.scatter([shared], broadcast=True, hash=False)
    by_future = {
        client.submit(function, task, everywhere, pure=False, retries=1): task for task in tasks
    }
    again = []
    for future in as_completed(by_future):
        task = by_future[future]
        if future.status == "finished":
            done(future.result())
        elif future.status == "error":
            done(lost(task, future.exception()))
        else:
            again.append(task)
        future.release()
    return again
