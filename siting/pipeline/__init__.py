"""From a scenario to a plan: the only room that knows the order of the stages."""
