"""Layers of the planner's own and the files behind a score, every fault of a file named at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from siting import files
from siting.errors import BrokenFileError, Collected, TableError
from siting.inputs.files.columns import PointField, PointFile, map_columns, texts
from siting.inputs.files.grids import GRIDS, read_people_grid
from siting.inputs.files.points import how_far, is_table, read_points
from siting.inputs.files.sheets import MISSING, Reading, read_rule_table, read_table
from siting.inputs.files.vectors import read_vector, require_file
from siting.inputs.provenance import Provenance, file_provenance, marked_synthetic, stated_licence
from siting.notes import Note
from siting.scenario import local_path
from siting.tables import DEMAND, PEOPLE

if TYPE_CHECKING:
    from pathlib import Path

    from siting import scenario
    from siting.inputs.area_shape import AreaShape
    from siting.inputs.provenance import Provenance
    from siting.notes import Notes

_YEARS = 2200
_NEEDS = next(column.choices for column in DEMAND.columns if column.name == "kind")
_QUALITIES = next(column.choices for column in PEOPLE.columns if column.name == "quality")
_NAME = PointField("name", "text")

A_LEVELS = ("1A", "2A", "3A", "4A", "5A")
"""Classes of sights."""

FIELDS: dict[str, tuple[PointField, ...]] = {
    "places": (
        PointField("place_id", "id"), PointField("kind", "text", required=True, filled=True),
        _NAME, PointField("capacity", "count"), PointField("levels", "number"),
        PointField("parking", "text"), PointField("access", "text"),
        PointField("built_year", "count", high=_YEARS), PointField("public_bays", "count"),
    ),
    "demand": (
        PointField("kwh_day", "number", required=True, filled=True),
        PointField("kind", "text", choices=_NEEDS),
    ),
    "people": (
        PointField("people", "number", required=True, filled=True, unit="people"),
        PointField("quality", "text", choices=_QUALITIES),
    ),
    "barriers": (_NAME,),
    "red_lines": (_NAME,),
    "protected": (_NAME,),
    "flood": (_NAME,),
    "slope": (_NAME, PointField("slope_percent", "number", required=True, filled=True)),
    "projects": (
        PointField("project_id", "id"), _NAME,
        PointField("kind", "text", required=True, filled=True),
        PointField("bays", "count", required=True, filled=True),
        PointField("year", "count", high=_YEARS), PointField("built_bays", "count"),
        PointField("reserved_bays", "count"), PointField("public_bays", "count"),
    ),
    "communities": (
        PointField("community_id", "id"), _NAME, PointField("built_year", "count", high=_YEARS),
        PointField("idle_m2", "number"), PointField("planned_bays", "count"),
        PointField("public_bays", "count"),
    ),
    "sights": (
        PointField("sight_id", "id"), _NAME,
        PointField("a_level", "text", required=True, filled=True, choices=A_LEVELS),
        PointField("bays", "count"),
    ),
    "renewal": (PointField("area_id", "id"), _NAME),
    "idle_land": (PointField("land_id", "id"), _NAME),
    "planned_parking": (
        PointField("park_id", "id"), _NAME, PointField("bays", "count", required=True, filled=True),
        PointField("year", "count", high=_YEARS),
    ),
}  # fmt: skip
"""The columns of each role, besides the coordinates."""

AREAS = ("red_lines", "protected", "flood", "slope", "renewal", "idle_land")
"""Roles whose rows must be areas."""

_IDS = {
    "places": "place_id", "projects": "project_id", "communities": "community_id",
    "sights": "sight_id", "renewal": "area_id", "idle_land": "land_id",
    "planned_parking": "park_id",
}  # fmt: skip


def load_layers(
    given: tuple[scenario.Layer, ...],
    area: AreaShape,
    *,
    kinds: dict[str, tuple[str, ...]],
) -> tuple[dict[str, gpd.GeoDataFrame], Notes, list[Provenance]]:
    """Load the layers of the scenario, those of one role under each other.

    Parameters
    ----------
    given
        The scenario's layers, in its order.
    area
        The area; layers may reach beyond it.
    kinds
        Kinds that rows of ``places`` and ``projects`` may have.

    Returns
    -------
    layers
        By role, in the run's CRS: the columns of :data:`FIELDS`, ``source`` and ``geometry``.
        Ids are ``file:<stem>/<id>``.
    notes, sources
        Notes for the reader, and where the layers came from.

    Raises
    ------
    InputMissingError, BrokenFileError, DatumError, TableError
        As :func:`read_points`; also where a row of a role of areas is none, or all rows of
        a file lie far outside the area.
    """
    found: dict[str, list[gpd.GeoDataFrame]] = {}
    notes: Notes = []
    sources: list[Provenance] = []
    stems: dict[str, int] = {}
    loaded: list[tuple[scenario.Layer, gpd.GeoDataFrame, Provenance]] = []
    faults = Collected()
    for number, layer in enumerate(given, start=1):
        with faults.of():
            loaded.append((layer, *_load(layer, number, area, kinds, notes)))
    faults.refuse()
    for layer, frame, source in loaded:
        path = local_path(layer.file)
        count = stems[path.stem] = stems.get(path.stem, 0) + 1
        stem = path.stem if count == 1 else f"{path.stem}-{count}"
        if key := _IDS.get(layer.role):
            frame[key] = texts(f"file:{stem}/{one}" for one in frame[key])
        found.setdefault(layer.role, []).append(frame)
        sources.append(source)
        notes.append(
            Note("layer_read", {"file": path.name, "role": layer.role, "rows": len(frame)})
        )
    layers = {
        role: gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), crs=area.crs)
        for role, frames in sorted(found.items())
    }
    return layers, notes, sources


def _load(
    given: scenario.Layer,
    number: int,
    area: AreaShape,
    kinds: dict[str, tuple[str, ...]],
    notes: Notes,
) -> tuple[gpd.GeoDataFrame, Provenance]:
    path, key = local_path(given.file), f"inputs.layers[{number}]"
    require_file(path, f"{key}.file")
    if path.suffix.lower() in GRIDS:
        return _grid(given, path, key, area)
    fields = tuple(
        PointField(one.name, one.kind, one.required, one.filled, kinds[given.role])
        if one.name == "kind" and given.role in kinds
        else one
        for one in FIELDS[given.role]
    )
    reading = Reading(given.layer, given.encoding, given.header_row, given.decimal)
    units = {} if given.people_unit is None else {"people": given.people_unit}
    wanted = PointFile(path, key, given.datum, given.columns, fields, reading, units)
    frame, source = read_points(wanted, area, name=given.role, notes=notes, shapes=True)
    _refuse_shapes(frame, given.role, wanted)
    _refuse_elsewhere(frame, wanted, area)
    frame = frame.drop(columns="row").assign(source=texts([path.name] * len(frame)))
    frame.geometry = shapely.make_valid(frame.geometry.to_numpy())
    return frame.to_crs(area.crs), source


def _grid(
    given: scenario.Layer, path: Path, key: str, area: AreaShape
) -> tuple[gpd.GeoDataFrame, Provenance]:
    if given.role != "people":
        raise TableError(
            f"'{path.name}' is a grid, and the role {given.role} takes points, lines or areas",
            where=f"{key}.role",
            cure='give role = "people", or a table or vector file',
        )
    frame, source = read_people_grid(path, area, key=key, datum=given.datum)
    return frame.assign(source=texts([path.name] * len(frame))).to_crs(area.crs), source


def _refuse_shapes(frame: gpd.GeoDataFrame, role: str, wanted: PointFile) -> None:
    dimension = shapely.get_dimensions(frame.geometry.to_numpy())
    least = 2 if role in AREAS else 1 if role == "barriers" else 0
    bad = frame["row"].to_numpy()[dimension < least].tolist()
    if frame.empty or bad:
        what = {2: "areas", 1: "lines or areas", 0: "rows"}[least]
        rows = f": not so row(s) {', '.join(map(str, bad[:20]))}" if bad else ", it has none"
        raise TableError(
            f"'{wanted.path.name}' should hold {what} for the role {role}{rows}",
            where=wanted.key,
            cure="give a GeoPackage, GeoJSON or shapefile with such shapes, or another role",
        )


def _refuse_elsewhere(frame: gpd.GeoDataFrame, wanted: PointFile, area: AreaShape) -> None:
    near = shapely.intersects(frame.geometry.to_numpy(), shapely.box(*area.polygon.bounds))
    if not near.any():
        points = frame.set_geometry(frame.geometry.representative_point())
        raise TableError(
            f"all {len(frame)} rows of '{wanted.path.name}' lie outside the area, "
            f"their middle {how_far(area, points):.0f} km from its middle",
            where=wanted.key,
            cure="check the area, the datum, and which columns are lon and lat",
        )


def place_rows(layer: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return a layer of places with the columns of ``tables.PLACES`` and ``built_year``."""
    nothing = texts([None] * len(layer))
    return layer.assign(ref=nothing, operator=nothing)


