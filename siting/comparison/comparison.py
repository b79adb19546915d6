"""Everything that is said of several plans side by side, in one object."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

from siting.comparison.changes import MOVED_M, changes
from siting.comparison.figure_lines import Line, figure_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from siting.plan.plan import Plan


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
        See :func:`siting.comparison.changes.changes`.
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
    tables = ("sites", "swap_sites", "candidates", "demand", "zones", "roads", "landscape")
    return replace(plan, crs=crs, **{name: getattr(plan, name).to_crs(crs) for name in tables})
