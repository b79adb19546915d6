"""The instances of the OR-Library, read from ``../shared/bench``.

J. E. Beasley, "OR-Library: distributing test problems by electronic mail", Journal of the
Operational Research Society 41 (1990). The project does not ship them.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

if TYPE_CHECKING:
    from numpy.typing import NDArray

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "bench"
"""Where the instances are, if they are there at all."""
PMED = tuple(f"pmed{number}" for number in range(1, 16))
CAP = tuple(f"cap{number}" for number in (41, 42, 43, 44, 51, 61, 62, 63, 64, 71, 72, 73, 74))


@dataclass(frozen=True, eq=False)
class Median:
    """A p-median instance: distances between all nodes, and the number to open."""

    distance: NDArray[np.float64]
    p: int
    optimum: float


@dataclass(frozen=True, eq=False)
class Warehouses:
    """A capacitated instance; ``cost`` (customers, sites) of serving all of a customer."""

    cost: NDArray[np.float64]
    demand: NDArray[np.float64]
    capacity: NDArray[np.float64]
    fixed_cost: NDArray[np.float64]
    optimum: float


def read_median(name: str) -> Median:
    """Read a ``pmed`` file: a graph, of whose repeated edges the last one counts."""
    numbers = iter(_numbers(name))
    nodes, edges, p = (int(next(numbers)) for _ in range(3))
    length = {}
    for _ in range(edges):
        one, other = int(next(numbers)) - 1, int(next(numbers)) - 1
        length[min(one, other), max(one, other)] = next(numbers)
    ends = np.array(list(length))
    graph = csr_array((np.array(list(length.values())), (ends[:, 0], ends[:, 1])), (nodes, nodes))
    return Median(dijkstra(graph, directed=False), p, _optimum("pmed_optima.csv", name))


def read_warehouses(name: str) -> Warehouses:
    """Read a ``cap`` file."""
    numbers = _numbers(name)
    sites, customers = int(numbers[0]), int(numbers[1])
    pairs = np.array(numbers[2 : 2 + 2 * sites]).reshape(sites, 2)
    rows = np.array(numbers[2 + 2 * sites :]).reshape(customers, sites + 1)
    optimum = _optimum("cap_optima.csv", name)
    return Warehouses(rows[:, 1:], rows[:, 0], pairs[:, 0], pairs[:, 1], optimum)


def _numbers(name: str) -> list[float]:
    return [float(word) for word in (FOLDER / f"{name}.txt").read_text(encoding="utf-8").split()]


def _optimum(table: str, name: str) -> float:
    with (FOLDER / table).open(encoding="utf-8", newline="") as file:
        return next(float(optimum) for instance, optimum in csv.reader(file) if instance == name)
