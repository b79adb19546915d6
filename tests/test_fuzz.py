"""Every input spoiled at random: an answer or an error of ours, in time and in bounded memory.

2,000 cases a run; ``make fuzz`` (``SITING_FUZZ=20000``) tries more. A case takes a desk that is
whole, spoils one of its files, and opens the door that reads it.
"""

from __future__ import annotations

import datetime as dt
import io
import os
import random
import time
import zipfile
from contextlib import contextmanager

import geopandas as gpd
import pandas as pd
import psutil
import pytest
import shapely
from desk import set_up
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from osm_town import BBOX
from plans import small_plan
from rule_tables import TABLES

from siting.cli.main import run
from siting.errors import EXIT_DATA, EXIT_GOOD, EXIT_NO_PLAN, EXIT_SCENARIO, SitingError
from siting.inputs import world
from siting.inputs.area import load_area
from siting.interface import save_plan
from siting.pipeline import early
from siting.plan.folder import load_plan
from siting.plan.start import read_start
from siting.scenario import load_scenario
from siting.shipped import shipped_path

# GDAL warns where nobody can catch it; the cases are about what is raised.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

CASES = int(os.environ.get("SITING_FUZZ", "2000"))
CODES = {EXIT_GOOD, EXIT_SCENARIO, EXIT_DATA, EXIT_NO_PLAN}
LONGEST_S = 60.0
MOST_BYTES = 4 << 30

TOKENS = (
    "", " ", "-1", "0", "1e300", "1e30", "-1e-300", "nan", "inf", "9" * 5000, "0x10", "1,5", "12个",
    "不详", "true", "[", "]" * 9, "[" * 3000, "{", '"', "'", '"""', "\\", "\n", "\r", "\t", "\0",
    "\x1b[2J", "\u202e", "\ufeff", "\U0001f50c", "é", "~nosuch/x", "/", "..", "shipped:..", "CON",
    "=1+1", "2023-02-30", "name", "zone_id", "lon", "180", "-91", "；", "，", "a" * 3000, "null",
    "<x>", "<OGRVRTDataSource>", "&#0;", "node", "id", "1" * 25, "XFD1048576", "</row>", "<row>",
    "<c><v>", "&amp;",
)  # fmt: skip


# A case is its seed: what it spoils does not change with what Hypothesis makes of a failure.
SEEDS = st.integers(0, 2**32 - 1)


def cases(share):
    """Return the settings of a test that gets a share of all cases."""
    return settings(
        max_examples=max(int(CASES * share), 1),
        derandomize="SITING_FUZZ" not in os.environ,  # the same cases in every run of the checks
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture,
                               HealthCheck.data_too_large, HealthCheck.large_base_example],
    )  # fmt: skip


@contextmanager
def held():
    """Hold a case to errors of ours, time and memory."""
    begun = time.monotonic()
    try:
        yield
    except SitingError as error:
        told = error
    else:
        told = None
    if told is not None:
        assert told.exit_code in CODES - {EXIT_GOOD}
        assert told.cure
        assert len(str(told)) < 100_000
    assert time.monotonic() - begun < LONGEST_S
    assert psutil.Process().memory_info().rss < MOST_BYTES


def place(data, size):
    return data.randint(0, max(size, 0))


def spoil_text(data, text):
    """Cut, double, swap or replace pieces of a text."""
    for _ in range(data.randint(1, 3)):
        at = place(data, len(text))
        end = min(at + data.randint(0, 12), len(text))
        match data.choice(["token", "cut", "double", "end", "value", "line"]):
            case "token":
                text = text[:at] + data.choice(TOKENS) + text[end:]
            case "cut":
                text = text[:at] + text[end:]
            case "double":
                text = text[:end] + text[at:]
            case "end":
                text = text[:at]
            case "value":
                left = max(text.rfind(sign, 0, at) for sign in ",=: \n") + 1
                right = min((found for sign in ",\n]}" if (found := text.find(sign, at)) >= 0),
                            default=len(text))  # fmt: skip
                text = text[:left] + data.choice(TOKENS) + text[max(right, left) :]
            case "line":
                lines = text.split("\n")
                lines.insert(place(data, len(lines)), data.choice(lines))
                text = "\n".join(lines)
    return text


def spoil_bytes(data, raw):
    """Turn, cut or add bytes."""
    raw = bytearray(raw)
    for _ in range(data.randint(1, 4)):
        at = place(data, len(raw) - 1)
        match data.choice(["turn", "turn", "cut", "end", "add"]):
            case "turn" if raw:
                raw[at] ^= data.randint(1, 255)
            case "cut":
                del raw[at : at + data.randint(1, 64)]
            case "end":
                del raw[at:]
            case _:
                raw[at:at] = data.randbytes(data.randint(0, 16))
    return bytes(raw)


