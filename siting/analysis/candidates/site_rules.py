"""The rules of the setting: what stops a site, what needs a sign-off; and what each step leaves.

One row a rule; the figures stand in ``data/site_rules.csv``, each with its source and mark. A
figure nobody could verify stays empty there: the rule is then told as not checked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from siting.analysis.candidates.site_kinds import Language, split_names
from siting.errors import EmptyLayerError, TableError
from siting.notes import Note
from siting.tables import Column, Table, check

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    from numpy.typing import ArrayLike, NDArray

    from siting.arrays import Flags

    Objects = NDArray[np.object_]
    Notes = list[Note]


class Tally:
    """Counts what each step leaves.

    Attributes
    ----------
    steps
        Steps with the count left after each, in their order.
    """

    def __init__(self) -> None:
        self.steps: list[tuple[str, int]] = []
        self._by_zone: dict[str, pd.Series] = {}

    def add(self, step: str, zone_id: pd.Series) -> None:
        """Note what a step leaves, by the zones it lies in; in no zone is missing."""
        self.steps.append((step, len(zone_id)))
        self._by_zone[step] = zone_id.value_counts()

    def by_zone(self, zone_id: ArrayLike) -> pd.DataFrame:
        """Return the counts of each zone.

        Returns
        -------
        DataFrame
            ``zone_id``, sorted, and a column for each step. What lies in no zone is in none of
            the rows: before the step ``in_a_zone`` they may sum to less than the step.
        """
        zones = np.sort(np.asarray(zone_id, dtype=object))
        counts = {
            step: count.reindex(zones).fillna(0).to_numpy(dtype=np.int64)
            for step, count in self._by_zone.items()
        }
        return pd.DataFrame({"zone_id": zones, **counts})


def no_site(screening: Tally) -> EmptyLayerError:
    """Return the error for a map without any candidate, naming what each step left."""
    left = ", ".join(f"{key} {count}" for key, count in screening.steps)
    return EmptyLayerError(
        f"no place of the map may take a station; left after each step: {left}",
        where="candidates",
        cure="see the step that leaves none: kinds and sizes stand in candidates.site_kinds, kinds "
        "left out in candidates.leave_out and counting.not_public, places of your own can be given "
        "as a layer (inputs.layers, role places)",
    )


LAYER_TESTS = ("red_lines", "protected", "flood", "slope")
"""Layers of the scenario (``inputs.layers``) that rules may look at."""

_TESTS = ("place", "landscape", "layer", "parking", "manual")
_UNITS = {
    "place": ("m",), "landscape": ("m", "share"), "layer": ("m", "%"),
    "parking": ("bays", "m2"), "manual": ("m", "m2", "%", "bays", "share"),
}  # fmt: skip
_NOT = "!"

SITE_RULES = Table(
    "site_rules",
    "data/site_rules.csv",
    (
        Column("rule", "str", "name of the rule", unique=True),
        Column("test", "str", "what it looks at; manual: no map tells", choices=_TESTS),
        Column(
            "values", "str", "kinds of place or landscape, layers, values of parking, by |",
            nullable=True,
        ),
        Column(
            "applies_to", "str", "kinds of site by |; ! in front: all but these; empty: all",
            nullable=True,
        ),
        Column("number", "float", "its figure; empty is not checked", nullable=True, low=0),
        Column("unit", "str", "unit of the figure: m, share, %, bays, m2", nullable=True),
        Column("verdict", "str", "what it does", choices=("note", "sign_off", "stop")),
        Column("reason_zh", "str", "reason in Chinese"),
        Column("reason_en", "str", "reason in English"),
        Column("source", "str", "where the rule comes from"),
        Column("mark", "str", "V verified, v weak, D derived, U unverified, P proposal"),
    ),
    may_be_empty=True,
)  # fmt: skip


@dataclass(frozen=True)
class SiteRule:
    """One rule of the setting.

    Attributes
    ----------
    rule
        Its name.
    test
        ``place``, ``landscape``: what has a kind in ``looks_at`` is near. ``layer``: an area of the
        layer in ``looks_at`` is. ``parking``: the place's parking tag is in ``looks_at``.
        ``manual``: nothing on a map tells; never checked.
    looks_at, applies_to
        What it looks at; the kinds of site it is for, ``!`` in front of those it is not for.
    number, unit
        ``m``: near is within that many metres, 0 on the spot. ``share``: at least that share
        of the place's ground lies on it. ``%``: the layer's figure is above. ``bays``: the place
        has more. ``m2`` is told, not tested. NaN: nobody knows the figure.
    verdict, reason
        What follows, and why.
    """

    rule: str
    test: str
    looks_at: tuple[str, ...]
    applies_to: tuple[str, ...]
    number: float
    unit: str
    verdict: str
    reason: str

    def is_for(self, kinds: pd.Series) -> np.ndarray:
        """Return which kinds of site the rule is for."""
        but = {name.removeprefix(_NOT) for name in self.applies_to if name.startswith(_NOT)}
        only = {name for name in self.applies_to if not name.startswith(_NOT)}
        flags = ~kinds.isin(but) & (kinds.isin(only) if only else True)
        return np.asarray(flags, dtype=bool)


def check_site_rules(
    frame: pd.DataFrame, kinds: pd.DataFrame | None = None, *, language: Language = "zh"
) -> tuple[SiteRule, ...]:
    """Check the table of setting rules and return its rules, sorted by name.

    Parameters
    ----------
    frame
        Rows of ``data/site_rules.csv`` with the columns of :data:`SITE_RULES`.
    kinds
        Result of ``check_site_kinds``, to know the kinds that ``applies_to`` names.
    language
        Language of the reasons.

    Raises
    ------
    TableError
        If a row breaks the contract, or its unit, layer or kind of site is not known.
    """
    typed = frame.assign(
        **{
            name: frame[name].astype("str").where(frame[name].notna())
            for name in ("values", "applies_to", "unit")
            if name in frame.columns and frame[name].isna().all()
        }
    )
    if "number" in typed.columns and typed["number"].isna().all():
        typed = typed.assign(number=typed["number"].astype(float))
    check(typed, SITE_RULES)
    rows = typed.sort_values("rule").to_dict("records")
    rules = tuple(
        SiteRule(
            rule=str(row["rule"]),
            test=str(row["test"]),
            looks_at=_names(row["values"]),
            applies_to=_names(row["applies_to"]),
            number=float(row["number"]),
            unit="" if pd.isna(row["unit"]) else str(row["unit"]),
            verdict=str(row["verdict"]),
            reason=str(row[f"reason_{language}"]),
        )
        for row in rows
    )
    faults = [fault for rule in rules for fault in _faults(rule, kinds)]
    if faults:
        raise TableError(
            "table 'site_rules' contradicts itself:\n    - " + "\n    - ".join(faults),
            where=SITE_RULES.made_by,
            cure="mend the rows named above, or take the shipped table (candidates.site_rules)",
        )
    return rules


def _names(cell: object) -> tuple[str, ...]:
    return () if pd.isna(cell) else split_names(str(cell))  # type: ignore[call-overload]


def _faults(rule: SiteRule, kinds: pd.DataFrame | None) -> list[str]:
    faults = []
    if rule.test != "manual" and not rule.looks_at:
        faults.append(f"{rule.rule}: values is empty")
    if rule.unit not in ("", *_UNITS[rule.test]) or (rule.number >= 0 and not rule.unit):
        units = ", ".join(_UNITS[rule.test])
        faults.append(f"{rule.rule}: unit '{rule.unit}' is none of a {rule.test} rule: {units}")
    if rule.test == "layer":
        faults += [
            f"{rule.rule}: no layer '{name}', they are {', '.join(LAYER_TESTS)}"
            for name in rule.looks_at
            if name not in LAYER_TESTS
        ]
    if kinds is not None:
        named = [name.removeprefix(_NOT) for name in rule.applies_to]
        faults += [
            f"{rule.rule}: applies_to names no kind of site: '{name}'"
            for name in named
            if name not in kinds.index
        ]
    return faults


_SEVERITY = {"ok": 0, "note": 1, "sign_off": 2, "stop": 3}
_VERDICTS = tuple(_SEVERITY)
_SIGN_OFF = _SEVERITY["sign_off"]
_JOIN = "+"


@dataclass(frozen=True, eq=False)
class Setting:
    """What lies around the sites, in their metric CRS.

    Attributes
    ----------
    places, landscape
        ``tables.PLACES`` of all kinds and ``tables.LANDSCAPE``; None: nobody looked.
    layers
        Areas of the scenario by role (``red_lines``, ``protected``, ``flood``, ``slope``), with
        ``name``, and ``slope_percent`` for slopes. A role that is not there was not given.
    """

    places: gpd.GeoDataFrame
    landscape: gpd.GeoDataFrame | None = None
    layers: Mapping[str, gpd.GeoDataFrame] = field(default_factory=dict)


def judge(
    sites: gpd.GeoDataFrame, ground: Objects, setting: Setting, rules: tuple[SiteRule, ...]
) -> gpd.GeoDataFrame:
    """Return the sites with the worst verdict of their kind and their setting.

    A station that stands already is never stopped: a rule that would stop it asks for a
    sign-off instead.

    Parameters
    ----------
    sites
        Columns ``kind``, ``verdict``, ``reason``, ``parking``, ``spaces``, ``existing_station``,
        ``existing_swap`` and points.
    ground
        The place of each site, polygon or point (n,).
    setting
        What lies around them.
    rules
        Result of ``check_site_rules``.

    Returns
    -------
    GeoDataFrame
        The sites with ``verdict``, ``rule`` (names of the rules of the worst verdict, joined by
        +; ``kind:`` and the kind where the kind itself has it) and ``reason`` set; nothing is
        taken out.
    """
    result = sites.copy()
    standing = (sites["existing_station"] | sites["existing_swap"]).to_numpy(dtype=bool)
    severity = sites["verdict"].map(_SEVERITY).to_numpy(dtype=np.int64)
    severity = np.where(standing, np.minimum(severity, _SIGN_OFF), severity)
    told: list[dict[int, list[tuple[str, str]]]] = [
        {int(level): [(f"kind:{kind}", text if isinstance(text, str) else "")]} if level else {}
        for level, kind, text in zip(severity, sites["kind"], sites["reason"], strict=True)
    ]
    for rule in rules:
        level = _SEVERITY[rule.verdict]
        levels = np.where(standing, min(level, _SIGN_OFF), level)
        for position, reason in _hits(sites, ground, setting, rule).items():
            at = int(levels[position])
            severity[position] = max(int(severity[position]), at)
            told[position].setdefault(at, []).append((rule.rule, reason))
    worst = [there.get(int(level), []) for level, there in zip(severity, told, strict=True)]
    result["verdict"] = [_VERDICTS[level] for level in severity]
    result["rule"] = [_JOIN.join(name for name, _ in some) or None for some in worst]
    result["reason"] = ["; ".join(text for _, text in some if text) or None for some in worst]
    return result.astype({"rule": "str", "reason": "str"})


def not_checked(setting: Setting, rules: tuple[SiteRule, ...]) -> Notes:
    """Return a note for the rules that no site was held against, by what is lacking."""
    lacking: dict[str, list[str]] = {}
    for rule in rules:
        if rule.test == "manual":
            lacking.setdefault("rules_by_hand", []).append(rule.rule)
        elif np.isnan(rule.number) and rule.test != "parking":
            lacking.setdefault("rules_without_figure", []).append(rule.rule)
        elif rule.test == "layer" and not setting.layers.keys() & set(rule.looks_at):
            lacking.setdefault("rules_without_layer", []).append(rule.rule)
    return [
        Note(key, {"count": len(names), "names": names}) for key, names in sorted(lacking.items())
    ]


def near_any(points: Objects, areas: Objects, *, within_m: float) -> Flags:
    """Return which points lie within a distance (m) of any of the areas; 0 is on them."""
    result = np.zeros(len(points), dtype=bool)
    if len(areas):
        near, _ = shapely.STRtree(areas).query(points, predicate="dwithin", distance=within_m)
        result[near] = True
    return result


def _hits(
    sites: gpd.GeoDataFrame, ground: Objects, setting: Setting, rule: SiteRule
) -> dict[int, str]:
    """Return the reason by position of each site that the rule hits."""
    rows = np.flatnonzero(rule.is_for(sites["kind"]))
    if rule.test == "manual" or (np.isnan(rule.number) and rule.test != "parking"):
        return {}
    if rule.test == "parking":
        hit = sites["parking"].isin(rule.looks_at).to_numpy(dtype=bool)
        if rule.unit == "bays":
            hit = hit & (sites["spaces"].to_numpy(dtype=float, na_value=np.nan) > rule.number)
        return dict.fromkeys(rows[hit[rows]].tolist(), rule.reason)
    if rule.test == "layer":
        return _in_layers(sites, rows, setting, rule)
    table = setting.places if rule.test == "place" else setting.landscape
    if table is None:
        return {}
    areas = table.geometry[table["kind"].isin(rule.looks_at)].to_numpy()
    if rule.unit == "share":
        hit = _covered(ground[rows], areas) >= rule.number
    else:
        hit = near_any(sites.geometry.to_numpy()[rows], areas, within_m=rule.number)
    return dict.fromkeys(rows[hit].tolist(), rule.reason)


def _in_layers(
    sites: gpd.GeoDataFrame, rows: NDArray[np.int64], setting: Setting, rule: SiteRule
) -> dict[int, str]:
    """Return the reason with the name of the area for each site in one, or within its metres."""
    points, found = sites.geometry.to_numpy()[rows], {}
    for role in rule.looks_at:
        areas = setting.layers.get(role)
        if areas is None:
            continue
        if rule.unit == "%":
            areas = areas[areas["slope_percent"] > rule.number]
        within_m = 0.0 if rule.unit == "%" else rule.number
        tree = shapely.STRtree(areas.geometry.to_numpy())
        hits = tree.query(points, predicate="dwithin", distance=within_m).T
        names = areas["name"].to_numpy(dtype=object)
        for point, area in sorted(hits.tolist(), reverse=True):
            name = names[area]
            found[int(rows[point])] = f"{rule.reason} ({name})" if name == name else rule.reason  # noqa: PLR0124  # not NaN
    return found


def _covered(ground: Objects, areas: Objects) -> NDArray[np.float64]:
    """Return the share of each ground that the areas cover; a point is on them or not."""
    share = np.zeros(len(ground))
    surfaces = areas[shapely.area(areas) > 0] if len(areas) else areas
    if not len(surfaces):
        return share
    place, area = shapely.STRtree(surfaces).query(ground, predicate="intersects")
    for row in np.unique(place):
        shape = ground[row]
        over = shapely.union_all(surfaces[area[place == row]])
        whole = shape.area
        share[row] = shape.intersection(over).area / whole if whole else 1.0
    return share
