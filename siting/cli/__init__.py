"""The verbs: parse, call one function, print, exit code."""

from siting.cli.main import main

__all__ = ["main"]
