"""What the figures of a scenario rest on: defaults, the planner's own, sources and proposals."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from siting.shipped import shipped_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

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
) -> list[dict[str, Any]]:
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
    list of dict
        In the order of the table: ``parameter``, ``value`` (in use; None where no single number
        is), ``default``, ``low``, ``high``, ``unit``, ``source``, ``mark`` and ``state``:
        ``own`` (set by the planner), ``sourced`` or ``unverified``.
    """
    values = scenario.model_dump()
    rows = []
    for row in table.to_dict("records"):
        name, default = str(row["parameter"]), _number(row["value"])
        if not _in_use(name, scenario):
            continue
        given = _value_of(name, values)
        own = given is not None and given != default
        own = own or any(_own_table(name, key, files) for key in _TABLES)
        own = own or (name == "scoring.weights" and _own_weights(scenario))
        unverified = is_unverified(str(row["mark"]))
        rows.append(
            {
                "parameter": name,
                "value": default if given is None else given,
                "default": default,
                "low": _number(row["low"]),
                "high": _number(row["high"]),
                "unit": str(row["unit"]),
                "source": str(row["source"]),
                "mark": str(row["mark"]),
                "state": "own" if own else "unverified" if unverified else "sourced",
            }
        )
    return rows


def marked_tables(
    tables: Mapping[str, pd.DataFrame], files: Mapping[str, Path]
) -> list[dict[str, Any]]:
    """Return how many rows of each table have no source, and whether the planner gave it."""
    return [
        {
            "table": name,
            "rows": len(table),
            "unverified": int(table["mark"].astype("str").map(is_unverified).sum()),
            "own": shipped_name(files[name]) is None,
        }
        for name, table in tables.items()
        if "mark" in table.columns
    ]


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


def _in_use(name: str, scenario: Scenario) -> bool:
    """Tell whether anything of this scenario reads a parameter."""
    swaps = scenario.targets.swap_stations > 0
    cases = {
        "demand.year": scenario.demand.year is None and scenario.targets.by is None,
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
