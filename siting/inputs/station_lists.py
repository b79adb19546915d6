"""One list of stations: which rows count, which rows are one station, what its columns mean."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from siting.errors import TableError
from siting.inputs.files.columns import PointField, PointFile, names_of
from siting.inputs.files.header import find_field, match_name, plain_name
from siting.inputs.files.numbers import half_width, read_number
from siting.inputs.files.points import RawPoints, file_rows, read_points, read_raw
from siting.inputs.files.sheets import Reading
from siting.inputs.files.values import Converted, Faults, dates, flags
from siting.inputs.station_rows import grouped, grouped_by_place, repeated
from siting.notes import Note
from siting.scenario import local_path, read_preset

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    import pandas as pd

    from siting import scenario
    from siting.arrays import Flags
    from siting.inputs.area_shape import AreaShape
    from siting.inputs.files.points import Notes
    from siting.inputs.provenance import Provenance
    from siting.scenario import Condition

_MOST_CHARGERS = 10_000
_MOST_KW = 1e6
_LEAST_KW_EACH, _MOST_KW_EACH = 1.0, 3_000.0
_SHOWN = 20

FIELDS = (
    PointField("station_id", "id"),
    PointField("name", "text"),
    PointField("operator", "text"),
    PointField("chargers", "count", required=True, high=_MOST_CHARGERS),
    PointField("power_kw", "number", unit="kW"),
    PointField("swap", "flag"),
    PointField("as_of", "text"),
    PointField("status", "text"),
    PointField("public", "flag"),
    PointField("opened", "date"),
    PointField("closed", "date"),
)
_NOT_STANDING = re.compile(
    r"规划|拟建|在建|待建|筹建|停运|停用|停业|关闭|拆除|注销|报废|退役|plan|clos|removed|decommission|"
    r"out of service|not operational|under construction|stillgelegt|geplant|fermé",
    re.IGNORECASE,
)
_COUNTS = re.compile(
    r"快充|慢充|直流|交流|超充|超快|快桩|慢桩|枪数|桩数|终端数|"
    r"\b(?:ac|dc|fast|slow|rapid|level ?\d)\b",
    re.IGNORECASE,
)
_NO_COUNTS = re.compile(r"功率|电压|电流|价|费|日期|时间|kw|power|price|date|id\b", re.IGNORECASE)


@dataclass(frozen=True)
class Listed:
    """What a list is read with: the scenario's block and the preset it names, made one."""

    file: PointFile
    where: Mapping[str, Condition]
    group_by: tuple[str, ...]
    chargers_of: str | None
    classes: Mapping[str, tuple[str, ...]]
    day: str | None


def read_station_list(
    given: scenario.StationsInput, key: str, area: AreaShape, notes: Notes, *, day: str | None
) -> tuple[gpd.GeoDataFrame, Provenance]:
    """Read a list of stations: rows that count, one row a station, in EPSG:4326.

    Parameters
    ----------
    given
        The block of the scenario.
    key
        Its key, for messages.
    area
        The area.
    notes
        Takes up what was found, left out and joined.
    day
        ISO day the list is read for, if the block names none.

    Raises
    ------
    InputMissingError, BrokenFileError, DatumError, TableError, ScenarioError
        As :func:`siting.inputs.files.points.read_points`; for a preset or column nobody knows;
        and where the rows of a station leave open how many chargers it has.
    """
    first = _asked(given, key)
    raw = read_raw(first, notes)
    listed = _listed(given, first, list(raw.cells.columns), day)
    raw = _that_count(raw, listed, notes)
    groups = _group_keys(raw.cells, listed)
    if groups is None or _has_ids(listed, raw.cells):
        raw = _without_repeated(raw, listed, notes)
        groups = _group_keys(raw.cells, listed)
    wanted = replace(listed.file, repeated_ids=groups is not None)
    frame, source = read_points(wanted, area, name="stations", notes=notes, raw=raw)
    _classes_told(raw.cells, listed, notes)
    if groups is not None:
        frame = grouped(frame, groups, listed.chargers_of, wanted, notes)
    else:
        frame = grouped_by_place(frame, raw.cells, wanted, notes)
    _refuse_power(frame, wanted)
    _tell_unread(raw.cells, listed, notes)
    return frame, source


