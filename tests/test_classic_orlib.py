"""The classic models on the instances of the OR-Library, with their known optima."""

import pytest

from benchmarks.orlib import CAP, FOLDER, PMED, read_median, read_warehouses
from siting.optimize.classic import Reach, capacitated, p_center, p_median
from siting.optimize.problem.solution import Status

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="the OR-Library's files are not beside the project"
)

# Elloumi, Labbé and Pochet, "A new formulation and resolution method for the p-center
# problem", INFORMS Journal on Computing 16 (2004), table 2.
CENTER = {"pmed1": 127, "pmed2": 98, "pmed3": 93, "pmed4": 74, "pmed5": 48}


@pytest.mark.parametrize("name", PMED[:5])
def test_the_p_median_is_hit_and_proven(name):
    instance = read_median(name)
    choice = p_median(Reach.of(instance.distance), instance.p)
    assert choice.value == choice.bound == instance.optimum
    assert choice.status is Status.OPTIMAL
    assert len(choice.open_id) == instance.p


@pytest.mark.parametrize("name", CENTER)
def test_the_p_center_is_hit_and_proven(name):
    instance = read_median(name)
    choice = p_center(Reach.of(instance.distance), instance.p)
    assert choice.value == choice.bound == CENTER[name]


@pytest.mark.parametrize("name", CAP[:4])
def test_the_capacitated_optimum_is_hit_and_proven(name):
    instance = read_warehouses(name)
    reach = Reach.of(instance.cost, weight=instance.demand)
    choice = capacitated(reach, capacity=instance.capacity, fixed_cost=instance.fixed_cost)
    assert choice.value == pytest.approx(instance.optimum, abs=1e-2)
    assert choice.status is Status.OPTIMAL
    assert (choice.share.T @ instance.demand <= instance.capacity * (1 + 1e-6)).all()
