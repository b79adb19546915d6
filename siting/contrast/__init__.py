"""Plans side by side: figures, sites that change, zones and departments.

Pure tables made of finished plans; the first plan is what the others are held against.
"""

from siting.contrast.areas import by_department, by_zone
from siting.contrast.changes import MOVED_M, changes, count_changes
from siting.contrast.figures import Line, figure_lines, missing_figures
from siting.contrast.inputs import other_inputs
from siting.contrast.whole import Contrast, contrast

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
