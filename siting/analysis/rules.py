"""Rules of the setting: what stops a site, what needs an expert's sign-off, what is noted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    from numpy.typing import NDArray

    from siting.analysis.site_rules import SiteRule

    Flags = NDArray[np.bool_]
    Objects = NDArray[np.object_]
    Notes = list[tuple[str, dict[str, Any]]]

_SEVERITY = {"ok": 0, "note": 1, "sign_off": 2, "stop": 3}
_VERDICTS = tuple(_SEVERITY)
_SIGN_OFF = _SEVERITY["sign_off"]
_JOIN = "+"


@dataclass(frozen=True, eq=False)
class Setting:
    """What lies around the sites, in their metric CRS.

    Attributes
    ----------
    places, landscape
        ``tables.PLACES`` of all kinds and ``tables.LANDSCAPE``; None: nobody looked.
    layers
        Areas of the scenario by role (``red_lines``, ``protected``, ``flood``, ``slope``), with
        ``name``, and ``slope_percent`` for slopes. A role that is not there was not given.
    """

    places: gpd.GeoDataFrame
    landscape: gpd.GeoDataFrame | None = None
    layers: Mapping[str, gpd.GeoDataFrame] = field(default_factory=dict)


def judge(
    sites: gpd.GeoDataFrame, ground: Objects, setting: Setting, rules: tuple[SiteRule, ...]
) -> gpd.GeoDataFrame:
    """Return the sites with the worst verdict of their kind and their setting.

    A station that stands already is never stopped: a rule that would stop it asks for a
    sign-off instead.

    Parameters
    ----------
    sites
        Columns ``kind``, ``verdict``, ``reason``, ``parking``, ``spaces``, ``existing_station``,
        ``existing_swap`` and points.
    ground
        The place of each site, polygon or point (n,).
    setting
        What lies around them.
    rules
        Result of ``check_site_rules``.

    Returns
    -------
    GeoDataFrame
        The sites with ``verdict``, ``rule`` (names of the rules of the worst verdict, joined by
        +; ``kind:`` and the kind where the kind itself has it) and ``reason`` set; nothing is
        taken out.
    """
    result = sites.copy()
    standing = (sites["existing_station"] | sites["existing_swap"]).to_numpy(dtype=bool)
    severity = sites["verdict"].map(_SEVERITY).to_numpy(dtype=np.int64)
    severity = np.where(standing, np.minimum(severity, _SIGN_OFF), severity)
    told: list[dict[int, list[tuple[str, str]]]] = [
        {int(level): [(f"kind:{kind}", text if isinstance(text, str) else "")]} if level else {}
        for level, kind, text in zip(severity, sites["kind"], sites["reason"], strict=True)
    ]
    for rule in rules:
        level = _SEVERITY[rule.verdict]
        levels = np.where(standing, min(level, _SIGN_OFF), level)
        for position, reason in _hits(sites, ground, setting, rule).items():
            at = int(levels[position])
            severity[position] = max(int(severity[position]), at)
            told[position].setdefault(at, []).append((rule.rule, reason))
    worst = [there.get(int(level), []) for level, there in zip(severity, told, strict=True)]
    result["verdict"] = [_VERDICTS[level] for level in severity]
    result["rule"] = [_JOIN.join(name for name, _ in some) or None for some in worst]
    result["reason"] = ["; ".join(text for _, text in some if text) or None for some in worst]
    return result.astype({"rule": "str", "reason": "str"})


def not_checked(setting: Setting, rules: tuple[SiteRule, ...]) -> Notes:
    """Return a remark for the rules that no site was held against, by what is lacking."""
    lacking: dict[str, list[str]] = {}
    for rule in rules:
        if rule.test == "manual":
            lacking.setdefault("rules_by_hand", []).append(rule.rule)
        elif np.isnan(rule.number) and rule.test != "parking":
            lacking.setdefault("rules_without_figure", []).append(rule.rule)
        elif rule.test == "layer" and not setting.layers.keys() & set(rule.looks_at):
            lacking.setdefault("rules_without_layer", []).append(rule.rule)
    return [(key, {"count": len(names), "names": names}) for key, names in sorted(lacking.items())]


def near_any(points: Objects, areas: Objects, *, within_m: float) -> Flags:
    """Return which points lie within a distance (m) of any of the areas; 0 is on them."""
    result = np.zeros(len(points), dtype=bool)
    if len(areas):
        near, _ = shapely.STRtree(areas).query(points, predicate="dwithin", distance=within_m)
        result[near] = True
    return result


def _hits(
    sites: gpd.GeoDataFrame, ground: Objects, setting: Setting, rule: SiteRule
) -> dict[int, str]:
    """Return the reason by position of each site that the rule hits."""
    rows = np.flatnonzero(rule.is_for(sites["kind"]))
    if rule.test == "manual" or (np.isnan(rule.number) and rule.test != "parking"):
        return {}
    if rule.test == "parking":
        hit = sites["parking"].isin(rule.looks_at).to_numpy(dtype=bool)
        if rule.unit == "bays":
            hit = hit & (sites["spaces"].to_numpy(dtype=float, na_value=np.nan) > rule.number)
        return dict.fromkeys(rows[hit[rows]].tolist(), rule.reason)
    if rule.test == "layer":
        return _in_layers(sites, rows, setting, rule)
    table = setting.places if rule.test == "place" else setting.landscape
    if table is None:
        return {}
    areas = table.geometry[table["kind"].isin(rule.looks_at)].to_numpy()
    if rule.unit == "share":
        hit = _covered(ground[rows], areas) >= rule.number
    else:
        hit = near_any(sites.geometry.to_numpy()[rows], areas, within_m=rule.number)
    return dict.fromkeys(rows[hit].tolist(), rule.reason)


def _in_layers(
    sites: gpd.GeoDataFrame, rows: NDArray[np.int64], setting: Setting, rule: SiteRule
) -> dict[int, str]:
    """Return the reason with the name of the area for each site in one, or within its metres."""
    points, found = sites.geometry.to_numpy()[rows], {}
    for role in rule.looks_at:
        areas = setting.layers.get(role)
        if areas is None:
            continue
        if rule.unit == "%":
            areas = areas[areas["slope_percent"] > rule.number]
        within_m = 0.0 if rule.unit == "%" else rule.number
        tree = shapely.STRtree(areas.geometry.to_numpy())
        hits = tree.query(points, predicate="dwithin", distance=within_m).T
        names = areas["name"].to_numpy(dtype=object)
        for point, area in sorted(hits.tolist(), reverse=True):
            name = names[area]
            found[int(rows[point])] = f"{rule.reason} ({name})" if name == name else rule.reason  # noqa: PLR0124  # not NaN
    return found


def _covered(ground: Objects, areas: Objects) -> NDArray[np.float64]:
    """Return the share of each ground that the areas cover; a point is on them or not."""
    share = np.zeros(len(ground))
    surfaces = areas[shapely.area(areas) > 0] if len(areas) else areas
    if not len(surfaces):
        return share
    place, area = shapely.STRtree(surfaces).query(ground, predicate="intersects")
    for row in np.unique(place):
        shape = ground[row]
        over = shapely.union_all(surfaces[area[place == row]])
        whole = shape.area
        share[row] = shape.intersection(over).area / whole if whole else 1.0
    return share
