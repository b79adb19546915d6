"""Time the sample's stages, and ours beside rivals in the same run; write the page of it.

Run it with ``make bench``. A rival gets the same input, and its answer must be ours.
"""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

import psutil

from benchmarks.classic import classic_section
from benchmarks.growth import draw_growth
from benchmarks.joint import joint_section
from benchmarks.reach import reach_section
from benchmarks.stages import run_sample, stages_section

_PAGE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"
_PICTURE = _PAGE.with_name("pictures") / "benchmarks-growth.png"
_LIBRARIES = ("numpy", "scipy", "networkx", "highspy", "pulp", "osmium", "osmnx", "geopandas")


def main() -> None:
    """Run every benchmark and write ``docs/benchmarks.md``."""
    sample = run_sample()
    sections = [
        _head(),
        stages_section(sample),
        joint_section(lambda results: draw_growth(results, _PICTURE)),
        reach_section(sample.prepared),
        classic_section(),
    ]
    text = "\n".join(sections)
    _PAGE.write_text(text, encoding="utf-8", newline="\n")
    print(text)


def _head() -> str:
    memory_gb = psutil.virtual_memory().total / 1024**3
    libraries = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    return (
        "<!-- Written by `make bench`. -->\n\n# Benchmarks\n\n"
        "One run on one machine. Seconds of the stages are wall-clock; those of the models are "
        "CPU seconds of one thread, and move by a fifth when neighbours are busy. Ratios travel "
        "better than seconds.\n\n"
        f"- Machine: {platform.machine()}, {os.cpu_count()} cores, {memory_gb:.0f} GB, "
        f"{platform.system()}\n"
        f"- Python {platform.python_version()}; {libraries}\n"
    )


if __name__ == "__main__":
    main()
