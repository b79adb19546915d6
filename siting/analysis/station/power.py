"""Power: which substation feeds a site, what a station draws there, and its transformer.

A site hangs on the substation it is assigned to, else on the nearest one, straight line; what is
free there is known only where somebody said so, and stays unknown (NaN) elsewhere.

A station of ``n`` chargers with the power ``sum P`` draws at its busiest ``Kx(n) sum P``, with the
demand factor ``Kx`` by number of chargers (``data/demand_factors.csv``). Its transformer is of
``S = Kt Kx sum P / (eta cos phi)`` (kVA; facts of the project, 3.4 [v 48]) with ``eta`` the share
of its rating it may carry, ``cos phi`` the power factor, and ``Kt = 1`` in one station. Stations
at one substation do not peak in the same minute: all of them draw ``Kt`` of the sum of what each
draws (``model.diversity``), and never less than the largest of them.

What a number of chargers draws must not fall as chargers are added, but ``Kx`` falls in steps
(10 chargers 0.80, 11 chargers 0.60): a station counts with the most that it or any smaller one
draws (:meth:`DemandFactors.at_once`). Where the mathematics wants a straight line, in headroom and
in money, it gets one that is nowhere below (:meth:`DemandFactors.line`).
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from siting.errors import ScenarioError, TableError
from siting.tables import GRID, Column, Table, check

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd

    from siting import scenario
    from siting.arrays import Floats, Ints


_SHOWN = 5

DEMAND_FACTORS = Table(
    "demand_factors",
    "data/demand_factors.csv",
    (
        Column("from_chargers", "int", "it holds from here", "chargers", unique=True, low=1),
        Column("low", "float", "low", low=0.01, high=1),
        Column("base", "float", "share of the power of that many that is drawn at once", low=0.01,
               high=1),
        Column("high", "float", "high", low=0.01, high=1),
        Column("source", "str", "where the figures come from"),
        Column("mark", "str", "V verified, v weak, D derived, U unverified, P proposal"),
    ),
)  # fmt: skip

RATINGS_KVA = (
    30, 50, 63, 80, 100, 125, 160, 200, 250, 315, 400, 500, 630, 800, 1000, 1250, 1600, 2000, 2500,
)  # fmt: skip
"""Ratings that 10 kV transformers are made in: the series R10 of GB/T 1094.1 [U]."""

OVER_RATING = 0.02
"""A rating is taken up to this share above it: the source calls 8 x 120 kW at 80 %, which is
768 kW or 808 kVA at cos phi 0.95, a case for 800 kVA [v 47, D]."""


@dataclass(frozen=True, eq=False)
class DemandFactors:
    """The demand factor by number of chargers at a station.

    Attributes
    ----------
    start
        Chargers from which each factor holds, rising from 1.
    factor
        Share of their power drawn at once.
    """

    start: Ints
    factor: Floats

    @classmethod
    def flat(cls, share: float) -> DemandFactors:
        """Return one share for stations of every size."""
        return cls(np.array([1], dtype=np.int64), np.array([share]))

    @property
    def table(self) -> pd.DataFrame:
        """The factors as a table: ``from_chargers`` and ``base``."""
        return pd.DataFrame({"from_chargers": self.start, "base": self.factor})

    def at_once(self, chargers: Ints, piles: Floats | float = 1.0) -> Floats:
        """Return how many of so many chargers draw full power at once; it never falls.

        Parameters
        ----------
        chargers
            What the plan counts, piles or guns.
        piles
            Piles of one of them: the factors are by number of piles.

        Examples
        --------
        >>> factors = DemandFactors(np.array([1, 5, 11]), np.array([1.0, 0.8, 0.6]))
        >>> factors.at_once(np.array([0, 4, 8, 10, 11, 20])).tolist()
        [0.0, 4.0, 6.4, 8.0, 8.0, 12.0]

        Sixteen guns are eight piles of two:

        >>> factors.at_once(np.array([16]), 0.5).tolist()
        [12.8]
        """
        count = np.asarray(chargers, dtype=float) * piles
        sizes = np.arange(int(np.ceil(count.max(initial=0))) + 1)
        held = np.maximum(np.searchsorted(self.start, sizes, side="right") - 1, 0)
        most = np.maximum.accumulate(sizes * self.factor[held])
        drawn: Floats = np.interp(count, sizes, most) / piles
        return drawn

    def line(self, least: Ints, most: Ints, existing: Ints, piles: Floats) -> tuple[Floats, Floats]:
        """Return a straight line that :meth:`at_once` nowhere exceeds, for each site.

        Parameters
        ----------
        least, most
            Fewest and most chargers of a station there.
        existing
            Chargers that stand there; the line then starts from what these draw.
        piles
            As for :meth:`at_once`.

        Returns
        -------
        fixed, each
            A station of ``n`` chargers adds at most ``fixed + each (n - existing)`` chargers at
            full power. Of the lines above the curve that one which lies lowest in the middle;
            ``fixed`` is 0 where something stands.
        """
        cases = np.column_stack([least, most, existing, piles]).astype(float)
        found, place = np.unique(cases, axis=0, return_inverse=True)
        lines = np.array(
            [self._line(int(a), int(b), int(c), pile) for a, b, c, pile in found.tolist()]
        ).reshape(-1, 2)
        picked = lines[np.ravel(place)]
        return picked[:, 0], picked[:, 1]

    def _line(self, least: int, most: int, existing: int, piles: float) -> tuple[float, float]:
        low = max(least, existing, 1)
        sizes = np.arange(low, max(most, low) + 1)
        if existing:
            grown = np.arange(existing + 1, max(most, existing + 1) + 1)
            more = self.at_once(grown, piles) - self.at_once(np.array([existing]), piles)
            return 0.0, float((more / (grown - existing)).max())
        height, middle = self.at_once(sizes, piles), (sizes[0] + sizes[-1]) / 2
        left, right = sizes[sizes <= middle], sizes[sizes >= middle]
        slope = (height[-len(right):][None, :] - height[: len(left)][:, None]) / np.maximum(
            right[None, :] - left[:, None], 1
        )  # fmt: skip
        at_middle = height[: len(left)][:, None] + slope * (middle - left[:, None])
        one, other = np.unravel_index(int(np.argmax(at_middle)), at_middle.shape)
        each = float(slope[one, other])
        # between equal heights rounding may leave a hair of the curve above the line
        return max(float((height - each * sizes).max()), 0.0), each


def check_demand_factors(frame: pd.DataFrame) -> DemandFactors:
    """Check the table of demand factors.

    Raises
    ------
    TableError
        If a row breaks its contract, none starts at 1 charger, or a range is upside down.
    """
    check(frame, DEMAND_FACTORS)
    faults = []
    if frame["from_chargers"].min() != 1:
        faults.append("no row starts at 1 charger (from_chargers = 1)")
    crossed = (frame["low"] > frame["base"]) | (frame["base"] > frame["high"])
    if crossed.any():
        rows = ", ".join(str(value) for value in frame["from_chargers"][crossed])
        faults.append(f"low <= base <= high does not hold from {rows} chargers")
    if faults:
        raise TableError(
            "table 'demand_factors' contradicts itself:\n    - " + "\n    - ".join(faults),
            where=f"power.demand_factors, {DEMAND_FACTORS.made_by}",
            cure="mend the rows named above, or take the shipped table (power.demand_factors)",
        )
    ordered = frame.sort_values("from_chargers")
    return DemandFactors(
        ordered["from_chargers"].to_numpy(dtype=np.int64), ordered["base"].to_numpy(dtype=float)
    )


def make_grid(
    sites: gpd.GeoDataFrame, substations: gpd.GeoDataFrame, *, assigned: Mapping[str, str]
) -> pd.DataFrame:
    """Return the substation of every site, its distance and what is free there.

    Parameters
    ----------
    sites, substations
        As in ``tables.SITES`` and ``SUBSTATIONS``, in one metric CRS.
    assigned
        Site id to substation id, instead of the nearest.

    Returns
    -------
    DataFrame
        ``tables.GRID``, in the order of the sites. All but the id is missing where no
        substation is known; ``headroom_kw`` also where nobody said what is free.

    Raises
    ------
    ScenarioError
        If ``assigned`` names a site or a substation that is not there.
    """
    _check_known(assigned, sites["site_id"], "site")
    _check_known(assigned.values(), substations["substation_id"], "substation")
    result = pd.DataFrame({"site_id": sites["site_id"].to_numpy(dtype=object)})
    if substations.empty:
        result = result.assign(substation_id=None, substation_m=np.nan, headroom_kw=np.nan)
    else:
        known = substations.sort_values("substation_id", kind="stable", ignore_index=True)
        at, here = _xy(known), _xy(sites)
        place = cKDTree(at).query(here)[1]
        own = result["site_id"].map(dict(assigned))
        number = pd.Series(known.index, index=known["substation_id"])
        place = np.where(own.notna(), own.map(number).fillna(0).astype(int), place)
        result = result.assign(
            substation_id=known["substation_id"].to_numpy(dtype=object)[place],
            substation_m=np.hypot(*(at[place] - here).T),
            headroom_kw=known["headroom_kw"].to_numpy(dtype=float, na_value=np.nan)[place],
        )
    check(result, GRID)
    return result


def transformer_kva(drawn_kw: Floats | pd.Series | float, settings: scenario.Power) -> Any:  # noqa: ANN401  # of the kind that was given
    """Return the apparent power of what a station draws at its busiest, ``S`` (kVA).

    Examples
    --------
    Eight chargers of 120 kW, 80 % of them at once:

    >>> from siting.scenario import Power
    >>> round(transformer_kva(0.8 * 960.0, Power()))
    808
    """
    return drawn_kw / (settings.load_factor * settings.power_factor)


def rated_kva(apparent_kva: Floats | pd.Series) -> Floats:
    """Return the rating of the transformer to order for an apparent power (kVA).

    The smallest of :data:`RATINGS_KVA` that is not exceeded by more than :data:`OVER_RATING`;
    above the largest, several alike. 0 for nothing.

    Examples
    --------
    The source's own cases, 6 and 8 chargers of 120 kW at 80 %:

    >>> from siting.scenario import Power
    >>> drawn_kw = 0.8 * 120.0 * np.array([6, 8])
    >>> rated_kva(transformer_kva(drawn_kw, Power())).tolist()
    [630.0, 800.0]
    """
    asked = np.asarray(apparent_kva, dtype=float) / (1.0 + OVER_RATING)
    ratings = np.array(RATINGS_KVA, dtype=float)
    count = np.maximum(np.ceil(asked / ratings[-1]), 1.0)
    rated: Floats = count * ratings[np.searchsorted(ratings, asked / count)]
    return np.where(asked > 0, rated, 0.0)


def draw_line(
    sites: gpd.GeoDataFrame, factors: DemandFactors, piles: Floats
) -> tuple[Floats, Floats]:
    """Return the most that a station draws more than today, as a straight line (kW).

    Parameters
    ----------
    sites
        ``tables.SITES``.
    factors
        The demand factors.
    piles
        Piles of what the plan counts as a charger at each site.

    Returns
    -------
    fixed, each
        Of opening the station, and of each new charger: :meth:`DemandFactors.line` in kW.
    """
    least, most, existing = (
        sites[name].to_numpy() for name in ("min_chargers", "max_chargers", "existing_chargers")
    )
    fixed, each = factors.line(least, most, existing, piles)
    kw = sites["kw_per_charger"].to_numpy(dtype=float)
    return fixed * kw, each * kw


def _check_known(asked: Any, there: pd.Series, what: str) -> None:  # noqa: ANN401  # names
    names = sorted({str(name) for name in there})
    unknown = sorted(set(asked) - set(names))
    if not unknown:
        return
    parts = []
    for name in unknown[:_SHOWN]:
        near = difflib.get_close_matches(name, names, n=1)
        parts.append(f"'{name}'" + (f" (did you mean '{near[0]}'?)" if near else ""))
    raise ScenarioError(
        f"power.assigned: no {what} {', '.join(parts)} in the data of this run",
        where="power.assigned",
        cure="take it out, or correct the id"
        + ("" if names else f"; no {what} is known at all (inputs.substations)"),
    )


def _xy(frame: gpd.GeoDataFrame) -> Floats:
    return np.column_stack([frame.geometry.x.to_numpy(), frame.geometry.y.to_numpy()])
