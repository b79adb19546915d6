"""The door to the solvers, and the clock of a run."""
