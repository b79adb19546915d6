"""The door to GDAL: a layer of a file that is what its name says, or an error of ours."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pyogrio
import shapely
from pyogrio.errors import CRSError, DataLayerError, DataSourceError
from pyproj.exceptions import CRSError as ProjError
from shapely.errors import GEOSException

from siting import files
from siting.errors import BrokenFileError, DatumError, TableError

if TYPE_CHECKING:
    from pathlib import Path


def layer_names(path: Path, *, key: str) -> list[str]:
    """Return the names of the layers of a file.

    Raises
    ------
    InputMissingError, BrokenFileError
        If it is not there, is not what its name says, or cannot be read.
    """
    there = files.require_form(path, where=key)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # GDAL's remarks on what it mends
            return [str(name) for name in pyogrio.list_layers(there)[:, 0]]
    except (DataSourceError, UnicodeDecodeError, IndexError) as error:
        raise broken(path, error) from error


def read_layer(path: Path, *, layer: str | None, key: str, **options: Any) -> gpd.GeoDataFrame:  # noqa: ANN401  # options of GDAL
    """Read a layer with its shapes.

    Parameters
    ----------
    path
        The file.
    layer
        Its layer; the first if not given.
    key
        Key of the scenario that names it.
    options
        Further ones of :func:`geopandas.read_file`.

    Raises
    ------
    InputMissingError, BrokenFileError
        If it is not there, is not what its name says, or cannot be read; also where rings are
        not closed.
    DatumError
        If its CRS is broken.
    TableError
        If it has no such layer, or the layer has no shapes.
    """
    names = layer_names(path, key=key)
    if (layer is not None and layer not in names) or not names:
        raise TableError(
            f"'{path.name}' has no layer '{layer}'" if layer else f"'{path.name}' has no layer",
            where=str(path),
            cure=f"its layers are: {', '.join(names) or 'none'}",
        )
    there = files.require_form(path, where=key)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # GDAL's remarks on what it mends
            frame = gpd.read_file(there, layer=layer or names[0], **options)
    except (CRSError, ProjError, UnboundLocalError) as error:  # the last: pyogrio, of no text
        raise DatumError(
            f"the CRS of '{path.name}' cannot be read: {error}",
            where=f"{key}: {path}",
            cure="write it anew: in QGIS, Export, with a CRS; of a shapefile it is the .prj",
        ) from error
    except GEOSException as error:
        raise BrokenFileError(
            f"'{path.name}' has a shape that is none: {error}",
            where=f"{key}: {path}",
            cure="mend it: in QGIS, Processing, Fix geometries; each ring ends where it begins",
        ) from error
    except (
        DataSourceError,
        DataLayerError,
        UnicodeDecodeError,
        ValueError,
        OverflowError,
    ) as error:
        raise broken(path, error) from error
    if not _has_shapes(frame):
        raise TableError(
            f"the layer '{layer or names[0]}' of '{path.name}' has no shapes",
            where=f"{key}: {path}",
            cure=f"name a layer with areas, lines or points; the layers are: {', '.join(names)}",
        )
    return frame


def _has_shapes(frame: object) -> bool:
    if not isinstance(frame, gpd.GeoDataFrame):
        return False
    return frame.empty or not bool(shapely.is_missing(frame.geometry.to_numpy()).all())


def broken(path: Path, error: Exception) -> BrokenFileError:
    """Return the error for a file that cannot be read."""
    return BrokenFileError(
        f"'{path.name}' cannot be read: {str(error)[:500]}",
        where=str(path),
        cure="it may be cut short or not be what its name says: copy or download it again",
    )
