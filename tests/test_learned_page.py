"""The page on real stations says what the code makes of them."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
spec = importlib.util.spec_from_file_location("learned_page", ROOT / "docs" / "learned.py")
page = importlib.util.module_from_spec(spec)
spec.loader.exec_module(page)


def test_the_figures_of_the_page_are_those_of_the_stations():
    if not (page.FOLDER / "SZ_districts.shp").is_file():
        pytest.skip("the station lists of Shenzhen are not part of the project")
    text = page.PAGE.read_text(encoding="utf-8")
    for report in page.measured(page.FOLDER).values():
        for told in (
            f"{report['auc']:.3f} ± {report['auc_sd']:.3f}",
            f"{report['lift']:.2f} ± {report['lift_sd']:.2f}",
            f"{report['calibration_error']:.3f}",
            f"{report['stations']}",
        ):
            assert told in text, "run: python docs/learned.py"
