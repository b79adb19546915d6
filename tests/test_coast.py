"""The sea is what lies to the right of the coastline."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from osm_town import BBOX, make_town

from siting import scenario
from siting.inputs.area import load_area
from siting.inputs.osm.extract import sea_area
from siting.inputs.osm.load import load_osm

CLIP = shapely.box(0, 0, 10, 10)
AREA = shapely.box(3, 3, 7, 7)


def sea(*lines, clip=CLIP, area=AREA):
    coast = np.array([shapely.LineString(line) for line in lines], dtype=object)
    return sea_area(coast, clip, area)


def ring(x, y, radius, *, land_inside=True):
    """A ring round a point, counter-clockwise (land within) or clockwise (sea within)."""
    turns = np.linspace(0, 2 * np.pi, 25)
    if not land_inside:
        turns = -turns
    corners = np.column_stack([x + radius * np.cos(turns), y + radius * np.sin(turns)])
    corners[-1] = corners[0]
    return corners


def test_the_sea_is_on_the_right():
    assert sea([(-1, 5), (11, 5)]).equals(shapely.box(0, 0, 10, 5))
    assert sea([(11, 5), (-1, 5)]).equals(shapely.box(0, 5, 10, 10))


def test_islands_are_land_and_a_bay_is_sea():
    coast = [(-1, 5), (11, 5)]
    water = sea(coast, ring(5, 2, 1))
    assert not water.contains(shapely.Point(5, 2))
    assert water.area == pytest.approx(50 - np.pi, rel=0.02)
    bay = sea(coast, ring(5, 8, 1, land_inside=False))
    assert bay.contains(shapely.Point(5, 8))


def test_an_archipelago_without_a_mainland():
    water = sea(ring(3, 3, 1), ring(7, 7, 2))
    assert water.area == pytest.approx(100 - 5 * np.pi, rel=0.02)


def test_without_a_coast_there_is_no_sea():
    assert sea().is_empty
    assert sea([(20, 20), (21, 21)]).is_empty


def test_a_coast_that_ends_just_before_the_frame_is_led_on_to_it():
    assert sea([(0.4, 5), (9.5, 5)]).equals(shapely.box(0, 0, 10, 5))


def test_a_coast_that_ends_at_the_border_of_the_area_bounds_the_sea_there():
    assert sea([(2.9, 5), (7.1, 5)]).equals(shapely.box(3, 3, 7, 5))


def test_of_a_coast_that_ends_in_the_middle_no_sea_is_known():
    assert sea([(-1, 5), (5, 5)], area=CLIP).is_empty


@settings(deadline=None, max_examples=60)
@given(
    heights=st.lists(st.floats(2, 8), min_size=2, max_size=12),
    cut=st.integers(1, 10),
    turned=st.booleans(),
)
def test_land_and_sea_are_the_whole_however_the_coast_is_cut(heights, cut, turned):
    xs = np.linspace(-1, 11, len(heights))
    line = list(zip(xs, heights, strict=True))
    cut = min(cut, len(line) - 1)
    pieces = [line[: cut + 1], line[cut:]] if cut + 1 < len(line) else [line]
    if turned:
        pieces = [piece[::-1] for piece in pieces[::-1]]
    below = shapely.intersection(shapely.Polygon([*line, (11, -1), (-1, -1)]), CLIP)
    wanted = shapely.difference(CLIP, below) if turned else below
    assert shapely.symmetric_difference(sea(*pieces), wanted).area < 1e-9


def test_the_sea_is_water_of_the_landscape_and_no_feature(tmp_path):
    town = make_town()
    for number, lon in enumerate((BBOX[0] - 0.1, BBOX[0], BBOX[2] + 0.1)):
        town.node(9500 + number, lon, 29.7115)
    town.way(950, [9502, 9501, 9500], natural="coastline")  # the land in the south
    path = town.write(tmp_path / "coast.osm")
    area = load_area(scenario.Area(bbox=BBOX), overpass=scenario.Overpass())
    landscape = load_osm(scenario.Inputs(osm=str(path)), area).landscape
    assert set(landscape["kind"]) <= {"water", "wood"}
    water = landscape[landscape["landscape_id"] == "sea"].to_crs(4326).geometry.iloc[0]
    assert water.contains(shapely.Point(106.605, 29.7120))
    assert not water.contains(shapely.Point(106.605, 29.7110))


def test_an_area_that_is_mostly_sea_is_covered_by_the_roads_of_its_land(tmp_path):
    town = make_town()
    west, south, east, north = BBOX
    corners = [(west - 0.002, south - 0.002), (east + 0.002, south - 0.002),
               (east + 0.002, north + 0.002), (west - 0.002, north + 0.002)]  # fmt: skip
    for number, (lon, lat) in enumerate(corners):
        town.node(9500 + number, lon, lat)
    town.way(950, [9500, 9501, 9502, 9503, 9500], natural="coastline")
    path = town.write(tmp_path / "island.osm")
    wide = (west - 0.5, south - 0.5, east + 0.5, north + 0.5)
    area = load_area(scenario.Area(bbox=wide), overpass=scenario.Overpass())
    report = load_osm(scenario.Inputs(osm=str(path)), area).report
    assert report["area_in_hull_share"] == 1
    assert report["area_near_road_share"] == 1
