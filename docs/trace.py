# ruff: noqa: E501  # a page is text
"""Trace one site of the sample from the tables to the plan: docs/how-a-site-is-scored.md.

Run it with ``python docs/trace.py RUN``, RUN being the folder of a plan of the shipped sample.
Every number is worked out here from the tables by plain arithmetic, not taken from the stage it
explains; where the two differ, nothing is written.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from siting.analysis.network import Network
from siting.pipeline import run as pipeline
from siting.pipeline.meter import Meter
from siting.scenario import load_scenario
from siting.shipped import shipped_path

if TYPE_CHECKING:
    from siting.pipeline.run import Prepared
    from siting.scenario import Scenario

PAGE = Path(__file__).resolve().parent / "how-a-site-is-scored.md"
SITE = "way/17866"
PLAN_MARK = "**In the plan**"
_SHOWN = 3


def prepared() -> tuple[Scenario, Prepared]:
    """Return the shipped scenario and its tables."""
    scenario = load_scenario(shipped_path("scenarios/yubei-2025.toml"))
    return scenario, pipeline.prepare(scenario, Meter(lambda *_: None))


def page(scenario: Scenario, made: Prepared, site_id: str, plan_line: str) -> str:
    """Return the page.

    Raises
    ------
    ValueError
        If a number worked out here is not the one of the table.
    """
    sites = made.candidates.sites.set_index("site_id")
    site = sites.loc[site_id]
    kind = pd.read_csv(shipped_path("site_kinds.csv")).set_index("kind").loc[site["kind"]]
    told = made.scores.set_index("site_id").loc[site_id]
    found: dict[str, Any] = {
        **_demand(sites, made, site_id),
        **_access(site, made),
        **_power(sites, site, made),
        **_safety(site, made),
    }
    low, high = _ends(_costs(sites, made))
    cost = float(site["cost_index"]) * (2.0 - 0.7 * 0.5 ** (found["power_m"] / 2000))
    found |= {"cost": cost, "cost_low": low, "cost_high": high,
              "cost_score": 1 - _between(cost, low, high)}  # fmt: skip
    weights = scenario.scoring.weights.model_dump(exclude={"learned"})
    total = sum(weights.values())
    score = sum(weights[key] / total * found[f"{key}_score"] for key in weights)
    for key in (*weights, "score"):
        ours, theirs = (
            (score, told["score"])
            if key == "score"
            else (found[f"{key}_score"], told[f"{key}_score"])
        )
        if abs(ours - theirs) > 1e-9:  # noqa: PLR2004  # beyond rounding
            msg = f"{key}: {ours} worked out here, {theirs} in the table"
            raise ValueError(msg)
    parts = [
        f"| {key} | {weights[key] / total:.2f} | {found[f'{key}_score']:.4f} | {weights[key] / total * found[f'{key}_score']:.4f} |"
        for key in weights
    ]
    return _PAGE.format(
        site_id=site_id, site=site, kind=kind, parts="\n".join(parts), score=score,
        bonus=scenario.model.suitability_weight * score / scenario.targets.stations,
        suitability=scenario.model.suitability_weight, stations=scenario.targets.stations,
        plan_line=plan_line, by_share=site["spaces"] * kind["share_of_spaces"],
        reason=site["reason"] if isinstance(site["reason"], str) else "none",
        count=len(sites), **found,
    )  # fmt: skip


def plan_line(run: Path, site_id: str) -> str:
    """Return the sentence on what a plan made of the site."""
    content = json.loads((run / "plan.json").read_text(encoding="utf-8"))
    sites = gpd.read_file(run / "plan.gpkg", layer="sites").set_index("site_id")
    if site_id not in sites.index:
        return f"{PLAN_MARK} `{content['run']}` the site was not chosen."
    row = sites.loc[site_id]
    return (
        f"{PLAN_MARK} `{content['run']}` the site is open with {row['chargers']} chargers, "
        f"which give {row['load_kwh_day']:,.1f} kWh a day."
    )


def _ends(values: np.ndarray) -> tuple[float, float]:
    low, high = np.percentile(values, [2, 98])
    return float(low), float(high)


def _between(value: float, low: float, high: float) -> float:
    return float(np.clip((value - low) / (high - low), 0, 1))


def _demand(sites: gpd.GeoDataFrame, made: Prepared, site_id: str) -> dict[str, Any]:
    need = made.demand.set_index("demand_id")["kwh_day"]
    reach = made.reach.astype({"demand_id": "str", "site_id": "str"})
    reach = reach.assign(
        kwh=reach["demand_id"].map(need), decay=0.5 ** (reach["distance_m"] / 1000)
    )
    asked = (reach["kwh"] * reach["decay"]).groupby(reach["site_id"]).sum()
    asked = asked.reindex(sites.index, fill_value=0.0)
    supply = sites["existing_chargers"] * sites["kwh_day_per_charger"]
    given = (supply / asked.clip(lower=1e-6)).reindex(reach["site_id"]).to_numpy() * reach["decay"]
    served = given.groupby(reach["demand_id"]).sum()
    left = need * (1 - served.reindex(need.index, fill_value=0.0)).clip(0, 1)
    short = (reach["demand_id"].map(left) * reach["decay"]).groupby(reach["site_id"]).sum()
    short = short.reindex(sites.index, fill_value=0.0)
    mine = reach[reach["site_id"] == site_id].sort_values(["distance_m", "demand_id"])
    shown = [
        f"| `{row.demand_id}` | {row.kwh:,.1f} | {row.distance_m:,.0f} | {row.decay:.3f} | {row.kwh * row.decay:,.1f} |"
        for row in mine.head(_SHOWN).itertuples()
    ]
    result: dict[str, Any] = {"points": len(mine), "shown": "\n".join(shown)}
    for name, values in (("demand", asked), ("gap", short)):
        low, high = _ends(values.to_numpy())
        value = float(values[site_id])
        result |= {name: value, f"{name}_low": low, f"{name}_high": high,
                   f"{name}_score": _between(value, low, high)}  # fmt: skip
    return result


def _away(points: np.ndarray, xy: np.ndarray) -> np.ndarray:
    """Return the distance of each point to the nearest of others, all pairs looked at."""
    return np.array([np.hypot(*(xy - point).T).min() for point in points])


def _xy(frame: gpd.GeoDataFrame) -> np.ndarray:
    return np.column_stack([frame.geometry.x, frame.geometry.y])


def _access(site: pd.Series, made: Prepared) -> dict[str, Any]:
    network = Network.of(made.world.nodes, made.world.edges)
    away = network.main_road_m(_xy(made.candidates.sites))
    low, high = _ends(0.5 ** (away / 500))
    mine = float(network.main_road_m(np.array([[site.geometry.x, site.geometry.y]]))[0])
    near = 0.5 ** (mine / 500)
    return {"road_m": mine, "road": near, "road_low": low, "road_high": high,
            "access_score": 1.0 if site["kind"] == "service_area" else _between(near, low, high)}  # fmt: skip


def _costs(sites: gpd.GeoDataFrame, made: Prepared) -> np.ndarray:
    away = _away(_xy(sites), _xy(made.world.substations))
    return sites["cost_index"].to_numpy() * (2.0 - 0.7 * 0.5 ** (away / 2000))


def _power(sites: gpd.GeoDataFrame, site: pd.Series, made: Prepared) -> dict[str, Any]:
    stations = made.world.substations.sort_values("substation_id", ignore_index=True)
    xy, points = _xy(stations), _xy(sites)
    low, high = _ends(0.5 ** (_away(points, xy) / 2000))
    nearest = [int(np.argmin(np.hypot(*(xy - point).T))) for point in points]
    headroom = stations["headroom_kw"].to_numpy(dtype=float)
    known = headroom[nearest]
    room_low, room_high = _ends(known[~np.isnan(known)])
    away = np.hypot(*(xy - [site.geometry.x, site.geometry.y]).T)
    best = int(np.argmin(away))
    near = 0.5 ** (float(away[best]) / 2000)
    room = 0.5 if np.isnan(headroom[best]) else _between(headroom[best], room_low, room_high)
    text = "unknown, so a neutral 0.5" if np.isnan(headroom[best]) else f"{headroom[best]:,.0f} kW"
    return {"power_m": float(away[best]), "power": near, "power_low": low, "power_high": high,
            "near_score": _between(near, low, high), "room": room, "headroom": text,
            "room_low": room_low, "room_high": room_high,
            "substation": stations["substation_id"][best],
            "power_score": 0.7 * _between(near, low, high) + 0.3 * room}  # fmt: skip


def _safety(site: pd.Series, made: Prepared) -> dict[str, Any]:
    places = made.world.places
    others = places[places["kind"].isin(["school", "hospital", "fuel"])]
    away = others.geometry.distance(site.geometry)
    nearest = others.loc[away.idxmin()]
    calm = min(float(away.min()) / 200, 1.0)
    verdict = {"ok": 1.0, "sign_off": 0.5, "stop": 0.0}[site["verdict"]]
    return {"calm_m": float(away.min()), "calm": calm, "calm_kind": nearest["kind"],
            "verdict_share": verdict, "safety_score": 0.5 * verdict + 0.5 * calm}  # fmt: skip


_PAGE = """<!-- Written by docs/trace.py: `python docs/trace.py RUN` after a change of the stages or the sample. -->

