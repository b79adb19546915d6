"""What the two READMEs tell people to type, typed."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from pathlib import Path

import desk
import geopandas as gpd
import numpy as np
import pytest
import shapely
from osm_town import BBOX

from siting.cli.main import run
from siting.errors import EXIT_DATA, EXIT_GOOD
from siting.geo import wgs84_to_gcj02
from siting.pipeline.early import read_early
from siting.scenario import load_scenario

ROOT = Path(__file__).resolve().parents[1]
READMES = ("README.md", "README.zh.md")


def blocks(page, language):
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", READMES)
def test_the_windows_lines_are_such_that_cmd_and_powershell_both_take(page):
    (lines,) = [block.splitlines() for block in blocks(page, "bat")]
    for line in lines:
        # Windows PowerShell 5.1 knows no && and takes a quoted path for a text.
        assert not re.search(r"&&|\|\||[\"'%$^]", line)
        assert line.startswith(("py -3 ", ".venv\\Scripts\\"))
    assert lines[-1].endswith("siting plan")


def shifted(points):
    """Give WGS-84 points as a Chinese map shows them, in GCJ-02."""
    return np.column_stack(wgs84_to_gcj02(points[:, 0], points[:, 1]))


@pytest.mark.parametrize("page", READMES)
def test_the_scenario_of_the_readme_runs_on_files_of_its_names(page, tmp_path):
    text = next(block for block in blocks(page, "toml") if block.startswith("siting = 1"))
    path = desk.set_up(tmp_path)
    outline = shapely.transform(shapely.box(*BBOX), shifted)
    gpd.GeoDataFrame({"name": ["town"]}, geometry=[outline], crs=4326).to_file(
        tmp_path / "boundary.geojson"
    )
    halves = [shapely.box(106.5980, 29.6980, 106.6050, 29.7130),
              shapely.box(106.6050, 29.6980, 106.6130, 29.7130)]  # fmt: skip
    gpd.GeoDataFrame(
        {"zone_id": ["1", "2"], "name": ["甲街道", "乙镇"]}, geometry=halves, crs=4326
    ).to_file(tmp_path / "townships.gpkg")
    (tmp_path / "people.csv").write_text(
        "zone_id,population,population_quality\n1,9000,rounded\n2,6000,rounded\n", encoding="utf-8"
    )
    lon, lat = shifted(np.array([[106.6028, 29.7008]]))[0]
    (tmp_path / "existing.csv").write_text(f"桩数,经度,纬度\n6,{lon},{lat}\n", encoding="gb18030")
    path.write_text(text, encoding="utf-8")
    assert tomllib.loads(text)["targets"]["stations"] == 550
    # The README's district is large, our town is small: its figures and the map change.
    changes = (
        f'inputs.osm="{(tmp_path / "town.osm").as_posix()}"',
        "targets.stations=4", "targets.chargers=40", "targets.swap_stations=0",
        "model.min_spacing_m=100",
    )  # fmt: skip
    assert load_scenario(path, overrides=changes).inputs.stations[0].columns["chargers"] == "桩数"
    arguments = [part for change in changes for part in ("--set", change)]
    assert run(["plan", str(path), "--out", str(tmp_path / "out"), *arguments]) == 0
    (plan,) = (tmp_path / "out").rglob("plan.json")
    notes = {note["key"]: note["values"] for note in json.loads(plan.read_text("utf-8"))["notes"]}
    assert notes["ids_by_row"] == {"file": "existing.csv", "count": 1}


def first_hour():
    """Return the lines that make an office's folder, and the commands, of docs/own-data.md."""
    page = (ROOT / "docs" / "own-data.md").read_text(encoding="utf-8")
    part = page[page.index("## 第一个小时") : page.index("读表时的约定")]
    (made,) = re.findall(r"^```python\n(.*?)^```$", part, re.MULTILINE | re.DOTALL)
    return made, re.findall(r"^siting (.*)$", part, re.MULTILINE), part


def test_the_first_hour_goes_word_for_word_in_an_empty_folder(tmp_path, monkeypatch, capsys):
    made, commands, page = first_hour()
    monkeypatch.chdir(tmp_path)
    exec(compile(made, "docs/own-data.md", "exec"), {})  # noqa: S102  # the page's own lines
    first, second, *then = [shlex.split(line) for line in commands]
    assert run(first) == EXIT_GOOD
    told = capsys.readouterr().out.splitlines()
    shown = page[page.index("台账.xlsx：既有") :].partition("```")[0].splitlines()
    assert [line for line in shown if line not in told] == []
    assert run(["check", "my-plan.toml"]) == EXIT_DATA, "a datum is still to be said"
    Path("my-plan.toml").unlink()
    assert run(second) == EXIT_GOOD
    scenario = load_scenario(Path("my-plan.toml"))
    early = read_early(scenario)
    read = dict(early.lists.stations.notes)
    assert (read["rows_left_out"]["count"], len(early.lists.stations.lists[0])) == (13, 107)
    assert early.lists.zones.people[0]["population"].notna().all()
    assert [line[0] for line in then] == ["check", "plan", "handout"]


@pytest.mark.parametrize("page", READMES)
def test_the_readmes_show_the_same_first_hour(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    _, commands, _ = first_hour()
    for command in (commands[0], *commands[2:4]):
        assert f"siting {command}" in text
