"""Parking spaces of a place: by its capacity tag, else by a rule on its area."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

if TYPE_CHECKING:
    import geopandas as gpd

    from siting.arrays import Flags, Floats


CAPACITY_TAG = "capacity tag"
AREA_RULE = "area rule"
KIND_DEFAULT = "kind default"
MISSING = "missing"

_GARAGES = ("underground", "multi-storey")


def estimate_spaces(places: gpd.GeoDataFrame, kinds: pd.DataFrame) -> pd.DataFrame:
    """Return the ground area and the parking spaces of places.

    The ``capacity`` tag where it is known and above zero; else the spaces of the car parks that
    are part of the place (optional columns ``inner_spaces`` and ``inner_known``, of
    ``merging.with_whole_service_areas``); else, for a polygon,

    ``spaces = min(floor(area_m2 * floors / m2_per_space), max_spaces)``

    with ``floors`` the known levels (for kinds whose levels count), else the kind's
    ``floor_ratio``, and garages taking ``indoor_m2_per_space``; else the kind's default;
    else missing. The figures and their sources stand in ``data/site_kinds.csv``.

    Parameters
    ----------
    places
        Columns of ``tables.PLACES``, with ``kind`` a kind of site (index of ``kinds``).
    kinds
        Result of ``check_site_kinds``.

    Returns
    -------
    DataFrame
        On the index of ``places``: ``area_m2`` (missing for a point), ``spaces``
        (missing where unknown) and ``spaces_source``.
    """
    rule = kinds.loc[places["kind"]]
    ground = shapely.area(places.geometry.to_numpy())
    area = np.where(ground > 0, ground, np.nan)
    by_tag = places["capacity"].to_numpy(dtype=float, na_value=np.nan)
    by_area = _by_area(places, rule, area)
    by_default = rule["default_spaces"].to_numpy(dtype=float, na_value=np.nan)
    inner, tagged = _inner(places)
    known = [by_tag > 0, inner > 0, ~np.isnan(by_area), ~np.isnan(by_default)]
    spaces = np.select(known, [by_tag, inner, by_area, by_default], np.nan)
    of_parts = np.where(tagged, CAPACITY_TAG, AREA_RULE)
    source = np.select(known, [CAPACITY_TAG, of_parts, AREA_RULE, KIND_DEFAULT], MISSING)
    return pd.DataFrame(
        {"area_m2": area, "spaces": spaces, "spaces_source": pd.array(source, dtype="str")},
        index=places.index,
    )


def _inner(places: gpd.GeoDataFrame) -> tuple[Floats, Flags]:
    """Return the spaces of the parts of each place, and whether tags tell all of them."""
    if "inner_spaces" not in places.columns:
        return np.full(len(places), np.nan), np.zeros(len(places), dtype=bool)
    spaces = places["inner_spaces"].to_numpy(dtype=float, na_value=np.nan)
    return spaces, places["inner_known"].fillna(False).to_numpy(dtype=bool)  # noqa: FBT003  # pandas


def _by_area(places: gpd.GeoDataFrame, rule: pd.DataFrame, area: Floats) -> Floats:
    levels = places["levels"].to_numpy(dtype=float, na_value=np.nan)
    counts = rule["levels_count"].to_numpy(dtype=bool) & (levels > 0)
    floors = np.where(counts, levels, rule["floor_ratio"].to_numpy(dtype=float))
    outdoors = rule["m2_per_space"].to_numpy(dtype=float)
    indoors = rule["indoor_m2_per_space"].to_numpy(dtype=float)
    garage = places["parking"].isin(_GARAGES).to_numpy(dtype=bool) & ~np.isnan(indoors)
    spaces = np.floor(area * floors / np.where(garage, indoors, outdoors))
    cap = rule["max_spaces"].fillna(np.inf).to_numpy(dtype=float)
    return np.minimum(spaces, cap)
