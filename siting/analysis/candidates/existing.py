"""Put the stations that stand already onto the candidate places, or beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from siting.analysis.candidates.site_kinds import EXISTING, MISSING
from siting.analysis.network import zone_ids
from siting.analysis.streets import NO_ROAD
from siting.notes import Note

if TYPE_CHECKING:
    from siting.arrays import Floats, Ints
    from siting.notes import Notes

_ON_THE_SPOT_M2 = 100_000.0
"""A station inside a larger place (10 ha, some 300 m across) is a site of its own: it says
little about the far end of the place."""

_WHOLE_UP_TO_M2 = {"service_area": np.inf, "parking": np.inf, "residential": 300_000.0}
"""Kinds of one owner and one gate: a station anywhere inside belongs to the place. A residential
area above 30 ha is a village or a quarter and no compound."""

_SHOWN = 10


def place_stations(
    pool: gpd.GeoDataFrame,
    stations: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame,
    *,
    kinds: pd.DataFrame,
    merge_m: float,
) -> tuple[gpd.GeoDataFrame, Notes]:
    """Return the pool with every existing station as exactly one site, and notes.

    A charging station inside a candidate place, or within ``merge_m`` of it, stands on that
    place and moves its point to where it stands; each place takes its nearest station, each
    further one is a site of kind ``existing``. So the stations keep their number.
    A station with an unknown (or zero) number of chargers counts with the fewest chargers of
    its kind; the note ``chargers_estimated`` names it. Listed power comes along. A swap station
    without chargers is a site of its own that offers no chargers.

    Parameters
    ----------
    pool
        Candidate places with polygon geometry, ``site_id``, ``kind``, ``point``,
        ``min_chargers``, ``max_chargers`` and the other columns of a site.
    stations
        ``tables.STATIONS``.
    zones
        ``tables.ZONES``; a station outside all is left out, and the note
        ``stations_in_no_zone`` says so.
    kinds
        Result of ``check_site_kinds``.
    merge_m
        Distance in metres.
    """
    notes: Notes = []
    zone = zone_ids(stations.geometry.to_numpy(), zones)
    inside = np.array([name is not None for name in zone], dtype=bool)
    if not inside.all():
        notes.append(Note("stations_in_no_zone", _named(stations[~inside])))
    ordered = stations.assign(zone_id=zone)[inside].sort_values("station_id", ignore_index=True)
    ordered["charges"] = ~ordered["swap"] | (ordered["chargers"] > 0)
    charging = ordered[ordered["charges"]]
    station, place = _matches(charging, pool, merge_m=merge_m)
    taken = charging.index.to_numpy()[station]
    on_places = _on_places(pool, ordered.loc[taken], place, kinds)
    own = _own_sites(ordered.drop(index=taken), kinds, crs=pool.crs)
    unknown = ordered[ordered["charges"] & ~(ordered["chargers"] > 0)]
    if len(unknown):
        notes.append(Note("chargers_estimated", _named(unknown)))
    if len(own):
        notes.append(Note("stations_beside_places", _named(ordered.drop(index=taken))))
    if own.empty:
        return on_places, notes
    return gpd.GeoDataFrame(pd.concat([on_places, own], ignore_index=True), crs=pool.crs), notes


def off_road(sites: gpd.GeoDataFrame, max_snap_m: float) -> list[Note]:
    """Name the existing stations that no road leads to; they stay, at their true distance."""
    far = (sites["snap_m"] > max_snap_m) | (sites["node_id"] == NO_ROAD)
    off = sites[far].sort_values("site_id")
    if off.empty:
        return []
    values = {
        "stations": len(off),
        "ids": [
            f"{site} ({metres:,.0f} m)"
            for site, metres in zip(off["site_id"][:_SHOWN], off["snap_m"][:_SHOWN], strict=True)
        ],
    }
    return [Note("stations_off_road", values)]


def _named(stations: gpd.GeoDataFrame) -> dict[str, Any]:
    ids = sorted(stations["station_id"])
    return {"stations": len(ids), "ids": ids[:_SHOWN]}


def _matches(
    stations: gpd.GeoDataFrame, pool: gpd.GeoDataFrame, *, merge_m: float
) -> tuple[Ints, Ints]:
    """Pair stations with places one to one, the nearest pairs first."""
    points = stations.geometry.to_numpy()
    shapes = pool.geometry.to_numpy()
    station, place = pool.sindex.query(points, predicate="dwithin", distance=merge_m)
    to_shape = shapely.distance(points[station], shapes[place])
    to_point = shapely.distance(points[station], pool["point"].to_numpy(dtype=object)[place])
    most = pool["kind"].map(_WHOLE_UP_TO_M2).fillna(_ON_THE_SPOT_M2).to_numpy(dtype=float)
    large = (pool["area_m2"].to_numpy(dtype=float) > most)[place]
    fits = ~large | (to_point <= merge_m)
    station, place, to_shape, to_point = (
        values[fits] for values in (station, place, to_shape, to_point)
    )
    names = pool["site_id"].to_numpy(dtype=object).astype(str)
    order = np.lexsort((names[place], station, to_point, to_shape))
    free_station = np.ones(len(points), dtype=bool)
    free_place = np.ones(len(shapes), dtype=bool)
    pairs = []
    for row in order:
        if free_station[station[row]] and free_place[place[row]]:
            free_station[station[row]] = free_place[place[row]] = False
            pairs.append((station[row], place[row]))
    found = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def _chargers(stations: gpd.GeoDataFrame, fewest: Ints) -> Ints:
    known = stations["chargers"].to_numpy(dtype=float, na_value=np.nan)
    return np.where(known > 0, np.maximum(np.rint(np.nan_to_num(known)), 1), fewest).astype(
        np.int64
    )


def _listed_kw(stations: gpd.GeoDataFrame) -> Floats:
    """Return the power that the list gives each station; missing where it gives none (kW)."""
    known: Floats = stations["power_kw"].to_numpy(dtype=float, na_value=np.nan)
    return np.where(known > 0, known, np.nan)


def _on_places(
    pool: gpd.GeoDataFrame, stations: gpd.GeoDataFrame, place: Ints, kinds: pd.DataFrame
) -> gpd.GeoDataFrame:
    result = pool.reset_index(drop=True)
    fewest = kinds.loc[result["kind"].iloc[place], "min_chargers"].to_numpy(dtype=np.int64)
    chargers = _chargers(stations, fewest)
    columns = {
        "existing_chargers": chargers,
        "min_chargers": chargers,
        "max_chargers": np.maximum(chargers, result["max_chargers"].to_numpy()[place]),
        "existing_kw": _listed_kw(stations),
        "existing_station": True,
        "existing_swap": stations["swap"].to_numpy(dtype=bool),
        "point": stations.geometry.to_numpy(),
        "zone_id": stations["zone_id"].to_numpy(dtype=object),
        "merged_ids": [
            "+".join(filter(None, (before if isinstance(before, str) else "", station)))
            for before, station in zip(
                result["merged_ids"].iloc[place], stations["station_id"], strict=True
            )
        ],
    }
    result = result.assign(
        existing_chargers=np.int64(0),
        existing_kw=np.nan,
        existing_station=False,
        existing_swap=False,
    )
    for name, values in columns.items():
        changed = result[name].to_numpy(copy=True)
        if changed.dtype.kind not in "ibf":
            changed = changed.astype(object)
        changed[place] = values
        result[name] = changed
    return result


def _own_sites(stations: gpd.GeoDataFrame, kinds: pd.DataFrame, *, crs: object) -> gpd.GeoDataFrame:
    least = kinds["min_chargers"].to_dict()[EXISTING]
    fewest = np.full(len(stations), least, dtype=np.int64)
    charges = stations["charges"].to_numpy(dtype=bool)
    chargers = np.where(charges, _chargers(stations, fewest), 0)
    points = stations.geometry.to_numpy()
    return gpd.GeoDataFrame(
        {
            "site_id": stations["station_id"].to_numpy(dtype=object),
            "kind": EXISTING,
            "name": stations["name"].to_numpy(dtype=object),
            "zone_id": stations["zone_id"].to_numpy(dtype=object),
            "parking": None,
            "spaces": np.nan,
            "spaces_source": MISSING,
            "area_m2": np.nan,
            "min_chargers": chargers,
            "max_chargers": chargers,
            "existing_chargers": chargers,
            "existing_kw": _listed_kw(stations),
            "existing_station": charges,
            "existing_swap": stations["swap"].to_numpy(dtype=bool),
            "merged_ids": None,
            "point": points,
        },
        geometry=points,
        crs=crs,
    )
