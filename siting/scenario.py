"""The scenario: one TOML file in, one frozen :class:`Scenario` out.

Keys are grouped by the stage that reads them; a key nobody reads is refused with its
path and the nearest name. Precedence: default < ``extends`` < file < ``--set key=value``.
Paths in a file are relative to that file; ``shipped:`` paths lie in the project's data.
"""

from __future__ import annotations

import datetime as dt
import difflib
import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from siting.errors import InputMissingError, ScenarioError, UnknownKeyError
from siting.shipped import SHIPPED_PREFIX, shipped_path

if TYPE_CHECKING:
    from collections.abc import Callable

OVERPASS = "overpass"
_MAX_EXTENDS = 8
_SHARE_TOLERANCE = 1e-9

Datum = Literal["wgs84", "gcj02", "bd09"]
Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=0)]


class _Block(BaseModel):
    """A frozen block of the scenario; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Run(_Block):
    """Who this run is."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")] = "run"
    """Name of the run and of its folder; letters, digits, dot, dash, underscore."""
    title_zh: str = "充换电设施选址方案"
    """Title on Chinese maps and pages."""
    title_en: str = "Charging-infrastructure siting plan"
    """Title on English maps and pages."""
    seed: Count = 7
    """Seed of everything random."""
    language: Literal["zh", "en"] = "zh"
    """Language of maps and pages."""


class Area(_Block):
    """The area planned for: a boundary file, a bbox, or a place name."""

    boundary: str | None = None
    """GeoPackage, GeoJSON, shapefile or AMap JSON array with the outline."""
    layer: str | None = None
    """Layer of the boundary file; the first if not given."""
    datum: Datum | None = None
    """Datum of the boundary file: wgs84, gcj02 or bd09. Must be said."""
    bbox: tuple[float, float, float, float] | None = None
    """West, south, east, north in degrees of WGS-84."""
    place: str | None = None
    """Place name for Nominatim (needs a network)."""
    as_of: dt.date | None = None
    """Date the outline was valid."""
    epsg: int | None = None
    """Metric CRS of the run as an EPSG number; None picks the UTM zone."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        given = [key for key in ("boundary", "bbox", "place") if getattr(self, key) is not None]
        if len(given) != 1:
            msg = f"give exactly one of boundary, bbox, place (given: {', '.join(given) or 'none'})"
            raise ValueError(msg)
        return self


class Overpass(_Block):
    """How `fetch` talks to Overpass and Nominatim."""

    endpoint: str = "https://overpass-api.de/api"
    """Overpass API, without the trailing /interpreter."""
    nominatim: str = "https://nominatim.openstreetmap.org/"
    """Nominatim, for area.place."""
    timeout_s: Positive = 180
    """Time the server may take for one query."""
    connect_timeout_s: Positive = 4
    """Time to find out whether there is a network at all."""
    retries: Count = 2
    """Further tries after a failed query."""
    cache_dir: str | None = None
    """Folder for raw answers; None keeps no cache."""


class ZonesInput(_Block):
    """The planning zones: from a file, or from OSM's administrative areas."""

    file: str | None = None
    """GeoPackage, GeoJSON or shapefile; None takes OSM's boundaries."""
    layer: str | None = None
    """Layer of the file; the first if not given."""
    datum: Datum | None = None
    """Datum of the file. Must be said when a file is given."""
    admin_level: Annotated[int, Field(ge=2, le=12)] = 8
    """admin_level of OSM boundaries to use (8: subdistrict and town in Yubei)."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Table column to file column, e.g. {zone_id = "code", name = "名称"}."""
    people: str | None = None
    """CSV or XLSX with people by zone, joined on people_key."""
    people_key: str = "zone_id"
    """Column of the zones that the people table is joined on: zone_id or name."""
    people_columns: dict[str, str] = Field(default_factory=dict)
    """Table column to column of the people table, e.g. {population = "人口"}."""


class StationsInput(_Block):
    """One list of existing stations."""

    file: str
    """CSV, XLSX, GeoPackage or GeoJSON."""
    layer: str | None = None
    """Layer or sheet; the first if not given."""
    datum: Datum | None = None
    """Datum of the coordinates. Must be said."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Table column to file column, e.g. {chargers = "桩数", lon = "经度"}."""


