"""Small siting problems for the tests of the optimiser, and a slow independent oracle."""

import itertools
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.optimize import linprog
from shapely.geometry import Point

from siting.optimize.problem.problem import SitingProblem
from siting.scenario import Model, Targets, Travel

CRS = "EPSG:4545"


def small_problem(seed=0, *, demand=6, sites=6, **changes) -> SitingProblem:
    """Return a random problem in a square of 2 km; everything may be overridden."""
    rng = np.random.default_rng(seed)
    demand_xy, site_xy = rng.uniform(0, 2000, (demand, 2)), rng.uniform(0, 2000, (sites, 2))
    distance = np.hypot(*(demand_xy[:, None] - site_xy[None, :]).transpose(2, 0, 1))
    kwh = rng.uniform(10, 90, demand).round(1)
    near = np.argwhere(distance <= 1500).astype(np.int32)
    least = rng.integers(0, 3, sites)
    content = {
        "demand_id": ids("d", demand),
        "demand_kwh": kwh,
        "demand_xy": demand_xy,
        "demand_zone": np.zeros(demand, dtype=np.int32),
        "site_id": ids("s", sites),
        "site_xy": site_xy,
        "site_kind": np.array(["parking"] * sites, dtype=object),
        "site_zone": (site_xy[:, 0] > 1000).astype(np.int32),
        "openable": np.ones(sites, dtype=bool),
        "min_chargers": least,
        "max_chargers": least + rng.integers(1, 3, sites),
        "existing_chargers": np.zeros(sites, dtype=np.int64),
        "forced": np.zeros(sites, dtype=bool),
        "swap_ok": np.ones(sites, dtype=bool),
        "existing_swap": np.zeros(sites, dtype=bool),
        "kwh_day_per_charger": rng.uniform(20, 60, sites).round(0),
        "score": rng.uniform(0, 1, sites).round(2),
        "zone_id": ids("z", 2),
        "zone_floor": np.zeros(2, dtype=np.int64),
        "pair_demand": near[:, 0],
        "pair_site": near[:, 1],
        "pair_distance_m": distance[near[:, 0], near[:, 1]],
        "pair_kwh": kwh[near[:, 0]],
        "swap_pair_demand": near[:, 0],
        "swap_pair_site": near[:, 1],
        "swap_pair_distance_m": distance[near[:, 0], near[:, 1]],
        "stations": 2,
        "chargers": 4,
        "swap_stations": 1,
        "min_spacing_m": 300.0,
        "swap_spacing_m": 800.0,
        "cutoff_m": 1500.0,
        "swap_cutoff_m": 1500.0,
        "distance_discount": 0.5,
        "suitability_weight": 0.1,
    }
    return SitingProblem(**{**content, **changes})


def in_classes(problem: SitingProblem, seed=0, pools=3) -> SitingProblem:
    """Return a problem with its demand by occasion: pools of chargers, worths of their own.

    Each site has a random mix of the pools, and may lack some; each demand row uses one pool.
    """
    rng = np.random.default_rng(seed)
    count, sites = len(problem.demand_id), len(problem.site_id)
    pool = rng.integers(0, pools, count)
    mix = rng.uniform(0, 1, (sites, pools)) * (rng.uniform(0, 1, (sites, pools)) > 0.2)
    mix /= np.maximum(mix.sum(axis=1, keepdims=True), 1e-9)
    kwh = problem.kwh_day_per_charger[:, None] * mix * rng.uniform(0.5, 2, pools)
    keep = kwh[problem.pair_site, pool[problem.pair_demand]] > 0
    problem = problem.with_pairs(keep)
    return replace(
        problem,
        demand_class=pool,
        class_kwh=kwh,
        demand_point=problem.demand_id,
        demand_occasion=np.array([f"use{number}" for number in pool], dtype=object),
        pair_value=rng.uniform(0.1, 1, len(problem.pair_site)),
    )


def ids(letter, count):
    return np.array([f"{letter}{number:03d}" for number in range(count)], dtype=object)


def brute_force(problem: SitingProblem) -> float:
    """Return the best value over every set of stations and every whole number of chargers.

    Shares no code with the model: plain enumeration and scipy. -inf if nothing is legal.
    """
    best = -np.inf
    members = np.flatnonzero(problem.openable)
    for chosen in itertools.combinations(members.tolist(), problem.stations):
        if not _legal(problem, chosen):
            continue
        ranges = [range(problem.min_chargers[j], problem.max_chargers[j] + 1) for j in chosen]
        for counts in itertools.product(*ranges):
            if sum(counts) == problem.chargers:
                best = max(best, _served(problem, chosen, counts))
    return best


