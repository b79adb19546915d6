"""The tables that flow between the rooms, each with the stage that makes it."""

from __future__ import annotations

from siting.tables.contract import Column, Table

NOT_PUBLIC = (
    "private", "no", "residents", "permit", "military", "employees", "delivery", "staff",
    "members", "agricultural", "forestry",
)  # fmt: skip
"""Values of an OSM access key that keep the public out."""

OTHER_USES = (
    "bicycles", "motorcycles", "lorries", "buses", "taxis", "boats", "campers", "lock_ups",
)  # fmt: skip
"""Uses besides those of OSM's keys: what a place or station is for instead of cars."""


_GEOMETRY = "metres in the run's metric CRS"

NODES = Table(
    "nodes",
    "inputs.osm",
    (
        Column("node_id", "int", "OSM node id of a road junction or end", unique=True),
        Column("geometry", "geometry", "point", _GEOMETRY),
    ),
)

EDGES = Table(
    "edges",
    "inputs.osm",
    (
        Column("from_node", "int", "node_id where the edge starts"),
        Column("to_node", "int", "node_id where it ends; one row per allowed direction"),
        Column("length_m", "float", "length along the road", "m", low=0),
        Column("drive_s", "float", "free-flow driving time", "s", low=0),
        Column("road_class", "str", "OSM highway class, e.g. primary_link"),
        Column("name", "str", "road name", nullable=True),
        Column("ref", "str", "road number, e.g. G50", nullable=True),
        Column("street_id", "int", "one for both directions of a street", low=0),
        Column("tunnel", "bool", "no place beside it opens onto it"),
        Column("opened", "bool", "against a one-way street that the map cuts off: not counted"),
        Column("speed_tagged", "bool", "the speed comes from a maxspeed tag, not the class"),
        Column("geometry", "geometry", "line in driving direction", _GEOMETRY),
    ),
)

PLACES = Table(
    "places",
    "inputs.osm, inputs.layers",
    (
        Column("place_id", "str", "e.g. way/123, relation/9, file:projects/7", unique=True),
        Column("kind", "str", "kind by data/place_kinds.csv, e.g. parking, fuel, school"),
        Column("name", "str", "name in the local language", nullable=True),
        Column("capacity", "float", "parking spaces by the capacity tag", nullable=True, low=0),
        Column("levels", "float", "building or parking levels", nullable=True, low=0),
        Column("parking", "str", "surface, underground, multi-storey", nullable=True),
        Column(
            "access",
            "str",
            "OSM access tag for cars, or whom it is for instead, e.g. lorries",
            nullable=True,
        ),
        Column("ref", "str", "road number or code", nullable=True),
        Column("operator", "str", "operator tag", nullable=True),
        Column("source", "str", "where the row came from: osm or the name of a layer"),
        Column("geometry", "geometry", "polygon, multipolygon or point", _GEOMETRY),
    ),
)

LANDSCAPE = Table(
    "landscape",
    "inputs.osm",
    (
        Column("kind", "str", "what it is", choices=("water", "runway", "rail", "wood")),
        Column("name", "str", "name", nullable=True),
        Column("geometry", "geometry", "polygon or line", _GEOMETRY),
    ),
    may_be_empty=True,
)

ZONES = Table(
    "zones",
    "inputs.zones",
    (
        Column(
            "zone_id", "str", "statistical code or OSM id; 'uncovered' for the rest", unique=True
        ),
        Column("name", "str", "name in the local language"),
        Column("name_en", "str", "English name", nullable=True),
        Column("kind", "str", "subdistrict, town, other, or uncovered"),
        Column("managed_by", "str", "body that runs the unit", nullable=True),
        Column("population", "float", "residents", "people", nullable=True, low=0),
        Column(
            "population_quality",
            "str",
            "how good the population figure is",
            choices=("exact", "rounded", "suspect", "estimated", "missing"),
        ),
        Column("geometry", "geometry", "polygon or multipolygon", _GEOMETRY),
    ),
)

