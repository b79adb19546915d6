"""How the sites of a plan were scored, as lines: weights, consistency, stability."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from siting.notes import Say
    from siting.plan.plan import Plan


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
            method=say(_METHODS[told["method"]]),
            ranking=say(_RANKINGS[told["ranking"]]),
            weights=_weights(told),
        )
    ]
    if told["consistency_ratio"] is not None:
        lines.append(say("score.consistency", ratio=told["consistency_ratio"]))
    if stability := told.get("stability"):
        lines.append(_stability(stability, say))
    return lines


def _weights(told: dict[str, Any]) -> dict[str, str]:
    """Return the weights in both languages, the largest first."""
    ordered = sorted(told["weights"].items(), key=lambda entry: -entry[1])
    return {
        language: comma.join(
            f"{told['names'][key][language]} {weight:.1%}" for key, weight in ordered
        )
        for language, comma in _COMMA.items()
    }


def _stability(told: dict[str, Any], say: Say) -> str:
    shown = {key: told[key] for key in ("chosen", "backed", "samples")}
    if told["stay_share"] is None:
        return say("score.unbacked", chosen=told["chosen"])
    return say(
        "score.stability",
        change=told["change_share"],
        stay=told["stay_share"],
        least=told["stay_least_share"],
        **shown,
    )
