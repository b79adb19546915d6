"""Small tools of table making: text columns that keep missing values, numbers from tags."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable

TEXT = pd.StringDtype(na_value=np.nan)
"""Text type of every table; the same as pandas 3's ``str``."""

_NUMBER = re.compile(r"\s*(\d+(?:\.\d+)?)\s*$")


def texts(values: Iterable[Any]) -> pd.api.extensions.ExtensionArray:
    """Return values as a text array; None, NaN and blank texts are missing.

    Examples
    --------
    >>> texts(["a", None, " "]).tolist()
    ['a', nan, nan]
    """
    cleaned = [
        value.strip() or None if isinstance(value, str) else None if pd.isna(value) else str(value)
        for value in values
    ]
    return pd.array(cleaned, dtype=TEXT)


def tag_number(value: object) -> float:
    """Return a plain non-negative number of an OSM tag, else NaN.

    Examples
    --------
    >>> tag_number("120"), tag_number("about 50"), tag_number(None)
    (120.0, nan, nan)
    """
    found = _NUMBER.match(value) if isinstance(value, str) else None
    return float(found.group(1)) if found else np.nan
