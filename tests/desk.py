"""A planner's desk: a small town, its lists and a scenario, in a folder of its own."""

from __future__ import annotations

from osm_town import BBOX, make_town

SCENARIO = """
siting = 1

[run]
name = "town"
language = "en"

[area]
bbox = [{west}, {south}, {east}, {north}]

[inputs]
osm = "town.osm"
merge_stations_m = 60

[inputs.zones]
people = "people.csv"
people_key = "name"

[[inputs.stations]]
file = "existing.csv"
datum = "wgs84"

[targets]
stations = 4
chargers = 40
swap_stations = 0

[model]
min_spacing_m = 100
"""

PEOPLE = "name,population,population_quality\n甲街道,9000,rounded\n乙镇,6000,estimated\n"
EXISTING = (
    "station_id,name,lon,lat,chargers,power_kw,swap,as_of\n"
    "E1,旧站,106.60280,29.70080,6,360,0,2023-01-01\n"
)


def set_up(folder):
    """Write the town, its lists and its scenario into a folder; return the scenario's path."""
    make_town().write(folder / "town.osm")
    (folder / "people.csv").write_text(PEOPLE, encoding="utf-8")
    (folder / "existing.csv").write_text(EXISTING, encoding="utf-8-sig")
    west, south, east, north = BBOX
    text = SCENARIO.format(west=west, south=south, east=east, north=north)
    (folder / "town.toml").write_text(text, encoding="utf-8")
    return folder / "town.toml"


def edit(path, old, new):
    """Replace a piece of a text file; it must be there."""
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{old!r} is not in {path.name}"
    path.write_text(text.replace(old, new), encoding="utf-8")
