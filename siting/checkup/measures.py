"""What is measured of each stage, taken from the counts; the thresholds stand in a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from siting.checkup.counts import UNCOVERED
from siting.checkup.grades import Measure

if TYPE_CHECKING:
    import pandas as pd

_TOLD_ZONES = 5
_CAPACITY_TAG = "capacity tag"
_SOURCED = ("exact", "rounded")
_CORRIDORS = ("motorway", "trunk")


def measures(
    content: dict[str, Any], *, sites: pd.DataFrame, headroom_kw: pd.Series, edges: pd.DataFrame
) -> dict[str, Measure]:
    """Measure every stage.

    Parameters
    ----------
    content
        The other parts of the report, as :func:`siting.checkup.make_checkup` builds them.
    sites
        ``tables.SITES``.
    headroom_kw
        Free power of the substation that feeds each site; missing is unknown.
    edges
        ``tables.EDGES``.

    Returns
    -------
    dict
        By the names of ``data/check_grades.csv``; what does not apply is not there.
    """
    fresh = sites[~sites["existing_station"] & (sites["verdict"] != "stop")]
    found = {
        **_inputs(content),
        **_people(content),
        **_candidates(content, fresh),
        **_demand(content, edges),
        **_travel(content),
    }
    known = int(headroom_kw[fresh.index].notna().sum())
    found["headroom_known_share"] = Measure(
        known / len(fresh) if known else None, {"count": len(fresh) - known, "of": len(fresh)}
    )
    return found | _parameters(content)


def _inputs(content: dict[str, Any]) -> dict[str, Measure]:
    report, standing, sources = content["map"], content["existing"], content["sources"]
    listed = _state(content, "stations") == "given"
    stands = content["stations_read"]
    known = 1 - standing["chargers_unknown"] / stands if stands else 1.0
    undated = [source["name"] for source in sources if not source["as_of"]]
    return {
        "area_near_road_share": Measure(report["area_near_road_share"]),
        "roads_kept_share": Measure(
            _share(report["km"], report["km_before"]), {"km": report["km_dropped"]}
        ),
        "existing_known_share": Measure(
            known if listed else None, {"count": standing["chargers_unknown"], "of": stands}
        ),
        "sources_dated_share": Measure(
            _share(len(sources) - len(undated), len(sources)), {"count": len(undated)}
        ),
    }


def _people(content: dict[str, Any]) -> dict[str, Measure]:
    zones = [zone for zone in content["zones"] if zone["zone_id"] != UNCOVERED]
    known = [zone for zone in zones if zone["people"] is not None]
    total = sum(zone["people"] for zone in known)
    doubtful = [zone for zone in known if zone["people_quality"] not in _SOURCED]
    doubtful.sort(key=lambda zone: (-zone["people"], zone["zone_id"]))
    guessed = sum(zone["people"] for zone in doubtful)
    unknown = [zone["name"] for zone in zones if zone["people"] is None]
    return {
        "people_sourced_share": Measure(
            1 - guessed / total if total else None,
            {
                "people": guessed,
                "count": len(doubtful),
                "names": [zone["name"] for zone in doubtful[:_TOLD_ZONES]],
            },
        ),
        "zones_counted_share": Measure(
            len(known) / len(zones) if known else None,
            {"count": len(unknown), "names": unknown[:_TOLD_ZONES]},
        ),
    }


def _candidates(content: dict[str, Any], fresh: pd.DataFrame) -> dict[str, Measure]:
    guessed = int((fresh["spaces_source"] != _CAPACITY_TAG).sum())
    called, rules = content["names"], content["rules"]
    open_rules = [rule["rule"] for rule in rules if rule["state"] != "checked"]
    found = {
        "spaces_known_share": Measure(
            _share(len(fresh) - guessed, len(fresh)), {"count": guessed, "of": len(fresh)}
        ),
        "sites_named_share": Measure(
            _share(called["sites"] - called["sites_nameless"], called["sites"]),
            {"count": called["sites_nameless"], "of": called["sites"]},
        ),
        "rules_checked_share": Measure(
            _share(len(rules) - len(open_rules), len(rules)),
            {"count": len(open_rules), "names": open_rules[:_TOLD_ZONES]},
        ),
    }
    rooms = {"stations": "fit", "chargers": "most", "swap_stations": "fit"}
    for total, most in rooms.items():
        room = content["capacity"][total]
        if room["target"] and room["sense"] != "<=":
            told = {"count": room[most], "target": room["target"]}
            found[f"{total}_room_ratio"] = Measure(room[most] / room["target"], told)
    return found


def _demand(content: dict[str, Any], edges: pd.DataFrame) -> dict[str, Measure]:
    by_quality = content["demand"]["by_quality"]
    total = sum(by_quality.values())
    fleets = next(row for row in content["layers"] if row["layer"] == "fleets")
    found = {
        "people_in_place_share": Measure(
            _share(by_quality.get("counted", 0.0), total),
            {"people": total - by_quality.get("counted", 0.0)},
        ),
        "fleets_known_share": Measure(
            fleets["count"] / fleets["of"] if fleets["count"] else None,
            {"count": fleets["of"] - fleets["count"], "of": fleets["of"]},
        ),
    }
    if edges["road_class"].isin(_CORRIDORS).any():
        given = _state(content, "traffic") == "given"
        found["through_traffic_share"] = Measure(1.0 if given else None)
    return found


def _travel(content: dict[str, Any]) -> dict[str, Measure]:
    need, report = content["demand"], content["map"]
    out = need["out_of_reach_share"]
    worst = [zone for zone in content["zones"] if zone["out_of_reach_kwh_day"] > 0]
    worst.sort(key=lambda zone: (-zone["out_of_reach_kwh_day"], zone["zone_id"]))
    told = {
        "kwh_day": need["out_of_reach_kwh_day"],
        "names": [zone["name"] for zone in worst[:_TOLD_ZONES]],
    }
    return {
        "in_reach_share": Measure(None if out is None else 1 - out, told),
        "snap_p95_m": Measure(content["snap_m"]["p95"], {"too_far": content["snap_m"]["too_far"]}),
        "speeds_known_share": Measure(report["share_with_speed_tag"]),
    }


def _parameters(content: dict[str, Any]) -> dict[str, Measure]:
    used = content["parameters"]
    open_ones = [row["parameter"] for row in used if row["state"] == "unverified"]
    told = {"count": len(open_ones), "of": len(used)}
    return {
        "parameters_sourced_share": Measure(_share(len(used) - len(open_ones), len(used)), told)
    }


def _state(content: dict[str, Any], layer: str) -> str:
    return next(str(row["state"]) for row in content["layers"] if row["layer"] == layer)


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None
