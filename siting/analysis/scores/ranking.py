"""From scores by criterion and weights to one order of the sites, and how firm that order is.

The weighted sum and TOPSIS look at one site and the weights alone: the ends of each criterion are
the reference extremes its scale was made with, not the best and worst site of the day. So with
stored extremes and given weights, a site more or less turns no two others round.

The stability does not solve the plan again. Each set of weights gives an order of the sites; going
down it under the spacing, as many new sites are taken as the plan has. The plan's own new sites
that are taken at its own weights are those the score speaks for; counted is how many of them are
still taken when the weights vary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from siting.analysis.network import point_xy
from siting.analysis.scores.weighting import Stability

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    import pandas as pd

    from siting import scenario
    from siting.arrays import Flags, Floats


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


def rank_stability(  # sites, scores, the choice, and how they were weighed
    sites: gpd.GeoDataFrame,
    scores: pd.DataFrame,
    chosen: set[str],
    *,
    weights: Mapping[str, float],
    spacing_m: float,
    settings: scenario.Scoring,
    seed: int,
) -> Stability | None:
    """Return how many of the chosen sites the score keeps backing when weights vary.

    Parameters
    ----------
    sites, scores
        ``tables.SITES`` and ``SCORES``.
    chosen
        Ids of the plan's new stations.
    weights
        Weights used, by criterion.
    spacing_m
        Least distance of a new station to any other; spacings by kind are left aside.
    settings
        Block ``scoring`` of the scenario.
    seed
        Of the weights tried.

    Returns
    -------
    Stability or None
        None if nothing is to be tried or nothing new was chosen.
    """
    wanted = settings.stability
    sites = sites.sort_values("site_id", ignore_index=True)
    scores = scores.set_index("site_id").loc[sites["site_id"]]
    mine = sites["site_id"].isin(chosen).to_numpy(dtype=bool)
    if not wanted.samples or not mine.any():
        return None
    columns = {key: scores[f"{key}_score"].to_numpy(dtype=float) for key in weights}
    rank = RANKINGS[settings.ranking]
    field = _Field(sites, spacing_m, int(mine.sum()))
    backed = mine & field.best(rank(columns, weights))
    rng = np.random.default_rng(seed)
    share = wanted.change_share
    stays = []
    for _ in range(wanted.samples):
        varied = {key: weights[key] * rng.uniform(1.0 - share, 1.0 + share) for key in weights}
        total = sum(varied.values())
        varied = {key: value / total for key, value in varied.items()}
        stays.append(float((backed & field.best(rank(columns, varied))).sum()))
    count = int(backed.sum())
    return Stability(
        samples=wanted.samples,
        change_share=share,
        chosen=int(mine.sum()),
        backed=count,
        stay_share=float(np.mean(stays)) / count if count else None,
        stay_least_share=float(np.min(stays)) / count if count else None,
    )


class _Field:
    """The sites that may take a new station, and who is too near to whom."""

    def __init__(self, sites: gpd.GeoDataFrame, spacing_m: float, wanted: int) -> None:
        xy = point_xy(sites)
        stands = sites["existing_station"].to_numpy(dtype=bool)
        self._wanted = wanted
        self._free = ~stands & ~sites["verdict"].eq("stop").to_numpy(dtype=bool)
        tree = cKDTree(xy)
        # Exactly the spacing apart is allowed, as in the model.
        near = tree.query_ball_point(xy, np.nextafter(spacing_m, 0.0)) if spacing_m > 0 else None
        self._near: list[list[int]] = [[k] for k in range(len(xy))] if near is None else list(near)
        for place in np.flatnonzero(stands):
            self._free[self._near[place]] = False

    def best(self, score: Floats) -> Flags:
        """Return the best sites by score that keep the spacing; the first by id of equal ones."""
        free, taken = self._free.copy(), np.zeros(len(score), dtype=bool)
        left = self._wanted
        for place in np.argsort(-score, kind="stable").tolist():
            if left and free[place]:
                free[self._near[place]] = False
                taken[place] = True
                left -= 1
        return taken
