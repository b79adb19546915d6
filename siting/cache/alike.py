"""Whether two results are the same in type, order and every bit: stricter than ``==``."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS


def alike(one: Any, other: Any) -> bool:  # noqa: ANN401, PLR0911  # one return a kind
    """Tell whether two results agree; NaN agrees with NaN, but not with None, nor 1 with True."""
    if type(one) is not type(other):
        return False
    if isinstance(one, pd.DataFrame):
        return _same_frame(one, other)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, dict):
        return alike(list(one.items()), list(other.items()))
    if is_dataclass(one):
        names = [field.name for field in fields(one)]
        return all(alike(getattr(one, name), getattr(other, name)) for name in names)
    if isinstance(one, CRS):
        return bool(one == other) and one.srs == other.srs
    if isinstance(one, shapely.Geometry):
        return shapely.to_wkb(one) == shapely.to_wkb(other)
    return bool(one == other or (one != one and other != other))  # noqa: PLR0124  # NaN


def _same_frame(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    same_form = (
        one.columns.equals(other.columns)
        and list(one.dtypes) == list(other.dtypes)
        and type(one.index) is type(other.index)
        and one.index.equals(other.index)
        and one.index.name == other.index.name
        and one.attrs == other.attrs
    )
    if not same_form:
        return False
    if isinstance(one, gpd.GeoDataFrame) and not (
        one.geometry.name == other.geometry.name and alike(one.crs, other.crs)
    ):
        return False
    return all(_same_column(one[name], other[name]) for name in one.columns)


def _same_column(one: pd.Series, other: pd.Series) -> bool:
    if isinstance(one.dtype, gpd.array.GeometryDtype):
        first, second = (shapely.to_wkb(column.to_numpy()) for column in (one, other))
        return bool(np.array_equal(first, second))
    if one.dtype == object:
        return alike(one.tolist(), other.tolist())
    return one.equals(other)
