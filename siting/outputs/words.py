"""Every text of the outputs, in Chinese and English, in one table.

A key names a text; values are filled in by name with Python's format fields. Notes of a plan
and steps of its screening come as keys from below and get their words here: ``note.<key>``,
``step.<key>``, ``figure.<key>``, ``kind.<key>``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from siting.plan import Note

LANGUAGES = ("zh", "en")

_MARK = "合成样例数据，不可用于决策 / synthetic sample, not for decisions"
_KIND = "kind."

WORDS: dict[str, tuple[str, str]] = {
    # marks: the sample mark is bilingual in both languages, for whoever opens the file
    "mark.sample": (_MARK, _MARK),
    "mark.internal": ("内部工作用图", "Working map for internal use"),
    # what a plan counts
    "total.stations": ("充电站", "Charging stations"),
    "total.chargers": ("公共充电桩", "Public chargers"),
    "total.swap_stations": ("换电站", "Swap stations"),
    "total.of_target": ("目标 {target:,}", "target {target:,}"),
    "total.split": ("既有 {existing:,} · 新增 {new:,}", "{existing:,} existing · {new:,} new"),
    "total.met": ("达成目标", "target met"),
    "total.missed": ("未达目标", "target missed"),
    "total.by": ("规划目标年 {year}", "Targets for {year}"),
    # status, one honest line
    "status.optimal": (
        "已证明最优：没有更好的方案",
        "Proven optimal: no better plan exists",
    ),
    "status.within_gap": (
        "已证明与最优方案相差不超过 {gap:.2%}",
        "Proven within {gap:.2%} of the best possible, as asked for",
    ),
    "status.feasible": (
        "满足全部约束；与最优方案最多相差 {gap:.2%}，大于所要求的",
        "All rules hold; up to {gap:.2%} below the best possible, more than asked for",
    ),
    "status.bounds": (
        "目标值 {value:.4f} · 上界 {bound:.4f}",
        "value {value:.4f} · upper bound {bound:.4f}",
    ),
    "status.unbounded": (
        "满足全部约束；尚未证明与最优方案的差距",
        "All rules hold; the distance to the best plan is not proven",
    ),
    # headings of the map
    "map.panel": ("方案说明", "About this plan"),
    "map.panel_toggle": ("显示或收起说明", "Show or hide the panel"),
    "map.result": ("目标完成", "Targets"),
    "map.quality": ("方案质量", "Quality"),
    "map.legend": ("图例", "Legend"),
    "map.notes": ("说明", "Remarks"),
    "map.sources": ("数据来源", "Sources"),
    "map.as_of": ("数据截至 {date}", "as of {date}"),
    "map.no_date": ("日期缺失", "date missing"),
    "map.synthetic": ("合成", "synthetic"),
    "map.datum_wgs84": ("坐标：WGS-84", "Coordinates: WGS-84"),
    "map.datum_gcj02": (
        "为配合高德底图，图上位置已转换为 GCJ-02；数据文件仍为 WGS-84",
        "Drawn in GCJ-02 to fit the Gaode tiles; the data files stay in WGS-84",
    ),
    "map.made_with": ("用 siting 制图", "Made with siting"),
    "map.zoom_in": ("放大", "Zoom in"),
    "map.zoom_out": ("缩小", "Zoom out"),
    "map.whole": ("回到全图", "Show the whole area"),
    "map.close": ("关闭", "Close"),
    "map.name": ("选址地图", "Siting map"),
    "map.kind_hint": ("点按类别可隐藏或显示", "Press a kind to hide or show it"),
    "map.no_script": (
        "此地图需要启用 JavaScript 才能显示。",
        "This map needs JavaScript to be shown.",
    ),
    # layers
    "layer.new": ("新增充电站", "New charging stations"),
    "layer.existing": ("既有充电站", "Existing charging stations"),
    "layer.swap": ("换电站", "Swap stations"),
    "layer.candidates": ("候选站址", "Candidate sites"),
    "layer.zones": ("街道与镇界", "Subdistricts and towns"),
    "layer.names": ("地名与站名", "Names"),
    "layer.roads": ("主要道路", "Main roads"),
    "layer.landscape": ("水系与地貌", "Water and land"),
    # legend
    "legend.new": ("新增站（实心）", "New (filled)"),
    "legend.existing": ("既有站（圆环）", "Existing (ring)"),
    "legend.swap": ("换电站", "Swap station"),
    "legend.swap_new": ("新增换电站", "New swap station"),
    "legend.swap_existing": ("既有换电站", "Existing swap station"),
    "legend.candidate": ("候选站址", "Candidate site"),
    "legend.size": ("圆的大小：充电桩数", "Size of the circle: chargers"),
    "legend.zone": ("街道、镇界", "Subdistrict or town"),
    "road.motorway": ("高速公路", "Expressway"),
    "road.trunk": ("快速路", "Trunk road"),
    "road.primary": ("主干道", "Primary road"),
    "road.secondary": ("次干道", "Secondary road"),
    "road.tertiary": ("支路", "Tertiary road"),
    "landscape.water": ("水域", "Water"),
    "landscape.wood": ("林地", "Wood"),
    "landscape.runway": ("机场跑道", "Runway"),
    # kinds of candidate site
    "kind.residential": ("居民小区", "Residential compound"),
    "kind.parking": ("公共停车场", "Public car park"),
    "kind.service_area": ("高速服务区", "Service area"),
    "kind.fuel": ("加油（气）站", "Fuel station"),
    "kind.sight": ("旅游景点", "Tourist sight"),
    "kind.office": ("办公楼宇", "Office building"),
    "kind.retail": ("商业设施", "Retail centre"),
    "kind.public_facility": ("公共设施", "Public facility"),
    "kind.transport_hub": ("交通枢纽", "Transport hub"),
    "kind.logistics": ("物流园区", "Logistics estate"),
    "kind.existing": ("其他既有站", "Other existing station"),
    # kinds of zone and quality of people
    "zone.subdistrict": ("街道", "Subdistrict"),
    "zone.town": ("镇", "Town"),
    "zone.other": ("其他单元", "Other unit"),
    "zone.uncovered": ("未划入任何单元", "In no unit"),
    "quality.exact": ("准确", "exact"),
    "quality.rounded": ("取整", "rounded"),
    "quality.suspect": ("存疑", "suspect"),
    "quality.estimated": ("估算", "estimated"),
    "quality.missing": ("缺失", "missing"),
    # facts in the popups
    "fact.none": ("缺失", "missing"),
    "fact.unnamed": ("（无名称）", "(no name)"),
    "fact.kind": ("类别", "Kind"),
    "fact.zone": ("所在单元", "Unit"),
    "fact.state": ("状态", "State"),
    "fact.state_new": ("新增", "new"),
    "fact.state_existing": ("既有", "existing"),
    "fact.chargers": ("充电桩", "Chargers"),
    "fact.existing_chargers": ("其中既有", "of them existing"),
    "fact.power_kw": ("总功率", "Power"),
    "fact.load_kwh_day": ("日充电量", "Energy a day"),
    "fact.utilisation": ("利用率", "Use"),
    "fact.spaces": ("停车位", "Parking spaces"),
    "fact.limits": ("桩数范围", "Chargers allowed"),
    "fact.score": ("适宜性得分", "Suitability score"),
    "fact.verdict": ("审查", "Verdict"),
    "fact.reason": ("依据", "Reason"),
    "fact.owner": ("建议牵头部门", "Proposed lead department"),
    "fact.id": ("编号", "Id"),
    "fact.chosen": ("方案选用", "Chosen"),
    "fact.yes": ("是", "yes"),
    "fact.no": ("否", "no"),
    "fact.population": ("常住人口", "Residents"),
    "fact.population_quality": ("人口数据", "Quality of that figure"),
    "fact.stations": ("充电站", "Charging stations"),
    "fact.swap_stations": ("换电站", "Swap stations"),
    "fact.demand_kwh_day": ("公共充电需求", "Public charging demand"),
    "fact.served_kwh_day": ("其中得到服务", "of it served"),
    "fact.managed_by": ("管理主体", "Run by"),
    "unit.chargers": ("桩", "chargers"),
    "unit.kwh_day": ("kWh/日", "kWh/day"),
    "unit.people": ("人", "people"),
    "verdict.ok": ("可行", "ok"),
    "verdict.sign_off": ("须会签", "needs sign-off"),
    "verdict.stop": ("不可建", "stopped"),
    # tiles
    "basemap.tianditu": ("天地图", "Tianditu"),
    "basemap.tianditu_names": ("天地图注记", "Tianditu names"),
    "basemap.gaode": ("高德地图", "Gaode (AMap)"),
    "basemap.osm": ("OpenStreetMap", "OpenStreetMap"),
    # figures of a plan
    "figure.served_share": ("需求得到服务的比例", "Demand served"),
    "figure.served_within_1km_share": ("1 公里内得到服务", "Served within 1 km"),
    "figure.mean_distance_m": ("平均到站距离（沿路）", "Mean distance by road"),
    "figure.mean_score": ("平均适宜性得分", "Mean suitability score"),
    "figure.mean_utilisation": ("平均利用率", "Mean use of capacity"),
    "figure.demand_kwh_day": ("公共充电需求（kWh/日）", "Public charging demand (kWh/day)"),
    "figure.served_kwh_day": ("得到服务的需求（kWh/日）", "Demand served (kWh/day)"),
    "figure.power_kw": ("总装机功率（kW）", "Installed power (kW)"),
    # the terminal
    "terminal.screening": ("候选站址筛选", "From places to candidate sites"),
    "terminal.count": ("数量", "count"),
    "terminal.look": ("请看地图", "Look at the map"),
    "terminal.target": ("目标", "target"),
    "terminal.planned": ("方案", "planned"),
    "terminal.existing": ("既有", "existing"),
    "terminal.new": ("新增", "new"),
    "terminal.stage": ("阶段", "stage"),
    "terminal.seconds": ("秒", "seconds"),
    "terminal.peak_mb": ("内存峰值（MB）", "peak memory (MB)"),
    "terminal.total": ("合计", "total"),
    # steps from places to candidate sites
    "step.places": ("地图上的场所", "places on the map"),
    "step.candidates": ("候选站址", "candidate sites"),
    # notes
    "note.no_baseline": (
        "未提供既有充电设施清单：既有数量缺失，不等于零",
        "No list of existing stations was given: their number is missing, which is not zero",
    ),
}


def words(key: str, language: str, /, **values: Any) -> str:  # noqa: ANN401  # numbers and names
    """Return a text in a language with its values filled in.

    Parameters
    ----------
    key
        Key of :data:`WORDS`. A kind of site from somebody's own table of kinds
        (``kind.<own>``) has no words here and is called by its own name.
    language
        ``"zh"`` or ``"en"``.
    **values
        Values of the text's format fields.

    Raises
    ------
    KeyError
        If the key, the language or a value is unknown: a slip of ours, caught by the tests.

    Examples
    --------
    >>> words("total.of_target", "en", target=12000)
    'target 12,000'
    """
    if key.startswith(_KIND) and key not in WORDS:
        return key.removeprefix(_KIND)
    return WORDS[key][_LANGUAGE_AT[language]].format(**values)


def speaker(language: str) -> Callable[..., str]:
    """Return :func:`words` bound to a language."""

    def say(key: str, /, **values: Any) -> str:  # noqa: ANN401  # numbers and names
        return words(key, language, **values)

    return say


def note_text(note: Note, language: str) -> str:
    """Return a plan's note as a sentence."""
    return words(f"note.{note.key}", language, **note.values)


_LANGUAGE_AT = {language: position for position, language in enumerate(LANGUAGES)}
