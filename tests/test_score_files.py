"""Layers, matrices and stored extremes from files, through the whole chain of a small town."""

from __future__ import annotations

import json
import re

import desk
import geopandas as gpd
import grid_town as town
import numpy as np
import pandas as pd
import pytest
import shapely
from osm_town import BBOX
from pyproj import CRS

from siting import scenario
from siting.analysis.scores.measures import measured
from siting.analysis.scores.scoring import rank_stability
from siting.cli.main import run
from siting.errors import BrokenFileError, DatumError, TableError
from siting.inputs.area_shape import AreaShape
from siting.inputs.layers import load_score_files
from siting.pipeline import run as pipeline
from siting.pipeline.meter import Meter
from siting.plan.parts import tidy
from siting.scenario import load_scenario

HOTELS = (
    "name,lon,lat,value\n甲,106.6030,29.7010,120\n乙,106.6031,29.7011,30\n丙,106.6100,29.7100,\n"
)
MATRIX = """criterion,demand,gap,access,power,cost,safety
demand,1,2,2,2,3,3
gap,,1,1,2,2,2
access,,,1,1,2,2
power,,,,1,2,2
cost,,,,,1,1
safety,,,,,,1
"""
LAYER = """
[[scoring.layers]]
key = "hotels"
en = "hotels near"
file = "hotels.csv"
datum = "wgs84"
measure = "count"
within_m = 400
direction = "up"
weight = 0.4
"""


def layer(**keys):
    keys = {"key": "own", "file": "x.csv", "measure": "count", "direction": "up"} | keys
    return scenario.ScoreLayer(**keys)


def points(*spots):
    return gpd.GeoDataFrame(geometry=[shapely.Point(*spot) for spot in spots], crs=town.CRS)


def features(*rows):
    shapes, values = zip(*rows, strict=True)
    return gpd.GeoDataFrame({"value": list(values)}, geometry=list(shapes), crs=town.CRS)


# what a layer measures


def test_count_sum_distance_and_value_at_a_site():
    sites = points((0, 0), (1000, 0), (5000, 0))
    near = features(
        (shapely.Point(100, 0), 3.0), (shapely.Point(0, 400), 4.0), (shapely.Point(1300, 0), np.nan)
    )

    def by(measure):
        return measured(sites, near, layer(measure=measure, within_m=500)).tolist()

    assert by("count") == [2, 1, 0]
    assert by("sum")[::2] == [7, 0]
    assert np.isnan(by("sum")[1]), "a sum with a missing part is missing"
    assert by("distance") == [100, 300, 3700]
    assert by("value")[0] == 3
    assert np.isnan(by("value")[1:]).all()


def test_the_value_of_the_polygon_a_site_lies_in():
    sites = points((10, 10), (150, 10), (900, 900))
    near = features((shapely.box(0, 0, 100, 100), 1.0), (shapely.box(100, 0, 200, 100), 2.0))
    found = measured(sites, near, layer(measure="value", within_m=200))
    assert found[:2].tolist() == [1, 2]
    assert np.isnan(found[2])


# through the chain


@pytest.fixture
def path(tmp_path):
    path = desk.set_up(tmp_path)
    (tmp_path / "hotels.csv").write_text(HOTELS, encoding="utf-8")
    (tmp_path / "matrix.csv").write_text(MATRIX, encoding="utf-8")
    return path


def scored(path, *sets):
    """Return what is known of the town's sites before the optimiser is asked."""
    return pipeline.prepare(load_scenario(path, overrides=sets), Meter(lambda *_: None))


def planned(capsys, path, *sets):
    options = [word for pair in sets for word in ("--set", pair)]
    code = run(["plan", str(path), "--out", str(path.parent / "maps"), "--json", *options])
    told = capsys.readouterr()
    return code, json.loads(told.out) if code == 0 else told.err


def test_each_method_weighs_and_the_plan_tells_all(path, capsys):
    path.write_text(path.read_text(encoding="utf-8") + LAYER, encoding="utf-8")
    code, content = planned(capsys, path, "scoring.method=entropy")
    assert code == 0, content
    told = content["scoring"]
    assert told["method"] == "entropy"
    assert told["weights"]["hotels"] > 0
    assert told["names"]["hotels"]["en"] == "hotels near"
    assert told["stability"]["chosen"] == content["totals"]["new_stations"]
    assert "hotels" in {source["name"] for source in content["sources"]}
    folder = path.parent / "maps" / "town"
    sites = gpd.read_file(folder / "plan.gpkg", layer="candidates")
    assert sites["hotels_score"].between(0, 1).all()
    page = (folder / "map.html").read_text(encoding="utf-8")
    assert "Weights of the score (entropy, weighted sum)" in page
    assert "hotels near" in page
    assert "Rank stability" in page


def test_a_matrix_from_a_file_weighs_and_a_layer_moves_the_score_by_its_weight(path):
    plain = scored(path, "scoring.method=ahp", f"scoring.pairwise={path.parent / 'matrix.csv'}")
    assert plain.scoring.consistency_ratio == pytest.approx(0.011, abs=0.001)
    assert plain.scoring.weights["demand"] == pytest.approx(0.308, abs=0.001)
    path.write_text(path.read_text(encoding="utf-8") + LAYER, encoding="utf-8")
    found = scored(path)
    weights = found.scoring.weights
    assert weights["hotels"] == pytest.approx(0.4 / 1.4)
    total = sum(weights[key] * found.scores[f"{key}_score"] for key in weights)
    assert found.scores["score"].tolist() == pytest.approx(total.tolist())


