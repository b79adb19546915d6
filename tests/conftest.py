"""What every test may ask for, and how the suite runs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"

# No test reads or fills the cache of the person who runs it; those of the cache name a folder.
os.environ["SITING_CACHE"] = "off"

# A desk looks for new examples each time; CI says the same of the same code. No clock decides.
settings.register_profile("desk", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("desk"), derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") else "desk")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real extracts and benchmarks beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip("no ../shared beside this checkout: the real extracts lie there")
    return SHARED


def pytest_collection_modifyitems(items):
    """Start the slow tests first, so that no worker is left alone with one at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
