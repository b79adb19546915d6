"""A plan as the data of its web map: columns of points, lines, areas and names.

Texts that repeat (kinds, zones, reasons) are written once and told by number, which keeps a
map of 550 stations and 4,500 candidates small enough to send by mail.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from siting.outputs.map import shapes
from siting.outputs.map.coverage import charging_reach, coverage_data, near_people
from siting.outputs.map.shapes import STATION_NAMES_FROM, map_labels
from siting.outputs.map.views import year_columns, year_data
from siting.outputs.paper.bodies import all_bodies
from siting.outputs.text.plan_lines import class_names, class_text

if TYPE_CHECKING:
    from collections.abc import Callable

    import geopandas as gpd

    from siting.notes import Say
    from siting.plan.plan import Plan

_TEN_THOUSAND = 1e4

# columns of the page's tables: name in the plan, digits after the point; None is a text,
# and "" marks a text told by number from a list
_POINTS: dict[str, int | str | None] = {
    "name": None, "site_id": None, "kind": "", "zone": "", "verdict": "", "reason": "",
    "owner": "", "limits": "", "state": "", "chosen": "", "spaces": 0, "chargers": 0,
    "existing_chargers": 0, "power_kw": 0, "load_kwh_day": 0, "utilisation_percent": 0, "score": 2,
    "classes": "", "cost": None, "kva": 0, "wait_min": 1, "wait_over_percent": 0,
    "chargers_needed": 0, "opens": 0, "by_year": "", "pool": "",
}  # fmt: skip
_STATION_COLUMNS = (
    "name", "site_id", "kind", "zone", "verdict", "reason", "owner", "state", "spaces",
    "chargers", "existing_chargers", "classes", "power_kw", "kva", "load_kwh_day",
    "utilisation_percent", "wait_min", "wait_over_percent", "chargers_needed", "cost", "score",
    "opens", "by_year", "pool",
)  # fmt: skip
_SWAP_COLUMNS = (
    "name", "site_id", "kind", "zone", "state", "power_kw", "kva", "cost", "opens",
)  # fmt: skip
_HYDROGEN_COLUMNS = ("name", "site_id", "kind", "zone", "verdict")
_CANDIDATE_COLUMNS = (
    "name", "site_id", "kind", "zone", "verdict", "reason", "owner", "limits", "chosen",
    "spaces", "score", "pool",
)  # fmt: skip
_STOPPED_COLUMNS = (
    "name", "site_id", "kind", "zone", "verdict", "reason", "owner", "spaces", "pool",
)  # fmt: skip
_OPTIONAL = frozenset({"opens", "by_year", "pool"})  # not every plan has them


class MapData:
    """Builds the page's data from a plan.

    Parameters
    ----------
    plan
        The plan, its geometries in ``plan.crs``.
    say
        Words in the language of the map.
    language
        That language; English zone names are used where the plan has them.
    gcj02
        Shift the drawn copy from WGS-84 to GCJ-02.
    """

    def __init__(self, plan: Plan, *, say: Say, language: str, gcj02: bool = False) -> None:
        self._plan = plan
        self._say = say
        self._to = shapes.Degrees(plan.crs, gcj02=gcj02)
        self._true = shapes.Degrees(plan.crs) if gcj02 else self._to
        self._lookups: dict[str, list[str]] = {}
        names = plan.zones["name"]
        if language == "en":
            names = plan.zones["name_en"].fillna(names)
        self._zone_names = dict(zip(plan.zones["zone_id"], names, strict=True))
        self._thin_zones = shapes.thin_zones(plan.zones)
        self._reach = charging_reach(plan)
        self._bodies = {body.name_zh: body.name(language) for body in all_bodies(plan)}

    @property
    def kinds(self) -> list[str]:
        """Kinds of the candidate sites, in the order the page numbers them."""
        plan = self._plan
        tables = (plan.candidates, plan.sites, plan.swap_sites)
        return sorted({kind for table in tables for kind in table["kind"]})

    def content(self) -> dict[str, Any]:
        """Return everything that is drawn, as JSON types."""
        plan = self._plan
        outline = shapes.outline(self._thin_zones)
        west, south, east, north = shapely.total_bounds(self._to([outline])).tolist()
        return {
            "stations": self._points(plan.sites, _STATION_COLUMNS),
            "swaps": self._points(plan.swap_sites, _SWAP_COLUMNS),
            **self._hydrogen(),
            **self._candidates(),
            **year_data(plan, self._say),
            "coverage": coverage_data(plan, self._to),
            "zones": self._zones(),
            "outline": shapes.area_rings([outline], self._to, thin_m=0),
            "borders": shapes.line_paths(
                [shapes.borders(self._thin_zones, outline)], self._to, thin_m=0
            ),
            "roads": shapes.road_lines(plan.roads, self._to),
            "landscape": shapes.landscape_parts(plan.landscape, self._to),
            "labels": map_labels(plan, self._thin_zones, self._zone_names, self._to),
            "lookups": self._lookups,
            "bounds": [[south, west], [north, east]],
            "shift": self._shift(outline),
            "stationNamesFrom": STATION_NAMES_FROM,
        }

    def _shift(self, outline: Any) -> list[float]:  # noqa: ANN401  # a polygon or several
        """Return degrees north and east from WGS-84 to what is drawn, at the middle."""
        drawn, true = (shapely.get_coordinates(to([outline.centroid]))[0]
                       for to in (self._to, self._true))  # fmt: skip
        east, north = (drawn - true).round(5).tolist()
        return [north, east]

    def _hydrogen(self) -> dict[str, Any]:
        sites = self._plan.hydrogen_sites
        return {} if sites is None else {"hydrogen": self._points(sites, _HYDROGEN_COLUMNS)}

    def _candidates(self) -> dict[str, Any]:
        """Return the sites that may be built on, and apart from them those a rule stops."""
        every = self._plan.candidates
        stopped = every[every["verdict"] == "stop"]
        table = self._points(every.drop(index=stopped.index), _CANDIDATE_COLUMNS)
        signed = every["verdict"].drop(index=stopped.index) == "sign_off"
        table["sign_off"] = signed.astype(int).tolist()
        more = {"stopped": self._points(stopped, _STOPPED_COLUMNS)} if len(stopped) else {}
        return {"candidates": table, **more}

    def _points(self, frame: gpd.GeoDataFrame, columns: tuple[str, ...]) -> dict[str, Any]:
        lon, lat = shapes.lonlat(frame.geometry, self._to)
        table: dict[str, Any] = {"lon": lon, "lat": lat}
        if self._to is not self._true:  # drawn in GCJ-02, told in WGS-84
            table["true_lon"], table["true_lat"] = shapes.lonlat(frame.geometry, self._true)
        if "is_new" in frame.columns:
            table["new"] = frame["is_new"].astype(int).tolist()
        readable = self._readable(frame)
        for name in columns:
            if name in _OPTIONAL and name not in readable:
                continue
            how = _POINTS[name]
            if how == "":
                table[name] = self._told_by_number(name, readable[name])
            elif how is None:
                table[name] = _texts(readable[name])
            else:
                table[name] = _numbers(readable[name], int(how))
        return table

    def _readable(self, frame: gpd.GeoDataFrame) -> dict[str, pd.Series]:
        """Return the frame's columns with words in place of its keys."""
        say, columns = self._say, dict(frame.items()) | year_columns(self._plan, frame)
        columns["zone"] = frame["zone_id"].map(self._zone_names)
        tell: dict[str, Callable[[Any], str]] = {
            "kind": lambda kind: say(f"kind.{kind}"),
            "owner": lambda name: self._bodies.get(name, name),
            "pool": lambda key: say(f"pool.{key}"),
            "chosen": lambda chosen: say("fact.yes" if chosen else "fact.no"),
            "verdict": lambda key: say(f"verdict.{key}"),
        }
        columns |= {name: frame[name].map(how) for name, how in tell.items() if name in columns}
        if "is_new" in columns:
            words = {True: say("fact.state_new"), False: say("fact.state_existing")}
            columns["state"] = frame["is_new"].map(words)
        if "phase" in columns:
            # no language writes a year with a comma, or as 2024.0
            opens = frame["phase"].map(lambda year: say("fact.state_year", year=f"{year:.0f}"))
            columns["state"] = columns["state"].where(frame["phase"].isna(), opens)
        if "verdict" in columns and "min_chargers" in columns:
            columns["limits"] = (
                frame["min_chargers"].astype(str) + "–" + frame["max_chargers"].astype(str)
            )
        if "utilisation" in columns:
            columns["utilisation_percent"] = frame["utilisation"] * 100
            columns["wait_over_percent"] = frame["wait_over_promise_share"] * 100
            columns["classes"] = self._classes(frame)
        if "cost_cny" in columns:
            columns["cost"] = frame[["cost_cny", "cost_low_cny", "cost_high_cny"]].apply(
                self._cost, axis=1
            )
        return columns

    def _classes(self, frame: gpd.GeoDataFrame) -> pd.Series:
        names = [name for name in class_names(self._plan) if f"chargers_{name}" in frame.columns]
        counts = frame[[f"chargers_{name}" for name in names]].itertuples(index=False)
        texts = [class_text(dict(zip(names, row, strict=True)), self._say) for row in counts]
        return pd.Series(texts, index=frame.index, dtype=object)

    def _cost(self, row: pd.Series) -> str:
        if not row["cost_high_cny"] > 0:
            return self._say("fact.cost_none")
        base, low, high = (row[name] / _TEN_THOUSAND for name in row.index)
        return self._say("fact.cost_text", base=base, low=low, high=high)

    def _told_by_number(self, name: str, texts: pd.Series) -> list[int | None]:
        if name == "kind" and "kind" not in self._lookups:
            self._lookups["kind"] = [self._say(f"kind.{kind}") for kind in self.kinds]
        known = self._lookups.setdefault(name, [])
        at = {text: position for position, text in enumerate(known)}
        numbers: list[int | None] = []
        for text in _texts(texts):
            if text is None:
                numbers.append(None)
                continue
            if text not in at:
                at[text] = len(known)
                known.append(text)
            numbers.append(at[text])
        return numbers

    def _zones(self) -> dict[str, Any]:
        zones, say = self._plan.zones, self._say
        self._lookups["zone_kind"] = []
        kinds = zones["kind"].map(lambda kind: say(f"zone.{kind}"))
        aliases = zip(*(_texts(zones[key]) for key in ("zone_id", "name", "name_en")), strict=True)
        served, asked = zones["served_kwh_day"], zones["demand_kwh_day"] > 0
        quality = zones["population_quality"].map(lambda key: say(f"quality.{key}"))
        return {
            "shape": [shapes.area_rings([shape], self._to, thin_m=0) for shape in self._thin_zones],
            "name": [self._zone_names[zone] for zone in zones["zone_id"]],
            # searched beside the name: the other language, and the id
            "alias": [" ".join(filter(None, row)) for row in aliases],
            "kind": self._told_by_number("zone_kind", kinds),
            "managed_by": _texts(zones["managed_by"]),
            "population": _numbers(zones["population"], 0),
            "quality": _texts(quality),
            "stations": _numbers(zones["stations"], 0),
            "chargers": _numbers(zones["chargers"], 0),
            "swap_stations": _numbers(zones["swap_stations"], 0),
            "demand_kwh_day": _numbers(zones["demand_kwh_day"], 0),
            "served_kwh_day": _numbers(zones["served_kwh_day"], 0),
            "served_percent": _numbers(served / zones["demand_kwh_day"].where(asked) * 100, 1),
            "near": [self._near(zone) for zone in zones["zone_id"]],
        }

    def _near(self, zone_id: str) -> str | None:
        shares = near_people(self._plan, self._reach, zone_id)
        if shares is None:
            return None
        return self._say("fact.near_text", before=shares[0], after=shares[1])


def _texts(values: pd.Series) -> list[str | None]:
    return [None if pd.isna(value) or not str(value).strip() else str(value) for value in values]


def _numbers(values: pd.Series, digits: int) -> list[float | int | None]:
    rounded = np.round(values.to_numpy(dtype=float, na_value=np.nan), digits)
    return [
        None if not np.isfinite(value) else int(value) if digits == 0 else float(value)
        for value in rounded
    ]
