"""The one way to the solvers, and the clock of a run."""
