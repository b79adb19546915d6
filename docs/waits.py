"""Measure how far Kingman's factor is off, by simulating queues: ``python docs/waits.py``.

Prints the table of ``docs/sizing.md``. Cars come at random (Poisson) to ``c`` guns of their own and
leave in the order of their turn; the time of a session is gamma with a given coefficient of
variation, or always the same.
"""

from __future__ import annotations

import heapq
import sys

import numpy as np

from siting.analysis.station.queues import mean_wait_h, wait_over_share

GUNS, BUSY, CVS = (2, 6, 20), (0.6, 0.8, 0.9), (0.0, 0.5, 1.5)
ARRIVALS, SEEDS, SESSION_H = 600_000, range(1, 11), 2 / 3
_LATE_H = 1 / 6
_WARM_UP = 0.05


def simulated(
    guns: int, busy: float, cv: float, *, arrivals: int, seed: int
) -> tuple[float, float]:
    """Return the mean wait (h) and the share that waits more than 10 minutes, by simulation."""
    rng = np.random.default_rng(seed)
    gaps = rng.exponential(SESSION_H / (busy * guns), arrivals)
    shape = 1 / cv**2 if cv else 0.0
    stays = rng.gamma(shape, SESSION_H / shape, arrivals) if cv else np.full(arrivals, SESSION_H)
    free = [0.0] * guns
    waits = np.empty(arrivals)
    now = 0.0
    for car, (gap, stay) in enumerate(zip(gaps.tolist(), stays.tolist(), strict=True)):
        now += gap
        start = max(now, free[0])
        waits[car] = start - now
        heapq.heapreplace(free, start + stay)
    kept = waits[int(_WARM_UP * arrivals) :]
    return float(kept.mean()), float((kept > _LATE_H).mean())


def computed(guns: int, busy: float, cv: float) -> tuple[float, float]:
    """Return the same by the formulas of the planner."""
    lam, mu = busy * guns / SESSION_H, 1 / SESSION_H
    return (
        float(mean_wait_h(guns, lam, mu, cv)),
        float(wait_over_share(guns, lam, mu, _LATE_H, cv)),
    )


def measured(guns: int, busy: float, cv: float) -> tuple[float, float, float]:
    """Return the mean wait, its standard error as a share of it, and the share over 10 minutes."""
    runs = [simulated(guns, busy, cv, arrivals=ARRIVALS, seed=seed) for seed in SEEDS]
    waits, late = np.array(runs).T
    error = waits.std(ddof=1) / np.sqrt(len(SEEDS)) / waits.mean()
    return float(waits.mean()), float(error), float(late.mean())


def row(guns: int, busy: float, cv: float) -> str:
    """Return a row of the table of the page."""
    wait, error, late = measured(guns, busy, cv)
    told, told_late = computed(guns, busy, cv)
    return (
        f"| {cv:g} | {guns} | {busy:.0%} | {60 * wait:.2f} | {error:.1%} | {60 * told:.2f} "
        f"| {told / wait - 1:+.1%} "
        f"| {late:.1%} | {told_late:.1%} | {100 * (told_late - late):+.1f} |"
    )


if __name__ == "__main__":
    for cv in CVS:
        for guns in GUNS:
            for busy in BUSY:
                sys.stdout.write(row(guns, busy, cv) + "\n")