def _legal(problem, chosen):
    if not set(np.flatnonzero(problem.forced).tolist()) <= set(chosen):
        return False
    zones = np.bincount(problem.site_zone[list(chosen)], minlength=len(problem.zone_id))
    if (zones < problem.zone_floor).any():
        return False
    for one, other in itertools.combinations(chosen, 2):
        gap = np.linalg.norm(problem.site_xy[one] - problem.site_xy[other])
        new = not (problem.forced[one] and problem.forced[other])
        if new and gap < problem.min_spacing_m:
            return False
    return True


def _served(problem, chosen, counts):
    score = problem.suitability_weight * problem.score[list(chosen)].sum() / problem.stations
    pairs = np.flatnonzero(np.isin(problem.pair_site, chosen))
    if not len(pairs):
        return score
    rows = [(problem.pair_demand[pairs] == i, kwh) for i, kwh in enumerate(problem.demand_kwh)]
    if problem.class_kwh is None:
        worth = 1 - problem.distance_discount * problem.pair_distance_m[pairs] / problem.cutoff_m
        rows += [
            (problem.pair_site[pairs] == j, count * problem.kwh_day_per_charger[j])
            for j, count in zip(chosen, counts, strict=True)
        ]
    else:
        worth, pool = problem.pair_value[pairs], problem.demand_class[problem.pair_demand[pairs]]
        rows += [
            ((problem.pair_site[pairs] == j) & (pool == c), count * problem.class_kwh[j, c])
            for j, count in zip(chosen, counts, strict=True)
            for c in range(problem.class_kwh.shape[1])
        ]
    table = np.array([row for row, _ in rows], dtype=float)
    answer = linprog(-worth, A_ub=table, b_ub=[limit for _, limit in rows], method="highs")
    return score - answer.fun / problem.demand_kwh.sum()


def tables(sites=8, demand=5, **site_columns):
    """Return sites, scores, demand, reach, swap reach and zones of a straight road, 500 m apart."""
    x = np.arange(sites) * 500.0
    site = gpd.GeoDataFrame(
        {
            "site_id": [f"way/{number}" for number in range(sites)],
            "kind": "parking",
            "zone_id": ["west" if east < 1600 else "east" for east in x],
            "min_chargers": 2,
            "max_chargers": 10,
            "existing_chargers": 0,
            "existing_station": False,
            "swap_ok": True,
            "existing_swap": False,
            "kwh_day_per_charger": 100.0,
            "verdict": "ok",
        },
        geometry=[Point(east, 0) for east in x],
        crs=CRS,
    ).assign(**site_columns)
    point = gpd.GeoDataFrame(
        {
            "demand_id": [f"home/{number}" for number in range(demand)],
            "kwh_day": 200.0 + np.arange(demand),
            "zone_id": "west",
        },
        geometry=[Point(number * 700.0, 0) for number in range(demand)],
        crs=CRS,
    )
    scores = pd.DataFrame({"site_id": site["site_id"], "score": np.linspace(0.2, 0.9, sites)})
    pairs = [
        (d, s, abs(px.x - sx.x))
        for d, px in zip(point["demand_id"], point.geometry, strict=True)
        for s, sx in zip(site["site_id"], site.geometry, strict=True)
        if abs(px.x - sx.x) <= 2000
    ]
    reach = pd.DataFrame(pairs, columns=["demand_id", "site_id", "distance_m"])
    reach = reach.assign(time_s=reach["distance_m"] / 10).astype(
        {"demand_id": "category", "site_id": "category"}
    )
    zones = gpd.GeoDataFrame(
        {"zone_id": ["west", "east"]}, geometry=[Point(0, 0), Point(9, 9)], crs=CRS
    )
    return {
        "sites": site,
        "scores": scores,
        "demand": point,
        "reach": reach,
        "swap_reach": reach,
        "zones": zones,
    }


def blocks(stations=3, chargers=12, swap_stations=1, **model):
    """Return the blocks of the scenario that build_problem reads."""
    return {
        "targets": Targets(stations=stations, chargers=chargers, swap_stations=swap_stations),
        "model": Model(**model),
        "travel": Travel(cutoff_m=2000, swap_cutoff_m=2000),
    }
