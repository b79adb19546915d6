"""The wheel as a stranger gets it: an empty environment, another folder, no checkout."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.slow


def run(*command, cwd):
    """Run a program with nothing of this checkout or environment in sight."""
    hidden = ("PYTHON", "VIRTUAL_ENV", "PYTEST", "COV_")
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={key: value for key, value in os.environ.items() if not key.startswith(hidden)},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    (path,) = folder.glob("*.whl")
    return path


def test_the_wheel_carries_the_data_and_nothing_of_the_workshop(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        licence = [name for name in names if name.endswith("licenses/LICENSE")]
        assert licence
        assert archive.read(licence[0]) == (ROOT / "LICENSE").read_bytes()
    assert "siting/py.typed" in names
    shipped = {
        path.relative_to(ROOT / "data").as_posix()
        for path in (ROOT / "data").rglob("*")
        if path.is_file() and path.suffix not in {".py", ".pyc"}
    }
    carried = {name.removeprefix("siting/_data/") for name in names if "/_data/" in name}
    assert carried == shipped
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"siting", wheel.name.removesuffix("-py3-none-any.whl") + ".dist-info"}
    assert wheel.stat().st_size < 10e6


def test_in_an_empty_environment_it_plans_the_sample_from_another_folder(wheel, tmp_path):
    home = tmp_path / "environment"
    venv.create(home, with_pip=True)
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    install = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    lock = ROOT / "requirements.lock"
    run(*install, "--require-hashes", "--only-binary", ":all:", "-r", lock, cwd=elsewhere)
    run(*install, "--no-deps", wheel, cwd=elsewhere)
    run(python, "-m", "pip", "check", cwd=elsewhere)
    where = run(python, "-c", "import siting; print(siting.__file__)", cwd=elsewhere)
    assert Path(where.strip()).is_relative_to(home)

    run(python.parent / "siting", "plan", cwd=elsewhere)

    folder = elsewhere / "maps" / "yubei-2025"
    plan = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    wanted = {"stations": 550, "chargers": 12_000, "swap_stations": 25}
    assert {key: plan["totals"][key] for key in wanted} == wanted
    assert plan["gap_share"] <= 0.01
    with (folder / "sites.csv").open(encoding="utf-8-sig", newline="") as file:
        sites = list(csv.DictReader(file))
    assert len(sites) == 550
    assert sum(int(site["chargers"]) for site in sites) == 12_000
    assert (folder / "map.html").stat().st_size > 10_000
    assert str(ROOT) not in (folder / "plan.json").read_text(encoding="utf-8")

    # Once more from the checkout: another process, another environment, the same bytes.
    again = tmp_path / "again"
    again.mkdir()
    program = "from siting.cli import main; main()"
    run(sys.executable, "-c", program, "plan", cwd=again)
    for name in ("plan.json", "sites.csv", "swap_sites.csv", "map.html"):
        twin = again / "maps" / "yubei-2025" / name
        assert twin.read_bytes() == (folder / name).read_bytes(), name
