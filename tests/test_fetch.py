"""Fetching: a local server answers as Overpass and Nominatim do, well and badly."""

import contextlib
import gc
import logging
import socket
import threading
import time

import osmnx as ox
import pyogrio
import pytest
from osm_town import BBOX, make_town
from overpass_server import OSM_TIME, serving
from shapely import Point, box
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from siting import scenario
from siting.errors import AreaError, DownloadError, OutputError, ScenarioError
from siting.inputs import load_world
from siting.inputs.area import load_area
from siting.inputs.osm.load import fetch
from siting.inputs.osm.pack import read_pack

AREA = scenario.Area(bbox=BBOX)
SHAPE = load_area(AREA, overpass=scenario.Overpass())
TABLES = ("nodes", "edges", "places", "landscape", "zones", "stations", "substations")
AT_ONCE = {"Retry-After": "0"}


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    return make_town().write(tmp_path_factory.mktemp("town") / "town.osm")


@pytest.fixture
def server(town):
    with serving(town, places={"Testtown": box(*BBOX), "Testpoint": Point(106.6, 29.7)}) as knows:
        yield knows


def overpass(server, **keys):
    return scenario.Overpass(endpoint=server.endpoint, nominatim=server.url, **keys)


def inputs(osm, settings=None, **keys):
    return scenario.Inputs(osm=str(osm), overpass=settings or scenario.Overpass(), **keys)


def same(one, other):
    for name in TABLES:
        a, b = getattr(one, name), getattr(other, name)
        assert a.drop(columns="geometry").equals(b.drop(columns="geometry")), name
        assert (a.geometry.to_wkb() == b.geometry.to_wkb()).all(), name


def test_three_doors_lead_to_one_world(tmp_path, town, server):
    settings = overpass(server)
    pack = tmp_path / "town.gpkg"
    report = fetch(inputs("overpass", settings), SHAPE, pack)
    extract = load_world(AREA, inputs(town))
    same(extract, load_world(AREA, inputs(pack)))
    same(extract, load_world(AREA, inputs("overpass", settings)))
    assert report["junctions"] == len(extract.nodes)


def test_three_doors_on_monaco(tmp_path, shared):
    path = shared / "data/osm-monaco-2021/monaco.osm.pbf"
    area = scenario.Area(bbox=(7.405, 43.722, 7.44, 43.754))
    shape = load_area(area, overpass=scenario.Overpass())
    with serving(path) as server:
        pack = tmp_path / "monaco.gpkg"
        fetch(inputs("overpass", overpass(server)), shape, pack)
        assert len(server.asked) == 2
    extract = load_world(area, inputs(path))
    assert len(extract.places) > 150
    same(extract, load_world(area, inputs(pack)))


def test_the_pack_says_where_it_all_came_from(tmp_path, server):
    pack = tmp_path / "town.gpkg"
    fetch(inputs("overpass", overpass(server)), SHAPE, pack)
    layers, _ = read_pack(pack)
    facts = layers.facts
    assert facts["endpoint"] == server.endpoint
    assert facts["osm_timestamp"] == OSM_TIME
    assert "ODbL" in facts["licence"]
    assert facts["query"]["network_type"] == "drive"
    assert "amenity" in facts["query"]["tags"]
    assert facts["date"].startswith("20")
    world = load_world(AREA, inputs(pack))
    source = next(source for source in world.sources if source.name == "osm")
    assert (source.origin, source.as_of, source.synthetic) == ("town.gpkg", OSM_TIME, False)


