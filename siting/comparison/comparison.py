"""Everything that is said of several plans side by side, in one object."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from siting.comparison.figure_lines import Line, figure_lines
from siting.tables.fields import CHARGING, PLAN_SITES, PLAN_ZONES, SWAP, ZONE, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd

    from siting.plan.plan import Plan


MOVED_M = 500.0
"""A site dropped and one added within this distance are one that moved (a proposal)."""

KINDS_OF_CHANGE = ("added", "dropped", "moved", "grown", "shrunk")
CARRIED = tuple(shown("compare", CHARGING.key, [one.name for one in PLAN_SITES.columns]))
"""Columns of the plans that the changes carry: what the place is and who is in charge."""

COLUMNS = (
    "facility", "change", "site_id", "from_id", *CARRIED, "chargers_before", "chargers_after",
    "moved_m", "x_m", "y_m",
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
    charging = {change: found[CHARGING.key, change] for change in KINDS_OF_CHANGE}
    swap = {f"swap_{change}": found[SWAP.key, change] for change in ("added", "dropped", "moved")}
    return charging | swap


def _charging(before: Plan, after: Plan, moved_m: float) -> list[dict[str, Any]]:
    old, new = _by_id(before.sites), _by_id(after.sites)
    rows = _come_and_gone(old, new, moved_m, CHARGING.key)
    for site in sorted(old.index.intersection(new.index)):
        had, has = int(old.loc[site, "chargers"]), int(new.loc[site, "chargers"])
        if had != has:
            change = "grown" if has > had else "shrunk"
            rows.append(_row(new.loc[site], change, CHARGING.key, had, has))
    return rows


def _swap(before: Plan, after: Plan, moved_m: float) -> list[dict[str, Any]]:
    return _come_and_gone(_by_id(before.swap_sites), _by_id(after.swap_sites), moved_m, SWAP.key)


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
    charging = facility == CHARGING.key
    return {
        "facility": facility,
        "change": change,
        "site_id": site["site_id"],
        "from_id": None,
        **{name: site.get(name) for name in CARRIED},
        "chargers_before": before if charging else None,
        "chargers_after": after if charging else None,
        "moved_m": np.nan,
        "x_m": site["x_m"],
        "y_m": site["y_m"],
    }


ZONE_COUNTS = tuple(shown("compare", ZONE, [one.name for one in PLAN_ZONES.columns]))
OWNER_COUNTS = (CHARGING.total, "chargers", "cost_cny")


def by_zone(plans: Sequence[Plan]) -> pd.DataFrame:
    """Return the counts of each zone in every plan.

    Returns
    -------
    DataFrame
        One row a zone, sorted by zone_id: ``zone_id``, ``name``, and of each plan, by its
        position n, ``<count>_<n>`` of ``ZONE_COUNTS``; missing where a plan has no such zone.
    """
    names = pd.concat([plan.zones[["zone_id", "name"]] for plan in plans])
    names = pd.DataFrame(names).drop_duplicates("zone_id").set_index("zone_id").sort_index()
    parts = [
        pd.DataFrame(plan.zones)
        .set_index("zone_id")[list(ZONE_COUNTS)]
        .add_suffix(f"_{place}")
        .reindex(names.index)
        for place, plan in enumerate(plans)
    ]
    return pd.concat([names, *parts], axis="columns").reset_index()


def by_department(plans: Sequence[Plan]) -> pd.DataFrame:
    """Return the counts of each owner of sites, as proposed by the rules, in every plan.

    Returns
    -------
    DataFrame
        One row an owner, sorted, the unnamed last: ``owner``, and of each plan, by its position
        n, ``<count>_<n>`` of ``OWNER_COUNTS``: 0 where the owner has no site in it.
    """
    parts = [_owners(plan).add_suffix(f"_{place}") for place, plan in enumerate(plans)]
    table = pd.concat(parts, axis="columns").fillna(0.0).sort_index()
    table = table.rename_axis("owner").reset_index()
    return table.sort_values("owner", key=lambda names: names == "", kind="stable").reset_index(
        drop=True
    )


def _owners(plan: Plan) -> pd.DataFrame:
    sites = pd.DataFrame(plan.sites.drop(columns=plan.sites.geometry.name))
    groups = sites.groupby(sites["owner"].fillna("").astype(str), sort=True)
    return pd.DataFrame(
        {
            CHARGING.total: groups.size().astype(float),
            **{name: groups[name].sum().astype(float) for name in OWNER_COUNTS[1:]},
        }
    )


def other_inputs(plans: Sequence[Plan]) -> list[str]:
    """Return the names of the inputs whose content is not the same in all plans, sorted.

    Two inputs are the same if their bytes are, wherever they lie.
    """
    held = [_hashes(plan) for plan in plans]
    names = sorted({name for hashes in held for name in hashes})
    return [name for name in names if len({hashes.get(name, ()) for hashes in held}) > 1]


def _hashes(plan: Plan) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for source in plan.sources:
        found.setdefault(source.name, []).append(source.sha256)
    return {name: tuple(sorted(hashes)) for name, hashes in found.items()}


@dataclass(frozen=True, eq=False)
class Contrast:
    """Several plans side by side; the first is what the others are held against.

    Attributes
    ----------
    plans
        The plans.
    figures
        Every figure of all.
    changes
        Of each plan but the first, the sites that differ from it; see :func:`changes`.
    zones, departments
        See :func:`by_zone` and :func:`by_department`.
    other_inputs
        Inputs that are not the same in all plans.
    moved_m
        Distance within which a site dropped and one added are one that moved.
    """

    plans: tuple[Plan, ...]
    figures: tuple[Line, ...]
    changes: tuple[pd.DataFrame, ...]
    zones: pd.DataFrame
    departments: pd.DataFrame
    other_inputs: tuple[str, ...]
    moved_m: float

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the runs."""
        return tuple(plan.run for plan in self.plans)

    @property
    def kinds(self) -> dict[str, dict[str, str]]:
        """Names of the plans' own kinds of site; where they differ, those of the first."""
        return {kind: names for plan in reversed(self.plans) for kind, names in plan.kinds.items()}

    @property
    def synthetic(self) -> bool:
        """Whether any plan rests on synthetic data; then every page must say so."""
        return any(plan.synthetic for plan in self.plans)


def contrast(plans: Sequence[Plan], *, moved_m: float = MOVED_M) -> Contrast:
    """Put plans side by side.

    Parameters
    ----------
    plans
        Two or more, the base first.
    moved_m
        See :func:`siting.comparison.comparison.changes`.
    """
    base = plans[0]
    others = [plan if plan.crs == base.crs else _in_crs(plan, base.crs) for plan in plans[1:]]
    return Contrast(
        plans=(base, *others),
        figures=tuple(figure_lines(plans)),
        changes=tuple(changes(base, plan, moved_m=moved_m) for plan in others),
        zones=by_zone(plans),
        departments=by_department(plans),
        other_inputs=tuple(other_inputs(plans)),
        moved_m=moved_m,
    )


def _in_crs(plan: Plan, crs: str) -> Plan:
    tables = (*(one.table for one in plan.facilities), "candidates", "demand", "zones", "roads",
              "landscape")  # fmt: skip
    return replace(plan, crs=crs, **{name: getattr(plan, name).to_crs(crs) for name in tables})
