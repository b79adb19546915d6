"""Where the people of each zone live: on its residential areas, on its roads, or as a layer says.

People are spread by floor area (a dasymetric map)::

    floor_m2 = ground_m2 * levels                     a building
             = ground_m2 * 0.25 * levels              ground with known levels on it
             = ground_m2 * 1.5                        nobody knows the levels

The constants are proposals (data/parameters.csv).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from siting.analysis.candidates.merging import quarters
from siting.analysis.network import zone_ids
from siting.errors import TableError
from siting.notes import Note
from siting.tables import PEOPLE, check, zone_names

if TYPE_CHECKING:
    from siting.analysis.network import Network
    from siting.notes import Notes

RESIDENTIAL = "residential"
_HOMES = (RESIDENTIAL, "flats")
"""Kinds of place where people live: residential areas, and blocks of flats without a name."""

_COMPOUND_M2 = 2_000.0
"""Ground of a compound in a quarter, at least; a smaller one there is a building of it."""

_LARGE_M2 = 100_000.0
"""A residential area above 10 ha (some 300 m across, the cell of the siting model) is
spread over the road nodes inside it: one point would stand for too many."""

_DENSEST = 0.1
"""People that a square metre of residential ground of unknown floor holds at most: plot ratio
3 at 30 m2 of floor each. More people than the mapped areas hold live on areas nobody mapped."""

_FLOOR_PER_PERSON_M2 = 30.0
"""Floor a person takes at least, where the floor is known."""

_FLOOR_RATIO = 1.5
"""Floor by ground where nobody knows the levels."""

_BUILT_SHARE = 0.25
"""Share of residential ground that buildings stand on."""

_BUILDING_M2 = 5_000.0
"""An outline with levels up to this size is a building; a larger one is ground."""

_TYPICAL_M2 = 10_000.0
"""Ground of a residential area mapped as a point where no mapped one tells."""

_COLUMNS = ["zone_id", "point", "weight", "holds"]

QUALITY = {"exact": "spread", "rounded": "spread"}
"""Quality of a zone's figure to that of its people in place; of any other figure an estimate."""

ESTIMATED = "estimated"


def home_parts(
    places: gpd.GeoDataFrame, zones: gpd.GeoDataFrame, network: Network, *, spread_over: str
) -> tuple[pd.DataFrame, Notes]:
    """Return the people of zones by place.

    Parameters
    ----------
    places
        ``tables.PLACES``.
    zones
        Zones with people.
    network
        The roads.
    spread_over
        ``residential``: over the parts of residential areas in the zone by floor area,
        large ones over the road nodes inside them; a zone without any over its road nodes
        (note ``people_on_roads``), and likewise the people for whom the mapped areas are
        too small (note ``people_beyond_homes``). ``nodes``: always over the road nodes.

    Returns
    -------
    DataFrame
        ``kind`` (home), ``zone_id``, ``point``, ``people``, ``quality`` (spread, or estimated
        where the zone's figure is); the people of a zone sum to its population.
    """
    zones = zones.sort_values("zone_id", ignore_index=True)
    homes = pd.DataFrame({name: [] for name in _COLUMNS})
    if spread_over == RESIDENTIAL:
        homes = over_nodes_inside(_residential_parts(places, zones), network)
    people = zones.set_index("zone_id")["population"]
    holds = homes.groupby("zone_id")["holds"].sum().reindex(people.index, fill_value=0.0)
    housed = np.minimum(people, holds.astype(float))
    outside = people - housed
    crowded = zones[zones["zone_id"].map(outside > 0)]
    roads = _over_road_nodes(crowded, network)
    parts = [_shared(homes, housed), _shared(roads, outside)]
    joined = pd.concat([part for part in parts if len(part)], ignore_index=True)
    quality = zones.set_index("zone_id")["population_quality"]
    notes = _notes(zones, holds, outside) if spread_over == RESIDENTIAL else []
    quality = quality.map(QUALITY).fillna(ESTIMATED)
    return joined.assign(kind="home", quality=joined["zone_id"].map(quality)), notes


def _shared(parts: pd.DataFrame, people: pd.Series) -> pd.DataFrame:
    """Share the people of each zone over its parts by weight."""
    share = parts["weight"] / parts.groupby("zone_id")["weight"].transform("sum")
    return parts[["zone_id", "point"]].assign(people=share * parts["zone_id"].map(people))


def _notes(zones: gpd.GeoDataFrame, holds: pd.Series, outside: pd.Series) -> Notes:
    """Tell whose homes nobody mapped, by township, those of the most people first."""
    named = zones.set_index("zone_id")
    notes: Notes = []
    for key, some in (
        ("people_on_roads", holds == 0),
        ("people_beyond_homes", (holds > 0) & (outside > 0)),
    ):
        if some.any():
            people = outside[some].sort_values(ascending=False, kind="stable")
            told = zone_names(named.loc[people.index])
            values = {
                "zones": int(some.sum()),
                "people": round(float(people.sum())),
                "names": [_with_count(name, count) for name, count in
                          zip(told, people.tolist(), strict=True)],
            }  # fmt: skip
            notes.append(Note(key, values))
    return notes


