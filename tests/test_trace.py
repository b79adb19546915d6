"""The page that traces one site by hand is worked out again from the sample."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
spec = importlib.util.spec_from_file_location("trace_page", ROOT / "docs" / "trace.py")
trace = importlib.util.module_from_spec(spec)
spec.loader.exec_module(trace)


@pytest.mark.slow
def test_the_page_is_what_the_tables_say():
    stands = trace.PAGE.read_text(encoding="utf-8")
    (line,) = [one for one in stands.splitlines() if one.startswith(trace.PLAN_MARK)]
    line = line.removesuffix(" This sentence is from a run and not worked out again by the test.")
    made = trace.page(*trace.prepared(), trace.SITE, line)
    assert stands == made, "run: python docs/trace.py RUN, with the folder of a plan of the sample"
