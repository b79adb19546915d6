"""The hydrogen stations of a plan, counted again; used by :mod:`siting.audit.recount`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siting.audit.ground import FORGIVEN, near_pairs
from siting.tables.facilities import HYDROGEN

if TYPE_CHECKING:
    from collections.abc import Iterator

    import geopandas as gpd

    from siting.plan.plan import Plan

_METRE_SLACK = 1e-6


def hydrogen_stations_are_as_asked(plan: Plan) -> Iterator[str]:
    """Count the hydrogen stations, their kinds, their verdicts and their distances."""
    block, table = plan.scenario.get("hydrogen"), plan.hydrogen_sites
    if (block is None) != (table is None):
        yield "hydrogen stations stand, but none are asked for, or the other way round"
    if block is None or table is None:
        return
    count = len(table)
    short = count < block["stations"] and block["sense"] != "at_most"
    if short or (count > block["stations"] and block["sense"] != "at_least"):
        yield f"{count} hydrogen stations counted, {block['stations']} asked for"
    if plan.totals.get(HYDROGEN.total, count) != count:
        yield f"{count} hydrogen stations counted, the totals say otherwise"
    if table["site_id"].duplicated().any():
        yield "a hydrogen station stands twice"
    yield from _places_fit(plan, table, block)
    ids, spacing_m = table["site_id"].to_numpy(), HYDROGEN.spacing_m(plan.scenario)
    for (one, other), away in zip(*near_pairs(table, spacing_m), strict=True):
        if away < spacing_m * (1 - FORGIVEN) - _METRE_SLACK:
            yield f"{ids[one]} and {ids[other]} are {away:.0f} m apart"


def _places_fit(plan: Plan, table: gpd.GeoDataFrame, block: dict[str, Any]) -> Iterator[str]:
    """Let each stand on a candidate of an eligible kind that nothing stops, for sign-off."""
    there = plan.candidates.set_index("site_id")
    banned = plan.scenario.get("model", {}).get("banned", ())
    for site, verdict in zip(table["site_id"], table["verdict"], strict=True):
        if site not in there.index:
            yield f"{site} is no candidate"
            continue
        if there.loc[site, "kind"] not in block["kinds"]:
            yield f"{site} is of a kind that may have none"
        if there.loc[site, "verdict"] == "stop" or site in banned:
            yield f"{site} is stopped or banned, yet chosen"
        if verdict != "sign_off":
            yield f"{site} is not marked for sign-off"
