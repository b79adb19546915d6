from __future__ import annotations

import csv
import re

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS, Geod, Transformer

from siting import geo
from siting.errors import AreaError, DatumError

# The box around Yubei's outline.
LON = st.floats(106.40, 107.01)
LAT = st.floats(29.52, 30.12)
GEOD = Geod(ellps="WGS84")
TO_MAP = Transformer.from_crs(4326, geo.YUBEI_EPSG, always_xy=True)
few = settings(max_examples=60, deadline=None)


def metres_between(first, second):
    return GEOD.inv(first[0], first[1], second[0], second[1])[2]


def outline(shared):
    path = shared / "yubei" / "outline.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    return np.array([[float(row["lon"]), float(row["lat"])] for row in rows]).T


@few
@given(st.lists(st.tuples(LON, LAT), min_size=1, max_size=20))
def test_gcj02_round_trip_is_under_a_centimetre_in_yubei(points):
    lon, lat = np.array(points).T
    back = geo.gcj02_to_wgs84(*geo.wgs84_to_gcj02(lon, lat))
    assert metres_between((lon, lat), back).max() < 0.01


@few
@given(st.lists(st.tuples(LON, LAT), min_size=1, max_size=20))
def test_bd09_round_trip_is_under_a_centimetre_in_yubei(points):
    lon, lat = np.array(points).T
    baidu = geo.gcj02_to_bd09(*geo.wgs84_to_gcj02(lon, lat))
    assert metres_between((lon, lat), geo.to_wgs84(*baidu, "bd09")).max() < 0.01


@few
@given(st.floats(75, 134), st.floats(18, 53))
def test_the_round_trip_holds_all_over_china(lon, lat):
    point = np.array([lon]), np.array([lat])
    back = geo.gcj02_to_wgs84(*geo.wgs84_to_gcj02(*point))
    assert metres_between(point, back).max() < 0.01


@few
@given(LON, LAT)
def test_many_points_shift_as_one_by_one(lon, lat):
    together = geo.wgs84_to_gcj02(np.array([lon, 106.6]), np.array([lat, 29.7]))
    alone = geo.wgs84_to_gcj02(np.array([lon]), np.array([lat]))
    assert (together[0][0], together[1][0]) == (alone[0][0], alone[1][0])


def test_gcj02_lies_475_to_504_m_south_east_on_yubeis_outline(shared):
    lon, lat = outline(shared)
    east, north = geo.wgs84_to_gcj02(lon, lat)
    shift = metres_between((lon, lat), (east, north))
    assert shift.min() > 475
    assert shift.max() < 504
    assert (east > lon).all()
    assert (north < lat).all()


def test_the_shifts_agree_with_the_published_numbers():
    # The README of wandergis/coordtransform (MIT), repeated in many converters' tests.
    point = np.array([116.404]), np.array([39.915])
    gcj = geo.wgs84_to_gcj02(*point)
    assert (gcj[0][0], gcj[1][0]) == pytest.approx(
        (116.41024449916938, 39.91640428150164), abs=1e-12
    )
    baidu = geo.gcj02_to_bd09(*point)
    assert (baidu[0][0], baidu[1][0]) == pytest.approx(
        (116.41036949371029, 39.92133699351021), abs=1e-12
    )


@pytest.mark.parametrize(
    ("lon", "lat"), [(9.52, 47.14), (7.42, 43.74), (-46.63, -23.55), (139.7, 35.7)]
)
def test_outside_china_the_two_are_the_same(lon, lat):
    point = np.array([lon]), np.array([lat])
    assert geo.wgs84_to_gcj02(*point) == point
    assert geo.gcj02_to_wgs84(*point) == point


def test_an_unknown_datum_is_refused_with_the_known_ones():
    with pytest.raises(DatumError, match="wgs84, gcj02, bd09"):
        geo.to_wgs84(np.array([106.6]), np.array([29.7]), "beijing54")


def test_wgs84_passes_unchanged():
    lon, lat = geo.to_wgs84([106.6], [29.7], "wgs84")
    assert (lon.tolist(), lat.tolist()) == ([106.6], [29.7])


def shapes():
    ring = shapely.box(106.60, 29.70, 106.62, 29.72)
    hole = shapely.box(106.605, 29.705, 106.61, 29.71)
    return gpd.GeoDataFrame(
        {"name": ["land", "point", "road", "none"]},
        geometry=[
            shapely.MultiPolygon([ring - hole, shapely.box(106.7, 29.8, 106.71, 29.81)]),
            shapely.Point(106.63, 29.72),
            shapely.LineString([(106.5, 29.6), (106.6, 29.7), (106.7, 29.7)]),
            None,
        ],
        crs=geo.WGS84,
        index=[7, 3, 9, 1],
    )


def test_shapes_go_to_gcj02_and_back_whole():
    frame = shapes()
    before = frame.copy(deep=True)
    there = geo.shape_to_gcj02(frame)
    back = geo.shape_to_wgs84(there, "gcj02")
    assert frame.equals(before), "the input must stay as it was"
    assert back.index.tolist() == frame.index.tolist()
    assert back.crs == CRS(geo.WGS84)
    assert there.geometry.iloc[0].geom_type == "MultiPolygon"
    assert len(there.geometry.iloc[0].geoms[0].interiors) == 1
    assert there.geometry.iloc[3] is None
    for old, new, shifted in zip(
        frame.geometry[:3], back.geometry[:3], there.geometry[:3], strict=True
    ):
        assert shapely.hausdorff_distance(old, new) < 1e-9
        assert 0.003 < shapely.hausdorff_distance(old, shifted) < 0.006


