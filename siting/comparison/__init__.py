"""Plans side by side: figures, sites that change, zones and departments.

Pure tables made of finished plans; the first plan is what the others are held against.
"""

from siting.comparison.changes import MOVED_M, changes, count_changes
from siting.comparison.comparison import Contrast, by_department, by_zone, contrast, other_inputs
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
