"""The rows of the web map's popups: what each kind of place tells when it is pressed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from siting.notes import Say


def popup_facts(say: Say, *, phased: bool) -> dict[str, list[list[Any]]]:
    """Return the rows of the popups by table of the page's data.

    Parameters
    ----------
    say
        Words in the language of the map.
    phased
        Whether the plan has phases.

    Returns
    -------
    dict
        Rows of label, column, digits, unit, and whether the row is left out where missing.
    """

    def row(key: str, column: str, unit: str = "", *, digits: int = 0, quiet: bool = False) -> Any:  # noqa: ANN401  # a row of JSON
        return [say(f"fact.{key}"), column, digits, unit, quiet]

    rules = [
        row("pool", "pool", quiet=True),
        row("verdict", "verdict"),
        row("reason", "reason", quiet=True),
        row("owner", "owner", quiet=True),
        row("id", "site_id"),
    ]
    a_day = say("unit.kwh_day")
    return {
        "stations": [
            row("state", "state"),
            row("chargers", "chargers"),
            row("existing_chargers", "existing_chargers"),
            *([row("by_year", "by_year")] if phased else []),
            row("classes", "classes", quiet=True),
            row("power_kw", "power_kw", "kW"),
            row("kva", "kva", "kVA"),
            row("load_kwh_day", "load_kwh_day", a_day),
            row("utilisation", "utilisation_percent", "%"),
            row("wait_min", "wait_min", say("unit.minutes"), digits=1),
            row("wait_over_promise", "wait_over_percent", "%"),
            row("chargers_needed", "chargers_needed"),
            row("cost", "cost"),
            row("spaces", "spaces"),
            row("score", "score", digits=2),
            *rules,
        ],
        "swaps": [
            row("state", "state"),
            row("power_kw", "power_kw", "kW"),
            row("kva", "kva", "kVA"),
            row("cost", "cost"),
            row("id", "site_id"),
        ],
        "hydrogen": [row("verdict", "verdict"), row("id", "site_id")],
        "candidates": [
            row("chosen", "chosen"),
            row("limits", "limits"),
            row("spaces", "spaces"),
            row("score", "score", digits=2),
            *rules,
        ],
        # why a site is stopped is all that matters of it: said even where it is missing
        "stopped": [
            row("verdict", "verdict"),
            row("reason", "reason"),
            row("pool", "pool", quiet=True),
            row("spaces", "spaces"),
            row("owner", "owner", quiet=True),
            row("id", "site_id"),
        ],
        "zones": [
            row("population", "population", say("unit.people")),
            row("population_quality", "quality"),
            row("stations", "stations"),
            row("chargers", "chargers"),
            row("swap_stations", "swap_stations"),
            row("demand_kwh_day", "demand_kwh_day", a_day),
            row("served_kwh_day", "served_kwh_day", a_day),
            row("served_share", "served_percent", "%", digits=1),
            row("near", "near"),
            row("managed_by", "managed_by", quiet=True),
        ],
    }
