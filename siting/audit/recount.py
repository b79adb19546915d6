"""Count a finished plan again, rule by rule, sharing no code with the model.

Shares no code with the model: it reads the tables of the plan and the scenario.

The optimiser says what it decided; this module looks only at the plan's tables, the
scenario's numbers and plain geometry. A plan that fails is a bug of ours and is not saved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from siting.audit.ground import FORGIVEN, Evidence, near_pairs, settings
from siting.audit.objective import answer_holds
from siting.audit.occasions import by_occasion, counted_trips, occasions_are_served_as_asked
from siting.audit.rules import TWINS
from siting.errors import RecountError
from siting.tables.fields import HYDROGEN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import geopandas as gpd

    from siting.audit.ground import OccasionEvidence
    from siting.files import JsonObject
    from siting.plan.plan import Plan

_METRE_SLACK = 1e-6


def hydrogen_stations_are_as_asked(plan: Plan) -> Iterator[str]:
    """Count the hydrogen stations, their kinds, their verdicts and their distances."""
    block, table = plan.scenario.get("hydrogen"), plan.hydrogen_sites
    if (block is None) != (table is None):
        yield "hydrogen stations stand, but none are asked for, or the other way round"
    if block is None or table is None:
        return
    count = len(table)
    short = count < block["stations"] and block["sense"] != "at_most"
    if short or (count > block["stations"] and block["sense"] != "at_least"):
        yield f"{count} hydrogen stations counted, {block['stations']} asked for"
    if plan.totals.get(HYDROGEN.total, count) != count:
        yield f"{count} hydrogen stations counted, the totals say otherwise"
    if table["site_id"].duplicated().any():
        yield "a hydrogen station stands twice"
    yield from _places_fit(plan, table, block)
    ids, spacing_m = table["site_id"].to_numpy(), HYDROGEN.spacing_m(plan.scenario)
    for (one, other), away in zip(*near_pairs(table, spacing_m), strict=True):
        if away < spacing_m * (1 - FORGIVEN) - _METRE_SLACK:
            yield f"{ids[one]} and {ids[other]} are {away:.0f} m apart"


def _places_fit(plan: Plan, table: gpd.GeoDataFrame, block: JsonObject) -> Iterator[str]:
    """Let each stand on a candidate of an eligible kind that nothing stops, for sign-off."""
    there = plan.candidates.set_index("site_id")
    banned = plan.scenario.get("model", {}).get("banned", ())
    for site, verdict in zip(table["site_id"], table["verdict"], strict=True):
        if site not in there.index:
            yield f"{site} is no candidate"
            continue
        if there.loc[site, "kind"] not in block["kinds"]:
            yield f"{site} is of a kind that may have none"
        if there.loc[site, "verdict"] == "stop" or site in banned:
            yield f"{site} is stopped or banned, yet chosen"
        if verdict != "sign_off":
            yield f"{site} is not marked for sign-off"


_MONEY_SLACK = 1e-6


def phases_lead_to_the_plan(plan: Plan) -> Iterator[str]:
    """Count each year: its totals, that nothing built is lost, and its money."""
    phases = plan.scenario.get("phases") or ()
    if bool(phases) != bool(plan.phases) or bool(phases) != ("phase" in plan.sites.columns):
        yield "the scenario and the plan do not agree on whether there are phases"
        return
    if not phases:
        return
    had = plan.sites["existing_chargers"].to_numpy()
    there = ~plan.sites["is_new"].to_numpy(dtype=bool)
    swaps = int((~plan.swap_sites["is_new"]).sum())
    for phase, told in zip(phases, plan.years, strict=True):
        year = phase["year"]
        has = plan.sites[f"phase_{year}_chargers"].to_numpy()
        opened = _there(plan.sites, year)
        counted = {
            "stations": int(opened.sum()),
            "chargers": int(has.sum()),
            "swap_stations": int(_there(plan.swap_sites, year).sum()),
        }
        for key, number in counted.items():
            if not number == phase[key] == getattr(told, key):
                yield f"{number} {key} at the end of {year}, {phase[key]} asked for"
        yield from _nothing_lost(plan, year, (had, has), (there, opened))
        cost = _cost(plan, (had, has), opened & ~there)
        cost += (counted["swap_stations"] - swaps) * _swap_price(plan)
        yield from _money_fits(year, cost, phase["budget_cny"], told.cost_cny)
        had, there, swaps = has, opened, counted["swap_stations"]
    if (had != plan.sites["chargers"].to_numpy()).any():
        yield f"the chargers of {phases[-1]['year']} are not those of the plan"
    years = {phase["year"] for phase in phases}
    for table in (plan.sites, plan.swap_sites):
        unknown = ~table["phase"].isin(years) & table["is_new"]
        if unknown.any() or table["phase"].notna()[~table["is_new"]].any():
            yield "the years of the sites are not those of the phases"


def _there(table: pd.DataFrame, year: int) -> np.ndarray:
    """Return which rows stand at the end of a year."""
    opened = pd.to_numeric(table["phase"]).to_numpy(dtype=float, na_value=np.nan)
    return ~table["is_new"].to_numpy(dtype=bool) | (opened <= year)


def _nothing_lost(
    plan: Plan,
    year: int,
    chargers: tuple[np.ndarray, np.ndarray],
    opened: tuple[np.ndarray, np.ndarray],
) -> Iterator[str]:
    """Yield stations that lose chargers, or have some before they open or too few after."""
    ids = plan.sites["site_id"].to_numpy()
    least = np.where(plan.sites["is_new"], plan.sites["min_chargers"], 0)
    for wrong, what in (
        (chargers[1] < chargers[0], "has fewer chargers than a year before"),
        (opened[0] & ~opened[1], "is closed again"),
        (~opened[1] & (chargers[1] > 0), "has chargers before it opens"),
        (opened[1] & (chargers[1] < least), "has fewer chargers than a station must"),
    ):
        if wrong.any():
            yield f"{year}: {ids[wrong][0]} {what} ({int(wrong.sum())} such)"


def _cost(plan: Plan, chargers: tuple[np.ndarray, np.ndarray], fresh: np.ndarray) -> float:
    sites = plan.sites
    stations = float(sites["site_fixed_cny"].to_numpy()[fresh].sum())
    return stations + float(sites["charger_cny"].to_numpy() @ (chargers[1] - chargers[0]))


def _swap_price(plan: Plan) -> float:
    new = plan.swap_sites["cost_cny"][plan.swap_sites["is_new"]]
    return float(new.iloc[0]) if len(new) else 0.0


def _money_fits(
    year: int,
    cost_cny: float,
    budget_cny: float | None,
    told_cny: Any,  # noqa: ANN401  # JSON
) -> Iterator[str]:
    if budget_cny is not None and cost_cny > budget_cny * (1 + _MONEY_SLACK):
        yield f"what is new in {year} costs {cost_cny:,.0f} CNY, its budget is {budget_cny:,.0f}"
    if abs(cost_cny - float(told_cny)) > 1 + _MONEY_SLACK * cost_cny:
        yield f"what is new in {year} costs {cost_cny:,.0f} CNY, the plan says {told_cny:,.0f}"


VALUE = "value and bound agree"
OCCASIONS = "occasions are served as asked"
_SHOWN = 5
_KW_SLACK = 1e-3
_KWH_SLACK = 1e-3
_SHARE_SLACK = 1e-9


def recount(
    plan: Plan,
    *reaches: pd.DataFrame,
    substations: gpd.GeoDataFrame | None = None,
    demand_factors: pd.DataFrame | None = None,
    occasions: OccasionEvidence | None = None,
) -> tuple[str, ...]:
    """Hold every rule of the scenario against the plan itself.

    Parameters
    ----------
    plan
        The plan.
    *reaches
        The travel stage's pairs in reach for charging and for swapping (``tables.REACH``).
        Without them the promises of coverage cannot be counted, and a plan that makes one
        is refused.
    substations, demand_factors
        The substations and the table of demand factors, likewise for headroom.
    occasions
        The charging occasions, likewise for a plan that serves demand by occasion.

    Returns
    -------
    tuple of str
        Names of the rules checked, in order.

    Raises
    ------
    RecountError
        Naming every broken rule with the sites or zones that break it.
    """
    near, swap_near = reaches or (None, None)
    evidence = Evidence(near, swap_near, substations, demand_factors)
    twins = tuple(dict.fromkeys(TWINS.values()))
    faults: list[str] = []
    for check in CHECKS:
        faults.extend(f"{_name(check)}: {fault}" for fault in check(plan))
    for twin in twins:
        faults.extend(f"{_name(twin)}: {fault}" for fault in twin(plan, evidence))
    trips = counted_trips(plan, occasions)
    found = occasions_are_served_as_asked(plan, occasions, trips)
    faults.extend(f"{OCCASIONS}: {fault}" for fault in found)
    faults.extend(f"{VALUE}: {fault}" for fault in answer_holds(plan, *reaches, trips=trips))
    if faults:
        raise RecountError(
            "the finished plan breaks its own rules and was not saved:\n    - "
            + "\n    - ".join(faults),
            where=f"run '{plan.run}'",
            cure="this is a bug of ours: please report it with the scenario file",
        )
    return (*map(_name, CHECKS), *map(_name, twins), OCCASIONS, VALUE)


def sites_are_single(plan: Plan) -> Iterator[str]:
    """No site stands twice, and each is a candidate that no rule stops."""
    for label, table in (("station", plan.sites), ("swap station", plan.swap_sites)):
        repeated = table["site_id"][table["site_id"].duplicated()]
        yield from _listed(repeated, f"{label} listed twice")
    kept = plan.candidates.set_index("site_id")["verdict"]
    for table in (plan.sites, plan.swap_sites):
        yield from _listed(table["site_id"][~table["site_id"].isin(kept.index)], "not a candidate")
        new = table["site_id"][table["is_new"]]
        yield from _listed(new[new.map(kept) == "stop"], "stopped by a rule, yet chosen")


def existing_are_kept(plan: Plan) -> Iterator[str]:
    """Existing stations stay open with at least the chargers they have."""
    there = plan.candidates[plan.candidates["existing_station"]]
    open_chargers = plan.sites.set_index("site_id")["chargers"]
    yield from _listed(there["site_id"][~there["site_id"].isin(open_chargers.index)], "closed")
    kept = there[there["site_id"].isin(open_chargers.index)]
    fewer = kept["site_id"].map(open_chargers).to_numpy() < kept["existing_chargers"].to_numpy()
    yield from _listed(kept["site_id"][fewer], "has fewer chargers than today")
    swaps = plan.candidates["site_id"][plan.candidates["existing_swap"]]
    yield from _listed(swaps[~swaps.isin(plan.swap_sites["site_id"])], "swap station closed")


def limits_per_site_hold(plan: Plan) -> Iterator[str]:
    """Every open station has between its least and its most chargers."""
    sites = plan.sites
    yield from _listed(sites["site_id"][sites["chargers"] < sites["min_chargers"]], "too few")
    yield from _listed(sites["site_id"][sites["chargers"] > sites["max_chargers"]], "too many")


def swap_sites_are_eligible(plan: Plan) -> Iterator[str]:
    """Let new swap stations stand only where one may be built."""
    eligible = plan.candidates["site_id"][plan.candidates["swap_ok"]]
    new = plan.swap_sites["site_id"][plan.swap_sites["is_new"]]
    yield from _listed(new[~new.isin(eligible)], "not eligible for a swap station")


def load_fits_capacity(plan: Plan) -> Iterator[str]:
    """Energy assigned to a station is at most what its chargers can give."""
    sites = plan.sites.set_index("site_id")
    load = plan.assignments.groupby("site_id", observed=True)["kwh_day"].sum()
    yield from _listed(pd.Series(load.index[~load.index.isin(sites.index)]), "serves, yet closed")
    load = load.reindex(sites.index, fill_value=0.0)
    capacity = sites["chargers"] * sites["kwh_day_per_charger"]
    over = (load - capacity).to_numpy() > _KWH_SLACK
    yield from _listed(pd.Series(sites.index[over]), "gives more than it can")
    apart = np.abs((load - sites["load_kwh_day"]).to_numpy()) > _KWH_SLACK
    yield from _listed(pd.Series(sites.index[apart]), "load differs from its assignments")


def demand_is_served_once(plan: Plan) -> Iterator[str]:
    """No demand point gets more than it needs, nor from beyond the service radius."""
    served = plan.assignments.groupby("demand_id", observed=True)["kwh_day"].sum()
    need = plan.demand.set_index("demand_id")["kwh_day"]
    yield from _listed(pd.Series(served.index[~served.index.isin(need.index)]), "unknown demand")
    over = (served - need.reindex(served.index)).to_numpy() > _KWH_SLACK
    yield from _listed(pd.Series(served.index[over]), "served more than its need")
    if bool((plan.assignments["kwh_day"] < 0).any()):
        yield "an assignment is negative"
    if by_occasion(plan):
        return  # each occasion has a radius of its own
    cutoff = float(plan.scenario["travel"]["cutoff_m"])
    far = plan.assignments["distance_m"] > cutoff + _METRE_SLACK
    yield from _listed(plan.assignments["demand_id"][far], "served from beyond the radius")


def prices_add_up(plan: Plan) -> Iterator[str]:
    """Recompute the price of each station and of the whole plan from their parts."""
    sites = plan.sites
    if "cost_cny" not in sites.columns:
        return
    new = sites["chargers"] - sites["existing_chargers"]
    price = sites["site_fixed_cny"].where(sites["is_new"], 0.0) + sites["charger_cny"] * new
    for name in sites["site_id"][(price - sites["cost_cny"]).abs() > 1]:
        yield f"the price of {name} is not that of its parts"
    for end in ("cost_low_cny", "cost_cny", "cost_high_cny"):
        total = float(sites[end].sum() + plan.swap_sites[end].sum())
        told = float(plan.figures[end])
        if abs(total - told) > max(1.0, _MONEY_SLACK * total):
            yield f"{end} adds up to {total:,.0f}, the figures say {told:,.0f}"


def classes_add_up(plan: Plan) -> Iterator[str]:
    """Add up the chargers by class: those of each station, their power, and the plan's totals."""
    sites, classes = plan.sites, plan.charger_classes
    if not classes:
        return
    counted = sum(sites[f"chargers_{name}"] for name in classes)
    for name in sites["site_id"][counted != sites["chargers"]]:
        yield f"the chargers of {name} by class do not make its chargers"
    power = sum(sites[f"chargers_{name}"] * one.power_kw for name, one in classes.items())
    if "existing_kw" in sites.columns:  # what stands has its listed power, and grows alike
        listed = sites["existing_kw"] / sites["existing_chargers"].where(
            sites["existing_chargers"] > 0
        )
        power = (listed * sites["chargers"]).fillna(power)
    for name in sites["site_id"][(power - sites["power_kw"]).abs() > _KW_SLACK]:
        yield f"the power of {name} is not that of its classes"
    for name, one in classes.items():
        if int(sites[f"chargers_{name}"].sum()) != one.chargers:
            yield f"{name}: the plan's total is not the sum of its stations"


