"""A plan as the data of its web map: columns of points, lines, areas and names.

Texts that repeat (kinds, zones, reasons) are written once and told by number, which keeps a
map of 550 stations and 4,500 candidates small enough to send by mail.

How far stations reach, before the plan and after it, is told by place of demand and by township.
That distance is the straight line, as on the handouts: a picture to look at. What the plan is
judged by goes along the road.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from siting.outputs.map import shapes
from siting.outputs.map.shapes import STATION_NAMES_FROM, map_labels
from siting.outputs.map.views import year_data, year_numbers
from siting.outputs.paper.bodies import all_bodies
from siting.plan.described import described
from siting.tables.fields import ZONE, fields, find_field, shown

if TYPE_CHECKING:
    import geopandas as gpd

    from siting.arrays import Flags
    from siting.files import JsonObject
    from siting.notes import Say
    from siting.plan.plan import Plan


_SCRIPT_READS = {
    "charging": ("chargers", "opens"),
    "swap": ("opens",),
    "candidate": ("chosen",),
}
"""What the page's script wants of each table beside the columns of its popups."""

_OWN_TEXTS = frozenset({"name", "site_id", "cost_range"})
"""Texts that are another one in each row; all others are written once and told by number."""


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

    def content(self) -> JsonObject:
        """Return everything that is drawn, as JSON types."""
        plan = self._plan
        outline = shapes.outline(self._thin_zones)
        west, south, east, north = shapely.total_bounds(self._to([outline])).tolist()
        return {
            **{
                one.marks: self._points(getattr(plan, one.table), one.key)
                for one in plan.facilities
            },
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

    def _candidates(self) -> JsonObject:
        """Return the sites that may be built on, and apart from them those a rule stops."""
        every = self._plan.candidates
        stopped = every[every["verdict"] == "stop"]
        table = self._points(every.drop(index=stopped.index), "candidate")
        signed = every["verdict"].drop(index=stopped.index) == "sign_off"
        table["sign_off"] = signed.astype(int).tolist()
        more = {"stopped": self._points(stopped, "stopped")} if len(stopped) else {}
        return {"candidates": table, **more}

    def _points(self, frame: gpd.GeoDataFrame, of: str) -> JsonObject:
        lon, lat = shapes.lonlat(frame.geometry, self._to)
        table: JsonObject = {"lon": lon, "lat": lat}
        if self._to is not self._true:  # drawn in GCJ-02, told in WGS-84
            table["true_lon"], table["true_lat"] = shapes.lonlat(frame.geometry, self._true)
        if "is_new" in frame.columns:
            table["new"] = frame["is_new"].astype(int).tolist()
        for name, values in self._readable(frame, of).items():
            field = find_field(name)
            if name in _OWN_TEXTS:
                table[name] = _texts(values)
            elif field is None or field[0].digits is None:
                told = pd.api.types.is_numeric_dtype(values)
                table[name] = _numbers(values, 0) if told else self._told_by_number(name, values)
            else:
                table[name] = _numbers(values * field[0].scale, field[0].digits)
        return table

    def _readable(self, frame: gpd.GeoDataFrame, of: str) -> dict[str, pd.Series]:
        """Return what the page tells of each place, by key."""
        plan, say = self._plan, self._say
        keys = [*shown("popup", of, frame.columns), *_SCRIPT_READS.get(of, ())]
        table = described(plan, frame, dict.fromkeys(key for key in keys if key != "opens"), say)
        columns = {
            "name": frame["name"],
            "site_id": frame["site_id"],
            "kind": described(plan, frame, ["kind_name"], say)["kind_name"],
            "zone": frame["zone_id"].map(self._zone_names),
            **{str(name): values for name, values in table.items()},
        }
        if "owner" in table:
            columns["owner"] = frame["owner"].map(lambda name: self._bodies.get(name, name))
        return columns | (year_numbers(plan, frame) if "opens" in keys else {})

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

    def _zones(self) -> JsonObject:
        zones, say = self._plan.zones, self._say
        self._lookups["zone_kind"] = []
        kinds = zones["kind"].map(lambda kind: say(f"zone.{kind}"))
        aliases = zip(*(_texts(zones[key]) for key in ("zone_id", "name", "name_en")), strict=True)
        table = described(self._plan, zones, shown("popup", ZONE, zones.columns), say)
        return {
            "shape": [shapes.area_rings([shape], self._to, thin_m=0) for shape in self._thin_zones],
            "name": [self._zone_names[zone] for zone in zones["zone_id"]],
            # searched beside the name: the other language, and the id
            "alias": [" ".join(filter(None, row)) for row in aliases],
            "kind": self._told_by_number("zone_kind", kinds),
            **{str(name): self._zone_column(str(name), values) for name, values in table.items()},
            "near": [self._near(zone) for zone in zones["zone_id"]],
        }

    def _zone_column(self, name: str, values: pd.Series) -> list[Any]:
        field = fields(zone=True)[name]
        if field.digits is None:
            return _texts(values)
        return _numbers(values * field.scale, field.digits)

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


NEAR_M = 1000.0
_SWAP_M = 5000.0
_DECIMALS = 4
_SIZE_SHARE = 0.995  # the largest few places would make all others dots


@dataclass(frozen=True)
class Reach:
    """Which places of demand have a station near.

    Attributes
    ----------
    within_m
        What is near, metres in a straight line.
    before, after
        ``(demand,)``; with what stands, and with the plan.
    before_share, after_share
        Of the demand in kWh a day; NaN where there is none.
    """

    within_m: float
    before: Flags
    after: Flags
    before_share: float
    after_share: float

    def states(self) -> list[int]:
        """Return 0 for near before, 1 for near by the plan alone, 2 for not near."""
        return np.where(self.before, 0, np.where(self.after, 1, 2)).tolist()


def charging_reach(plan: Plan) -> Reach:
    """Return who has a charging station within 1 km."""
    return _reach(plan, plan.sites, NEAR_M)


def swap_reach(plan: Plan) -> Reach:
    """Return who has a swap station within its service radius."""
    within_m = plan.scenario.get("travel", {}).get("swap_cutoff_m", _SWAP_M)
    return _reach(plan, plan.swap_sites, float(within_m))


def near_people(plan: Plan, reach: Reach, zone_id: str) -> tuple[float, float] | None:
    """Return the shares of a township's people near a station, before and after.

    None where nobody is known to live there.
    """
    people = plan.demand["people"].to_numpy(dtype=float)
    known = (plan.demand["zone_id"] == zone_id).to_numpy(dtype=bool) & np.isfinite(people)
    total = float(people[known].sum())
    if total <= 0:
        return None
    before, after = (
        float(people[known & flags].sum()) / total for flags in (reach.before, reach.after)
    )
    return before, after


def coverage_data(plan: Plan, to: shapes.Degrees) -> JsonObject:
    """Return the places of demand as the page's script draws them: point, size, two states."""
    lon, lat = shapes.lonlat(plan.demand.geometry, to, decimals=_DECIMALS)
    kwh = plan.demand["kwh_day"].to_numpy(dtype=float)
    most = float(np.quantile(kwh, _SIZE_SHARE)) if kwh.size else 0.0
    size = np.sqrt(np.clip(kwh / most, 0, 1)) if most > 0 else np.zeros(kwh.size)
    return {
        "lon": lon,
        "lat": lat,
        "size": np.round(size, 2).tolist(),
        "near": charging_reach(plan).states(),
        "swap": swap_reach(plan).states(),
    }


def coverage_lines(plan: Plan, say: Say) -> list[tuple[str, str]]:
    """Return the choices of the panel: mode of the script and its text, off first."""
    lines = [("", say("cover.off"))]
    for key, reach in (("near", charging_reach(plan)), ("swap", swap_reach(plan))):
        for when, share in (("now", reach.before_share), ("plan", reach.after_share)):
            text = "–" if math.isnan(share) else f"{share:.1%}"
            mode = f"{key}_{when}"
            lines.append((mode, say(f"cover.{mode}", km=reach.within_m / 1000, share=text)))
    return lines


def _reach(plan: Plan, stations: gpd.GeoDataFrame, within_m: float) -> Reach:
    standing = stations[~stations["is_new"].to_numpy(dtype=bool)]
    before, after = (_near(plan.demand, here, within_m) for here in (standing, stations))
    kwh = plan.demand["kwh_day"].to_numpy(dtype=float)
    total = float(kwh.sum())
    shares = [float(kwh[flags].sum()) / total if total > 0 else math.nan
              for flags in (before, after)]  # fmt: skip
    return Reach(within_m, before, after, *shares)


def _near(places: gpd.GeoDataFrame, stations: gpd.GeoDataFrame, within_m: float) -> Flags:
    if stations.empty or places.empty:
        return np.zeros(len(places), dtype=bool)
    at = [np.column_stack([one.geometry.x, one.geometry.y]) for one in (places, stations)]
    distance_m, _ = cKDTree(at[1]).query(at[0])
    return np.asarray(distance_m <= within_m)
