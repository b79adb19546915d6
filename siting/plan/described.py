"""The columns of a plan as people read them: words for its codes, degrees for its geometry.

Every output asks here; which columns it shows, in which order, says :mod:`siting.tables.fields`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from siting import geo
from siting.tables.fields import find_field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import geopandas as gpd

    from siting.notes import Say
    from siting.plan.plan import Plan

    Made = Callable[[Plan, gpd.GeoDataFrame, Say], pd.Series | None]

PHASE = "phase"
_CLASS = "chargers_<class>"
_TEN_THOUSAND = 1e4
_LONLAT_DECIMALS = 6
_DUE_KINDS = {"service_area": 0.1}
"""Share of bays due by kind: at least 10 % at expressway service areas (facts 3.2 [V 39])."""


def column(plan: Plan, rows: gpd.GeoDataFrame, key: str, say: Say) -> pd.Series | None:
    """Return a column of some places or zones of a plan, worded where it is made for readers.

    Parameters
    ----------
    plan
        The plan.
    rows
        Rows of one of its tables.
    key
        Key of the registry, or a column that fits one of its patterns.
    say
        Words in the language wanted.

    Returns
    -------
    Series
        On the rows' index; None if the plan has no data for it.

    Raises
    ------
    KeyError
        If the registry has no such column.
    """
    zone = "zone_id" in rows.columns and "site_id" not in rows.columns
    found = find_field(key, zone=zone)
    if found is None:
        msg = f"no plan has a column '{key}'"
        raise KeyError(msg)
    if found[0].made:
        return (_OF_ZONES if zone else _OF_PLACES)[key](plan, rows, say)
    return rows.get(key)


def described(plan: Plan, rows: gpd.GeoDataFrame, keys: Iterable[str], say: Say) -> pd.DataFrame:
    """Return those of some columns that a plan has data for, as :func:`column` gives them."""
    found = {key: column(plan, rows, key, say) for key in keys}
    known = {key: values for key, values in found.items() if values is not None}
    return pd.DataFrame(known, index=rows.index)


def heading(name: str, say: Say, *, zone: bool = False) -> str:
    """Return the heading of a column; one that fits a pattern is called by what it stands for."""
    found = find_field(name, zone=zone)
    if found is None:
        msg = f"no plan has a column '{name}'"
        raise KeyError(msg)
    field, part = found
    if field.key == _CLASS:
        return say(f"class.{part}")
    return say(f"{field.word}.head", **({"year": part} if part else {}))


def class_names(plan: Plan) -> list[str]:
    """Return the classes of charger of a plan, the weakest first."""
    classes = plan.charger_classes
    return sorted(classes, key=lambda name: (classes[name].power_kw, name))


def class_text(counts: Mapping[str, float], say: Say) -> str:
    """Return the classes of charger that occur with their numbers, e.g. ``3 slow AC · 5 fast DC``.

    Parameters
    ----------
    counts
        Chargers by class.
    say
        Words in one language; a class of somebody's own table goes by its name.
    """
    return " · ".join(f"{n:,.0f} {say(f'class.{name}')}" for name, n in counts.items() if n)


def plan_years(plan: Plan) -> list[int]:
    """Return the years of the phases in their order; none without phases."""
    return [row.year for row in plan.years]


def _series(rows: gpd.GeoDataFrame, values: Sequence[str | None]) -> pd.Series:
    return pd.Series(values, index=rows.index, dtype="str")


def _worded(name: str, prefix: str) -> Made:
    """Return how a column of codes becomes their words."""

    def made(_plan: Plan, rows: gpd.GeoDataFrame, say: Say) -> pd.Series | None:
        if name not in rows.columns:
            return None
        known = rows[name].notna()
        words = {code: say(f"{prefix}.{code}") for code in rows.loc[known, name].unique()}
        return rows[name].astype(object).map(words)

    return made


def _zone_name(plan: Plan, rows: gpd.GeoDataFrame, _say: Say) -> pd.Series:
    return rows["zone_id"].map(plan.zones.set_index("zone_id")["name"])


def _lon(_plan: Plan, rows: gpd.GeoDataFrame, _say: Say) -> pd.Series:
    return rows.geometry.to_crs(geo.WGS84).x.round(_LONLAT_DECIMALS)


def _lat(_plan: Plan, rows: gpd.GeoDataFrame, _say: Say) -> pd.Series:
    return rows.geometry.to_crs(geo.WGS84).y.round(_LONLAT_DECIMALS)


def _lonlat(_plan: Plan, rows: gpd.GeoDataFrame, _say: Say) -> pd.Series:
    degrees = rows.geometry.to_crs(geo.WGS84)
    pairs = zip(degrees.x, degrees.y, strict=True)
    return _series(rows, [f"{lon:.5f}, {lat:.5f}" for lon, lat in pairs])


def _state(_plan: Plan, rows: gpd.GeoDataFrame, say: Say) -> pd.Series:
    words = {True: say("handout.new"), False: say("handout.existing")}
    return _series(rows, [words[bool(new)] for new in rows["is_new"]])


def _state_year(_plan: Plan, rows: gpd.GeoDataFrame, say: Say) -> pd.Series:
    words = {True: say("fact.state_new"), False: say("fact.state_existing")}
    state = rows["is_new"].map(words)
    if PHASE not in rows.columns:
        return state
    # no language writes a year with a comma, or as 2024.0
    opens = rows[PHASE].map(lambda year: say("fact.state_year", year=f"{year:.0f}"))
    return state.where(rows[PHASE].isna(), opens)


def _status(_plan: Plan, rows: gpd.GeoDataFrame, say: Say) -> pd.Series:
    if "verdict" not in rows.columns:
        return _series(rows, [None] * len(rows))
    states = zip(rows["is_new"], rows["verdict"], strict=True)
    return _series(rows, [say(f"verdict.{verdict}") if new else say("handout.stands")
                          for new, verdict in states])  # fmt: skip


def _opening(_plan: Plan, rows: gpd.GeoDataFrame, say: Say) -> pd.Series | None:
    if PHASE not in rows.columns:
        return None
    return _series(rows, [say("handout.existing") if pd.isna(year) else f"{year:.0f}"
                          for year in rows[PHASE]])  # fmt: skip


def _chosen(_plan: Plan, rows: gpd.GeoDataFrame, say: Say) -> pd.Series | None:
    if "chosen" not in rows.columns:
        return None
    return rows["chosen"].map({True: say("fact.yes"), False: say("fact.no")})


def _limits(_plan: Plan, rows: gpd.GeoDataFrame, _say: Say) -> pd.Series | None:
    if "min_chargers" not in rows.columns:
        return None
    return rows["min_chargers"].astype(str) + "–" + rows["max_chargers"].astype(str)


def _new_chargers(_plan: Plan, rows: gpd.GeoDataFrame, _say: Say) -> pd.Series | None:
    if "chargers" not in rows.columns:
        return None
    return rows["chargers"] - rows["existing_chargers"]


def _by_year(plan: Plan, rows: gpd.GeoDataFrame, _say: Say) -> pd.Series | None:
    years = plan_years(plan)
    columns = [f"phase_{year}_chargers" for year in years]
    if not years or not set(columns) <= set(rows.columns):
        return None
    return _series(rows, [
        " · ".join(f"{year}: {count:,}" for year, count in zip(years, row, strict=True))
        for row in rows[columns].itertuples(index=False)
    ])  # fmt: skip


def _classes(plan: Plan, rows: gpd.GeoDataFrame, say: Say) -> pd.Series | None:
    names = [name for name in class_names(plan) if f"chargers_{name}" in rows.columns]
    if not names:
        return None
    counts = rows[[f"chargers_{name}" for name in names]].itertuples(index=False)
    return _series(rows, [class_text(dict(zip(names, row, strict=True)), say) for row in counts])


SIZES = ("size_promise", "size_floor", "size_growth", "size_target")
"""Columns that say why a station has its new chargers."""


def _size_reason(plan: Plan, rows: gpd.GeoDataFrame, say: Say) -> pd.Series | None:
    if not set(SIZES) <= set(rows.columns):
        return None
    year = plan.scenario.get("sizing", {}).get("growth_year")
    short = (rows["chargers_needed"] - rows["chargers"]).clip(lower=0)
    parts = {"standing": rows["existing_chargers"], **{name: rows[name] for name in SIZES}}
    table = pd.DataFrame({**parts, "short": short}).fillna(0)
    return _series(rows, [
        " · ".join(say(f"size.{key}", count=int(count), year=year)
                   for key, count in row.items() if count)
        for row in table.to_dict("records")
    ])  # fmt: skip


def _cost_range(_plan: Plan, rows: gpd.GeoDataFrame, say: Say) -> pd.Series | None:
    names = ["cost_cny", "cost_low_cny", "cost_high_cny"]
    if not set(names) <= set(rows.columns):
        return None
    return _series(rows, [_money(*row, say=say) for row in rows[names].to_numpy(dtype=float)])


def _money(base: float, low: float, high: float, *, say: Say) -> str | None:
    """Return a cost with its ends in words; None where nobody knows it."""
    if math.isnan(high):
        return None
    if high <= 0:
        return say("fact.cost_none")
    ends = {"base": base, "low": low, "high": high}
    return say("fact.cost_text", **{name: value / _TEN_THOUSAND for name, value in ends.items()})


def _unit_cost(_plan: Plan, rows: gpd.GeoDataFrame, _say: Say) -> pd.Series | None:
    if not {"cost_cny", "chargers", "existing_chargers"} <= set(rows.columns):
        return None
    added = (rows["chargers"] - rows["existing_chargers"]).astype(float)
    return rows["cost_cny"].astype(float) / added.where(added > 0)


def _due(_plan: Plan, rows: gpd.GeoDataFrame, _say: Say) -> pd.Series:
    """Return bays due: what a building project owes, else the share of the kind's bays."""
    nothing = pd.Series(np.nan, index=rows.index)
    share = rows["kind"].map(_DUE_KINDS).astype(float)
    by_kind = np.ceil(share * rows.get("spaces", nothing) - 1e-9)
    return rows.get("due_bays", nothing).fillna(by_kind)