# How a site is scored

One site of the synthetic sample, `{site_id}` ({site[name]}), from the tables to the plan, by hand. The test
`tests/test_trace.py` works it out again and fails when this page is stale.

## The rule

| what | where it stands | value |
|---|---|---|
| kind | `places`, by `data/place_kinds.csv` | {site[kind]} |
| parking spaces | `sites.spaces`, from {site[spaces_source]} | {site[spaces]:,.0f} |
| share of spaces for chargers | `data/site_kinds.csv` | {kind[share_of_spaces]} |
| spaces x share | {site[spaces]:,.0f} x {kind[share_of_spaces]} | {by_share:,.1f} |
| fewest and most chargers of the kind | `data/site_kinds.csv` | {kind[min_chargers]} and {kind[max_chargers]} |
| **chargers allowed here** | `sites.min_chargers`, `max_chargers` | {site[min_chargers]} to {site[max_chargers]} |
| **verdict** | the worst of `data/site_kinds.csv` and `data/site_rules.csv` | {site[verdict]} |
| reason | the rule's own words | {reason} |

## The criteria

Each measure becomes 0 to 1 between the 2nd and the 98th percentile of all {count:,} sites (`data/criteria.csv`), but safety.

**Demand in reach.** {points:,} demand points lie within the service radius. The nearest three:

