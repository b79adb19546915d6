"""Rows of a list that are points or devices of one station, made one row a station."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from siting.errors import TableError
from siting.geo import distance_m
from siting.inputs.files.columns import texts
from siting.notes import Note

if TYPE_CHECKING:
    from siting.arrays import Flags
    from siting.inputs.files.columns import PointFile
    from siting.notes import Notes

_SHOWN = 20
_EXAMPLES = 3
_FAR_M = 300.0
_FEWEST_OF_DEVICES = 3
_MOSTLY = 0.8
_DIGITS = 6


_GROUPED = {"station": "rows_grouped_by_station", "row": "rows_grouped_by_row"}
_SHARED = {"station": "rows_share_point_station", "row": "rows_share_point_row"}


def repeated(cells: pd.DataFrame) -> Flags:
    """Return which rows repeat an earlier one in every cell."""
    return cells.duplicated(keep="first").to_numpy(dtype=bool)


def grouped(
    frame: gpd.GeoDataFrame,
    keys: list[str],
    whose: str | None,
    wanted: PointFile,
    notes: Notes,
) -> gpd.GeoDataFrame:
    """Return one row a station from rows that are its points.

    Parameters
    ----------
    frame
        Rows as :func:`siting.inputs.files.points.read_points` returns them.
    keys
        For each row what names its station.
    whose
        ``"station"``, ``"row"`` or None: whose the chargers of a row are.
    wanted
        The file, for messages.
    notes
        Takes up how many rows became how many stations.

    Raises
    ------
    TableError
        If nobody says whose the chargers are, and the numbers leave it open.
    """
    counts = frame["chargers"]
    if counts.isna().all():
        whose, frame = "row", frame.assign(chargers=1.0)
    elif whose is None:
        whose = _whose(counts, keys)
    if whose is None:
        raise _open_question(counts, keys, wanted)
    table = _one_row_each(frame, keys, whose).assign(station_id=lambda rows: texts(rows.index))
    told = {"file": wanted.path.name, "rows": len(frame), "stations": len(table),
            "chargers": int(table["chargers"].sum())}  # fmt: skip
    notes.append(Note(_GROUPED[whose], told))
    _tell_spread(frame, keys, wanted, notes)
    return table.reset_index(drop=True)


def grouped_by_place(
    frame: gpd.GeoDataFrame, cells: pd.DataFrame, wanted: PointFile, notes: Notes
) -> gpd.GeoDataFrame:
    """Join rows that share point and name where the numbers prove that they are one station.

    That is proven where each row of every such place says how many rows there are, or each says
    1. Otherwise rows that repeat another in every cell are left out, and what still shares a
    point and a name is told and left as it is: its owner may have counted apart.
    """
    keys = _places(frame)
    sizes = pd.Series(keys).value_counts()
    if len(sizes) == len(frame):
        return frame
    whose = _whose(frame["chargers"], keys) if _of_devices(sizes) else None
    if whose is not None:
        table = _one_row_each(frame, keys, whose).reset_index(drop=True)
        told = {"file": wanted.path.name, "rows": len(frame), "stations": len(table),
                "chargers": int(table["chargers"].sum()), "key": wanted.key}  # fmt: skip
        notes.append(Note(_SHARED[whose], told))
        return table
    again = repeated(cells)
    if again.any():
        rows = frame.loc[again, "row"].tolist()
        values = {"file": wanted.path.name, "count": len(rows), "rows": rows[:_SHOWN]}
        notes.append(Note("rows_repeated", values))
        frame = frame[~again].reset_index(drop=True)
    left = pd.Series(_places(frame))
    shared = left[left.duplicated(keep=False)]
    if len(shared):
        rows = [int(row) for row in frame["row"].to_numpy()[shared.index]]
        values = {"file": wanted.path.name, "rows": len(shared), "stations": shared.nunique(),
                  "key": wanted.key, "examples": rows[:_SHOWN]}  # fmt: skip
        notes.append(Note("rows_share_point", values))
    return frame


def _places(frame: gpd.GeoDataFrame) -> list[str]:
    """Return point and name of each row; one without a name is a place of its own."""
    points = zip(frame.geometry.x.round(_DIGITS), frame.geometry.y.round(_DIGITS),
                 frame["name"], frame["row"], strict=True)  # fmt: skip
    return [
        f"{name}@{x},{y}" if isinstance(name, str) else f"row-{row}" for x, y, name, row in points
    ]


def _of_devices(sizes: pd.Series) -> bool:
    """Tell a list of devices, which has places with many rows, from one with a slip in it."""
    several = sizes[sizes > 1]
    return bool(several.max() >= _FEWEST_OF_DEVICES or len(set(several)) > 1)


def _whose(counts: pd.Series, keys: list[str]) -> str | None:
    """Tell whether the chargers of a row are its station's or its own; None if it is open.

    They are the station's where they are the same on all rows of a station and (in four stations
    of five) as many as the rows; the row's where they differ within a station, or all are 1.
    """
    groups = counts.groupby(keys)
    size, low, high = groups.size(), groups.min(), groups.max()
    several = size > 1
    if not several.any() or (low[several] != high[several]).any():
        return "row" if several.any() and (low != high).any() else "station"
    if (counts.dropna() == 1).all():
        return "row"
    said = (high[several] == size[several]).mean()
    return "station" if said >= _MOSTLY and (high[several] > 1).all() else None


def _open_question(counts: pd.Series, keys: list[str], wanted: PointFile) -> TableError:
    first = counts.groupby(keys).first().sum()
    return TableError(
        f"'{wanted.path.name}' leaves open whose the chargers of a row are: {first:,.0f} in all if "
        f"they are the station's and stand on each of its rows, {counts.sum():,.0f} if each row "
        "has its own",
        where=f"{wanted.key}.chargers_of",
        cure='say which: chargers_of = "station" or chargers_of = "row"',
    )


def _one_row_each(frame: gpd.GeoDataFrame, keys: list[str], whose: str) -> gpd.GeoDataFrame:
    """Return one row for each key, in the order they come, its index the key."""
    groups = frame.drop(columns="geometry").groupby(np.array(keys, dtype=object), sort=False)
    table = groups.first()
    for name in ("swap", "public"):
        table[name] = groups[name].any()
    table["power_kw"] = groups["power_kw"].sum(min_count=1)
    if whose == "row":
        table["chargers"] = groups["chargers"].sum(min_count=1)
    else:
        table["chargers"] = groups["chargers"].max()
    table["as_of"] = groups["as_of"].max()
    points = pd.Series(frame.geometry.to_numpy()).groupby(np.array(keys, dtype=object), sort=False)
    return gpd.GeoDataFrame(table, geometry=points.first().to_numpy(), crs=frame.crs)


def _tell_spread(frame: gpd.GeoDataFrame, keys: list[str], wanted: PointFile, notes: Notes) -> None:
    """Tell of stations whose rows lie far apart: the column may not name stations."""
    x, y = frame.geometry.x.groupby(keys), frame.geometry.y.groupby(keys)
    bounds = pd.DataFrame({"w": x.min(), "s": y.min(), "e": x.max(), "n": y.max()})
    away = {key: distance_m(*row) for key, row in zip(bounds.index, bounds.to_numpy(), strict=True)}
    far = {key: metres for key, metres in away.items() if metres > _FAR_M}
    if far:
        names = [f"{key} ({metres:,.0f} m)" for key, metres in list(far.items())[:_EXAMPLES]]
        values = {"file": wanted.path.name, "count": len(far), "names": names}
        notes.append(Note("rows_far_apart", values))
