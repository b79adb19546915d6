"""Make the sample of Yubei: a synthetic map on a true skeleton, the same bytes each time.

Usage: python data/sample/make_sample.py [--out DIR]

Reads data/yubei/ and writes yubei-sample.osm.pbf, zones.gpkg, the lists existing.csv,
substations.csv, projects.csv, sights.csv and planned-parks.csv, and the areas renewal.geojson and
idle-land.geojson. Nothing is downloaded.
"""

import argparse
from collections import Counter
from pathlib import Path

import numpy as np
from maker import mess, policy_lists, tables
from maker.addresses import Addresses
from maker.country import Meadow, country_places
from maker.details import draw_aisles, furnish
from maker.frame import Unit, read_units, stream
from maker.ground import Ground, lay_ground
from maker.homes import build_homes
from maker.names import Names
from maker.nature import draw_borders, draw_nature
from maker.osmfile import Extract
from maker.parking import kerb_bays
from maker.plots import Place, Plot, make_plots, zone_at
from maker.roads import Roads, build_roads
from maker.roadways import draw_ways
from maker.transport import (
    airport_places,
    draw_rail,
    metro_places,
    metro_stops,
    north_station,
    railways,
    service_places,
)
from maker.venues import deal
from maker.zones import draw_zones, write_zones
from shapely.geometry import Polygon

HERE = Path(__file__).resolve().parent


def make(out: Path) -> Counter[str]:
    """Make all files in a folder and count the places drawn, by kind."""
    out.mkdir(parents=True, exist_ok=True)
    units = read_units()
    ground = lay_ground()
    zones = draw_zones(units, ground.outline)
    roads = build_roads(ground, units)
    extract = Extract()
    draw_nature(extract, ground)
    draw_borders(extract, units, zones, ground.outline)
    draw_ways(extract, roads.graph)
    draw_rail(extract, ground)
    plots = make_plots(roads.blocks, roads.graph, railways(), zones)
    places = _places(ground, roads, plots, units, extract)
    places += furnish(places)
    places += kerb_bays(roads.graph, units, zones)
    addresses = Addresses(roads.graph, zones, units)
    rows = tables.existing(places, _zones_of(places, zones), addresses)
    places += mess.map_twice(places) + tables.charger_nodes(rows, places)
    for place in places:
        _draw(extract, place)
    solid = [place.shape for place in places if isinstance(place.shape, Polygon)]
    draw_aisles(extract, places)
    mess.draw_broken(extract, places)
    mess.draw_strays(extract, ground, solid)
    extract.write(out / "yubei-sample.osm.pbf")
    write_zones(out / "zones.gpkg", units, zones)
    tables.write_existing(out / "existing.csv", rows)
    tables.write_substations(out / "substations.csv", places)
    tables.write_projects(out / "projects.csv", plots, units)
    policy_lists.write_sights(out / "sights.csv", places, roads.graph)
    policy_lists.write_renewal(out / "renewal.geojson", places, ground.outline)
    policy_lists.write_idle_land(out / "idle-land.geojson", plots, units)
    policy_lists.write_planned_parks(out / "planned-parks.csv", plots, units)
    return Counter(place.kind for place in places)


def _places(
    ground: Ground, roads: Roads, plots: list[Plot], units: list[Unit], extract: Extract
) -> list[Place]:
    """Fill the plots and the country with places."""
    names = Names(stream("place-names"))
    places = service_places(roads.service_sides, extract) + airport_places(ground)
    places += north_station(plots) + metro_places(metro_stops(), plots)
    homes, used = build_homes(plots, units, names)
    places += homes
    rest = [plot for number, plot in enumerate(plots) if number not in used]
    places += deal(rest, units, names)
    taken = [town.ground for town in ground.towns]
    taken += [place.shape for place in places if isinstance(place.shape, Polygon)]
    meadow = Meadow(roads.graph, ground, taken)
    return places + country_places(roads.villages, roads.graph, ground, meadow, names)


def _zones_of(places: list[Place], zones: list[Polygon]) -> np.ndarray:
    """Look up the number of each place's zone, -1 beyond the outline."""
    return zone_at(zones, np.array([p.shape.representative_point().coords[0] for p in places]))


def _draw(extract: Extract, place: Place) -> None:
    """Draw one place into the extract."""
    if isinstance(place.shape, Polygon):
        extract.area(place.shape, place.tags, relation=place.relation)
    else:
        extract.node(np.asarray(place.shape.coords[0]), place.tags)


def main() -> None:
    """Read the command line and make the sample."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write into")
    counts = make(parser.parse_args().out)
    print(", ".join(f"{kind} {count}" for kind, count in sorted(counts.items())))


if __name__ == "__main__":
    main()
