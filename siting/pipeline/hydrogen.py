"""Hydrogen stations of a plan, where the scenario asks for any."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from siting.analysis.travel import make_reach
from siting.errors import ImpossibleTargetError
from siting.notes import Note
from siting.optimize.rules.family import check_names
from siting.optimize.swap import choose_hydrogen
from siting.plan.parts import Hydrogen
from siting.tables.fields import HYDROGEN

if TYPE_CHECKING:
    from collections.abc import Iterable

    import geopandas as gpd
    import pandas as pd

    from siting.inputs.world import World
    from siting.optimize.problem.problem import SitingProblem
    from siting.plan.plan import Plan
    from siting.scenario import Scenario

_COLUMNS = ["site_id", "kind", "name", "zone_id", "is_new", "verdict", "geometry"]


def check_hydrogen(scenario: Scenario, sites: gpd.GeoDataFrame, kinds: Iterable[str]) -> None:
    """Refuse a block that no choice of sites can meet, before anything is solved.

    Parameters
    ----------
    scenario
        The scenario, with or without hydrogen stations.
    sites
        ``tables.SITES``.
    kinds
        Every kind of site there is.

    Raises
    ------
    ScenarioError
        If the block names a kind that is none.
    ImpossibleTargetError
        If fewer sites will do than are asked for.
    """
    block = scenario.hydrogen
    if block is None:
        return
    check_names(block.kinds, kinds, key="hydrogen.kinds", what="kind of site")
    able = _able(sites, block.kinds, scenario.model.banned)
    if len(able) < block.stations and block.sense != "at_most":
        raise ImpossibleTargetError(
            f"{block.stations} hydrogen stations are asked for, and {len(able)} sites of the kinds "
            f"{', '.join(block.kinds)} may have one",
            where="hydrogen.stations",
            cure=f"ask for at most {len(able)}, or allow more kinds: hydrogen.kinds",
        )


def with_hydrogen(plan: Plan, scenario: Scenario, world: World, problem: SitingProblem) -> Plan:
    """Return the plan with its hydrogen stations; the plan itself where none are asked for.

    They stand on candidate sites of the block's kinds that no rule stops and nobody banned,
    chargers or a swap station beside them or not. All need a sign-off: no clearance of a
    hydrogen station is checked.

    Parameters
    ----------
    plan
        The plan with its candidates and demand.
    scenario, world, problem
        What it was made of.

    Raises
    ------
    InfeasibleError, NoAnswerError
        As :func:`siting.optimize.swap.choose_hydrogen`.
    """
    block = scenario.hydrogen
    if block is None:
        return plan
    able = _able(plan.candidates, block.kinds, scenario.model.banned)
    reach = make_reach(plan.demand, able, world.nodes, world.edges, cutoff_m=block.cutoff_m)
    ids, gap_share = choose_hydrogen(
        problem, able["site_id"], reach,
        block=block, solver=scenario.solver, seed=scenario.run.seed,
    )  # fmt: skip
    chosen = able[able["site_id"].isin(ids)].assign(is_new=True, verdict="sign_off")
    return replace(
        plan,
        hydrogen_sites=chosen[_COLUMNS].reset_index(drop=True),
        hydrogen=Hydrogen(gap_share, _covered(plan.demand, reach, ids)),
        totals=plan.totals | {HYDROGEN.total: len(ids)},
        targets=plan.targets | {HYDROGEN.total: block.stations},
        notes=(*plan.notes, Note("hydrogen_sign_off", {"count": len(ids)})),
    )


def _able(
    candidates: gpd.GeoDataFrame, kinds: tuple[str, ...], banned: tuple[str, ...]
) -> gpd.GeoDataFrame:
    stopped = (candidates["verdict"] == "stop") | candidates["site_id"].isin(banned)
    return candidates[candidates["kind"].isin(kinds) & ~stopped]


def _covered(demand: gpd.GeoDataFrame, reach: pd.DataFrame, ids: tuple[str, ...]) -> float:
    """Return the share of the public charging demand with a hydrogen station in reach."""
    near = reach["demand_id"][reach["site_id"].isin(ids)].unique()
    need = demand["kwh_day"]
    return float(need[demand["demand_id"].isin(near)].sum() / need.sum())