| demand point | kWh a day | metres by road | 0.5 ^ (m / 1000) | counts |
|---|---|---|---|---|
{shown}

All together {demand:,.1f} kWh a day. Percentiles {demand_low:,.1f} and {demand_high:,.1f}:
({demand:,.1f} - {demand_low:,.1f}) / ({demand_high:,.1f} - {demand_low:,.1f}), at most 1, is **{demand_score:.4f}**.

**Gap.** Of the same points, what existing stations leave over: {gap:,.1f} kWh a day. Percentiles {gap_low:,.1f} and
{gap_high:,.1f}: **{gap_score:.4f}**.

**Access.** {road_m:,.0f} m to the nearest main road: 0.5 ^ ({road_m:,.0f} / 500) = {road:.4f}. Percentiles {road_low:.4f} and
{road_high:.4f}: **{access_score:.4f}**.

**Power.** {power_m:,.0f} m to the nearest substation, `{substation}`: 0.5 ^ ({power_m:,.0f} / 2000) = {power:.4f}. Percentiles {power_low:.4f} and
{power_high:.4f}: {near_score:.4f}. Its headroom is {headroom} (percentiles {room_low:,.0f} and {room_high:,.0f} kW): {room:.4f}.
0.7 x {near_score:.4f} + 0.3 x {room:.4f} = **{power_score:.4f}**.

**Cost.** Index {site[cost_index]} of its kind x (2 - 0.7 x {power:.4f}) = {cost:.4f}. Percentiles {cost_low:.4f} and {cost_high:.4f}, cheaper being
better: **{cost_score:.4f}**.

**Safety.** Verdict {site[verdict]} counts {verdict_share}. The nearest school, hospital or fuel station ({calm_kind}) is {calm_m:,.0f} m away, of 200 m:
{calm:.4f}. Half and half: **{safety_score:.4f}**.

## The score

| criterion | weight | score | weight x score |
|---|---|---|---|
{parts}
| **together** | | | **{score:.4f}** |

## The plan

Opening the site adds `suitability_weight x score / stations` = {suitability} x {score:.4f} / {stations} = {bonus:.6f} to the value of a
plan, beside the demand it serves ([model.md](model.md)). A score alone opens no station.

{plan_line} This sentence is from a run and not worked out again by the test.
"""


def main() -> int:
    """Write the page from the sample and a run of it."""
    run = Path(sys.argv[1])
    PAGE.write_text(page(*prepared(), SITE, plan_line(run, SITE)), encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
