"""What the swap stations are chosen for: all public charging, and the fleets that swap."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from siting.notes import Note

if TYPE_CHECKING:
    import geopandas as gpd

    from siting.arrays import Floats

    Notes = tuple[Note, ...]


def swap_needs(demand: gpd.GeoDataFrame, fleet_share: float) -> tuple[Floats | None, Notes]:
    """Return what a swap station near each demand point is worth, and a note.

    ``(1 - fleet_share) * d_i + fleet_share * f_i * sum(d) / sum(f)`` with public charging ``d``
    and the fleets' swapping ``f``: the fleets have their share of the whole, whatever their
    energy.

    Parameters
    ----------
    demand
        ``tables.DEMAND``.
    fleet_share
        ``model.swap_fleet_share``.

    Returns
    -------
    tuple
        Energy in kWh/day, summing to all public charging; None where no fleet is known to swap.
    """
    if "swap_kwh_day" not in demand.columns:
        return None, ()
    fleet = demand["swap_kwh_day"].to_numpy(dtype=float)
    total = float(fleet.sum())
    if total <= 0:
        return None, ()
    charging = demand["kwh_day"].to_numpy(dtype=float)
    need = (1 - fleet_share) * charging + fleet_share * fleet * (float(charging.sum()) / total)
    note = Note("swap_fleets", {"swap_kwh_day": round(total, 1), "share": fleet_share})
    return np.asarray(need, dtype=float), (note,)
