"""Where no plan exists: what clashes, and that each change offered really leads to a plan."""

from __future__ import annotations

import itertools
import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from desk import set_up
from hypothesis import given, settings
from hypothesis import strategies as st
from problem_cases import blocks
from test_promises import road

from siting.cli.main import run as siting
from siting.errors import EXIT_NO_PLAN, ImpossibleTargetError, InfeasibleError, NoPlanError
from siting.optimize.build import build_problem
from siting.optimize.explain import Rulings, explain, explaining
from siting.optimize.rules.all_rules import FAMILIES
from siting.optimize.rules.rulings import key_of
from siting.optimize.search.solve import solve_problem
from siting.outputs.words import all_words
from siting.pipeline import run as pipeline
from siting.pipeline.meter import Meter
from siting.scenario import (
    Model,
    Run,
    Solver,
    Targets,
    Travel,
    dump_scenario,
    load_scenario,
    scenario_from,
)

ROOT = Path(__file__).parents[1]
QUICK = Solver(time_limit_s=600, gap_share=0.5)  # tiny: a limit that a busy machine never meets


class Place:
    """A straight road of eight sites, asked under changing rules."""

    def __init__(self, content=None, *, targets=None, grid=None, costs=None, **model):
        self.content = content or road()
        self.content["sites"] = self.content["sites"].assign(kw_per_charger=60.0)
        self.content["zones"] = self.content["zones"].assign(kind=["town", "subdistrict"])
        base = {"stations": 3, "chargers": 12, "swap_stations": 1}
        self.targets = Targets(**{**base, **(targets or {})})
        self.model = Model(**{**blocks()["model"].model_dump(), **model})
        self.grid, self.costs = grid, costs

    def build(self, rulings, *, refuse):
        grid = self.grid
        if grid is not None:
            more = grid["substation_id"].map(dict(rulings.more_kw)).fillna(0.0)
            grid = grid.assign(headroom_kw=grid["headroom_kw"] + more)
        return build_problem(
            **self.content, targets=rulings.targets, model=rulings.model, grid=grid,
            travel=Travel(cutoff_m=2000, swap_cutoff_m=2000), refuse=refuse,
            site_costs=self.costs, swap_station_cny=100_000.0,
        )  # fmt: skip

    def rulings(self):
        return Rulings(self.targets, self.model, cutoff_m=2000, swap_cutoff_m=2000)

    def explained(self):
        return explain(self.build, self.rulings(), solver=QUICK, seed=7)

    def plan(self, rulings):
        problem = self.build(rulings, refuse=True)
        return solve_problem(problem, solver=QUICK, seed=7)


def put(rulings, setting):
    """Follow one setting of a change, by the key that a reader is told."""
    if setting.rule == "substations.headroom_kw":
        more = tuple(sorted(setting.change.items()))
        return Rulings(rulings.targets, rulings.model, more_kw=more)
    found = [path for path in paths(rulings) if key_of(path) == setting.rule]
    assert len(found) == 1, setting.rule
    value = setting.change
    return rulings.put(found[0], tuple(value) if isinstance(value, list) else value)


def paths(rulings):
    """Yield every path of the rulings, down to single numbers."""

    def below(value, path):
        yield path
        if hasattr(value, "model_copy"):
            for name in type(value).model_fields:
                yield from below(getattr(value, name), (*path, name))
        elif isinstance(value, dict):
            for name in value:
                yield from below(value[name], (*path, name))
        elif isinstance(value, tuple):
            for number, one in enumerate(value):
                yield from below(one, (*path, number))

    yield from below(rulings.targets, ("targets",))
    yield from below(rulings.model, ("model",))


def told(why):
    """Return rules of the clash, and changes as texts."""
    changes = [
        " + ".join(f"{one.rule}={one.change}" for one in change.settings) for change in why.changes
    ]
    return [rule.part or rule.rule for rule in why.clash], changes


