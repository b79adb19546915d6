"""One cluster of two workers for all tests that want one: starting it takes seconds."""

from __future__ import annotations

import contextlib
import logging
import warnings
from functools import cache

import psutil
from distributed import Client, LocalCluster


@cache
def address():
    """Return the address of a scheduler with two worker processes; it ends with the tests."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cluster = LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None,
            silence_logs=logging.CRITICAL,
        )  # fmt: skip
    return cluster.scheduler_address


def kill_a_worker(scheduler):
    """Kill the process of the first worker; its nanny starts another one."""
    with Client(scheduler, set_as_default=False) as client:
        pids = client.run(_pid)
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(min(pids.values())).kill()


def _pid():
    return psutil.Process().pid
