"""Who charges where, counted again from a plan's tables and the tables of the occasions.

The twin of the demand by charging occasion: it reads the planner's tables as they are written, the
ways that were found, and the plan, and shares no code with what made them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from siting.audit.ground import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from siting.audit.ground import OccasionEvidence
    from siting.plan.plan import Plan

_SHARES = {"low": "share_low", "base": "share", "high": "share_high"}
_TOWN_PEOPLE_KM2 = 1500.0
_M2_PER_KM2 = 1e6
_METRE_SLACK = 1e-3
_KWH_SLACK = 1e-3
_SHOWN = 5
_AREA = "service_area"


def by_occasion(plan: Plan) -> bool:
    """Whether a plan's demand is served by charging occasion."""
    model = settings(plan, "model")
    return model.get("occasions", "one") != "one" and model.get("objective", "joint") == "joint"


def occasions_are_served_as_asked(
    plan: Plan, given: OccasionEvidence | None, trips: pd.DataFrame | None
) -> Iterator[str]:
    """Everyone charges at a place of their occasion, near enough, and no pool gives too much.

    Parameters
    ----------
    plan
        The plan.
    given
        The tables of the occasions, where they are at hand.
    trips
        Result of :func:`counted_trips`; None of a plan that serves demand without occasions.
    """
    if not by_occasion(plan):
        if "occasion" in plan.assignments.columns:
            yield "served by occasion, which the scenario does not ask for"
        return
    if given is None or trips is None:
        yield "cannot be counted: no tables of the occasions were given"
        return
    yield from _listed(trips, trips["kwh_asked"].isna(), "an occasion the demand point has not")
    yield from _listed(trips, trips["worth"].isna(), "no way, or a site of no worth, or too far")
    served = trips.groupby(["demand_id", "occasion"], observed=True)
    over = served["kwh_day"].sum() - served["kwh_asked"].first() > _KWH_SLACK
    for demand, occasion in over.index[over][:_SHOWN]:
        yield f"{demand} is served more than it asks for at {occasion}"
    chargers = plan.sites.set_index("site_id")["chargers"]
    load = trips.groupby(["site_id", "pool"], observed=True)["kwh_day"].sum()
    pairs = load.index.to_frame(index=False).astype("str")
    each = {pool: _pool_kwh(plan, given, pool) for pool in pairs["pool"].unique()}
    for site, pool, kwh in zip(pairs["site_id"], pairs["pool"], load, strict=True):
        room = float(chargers.get(site, 0) * each[pool].get(site, 0.0))
        if kwh > room + _KWH_SLACK:
            yield f"{site} gives {kwh:.1f} kWh/day through {pool}, its chargers give {room:.1f}"


def trips_worth(trips: pd.DataFrame) -> float:
    """Return the energy served, each kWh at its worth (kWh/day)."""
    return float((trips["kwh_day"] * trips["worth"].fillna(0.0)).sum())


