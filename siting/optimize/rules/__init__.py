"""The rules of a scenario as linear rows, family by family."""
