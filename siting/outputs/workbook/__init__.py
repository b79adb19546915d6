"""The workbook of a plan: every table with real numbers, totals as formulas."""

from siting.outputs.workbook.book import write_workbook

__all__ = ["write_workbook"]
