"""The blocks of the scenario that say what a plan is chosen for."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from siting.scenario.fields import Block, Positive, Share

Objective = Literal[
    "joint", "max_cover", "p_median", "p_center", "set_cover", "min_cost", "max_min"
]


class Radius(Block):
    """A distance, and what covering within it is worth."""

    within_m: Positive
    """Distance along the road, at most travel.cutoff_m."""
    worth: Positive = 1
    """Worth beside the other distances; the worths of all distances that cover add up."""


class Cover(Block):
    """What counts as covered, for the objectives of coverage."""

    within_m: Positive = 1000
    """Distance along the road within which demand counts as covered, at most travel.cutoff_m."""
    share: Annotated[float, Field(gt=0, le=1)] = 0.95
    """Share of all demand to be covered, for set_cover and min_cost."""
    radii: Annotated[tuple[Radius, ...], Field(strict=False)] = ()
    """Several distances for max_cover, instead of within_m."""
    backup: Share = 0
    """For max_cover: worth of a second station within the distance beside the first."""
