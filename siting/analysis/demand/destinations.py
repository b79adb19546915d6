"""Where people charge away from home: at work, at shops, at other places visited.

The energy of a kind is pooled. A share of it stays in the zone of the home and lies on that
zone's places; the rest, and what a zone has no place for, is one pool over the whole area.
In a pool each place has a part by ``spaces * weight`` of its kind of site.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import shapely

from siting.analysis.candidates.merging import with_whole_service_areas
from siting.analysis.candidates.site_kinds import kind_by_place
from siting.analysis.candidates.spaces import estimate_spaces
from siting.analysis.zoning import zone_ids
from siting.tables.access import OTHER_USES

if TYPE_CHECKING:
    import geopandas as gpd

ESTIMATED = "estimated"
"""Quality of demand away from home: drawn from people who live elsewhere."""

RETAIL = "retail"
"""Kind of site that draws charging at shops; of the others, the visit weight counts."""


def drawing_places(
    places: gpd.GeoDataFrame, zones: gpd.GeoDataFrame, kinds: pd.DataFrame
) -> pd.DataFrame:
    """Return the places in the zones that are a kind of site for cars, with what they draw.

    Returns
    -------
    DataFrame
        ``kind`` (of site), ``zone_id``, ``point``, ``spaces`` and the pull on ``work``,
        ``retail`` and ``visit``; sorted by place.
    """
    whole, _ = with_whole_service_areas(places, kinds)
    whole = whole[~whole["access"].isin(OTHER_USES).to_numpy(dtype=bool)]
    fed = whole.assign(kind=whole["kind"].map(kind_by_place(kinds)))
    fed = fed[fed["kind"].notna()].sort_values("place_id", ignore_index=True)
    fed = fed.join(estimate_spaces(fed, kinds))
    points = shapely.point_on_surface(fed.geometry.to_numpy())
    fed = fed.assign(point=points, zone_id=zone_ids(points, zones))
    fed = fed[fed["zone_id"].notna()].reset_index(drop=True)
    spaces = fed["spaces"].fillna(_typical(fed)).astype(float)
    visit = spaces * fed["kind"].map(kinds["visit_weight"]).astype(float)
    shop = (fed["kind"] == RETAIL).to_numpy(dtype=bool)
    return pd.DataFrame(
        {
            "kind": fed["kind"],
            "zone_id": fed["zone_id"],
            "point": fed["point"],
            "spaces": spaces,
            "work": spaces * fed["kind"].map(kinds["work_weight"]).astype(float),
            "retail": visit.where(shop, 0.0),
            "visit": visit.where(~shop, 0.0),
        }
    )


def pool_parts(
    places: pd.DataFrame, kind: str, kwh_day: pd.Series, *, local_share: float
) -> pd.DataFrame:
    """Share the energy of one kind over its places.

    Parameters
    ----------
    places
        Result of :func:`drawing_places`.
    kind
        ``work``, ``retail`` or ``visit``.
    kwh_day
        Energy of the kind by the zone of the home.
    local_share
        Share of it that stays in that zone, where it has a place of the kind.

    Returns
    -------
    DataFrame
        ``kind``, ``zone_id``, ``point``, ``kwh_day``, ``quality``; the energy sums to that
        given. Empty if there is no place of the kind.
    """
    drawn = places[places[kind] > 0]
    pull = drawn[kind].to_numpy(dtype=float)
    by_zone = drawn.groupby("zone_id")[kind].transform("sum").to_numpy(dtype=float)
    local = kwh_day[kwh_day.index.isin(drawn["zone_id"])] * local_share
    near = drawn["zone_id"].map(local).fillna(0.0).to_numpy(dtype=float) * pull / by_zone
    far = float(kwh_day.sum()) - float(local.sum())
    energy = near + far * pull / pull.sum() if len(pull) else near
    return drawn[["zone_id", "point"]].assign(kind=kind, kwh_day=energy, quality=ESTIMATED)


def _typical(fed: pd.DataFrame) -> pd.Series:
    """Return the lower quartile of spaces of the same kind, for a place of unknown size.

    A place mapped as a point is mostly a small one; where no size of the kind is known, it
    counts like one space.
    """
    quartile = fed.groupby("kind")["spaces"].quantile(0.25)
    return fed["kind"].map(quartile).fillna(1.0)