def spoil_packed(data, raw):
    """Spoil one member of a packed file as text, and pack it again."""
    with zipfile.ZipFile(io.BytesIO(raw)) as packed:
        members = {name: packed.read(name) for name in packed.namelist()}
    names = sorted(members)
    name = data.choice(names + 3 * [one for one in names if "sheet" in one])
    members[name] = spoil_text(data, members[name].decode()).encode("utf-8", errors="replace")
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        for one, content in members.items():
            packed.writestr(one, content)
    return made.getvalue()


def spoil(data, path, encodings=("utf-8",)):
    """Spoil a file: as text in one of some encodings where it is one, else its bytes."""
    raw = path.read_bytes()
    if path.suffix == ".xlsx" and data.random() < 0.7:
        path.write_bytes(spoil_packed(data, raw))
    elif path.suffix in {".csv", ".toml", ".json", ".geojson", ".osm", ".prj", ".txt"}:
        text = spoil_text(data, raw.decode("utf-8-sig"))
        encoding = data.choice(encodings)
        path.write_bytes(text.encode(encoding, errors="replace"))
    else:
        path.write_bytes(spoil_bytes(data, raw))


INPUTS = """
[[inputs.layers]]
role = "projects"
file = "projects.geojson"
datum = "wgs84"
columns = { project_id = "zone_id" }
[[inputs.stations]]
file = "ledger.xlsx"
datum = "wgs84"
columns = { chargers = "快充+慢充" }
[[inputs.layers]]
role = "red_lines"
file = "red.shp"
datum = "wgs84"
"""


LEDGER = (
    ("名称", "经度", "纬度", "快充", "慢充", "power_kw", "as_of"),
    ("西站", 106.6100, 29.7100, 4, 2, 240.5, dt.date(2024, 1, 31)),
    ("中站", 106.6012, 29.7014, 0, 3, 21, dt.date(2024, 2, 29)),
    ("合计", None, None, 4, 5, None, None),
)  # fmt: skip


def make_desk(folder):
    """Make a desk with one file of each form."""
    scenario = set_up(folder)
    west, south, east, north = BBOX
    middle = (west + east) / 2
    zones = gpd.GeoDataFrame(
        {"zone_id": ["Z1", "Z2"], "name": ["甲街道", "乙镇"], "population": [9000.0, 6000.0]},
        geometry=[shapely.box(west, south, middle, north), shapely.box(middle, south, east, north)],
        crs=4326,
    )
    zones.to_file(folder / "zones.gpkg")
    zones[["name", "geometry"]].to_file(folder / "red.shp", encoding="utf-8")
    points = zones.assign(geometry=zones.geometry.representative_point())
    points.assign(kind="residential", bays=12).to_file(folder / "projects.geojson")
    ledger = pd.DataFrame(LEDGER[1:], columns=LEDGER[0])
    with pd.ExcelWriter(folder / "ledger.xlsx") as book:
        pd.DataFrame({"说明": ["填报单位"]}).to_excel(book, sheet_name="说明", index=False)
        ledger.to_excel(book, sheet_name="台账", index=False, startrow=1)
    town = gpd.GeoDataFrame({"name": ["town"]}, geometry=[shapely.box(*BBOX)], crs=4326)
    town.to_file(folder / "area.geojson")
    text = scenario.read_text("utf-8")
    outline = 'boundary = "area.geojson"\ndatum = "wgs84"'
    text = text.replace(f"bbox = [{west}, {south}, {east}, {north}]", outline)
    block = '[inputs.zones]\nfile = "zones.gpkg"\ndatum = "wgs84"\n'
    text = text.replace("[inputs.zones]\n", block)
    scenario.write_text(text + INPUTS, encoding="utf-8")


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzz")
    make_desk(folder)
    return folder


class Known(dict):
    """Files and their bytes, which no report of a failure is to spell out."""

    def __repr__(self):
        return f"<{len(self)} files>"


@pytest.fixture(scope="module")
def known(desk):
    """The bytes of every file of the desk, put back before each case."""
    return Known({path: path.read_bytes() for path in desk.iterdir() if path.is_file()})


def put_back(known):
    for path in {path.parent for path in known}.pop().iterdir():
        if path not in known and path.is_file():
            path.unlink()  # of GDAL, SQLite or the case before
    for path, raw in known.items():
        path.write_bytes(raw)


