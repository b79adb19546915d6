"""Existing charging and swap stations: lists of the scenario, merged with those of the map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from siting.errors import Collected, TableError
from siting.inputs.files.columns import texts
from siting.inputs.files.points import how_far
from siting.inputs.osm.station_tags import rival_brands, same_operator
from siting.inputs.station_lists import read_station_list
from siting.notes import Note
from siting.scenario import local_path

if TYPE_CHECKING:
    from pathlib import Path

    from siting import scenario
    from siting.inputs.area_shape import AreaShape
    from siting.inputs.provenance import Provenance
    from siting.notes import Notes

_COLUMNS = [
    "station_id", "name", "operator", "chargers", "power_kw", "swap", "as_of", "source",
    "merged_ids", "geometry",
]  # fmt: skip
_SHOWN = 20


@dataclass(frozen=True, eq=False)
class StationLists:
    """The lists of the scenario, read.

    Attributes
    ----------
    lists
        One frame a list, in the order of the scenario.
    notes, sources
        Notes for the reader, and where the lists came from.
    """

    lists: tuple[gpd.GeoDataFrame, ...]
    notes: tuple[Note, ...]
    sources: tuple[Provenance, ...]


def read_stations(inputs: scenario.Inputs, area: AreaShape) -> StationLists:
    """Read the lists of stations, before the map is.

    Parameters
    ----------
    inputs
        Read are stations and osm_as_of.
    area
        The area; stations outside are dropped and counted.

    Raises
    ------
    DataError, ScenarioError
        As :func:`siting.inputs.station_lists.read_station_list`, of all lists at once; also when
        all of a list lie outside.
    """
    notes: Notes = []
    found: list[tuple[gpd.GeoDataFrame, Provenance]] = []
    stems: dict[str, int] = {}
    faults = Collected()
    day = inputs.osm_as_of.isoformat() if inputs.osm_as_of else None
    for number, given in enumerate(inputs.stations, start=1):
        with faults.of():
            key = f"inputs.stations[{number}]"
            frame, source = read_station_list(given, key, area, notes, day=day)
            path = local_path(given.file)
            found.append((_in_area(frame, path, key, area, notes, stems), source))
    faults.refuse()
    lists, sources = zip(*found, strict=True) if found else ((), ())
    return StationLists(tuple(lists), tuple(notes), tuple(sources))


def load_stations(
    inputs: scenario.Inputs,
    osm_stations: gpd.GeoDataFrame,
    area: AreaShape,
    *,
    listed: StationLists | None = None,
) -> tuple[gpd.GeoDataFrame, Notes, list[Provenance]]:
    """Load the stations that stand already.

    The lists come in the order of the scenario, the map last. A station nearer than
    ``merge_stations_m`` to one of an **earlier** list is the same station: the earlier one
    keeps its figures and only takes over what it lacks. Stations of one list are never merged
    with each other, for its owner counted them apart; on the map, where one station is often
    drawn twice, they are, unless two operators stand side by side, and charge points add up to
    the station they stand at. A station with 0 chargers that swaps no batteries is none: 0 is a
    number, not unknown.

    Parameters
    ----------
    inputs
        Read are stations, osm_stations, osm_as_of and merge_stations_m.
    osm_stations
        Stations and charge points of the map, in the run's CRS.
    area
        The area; stations outside are dropped and counted.
    listed
        Result of :func:`read_stations`, if the lists are read already.

    Returns
    -------
    stations
        As ``tables.STATIONS`` plus ``merged_ids`` (joined by ``+``), in the run's CRS.
    notes, sources
        Notes for the reader, and where the lists came from.

    Raises
    ------
    DataError, ScenarioError
        As :func:`read_stations`.
    """
    listed = listed or read_stations(inputs, area)
    notes: Notes = list(listed.notes)
    lists = list(listed.lists)
    if inputs.osm_stations:
        inside = osm_stations.within(area.projected).to_numpy(dtype=bool)
        lists.append(_from_map(osm_stations[inside], inputs.merge_stations_m))
    stations = _joined(lists, inputs.merge_stations_m, area, notes)
    stations = _that_stand(stations, notes)
    _note(stations, inputs, notes)
    return stations, notes, list(listed.sources)


def stations_beyond(
    inputs: scenario.Inputs, osm_stations: gpd.GeoDataFrame, area: AreaShape
) -> gpd.GeoDataFrame | None:
    """Return the stations of the map beyond the border; None if the map's are not asked for.

    Parameters
    ----------
    inputs, osm_stations, area
        As for :func:`load_stations`.

    Returns
    -------
    GeoDataFrame
        ``tables.STATIONS``, those of the map nearer than ``merge_stations_m`` to each other merged.
    """
    if not inputs.osm_stations:
        return None
    outside = osm_stations[~osm_stations.within(area.projected).to_numpy(dtype=bool)]
    return _from_map(outside, inputs.merge_stations_m)


def _that_stand(stations: gpd.GeoDataFrame, notes: Notes) -> gpd.GeoDataFrame:
    """Leave out stations without a charger that swap no batteries, and tell which."""
    bare = (stations["chargers"] == 0) & ~stations["swap"].astype(bool)
    if not bare.any():
        return stations
    ids = stations.loc[bare, "station_id"].tolist()
    notes.append(Note("stations_without_chargers", {"count": len(ids), "ids": ids[:_SHOWN]}))
    return stations[~bare].reset_index(drop=True)


def _in_area(  # the list, where it came from, and what is counted
    frame: gpd.GeoDataFrame,
    path: Path,
    key: str,
    area: AreaShape,
    notes: Notes,
    stems: dict[str, int],
) -> gpd.GeoDataFrame:
    """Return the stations of a list that lie in the area, with ids that no other list has."""
    inside = area.covers(shapely.get_coordinates(frame.geometry.to_numpy()))
    if len(frame) and not inside.any():
        raise TableError(
            f"all {len(frame)} stations of '{path.name}' lie outside the area, "
            f"their middle {how_far(area, frame):.0f} km from its middle",
            where=str(path),
            cure=f"check the area, whether lon and lat are swapped in {key}.columns, "
            f"and {key}.datum",
        )
    if not inside.all():
        rows = frame.loc[~inside, "row"].tolist()
        count = len(rows)
        notes.append(
            Note("stations_outside", {"file": path.name, "count": count, "rows": rows[:_SHOWN]})
        )
    stems[path.stem] = stems.get(path.stem, 0) + 1
    stem = path.stem if stems[path.stem] == 1 else f"{path.stem}-{stems[path.stem]}"
    frame = frame[inside].assign(
        station_id=lambda rows: texts(f"file:{stem}/{one}" for one in rows["station_id"]),
        source=texts([path.name] * int(inside.sum())),
        merged_ids=texts([None] * int(inside.sum())),
    )
    return frame[_COLUMNS].to_crs(area.crs).sort_values("station_id", ignore_index=True)


def _from_map(found: gpd.GeoDataFrame, merge_m: float) -> gpd.GeoDataFrame:
    """Join the map's own doubles; charge points count towards a station without a capacity."""
    frame = found.assign(merged_ids=texts([None] * len(found)))
    single = frame["kind"] == "charge_point"
    stations = _merge_within(frame[~single], merge_m)
    points = frame[single]
    kept, merged, rows = _split(stations, points, merge_m)
    counted = points.loc[rows >= 0, "chargers"].groupby(rows[rows >= 0]).sum(min_count=1)
    bare = kept["chargers"].isna()
    kept["chargers"] = kept["chargers"].where(~bare, counted.reindex(kept.index))
    kept = _note_ids(kept, merged, rows)
    loose = _merge_within(points[rows < 0], merge_m, add_up=True)
    return _stack([kept, loose])[_COLUMNS].sort_values("station_id", ignore_index=True)


