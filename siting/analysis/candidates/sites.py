"""Candidate sites: which places may take a charging or a swap station, and how large.

Every step that takes places away is counted (:attr:`Candidates.screening`), so that a
target nobody can meet is answered with numbers.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from siting.analysis.candidates.existing import off_road, place_stations
from siting.analysis.candidates.listed import (
    counts_as_public,
    only_public,
    regime_places,
    with_declared_bays,
    with_lists,
)
from siting.analysis.candidates.merging import (
    RESIDENTIAL,
    main_places,
    quarters,
    with_whole_service_areas,
)
from siting.analysis.candidates.regimes import Around, with_pools
from siting.analysis.candidates.site_kinds import (
    CAPACITY_TAG,
    big_enough,
    by_spaces,
    charger_limits,
    estimate_spaces,
    kind_by_place,
)
from siting.analysis.candidates.site_rules import Setting, Tally, judge, no_site, not_checked
from siting.analysis.network import Network, zone_ids
from siting.analysis.streets import NO_ROAD
from siting.notes import Note
from siting.tables import SITES, check
from siting.tables.catalogue import NOT_PUBLIC, OTHER_USES

if TYPE_CHECKING:
    from siting import scenario
    from siting.analysis.barriers import Beside
    from siting.analysis.candidates.site_rules import SiteRule
    from siting.arrays import Flags, Floats


_log = logging.getLogger(__name__)

_SHOWN = 10
_GARAGES = ("underground", "multi-storey", "rooftop")


@dataclass(frozen=True, eq=False)
class Candidates:
    """The candidate sites and how they were found.

    Attributes
    ----------
    sites
        ``tables.SITES``, sorted by site_id; stopped ones are in, with their reason.
    screening
        Steps with the count left after each: ``places``, ``kind_known``,
        ``not_left_out``, ``public``, ``big_enough``, ``in_a_zone``, ``merged``,
        ``near_a_road``, ``not_stopped`` (candidates only), then ``with_existing``, which
        adds the existing stations that stand on no candidate place.
    by_zone
        The same by zone: ``zone_id``, and a column for each step.
    notes
        Notes for the reader: (key, values).
    """

    sites: gpd.GeoDataFrame
    screening: tuple[tuple[str, int], ...]
    by_zone: pd.DataFrame
    notes: tuple[Note, ...]


def make_candidates(  # noqa: PLR0913 - tables in, rule tables and settings by name
    places: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame,
    nodes: gpd.GeoDataFrame,
    edges: gpd.GeoDataFrame,
    stations: gpd.GeoDataFrame,
    *,
    kinds: pd.DataFrame,
    rules: tuple[SiteRule, ...],
    settings: scenario.Candidates,
    around: Around | None = None,
) -> Candidates:
    """Return the sites that may take a station, existing stations included.

    Parameters
    ----------
    places, zones, nodes, edges, stations
        ``tables.PLACES``, ``ZONES``, ``NODES``, ``EDGES`` and ``STATIONS`` in one metric CRS.
    kinds, rules
        Results of ``with_mean_charger`` and ``check_site_rules``.
    settings
        Block ``candidates`` of the scenario.
    around
        Landscape, barriers, layers and lists besides the places of the map.

    Raises
    ------
    EmptyLayerError
        If no place may take a station and none stands.
    TableError
        If the sites break their contract (a bug).
    """
    around = around or Around()
    whole, parts = with_whole_service_areas(places, kinds)
    every = _with_lists(whole, regime_places(around))
    pool, screening = _screened(every, zones, kinds, settings, not_public=around.not_public)
    pool, split = _without_quarters(pool, kinds)
    pool, merged = _merged(pool, kinds, settings.merge_m)
    pool = _with_parts(pool, parts)
    pool = with_declared_bays(pool, kinds, around.not_public)
    screening.add("merged", pool.loc[pool["counts"], "zone_id"])
    pool, notes = place_stations(pool, stations, zones, kinds=kinds, merge_m=settings.merge_m)
    pool, told = only_public(pool)
    notes += told
    pool, far = _snapped(pool, Network.of(nodes, edges, around.beside), kinds, settings.max_snap_m)
    on_place = ~pool["site_id"].isin(stations["station_id"])
    screening.add("near_a_road", pool.loc[on_place, "zone_id"])
    pool, told = with_pools(pool, around, settings)
    pool, lists = with_lists(pool, around)
    setting = Setting(places, around.beside.landscape, around.layers)
    ground = pool.geometry.to_numpy()
    sites = judge(_with_rules_of_kind(pool, kinds), ground, setting, rules)
    open_to_all = (sites["verdict"] != "stop").to_numpy(dtype=bool)
    on_a_place = open_to_all & on_place.to_numpy(dtype=bool)
    screening.add("not_stopped", sites.loc[on_a_place, "zone_id"])
    screening.add("with_existing", sites.loc[open_to_all, "zone_id"])
    if merged:
        notes.append(Note("places_merged", {"places": merged}))
    if parts:
        count = sum(map(len, parts.values()))
        notes.append(Note("service_areas_whole", {"areas": len(parts), "places": count}))
    notes += split
    notes.append(Note("snap_distance", {**_spread(sites["snap_m"]), "too_far": far}))
    notes += off_road(sites, settings.max_snap_m)
    notes += told + lists + not_checked(setting, rules)
    sites = sites.sort_values("site_id", ignore_index=True)[SITES.column_names]
    if sites.empty:
        raise no_site(screening)
    check(sites, SITES)
    _log.info("candidates: %s", ", ".join(f"{key} {count}" for key, count in screening.steps))
    return Candidates(
        sites=sites,
        screening=tuple(screening.steps),
        by_zone=screening.by_zone(zones["zone_id"]),
        notes=tuple(notes),
    )


def _with_lists(places: gpd.GeoDataFrame, listed: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame:
    """Return the places with those of the lists under them."""
    places = places.assign(room=np.nan, public_bays=places.get("public_bays", np.nan))
    if listed is None:
        return places
    return gpd.GeoDataFrame(pd.concat([places, listed], ignore_index=True), crs=places.crs)


def left_out_at(  # noqa: PLR0913 - tables in, rule tables and settings by name
    place: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame,
    nodes: gpd.GeoDataFrame,
    edges: gpd.GeoDataFrame,
    *,
    beside: Beside,
    kinds: pd.DataFrame,
    settings: scenario.Candidates,
    not_public: tuple[str, ...] = (),
) -> Note:
    """Return the step of the screening that takes one place away, and its figures.

    Parameters
    ----------
    place
        One row of ``tables.PLACES``.
    zones, nodes, edges, beside, kinds, settings, not_public
        As for :func:`make_candidates`; kinds that count with declared bays only.

    Returns
    -------
    str, dict
        A key of :attr:`Candidates.screening`; ``merged`` where the place passes alone.
    """
    told: dict[str, Any] = {"kind": str(place["kind"].iloc[0])}
    pool, steps = _screened(_with_lists(place, None), zones, kinds, settings, not_public=not_public)
    if step := next((key for key, count in steps.steps if not count), None):
        if step == "public":
            told["access"] = str(place["access"].iloc[0])
        return Note(step, told)
    anywhere = kinds.loc[pool["kind"], "carriageway_ok"].to_numpy(dtype=bool)
    xy = shapely.get_coordinates(pool["point"].to_numpy(dtype=object))
    node_id, snap_m = Network.of(nodes, edges, beside).snap(xy, anywhere=anywhere)
    if node_id[0] == NO_ROAD:
        return Note("across_water", told | {"distance_m": float(snap_m[0])})
    if snap_m[0] > settings.max_snap_m:
        told |= {"distance_m": float(snap_m[0]), "most_m": settings.max_snap_m}
        return Note("near_a_road", told)
    return Note("merged", told)


def _screened(
    places: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame,
    kinds: pd.DataFrame,
    settings: scenario.Candidates,
    *,
    not_public: tuple[str, ...] = (),
) -> tuple[gpd.GeoDataFrame, Tally]:
    """Take away what cannot be a site, one count a step.

    Places that do not count as public stay, uncounted: stations may stand on them.
    """
    points = shapely.point_on_surface(places.geometry.to_numpy())
    pool = places.assign(
        kind=places["kind"].map(kind_by_place(kinds)), point=points, zone_id=zone_ids(points, zones)
    )
    steps = Tally()
    steps.add("places", pool["zone_id"])

    hidden: tuple[str, ...] = ()

    def keep(key: str, mask: Flags) -> None:
        nonlocal pool
        pool = pool[mask]
        steps.add(key, pool.loc[counts_as_public(pool, hidden), "zone_id"])

    keep("kind_known", pool["kind"].notna().to_numpy())
    hidden = not_public
    keep("not_left_out", ~pool["kind"].isin(settings.leave_out).to_numpy(dtype=bool))
    keep("public", ~pool["access"].isin((*NOT_PUBLIC, *OTHER_USES)).to_numpy(dtype=bool))
    pool = pool.join(estimate_spaces(pool, kinds))
    pool = pool.assign(**charger_limits(pool, kinds))
    keep("big_enough", big_enough(pool, kinds))
    keep("in_a_zone", pool["zone_id"].notna().to_numpy())
    pool = pool.rename(columns={"place_id": "site_id"})
    return pool.sort_values("site_id", ignore_index=True), steps


def _without_quarters(
    pool: gpd.GeoDataFrame, kinds: pd.DataFrame
) -> tuple[gpd.GeoDataFrame, list[Note]]:
    """Take out the residential areas drawn over whole quarters: the compounds in them count."""
    rows = np.flatnonzero(pool["kind"] == RESIDENTIAL)
    if not len(rows):
        return pool, []
    least = float(kinds["min_area_m2"].fillna(0.0).to_dict()[RESIDENTIAL])
    found, inner, _ = quarters(pool.geometry.to_numpy()[rows], least_m2=least)
    if not found.any():
        return pool, []
    coarse = rows[found]
    told = {
        "quarters": len(coarse),
        "compounds": len(set(inner[~found[inner]].tolist())),
        "ids": sorted(pool["site_id"].iloc[coarse])[:_SHOWN],
    }
    keep = np.ones(len(pool), dtype=bool)
    keep[coarse] = False
    return pool[keep].reset_index(drop=True), [Note("quarters_split", told)]


def _with_parts(pool: gpd.GeoDataFrame, parts: dict[str, list[str]]) -> gpd.GeoDataFrame:
    """Write down the parts of each service area beside what was merged into it."""
    joined = [
        "+".join([*([merged] if isinstance(merged, str) else []), *parts.get(site, [])]) or None
        for site, merged in zip(pool["site_id"], pool["merged_ids"], strict=True)
    ]
    return pool.assign(merged_ids=joined)


def _merged(
    pool: gpd.GeoDataFrame, kinds: pd.DataFrame, merge_m: float
) -> tuple[gpd.GeoDataFrame, int]:
    """Keep one of each duplicate; it takes the largest known capacity among them."""
    pool = pool.assign(spaces_known=pool["spaces_source"].eq(CAPACITY_TAG))
    main = main_places(pool, merge_m=merge_m)
    stays = main == np.arange(len(pool))
    by_main = pool.groupby(main)
    ids = by_main["site_id"].agg("+".join)
    result = pool[stays].copy()
    # The main place's own id is taken out; ids hold no plus sign.
    result["merged_ids"] = [
        "+".join(name for name in joined.split("+") if name != site) or None
        for joined, site in zip(ids, result["site_id"], strict=True)
    ]
    result["capacity"] = by_main["capacity"].max()
    result["public_bays"] = by_main["public_bays"].max()
    result["room"] = _merged_room(result, kinds, by_main["room"].max())
    result = result.drop(columns=["area_m2", "spaces", "spaces_source"])
    result = result.join(estimate_spaces(result, kinds))
    return result.assign(**charger_limits(result, kinds)), int((~stays).sum())


def _merged_room(kept: gpd.GeoDataFrame, kinds: pd.DataFrame, most: pd.Series) -> Floats:
    """Return its own room of each kept place, else that of a list if it is the larger one."""
    own = kept["room"].to_numpy(dtype=float)
    by_kind = by_spaces(kept, kinds.loc[kept["kind"]])
    listed = np.where(np.isnan(most), np.nan, np.fmax(most, by_kind))
    return np.where(np.isnan(own), listed, own)


def _snapped(
    pool: gpd.GeoDataFrame, network: Network, kinds: pd.DataFrame, max_snap_m: float
) -> tuple[gpd.GeoDataFrame, int]:
    """Give each site its point of a road; a new site too far from any, or cut off, is taken out."""
    anywhere = kinds.loc[pool["kind"], "carriageway_ok"].to_numpy(dtype=bool)
    xy = shapely.get_coordinates(pool["point"].to_numpy(dtype=object))
    node_id, snap_m = network.snap(xy, anywhere=anywhere)
    stands = (pool["existing_station"] | pool["existing_swap"]).to_numpy(dtype=bool)
    keep = ((snap_m <= max_snap_m) & (node_id != NO_ROAD)) | stands
    return pool.assign(node_id=node_id, snap_m=snap_m)[keep], int((~keep).sum())


def _with_rules_of_kind(pool: gpd.GeoDataFrame, kinds: pd.DataFrame) -> gpd.GeoDataFrame:
    rule = kinds.loc[pool["kind"]]
    area = pool["area_m2"].to_numpy(dtype=float)
    least = rule["swap_min_area_m2"].fillna(0.0).to_numpy(dtype=float)
    room = np.where(np.isnan(area), rule["swap_point_ok"].to_numpy(dtype=bool), area >= least)
    indoors = pool["parking"].isin(_GARAGES).to_numpy(dtype=bool)
    swap_ok = rule["swap_ok"].to_numpy(dtype=bool) & room & ~indoors
    return gpd.GeoDataFrame(
        pool.drop(columns="geometry").assign(
            swap_ok=swap_ok | pool["existing_swap"].to_numpy(dtype=bool),
            kw_per_charger=rule["kw_per_charger"].to_numpy(dtype=float),
            strongest_kw=np.where(
                pool["existing_station"], np.nan, rule["strongest_kw"].to_numpy(dtype=float)
            ),
            kwh_day_per_charger=rule["kwh_day_per_charger"].to_numpy(dtype=float),
            cost_index=rule["cost_index"].to_numpy(dtype=float),
            verdict=rule["verdict"].to_numpy(dtype=object),
            reason=rule["reason"].to_numpy(dtype=object),
            owner=rule["owner"].to_numpy(dtype=object),
        ),
        geometry=pool["point"].to_numpy(dtype=object),
        crs=pool.crs,
    )


def _spread(values: pd.Series) -> dict[str, float]:
    if values.empty:
        return {}
    return {
        "median_m": round(float(values.median()), 1),
        "max_m": round(float(values.max()), 1),
    }