STATIONS = Table(
    "stations",
    "inputs.stations",
    (
        Column("station_id", "str", "e.g. file:existing/S001 or node/5", unique=True),
        Column("name", "str", "name", nullable=True),
        Column("operator", "str", "operator", nullable=True),
        Column(
            "chargers", "float", "chargers; missing is not zero", "chargers", nullable=True, low=0
        ),
        Column("power_kw", "float", "installed power", "kW", nullable=True, low=0),
        Column("swap", "bool", "a battery-swap station stands here"),
        Column("as_of", "str", "date of the entry", nullable=True),
        Column("source", "str", "file or osm; several joined by +"),
        Column("geometry", "geometry", "point", _GEOMETRY),
    ),
    may_be_empty=True,
)

SUBSTATIONS = Table(
    "substations",
    "inputs.layers",
    (
        Column("substation_id", "str", "id", unique=True),
        Column("name", "str", "name", nullable=True),
        Column(
            "headroom_kw", "float", "free capacity; missing is unknown", "kW", nullable=True, low=0
        ),
        Column("source", "str", "file or osm"),
        Column("geometry", "geometry", "point", _GEOMETRY),
    ),
    may_be_empty=True,
)

SITES = Table(
    "sites",
    "analysis.candidates",
    (
        Column("site_id", "str", "id of the place (or station) the site stands on", unique=True),
        Column("kind", "str", "candidate kind, e.g. residential, parking, service_area"),
        Column(
            "pool",
            "str",
            "regime of the policy: A new build, B existing place, C community",
            choices=("A", "B", "C"),
        ),
        Column(
            "due_bays",
            "float",
            "charging bays that building projects here owe; missing where "
            "there is none or its ratio is unknown",
            "bays",
            nullable=True,
            low=0,
        ),
        Column(
            "short_bays",
            "float",
            "the same less those built or reserved; missing where these are unknown",
            "bays",
            nullable=True,
            low=0,
        ),
        Column("name", "str", "name", nullable=True),
        Column("zone_id", "str", "zone the site lies in"),
        Column(
            "node_id",
            "int",
            "road node, or point on a street, the site is reached from; -1: all "
            "near lie across water",
        ),
        Column(
            "snap_m",
            "float",
            "distance from the site to that point, or across the water",
            "m",
            low=0,
        ),
        Column("spaces", "float", "parking spaces", "spaces", nullable=True, low=0),
        Column("spaces_source", "str", "capacity tag, area rule, kind default, or missing"),
        Column("area_m2", "float", "ground area; missing for a point", "m2", nullable=True, low=0),
        Column("min_chargers", "int", "fewest chargers if open", "chargers", low=0),
        Column("max_chargers", "int", "most chargers", "chargers", low=0),
        Column("existing_chargers", "int", "chargers that stand here and stay", "chargers", low=0),
        Column(
            "existing_kw",
            "float",
            "listed power of what stands here; missing where no list gives it",
            "kW",
            nullable=True,
            low=0,
        ),
        Column("existing_station", "bool", "a charging station stands here and stays open"),
        Column("swap_ok", "bool", "a swap station may be built here"),
        Column("existing_swap", "bool", "a swap station stands here and stays"),
        Column(
            "kwh_day_per_charger",
            "float",
            "energy of the mean charger of the kind, or of those that stand by their power",
            "kWh/day",
            low=0,
        ),
        Column("kw_per_charger", "float", "rated power of that mean charger", "kW", low=0),
        Column(
            "strongest_kw",
            "float",
            "power of a charger that a new station has whatever its size; missing where one stands",
            "kW",
            nullable=True,
            low=0,
        ),
        Column("cost_index", "float", "civil works against those of an open car park", low=0),
        Column("verdict", "str", "rule verdict", choices=("ok", "note", "sign_off", "stop")),
        Column("rule", "str", "names of the rules behind it, joined by +", nullable=True),
        Column("reason", "str", "the same in words", nullable=True),
        Column("owner", "str", "department proposed by the tool", nullable=True),
        Column("merged_ids", "str", "ids of duplicates merged into this site, by +", nullable=True),
        Column(
            "listed",
            "str",
            "lists and areas of the planner's it stands in, by +: renewal and the area's id, "
            "idle_land, planned_parking, sight_3a to sight_5a (of that class or above)",
            nullable=True,
        ),
        Column("geometry", "geometry", "point on the place", _GEOMETRY),
    ),
)

