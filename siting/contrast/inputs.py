"""Whether plans rest on the same data."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from siting.plan import Plan


def other_inputs(plans: Sequence[Plan]) -> list[str]:
    """Return the names of the inputs whose content is not the same in all plans, sorted.

    Two inputs are the same if their bytes are, wherever they lie.
    """
    held = [_hashes(plan) for plan in plans]
    names = sorted({name for hashes in held for name in hashes})
    return [name for name in names if len({hashes.get(name, ()) for hashes in held}) > 1]


def _hashes(plan: Plan) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for source in plan.sources:
        found.setdefault(source.name, []).append(source.sha256)
    return {name: tuple(sorted(hashes)) for name, hashes in found.items()}
