"""The contracts of the tables that flow between the rooms.

Each table is a :class:`Table`: its columns with type, unit and meaning. The same
description feeds :func:`check`, the stages and the reference page. Inside a run every
geometry is in the run's metric CRS (metres); WGS-84 exists only at the doors.

Types: ``str`` · ``int`` · ``float`` · ``bool`` · ``category`` (ids held once) ·
``geometry``. A ``nullable`` column may hold missing values; **missing is never zero**.
"""

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
    TABLES,
    TRAFFIC,
    ZONES,
)
from siting.tables.contract import Column, Table, check, zone_names

__all__ = [
    "DEMAND",
    "EDGES",
    "GRID",
    "LANDSCAPE",
    "NODES",
    "PEOPLE",
    "PLACES",
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
