"""Numbers as people write them into cells: full width, grouped, with decimal commas or units."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from siting.errors import ScenarioError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

POWER_FACTOR = 0.95
"""Active power of a kVA; as the chargers' of ``power.power_factor``."""

UNITS: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "kW": {
            "kw": 1.0, "千瓦": 1.0, "w": 1e-3, "瓦": 1e-3, "mw": 1e3, "兆瓦": 1e3,
            "万千瓦": 1e4, "kva": POWER_FACTOR, "千伏安": POWER_FACTOR,
            "mva": 1e3 * POWER_FACTOR, "兆伏安": 1e3 * POWER_FACTOR, "万千伏安": 1e4 * POWER_FACTOR,
        },
        "people": {
            "人": 1.0, "people": 1.0, "persons": 1.0, "千人": 1e3, "thousand": 1e3,
            "万人": 1e4, "万": 1e4, "百万人": 1e6, "million": 1e6, "亿": 1e8, "亿人": 1e8,
        },
        "count": dict.fromkeys(
            (
                "个", "台", "根", "座", "把", "支", "套", "只", "处", "组", "辆", "位", "户", "桩",
                "枪", "口", "个桩", "把枪", "个枪", "车位", "个车位", "充电桩", "个充电桩", "终端",
                "个终端", "pcs", "unit", "units", "point", "points", "port", "ports", "stk",
                "stück", "bornes", "pdc", "chargers", "stalls", "piles", "guns",
            ),
            1.0,
        ),
    }
)  # fmt: skip
"""By what a number counts: a unit, in small letters, to how many of ours it is."""

_SPACES = re.compile(r"[\s\u00a0\u202f]+")
_SIGNS = str.maketrans({"−": "-", "–": "-", "—": "-", "’": "'", "。": ".", "、": ",", "٫": "."})
_BODY = re.compile(r"([+-]?)([\d.,' ]*\d[.,]?)((?:[eE][+-]?\d+)?)\s*(\D*)$")
_GROUPED = {
    ".": re.compile(r"\d{1,3}(?:[,' ]\d{3})+(?:\.\d*)?|\d+(?:\.\d*)?|\.\d+"),
    ",": re.compile(r"\d{1,3}(?:[.' ]\d{3})+(?:,\d*)?|\d+(?:,\d*)?|,\d+"),
}
_COMMA = re.compile(r"-?(?:\d+|\d{1,3}(?:[.' ]\d{3})+),\d+")
_THOUSANDS = re.compile(r"-?\d{1,3}(?:,\d{3})+")
_POINT = re.compile(r"-?(?:\d+|\d{1,3}(?:[,' ]\d{3})+)\.\d+")
_POINTED_THOUSANDS = re.compile(r"-?\d{1,3}(?:\.\d{3})+")


@dataclass(frozen=True)
class Number:
    """A number read from a cell.

    Attributes
    ----------
    value
        The number, in our unit.
    converted
        Whether the cell held more or other than plain digits.
    """

    value: float
    converted: bool


def half_width(cell: str) -> str:
    """Return a cell with full-width digits and punctuation as their plain forms.

    Examples
    --------
    >>> half_width("１０６．５")
    '106.5'
    """
    return unicodedata.normalize("NFKC", cell).translate(_SIGNS).strip()


def read_number(
    cell: str, *, decimal: str = ".", unit: str = "", per: float = 1.0
) -> Number | None:
    """Return the number a cell holds, or None if it holds none.

    Parameters
    ----------
    cell
        The cell.
    decimal
        The decimal sign of the file; the other of ``.`` and ``,`` groups thousands.
    unit
        What it counts, a key of :data:`UNITS`; a unit in the cell goes before ``per``.
    per
        How many of our unit a bare number stands for.

    Examples
    --------
    >>> read_number("1,234"), read_number("12个", unit="count"), read_number("3,5", decimal=",")
    (Number(value=1234.0, converted=True), Number(value=12.0, converted=True), \
Number(value=3.5, converted=True))
    >>> read_number("twelve") is None
    True
    """
    text = half_width(cell)
    try:
        plain = float(text)
    except ValueError:
        pass
    else:
        if "_" not in text and (decimal == "." or not _POINTED_THOUSANDS.fullmatch(text)):
            return Number(plain * per, converted=text != cell or per != 1.0)
    found = _BODY.fullmatch(_SPACES.sub(" ", text))
    if found is None:
        return None
    sign, body, power, word = found.groups()
    factor = UNITS.get(unit, {}).get(word.strip(" .").casefold()) if word.strip() else per
    if factor is None or not _GROUPED[decimal].fullmatch(body):
        return None
    other = "," if decimal == "." else "."
    digits = body.replace(other, "").replace("'", "").replace(" ", "").replace(decimal, ".")
    return Number(float(f"{sign}{digits}{power}") * factor, converted=True)


def decimal_sign(cells: Iterable[str], places: Iterable[str] = ()) -> str:
    """Return the decimal sign that the numbers of a file prove; a point if none is proven.

    Parameters
    ----------
    cells
        Cells of number columns. ``1,234`` may be either and proves nothing.
    places
        Cells of coordinates: ``106,601`` can only be a decimal comma there.
    """
    comma = point = 0
    for cell in cells:
        text = half_width(cell)
        comma += bool(_COMMA.fullmatch(text)) and not _THOUSANDS.fullmatch(text)
        point += bool(_POINT.fullmatch(text)) and not _POINTED_THOUSANDS.fullmatch(text)
    for cell in places:
        text = half_width(cell)
        comma += bool(_COMMA.fullmatch(text))
        point += bool(_POINT.fullmatch(text))
    return "," if comma > point else "."


def unit_factor(unit: str, stated: str, *, key: str) -> float:
    """Return how many of our unit one of the stated unit is.

    Raises
    ------
    ScenarioError
        If the unit is unknown.
    """
    known = UNITS[unit]
    factor = known.get(half_width(stated).casefold())
    if factor is None:
        raise ScenarioError(
            f"nobody knows the unit '{stated}' here",
            where=key,
            cure=f"one of: {', '.join(known)}",
        )
    return factor


_IN_HEADER = re.compile(r"[(\[（【/_]\s*([^()\[\]（）【】/_]+?)\s*[)\]）】]?$")


def header_unit(header: str, unit: str) -> str | None:
    """Return the unit that a header states, e.g. ``人口（万人）``; None if it states none.

    Examples
    --------
    >>> header_unit("人口（万人）", "people"), header_unit("headroom_mva", "kW")
    ('万人', 'mva')
    >>> header_unit("人口", "people") is None
    True
    """
    found = _IN_HEADER.search(half_width(header))
    word = found.group(1).casefold() if found else ""
    return word if word in UNITS.get(unit, {}) else None
