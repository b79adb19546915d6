"""The columns and facility classes of a plan, each once: type, unit, digits, words, where shown.

Everything that comes once for each class (a table, a total, a sign on the map, a sheet of the
workbook) loops over :data:`FACILITIES`; the names stand here and nowhere else.

The registry is the table ``fields.csv`` beside this module, a row a column:

``key``
    Name of the column. A part in angle brackets stands for any name: ``chargers_<class>``.
``of``
    Which tables have it: classes of facility (``charging swap hydrogen``), the map's
    ``candidate`` and ``stopped`` sites, or ``zone``.
``made``
    ``yes``: no table holds it; :mod:`siting.plan.described` words it for readers.
``dtype`` ... ``choices``, ``meaning``
    As of :class:`~siting.tables.contract.Column`. Empty for a column that the stages' tables
    declare already: theirs hold. ``optional``: some plans lack the column as a whole.
``digits``
    After the point, where people read it. A ``share`` is shown in percent.
``sum``
    Its sum stands below it.
``csv``, ``popup``, ``workbook``, ``layers``, ``report``, ``compare``
    Its place in the output, empty where it is not shown. Of equal places the upper row comes
    first, so a new column takes the place of the one it follows.
``paper``
    Its share of a handout's width; which bodies see it is said in ``data/handout_bodies.csv``.
``quiet``
    Outputs that leave it out where it is missing, rather than say so.
``restricted``
    For the grid company alone.
``zh``, ``en``, ``head_zh``, ``head_en``
    Its name, and the heading of a table with the unit in it; the name where that is empty. They are
    words like all others: ``field.<key>``, ``field.<key>.head`` (``field.zone.<key>`` of zones).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal

from siting.tables import catalogue
from siting.tables.contract import Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


@dataclass(frozen=True)
class Facility:
    """One class of facility.

    Attributes
    ----------
    key
        As in the column ``of`` of ``fields.csv``.
    table
        Its table: an attribute of a ``Plan``, a layer of ``plan.gpkg``, and a CSV file.
    total
        Key of the number of its places in the totals and targets.
    totals
        All its keys there.
    marks
        Its table in the data of the web map.
    letter
        Before its numbers on handouts.
    sign
        Its form on handouts and in a GIS.
    spacing
        Key of the scenario that keeps new ones apart.
    optional
        Whether a plan may have no table of it.
    """

    key: str
    table: str
    total: str
    totals: tuple[str, ...]
    marks: str
    letter: str
    sign: str
    spacing: str
    optional: bool = False

    def spacing_m(self, scenario: Mapping[str, Any]) -> float:
        """Return how far apart new ones stay, straight line (m), by a resolved scenario.

        Raises
        ------
        KeyError
            If the scenario has no such block.
        """
        block, key = self.spacing.split(".")
        return float(scenario[block][key])


CHARGING = Facility(
    key="charging", table="sites", total="stations", totals=("stations", "chargers"),
    marks="stations", letter="", sign="circle", spacing="model.min_spacing_m",
)  # fmt: skip
SWAP = Facility(
    key="swap", table="swap_sites", total="swap_stations", totals=("swap_stations",),
    marks="swaps", letter="S", sign="diamond", spacing="model.swap_spacing_m",
)  # fmt: skip
HYDROGEN = Facility(
    key="hydrogen", table="hydrogen_sites", total="hydrogen_stations",
    totals=("hydrogen_stations",), marks="hydrogen", letter="H", sign="hexagon",
    spacing="hydrogen.spacing_m", optional=True,
)  # fmt: skip

FACILITIES = (CHARGING, SWAP, HYDROGEN)

TOTALS = tuple(total for one in FACILITIES if not one.optional for total in one.totals)
"""Totals that every plan has and every scenario sets a target for."""


Output = Literal["csv", "popup", "workbook", "layers", "report", "compare"]
OUTPUTS: tuple[Output, ...] = ("csv", "popup", "workbook", "layers", "report", "compare")

ZONE = "zone"
_LANGUAGES = ("zh", "en")
_STAGES = (catalogue.SITES, catalogue.SCORES, catalogue.GRID)
_SHARE = "share"


@dataclass(frozen=True)
class Field:
    """One column of a plan.

    Attributes
    ----------
    column
        Its name, type, unit and meaning.
    of
        The tables that have it.
    made
        Whether it is worded for readers, and held by no table.
    digits
        After the point; None for text.
    sums
        Whether its sum says something.
    places
        Its place by output.
    width
        Its share of a handout's width; None where no handout may have it.
    quiet
        Outputs that leave it out where it is missing.
    restricted
        Whether it is for the grid company alone.
    names, heads
        By language; empty where no output shows it.
    """

    column: Column
    of: frozenset[str]
    made: bool
    digits: int | None
    sums: bool
    places: Mapping[str, float]
    width: float | None
    quiet: frozenset[str]
    restricted: bool
    names: Mapping[str, str]
    heads: Mapping[str, str]

    @property
    def key(self) -> str:
        """Name of the column."""
        return self.column.name

    @property
    def word(self) -> str:
        """Key of its name in the words."""
        return f"field.zone.{self.key}" if ZONE in self.of else f"field.{self.key}"

    @property
    def scale(self) -> float:
        """What its values are multiplied by for readers: shares are told in percent."""
        return 100.0 if self.column.unit == _SHARE else 1.0


@cache
def fields(*, zone: bool = False) -> Mapping[str, Field]:
    """Return the columns of a plan's places by key, or those of its zones, in their order."""
    text = (resources.files(__package__) / "fields.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {row["key"]: _field(row) for row in rows if (row["of"] == ZONE) == zone}


def find_field(name: str, *, zone: bool = False) -> tuple[Field, str] | None:
    """Return the field of a column and what stands for its angle brackets; None if there is none.

    A name that stands in the registry as it is goes before one that fits a pattern.
    """
    known = fields(zone=zone)
    if name in known:
        return known[name], ""
    return next(
        (
            (one, part)
            for one in known.values()
            if one.column.is_pattern and (part := one.column.part(name)) is not None
        ),
        None,
    )


def shown(output: Output, of: str, columns: Iterable[str]) -> list[str]:
    """Return the columns that an output shows of a table, in their order there.

    Parameters
    ----------
    output
        The output.
    of
        A class of facility, ``candidate``, ``stopped`` or ``zone``.
    columns
        Columns the table has; those :func:`made` need not be among them.

    Returns
    -------
    list
        Names; those of one pattern as the table has them.

    Examples
    --------
    >>> shown("report", "charging", ["reason", "zone_id", "site_id", "name"])
    ['site_id', 'name', 'zone_name', 'reason']
    """
    placed: list[tuple[float, str]] = []
    there = list(columns)
    for field in fields(zone=of == ZONE).values():
        if output in field.places and of in field.of:
            placed += [(field.places[output], name) for name in _named(field, there)]
    return [name for _, name in sorted(placed, key=lambda entry: entry[0])]


def _named(field: Field, there: list[str]) -> Iterator[str]:
    """Yield the columns of a table that are a field's."""
    if field.made:
        yield field.key
        return
    for name in there:
        found = find_field(name, zone=ZONE in field.of)
        if found is not None and found[0] is field:
            yield name


def plan_table(facility: Facility) -> Table:
    """Return the contract of a class' table in a plan."""
    return _contract(
        f"plan_{facility.table}", "pipeline.assemble, pipeline.equip", facility.key, zone=False
    )


def _contract(name: str, made_by: str, of: str, *, zone: bool) -> Table:
    columns = [one.column for one in fields(zone=zone).values() if of in one.of and not one.made]
    shape = "polygon or multipolygon" if zone else "point on the place"
    columns.append(Column("geometry", "geometry", shape, "metres in the run's metric CRS"))
    return Table(name, made_by, tuple(columns), may_be_empty=not zone)


def _field(row: dict[str, str]) -> Field:
    names = {language: row[language] for language in _LANGUAGES}
    heads = {language: row[f"head_{language}"] or row[language] for language in _LANGUAGES}
    return Field(
        column=_column(row),
        of=frozenset(row["of"].split()),
        made=row["made"] == "yes",
        digits=int(row["digits"]) if row["digits"] else None,
        sums=row["sum"] == "yes",
        places={output: float(row[output]) for output in OUTPUTS if row[output]},
        width=_number(row["paper"]),
        quiet=frozenset(row["quiet"].split()),
        restricted=row["restricted"] == "yes",
        names=names if all(names.values()) else {},
        heads=heads if all(heads.values()) else {},
    )


def _column(row: dict[str, str]) -> Column:
    """Return type and meaning of a column: its own, else those the stages' tables declare."""
    key, optional = row["key"], row["optional"] == "yes"
    if not row["dtype"]:
        tables = (catalogue.ZONES,) if row["of"] == ZONE else _STAGES
        declared = next(one for table in tables for one in table.columns if one.name == key)
        return replace(declared, optional=optional)
    return Column(
        key,
        row["dtype"],  # type: ignore[arg-type]  # a test holds them
        row["meaning"],
        row["unit"],
        nullable=row["nullable"] == "yes",
        low=_number(row["low"]),
        high=_number(row["high"]),
        choices=tuple(row["choices"].split()),
        optional=optional,
    )


def _number(text: str) -> float | None:
    return float(text) if text else None


PLAN_SITES, PLAN_SWAP_SITES, PLAN_HYDROGEN_SITES = (plan_table(one) for one in FACILITIES)
PLAN_ZONES = _contract("plan_zones", "pipeline.assemble", ZONE, zone=True)
PLAN_TABLES = {
    table.name: table for table in (PLAN_SITES, PLAN_SWAP_SITES, PLAN_HYDROGEN_SITES, PLAN_ZONES)
}
"""Contracts of the tables of a plan that outputs read columns of."""
