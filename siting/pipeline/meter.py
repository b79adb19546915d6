"""Seconds and peak memory of each stage of a run, measured while it happens."""

from __future__ import annotations

import datetime as dt
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psutil

from siting.plan.parts import StageTime, Timings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siting.notes import Progress, RunProgress

_SAMPLE_S = 0.05
_MEGABYTE = 1024 * 1024


class Meter:
    """Times stages and samples the process's resident memory.

    Parameters
    ----------
    progress
        Told ``(stage, step, share done)`` when a stage begins, gets on, and ends.
    """

    def __init__(self, progress: RunProgress) -> None:
        self._progress = progress
        self._process = psutil.Process()
        self.seconds: dict[str, float] = {}
        self.peak_mb: dict[str, float] = {}
        self._cached: set[str] = set()

    def timings(self) -> Timings:
        """Return the date, and of the stages so far seconds, peak memory (MB), whether cached."""
        return Timings(
            date=dt.datetime.now(tz=dt.UTC).isoformat(timespec="seconds"),
            stages=tuple(
                StageTime(name, seconds, self.peak_mb[name], name in self._cached)
                for name, seconds in self.seconds.items()
            ),
        )

    def reused(self, stages: tuple[str, ...]) -> None:
        """Take note of stages whose results came from the cache."""
        self._cached.update(stages)

    @contextmanager
    def stage(self, name: str) -> Iterator[Progress]:
        """Measure what happens inside under a name.

        Yields
        ------
        callable
            To be told ``(step, share of the stage done)`` as the work gets on.
        """
        self._progress(name, "", 0.0)
        stop = threading.Event()
        peak = [self._process.memory_info().rss]
        watcher = threading.Thread(target=self._watch, args=(stop, peak), daemon=True)
        watcher.start()
        start = time.perf_counter()
        try:
            yield lambda step, share: self._progress(name, step, min(share, 1.0))
        finally:
            self.seconds[name] = round(time.perf_counter() - start, 3)
            stop.set()
            watcher.join()
            self.peak_mb[name] = round(peak[0] / _MEGABYTE, 1)
        self._progress(name, "", 1.0)

    def _watch(self, stop: threading.Event, peak: list[int]) -> None:
        while not stop.wait(_SAMPLE_S):
            peak[0] = max(peak[0], self._process.memory_info().rss)
        peak[0] = max(peak[0], self._process.memory_info().rss)
