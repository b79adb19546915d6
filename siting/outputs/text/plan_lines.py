"""What is said of a plan in lines: demand, chargers by class, totals otherwise, dates, scores."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from siting.plan.described import class_names, class_text
from siting.plan.figures import NATION_KW, NATION_KWH_DAY

if TYPE_CHECKING:
    from siting.notes import Say
    from siting.plan.parts import DemandChain, ScoreSummary, Stability
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
    course = say(f"nev.{chain.nev_scenario or 'given'}")
    nevs = say("chain.nevs", year=chain.year, course=course, share=chain.nev_share)
    rows = [
        (say("chain.people"), f"{chain.people:,.0f}"),
        (say("chain.cars"), f"{chain.cars:,.0f}"),
        (nevs, f"{chain.nevs:,.0f}"),
        (say("chain.charging"), _a_day(chain.charging_kwh_day, say)),
        (
            say("chain.residents", share=chain.public_share),
            _a_day(chain.residents_kwh_day, say),
        ),
        (say("chain.per_nev"), _per_nev(chain, say)),
        (say("chain.through"), _a_day(chain.through_kwh_day, say)),
        (say("chain.fleet"), _a_day(chain.fleet_kwh_day, say)),
        (say("chain.total"), _a_day(chain.kwh_day, say)),
    ]
    rows += [(f"· {say(f'need.{kind}')}", _part(chain, kind, say)) for kind in _KINDS]
    rows.append((say("chain.swap"), _a_day(chain.swap_kwh_day, say)))
    hour = chain.peak_hour
    peak = say("chain.peak", start=hour, end=(hour + 1) % _HOURS or _HOURS, share=chain.peak_share)
    return [*rows, (peak, f"{chain.peak_kw:,.0f} kW")]


def _per_nev(chain: DemandChain, say: Say) -> str:
    """Return the public charging of a resident's NEV, kWh a day."""
    if not chain.nevs:
        return say("fact.none")
    return f"{chain.residents_kwh_day / chain.nevs:.1f} {say('unit.kwh_day')}"


def _a_day(value: float | None, say: Say) -> str:
    return say("fact.none") if value is None else say("chain.a_day", value=value)


def _part(chain: DemandChain, kind: str, say: Say) -> str:
    value = chain.by_kind[kind]
    if value is None:
        return say("fact.none")
    return say("chain.part", value=value, share=value / chain.kwh_day)


def plan_class_text(plan: Plan, say: Say) -> str:
    """Return the chargers of a plan by class; empty where its classes are not known."""
    classes = plan.charger_classes
    text = class_text({name: classes[name].chargers for name in class_names(plan)}, say)
    return say("total.classes", text=text) if text else ""


def count_lines(plan: Plan, say: Say) -> list[str]:
    """Return a line for the regimes and one for each other reading of what counts."""
    counts = plan.counts
    if not counts:
        return []
    lines = [
        say(
            "count.pools",
            pools=[
                say("count.pool", pool=say(f"pool.{name}"), **vars(numbers))
                for name, numbers in counts.pools.items()
            ],
        )
    ]
    other = counts.otherwise
    lines.append(say("count.units", piles=other.piles, guns=other.guns))
    if len(other.by_body) > 1:
        bodies = [
            say("count.body", **{**vars(row), "managed_by": row.managed_by or say("fact.none")})
            for row in other.by_body
        ]
        lines.append(say("count.bodies", bodies=bodies))
    lines.append(say("count.shared", **vars(other.without_shared)))
    return lines


def need_lines(plan: Plan, say: Say) -> list[str]:
    """Return the chargers of a plan held against need and against the nation's use, in a line.

    Empty for a plan whose need nobody counted.
    """
    figures, sizing = plan.figures, plan.scenario.get("sizing", {})
    names = ("chargers_needed", "chargers_over_need", "chargers_short", "kwh_per_charger_day",
             "hours_per_day_in_use")  # fmt: skip
    if not set(names) <= set(figures) or not {"promise_share", "promise_wait_min"} <= set(sizing):
        return []
    low, high = NATION_KWH_DAY
    return [
        say(
            "count.need",
            chargers=plan.totals["chargers"],
            share=sizing["promise_share"],
            minutes=sizing["promise_wait_min"],
            **{name: figures[name] for name in names},
        ),
        say(
            "count.nation",
            low=low,
            high=high,
            hours=(low + high) / 2 / NATION_KW,
            kw=NATION_KW,
        ),
    ]


_ISO = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2}))?")


def date_text(date: str, say: Say) -> str:
    """Return a date for readers: ``2023-12-31`` is 2023年12月31日, or 31 December 2023.

    Parameters
    ----------
    date
        A day or a month in ISO 8601; anything else is returned as it is.
    say
        Words in the language wanted.
    """
    found = _ISO.fullmatch(date)
    if found is None or not 1 <= int(found[2]) <= 12:  # noqa: PLR2004  # months
        return date
    month = say(f"month.{int(found[2])}")
    if found[3] is None:
        return say("date.month", year=found[1], month=month)
    return say("date.day", year=found[1], month=month, day=int(found[3]))


def facility_lines(plan: Plan, say: Say) -> list[str]:
    """Return lines for need, regimes, other readings of the totals, and hydrogen stations."""
    lines = [*need_lines(plan, say), *count_lines(plan, say)]
    return lines if plan.hydrogen_sites is None else [*lines, hydrogen_line(plan, say)]


def hydrogen_line(plan: Plan, say: Say) -> str:
    """Return what is proven about the hydrogen stations of a plan that has them."""
    known = plan.hydrogen
    gap, covered = (known.gap_share, known.covered_share) if known else (math.nan, math.nan)
    if math.isfinite(gap):
        return say("status.hydrogen", gap=gap, covered=covered)
    return say("status.hydrogen_open", covered=covered)


_METHODS = {
    "given": "score.given",
    "ahp": "score.ahp",
    "entropy": "score.entropy",
    "critic": "score.critic",
    "blend": "score.blend",
}
_RANKINGS = {"weighted_sum": "score.weighted_sum", "topsis": "score.topsis"}
_COMMA = {"zh": "、", "en": ", "}


def score_lines(plan: Plan, say: Say) -> list[str]:
    """Return the weights used and what hangs on them, a sentence each.

    Parameters
    ----------
    plan
        The plan; one saved before scores were told has no lines.
    say
        Words in one language.
    """
    told = plan.scoring
    if not told:
        return []
    lines = [
        say(
            "score.weights",
            method=say(_METHODS[told.method]),
            ranking=say(_RANKINGS[told.ranking]),
            weights=_weights(told),
        )
    ]
    if told.consistency_ratio is not None:
        lines.append(say("score.consistency", ratio=told.consistency_ratio))
    if told.stability:
        lines.append(_stability(told.stability, say))
    return lines


def _weights(told: ScoreSummary) -> dict[str, str]:
    """Return the weights in both languages, the largest first."""
    ordered = sorted(told.weights.items(), key=lambda entry: -entry[1])
    return {
        language: comma.join(f"{told.names[key][language]} {weight:.1%}" for key, weight in ordered)
        for language, comma in _COMMA.items()
    }


def _stability(told: Stability, say: Say) -> str:
    shown = {"chosen": told.chosen, "backed": told.backed, "samples": told.samples}
    if told.stay_share is None:
        return say("score.unbacked", chosen=told.chosen)
    return say(
        "score.stability",
        change=told.change_share,
        stay=told.stay_share,
        least=told.stay_least_share,
        **shown,
    )