WEST, EAST = {"zones": ["west"]}, {"zones": ["east"]}
CASES = {
    "stations": (
        {"targets": {"stations": 12}},
        (["targets.stations"], ["targets.stations=6"]),
    ),
    "chargers": (
        {"targets": {"chargers": 900}},
        (["targets.chargers"], ["targets.chargers=30"]),
    ),
    "few chargers": (
        {"targets": {"chargers": 5}},
        (["targets.chargers", "targets.stations"],
         ["targets.chargers=6", "targets.stations=2"]),
    ),
    "totals that bind one way": (
        {"targets": {"stations": 6, "chargers": 9,
                     "sense": {"stations": "at_least", "chargers": "at_most"}}},
        (["targets.chargers", "targets.stations"],
         ["targets.chargers=12", "targets.stations=4"]),
    ),
    "swap stations": (
        {"targets": {"swap_stations": 30}},
        (["targets.swap_stations"], ["targets.swap_stations=3"]),
    ),
    "spacing": (
        {"min_spacing_m": 2600},
        (["model.min_spacing_m", "targets.stations"],
         ["model.min_spacing_m=1500.0", "targets.stations=2"]),
    ),
    "spacing of a zone": (
        {"targets": {"stations": 6}, "spacing_by_zone_kind": {"town": 1100}},
        (["model.spacing_by_zone_kind.town", "targets.stations"],
         ["model.spacing_by_zone_kind.town=1000.0", "targets.stations=5"]),
    ),
    "swap spacing": (
        {"targets": {"swap_stations": 3}, "swap_spacing_m": 5000},
        (["model.swap_spacing_m", "targets.swap_stations"],
         ["model.swap_spacing_m=1500.0", "targets.swap_stations=1"]),
    ),
    "zone floors": (
        {"stations_per_zone": 2},
        (["model.stations_per_zone", "targets.stations"],
         ["model.stations_per_zone=1", "targets.stations=4"]),
    ),
    "floor by zone": (
        {"limits": [{**WEST, "at_least": 9}], "stations_per_zone": 0},
        (["at_least"], ["model.limits[1].at_least=3"]),
    ),
    "ceilings by zone": (
        {"limits": [{**WEST, "at_most": 1}, {**EAST, "at_most": 1}]},
        (["at_most", "at_most", "targets.stations"],
         ["model.limits[1].at_most=2", "model.limits[2].at_most=2", "targets.stations=2"]),
    ),
    "share by kind": (
        {"limits": [{"kinds": ["parking"], "at_most_share": 0.2}]},
        (["at_most", "targets.stations"],
         ["model.limits[1].at_most_share=0.334", "targets.stations=2"]),
    ),
    "locked": (
        {"locked": ["way/0", "way/1"], "min_spacing_m": 600},
        (["model.locked", "model.min_spacing_m"],
         ["model.locked=['way/0']", "model.min_spacing_m=500.0"]),
    ),
    "banned": (
        {"banned": [f"way/{number}" for number in range(6)]},
        (["model.banned", "targets.stations"], None),
    ),
    "banned service areas": (
        {"banned": ["way/1"], "chongqing": ["service_area_charging"]},
        (["service_area_charging", "model.banned"],
         ["model.chongqing=[]", "model.banned=[]"]),
    ),
    "an upgrade too large": (
        {"upgrades": {"way/3": 11}},
        (["model.upgrades"], ["model.upgrades={'way/3': 8}", "model.upgrades={}"]),
    ),
    "promise": (
        {"promises": [{"within_m": 100}]},
        (["model.promises[1]"],
         ["model.promises[1].share=0.599", "model.promises[1].within_m=400.0",
          "model.promises[1].unreachable=note"]),
    ),
    "promise of swap stations": (
        {"promises": [{"within_m": 800, "facility": "swap"}]},
        (["model.promises[1]", "targets.swap_stations"], None),
    ),
    "two rules together": (
        {"limits": [{"count": "chargers", **WEST, "at_least": 30},
                    {"count": "chargers", "each_zone": True, "at_most": 4}]},
        (["at_most", "targets.chargers"],
         ["model.limits[2].at_most=6 + model.limits[1].at_least=6",
          "targets.chargers=8 + model.limits[1].at_least=4"]),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_each_family_is_told_and_each_change_leads_to_a_plan(name):
    keys, (clash, changes) = CASES[name]
    place = Place(**keys)
    why = place.explained()
    found, offered = told(why)
    assert found == clash
    assert offered
    if changes is not None:
        assert offered == changes
    for change in why.changes:
        assert change.tried is True
        rulings = place.rulings()
        for setting in change.settings:
            rulings = put(rulings, setting)
        assert place.plan(rulings).chargers


# ---- power and money, which charging and swap stations share


def grid_of(content, headroom_kw):
    """Return each site's substation: west and east, with the same free power."""
    sites = content["sites"]
    return sites[["site_id"]].assign(
        substation_id=sites["zone_id"].to_numpy(), substation_m=100.0, headroom_kw=headroom_kw
    )


def test_headroom_is_told_with_the_power_that_lacks():
    content = road()
    place = Place(content, grid=grid_of(content, 300.0), headroom=True, coincidence=0.5,
                  swap_station_kw=400)  # fmt: skip
    why = place.explained()
    assert "headroom" in [rule.family for rule in why.clash]
    changes = [change.settings for change in why.changes]
    power = next(one for one in changes if one[0].rule == "substations.headroom_kw")
    assert sum(power[0].change.values()) >= 100
    for settings_ in changes:
        rulings = place.rulings()
        for setting in settings_:
            rulings = put(rulings, setting)
        assert place.plan(rulings).chargers


def test_a_budget_is_raised_to_what_the_cheapest_plan_costs():
    content = road()
    sites = content["sites"]
    costs = sites[["site_id"]].assign(site_fixed_cny=50_000.0, charger_cny=30_000.0)
    place = Place(content, costs=costs, budget_cny=400_000.0)
    # 3 stations, 12 chargers and a swap station: 150,000 + 360,000 + 100,000
    why = place.explained()
    clash, changes = told(why)
    assert "model.budget_cny" in clash
    assert "model.budget_cny=610000" in changes
    assert all(change.smallest for change in why.changes)
    assert place.plan(put(place.rulings(), why.changes[0].settings[0])).chargers


# ---- laws


def small(draw_seed):
    """Return the road with random limits of its sites and some rules."""
    rng = np.random.default_rng(draw_seed)
    content = road()
    content["sites"] = (
        content["sites"]
        .iloc[:6]
        .assign(min_chargers=rng.integers(1, 4, 6), max_chargers=rng.integers(4, 9, 6))
    )
    content["scores"] = content["scores"].iloc[:6]
    keep = content["reach"]["site_id"].isin(content["sites"]["site_id"])
    content["reach"] = content["swap_reach"] = content["reach"][keep]
    return Place(
        content,
        targets={"stations": int(rng.integers(1, 7)), "chargers": int(rng.integers(1, 45)),
                 "swap_stations": 0},
        min_spacing_m=float(rng.choice([300, 600, 1100])),
        stations_per_zone=int(rng.integers(0, 2)),
        limits=[{"zones": [str(rng.choice(["west", "east"]))], "at_most": int(rng.integers(0, 4))}],
    )  # fmt: skip


def brute(place):
    """Return every pair of totals that some set of sites can have; no code of the model."""
    sites, model = place.content["sites"], place.model
    x, zone = sites.geometry.x.to_numpy(), sites["zone_id"].to_numpy()
    limit = model.limits[0]
    possible = set()
    for count in range(1, 7):
        for chosen in itertools.combinations(range(6), count):
            here = list(chosen)
            near = any(b - a < model.min_spacing_m for a, b in itertools.pairwise(x[here]))
            inside = int(np.isin(zone[here], limit.zones).sum())
            floors = all((zone[here] == name).sum() >= model.stations_per_zone
                         for name in set(zone))  # fmt: skip
            if near or inside > limit.at_most or not floors:
                continue
            least = sites["min_chargers"].to_numpy()[here].sum()
            most = sites["max_chargers"].to_numpy()[here].sum()
            possible |= {(count, number) for number in range(least, most + 1)}
    return possible


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6))
def test_the_change_of_a_total_is_the_one_brute_force_finds(seed):
    place = small(seed)
    stations, chargers = place.targets.stations, place.targets.chargers
    possible = brute(place)
    why = place.explained()
    assert (why is None) == ((stations, chargers) in possible)
    if why is None:
        return
    offered = {}
    for change in why.changes:
        if len(change.settings) == 1:
            one = change.settings[0]
            offered.setdefault(one.rule, []).append(one.change)
    for key, now, line in (
        ("targets.stations", stations, [s for s, c in possible if c == chargers]),
        ("targets.chargers", chargers, [c for s, c in possible if s == stations]),
    ):
        fewer, more = [n for n in line if n < now], [n for n in line if n > now]
        best = sorted(fewer)[-1:] + sorted(more)[:1]
        assert offered.get(key, []) == best


