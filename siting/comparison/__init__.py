"""Plans side by side: figures, sites that change, zones and departments.

Pure tables made of finished plans; the first plan is what the others are held against.
"""

from siting.comparison.comparison import (
    MOVED_M,
    Contrast,
    by_department,
    by_zone,
    changes,
    contrast,
    count_changes,
    other_inputs,
)
from siting.comparison.figure_lines import Line, figure_lines, missing_figures

__all__ = [
    "MOVED_M",
    "Contrast",
    "Line",
    "by_department",
    "by_zone",
    "changes",
    "contrast",
    "count_changes",
    "figure_lines",
    "missing_figures",
    "other_inputs",
]
