"""Substation headroom: new chargers and new swap stations within the free power near them.

Each site hangs on its substation (``tables.GRID``: the one it is assigned to, else the nearest).
Where nobody knows what is free there is no rule, and a note; unknown is neither none nor plenty.
Coincidence: the file of facts, 3.4 (ordinary sites 0.6-0.7 [v 47], 0.7 proposed [P]); a swap
station's power: 0.6-1.2 MVA [U], its middle.
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

    ``c sum_{j at s} kw_j (chargers_j - existing_j) + P sum_{k at s} swap_k <= headroom_s`` over
    the sites ``j`` and the new swap sites ``k`` of substation ``s``, with coincidence ``c`` and
    ``P`` kW a swap station. Headroom is free power: what exists already draws on the rest. Swap
    stations are chosen first, so they get ``P sum swap_k <= headroom_s`` and what they
    take is taken off the row of the chargers (:func:`siting.optimize.problem.problem.after_swap`).

    Parameters
    ----------
    problem
        The problem with its other rules.
    sites
        As in ``tables.SITES``, aligned with the problem.
    grid
        ``tables.GRID``; None if nothing is known.
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
    draw_kw = model.coincidence * sites["kw_per_charger"].to_numpy(dtype=float)
    rows: list[LinearRule] = []
    swap_rows: list[LinearRule] = []
    for place, members in groups(nearest):
        if place < 0:  # nobody knows what is free there
            continue
        here = np.array(members)
        values = {"substation": names[place], "headroom_kw": float(free_kw[place])}
        open_here = here[problem.openable[here]]
        old_kw = float(draw_kw[open_here] @ problem.existing_chargers[open_here])
        what = "{headroom_kw:,.0f} kW free at substation {substation}"
        rows.append(row_of(_NAME, what, values, open_here, "<=", free_kw[place] + old_kw,
                           chargers=draw_kw[open_here], shared=str(names[place])))  # fmt: skip
        swap_here = here[problem.swap_ok[here] & ~problem.existing_swap[here]]
        swap_rows.append(row_of(_NAME, what, values, swap_here, "<=", free_kw[place],
                                opens=model.swap_station_kw, shared=str(names[place])))  # fmt: skip
    rules, swap_rules = problem.rules, problem.swap_rules
    return replace(
        problem,
        rules=Rules((*rules.rows, *rows), rules.promises),
        swap_rules=Rules((*swap_rules.rows, *swap_rows), swap_rules.promises),
    )


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
