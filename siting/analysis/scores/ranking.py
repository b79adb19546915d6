"""From scores by criterion and weights to one score: a weighted sum, or TOPSIS.

Both look at one site and the weights alone: the ends of each criterion are the reference
extremes its scale was made with, not the best and worst site of the day. So with stored
extremes and given weights, a site more or less turns no two others round.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def weighted_sum(columns: Mapping[str, Floats], weights: Mapping[str, float]) -> Floats:
    """Return ``sum_j w_j x_ij``, in 0..1 for weights that sum to 1."""
    total = sum(weights[key] * np.asarray(columns[key], dtype=float) for key in weights)
    return np.clip(np.asarray(total, dtype=float), 0.0, 1.0)


def topsis(columns: Mapping[str, Floats], weights: Mapping[str, float]) -> Floats:
    """Return the closeness to the ideal, in 0..1, by TOPSIS with fixed ideals.

    ``d+ = sqrt(sum_j (w_j (1 - x_ij))^2)``, ``d- = sqrt(sum_j (w_j x_ij)^2)`` and
    ``d- / (d+ + d-)`` (Hwang and Yoon, *Multiple Attribute Decision Making*, 1981). Theirs takes
    the best and the worst alternative there is for the ideals, and so reverses ranks when one is
    added; here they are 1 and 0, the reference extremes (absolute mode: Garcia-Cascales and
    Lamata, "On rank reversal and TOPSIS method", Mathematical and Computer Modelling 56, 2012).
    """
    matrix = np.column_stack([np.asarray(columns[key], dtype=float) for key in weights])
    weight = np.array(list(weights.values()))
    to_best = np.sqrt(np.square(weight * (1.0 - matrix)).sum(axis=1))
    to_worst = np.sqrt(np.square(weight * matrix).sum(axis=1))
    return to_worst / (to_best + to_worst)


RANKINGS = {"weighted_sum": weighted_sum, "topsis": topsis}
