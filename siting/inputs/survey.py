"""A look at files nobody has described yet: what each holds, and how a scenario would read it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely
from scipy.spatial import cKDTree

from siting.errors import Collected
from siting.geo import DATUMS, in_china, to_wgs84
from siting.inputs.files.columns import PAIR
from siting.inputs.files.coordinates import read_angle, read_pairs
from siting.inputs.files.header import find_field, match_name
from siting.inputs.files.numbers import UNITS, decimal_sign, header_unit, read_number
from siting.inputs.files.points import is_table
from siting.inputs.files.sheets import MISSING, read_table, refuse_form
from siting.inputs.files.vectors import read_vector, require_file
from siting.inputs.osm.kinds import landmarks, road_box
from siting.inputs.station_lists import count_columns, says_not_standing
from siting.notes import Note, Values
from siting.scenario import preset_names, read_preset

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from siting.arrays import Floats
    from siting.scenario import Settings

_EXTRACTS = (".pbf", ".osm", ".gz", ".bz2")
_SURE_OF_PRESET = 4
_SHARE_OF_PRESET = 0.6
_STATION_WORDS = ("充电", "charg", "桩", "换电", "ev ", "pdc", "lade", "station")
_IN_NAMES = {"gcj": "gcj02", "火星": "gcj02", "高德": "gcj02", "bd09": "bd09", "百度": "bd09",
             "wgs": "wgs84", "gps": "wgs84", "2000": "wgs84"}  # fmt: skip
_OF_STATIONS = ("station_id", "name", "operator", "power_kw", "opened", "closed", "public")
_FEWEST_HITS = 3
_CLEARLY = 2
"""A datum stands out where it puts this many times as many points on the map's own as the next."""

_ON_M = 80.0
_ON_MAPS = {"stations": ("amenity", "charging_station"), "substations": ("power", "substation")}
_BIG = 1_000
"""Numbers of people or kW are above this somewhere in a list; those of 万人 or MVA are not."""

_SMALL_MAP_BYTES = 30_000_000
"""A larger extract is of a province or a country: the box around it is nobody's area."""

_FEW_ZONES = 60
"""So many rows of people with places may be townships; more are points or cells of a grid."""

_M_PER_DEGREE = 111_320.0


class Question(NamedTuple):
    """What a file does not say.

    Attributes
    ----------
    key
        Key of the question in ``outputs/words.csv``, without the leading ``new.ask.``.
    values
        Numbers and names of the question.
    """

    key: str
    values: Values = {}  # noqa: RUF012  # never changed


@dataclass
class Look:
    """What a file seems to hold.

    Attributes
    ----------
    path
        The file.
    role
        ``osm``, ``boundary``, ``zones``, ``stations``, ``substations``, ``people``,
        ``people_points``, ``traffic`` or ``unknown``.
    keys
        Keys of its block and their values.
    said
        What was found, as notes of the readers.
    questions
        What the file does not say: key of the block and the question.
    points
        Its places in degrees as they stand in the file, shape (n, 2); of a map two corners of
        the box around its roads.
    rows
        Rows of the table.
    has_people
        Whether it tells how many people live where.
    """

    path: Path
    role: str = "unknown"
    keys: Settings = field(default_factory=dict)
    said: list[Note] = field(default_factory=list)
    questions: dict[str, Question] = field(default_factory=dict)
    points: Floats = field(default_factory=lambda: np.empty((0, 2)))
    rows: int = 0
    has_people: bool = False


def look_at(paths: list[Path]) -> list[Look]:
    """Look at files and say what each seems to be.

    Raises
    ------
    DataError
        Naming every file that is not there or cannot be read.
    """
    faults = Collected()
    found = []
    for path in paths:
        with faults.of():
            require_file(path, "--from", cure="check the path")
            found.append(_look(path))
    faults.refuse()
    if not any(len(look.points) for look in found):
        _find_box(found)
    return found


def _find_box(looks: list[Look]) -> None:
    """Find the box around the roads of the first map, where no other file says where it is."""
    extract = next((look for look in looks if look.role == "osm"), None)
    if extract is not None and extract.path.stat().st_size <= _SMALL_MAP_BYTES:
        extract.points = road_box(extract.path)


def _look(path: Path) -> Look:
    if path.suffix.lower() in _EXTRACTS:
        return Look(path, "osm")
    refuse_form(path, "--from")
    look = _of_table(path) if is_table(path) else _of_shapes(path)
    _ask_datum(look)
    _keep_form(look)
    return look


def _keep_form(look: Look) -> None:
    """Write down the encoding and the header that were found, so that the scenario says them."""
    prefix = "people_" if look.role == "people" else ""
    for key, found in look.said:
        if key == "encoding_guessed":
            look.keys[f"{prefix}encoding"] = found["encoding"].replace(" ", "").lower()
        elif key == "header_found":
            rows = [int(row) for row in found["rows"].split(", ")]
            look.keys[f"{prefix}header_row"] = rows[0] if len(rows) == 1 else rows


# --- shapes ----------------------------------------------------------------------------------


