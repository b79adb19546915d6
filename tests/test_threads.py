"""One and two threads give the same plan to the last byte, each in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import json, sys
from test_solve import town
from siting.optimize.search import improve, solve
from siting.scenario import Solver

solve._ROUNDS, improve._SPOTS, improve._FREE_SITES = (2, 40), 2, 12
told = []
for pairs in (0, 20_000):
    solve.EXACT_PAIRS = pairs
    problem = town(demand=60, sites=30, stations=8, chargers=30)
    solver = Solver(threads=int(sys.argv[1]), gap_share=1e-4, time_limit_s=600)
    made = solve.solve_problem(problem, solver=solver, seed=7)
    served = made.assignments.to_csv(lineterminator="\\n")
    told.append([made.chargers, made.swap_ids, repr(made.outcome), served, repr(made.notes)])
print(json.dumps(told))
"""


def test_one_and_two_threads_agree_to_the_last_byte():
    here = Path(__file__).parent
    runs = [
        subprocess.run(
            [sys.executable, "-c", SCRIPT, str(threads)],
            cwd=here, capture_output=True, text=True, encoding="utf-8", check=True,
        ).stdout
        for threads in (1, 2)
    ]  # fmt: skip
    assert runs[0] == runs[1]
    assert all(chargers for chargers, *_ in json.loads(runs[0]))