def _merge_within(
    frame: gpd.GeoDataFrame, merge_m: float, *, add_up: bool = False
) -> gpd.GeoDataFrame:
    """Merge rows of one frame and operator near each other, the first by id keeping its place."""
    frame = frame.reset_index(drop=True)
    owner = np.arange(len(frame))
    xy = shapely.get_coordinates(frame.geometry.to_numpy())
    if len(frame) > 1 and merge_m > 0:
        names = frame["operator"].tolist()
        for first, second in sorted(cKDTree(xy).query_pairs(merge_m)):
            free = owner[first] == first and owner[second] == second
            if free and same_operator(names[first], names[second]):
                owner[second] = first
    keep = owner == np.arange(len(frame))
    rest = frame[~keep]
    kept = frame[keep].copy()
    rows = owner[~keep]
    if add_up:
        extra = rest["chargers"].groupby(rows).sum().reindex(kept.index).fillna(0)
        kept["chargers"] = kept["chargers"] + extra
    else:
        kept = _filled(kept, rest, rows)
    return _note_ids(kept, rest, rows).reset_index(drop=True)


def _joined(
    lists: list[gpd.GeoDataFrame], merge_m: float, area: AreaShape, notes: Notes
) -> gpd.GeoDataFrame:
    """Join the lists, the earlier ones keeping their figures."""
    result = _empty(area)
    for frame in lists:
        kept, rest, rows = _split(result, frame, merge_m)
        kept = _note_ids(_filled(kept, rest[rows >= 0], rows[rows >= 0]), rest, rows)
        result = _stack([kept, rest[rows < 0]])
    result = result.sort_values("station_id", ignore_index=True)
    merged = result.loc[result["merged_ids"].notna(), "station_id"].tolist()
    if merged:
        notes.append(Note("stations_merged", {"count": len(merged), "ids": merged[:_SHOWN]}))
    return result


