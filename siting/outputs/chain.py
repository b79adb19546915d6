"""The numbers behind the demand, from people to the peak hour, as text for terminal and map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from siting.notes import Say
    from siting.plan.plan import Plan


_KINDS = ("home", "work", "retail", "visit", "road", "fleet")
_HOURS = 24


def chain_rows(plan: Plan, say: Say) -> list[tuple[str, str]]:
    """Return the chain as pairs of a name and a text; what nobody knows is written as missing.

    Parameters
    ----------
    plan
        The plan; empty for one whose demand has no chain.
    say
        Words in one language.
    """
    chain = plan.chain
    if not chain:
        return []
    course = say(f"nev.{chain['nev_scenario'] or 'given'}")
    nevs = say("chain.nevs", year=chain["year"], course=course, share=chain["nev_share"])
    rows = [
        (say("chain.people"), f"{chain['people']:,.0f}"),
        (say("chain.cars"), f"{chain['cars']:,.0f}"),
        (nevs, f"{chain['nevs']:,.0f}"),
        (say("chain.charging"), _a_day(chain["charging_kwh_day"], say)),
        (
            say("chain.residents", share=chain["public_share"]),
            _a_day(chain["residents_kwh_day"], say),
        ),
        (say("chain.through"), _a_day(chain["through_kwh_day"], say)),
        (say("chain.fleet"), _a_day(chain["fleet_kwh_day"], say)),
        (say("chain.total"), _a_day(chain["kwh_day"], say)),
    ]
    rows += [(f"· {say(f'need.{kind}')}", _part(chain, kind, say)) for kind in _KINDS]
    rows.append((say("chain.swap"), _a_day(chain["swap_kwh_day"], say)))
    hour = chain["peak_hour"]
    peak = say(
        "chain.peak", start=hour, end=(hour + 1) % _HOURS or _HOURS, share=chain["peak_share"]
    )
    return [*rows, (peak, f"{chain['peak_kw']:,.0f} kW")]


def _a_day(value: float | None, say: Say) -> str:
    return say("fact.none") if value is None else say("chain.a_day", value=value)


def _part(chain: dict[str, Any], kind: str, say: Say) -> str:
    value = chain["by_kind"][kind]
    if value is None:
        return say("fact.none")
    return say("chain.part", value=value, share=value / chain["kwh_day"])
