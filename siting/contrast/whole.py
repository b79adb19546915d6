"""Everything that is said of several plans side by side, in one object."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from siting.contrast.areas import by_department, by_zone
from siting.contrast.changes import MOVED_M, changes
from siting.contrast.figures import Line, figure_lines
from siting.contrast.inputs import other_inputs

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from siting.plan import Plan


@dataclass(frozen=True, eq=False)
class Contrast:
    """Several plans side by side; the first is what the others are held against.

    Attributes
    ----------
    plans
        The plans.
    figures
        Every figure of all.
    changes
        Of each plan but the first, the sites that differ from it; see :func:`changes`.
    zones, departments
        See :func:`by_zone` and :func:`by_department`.
    other_inputs
        Inputs that are not the same in all plans.
    moved_m
        Distance within which a site dropped and one added are one that moved.
    """

    plans: tuple[Plan, ...]
    figures: tuple[Line, ...]
    changes: tuple[pd.DataFrame, ...]
    zones: pd.DataFrame
    departments: pd.DataFrame
    other_inputs: tuple[str, ...]
    moved_m: float

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the runs."""
        return tuple(plan.run for plan in self.plans)

    @property
    def synthetic(self) -> bool:
        """Whether any plan rests on synthetic data; then every page must say so."""
        return any(plan.synthetic for plan in self.plans)


def contrast(plans: Sequence[Plan], *, moved_m: float = MOVED_M) -> Contrast:
    """Put plans side by side.

    Parameters
    ----------
    plans
        Two or more, the base first.
    moved_m
        See :func:`siting.contrast.changes.changes`.
    """
    base = plans[0]
    others = [plan if plan.crs == base.crs else _in_crs(plan, base.crs) for plan in plans[1:]]
    return Contrast(
        plans=(base, *others),
        figures=tuple(figure_lines(plans)),
        changes=tuple(changes(base, plan, moved_m=moved_m) for plan in others),
        zones=by_zone(plans),
        departments=by_department(plans),
        other_inputs=tuple(other_inputs(plans)),
        moved_m=moved_m,
    )


def _in_crs(plan: Plan, crs: str) -> Plan:
    tables = ("sites", "swap_sites", "candidates", "demand", "zones", "roads", "landscape")
    return replace(plan, crs=crs, **{name: getattr(plan, name).to_crs(crs) for name in tables})
