"""From a problem to a good plan with its bound, and from a plan to a better or another one."""