def test_a_baidu_outline_lands_where_it_was_drawn():
    frame = shapes().iloc[[0]]
    drawn = geo.shape_to_gcj02(frame)
    corners = shapely.transform(
        drawn.geometry.to_numpy(),
        lambda xy: np.column_stack(geo.gcj02_to_bd09(xy[:, 0], xy[:, 1])),
    )
    back = geo.shape_to_wgs84(drawn.set_geometry(corners, crs=geo.WGS84), "bd09")
    assert shapely.hausdorff_distance(back.geometry.iloc[0], frame.geometry.iloc[0]) < 1e-9


def test_a_frame_in_metres_is_not_shifted_as_degrees():
    with pytest.raises(DatumError, match="degrees are wanted"):
        geo.shape_to_wgs84(shapes().to_crs(4545), "gcj02")


@pytest.mark.parametrize(
    ("lon", "lat", "epsg"),
    [
        (106.6, 29.7, 32648),
        (9.5, 47.1, 32632),
        (-46.6, -23.5, 32723),
        (180, 10, 32601),
        (-180, -1, 32701),
    ],
)
def test_the_utm_zone_of_a_point(lon, lat, epsg):
    assert geo.metric_crs(lon, lat).to_epsg() == epsg


def test_yubeis_own_crs_is_cgcs2000_at_108_east():
    crs = geo.metric_crs(106.6, 29.7, epsg=geo.YUBEI_EPSG)
    parameters = {item.name: item.value for item in crs.coordinate_operation.params}
    assert parameters["Longitude of natural origin"] == 108
    assert crs.datum.name == "China 2000"


@pytest.mark.parametrize("epsg", [4326, 4490, 2263, 999999])
def test_a_crs_in_degrees_or_feet_or_none_is_refused(epsg):
    with pytest.raises(DatumError, match=f"EPSG:{epsg} is not a metric CRS"):
        geo.metric_crs(106.6, 29.7, epsg=epsg)


@few
@given(LON, LAT, st.floats(-0.03, 0.03), st.floats(-0.03, 0.03))
def test_distances_on_the_map_are_those_on_the_ground(lon, lat, east, north):
    ground = geo.distance_m(lon, lat, lon + east, lat + north)
    x, y = TO_MAP.transform([lon, lon + east], [lat, lat + north])
    on_map = np.hypot(x[1] - x[0], y[1] - y[0])
    # 150 km from the central meridian the scale is 1.0003.
    assert on_map == pytest.approx(ground, rel=5e-4, abs=0.01)


def test_a_known_distance():
    # Terminals T2 and T3A of Jiangbei airport.
    assert geo.distance_m(106.634, 29.721, 106.651, 29.711) == pytest.approx(1982, abs=5)


# --- lengths on the map and on the ground --------------------------------------------------


@few
@given(st.floats(-179, 177), st.floats(-75, 75), st.floats(0.001, 1), st.floats(0.001, 1))
def test_lengths_of_the_chosen_crs_are_those_on_the_ground(lon, lat, width, height):
    outline = shapely.box(lon, lat, lon + width, lat + height)
    crs = geo.area_crs(outline)
    to_map = Transformer.from_crs(4326, crs, always_xy=True)
    for one, other in ((0, 1), (0, 2), (1, 2)):
        (lon1, lat1), (lon2, lat2) = (outline.exterior.coords[k] for k in (one, other))
        (x1, y1), (x2, y2) = to_map.transform(lon1, lat1), to_map.transform(lon2, lat2)
        ground = geo.distance_m(lon1, lat1, lon2, lat2)
        assert np.hypot(x2 - x1, y2 - y1) == pytest.approx(ground, rel=1.2e-3)


@pytest.mark.parametrize(
    ("epsg", "box", "off"),
    [
        (3857, (106.4, 29.5, 107, 30.1), "16."),
        (3857, (9.47, 47.05, 9.64, 47.27), "47."),
        (3857, (106.4, -0.1, 106.5, 0.1), "0.6"),  # the earth is no sphere
        (4545, (9.47, 47.05, 9.64, 47.27), ""),
        (4545, (-46.7, -23.6, -46.6, -23.5), ""),
        (32649, (106.4, 29.5, 107, 30.1), "0.2"),
        (4087, (106.4, 29.5, 107, 30.1), "15."),  # degrees drawn as metres
    ],
)
def test_a_crs_that_is_wrong_here_is_refused_with_a_better_one(epsg, box, off):
    outline = shapely.box(*box)
    with pytest.raises(DatumError, match=rf"wrong by up to ({off}|inf)") as caught:
        geo.area_crs(outline, epsg=epsg)
    better = int(re.search(r"area.epsg = (\d+)", caught.value.cure).group(1))
    assert geo.area_crs(outline, epsg=better).to_epsg() == better


def test_near_108_east_the_better_one_is_that_of_cgcs2000():
    with pytest.raises(DatumError) as caught:
        geo.area_crs(shapely.box(107.9, 29.5, 108.1, 30), epsg=3857)
    assert caught.value.cure.endswith("area.epsg = 4545")


def test_at_the_edge_of_a_utm_zone_near_the_equator_the_area_has_a_crs_of_its_own():
    outline = shapely.box(107.7, 0.0, 108.3, 0.5)
    crs = geo.area_crs(outline)
    assert crs.to_epsg() is None
    assert geo.is_metric(crs)
    assert geo.distortion(crs, outline) < 0.0001
    assert geo.distortion(CRS.from_epsg(32648), outline) > geo.MOST_DISTORTION
    assert CRS.from_user_input(geo.crs_name(crs)) == crs


def test_an_area_as_wide_as_a_country_is_refused():
    with pytest.raises(AreaError, match="too wide"):
        geo.area_crs(shapely.box(100, 0, 110, 3))