def sizes_have_reasons(plan: Plan) -> Iterator[str]:
    """Add up why each station has its chargers, and hold what it needs against who waits there."""
    sites = plan.sites
    parts = ["size_promise", "size_floor", "size_growth", "size_target"]
    if not set(parts) <= set(sites.columns):
        return
    told = sites["existing_chargers"] + sites[parts].sum(axis=1)
    yield from _listed(sites["site_id"][told != sites["chargers"]], "reasons sum to another size")
    share = settings(plan, "sizing").get("promise_share")
    if share is not None:
        late = sites["wait_over_promise_share"] > 1.0 - float(share) + _SHARE_SLACK
        short = sites["chargers_needed"] > sites["chargers"]
        yield from _listed(sites["site_id"][late != short], "needs and waits disagree")


CHECKS: tuple[Callable[[Plan], Iterator[str]], ...] = (
    sites_are_single,
    existing_are_kept,
    limits_per_site_hold,
    swap_sites_are_eligible,
    load_fits_capacity,
    demand_is_served_once,
    prices_add_up,
    classes_add_up,
    sizes_have_reasons,
    hydrogen_stations_are_as_asked,
    phases_lead_to_the_plan,
)
"""What holds in every plan, whatever the rules of its scenario."""


def _name(rule: Callable[..., Iterator[str]]) -> str:
    return rule.__name__.replace("_", " ")


def _listed(ids: pd.Series, fault: str) -> Iterator[str]:
    if len(ids) == 0:
        return
    names = [str(value) for value in ids]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    yield f"{fault}: {', '.join(names[:_SHOWN])}{more}"