PEOPLE = Table(
    "people",
    "inputs.layers",
    (
        Column("people", "float", "residents", "people", low=0),
        Column("quality", "str", "how they were found", choices=("counted", "estimated")),
        Column("geometry", "geometry", "point, polygon or multipolygon", _GEOMETRY),
    ),
)

TRAFFIC = Table(
    "traffic",
    "inputs.traffic",
    (
        Column("ref", "str", "road number, e.g. G50", unique=True),
        Column("vehicles_day", "float", "vehicles a day, both directions", "vehicles/day", low=0),
        Column(
            "through_share", "float", "share of them from elsewhere", nullable=True, low=0, high=1
        ),
    ),
)

DEMAND = Table(
    "demand",
    "analysis.demand",
    (
        Column("demand_id", "str", "id", unique=True),
        Column(
            "kind",
            "str",
            "kind of charging need",
            choices=("home", "work", "retail", "visit", "road", "fleet"),
        ),
        Column("kwh_day", "float", "public charging energy", "kWh/day", low=0),
        Column("swap_kwh_day", "float", "energy of fleets that swap here", "kWh/day", low=0),
        Column(
            "peak_share", "float", "share of kwh_day in the peak hour of its kind", low=0, high=1
        ),
        Column(
            "people",
            "float",
            "residents behind it; missing where not residential",
            nullable=True,
            low=0,
        ),
        Column("zone_id", "str", "zone it lies in"),
        Column(
            "node_id",
            "int",
            "road node, or point on a street, it starts from; -1: all near lie across water",
        ),
        Column(
            "quality",
            "str",
            "people counted in place, spread from a zone's figure, or an estimate",
            choices=("counted", "spread", "estimated"),
        ),
        Column("geometry", "geometry", "point", _GEOMETRY),
    ),
    may_be_empty=True,
)

REACH = Table(
    "reach",
    "analysis.travel",
    (
        Column("demand_id", "category", "demand point the trip starts from"),
        Column("site_id", "category", "site it ends at"),
        Column("distance_m", "float", "along the road, incl. both ends' way to it", "m", low=0),
        Column("time_s", "float", "free-flow time along the same road", "s", low=0),
    ),
    may_be_empty=True,
)

SCORES = Table(
    "scores",
    "analysis.scoring",
    (
        Column("site_id", "str", "site", unique=True),
        Column("demand_score", "float", "demand in reach", low=0, high=1),
        Column("gap_score", "float", "gap to existing supply", low=0, high=1),
        Column("access_score", "float", "access to main roads", low=0, high=1),
        Column(
            "power_score", "float", "nearness of power; neutral 0.5 where unknown", low=0, high=1
        ),
        Column("cost_score", "float", "low cost of building", low=0, high=1),
        Column("safety_score", "float", "safety of the setting", low=0, high=1),
        Column("score", "float", "all of them together, by scoring.ranking", low=0, high=1),
    ),
)

GRID = Table(
    "grid",
    "analysis.power",
    (
        Column("site_id", "str", "site", unique=True),
        Column("substation_id", "str", "substation that feeds it", nullable=True),
        Column("substation_m", "float", "straight line to it", "m", nullable=True, low=0),
        Column(
            "headroom_kw",
            "float",
            "free capacity there; missing is unknown",
            "kW",
            nullable=True,
            low=0,
        ),
    ),
)

SITE_COSTS = Table(
    "site_costs",
    "analysis.costs",
    (
        Column("site_id", "str", "site", unique=True),
        Column("site_fixed_low_cny", "float", "a new station, low", "CNY", low=0),
        Column("site_fixed_cny", "float", "a new station, whatever its size", "CNY", low=0),
        Column("site_fixed_high_cny", "float", "a new station, high", "CNY", low=0),
        Column("charger_low_cny", "float", "a new charger, low", "CNY", low=0),
        Column("charger_cny", "float", "a new charger of the kind's mix, installed", "CNY", low=0),
        Column("charger_high_cny", "float", "a new charger, high", "CNY", low=0),
    ),
)  # fmt: skip

TABLES = {
    table.name: table
    for table in (
        NODES,
        EDGES,
        PLACES,
        LANDSCAPE,
        ZONES,
        STATIONS,
        SUBSTATIONS,
        SITES,
        PEOPLE,
        TRAFFIC,
        DEMAND,
        REACH,
        SCORES,
        GRID,
        SITE_COSTS,
    )
}
