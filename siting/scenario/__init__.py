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
    Inputs,
    MapOptions,
    Overpass,
    Run,
    Scenario,
    Travel,
)
from siting.scenario.demand_blocks import Demand, Fleet, Fleets
from siting.scenario.input_blocks import (
    Condition,
    Counting,
    Layer,
    StationsInput,
    SubstationsInput,
    TableInput,
    TrafficInput,
    ZonesInput,
)
from siting.scenario.model_blocks import Model, Phase, Solver, Targets
from siting.scenario.policy_blocks import HandoutBody, Handouts, Policy
from siting.scenario.presets import Preset, preset_names, read_preset
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
    "Condition",
    "Costs",
    "Counting",
    "Datum",
    "Demand",
    "Factors",
    "Fleet",
    "Fleets",
    "HandoutBody",
    "Handouts",
    "Hydrogen",
    "Inputs",
    "Layer",
    "Learned",
    "Limit",
    "MapOptions",
    "Model",
    "Overpass",
    "Phase",
    "Policy",
    "Power",
    "Preset",
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
    "TableInput",
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
    "preset_names",
    "read_preset",
    "scenario_from",
    "setting_values",
    "variant_names",
]
