"""Substation headroom: new chargers and new swap stations within the free power near them.

Each site hangs on its substation (``tables.GRID``: the one it is assigned to, else the nearest).
Where nobody knows what is free there is no rule, and a note; unknown is neither none nor plenty.
What a station draws: a straight line that its demand factor nowhere exceeds
(:func:`siting.analysis.station.power.draw_line`). Diversity between the stations of a substation:
0.9 of 0.8-1 for the busbar of a distribution substation, general practice [U]. A swap station's
power: 0.6-1.2 MVA [U], its middle.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from siting.arrays import groups
from siting.notes import Note
from siting.optimize.problem.linear_rules import Rules, row_of
from siting.optimize.rules.family import Family
from siting.optimize.rules.rulings import Filled, Lever, Stepwise, put

if TYPE_CHECKING:
    from collections.abc import Iterator

    import geopandas as gpd

    from siting import scenario
    from siting.arrays import Floats
    from siting.optimize.problem.linear_rules import LinearRule
    from siting.optimize.problem.problem import SitingProblem
    from siting.optimize.rules.family import Ground
    from siting.optimize.rules.rulings import Lack, Path, Rulings

_NAME = "headroom"
_TINY = 1e-6


def with_headroom(
    problem: SitingProblem,
    sites: gpd.GeoDataFrame,
    grid: pd.DataFrame | None,
    model: scenario.Model,
) -> SitingProblem:
    """Return the problem with a row for each substation, if ``model.headroom`` asks for it.

    ``K sum_{j at s} d_j + P sum_{k at s} swap_k <= headroom_s`` and, of each site that could draw
    more than is free, ``d_j + P sum_{k at s} swap_k <= headroom_s``, over the sites ``j`` and the
    new swap sites ``k`` of substation ``s``, with the diversity ``K`` between its stations, ``P``
    kW a swap station and ``d_j = fixed_j open_j + each_j (chargers_j - existing_j)``, the line
    that what a station draws more than today does not exceed. Headroom is free power: what exists
    already draws on the rest. Swap stations are chosen first, so they get ``P sum swap_k <=
    headroom_s`` and what they take is taken off the rows of the chargers
    (:func:`siting.optimize.problem.problem.after_swap`).

    Parameters
    ----------
    problem
        The problem with its other rules.
    sites
        As in ``tables.SITES``, aligned with the problem.
    grid
        ``tables.GRID`` with ``open_kw`` and ``charger_kw``, the line of each site, which
        ``model.coincidence`` stands in for; None if nothing is known.
    model
        Block of the scenario.
    """
    if not model.headroom:
        return problem
    if grid is None or grid["headroom_kw"].isna().all():
        return replace(problem, notes=(*problem.notes, Note("headroom_without_figures", {})))
    of_site = grid.set_index("site_id").reindex(problem.site_id)
    known = of_site["headroom_kw"].notna().to_numpy()
    nearest, names = pd.factorize(of_site["substation_id"].where(known), sort=True)
    free_kw = of_site["headroom_kw"].groupby(nearest).first()
    if not known[problem.openable].all():
        count = int((~known & problem.openable).sum())
        note = Note("headroom_not_everywhere", {"count": count, "of": int(problem.openable.sum())})
        problem = replace(problem, notes=(*problem.notes, note))
    opens_kw, each_kw = _lines(sites, of_site, model)
    rows: list[LinearRule] = []
    swap_rows: list[LinearRule] = []
    for place, members in groups(nearest):
        if place < 0:  # nobody knows what is free there
            continue
        here = np.array(members)
        values = {"substation": names[place], "headroom_kw": float(free_kw[place])}
        open_here = here[problem.openable[here]]
        what = "{headroom_kw:,.0f} kW free at substation {substation}"
        most_kw = opens_kw + each_kw * (problem.max_chargers - problem.existing_chargers)
        large = open_here[most_kw[open_here] > free_kw[place] + _TINY]
        alone = [(1.0, one) for one in large[:, None]] if model.diversity < 1 else []
        for share, among in [(model.diversity, open_here), *alone]:
            old_kw = share * float(each_kw[among] @ problem.existing_chargers[among])
            rows.append(row_of(_NAME, what, values, among, "<=", free_kw[place] + old_kw,
                               opens=share * opens_kw[among], chargers=share * each_kw[among],
                               shared=str(names[place])))  # fmt: skip
        swap_here = here[problem.swap_ok[here] & ~problem.existing_swap[here]]
        swap_rows.append(row_of(_NAME, what, values, swap_here, "<=", free_kw[place],
                                opens=model.swap_station_kw, shared=str(names[place])))  # fmt: skip
    rules, swap_rules = problem.rules, problem.swap_rules
    return replace(
        problem,
        rules=Rules((*rules.rows, *rows), rules.promises),
        swap_rules=Rules((*swap_rules.rows, *swap_rows), swap_rules.promises),
    )


def _lines(
    sites: gpd.GeoDataFrame, grid: pd.DataFrame, model: scenario.Model
) -> tuple[Floats, Floats]:
    """Return what a station draws at most more than today: by opening, and by new charger (kW)."""
    if model.coincidence is None:
        return grid["open_kw"].to_numpy(dtype=float), grid["charger_kw"].to_numpy(dtype=float)
    each_kw = model.coincidence * sites["kw_per_charger"].to_numpy(dtype=float)
    return np.zeros(len(each_kw)), each_kw


def _rows(problem: SitingProblem, ground: Ground) -> SitingProblem:
    return with_headroom(problem, ground.sites, ground.grid, ground.model)


def _levers(rulings: Rulings) -> Iterator[Lever]:
    if rulings.model.headroom:
        path: Path = ("model", "headroom")
        off = partial(put, path, False)  # noqa: FBT003  # the value of the key
        power = Filled(("more_kw",), _NAME, _more_power)
        yield Lever(_NAME, path, off, (power, Stepwise(path, 1, off)))


def _more_power(rulings: Rulings, lacking: list[Lack]) -> Rulings:
    """Add free power at the substations that lack it, in whole kW."""
    more = dict(rulings.more_kw)
    for name, kw in lacking:
        more[name] = more.get(name, 0.0) + math.ceil(kw - _TINY)
    return replace(rulings, more_kw=tuple(sorted(more.items())))


HEADROOM = Family(
    _NAME, firm=4, levers=_levers, rows=_rows, needs_reach=lambda model: model.headroom
)