def test_without_a_network_it_says_so_at_once_and_writes_nothing(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{taken.getsockname()[1]}/api"
        began = time.monotonic()
        with pytest.raises(DownloadError, match="no connection to 127") as caught:
            fetch(inputs("x", scenario.Overpass(endpoint=endpoint)), SHAPE, tmp_path / "a.gpkg")
    assert time.monotonic() - began < 5
    assert "local .osm.pbf extract" in caught.value.cure
    assert caught.value.exit_code == 3
    assert not list(tmp_path.iterdir())


def test_a_name_server_that_never_answers_does_not_hold_us_up(tmp_path, monkeypatch):
    def slow(*_args, **_keys):
        time.sleep(2.5)
        raise OSError("no such name")

    monkeypatch.setattr(socket, "create_connection", slow)
    began = time.monotonic()
    settings = scenario.Overpass(endpoint="https://overpass.invalid/api", connect_timeout_s=0.5)
    with pytest.raises(DownloadError, match="no answer within"):
        fetch(inputs("x", settings), SHAPE, tmp_path / "a.gpkg")
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("status", [429, 504])
def test_a_busy_server_is_asked_again_and_the_log_says_so(tmp_path, server, caplog, status):
    server.failures = [(status, AT_ONCE, b"busy")] * 2
    with caplog.at_level(logging.WARNING, logger="siting"):
        fetch(inputs("x", overpass(server, retries=2)), SHAPE, tmp_path / "a.gpkg")
    assert (tmp_path / "a.gpkg").exists()
    told = [line for line in caplog.messages if f"answered {status}" in line]
    assert len(told) == 2
    assert "try 2 of 3" in told[0]


def test_a_server_that_stays_busy_is_given_up(tmp_path, server):
    server.failures = [(504, AT_ONCE, b"busy")] * 10
    with pytest.raises(DownloadError, match="no data after 3 tries") as caught:
        fetch(inputs("x", overpass(server, retries=2)), SHAPE, tmp_path / "a.gpkg")
    assert "retries" in caught.value.cure
    assert len(server.asked) == 3
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "body",
    [
        b'{"elements": [], "remark": "runtime error: Query timed out in \\"query\\""}',
        b"<html>maintenance</html>",
    ],
)
def test_an_answer_without_data_is_no_empty_map(tmp_path, server, body, monkeypatch):
    monkeypatch.setattr("siting.inputs.osm.download._FIRST_PAUSE_S", 0.0)
    server.failures = [(200, {}, body)]
    fetch(inputs("x", overpass(server, retries=1)), SHAPE, tmp_path / "a.gpkg")
    server.failures = [(200, {}, body)]
    with pytest.raises(DownloadError, match=r"gave up: runtime error|not with JSON"):
        fetch(inputs("x", overpass(server, retries=0)), SHAPE, tmp_path / "b.gpkg")
    assert not (tmp_path / "b.gpkg").exists()


@pytest.mark.parametrize("status", [200, 400, 429, 504])
def test_a_server_that_fails_leaves_no_socket_open(tmp_path, server, status):
    """An open socket is warned about when it is collected: in whatever test runs then."""
    server.failures = [(status, AT_ONCE, b"x" * 100_000)] * 3
    with pytest.raises(DownloadError):
        fetch(inputs("x", overpass(server, retries=1)), SHAPE, tmp_path / "a.gpkg")
    gc.collect()


def test_a_tag_with_the_word_remark_is_no_remark(tmp_path, server):
    key = next(iter(server.nodes))
    server.nodes[key]["tags"] = {"remark": "x", "note": '"remark": "timed out"'}
    last = max(server.ways)
    server.ways[last]["tags"] = server.ways[last]["tags"] | {"remark": "the end of the answer"}
    fetch(inputs("x", overpass(server, retries=0)), SHAPE, tmp_path / "a.gpkg")
    assert (tmp_path / "a.gpkg").exists()


BROKEN_ANSWERS = {
    "cut short": b'{"elements": [{"type": "node", "id": 1, "lat": 29.7, "lon": 106.6}, ' * 9000,
    "nested": b'{"elements": ' + b"[" * 100_000,
    "a list": b"[]",
    "no list": b'{"elements": 7}',
    "no id": b'{"elements": [{"type": "node", "lat": 29.7, "lon": 106.6}]}',
    "an id of no use": b'{"elements": [{"type": "node", "id": 1e30, "lat": 2, "lon": 1}]}',
    "no place": b'{"elements": [{"type": "node", "id": 1, "lat": "29", "lon": null}]}',
    "no number": b'{"elements": [{"type": "node", "id": 1, "lat": NaN, "lon": 1}]}',
    "no nodes": b'{"elements": [{"type": "way", "id": 1, "nodes": ["x"]}]}',
    "no members": b'{"elements": [{"type": "relation", "id": 1, "members": [{"ref": 1}]}]}',
    "no tags": b'{"elements": [{"type": "way", "id": 1, "nodes": [], "tags": [1]}]}',
}


