"""Drawing by numbers: curves, wiggles, offsets, blobs and curved cuts through polygons."""

import numpy as np
import shapely
from scipy.interpolate import CubicSpline
from shapely import ops
from shapely.geometry import LineString, Polygon


def lengths_along(points: np.ndarray) -> np.ndarray:
    """Give the distance of each vertex from the start of the line, in metres."""
    steps = np.hypot(*np.diff(points, axis=0).T)
    return np.concatenate([[0.0], np.cumsum(steps)])


def smooth(points: np.ndarray, step: float) -> np.ndarray:
    """Run a cubic spline through hand-drawn points and sample it every `step` metres."""
    along = lengths_along(points)
    curve = CubicSpline(along, points, bc_type="natural")
    return curve(np.linspace(0.0, along[-1], max(2, int(along[-1] / step) + 1)))


def resample(points: np.ndarray, step: float) -> np.ndarray:
    """Sample a polyline every `step` metres, keeping both ends."""
    along = lengths_along(points)
    at = np.linspace(0.0, along[-1], max(2, round(along[-1] / step) + 1))
    return np.column_stack([np.interp(at, along, points[:, k]) for k in (0, 1)])


def cut_out(points: np.ndarray, start: float, end: float) -> np.ndarray:
    """Return the part of a polyline between two distances from its start."""
    along = lengths_along(points)
    inner = points[(along > start + 0.01) & (along < end - 0.01)]
    ends = np.column_stack([np.interp([start, end], along, points[:, k]) for k in (0, 1)])
    return np.vstack([ends[:1], inner, ends[1:]])


def normals(points: np.ndarray) -> np.ndarray:
    """Give the unit normal to the right of the line at each vertex."""
    tangent = np.gradient(points, axis=0) if len(points) > 2 else np.diff(points, axis=0)[[0, 0]]
    tangent = tangent / np.maximum(np.hypot(tangent[:, 0], tangent[:, 1]), 1e-9)[:, None]
    return np.column_stack([tangent[:, 1], -tangent[:, 0]])


def offset(points: np.ndarray, to_right: float) -> np.ndarray:
    """Shift a polyline sideways; positive is to the right of its direction."""
    return points + to_right * normals(points)


def wiggle(rng: np.random.Generator, points: np.ndarray, height: float, step: float) -> np.ndarray:
    """Let a straight stretch wind about its chord, as a road in the hills does."""
    line = resample(points, step)
    along = lengths_along(line)
    share = along / along[-1]
    bends = sum(
        rng.normal(0.0, 1.0) / wave**0.85 * np.sin(2 * np.pi * (wave * share / 2 + rng.uniform()))
        for wave in range(1, max(3, int(along[-1] / 170)))
    )
    return line + (height * np.sin(np.pi * share) ** 0.5 * bends)[:, None] * normals(line)


def bow(rng: np.random.Generator, start: np.ndarray, end: np.ndarray, sag: float) -> np.ndarray:
    """Join two points by a slightly bent line with a vertex about every 45 m."""
    length = float(np.hypot(*(end - start)))
    share = np.linspace(0.0, 1.0, max(2, int(length / 45) + 1))
    side = np.array([end[1] - start[1], start[0] - end[0]])
    skew = rng.uniform(0.7, 1.4)
    bend = rng.normal(0.0, sag) * np.sin(np.pi * share**skew)
    return start + share[:, None] * (end - start) + bend[:, None] * side


def bezier(start: np.ndarray, pull: np.ndarray, push: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Sample a cubic Bezier curve about every 40 m."""
    share = np.linspace(0.0, 1.0, max(6, int(np.hypot(*(end - start)) / 40)))[:, None]
    rest = 1.0 - share
    return (
        rest**3 * start + 3 * rest**2 * share * pull + 3 * rest * share**2 * push + share**3 * end
    )


def blob(rng: np.random.Generator, centre: np.ndarray, area: float, rough: float) -> Polygon:
    """Draw a rounded patch of about `area` square metres."""
    turn = np.linspace(0.0, 2 * np.pi, 28, endpoint=False)
    waves = sum(
        rng.normal(0.0, rough / wave) * np.cos(wave * turn + rng.uniform(0, 2 * np.pi))
        for wave in range(2, 6)
    )
    radius = np.sqrt(area / np.pi) * (1.0 + waves)
    shape = Polygon(centre + np.column_stack([np.cos(turn), np.sin(turn)]) * radius[:, None])
    return shapely.make_valid(shape).buffer(0)


def box(centre: np.ndarray, along: np.ndarray, length: float, width: float) -> Polygon:
    """Draw a rectangle about a centre, its long side along a direction."""
    unit = np.asarray(along, dtype=float) / np.hypot(*along)
    side = np.array([unit[1], -unit[0]])
    corners = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    return Polygon([centre + a * unit * length / 2 + b * side * width / 2 for a, b in corners])


def polygons_of(shape: shapely.Geometry) -> list[Polygon]:
    """List the polygons inside any geometry, lines and points left out."""
    parts = shapely.get_parts(shape)
    return [
        polygon
        for part in parts
        for polygon in ([part] if part.geom_type == "Polygon" else shapely.get_parts(part))
        if polygon.geom_type == "Polygon" and not polygon.is_empty
    ]


def lines_of(shape: shapely.Geometry) -> list[np.ndarray]:
    """List the polylines inside any geometry as arrays of shape (n, 2)."""
    return [
        np.asarray(part.coords)[:, :2]
        for part in shapely.get_parts(shape)
        if part.geom_type in {"LineString", "LinearRing"} and part.length > 1.0
    ]


def long_axis(shape: Polygon) -> tuple[np.ndarray, float, float]:
    """Give the direction of a polygon's long side, its length and the short side's."""
    ring = np.asarray(shapely.minimum_rotated_rectangle(shape).exterior.coords)
    first, second = ring[1] - ring[0], ring[2] - ring[1]
    a, b = float(np.hypot(*first)), float(np.hypot(*second))
    return (first / a, a, b) if a >= b else (second / b, b, a)


def split(shape: Polygon, line: np.ndarray) -> list[Polygon]:
    """Cut a polygon along a line that passes right through it."""
    return polygons_of(ops.split(shape, LineString(line)))
