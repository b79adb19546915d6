"""The road network: osmnx builds and simplifies the graph, tables come out."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import networkx as nx
import numpy as np
import osmnx as ox
import shapely

from siting.errors import EmptyLayerError, InputMissingError, TableError
from siting.geo import WGS84
from siting.inputs.files.columns import texts

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd
    from shapely import MultiPolygon, Polygon

OTHER = "other"
# A junction is also where the class or the speed limit changes, so that an edge has one of each.
_DIFFER = ("highway", "maxspeed")
_WAY_TAGS = ["highway", "junction", "maxspeed", "name", "oneway", "ref"]
# Their work is done once the graph has its directions; without them it simplifies faster.
_DONE_TAGS = ("junction", "oneway", "reversed")
_KPH_TO_M_S = 1 / 3.6
_KM = 1000.0
_CM = 100


def build_roads(
    path: Path, clip: Polygon | MultiPolygon
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, dict[str, Any]]:
    """Build the road network of an area from the drivable ways of an ``.osm`` file.

    osmnx reads the ways, simplifies them to junctions and ends, and keeps the largest
    strongly connected component: from each node of it one can drive to each other node.

    Parameters
    ----------
    path
        OSM XML with drivable ways and their nodes only.
    clip
        WGS-84 polygon; nodes outside are cut off before simplification.

    Returns
    -------
    nodes
        node_id, geometry (WGS-84), sorted by id.
    edges
        from_node, to_node, length_m, road_class, name, ref, tag_speed_kph (NaN without a
        readable maxspeed tag), geometry (WGS-84, in driving direction). One row per allowed
        direction; of several edges between one pair the shortest is kept.
    report
        Counts: junctions and edges before and after, components, km of street (each once,
        whether it may be driven in one direction or both) before, after and dropped, ...

    Raises
    ------
    EmptyLayerError
        If no road lies inside the polygon.
    """
    with _way_tags():
        graph = ox.graph_from_xml(path, simplify=False, retain_all=True)
    read = len(graph)
    graph.remove_nodes_from(_outside(graph, clip))
    graph.remove_nodes_from(list(nx.isolates(graph)))
    if graph.number_of_edges() == 0:
        raise EmptyLayerError(
            f"no drivable road lies in the area: the filter 'area' left 0 of {read} road points",
            where="roads",
            cure="check that the extract and the area are the same place (lon, lat; the datum)",
        )
    for _, _, data in graph.edges(data=True):
        for tag in _DONE_TAGS:
            data.pop(tag, None)
    graph = ox.simplify_graph(graph, edge_attrs_differ=_DIFFER)
    report: dict[str, Any] = {
        "junctions_before": len(graph),
        "edges_before": graph.number_of_edges(),
        "components_strong": nx.number_strongly_connected_components(graph),
        "components_weak": nx.number_weakly_connected_components(graph),
    }
    km_before = _street_km(graph)
    graph = ox.truncate.largest_component(graph, strongly=True)
    km = _street_km(graph)
    _add_tag_speeds(graph)
    nodes, edges = ox.graph_to_gdfs(graph, node_geometry=True, fill_edge_geometry=True)
    nodes = _node_table(nodes)
    edges, parallel = _edge_table(edges)
    if edges.empty:
        raise EmptyLayerError(
            "the roads hang together nowhere: the filter 'strongly connected' left one point",
            where="roads",
            cure="the extract may be cut without complete ways, or hold only one-way stubs",
        )
    report |= {
        "junctions": len(nodes),
        "edges": len(edges),
        "edges_parallel_dropped": parallel,
        "km_before": round(km_before, 1),
        "km": round(km, 1),
        "km_dropped": round(km_before - km, 1),
        "share_with_speed_tag": round(float(edges["tag_speed_kph"].notna().mean()), 4),
    }
    return nodes, edges, report


def read_speeds(path: Path) -> dict[str, float]:
    """Read the free-flow speed of each road class in km/h.

    Parameters
    ----------
    path
        CSV with road_class and speed_kph; the class ``other`` stands for all not named.

    Raises
    ------
    InputMissingError, TableError
        If the file is not there, lacks a column or ``other``, or holds no number above 0.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise InputMissingError(
            f"no such table of speeds: {path.name}",
            where=str(path),
            cure='leave inputs.speeds out to use "shipped:road_speeds.csv"',
        ) from error
    speeds: dict[str, float] = {}
    faults = []
    for number, row in enumerate(csv.DictReader(text.splitlines()), start=2):
        try:
            speeds[row["road_class"].strip()] = speed = float(row["speed_kph"])
        except (KeyError, ValueError, AttributeError, TypeError):
            faults.append(f"row {number}: wants road_class and a number in speed_kph")
            continue
        if not 0 < speed < np.inf:
            faults.append(f"row {number}: speed_kph must be above 0, is {speed:g}")
    if OTHER not in speeds:
        faults.append(f"no row for the class '{OTHER}', which stands for all not named")
    if faults:
        raise TableError(
            "the table of speeds has faults:\n    - " + "\n    - ".join(faults),
            where=str(path),
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


class _way_tags:  # noqa: N801 - a context manager, used like a function
    """Have osmnx read the way tags we need, and put its own list back."""

    def __enter__(self) -> None:
        self._before = ox.settings.useful_tags_way, ox.settings.useful_tags_node
        ox.settings.useful_tags_way, ox.settings.useful_tags_node = _WAY_TAGS, []

    def __exit__(self, *_error: object) -> None:
        ox.settings.useful_tags_way, ox.settings.useful_tags_node = self._before


def _outside(graph: nx.MultiDiGraph, clip: Polygon | MultiPolygon) -> list[int]:
    ids = list(graph)
    lon = np.array([graph.nodes[key]["x"] for key in ids])
    lat = np.array([graph.nodes[key]["y"] for key in ids])
    shapely.prepare(clip)
    inside = shapely.contains_xy(clip, lon, lat)
    return [key for key, keep in zip(ids, inside.tolist(), strict=True) if not keep]


def _street_km(graph: nx.MultiDiGraph) -> float:
    """Return the length of the streets in km: the two edges of a two-way street count once.

    They join the same two junctions over the same ways and are equally long; two one-way
    carriageways are ways of their own and count one each.
    """
    streets: dict[tuple[int, int, tuple[int, ...], int], float] = {}
    for start, end, data in graph.edges(data=True):
        found = data["osmid"]
        ways = tuple(sorted(found)) if isinstance(found, list) else (found,)
        length = float(data["length"])
        first, last = min(start, end), max(start, end)
        streets.setdefault((first, last, ways, round(length * _CM)), length)
    return sum(streets.values()) / _KM


def _add_tag_speeds(graph: nx.MultiDiGraph) -> None:
    """Let osmnx read the maxspeed tags; 0 for every class marks the edges it cannot read."""
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
    """Bring osmnx's edges to our columns; count the parallel ones left out."""
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
        },
        geometry=edges.geometry.to_numpy(),
        crs=WGS84,
    )
    first_way = [min(ids) if isinstance(ids, list) else ids for ids in edges["osmid"]]
    order = table.assign(way=first_way).sort_values(["from_node", "to_node", "length_m", "way"])
    table = table.loc[order.index]
    repeated = table.duplicated(["from_node", "to_node"])
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
