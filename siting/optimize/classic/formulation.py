"""The classic models as rows of a program: one formulation each, whoever asks.

A model starts from ``open_j`` in {0, 1} and the rows about which sites may be open together: on a
bare matrix the number of sites (:func:`bare_sites`), in a plan the station total, the room for the
chargers, spacing cliques, zone floors and every rule of the scenario
(:func:`siting.optimize.model.selection.station_rules`). The functions here write on either what the
model asks for. All maximise: what is to be least stands with a minus, since solvers are asked to
maximise.

====================  =============================================================
:func:`cover_most`    maximal covering: Church and ReVelle (1974); several radii: Church and
                      Roberts (1983); backup: Hogan and ReVelle (1986)
:func:`raise_worst`   the worst zone first: Rawls' principle, see Marsh and Schilling (1994)
:func:`cover_all`     set covering: Toregas, Swain, ReVelle and Bergman (1971); asked again and
                      again for the p-center: Minieka (1970)
:func:`cover_share`   partial covering: Daskin and Owen (1999)
:func:`cost_least`    the least cost, or the fewest sites
:func:`go_nearest`    p-median: Hakimi (1964), ReVelle and Swain (1970)
====================  =============================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pulp

from siting.arrays import groups
from siting.optimize.model.selection import StationModel
from siting.optimize.solver.solver import linear, row

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from siting.arrays import Flags, Floats, Ints
    from siting.optimize.classic.coverage import Coverage

    Terms = list[tuple[pulp.LpVariable, float]]

_HAIR = 1e-7


def bare_sites(
    name: str, sites: Ints, kept: Flags, most: int | None, *, relaxed: bool = False
) -> StationModel:
    """Start a model without further rules: ``sum_j open_j <= most``, and those kept are open.

    Parameters
    ----------
    name
        Name of the model.
    sites
        Columns that may open; those kept are added.
    kept
        Columns that must be open.
    most
        Sites that may be open, None for any number. A choice of fewer can always be filled up.
    relaxed
        Leave out that sites open as a whole.
    """
    lp = pulp.LpProblem(name, pulp.LpMaximize)
    kind = pulp.LpContinuous if relaxed else pulp.LpInteger
    columns = np.union1d(sites, np.flatnonzero(kept)).tolist()
    opened = {j: lp.add_variable(f"open_{j}", int(kept[j]), 1, kind) for j in columns}
    if most is not None:
        row(lp, "sites", [(variable, 1) for variable in opened.values()], "<", most)
    return StationModel(lp, opened, None)


def cover_most(model: StationModel, part: Coverage, *, ring: str = "", fold: bool = False) -> Terms:
    """Write the covers of a coverage; return what they are worth, to be maximised.

    maximise ``sum_i (first_i cover_i + second_i second_i)`` subject to
    ``cover_i + second_i <= sum_{j near i} open_j`` and ``0 <= cover_i, second_i <= 1``.

    Parameters
    ----------
    model
        The sites with the rules about them.
    part
        Rows, sites near and worths.
    ring
        Begins the numbers in the names, where one model has several radii.
    fold
        Give a row with one site no variable of its own: its worth stands at the site.
    """
    own = dict.fromkeys(model.open, 0.0) if fold else {}
    terms: Terms = []
    first, second = part.first.tolist(), part.second.tolist()
    for number, near in enumerate(part.near):
        if fold and len(near) == 1:
            own[near[0]] += first[number]
            continue
        covers = [(model.lp.add_variable(f"cover_{ring}{number}", 0, 1), first[number])]
        if second[number]:
            again = model.lp.add_variable(f"second_{ring}{number}", 0, 1)
            covers.append((again, second[number]))
        _covered(model, f"covered_{ring}{number}", [variable for variable, _ in covers], near)
        terms += covers
    return terms + [(model.open[j], worth) for j, worth in own.items()]


class Levels(NamedTuple):
    """Zones whose share is raised together, and the shares that others must keep."""

    raised: Sequence[int]
    kept: Mapping[int, float]


def raise_worst(
    model: StationModel, part: Coverage, need: Floats, levels: Levels, *, name: str = "zone"
) -> None:
    """Raise the worst zones; cover the most where none is left to raise.

    maximise ``worst`` subject to ``worst <= sum_{i in z} w_i cover_i / sum_{i in z} w_i`` for the
    zones raised, the same sum at least its level for the zones kept,
    ``cover_i <= sum_{j near i} open_j`` and ``0 <= cover_i <= 1``. With no zone to raise, maximise
    ``sum_i w_i cover_i`` (as a share) instead.

    Parameters
    ----------
    model
        The sites with the rules about them.
    part
        Rows with their zones; ``sure`` counts.
    need
        Weight of each zone, ``sum_{i in z} w_i``.
    levels
        Zones to raise and zones to keep; each with a need above 0.
    name
        Begins the names of the rows of the zones raised.
    """
    total = max(float(need.sum()), _HAIR)
    shares: dict[int, Terms] = {}
    every: Terms = []
    numbered = zip(part.near, part.first.tolist(), part.zone.tolist(), strict=True)
    for number, (near, weight, zone) in enumerate(numbered):
        cover = model.lp.add_variable(f"cover_{number}", 0, 1)
        _covered(model, f"covered_{number}", [cover], near)
        shares.setdefault(zone, []).append((cover, weight / float(need[zone])))
        every.append((cover, weight / total))
    for zone, level in levels.kept.items():
        short = level - float(part.sure[zone] / need[zone])
        if short > 0:
            row(model.lp, f"kept_{zone}", shares.get(zone, []), ">", short - _HAIR)
    if not len(levels.raised):
        maximise(model, every)
        return
    worst = model.lp.add_variable("worst", 0, 1)
    for zone in levels.raised:
        less = [(cover, -share) for cover, share in shares.get(zone, [])]
        sure = float(part.sure[zone] / need[zone])
        row(model.lp, f"{name}_{zone}", [(worst, 1.0), *less], "<", sure)
    maximise(model, [(worst, 1.0)])


def cover_all(model: StationModel, near: Iterable[Sequence[int]], *, name: str = "covered") -> None:
    """Cover every row: ``sum_{j near i} open_j >= 1``."""
    for number, sites in enumerate(near):
        row(model.lp, f"{name}_{number}", [(model.open[j], 1.0) for j in sites], ">", 1)


def cover_share(model: StationModel, part: Coverage, needed: float) -> None:
    """Cover rows of a weight together: ``sum_i w_i cover_i >= needed``, ``cover_i`` as above."""
    covers: Terms = []
    for number, sites in enumerate(part.near):
        cover = model.lp.add_variable(f"cover_{number}", 0, 1)
        terms = [(cover, -1.0), *((model.open[j], 1.0) for j in sites)]
        row(model.lp, f"covered_{number}", terms, ">", 0)
        covers.append((cover, float(part.first[number])))
    row(model.lp, "promise", covers, ">", needed)


def cost_least(model: StationModel, site_cost: Floats, charger_cost: Floats | None = None) -> None:
    """Ask for the least cost: minimise ``sum_j f_j open_j + c_j chargers_j``.

    Parameters
    ----------
    model
        The sites with all that must hold.
    site_cost
        ``f_j`` of each site; 1 each asks for the fewest.
    charger_cost
        ``c_j`` of each charger, where the model counts chargers.
    """
    terms = [(variable, -float(site_cost[j])) for j, variable in model.open.items() if site_cost[j]]
    if charger_cost is not None and model.chargers is not None:
        terms += [(count, -float(charger_cost[j])) for j, count in model.chargers.items()]
    maximise(model, terms)


class Ways(NamedTuple):
    """Ways from demand points to sites, sorted by demand point.

    ``gain`` is that of serving all of the demand point there, ``most`` the share of it that may be.
    """

    demand: Ints
    site: Ints
    gain: Floats
    most: Floats


def go_nearest(
    model: StationModel,
    ways: Ways,
    rows: Iterable[int],
    *,
    without: Mapping[int, float] | None = None,
    name: str = "once",
) -> None:
    """Serve each demand point where it gains most.

    maximise ``sum_ij gain_ij x_ij + sum_i without_i y_i`` subject to ``x_ij <= most_ij open_j``
    and ``sum_j x_ij + y_i = 1`` with ``y_i >= 0`` where a demand point may stay without a site,
    else ``y_i = 0``. If ``without`` is left out, all may at a gain of 0:
    ``sum_j x_ij <= 1``.

    Parameters
    ----------
    model
        The sites with the rules about them.
    ways
        Pairs in reach.
    rows
        The demand points to serve.
    without
        What one that may stay without a site gains by that.
    name
        Begins the names of the rows of the demand points.
    """
    sites, gain, most = ways.site.tolist(), ways.gain.tolist(), ways.most.tolist()
    own = dict(groups(ways.demand))
    terms: Terms = []
    for demand in rows:
        once: Terms = []
        if without is not None and demand in without:
            stays = model.lp.add_variable(f"without_{demand}", 0)
            once.append((stays, 1.0))
            terms.append((stays, without[demand]))
        for pair in own.get(demand, []):
            j = sites[pair]
            serve = model.lp.add_variable(f"serve_{demand}_{j}", 0)
            row(
                model.lp, f"link_{demand}_{j}", [(serve, 1.0), (model.open[j], -most[pair])], "<", 0
            )
            once.append((serve, 1.0))
            terms.append((serve, gain[pair]))
        row(model.lp, f"{name}_{demand}", once, "<" if without is None else "=", 1.0)
    maximise(model, terms)


def maximise(model: StationModel, terms: Terms) -> None:
    """Set what to maximise; nothing to gain is a gain of 0 by any site."""
    nothing = [(variable, 0.0) for variable in model.open.values()]
    model.lp.setObjective(linear(terms or nothing))


def _covered(
    model: StationModel, name: str, covers: Iterable[pulp.LpVariable], near: Iterable[int]
) -> None:
    """Add ``sum covers <= sum_{j near} open_j``."""
    terms = [*((cover, 1.0) for cover in covers), *((model.open[j], -1.0) for j in near)]
    row(model.lp, name, terms, "<", 0)
