"""Tasks on workers: the one door of dask.distributed, and what every worker holds in memory.

A local cluster of one process a core, or the scheduler that is named. What all tasks share is
itself the result of a task: sent once, carried to each worker once, and made again if it dies with
the workers that hold it. (Scattered data is lost then, and ``Client.scatter`` may wait for ever if
a worker dies meanwhile.) A task whose worker died is given to another one by the scheduler.
"""

from __future__ import annotations

import logging
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distributed import Client, LocalCluster, as_completed

from siting.cache import Cache
from siting.errors import ScenarioError
from siting.pipeline import run as pipeline
from siting.pipeline.meter import Meter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from siting.notes import Tally
    from siting.scenario import Scenario

_CONNECT_S = 20


@dataclass(frozen=True)
class Execution:
    """How many plans are made.

    Attributes
    ----------
    count, scheduler
        See :func:`workers`.
    cache
        As in :func:`siting.pipeline.run.prepare`, for the base scenario.
    progress
        Told plans done, plans in all, and plans failed.
    """

    count: int | None = None
    scheduler: str | None = None
    cache: Cache | None = None
    progress: Tally = lambda *_: None


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
                dashboard_address="127.0.0.1:0", scheduler_kwargs={"dashboard": False},
                silence_logs=logging.CRITICAL,
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
        Given to every call; sent once, and carried to each worker once.
    lost
        Makes a result of a task that raised, or whose worker died with it again and again.
    done
        Told each result as it comes, in no order.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sending large graph", UserWarning)
        everywhere = client.submit(_same, shared, pure=False)
    by_future = {
        client.submit(function, task, everywhere, pure=False, retries=1): task for task in tasks
    }
    for future in as_completed(by_future):
        if future.status == "finished":
            done(future.result())
        else:
            error = future.exception() if future.status == "error" else None
            done(lost(by_future[future], error))
        future.release()


def _same(shared: Any) -> Any:  # noqa: ANN401
    return shared


class Held(Cache):
    """A cache in memory that looks below for what it does not hold, and leaves that alone.

    Parameters
    ----------
    payloads
        Bytes by stage and key.
    """

    def __init__(self, payloads: dict[tuple[str, str], bytes]) -> None:
        super().__init__(Path())
        self.payloads = payloads

    def get(self, stage: str, key: str) -> bytes | None:
        """Return what is held; None if nothing is."""
        return self.payloads.get((stage, key))

    def put(self, stage: str, key: str, payload: bytes) -> None:
        """Keep nothing: a sample's own stages are made once and would fill the memory."""


class _Recorder(Cache):
    """Passes everything on to a cache, and holds what went through."""

    def __init__(self, below: Cache | None) -> None:
        super().__init__(Path())
        self.below = below
        self.payloads: dict[tuple[str, str], bytes] = {}

    def get(self, stage: str, key: str) -> bytes | None:
        found = self.below.get(stage, key) if self.below else None
        if found is not None:
            self.payloads[stage, key] = found
        return found

    def put(self, stage: str, key: str, payload: bytes) -> None:
        self.payloads[stage, key] = payload
        if self.below:
            self.below.put(stage, key, payload)


def hold(scenario: Scenario, cache: Cache | None) -> tuple[dict[tuple[str, str], bytes], list[str]]:
    """Work out the stages of a scenario up to the problem, and return what they made.

    Parameters
    ----------
    scenario
        The base scenario.
    cache
        Where earlier results may lie, and new ones are kept.

    Returns
    -------
    dict, list of str
        Bytes by stage and key, and the hash of each input, sorted.

    Raises
    ------
    SitingError
        As :func:`siting.pipeline.run.prepare`.
    """
    recorder = _Recorder(cache)
    prepared = pipeline.prepare(scenario, Meter(lambda *_: None), cache=recorder)
    sources = (*prepared.world.sources, *prepared.score_sources)
    return recorder.payloads, sorted(f"{one.name} {one.sha256}" for one in sources)
