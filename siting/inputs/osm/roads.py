"""The road network: osmnx builds and simplifies the graph, tables come out."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from siting.errors import EmptyLayerError, TableError
from siting.geo import WGS84
from siting.inputs.files.columns import texts
from siting.inputs.files.sheets import read_rule_rows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import networkx as nx
    from shapely import MultiPolygon, Polygon

    from siting.arrays import Ints
    from siting.inputs.osm.map_notes import Tallies

OTHER = "other"
# A junction is also where one of these changes, so that an edge has one of each.
_DIFFER = ("highway", "maxspeed", "tunnel")
_WAY_TAGS = ["highway", "junction", "maxspeed", "name", "oneway", "ref", "tunnel"]
# Their work is done once the graph has its directions; without them it simplifies faster.
_DONE_TAGS = ("junction", "oneway", "reversed")
_NO_TUNNEL = (None, "no", "building_passage")
_KPH_TO_M_S = 1 / 3.6
_KM = 1000.0


def build_roads(
    path: Path, clip: Polygon | MultiPolygon
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, Tallies]:
    """Build the road network of an area from the drivable ways of an ``.osm`` file.

    osmnx reads the ways and simplifies them to junctions and ends. Every part is kept: which of
    them anybody needs is found out where places and people are known
    (:mod:`siting.analysis.road_parts`). A one-way street that leads into a trap, or comes from
    where nobody can get to, is mostly one whose other half the map, or its edge, cuts off: it
    may be driven both ways here, so that from each node of a part one can drive to each other.

    Parameters
    ----------
    path
        OSM XML with drivable ways and their nodes only, reaching beyond the clip where the map
        does: what hangs together is found out before it is cut.
    clip
        WGS-84 polygon; edges that lie outside altogether are left out.

    Returns
    -------
    nodes
        node_id, geometry (WGS-84), sorted by id.
    edges
        from_node, to_node, length_m, road_class, name, ref, tag_speed_kph (NaN without a
        readable maxspeed tag), tunnel, opened (against a one-way street), geometry (WGS-84, in
        driving direction). One row per allowed direction; of edges drawn twice one is kept.
    tallies
        Counts: junctions, edges, components, km of street (each once, whether it may be driven
        in one direction or both), one-way streets opened, ...

    Raises
    ------
    EmptyLayerError
        If no road lies inside the polygon.
    """
    import osmnx as ox  # noqa: PLC0415  # a second: files are checked before the map is read

    with _way_tags(ox.settings):
        graph = ox.graph_from_xml(path, simplify=False, retain_all=True)
    read = len(graph)
    for _, _, data in graph.edges(data=True):
        for tag in _DONE_TAGS:
            data.pop(tag, None)
        data["tunnel"] = data.get("tunnel") not in _NO_TUNNEL
    # A ring without a junction may be the only road of an island.
    graph = ox.simplify_graph(graph, edge_attrs_differ=_DIFFER, remove_rings=False)
    _add_tag_speeds(graph)
    nodes, edges = ox.graph_to_gdfs(graph, node_geometry=True, fill_edge_geometry=True)
    nodes = _node_table(nodes)
    edges, repeated = _edge_table(edges)
    strong, weak = (_components(edges, connection=kind) for kind in ("strong", "weak"))
    edges, opened = _opened(edges, strong)
    shapely.prepare(clip)
    inside = shapely.intersects(clip, edges.geometry.to_numpy())
    edges = edges[inside].reset_index(drop=True)
    if edges.empty:
        raise EmptyLayerError(
            f"no drivable road lies in the area: the filter 'area' left 0 of {read} road points",
            where="roads",
            cure="check that the extract and the area are the same place (lon, lat; the datum)",
        )
    ends = pd.unique(edges[["from_node", "to_node"]].to_numpy().ravel())
    nodes = nodes[nodes["node_id"].isin(ends)].reset_index(drop=True)
    tallies: Tallies = {
        "junctions": len(nodes),
        "edges": len(edges),
        "edges_repeated": repeated,
        "components_strong": len(np.unique(strong)),
        "components_weak": len(np.unique(weak)),
        "oneway_opened": len(opened),
        "oneway_opened_km": round(float(opened["length_m"].sum()) / _KM, 1),
        "km": round(street_km(edges), 1),
        "share_with_speed_tag": round(float(edges["tag_speed_kph"].notna().mean()), 4),
    }
    return nodes, edges, tallies


def street_ids(edges: gpd.GeoDataFrame) -> Ints:
    """Return the number of the street of each edge: the same for its two directions.

    They join the same two junctions by the same line, there and back. Streets are numbered in
    the order of the rows.

    Parameters
    ----------
    edges
        from_node, to_node, geometry (m,).
    """
    ends = np.sort(edges[["from_node", "to_node"]].to_numpy(), axis=1)
    keys = pd.DataFrame(ends, columns=["low", "high"])
    keys["line"] = shapely.to_wkb(shapely.normalize(edges.geometry.to_numpy()))
    return keys.groupby(["low", "high", "line"], sort=False).ngroup().to_numpy(dtype=np.int64)


def street_km(edges: gpd.GeoDataFrame) -> float:
    """Return the length of the streets in km: the two directions of a street count once."""
    ids = edges["street_id"] if "street_id" in edges else pd.Series(street_ids(edges))
    return float(edges["length_m"].to_numpy()[~ids.duplicated().to_numpy()].sum()) / _KM


def read_speeds(path: Path) -> dict[str, float]:
    """Read the free-flow speed of each road class in km/h.

    Parameters
    ----------
    path
        CSV with road_class and speed_kph; the class ``other`` stands for all not named.

    Raises
    ------
    InputMissingError, BrokenFileError, TableError
        If the file is not there, may not be read, is no CSV table, lacks a column or ``other``,
        or holds no number above 0.
    """
    speeds: dict[str, float] = {}
    faults = []
    for number, row in enumerate(read_rule_rows(path, key="inputs.speeds"), start=2):
        try:
            speeds[row["road_class"]] = speed = float(row["speed_kph"])
        except (KeyError, ValueError):
            faults.append(f"row {number}: wants road_class and a number in speed_kph")
            continue
        if not 0 < speed < np.inf:
            faults.append(f"row {number}: speed_kph must be above 0, is {speed:g}")
    if OTHER not in speeds:
        faults.append(f"no row for the class '{OTHER}', which stands for all not named")
    if faults:
        raise TableError(
            "the table of speeds has faults:\n    - " + "\n    - ".join(faults),
            where=f"inputs.speeds: {path}",
            cure="compare it with the shipped data/road_speeds.csv",
        )
    return speeds


def drive_seconds(edges: pd.DataFrame, speeds: dict[str, float]) -> pd.Series:
    """Return the free-flow driving time of each edge in seconds.

    ``drive_s = length_m / speed`` with the speed of the maxspeed tag, else of the class.

    Parameters
    ----------
    edges
        length_m (m), road_class, tag_speed_kph (km/h, NaN if untagged).
    speeds
        km/h by road class, with ``other``.

    Examples
    --------
    >>> import pandas as pd
    >>> edges = pd.DataFrame({"length_m": [500.0, 500.0], "road_class": ["primary", "primary"],
    ...                       "tag_speed_kph": [60.0, float("nan")]})
    >>> drive_seconds(edges, {"primary": 50.0, "other": 30.0}).round(6).tolist()
    [30.0, 36.0]
    """
    by_class = edges["road_class"].map(speeds).astype(float).fillna(speeds[OTHER])
    kph = edges["tag_speed_kph"].fillna(by_class)
    return (edges["length_m"] / (kph * _KPH_TO_M_S)).rename("drive_s")


@contextmanager
def _way_tags(osmnx: Any) -> Iterator[None]:  # noqa: ANN401  # osmnx's module of settings
    """Have osmnx read the way tags we need, and put its own list back."""
    before = osmnx.useful_tags_way, osmnx.useful_tags_node
    osmnx.useful_tags_way, osmnx.useful_tags_node = _WAY_TAGS, []
    try:
        yield
    finally:
        osmnx.useful_tags_way, osmnx.useful_tags_node = before


def _components(edges: gpd.GeoDataFrame, *, connection: str) -> Ints:
    """Return the connected component of both ends of each edge, shape (m, 2)."""
    ends = edges[["from_node", "to_node"]].to_numpy()
    ids, positions = np.unique(ends, return_inverse=True)
    start, end = positions.reshape(-1, 2).T
    graph = csr_array((np.ones(len(start)), (start, end)), shape=(len(ids), len(ids)))
    _, labels = connected_components(graph, directed=True, connection=connection)
    return np.asarray(labels, dtype=np.int64)[positions.reshape(-1, 2)]


def _opened(edges: gpd.GeoDataFrame, strong: Ints) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Let one-way streets between strongly connected components be driven both ways.

    Returns the edges with the new directions, and these alone.
    """
    opened = edges[strong[:, 0] != strong[:, 1]]
    back = opened.assign(
        from_node=opened["to_node"].to_numpy(),
        to_node=opened["from_node"].to_numpy(),
        geometry=shapely.reverse(opened.geometry.to_numpy()),
        opened=True,
    )
    both = pd.concat([edges, back], ignore_index=True)
    order = ["from_node", "to_node", "length_m"]
    return both.sort_values(order, kind="stable", ignore_index=True), back


