"""Counts of through traffic by road number, from a CSV or a workbook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from siting.errors import TableError
from siting.inputs.files.columns import PointField, PointFile, map_columns, texts
from siting.inputs.files.sheets import MISSING, read_table
from siting.inputs.files.vectors import require_file
from siting.inputs.provenance import file_provenance, marked_synthetic, stated_licence
from siting.scenario import local_path

if TYPE_CHECKING:
    import geopandas as gpd

    from siting import scenario
    from siting.inputs.provenance import Provenance

_KEY = "inputs.traffic"
_FIELDS = (
    PointField("ref", "text", required=True),
    PointField("vehicles_day", "number", required=True),
    PointField("through_share", "number"),
)
_SHOWN = 20
_FIRST_ROW = 2


def load_traffic(
    given: scenario.TrafficInput | None, edges: gpd.GeoDataFrame
) -> tuple[pd.DataFrame | None, list[Provenance]]:
    """Load the counts of through traffic.

    Parameters
    ----------
    given
        The scenario's file, or None: nobody counted.
    edges
        ``tables.EDGES``, whose road numbers the file must name.

    Returns
    -------
    traffic
        As ``tables.TRAFFIC``, sorted by ref; None without a file.
    sources
        Where it came from.

    Raises
    ------
    InputMissingError, BrokenFileError
        If the file is not there, or cannot be read.
    TableError
        Naming every faulty row at once: no number of vehicles, a share beyond 0 to 1, a road
        counted twice or not on the map.
    """
    if given is None:
        return None, []
    path = local_path(given.file)
    require_file(path, _KEY)
    sheet = read_table(path, given.layer)
    wanted = PointFile(path, _KEY, given.layer, None, given.columns, _FIELDS)
    columns = map_columns(wanted, list(sheet.columns), ())
    refs = sheet[columns["ref"]].str.strip().tolist()
    vehicles = [_number(cell) for cell in sheet[columns["vehicles_day"]]]
    shares = (
        [_number(cell) for cell in sheet[columns["through_share"]]]
        if "through_share" in columns
        else [None] * len(sheet)
    )
    rows = [int(index) + _FIRST_ROW for index in sheet.index]
    _refuse(path.name, list(zip(rows, refs, vehicles, shares, strict=True)), _on_map(edges))
    frame = pd.DataFrame(
        {
            "ref": texts(refs),
            "vehicles_day": np.array(vehicles, dtype=float),
            "through_share": np.array(shares, dtype=float),
        }
    )
    source = file_provenance(
        "traffic", path, synthetic=marked_synthetic(sheet), licence=stated_licence(sheet)
    )
    return frame.sort_values("ref", ignore_index=True), [source]


def _on_map(edges: gpd.GeoDataFrame) -> set[str]:
    named = edges["ref"].dropna().str.split(";").explode()
    return set(named.str.strip())


def _number(cell: str) -> float | None:
    """Return a number, None where the cell says that nobody knows, NaN where it is no number."""
    if cell.lower() in MISSING:
        return None
    try:
        return float(cell.replace(",", ""))
    except ValueError:
        return float("nan")


def _refuse(name: str, rows: list[tuple[int, str, float | None, Any]], there: set[str]) -> None:
    faults: list[str] = []
    seen: dict[str, int] = {}
    for row, ref, vehicles, share in rows:
        if vehicles is None or not 0 <= vehicles < float("inf"):
            faults.append(f"row {row}: vehicles_day is no number of vehicles")
        if share is not None and not 0 <= share <= 1:
            faults.append(f"row {row}: through_share is no share from 0 to 1")
        if ref in seen:
            faults.append(f"row {row}: road {ref} is counted in row {seen[ref]} already")
        elif ref not in there:
            faults.append(f"row {row}: no road of the map has the number '{ref}'")
        seen.setdefault(ref, row)
    if not rows:
        faults.append("it has no rows")
    if faults:
        known = ", ".join(sorted(there)[:_SHOWN]) or "none"
        raise TableError(
            f"'{name}' is at fault:\n    - " + "\n    - ".join(faults[:_SHOWN]),
            where=f"{_KEY}.file",
            cure=f"one row a road, counted in both directions; numbers on the map: {known}",
        )
