"""The blocks of the scenario for what a plan is made under, and who gets a sheet of it."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from siting import files
from siting.errors import BrokenFileError, InputMissingError
from siting.scenario._block import Block, IsPath, Names
from siting.shipped import SHIPPED_PREFIX, shipped_path


class Policy(Block):
    """The document a plan is made under; reports and sheets say what stands here, and no more."""

    basis_zh: str = ""
    """The document and what it asks for, in Chinese; left out, the report leaves a gap to fill."""
    basis_en: str = ""
    """The same in English."""
    asks_zh: Names = ()
    """Its requirements, a sentence each, in Chinese."""
    asks_en: Names = ()
    """The same in English."""
    grid_company_zh: str = ""
    """Name of the grid company on its sheet, in Chinese; left out, 供电公司."""
    grid_company_en: str = ""
    """The same in English."""


def _as_list(value: Any) -> Any:  # noqa: ANN401  # whatever the file holds
    """Take the cells of a table for a list: ``a|b``."""
    return tuple(filter(None, value.split("|"))) if isinstance(value, str) else value


Parts = Annotated[Names, BeforeValidator(_as_list)]


class HandoutBody(Block):
    """Somebody who gets a sheet of the plan."""

    body: str
    """Its key, e.g. "transport"."""
    name_zh: str
    """Its name in Chinese."""
    name_en: str = ""
    """Its name in English."""
    role: str = ""
    """What it has to do with the policy, e.g. "lead14"."""
    informed: Parts = ()
    """Kinds of site it sees beside those it is proposed to own; "*" is all."""
    also: Parts = ()
    """swap, hydrogen, risk: what it sees besides."""
    columns: Parts = ("zone_name", "state", "chargers")
    """Columns of its sheet; docs/handouts.md lists them."""
    restricted: Literal["yes", "no"] = "no"
    """Whether its sheet must not be passed on: data of the grid."""
    question_zh: str = ""
    """What its readers want to know, in Chinese."""
    question_en: str = ""
    """The same in English."""


def _read_bodies(value: Any) -> Any:  # noqa: ANN401  # whatever the file holds
    """Read the table of bodies where a path stands.

    Raises
    ------
    ValueError
        If it is no CSV table in UTF-8, or has no rows.
    """
    if not isinstance(value, str):
        return value
    shipped = value.startswith(SHIPPED_PREFIX)
    path = shipped_path(value.removeprefix(SHIPPED_PREFIX)) if shipped else Path(value)
    if not files.is_file(path):
        raise InputMissingError(
            f"no such file: {path.name}",
            where=f"handouts.bodies: {path}",
            cure="check the path; data/handout_bodies.csv shows the columns",
        )
    try:
        rows = list(csv.DictReader(files.read_text(path, where="handouts.bodies").splitlines()))
    except (BrokenFileError, csv.Error) as error:
        raise ValueError(f"'{path.name}' is no CSV table in UTF-8: {error}") from error
    if not rows:
        raise ValueError(f"'{path.name}' names nobody: it has no row below its header")
    known = HandoutBody.model_fields
    return [{key: cell or "" for key, cell in row.items() if key in known} for row in rows]


Bodies = Annotated[
    tuple[HandoutBody, ...], Field(strict=False), BeforeValidator(_read_bodies), IsPath()
]


class Handouts(Block):
    """Who gets a sheet of the plan: bodies = "bodies.csv", or a list of tables.

    The file has the columns of data/handout_bodies.csv; left out, the usual bodies of a district,
    without names of their own.
    """

    bodies: Bodies = ()
    """Table of the bodies (CSV, as data/handout_bodies.csv) or a list of them; left out, the bodies
    that item 14 and 15 of Chongqing's districts usually name, without names of their own."""
