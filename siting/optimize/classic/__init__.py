"""The classic facility-location models, each a plain function of a sparse matrix with ids.

Nothing else of the planner is needed: make a :class:`Reach` of distances, call a model, get a
:class:`Choice` that says which sites open and what is proven about them.

The objectives of a plan (:mod:`siting.optimize.objectives`) are built on the same coverage,
formulations and searches, under every rule of the scenario.

>>> reach = Reach.from_pairs(["x", "x", "y"], ["a", "b", "b"], [0, 4, 2])
>>> p_median(reach, 1)
Choice(1 sites, value 6, bound 6, optimal)
"""

from siting.optimize.classic.max_cover import max_cover, max_min
from siting.optimize.classic.p_center import p_center
from siting.optimize.classic.p_median import SharedChoice, capacitated, p_median
from siting.optimize.classic.reach import Choice, Reach
from siting.optimize.classic.set_cover import min_cost_cover, set_cover

__all__ = [
    "Choice",
    "Reach",
    "SharedChoice",
    "capacitated",
    "max_cover",
    "max_min",
    "min_cost_cover",
    "p_center",
    "p_median",
    "set_cover",
]
