"""``siting new``: neutral lines that can be read, and lines made for a planner's own files."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import desk
import geopandas as gpd
import openpyxl
import pytest
import shapely
from osm_town import BBOX, make_town

from siting.cli import new_verb
from siting.cli.main import run
from siting.errors import EXIT_DATA, EXIT_GOOD, EXIT_SCENARIO
from siting.geo import wgs84_to_gcj02
from siting.inputs.survey import look_at, settle_datums
from siting.outputs.words import all_words
from siting.scenario import load_scenario
from siting.shipped import shipped_path

ROWS = [("北站", 106.601, 29.701, 8, 2), ("东站", 106.6045, 29.7035, 0, 4)]


def ledger(folder, name="台账.xlsx"):
    made = openpyxl.Workbook()
    for row in (["某区公共充电设施台账"], ["名称", "经度", "纬度", "快充", "慢充", "状态"],
                *([*row, "运营"] for row in ROWS), ["南站", 106.596, 29.696, 9, 0, "规划"],
                ["合计", None, None, 17, 6, None]):  # fmt: skip
        made.active.append(row)
    made.save(folder / name)
    return folder / name


def townships(folder):
    frame = gpd.GeoDataFrame(
        {"XZQDM": ["1", "2"], "XZQMC": ["龙山街道", "王家镇"], "常住人口": [40000, 20000]},
        geometry=[
            shapely.box(106.59, 29.69, 106.60, 29.71),
            shapely.box(106.60, 29.69, 106.61, 29.71),
        ],
        crs=4326,
    )
    frame.to_file(folder / "zones.shp", encoding="gb18030")
    (folder / "zones.cpg").unlink(missing_ok=True)
    return folder / "zones.shp"


def test_the_neutral_lines_name_no_district_of_ours_and_can_be_read(tmp_path):
    path = tmp_path / "my-plan.toml"
    assert run(["new", str(path)]) == EXIT_GOOD
    text = path.read_text(encoding="utf-8")
    for ours in ("渝北", "Yubei siting", 'boundary.gpkg"', "epsg", "8号"):
        assert ours not in text
    read = load_scenario(path)
    assert (read.run.name, read.area.boundary, read.area.epsg) == ("my-plan", None, None)
    assert read.handouts.bodies == ()


def test_files_become_a_scenario_that_reads_them(tmp_path, capsys):
    path = tmp_path / "plan.toml"
    zones, table = townships(tmp_path), ledger(tmp_path)
    assert (
        run(["new", str(path), "--from", str(table), str(zones), "--stations", "30"]) == EXIT_GOOD
    )
    told = capsys.readouterr()
    assert "datum" in told.out + told.err
    text = path.read_text(encoding="utf-8")
    assert text.count("# datum = ") == 3, "nobody can see the datum: it is asked for"
    read = load_scenario(path)
    (stations,) = read.inputs.stations
    assert stations.columns["chargers"] == ("快充", "慢充")
    assert stations.header_row == (2,)
    assert stations.where["状态"].among == ("运营",)
    assert read.inputs.zones.encoding == "gb18030"
    assert read.inputs.zones.columns["population"] == "常住人口"
    assert read.targets.stations == 30
    assert "chargers = 100    # ASK" in text
    assert run(["check", str(path)]) == EXIT_DATA, "without a datum nothing is read"


def test_the_answers_can_be_given_on_the_command_line(tmp_path):
    path = tmp_path / "plan.toml"
    words = ["--from", str(ledger(tmp_path)), "--datum", "gcj02", "--stations", "30",
             "--chargers", "300", "--language", "en"]  # fmt: skip
    assert run(["new", str(path), *words]) == EXIT_GOOD
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"^datum = .*", text, re.MULTILINE) == ['datum = "gcj02"']
    assert load_scenario(path).run.language == "en"


def test_a_file_that_is_not_there_and_one_of_another_form_come_together(tmp_path, capsys):
    (tmp_path / "old.xls").write_bytes(b"\xd0\xcf\x11\xe0")
    words = ["--from", str(tmp_path / "gone.csv"), str(tmp_path / "old.xls")]
    assert run(["new", str(tmp_path / "plan.toml"), *words]) == EXIT_DATA
    told = capsys.readouterr().err
    assert "gone.csv" in told
    assert "old.xls" in told
    assert not (tmp_path / "plan.toml").exists()
    assert run(["new", str(tmp_path / "plan.yaml")]) == EXIT_SCENARIO


@pytest.mark.parametrize("datum", ["wgs84", "gcj02"])
def test_the_datum_is_known_by_the_map_s_own_stations(tmp_path, datum):
    """Points in the sample's extract are moved as a list of that datum would have them."""
    extract = tmp_path / "map.osm.pbf"
    shutil.copy(shipped_path("sample/yubei-sample.osm.pbf"), extract)
    from siting.inputs.osm.kinds import landmarks  # noqa: PLC0415  # one test wants it

    there = landmarks(extract, "power", "substation")
    lon, lat = there[:, 0], there[:, 1]
    if datum == "gcj02":
        lon, lat = wgs84_to_gcj02(lon, lat)
    rows = [f"{n},{x},{y},{9000 + n}" for n, (x, y) in enumerate(zip(lon, lat, strict=True))]
    table = tmp_path / "power.csv"
    table.write_text("\n".join(["substation_id,lon,lat,headroom_kw", *rows]), encoding="utf-8")
    looks = look_at([table, extract])
    settle_datums(looks)
    assert looks[0].role == "substations"
    assert looks[0].keys["datum"] == datum
    assert any(note.key == "datum_by_map" for note in looks[0].said)


