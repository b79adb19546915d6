"""Plans side by side, for people: a page of tables, a workbook, a map of differences."""

from siting.outputs.contrast.atlas import make_contrast_map, make_share_map
from siting.outputs.contrast.book import write_contrast_book
from siting.outputs.contrast.charts import number_text
from siting.outputs.contrast.front import draw_front
from siting.outputs.contrast.page import make_contrast_page
from siting.outputs.contrast.text import Grid, contrast_grids, contrast_warnings
from siting.outputs.contrast.tornado import draw_tornado

__all__ = [
    "Grid",
    "contrast_grids",
    "contrast_warnings",
    "draw_front",
    "draw_tornado",
    "make_contrast_map",
    "make_contrast_page",
    "make_share_map",
    "number_text",
    "write_contrast_book",
]