class SubstationsInput(_Block):
    """A list of substations with their free capacity."""

    file: str
    """CSV, XLSX, GeoPackage or GeoJSON."""
    datum: Datum | None = None
    """Datum of the coordinates. Must be said."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Table column to file column."""


class Inputs(_Block):
    """Where the data comes from."""

    osm: str
    """A .osm.pbf, .osm, .osm.gz or .osm.bz2 extract, a pack (.gpkg), or "overpass"."""
    osm_as_of: dt.date | None = None
    """Date of the extract, if its header has none."""
    zones: ZonesInput = ZonesInput()
    """Planning zones."""
    stations: tuple[StationsInput, ...] = ()
    """Lists of existing stations; they count towards the targets."""
    osm_stations: bool = True
    """Also take amenity=charging_station from the map."""
    merge_stations_m: NonNegative = 60
    """Existing stations nearer than this are one station."""
    substations: SubstationsInput | None = None
    """Substations; None takes those of the map (headroom unknown)."""
    place_kinds: str = "shipped:place_kinds.csv"
    """Table of the OSM tags of each kind of place."""
    speeds: str = "shipped:road_speeds.csv"
    """Table of free-flow speeds by road class."""
    overpass: Overpass = Overpass()
    """Settings of the download."""


class Targets(_Block):
    """What must stand at the end: existing and new together."""

    stations: Annotated[int, Field(ge=1)]
    """Charging stations."""
    chargers: Annotated[int, Field(ge=1)]
    """Public chargers."""
    swap_stations: Count = 0
    """Battery-swap stations."""
    by: int | None = None
    """Year."""


class Candidates(_Block):
    """How places become candidate sites."""

    site_kinds: str = "shipped:site_kinds.csv"
    """Table of the rules of each kind: spaces, chargers, swap, verdict, owner."""
    leave_out: tuple[str, ...] = ()
    """Kinds not to consider."""
    merge_m: NonNegative = 40
    """Places of one kind nearer than this are one place (DBSCAN)."""
    max_snap_m: Positive = 400
    """A place farther than this from a road is no candidate."""


class Demand(_Block):
    """From people to kWh of public charging a day; sources in data/parameters.csv."""

    cars_per_person: Positive = 0.25
    """Cars per resident."""
    nev_share: Share = 0.15
    """Share of cars that are new-energy vehicles."""
    kwh_per_nev_day: Positive = 8.4
    """All charging of one NEV, kWh a day."""
    public_share: Share = 0.6
    """Share of it at public chargers."""
    home_share: Share = 0.5
    """Share of public charging near home."""
    work_share: Share = 0.25
    """Share of it at work; the rest is at places visited."""
    visit_share: Share = 0.25
    """Share of it at places visited."""
    spread_over: Literal["residential", "nodes"] = "residential"
    """Spread people over residential areas by size, or over road nodes."""

    @model_validator(mode="after")
    def _sum(self) -> Self:
        total = self.home_share + self.work_share + self.visit_share
        if abs(total - 1) > _SHARE_TOLERANCE:
            msg = f"home_share + work_share + visit_share must be 1, is {total:g}"
            raise ValueError(msg)
        return self


class Travel(_Block):
    """Travel along the road."""

    cutoff_m: Positive = 3000
    """Service radius of a charging station along the road."""
    swap_cutoff_m: Positive = 5000
    """Service radius of a swap station along the road (municipal plan: at most 5 km)."""


class Weights(_Block):
    """Weights of the criteria; normalised to sum 1."""

    demand: NonNegative = 0.30
    """Demand in reach."""
    gap: NonNegative = 0.20
    """Gap to existing supply."""
    access: NonNegative = 0.15
    """Access to main roads."""
    power: NonNegative = 0.15
    """Nearness of power."""
    cost: NonNegative = 0.10
    """Low cost."""
    safety: NonNegative = 0.10
    """Safety of the setting."""


class Scoring(_Block):
    """The score of a candidate site."""

    weights: Weights = Weights()
    """Weights of the criteria."""


