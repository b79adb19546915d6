"""Coordinates as offices write them: two columns or one, either order, degrees of every form."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from shapely.geometry import shape

from siting.inputs.files.numbers import half_width, read_number

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from siting.arrays import Flags, Floats

_EAST = {"e": 1, "东经": 1, "东": 1, "w": -1, "西经": -1, "西": -1, "o": 1}
_NORTH = {"n": 1, "北纬": 1, "北": 1, "s": -1, "南纬": -1, "南": -1}
_MARK = re.compile(r"东经|西经|北纬|南纬|东|西|北|南|[nsew]", re.IGNORECASE)
_PARTS = re.compile(
    r"(?P<sign>[+-]?)(?P<deg>\d+(?:[.,]\d+)?)\s*(?:°|º|度|deg|d)\s*"
    r"(?:(?P<min>\d+(?:[.,]\d+)?)\s*(?:'|分|m)\s*)?"
    r"(?:(?P<sec>\d+(?:[.,]\d+)?)\s*(?:\"|秒|s)?\s*)?",
    re.IGNORECASE,
)
_DEGREE = re.compile(r"°|º|度|deg", re.IGNORECASE)
_PLAIN = r"[+-]?\d+(?:\.\d+)?"
_PAIR = re.compile(rf"({_PLAIN})\s*[,;/|\s]\s*({_PLAIN})")
_COMMA_PAIR = re.compile(r"([+-]?\d+,\d+)\s*[;/|\s]\s*([+-]?\d+,\d+)")
_WKT = re.compile(r"(?:SRID=\d+;)?\s*(?:POINT|MULTIPOINT|LINESTRING|POLYGON|MULTI)", re.IGNORECASE)
_BRACKETS = "()[]{}<>"
_SIXTY = 60


@dataclass(frozen=True)
class Pairs:
    """Coordinates read from one column.

    Attributes
    ----------
    lon, lat
        Degrees, shape (n,); NaN where a cell is empty or holds none.
    order
        ``"lon, lat"`` or ``"lat, lon"``, as most cells have it.
    proof
        What decided the order: ``"marks"``, ``"range"``, ``"area"``, ``"header"`` or ``"usual"``.
    bad
        Positions of cells that hold no coordinates.
    """

    lon: Floats
    lat: Floats
    order: str
    proof: str
    bad: tuple[int, ...]


def read_angle(cell: str, *, decimal: str = ".") -> tuple[float, str] | None:
    """Return degrees and axis (``"lon"``, ``"lat"`` or ``""``) of one coordinate, or None.

    Examples
    --------
    >>> read_angle("106.5"), read_angle("29°42'"), read_angle("E106.5")
    ((106.5, ''), (29.7, ''), (106.5, 'lon'))
    """
    text = _signs(cell)
    marks = _MARK.findall(text if not _DEGREE.search(text) else re.sub(r"(?i)deg", "°", text))
    bare = _MARK.sub("", text) if marks else text
    bare = bare.strip(" :：°º度") if not re.search(r"['分]", bare) else bare.strip(" :：")
    axis, sign = _axis(marks)
    if axis is None:
        return None
    value = _sexagesimal(bare)
    if value is None:
        number = read_number(bare, decimal=decimal)
        value = None if number is None else number.value
    return None if value is None else (sign * value, axis)


def _signs(cell: str) -> str:
    """Return a cell with one form of each sign of minutes and seconds."""
    text = half_width(cell).replace("′", "'").replace("’", "'")
    return text.replace("''", '"').replace("”", '"').replace("“", '"')


def _axis(marks: list[str]) -> tuple[str | None, int]:
    if not marks:
        return "", 1
    mark = marks[0].casefold()
    if len(marks) > 1:
        return None, 1
    return ("lon", _EAST[mark]) if mark in _EAST else ("lat", _NORTH[mark])


def _sexagesimal(text: str) -> float | None:
    found = _PARTS.fullmatch(text.strip())
    if found is None:
        return None
    parts = [float((found[name] or "0").replace(",", ".")) for name in ("deg", "min", "sec")]
    if parts[1] >= _SIXTY or parts[2] >= _SIXTY:
        return None
    value = math.fsum((parts[0], parts[1] / _SIXTY, parts[2] / _SIXTY**2))
    return -value if found["sign"] == "-" else value


def read_pairs(
    cells: Sequence[str],
    *,
    missing: frozenset[str],
    header: str = "",
    inside: Callable[[Floats], Flags] | None = None,
) -> Pairs:
    """Read a column that holds both coordinates.

    Cells may be ``lon,lat`` or ``lat,lon`` with any separator, brackets or decimal commas, well
    known text, GeoJSON, or degrees, minutes and seconds with their marks. Where nothing in the
    cells says which comes first, the order in which more points lie in the area is taken, then
    that of the header.

    Parameters
    ----------
    cells
        The cells.
    missing
        What stands for an empty cell, in small letters.
    header
        Name of the column, which may say the order (``纬度,经度``).
    inside
        Tells which of some points, shape (n, 2), lie in the area.
    """
    first, second = np.full(len(cells), np.nan), np.full(len(cells), np.nan)
    marked = np.zeros(len(cells), dtype=bool)
    bad = []
    for position, cell in enumerate(cells):
        if cell.strip().casefold() in missing:
            continue
        pair = _pair(cell)
        if pair is None:
            bad.append(position)
        else:
            first[position], second[position], marked[position] = pair
    order, proof = _order(first, second, marked, header, inside)
    swap = ~marked & (order == "lat, lon")
    lon, lat = np.where(swap, second, first), np.where(swap, first, second)
    return Pairs(lon, lat, order, proof, tuple(bad))


def _pair(cell: str) -> tuple[float, float, bool] | None:
    """Return two numbers of a cell, and whether they are known to be lon and lat in that order."""
    text = _signs(cell)
    if _WKT.match(text):
        return _of_wkt(text)
    if text.startswith("{"):
        return _of_geojson(cell)
    text = text.strip(_BRACKETS + " ")
    for pattern in (_COMMA_PAIR, _PAIR):
        found = pattern.fullmatch(text)
        if found:
            one, two = (float(part.replace(",", ".")) for part in found.groups())
            return one, two, False
    return _of_marked(text)


def _of_wkt(text: str) -> tuple[float, float, bool] | None:
    try:
        point = shapely.from_wkt(text.rsplit(";", maxsplit=1)[-1]).representative_point()
    except (shapely.errors.GEOSException, AttributeError):
        return None
    return None if point.is_empty else (point.x, point.y, True)


def _of_geojson(text: str) -> tuple[float, float, bool] | None:
    try:
        point = shape(json.loads(text)).representative_point()
    except (ValueError, KeyError, TypeError, AttributeError, shapely.errors.ShapelyError):
        return None
    return None if point.is_empty else (point.x, point.y, True)


def _of_marked(text: str) -> tuple[float, float, bool] | None:
    """Read two coordinates with degree signs or marks of the compass."""
    for separator in (",", ";", "/", "|", " "):
        halves = [part for part in text.split(separator) if part.strip()]
        if len(halves) == 2:  # noqa: PLR2004  # a pair
            pair = _axes(halves)
            if pair is not None:
                return pair
    for found in re.finditer(r"(?<=[^\s\d.,])\s*(?=\S)", text):
        pair = _axes([text[: found.start()], text[found.end() :]])
        if pair is not None:
            return pair
    return None


def _axes(halves: list[str]) -> tuple[float, float, bool] | None:
    one, two = (read_angle(half.replace("经度", "").replace("纬度", "")) for half in halves)
    if one is None or two is None:
        return None
    axes = (one[1], two[1])
    if axes in {("lon", "lat"), ("lon", ""), ("", "lat")}:
        return one[0], two[0], True
    if axes in {("lat", "lon"), ("lat", ""), ("", "lon")}:
        return two[0], one[0], True
    return (one[0], two[0], False) if axes == ("", "") else None


def _order(
    first: Floats,
    second: Floats,
    marked: Flags,
    header: str,
    inside: Callable[[Floats], Flags] | None,
) -> tuple[str, str]:
    known = np.isfinite(first) & np.isfinite(second)
    open_ = known & ~marked
    if not open_.any():
        return "lon, lat", "marks"
    if (np.abs(second[open_]) > 90).any() != (np.abs(first[open_]) > 90).any():  # noqa: PLR2004
        return ("lon, lat" if (np.abs(first[open_]) > 90).any() else "lat, lon"), "range"  # noqa: PLR2004
    if inside is not None:
        here = int(inside(np.column_stack([first[open_], second[open_]])).sum())
        there = int(inside(np.column_stack([second[open_], first[open_]])).sum())
        if here != there:
            return ("lon, lat" if here > there else "lat, lon"), "area"
    return _order_of_header(header)


def _order_of_header(header: str) -> tuple[str, str]:
    plain = half_width(header).casefold()
    lon = min((plain.find(word) for word in ("经", "lon", "lng") if word in plain), default=-1)
    lat = min((plain.find(word) for word in ("纬", "lat") if word in plain), default=-1)
    if lon < 0 or lat < 0:
        return "lon, lat", "usual"
    return ("lon, lat" if lon < lat else "lat, lon"), "header"
