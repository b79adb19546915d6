"""Which layers a plan would rest on, and which of its rules nobody checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from siting.inputs.world import World
    from siting.notes import Note
    from siting.scenario import Scenario

GROUND_LAYERS = ("slope", "flood", "red_lines", "protected")
"""Layers of the ground that rules ask for."""

_OWN_LAYERS = ("projects", "communities", "barriers")
"""Layers that only the planner has, by their role in ``inputs.layers``."""

_UNCHECKED = {
    "rules_by_hand": "by_hand",
    "rules_without_figure": "no_figure",
    "rules_without_layer": "no_layer",
}
"""Note of the candidates about rules that no site was held against, and the state of those."""

_LISTED = "|"


def rules(table: pd.DataFrame, notes: tuple[Note, ...]) -> list[dict[str, str]]:
    """Return the rules of the setting, each with its state.

    Parameters
    ----------
    table
        The scenario's ``candidates.site_rules``.
    notes
        Notes of the stages.

    Returns
    -------
    list of dict
        ``rule``, ``verdict``, ``reason_zh``, ``reason_en``, ``mark`` and ``state``: ``checked``,
        ``by_hand`` (nothing on a map tells), ``no_figure`` (its number is open) or ``no_layer``.
    """
    states = _states(notes)
    return [
        {
            **{name: str(row[name]) for name in ("rule", "verdict", "reason_zh", "reason_en")},
            "mark": str(row["mark"]),
            "state": states.get(str(row["rule"]), "checked"),
        }
        for row in table.sort_values("rule").to_dict("records")
    ]


def layers(
    scenario: Scenario,
    world: World,
    *,
    table: pd.DataFrame,
    notes: tuple[Note, ...],
    counted_people: float,
) -> list[dict[str, Any]]:
    """Return what was given, what the map has, and what nobody has.

    Parameters
    ----------
    scenario, world
        What was asked for, and what was loaded.
    table, notes
        As for :func:`rules`.
    counted_people
        People whose place is known, not only their zone.

    Returns
    -------
    list of dict
        ``layer``, ``state`` (``given`` by the scenario, of the ``map``, ``partly`` known,
        ``missing``), ``count`` and ``of`` (None where there is nothing to count).
    """
    inputs, fleets = scenario.inputs, scenario.demand.fleets
    known_people = int(world.zones["population"].notna().sum())
    free = int(world.substations["headroom_kw"].notna().sum())
    counted = [fleet for fleet in (fleets.taxi, fleets.ride_hailing, fleets.heavy_truck)
               if fleet.vehicles is not None]  # fmt: skip
    rows = [
        _row("roads", "map", len(world.edges)),
        _row("places", "map", len(world.places)),
        _row("zones", "given" if inputs.zones.file else "map", len(world.zones)),
        _part("people", known_people, len(world.zones)),
        _row("people_in_place", "given" if counted_people > 0 else "missing"),
        _listed("stations", bool(inputs.stations), len(world.stations)),
        _listed("substations", inputs.substations is not None, len(world.substations)),
        _part("headroom", free, len(world.substations)),
        _row("traffic", "missing" if world.traffic is None else "given"),
        _part("fleets", len(counted), 3),
    ]
    roles = {layer.role for layer in inputs.layers}
    rows += [_row(name, "given" if name in roles else "missing") for name in _OWN_LAYERS]
    read = _layers_read(table, notes)
    rows += [_row(name, "given" if name in read else "missing") for name in GROUND_LAYERS]
    return rows


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


def _row(layer: str, state: str, count: int | None = None, of: int | None = None) -> dict[str, Any]:
    return {"layer": layer, "state": state, "count": count, "of": of}


def _part(layer: str, count: int, of: int) -> dict[str, Any]:
    state = "missing" if not count else "given" if count == of else "partly"
    return _row(layer, state, count, of)


def _listed(layer: str, given: bool, count: int) -> dict[str, Any]:  # noqa: FBT001  # a switch
    return _row(layer, "given" if given else "map" if count else "missing", count)
