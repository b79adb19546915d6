"""Sites that a scenario names as people do: each name becomes the id of the site it means."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from siting.errors import ScenarioError

if TYPE_CHECKING:
    import geopandas as gpd

    from siting.scenario import Scenario

_SHOWN = 5
_NEAR = 0.6
_LISTS = ("locked", "banned", "sights_4a")


def with_site_ids(scenario: Scenario, sites: gpd.GeoDataFrame) -> Scenario:
    """Return the scenario with the sites it names by their ids; ids stay as they are.

    A name means the one site that is called so, or the site that a place of that id was merged
    into. What nobody is called stays, and is refused where the rules are built.

    Parameters
    ----------
    scenario
        Read are model.locked, banned, upgrades and sights_4a, and power.assigned.
    sites
        ``tables.SITES``.

    Raises
    ------
    ScenarioError
        If several sites have the name, or none has and one is called nearly so.
    """
    model, power = scenario.model, scenario.power
    asked = [*model.locked, *model.banned, *model.sights_4a, *model.upgrades, *power.assigned]
    if set(asked) <= set(sites["site_id"]):
        return scenario
    find = _Finder(sites)
    changes: dict[str, Any] = {
        key: tuple(find.id_of(text, f"model.{key}") for text in getattr(model, key))
        for key in _LISTS
    }
    changes["upgrades"] = {
        find.id_of(text, "model.upgrades"): least for text, least in model.upgrades.items()
    }
    assigned = {find.id_of(text, "power.assigned"): name for text, name in power.assigned.items()}
    blocks = {
        "model": model.model_copy(update=changes),
        "power": power.model_copy(update={"assigned": assigned}),
    }
    return scenario.model_copy(update=blocks)


class _Finder:
    """Finds sites by id, by the id of a merged place, or by name."""

    def __init__(self, sites: gpd.GeoDataFrame) -> None:
        self.ids = set(sites["site_id"].astype(str))
        self.merged: dict[str, str] = {}
        self.names: dict[str, list[str]] = {}
        for site, joined, name in zip(
            sites["site_id"], sites["merged_ids"], sites["name"], strict=True
        ):
            for one in joined.split("+") if isinstance(joined, str) else ():
                self.merged.setdefault(one, str(site))
            if isinstance(name, str):
                self.names.setdefault(name.strip(), []).append(str(site))

    def id_of(self, text: str, key: str) -> str:
        if text in self.ids:
            return text
        if text in self.merged:
            return self.merged[text]
        found = self.names.get(text.strip(), [])
        if len(found) > 1:
            raise ScenarioError(
                f"'{text}' names {len(found)} sites: {', '.join(sorted(found)[:_SHOWN])}",
                where=key,
                cure="give the id of one of them",
            )
        near = [] if found else difflib.get_close_matches(text, self.names, n=1, cutoff=_NEAR)
        if near:
            raise ScenarioError(
                f"no site is called '{text}'",
                where=key,
                cure=f"did you mean '{near[0]}' ({', '.join(self.names[near[0]][:_SHOWN])})?",
            )
        return found[0] if found else text
