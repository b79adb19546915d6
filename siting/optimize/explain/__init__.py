"""Why no plan exists, and which tried changes would make one possible.

An error that says only "infeasible" helps nobody. :func:`explaining` wraps the steps that may find
a scenario impossible and gives their error an explanation: the rules that clash, and the smallest
changes, each tried before it is offered.
"""

from siting.optimize.explain.explanation import explain, explaining
from siting.optimize.rules.rulings import Build, Rulings

__all__ = ["Build", "Rulings", "explain", "explaining"]
