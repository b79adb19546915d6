"""A local server that answers as Overpass and Nominatim do, from an extract.

Overpass: the statements osmnx writes, ``node|way|relation[filters](poly:'...')`` with
recursion down. Nominatim: ``/search`` over a table of names. The next answers can be
replaced by failures (:attr:`Server.failures`), to see how a client takes them.
"""

import contextlib
import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import osmium
import shapely
from shapely.geometry import mapping

OSM_TIME = "2026-11-01T00:00:00Z"
_STATEMENT = re.compile(r"(node|way|relation)((?:\[[^\]]*\])+)\(poly:'([-\d. ]+)'\)")
_FILTER = re.compile(r"\[(['\"])(.+?)\1(?:(=|!~)(['\"])(.*?)\4)?\]")


@dataclass
class Server:
    """What the server knows, what it was asked, and what it shall answer wrongly."""

    nodes: dict = field(default_factory=dict)
    ways: dict = field(default_factory=dict)
    relations: dict = field(default_factory=dict)
    places: dict = field(default_factory=dict)
    failures: list = field(default_factory=list)
    asked: list = field(default_factory=list)
    url: str = ""

    @property
    def endpoint(self):
        return f"{self.url}/api"

    def read(self, path):
        for thing in osmium.FileProcessor(str(path)):
            tags = dict(thing.tags)
            if thing.is_node():
                place = (thing.location.lon, thing.location.lat)
                self.nodes[thing.id] = {"place": place, "tags": tags}
            elif thing.is_way():
                self.ways[thing.id] = {"nodes": [n.ref for n in thing.nodes], "tags": tags}
            elif thing.is_relation():
                members = [(m.type, m.ref, m.role) for m in thing.members]
                self.relations[thing.id] = {"members": members, "tags": tags}

    def answer(self, query):
        found = {"node": set(), "way": set(), "relation": set()}
        for kind, filters, coords in _STATEMENT.findall(query):
            numbers = list(map(float, coords.split()))
            polygon = shapely.Polygon(zip(numbers[1::2], numbers[::2], strict=True))
            shapely.prepare(polygon)
            tests = [(key, sign, value) for _, key, sign, _, value in _FILTER.findall(filters)]
            things = {"node": self.nodes, "way": self.ways, "relation": self.relations}[kind]
            for key, thing in things.items():
                if _fits(thing["tags"], tests) and self._touches(kind, thing, polygon):
                    self._take(kind, key, found)
        elements = [
            *(self._node(key) for key in sorted(found["node"])),
            *(
                {"type": "way", "id": key, **self.ways[key]}
                for key in sorted(found["way"])
            ),
            *(self._relation(key) for key in sorted(found["relation"])),
        ]  # fmt: skip
        return {
            "version": 0.6,
            "generator": "Overpass API (test)",
            "osm3s": {"timestamp_osm_base": OSM_TIME},
            "elements": elements,
        }

    def search(self, name):
        if name not in self.places:
            return []
        shape = self.places[name]
        west, south, east, north = shape.bounds
        return [
            {
                "place_id": 1,
                "osm_type": "relation",
                "osm_id": 1,
                "lat": str(shape.centroid.y),
                "lon": str(shape.centroid.x),
                "class": "boundary",
                "type": "administrative",
                "importance": 0.5,
                "display_name": f"{name}, Testland",
                "boundingbox": [str(south), str(north), str(west), str(east)],
                "geojson": mapping(shape),
            }
        ]

    def _line(self, way):
        return [self.nodes[ref]["place"] for ref in way["nodes"] if ref in self.nodes]

    def _touches(self, kind, thing, polygon):
        if kind == "node":
            return shapely.contains_xy(polygon, *thing["place"])
        if kind == "way":
            line = self._line(thing)
            return len(line) > 1 and polygon.intersects(shapely.LineString(line))
        return any(
            self._touches("way", self.ways[ref], polygon)
            for member, ref, _ in thing["members"]
            if member == "w" and ref in self.ways
        )

    def _take(self, kind, key, found):
        found[kind].add(key)
        if kind == "way":
            found["node"].update(ref for ref in self.ways[key]["nodes"] if ref in self.nodes)
        if kind == "relation":
            for member, ref, _ in self.relations[key]["members"]:
                if member == "w" and ref in self.ways:
                    self._take("way", ref, found)

    def _node(self, key):
        lon, lat = self.nodes[key]["place"]
        tags = self.nodes[key]["tags"]
        node = {"type": "node", "id": key, "lat": lat, "lon": lon}
        return node | ({"tags": tags} if tags else {})

    def _relation(self, key):
        words = {"n": "node", "w": "way", "r": "relation"}
        members = [
            {"type": words[kind], "ref": ref, "role": role}
            for kind, ref, role in self.relations[key]["members"]
        ]
        return {
            "type": "relation", "id": key, "members": members, "tags": self.relations[key]["tags"],
        }  # fmt: skip


def _fits(tags, tests):
    for key, sign, value in tests:
        if sign == "!~":
            if key in tags and re.search(value, tags[key]):
                return False
        elif key not in tags or (sign == "=" and tags[key] != value):
            return False
    return True


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self._reply(lambda server: server.answer(form["data"][0]), form["data"][0])

    def do_GET(self):
        name = parse_qs(urlsplit(self.path).query).get("q", [""])[0]
        self._reply(lambda server: server.search(name), name)

    def _reply(self, make, asked):
        server = self.server.knows
        server.asked.append(asked)
        if server.failures:
            status, headers, body = server.failures.pop(0)
        else:
            status, headers, body = 200, {}, json.dumps(make(server)).encode()
        self.send_response(status)
        for key, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serving(*extracts, places=None):
    """Serve some extracts and places on a free local port."""
    knows = Server(places=places or {})
    for path in extracts:
        knows.read(path)
    web = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    web.daemon_threads = True
    web.knows = knows
    knows.url = f"http://127.0.0.1:{web.server_port}"
    thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield knows
    finally:
        web.shutdown()
        thread.join()
        web.server_close()