def test_points_outside_china_are_wgs84_and_registers_are_known(tmp_path):
    head = "Fuel Type Code,Station Name,Status Code,EV Level1 EVSE Num,EV Level2 EVSE Num,"
    head += "EV DC Fast Count,EV Network,Latitude,Longitude,ID,Access Code,Open Date"
    table = tmp_path / "alt_fuel.csv"
    table.write_text(f"{head}\nELEC,a,E,,2,,X,40.0,-105.0,1,public,2020-01-01\n", encoding="utf-8")
    (look,) = look_at([table])
    assert look.keys["preset"] == "afdc"
    other = tmp_path / "charging.csv"
    other.write_text("name,lon,lat,chargers\na,-105.0,40.0,3\n", encoding="utf-8")
    (look,) = look_at([other])
    assert (look.role, look.keys["datum"]) == ("stations", "wgs84")


def test_a_map_alone_says_where_it_is(tmp_path, capsys):
    town = make_town().write(tmp_path / "map.osm")
    path = tmp_path / "plan.toml"
    assert run(["new", str(path), "--from", str(town), "--language", "en"]) == EXIT_GOOD
    told = capsys.readouterr().out
    assert "box around the streets of the map" in told
    assert "nobody lives here yet" in told
    assert "# area_people = 100000    # ASK: " in path.read_text("utf-8")
    west, south, east, north = load_scenario(path).area.bbox
    assert (west < east, south < north) == (True, True)
    for one, other in zip((west, south, east, north), BBOX, strict=True):
        assert one == pytest.approx(other, abs=0.01)


def test_people_at_many_points_become_a_layer(tmp_path):
    table = tmp_path / "grid.csv"
    rows = [f"{n},{-46.6 - n / 1000},-23.5,{n}" for n in range(100)]
    table.write_text("\n".join(["id,lon,lat,population", *rows]), encoding="utf-8")
    path = tmp_path / "plan.toml"
    assert run(["new", str(path), "--from", str(table)]) == EXIT_GOOD
    assert "area_people" not in path.read_text("utf-8")
    (layer,) = load_scenario(path).inputs.layers
    assert (layer.role, layer.datum, layer.columns["people"]) == ("people", "wgs84", "population")