# --- the block and its preset ----------------------------------------------------------------


def _asked(given: scenario.StationsInput, key: str) -> PointFile:
    """Return the file with every name that may be in its header."""
    columns: dict[str, str | tuple[str, ...]] = dict(given.columns)
    if given.preset is not None:
        known = read_preset(given.preset, key=key)
        columns |= {f"preset {place}": name for place, name in enumerate(known.names)}
    for name, theirs in given.classes.items():
        columns[f"class {name}"] = theirs
    datum = given.datum
    if datum is None and given.preset is not None:
        datum = read_preset(given.preset, key=key).datum
    units = {} if given.power_unit is None else {"power_kw": given.power_unit}
    reading = Reading(given.layer, given.encoding, given.header_row, given.decimal)
    return PointFile(local_path(given.file), key, datum, columns, FIELDS, reading, units)


def _listed(
    given: scenario.StationsInput, file: PointFile, there: list[str], day: str | None
) -> Listed:
    """Return what the list is read with, the preset's names reduced to those the file has."""
    columns = dict(given.columns)
    where, group_by, whose = dict(given.where), given.group_by, given.chargers_of
    if given.preset is not None:
        preset = read_preset(given.preset, key=file.key)
        columns = {**_present(preset, there), **columns}
        where = {**{name: one for name, one in preset.where.items()
                    if name in columns or match_name(name, there)}, **where}  # fmt: skip
        parts = [next((name for name in names if match_name(name, there)), "")
                 for names in (*preset.group_columns, preset.group_by)]  # fmt: skip
        group_by = group_by or tuple(filter(None, parts))
        whose = whose or (preset.chargers_of if group_by else None)
    classes = {name: names_of(theirs) for name, theirs in given.classes.items()}
    if classes and "chargers" not in columns:
        columns["chargers"] = tuple(column for theirs in classes.values() for column in theirs)
    if group_by and "chargers" not in columns and match_name("chargers", there) is None:
        columns["chargers"] = ""
    on = given.on.isoformat() if given.on else day
    return Listed(replace(file, columns=columns), where, group_by, whose, classes, on)


def _present(preset: scenario.Preset, there: list[str]) -> dict[str, str | tuple[str, ...]]:
    """Return the columns of a preset that a file has; what it must have stands as empty."""
    found: dict[str, str | tuple[str, ...]] = {"chargers": ""}
    for field, names in preset.columns.items():
        name = next((name for name in names if match_name(name, there)), None)
        found |= {field: name} if name else {}
    for field, parts in preset.sums.items():
        names = tuple(next((one for one in names if match_name(one, there)), "") for names in parts)
        found[field] = tuple(filter(None, names)) or ""
    return found


def _column(name: str, listed: Listed, there: list[str], what: str) -> str:
    """Return the column of the file that a name of ours or of the file means.

    Raises
    ------
    TableError
        If the file has none.
    """
    mapped = names_of(listed.file.columns.get(name, ()))
    for one in (*mapped, name):
        found = match_name(one, there)
        if found is not None:
            return found
    raise TableError(
        f"'{listed.file.path.name}' has no column '{name}'",
        where=f"{listed.file.key}.{what}",
        cure=f"the file has: {', '.join(there)}",
    )


# --- rows that count -------------------------------------------------------------------------


