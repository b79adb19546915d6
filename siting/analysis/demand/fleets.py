"""Taxis, ride-hailing and heavy trucks: fleets beside the cars of the residents.

::

    swap_kwh    = vehicles * kwh_per_vehicle_day * swap_share
    public_kwh  = vehicles * kwh_per_vehicle_day * (1 - swap_share) * public_share

``kwh_per_nev_day`` is a mean of all NEVs of a city, taxis and ride-hailing among them: the energy
of such a fleet (``in_mean``) is taken off what the residents charge, so that it counts once.

A fleet of unknown size is not counted, and named in a note; it never counts as no vehicles.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from siting.analysis.demand.away_from_home import ESTIMATED
from siting.analysis.demand.demand_chain import FleetEnergy
from siting.errors import ScenarioError
from siting.notes import Note

if TYPE_CHECKING:
    from siting import scenario
    from siting.notes import Notes


NAMES = {
    "taxi": {"zh": "出租车", "en": "taxis"},
    "ride_hailing": {"zh": "网约车", "en": "ride-hailing"},
    "heavy_truck": {"zh": "重型卡车", "en": "heavy trucks"},
}
"""What the fleets are called in notes."""


def fleet_energy(fleet: scenario.Fleet) -> FleetEnergy:
    """Return a fleet's vehicles and its energy in kWh/day."""
    if fleet.vehicles is None:
        return FleetEnergy()
    energy = fleet.vehicles * fleet.kwh_per_vehicle_day
    return FleetEnergy(
        vehicles=float(fleet.vehicles),
        energy_kwh_day=energy,
        public_kwh_day=energy * (1 - fleet.swap_share) * fleet.public_share,
        swap_kwh_day=energy * fleet.swap_share,
    )


def residents_kwh_per_nev(nevs: float, settings: scenario.Demand) -> tuple[float, Notes]:
    """Return what an NEV of the residents charges a day without the fleets in the mean, and a note.

    ``max(0, kwh_per_nev_day - sum of the energy of the fleets in it / nevs)``

    Parameters
    ----------
    nevs
        NEVs of the area by its people.
    settings
        Block ``demand``.
    """
    held = {
        name: fleet.vehicles * fleet.kwh_per_vehicle_day
        for name, fleet in settings.fleets
        if fleet.in_mean and fleet.vehicles
    }
    mean = settings.kwh_per_nev_day
    if not held or nevs <= 0:
        return mean, []
    energy = sum(held.values())
    left = max(0.0, mean - energy / nevs)
    values = {
        "names": [NAMES[name] for name in held],
        "kwh_day": round(energy, 1),
        "mean_kwh": mean,
        "left_kwh": round(left, 2),
    }
    return left, [Note("fleets_once" if left > 0 else "fleets_above_mean", values)]


def fleet_parts(
    fleets: scenario.Fleets, places: pd.DataFrame, homes: pd.DataFrame, kinds: pd.DataFrame
) -> tuple[pd.DataFrame, dict[str, FleetEnergy], Notes]:
    """Share the energy of the fleets over their places by spaces.

    Parameters
    ----------
    fleets
        Block ``demand.fleets``.
    places
        Result of ``pools.drawing_places``.
    homes
        ``zone_id``, ``point``, ``people``: where a fleet without any place of its kinds goes,
        which the note ``fleets_at_home`` tells.
    kinds
        Result of ``check_site_kinds``.

    Returns
    -------
    parts
        ``kind`` (fleet), ``zone_id``, ``point``, ``kwh_day``, ``swap_kwh_day``, ``quality``.
    energy
        :func:`fleet_energy` by name of the fleet.
    notes
        Notes for the reader.

    Raises
    ------
    ScenarioError
        If a fleet names a kind of site that is not there.
    """
    parts, energy, unknown, homeless = [], {}, [], []
    for name, fleet in fleets:
        _check_kinds(name, fleet, kinds)
        energy[name] = fleet_energy(fleet)
        if fleet.vehicles is None:
            unknown.append(NAMES[name])
            continue
        at = places[places["kind"].isin(fleet.places)].rename(columns={"spaces": "weight"})
        if not at["weight"].sum() > 0:
            homeless.append(NAMES[name])
            at = homes.rename(columns={"people": "weight"})
        share = at["weight"] / at["weight"].sum()
        parts.append(
            at[["zone_id", "point"]].assign(
                kwh_day=share * (energy[name].public_kwh_day or 0.0),
                swap_kwh_day=share * (energy[name].swap_kwh_day or 0.0),
            )
        )
    notes: Notes = []
    if unknown:
        notes.append(Note("fleets_unknown", {"names": unknown}))
    if homeless:
        notes.append(Note("fleets_at_home", {"names": homeless}))
    columns = ["zone_id", "point", "kwh_day", "swap_kwh_day"]
    joined = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    return joined.assign(kind="fleet", quality=ESTIMATED), energy, notes


def _check_kinds(name: str, fleet: scenario.Fleet, kinds: pd.DataFrame) -> None:
    unknown = sorted(set(fleet.places) - set(kinds.index))
    if unknown:
        raise ScenarioError(
            f"the fleet {name} names {', '.join(unknown)}, which is no kind of site",
            where=f"demand.fleets.{name}.places",
            cure=f"the kinds are: {', '.join(kinds.index)}",
        )
