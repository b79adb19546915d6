"""The stations of the map: those open to cars of the public, each once, with their devices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from siting.geo import WGS84
from siting.inputs.files.columns import tag_number, texts
from siting.inputs.osm.elements import KIND_TAG
from siting.inputs.osm.station_tags import same_operator
from siting.tables.catalogue import NOT_PUBLIC, OTHER_USES

if TYPE_CHECKING:
    from pyproj import CRS

    from siting.inputs.area_shape import AreaShape

CHARGE_POINT = "charge_point"
CAR_PARK = "car_park"
"""Kind of a station known only by the charging bays of a car park (``capacity:charging``)."""

_SHOWN = 20
_BESIDE_M = 20.0
_DEVICE_M = 60.0
"""A charge point outside every station belongs to the nearest one this near."""


def station_table(
    found: gpd.GeoDataFrame, area: AreaShape, report: dict[str, Any]
) -> gpd.GeoDataFrame:
    """Make a row of each charging station and charge point that cars of the public may use.

    Charge points inside the ground of a station are its devices: they add up to its chargers
    where its own tags tell none. Those of a station that is left out go with it.

    Parameters
    ----------
    found
        Features of the layer ``stations`` with what they mean (``meaning.NAMES``).
    area
        The area; what is left out is counted inside it only.
    report
        Takes up ``stations_left_out`` (count by reason), ``stations_left_out_ids`` and
        ``swap_stations_read``.

    Returns
    -------
    GeoDataFrame
        station_id, name, operator, chargers, power_kw, swap, as_of, source, kind; points in
        WGS-84, sorted by id.
    """
    state, access = found[f"{KIND_TAG}stations_state"], found[f"{KIND_TAG}stations_access"]
    shut = access.where(access.isin((*NOT_PUBLIC, *OTHER_USES)))
    table = _table(found).assign(
        reason=texts(state.fillna(shut)), shape=found.geometry.to_crs(area.crs).to_numpy()
    )
    table = _with_devices(table)
    out = table["reason"].notna().to_numpy(dtype=bool)
    inside = area.covers(shapely.get_coordinates(table.geometry.to_numpy()))
    lost = table[out & inside]
    report["stations_left_out"] = counted(lost["reason"])
    report["stations_left_out_ids"] = sorted(lost["station_id"])[:_SHOWN]
    kept = table[~out].drop(columns=["reason", "shape"])
    swaps = kept["swap"].to_numpy(dtype=bool) & inside[~out]
    report["swap_stations_read"] = sorted(kept.loc[swaps, "station_id"])
    return kept.sort_values("station_id", ignore_index=True)


def counted(reasons: pd.Series) -> dict[str, int]:
    """Return how often each reason stands, sorted by name."""
    return {str(key): int(count) for key, count in reasons.value_counts().sort_index().items()}


def _table(found: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    single = (found["kind"] == CHARGE_POINT).to_numpy()
    chargers = _numbers(found[f"{KIND_TAG}chargers"])
    # The sockets of one device are cables that take turns; its capacity is what counts.
    devices = found["capacity"].map(tag_number).to_numpy(dtype=float)
    devices = np.where(np.isnan(devices), 1.0, devices)
    return gpd.GeoDataFrame(
        {
            "station_id": texts(found["feature_id"]),
            "name": texts(found["name"].fillna(found["name:zh"])),
            "operator": texts(found[f"{KIND_TAG}operator"]),
            "chargers": np.where(single, devices, chargers),
            "power_kw": _numbers(found[f"{KIND_TAG}power_kw"]),
            "swap": found[f"{KIND_TAG}swap"].eq("yes").to_numpy(dtype=bool),
            "as_of": texts([None] * len(found)),
            "source": texts(["osm"] * len(found)),
            "kind": texts(found["kind"]),
        },
        geometry=shapely.point_on_surface(found.geometry.to_numpy()),
        crs=WGS84,
    )


def _numbers(column: pd.Series) -> np.ndarray:
    return column.map(tag_number).to_numpy(dtype=float)


def _with_devices(table: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Give each station the charge points on its ground; those of one left out go with it."""
    device = (table["kind"] == CHARGE_POINT).to_numpy()
    points = shapely.centroid(table.loc[device, "shape"].to_numpy(dtype=object))
    stations = np.flatnonzero(~device)
    if not len(points) or not len(stations):
        return table
    tree = shapely.STRtree(table["shape"].to_numpy(dtype=object)[stations])
    (point, station), away = tree.query_nearest(
        points, max_distance=_DEVICE_M, return_distance=True, all_matches=False
    )
    rows, owner = np.flatnonzero(device)[point], stations[station]
    reason = table["reason"].to_numpy(dtype=object)
    chargers = table["chargers"].to_numpy(dtype=float).copy()
    names = table["operator"].tolist()
    same = np.array(
        [same_operator(names[row], names[one]) for row, one in zip(rows, owner, strict=True)],
        dtype=bool,
    )
    lost = np.array([isinstance(reason[one], str) for one in owner], dtype=bool)
    inside = (away == 0) & ~lost & same
    sums = np.bincount(owner[inside], chargers[rows[inside]], minlength=len(table))
    chargers = np.where(np.isnan(chargers) & (sums > 0), sums, chargers)
    reason[rows[lost & same]] = reason[owner[lost & same]]
    table = table.assign(chargers=chargers, reason=texts(reason))
    return table.drop(index=table.index[rows[inside]])


def car_park_stations(
    stations: gpd.GeoDataFrame, parks: gpd.GeoDataFrame, crs: CRS
) -> gpd.GeoDataFrame:
    """Return the stations with those that a car park's charging bays tell of.

    ``capacity:charging`` of a car park fills a station of unknown size on it; on a car park
    without any it is a station of its own.

    Parameters
    ----------
    stations
        Result of :func:`station_table`.
    parks
        Open car parks in WGS-84: place_id, name, operator, ``bays`` (above 0), geometry.
    crs
        Metric CRS to look around in.
    """
    if parks.empty:
        return stations
    stations = stations.reset_index(drop=True)
    shapes = parks.geometry.to_crs(crs).to_numpy()
    points = stations.geometry.to_crs(crs).to_numpy()
    tree = shapely.STRtree(points)
    chargers = stations["chargers"].to_numpy(dtype=float).copy()
    bare = []
    for row, shape in enumerate(shapes):
        near = tree.query(shape, predicate="dwithin", distance=_BESIDE_M)
        unknown = near[np.isnan(chargers[near])]
        if not len(near):
            bare.append(row)
        elif len(near) == len(unknown) == 1:
            chargers[unknown[0]] = float(parks["bays"].iloc[row])
    some = parks.iloc[bare]
    new = gpd.GeoDataFrame(
        {
            "station_id": texts(f"bays:{one}" for one in some["place_id"]),
            "name": texts(some["name"]),
            "operator": texts(some["operator"]),
            "chargers": some["bays"].to_numpy(dtype=float),
            "power_kw": np.full(len(some), np.nan),
            "swap": np.zeros(len(some), dtype=bool),
            "as_of": texts([None] * len(some)),
            "source": texts(["osm"] * len(some)),
            "kind": texts([CAR_PARK] * len(some)),
        },
        geometry=shapely.point_on_surface(some.geometry.to_numpy()),
        crs=WGS84,
    )
    stations = stations.assign(chargers=chargers)
    both = [part for part in (stations, new) if len(part)]
    joined = gpd.GeoDataFrame(pd.concat(both, ignore_index=True), crs=WGS84)
    return joined.sort_values("station_id", ignore_index=True)
