"""What the stages made of the base scenario, held in memory: carried once to every worker."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from siting.cache import Cache
from siting.pipeline import run as pipeline
from siting.pipeline.meter import Meter

if TYPE_CHECKING:
    from siting.scenario import Scenario


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