def _of_shapes(path: Path) -> Look:
    look = Look(path)
    frame = read_vector(path, layer=None, datum="wgs84", key="--from", notes=look.said)
    shapes = frame.geometry.dropna()
    flat = shapely.get_dimensions(shapes.to_numpy()) == 2  # noqa: PLR2004  # surfaces
    points = shapes.representative_point()
    look.points = np.column_stack([points.x, points.y])
    look.rows = len(frame)
    there = [str(column) for column in frame.columns if column != frame.geometry.name]
    if not flat.all() or not len(shapes):
        _as_points(look, there, frame)
        return look
    if len(shapes) == 1 and find_field("population", there) is None:
        look.role = "boundary"
        return look
    look.role = "zones"
    names = {name: find_field(name, there) for name in ("zone_id", "name", "population")}
    columns = {name: theirs for name, theirs in names.items() if theirs not in (None, name)}
    look.keys |= {"columns": columns} if columns else {}
    population = names["population"]
    if population is not None:
        look.has_people = True
        _ask_unit(look, population, "people", "people_unit", frame)
    return look


# --- tables ----------------------------------------------------------------------------------


def _of_table(path: Path) -> Look:
    look = Look(path)
    cells = read_table(path, notes=look.said, key="--from")
    there = list(cells.columns)
    look.rows = len(cells)
    look.points = _places(cells, there)
    _as_points(look, there, cells)
    return look


def _as_points(look: Look, there: list[str], cells: pd.DataFrame) -> None:
    """Tell what a table of points, or a table without places, is about."""
    preset = _preset(there)
    headroom, population = find_field("headroom_kw", there), find_field("population", there)
    if preset is not None:
        look.role, look.keys = "stations", {"preset": preset}
    elif headroom is not None:
        look.role = "substations"
        columns = _columns(("substation_id", "name", "lon", "lat"), there)
        columns["headroom_kw"] = headroom
        look.keys["columns"] = {own: theirs for own, theirs in columns.items() if own != theirs}
        _ask_unit(look, headroom, "kW", "headroom_unit", cells)
    elif not len(look.points) and population is not None:
        look.role, look.has_people = "people", True
        _people(look, there, population, cells)
    elif not len(look.points) and match_name("vehicles_day", there) is not None:
        look.role = "traffic"
    elif len(look.points) and (_about_stations(look.path, there) or count_columns(cells, there)):
        look.role = "stations"
        _stations(look, there, cells)
    elif len(look.points) > _FEW_ZONES and population is not None:
        look.role, look.has_people = "people_points", True
        _people_points(look, there, population, cells)


def _preset(there: list[str]) -> str | None:
    """Return the register whose columns these are, if most of its columns are there."""
    best, most = None, 0
    for name in preset_names():
        preset = read_preset(name, key="--from")
        parts = [*preset.columns.values(), *(part for one in preset.sums.values() for part in one)]
        hits = sum(any(match_name(one, there) for one in names) for names in parts)
        strong = hits >= _SURE_OF_PRESET and hits >= _SHARE_OF_PRESET * len(parts)
        chargers = any(match_name(one, there) for one in preset.marks)
        if strong and chargers and hits > most:
            best, most = name, hits
    return best


def _about_stations(path: Path, there: list[str]) -> bool:
    text = " ".join([path.stem, *there]).casefold()
    return find_field("chargers", there) is not None or any(word in text for word in _STATION_WORDS)


def _columns(names: tuple[str, ...], there: list[str]) -> dict[str, Any]:
    """Return our columns and those of the file that go by their names."""
    found = {name: find_field(name, there) for name in names}
    columns: dict[str, Any] = {name: theirs for name, theirs in found.items() if theirs is not None}
    pair = find_field(PAIR, there)
    if pair is not None and not {"lon", "lat"} <= columns.keys():
        columns = {name: theirs for name, theirs in columns.items() if name not in {"lon", "lat"}}
        columns |= {"lon": pair, "lat": pair}
    return columns


def _stations(look: Look, there: list[str], cells: pd.DataFrame) -> None:
    columns = _columns((*_OF_STATIONS, "lon", "lat"), there)
    station = columns.get("station_id")
    if station is not None and cells[station].duplicated().any():
        columns.pop("station_id")
        look.keys["group_by"] = station
    chargers = find_field("chargers", there)
    parts = count_columns(cells, [one for one in there if one != chargers])
    if chargers is not None:
        columns["chargers"] = chargers
    elif parts:
        columns["chargers"] = parts if len(parts) > 1 else parts[0]
    else:
        columns["chargers"] = ""
        look.questions["columns"] = Question("chargers")
    look.keys["columns"] = {name: theirs for name, theirs in columns.items() if theirs != name}
    state = find_field("status", there)
    if state is not None:
        standing, others = says_not_standing(cells[state])
        if others:
            look.keys["where"] = {state: standing}
            look.questions["where"] = Question("where", {"states": others})
    headed = header_unit(columns["power_kw"], "kW") if "power_kw" in columns else None
    if headed is not None and UNITS["kW"][headed] != 1:
        look.keys["power_unit"] = headed


