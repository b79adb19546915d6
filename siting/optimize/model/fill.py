"""From a set of stations to a plan: whole chargers, who is served where, and its value.

Every set of stations is valued here, at full resolution, and never by a model's word.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from siting.arrays import sums
from siting.errors import NoAnswerError
from siting.optimize.model.assign import Sizes, assign
from siting.optimize.model.stations import size_stations
from siting.optimize.solver.run_log import Run

if TYPE_CHECKING:
    from siting.arrays import Floats, Ints
    from siting.notes import Note
    from siting.optimize.problem.problem import SitingProblem
    from siting.optimize.solver.solver import Solver

_TINY = 1e-9


@dataclass(frozen=True, eq=False)
class Filled:
    """A legal plan: open sites (sorted), value, energy by pair (kWh/day) and chargers."""

    sites: Ints
    value: float
    serve: Floats
    chargers: Ints


def filled(run: Run, sites: Ints, chargers: Ints | None = None) -> Filled:
    """Size a set of stations, all used alike, and serve the demand from them.

    Where the chargers bind, flows and sizes come from one linear program first, and the flows
    anew once the sizes are whole. Chargers that are given stay if sizing anew would lose.
    """
    problem = run.problem
    given = None if chargers is None else _served(run, sites, chargers)
    loose = assign(problem, sites, Sizes.of(problem, sites), run.finishing())
    load = sums(problem.pair_site, loose.serve_kwh, len(problem.site_id))[sites]
    sized = size_stations(problem, sites, load, run.finishing())
    if loose.exact and bool((load <= problem.kwh_day_per_charger[sites] * sized).all()):
        fair = Filled(sites, problem.value(sites, loose.serve_kwh), loose.serve_kwh, sized)
    else:
        fair = _served(run, sites, sized)
    return given if given is not None and given.value > fair.value + _TINY else fair


def try_filled(run: Run, sites: Ints, stage: str, chargers: Ints | None = None) -> Filled | None:
    """Do as :func:`filled`; None, and a note on the stage, where the clock left no answer."""
    try:
        return filled(run, sites, chargers)
    except NoAnswerError:
        run.cut(stage)
        return None


def _served(run: Run, sites: Ints, chargers: Ints) -> Filled:
    """Serve the demand from stations of given size."""
    problem = run.problem
    done = assign(problem, sites, Sizes(chargers, chargers, int(chargers.sum())), run.finishing())
    if not done.exact:
        run.cut("assign")
    return Filled(sites, problem.value(sites, done.serve_kwh), done.serve_kwh, chargers)


def better(best: Filled, found: Filled | None) -> Filled:
    """Return the plan of more value; the first in a tie."""
    return found if found is not None and found.value > best.value else best


def fill_stations(
    problem: SitingProblem, sites: Ints, solver: Solver
) -> tuple[float, Floats, Ints, tuple[Note, ...]]:
    """Size given stations and serve the demand from them, the way every plan of ours is.

    Parameters
    ----------
    problem
        The problem at full resolution.
    sites
        Positions of the open sites, sorted; a legal set.
    solver
        The solver.

    Returns
    -------
    float, array, array, tuple
        The value, energy by pair (kWh/day), chargers of each site, and a note if the
        clock ended the work.
    """
    run = Run(problem, solver, gap_share=0.0, limit_s=solver.left_s)
    done = filled(run, sites)
    return done.value, done.serve, done.chargers, tuple(run.notes)
