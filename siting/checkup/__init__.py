"""What a plan would rest on, counted and graded before any solving (``siting check``)."""

from siting.checkup.checkup import make_checkup

__all__ = ["make_checkup"]
