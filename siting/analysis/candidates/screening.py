"""What each step from the places of the map to the candidate sites leaves, by zone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from siting.errors import EmptyLayerError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


class Tally:
    """Counts what each step leaves.

    Attributes
    ----------
    steps
        Steps with the count left after each, in their order.
    """

    def __init__(self) -> None:
        self.steps: list[tuple[str, int]] = []
        self._by_zone: dict[str, pd.Series] = {}

    def add(self, step: str, zone_id: pd.Series) -> None:
        """Note what a step leaves, by the zones it lies in; in no zone is missing."""
        self.steps.append((step, len(zone_id)))
        self._by_zone[step] = zone_id.value_counts()

    def by_zone(self, zone_id: ArrayLike) -> pd.DataFrame:
        """Return the counts of each zone.

        Returns
        -------
        DataFrame
            ``zone_id``, sorted, and a column for each step. What lies in no zone is in none of
            the rows: before the step ``in_a_zone`` they may sum to less than the step.
        """
        zones = np.sort(np.asarray(zone_id, dtype=object))
        counts = {
            step: count.reindex(zones).fillna(0).to_numpy(dtype=np.int64)
            for step, count in self._by_zone.items()
        }
        return pd.DataFrame({"zone_id": zones, **counts})


def no_site(screening: Tally) -> EmptyLayerError:
    """Return the error for a map without any candidate, naming what each step left."""
    left = ", ".join(f"{key} {count}" for key, count in screening.steps)
    return EmptyLayerError(
        f"no place of the map may take a station; left after each step: {left}",
        where="candidates",
        cure="see the step that leaves none: kinds and sizes stand in candidates.site_kinds, kinds "
        "left out in candidates.leave_out and counting.not_public, places of your own can be given "
        "as a layer (inputs.layers, role places)",
    )
