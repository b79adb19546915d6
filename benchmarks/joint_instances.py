"""Synthetic siting problems of any size: a dense south-west, towns, villages.

Deterministic by seed. Straight-line distance times a detour factor stands in for the road.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from siting.optimize.problem.problem import SitingProblem

if TYPE_CHECKING:
    from numpy.typing import NDArray

DETOUR = 1.3
_WIDTH_M, _HEIGHT_M = 34_000.0, 46_000.0
_TOWNS = 14
_KINDS = np.array(["residential", "parking", "office", "fuel", "public"], dtype=object)


def make_problem(  # noqa: PLR0913  # the knobs of an instance
    demand: int,
    sites: int,
    *,
    seed: int,
    stations: int,
    chargers: int,
    swap_stations: int,
    existing: int,
    cutoff_m: float = 3000.0,
    spacing_m: float = 300.0,
    kwh_total: float = 420_000.0,
    dense_share: float = 0.45,
    floor: int = 1,
) -> SitingProblem:
    """Return a siting problem of the given size."""
    rng = np.random.default_rng(seed)
    towns = rng.uniform([2000, 2000], [_WIDTH_M - 2000, _HEIGHT_M - 2000], (_TOWNS, 2))
    demand_xy = _scatter(rng, demand, towns, dense_share)
    site_xy = _scatter(rng, sites, towns, dense_share)
    zone_grid = 5
    demand_kwh = rng.lognormal(0.0, 0.8, demand)
    demand_kwh *= kwh_total / demand_kwh.sum()
    max_chargers = np.clip(rng.lognormal(3.3, 0.6, sites), 8, 150).astype(np.int64)
    min_chargers = np.minimum(rng.integers(2, 7, sites), max_chargers)
    forced = np.zeros(sites, dtype=bool)
    forced[rng.choice(sites, existing, replace=False)] = True
    existing_chargers = np.where(forced, np.minimum(rng.integers(2, 20, sites), max_chargers), 0)
    clash = cKDTree(site_xy[forced]).query(site_xy)[0] < spacing_m if existing else forced
    openable = forced | ~clash
    pairs = _pairs(demand_xy, site_xy, openable, cutoff_m)
    swap_ok = rng.random(sites) < 0.2
    swap_pairs = _pairs(demand_xy, site_xy, swap_ok, 5000.0)
    site_zone = _zone(site_xy, zone_grid)
    zone_count = np.bincount(site_zone[openable], minlength=zone_grid**2)
    return SitingProblem(
        demand_id=_ids("d", demand),
        demand_kwh=demand_kwh,
        demand_xy=demand_xy,
        demand_zone=_zone(demand_xy, zone_grid),
        site_id=_ids("s", sites),
        site_xy=site_xy,
        site_kind=rng.choice(_KINDS, sites),
        site_zone=site_zone,
        openable=openable,
        min_chargers=np.maximum(min_chargers, existing_chargers),
        max_chargers=max_chargers,
        existing_chargers=existing_chargers,
        forced=forced,
        swap_ok=swap_ok,
        existing_swap=np.zeros(sites, dtype=bool),
        kwh_day_per_charger=rng.choice([60.0, 120.0, 250.0], sites),
        score=np.clip(rng.normal(0.5, 0.15, sites), 0, 1),
        zone_id=_ids("z", zone_grid**2),
        zone_floor=np.minimum(zone_count, floor),
        pair_demand=pairs[0],
        pair_site=pairs[1],
        pair_distance_m=pairs[2],
        pair_kwh=demand_kwh[pairs[0]],
        swap_pair_demand=swap_pairs[0],
        swap_pair_site=swap_pairs[1],
        swap_pair_distance_m=swap_pairs[2],
        stations=stations,
        chargers=chargers,
        swap_stations=swap_stations,
        min_spacing_m=spacing_m,
        swap_spacing_m=1500.0,
        cutoff_m=cutoff_m,
        swap_cutoff_m=5000.0,
        distance_discount=0.5,
        suitability_weight=0.1,
    )


def _scatter(
    rng: np.random.Generator, count: int, towns: NDArray[np.float64], dense_share: float
) -> NDArray[np.float64]:
    """Scatter points: the dense south-west, towns around their centres, villages anywhere."""
    part = rng.choice(3, count, p=[dense_share, 0.3, 0.7 - dense_share])
    dense = rng.uniform([0, 0], [14_000, 13_000], (count, 2))
    town = towns[rng.integers(0, len(towns), count)] + rng.normal(0, 900, (count, 2))
    village = rng.uniform([0, 0], [_WIDTH_M, _HEIGHT_M], (count, 2))
    xy = np.where((part == 0)[:, None], dense, np.where((part == 1)[:, None], town, village))
    return np.clip(xy, 0, [_WIDTH_M, _HEIGHT_M])


def _pairs(
    demand_xy: NDArray[np.float64],
    site_xy: NDArray[np.float64],
    usable: NDArray[np.bool_],
    cutoff_m: float,
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]:
    members = np.flatnonzero(usable)
    found = cKDTree(demand_xy).sparse_distance_matrix(
        cKDTree(site_xy[members]), cutoff_m / DETOUR, output_type="coo_matrix"
    )
    order = np.lexsort((found.col, found.row))
    return (
        found.row[order].astype(np.int32),
        members[found.col[order]].astype(np.int32),
        found.data[order] * DETOUR,
    )


def _zone(xy: NDArray[np.float64], grid: int) -> NDArray[np.int32]:
    east = np.minimum((xy[:, 0] / _WIDTH_M * grid).astype(np.int32), grid - 1)
    north = np.minimum((xy[:, 1] / _HEIGHT_M * grid).astype(np.int32), grid - 1)
    return (east * grid + north).astype(np.int32)


def _ids(letter: str, count: int) -> NDArray[np.object_]:
    return np.array([f"{letter}{number:05d}" for number in range(count)], dtype=object)
