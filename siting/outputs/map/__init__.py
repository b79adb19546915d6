"""The web map: ``make_map(plan)`` gives one page of HTML that needs nothing but itself."""

from siting.outputs.map.map_page import make_map

__all__ = ["make_map"]