def _add_tag_speeds(graph: nx.MultiDiGraph) -> None:
    """Let osmnx read the maxspeed tags; 0 for every class marks the edges it cannot read."""
    import osmnx as ox  # noqa: PLC0415  # heavy

    classes = {data["highway"] for _, _, data in graph.edges(data=True)}
    ox.add_edge_speeds(graph, hwy_speeds=dict.fromkeys(sorted(classes), 0.0), fallback=0.0)


def _node_table(nodes: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    table = gpd.GeoDataFrame(
        {"node_id": nodes.index.to_numpy(dtype=np.int64)},
        geometry=nodes.geometry.to_numpy(),
        crs=WGS84,
    )
    return table.sort_values("node_id", ignore_index=True)


def _edge_table(edges: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, int]:
    """Bring osmnx's edges to our columns; count those drawn twice, of which one is kept."""
    speeds = edges["speed_kph"].to_numpy(dtype=float)
    table = gpd.GeoDataFrame(
        {
            "from_node": edges.index.get_level_values("u").to_numpy(dtype=np.int64),
            "to_node": edges.index.get_level_values("v").to_numpy(dtype=np.int64),
            "length_m": edges["length"].to_numpy(dtype=float),
            "road_class": texts(_joined(edges, "highway")),
            "name": texts(_joined(edges, "name")),
            "ref": texts(_joined(edges, "ref")),
            "tag_speed_kph": np.where(speeds > 0, speeds, np.nan),
            "tunnel": edges["tunnel"].to_numpy(dtype=bool),
            "opened": False,
        },
        geometry=edges.geometry.to_numpy(),
        crs=WGS84,
    )
    first_way = [min(ids) if isinstance(ids, list) else ids for ids in edges["osmid"]]
    order = table.assign(way=first_way).sort_values(["from_node", "to_node", "length_m", "way"])
    table = table.loc[order.index]
    line = shapely.to_wkb(table.geometry.to_numpy())
    repeated = table.assign(line=line).duplicated(["from_node", "to_node", "line"])
    return table[~repeated].reset_index(drop=True), int(repeated.sum())


def _joined(edges: gpd.GeoDataFrame, column: str) -> list[str | None]:
    """Return a tag as text; several values of one edge joined in a fixed order."""
    if column not in edges.columns:
        return [None] * len(edges)
    return [
        ";".join(sorted(map(str, value)))
        if isinstance(value, list)
        else value
        if isinstance(value, str)
        else None
        for value in edges[column]
    ]
