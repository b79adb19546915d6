"""GCJ-02, written here on its own so that the maker needs nothing of the planner it tests."""

import numpy as np

_AXIS_M, _FLAT = 6378245.0, 0.00669342162296594323  # Krasovsky 1940


def to_gcj02(lonlat: np.ndarray) -> np.ndarray:
    """Shift WGS-84 pairs, shape (n, 2), as public maps in China do (the published formula)."""
    x, y = lonlat[:, 0] - 105.0, lonlat[:, 1] - 35.0
    ripple = 20.0 * np.sin(6.0 * np.pi * x) + 20.0 * np.sin(2.0 * np.pi * x)
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x))
    east += (ripple + _swell(x, 20.0, 40.0) + _tide(x, 150.0, 300.0)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x))
    north += (ripple + _swell(y, 20.0, 40.0) + _tide(y, 160.0, 320.0)) * 2.0 / 3.0
    lat = np.radians(lonlat[:, 1])
    bend = 1.0 - _FLAT * np.sin(lat) ** 2
    d_lat = np.degrees(north * bend**1.5 / (_AXIS_M * (1.0 - _FLAT)))
    d_lon = np.degrees(east * np.sqrt(bend) / (_AXIS_M * np.cos(lat)))
    return lonlat + np.column_stack([d_lon, d_lat])


def _swell(v: np.ndarray, short: float, long: float) -> np.ndarray:
    """Sum the two middle waves of the formula."""
    return short * np.sin(np.pi * v) + long * np.sin(np.pi * v / 3.0)


def _tide(v: np.ndarray, short: float, long: float) -> np.ndarray:
    """Sum the two longest waves of the formula."""
    return short * np.sin(np.pi * v / 12.0) + long * np.sin(np.pi * v / 30.0)
