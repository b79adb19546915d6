"""Hydrogen stations: the covering model of the swap stations, over sites of their own.

Like a swap station, a hydrogen station serves by standing near. What is covered is the
public charging demand, for nobody has figures of the demand for hydrogen.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from siting.errors import InfeasibleError, NoAnswerError
from siting.optimize.problem.linear_rules import NO_RULES
from siting.optimize.problem.pairs import pairs_of
from siting.optimize.rules.all_rules import SENSES
from siting.optimize.solver.solver import open_door
from siting.optimize.swap.cover import swap_cover

if TYPE_CHECKING:
    from siting import scenario
    from siting.optimize.problem.problem import SitingProblem


def choose_hydrogen(
    problem: SitingProblem,
    able: pd.Series,
    reach: pd.DataFrame,
    *,
    block: scenario.Hydrogen,
    solver: scenario.Solver,
    seed: int,
) -> tuple[tuple[str, ...], float]:
    """Choose the hydrogen stations.

    The algebra is that of :func:`siting.optimize.swap.cover.swap_cover`, with the number, sense,
    spacing and radius of the block and without the rules over swap stations.

    Parameters
    ----------
    problem
        The problem of the plan: its sites, demand and scores.
    able
        Ids of the sites where one may stand.
    reach
        Pairs in reach of these sites (``tables.REACH``).
    block, solver, seed
        Blocks of the scenario, and its seed.

    Returns
    -------
    ids
        Sites of the hydrogen stations, sorted.
    gap_share
        Gap proven on the thinned covering model; NaN if the time was up.

    Raises
    ------
    InfeasibleError
        If the spacing leaves no room; proven.
    NoAnswerError
        If the time was up first.
    """
    own = covering_problem(problem, able, reach, block=block)
    door = open_door(
        solver.name, threads=solver.threads, seed=seed, time_limit_s=solver.time_limit_s / 4
    )
    try:
        cover = swap_cover(own, door)
    except InfeasibleError as error:
        raise InfeasibleError(
            f"{block.stations} hydrogen stations do not fit among {len(able)} sites of the kinds "
            f"{', '.join(block.kinds)} at a spacing of {block.spacing_m:g} m",
            where="hydrogen.stations",
            cure="lower hydrogen.spacing_m, allow more kinds, or ask for fewer",
        ) from error
    except NoAnswerError as error:
        raise NoAnswerError(
            f"no choice of {block.stations} hydrogen stations was found in time",
            where="solver.time_limit_s",
            cure="allow more time, or lower hydrogen.spacing_m",
        ) from error
    return tuple(sorted(own.site_id[cover.sites].tolist())), cover.gap_share


def covering_problem(
    problem: SitingProblem, able: pd.Series, reach: pd.DataFrame, *, block: scenario.Hydrogen
) -> SitingProblem:
    """Return the problem with hydrogen stations in the place of its swap stations."""
    usable = np.isin(problem.site_id, able.to_numpy(dtype=object))
    pairs = pairs_of(
        reach, pd.Series(problem.demand_id), pd.Series(problem.site_id), usable, block.cutoff_m
    )
    return replace(
        problem,
        swap_ok=usable,
        existing_swap=np.zeros(len(usable), dtype=bool),
        swap_pair_demand=pairs.demand,
        swap_pair_site=pairs.site,
        swap_pair_distance_m=pairs.distance_m,
        swap_stations=block.stations,
        swap_sense=SENSES[block.sense],
        swap_spacing_m=block.spacing_m,
        swap_cutoff_m=block.cutoff_m,
        swap_rules=NO_RULES,
        swap_kwh=None,
    )
