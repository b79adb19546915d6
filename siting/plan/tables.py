"""The tables of a plan on disk: layers of a GeoPackage, and sheets that open in Excel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
from pyogrio.errors import DataSourceError

from siting import geo
from siting.errors import BrokenFileError, InputMissingError

if TYPE_CHECKING:
    from pathlib import Path

    from siting.plan.plan import Plan

LAYERS = (
    "sites",
    "swap_sites",
    "candidates",
    "assignments",
    "demand",
    "zones",
    "roads",
    "landscape",
)
OPTIONAL_LAYERS = ("hydrogen_sites",)
_LONLAT_DECIMALS = 6
_DECIMALS = 4
_DECIMALS_BY_END = {"_m": 1, "_m2": 0, "_kw": 1, "_kwh_day": 1, "_min": 1, "_cny": 0}
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
# columns of a sheet, in order; those that a table lacks are left out
_SHEET_COLUMNS = (
    "site_id", "name", "kind", "kind_name", "pool", "zone_id", "zone_name", "lon", "lat", "is_new",
    "phase", "chargers", "existing_chargers", "chargers_*", "phase_*", "power_kw", "kva",
    "load_kwh_day", "utilisation", "wait_min", "wait_over_promise_share", "chargers_needed",
    "peak_busy_share",
    "site_fixed_cny", "charger_cny", "cost_cny", "cost_low_cny", "cost_high_cny", "substation_id",
    "substation_m", "headroom_kw", "drawn_kw", "swap", "spaces", "spaces_source",
    "min_chargers", "max_chargers", "score", "verdict", "rule", "reason", "owner", "mark",
)  # fmt: skip
_TEXT = pd.StringDtype(na_value=np.nan)
_MARK = "mark"
_PHASE = "phase"
_CURE = "make the plan again with: siting plan SCENARIO"


class Say(Protocol):
    """Words in the run's language; ``outputs.words`` knows them, this room does not."""

    def __call__(self, key: str, /, **values: Any) -> str:  # noqa: ANN401  # numbers and names
        """Return the text of a key with its values filled in."""


def write_tables(plan: Plan, path: Path, *, say: Say) -> None:
    """Write every table of a plan as a layer, in the plan's metric CRS.

    Parameters
    ----------
    plan
        The plan.
    path
        The GeoPackage to make.
    say
        Words for the sample mark, which each layer carries in its description and each row of
        a synthetic plan in the column ``mark``.
    """
    more = [layer for layer in OPTIONAL_LAYERS if getattr(plan, layer) is not None]
    for layer in (*LAYERS, *more):
        frame = _plain(getattr(plan, layer))
        options: dict[str, Any] = {"layer": layer, "driver": "GPKG", "append": path.exists()}
        if plan.synthetic:
            options["DESCRIPTION"] = say("mark.sample")
            frame = frame.assign(**{_MARK: say("mark.sample")})
        if isinstance(frame, gpd.GeoDataFrame):
            # one layer may hold points and polygons, or nothing: let it
            options |= {"geometry_type": "Unknown", "promote_to_multi": False}
        pyogrio.write_dataframe(frame, path, **options)


def read_tables(path: Path) -> dict[str, gpd.GeoDataFrame | pd.DataFrame]:
    """Read the layers of a plan's GeoPackage by name.

    Raises
    ------
    InputMissingError
        If the file is not there.
    BrokenFileError
        If it is cut short or lacks a layer.
    """
    if not path.exists():
        raise InputMissingError(
            f"the run folder lacks its tables, {path.name}", where=str(path.parent), cure=_CURE
        )
    try:
        there = {str(row[0]) for row in pyogrio.list_layers(path)}
        missing = [layer for layer in LAYERS if layer not in there]
        if missing:
            raise BrokenFileError(
                f"{path.name} lacks the layer(s) {', '.join(missing)}", where=str(path), cure=_CURE
            )
        wanted = (*LAYERS, *(layer for layer in OPTIONAL_LAYERS if layer in there))
        frames = {layer: pyogrio.read_dataframe(path, layer=layer) for layer in wanted}
    except (DataSourceError, RuntimeError) as error:
        raise BrokenFileError(
            f"{path.name} cannot be read: {error}", where=str(path), cure=_CURE
        ) from error
    return {
        layer: _typed(frame.drop(columns=_MARK, errors="ignore")) for layer, frame in frames.items()
    }


def write_sheet(plan: Plan, frame: gpd.GeoDataFrame, path: Path, *, say: Say) -> None:
    """Write stations or swap stations as CSV in WGS-84 degrees, safe to open in a spreadsheet.

    Parameters
    ----------
    plan
        The plan the rows belong to.
    frame
        ``plan.sites`` or ``plan.swap_sites``.
    path
        The file to make.
    say
        Words for kinds of site and the sample mark.
    """
    degrees = frame.geometry.to_crs(geo.WGS84)
    table = pd.DataFrame(frame.drop(columns=frame.geometry.name)).assign(
        lon=degrees.x.round(_LONLAT_DECIMALS),
        lat=degrees.y.round(_LONLAT_DECIMALS),
        zone_name=frame["zone_id"].map(plan.zones.set_index("zone_id")["name"]),
        kind_name=[say(f"kind.{kind}") for kind in frame["kind"]],
    )
    if plan.synthetic:
        table["mark"] = say("mark.sample")
    table = table[_in_order(table.columns)].copy()
    for name in table.columns.difference(["lon", "lat"]):
        if pd.api.types.is_float_dtype(table[name]):
            table[name] = _rounded(table[name])
        elif not pd.api.types.is_numeric_dtype(table[name]):
            table[name] = table[name].map(harmless, na_action="ignore")
    # the byte-order mark makes Excel read the Chinese as UTF-8
    table.to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\n")


def _in_order(columns: pd.Index) -> list[str]:
    """Return the columns of a sheet; a name that ends with a star stands for all that begin so."""
    found: dict[str, None] = {}
    for name in _SHEET_COLUMNS:
        if name.endswith("*"):
            begun = name.removesuffix("*")
            found |= dict.fromkeys(
                one for one in columns if one.startswith(begun) and one not in _SHEET_COLUMNS
            )
        elif name in columns:
            found[name] = None
    return list(found)


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with categories as text: a GeoPackage has no such type."""
    labels = {
        name: frame[name].astype(_TEXT)
        for name in frame.columns
        if isinstance(frame[name].dtype, pd.CategoricalDtype)
    }
    return frame.assign(**labels).reset_index(drop=True)


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with one text type, also where a column is empty or all missing."""
    texts = {
        name: frame[name].astype(_TEXT)
        for name in frame.columns
        if frame[name].dtype == object and name != "geometry"
    }
    # years, missing where a station stands today
    years = {name: frame[name].astype("Int64") for name in frame.columns if name == _PHASE}
    return frame.assign(**texts, **years)


def _rounded(values: pd.Series) -> pd.Series:
    ends = [digits for end, digits in _DECIMALS_BY_END.items() if str(values.name).endswith(end)]
    rounded = values.round(ends[0] if ends else _DECIMALS)
    if bool((rounded.dropna() % 1 == 0).all()):
        return rounded.astype("Int64")
    return rounded


def harmless(text: object) -> object:
    """Keep a spreadsheet from running a name as a formula, and a row on one line."""
    if not isinstance(text, str):
        return text
    line = " ".join(text.splitlines())
    return f"'{line}" if line.startswith(_FORMULA_STARTS) else line
