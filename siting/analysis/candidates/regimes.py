"""The three regimes of the policy (item 14): new build, existing places, existing communities.

A is a list of building projects: each owes charging bays by a ratio of its kind, built or
reserved. B is what the map shows. C is old communities, by a list or by their age, with their idle
land and the car parks to be built. Figures and sources stand in ``data/build_ratios.csv``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from siting.analysis.barriers import Beside
from siting.analysis.candidates.site_kinds import split_names
from siting.errors import TableError
from siting.notes import Note
from siting.tables import Column, Table, check

if TYPE_CHECKING:
    import geopandas as gpd

    from siting import scenario
    from siting.arrays import Floats
    from siting.notes import Notes

NEW_BUILD, EXISTING_PLACE, COMMUNITY = POOLS = ("A", "B", "C")
_HOME = "residential"
_SHOWN = 10
_TINY = 1e-9

BUILD_RATIOS = Table(
    "build_ratios",
    "data/build_ratios.csv",
    (
        Column("kind", "str", "kind of building project", unique=True),
        Column("also", "str", "other names of it in lists, by |", nullable=True),
        Column("place_kind", "str", "kind of place it becomes"),
        Column("public", "str", "its charging bays are open to the public", choices=("yes", "no")),
        Column(
            "ratio", "float", "charging bays due, built or reserved, by bay; empty: unknown",
            nullable=True, low=0, high=1,
        ),
        Column("source", "str", "where the ratio comes from"),
        Column("mark", "str", "V verified, v weak, D derived, U unverified, P proposal"),
    ),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Around:
    """What the planner gave besides the map.

    Attributes
    ----------
    beside
        The landscape, which rules look at, and what no way to a road crosses.
    layers
        Areas of the layers by role, for the rules; see ``rules.Setting``.
    projects
        Result of :func:`projects_due`, or None.
    communities
        Rows of the layer ``communities``, or None.
    sights, renewal, idle_land, planned_parking
        Rows of the layers of these roles, or None.
    not_public
        Kinds of site that count as public with declared bays only.
    """

    beside: Beside = field(default_factory=Beside)
    layers: dict[str, gpd.GeoDataFrame] = field(default_factory=dict)
    projects: gpd.GeoDataFrame | None = None
    communities: gpd.GeoDataFrame | None = None
    sights: gpd.GeoDataFrame | None = None
    renewal: gpd.GeoDataFrame | None = None
    idle_land: gpd.GeoDataFrame | None = None
    planned_parking: gpd.GeoDataFrame | None = None
    not_public: tuple[str, ...] = ()


def check_build_ratios(frame: pd.DataFrame) -> pd.DataFrame:
    """Check the table of ratios and index it by every name of each kind.

    Raises
    ------
    TableError
        If a row breaks the contract, or a name stands twice.
    """
    check(frame, BUILD_RATIOS)
    names = [
        [str(kind), *([] if pd.isna(also) else split_names(str(also)))]
        for kind, also in zip(frame["kind"], frame["also"], strict=True)
    ]
    every = [name for some in names for name in some]
    twice = sorted({name for name in every if every.count(name) > 1})
    if twice:
        raise TableError(
            f"table 'build_ratios' has these names twice: {', '.join(twice)}",
            where=BUILD_RATIOS.made_by,
            cure="one row a kind of project",
        )
    return frame.assign(name=pd.Series(names, index=frame.index)).explode("name").set_index("name")


def projects_due(
    projects: gpd.GeoDataFrame, ratios: pd.DataFrame, *, by: int | None
) -> tuple[gpd.GeoDataFrame, Notes]:
    """Return the projects with the charging bays they owe and those that may count.

    ``due = ceil(bays * ratio)``, ``short = max(0, due - built - reserved)``. The bays that may
    count towards public chargers are, for a kind that is open to the public, the larger of
    what is due and what is built or reserved; of homes only those named as public. A
    project counts if it is finished by the year of the targets; of one without a year nobody
    knows.

    Parameters
    ----------
    projects
        ``project_id``, ``name``, ``kind``, ``bays``, ``year``, ``built_bays``,
        ``reserved_bays``, ``public_bays`` (NaN where unknown), points.
    ratios
        Result of :func:`check_build_ratios`.
    by
        Year of the targets; None: every year is in time.

    Returns
    -------
    projects
        The same with ``place_kind``, ``ratio``, ``due_bays``, ``short_bays`` (NaN where built
        and reserved bays are both unknown), ``in_time`` and ``room`` (bays that may count).
    notes
        ``projects_due``, ``projects_unknown_year``, ``projects_no_ratio``.
    """
    rule = ratios.loc[projects["kind"]].reset_index(drop=True)
    table = projects.reset_index(drop=True)
    due = np.ceil(table["bays"] * rule["ratio"] - _TINY)
    known = table[["built_bays", "reserved_bays"]].sum(axis=1, min_count=1)
    public = rule["public"].eq("yes").to_numpy(dtype=bool)
    open_bays = np.where(public, np.fmax(due, known), table["public_bays"])
    in_time = np.ones(len(table), dtype=bool) if by is None else (table["year"] <= by).to_numpy()
    table = table.assign(
        place_kind=rule["place_kind"],
        ratio=rule["ratio"],
        due_bays=due,
        short_bays=np.maximum(due - known, 0.0),
        in_time=in_time,
        room=np.where(in_time, np.fmin(np.nan_to_num(open_bays), table["bays"]), 0.0),
    )
    return table, _notes(table, by)


def _notes(table: gpd.GeoDataFrame, by: int | None) -> Notes:
    counted = table[table["room"] > 0]
    notes: Notes = [
        Note(
            "projects_due",
            {
                "projects": len(table),
                "due": int(table["due_bays"].sum()),
                "in_time": int(table["in_time"].sum()),
                "public": len(counted),
                "room": int(counted["room"].sum()),
            },
        )
    ]
    yearless = table[table["year"].isna()] if by is not None else table.iloc[:0]
    for key, some in (
        ("projects_unknown_year", yearless),
        ("projects_no_ratio", table[table["ratio"].isna()]),
    ):
        if len(some):
            names = sorted(some["project_id"].astype(str))[:_SHOWN]
            notes.append(Note(key, {"projects": len(some), "names": names}))
    return notes


def communities_room(communities: gpd.GeoDataFrame, kinds: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return the communities with ``room``: bays on idle land and of car parks to be built.

    ``room = floor(idle_m2 / m2_per_space of a car park) + planned_bays``; NaN where both are
    unknown.
    """
    bay_m2 = float(kinds["m2_per_space"].to_dict()["parking"])
    idle = np.floor(communities["idle_m2"] / bay_m2)
    both = pd.concat([idle, communities["planned_bays"]], axis=1)
    return communities.assign(room=both.sum(axis=1, min_count=1))


