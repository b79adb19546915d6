"""How the joint model's time and memory grow with its size, as a picture."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.joint import Result


def draw_growth(results: dict[tuple[int, int], list[Result]], path: Path) -> None:
    """Draw the medians over the seeds against the pairs in reach, both on logarithmic axes.

    Parameters
    ----------
    results
        By size: demand points, sites.
    path
        The PNG to make.
    """
    pairs = [statistics.median(one.pairs for one in runs) for runs in results.values()]
    series = {
        "CPU seconds": [statistics.median(one.cpu_s for one in runs) for runs in results.values()],
        "first plan, CPU seconds": [
            statistics.median(one.first_plan_s for one in runs) for runs in results.values()
        ],
        "peak memory, GB": [
            statistics.median(one.peak_mb for one in runs) / 1024 for runs in results.values()
        ],
    }
    figure = Figure(figsize=(7, 4.2), layout="constrained")
    axes = figure.subplots()
    for (label, values), marker in zip(series.items(), "os^", strict=True):
        axes.loglog(pairs, values, marker=marker, label=label)
    for (demand, sites), x, y in zip(results, pairs, series["CPU seconds"], strict=True):
        axes.annotate(
            f"{demand // 1000}k x {sites // 1000}k", (x, y), fontsize=8, ha="center",
            textcoords="offset points", xytext=(0, 8), color="#20242c",
        )  # fmt: skip
    axes.set_ylim(top=6 * max(series["CPU seconds"]))
    axes.set_xlabel("pairs in reach")
    axes.grid(visible=True, which="both", linewidth=0.3)
    axes.legend(fontsize=8, loc="upper left")
    figure.savefig(path, dpi=130, metadata={"Software": None})
