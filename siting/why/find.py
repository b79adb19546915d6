"""From what a planner types to a site: an id, the id of a merged place, or a name."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from siting.errors import ScenarioError

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = 5
_LONGEST = 60


@dataclass(frozen=True)
class Found:
    """What was meant.

    Attributes
    ----------
    place_id
        Id of the candidate site, or of a place that is none.
    candidate
        Whether it is a candidate site.
    merged
        Id asked for, where its place was merged into the site; None otherwise.
    """

    place_id: str
    candidate: bool
    merged: str | None = None


def find_site(asked: str, candidates: pd.DataFrame, places: pd.DataFrame) -> Found:
    """Return the site or place a text means.

    An id goes before a name, a candidate before a place that is none, a whole name before a part
    of one.

    Parameters
    ----------
    asked
        What the planner typed.
    candidates
        Columns ``site_id``, ``name``, ``merged_ids``.
    places
        Columns ``place_id``, ``name``.

    Raises
    ------
    ScenarioError
        If nothing is called so, or several are, with the nearest ones.
    """
    text = wanted(asked)
    ids = candidates["site_id"].astype(str)
    if ids.eq(text).any():
        return Found(text, candidate=True)
    into = _merged_into(text, candidates)
    if into is not None:
        return Found(into, candidate=True, merged=text)
    if places["place_id"].astype(str).eq(text).any():
        return Found(text, candidate=False)
    for whole in (True, False):
        for table, column in ((candidates, "site_id"), (places, "place_id")):
            names = table["name"].fillna("").astype(str)
            same = names.eq(text) if whole else names.str.contains(text, case=False, regex=False)
            hits = table.loc[same, column].astype(str).tolist()
            if len(hits) > 1:
                raise _several(text, hits, names[same].tolist())
            if hits:
                return Found(hits[0], candidate=column == "site_id")
    raise _unknown(text, candidates, places)


def wanted(asked: str) -> str:
    """Return what was typed, without blanks around it.

    Raises
    ------
    ScenarioError
        If nothing is left.
    """
    text = asked.strip()
    if not text:
        raise ScenarioError(
            "no site is named", where="SITE", cure="give an id or a name, e.g. siting why way/123"
        )
    return text


def _merged_into(text: str, candidates: pd.DataFrame) -> str | None:
    merged = candidates["merged_ids"].fillna("").astype(str)
    holds = merged.str.contains(text, regex=False)
    for site, joined in zip(candidates.loc[holds, "site_id"], merged[holds], strict=True):
        if text in joined.split("+"):
            return str(site)
    return None


def _several(text: str, ids: list[str], names: list[str]) -> ScenarioError:
    pairs = [f"{site} ({name})" for site, name in zip(ids, names, strict=True)]
    more = f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
    return ScenarioError(
        f"'{_short(text)}' names {len(ids)} places: {', '.join(pairs[:_SHOWN])}{more}",
        where="SITE",
        cure="give the id of one of them",
    )


def _unknown(text: str, candidates: pd.DataFrame, places: pd.DataFrame) -> ScenarioError:
    short = _short(text)
    ids = candidates["site_id"].astype(str).tolist() + places["place_id"].astype(str).tolist()
    names = candidates["name"].dropna().astype(str).tolist()
    near = difflib.get_close_matches(short, sorted(set(ids)), n=3)
    near += difflib.get_close_matches(short, sorted(set(names)), n=3)
    return ScenarioError(
        f"no site or place of this run is called '{short}'",
        where="SITE",
        cure=f"did you mean: {', '.join(near)}"
        if near
        else "sites.csv of the run and the layer 'candidates' of its plan.gpkg list ids and names",
    )


def _short(text: str) -> str:
    kept = "".join(sign if sign.isprintable() else "?" for sign in text)
    return kept if len(kept) <= _LONGEST else f"{kept[:_LONGEST]}…"
