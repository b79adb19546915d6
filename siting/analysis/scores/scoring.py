"""The score of each candidate site, what the criteria make together, and how firm the order is.

The weighted sum and TOPSIS look at one site and the weights alone: the ends of each criterion are
the reference extremes its scale was made with, not the best and worst site of the day. So with
stored extremes and given weights, a site more or less turns no two others round.

The stability does not solve the plan again. Each set of weights gives an order of the sites; going
down it under the spacing, as many new sites are taken as the plan has. The plan's own new sites
that are taken at its own weights are those the score speaks for; counted is how many of them are
still taken when the weights vary.

=========  ==================================================================================
criterion  what is measured
=========  ==================================================================================
demand     energy in reach, a trip of *d* metres counting ``0.5 ** (d / 1000)``
gap        the same over the part that existing stations leave unserved
access     ``0.5 ** (m / 500)`` of the straight distance to the nearest junction on a main
           road (trunk to secondary); a service area scores 1
power      ``0.5 ** (m / 2000)`` of the straight distance to the nearest substation; where its
           headroom is known, 0.7 of that score and 0.3 of that of the headroom; 0.5 where no
           substation is known
cost       ``cost_index * (1.3 + 0.7 * (1 - 0.5 ** (m / 2000)))``: civil works, cable and grid
           add 30 % beside a substation and up to 100 % far from one; cheaper is better
safety     half the verdict (ok 1, sign_off 0.5, stop 0), half the distance to the nearest
           school, hospital or fuel station up to 200 m
learned    how much the place is like those where stations stand, if it has a weight
=========  ==================================================================================

How a measure becomes 0..1 stands in a table (:mod:`siting.analysis.scores.criteria`), how the
weights come about in :mod:`siting.analysis.scores.weighting`. Layers of the user add criteria.

The gap is the two-step floating catchment area (Luo and Wang 2003, 10.1068/b29120) with the
same decay: the energy of each existing station is shared over the demand in its reach, and
what a demand point gets from all of them is taken off it. The constants are proposals
(``data/parameters.csv``).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from siting.analysis.network import Network, point_xy
from siting.analysis.scores.criteria import Criterion, Scales, check_criteria
from siting.analysis.scores.measures import (
    POWER_HALF_M,
    Pairs,
    access_score,
    building_cost,
    calm_share,
    main_road_nearness,
    measured,
    nearest_substation,
    power_score,
    site_features,
    verdict_share,
)
from siting.analysis.scores.weighting import ScoreSummary, Stability, weigh
from siting.notes import Note
from siting.tables import SCORES, check

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd

    from siting import scenario
    from siting.analysis.scores.learned import Learned
    from siting.arrays import Flags, Floats
    from siting.notes import Notes


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


_log = logging.getLogger(__name__)

CRITERIA = ("demand", "gap", "access", "power", "cost", "safety")
"""Criteria that every site is scored on, whatever their weights."""


@dataclass(frozen=True, eq=False)
class Surroundings:
    """What lies around the sites, in one metric CRS.

    Attributes
    ----------
    nodes, edges, substations, places
        As in :mod:`siting.tables`.
    """

    nodes: gpd.GeoDataFrame
    edges: gpd.GeoDataFrame
    substations: gpd.GeoDataFrame
    places: gpd.GeoDataFrame


@dataclass(frozen=True, eq=False)
class Yardsticks:
    """What the sites are measured by.

    Attributes
    ----------
    criteria
        Table of the criteria, see :func:`siting.analysis.scores.criteria.check_criteria`.
    pairwise
        Pairwise matrix as text, for the method ``ahp``.
    layers
        ``value`` and geometry of each of ``settings.layers``, by its key.
    extremes
        Reference extremes of an earlier run, by criterion.
    """

    criteria: pd.DataFrame
    pairwise: pd.DataFrame | None = None
    layers: Mapping[str, gpd.GeoDataFrame] = field(default_factory=dict)
    extremes: Mapping[str, tuple[float, float]] | None = None


@dataclass(frozen=True, eq=False)
class Scored:
    """The scores and how they came about.

    Attributes
    ----------
    scores
        ``tables.SCORES``, sorted by site_id, never missing; a further ``<key>_score`` for what is
        learned and for each layer.
    summary
        How the sites were scored.
    notes
        Notes for the reader: (key, values).
    """

    scores: pd.DataFrame
    summary: ScoreSummary
    notes: tuple[Note, ...]


def make_scores(
    sites: gpd.GeoDataFrame,
    demand: gpd.GeoDataFrame,
    reach: pd.DataFrame,
    around: Surroundings,
    *,
    yardsticks: Yardsticks,
    settings: scenario.Scoring,
    seed: int = 0,
) -> Scored:
    """Return the criteria and the score of every site.

    Parameters
    ----------
    sites, demand, reach
        As in :mod:`siting.tables`, in the CRS of the surroundings.
    around
        What lies around the sites.
    yardsticks
        What they are measured by.
    settings
        Block ``scoring`` of the scenario.
    seed
        Of what is learned.

    Raises
    ------
    TableError, DataError
        If the table of criteria or the matrix is at fault, the data gives no weights, or there
        are too few stations to learn from.
    """
    table = check_criteria(yardsticks.criteria)
    scales = Scales(yardsticks.extremes)
    sites = sites.sort_values("site_id", ignore_index=True)
    xy = point_xy(sites)
    pairs = Pairs(sites, demand, reach)
    network = Network.of(around.nodes, around.edges)
    to_power_m, headroom_kw = nearest_substation(xy, around.substations)
    calm = calm_share(sites, around.places)
    in_reach = pairs.in_reach(pairs.kwh_day)
    measures: dict[str, Floats | None] = {
        "demand": np.log1p(in_reach),
        "access": main_road_nearness(xy, network),
        "power": None if to_power_m is None else 0.5 ** (to_power_m / POWER_HALF_M),
        "calm": calm,
    }
    columns = {
        "demand": scales.score(table["demand"], in_reach),
        "gap": scales.score(table["gap"], pairs.in_reach(pairs.unserved_kwh_day(sites))),
        "access": access_score(sites, measures["access"], table["access"], scales),
        "power": power_score(
            measures["power"],
            headroom_kw,
            len(sites),
            table["power"],
            scales,
            unknown=settings.unknown_headroom_score,
        ),
        "cost": scales.score(table["cost"], building_cost(sites, to_power_m)),
        "safety": scales.score(table["safety"], 0.5 * verdict_share(sites) + 0.5 * calm),
    }
    notes: Notes = []
    learned = None
    if settings.weights.learned > 0:
        learned = _learned(sites, xy, measures, settings.learned, seed, notes)
        columns["learned"] = scales.score(table["learned"], learned.suitability)
    for wanted in settings.layers:
        table[wanted.key] = _own(wanted)
        found = measured(sites, yardsticks.layers[wanted.key], wanted)
        columns[wanted.key] = scales.score(table[wanted.key], found)
        if missing := int(np.isnan(found).sum()):
            told = {"layer": _names(table[wanted.key]), "sites": missing, "of": len(sites)}
            notes.append(Note("score_layer_unknown", told))
    weighting = weigh(columns, yardsticks.pairwise, settings)
    scores = pd.DataFrame({"site_id": sites["site_id"]})
    for key, values in columns.items():
        scores[f"{key}_score"] = values
    scores["score"] = RANKINGS[settings.ranking](columns, weighting.weights)
    check(scores, SCORES)
    _log.info("scores: %d sites, median %.3f", len(scores), scores["score"].median())
    if weighting.flat:
        notes.append(Note("score_flat", {"names": [_names(table[key]) for key in weighting.flat]}))
    summary = ScoreSummary(
        method=weighting.method,
        ranking=settings.ranking,
        weights=weighting.weights,
        names={key: _names(table[key]) for key in weighting.weights},
        consistency_ratio=weighting.consistency_ratio,
        flat=weighting.flat,
        extremes={key: tuple(ends) for key, ends in scales.used.items()},
        learned=None if learned is None else learned.report,
    )
    return Scored(scores=scores, summary=summary, notes=tuple(notes))


def _names(criterion: Criterion) -> dict[str, str]:
    return {"zh": criterion.zh, "en": criterion.en}


def _own(wanted: scenario.ScoreLayer) -> Criterion:
    return Criterion(
        key=wanted.key,
        zh=wanted.zh or wanted.key,
        en=wanted.en or wanted.key,
        direction=wanted.direction,
        normalisation=wanted.normalisation,
        low=wanted.low,
        high=wanted.high,
    )


def _learned(
    sites: gpd.GeoDataFrame,
    xy: Floats,
    measures: dict[str, Floats | None],
    settings: scenario.Learned,
    seed: int,
    notes: Notes,
) -> Learned:
    from siting.analysis.scores.learned import learn_suitability  # noqa: PLC0415  # scikit-learn

    known = {key: values for key, values in measures.items() if values is not None}
    labelled = sites["existing_station"].to_numpy(dtype=bool)
    learned = learn_suitability(
        site_features(sites, xy, known), labelled, xy, settings=settings, seed=seed
    )
    report = learned.report
    shown = ("stations", "folds", "auc", "auc_sd", "lift", "lift_sd")
    told = {key: getattr(report, key) for key in shown}
    notes.append(Note("learned_weak" if report.weak else "learned", told))
    return learned
