"""The classes of facility of a plan: charging, battery swap, hydrogen.

Everything that comes once for each class (a table, a total, a sign on the map, a sheet of the
workbook) loops over :data:`FACILITIES`; the names stand here and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Facility:
    """One class of facility.

    Attributes
    ----------
    key
        As in the column ``of`` of ``fields.csv``.
    table
        Its table: an attribute of a ``Plan``, a layer of ``plan.gpkg``, and a CSV file.
    total
        Key of the number of its places in the totals and targets.
    totals
        All its keys there.
    marks
        Its table in the data of the web map.
    letter
        Before its numbers on handouts.
    sign
        Its form on handouts and in a GIS.
    spacing
        Key of the scenario that keeps new ones apart.
    optional
        Whether a plan may have no table of it.
    """

    key: str
    table: str
    total: str
    totals: tuple[str, ...]
    marks: str
    letter: str
    sign: str
    spacing: str
    optional: bool = False

    def spacing_m(self, scenario: Mapping[str, Any]) -> float:
        """Return how far apart new ones stay, straight line (m), by a resolved scenario.

        Raises
        ------
        KeyError
            If the scenario has no such block.
        """
        block, key = self.spacing.split(".")
        return float(scenario[block][key])


CHARGING = Facility(
    key="charging", table="sites", total="stations", totals=("stations", "chargers"),
    marks="stations", letter="", sign="circle", spacing="model.min_spacing_m",
)  # fmt: skip
SWAP = Facility(
    key="swap", table="swap_sites", total="swap_stations", totals=("swap_stations",),
    marks="swaps", letter="S", sign="diamond", spacing="model.swap_spacing_m",
)  # fmt: skip
HYDROGEN = Facility(
    key="hydrogen", table="hydrogen_sites", total="hydrogen_stations",
    totals=("hydrogen_stations",), marks="hydrogen", letter="H", sign="hexagon",
    spacing="hydrogen.spacing_m", optional=True,
)  # fmt: skip

FACILITIES = (CHARGING, SWAP, HYDROGEN)

TOTALS = tuple(total for one in FACILITIES if not one.optional for total in one.totals)
"""Totals that every plan has and every scenario sets a target for."""