class Model(_Block):
    """The joint siting model."""

    min_spacing_m: NonNegative = 300
    """Least distance between a new station and any other, straight line."""
    swap_spacing_m: NonNegative = 1500
    """Least distance between a new swap station and any other, straight line."""
    stations_per_zone: Count = 1
    """At least this many stations in each zone that has a candidate."""
    distance_discount: Share = 0.5
    """Worth of a kWh served at the cutoff against one served on the spot is 1 less this."""
    suitability_weight: NonNegative = 0.1
    """Weight of the mean score of the stations against the share of demand served."""


class Solver(_Block):
    """How hard to try."""

    name: Literal["highs", "cbc"] = "highs"
    """Solver, through PuLP. If HiGHS is not there, CBC is used and the plan says so."""
    time_limit_s: Annotated[float, Field(ge=5)] = 60
    """Time for all solving and bounding."""
    gap_share: Share = 0.005
    """Stop improving the bound when the gap is below this."""
    threads: Annotated[int, Field(ge=1)] = 1
    """Solver threads; one gives the same plan everywhere."""


class MapOptions(_Block):
    """The web map."""

    basemap: Literal["none", "tianditu", "gaode", "osm"] = "none"
    """Tiles under the map; none needs no network."""


class Scenario(_Block):
    """All a plan needs to know, resolved and frozen."""

    siting: Literal[1]
    """Version of this format."""
    run: Run = Run()
    area: Area
    inputs: Inputs
    targets: Targets
    candidates: Candidates = Candidates()
    demand: Demand = Demand()
    travel: Travel = Travel()
    scoring: Scoring = Scoring()
    model: Model = Model()
    solver: Solver = Solver()
    map: MapOptions = MapOptions()


def load_scenario(path: Path, *, overrides: tuple[str, ...] = ()) -> Scenario:
    """Read a scenario file, what it extends, and the overrides of the command line.

    Parameters
    ----------
    path
        The TOML file.
    overrides
        ``key=value`` texts, e.g. ``"targets.stations=400"``; values are TOML.

    Raises
    ------
    InputMissingError
        If the file, or one it extends, is not there.
    UnknownKeyError
        For a key no stage reads, with its path and the nearest known one.
    ScenarioError
        For bad TOML or a value out of range; all faults at once.
    """
    content = _read_with_parents(path, depth=0)
    for text in overrides:
        _override(content, text)
    return scenario_from(content, where=str(path))


def scenario_from(content: dict[str, Any], *, where: str = "scenario") -> Scenario:
    """Check a nested dict against the scenario's keys and freeze it."""
    try:
        return Scenario.model_validate(content)
    except ValidationError as error:
        raise _translated(error, where) from error


def dump_scenario(scenario: Scenario, *, folder: Path | None = None) -> dict[str, Any]:
    """Return the resolved scenario as plain JSON types.

    Parameters
    ----------
    scenario
        The scenario.
    folder
        Write paths as seen from this folder, so that the text is the same on every machine.
    """
    content = scenario.model_dump(mode="json")
    if folder is not None:
        _map_paths(content, lambda text: _portable(text, folder.resolve()))
    return content


