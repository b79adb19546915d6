"""What the planner's lists make of the sites: places of their own, flags, and what is public."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from siting.analysis.candidates.regimes import is_of, members
from siting.notes import Note

if TYPE_CHECKING:
    from siting.analysis.candidates.regimes import Around
    from siting.arrays import Flags
    from siting.notes import Notes


_HOME, _PARKING, _SIGHT, _IDLE = "residential", "parking", "sight", "idle_land"
_RENEWAL, _PLANNED = "renewal", "planned_parking"
_CLASSES = (3, 4, 5)
"""Classes of sights that a rule may ask for."""
_SHOWN = 10


def regime_places(around: Around) -> gpd.GeoDataFrame | None:
    """Return the places of the lists: projects with bays that may count, communities, and so on.

    Returns
    -------
    GeoDataFrame or None
        ``tables.PLACES`` with ``room``, the bays that may take chargers (NaN: by the rule of
        the kind), and ``public_bays``, those declared as public; None without lists.
    """
    parts = []
    if around.projects is not None:
        some = around.projects[around.projects["room"] > 0].assign(kind=lambda t: t["place_kind"])
        some = some.assign(public_bays=some["room"])
        parts.append(_places(some, "project_id"))
    if around.communities is not None:
        parts.append(_places(around.communities.assign(kind=_HOME, bays=np.nan), "community_id"))
    if around.sights is not None:
        parts.append(_places(around.sights.assign(kind=_SIGHT), "sight_id"))
    if around.idle_land is not None:
        parts.append(_places(around.idle_land.assign(kind=_IDLE, bays=np.nan), "land_id"))
    if around.planned_parking is not None:
        parts.append(_places(around.planned_parking.assign(kind=_PARKING), "park_id"))
    full = [part for part in parts if len(part)]
    return gpd.GeoDataFrame(pd.concat(full, ignore_index=True)) if full else None


def counts_as_public(pool: pd.DataFrame, not_public: tuple[str, ...]) -> Flags:
    """Tell which places count: not of the kinds named, or with bays declared as public."""
    shut = pool["kind"].isin(not_public).to_numpy(dtype=bool)
    return ~shut | (pool["public_bays"].to_numpy(dtype=float, na_value=np.nan) > 0)


def with_declared_bays(
    pool: gpd.GeoDataFrame, kinds: pd.DataFrame, not_public: tuple[str, ...]
) -> gpd.GeoDataFrame:
    """Return the places with ``counts``, and of those not public the declared bays as their room.

    ``max = clip(declared bays, min of the kind, max of the kind)``.
    """
    shut = pool["kind"].isin(not_public).to_numpy(dtype=bool)
    counts = counts_as_public(pool, not_public)
    rule = kinds.loc[pool["kind"]]
    low, high = (rule[name].to_numpy(dtype=float) for name in ("min_chargers", "max_chargers"))
    bays = np.nan_to_num(pool["public_bays"].to_numpy(dtype=float, na_value=np.nan))
    most = np.where(shut & counts, np.clip(bays, low, high), pool["max_chargers"])
    return pool.assign(counts=counts, max_chargers=most.astype(np.int64))


def only_public(pool: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, Notes]:
    """Take out the places that do not count, with what stands on them, and name the stations."""
    counts = pool["counts"].eq(True).to_numpy(dtype=bool) | pool["counts"].isna().to_numpy()  # noqa: FBT003
    gone = pool[~counts]
    gone = gone[(gone["existing_station"] | gone["existing_swap"]).to_numpy(dtype=bool)]
    if gone.empty:
        return pool[counts], []
    told = {
        "stations": len(gone),
        "chargers": int(gone["existing_chargers"].sum()),
        "ids": sorted(gone["site_id"].astype(str))[:_SHOWN],
    }
    return pool[counts], [Note("stations_not_public", told)]


def with_lists(sites: gpd.GeoDataFrame, around: Around) -> tuple[gpd.GeoDataFrame, Notes]:
    """Return the sites with ``listed``, the lists and areas of each, and notes on what has none."""
    found: list[list[str]] = [[] for _ in range(len(sites))]
    notes: Notes = []
    for role, layer, key in (
        (_IDLE, around.idle_land, "land_id"),
        (_PLANNED, around.planned_parking, "park_id"),
    ):
        for row in np.flatnonzero(is_of(sites, layer, key)):
            found[row].append(role)
    if around.sights is not None:
        level = around.sights["a_level"].str[0].astype(int)
        for one in _CLASSES:
            for row in np.flatnonzero(is_of(sites, around.sights[level >= one], "sight_id")):
                found[row].append(f"{_SIGHT}_{one}a")
        notes += _without_site(sites, around.sights[level >= _CLASSES[0]])
    if around.renewal is not None:
        area, site = shapely.STRtree(sites["point"].to_numpy(dtype=object)).query(
            around.renewal.geometry.to_numpy(), predicate="intersects"
        )
        ids = around.renewal["area_id"].to_numpy(dtype=object)
        for row in np.unique(site):
            found[row] += [_RENEWAL, *sorted(str(ids[a]) for a in area[site == row])]
        bare = sorted(set(ids) - set(ids[area]))
        if bare:
            notes.append(
                Note(
                    "renewal_without_site",
                    {"areas": len(bare), "of": len(ids), "ids": bare[:_SHOWN]},
                )
            )
    joined = ["+".join(names) or None for names in found]
    return sites.assign(listed=pd.array(joined, dtype="str")), notes


def _without_site(sites: gpd.GeoDataFrame, sights: gpd.GeoDataFrame) -> Notes:
    """Name the classed sights that became no site: too small, or too far from a road."""
    there = {
        one
        for site, merged in zip(sites["site_id"], sites["merged_ids"], strict=True)
        for one in members(site, merged)
    }
    lost = sights[~sights["sight_id"].isin(there)]
    if lost.empty:
        return []
    named = lost["name"].fillna(lost["sight_id"]).astype(str)
    values = {"sights": len(lost), "of": len(sights), "ids": sorted(named)[:_SHOWN]}
    return [Note("sights_without_site", values)]


def _places(some: gpd.GeoDataFrame, key: str) -> gpd.GeoDataFrame:
    """Return the rows of a list as places, with ``room`` and ``public_bays`` where it has them."""
    some = some.reset_index(drop=True)
    unknown = pd.Series(np.nan, index=some.index)
    nothing = pd.array([None] * len(some), dtype="str")
    return gpd.GeoDataFrame(
        {
            "place_id": some[key].astype("str"),
            "kind": some["kind"].astype("str"),
            "name": some["name"].astype("str"),
            "capacity": some["bays"].astype(float),
            "levels": np.nan,
            "parking": nothing, "access": nothing, "ref": nothing, "operator": nothing,
            "source": some["source"].astype("str"),
            "room": some.get("room", unknown).astype(float),
            "public_bays": some.get("public_bays", unknown).astype(float),
        },
        geometry=some.geometry.to_numpy(),
        crs=some.crs,
    )  # fmt: skip
