"""What a plan rests on: the figures of its scenario, its layers, and the rules nobody checks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from siting.checkup.findings import Layer, MarkedTable, Parameter, Rule
from siting.shipped import shipped_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

    from siting.inputs.world import World
    from siting.notes import Note
    from siting.scenario import Scenario


UNVERIFIED = ("U", "P")
"""Marks of figures without a source: general knowledge and proposals (data/sources.csv)."""

_TABLES = ("charger_classes", "charger_mix", "site_kinds")


def is_unverified(mark: str) -> bool:
    """Tell whether a mark says that a figure, or a part of it, has no source.

    Examples
    --------
    >>> is_unverified("V 41, V 57, P"), is_unverified("V 35a"), is_unverified("U/P")
    (True, False, True)
    """
    parts = mark.replace("/", ",").split(",")
    return any(part.strip() in UNVERIFIED for part in parts)


def parameters(
    table: pd.DataFrame, scenario: Scenario, files: Mapping[str, Path]
) -> tuple[Parameter, ...]:
    """Return the parameters this scenario uses, each with what it rests on.

    Parameters
    ----------
    table
        ``data/parameters.csv``.
    scenario
        The scenario.
    files
        The tables the scenario names, by the key under ``candidates``.

    Returns
    -------
    tuple of Parameter
        In the order of the table; ``value`` is the one in use, None where no single number is.
    """
    values = scenario.model_dump()
    rows = []
    for row in table.to_dict("records"):
        name, default = str(row["parameter"]), _number(row["value"])
        if not in_use(name, scenario):
            continue
        given = _value_of(name, values)
        own = given is not None and given != default
        own = own or any(_own_table(name, key, files) for key in _TABLES)
        own = own or (name == "scoring.weights" and _own_weights(scenario))
        unverified = is_unverified(str(row["mark"]))
        rows.append(
            Parameter(
                parameter=name,
                value=default if given is None else given,
                default=default,
                low=_number(row["low"]),
                high=_number(row["high"]),
                unit=str(row["unit"]),
                source=str(row["source"]),
                mark=str(row["mark"]),
                state="own" if own else "unverified" if unverified else "sourced",
            )
        )
    return tuple(rows)


def marked_tables(
    tables: Mapping[str, pd.DataFrame], files: Mapping[str, Path]
) -> tuple[MarkedTable, ...]:
    """Return how many rows of each table have no source, and whether the planner gave it."""
    return tuple(
        MarkedTable(
            table=name,
            rows=len(table),
            unverified=int(table["mark"].astype("str").map(is_unverified).sum()),
            own=shipped_name(files[name]) is None,
        )
        for name, table in tables.items()
        if "mark" in table.columns
    )


def _number(value: Any) -> float | None:  # noqa: ANN401  # a cell
    return None if value is None or math.isnan(float(value)) else float(value)


def _value_of(name: str, values: Mapping[str, Any]) -> float | None:
    """Return the number at a key of the scenario; None where the name is no such key."""
    here: Any = values
    for part in name.split("."):
        if not isinstance(here, dict) or part not in here:
            return None
        here = here[part]
    is_number = isinstance(here, int | float) and not isinstance(here, bool)
    return float(here) if is_number else None


def _own_weights(scenario: Scenario) -> bool:
    weights = scenario.scoring.weights
    return weights != type(weights)()


def _own_table(name: str, key: str, files: Mapping[str, Path]) -> bool:
    return name.startswith(f"{key}.") and shipped_name(files[key]) is None


def in_use(name: str, scenario: Scenario) -> bool:
    """Tell whether anything of this scenario reads a parameter."""
    swaps = scenario.targets.swap_stations > 0
    cases = {
        "demand.year": scenario.demand.year is None and scenario.end_year is None,
        "hydrogen.": scenario.hydrogen is not None,
        "demand.through_": scenario.inputs.traffic is not None,
        "scoring.learned.": scenario.scoring.weights.learned > 0,
        "scoring.weak_auc": scenario.scoring.weights.learned > 0,
        "model.swap_": swaps,
        "travel.swap_": swaps,
        "model.super_fast_5km_share": "super_fast_5km" in scenario.model.chongqing,
    }
    for fleet in ("taxi", "ride_hailing", "heavy_truck"):
        given = getattr(scenario.demand.fleets, fleet).vehicles
        cases[f"demand.fleets.{fleet}."] = given is not None
    return all(used for start, used in cases.items() if name.startswith(start))


GROUND_LAYERS = ("slope", "flood", "red_lines", "protected")
"""Layers of the ground that rules ask for."""

_OWN_LAYERS = (
    "projects", "communities", "sights", "renewal", "idle_land", "planned_parking", "barriers",
)  # fmt: skip
"""Layers that only the planner has, by their role in ``inputs.layers``."""

_UNCHECKED = {
    "rules_by_hand": "by_hand",
    "rules_without_figure": "no_figure",
    "rules_without_layer": "no_layer",
}
"""Note of the candidates about rules that no site was held against, and the state of those."""

_LISTED = "|"


def rules(table: pd.DataFrame, notes: tuple[Note, ...]) -> tuple[Rule, ...]:
    """Return the rules of the setting, each with its state.

    Parameters
    ----------
    table
        The scenario's ``candidates.site_rules``.
    notes
        Notes of the stages.

    Returns
    -------
    tuple of Rule
        ``state`` is ``checked``, ``by_hand`` (nothing on a map tells), ``no_figure`` (its number is
        open) or ``no_layer``.
    """
    states = _states(notes)
    given = ("rule", "verdict", "reason_zh", "reason_en", "mark")
    return tuple(
        Rule(
            **{name: str(row[name]) for name in given},
            state=states.get(str(row["rule"]), "checked"),
        )
        for row in table.sort_values("rule").to_dict("records")
    )


def layers(
    scenario: Scenario,
    world: World,
    *,
    table: pd.DataFrame,
    notes: tuple[Note, ...],
    counted_people: float,
) -> tuple[Layer, ...]:
    """Return what was given, what the map has, and what nobody has.

    Parameters
    ----------
    scenario, world
        What was asked for, and what was loaded.
    table, notes
        As for :func:`rules`.
    counted_people
        People whose place is known, not only their zone.
    """
    inputs, fleets = scenario.inputs, scenario.demand.fleets
    known_people = int(world.zones["population"].notna().sum())
    free = int(world.substations["headroom_kw"].notna().sum())
    counted = [fleet for fleet in (fleets.taxi, fleets.ride_hailing, fleets.heavy_truck)
               if fleet.vehicles is not None]  # fmt: skip
    rows = [
        Layer("roads", "map", len(world.edges)),
        Layer("places", "map", len(world.places)),
        Layer("zones", "given" if inputs.zones.file else "map", len(world.zones)),
        _part("people", known_people, len(world.zones)),
        Layer("people_in_place", "given" if counted_people > 0 else "missing"),
        _listed("stations", bool(inputs.stations), len(world.stations)),
        _listed("substations", inputs.substations is not None, len(world.substations)),
        _part("headroom", free, len(world.substations)),
        Layer("traffic", "missing" if world.traffic is None else "given"),
        _part("fleets", len(counted), 3),
    ]
    roles = {layer.role for layer in inputs.layers}
    rows += [Layer(name, "given" if name in roles else "missing") for name in _OWN_LAYERS]
    read = _layers_read(table, notes)
    rows += [Layer(name, "given" if name in read else "missing") for name in GROUND_LAYERS]
    return tuple(rows)


def _states(notes: tuple[Note, ...]) -> dict[str, str]:
    return {
        str(rule): _UNCHECKED[note.key]
        for note in notes
        if note.key in _UNCHECKED
        for rule in dict(note.values)["names"]
    }


def _layers_read(table: pd.DataFrame, notes: tuple[Note, ...]) -> set[str]:
    """Return the layers that a rule was held against."""
    lacking = {rule for rule, state in _states(notes).items() if state == "no_layer"}
    held = table[(table["test"] == "layer") & ~table["rule"].isin(lacking)]
    return {name for names in held["values"] for name in str(names).split(_LISTED)}


def _part(layer: str, count: int, of: int) -> Layer:
    state = "missing" if not count else "given" if count == of else "partly"
    return Layer(layer, state, count, of)


def _listed(layer: str, given: bool, count: int) -> Layer:  # noqa: FBT001  # a switch
    return Layer(layer, "given" if given else "map" if count else "missing", count)
