"""The plan from a fetched pack is the plan from the same data as an extract."""

from __future__ import annotations

import json

import pytest
from desk import edit, set_up
from overpass_server import serving

from siting.cli.main import run
from siting.errors import EXIT_GOOD

SAME = ("sites.csv", "swap_sites.csv")


def plan(scenario, out, *changes):
    command = ["plan", str(scenario), "--out", str(out)]
    for change in changes:
        command += ["--set", change]
    assert run(command) == EXIT_GOOD
    return next(out.iterdir())


def figures(folder):
    content = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    return {key: content[key] for key in ("totals", "status", "value", "bound", "figures")}


def test_the_plan_of_a_fetched_town_is_the_plan_of_its_extract(tmp_path):
    scenario = set_up(tmp_path)
    with serving(tmp_path / "town.osm") as server:
        edit(
            scenario,
            "[inputs.zones]",
            f'overpass = {{ endpoint = "{server.endpoint}" }}\n\n[inputs.zones]',
        )
        assert run(["fetch", str(scenario), str(tmp_path / "town.gpkg")]) == EXIT_GOOD
        live = plan(scenario, tmp_path / "live", "inputs.osm=overpass")
    extract = plan(scenario, tmp_path / "extract")
    pack = plan(scenario, tmp_path / "pack", f"inputs.osm='{tmp_path / 'town.gpkg'}'")
    for name in SAME:
        assert (pack / name).read_bytes() == (extract / name).read_bytes()
        assert (live / name).read_bytes() == (extract / name).read_bytes()
    assert figures(pack) == figures(extract) == figures(live)


@pytest.mark.slow
def test_the_plan_of_fetched_monaco_is_the_plan_of_its_extract(tmp_path, shared):
    osm = shared / "data" / "osm-monaco-2021" / "monaco.osm.pbf"
    pack = tmp_path / "monaco.gpkg"
    with serving(osm) as server:
        ask = f"inputs.overpass.endpoint='{server.endpoint}'"
        assert run(["fetch", "monaco", str(pack), "--set", ask]) == EXIT_GOOD
    extract = plan("monaco", tmp_path / "extract", f"inputs.osm='{osm}'")
    fetched = plan("monaco", tmp_path / "pack", f"inputs.osm='{pack}'")
    for name in SAME:
        assert (fetched / name).read_bytes() == (extract / name).read_bytes()
    assert figures(fetched) == figures(extract)
