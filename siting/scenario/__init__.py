"""The scenario: one TOML file in, one frozen :class:`Scenario` out.

Keys are grouped by the stage that reads them; a key nobody reads is refused with its
path and the nearest name. Precedence: default < ``extends`` < file < variant < ``--set key=value``.
Paths in a file are relative to that file; ``shipped:`` paths lie in the project's data.
"""

from siting.scenario._block import Datum
from siting.scenario.blocks import (
    OVERPASS,
    Area,
    Candidates,
    Counting,
    Inputs,
    Layer,
    MapOptions,
    Overpass,
    Run,
    Scenario,
    StationsInput,
    SubstationsInput,
    TrafficInput,
    Travel,
    ZonesInput,
)
from siting.scenario.demand_blocks import Demand, Fleet, Fleets
from siting.scenario.model_blocks import Model, Phase, Solver, Targets
from siting.scenario.reading import (
    block_values,
    changed_scenario,
    dump_scenario,
    load_scenario,
    local_path,
    scenario_from,
    setting_values,
    variant_names,
)
from siting.scenario.rule_blocks import Hydrogen, Limit, Promise, Senses
from siting.scenario.score_blocks import Learned, ScoreLayer, Scoring, Stability, Weights
from siting.scenario.site_blocks import Costs, Factors, Power, Sizing, Uncertain

__all__ = [
    "OVERPASS",
    "Area",
    "Candidates",
    "Costs",
    "Counting",
    "Datum",
    "Demand",
    "Factors",
    "Fleet",
    "Fleets",
    "Hydrogen",
    "Inputs",
    "Layer",
    "Learned",
    "Limit",
    "MapOptions",
    "Model",
    "Overpass",
    "Phase",
    "Power",
    "Promise",
    "Run",
    "Scenario",
    "ScoreLayer",
    "Scoring",
    "Senses",
    "Sizing",
    "Solver",
    "Stability",
    "StationsInput",
    "SubstationsInput",
    "Targets",
    "TrafficInput",
    "Travel",
    "Uncertain",
    "Weights",
    "ZonesInput",
    "block_values",
    "changed_scenario",
    "dump_scenario",
    "load_scenario",
    "local_path",
    "scenario_from",
    "setting_values",
    "variant_names",
]