@pytest.fixture(scope="module")
def loaded(desk, known):
    """The map of the desk, loaded once."""
    put_back(known)
    scenario = load_scenario(desk / "town.toml")
    shape = load_area(scenario.area, overpass=scenario.inputs.overpass)
    return world.load_osm(scenario.inputs, shape)


@pytest.mark.slow
@cases(0.35)
@given(seed=SEEDS)
def test_a_scenario(desk, known, seed):
    data = random.Random(seed)
    put_back(known)
    spoil(data, desk / "town.toml", ("utf-8", "utf-8", "utf-16", "gb18030"))
    with held():
        load_scenario(desk / "town.toml")


@cases(0.05)
@given(seed=SEEDS)
def test_overrides(desk, known, seed):
    data = random.Random(seed)
    put_back(known)
    key = data.choice(["targets.chargers", "run.name", "inputs.osm", "model", "x.y"])
    text = data.choice(TOKENS) + data.choice(TOKENS)
    with held():
        load_scenario(desk / "town.toml", overrides=(f"{key}={text}", text))


LISTS = ("existing.csv", "people.csv", "ledger.xlsx", "ledger.xlsx", "zones.gpkg", "area.geojson",
         "projects.geojson", "red.shp", "red.dbf", "red.shx", "red.prj")  # fmt: skip


@pytest.mark.slow
@cases(0.35)
@given(seed=SEEDS)
def test_lists_and_layers(desk, known, loaded, seed):
    data = random.Random(seed)
    put_back(known)
    name = data.choice(LISTS)
    spoil(data, desk / name, ("utf-8", "utf-8-sig", "gb18030", "utf-16"))
    with pytest.MonkeyPatch.context() as patch, held():
        patch.setattr(world, "load_osm", lambda *_args, **_kwargs: loaded)
        scenario = load_scenario(desk / "town.toml")
        world.load_world(scenario.area, scenario.inputs)


@cases(0.1)
@given(seed=SEEDS)
def test_tables_of_rules(desk, known, seed):
    data = random.Random(seed)
    put_back(known)
    key = data.choice(sorted(TABLES))
    path = desk / "rules.csv"
    path.write_bytes(shipped_path(TABLES[key]).read_bytes())
    if data.random() < 0.9:
        spoil(data, path, ("utf-8", "utf-8", "gb18030", "utf-16"))
    else:  # its header alone
        path.write_text(path.read_text("utf-8-sig").partition("\n")[0], encoding="utf-8")
    more = ('scoring.method="ahp"',) if key == "scoring.pairwise" else ()
    with held():
        early.read_early(load_scenario(desk / "town.toml", overrides=(f'{key}="{path}"', *more)))


@pytest.mark.slow
@cases(0.05)
@given(seed=SEEDS)
def test_an_extract(desk, known, seed):
    data = random.Random(seed)
    put_back(known)
    spoil(data, desk / "town.osm")
    with held():
        scenario = load_scenario(desk / "town.toml")
        world.load_world(scenario.area, scenario.inputs)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("maps") / "town"
    save_plan(small_plan(), folder)
    return folder


@cases(0.08)
@given(seed=SEEDS)
def test_a_run_folder(finished, seed):
    data = random.Random(seed)
    whole = {path: path.read_bytes() for path in finished.iterdir() if path.is_file()}
    try:
        spoil(data, data.choice(sorted(whole)))
        with held():
            load_plan(finished)
        with held():
            read_start(finished)
    finally:
        put_back(whole)


@pytest.mark.slow
@cases(0.02)
@given(seed=SEEDS)
def test_the_whole_way(desk, known, capsys, seed):
    data = random.Random(seed)
    put_back(known)
    name = data.choice([*LISTS, "town.osm", "town.toml"])
    spoil(data, desk / name)
    begun = time.monotonic()
    code = run(["check", str(desk / "town.toml"), "--no-cache"])
    told = capsys.readouterr()
    assert code in CODES, told.err
    assert "Traceback" not in told.err
    assert "\x1b[2J" not in told.out + told.err
    assert len(told.err) < 100_000
    assert time.monotonic() - begun < LONGEST_S


def test_the_desk_itself_is_whole(desk, known, loaded):
    put_back(known)
    scenario = load_scenario(desk / "town.toml")
    found = world.load_world(scenario.area, scenario.inputs)
    assert len(found.zones) == 2
    assert {"旧站", "西站", "中站"} <= set(found.stations["name"])
    assert {"projects", "red_lines"} <= set(found.layers)
