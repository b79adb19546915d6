"""What a reader must be told of the map: remarks, and which filter emptied a layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siting.errors import EmptyLayerError

if TYPE_CHECKING:
    from pathlib import Path

    from siting.inputs.provenance import Provenance

_NOTED_SHARE = 0.995


def no_roads(path: Path, counts: dict[str, int]) -> EmptyLayerError:
    """Return the error for an area without a drivable road."""
    return EmptyLayerError(
        f"no drivable road lies in the area: the filter 'area' left 0 of "
        f"{counts['ways_drivable']} drivable ways",
        where=str(path),
        cure="check that the extract and the area are the same place (lon, lat; the datum)",
    )


def no_places(report: dict[str, Any], source: Provenance) -> EmptyLayerError:
    """Return the error for an area without places, naming the filter that emptied it."""
    tagged, built = report.get("elements_tagged", 0), report.get("places_read", 0)
    if not tagged:
        step = "the filter 'place_kinds' (tags of data/place_kinds.csv) left 0 elements"
    elif not built:
        step = f"the filter 'area' (a box around it) left 0 places of {tagged} tagged elements"
    else:
        step = f"the filter 'area' left 0 of {built} places"
    return EmptyLayerError(
        f"no place is left to make a candidate of: {step}",
        where=f"places of {source.origin}",
        cure="use an extract with all features, not one of roads only; see inputs.place_kinds",
    )


def map_notes(report: dict[str, Any], source: Provenance) -> tuple[tuple[str, dict[str, Any]], ...]:
    """Turn the report's figures that a reader must know into remarks."""
    notes: list[tuple[str, dict[str, Any]]] = [
        (
            "roads_dropped",
            {
                "junctions": report["junctions_before"] - report["junctions"],
                "of": report["junctions_before"],
                "km": report["km_dropped"],
                "components": report["components_strong"],
            },
        )
    ]
    if report["share_with_speed_tag"] < 1:
        notes.append(("speeds_by_class", {"share": 1 - report["share_with_speed_tag"]}))
    if report["places_outside"]:
        notes.append(("places_outside", {"count": report["places_outside"]}))
    if report.get("admin_nameless"):  # a pack of an earlier version does not know
        notes.append(("admin_nameless", {"count": report["admin_nameless"]}))
    if report["ways_incomplete"] + report["ways_without_nodes"]:
        count = report["ways_incomplete"] + report["ways_without_nodes"]
        notes.append(("ways_incomplete", {"count": count}))
    if min(report["area_in_hull_share"], report["area_near_road_share"]) < _NOTED_SHARE:
        notes.append(
            (
                "area_partly_covered",
                {"in_hull": report["area_in_hull_share"], "near": report["area_near_road_share"]},
            )
        )
    if not source.as_of:
        notes.append(("osm_undated", {"origin": source.origin}))
    return tuple(notes)
