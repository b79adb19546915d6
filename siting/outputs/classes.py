"""Chargers by class, written out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from siting.plan import Plan

    Say = Callable[..., str]


def class_text(counts: Mapping[str, float], say: Say) -> str:
    """Return the classes of charger that occur with their numbers, e.g. ``3 slow AC · 5 fast DC``.

    Parameters
    ----------
    counts
        Chargers by class.
    say
        Words in one language; a class of somebody's own table goes by its name.
    """
    return " · ".join(f"{n:,.0f} {say(f'class.{name}')}" for name, n in counts.items() if n)


def plan_class_text(plan: Plan, say: Say) -> str:
    """Return the same for a whole plan; empty where its classes are not known."""
    text = class_text({name: one["chargers"] for name, one in plan.charger_classes.items()}, say)
    return say("total.classes", text=text) if text else ""
