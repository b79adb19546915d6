"""Every figure of the analysis stands in data/parameters.csv, with its source and unchanged."""

from __future__ import annotations

import grid_town
import pandas as pd
import pytest

from siting import scenario
from siting.analysis import travel
from siting.analysis.demand import demand_chain, housing
from siting.analysis.scores import learned, measures, weighting
from siting.shipped import shipped_path


@pytest.fixture(scope="module")
def parameters():
    frame = pd.read_csv(shipped_path("parameters.csv"), encoding="utf-8")
    return frame.set_index("parameter")


def flat(path, value):
    """Yield path and number of every number in a block, blocks in it too."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from flat(f"{path}.{name}", inner)
    elif isinstance(value, int | float):
        yield path, value


@pytest.mark.parametrize(
    ("block", "settings"),
    [
        ("demand", scenario.Demand()),
        ("candidates", scenario.Candidates()),
        ("travel", scenario.Travel()),
        ("hydrogen", scenario.Hydrogen(stations=1).model_copy(update={"stations": None})),
        ("sizing", scenario.Sizing()),
        ("power", scenario.Power()),
    ],
)
def test_defaults_of_the_scenario_are_those_with_a_source(parameters, block, settings):
    numbers = dict(flat(block, settings.model_dump()))
    assert numbers
    for name, value in numbers.items():
        assert parameters.loc[name, "value"] == value, name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("travel.snap_speed", travel.SNAP_M_PER_S * 3.6),
        ("scoring.half_distance", measures._HALF_M),
        ("scoring.calm_distance", measures._CALM_M),
        ("scoring.access_half_distance", measures._ACCESS_HALF_M),
        ("scoring.power_half_distance", measures.POWER_HALF_M),
        ("scoring.headroom_part", measures._HEADROOM_PART),
        ("scoring.learned.min_stations", scenario.Learned().min_stations),
        ("scoring.learned.block_m", scenario.Learned().block_m),
        ("scoring.learned.folds", scenario.Learned().folds),
        ("scoring.stability.change_share", scenario.Stability().change_share),
        ("scoring.flat_sd", weighting.FLAT_SD),
        ("scoring.weak_auc", learned.WEAK_AUC),
        ("demand.year", demand_chain.YEAR),
        ("model.swap_fleet_share", scenario.Model().swap_fleet_share),
        ("demand.densest", housing._DENSEST),
        ("demand.floor_per_person_m2", housing._FLOOR_PER_PERSON_M2),
        ("demand.floor_ratio", housing._FLOOR_RATIO),
        ("demand.built_share", housing._BUILT_SHARE),
        ("demand.building_m2", housing._BUILDING_M2),
        ("demand.typical_residential_m2", housing._TYPICAL_M2),
    ],
)
def test_constants_in_the_code_are_those_of_the_table(parameters, name, value):
    assert parameters.loc[name, "value"] == pytest.approx(value)


def test_the_rules_of_kinds_keep_to_the_ranges_of_their_source(parameters):
    kinds, classes = grid_town.kinds(), grid_town.chargers().classes
    use = (classes["kwh_day"] / (24 * classes["power_kw"])).round(2)
    cases = {
        "site_kinds.m2_per_space (parking)": [kinds.loc["parking", "m2_per_space"]],
        "site_kinds.indoor_m2_per_space (parking)": [kinds.loc["parking", "indoor_m2_per_space"]],
        "charger_classes.design_use_share": use[["slow_ac", "fast_dc", "super_fast"]].tolist(),
        "charger_classes.session_kwh (slow_ac)": [classes.loc["slow_ac", "session_kwh"]],
        "charger_classes.session_kwh (fast_dc)": [classes.loc["fast_dc", "session_kwh"]],
        "charger_classes.stay_min (slow_ac)": [classes.loc["slow_ac", "stay_min"]],
        "charger_classes.stay_min (fast_dc)": [classes.loc["fast_dc", "stay_min"]],
        "scoring.connection_share": list(measures._CONNECTION),
    }
    for name, values in cases.items():
        low, high = parameters.loc[name, ["low", "high"]]
        assert all(low <= value <= high for value in values), name


def test_every_figure_has_a_source_and_a_mark(parameters):
    assert parameters["source"].str.len().min() > 3
    assert parameters["mark"].notna().all()
    assert not parameters.index.duplicated().any()
