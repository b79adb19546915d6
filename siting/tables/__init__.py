"""The contracts of the tables that flow between the rooms.

Each table is a :class:`Table`: its columns with type, unit and meaning. The same
description feeds :func:`check`, the stages and the reference page. Inside a run every
geometry is in the run's metric CRS (metres); WGS-84 exists only at the doors.

Types: ``str`` · ``int`` · ``float`` · ``bool`` · ``category`` (ids held once) ·
``geometry``. A ``nullable`` column may hold missing values; **missing is never zero**.
"""

from siting.tables import catalogue
from siting.tables.catalogue import (
    DEMAND,
    EDGES,
    GRID,
    LANDSCAPE,
    NODES,
    PEOPLE,
    PLACES,
    REACH,
    SCORES,
    SITE_COSTS,
    SITES,
    STATIONS,
    SUBSTATIONS,
    TRAFFIC,
    ZONES,
)
from siting.tables.contract import Column, Table, check, zone_names
from siting.tables.fields import (
    PLAN_HYDROGEN_SITES,
    PLAN_SITES,
    PLAN_SWAP_SITES,
    PLAN_TABLES,
    PLAN_ZONES,
)

TABLES = {**catalogue.TABLES, **PLAN_TABLES}
"""Every contract by name: what flows between the stages, then what a plan holds."""

__all__ = [
    "DEMAND",
    "EDGES",
    "GRID",
    "LANDSCAPE",
    "NODES",
    "PEOPLE",
    "PLACES",
    "PLAN_HYDROGEN_SITES",
    "PLAN_SITES",
    "PLAN_SWAP_SITES",
    "PLAN_ZONES",
    "REACH",
    "SCORES",
    "SITES",
    "SITE_COSTS",
    "STATIONS",
    "SUBSTATIONS",
    "TABLES",
    "TRAFFIC",
    "ZONES",
    "Column",
    "Table",
    "check",
    "zone_names",
]
