"""Plan where the charging and battery-swap stations of a district should stand.

Ten names are the interface for notebooks and programs; the rest of the package may change.
``Scenario``, ``load_scenario``, ``check``: what is asked for, and what a plan would rest on.
``Plan``, ``make_plan``, ``save_plan``, ``load_plan``: a plan, made, written and read again.
``make_map``, ``write_handouts``, ``compare``: what people look at.

Examples
--------
A :class:`Scenario` is frozen; a changed one is read with the changes:

>>> from siting import Plan, Scenario, load_plan, load_scenario
>>> scenario = load_scenario("town.toml", "targets.chargers=36")
>>> isinstance(scenario, Scenario), scenario.targets.chargers
(True, 36)

A :class:`Plan` holds tables, figures and what was proven:

>>> plan = load_plan("maps/town")
>>> isinstance(plan, Plan), plan.totals["stations"], len(plan.sites)
(True, 6, 6)
>>> list(plan.sites.loc[plan.sites["is_new"], "chargers"])
[8, 12, 20, 20]
>>> plan.judgement[0], round(plan.outcome.gap_share, 4)
('status.within_gap', 0.0049)
"""

from importlib import import_module

__version__ = "0.1.0"

__all__ = [
    "Plan",
    "Scenario",
    "check",
    "compare",
    "load_plan",
    "load_scenario",
    "make_map",
    "make_plan",
    "save_plan",
    "write_handouts",
]


def __getattr__(name: str) -> object:
    """Load the interface when one of its names is first asked for: ``import siting`` is quick."""
    if name not in __all__:
        raise AttributeError(f"module 'siting' has no attribute '{name}'")
    found = getattr(import_module("siting.interface"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """Return the names of the interface."""
    return [*__all__, "__version__"]
