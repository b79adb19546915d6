"""Reading the tables of rules: site kinds and site rules, shipped or the planner's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from siting.errors import TableError
from siting.inputs.vectors import require_file

if TYPE_CHECKING:
    from pathlib import Path


def read_rule_table(path: Path, *, key: str) -> pd.DataFrame:
    """Read a table of rules as it stands; what its rows must hold is checked by its stage.

    Parameters
    ----------
    path
        CSV in UTF-8, with or without a byte-order mark.
    key
        Key of the scenario that names the file, for the message.

    Raises
    ------
    InputMissingError
        If the file is not there.
    TableError
        If it is no CSV in UTF-8.
    """
    require_file(path, key)
    try:
        return pd.read_csv(path, encoding="utf-8-sig")
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise TableError(
            f"'{path.name}' is not a CSV table in UTF-8: {error}",
            where=f"{key} = {path.name}",
            cure="save it as 'CSV UTF-8'; the shipped one in data/ shows the columns",
        ) from error
