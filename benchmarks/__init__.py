"""Timings of the stages, beside rivals; run with ``make bench``."""
