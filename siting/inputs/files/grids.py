"""People from a GeoTIFF grid: each cell with somebody in it becomes a square.

Needs rasterio, an extra (``siting[grids]``): most districts have no such grid.
"""

from __future__ import annotations

import importlib
import math
import warnings
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely

from siting import geo
from siting.errors import TableError
from siting.inputs.files.columns import texts
from siting.inputs.files.vectors import broken
from siting.inputs.provenance import file_provenance

if TYPE_CHECKING:
    from pathlib import Path

    from siting.inputs.area_shape import AreaShape
    from siting.inputs.provenance import Provenance

GRIDS = (".tif", ".tiff")

_CURE = (
    'pip install "siting[grids]"; or write the cells as a table: gdal_translate -of XYZ -co '
    "ADD_HEADER_LINE=YES grid.tif grid.csv, and map "
    'columns = { lon = "X", lat = "Y", people = "Z" }'
)


def read_people_grid(
    path: Path, area: AreaShape, *, key: str, datum: str | None
) -> tuple[gpd.GeoDataFrame, Provenance]:
    """Read the cells of a grid that touch the area's bounds.

    Parameters
    ----------
    path
        GeoTIFF; its first band holds people by cell, in whatever CRS it says.
    area
        The area.
    key
        Key of the scenario that names it, for the messages.
    datum
        The declared datum; a picture can only be read as WGS-84.

    Returns
    -------
    GeoDataFrame
        Squares in the grid's CRS with ``people`` and an empty ``quality``; cells without data,
        or with nobody, are left out.
    Provenance
        Where it came from.

    Raises
    ------
    TableError
        If rasterio is not installed, the grid has no CRS, people below 0 or nobody in the
        area, or another datum is declared.
    BrokenFileError
        If it is no GeoTIFF.
    """
    try:
        rasterio = importlib.import_module("rasterio")
    except ModuleNotFoundError as error:
        raise _fault(path, key, "needs rasterio, which is not installed", _CURE) from error
    if datum != "wgs84":
        raise _fault(path, key, f"cannot be read as {datum}: its cells would be askew",
                     'give a grid in WGS-84 and say datum = "wgs84"')  # fmt: skip
    try:
        with warnings.catch_warnings():
            # rasterio multiplies in a way that its own library will stop to allow
            warnings.simplefilter("ignore", PendingDeprecationWarning)
            with rasterio.open(path, driver="GTiff") as grid:
                people, corners, crs = _cells(grid, area, path, key)
    except rasterio.errors.RasterioError as error:
        raise broken(path, error) from error
    west, south, east, north = corners
    squares = shapely.box(west, south, east, north)
    frame = gpd.GeoDataFrame(
        {"people": people, "quality": texts([None] * len(people))}, geometry=squares, crs=crs
    )
    return frame, file_provenance("people", path)


def _cells(
    grid: Any,  # noqa: ANN401  # rasterio has no types
    area: AreaShape,
    path: Path,
    key: str,
) -> tuple[np.ndarray, tuple[np.ndarray, ...], str]:
    """Return people and corners (west, south, east, north) of the cells in the area."""
    if grid.crs is None:
        raise _fault(path, key, "does not say its CRS", "write one into it: gdal_edit.py -a_srs")
    outline = gpd.GeoSeries([area.polygon], crs=geo.WGS84).to_crs(grid.crs.to_wkt())
    west, south, east, north = outline.total_bounds
    near = grid.window(west, south, east, north)
    left, top = max(math.floor(near.col_off), 0), max(math.floor(near.row_off), 0)
    right = min(math.ceil(near.col_off + near.width), grid.width)
    low = min(math.ceil(near.row_off + near.height), grid.height)
    if right <= left or low <= top:
        raise _fault(path, key, "lies outside the area", "check the area and the grid's CRS")
    window = type(near)(left, top, right - left, low - top)
    values = np.nan_to_num(grid.read(1, window=window, masked=True).filled(0).astype(float))
    if (values < 0).any():
        raise _fault(path, key, "has cells with fewer than 0 people",
                     "name its no-data value: gdal_edit.py -a_nodata")  # fmt: skip
    rows, columns = np.nonzero(values > 0)
    if not len(rows):
        raise _fault(path, key, "has nobody in the area", "check the area and the grid's CRS")
    shift = grid.window_transform(window)
    if shift.b or shift.d:
        raise _fault(path, key, "is turned against its axes", "turn it upright: gdalwarp")
    x = np.stack([shift.c + shift.a * columns, shift.c + shift.a * (columns + 1)])
    y = np.stack([shift.f + shift.e * rows, shift.f + shift.e * (rows + 1)])
    corners = (x.min(axis=0), y.min(axis=0), x.max(axis=0), y.max(axis=0))
    return values[rows, columns], corners, grid.crs.to_wkt()


def _fault(path: Path, key: str, what: str, cure: str) -> TableError:
    return TableError(f"the grid '{path.name}' {what}", where=f"{key}.file", cure=cure)
