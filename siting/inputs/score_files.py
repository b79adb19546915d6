"""The files behind a score: criteria, pairwise matrix, layers, extremes of an earlier run."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np

from siting.errors import BrokenFileError, TableError
from siting.inputs.files.columns import PointField, PointFile, map_columns
from siting.inputs.files.points import is_table, read_points
from siting.inputs.files.sheets import MISSING, Reading, read_rule_table, read_table
from siting.inputs.files.vectors import read_vector, require_file
from siting.inputs.provenance import Provenance, file_provenance, marked_synthetic, stated_licence
from siting.scenario import local_path

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from siting import scenario
    from siting.inputs.area_shape import AreaShape
    from siting.inputs.files.points import Notes
    from siting.notes import Note

_VALUED = ("sum", "value")
_NARROWEST = 2
_SHOWN = 20


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
    frame = read_table(path)
    if frame.shape[1] < _NARROWEST or frame.empty:
        raise TableError(
            f"'{path.name}' holds no matrix",
            where=str(path),
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
    require_file(path, "scoring.extremes")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        found = content["scoring"]["extremes"]
        extremes = {str(key): (float(low), float(high)) for key, (low, high) in found.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BrokenFileError(
            f"'{path.name}' holds no extremes of criteria",
            where=f"scoring.extremes: {path}",
            cure="name the plan.json of a run made with this version",
        ) from error
    if any(not np.isfinite([low, high]).all() or low > high for low, high in extremes.values()):
        raise BrokenFileError(
            f"'{path.name}' has extremes that are no range",
            where=f"scoring.extremes: {path}",
            cure="name the plan.json of a run as it was written",
        )
    return extremes