def _split(
    kept: gpd.GeoDataFrame, frame: gpd.GeoDataFrame, merge_m: float
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, np.ndarray]:
    """Find for each row the row number of the kept station within reach it is, else -1.

    That is the nearest of the same operator, else the nearest of one that may be the same under
    another name; two known brands side by side stay two.
    """
    kept, frame = kept.reset_index(drop=True), frame.reset_index(drop=True)
    rows = np.full(len(frame), -1)
    if len(kept) and len(frame) and merge_m > 0:
        tree = cKDTree(shapely.get_coordinates(kept.geometry.to_numpy()))
        xy = shapely.get_coordinates(frame.geometry.to_numpy())
        names = kept["operator"].tolist()
        for row, near in enumerate(tree.query_ball_point(xy, merge_m)):
            own = frame["operator"].iloc[row]
            away = np.hypot(*(tree.data[near] - xy[row]).T)
            ranked = sorted(
                (not same_operator(own, names[one]), far, one)
                for one, far in zip(near, away.tolist(), strict=True)
                if not rival_brands(own, names[one])
            )
            if ranked:
                rows[row] = ranked[0][2]
    return kept, frame, rows


def _filled(kept: gpd.GeoDataFrame, same: gpd.GeoDataFrame, rows: np.ndarray) -> gpd.GeoDataFrame:
    """Fill what the kept stations lack from those merged into them, the first that knows."""
    kept = kept.copy()
    if same.empty:
        return kept
    grouped = same.drop(columns="geometry").groupby(rows)
    for column in ("name", "operator", "chargers", "power_kw", "as_of"):
        kept[column] = kept[column].fillna(grouped[column].first().reindex(kept.index))
    swap = grouped["swap"].any().reindex(kept.index, fill_value=False)
    kept["swap"] = kept["swap"] | swap.astype(bool)
    origin = grouped["source"].first().reindex(kept.index)
    kept["source"] = texts(
        own if pd.isna(other) or other in own.split("+") else f"{own}+{other}"
        for own, other in zip(kept["source"], origin, strict=True)
    )
    return kept


def _note_ids(kept: gpd.GeoDataFrame, rest: gpd.GeoDataFrame, rows: np.ndarray) -> gpd.GeoDataFrame:
    """Write down which ids were merged into each kept station."""
    ids: dict[int, list[str]] = {}
    own = [[rest["station_id"].iloc[n], rest["merged_ids"].iloc[n]] for n in range(len(rest))]
    for row, names in zip(rows.tolist(), own, strict=True):
        if row >= 0:
            ids.setdefault(row, []).extend(str(name) for name in names if not pd.isna(name))
    joined = [
        "+".join(([] if pd.isna(old) else [str(old)]) + ids.get(row, [])) or None
        for row, old in zip(kept.index, kept["merged_ids"], strict=True)
    ]
    return kept.assign(merged_ids=texts(joined))


def _stack(frames: list[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    """Put frames of one form under each other; empty ones have no say in the types."""
    full = [frame for frame in frames if len(frame)]
    if not full:
        return frames[0]
    return gpd.GeoDataFrame(pd.concat(full, ignore_index=True), crs=full[0].crs)


def _empty(area: AreaShape) -> gpd.GeoDataFrame:
    columns: dict[str, Any] = {name: texts([]) for name in _COLUMNS if name != "geometry"}
    columns |= {"chargers": np.empty(0), "power_kw": np.empty(0), "swap": np.empty(0, dtype=bool)}
    return gpd.GeoDataFrame(columns, geometry=[], crs=area.crs)[_COLUMNS]


def _note(stations: gpd.GeoDataFrame, inputs: scenario.Inputs, notes: Notes) -> None:
    if not inputs.stations:
        notes.append(Note("no_baseline", {"from_map": len(stations)}))
    unknown = int(stations["chargers"].isna().sum())
    if unknown:
        notes.append(Note("chargers_unknown", {"count": unknown, "of": len(stations)}))
