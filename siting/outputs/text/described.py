"""Places of a plan with words for their codes: what workbook, layers and files share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from siting import geo

if TYPE_CHECKING:
    import geopandas as gpd

    from siting.notes import Say
    from siting.plan.plan import Plan


_LONLAT_DECIMALS = 6


def described(plan: Plan, frame: gpd.GeoDataFrame, say: Say) -> pd.DataFrame:
    """Return the places of a plan with words for their codes and degrees for their geometry.

    Parameters
    ----------
    plan
        The plan.
    frame
        ``plan.sites`` or ``plan.swap_sites``.
    say
        Words in the language wanted.

    Returns
    -------
    DataFrame
        The columns of the frame without its geometry, and ``lon``, ``lat`` (WGS-84),
        ``zone_name``, ``kind_name``, ``state``, ``new_chargers``, ``verdict_name`` where they
        apply; sorted by site_id.
    """
    degrees = frame.geometry.to_crs(geo.WGS84)
    table = pd.DataFrame(frame.drop(columns=frame.geometry.name)).assign(
        lon=degrees.x.round(_LONLAT_DECIMALS),
        lat=degrees.y.round(_LONLAT_DECIMALS),
        zone_name=frame["zone_id"].map(plan.zones.set_index("zone_id")["name"]),
        kind_name=[say(f"kind.{kind}") for kind in frame["kind"]],
        state=[say("handout.new" if new else "handout.existing") for new in frame["is_new"]],
    )
    if "chargers" in table.columns:
        table["new_chargers"] = table["chargers"] - table["existing_chargers"]
    if "verdict" in table.columns:
        table["verdict_name"] = [say(f"verdict.{verdict}") for verdict in table["verdict"]]
    return table.sort_values("site_id", kind="stable")
