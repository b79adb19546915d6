from __future__ import annotations

import pytest

from siting.errors import InputMissingError
from siting.shipped import shipped_name, shipped_path


def test_a_shipped_file_is_found_and_named_back():
    path = shipped_path("yubei/units.csv")
    assert path.is_file()
    assert shipped_name(path) == "yubei/units.csv"
    assert shipped_name(path.parent / ".." / "yubei" / "units.csv") == "yubei/units.csv"


def test_a_folder_counts_too():
    assert shipped_path("sample").is_dir()


def test_other_files_have_no_shipped_name(tmp_path):
    assert shipped_name(tmp_path / "units.csv") is None


def test_what_is_not_shipped_is_named():
    with pytest.raises(InputMissingError, match=r"yubei/nowhere\.csv"):
        shipped_path("yubei/nowhere.csv")
