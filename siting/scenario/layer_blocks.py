"""The blocks of the scenario for the planner's own layers, and for what counts."""

from __future__ import annotations

from typing import Literal

from siting.scenario.fields import Block, Datum, File, Names
from siting.scenario.input_blocks import TableInput

LayerRole = Literal[
    "places",
    "demand",
    "people",
    "barriers",
    "red_lines",
    "protected",
    "flood",
    "slope",
    "projects",
    "communities",
]


class Layer(TableInput):
    """One layer of the planner's own; docs/candidates.md has the columns of each role."""

    role: LayerRole
    """What it is: places (candidates), demand, people, barriers (no road crosses them), red_lines
    and protected (nothing may stand there), flood, slope, projects (new build), communities."""
    file: File
    """GeoPackage, GeoJSON or shapefile; of points also CSV or XLSX."""
    datum: Datum | None = None
    """Datum of the coordinates. Must be said."""
    people_unit: str | None = None
    """Unit of people: "人" or "万人"; left out, as the header says, else 人."""


class Counting(Block):
    """What counts towards the totals; a plan shows its totals the other way round as well."""

    charger: Literal["pile", "gun"] = "pile"
    """What a charger is, in targets and lists: a pile, or a gun (connector). The table of classes
    is written for piles and says the guns of each."""
    not_public: Names = ()
    """Kinds of site whose chargers do not count as public, e.g. ["residential", "logistics"]."""
    leave_out_managed_by: Names = ()
    """Zones run by these bodies are not planned and do not count, e.g. ["两江新区直管区"]."""
