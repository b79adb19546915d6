"""Who gets a handout: the bodies of the scenario, and every township.

A policy names bodies and assigns no kind of site to any of them. Which sites and columns a
body sees is a proposal (``handouts.bodies``, else ``data/handout_bodies.csv``) and is called so
on every page.
"""

from __future__ import annotations

import csv
import difflib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from siting.errors import ScenarioError
from siting.shipped import shipped_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from siting.plan.plan import Plan

OVERVIEW = "overview"
UNCOVERED = "uncovered"
EVERYTHING = "*"
GRID = "grid"


@dataclass(frozen=True)
class Body:
    """One addressee of a handout.

    Attributes
    ----------
    key
        ``"overview"``, a body of the table, or ``"zone/<zone_id>"``.
    name_zh, name_en
        Its name; a township's comes from the zones.
    role
        ``lead14``, ``support14``, ``lead15``, ``support15``; empty for the overview.
    informed
        Kinds of site it sees beside those it is the owner of; ``"*"`` for all.
    swap, hydrogen
        Whether it sees the swap stations, and hydrogen stations where a plan has any.
    risk
        Whether it sees the sites that need a sign-off.
    columns
        Keys of :mod:`siting.outputs.paper.columns`.
    restricted
        Whether its sheet carries data of the grid and must not be passed on.
    question_zh, question_en
        What its readers want to know.
    zone_id
        The township, if it is one.
    """

    key: str
    name_zh: str
    name_en: str
    role: str = ""
    informed: tuple[str, ...] = ()
    swap: bool = True
    hydrogen: bool = True
    risk: bool = False
    columns: tuple[str, ...] = ()
    restricted: bool = False
    question_zh: str = ""
    question_en: str = ""
    zone_id: str | None = None

    def name(self, language: str) -> str:
        """Return its name in ``"zh"``, ``"en"`` or ``"both"``."""
        if language == "both" and self.name_en and self.name_en != self.name_zh:
            return f"{self.name_zh} {self.name_en}"
        return (self.name_en or self.name_zh) if language == "en" else self.name_zh


_OVERVIEW_COLUMNS = ("zone", "new", "chargers", "existing_chargers", "power_kw", "score", "owner")
_ZONE_COLUMNS = ("new", "spaces", "chargers", "existing_chargers", "score", "owner", "reason",
                 "contact", "consent")  # fmt: skip


def all_bodies(plan: Plan) -> list[Body]:
    """Return everyone who gets a handout: overview, bodies, townships in the order of their ids.

    Sites that lie in no township get a sheet of their own, so that the sheets sum to the plan.
    """
    given = plan.scenario.get("handouts", {}).get("bodies") or _usual_bodies()
    named = [_with_grid(_body(row), plan.scenario.get("policy", {})) for row in given]
    overview = Body(OVERVIEW, "总览", "Overview", informed=(EVERYTHING,), columns=_OVERVIEW_COLUMNS)
    zones = plan.zones.sort_values("zone_id")
    english = zones["name_en"] if "name_en" in zones.columns else zones["name"]
    townships = [
        Body(f"zone/{zone_id}", name, other if isinstance(other, str) else name,
             informed=(EVERYTHING,), columns=_ZONE_COLUMNS, zone_id=zone_id)
        for zone_id, name, other in zip(zones["zone_id"], zones["name"], english, strict=True)
    ]  # fmt: skip
    return [overview, *named, *townships]


def _usual_bodies() -> list[dict[str, Any]]:
    table = shipped_path("handout_bodies.csv").read_text(encoding="utf-8")
    split = ("informed", "also", "columns")
    return [
        row | {key: [part for part in row[key].split("|") if part] for key in split}
        for row in csv.DictReader(table.splitlines())
    ]


def _with_grid(body: Body, policy: dict[str, Any]) -> Body:
    """Return the grid company under the name the scenario gives it."""
    zh, en = policy.get("grid_company_zh"), policy.get("grid_company_en")
    if body.key != GRID or not (zh or en):
        return body
    return replace(body, name_zh=zh or en or "", name_en=en or zh or "")


def _body(row: dict[str, Any]) -> Body:
    return Body(
        key=row["body"],
        name_zh=row["name_zh"],
        name_en=row["name_en"],
        role=row["role"] or "body",
        informed=tuple(row["informed"]),
        swap="swap" in row["also"] or "risk" in row["also"],
        hydrogen="hydrogen" in row["also"],
        risk="risk" in row["also"],
        columns=tuple(row["columns"]),
        restricted=row["restricted"] == "yes",
        question_zh=row["question_zh"],
        question_en=row["question_en"],
    )


def find_body(bodies: Sequence[Body], name: str) -> Body:
    """Return the body of a name, in either language, a key or a zone's id.

    Raises
    ------
    ScenarioError
        If nobody is called so; names what is nearest.
    """
    for body in bodies:
        if name in {body.key, body.name_zh, body.name_en, body.zone_id}:
            return body
    names = [text for body in bodies for text in (body.name_zh, body.name_en, body.key)]
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.4) or names[:5]
    raise ScenarioError(
        f"nobody called '{name}' gets a handout",
        where=f"--for {name}",
        cure=f"nearest: {', '.join(near)}; siting handout RUN --list shows them all",
    )