def with_pools(
    sites: gpd.GeoDataFrame, around: Around, settings: scenario.Candidates
) -> tuple[gpd.GeoDataFrame, Notes]:
    """Return the sites with pool, A to C, and bays due, and a note on homes of unknown age.

    A site owes what the building projects on it owe, merged ones included: ``due_bays`` and
    ``short_bays``, NaN where no project stands or one of them is unknown.

    Parameters
    ----------
    sites
        ``site_id``, ``merged_ids``, ``kind`` and ``built_year`` where known.
    around
        The lists.
    settings
        Block ``candidates``: ``old_until`` and ``communities``.
    """
    pool = np.full(len(sites), EXISTING_PLACE, dtype=object)
    home = sites["kind"].eq(_HOME).to_numpy(dtype=bool)
    year = _years(sites)
    listed = is_of(sites, around.communities, "community_id")
    if settings.communities == "all":
        pool[home] = COMMUNITY
    pool[(home & (year <= settings.old_until)) | listed] = COMMUNITY
    pool[is_of(sites, around.idle_land, "land_id")] = COMMUNITY
    pool[is_of(sites, around.planned_parking, "park_id")] = COMMUNITY
    pool[is_of(sites, around.projects, "project_id")] = NEW_BUILD
    unknown = int((home & np.isnan(year) & (pool == EXISTING_PLACE)).sum())
    notes: Notes = []
    if unknown:
        old = int((pool == COMMUNITY).sum())
        values = {"unknown": unknown, "of": int(home.sum()), "old": old}
        notes.append(Note("homes_unknown_age", values | {"until": settings.old_until}))
    owed = {name: _owed(sites, around.projects, name) for name in ("due_bays", "short_bays")}
    return sites.assign(pool=pd.array(pool, dtype="str"), **owed), notes


def _owed(sites: gpd.GeoDataFrame, projects: gpd.GeoDataFrame | None, name: str) -> Floats:
    """Return a figure of the projects on each site, summed; NaN where one is unknown."""
    if projects is None:
        return np.full(len(sites), np.nan)
    figure = dict(zip(projects["project_id"], projects[name].astype(float), strict=True))
    found = [
        [figure[one] for one in members(site, merged) if one in figure]
        for site, merged in zip(sites["site_id"], sites["merged_ids"], strict=True)
    ]
    return np.array([sum(figures) if figures else np.nan for figures in found], dtype=float)


def members(site: str, merged: object) -> list[str]:
    """Return the ids of a site and of what was merged into it."""
    return [site, *(merged.split("+") if isinstance(merged, str) else ())]


def _years(sites: gpd.GeoDataFrame) -> Floats:
    if "built_year" not in sites.columns:
        return np.full(len(sites), np.nan)
    return sites["built_year"].to_numpy(dtype=float, na_value=np.nan)


def is_of(sites: gpd.GeoDataFrame, listed: gpd.GeoDataFrame | None, key: str) -> np.ndarray:
    """Return which sites are a row of the list, or had one merged into them."""
    if listed is None:
        return np.zeros(len(sites), dtype=bool)
    ids = set(listed[key])
    return np.array(
        [
            not ids.isdisjoint(members(site, merged))
            for site, merged in zip(sites["site_id"], sites["merged_ids"], strict=True)
        ],
        dtype=bool,
    )
