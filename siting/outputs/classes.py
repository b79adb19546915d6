"""Chargers by class, written out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from siting.notes import Say
    from siting.plan.plan import Plan


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


def class_names(plan: Plan) -> list[str]:
    """Return the classes of charger of a plan, the weakest first."""
    classes = plan.charger_classes
    return sorted(classes, key=lambda name: (classes[name]["power_kw"], name))


def plan_class_text(plan: Plan, say: Say) -> str:
    """Return the same for a whole plan; empty where its classes are not known."""
    classes = plan.charger_classes
    text = class_text({name: classes[name]["chargers"] for name in class_names(plan)}, say)
    return say("total.classes", text=text) if text else ""