def _read_with_parents(path: Path, *, depth: int) -> dict[str, Any]:
    if depth > _MAX_EXTENDS:
        raise ScenarioError(
            f"'extends' goes more than {_MAX_EXTENDS} files deep",
            where=str(path),
            cure="look for a file that extends itself",
        )
    content = _read_toml(path)
    parent = content.pop("extends", None)
    _anchor_paths(content, path.resolve().parent)
    if parent is None:
        return content
    if not str(parent).startswith(SHIPPED_PREFIX):
        parent = _anchored(str(parent), path.resolve().parent)
    base = _read_with_parents(local_path(str(parent)), depth=depth + 1)
    return _merged(base, content)


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise InputMissingError(
            f"no such scenario file: {path.name}",
            where=str(path),
            cure="check the path, or make one with: siting new my-scenario.toml",
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(
            f"the scenario file cannot be read: {error}",
            where=str(path),
            cure="it must be a text file in UTF-8",
        ) from error
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(
            f"this is not TOML: {error}",
            where=str(path),
            cure='texts want quotes, e.g. name = "my-run"; see docs/scenario.md',
        ) from error


def local_path(text: str) -> Path:
    """Return the file a path of the scenario means, wherever the project is installed."""
    if text.startswith(SHIPPED_PREFIX):
        return shipped_path(text.removeprefix(SHIPPED_PREFIX))
    return Path(text)


def _anchor_paths(content: dict[str, Any], folder: Path) -> None:
    """Make the paths of a file absolute, in place, while its folder is known."""
    _map_paths(content, lambda text: _anchored(text, folder))


def _map_paths(content: dict[str, Any], change: Callable[[str], str]) -> None:
    """Apply a change to every path in a nested scenario dict, in place."""
    inputs = _block(content, "inputs")
    stations = inputs.get("stations")
    places = [
        (_block(content, "area"), ("boundary",)),
        (inputs, ("osm", "place_kinds", "speeds")),
        (_block(inputs, "zones"), ("file", "people")),
        (_block(inputs, "substations"), ("file",)),
        (_block(inputs, "overpass"), ("cache_dir",)),
        (_block(content, "candidates"), ("site_kinds",)),
        *((entry, ("file",)) for entry in (stations if isinstance(stations, list) else ())),
    ]
    for block, keys in places:
        for key in keys:
            value = block.get(key) if isinstance(block, dict) else None
            if isinstance(value, str) and not value.startswith(SHIPPED_PREFIX):
                block[key] = value if value == OVERPASS else change(value)


def _block(content: dict[str, Any], key: str) -> dict[str, Any]:
    value = content.get(key)
    return value if isinstance(value, dict) else {}


def _anchored(text: str, folder: Path) -> str:
    path = Path(text).expanduser()
    return str(path if path.is_absolute() else folder / path)


def _portable(text: str, folder: Path) -> str:
    """Return a path as seen from a folder, with forward slashes, where that is possible."""
    try:
        return Path(os.path.relpath(text, folder)).as_posix()
    except ValueError:  # another drive on Windows
        return Path(text).as_posix()


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in over.items():
        old = result.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            result[key] = _merged(old, value)
        else:
            result[key] = value
    if isinstance(over.get("area"), dict) and any(
        key in over["area"] for key in ("boundary", "bbox", "place")
    ):
        result["area"] = over["area"]
    return result


def _override(content: dict[str, Any], text: str) -> None:
    key, equals, value = text.partition("=")
    parts = [part.strip() for part in key.split(".")]
    if not equals or not all(parts):
        raise ScenarioError(
            f"--set wants key=value, got '{text}'",
            where="--set",
            cure="e.g. --set targets.stations=400",
        )
    try:
        parsed: Any = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        parsed = value.strip()
    holder: dict[str, Any] = {}
    cursor = holder
    for part in parts[:-1]:
        cursor[part] = {}
        cursor = cursor[part]
    cursor[parts[-1]] = parsed
    _anchor_paths(holder, Path.cwd())
    merged = _merged(content, holder)
    content.clear()
    content.update(merged)


def _translated(error: ValidationError, where: str) -> ScenarioError:
    faults = error.errors()
    unknown = [fault for fault in faults if fault["type"] == "extra_forbidden"]
    lines = [_fault_line(fault["loc"], fault["type"], fault["msg"]) for fault in faults]
    kind = UnknownKeyError if unknown else ScenarioError
    what = f"the scenario has {len(lines)} fault(s):\n    - " + "\n    - ".join(lines)
    return kind(what, where=where, cure="docs/scenario.md lists every key with its meaning")


def _fault_line(loc: tuple[int | str, ...], kind: str, message: str) -> str:
    path = ".".join(str(part) for part in loc)
    if kind != "extra_forbidden":
        return f"{path or 'scenario'}: {message.removeprefix('Value error, ')}"
    near = difflib.get_close_matches(str(loc[-1]), _known_keys(loc[:-1]), n=1, cutoff=0.5)
    hint = f"; did you mean '{near[0]}'?" if near else ""
    return f"unknown key '{path}'{hint}"


def _known_keys(loc: tuple[int | str, ...]) -> list[str]:
    block: type[BaseModel] | None = Scenario
    for part in loc:
        if isinstance(part, int) or block is None:
            continue
        block = _block_type(block, part)
    return list(block.model_fields) if block else []


def _block_type(block: type[BaseModel], key: str) -> type[BaseModel] | None:
    field = block.model_fields.get(key)
    annotation: Any = field.annotation if field else None
    candidates = [annotation, *getattr(annotation, "__args__", ())]
    for candidate in candidates:
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None
