"""The pairs in reach as a sparse matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from siting.optimize.problem import SitingProblem


def near_matrix(problem: SitingProblem, within_m: float) -> sparse.csr_array:
    """Return which sites lie within a distance of which demand points: ones, sorted by row."""
    near = problem.pair_distance_m <= within_m
    place = (problem.pair_demand[near], problem.pair_site[near])
    shape = (len(problem.demand_kwh), len(problem.site_id))
    ones = np.ones(int(near.sum()), dtype=np.int32)
    matrix = sparse.csr_array(sparse.coo_array((ones, place), shape=shape))
    matrix.sort_indices()
    return matrix
