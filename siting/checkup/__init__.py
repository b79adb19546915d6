"""What a plan would rest on, counted and graded before any solving (``siting check``)."""

from siting.checkup.checkup import make_checkup
from siting.checkup.findings import Checkup

__all__ = ["Checkup", "make_checkup"]
