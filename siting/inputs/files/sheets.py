"""Tables from files: CSV in either encoding of the trade, or a workbook, all as text."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

import pandas as pd

from siting import files
from siting.errors import TableError
from siting.inputs.files.door import broken
from siting.inputs.files.vectors import require_file

if TYPE_CHECKING:
    from pathlib import Path


TABLE_SUFFIXES = (".csv", ".txt", ".tsv", ".xlsx", ".xlsm")
MISSING = frozenset(
    {"", "-", "--", "—", "/", "na", "n/a", "nan", "null", "none", "未知", "不详", "无数据"}
)
"""What people write into a cell whose value they do not know; in lower case."""

_WORKBOOKS = (".xlsx", ".xlsm")
_ENCODINGS = ("utf-8-sig", "gb18030")
_DELIMITERS = (",", ";", "\t")


def read_table(path: Path, sheet: str | None = None) -> pd.DataFrame:
    """Read a CSV (UTF-8 or GB 18030, comma, semicolon or tab) or a sheet, all as text.

    Parameters
    ----------
    path
        The file.
    sheet
        Sheet of a workbook; the first if None.

    Raises
    ------
    BrokenFileError
        If the file is in neither encoding or is no workbook.
    TableError
        If openpyxl is missing, the sheet is not there, or there is no header.
    """
    if path.suffix.lower() in _WORKBOOKS:
        frame = _workbook(path, sheet)
    else:
        text = _text(path)
        header = text.partition("\n")[0]
        delimiter = max(_DELIMITERS, key=header.count)
        try:
            with warnings.catch_warnings():
                # pandas would drop the cells of a row that is longer than the header
                warnings.simplefilter("error", pd.errors.ParserWarning)
                frame = pd.read_csv(
                    io.StringIO(text), sep=delimiter, dtype=str, keep_default_na=False,
                    skipinitialspace=True, index_col=False,
                    skip_blank_lines=False,
                )  # fmt: skip
        except pd.errors.EmptyDataError as error:
            raise TableError(
                f"'{path.name}' is empty", where=str(path), cure="it wants a header and rows"
            ) from error
        except (pd.errors.ParserError, pd.errors.ParserWarning, ValueError) as error:
            raise broken(path, error) from error
    frame.columns = pd.Index([str(column).strip() for column in frame.columns])
    filled = frame.fillna("").map(lambda cell: str(cell).strip())
    return filled[(filled != "").any(axis=1)]


def _text(path: Path) -> str:
    data = files.read_bytes(path)
    for encoding in _ENCODINGS:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise broken(path, ValueError(f"it is text in none of {', '.join(_ENCODINGS)}"))


def _workbook(path: Path, sheet: str | None) -> pd.DataFrame:
    try:
        sheets = pd.read_excel(path, sheet_name=None, dtype=str, engine="openpyxl")
    except Exception as error:
        raise broken(path, error) from error
    wanted = sheet or next(iter(sheets))
    if wanted not in sheets:
        raise TableError(
            f"'{path.name}' has no sheet '{wanted}'",
            where=str(path),
            cure=f"its sheets are: {', '.join(map(str, sheets))}",
        )
    return sheets[wanted]


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