# ---- what a planner sees


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    scenario = load_scenario(set_up(tmp_path_factory.mktemp("town")))
    return dump_scenario(scenario), pipeline.prepare(scenario, Meter(lambda *_: None))


@pytest.mark.parametrize(
    ("targets", "keys"),
    [
        ({"stations": 12}, {}),
        ({}, {"min_spacing_m": 5000}),
        ({"swap_stations": 2}, {"swap_spacing_m": 50000}),
        ({}, {"limits": [{"zones": ["relation/811"], "at_least": 9}]}),
        ({"stations": 3}, {"objective": "set_cover", "cover": {"within_m": 200, "share": 0.98}}),
    ],
)
def test_following_the_advice_of_a_run_leads_to_a_plan(town, monkeypatch, targets, keys):
    content, prepared = town
    monkeypatch.setattr(pipeline, "prepare", lambda *_, **__: prepared)

    def scenario(**blocks_):
        return scenario_from({**content, **blocks_})

    model = {**content["model"], **keys}
    targets = {**content["targets"], **targets}
    with pytest.raises(NoPlanError) as caught:
        pipeline.run(scenario(model=model, targets=targets), meter=Meter(lambda *_: None))
    why = caught.value.explanation
    assert pickle.loads(pickle.dumps(caught.value)).explanation == why  # noqa: S301  # our own
    assert why.changes
    for change in why.changes:
        first = scenario(model=model, targets=targets)
        rulings = Rulings(first.targets, first.model)
        for setting in change.settings:
            rulings = put(rulings, setting)
        followed = scenario(
            targets=rulings.targets.model_dump(mode="json"),
            model=rulings.model.model_dump(mode="json"),
        )
        assert pipeline.run(followed, meter=Meter(lambda *_: None)).totals["stations"]