def _that_count(raw: RawPoints, listed: Listed, notes: Notes) -> RawPoints:
    """Leave out the rows that the scenario says do not count, and tell how many and why."""
    cells = raw.cells
    there = list(cells.columns)
    keep = np.ones(len(cells), dtype=bool)
    why: dict[str, int] = {}
    for name, condition in listed.where.items():
        column = _column(name, listed, there, "where")
        met = np.array([_meets(cell, condition) for cell in cells[column]], dtype=bool)
        for cell in cells[column][keep & ~met]:
            text = f"{column} {cell or '∅'}"
            why[text] = why.get(text, 0) + 1
        keep &= met
    for label, met in _by_dates(cells, listed, there):
        if int((keep & ~met).sum()):
            why[label] = int((keep & ~met).sum())
        keep &= met
    if keep.all():
        return raw
    counts = [f"{text} ({count:,})" for text, count in sorted(why.items(), key=lambda one: -one[1])]
    values = {"file": listed.file.path.name, "count": int((~keep).sum()), "of": len(keep),
              "why": counts}  # fmt: skip
    notes.append(Note("rows_left_out", values))
    if not keep.any():
        raise TableError(
            f"none of the {len(keep)} rows of '{listed.file.path.name}' counts: "
            f"{'; '.join(counts[:_SHOWN])}",
            where=f"{listed.file.key}.where",
            cure="mend the conditions; leave the list out if nothing stands yet",
        )
    return _rows_of(raw, keep)


def _rows_of(raw: RawPoints, keep: Flags) -> RawPoints:
    geometry = None if raw.geometry is None else raw.geometry[keep]
    return RawPoints(raw.cells[keep], geometry)


def _by_dates(cells: pd.DataFrame, listed: Listed, there: list[str]) -> list[tuple[str, Flags]]:
    """Return which rows are public, and which stand on the day the list is read for."""
    scratch = Faults(file_rows(cells))  # bad cells are told where the columns are read
    found: list[tuple[str, Flags]] = []
    for name in ("public", "opened", "closed"):
        source = listed.file.columns.get(name, name)
        column = match_name(names_of(source)[0], there) if names_of(source) else None
        if column is None or (name not in listed.file.columns and column != name):
            continue
        texts = [str(cell) for cell in cells[column]]
        if name == "public":
            found.append((f"{column}: private", flags(texts, name, scratch)))
        elif listed.day is not None:
            days = dates(texts, name, scratch, Converted())
            later = np.array([isinstance(one, str) and one > listed.day for one in days])
            gone = np.array([isinstance(one, str) and one <= listed.day for one in days])
            label = f"{column} > {listed.day}" if name == "opened" else f"{column} <= {listed.day}"
            found.append((label, ~(later if name == "opened" else gone)))
    return found


def _meets(cell: str, condition: Condition) -> bool:
    """Tell whether a cell meets a condition."""
    among = condition.among
    if among is not None and not any(_same(cell, one) for one in among):
        return False
    if any(_same(cell, one) for one in condition.besides):
        return False
    return _within(cell, condition.least, 1) and _within(cell, condition.most, -1)


def _same(cell: str, wanted: str) -> bool:
    one, other = half_width(cell).casefold(), half_width(wanted).casefold()
    if one == other:
        return True
    left, right = read_number(one), read_number(other)
    return left is not None and right is not None and left.value == right.value


def _within(cell: str, bound: float | str | None, side: int) -> bool:
    if bound is None:
        return True
    scratch, text = Faults(np.zeros(1)), half_width(cell)
    if isinstance(bound, str):
        day = dates([text], "", scratch, Converted())[0]
        return isinstance(day, str) and (day >= bound if side > 0 else day <= bound)
    number = read_number(text)
    return number is not None and side * number.value >= side * bound


# --- rows that are one station ---------------------------------------------------------------


def _group_keys(cells: pd.DataFrame, listed: Listed) -> list[str] | None:
    """Return for each row what names its station; a row without a name stands alone."""
    if not listed.group_by:
        return None
    there = list(cells.columns)
    columns = [_column(name, listed, there, "group_by") for name in listed.group_by]
    rows = zip(*(cells[column] for column in columns), strict=True)
    keys = ["+".join(half_width(str(cell)) for cell in row) for row in rows]
    return [key if key.strip("+") else f"row-{row}"
            for key, row in zip(keys, file_rows(cells), strict=True)]  # fmt: skip


def _has_ids(listed: Listed, cells: pd.DataFrame) -> bool:
    """Tell whether each row has an id of its own, so that rows alike are one row written twice."""
    source = listed.file.columns.get("station_id", "station_id")
    column = match_name(names_of(source)[0], list(cells.columns)) if names_of(source) else None
    if column is None:
        return False
    return column not in {match_name(name, list(cells.columns)) for name in listed.group_by}