@pytest.mark.parametrize("kind", BROKEN_ANSWERS)
def test_a_broken_answer_is_told_in_a_few_words(tmp_path, server, kind):
    server.failures = [(200, {}, BROKEN_ANSWERS[kind])] * 2
    with pytest.raises(DownloadError) as caught:
        fetch(inputs("x", overpass(server, retries=0)), SHAPE, tmp_path / "a.gpkg")
    assert len(str(caught.value)) < 2000
    assert caught.value.cure
    assert not list(tmp_path.iterdir())


def test_a_tag_longer_than_osm_has_is_cut(tmp_path, server):
    for key in server.ways:
        server.ways[key]["tags"] = server.ways[key]["tags"] | {"description": "长" * 5000}
    fetch(inputs("x", overpass(server)), SHAPE, tmp_path / "a.gpkg")
    assert (tmp_path / "a.gpkg").exists()


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n"


@pytest.mark.parametrize(
    ("first", "drops", "fault"),
    [
        (HEAD + b"\r\n{", [b" "], "has not sent all of its answer within 3 s"),
        (HEAD, [b"X: y\r\n"], "has not begun its answer within 3 s"),
        (HEAD + b"X: ", [b"y"], "has not begun its answer within 3 s"),
        (b"HTTP/1.1 200 ", [b"O"], "has not begun its answer within 3 s"),
        (b"HTTP/1.1 ", [b"100 Continue\r\n\r\nHTTP/1.1 "], "has not begun its answer within 3 s"),
        (HEAD, [*[b"X: y\r\n"] * 40, b"\r\n{", b" "], "has not sent all .* within 3 s"),
    ],
    ids=["body", "headers", "a header", "status", "continue", "headers, then body"],
)
def test_an_answer_that_drips_comes_to_an_end(tmp_path, first, drops, fault):
    def drip(listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                try:
                    connection.recv(65536)
                    connection.sendall(first)
                    for number in range(600):
                        connection.sendall(drops[min(number, len(drops) - 1)])
                        time.sleep(0.05)
                except OSError:
                    continue

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=drip, args=[listener], daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        settings = scenario.Overpass(endpoint=url, nominatim=url, timeout_s=1, retries=0)
        begun = time.monotonic()
        with pytest.raises(DownloadError, match=fault):
            fetch(inputs("x", settings), SHAPE, tmp_path / "a.gpkg")
        assert time.monotonic() - begun < 15
    assert not list(tmp_path.iterdir())


def test_a_proxy_that_drips_comes_to_an_end(tmp_path, monkeypatch):
    def drip(listener):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection, contextlib.suppress(OSError):
                    connection.recv(65536)
                    connection.sendall(b"HTTP/1.1 200 OK\r\n")
                    for _ in range(600):
                        connection.sendall(b"X: y\r\n")
                        time.sleep(0.05)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=drip, args=[listener], daemon=True).start()
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{listener.getsockname()[1]}")
        url = "https://overpass.example"
        settings = scenario.Overpass(endpoint=url, nominatim=url, timeout_s=1, retries=0)
        begun = time.monotonic()
        with pytest.raises(DownloadError, match="has not begun its answer within 3 s"):
            fetch(inputs("x", settings), SHAPE, tmp_path / "a.gpkg")
        assert time.monotonic() - begun < 15


def test_a_refusal_is_not_tried_again(tmp_path, server):
    server.failures = [(400, {}, b"bad request")] * 3
    with pytest.raises(DownloadError, match="answered 400"):
        fetch(inputs("x", overpass(server)), SHAPE, tmp_path / "a.gpkg")
    assert len(server.asked) == 1