def test_the_terminal_says_it_in_both_languages_and_as_json(tmp_path, capsys):
    path = set_up(tmp_path)
    order = ["plan", str(path), "--out", str(tmp_path / "maps"), "--set", "targets.stations=12"]
    assert siting([*order, "--json"]) == EXIT_NO_PLAN
    out, err = capsys.readouterr()
    content = json.loads(out)
    assert content["exit_code"] == EXIT_NO_PLAN
    assert content["explanation"]["changes"][0]["settings"][0]["change"] == 9
    assert content["explanation"]["changes"][0]["tried"] is True
    assert "The other rules leave room for 9 of 12 charging stations" in err
    assert "targets.stations: 9 instead of 12 (3 fewer)" in err
    assert siting([*order, "--set", 'run.language="zh"']) == EXIT_NO_PLAN
    err = capsys.readouterr().err
    assert "最多只能建 9 座充电站，目标为 12 座" in err
    assert "targets.stations：9，现为 12 （少 3）" in err
    assert "error" in err
    assert not list((tmp_path / "maps").glob("*"))


def test_a_plan_that_exists_is_never_explained():
    place = Place()
    assert place.explained() is None
    with (
        pytest.raises(InfeasibleError, match="bare"),
        explaining(place.build, place.rulings(), solver=QUICK, run=Run()),
    ):
        raise InfeasibleError("bare")


def test_an_error_keeps_its_kind_and_its_numbers():
    place = Place(targets={"stations": 12})
    with (
        pytest.raises(ImpossibleTargetError, match="12 stations of 8 sites") as caught,
        explaining(place.build, place.rulings(), solver=QUICK, run=Run(language="en")),
    ):
        place.build(place.rulings(), refuse=True)
    assert "one of these, each tried: targets.stations = 6 (now 12)" in caught.value.cure


def test_every_family_has_words_and_no_text_is_left_over():
    modules = [*(ROOT / "siting/optimize/rules").glob("*.py"), ROOT / "siting/cli/check_screen.py"]
    code = "".join(path.read_text(encoding="utf-8") for path in modules)
    for key in (key for key in all_words() if key.startswith("clash.")):
        last = key.rsplit(".", 1)[1]
        assert f'"{last}"' in code or f"clash.{last}" in code or last.startswith("room_"), key
    for family in FAMILIES:
        assert family.levers is None or f"clash.rule.{family.name}" in all_words(), family.name
