"""How far stations reach, before the plan and after it: by place of demand and by township.

The distance is the straight line, as on the handouts: a picture to look at. What the plan is
judged by goes along the road.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.spatial import cKDTree

from siting.outputs.map import shapes

if TYPE_CHECKING:
    import geopandas as gpd

    from siting.arrays import Flags
    from siting.notes import Say
    from siting.plan.plan import Plan


NEAR_M = 1000.0
_SWAP_M = 5000.0
_DECIMALS = 4
_SIZE_SHARE = 0.995  # the largest few places would make all others dots


@dataclass(frozen=True)
class Reach:
    """Which places of demand have a station near.

    Attributes
    ----------
    within_m
        What is near, metres in a straight line.
    before, after
        ``(demand,)``; with what stands, and with the plan.
    before_share, after_share
        Of the demand in kWh a day; NaN where there is none.
    """

    within_m: float
    before: Flags
    after: Flags
    before_share: float
    after_share: float

    def states(self) -> list[int]:
        """Return 0 for near before, 1 for near by the plan alone, 2 for not near."""
        return np.where(self.before, 0, np.where(self.after, 1, 2)).tolist()


def charging_reach(plan: Plan) -> Reach:
    """Return who has a charging station within 1 km."""
    return _reach(plan, plan.sites, NEAR_M)


def swap_reach(plan: Plan) -> Reach:
    """Return who has a swap station within its service radius."""
    within_m = plan.scenario.get("travel", {}).get("swap_cutoff_m", _SWAP_M)
    return _reach(plan, plan.swap_sites, float(within_m))


def near_people(plan: Plan, reach: Reach, zone_id: str) -> tuple[float, float] | None:
    """Return the shares of a township's people near a station, before and after.

    None where nobody is known to live there.
    """
    people = plan.demand["people"].to_numpy(dtype=float)
    known = (plan.demand["zone_id"] == zone_id).to_numpy(dtype=bool) & np.isfinite(people)
    total = float(people[known].sum())
    if total <= 0:
        return None
    before, after = (
        float(people[known & flags].sum()) / total for flags in (reach.before, reach.after)
    )
    return before, after


def coverage_data(plan: Plan, to: shapes.Degrees) -> dict[str, Any]:
    """Return the places of demand as the page's script draws them: point, size, two states."""
    lon, lat = shapes.lonlat(plan.demand.geometry, to, decimals=_DECIMALS)
    kwh = plan.demand["kwh_day"].to_numpy(dtype=float)
    most = float(np.quantile(kwh, _SIZE_SHARE)) if kwh.size else 0.0
    size = np.sqrt(np.clip(kwh / most, 0, 1)) if most > 0 else np.zeros(kwh.size)
    return {
        "lon": lon,
        "lat": lat,
        "size": np.round(size, 2).tolist(),
        "near": charging_reach(plan).states(),
        "swap": swap_reach(plan).states(),
    }


def coverage_lines(plan: Plan, say: Say) -> list[tuple[str, str]]:
    """Return the choices of the panel: mode of the script and its text, off first."""
    lines = [("", say("cover.off"))]
    for key, reach in (("near", charging_reach(plan)), ("swap", swap_reach(plan))):
        for when, share in (("now", reach.before_share), ("plan", reach.after_share)):
            text = "–" if math.isnan(share) else f"{share:.1%}"
            mode = f"{key}_{when}"
            lines.append((mode, say(f"cover.{mode}", km=reach.within_m / 1000, share=text)))
    return lines


def _reach(plan: Plan, stations: gpd.GeoDataFrame, within_m: float) -> Reach:
    standing = stations[~stations["is_new"].to_numpy(dtype=bool)]
    before, after = (_near(plan.demand, here, within_m) for here in (standing, stations))
    kwh = plan.demand["kwh_day"].to_numpy(dtype=float)
    total = float(kwh.sum())
    shares = [float(kwh[flags].sum()) / total if total > 0 else math.nan
              for flags in (before, after)]  # fmt: skip
    return Reach(within_m, before, after, *shares)


def _near(places: gpd.GeoDataFrame, stations: gpd.GeoDataFrame, within_m: float) -> Flags:
    if stations.empty or places.empty:
        return np.zeros(len(places), dtype=bool)
    at = [np.column_stack([one.geometry.x, one.geometry.y]) for one in (places, stations)]
    distance_m, _ = cKDTree(at[1]).query(at[0])
    return np.asarray(distance_m <= within_m)
