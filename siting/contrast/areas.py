"""What each zone and each department gets in every plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence

    from siting.plan import Plan

ZONE_COUNTS = ("stations", "chargers", "swap_stations", "served_kwh_day")
OWNER_COUNTS = ("stations", "chargers", "cost_cny")


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
            "stations": groups.size().astype(float),
            "chargers": groups["chargers"].sum().astype(float),
            "cost_cny": groups["cost_cny"].sum().astype(float),
        }
    )
