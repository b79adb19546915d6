"""What is measured of each stage, a grade for it, and the three things that would help most.

The thresholds stand in ``data/check_grades.csv``; they are proposals. A measure is ``good`` at its
first threshold, ``usable`` at its second, else ``weak``, and ``missing`` where there is nothing to
measure. A stage is as good as its worst measure, where a missing one counts as weak; a stage of
which nothing can be measured is missing itself.

What would help most is the measure with the largest ``shortfall * pull``: how far it is from good
(0 to 1; 1 where it is missing), times how much of a plan depends on it (0 to 1, from the table).
Before these come the real troubles: what was measured and is worse than the ``trouble`` of its row,
so that no plan, or only a part of one, can come of it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from siting.checkup.findings import UNCOVERED, Advice, Graded, Measure, Stage
from siting.tables import Column, Table, check

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from siting.checkup.findings import Checkup


GRADES = ("good", "usable", "weak", "missing")
"""Best first."""

STAGES = ("inputs", "people", "candidates", "demand", "travel", "power", "parameters")
_HELPFUL = 3
_DIGITS = 4

CHECK_GRADES = Table(
    "check_grades",
    "data/check_grades.csv",
    (
        Column("measure", "str", "what is measured", unique=True),
        Column("stage", "str", "stage it belongs to", choices=STAGES),
        Column("unit", "str", "share, ratio or m", choices=("share", "ratio", "m")),
        Column("better", "str", "whether more or less of it is better", choices=("up", "down")),
        Column("good", "float", "from here on it is good", low=0),
        Column("usable", "float", "from here on it is usable", low=0),
        Column("pull", "float", "how much of a plan hangs on it", low=0, high=1),
        Column(
            "trouble",
            "float",
            "worse than this it is what ails the plan; empty: never",
            nullable=True,
            low=0,
        ),
        Column("reason_zh", "str", "why it matters, in Chinese"),
        Column("reason_en", "str", "the same in English"),
        Column("source", "str", "where the thresholds come from"),
        Column("mark", "str", "V verified, v weak, D derived, U unverified, P proposal"),
    ),
)


def grade_of(value: float | None, row: Mapping[Any, Any]) -> str:
    """Return the grade of one measure by its row of the table.

    Examples
    --------
    >>> row = {"better": "up", "good": 0.9, "usable": 0.5}
    >>> [grade_of(value, row) for value in (0.9, 0.5, 0.2, None)]
    ['good', 'usable', 'weak', 'missing']
    """
    if value is None:
        return "missing"
    sign = 1 if row["better"] == "up" else -1
    if sign * value >= sign * row["good"]:
        return "good"
    return "usable" if sign * value >= sign * row["usable"] else "weak"


def shortfall_of(value: float | None, row: Mapping[Any, Any]) -> float:
    """Return how far a measure is from good, 0 to 1.

    ``(good - value) / good`` where more is better, ``(value - good) / value`` where less is.

    Examples
    --------
    >>> shortfall_of(150.0, {"better": "down", "good": 75.0})
    0.5
    """
    if value is None:
        return 1.0
    good = float(row["good"])
    if row["better"] == "up":
        return min(max(1 - value / good, 0.0), 1.0) if good > 0 else 0.0
    return 1 - good / value if value > good else 0.0


def graded(measures: Mapping[str, Measure], table: pd.DataFrame) -> tuple[Stage, ...]:
    """Return the stages in their order, each with its grade and its measures.

    Parameters
    ----------
    measures
        What was measured, by name. One that is not there does not apply to the scenario.
    table
        ``data/check_grades.csv``.

    Raises
    ------
    TableError
        If the table breaks its contract.
    """
    check(table, CHECK_GRADES)
    rows = [row for row in table.to_dict("records") if row["measure"] in measures]
    result = []
    for stage in STAGES:
        own = tuple(
            _measured(measures[row["measure"]], row) for row in rows if row["stage"] == stage
        )
        result.append(Stage(stage, _stage_grade(own), own))
    return tuple(result)


def advice(stages: tuple[Stage, ...]) -> tuple[Advice, ...]:
    """Return the three things that would help most: real troubles first, then by weight.

    Fewer than three where fewer fall short of good; ``weight`` is ``shortfall * pull``.

    Parameters
    ----------
    stages
        Result of :func:`graded`.
    """
    short = [
        Advice(
            one.measure, stage.stage, one.grade, one.shortfall, one.pull,
            weight=round(one.shortfall * one.pull, _DIGITS), told=one.told, trouble=one.in_trouble,
        )
        for stage in stages
        for one in stage.measures
        if one.grade != GRADES[0]
    ]  # fmt: skip
    short.sort(key=lambda one: (not one.trouble, -one.weight, one.measure))
    return tuple(short[:_HELPFUL])


def in_trouble(value: float | None, row: Mapping[Any, Any]) -> bool:
    """Tell whether a measured value is worse than the trouble of its row.

    Examples
    --------
    >>> row = {"better": "up", "trouble": 0.9}
    >>> [in_trouble(value, row) for value in (0.95, 0.47, None)]
    [False, True, False]
    """
    if value is None or math.isnan(row["trouble"]):
        return False
    sign = 1 if row["better"] == "up" else -1
    return bool(sign * value < sign * row["trouble"])


def _stage_grade(measures: tuple[Graded, ...]) -> str:
    found = {one.grade for one in measures}
    if found <= {"missing"}:
        return "missing"
    if "missing" in found:
        return "weak"
    return max(found, key=GRADES.index)


def _measured(measure: Measure, row: Mapping[Any, Any]) -> Graded:
    value = measure.value
    if value is not None and not math.isfinite(value):
        value = None
    return Graded(
        measure=row["measure"],
        value=None if value is None else round(float(value), _DIGITS),
        unit=row["unit"],
        better=row["better"],
        good=float(row["good"]),
        usable=float(row["usable"]),
        grade=grade_of(value, row),
        shortfall=round(shortfall_of(value, row), _DIGITS),
        pull=float(row["pull"]),
        in_trouble=in_trouble(value, row),
        reason_zh=row["reason_zh"],
        reason_en=row["reason_en"],
        mark=row["mark"],
        told=measure.told,
    )


_TOLD_ZONES = 5
_CAPACITY_TAG = "capacity tag"
_SOURCED = ("exact", "rounded")
_CORRIDORS = ("motorway", "trunk")


def measures(
    counted: Checkup, *, sites: pd.DataFrame, headroom_kw: pd.Series, edges: pd.DataFrame
) -> dict[str, Measure]:
    """Measure every stage.

    Parameters
    ----------
    counted
        What was counted.
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
    measured = {
        **_inputs(counted),
        **_people(counted),
        **_candidates(counted, fresh),
        **_demand(counted, edges),
        **_travel(counted),
    }
    known = int(headroom_kw[fresh.index].notna().sum())
    measured["headroom_known_share"] = Measure(
        known / len(fresh) if known else None, {"count": len(fresh) - known, "of": len(fresh)}
    )
    return measured | _parameters(counted)


