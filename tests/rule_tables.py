"""The tables of the project's own that a scenario may replace, by the key that names each."""

from __future__ import annotations

from siting.scenario import Scenario
from siting.scenario._block import IsPath


def tables():
    """Yield the key of every table of the project's own that a scenario may replace."""
    for block, field in Scenario.model_fields.items():
        for name, inner in getattr(field.annotation, "model_fields", {}).items():
            named = str(inner.default)
            if any(isinstance(mark, IsPath) for mark in inner.metadata) and ".csv" in named:
                yield f"{block}.{name}", named.removeprefix("shipped:")
    yield "scoring.pairwise", "pairwise.csv"
    yield "handouts.bodies", "handout_bodies.csv"


TABLES = dict(tables())