def counted_trips(plan: Plan, given: OccasionEvidence | None) -> pd.DataFrame | None:
    """Return the assignments of a plan with what each may be and is worth.

    None where the plan knows no occasions, or their tables are not at hand.

    Adds ``kwh_asked`` of the point at the occasion, the ``pool`` of classes, and ``worth`` of a
    kWh over the way; missing where the tables have no such pair.
    """
    if given is None or not by_occasion(plan):
        return None
    table = given.tables["occasions"].set_index("occasion")
    trips = plan.assignments.astype({"demand_id": "str", "site_id": "str"}).reset_index(drop=True)
    demand = plan.demand.set_index("demand_id")
    kind = trips["site_id"].map(plan.candidates.set_index("site_id")["kind"])
    need = trips["demand_id"].map(demand["kind"])
    share = _lookup(
        given.tables["occasion_shares"], ["demand_kind", "occasion"],
        _SHARES[str(settings(plan, "demand")["place_bound"])], [need, trips["occasion"]],
    )  # fmt: skip
    trips["kwh_asked"] = trips["demand_id"].map(demand["kwh_day"]) * share.where(share > 0)
    trips["pool"] = trips["occasion"].map(table["charger_classes"])
    worth = _worth(given.tables["occasion_worth"], kind, trips["occasion"])
    town = trips["demand_id"].map(demand["zone_id"]).isin(_towns(plan)).to_numpy()
    radius = float(settings(plan, "travel")["cutoff_m"])
    near, wide = (trips["occasion"].map(table[name]).fillna(radius) for name in
                  ("town_m", "country_m"))  # fmt: skip
    limit = np.where(town, near, np.maximum(near, wide))
    way = trips["occasion"].map(table["way"]).to_numpy()
    found = np.full(len(trips), np.nan)
    for name in ("walk", "drive"):
        metres = _metres(given.reaches[name], trips)
        found = np.where(way == name, metres, found)
    right = (np.abs(found - trips["distance_m"]) <= _METRE_SLACK) & (found <= limit + _METRE_SLACK)
    ahead = _metres(given.reaches["ahead"], trips)
    waits = (trips["distance_m"] == 0) & (kind == _AREA) & (
        ahead <= trips["occasion"].map(table["ahead_m"]) + _METRE_SLACK
    )  # fmt: skip
    discount = float(settings(plan, "model")["distance_discount"])
    less = np.where(waits, 1.0, 1.0 - discount * trips["distance_m"] / np.maximum(limit, 1e-9))
    trips["worth"] = np.where(right | waits, worth * less, np.nan)
    return trips


def _pool_kwh(plan: Plan, given: OccasionEvidence, pool: str) -> pd.Series:
    """Return the energy of one charger of each site through the classes of a pool."""
    classes = sorted({one.strip() for one in pool.split("|")})
    kwh = pd.Series({name: plan.charger_classes[name].kwh_day for name in classes})
    return given.mix[classes].dot(kwh)


def _worth(table: pd.DataFrame, kind: pd.Series, occasion: pd.Series) -> np.ndarray:
    """Return the worth of a site's kind to an occasion; missing where it is none."""
    named = set(table["kind"])
    read = kind.where(kind.isin(named), "other")
    worth = _lookup(table, ["occasion", "kind"], "worth", [occasion, read])
    return worth.where(worth > 0).to_numpy(dtype=float)


def _lookup(table: pd.DataFrame, keys: list[str], value: str, by: list[pd.Series]) -> pd.Series:
    """Return a figure of a table by the pair of its keys; missing where there is none."""
    known = dict(zip(zip(table[keys[0]], table[keys[1]], strict=True), table[value], strict=True))
    pairs = zip(*by, strict=True)
    return pd.Series([known.get(pair, np.nan) for pair in pairs], index=by[0].index, dtype=float)


def _metres(reach: pd.DataFrame, trips: pd.DataFrame) -> np.ndarray:
    """Return the length of each trip in a table of ways; missing where it has none."""
    ids = ["demand_id", "site_id"]
    some = reach[reach["site_id"].isin(trips["site_id"].unique())]
    some = some[some["demand_id"].isin(trips["demand_id"].unique())]
    some = some[[*ids, "distance_m"]].astype(dict.fromkeys(ids, "str"))
    some = some.sort_values("distance_m", kind="stable").drop_duplicates(ids)
    return trips[ids].merge(some, on=ids, how="left")["distance_m"].to_numpy(dtype=float)


def _towns(plan: Plan) -> set[str]:
    zones = plan.zones
    dense = zones["population"] / (zones.geometry.area / _M2_PER_KM2) >= _TOWN_PEOPLE_KM2
    return set(zones.loc[dense | (zones["kind"] == "subdistrict"), "zone_id"])


def _listed(trips: pd.DataFrame, wrong: pd.Series, fault: str) -> Iterator[str]:
    if wrong.any():
        some = trips[wrong].head(_SHOWN)
        names = [f"{one.demand_id} at {one.site_id} ({one.occasion})" for one in some.itertuples()]
        yield f"{fault}: {', '.join(names)}{' and more' if wrong.sum() > _SHOWN else ''}"
