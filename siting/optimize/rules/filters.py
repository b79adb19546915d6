"""Filters of rules: the sites and zones a rule means, by id, kind and pool."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

import numpy as np

from siting.errors import ScenarioError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from siting.arrays import Flags, Ints, Names
    from siting.optimize.problem.problem import SitingProblem

_SHOWN = 5


def check_names(asked: Iterable[str], there: Iterable[Any], *, key: str, what: str) -> None:
    """Refuse names that nothing in the data has, with the nearest one that is there.

    Raises
    ------
    ScenarioError
        Naming every unknown name.
    """
    names = {str(name) for name in there}
    unknown = sorted(set(asked) - names)
    if not unknown:
        return
    parts = []
    for name in unknown[:_SHOWN]:
        near = difflib.get_close_matches(name, sorted(names), n=1)
        parts.append(f"'{name}'" + (f" (did you mean '{near[0]}'?)" if near else ""))
    few = sorted(names) if len(names) <= 2 * _SHOWN else []
    raise ScenarioError(
        f"{key}: no {what} {', '.join(parts)} in the data of this run",
        where=key,
        cure=f"one of: {', '.join(few)}"
        if few
        else "the layer candidates of a run's plan.gpkg lists ids and names",
    )


def chosen_zones(
    problem: SitingProblem,
    zones: tuple[str, ...],
    zone_kinds: tuple[str, ...],
    zone_kind: pd.Series,
    *,
    key: str,
) -> Ints:
    """Return the positions of the zones that pass both filters; an empty one lets all pass."""
    keep = np.ones(len(problem.zone_id), dtype=bool)
    if zones:
        check_names(zones, problem.zone_id, key=f"{key}.zones", what="zone")
        keep &= np.isin(problem.zone_id, list(zones))
    if zone_kinds:
        kinds = zone_kind.reindex(problem.zone_id).to_numpy(dtype=object)
        check_names(zone_kinds, kinds, key=f"{key}.zone_kinds", what="kind of zone")
        keep &= np.isin(kinds.astype(str), list(zone_kinds))
    return np.flatnonzero(keep)


def kinds_flags(problem: SitingProblem, kinds: tuple[str, ...], *, key: str) -> Flags:
    """Return which sites are of the kinds; of any if none is named."""
    if not kinds:
        return np.ones(len(problem.site_id), dtype=bool)
    check_names(kinds, problem.site_kind, key=f"{key}.kinds", what="kind of site")
    return np.isin(problem.site_kind.astype(str), list(kinds))


def pool_flags(
    problem: SitingProblem, pools: tuple[str, ...], pool: Names | None, *, key: str
) -> Flags:
    """Return which sites are in the pools; all if none is named."""
    if not pools or pool is None:
        return np.ones(len(problem.site_id), dtype=bool)
    check_names(pools, pool, key=f"{key}.pools", what="site of pool")
    return np.isin(pool.astype(str), list(pools))
