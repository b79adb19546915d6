"""Sites that differ between two plans: added, dropped, grown, shrunk, moved."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    import geopandas as gpd

    from siting.plan.plan import Plan

MOVED_M = 500.0
"""A site dropped and one added within this distance are one that moved (a proposal)."""

KINDS_OF_CHANGE = ("added", "dropped", "moved", "grown", "shrunk")
COLUMNS = (
    "facility", "change", "site_id", "from_id", "name", "kind", "zone_id", "owner",
    "chargers_before", "chargers_after", "moved_m", "x_m", "y_m",
)  # fmt: skip
_ORDER = {change: place for place, change in enumerate(KINDS_OF_CHANGE)}


def changes(before: Plan, after: Plan, *, moved_m: float = MOVED_M) -> pd.DataFrame:
    """Return the sites that differ between two plans of one place.

    Parameters
    ----------
    before, after
        The plans, with their geometry in one CRS.
    moved_m
        Largest distance, straight line, between a site dropped and one added that count as one
        that moved; pairs are made from the nearest on, each site once. 0: none.

    Returns
    -------
    DataFrame
        ``COLUMNS``: facility (charging or swap), change, site_id, from_id of a move, name, kind,
        zone_id, owner, chargers_before and chargers_after (0: no station; missing for swap
        stations), moved_m, and x_m, y_m in the CRS of the plans; charging stations first, then
        by change and site_id.
    """
    rows = _charging(before, after, moved_m) + _swap(before, after, moved_m)
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    order = frame["change"].map(_ORDER)
    keyed = frame.assign(_order=order).sort_values(["facility", "_order", "site_id"], kind="stable")
    return keyed.drop(columns="_order").reset_index(drop=True)


def count_changes(frame: pd.DataFrame) -> dict[str, int]:
    """Return how many charging stations changed each way, and swap stations under ``swap_``.

    Examples
    --------
    >>> rows = pd.DataFrame({"facility": ["charging", "swap"], "change": ["added", "dropped"]})
    >>> count_changes(rows)["added"], count_changes(rows)["swap_dropped"]
    (1, 1)
    """
    found = Counter(zip(frame["facility"], frame["change"], strict=True))
    charging = {change: found["charging", change] for change in KINDS_OF_CHANGE}
    swap = {f"swap_{change}": found["swap", change] for change in ("added", "dropped", "moved")}
    return charging | swap


def _charging(before: Plan, after: Plan, moved_m: float) -> list[dict[str, Any]]:
    old, new = _by_id(before.sites), _by_id(after.sites)
    rows = _come_and_gone(old, new, moved_m, "charging")
    for site in sorted(old.index.intersection(new.index)):
        had, has = int(old.loc[site, "chargers"]), int(new.loc[site, "chargers"])
        if had != has:
            change = "grown" if has > had else "shrunk"
            rows.append(_row(new.loc[site], change, "charging", had, has))
    return rows


def _swap(before: Plan, after: Plan, moved_m: float) -> list[dict[str, Any]]:
    return _come_and_gone(_by_id(before.swap_sites), _by_id(after.swap_sites), moved_m, "swap")


def _come_and_gone(
    old: pd.DataFrame, new: pd.DataFrame, moved_m: float, facility: str
) -> list[dict[str, Any]]:
    gone = old.loc[sorted(old.index.difference(new.index))]
    come = new.loc[sorted(new.index.difference(old.index))]
    pairs = _pairs(gone, come, moved_m)
    rows = []
    for site_id, site in come.iterrows():
        if site_id in pairs:
            from_id, distance_m = pairs[site_id]
            had = _chargers(gone.loc[[from_id]].iloc[0])
            row = _row(site, "moved", facility, had, _chargers(site))
            rows.append(row | {"from_id": from_id, "moved_m": distance_m})
        else:
            rows.append(_row(site, "added", facility, 0, _chargers(site)))
    left = {from_id for from_id, _ in pairs.values()}
    rows += [
        _row(site, "dropped", facility, _chargers(site), 0)
        for site_id, site in gone.iterrows()
        if site_id not in left
    ]
    return rows


def _pairs(gone: pd.DataFrame, come: pd.DataFrame, moved_m: float) -> dict[str, tuple[str, float]]:
    """Return of each site that moved where it came from, and how far; the nearest pair first."""
    if gone.empty or come.empty or moved_m <= 0:
        return {}
    here = gone[["x_m", "y_m"]].to_numpy(dtype=float)
    there = come[["x_m", "y_m"]].to_numpy(dtype=float)
    distance = np.hypot(*(there[:, None, :] - here[None, :, :]).transpose(2, 0, 1))
    to, since = np.nonzero(distance <= moved_m)
    order = np.lexsort((since, to, distance[to, since]))
    found: dict[str, tuple[str, float]] = {}
    left: set[str] = set()
    for place in order:
        new_id, old_id = str(come.index[to[place]]), str(gone.index[since[place]])
        if new_id not in found and old_id not in left:
            found[new_id] = (old_id, float(distance[to[place], since[place]]))
            left.add(old_id)
    return found


def _by_id(frame: gpd.GeoDataFrame) -> pd.DataFrame:
    table = pd.DataFrame(frame.drop(columns=frame.geometry.name))
    table["x_m"], table["y_m"] = frame.geometry.x, frame.geometry.y
    return table.set_index("site_id", drop=False)


def _chargers(site: pd.Series) -> int | None:
    return int(site["chargers"]) if "chargers" in site.index else None


def _row(
    site: pd.Series, change: str, facility: str, before: int | None, after: int | None
) -> dict[str, Any]:
    charging = facility == "charging"
    return {
        "facility": facility,
        "change": change,
        "site_id": site["site_id"],
        "from_id": None,
        **{name: site.get(name) for name in ("name", "kind", "zone_id", "owner")},
        "chargers_before": before if charging else None,
        "chargers_after": after if charging else None,
        "moved_m": np.nan,
        "x_m": site["x_m"],
        "y_m": site["y_m"],
    }
