"""Fleets and through traffic of a scenario, from its lines to the finished plan."""

from __future__ import annotations

from dataclasses import replace

import desk
import pytest
from osm_town import make_town

from siting.outputs.text.plan_lines import chain_rows
from siting.outputs.words import speaker
from siting.pipeline import run as pipeline
from siting.pipeline.meter import Meter
from siting.plan.folder import load_plan, new_run_folder, save_plan
from siting.scenario import load_scenario

FLEETS = (
    "demand.fleets.heavy_truck.vehicles=10",
    "demand.fleets.heavy_truck.swap_share=1.0",
    'demand.fleets.heavy_truck.places=["fuel"]',
    "targets.swap_stations=1",
    "model.swap_fleet_share=1.0",
)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A desk whose middle street is the G50, with 24,000 vehicles a day."""
    folder = tmp_path_factory.mktemp("corridor")
    path = desk.set_up(folder)
    town = make_town()
    town.ways[102][1]["ref"] = "G50"
    town.write(folder / "town.osm")
    (folder / "traffic.csv").write_text("ref,vehicles_day\nG50,24000\n", encoding="utf-8")
    desk.edit(path, "[targets]", '[inputs.traffic]\nfile = "traffic.csv"\n\n[targets]\nby = 2030')
    return path


@pytest.fixture(scope="module")
def plan(path):
    scenario = load_scenario(path, overrides=FLEETS)
    return pipeline.run(scenario, meter=Meter(lambda *_: None), folder=path.parent)


def test_the_year_is_that_of_the_targets(plan):
    assert plan.chain.year == 2030
    assert plan.chain.nev_share == pytest.approx(0.43)
    people = plan.zones["population"].sum()
    assert plan.chain.people == pytest.approx(people)
    assert plan.chain.nevs == pytest.approx(people * 0.2 * 0.43)


def test_through_traffic_and_fleets_reach_the_plan(plan):
    chain = plan.chain
    assert chain.through_kwh_day > 0
    assert chain.swap_kwh_day == pytest.approx(2800)
    assert chain.fleet_kwh_day == 0
    whole = chain.residents_kwh_day + chain.through_kwh_day + chain.fleet_kwh_day
    assert plan.figures["demand_kwh_day"] == pytest.approx(whole, rel=1e-9)
    by_zone = plan.zones["demand_kwh_day"].sum()
    assert by_zone == pytest.approx(whole, rel=1e-9)
    assert "traffic" in [source.name for source in plan.sources]
    notes = {note.key: note.values for note in plan.notes}
    assert notes["swap_fleets"] == {"swap_kwh_day": 2800.0, "share": 1.0}
    assert "through_unknown" not in notes


def test_a_fleet_that_only_swaps_asks_no_charger_for_energy(plan):
    fleet = plan.demand[plan.demand["kind"] == "fleet"]
    assert fleet["kwh_day"].tolist() == [0.0] * len(fleet)
    assert fleet["swap_kwh_day"].sum() == pytest.approx(2800)
    assert not plan.assignments["demand_id"].isin(fleet["demand_id"]).any()


def test_the_quality_of_each_zone_is_in_its_row(plan):
    told = {"exact": "spread", "rounded": "spread", "estimated": "estimated"}
    known = plan.zones[plan.zones["population"] > 0]
    assert known["demand_quality"].tolist() == known["population_quality"].map(told).tolist()
    assert len(known) > 0
    assert plan.zones.loc[plan.zones["population"].isna(), "demand_quality"].isna().all()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_numbers_are_kept_and_told(plan, tmp_path, language):
    say = speaker(language)
    with new_run_folder(tmp_path / "run") as folder:
        save_plan(plan, folder, say=say)
    back = load_plan(tmp_path / "run")
    assert back.chain.kwh_day == pytest.approx(plan.chain.kwh_day, abs=1e-5)
    assert back.chain.by_kind == pytest.approx(plan.chain.by_kind, abs=1e-5)
    rows = dict(chain_rows(back, say))
    assert rows[say("chain.people")] == f"{plan.zones['population'].sum():,.0f}"
    assert rows[say("chain.fleet")] == say("chain.a_day", value=0)
    assert rows[say("chain.swap")] == say("chain.a_day", value=2800)
    assert rows[say("chain.per_nev")] == f"5.0 {say('unit.kwh_day')}", (
        "8.4 kWh a day of which 60 % are public"
    )
    assert len(rows) == 17


def test_what_nobody_knows_is_written_as_missing(plan):
    say = speaker("en")
    kinds = plan.chain.by_kind | {"fleet": None}
    unknown = replace(plan.chain, fleet_kwh_day=None, by_kind=kinds)
    rows = dict(chain_rows(type("Bare", (), {"chain": unknown})(), say))
    assert rows[say("chain.fleet")] == rows["· fleets"] == say("fact.none")


def test_stations_say_how_hard_they_work(plan):
    sites = plan.sites
    load = sites["load_kwh_day"]
    assert load.sum() > 0
    told = sites["kwh_per_charger_day"] * sites["chargers"]
    assert told.to_numpy() == pytest.approx(load.to_numpy())
    told = sites["hours_per_day_in_use"] * sites["power_kw"]
    assert told.to_numpy() == pytest.approx(load.to_numpy())
    assert sites["hours_per_day_in_use"].max() <= 24