def _people(look: Look, there: list[str], population: str, cells: pd.DataFrame) -> None:
    zone, name = find_field("zone_id", there), find_field("name", there)
    look.keys["people_key"] = "zone_id" if zone is not None else "name"
    key = zone if zone is not None else name
    if key is None:
        look.questions["people_columns"] = Question("people_columns")
    columns = {look.keys["people_key"]: key or "", "population": population}
    look.keys["people_columns"] = columns
    _ask_unit(look, population, "people", "people_unit", cells)


def _people_points(look: Look, there: list[str], population: str, cells: pd.DataFrame) -> None:
    """Take rows of people with places as a layer: people stand where it says."""
    columns = _columns(("lon", "lat"), there) | {"people": population}
    look.keys |= {
        "role": "people",
        "columns": {own: theirs for own, theirs in columns.items() if own != theirs},
    }
    _ask_unit(look, population, "people", "people_unit", cells)


def _ask_unit(look: Look, column: str, unit: str, key: str, cells: pd.DataFrame) -> None:
    """Take the unit a header says, or that of numbers so large that they can have no other."""
    headed = header_unit(column, unit)
    if headed is not None:
        look.keys |= {key: headed} if UNITS[unit][headed] != 1 else {}
        return
    numbers = [read_number(str(cell), unit=unit) for cell in cells[column]]
    known = [one.value for one in numbers if one is not None]
    if known and max(known) < _BIG:
        usual = "人" if unit == "people" else "kW"
        look.questions[key] = Question(
            "unit", {"column": column, "most": max(known), "usual": usual}
        )


def _places(cells: pd.DataFrame, there: list[str]) -> Floats:
    """Return the places of a table as they stand in it; those that cannot be read are left out."""
    lon, lat, pair = (find_field(name, there) for name in ("lon", "lat", PAIR))
    if lon is not None and lat is not None:
        decimal = decimal_sign((), [*cells[lon], *cells[lat]])
        angles = [
            [
                one[0] if (one := read_angle(cell, decimal=decimal)) else np.nan
                for cell in cells[name]
            ]
            for name in (lon, lat)
        ]
        points = np.array(angles, dtype=float).T
    elif pair is not None:
        found = read_pairs(list(cells[pair]), missing=MISSING, header=pair)
        points = np.column_stack([found.lon, found.lat])
    else:
        return np.empty((0, 2))
    return points[np.isfinite(points).all(axis=1)].reshape(-1, 2)


# --- datum -----------------------------------------------------------------------------------


def _ask_datum(look: Look) -> None:
    """Say the datum where the file or the place of its points settles it, else ask."""
    if not len(look.points) or look.role in {"osm", "people", "traffic"}:
        return
    if "preset" in look.keys:
        look.keys["datum"] = read_preset(look.keys["preset"], key="--from").datum
        return
    named = {datum for column in _texts_of(look) for word, datum in _IN_NAMES.items()
             if word in column.casefold()}  # fmt: skip
    if len(named) == 1:
        look.keys["datum"] = named.pop()
    elif not in_china(look.points[:, 0], look.points[:, 1]).any():
        look.keys["datum"] = "wgs84"  # the other two are those of maps of China
    else:
        look.questions["datum"] = Question("datum")


def _texts_of(look: Look) -> list[str]:
    columns = look.keys.get("columns", {})
    return [look.path.stem, *(str(columns.get(name, "")) for name in ("lon", "lat"))]


def settle_datums(looks: list[Look]) -> None:
    """Settle datums that are asked for by how many points fall on objects of their sort on a map.

    A wrong datum moves all points by some half a kilometre, and hardly any falls on the map's own
    station or substation by chance. What was counted is told, also where it settles nothing.
    """
    extract = next((look.path for look in looks if look.role == "osm"), None)
    for look in looks:
        tag = _ON_MAPS.get(look.role)
        if "datum" not in look.questions or extract is None or tag is None:
            continue
        hits = datum_hits(landmarks(extract, *tag), look.points)
        order = sorted(hits, key=lambda name: -hits[name])
        told = ", ".join(f"{name} {hits[name]}" for name in order)
        if hits[order[0]] >= _FEWEST_HITS and hits[order[0]] >= _CLEARLY * hits[order[1]]:
            look.keys["datum"] = order[0]
            del look.questions["datum"]
            values = {"file": look.path.name, "datum": order[0], "told": told, "of": look.rows}
            look.said.append(Note("datum_by_map", values))
        else:
            look.questions["datum"] = Question("datum_unsettled", {"told": told})


def datum_hits(there: Floats, points: Floats) -> dict[str, int]:
    """Return how many points lie on an object of the map, by the datum they would have."""
    if not len(there) or not len(points):
        return dict.fromkeys(DATUMS, 0)
    scale = np.array([np.cos(np.radians(np.median(points[:, 1]))), 1.0]) * _M_PER_DEGREE
    tree = cKDTree(there * scale)
    moved = {name: np.column_stack(to_wgs84(points[:, 0], points[:, 1], name)) for name in DATUMS}
    return {name: int((tree.query(xy * scale)[0] < _ON_M).sum()) for name, xy in moved.items()}