def people_rows(layer: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return a layer of people as ``tables.PEOPLE``; without a word they are counted."""
    return layer.assign(quality=texts(layer["quality"].fillna("counted")))


def joined_places(places: gpd.GeoDataFrame, layer: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the places of the map and of a layer, sorted by id."""
    both: Any = pd.concat([places, place_rows(layer)], ignore_index=True)
    joined = gpd.GeoDataFrame(both, crs=places.crs)
    joined["built_year"] = joined["built_year"].astype(np.float64)
    return joined.sort_values("place_id", ignore_index=True)


_VALUED = ("sum", "value")
_NARROWEST = 2
_SHOWN = 20
_PLAN = "name the plan.json of a run made with this version"


@dataclass(frozen=True, eq=False)
class ScoreFiles:
    """What the files behind a score hold.

    Attributes
    ----------
    criteria
        The table of criteria as it stands.
    pairwise
        The pairwise matrix as text, or None.
    layers
        By key of the layer: ``value`` (float, may be missing) and geometry in metres.
    extremes
        Reference extremes by criterion, (low, high); None where no run is named.
    notes, sources
        Notes for the reader, and where each file came from.
    """

    criteria: pd.DataFrame
    pairwise: pd.DataFrame | None = None
    layers: dict[str, gpd.GeoDataFrame] = field(default_factory=dict)
    extremes: dict[str, tuple[float, float]] | None = None
    notes: tuple[Note, ...] = ()
    sources: tuple[Provenance, ...] = ()


def load_score_files(settings: scenario.Scoring, area: AreaShape) -> ScoreFiles:
    """Read every file that the block ``scoring`` names.

    Parameters
    ----------
    settings
        Block ``scoring`` of the scenario.
    area
        The area; gives the metric CRS. Features beyond it count too.

    Raises
    ------
    InputMissingError, BrokenFileError, DatumError, TableError
        If a file is not there, cannot be read, has an undeclared datum or faulty rows.
    """
    notes: Notes = []
    sources: list[Provenance] = []
    criteria = read_rule_table(local_path(settings.criteria), key="scoring.criteria")
    pairwise = None
    if settings.pairwise is not None:
        path = local_path(settings.pairwise)
        pairwise = _matrix(path)
        sources.append(file_provenance("pairwise", path))
    layers = {}
    for place, wanted in enumerate(settings.layers, start=1):
        layers[wanted.key], source = _layer(wanted, f"scoring.layers[{place}]", area, notes)
        sources.append(source)
    extremes = None
    if settings.extremes is not None:
        extremes = _extremes(local_path(settings.extremes))
    return ScoreFiles(criteria, pairwise, layers, extremes, tuple(notes), tuple(sources))


def _matrix(path: Path) -> pd.DataFrame:
    require_file(path, "scoring.pairwise")
    frame = read_table(path, key="scoring.pairwise")
    if frame.shape[1] < _NARROWEST or frame.empty:
        raise TableError(
            f"'{path.name}' holds no matrix",
            where=f"scoring.pairwise: {path}",
            cure="first column and header name the criteria; data/pairwise.csv shows one",
        )
    return frame


def _layer(
    wanted: scenario.ScoreLayer, key: str, area: AreaShape, notes: Notes
) -> tuple[gpd.GeoDataFrame, Provenance]:
    path = local_path(wanted.file)
    value = PointField("value", "number", required=wanted.measure in _VALUED)
    reading = Reading(wanted.layer)
    file = PointFile(path, key, wanted.datum, dict(wanted.columns), (value,), reading)
    require_file(path, key)
    if is_table(path):
        frame, source = read_points(file, area, name=wanted.key, notes=notes)
    else:
        frame, source = _shapes(file, wanted.key, notes)
    if frame.empty:
        raise TableError(f"'{path.name}' has no rows", where=key, cure="a layer wants features")
    return frame[["value", "geometry"]].to_crs(area.crs), source


def _shapes(file: PointFile, name: str, notes: Notes) -> tuple[gpd.GeoDataFrame, Provenance]:
    """Read features of any geometry; rows without one, or with a bad value, are faults."""
    raw = read_vector(
        file.path, layer=file.reading.layer, datum=file.datum, key=file.key, notes=notes
    )
    mapping = map_columns(file, [str(column) for column in raw.columns], ())
    faults = [
        f"row {row}: no geometry"
        for row in (np.flatnonzero(raw.geometry.isna() | raw.geometry.is_empty) + 2).tolist()
    ]
    values = np.full(len(raw), np.nan)
    if "value" in mapping:
        for place, cell in enumerate(raw[mapping["value"][0]]):
            if cell is None or str(cell).strip().casefold() in MISSING:
                continue
            try:
                values[place] = float(cell)
            except (TypeError, ValueError):
                faults.append(f"row {place + 2}: value is no number: '{cell}'")
            if values[place] < 0:
                faults.append(f"row {place + 2}: value is below 0: {cell}")
    if faults:
        more = [f"and {len(faults) - _SHOWN} more"] if len(faults) > _SHOWN else []
        raise TableError(
            f"'{file.path.name}' has {len(faults)} fault(s) (the first feature is row 2):\n    - "
            + "\n    - ".join([*faults[:_SHOWN], *more]),
            where=str(file.path),
            cure=f"mend these features, or map another column in {file.key}.columns",
        )
    source = file_provenance(
        name, file.path, synthetic=marked_synthetic(raw), licence=stated_licence(raw)
    )
    return gpd.GeoDataFrame(
        {"value": values}, geometry=raw.geometry.to_numpy(), crs=raw.crs
    ), source


def _extremes(path: Path) -> dict[str, tuple[float, float]]:
    content = files.read_json(path, where="scoring.extremes", cure=_PLAN)
    try:
        found = content["scoring"]["extremes"]
        extremes = {str(key): (float(low), float(high)) for key, (low, high) in found.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BrokenFileError(
            f"'{path.name}' holds no extremes of criteria",
            where=f"scoring.extremes: {path}",
            cure=_PLAN,
        ) from error
    if any(not np.isfinite([low, high]).all() or low > high for low, high in extremes.values()):
        raise BrokenFileError(
            f"'{path.name}' has extremes that are no range",
            where=f"scoring.extremes: {path}",
            cure="name the plan.json of a run as it was written",
        )
    return extremes