def test_an_older_pack_survives_a_failure(tmp_path, server, monkeypatch):
    pack = tmp_path / "a.gpkg"
    fetch(inputs("x", overpass(server)), SHAPE, pack)
    before = pack.read_bytes()
    server.failures = [(504, AT_ONCE, b"busy")] * 10
    with pytest.raises(DownloadError):
        fetch(inputs("x", overpass(server, retries=0)), SHAPE, pack)
    server.failures = []

    write, written = pyogrio.write_dataframe, []

    def disk_full(frame, path, **keys):
        if len(written) == 3:
            raise OSError("no space left on device")
        written.append(keys["layer"])
        write(frame, path, **keys)

    monkeypatch.setattr(pyogrio, "write_dataframe", disk_full)
    with pytest.raises(OutputError, match="cannot be written: no space"):
        fetch(inputs("x", overpass(server)), SHAPE, pack)
    assert pack.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["a.gpkg"]


def test_a_pack_is_named_as_what_it_is(tmp_path, server):
    with pytest.raises(ScenarioError, match="GeoPackage"):
        fetch(inputs("x", overpass(server)), SHAPE, tmp_path / "town.osm")
    (tmp_path / "taken.gpkg").mkdir()
    with pytest.raises(OutputError, match="cannot be written"):
        fetch(inputs("x", overpass(server)), SHAPE, tmp_path / "taken.gpkg")


def test_osmnx_gets_its_settings_back(tmp_path, server):
    names = [name for name in dir(ox.settings) if not name.startswith("_")]
    before = {name: getattr(ox.settings, name) for name in names}
    look_up = socket.getaddrinfo
    kinds = [pool.ConnectionCls for pool in (HTTPConnectionPool, HTTPSConnectionPool)]
    fetch(inputs("x", overpass(server)), SHAPE, tmp_path / "a.gpkg")
    server.failures = [(400, {}, b"bad")]
    with pytest.raises(DownloadError):
        fetch(inputs("x", overpass(server)), SHAPE, tmp_path / "b.gpkg")
    assert {name: getattr(ox.settings, name) for name in names} == before
    assert socket.getaddrinfo is look_up
    assert kinds == [pool.ConnectionCls for pool in (HTTPConnectionPool, HTTPSConnectionPool)]


def test_a_cache_is_read_and_mended(tmp_path, server):
    settings = overpass(server, cache_dir=str(tmp_path / "cache"))
    fetch(inputs("x", settings), SHAPE, tmp_path / "a.gpkg")
    assert len(server.asked) == 2
    fetch(inputs("x", settings), SHAPE, tmp_path / "b.gpkg")
    assert len(server.asked) == 2
    answer = min((tmp_path / "cache").rglob("*.json"))
    answer.write_bytes(answer.read_bytes()[:40])
    fetch(inputs("x", settings), SHAPE, tmp_path / "c.gpkg")
    assert len(server.asked) == 3
    same(
        load_world(AREA, inputs(tmp_path / "a.gpkg")),
        load_world(AREA, inputs(tmp_path / "c.gpkg")),
    )


def test_no_cache_leaves_nothing_behind(tmp_path, server, monkeypatch):
    monkeypatch.chdir(tmp_path)
    load_world(AREA, inputs("overpass", overpass(server)))
    assert not list(tmp_path.iterdir())


def test_progress_is_told(tmp_path, server):
    told = []
    fetch(
        inputs("x", overpass(server)), SHAPE, tmp_path / "a.gpkg",
        progress=lambda step, share: told.append((step, share)),
    )  # fmt: skip
    assert [step for step, _ in told][:2] == ["download roads", "download features"]
    assert all(0 <= share <= 1 for _, share in told)
    assert told[-1][1] == 1


def test_a_place_is_found_by_its_name(server):
    shape = load_area(scenario.Area(place="Testtown"), overpass=overpass(server))
    assert shape.polygon.equals(box(*BBOX))
    assert ("area_geocoded", {"place": "Testtown", "found": "Testtown, Testland"}) in shape.notes
    assert "ODbL" in shape.source.licence


@pytest.mark.parametrize("place", ["Nowhere", "Testpoint"])
def test_an_unknown_place_or_a_point_is_no_area(server, place):
    with pytest.raises(AreaError, match=f"no area called '{place}'"):
        load_area(scenario.Area(place=place), overpass=overpass(server))


def test_yubei_is_refused_before_anything_is_asked(server):
    with pytest.raises(AreaError, match="ceased to exist"):
        load_area(scenario.Area(place="渝北区"), overpass=overpass(server))
    assert not server.asked