def test_a_question_about_a_column_stands_at_its_line(tmp_path, capsys):
    table = tmp_path / "charging.csv"
    table.write_text("name,lon,lat\na,-105.0,40.0\n", encoding="utf-8")
    path = tmp_path / "plan.toml"
    assert run(["new", str(path), "--from", str(table), "--language", "en"]) == EXIT_GOOD
    asked = "which column counts the chargers? None was found (chargers in columns)"
    assert asked in capsys.readouterr().out
    (line,) = [one for one in path.read_text("utf-8").splitlines() if one.startswith("columns")]
    assert line.endswith(f"# ASK: {asked}")


HAN = re.compile(r"[\u4e00-\u9fff]")
ASCII_WORDS = re.compile(r"[a-z]{3,} [a-z]{2,} [a-z]{2,}")
NAMES = re.compile("_(zh|en) = ")


def ask_everything(folder):
    """Files that leave as much open as can be, in one folder."""
    (folder / "odd.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    (folder / "people.csv").write_text("people\n3.2\n", encoding="utf-8")
    power = "substation_id,lon,lat,headroom\nS1,106.5,29.6,20\n"
    (folder / "power.csv").write_text(power, encoding="utf-8")
    (folder / "points.csv").write_text("name,lon,lat,ev\na,106.5,29.6,x\n", encoding="utf-8")
    (folder / "grid.csv").write_text(
        "\n".join(["lon,lat,population", *[f"106.5,29.{600 + n},1" for n in range(99)]]),
        encoding="utf-8",
    )
    (folder / "flow.csv").write_text("ref,vehicles_day\nG1,3\n", encoding="utf-8")
    gpd.GeoDataFrame(geometry=[shapely.box(106, 29, 107, 30)], crs=4326).to_file(
        folder / "outline.geojson"
    )
    make_town().write(folder / "map.osm")
    names = ("odd.csv", "people.csv", "power.csv", "points.csv", "grid.csv", "flow.csv",
             "outline.geojson", "map.osm")  # fmt: skip
    return [str(folder / name) for name in names] + [str(ledger(folder))]


def test_all_that_is_said_is_in_one_language(tmp_path, capsys, monkeypatch):
    files = ask_everything(tmp_path)
    monkeypatch.setenv("SITING_LANGUAGE", "en")
    for name, command in (("en", ["--from", *files]), ("bare", [])):
        path = tmp_path / f"{name}.toml"
        assert run(["new", str(path), *command]) == EXIT_GOOD
        told = capsys.readouterr().out + remarks(path)
        for own in ("台账", "快充", "慢充", "规划", "运营", "合计", "人 is taken"):
            told = told.replace(own, "")
        assert not HAN.search(told), told
        assert load_scenario(path).run.language == "en"
    monkeypatch.setenv("SITING_LANGUAGE", "zh")
    for name, command in (("zh", ["--from", *files]), ("leer", [])):
        path = tmp_path / f"{name}.toml"
        assert run(["new", str(path), *command]) == EXIT_GOOD
        told = capsys.readouterr().out + remarks(path)
        assert HAN.search(told)
        told = told.replace("siting new my-plan.toml --from", "")
        assert not ASCII_WORDS.search(told), ASCII_WORDS.search(told)
        assert load_scenario(path).run.language == "zh"
    monkeypatch.setenv("SITING_LANGUAGE", "fr")
    assert run(["new", str(tmp_path / "fr.toml")]) == EXIT_SCENARIO


def remarks(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    return "\n".join(line.partition("#")[2] for line in lines if not NAMES.search(line))


def test_every_question_role_and_remark_has_words():
    from siting.inputs import survey  # noqa: PLC0415  # its text is wanted

    code = Path(survey.__file__).read_text(encoding="utf-8")
    code += Path(survey.__file__).with_name("survey_text.py").read_text(encoding="utf-8")
    verb = Path(new_verb.__file__).read_text(encoding="utf-8")
    template = shipped_path(new_verb.TEMPLATE).read_text(encoding="utf-8")
    used = {f"new.ask.{key}" for key in re.findall(r'Question\(\s*"(\w+)"', code)}
    roles = {"osm", *re.findall(r'role(?:, look\.has_people)? = "(\w+)"', code), "unknown"}
    used |= {f"new.role.{role}" for role in roles}
    used |= set(re.findall(r"[\"'](new\.[\w.]+)[\"']", code + verb))
    used |= set(re.findall(r"#: ([a-z._]+)", template))
    assert used == {key for key in all_words() if key.startswith("new.")}


# --- the scenario says who plans, under what, and which sites --------------------------------


def planned(path, **keys):
    changes = [
        word
        for key, value in keys.items()
        for word in ("--set", f"{key.replace('__', '.')}={value}")
    ]
    return run(["plan", str(path), "--out", str(path.parent / "maps"), *changes])


def test_a_plan_of_another_district_says_nothing_of_yubei(tmp_path):
    from siting.outputs.paper.bodies import all_bodies  # noqa: PLC0415
    from siting.outputs.report import make_report  # noqa: PLC0415
    from siting.plan.folder import load_plan  # noqa: PLC0415  # one test wants it

    path = desk.set_up(tmp_path)
    bodies = "body,name_zh,name_en,columns\ngrid,某供电公司,Some Grid,zone_name|chargers\n"
    (tmp_path / "bodies.csv").write_text(bodies, encoding="utf-8")
    text = path.read_text(encoding="utf-8")
    text += '\n[policy]\nbasis_zh = "某府发〔2024〕1号"\nasks_zh = ["甲。", "乙。"]\n'
    text += '[handouts]\nbodies = "bodies.csv"\n'
    path.write_text(text, encoding="utf-8")
    assert planned(path) == EXIT_GOOD
    (folder,) = (tmp_path / "maps").iterdir()
    plan = load_plan(folder)
    names = [body.name_zh for body in all_bodies(plan)]
    assert "某供电公司" in names
    report = str(make_report(plan, language="zh", date="", picture=False))
    assert "某府发〔2024〕1号" in report
    assert "乙。" in report
    for ours in ("渝北", "渝府", "市北", "Yubei", "Shibei"):
        assert ours not in report
        assert ours not in str(names)


def test_yubei_s_own_basis_and_bodies_come_with_its_preset():
    read = load_scenario(shipped_path("scenarios/yubei-2025.toml"))
    assert "渝北府发〔2023〕8号" in read.policy.basis_zh
    assert any(body.name_zh == "国网市北电力公司" for body in read.handouts.bodies)


def test_sites_are_locked_banned_and_upgraded_by_name(tmp_path, capsys):
    from siting.plan.folder import load_plan  # noqa: PLC0415  # one test wants it

    path = desk.set_up(tmp_path)
    assert planned(path, model__locked='["办公楼"]', model__banned='["服务区"]') == EXIT_GOOD
    (folder,) = (tmp_path / "maps").iterdir()
    plan = load_plan(folder)
    assert plan.scenario["model"]["locked"] == ["way/403"]
    assert "way/403" in set(plan.sites["site_id"])
    assert "服务区" not in set(plan.sites["name"])
    capsys.readouterr()
    assert planned(path, model__locked='["办公"]') == EXIT_SCENARIO
    assert "did you mean '办公楼' (way/403)" in capsys.readouterr().err
    assert planned(path, model__locked='["nobody at all"]') == EXIT_SCENARIO
    assert "one of: node/500" in capsys.readouterr().err


def test_people_out_of_all_proportion_are_refused_with_the_numbers(tmp_path, capsys):
    path = desk.set_up(tmp_path)
    desk.edit(tmp_path / "people.csv", "9000", "0.9")
    desk.edit(tmp_path / "people.csv", "6000", "0.6")
    assert planned(path) == EXIT_DATA
    told = capsys.readouterr().err
    assert "1.5 people for 40 chargers" in told
    assert "万人" in told
    assert planned(path, inputs__zones__people_unit='"万人"') == EXIT_GOOD
    desk.edit(tmp_path / "people.csv", "0.9", "9000")
    assert planned(path, inputs__zones__people_unit='"万人"') == EXIT_DATA
    assert "people on" in capsys.readouterr().err
