"""The rules of the setting as a checked table: what stops a site, what needs a sign-off or a note.

One row a rule; the figures stand in ``data/site_rules.csv``, each with its source and mark. A
figure nobody could verify stays empty there: the rule is then told as not checked.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from siting.analysis.site_kinds import Language, split_names
from siting.errors import TableError
from siting.tables import Column, Table, check

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
