"""A small made-up town as an OSM extract, one of everything that makes reading hard."""

from xml.sax.saxutils import quoteattr

WEST, SOUTH, STEP = 106.600, 29.700, 0.002
SIDE = 6
BBOX = (106.5985, 29.6985, 106.6125, 29.7125)


class Town:
    """Elements to be written as ``.osm``; ids are given out in the order of making."""

    def __init__(self):
        self.nodes, self.ways, self.relations = {}, {}, {}

    def node(self, key, lon, lat, **tags):
        self.nodes[key] = (lon, lat, tags)
        return key

    def way(self, key, refs, **tags):
        self.ways[key] = (list(refs), tags)
        return key

    def relation(self, key, members, **tags):
        self.relations[key] = (members, tags)
        return key

    def block(self, key, lon, lat, size=0.0008, **tags):
        """Add a closed way around a square, its four nodes numbered from ``key * 10``."""
        corners = [(0, 0), (size, 0), (size, size), (0, size)]
        refs = [
            self.node(key * 10 + number, lon + dx, lat + dy)
            for number, (dx, dy) in enumerate(corners)
        ]
        return self.way(key, [*refs, refs[0]], **tags)

    def xml(self, *, reverse=False, generator="test"):
        """Return the town as OSM XML; ``reverse`` puts ids and types in the wrong order."""
        nodes = [
            f'<node id="{key}" lon="{lon:.7f}" lat="{lat:.7f}" version="1">{_tags(tags)}</node>'
            for key, (lon, lat, tags) in sorted(self.nodes.items(), reverse=reverse)
        ]
        ways = [
            f'<way id="{key}" version="1">'
            + "".join(f'<nd ref="{ref}"/>' for ref in refs)
            + f"{_tags(tags)}</way>"
            for key, (refs, tags) in sorted(self.ways.items(), reverse=reverse)
        ]
        relations = [
            f'<relation id="{key}" version="1">'
            + "".join(f'<member type="way" ref="{ref}" role="{role}"/>' for ref, role in members)
            + f"{_tags(tags)}</relation>"
            for key, (members, tags) in sorted(self.relations.items(), reverse=reverse)
        ]
        parts = [relations, ways, nodes] if reverse else [nodes, ways, relations]
        body = "\n".join(line for part in parts for line in part)
        head = (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<osm version="0.6" generator="{generator}">'
        )
        return f"{head}\n{body}\n</osm>\n"

    def write(self, path, **options):
        path.write_text(self.xml(**options), encoding="utf-8")
        return path


def _tags(tags):
    return "".join(
        f"<tag k={quoteattr(key.replace('__', ':'))} v={quoteattr(str(value))}/>"
        for key, value in tags.items()
    )


def cross(column, row):
    """Return the node id of a crossing of the grid."""
    return 1000 + column * 10 + row


def make_town():
    """Make the town: a grid of streets, an island of road, and places of many kinds."""
    town = Town()
    for column in range(SIDE):
        for row in range(SIDE):
            town.node(cross(column, row), WEST + column * STEP, SOUTH + row * STEP)
    for row in range(SIDE):
        kind = "primary" if row == 2 else "residential"
        refs = [cross(column, row) for column in range(SIDE)]
        town.way(100 + row, refs, highway=kind, name=f"横{row}路")
    for column in range(SIDE):
        refs = [cross(column, row) for row in range(SIDE)]
        town.way(200 + column, refs, highway="residential", name=f"纵{column}路")
    town.ways[101][1]["maxspeed"] = "60"
    town.ways[103][1]["maxspeed"] = "30 mph"
    town.ways[104][1]["maxspeed"] = "signals"
    town.ways[200][1]["oneway"] = "yes"
    # Two pieces of road that hang on nothing, a way no car may use, and one that leads out
    # of the town but not back.
    for number in range(4):
        town.node(1900 + number, 106.6095 + number * 0.0002, 29.7112)
    town.way(300, [1900, 1901], highway="residential")
    town.way(301, [1902, 1903], highway="residential", access="private")
    town.node(1910, 106.6110, 29.7050)
    town.way(302, [cross(5, 2), 1910], highway="residential", oneway="yes")
    _places(town)
    return town


def _places(town):
    town.block(400, 106.6004, 29.7004, landuse="residential", name="江北·花园")
    town.block(401, 106.6024, 29.7004, amenity="parking", capacity="120", parking="surface")
    town.block(402, 106.6044, 29.7004, amenity="parking", capacity="about 80", access="customers")
    town.block(403, 106.6064, 29.7004, building="office", name="办公楼", building__levels="12")
    town.block(404, 106.6004, 29.7044, highway="services", name="服务区")
    town.block(405, 106.6024, 29.7044, amenity="school", name="学校")
    town.block(406, 106.6044, 29.7044, amenity="hospital", name="医院")
    town.block(407, 106.6064, 29.7044, landuse="military")
    town.node(500, 106.6031, 29.7071, amenity="fuel", name="加油站")
    town.node(501, 106.6051, 29.7071, amenity="charging_station", capacity="6")
    town.node(502, 106.6052, 29.7071, man_made="charge_point")
    town.node(503, 106.6093, 29.7091, power="substation", name="变电站")
    town.node(504, 106.6300, 29.7091, amenity="fuel", name="far away")
    # A compound with a courtyard that is not part of it: outer ring in two pieces.
    ring = [(0, 0), (0.0012, 0), (0.0012, 0.0012), (0, 0.0012)]
    for number, (dx, dy) in enumerate(ring):
        town.node(6000 + number, 106.6084 + dx, 29.7004 + dy)
    town.way(600, [6000, 6001, 6002])
    town.way(601, [6002, 6003, 6000])
    town.block(602, 106.6088, 29.7008, size=0.0004)
    members = [(600, "outer"), (601, "outer"), (602, "inner")]
    town.relation(700, members, type="multipolygon", landuse="residential", name="大院")
    # Two subdistricts side by side; the strip east of them belongs to none.
    edges = [106.5980, 106.6050, 106.6100]
    for number in range(3):
        town.node(8000 + number, edges[number], 29.6980)
        town.node(8010 + number, edges[number], 29.7130)
    town.way(800, [8000, 8001])
    town.way(801, [8001, 8011])
    town.way(802, [8011, 8010, 8000])
    town.way(803, [8001, 8002, 8012, 8011])
    level = {"type": "boundary", "boundary": "administrative", "admin_level": "8"}
    town.relation(810, [(800, "outer"), (801, "outer"), (802, "outer")], name="甲街道", **level)
    town.relation(811, [(801, "outer"), (803, "outer")], name="乙镇", **level)
    town.block(850, 106.6004, 29.7084, natural="water", name="湖")
    town.block(851, 106.6024, 29.7084, natural="wood")