def _inputs(counted: Checkup) -> dict[str, Measure]:
    report, standing, sources = counted.map, counted.existing, counted.sources
    listed = _state(counted, "stations") == "given"
    stands = counted.stations_read
    known = 1 - standing.chargers_unknown / stands if stands else 1.0
    undated = [source.name for source in sources if not source.as_of]
    bare = counted.ground_without_people()
    return {
        "area_near_road_share": Measure(report.area_near_road_share),
        "area_in_zones_share": Measure(1 - bare, {"share": bare}),
        "roads_kept_share": Measure(
            _share(report.km, report.km if report.km_before is None else report.km_before),
            {"km": report.km_dropped},
        ),
        "existing_known_share": Measure(
            known if listed else None, {"count": standing.chargers_unknown, "of": stands}
        ),
        "sources_dated_share": Measure(
            _share(len(sources) - len(undated), len(sources)), {"count": len(undated)}
        ),
    }


def _people(counted: Checkup) -> dict[str, Measure]:
    every = counted.zones
    zones = [zone for zone in every if zone.zone_id != UNCOVERED] or list(every)
    known = [zone for zone in zones if zone.people is not None]
    total = sum(zone.people or 0.0 for zone in known)
    doubtful = [zone for zone in known if zone.people_quality not in _SOURCED]
    doubtful.sort(key=lambda zone: (-(zone.people or 0.0), zone.zone_id))
    guessed = sum(zone.people or 0.0 for zone in doubtful)
    unknown = [zone.name for zone in zones if zone.people is None]
    homeless, names = counted.unhoused()
    return {
        "people_housed_share": Measure(
            1 - homeless / total if total else None, {"people": homeless, "names": names}
        ),
        "people_sourced_share": Measure(
            1 - guessed / total if total else None,
            {
                "people": guessed,
                "count": len(doubtful),
                "names": [zone.name for zone in doubtful[:_TOLD_ZONES]],
            },
        ),
        "zones_counted_share": Measure(
            _share(len(known), len(zones)),
            {"count": len(unknown), "names": unknown[:_TOLD_ZONES]},
        ),
    }


