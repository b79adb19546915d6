"""The blocks of the scenario: every key with its type, range, default and meaning.

The docstring under each key is its documentation: ``docs/scenario.md`` is written from it.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from siting.scenario._block import (  # fmt: skip
    Bbox,
    Block,
    Count,
    Datum,
    File,
    MaybeDate,
    MaybeFile,
    Names,
    NonNegative,
    Positive,
)
from siting.scenario.analysis_blocks import (
    Costs,
    Demand,
    Factors,
    Power,
    Scoring,
    Sizing,
    Uncertain,
)
from siting.scenario.input_blocks import (
    Counting,
    Layer,
    StationsInput,
    SubstationsInput,
    TrafficInput,
    ZonesInput,
)
from siting.scenario.model_blocks import Hydrogen, Model, Phase, Solver, Targets, phase_faults
from siting.scenario.policy_blocks import Handouts, Policy

OVERPASS = "overpass"
# A folder name that every system takes: no leading dot or dash, no trailing dot.
_RUN_NAME = r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9_-])?$"
_DEVICE = re.compile(r"(CON|PRN|AUX|NUL|COM\d|LPT\d|CONIN\$|CONOUT\$)(\.|$)", re.IGNORECASE)


def _no_device(name: str) -> str:
    """Refuse a name that Windows keeps for a device, whatever stands behind its dot."""
    if _DEVICE.match(name):
        msg = f"Windows has a device called '{name.partition('.')[0]}': take another name"
        raise ValueError(msg)
    return name


class Run(Block):
    """Who this run is."""

    name: Annotated[str, Field(pattern=_RUN_NAME), AfterValidator(_no_device)] = "run"
    """Name of the run and of its folder: letters, digits, dots, dashes, underscores."""
    title_zh: str = "充换电设施选址方案"
    """Title on Chinese maps and pages."""
    title_en: str = "Charging-infrastructure siting plan"
    """Title on English maps and pages."""
    seed: Count = 7
    """Seed of everything random."""
    language: Literal["zh", "en"] = "zh"
    """Language of maps and pages."""


class Area(Block):
    """The area planned for: a boundary file, a bbox, or a place name."""

    boundary: MaybeFile = None
    """GeoPackage, GeoJSON, shapefile or AMap JSON array with the outline."""
    layer: str | None = None
    """Layer of the boundary file; the first if not given."""
    datum: Datum | None = None
    """Datum of the boundary file: wgs84, gcj02 or bd09. Must be said."""
    bbox: Bbox | None = None
    """West, south, east, north in degrees of WGS-84."""
    place: str | None = None
    """Place name for Nominatim (needs a network)."""
    as_of: MaybeDate = None
    """Date the outline was valid."""
    epsg: int | None = None
    """Metric CRS of the run as an EPSG number, true to 0.1 % here; left out, the UTM zone."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        given = [key for key in ("boundary", "bbox", "place") if getattr(self, key) is not None]
        if len(given) != 1:
            msg = f"give exactly one of boundary, bbox, place (given: {', '.join(given) or 'none'})"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _bbox_in_order(self) -> Self:
        if self.bbox is None:
            return self
        west, south, east, north = self.bbox
        if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):  # noqa: PLR2004
            msg = f"bbox wants west, south, east, north in degrees, got {list(self.bbox)}"
            raise ValueError(msg)
        return self


class Overpass(Block):
    """How `fetch` talks to Overpass and Nominatim."""

    endpoint: str = "https://overpass-api.de/api"
    """Overpass API, without the trailing /interpreter."""
    nominatim: str = "https://nominatim.openstreetmap.org/"
    """Nominatim, for area.place."""
    timeout_s: Positive = 180
    """Time the server may take for one query; all of its answer must be there within three times
    that."""
    connect_timeout_s: Positive = 4
    """Time to find out whether there is a network at all."""
    retries: Count = 2
    """Further tries after a failed query."""
    cache_dir: MaybeFile = None
    """Folder that keeps raw answers; left out, none are kept."""


