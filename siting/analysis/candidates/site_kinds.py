"""The rules of each kind of site as a checked table, and the parking spaces they give.

The figures stand in ``data/site_kinds.csv``, each with its source and mark; here stands only
what a row must look like. The rules of the setting have
:mod:`siting.analysis.candidates.site_rules`.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
import shapely

from siting.errors import ScenarioError, TableError
from siting.tables import Column, Table, check

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import geopandas as gpd

    from siting.arrays import Flags, Floats, Ints

CAPACITY_TAG = "capacity tag"
AREA_RULE = "area rule"
KIND_DEFAULT = "kind default"
MISSING = "missing"

_GARAGES = ("underground", "multi-storey")


def estimate_spaces(places: gpd.GeoDataFrame, kinds: pd.DataFrame) -> pd.DataFrame:
    """Return the ground area and the parking spaces of places.

    The ``capacity`` tag where it is known and above zero; else the spaces of the car parks that
    are part of the place (optional columns ``inner_spaces`` and ``inner_known``, of
    ``merging.with_whole_service_areas``); else, for a polygon,

    ``spaces = min(floor(area_m2 * floors / m2_per_space), max_spaces)``

    with ``floors`` the known levels (for kinds whose levels count), else the kind's
    ``floor_ratio``, and garages taking ``indoor_m2_per_space``; else the kind's default;
    else missing. The figures and their sources stand in ``data/site_kinds.csv``.

    Parameters
    ----------
    places
        Columns of ``tables.PLACES``, with ``kind`` a kind of site (index of ``kinds``).
    kinds
        Result of ``check_site_kinds``.

    Returns
    -------
    DataFrame
        On the index of ``places``: ``area_m2`` (missing for a point), ``spaces``
        (missing where unknown) and ``spaces_source``.
    """
    rule = kinds.loc[places["kind"]]
    ground = shapely.area(places.geometry.to_numpy())
    area = np.where(ground > 0, ground, np.nan)
    by_tag = places["capacity"].to_numpy(dtype=float, na_value=np.nan)
    by_area = _by_area(places, rule, area)
    by_default = rule["default_spaces"].to_numpy(dtype=float, na_value=np.nan)
    inner, tagged = _inner(places)
    known = [by_tag > 0, inner > 0, ~np.isnan(by_area), ~np.isnan(by_default)]
    spaces = np.select(known, [by_tag, inner, by_area, by_default], np.nan)
    of_parts = np.where(tagged, CAPACITY_TAG, AREA_RULE)
    source = np.select(known, [CAPACITY_TAG, of_parts, AREA_RULE, KIND_DEFAULT], MISSING)
    return pd.DataFrame(
        {"area_m2": area, "spaces": spaces, "spaces_source": pd.array(source, dtype="str")},
        index=places.index,
    )


def _inner(places: gpd.GeoDataFrame) -> tuple[Floats, Flags]:
    """Return the spaces of the parts of each place, and whether tags tell all of them."""
    if "inner_spaces" not in places.columns:
        return np.full(len(places), np.nan), np.zeros(len(places), dtype=bool)
    spaces = places["inner_spaces"].to_numpy(dtype=float, na_value=np.nan)
    return spaces, places["inner_known"].fillna(False).to_numpy(dtype=bool)  # noqa: FBT003  # pandas


def _by_area(places: gpd.GeoDataFrame, rule: pd.DataFrame, area: Floats) -> Floats:
    levels = places["levels"].to_numpy(dtype=float, na_value=np.nan)
    counts = rule["levels_count"].to_numpy(dtype=bool) & (levels > 0)
    floors = np.where(counts, levels, rule["floor_ratio"].to_numpy(dtype=float))
    outdoors = rule["m2_per_space"].to_numpy(dtype=float)
    indoors = rule["indoor_m2_per_space"].to_numpy(dtype=float)
    garage = places["parking"].isin(_GARAGES).to_numpy(dtype=bool) & ~np.isnan(indoors)
    spaces = np.floor(area * floors / np.where(garage, indoors, outdoors))
    cap = rule["max_spaces"].fillna(np.inf).to_numpy(dtype=float)
    return np.minimum(spaces, cap)


Language = Literal["zh", "en"]

EXISTING = "existing"
"""Kind of a station that stands on no candidate place."""

_YES_NO = ("yes", "no")
_SEPARATOR = "|"

SITE_KINDS = Table(
    "site_kinds",
    "data/site_kinds.csv",
    (
        Column("kind", "str", "kind of candidate site", unique=True),
        Column("place_kinds", "str", "kinds of place that feed it, joined by |", nullable=True),
        Column("name_zh", "str", "name in Chinese"),
        Column("name_en", "str", "name in English"),
        Column("m2_per_space", "float", "floor for one space", "m2", nullable=True, low=1),
        Column(
            "indoor_m2_per_space", "float", "the same in a garage", "m2", nullable=True, low=1
        ),
        Column(
            "floor_ratio", "float", "floor by ground area where levels are unknown",
            nullable=True, low=0,
        ),
        Column("levels_count", "str", "known levels multiply the ground", choices=_YES_NO),
        Column(
            "default_spaces", "float", "spaces of a place without size; empty is unknown",
            "spaces", nullable=True, low=0,
        ),
        Column("max_spaces", "float", "cap of the area rule", "spaces", nullable=True, low=0),
        Column("point_ok", "str", "a place mapped as a point is a candidate", choices=_YES_NO),
        Column("min_area_m2", "float", "smallest ground", "m2", nullable=True, low=0),
        Column(
            "share_of_spaces", "float", "most public chargers by space", nullable=True,
            low=0, high=1,
        ),
        Column("min_chargers", "int", "fewest chargers of a station", "chargers", low=1),
        Column("max_chargers", "int", "most chargers of a station", "chargers", low=1),
        Column("swap_ok", "str", "a swap station may stand here", choices=_YES_NO),
        Column("swap_point_ok", "str", "also where the ground is unknown", choices=_YES_NO),
        Column(
            "swap_min_area_m2", "float", "ground a swap station needs", "m2", nullable=True, low=0
        ),
        Column(
            "carriageway_ok", "str", "may be reached from motorway and trunk only",
            choices=_YES_NO,
        ),
        Column("work_weight", "float", "pull of a space on work charging", low=0),
        Column("visit_weight", "float", "pull of a space on charging at visits", low=0),
        Column("cost_index", "float", "civil works; 1 is an open car park", low=0),
        Column("verdict", "str", "verdict of the kind", choices=("ok", "sign_off", "stop")),
        Column("reason_zh", "str", "rule behind it, in Chinese", nullable=True),
        Column("reason_en", "str", "rule behind it, in English", nullable=True),
        Column("owner_zh", "str", "department proposed by the tool, in Chinese"),
        Column("owner_en", "str", "the same in English"),
        Column("source", "str", "where the figures come from"),
        Column("mark", "str", "V verified, v weak, D derived, U unverified, P proposal"),
    ),
)  # fmt: skip


def check_site_kinds(frame: pd.DataFrame, *, language: Language = "zh") -> pd.DataFrame:
    """Check the table of site kinds and make it ready for the stages.

    Parameters
    ----------
    frame
        Rows of ``data/site_kinds.csv`` with the columns of :data:`SITE_KINDS`.
    language
        Language of the columns ``reason`` and ``owner`` of the result.

    Returns
    -------
    DataFrame
        Indexed by kind; yes and no as bool, ``place_kinds`` as tuples, and ``reason`` and
        ``owner`` in the language asked for.

    Raises
    ------
    TableError
        If a row breaks the contract, a kind of place feeds two kinds of site, the row
        ``existing`` is missing, or a kind has more fewest than most chargers.
    """
    _refuse_moved(frame)
    check(frame, SITE_KINDS)
    _check_relations(frame)
    kinds = frame.sort_values("kind").set_index("kind")
    switches = [column.name for column in SITE_KINDS.columns if column.choices == _YES_NO]
    for name in switches:
        kinds[name] = kinds[name].eq("yes")
    kinds["place_kinds"] = [split_names(text) for text in kinds["place_kinds"].fillna("")]
    kinds["reason"] = kinds[f"reason_{language}"]
    kinds["owner"] = kinds[f"owner_{language}"]
    return kinds


def own_names(kinds: pd.DataFrame, shipped: pd.DataFrame) -> dict[str, dict[str, str]]:
    """Return the names of the kinds that are not in the shipped table, or called otherwise there.

    Parameters
    ----------
    kinds, shipped
        Results of :func:`check_site_kinds`.

    Returns
    -------
    dict
        ``zh`` and ``en`` by kind.
    """
    names = kinds[["name_zh", "name_en"]]
    known = names.eq(shipped[list(names.columns)].reindex(kinds.index)).all(axis="columns")
    own = names[~known].rename(columns={"name_zh": "zh", "name_en": "en"})
    return {str(kind): {str(key): str(name) for key, name in row.items()}
            for kind, row in own.iterrows()}  # fmt: skip


def kind_by_place(kinds: pd.DataFrame) -> dict[str, str]:
    """Return the kind of site that each kind of place feeds (checked table)."""
    return {place: str(kind) for kind, row in kinds.iterrows() for place in row["place_kinds"]}


def require_kinds(kinds: pd.DataFrame, named: Mapping[str, Iterable[str]]) -> None:
    """Refuse names that are no kind of site, all at once, each with the nearest known one.

    Parameters
    ----------
    kinds
        Result of :func:`check_site_kinds`.
    named
        Names by the key of the scenario that holds them.

    Raises
    ------
    ScenarioError
        Naming each unknown name, where it stands and what was perhaps meant.
    """
    feeds = kind_by_place(kinds)
    called = {kind: kind for kind in kinds.index}
    for column in ("name_zh", "name_en"):
        called |= dict(zip(kinds[column], kinds.index, strict=True))
    faults = []
    for key, names in named.items():
        for name in names:
            if name in kinds.index:
                continue
            near = difflib.get_close_matches(name, list(called), n=1)
            hint = f"; did you mean '{called[near[0]]}'?" if near else ""
            if name in feeds:
                hint = f": a kind of place, which is of the kind of site '{feeds[name]}'"
            faults.append(f"{key}: '{name}' is no kind of site{hint}")
    if faults:
        raise ScenarioError(
            "kinds that nobody knows:\n    - " + "\n    - ".join(faults),
            where=", ".join(named),
            cure=f"the kinds of site are: {', '.join(kinds.index)} (candidates.site_kinds)",
        )


def split_names(text: str) -> tuple[str, ...]:
    """Return the names of a cell, joined by ``|`` there."""
    return tuple(part.strip() for part in text.split(_SEPARATOR) if part.strip())


def _refuse_moved(frame: pd.DataFrame) -> None:
    """Refuse columns of older tables: what they say would no longer be read."""
    moved = [name for name in ("kw_per_charger", "design_use_share") if name in frame.columns]
    if moved:
        raise TableError(
            f"table 'site_kinds' has the column(s) {', '.join(moved)}, which nothing reads: power "
            "and energy of a charger follow from the mix of classes at the kind of site",
            where="candidates.site_kinds",
            cure="take them out; candidates.charger_classes and charger_mix hold power and use",
        )


def _check_relations(frame: pd.DataFrame) -> None:
    faults = []
    fed = [place for text in frame["place_kinds"].fillna("") for place in split_names(text)]
    repeated = sorted({place for place in fed if fed.count(place) > 1})
    if repeated:
        faults.append(f"these kinds of place feed two kinds of site: {', '.join(repeated)}")
    crossed = frame.loc[frame["min_chargers"] > frame["max_chargers"], "kind"].tolist()
    if crossed:
        faults.append(f"min_chargers is above max_chargers in: {', '.join(crossed)}")
    if EXISTING not in set(frame["kind"]):
        faults.append(f"the row '{EXISTING}' is missing: stations on no known place need it")
    if faults:
        raise TableError(
            "table 'site_kinds' contradicts itself:\n    - " + "\n    - ".join(faults),
            where=SITE_KINDS.made_by,
            cure="mend the rows named above, or take the shipped table (candidates.site_kinds)",
        )


def charger_limits(pool: pd.DataFrame, kinds: pd.DataFrame) -> dict[str, Ints]:
    """Return the fewest and most chargers of a place, by its spaces and kind.

    ``max = clip(floor(spaces * share_of_spaces), min, max)``; with unknown spaces the
    place takes the fewest of its kind and no more.
    """
    rule = kinds.loc[pool["kind"]]
    fewest = rule["min_chargers"].to_numpy(dtype=np.int64)
    room = by_spaces(pool, rule)
    most = np.where(
        np.isnan(room),
        fewest,
        np.clip(np.nan_to_num(room), fewest, rule["max_chargers"].to_numpy(dtype=np.int64)),
    )
    return {"min_chargers": fewest, "max_chargers": most.astype(np.int64)}


def by_spaces(pool: pd.DataFrame, rule: pd.DataFrame) -> Floats:
    """Return how many chargers the spaces of each place hold; missing where they are unknown."""
    # The tiny amount keeps 20 spaces x 0.15 from being 2 by binary arithmetic.
    share = rule["share_of_spaces"].to_numpy(dtype=float)
    by_kind = np.floor(pool["spaces"].to_numpy(dtype=float) * share + 1e-9)
    room = pool["room"].to_numpy(dtype=float)
    return np.where(np.isnan(room), by_kind, room)


def big_enough(pool: pd.DataFrame, kinds: pd.DataFrame) -> Flags:
    """Tell which places have the ground and the spaces that their kind asks for."""
    rule = kinds.loc[pool["kind"]]
    area = pool["area_m2"].to_numpy(dtype=float)
    is_point = np.isnan(area)
    known = pool["spaces_source"].eq(CAPACITY_TAG).to_numpy(dtype=bool)
    least = rule["min_area_m2"].fillna(0.0).to_numpy(dtype=float)
    known = known | pool[["room", "public_bays"]].notna().any(axis=1).to_numpy(dtype=bool)
    ground = np.where(is_point, rule["point_ok"].to_numpy(dtype=bool) | known, area >= least)
    room = by_spaces(pool, rule)
    enough = np.isnan(room) | (room >= rule["min_chargers"].to_numpy(dtype=float))
    return ground & enough