def _candidates(counted: Checkup, fresh: pd.DataFrame) -> dict[str, Measure]:
    guessed = int((fresh["spaces_source"] != _CAPACITY_TAG).sum())
    called, rules = counted.names, counted.rules
    open_rules = [rule.rule for rule in rules if rule.state != "checked"]
    found = {
        "spaces_known_share": Measure(
            _share(len(fresh) - guessed, len(fresh)), {"count": guessed, "of": len(fresh)}
        ),
        "sites_named_share": Measure(
            _share(called.sites - called.sites_nameless, called.sites),
            {"count": called.sites_nameless, "of": called.sites},
        ),
        "rules_checked_share": Measure(
            _share(len(rules) - len(open_rules), len(rules)),
            {"count": len(open_rules), "names": open_rules[:_TOLD_ZONES]},
        ),
    }
    for total, room in counted.capacity.items():
        if room.target and room.sense != "<=":
            told = {
                "target": room.target,
                "count": (room.most if room.fit is None else room.fit) or 0,
            }
            if room.sites is not None:
                told["sites"] = room.sites
            found[f"{total}_room_ratio"] = Measure(told["count"] / room.target, told)
    return found


def _demand(counted: Checkup, edges: pd.DataFrame) -> dict[str, Measure]:
    by_quality = counted.demand.by_quality
    total = sum(by_quality.values())
    fleets = next(row for row in counted.layers if row.layer == "fleets")
    known, of = fleets.count or 0, fleets.of or 0
    found = {
        "people_in_place_share": Measure(
            _share(by_quality.get("counted", 0.0), total),
            {"people": total - by_quality.get("counted", 0.0)},
        ),
        "fleets_known_share": Measure(
            known / of if known else None, {"count": of - known, "of": of}
        ),
    }
    if edges["road_class"].isin(_CORRIDORS).any():
        given = _state(counted, "traffic") == "given"
        found["through_traffic_share"] = Measure(1.0 if given else None)
    return found


def _travel(counted: Checkup) -> dict[str, Measure]:
    need, report = counted.demand, counted.map
    out = need.out_of_reach_share
    worst = [zone for zone in counted.zones if zone.out_of_reach_kwh_day > 0]
    worst.sort(key=lambda zone: (-zone.out_of_reach_kwh_day, zone.zone_id))
    told = {
        "kwh_day": need.out_of_reach_kwh_day,
        "names": [zone.name for zone in worst[:_TOLD_ZONES]],
    }
    return {
        "in_reach_share": Measure(None if out is None else 1 - out, told),
        "snap_p95_m": Measure(counted.snap_m.p95, {"too_far": counted.snap_m.too_far}),
        "speeds_known_share": Measure(report.share_with_speed_tag),
    }


def _parameters(counted: Checkup) -> dict[str, Measure]:
    used = counted.parameters
    open_ones = [row.parameter for row in used if row.state == "unverified"]
    told = {"count": len(open_ones), "of": len(used)}
    return {
        "parameters_sourced_share": Measure(_share(len(used) - len(open_ones), len(used)), told)
    }


def _state(counted: Checkup, layer: str) -> str:
    return next(row.state for row in counted.layers if row.layer == layer)


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None
