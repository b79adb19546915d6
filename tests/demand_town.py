"""Demand points of the town on a grid, with the shipped figures."""

from __future__ import annotations

import grid_town as town
import pandas as pd

from siting import scenario
from siting.analysis.demand.demand_chain import check_hour_profiles, check_nev_shares
from siting.analysis.demand.demand_points import Figures, Given, make_demand
from siting.shipped import shipped_path

PER_PERSON = 0.2 * 0.18 * 8.4 * 0.6
ROADLESS = {"home_share": 0.55, "road_share": 0.0}
UNKNOWN = "fleets_unknown"


def figures():
    def table(name):
        return pd.read_csv(shipped_path(name), encoding="utf-8")

    return Figures(
        nev_shares=check_nev_shares(table("nev_share.csv")),
        hours=check_hour_profiles(table("hour_profile.csv")),
    )


def make(places, *, zones=None, edges=None, people=None, traffic=None, **block):
    return make_demand(
        places,
        town.zones() if zones is None else zones,
        town.nodes(),
        town.edges() if edges is None else edges,
        kinds=town.kinds(),
        figures=figures(),
        settings=scenario.Demand(**(ROADLESS | block)),
        given=Given(people, traffic),
    )


def home(number, x, y, side=100.0):
    return town.place(f"way/{number}", "residential", town.square(x, y, side))


OFFICE = town.place("way/90", "office", town.square(200, 200, 60))
MALL = town.place("way/91", "retail", town.square(600, 600, 80))
PARK = town.place("way/94", "sight", town.square(200, 600, 80))


def of_kind(result, kind):
    return result.demand[result.demand["kind"] == kind]


def zone_rows():
    frame = town.zones()
    return [dict(zip(frame.columns, row, strict=True)) for row in frame.itertuples(index=False)]