def _without_repeated(raw: RawPoints, listed: Listed, notes: Notes) -> RawPoints:
    """Leave out rows that repeat another in every cell, where rows have ids of their own."""
    if not _has_ids(listed, raw.cells):
        return raw
    again = repeated(raw.cells)
    if not again.any():
        return raw
    rows = file_rows(raw.cells)[again].tolist()
    values = {"file": listed.file.path.name, "count": len(rows), "rows": rows[:_SHOWN]}
    notes.append(Note("rows_repeated", values))
    return _rows_of(raw, ~again)


# --- what the reader should know -------------------------------------------------------------


def _classes_told(cells: pd.DataFrame, listed: Listed, notes: Notes) -> None:
    """Tell the chargers of each class."""
    if not listed.classes:
        return
    there = list(cells.columns)
    totals = []
    for name, columns in listed.classes.items():
        theirs = [_column(column, listed, there, "classes") for column in columns]
        numbers = [read_number(cell, unit="count") for column in theirs for cell in cells[column]]
        totals.append(f"{name} {sum(one.value for one in numbers if one is not None):,.0f}")
    notes.append(Note("chargers_by_class", {"file": listed.file.path.name, "classes": totals}))


def _tell_unread(cells: pd.DataFrame, listed: Listed, notes: Notes) -> None:
    """Tell of columns that speak of the state of a station or of chargers, and are not read."""
    there = list(cells.columns)
    name = listed.file.path.name
    state = find_field("status", there)
    asked = {match_name(one, there) for one in listed.where}
    asked |= {match_name(one, there) for field in listed.where
              for one in names_of(listed.file.columns.get(field, ()))}  # fmt: skip
    if state is not None and state not in asked:
        counts = cells[state].value_counts()
        if any(_NOT_STANDING.search(text) for text in counts.index):
            states = [f"{text or '∅'} ({count})" for text, count in counts.items()]
            values = {"file": name, "column": state, "key": listed.file.key, "states": states}
            notes.append(Note("state_not_read", values))
    used = {
        match_name(one, there)
        for theirs in listed.file.columns.values()
        for one in names_of(theirs)
    }
    other = count_columns(cells, [column for column in there if column not in used])
    if other and names_of(listed.file.columns.get("chargers", "chargers")):
        values = {"file": name, "columns": other, "key": listed.file.key}
        notes.append(Note("counts_not_read", values))


def count_columns(cells: pd.DataFrame, columns: list[str]) -> list[str]:
    """Return the columns that look like chargers of a kind, such as 快充 and 慢充."""
    return [column for column in columns if _counts_chargers(column, cells)]


def says_not_standing(states: pd.Series) -> tuple[list[str], list[str]]:
    """Return the states of a column under which a station stands, and those under which not."""
    texts = list(dict.fromkeys(states))
    others = [text for text in texts if _NOT_STANDING.search(text)]
    return [text for text in texts if text not in others], others


def _counts_chargers(column: str, cells: pd.DataFrame) -> bool:
    plain = plain_name(column)
    if plain == "chargers" or not _COUNTS.search(column) or _NO_COUNTS.search(column):
        return False
    numbers = [read_number(cell, unit="count") for cell in cells[column] if cell]
    return bool(numbers) and all(one is not None and one.value % 1 == 0 for one in numbers)


def _refuse_power(frame: gpd.GeoDataFrame, wanted: PointFile) -> None:
    """Refuse power out of all proportion to the chargers: it is in another unit."""
    each = (frame["power_kw"] / frame["chargers"].where(frame["chargers"] > 0)).dropna()
    if each.empty or _LEAST_KW_EACH <= float(each.median()) <= _MOST_KW_EACH:
        return
    raise TableError(
        f"'{wanted.path.name}' has {each.median():,.3g} kW a charger (median of {len(each)} "
        f"stations), which is no power of a charger ({_LEAST_KW_EACH:g} to {_MOST_KW_EACH:,g} kW)",
        where=f"{wanted.key}.power_unit",
        cure='say the unit: power_unit = "W" or "MW"; or map another column to power_kw',
    )
