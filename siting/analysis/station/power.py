"""Power: which substation feeds a site, and the transformer a station needs.

A site hangs on the substation it is assigned to, else on the nearest one, straight line; what is
free there is known only where somebody said so, and stays unknown (NaN) elsewhere.

Apparent power of a station's transformer: ``S = c sum P / (eta cos phi)`` (kVA) with the share
``c`` of the chargers' power drawn at once (``model.coincidence``), the load factor ``eta`` of the
transformer and the power factor. Facts of the project, 3.4: ``S = Kt Kx sum P / (eta cos phi)``,
eta 0.70-0.75, cos phi 0.95 [v 48]; our ``c`` stands for ``Kt Kx``. A substation sees the active
power ``c sum P`` alone, in the rule ``model.headroom`` as in the plan.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from siting.errors import ScenarioError
from siting.tables import GRID, check

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd

    from siting import scenario
    from siting.arrays import Floats


_SHOWN = 5


def make_grid(
    sites: gpd.GeoDataFrame, substations: gpd.GeoDataFrame, *, assigned: Mapping[str, str]
) -> pd.DataFrame:
    """Return the substation of every site, its distance and what is free there.

    Parameters
    ----------
    sites, substations
        As in ``tables.SITES`` and ``SUBSTATIONS``, in one metric CRS.
    assigned
        Site id to substation id, instead of the nearest.

    Returns
    -------
    DataFrame
        ``tables.GRID``, in the order of the sites. All but the id is missing where no
        substation is known; ``headroom_kw`` also where nobody said what is free.

    Raises
    ------
    ScenarioError
        If ``assigned`` names a site or a substation that is not there.
    """
    _check_known(assigned, sites["site_id"], "site")
    _check_known(assigned.values(), substations["substation_id"], "substation")
    result = pd.DataFrame({"site_id": sites["site_id"].to_numpy(dtype=object)})
    if substations.empty:
        result = result.assign(substation_id=None, substation_m=np.nan, headroom_kw=np.nan)
    else:
        known = substations.sort_values("substation_id", kind="stable", ignore_index=True)
        at, here = _xy(known), _xy(sites)
        place = cKDTree(at).query(here)[1]
        own = result["site_id"].map(dict(assigned))
        number = pd.Series(known.index, index=known["substation_id"])
        place = np.where(own.notna(), own.map(number).fillna(0).astype(int), place)
        result = result.assign(
            substation_id=known["substation_id"].to_numpy(dtype=object)[place],
            substation_m=np.hypot(*(at[place] - here).T),
            headroom_kw=known["headroom_kw"].to_numpy(dtype=float, na_value=np.nan)[place],
        )
    check(result, GRID)
    return result


def transformer_kva(
    power_kw: Floats | pd.Series | float, *, coincidence: float, settings: scenario.Power
) -> Any:  # noqa: ANN401  # of the kind that was given
    """Return the apparent power of the transformer for chargers of a total power (kVA).

    Examples
    --------
    Eight chargers of 120 kW at 80 % coincidence:

    >>> from siting.scenario import Power
    >>> round(transformer_kva(960.0, coincidence=0.8, settings=Power()))
    1123
    """
    return power_kw * coincidence / (settings.load_factor * settings.power_factor)


def drawn_kw(
    chargers: Floats | pd.Series, kw_per_charger: Floats | pd.Series, coincidence: float
) -> Any:  # noqa: ANN401  # of the kind that was given
    """Return the active power that chargers draw at once at their substation (kW)."""
    return coincidence * chargers * kw_per_charger


def _check_known(asked: Any, there: pd.Series, what: str) -> None:  # noqa: ANN401  # names
    names = sorted({str(name) for name in there})
    unknown = sorted(set(asked) - set(names))
    if not unknown:
        return
    parts = []
    for name in unknown[:_SHOWN]:
        near = difflib.get_close_matches(name, names, n=1)
        parts.append(f"'{name}'" + (f" (did you mean '{near[0]}'?)" if near else ""))
    raise ScenarioError(
        f"power.assigned: no {what} {', '.join(parts)} in the data of this run",
        where="power.assigned",
        cure="take it out, or correct the id"
        + ("" if names else f"; no {what} is known at all (inputs.substations)"),
    )


def _xy(frame: gpd.GeoDataFrame) -> Floats:
    return np.column_stack([frame.geometry.x.to_numpy(), frame.geometry.y.to_numpy()])
