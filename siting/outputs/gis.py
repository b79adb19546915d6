"""A plan as layers for a GIS: GeoPackage with styles that QGIS applies, GeoJSON, CSV, GeoParquet.

Substations and voltages are in none of them: such files are passed on (facts 7).
"""

from __future__ import annotations

import sqlite3
import xml.etree.ElementTree as ET
from contextlib import closing
from io import BytesIO
from typing import TYPE_CHECKING, Literal

import geopandas as gpd
import pandas as pd
import pyogrio

from siting import files, geo
from siting.errors import ScenarioError
from siting.outputs import palette, words
from siting.plan.described import described
from siting.plan.tables import harmless
from siting.tables.fields import CHARGING, ZONE, shown

if TYPE_CHECKING:
    from pathlib import Path

    from siting.notes import Say
    from siting.plan.plan import Plan


Format = Literal["gpkg", "geojson", "csv", "parquet"]

CGCS2000 = "EPSG:4490"


def make_layers(plan: Plan, *, language: str, crs: str) -> dict[str, gpd.GeoDataFrame]:
    """Return the layers of a plan under their names, in a CRS.

    Parameters
    ----------
    plan
        The plan.
    language
        ``"zh"`` or ``"en"``: names of the layers, words in their columns.
    crs
        ``"EPSG:4490"``, the plan's own, or any other that is known.

    Raises
    ------
    ScenarioError
        If no CRS is called so.
    """
    say = words.speaker(language, plan.kinds)
    layers = {
        say(f"layer.file_{one.table}"): _layer(plan, getattr(plan, one.table), one.key, say)
        for one in plan.facilities
    }
    layers[say("layer.file_zones")] = _layer(plan, plan.zones, ZONE, say)
    try:
        return {name: frame.to_crs(crs) for name, frame in layers.items()}
    except Exception as error:
        if type(error).__name__ not in {"CRSError", "ProjError"}:  # no such CRS, or of the moon
            raise
        raise ScenarioError(
            f"no coordinate reference system is called '{crs}'",
            where=f"--crs {crs}",
            cure=f"{CGCS2000} (CGCS2000), {geo.WGS84}, or the plan's own, {plan.crs}",
        ) from error


def write_layers(plan: Plan, folder: Path, form: Format, *, language: str, crs: str) -> list[Path]:
    """Write the layers of a plan into a folder that is there.

    Returns
    -------
    list
        The files: one GeoPackage, or one file a layer.
    """
    layers = make_layers(plan, language=language, crs=crs)
    mark = words.words("mark.sample", language) if plan.synthetic else ""
    if mark:
        layers = {name: frame.assign(mark=mark) for name, frame in layers.items()}
    if form == "gpkg":
        path = folder / "gis.gpkg"
        for name, frame in layers.items():
            files.write_layer(frame, path, layer=name, DESCRIPTION=mark)
        with files.writing(path):
            _add_styles(path, plan, language)
        return [path]
    return [_write_one(frame, folder / name, form) for name, frame in layers.items()]


def _layer(plan: Plan, frame: gpd.GeoDataFrame, of: str, say: Say) -> gpd.GeoDataFrame:
    rows = frame if of == ZONE else frame.sort_values("site_id", kind="stable")
    table = described(plan, rows, shown("layers", of, rows.columns), say)
    return gpd.GeoDataFrame(table, geometry=rows.geometry, crs=rows.crs)


def _write_one(frame: gpd.GeoDataFrame, stem: Path, form: Format) -> Path:
    path = stem.with_name(f"{stem.name}.{form}")
    # made in memory first: a library that meets a full disk may leave an empty file and say nothing
    made = BytesIO()
    if form == "parquet":
        frame.to_parquet(made, index=False)
    elif form == "geojson":
        # the standard knows WGS-84 only (RFC 7946)
        pyogrio.write_dataframe(frame.to_crs(geo.WGS84), made, driver="GeoJSON", RFC7946="YES")
    else:
        plain = pd.DataFrame(frame.drop(columns="geometry"))
        if "lon" not in plain.columns:
            plain = plain.assign(wkt=frame.geometry.to_wkt(rounding_precision=6))
        safe = plain.map(harmless)
        made.write(("\ufeff" + safe.to_csv(index=False, lineterminator="\n")).encode("utf-8"))
    files.write_whole(path, made.getvalue())
    return path


