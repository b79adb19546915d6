"""Where an extract has objects of one sort, to hold a list of the same sort against."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import osmium

from siting.errors import BrokenFileError

if TYPE_CHECKING:
    from pathlib import Path

    from siting.arrays import Floats


def landmarks(path: Path, key: str, value: str) -> Floats:
    """Return the places of the nodes and ways of an extract that have a tag.

    Parameters
    ----------
    path
        An extract.
    key, value
        The tag, e.g. ``power``, ``substation``.

    Returns
    -------
    array of shape (n, 2)
        Lon and lat in WGS-84; of a way the middle of its nodes.

    Raises
    ------
    BrokenFileError
        If the extract cannot be read.
    """
    found: list[Floats] = []
    try:
        objects: Any = osmium.FileProcessor(str(path)).with_locations()
        for one in objects.with_filter(osmium.filter.TagFilter((key, value))):
            if one.is_node():
                found.append(np.array([one.lon, one.lat]))
            elif one.is_way():
                line = [(node.lon, node.lat) for node in one.nodes if node.location.valid()]
                found += [np.mean(line, axis=0)] if line else []
    except (RuntimeError, ValueError) as error:
        raise BrokenFileError(
            f"'{path.name}' cannot be read: {error}",
            where=str(path),
            cure="it may be cut short: download it again",
        ) from error
    return np.array(found).reshape(-1, 2)