def _priority(_plan: Plan, rows: gpd.GeoDataFrame, _say: Say) -> pd.Series | None:
    # only a sheet that puts its rows in an order ranks them
    return rows.get("priority")


def _mark(plan: Plan, rows: gpd.GeoDataFrame, say: Say) -> pd.Series | None:
    return _series(rows, [say("mark.sample")] * len(rows)) if plan.synthetic else None


def _served_share(_plan: Plan, zones: gpd.GeoDataFrame, _say: Say) -> pd.Series:
    asked = zones["demand_kwh_day"]
    return zones["served_kwh_day"] / asked.where(asked > 0)


def _near(_plan: Plan, _zones: gpd.GeoDataFrame, _say: Say) -> None:
    # the map alone counts who lives near a station
    return None


def _sight_class(_plan: Plan, rows: gpd.GeoDataFrame, _say: Say) -> pd.Series:
    """Return the class of each sight by its highest list, e.g. 4A; missing where no list has it."""
    told = rows["listed"] if "listed" in rows.columns else pd.Series(None, index=rows.index)
    found = told.astype("str").str.extractall(r"sight_(\d)a")[0]
    best = found.astype(int).groupby(level=0).max().astype(str) + "A"
    return best.reindex(rows.index)


_OF_PLACES: dict[str, Made] = {
    "kind_name": _worded("kind", "kind"), "pool_name": _worded("pool", "pool"),
    "verdict_name": _worded("verdict", "verdict"), "zone_name": _zone_name, "lon": _lon,
    "lat": _lat, "lonlat": _lonlat, "state": _state, "state_year": _state_year,
    "status": _status, "opening": _opening, "chosen": _chosen, "limits": _limits,
    "new_chargers": _new_chargers, "by_year": _by_year, "classes": _classes,
    "size_reason": _size_reason, "cost_range": _cost_range, "unit_cost": _unit_cost,
    "due": _due, "sight_class": _sight_class, "priority": _priority, "mark": _mark,
}  # fmt: skip
_OF_ZONES: dict[str, Made] = {
    "kind_name": _worded("kind", "zone"), "served_share": _served_share, "near": _near,
    "quality_name": _worded("population_quality", "quality"),
}  # fmt: skip
