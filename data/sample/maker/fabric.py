"""The built-up fabric: arterials on a bent lattice, then blocks cut ever smaller by streets."""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import shapely
from shapely.geometry import LineString, Polygon

from maker.frame import stream
from maker.ground import Ground, Town
from maker.names import Names
from maker.shapes import bow, lengths_along, lines_of, long_axis, polygons_of, resample, split
from maker.streets import Street

SPACING = 1100.0
CORRIDOR = 42.0  # half the strip kept free along an expressway, in metres


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of ground between streets."""

    shape: Polygon
    fabric: str


@dataclass(slots=True)
class Fabric:
    """Streets and the blocks between them."""

    streets: list[Street] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Grain:
    """How fine a fabric is: the size of its blocks and how crooked its streets."""

    block_ha: float
    jitter_deg: float
    sag: float
    four_way: float


GRAINS = {
    "city": Grain(7.0, 5.0, 0.02, 0.5),
    "new": Grain(7.5, 3.0, 0.015, 0.6),
    "industry": Grain(9.0, 3.0, 0.01, 0.5),
    "town": Grain(2.4, 9.0, 0.03, 0.35),
}


def weave(ground: Ground, names: Names) -> Fabric:
    """Cover every town with streets and blocks."""
    fabric = Fabric()
    corridors = shapely.union_all(
        [LineString(line).buffer(CORRIDOR) for line in ground.expressways.values()]
    )
    for number, town in enumerate(ground.towns):
        rng = stream(f"fabric-{number}")
        free = town.ground.difference(corridors).buffer(-15.0).buffer(15.0).simplify(3.0)
        arterials = _lattice(rng, town, names) if town.ground.area > 9e6 else []
        fabric.streets.extend(arterials)
        rims = [line for part in polygons_of(free) for line in lines_of(part.boundary)]
        rims = [piece for rim in rims for piece in _chop(rim, 600.0)]
        fabric.streets.extend(
            Street(line=rim, kind="tertiary" if town.fabric == "city" else "unclassified")
            for rim in rims
        )
        inside = [part for street in arterials for part in lines_of(_clip(street.line, free))]
        mesh = shapely.union_all([LineString(line) for line in [*inside, *rims]], grid_size=0.01)
        for cell in polygons_of(shapely.polygonize(shapely.get_parts(mesh))):
            if free.buffer(1.0).contains(cell):
                _divide(rng, cell, town.fabric, names, fabric)
    return fabric


def _clip(line: np.ndarray, shape: Polygon) -> shapely.Geometry:
    """Keep what of a line lies inside a shape."""
    return LineString(line).intersection(shape)


def _chop(line: np.ndarray, length: float) -> list[np.ndarray]:
    """Cut a long polyline at its vertices into stretches of about one length."""
    steps = lengths_along(line)
    marks = np.searchsorted(steps, np.arange(0.0, steps[-1], length))
    marks = np.unique(np.append(marks, len(line) - 1))
    return [line[a : b + 1] for a, b in pairwise(marks)]


def _lattice(rng: np.random.Generator, town: Town, names: Names) -> list[Street]:
    """Lay a bent lattice of arterials over a town, a few links of it left out."""
    west, south, east, north = town.ground.bounds
    middle = np.array([(west + east) / 2, (south + north) / 2])
    reach = int(max(east - west, north - south) / SPACING / 1.3) + 2
    ticks = np.arange(-reach, reach + 1)
    bend = _warp(rng, turn=np.radians(rng.uniform(8.0, 24.0)))
    streets: list[Street] = []
    for axis in (0, 1):
        for tick in ticks:
            kind, dual = _rank(tick, rng)
            ground = town.sweep if kind == "primary" else town.ground
            name = names.road("大道" if kind == "primary" else "路")
            for step in ticks[:-1]:
                if kind != "primary" and rng.uniform() < 0.1:
                    continue
                share = np.linspace(step, step + 1, 18)
                fixed = np.full_like(share, tick)
                grid = np.column_stack([share, fixed] if axis == 0 else [fixed, share])
                line = middle + bend(grid * SPACING)
                streets.extend(
                    Street(line=part, kind=kind, name=name, dual=dual)
                    for part in lines_of(_clip(line, ground))
                    if lengths_along(part)[-1] > 320.0
                )
    return streets


def _rank(tick: int, rng: np.random.Generator) -> tuple[str, bool]:
    """Say which lattice lines are great roads with two carriageways."""
    if tick % 3 == 0:
        return "primary", True
    return "secondary", bool(rng.uniform() < 0.45)


def _warp(rng: np.random.Generator, turn: float) -> object:
    """Make a smooth bending of the plane without folds."""
    waves = [
        (rng.normal(0, 1, 2), rng.uniform(0, 2 * np.pi), rng.uniform(4200.0, 9000.0))
        for _ in range(7)
    ]
    turned = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])

    def bend(points: np.ndarray) -> np.ndarray:
        moved = points @ turned
        for push, phase, length in waves:
            unit = np.array([-push[1], push[0]]) / np.hypot(*push)
            wave = np.sin(2 * np.pi * (moved @ unit) / length + phase)
            moved = moved + 0.021 * length * wave[:, None] * push / 1.3
        return moved

    return bend


def _kind_of(area: float, rng: np.random.Generator) -> tuple[str, bool]:
    """Rank a street by the size of the ground it cuts in two."""
    if area > 6e6:
        return "primary", True
    if area > 0.9e6:
        return "secondary", bool(rng.uniform() < 0.4)
    if area > 0.3e6:
        return "tertiary", False
    if area > 0.12e6 and rng.uniform() < 0.25:
        return "unclassified", False
    return ("living_street" if rng.uniform() < 0.04 else "residential"), False


def _divide(
    rng: np.random.Generator, ground: Polygon, fabric: str, names: Names, into: Fabric
) -> None:
    """Cut ground into blocks by streets, the long side first."""
    grain = GRAINS[fabric]
    todo = [ground]
    while todo:
        part = todo.pop()
        wanted = grain.block_ha * 1e4 * float(np.exp(rng.normal(0.0, 0.35)))
        small = part.area < 1.5 * wanted
        pieces, lines = ([], []) if small else _best_cut(rng, part, grain, wanted)
        if len(pieces) < 2:
            into.blocks.append(Block(part, fabric))
            continue
        kind, dual = _kind_of(part.area, rng)
        for line in lines:
            named = kind not in {"residential", "living_street"} or rng.uniform() < 0.35
            name = names.road("路" if part.area > 3e5 else "街") if named else ""
            into.streets.extend(
                Street(line=resample(run, 40.0), kind=kind, name=name, dual=dual)
                for run in lines_of(_clip(line, part))
            )
        todo.extend(pieces)


def _best_cut(
    rng: np.random.Generator, part: Polygon, grain: Grain, wanted: float
) -> tuple[list[Polygon], list[np.ndarray]]:
    """Try a few cuts; take the first that leaves no sliver, or the best one on large ground."""
    best: tuple[list[Polygon], list[np.ndarray]] = ([], [])
    most = 0.0
    for _ in range(5):
        pieces, lines = _cut(rng, part, grain)
        least = min(piece.area for piece in pieces)
        if len(pieces) > 1 and least > 0.22 * wanted:
            return pieces, lines
        second = sorted(piece.area for piece in pieces)[-2] if len(pieces) > 1 else 0.0
        if second > most:
            best, most = (pieces, lines), second
    return best if part.area > 2.5 * wanted and most > 0.2 * wanted else ([], [])


def _cut(
    rng: np.random.Generator, part: Polygon, grain: Grain
) -> tuple[list[Polygon], list[np.ndarray]]:
    """Cut a piece of ground once, or twice crosswise, near its middle."""
    axis, length, width = long_axis(part)
    turn = np.radians(rng.normal(0.0, grain.jitter_deg))
    across = np.array([-axis[1], axis[0]])
    across = across * np.cos(turn) + axis * np.sin(turn)
    middle = np.asarray(part.centroid.coords[0]) + axis * length * rng.uniform(-0.12, 0.12)
    far = length + width
    lines = [bow(rng, middle - across * far, middle + across * far, grain.sag / 2)]
    if rng.uniform() < grain.four_way and width > 0.55 * length:
        middle = middle + across * width * rng.uniform(-0.1, 0.1)
        lines.append(bow(rng, middle - axis * far, middle + axis * far, grain.sag / 2))
    pieces = [part]
    for line in lines:
        pieces = [half for piece in pieces for half in split(piece, line)]
    return pieces, lines
