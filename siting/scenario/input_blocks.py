"""The blocks of the scenario for files of any office: their form, their columns, what counts."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from siting.scenario._block import AtLeastOne, Block, Datum, File, MaybeDate, MaybeFile, Names

if TYPE_CHECKING:
    from siting.files import JsonObject


def _as_names(value: Any) -> Any:  # noqa: ANN401  # whatever the file holds
    """Take one name for a list of one."""
    return (value,) if isinstance(value, str) else value


def _as_rows(value: Any) -> Any:  # noqa: ANN401  # whatever the file holds
    """Take one row for a list of one."""
    return (value,) if isinstance(value, int) and not isinstance(value, bool) else value


def _as_tuples(value: Any) -> Any:  # noqa: ANN401  # whatever the file holds
    if not isinstance(value, dict):
        return value
    return {key: tuple(one) if isinstance(one, list) else one for key, one in value.items()}


def _below_each_other(rows: tuple[int, ...]) -> tuple[int, ...]:
    if not rows or len(rows) > 2 or rows[0] + len(rows) - 1 != rows[-1]:  # noqa: PLR2004
        raise ValueError("one row, or two below each other, e.g. 3 or [2, 3]")
    return rows


OneOrMore = Annotated[Names, BeforeValidator(_as_names)]
Columns = Annotated[dict[str, str | tuple[str, ...]], BeforeValidator(_as_tuples)]
HeaderRow = Annotated[
    tuple[AtLeastOne, ...],
    Field(strict=False),
    BeforeValidator(_as_rows),
    AfterValidator(_below_each_other),
]
Decimal = Literal[".", ","]


def _as_text(value: Any) -> Any:  # noqa: ANN401  # whatever the file holds
    return value.isoformat() if isinstance(value, dt.date) else value


Bound = Annotated[float | int | str | None, BeforeValidator(_as_text)]


class Condition(Block):
    """What the cells of a column must be for a row to count: where.<column> = {besides = ["P"]}.

    A text or a list, as in {state = ["E", "T"]}, is short for among.
    """

    among: OneOrMore | None = None
    """Texts or numbers that count; "" is an empty cell."""
    besides: OneOrMore = ()
    """Texts or numbers that do not count."""
    least: Bound = None
    """Least number, or first day, that counts."""
    most: Bound = None
    """Greatest number, or last day, that counts."""


def _as_conditions(value: Any) -> Any:  # noqa: ANN401  # whatever the file holds
    """Take values for conditions: {state = "E"} and {state = ["E", "T"]} are the usual ones."""
    if isinstance(value, str):
        value = _parsed(value)
    if not isinstance(value, dict):
        return value
    return {
        column: one
        if isinstance(one, (dict, Condition))
        else {
            "among": [_plain(item) for item in (one if isinstance(one, (list, tuple)) else [one])]
        }
        for column, one in value.items()
    }


def _parsed(text: str) -> JsonObject:
    """Return the conditions of a text such as ``状态 = 运营``."""
    column, sign, wanted = text.replace("==", "=").partition("!=" if "!=" in text else "=")
    if not sign or not column.strip():
        raise ValueError('column and value, e.g. { 状态 = "运营" }')
    value = wanted.strip().strip("'\"")
    return {column.strip().strip("'\""): {"besides": [value]} if sign == "!=" else value}


def _plain(value: Any) -> str:  # noqa: ANN401  # a value of TOML
    return str(value).lower() if isinstance(value, bool) else str(value)


Where = Annotated[dict[str, Condition], BeforeValidator(_as_conditions)]


class TableInput(Block):
    """The form of a file; what is left out is found, and told in the notes of the plan."""

    layer: str | None = None
    """Layer or sheet; left out, the first, of sheets the first with the columns asked for."""
    encoding: str | None = None
    """Encoding of its text, e.g. "gb18030", "windows-1252", "utf-16"; left out, it is found."""
    header_row: HeaderRow | None = None
    """Row of the header as a spreadsheet counts, or two, e.g. [2, 3]; left out, it is found."""
    decimal: Decimal | None = None
    """Decimal sign of its numbers; left out, as its numbers prove."""
    columns: Columns = Field(default_factory=dict)
    """Table column to file column, e.g. {chargers = "桩数", lon = "经度"}; several are added up, as
    in {chargers = ["快充", "慢充"]}. lon and lat may name one column that holds both."""


class ZonesInput(Block):
    """The planning zones: from a file, or from OSM's administrative areas."""

    file: MaybeFile = None
    """GeoPackage, GeoJSON, shapefile or AMap's district answer; left out, OSM's boundaries."""
    layer: str | None = None
    """Layer of the file; the first if not given."""
    datum: Datum | None = None
    """Datum of the file. Must be said when a file is given."""
    encoding: str | None = None
    """Encoding of its texts, e.g. "gb18030"; left out, its .cpg says it, or it is found."""
    admin_level: Annotated[int, Field(ge=2, le=12)] | None = None
    """admin_level of OSM boundaries to use (8: subdistrict and town in Yubei); left out, the level
    that tiles the area best. siting zones lists what each level has."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Table column to file column, e.g. {zone_id = "code", name = "名称"}."""
    people: MaybeFile = None
    """CSV or XLSX with people by zone, joined on people_key."""
    people_key: str = "zone_id"
    """What the people table is joined on: zone_id, name (with and without 街道, 镇 or 乡 where that
    leaves no doubt), or place (lon and lat of each row; several rows in a zone add up)."""
    people_columns: dict[str, str] = Field(default_factory=dict)
    """Table column to column of the people table, e.g. {population = "人口"}."""
    people_unit: str | None = None
    """Unit of the people in file and table: "人" or "万人"; left out, as a header says, else 人."""
    people_encoding: str | None = None
    """Encoding of the people table; left out, it is found."""
    people_header_row: HeaderRow | None = None
    """Row of its header as a spreadsheet counts, or two; left out, it is found."""
    people_datum: Datum | None = None
    """Datum of lon and lat of the people table; must be said for people_key = "place"."""
    area_people: Annotated[float, Field(gt=0)] | None = None
    """People of the whole area, where nobody knows them by zone: zones without a figure share what
    the others leave of it, by the homes mapped in them."""


