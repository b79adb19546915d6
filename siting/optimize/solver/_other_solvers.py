"""Further solvers by name, through PuLP: SCIP, Gurobi, CPLEX, COPT and Xpress if installed.

None comes with the project. Each is met through its Python package or its command, whichever
is there, and gets the time limit, the gap and the threads; the seed stays its own.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pulp

from siting.errors import SolverMissingError

if TYPE_CHECKING:
    from collections.abc import Mapping

_INTERFACES: Mapping[str, tuple[str, ...]] = {
    "scip": ("SCIP_PY", "SCIP_CMD"),
    "gurobi": ("GUROBI", "GUROBI_CMD"),
    "cplex": ("CPLEX_PY", "CPLEX_CMD"),
    "copt": ("COPT", "COPT_CMD"),
    "xpress": ("XPRESS_PY", "XPRESS"),
}
_PACKAGES = {
    "scip": "pyscipopt",
    "gurobi": "gurobipy",
    "cplex": "cplex",
    "copt": "coptpy",
    "xpress": "xpress",
}
_AT_THE_GAP = "gaplimit"


def interfaces(name: str) -> tuple[str, ...]:
    """Return PuLP's interfaces to a solver, the preferred one first."""
    return _INTERFACES[name]


def interface_of(name: str) -> str:
    """Return PuLP's name of the interface that is installed here.

    Raises
    ------
    SolverMissingError
        If neither the package nor the command of the solver is there.
    """
    for interface in interfaces(name):
        if pulp.getSolver(interface, msg=False).available():
            return interface
    raise SolverMissingError(
        f"the solver '{name}' is not installed",
        where="solver.name",
        cure=f"install it, e.g. pip install {_PACKAGES[name]} (some want a licence), or leave "
        'solver.name out to use "highs"',
    )


def run_named(
    lp: pulp.LpProblem, name: str, *, limit_s: float, gap_share: float, threads: int
) -> tuple[int, bool, float]:
    """Solve a maximisation and return ``sol_status``, whether it ended by itself, and a bound.

    The bound is read where the interface shows one, else it is infinite: plans are then proven
    by the Lagrangian bound alone.
    """
    start = time.perf_counter()
    settings = {"msg": False, "timeLimit": limit_s, "gapRel": gap_share}
    if name != "scip":  # SCIP runs on one thread
        settings["threads"] = threads
    lp.solve(pulp.getSolver(interface_of(name), **settings))
    in_time = time.perf_counter() - start <= limit_s
    ended = lp.sol_status == pulp.LpSolutionOptimal or _ended_at_the_gap(lp)
    return lp.sol_status, ended and in_time, _bound(lp)


def _ended_at_the_gap(lp: pulp.LpProblem) -> bool:
    """Whether SCIP stopped for the gap; PuLP calls that a mere feasible answer."""
    tell = getattr(lp.solverModel, "getStatus", None)
    return callable(tell) and tell() == _AT_THE_GAP


def _bound(lp: pulp.LpProblem) -> float:
    model = lp.solverModel
    if hasattr(model, "getDualbound"):
        return float(model.getDualbound())
    if hasattr(model, "ObjBound") and lp.isMIP():
        return float(model.ObjBound)
    return float("inf")
