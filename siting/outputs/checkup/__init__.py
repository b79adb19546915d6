"""The report of ``siting check``: the same sections for the terminal and for a page."""

from siting.outputs.checkup.page import make_page
from siting.outputs.checkup.sections import Section, make_sections, table_section

__all__ = ["Section", "make_page", "make_sections", "table_section"]