def test_extremes_of_an_earlier_run_are_used_again(path):
    first, fewer = scored(path).scoring, "candidates.leave_out=['parking']"
    kept = path.parent / "kept.json"
    kept.write_text(json.dumps({"scoring": tidy(first, None)}), encoding="utf-8")
    again = scored(path, f"scoring.extremes={kept}", fewer).scoring
    assert again.extremes == first.extremes
    assert scored(path, fewer).scoring.extremes != first.extremes


AREA = AreaShape(shapely.box(*BBOX), CRS.from_epsg(4545), "town", "", (), None)


def loaded(path, **keys):
    """Read the files of the block ``scoring``, on a town's area."""
    one = {"key": "own", "datum": "wgs84", "measure": "value", "direction": "up"}
    layers = [one | {"file": str(path.parent / keys.pop("file"))} | keys.pop("layer", {})]
    return load_score_files(scenario.Scoring(layers=layers, **keys), AREA)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (HOTELS.replace("106.6031", "there"), "row 3: lon is no number"),
        (HOTELS.replace(",30", ",-30"), "row 3: value is below 0"),
        ("name,lon,value\n甲,1,2\n", "column 'lat'"),
    ],
)
def test_bad_points_are_refused_with_their_rows(path, text, told):
    (path.parent / "hotels.csv").write_text(text, encoding="utf-8")
    with pytest.raises(TableError, match=re.escape(told)):
        loaded(path, file="hotels.csv")


def test_bad_polygons_are_refused_with_their_rows(path):
    frame = gpd.GeoDataFrame(
        {"crowd": ["5", "lots", "-1", None]},
        geometry=[shapely.box(*BBOX)] * 3 + [None], crs=4326,
    )  # fmt: skip
    frame.to_file(path.parent / "areas.gpkg")
    with pytest.raises(TableError) as caught:
        loaded(path, file="areas.gpkg", layer={"columns": {"value": "crowd"}})
    for told in ("row 3: value is no number: 'lots'", "row 4: value is below 0", "row 5: no geom"):
        assert told in str(caught.value)


def test_a_missing_datum_or_extremes_that_are_none_are_told(path):
    with pytest.raises(DatumError, match=re.escape("scoring.layers[1].datum")):
        loaded(path, file="hotels.csv", layer={"datum": None})
    old = path.parent / "old.json"
    for text in ('{"format": "siting-plan"}', '{"scoring": {"extremes": {"gap": [2, 1]}}}'):
        old.write_text(text, encoding="utf-8")
        with pytest.raises(BrokenFileError, match="old"):
            loaded(path, file="hotels.csv", extremes=str(old))


def test_from_the_command_line_a_bad_matrix_and_few_stations_end_with_3(path, capsys):
    bad = path.parent / "bad.csv"
    bad.write_text(MATRIX.replace("gap,,1,1", "gap,,1,many"), encoding="utf-8")
    code, err = planned(capsys, path, "scoring.method=ahp", f"scoring.pairwise={bad}")
    assert code == 3
    assert "row 3, column access: 'many' is no number" in err
    assert not (path.parent / "maps" / "town").exists()
    code, err = planned(capsys, path, "scoring.weights.learned=0.2")
    assert code == 3
    assert "at least 50 are wanted" in err


def test_what_the_scenario_cannot_mean_is_refused():
    with pytest.raises(ValueError, match="ahp wants a matrix"):
        scenario.Scoring(method="ahp")
    with pytest.raises(ValueError, match="'demand' is used already"):
        scenario.Scoring(layers=[layer(key="demand")])
    with pytest.raises(ValueError, match="min_max wants a low below a high"):
        layer(normalisation="min_max", low=2.0, high=1.0)


# rank stability


def field_of(spots, scores, **columns):
    sites = points(*spots).assign(
        site_id=[f"s{k}" for k in range(len(spots))], existing_station=False, verdict="ok"
    )
    table = pd.DataFrame({"site_id": sites["site_id"], "a_score": scores, **columns})
    return sites, table


def stability(sites, table, chosen, weights, samples=50):
    settings = scenario.Scoring(stability=scenario.Stability(samples=samples))
    return rank_stability(
        sites, table, chosen, weights=weights, spacing_m=100.0, settings=settings, seed=7
    )


def test_where_one_criterion_decides_the_weights_change_nothing():
    sites, table = field_of([(0, 0), (50, 0), (500, 0), (900, 0)], [0.9, 0.8, 0.5, 0.1])
    found = stability(sites, table, {"s0", "s2"}, {"a": 1.0})
    assert (found.chosen, found.backed) == (2, 2)
    assert found.stay_share == found.stay_least_share == 1.0
    # s1 is better than s2 but too near to s0
    assert stability(sites, table, {"s0", "s1"}, {"a": 1.0}).backed == 1
    assert stability(sites, table, {"s3"}, {"a": 1.0}).stay_share is None
    assert stability(sites, table, {"s0"}, {"a": 1.0}, samples=0) is None


def test_two_sites_that_tie_but_for_the_weights_change_places():
    sites, table = field_of([(0, 0), (500, 0)], [1.0, 0.0], b_score=[0.0, 1.0])
    found = stability(sites, table, {"s0"}, {"a": 0.5, "b": 0.5}, samples=400)
    assert found.stay_share == pytest.approx(0.5, abs=0.08)
    assert found.stay_least_share == 0.0
    assert stability(sites, table, {"s0"}, {"a": 0.7, "b": 0.3}).stay_share == 1.0


def test_existing_stations_and_stopped_sites_take_no_place_but_keep_theirs():
    sites, table = field_of([(0, 0), (50, 0), (500, 0), (900, 0)], [0.9, 0.8, 0.7, 0.6])
    sites.loc[0, "existing_station"] = True
    sites.loc[2, "verdict"] = "stop"
    assert stability(sites, table, {"s3"}, {"a": 1.0}).backed == 1
