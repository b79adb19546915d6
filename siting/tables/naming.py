"""Names of zones for a note, in each language they are known in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

Name = str | dict[str, str]
"""A name as it stands, or by language (``zh``, ``en``) where it has one in both."""


def zone_names(zones: pd.DataFrame) -> list[Name]:
    """Return the names of some zones for a note, which is read in either language.

    Parameters
    ----------
    zones
        ``name`` and ``name_en`` of ``tables.ZONES``; the English one may be missing.

    Returns
    -------
    list
        In the order of the rows.

    Examples
    --------
    >>> import pandas as pd
    >>> zones = pd.DataFrame({"name": ["人和", "Vaduz"], "name_en": ["Renhe", None]})
    >>> zone_names(zones)
    [{'zh': '人和', 'en': 'Renhe'}, 'Vaduz']
    """
    english = zones["name_en"].fillna(zones["name"])
    return [
        str(own) if own == other else {"zh": str(own), "en": str(other)}
        for own, other in zip(zones["name"], english, strict=True)
    ]