_STYLES = """
CREATE TABLE layer_styles (
  id INTEGER PRIMARY KEY AUTOINCREMENT, f_table_catalog TEXT(256), f_table_schema TEXT(256),
  f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT,
  styleSLD TEXT, useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30),
  update_time DATETIME DEFAULT '2000-01-01T00:00:00.000Z')
"""
_REGISTER = """
INSERT INTO gpkg_contents (table_name, data_type, identifier, description, last_change)
VALUES ('layer_styles', 'attributes', 'layer_styles', '', '2000-01-01T00:00:00.000Z')
"""
_INSERT = """
INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column,
  styleName, styleQML, styleSLD, useAsDefault, description, owner)
VALUES ('', '', ?, 'geom', ?, ?, '', 1, '', '')
"""


def _add_styles(path: Path, plan: Plan, language: str) -> None:
    """Store a style for each layer where QGIS looks for it."""
    say = words.speaker(language, plan.kinds)
    kinds = {kind: say(f"kind.{kind}") for kind in sorted(plan.sites["kind"].unique())}
    categories = [(kind, label, palette.kind_colour(kind)) for kind, label in kinds.items()]
    states = [
        ("true", say("handout.new"), "#23262d"),
        ("false", say("handout.existing"), "#ffffff"),
    ]
    styles = {
        say(f"layer.file_{one.table}"): _points("kind", categories, one.sign)
        if one is CHARGING
        else _points("is_new", states, one.sign)
        for one in plan.facilities
    }
    styles[say("layer.file_zones")] = _areas()
    with closing(sqlite3.connect(path)) as base, base:
        base.execute(_STYLES)
        base.execute(_REGISTER)
        for name, qml in styles.items():
            base.execute(_INSERT, (name, name, qml))


def _points(column: str, categories: list[tuple[str, str, str]], shape: str) -> str:
    """Return a style of points by category, as QGIS writes it."""
    root = ET.Element("qgis", version="3.28.0", styleCategories="Symbology")
    renderer = ET.SubElement(
        root, "renderer-v2", type="categorizedSymbol", attr=column, enableorderby="0"
    )
    rows = ET.SubElement(renderer, "categories")
    symbols = ET.SubElement(renderer, "symbols")
    for place, (value, label, colour) in enumerate(categories):
        ET.SubElement(
            rows, "category", value=value, label=label, symbol=str(place), render="true",
            type="bool" if value in {"true", "false"} else "string",
        )  # fmt: skip
        symbol = ET.SubElement(symbols, "symbol", type="marker", name=str(place), alpha="1")
        _options(
            ET.SubElement(symbol, "layer", {"class": "SimpleMarker", "enabled": "1"}),
            color=_rgba(colour), outline_color=_rgba("#23262d"), outline_width="0.2",
            size="2.6", size_unit="MM", name=shape,
        )  # fmt: skip
    return _text(root)


def _areas() -> str:
    root = ET.Element("qgis", version="3.28.0", styleCategories="Symbology")
    renderer = ET.SubElement(root, "renderer-v2", type="singleSymbol")
    symbols = ET.SubElement(renderer, "symbols")
    symbol = ET.SubElement(symbols, "symbol", type="fill", name="0", alpha="1")
    _options(
        ET.SubElement(symbol, "layer", {"class": "SimpleFill", "enabled": "1"}),
        color=_rgba(palette.LAND, 90), outline_color=_rgba(palette.ZONE), outline_width="0.4",
        outline_style="dash",
    )  # fmt: skip
    return _text(root)


def _options(layer: ET.Element, **given: str) -> None:
    options = ET.SubElement(layer, "Option", type="Map")
    for name, value in given.items():
        ET.SubElement(options, "Option", name=name, type="QString", value=value)


def _rgba(colour: str, alpha: int = 255) -> str:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"{red},{green},{blue},{alpha}"


def _text(root: ET.Element) -> str:
    head = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
    return head + ET.tostring(root, encoding="unicode")
