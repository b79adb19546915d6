"""The planning report: the chapters of a 充换电基础设施建设规划, filled from a plan."""

from siting.outputs.report.chapters import make_report
from siting.outputs.report.write import write_docx, write_markdown

__all__ = ["make_report", "write_docx", "write_markdown"]
