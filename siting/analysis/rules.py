"""Rules of the setting: what stops a site and what needs an expert's sign-off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from siting.analysis.site_kinds import SiteRule

    Flags = NDArray[np.bool_]
    Objects = NDArray[np.object_]

_SEVERITY = {"ok": 0, "sign_off": 1, "stop": 2}
_VERDICTS = tuple(_SEVERITY)


def judge(
    sites: gpd.GeoDataFrame, places: gpd.GeoDataFrame, rules: tuple[SiteRule, ...]
) -> gpd.GeoDataFrame:
    """Return the sites with the worst verdict of their kind and their setting.

    A station that stands already is never stopped: a rule that would stop it asks for a
    sign-off instead.

    Parameters
    ----------
    sites
        Columns ``verdict``, ``reason``, ``parking``, ``existing_station``,
        ``existing_swap`` and points.
    places
        ``tables.PLACES`` of the same CRS, all kinds.
    rules
        Result of ``check_site_rules``.

    Returns
    -------
    GeoDataFrame
        The sites with ``verdict`` and ``reason`` (the reasons of the worst verdict,
        joined) set; nothing is taken out.
    """
    result = sites.copy()
    standing = (sites["existing_station"] | sites["existing_swap"]).to_numpy(dtype=bool)
    severity = sites["verdict"].map(_SEVERITY).to_numpy(dtype=np.int64)
    severity = np.where(standing, np.minimum(severity, 1), severity)
    reasons: list[dict[int, list[str]]] = [
        {int(level): [text]} if isinstance(text, str) else {}
        for level, text in zip(severity, sites["reason"], strict=True)
    ]
    for rule in rules:
        level = _SEVERITY[rule.verdict]
        hit = _hits(sites, places, rule)
        levels = np.where(standing, min(level, 1), level)
        severity = np.where(hit, np.maximum(severity, levels), severity)
        for position in np.flatnonzero(hit):
            reasons[position].setdefault(int(levels[position]), []).append(rule.reason)
    result["verdict"] = [_VERDICTS[level] for level in severity]
    result["reason"] = [
        "; ".join(texts[level]) if level in texts else None
        for level, texts in zip(severity, reasons, strict=True)
    ]
    result["reason"] = result["reason"].astype("str")
    return result


def near_any(points: Objects, areas: Objects, *, within_m: float) -> Flags:
    """Return which points lie within a distance (m) of any of the areas; 0 is on them."""
    result = np.zeros(len(points), dtype=bool)
    if len(areas):
        near, _ = shapely.STRtree(areas).query(points, predicate="dwithin", distance=within_m)
        result[near] = True
    return result


def _hits(sites: gpd.GeoDataFrame, places: gpd.GeoDataFrame, rule: SiteRule) -> Flags:
    if rule.test == "parking":
        return sites["parking"].isin(rule.values).to_numpy(dtype=bool)
    areas = places.geometry[places["kind"].isin(rule.values)].to_numpy()
    return near_any(sites.geometry.to_numpy(), areas, within_m=rule.within_m)