class Inputs(Block):
    """Where the data comes from."""

    osm: File
    """A .osm.pbf, .osm, .osm.gz or .osm.bz2 extract, a pack (.gpkg), or "overpass"."""
    osm_as_of: MaybeDate = None
    """Date of the extract, if its header has none."""
    zones: ZonesInput = ZonesInput()
    """Planning zones."""
    stations: Annotated[tuple[StationsInput, ...], Field(strict=False)] = ()
    """Lists of existing stations; they count towards the targets."""
    osm_stations: bool = True
    """Also take amenity=charging_station from the map."""
    merge_stations_m: NonNegative = 60
    """Existing stations nearer than this are one station."""
    substations: SubstationsInput | None = None
    """Substations; Left out, those of the map (headroom unknown)."""
    traffic: TrafficInput | None = None
    """Through traffic on numbered roads; left out, it is not counted."""
    layers: Annotated[tuple[Layer, ...], Field(strict=False)] = ()
    """Layers of your own: places, demand, people, barriers, red lines, projects, communities."""
    place_kinds: File = "shipped:place_kinds.csv"
    """Table of the OSM tags of each kind of place."""
    speeds: File = "shipped:road_speeds.csv"
    """Table of free-flow speeds by road class."""
    overpass: Overpass = Overpass()
    """Settings of the download."""


class Candidates(Block):
    """How places become candidate sites."""

    site_kinds: File = "shipped:site_kinds.csv"
    """Table of the rules of each kind: spaces, chargers, swap, verdict, owner."""
    charger_classes: File = "shipped:charger_classes.csv"
    """Table of the classes of chargers: power, energy a day, session, price, space."""
    charger_mix: File = "shipped:charger_mix.csv"
    """Table of the classes at each kind of site, by how long people stay."""
    site_rules: File = "shipped:site_rules.csv"
    """Table of the rules of the setting: what stops a site, what needs an expert's sign-off."""
    build_ratios: File = "shipped:build_ratios.csv"
    """Table of the charging bays that new building projects owe, by kind."""
    old_until: int = 2000
    """A home built up to this year is an old community (pool C)."""
    communities: Literal["old", "all"] = "old"
    """Homes in pool C: the old and the listed ones, or all that stand."""
    leave_out: Names = ()
    """Kinds not to consider."""
    merge_m: NonNegative = 40
    """Places of one kind nearer than this are one place (DBSCAN)."""
    max_snap_m: Positive = 400
    """A place farther than this from a road is no candidate."""


class Travel(Block):
    """Travel along the road."""

    cutoff_m: Positive = 3000
    """Service radius of a charging station along the road."""
    swap_cutoff_m: Positive = 5000
    """Service radius of a swap station along the road (municipal plan: at most 5 km)."""


class MapOptions(Block):
    """The web map."""

    basemap: Literal["none", "tianditu", "gaode", "osm"] = "none"
    """Tiles under the map; none needs no network."""


class Scenario(Block):
    """All a plan needs to know, resolved and frozen."""

    siting: Literal[1]
    """Version of this format."""
    run: Run = Run()
    area: Area
    inputs: Inputs
    targets: Targets
    candidates: Candidates = Candidates()
    counting: Counting = Counting()
    demand: Demand = Demand()
    travel: Travel = Travel()
    scoring: Scoring = Scoring()
    sizing: Sizing = Sizing()
    power: Power = Power()
    costs: Costs = Costs()
    model: Model = Model()
    hydrogen: Hydrogen | None = None
    phases: Annotated[tuple[Phase, ...], Field(strict=False)] = ()
    factors: Factors = Factors()
    uncertainty: dict[str, Uncertain] = Field(default_factory=dict)
    """Key of the scenario to how its number may lie, e.g. "demand.nev_share"; for siting sweep."""
    solver: Solver = Solver()
    map: MapOptions = MapOptions()
    policy: Policy = Policy()
    handouts: Handouts = Handouts()

    @property
    def end_year(self) -> int | None:
        """Year of the targets: ``targets.by``, else that of the last phase; None: nobody says."""
        if self.targets.by is not None:
            return self.targets.by
        return self.phases[-1].year if self.phases else None

    @model_validator(mode="after")
    def _phases_lead_to_the_targets(self) -> Self:
        if faults := list(phase_faults(self.phases, self.targets, self.model)):
            raise ValueError("\n    - ".join(faults))
        return self
