"""What the report says, section by section, as text in one language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from siting.outputs import words
from siting.plan.parts import tidy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from siting.checkup.findings import Checkup, Layer, Parameter
    from siting.notes import Say


_PREFIXES = {
    "places_by_kind": "kind", "people_by_quality": "quality", "by_kind": "need",
    "by_quality": "quality", "stations_left_out": "use", "places_not_running": "use",
    "places_for_others": "use",
}  # fmt: skip
"""Where the words of the parts of a finding stand, if not under ``found.``."""

_BLOCKS = ("map", "names", "duplicates", "snap_m", "people_by_quality", "existing", "demand")


@dataclass(frozen=True)
class Section:
    """A titled table.

    Attributes
    ----------
    title, lead
        What it is, and a sentence on how to read it; may be empty.
    headers, rows
        Texts; no header row where all are empty.
    numbers
        Columns that stand to the right.
    wide
        Too wide or too long for a terminal.
    """

    title: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: frozenset[int]
    lead: str = ""
    wide: bool = False


def make_sections(found: Checkup, language: str) -> list[Section]:
    """Return the sections of a report, before its notes, grades and advice.

    Parameters
    ----------
    found
        Result of ``checkup.make_checkup``.
    language
        ``"zh"`` or ``"en"``.
    """
    say = words.speaker(language)
    return [
        _layers(found, say),
        _capacity(found, say),
        _screening(found, say),
        _counted(say("layer.candidates"), "kind", found.sites_by_kind, say),
        _zone_steps(found, say),
        _zone_needs(found, say),
        *(table_section(name, getattr(found, name), say) for name in _BLOCKS),
        _rules(found, say, language),
        _parameters(found, say, own=True),
        _parameters(found, say, own=False),
        _tables(found, say),
    ]


def table_section(name: str, counts: object, say: Say) -> Section:
    """Return one block of counts as a section; its names have words under ``found.``."""
    rows = []
    for key, value in tidy(counts, None).items():
        if isinstance(value, dict):
            rows += [
                (f"{say(_label(name, key))} · {say(_label(key, inner))}", _number(inner, one, say))
                for inner, one in value.items()
            ]
        else:
            rows.append((say(f"found.{key}"), _number(key, value, say)))
    return Section(say(f"found.{name}"), ("", ""), tuple(rows), frozenset({1}))


def grade_rows(
    found: Checkup, say: Say, language: str
) -> Iterator[tuple[str, str, list[tuple[str, str, str, str, str]]]]:
    """Yield each stage with its grade (a key) and its measures: name, value, bar, grade, why."""
    for stage in found.grades:
        rows = [
            (
                say(f"check.measure.{one.measure}"),
                _measured(one.value, one.unit, say),
                say(f"check.bar_{one.better}", good=_measured(one.good, one.unit, say),
                    usable=_measured(one.usable, one.unit, say)),
                say(f"check.grade.{one.grade}"),
                one.reason_zh if language == "zh" else one.reason_en,
            )
            for one in stage.measures
        ]  # fmt: skip
        yield say(f"check.stage.{stage.stage}"), stage.grade, rows


def advice_lines(found: Checkup, say: Say) -> list[tuple[str, str]]:
    """Return what would help most: what to do, and the numbers that rank it."""
    return [
        (
            say(f"check.do.{one.measure}", **one.told),
            (f"{say('check.trouble')} · " if one.trouble else "")
            + say("check.rank", weight=one.weight, shortfall=one.shortfall, pull=one.pull),
        )
        for one in found.advice
    ]


def _layers(found: Checkup, say: Say) -> Section:
    rows = tuple(
        (say(f"check.layer.{row.layer}"), say(f"check.state.{row.state}"), _of(row, say))
        for row in found.layers
    )
    headers = (say("check.col.layer"), say("check.col.state"), say("terminal.count"))
    return Section(say("check.section.layers"), headers, rows, frozenset({2}))


def _capacity(found: Checkup, say: Say) -> Section:
    rows = []
    for total, room in found.capacity.items():
        least, most = room.ends
        short = room.sense != "<=" and room.target > most
        rows.append(
            (
                say(f"total.{total}"),
                f"{room.sense} {room.target:,}",
                f"{room.existing:,}",
                "" if room.sites is None else f"{room.sites:,}",
                say(f"check.room_{total}", low=least, high=most),
                say("check.short" if short else "check.not_short"),
            )
        )
    headers = (
        "", say("terminal.target"), say("terminal.existing"), say("check.col.sites"),
        say("check.col.room"), "",
    )  # fmt: skip
    return Section(
        say("check.section.capacity"), headers, tuple(rows), frozenset({1, 2, 3}),
        lead=say("check.lead.capacity"),
    )  # fmt: skip


def _screening(found: Checkup, say: Say) -> Section:
    steps = {entry.step: entry.count for entry in found.screening}
    return _counted(say("terminal.screening"), "step", steps, say)


def _counted(title: str, prefix: str, counts: dict[str, int], say: Say) -> Section:
    rows = tuple((say(f"{prefix}.{key}"), f"{count:,}") for key, count in counts.items())
    return Section(title, ("", say("terminal.count")), rows, frozenset({1}))


def _zone_steps(found: Checkup, say: Say) -> Section:
    steps = [entry.step for entry in found.screening]
    rows = tuple((zone.name, *(f"{zone.steps[step]:,}" for step in steps)) for zone in found.zones)
    headers = (say("field.zone_name.head"), *(say(f"step.{step}") for step in steps))
    return Section(
        say("check.section.zone_steps"), headers, rows, _right(headers),
        lead=say("check.lead.zone_steps"), wide=True,
    )  # fmt: skip


def _zone_needs(found: Checkup, say: Say) -> Section:
    rows = tuple(
        (
            zone.name,
            _number("people", zone.people, say),
            say(f"quality.{zone.people_quality}"),
            f"{zone.steps['with_existing']:,}",
            f"{zone.sign_off:,}",
            f"{zone.stop:,}",
            f"{zone.existing_stations:,}",
            _number("kwh_day", zone.kwh_day, say),
            _number("out_of_reach_kwh_day", zone.out_of_reach_kwh_day, say),
            _number("out_of_reach_share", zone.out_of_reach_share, say),
        )
        for zone in found.zones
    )
    headers = (
        say("field.zone_name.head"), say("found.people"), say("check.col.quality"),
        say("check.col.sites"), say("check.col.sign_off"), say("check.col.stop"),
        say("check.col.standing"),
        say("found.kwh_day"), say("check.col.out_kwh"), say("check.col.out_share"),
    )  # fmt: skip
    numbers = _right(headers) - {2}
    return Section(say("check.section.zone_needs"), headers, rows, numbers, wide=True)


def _rules(found: Checkup, say: Say, language: str) -> Section:
    rows = tuple(
        (
            rule.rule,
            rule.reason_zh if language == "zh" else rule.reason_en,
            say(f"check.rule.{rule.state}"),
            rule.mark,
        )
        for rule in sorted(found.rules, key=lambda rule: rule.state == "checked")
    )
    headers = (
        say("check.col.rule"), say("field.reason.head"), say("check.col.state"),
        say("check.col.mark"),
    )  # fmt: skip
    return Section(say("check.section.rules"), headers, rows, frozenset())


def _parameters(found: Checkup, say: Say, *, own: bool) -> Section:
    state = "own" if own else "unverified"
    rows = tuple(
        (
            row.parameter,
            _plain(row.value, say),
            _plain(row.default, say) if own else _range(row),
            row.unit,
            row.mark,
            row.source,
        )
        for row in found.parameters
        if row.state == state
    )
    third = say("check.col.default") if own else say("check.col.range")
    headers = (
        say("check.col.parameter"), say("check.col.value"), third, say("check.col.unit"),
        say("check.col.mark"), say("check.col.source"),
    )  # fmt: skip
    title = say(f"check.section.parameters_{state}", count=len(rows), of=len(found.parameters))
    return Section(title, headers, rows, frozenset({1, 2}), wide=not own)


def _tables(found: Checkup, say: Say) -> Section:
    rows = tuple(
        (row.table, f"{row.rows:,}", f"{row.unverified:,}",
         say("check.own_table" if row.own else "check.shipped_table"))
        for row in found.tables
    )  # fmt: skip
    headers = (
        say("check.col.table"), say("check.col.rows"), say("check.col.unverified"),
        say("check.col.state"),
    )  # fmt: skip
    return Section(say("check.section.tables"), headers, rows, frozenset({1, 2}))


def _label(block: str, key: str) -> str:
    return f"{_PREFIXES.get(block, 'found')}.{key}"


def _right(headers: Iterable[str]) -> frozenset[int]:
    return frozenset(range(1, len(tuple(headers))))


def _of(row: Layer, say: Say) -> str:
    if row.count is None:
        return ""
    if row.of is None:
        return f"{row.count:,}"
    return say("check.count_of", count=row.count, of=row.of)


def _measured(value: float | None, unit: str, say: Say) -> str:
    if value is None:
        return say("fact.none")
    return {"share": f"{value:.1%}", "ratio": f"{value:.2f}", "m": f"{value:,.0f} m"}[unit]


def _plain(value: float | None, say: Say) -> str:
    return say("check.in_code") if value is None else f"{value:g}"


def _range(row: Parameter) -> str:
    ends = ["" if end is None else f"{end:g}" for end in (row.low, row.high)]
    return "–".join(ends) if any(ends) else ""


def _number(key: str, value: float | str | list[str] | None, say: Say) -> str:
    if value is None:
        return say("fact.none")
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return f"{len(value):,}"
    if key.endswith("_share") or key.startswith("share_"):
        return f"{value:.1%}"
    return f"{value:,.1f}" if isinstance(value, float) and value % 1 else f"{value:,.0f}"