class StationsInput(TableInput):
    """One list of existing stations."""

    file: File
    """CSV, XLSX, JSON, GeoPackage, GeoJSON or shapefile."""
    datum: Datum | None = None
    """Datum of the coordinates. Must be said."""
    preset: str | None = None
    """Register whose columns and rows these are: openchargemap, afdc, irve, bundesnetzagentur, ncr,
    amap-poi (data/presets). What this block says goes before it."""
    group_by: OneOrMore = ()
    """Column or columns that are the same in all rows of one station, where rows are its points."""
    chargers_of: Literal["station", "row"] | None = None
    """Whose the chargers of a row are, with group_by: the station's, repeated on each of its rows,
    or the row's own, which are added up. Left out, the numbers tell it, or it is asked for."""
    where: Where = Field(default_factory=dict)
    """Which rows count, e.g. {状态 = "运营"} or {状态 = ["运营", "试运营"]}, or with besides, least
    and most, e.g. {opened = {most = 2024-12-31}}; columns of the file or table. All must hold."""
    on: MaybeDate = None
    """Day the list is read for: stations opened later or closed by then are left out; left out,
    inputs.osm_as_of."""
    classes: Columns = Field(default_factory=dict)
    """Class of charger to the column or columns that count it, e.g. {fast_dc = "快充", slow_ac =
    "慢充"}; where columns has no chargers they are the sum."""
    power_unit: str | None = None
    """Unit of power_kw in the file: "kW", "W" or "MW"; left out, as its header says, else kW."""

    @model_validator(mode="after")
    def _grouped(self) -> Self:
        if self.chargers_of is not None and not self.group_by and self.preset is None:
            raise ValueError("chargers_of wants group_by: which rows are one station")
        return self


class SubstationsInput(TableInput):
    """A list of substations with their free capacity."""

    file: File
    """CSV, XLSX, JSON, GeoPackage, GeoJSON or shapefile."""
    datum: Datum | None = None
    """Datum of the coordinates. Must be said."""
    headroom_unit: str | None = None
    """Unit of the headroom: "kW", "MW", "kVA" or "MVA" (at a power factor of 0.95); left out, as
    the header says, else kW."""


class TrafficInput(TableInput):
    """Counts of through traffic by road number."""

    file: File
    """CSV or XLSX with ref, vehicles_day and, if known, through_share."""


LayerRole = Literal[
    "places",
    "demand",
    "people",
    "barriers",
    "red_lines",
    "protected",
    "flood",
    "slope",
    "projects",
    "communities",
    "sights",
    "renewal",
    "idle_land",
    "planned_parking",
]


class Layer(TableInput):
    """One layer of the planner's own; docs/candidates.md has the columns of each role."""

    role: LayerRole
    """What it is: places (candidates), demand, people, barriers (no road crosses them), red_lines
    and protected (nothing may stand there), flood, slope, projects (new build), communities, sights
    (with their class), renewal (areas of urban renewal), idle_land, planned_parking."""
    file: File
    """GeoPackage, GeoJSON or shapefile; of points also CSV or XLSX."""
    datum: Datum | None = None
    """Datum of the coordinates. Must be said."""
    people_unit: str | None = None
    """Unit of people: "人" or "万人"; left out, as the header says, else 人."""


class Counting(Block):
    """What counts towards the totals; a plan shows its totals the other way round as well."""

    charger: Literal["pile", "gun"] = "pile"
    """What a charger is, in targets and lists: a pile, or a gun (connector). The table of classes
    is written for piles and says the guns of each."""
    not_public: Names = ()
    """Kinds of site whose chargers do not count as public, e.g. ["residential", "logistics"]:
    neither new ones nor those that stand there. A site with bays declared as public (public_bays in
    a layer of places, projects or communities) counts with these."""
    leave_out_managed_by: Names = ()
    """Zones run by these bodies are not planned and do not count, e.g. ["两江新区直管区"]."""