def _with_count(name: str | dict[str, str], people: float) -> dict[str, str]:
    """Return a zone's name with its people, in both languages."""
    zh, en = (name["zh"], name["en"]) if isinstance(name, dict) else (name, name)
    return {"zh": f"{zh}（{people:,.0f}人）", "en": f"{en} ({people:,.0f} people)"}


def _residential_parts(places: gpd.GeoDataFrame, zones: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Pieces of residential areas by zone, with floor and people held; nested ones count once."""
    homes = places.loc[places["kind"].isin(_HOMES), ["place_id", "levels", "geometry"]]
    homes = homes.sort_values("place_id", ignore_index=True)
    inner, outer = _nested(homes)
    homes = homes.assign(floor_ratio=_floor_ratios(homes, inner, outer))
    homes = _beside_compounds(homes).drop(index=inner).reset_index(drop=True)
    homes = homes[~homes.geometry.is_empty].reset_index(drop=True)
    is_point = homes.geometry.area.to_numpy() == 0
    cut = gpd.overlay(
        homes[~is_point], zones[["zone_id", "geometry"]], how="intersection", keep_geom_type=True
    )
    cut["ground_m2"] = cut.geometry.area
    dots = homes[is_point].copy()
    dots["zone_id"] = zone_ids(dots.geometry.to_numpy(), zones)
    dots = dots[dots["zone_id"].notna()]
    # A residential area mapped as a point has a size nobody knows: that of the middle one.
    dots["ground_m2"] = float(cut["ground_m2"].median()) if len(cut) else _TYPICAL_M2
    both = [part for part in (cut, dots) if len(part)]
    if not both:
        bare: dict[str, list[Any]] = {"zone_id": [], "weight": [], "holds": []}
        return gpd.GeoDataFrame(bare, geometry=[], crs=zones.crs)
    joined = gpd.GeoDataFrame(pd.concat(both, ignore_index=True), crs=zones.crs)
    floor = joined["ground_m2"] * joined["floor_ratio"].fillna(_FLOOR_RATIO)
    known = joined["floor_ratio"].notna()
    held = (floor / _FLOOR_PER_PERSON_M2).where(known, joined["ground_m2"] * _DENSEST)
    joined = joined.assign(weight=floor, holds=held)
    return joined.sort_values(["place_id", "zone_id"], ignore_index=True)


def _floor_ratios(homes: gpd.GeoDataFrame, inner: np.ndarray, outer: np.ndarray) -> np.ndarray:
    """Return the floor by ground of each area; NaN where no levels are known on it."""
    levels = homes["levels"].to_numpy(dtype=float, na_value=np.nan)
    levels = np.where(levels > 0, levels, np.nan)
    inside = pd.Series(levels[inner]).groupby(outer).mean().reindex(range(len(homes)))
    is_building = homes.geometry.area.to_numpy() <= _BUILDING_M2
    own = levels * np.where(is_building, 1.0, _BUILT_SHARE)
    return np.where(np.isnan(own), inside.to_numpy(dtype=float) * _BUILT_SHARE, own)


def _nested(homes: gpd.GeoDataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of a residential area whose point lies in a larger one, mapped twice, and that one.

    A compound in a quarter is no double of it.
    """
    shapes = homes.geometry.to_numpy()
    inner, outer = homes.sindex.query(shapely.point_on_surface(shapes), predicate="within")
    area = homes.geometry.area.to_numpy()
    smaller = (area[inner] < area[outer]) | ((area[inner] == area[outer]) & (inner > outer))
    _, compound, quarter = quarters(shapes, least_m2=_COMPOUND_M2)
    own = set(zip(compound.tolist(), quarter.tolist(), strict=True))
    double = [pair not in own for pair in zip(inner.tolist(), outer.tolist(), strict=True)]
    kept = smaller & np.array(double, dtype=bool)
    return inner[kept], outer[kept]


def _beside_compounds(homes: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Cut the compounds out of the quarters around them, so that no ground counts twice."""
    shapes = homes.geometry.to_numpy()
    _, inner, outer = quarters(shapes, least_m2=_COMPOUND_M2)
    result = shapes.copy()
    for quarter in np.unique(outer):
        rest = shapely.difference(
            shapes[quarter], shapely.union_all(shapes[inner[outer == quarter]])
        )
        result[quarter] = rest
    return homes.set_geometry(result, crs=homes.crs)


def over_nodes_inside(parts: gpd.GeoDataFrame, network: Network) -> pd.DataFrame:
    """Spread each large part evenly over the ordinary road nodes inside it.

    Parameters
    ----------
    parts
        Areas or points with ``zone_id``, ``weight`` and ``holds``.
    network
        The roads.

    Returns
    -------
    DataFrame
        ``zone_id``, ``point``, ``weight``, ``holds``; weight and holds sum to those given.
    """
    parts = parts.assign(point=shapely.point_on_surface(parts.geometry.to_numpy()))
    large = (parts.geometry.area > _LARGE_M2).to_numpy(dtype=bool)
    part, node = _nodes_inside(parts[large], network)
    rows = np.flatnonzero(large)[part]
    inside = np.bincount(rows, minlength=len(parts))
    spread = pd.DataFrame(
        {
            "zone_id": parts["zone_id"].to_numpy(dtype=object)[rows],
            "point": shapely.points(network.xy[node]),
            "weight": parts["weight"].to_numpy(dtype=float)[rows] / inside[rows],
            "holds": parts["holds"].to_numpy(dtype=float)[rows] / inside[rows],
        }
    )
    whole = pd.DataFrame(parts.loc[inside == 0, _COLUMNS])
    filled = [frame for frame in (whole, spread) if len(frame)]
    return pd.concat(filled, ignore_index=True) if filled else whole


def _over_road_nodes(zones: gpd.GeoDataFrame, network: Network) -> pd.DataFrame:
    """Spread each zone evenly over its ordinary road nodes; over its middle without any."""
    zone, node = _nodes_inside(zones, network)
    lonely = np.setdiff1d(np.arange(len(zones)), zone)
    names = zones["zone_id"].to_numpy(dtype=object)
    points = [
        *shapely.points(network.xy[node]),
        *shapely.point_on_surface(zones.geometry.to_numpy()[lonely]),
    ]
    return pd.DataFrame({"zone_id": [*names[zone], *names[lonely]], "point": points, "weight": 1.0})


def _nodes_inside(areas: gpd.GeoDataFrame, network: Network) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of area position and node position, sorted."""
    usable = np.flatnonzero(network.ordinary)
    points = np.asarray(shapely.points(network.xy[usable]), dtype=object)
    area, found = shapely.STRtree(points).query(areas.geometry.to_numpy(), predicate="contains")
    order = np.lexsort((found, area))
    return area[order], usable[found[order]]


_NOBODY = ("kind", "zone_id", "point", "people", "quality")


def counted_parts(
    people: gpd.GeoDataFrame | None, zones: gpd.GeoDataFrame, network: Network
) -> tuple[pd.DataFrame, Notes]:
    """Return the people of a layer by place.

    A row has its people where it lies: a point there, an area over the zones it touches by its
    parts, large ones over the road nodes inside them. People outside all zones are left out
    and told by the note ``people_outside``.

    Parameters
    ----------
    people
        ``tables.PEOPLE``, or None: nobody.
    zones
        ``tables.ZONES`` in the same metric CRS.
    network
        The roads.

    Returns
    -------
    DataFrame
        ``kind`` (home), ``zone_id``, ``point``, ``people``, ``quality``.

    Raises
    ------
    TableError
        If the layer breaks its contract, or all its people stand outside the zones.
    """
    if people is None:
        return pd.DataFrame({name: [] for name in _NOBODY}), []
    check(people, PEOPLE)
    rows = people[people["people"] > 0].reset_index(drop=True)
    is_area = rows.geometry.area.to_numpy() > 0
    cut = gpd.overlay(
        rows[is_area].assign(whole_m2=rows[is_area].area),
        zones[["zone_id", "geometry"]],
        how="intersection",
        keep_geom_type=True,
    )
    cut["weight"] = cut["people"] * cut.geometry.area / cut["whole_m2"]
    dots = rows[~is_area].copy()
    # a point may be a multipoint of one: its middle has the people
    dots = dots.set_geometry(dots.geometry.centroid)
    dots = dots.assign(zone_id=zone_ids(dots.geometry.to_numpy(), zones), weight=dots["people"])
    dots = dots[dots["zone_id"].notna()]
    both = [part for part in (cut, dots) if len(part)]
    if not both:
        raise TableError(
            f"none of the {len(people)} rows of people lies in a zone",
            where="table people",
            cure="check the datum of the layer, and that it covers the area",
        )
    parts = []
    joined = gpd.GeoDataFrame(pd.concat(both, ignore_index=True), crs=zones.crs)
    for quality, some in joined.groupby("quality"):
        placed = over_nodes_inside(some.assign(holds=np.inf).reset_index(drop=True), network)
        parts.append(placed.assign(quality=str(quality)))
    inside = pd.concat(parts, ignore_index=True).rename(columns={"weight": "people"})
    notes = _layer_notes(float(people["people"].sum()), inside, zones)
    return inside.drop(columns="holds").assign(kind="home")[list(_NOBODY)], notes


def _layer_notes(total: float, inside: pd.DataFrame, zones: gpd.GeoDataFrame) -> Notes:
    by_zone = inside.groupby("zone_id")["people"].sum()
    told = zones.set_index("zone_id")["population"].reindex(by_zone.index)
    found = float(by_zone.sum())
    values = {"people": round(found), "zones": len(by_zone)}
    notes: Notes = [Note("people_from_layer_alone", values)]
    if told.notna().any():
        notes = [Note("people_from_layer", values | {"told": round(float(told.sum()))})]
    if total - found > 0.5:  # noqa: PLR2004  # half a person: rounding of areas
        notes.append(Note("people_outside", {"people": round(total - found), "of": round(total)}))
    return notes
