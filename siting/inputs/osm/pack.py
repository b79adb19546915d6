"""A pack: everything one area takes from OSM, in one GeoPackage, with its provenance.

A pack holds WGS-84 layers as they stand before projection, at full precision, so that the
plan from a pack equals the plan from the extract or download it was made of.
"""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from siting import files
from siting.errors import BrokenFileError
from siting.geo import WGS84
from siting.inputs.files.columns import TEXT

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd

    from siting.files import JsonObject
    from siting.inputs.osm.map_notes import Tallies

FORMAT = "siting-pack-1"
_PROVENANCE = "provenance"
_ZONES = "zones"


@dataclass(frozen=True)
class OsmLayers:
    """What one area takes from OSM, in WGS-84, before projection.

    Attributes
    ----------
    nodes, edges
        Road network (see :func:`siting.inputs.osm.roads.build_roads`).
    places, landscape, admin, stations, substations
        Features (see :func:`siting.inputs.osm.places.build_features`).
    facts
        endpoint or file of origin, query, date, licence, as_of, synthetic, the outline as
        ``area_wkt`` and the report; all JSON types.
    """

    nodes: gpd.GeoDataFrame
    edges: gpd.GeoDataFrame
    places: gpd.GeoDataFrame
    landscape: gpd.GeoDataFrame
    admin: gpd.GeoDataFrame
    stations: gpd.GeoDataFrame
    substations: gpd.GeoDataFrame
    facts: JsonObject

    def tables(self) -> dict[str, gpd.GeoDataFrame]:
        """Return the layers by name."""
        return {
            field.name: getattr(self, field.name) for field in fields(self) if field.name != "facts"
        }


def write_pack(path: Path, layers: OsmLayers, zones: gpd.GeoDataFrame) -> None:
    """Write a pack, whole or not at all.

    Parameters
    ----------
    path
        The ``.gpkg`` to write; an older one is replaced at the last moment.
    layers
        The layers and their facts.
    zones
        The zones made of them, in WGS-84.

    Raises
    ------
    OutputError
        If it cannot be written there.
    """
    with files.writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with files.whole_file(path) as half:
        for layer, frame in {**layers.tables(), _ZONES: zones}.items():
            _write_layer(half, layer, frame)
        table = _fact_table({"format": FORMAT, **layers.facts})
        files.write_layer(table, half, layer=_PROVENANCE)


def _fact_table(facts: JsonObject) -> pd.DataFrame:
    rows = [
        (key, value, "text")
        if isinstance(value, str)
        else (key, json.dumps(value, ensure_ascii=False), "json")
        for key, value in facts.items()
    ]
    return pd.DataFrame(rows, columns=["key", "value", "form"])


def read_pack(path: Path) -> tuple[OsmLayers, gpd.GeoDataFrame]:
    """Read a pack: its layers with their facts, and the zones made when it was fetched.

    Raises
    ------
    BrokenFileError
        If the file is no pack, or is cut short.
    """
    files.require_form(path, where="inputs.osm")
    try:
        facts = _facts(pyogrio.read_dataframe(path, layer=_PROVENANCE))
        if facts.get("format") != FORMAT:
            raise BrokenFileError(
                f"'{path.name}' is a pack of the format '{facts.get('format')}', not {FORMAT}",
                where=str(path),
                cure="fetch it again with: siting fetch",
            )
        names = [field.name for field in fields(OsmLayers) if field.name != "facts"]
        tables = {name: _read_layer(path, name) for name in names}
        zones = _read_layer(path, _ZONES)
    except (DataSourceError, DataLayerError, KeyError, ValueError) as error:
        if isinstance(error, BrokenFileError):
            raise
        raise BrokenFileError(
            f"'{path.name}' is no pack, or is cut short: {error}",
            where=str(path),
            cure="a pack is what 'siting fetch' writes; fetch it again",
        ) from error
    return OsmLayers(**tables, facts=facts), zones


def _write_layer(path: Path, layer: str, frame: gpd.GeoDataFrame) -> None:
    with warnings.catch_warnings():
        # Mixed surfaces and points in one layer are meant.
        warnings.filterwarnings("ignore", message=".*geometry type.*", category=RuntimeWarning)
        files.write_layer(frame, path, layer=layer, geometry_type="Unknown", promote_to_multi=False)


def _read_layer(path: Path, layer: str) -> gpd.GeoDataFrame:
    frame = pyogrio.read_dataframe(path, layer=layer)
    changed: dict[str, Any] = {}
    for column in frame.columns.drop("geometry"):
        if not pd.api.types.is_numeric_dtype(frame[column].dtype):
            changed[column] = pd.array(
                [value if isinstance(value, str) else None for value in frame[column]], dtype=TEXT
            )
    geometry = frame.geometry.to_numpy()
    lost = shapely.is_missing(geometry)
    if bool(np.any(lost)):
        raise ValueError(f"layer '{layer}' has {int(lost.sum())} row(s) without geometry")
    return frame.assign(**changed).set_crs(WGS84, allow_override=True)


def _facts(table: pd.DataFrame) -> JsonObject:
    rows = table.fillna("")[["key", "value", "form"]].itertuples(index=False)
    return {
        str(key): json.loads(value) if form == "json" else str(value) for key, value, form in rows
    }


def portable(tallies: Tallies) -> Tallies:
    """Return counts with plain JSON types, as they come back from a pack."""
    plain: Tallies = json.loads(json.dumps(tallies))
    return plain
