"""The objectives beside the joint one: each chooses the stations by its own model under all rules.

Every model has the station total, the room for the charger total, spacing cliques, zone floors and
the rules of the scenario (:func:`siting.optimize.model.selection.station_rules`), so the objectives
differ in what they ask for and in nothing else. Chargers and service then follow as in any plan.
"""

from siting.optimize.objectives.choose import plan_by_objective
from siting.optimize.objectives.measure import goal_outcome, goal_value

__all__ = ["goal_outcome", "goal_value", "plan_by_objective"]
